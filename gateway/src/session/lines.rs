//! [`Lines`]: the open streams of the transport of 2024-11-05, on which the answers to what is posted elsewhere go out. An id
//! of one is as good as none with another instance, or at another server.
//!
//! Never here: what is posted, or a decision about it.

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::timeout,
};
use writ_model::{Entropy, InstanceId};

use super::number;
use crate::{
    fair::{Of, Seat, Share},
    refusal::{self, Refusal},
    upstream::Pieces,
};

/// LIMIT: streams of one instance: a few windows of one client.
const PER_INSTANCE: usize = 8;
/// LIMIT: messages of one stream under way at once; more are refused until some are answered. Each may wait with an answer.
const UNDER_WAY: usize = 8;
/// LIMIT: kibibytes of events that wait for a slow reader; a larger one waits alone.
const BYTES: u32 = 4 << 10;
/// LIMIT: events that wait for a slow reader, and for how long one waits for its place; then what makes them is dropped.
const EVENTS: usize = 64;
const SLOW: Duration = Duration::from_secs(30);

/// An event that waits, with its part of [`BYTES`].
type Waiting = (Bytes, OwnedSemaphorePermit);

/// One stream, as those hold it who put events on it.
#[derive(Debug)]
pub(crate) struct Line {
    server: String,
    events: mpsc::Sender<Waiting>,
    bytes: Arc<Semaphore>,
    turns: Arc<Semaphore>,
    /// Our id of the session that was begun on it.
    session: Mutex<Option<String>>,
}

type Open = BTreeMap<(InstanceId, u128), Arc<Line>>;

/// The open streams of one run of the gateway.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Open>>);

impl Lines {
    /// Opens a stream. What is read from it begins with where to post, which `endpoint` makes of its id.
    pub(crate) fn open(
        &self,
        (instance, server, share): (InstanceId, &str, &Arc<Share>),
        entropy: &dyn Entropy,
        endpoint: impl FnOnce(&str) -> String,
    ) -> Result<(Arc<Line>, Events), Refusal> {
        let seat = share.take(Of::Sessions).ok_or(refusal::SESSIONS_FULL)?;
        let mut random = [0; 16];
        entropy.fill(&mut random);
        let key = (instance, u128::from_be_bytes(random));
        let (events, read) = mpsc::channel(EVENTS);
        let line = Arc::new(Line {
            server: server.to_owned(),
            events,
            bytes: Arc::new(Semaphore::new(BYTES as usize)),
            turns: Arc::new(Semaphore::new(UNDER_WAY)),
            session: Mutex::default(),
        });
        let mut open = self.0.lock();
        if open.range(super::all_of(instance)).count() >= PER_INSTANCE {
            return Err(refusal::SESSIONS_FULL);
        }
        open.insert(key, Arc::clone(&line));
        drop(open);
        let first = format!("event: endpoint\ndata: {}\n\n", endpoint(&format!("{:032x}", key.1)));
        let lines = self.clone();
        Ok((line, Events { first: Some(first.into()), read, lines, key, _seat: seat }))
    }

    /// The stream of this id, if it is this instance's at this server.
    pub(crate) fn find(
        &self,
        id: &str,
        (instance, server): (InstanceId, &str),
    ) -> Option<Arc<Line>> {
        let open = self.0.lock();
        open.get(&(instance, number(id)?)).filter(|line| line.server == server).cloned()
    }

    /// Forgets the streams of some instances; how many.
    pub(super) fn evict(&self, instances: &BTreeSet<InstanceId>) -> usize {
        let mut open = self.0.lock();
        let before = open.len();
        open.retain(|(instance, _), _| !instances.contains(instance));
        before - open.len()
    }
}

impl Line {
    /// A place for one more message under way.
    pub(crate) fn turn(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        Arc::clone(&self.turns).try_acquire_owned().map_err(|_full| refusal::CROWDED)
    }

    /// Puts an event on the stream; whether it found its place.
    pub(crate) async fn put(&self, event: Bytes) -> bool {
        let part = u32::try_from(event.len() >> 10).unwrap_or(BYTES).clamp(1, BYTES);
        let sent = async {
            let place = Arc::clone(&self.bytes).acquire_many_owned(part).await.ok()?;
            self.events.send((event, place)).await.ok()
        };
        matches!(timeout(SLOW, sent).await, Ok(Some(())))
    }

