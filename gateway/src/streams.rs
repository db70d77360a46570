//! What is under way for whom: every call and stream holds a [`Guard`] of its instance, and ending an agent cancels them.
//!
//! INVARIANT: a guard is taken *before* the state is read for the decision. A call that read the state from before an
//! ending is therefore registered when the ending is handled, and is cut; a later one reads the state from after it.
//! Never here: why somebody is ended, or the ledger.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{sync::Notify, time::timeout};
use tokio_util::sync::CancellationToken;
use writ_model::{AgentId, InstanceId, TenantId};

use crate::{
    fair::{Of, Seat},
    refusal::{self, Refusal},
};

/// LIMIT: instances remembered with nothing under way, so that the next call makes nothing new.
const RESTING: usize = 65_536;

/// Whose.
pub(crate) type Key = (TenantId, AgentId, InstanceId);

/// Why something is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Because {
    /// Its agent was ended or stopped.
    Ended,
    /// The gateway may not let anything through any more.
    NoLease,
    /// A person halted the gateway.
    Halted,
}

impl Because {
    fn refusal(self) -> Refusal {
        match self {
            Self::Ended => refusal::ENDED,
            Self::NoLease => refusal::NO_LEASE,
            Self::Halted => refusal::HALTED,
        }
    }
}

/// One instance's calls and streams.
#[derive(Debug, Default)]
struct Entry {
    token: CancellationToken,
    /// A [`Because`], set before the token is cancelled.
    why: AtomicU8,
    /// Of its streams alone, those that answer and those that listen; children of `token`.
    answering: Flow,
    listening: Flow,
    calls: AtomicU64,
    streams: AtomicU64,
    left: Notify,
}

/// Streams that are closed together.
#[derive(Debug, Default)]
struct Flow {
    token: Mutex<Option<CancellationToken>>,
    /// A [`Closing`], set before the token is cancelled.
    why: AtomicU8,
}

/// Why streams are closed, while calls go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closing {
    /// For now only what reads is let through: all of them.
    Reading,
    /// The gateway drains: those that listen, which would never end by themselves.
    Draining,
}

/// What a stream is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flows {
    /// It answers a call, and ends with the answer.
    Answer,
    /// It listens for as long as it may.
    Listen,
}

impl Flow {
    fn close(&self, why: Closing) -> bool {
        let token = self.token.lock().take();
        let Some(token) = token else { return false };
        self.why.store(why as u8, Ordering::SeqCst);
        token.cancel();
        true
    }

    fn why(&self) -> Refusal {
        let draining = self.why.load(Ordering::SeqCst) == Closing::Draining as u8;
        if draining { refusal::DRAINING } else { refusal::READS_ONLY }
    }
}

impl Entry {
    fn flow(&self, of: Flows) -> &Flow {
        match of {
            Flows::Answer => &self.answering,
            Flows::Listen => &self.listening,
        }
    }

    fn busy(&self) -> bool {
        self.calls.load(Ordering::SeqCst) + self.streams.load(Ordering::SeqCst) > 0
    }

    fn cut(&self, why: Because) {
        self.why.store(why as u8, Ordering::SeqCst);
        self.token.cancel();
    }

    fn why(&self) -> Because {
        match self.why.load(Ordering::SeqCst) {
            one if one == Because::NoLease as u8 => Because::NoLease,
            one if one == Because::Halted as u8 => Because::Halted,
            _ => Because::Ended,
        }
    }
}

/// Everything under way.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    entries: Mutex<BTreeMap<Key, Arc<Entry>>>,
}

/// One call or stream under way, and its place among its tenant's.
#[derive(Debug)]
pub(crate) struct Guard {
    entry: Arc<Entry>,
    seat: Seat,
    flow: Option<(Flows, CancellationToken)>,
}

/// What a call hangs on: cut when its agent is ended, or when the gateway lets nothing through.
#[derive(Debug, Clone)]
pub(crate) struct Cord(Arc<Entry>);

impl Cord {
    /// Returns when it is cut, and says why.
    pub(crate) async fn cut(&self) -> Refusal {
        self.0.token.cancelled().await;
        self.0.why().refusal()
    }

    /// Why it is cut, if it is.
    pub(crate) fn is_cut(&self) -> Option<Refusal> {
        self.0.token.is_cancelled().then(|| self.0.why().refusal())
    }
}

/// What was cut.
#[derive(Debug, Default)]
pub(crate) struct Cut {
    entries: Vec<Arc<Entry>>,
    /// Calls whose answer was awaited.
    pub(crate) calls: u64,
    /// Streams that were open.
    pub(crate) streams: u64,
}

impl Cut {
    fn add(&mut self, entry: Arc<Entry>, why: Because) {
        self.calls += entry.calls.load(Ordering::SeqCst);
        self.streams += entry.streams.load(Ordering::SeqCst);
        entry.cut(why);
        self.entries.push(entry);
    }
}

impl Streams {
    /// Registers a call of an instance.
    pub(crate) fn enter(&self, key: Key, seat: Seat) -> Guard {
        let mut entries = self.entries.lock();
        if entries.len() >= RESTING && !entries.contains_key(&key) {
            entries.retain(|_, entry| entry.busy());
        }
        let entry = Arc::clone(entries.entry(key).or_default());
        // Under the lock: a cut that comes now sees the call or comes before its entry.
        entry.calls.fetch_add(1, Ordering::SeqCst);
        Guard { entry, seat, flow: None }
    }

    /// Cancels everything of one running copy.
    pub(crate) fn cut_instance(&self, key: Key) -> Cut {
        let mut cut = Cut::default();
        if let Some(entry) = self.entries.lock().remove(&key) {
            cut.add(entry, Because::Ended);
        }
        cut
    }

    /// Cancels everything of some agents of a tenant, at once.
    pub(crate) fn cut_agents(&self, tenant: TenantId, agents: &BTreeSet<AgentId>) -> Cut {
        const FIRST: [u8; 16] = [0; 16];
        const LAST: [u8; 16] = [u8::MAX; 16];
        let mut cut = Cut::default();
        let mut entries = self.entries.lock();
        for agent in agents {
            let copies = |bytes| (tenant, *agent, InstanceId::from_bytes(bytes));
            let keys = entries.range(copies(FIRST)..=copies(LAST)).map(|(key, _)| *key);
            for key in keys.collect::<Vec<_>>() {
                if let Some(entry) = entries.remove(&key) {
                    cut.add(entry, Because::Ended);
                }
            }
        }
        cut
    }

    /// Cancels everything of a tenant: all of it was stopped, or its register cannot be read any more.
    pub(crate) fn cut_tenant(&self, tenant: TenantId) -> Cut {
        self.cut_where(|(owner, ..)| *owner == tenant, Because::Ended)
    }

    /// Cancels everything.
    pub(crate) fn cut_all(&self, why: Because) -> Cut {
        self.cut_where(|_| true, why)
    }

    /// Closes streams; calls go on. For how many running copies there were some.
    pub(crate) fn close(&self, why: Closing) -> u64 {
        let entries: Vec<_> = self.entries.lock().values().map(Arc::clone).collect();
        let mut closed = 0;
        for entry in entries {
            // Whoever becomes a stream counts first and takes its token then: what this misses asks about the standing after.
            if entry.streams.load(Ordering::SeqCst) == 0 {
                continue;
            }
            let listening = entry.listening.close(why);
            let answering = why == Closing::Reading && entry.answering.close(why);
            closed += u64::from(listening || answering);
        }
        closed
    }

    /// Whose calls and streams are under way, for looking at all of them again.
    pub(crate) fn busy(&self) -> Vec<Key> {
        self.entries.lock().iter().filter(|(_, entry)| entry.busy()).map(|(key, _)| *key).collect()
    }