    /// Returns when nobody reads it any more.
    pub(crate) async fn closed(&self) {
        self.events.closed().await;
    }

    /// Our id of the session that was begun on it.
    pub(crate) fn session(&self) -> Option<String> {
        self.session.lock().clone()
    }

    /// A session was begun on it.
    pub(crate) fn begins(&self, session: &str) {
        *self.session.lock() = Some(session.to_owned());
    }
}

/// What is read from a stream; dropped, the stream is closed and forgotten.
#[derive(Debug)]
pub(crate) struct Events {
    first: Option<Bytes>,
    read: mpsc::Receiver<Waiting>,
    lines: Lines,
    key: (InstanceId, u128),
    _seat: Seat,
}

impl Pieces for Events {
    fn poll_piece(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Refusal>>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(Ok(first))),
            None => self.read.poll_recv(cx).map(|waiting| waiting.map(|(event, _place)| Ok(event))),
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.lines.0.lock().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use writ_model::TenantId;
    use writ_testkit::SeededEntropy;

    use super::*;
    use crate::fair::{Fair, TenantBounds};

    fn instance(number: u8) -> InstanceId {
        InstanceId::from_bytes([number; 16])
    }

    async fn next(events: &mut Events) -> Option<Bytes> {
        poll_fn(|cx| Pin::new(&mut *events).poll_piece(cx)).await.map(Result::unwrap)
    }

    #[tokio::test]
    async fn a_stream_is_one_instances_at_one_server_until_nobody_reads_it() {
        let (share, _seat) =
            Fair::new(TenantBounds::default()).enter(TenantId::from_bytes([1; 16]), 0).unwrap();
        let (lines, entropy) = (Lines::default(), SeededEntropy::new(1));
        let who = (instance(1), "mail", &share);
        let (line, mut events) =
            lines.open(who, &entropy, |id| format!("/m?session={id}")).unwrap();
        let first = next(&mut events).await.unwrap();
        let first = String::from_utf8(first.to_vec()).unwrap();
        let id = first.strip_prefix("event: endpoint\ndata: /m?session=").unwrap().trim();
        assert!(lines.find(id, (instance(1), "mail")).is_some());
        for (id, who) in [
            (id, (instance(2), "mail")),
            (id, (instance(1), "files")),
            ("7", (instance(1), "mail")),
        ] {
            assert!(lines.find(id, who).is_none());
        }
        let turns: Vec<_> = (0..UNDER_WAY).map(|_| line.turn().unwrap()).collect();
        assert_eq!(line.turn().unwrap_err().code.0, "GATE-0108");
        drop(turns);
        assert!(line.put(Bytes::from_static(b"x")).await);
        assert_eq!(next(&mut events).await.unwrap(), "x");
        drop(events);
        line.closed().await;
        assert!(!line.put(Bytes::from_static(b"x")).await);
        assert!(lines.find(id, (instance(1), "mail")).is_none());
    }

    #[tokio::test]
    async fn an_instance_has_a_bounded_number_and_loses_all_when_evicted() {
        let (share, _seat) =
            Fair::new(TenantBounds::default()).enter(TenantId::from_bytes([1; 16]), 0).unwrap();
        let (lines, entropy) = (Lines::default(), SeededEntropy::new(1));
        let open = |number| lines.open((instance(number), "mail", &share), &entropy, str::to_owned);
        let mut opened: Vec<_> = (0..PER_INSTANCE).map(|_| open(1).unwrap()).collect();
        assert_eq!(open(1).unwrap_err().code.0, "GATE-0019");
        let other = open(2).unwrap();
        assert_eq!(lines.evict(&BTreeSet::from([instance(1)])), PER_INSTANCE);
        let (line, mut events) = opened.pop().unwrap();
        drop(line);
        assert!(next(&mut events).await.is_some(), "where to post");
        assert!(next(&mut events).await.is_none(), "and then its end");
        drop(other);
    }
}