    /// What is under way, not cut.
    pub(crate) fn open(&self) -> Open {
        let entries = self.entries.lock();
        Open(entries.values().filter(|entry| entry.busy()).map(Arc::clone).collect())
    }

    fn cut_where(&self, mut whose: impl FnMut(&Key) -> bool, why: Because) -> Cut {
        let mut cut = Cut::default();
        self.entries.lock().retain(|key, entry| {
            if !whose(key) {
                return true;
            }
            cut.add(Arc::clone(entry), why);
            false
        });
        cut
    }
}

impl Cut {
    /// Waits until everything cut has let go; says whether it did in time.
    pub(crate) async fn gone(&self, most: Duration) -> bool {
        timeout(most, left(&self.entries)).await.is_ok()
    }
}

/// What was under way at one moment.
#[derive(Debug)]
pub(crate) struct Open(Vec<Arc<Entry>>);

impl Open {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns when all of it is over.
    pub(crate) async fn left(&self) {
        left(&self.0).await;
    }
}

async fn left(entries: &[Arc<Entry>]) {
    for entry in entries {
        loop {
            let left = entry.left.notified();
            if !entry.busy() {
                break;
            }
            left.await;
        }
    }
}

impl Guard {
    /// What the call hangs on.
    pub(crate) fn cord(&self) -> Cord {
        Cord(Arc::clone(&self.entry))
    }

    /// From now on it counts as a stream. Refused if its tenant has as many as it may.
    pub(crate) fn streams(&mut self, of: Flows) -> Result<(), Refusal> {
        if self.flow.is_some() {
            return Ok(());
        }
        if !self.seat.becomes(Of::Streams) {
            return Err(refusal::CROWDED);
        }
        // Before the token is read: who closes streams looks at the count first.
        self.entry.streams.fetch_add(1, Ordering::SeqCst);
        self.entry.calls.fetch_sub(1, Ordering::SeqCst);
        let mut token = self.entry.flow(of).token.lock();
        let token = token.get_or_insert_with(|| self.entry.token.child_token());
        self.flow = Some((of, token.clone()));
        Ok(())
    }

    /// Cancelled when the stream is to be closed.
    pub(crate) fn flow(&self) -> &CancellationToken {
        self.flow.as_ref().map_or(&self.entry.token, |(_, token)| token)
    }

    /// Why the stream was closed: with everything of its instance, or with the streams of its kind.
    pub(crate) fn why_closed(&self) -> Refusal {
        let streams =
            || self.flow.as_ref().map_or(refusal::ENDED, |(of, _)| self.entry.flow(*of).why());
        self.cord().is_cut().unwrap_or_else(streams)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let counter = if self.flow.is_some() { &self.entry.streams } else { &self.entry.calls };
        counter.fetch_sub(1, Ordering::SeqCst);
        self.entry.left.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fair::{Fair, TenantBounds};

    fn key(agent: u8, instance: u8) -> Key {
        (
            TenantId::from_bytes([1; 16]),
            AgentId::from_bytes([agent; 16]),
            InstanceId::from_bytes([instance; 16]),
        )
    }

    fn enter(streams: &Streams, key: Key) -> Guard {
        let (_, seat) = Fair::new(TenantBounds::default()).enter(key.0, 0).unwrap();
        streams.enter(key, seat)
    }

    fn is_cut(guard: &Guard) -> Option<&'static str> {
        guard.cord().is_cut().map(|why| why.code.0)
    }

    #[tokio::test]
    async fn a_cut_cancels_some_agents_and_waits_for_them() {
        let streams = Streams::default();
        let [mut one, two, other] =
            [key(1, 1), key(1, 2), key(2, 3)].map(|key| enter(&streams, key));
        one.streams(Flows::Answer).unwrap();
        let agents = [1, 7].map(|agent| AgentId::from_bytes([agent; 16]));
        let cut = streams.cut_agents(key(1, 1).0, &BTreeSet::from(agents));
        assert_eq!((cut.calls, cut.streams), (1, 1));
        assert!(one.flow().is_cancelled());
        assert_eq!(
            (is_cut(&one), is_cut(&two), is_cut(&other)),
            (Some("GATE-0060"), Some("GATE-0060"), None)
        );
        assert!(!cut.gone(Duration::from_millis(1)).await);
        drop((one, two));
        assert!(cut.gone(Duration::from_secs(5)).await);
        assert_eq!(is_cut(&enter(&streams, key(1, 1))), None, "a new life, a new token");
        assert_eq!(streams.busy(), [key(2, 3)]);
    }

    #[test]
    fn a_cut_of_an_instance_leaves_the_others() {
        let streams = Streams::default();
        let (one, two) = (enter(&streams, key(1, 1)), enter(&streams, key(1, 2)));
        assert_eq!(streams.cut_instance(key(1, 1)).calls, 1);
        assert!(is_cut(&one).is_some() && is_cut(&two).is_none());
        streams.cut_tenant(key(1, 1).0);
        assert!(is_cut(&two).is_some());
    }

    /// As many as one act may name, among as many again: counts, so that whoever runs it sees what a time stands for.
    #[test]
    fn thousands_of_agents_are_cut_in_one_pass() {
        let streams = Streams::default();
        let tenant = TenantId::from_bytes([1; 16]);
        let bounds = TenantBounds { calls: 40_000, streams: 40_000, ..TenantBounds::default() };
        let fair = Fair::new(bounds);
        let id = |number: u32| {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&number.to_be_bytes());
            bytes
        };
        let mut open = Vec::new();
        for number in 0..10_000 {
            let agent = AgentId::from_bytes(id(number));
            for copy in 0..2 {
                let key = (tenant, agent, InstanceId::from_bytes(id(number * 2 + copy)));
                let mut guard = streams.enter(key, fair.enter(tenant, 0).unwrap().1);
                if copy == 0 {
                    guard.streams(Flows::Answer).unwrap();
                }
                open.push((number, guard));
            }
        }
        let ended: BTreeSet<_> = (0..5_000).map(|n| AgentId::from_bytes(id(n * 2))).collect();
        let cut = streams.cut_agents(tenant, &ended);
        assert_eq!((cut.calls, cut.streams, cut.entries.len()), (5_000, 5_000, 10_000));
        assert!(open.iter().all(|(number, guard)| is_cut(guard).is_some() == (number % 2 == 0)));
        assert_eq!(streams.busy().len(), 10_000, "who is not named goes on");
        println!("{} agents ended: {} calls, {} streams cut", ended.len(), cut.calls, cut.streams);
    }

    #[test]
    fn streams_close_without_the_calls_and_later_ones_are_others() {
        let streams = Streams::default();
        let [mut answer, mut listener, call] = [1, 1, 1].map(|copy| enter(&streams, key(1, copy)));
        answer.streams(Flows::Answer).unwrap();
        listener.streams(Flows::Listen).unwrap();
        assert_eq!(streams.close(Closing::Draining), 1);
        assert!(listener.flow().is_cancelled() && !answer.flow().is_cancelled());
        assert_eq!(listener.why_closed().code.0, "GATE-0106");
        assert_eq!(streams.close(Closing::Reading), 1);
        assert!(answer.flow().is_cancelled() && is_cut(&call).is_none());
        assert_eq!(answer.why_closed().code.0, "GATE-0104");
        let mut later = enter(&streams, key(1, 1));
        later.streams(Flows::Answer).unwrap();
        assert!(!later.flow().is_cancelled());
        let cut = streams.cut_all(Because::Halted);
        assert_eq!((cut.calls, cut.streams), (1, 3), "a closed one has not let go yet");
        assert!(later.flow().is_cancelled());
        assert_eq!(later.why_closed().code.0, "GATE-0105");
    }
}
