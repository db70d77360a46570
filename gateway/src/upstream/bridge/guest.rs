//! A session-based client on a stateless server: the session is kept here, and the server sees requests that say everything
//! themselves.
//!
//! Never here: the words of either generation (`writ_mcp::raise`), a request under way (`rounds.rs`), a stream that listens
//! (`follow.rs`).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use tokio::{
    sync::{oneshot, watch},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use writ_mcp::raise::{self, Caller, Filter};
use writ_model::{
    InstanceId, Span, Timestamp,
    json::{self, Limits, Node},
};

use super::wire::{Messages, Road, stateless};
use crate::{
    fair::Seat,
    mcp::params::Params,
    refusal::{self, Refusal},
};

/// LIMIT: sessions over all instances of one server; together with the bound of their tenant.
const GUESTS: usize = 4_096;
/// LIMIT: sessions of one instance; its oldest gives way.
const PER_INSTANCE: usize = 32;
/// LIMIT: resources that one session watches.
const WATCHED: usize = 256;
/// LIMIT: questions of one session that wait for their answer.
const ASKED: usize = 64;
/// LIMIT: requests of one session under way.
const RUNNING: usize = 256;
/// How long nobody may use a session.
const IDLE: Span = Span::hours(2);
/// LIMIT: how long the answer to a subscription waits for the server to have taken it.
const HEARD: Duration = Duration::from_secs(2);
/// What our session ids begin with: one that is not known any more is never shown to a server.
const OURS: &str = "writ-bridge-";

/// One session.
#[derive(Debug)]
pub(super) struct Guest {
    pub(super) id: String,
    instance: InstanceId,
    pub(super) caller: Mutex<Caller>,
    /// Which lists' changes the server tells.
    tells: Filter,
    watched: Mutex<BTreeSet<String>>,
    asked: Mutex<BTreeMap<String, oneshot::Sender<Bytes>>>,
    running: Mutex<BTreeMap<Vec<u8>, CancellationToken>>,
    numbers: AtomicU64,
    /// Counts changes of what is watched, and up to which of them the server has heard.
    pub(super) wants: watch::Sender<u64>,
    pub(super) heard: watch::Sender<u64>,
    /// Who listens now; a second one takes its place.
    listener: Mutex<CancellationToken>,
    pub(super) stop: CancellationToken,
    used: Mutex<Timestamp>,
    _seat: Seat,
}

/// All of one server.
#[derive(Debug, Default)]
pub(super) struct Guests {
    all: Mutex<BTreeMap<String, Arc<Guest>>>,
    /// What the server's tools want repeated in headers.
    pub(super) params: RwLock<Params>,
}

/// Whether a session's id is of our making.
pub(super) fn is_ours(session: &str) -> bool {
    session.starts_with(OURS)
}

/// What a server said of itself to a session's first question.
pub(super) struct Welcome {
    pub(super) caller: Caller,
    pub(super) message: Bytes,
}

/// Asks a server who it is, in the name of a client that wants to begin a session. Nothing if it is not a stateless one.
///
/// # Errors
/// If it cannot be reached.
pub(super) async fn welcome(road: &Road, caller: Caller) -> Result<Option<Welcome>, Refusal> {
    let body = caller.discover("writ-discover");
    let headers = stateless(&body, &Params::default());
    let mut messages = Messages::of(road.post(headers, None, body).await?);
    while let Some(message) = messages.next().await {
        let message = message?;
        let Ok(node) = json::parse(&message, &Limits::ANSWER) else { return Ok(None) };
        if node.get("method").is_some() {
            continue;
        }
        let speaks = node.pointer("/result/supportedVersions").and_then(Node::as_array);
        let speaks = speaks.unwrap_or_default();
        let stateless = speaks.iter().any(|one| one.as_str() == Some(writ_mcp::words::STATELESS));
        drop(node);
        return Ok(stateless.then_some(Welcome { caller, message }));
    }
    Ok(None)
}

impl Guests {
    /// Keeps a session that was welcomed.
    ///
    /// # Errors
    /// If there are too many.
    pub(super) fn admit(
        &self,
        (instance, id): (InstanceId, u128),
        welcome: &Welcome,
        seat: Seat,
        now: Timestamp,
    ) -> Result<Arc<Guest>, Refusal> {
        let node = json::parse(&welcome.message, &Limits::ANSWER).map_err(Refusal::json)?;
        let tells = |list: &str| {
            let told = node.pointer(&format!("/result/capabilities/{list}/listChanged"));
            told.is_some_and(|told| told.value == json::Value::Bool(true))
        };
        let tells = Filter {
            tools: tells("tools"),
            prompts: tells("prompts"),
            resources: tells("resources"),
            uris: Vec::new(),
        };
        let guest = Arc::new(Guest {
            id: format!("{OURS}{id:032x}"),
            instance,
            caller: Mutex::new(welcome.caller.clone()),
            tells,
            watched: Mutex::default(),
            asked: Mutex::default(),
            running: Mutex::default(),
            numbers: AtomicU64::new(0),
            wants: watch::Sender::new(0),
            heard: watch::Sender::new(0),
            listener: Mutex::default(),
            stop: CancellationToken::new(),
            used: Mutex::new(now),
            _seat: seat,
        });
        let mut all = self.all.lock();
        if all.len() >= GUESTS {
            all.retain(|_, one| one.stays(now));
        }
        let own = all.values().filter(|one| one.instance == instance);
        let own: Vec<_> = own.map(|one| (*one.used.lock(), one.id.clone())).collect();
        if own.len() >= PER_INSTANCE
            && let Some((_, oldest)) = own.into_iter().min()
            && let Some(gone) = all.remove(&oldest)
        {
            gone.stop.cancel();
        }
        if all.len() >= GUESTS {
            return Err(refusal::SESSIONS_FULL);
        }
        all.insert(guest.id.clone(), Arc::clone(&guest));
        Ok(guest)
    }

    /// A session of this instance's.
    pub(super) fn known(
        &self,
        session: &str,
        instance: InstanceId,
        now: Timestamp,
    ) -> Option<Arc<Guest>> {
        let guest = self.all.lock().get(session).cloned()?;
        (guest.instance == instance).then(|| {
            *guest.used.lock() = now;
            guest
        })
    }

    /// Ends a session.
    pub(super) fn remove(&self, session: &str) {
        if let Some(guest) = self.all.lock().remove(session) {
            guest.stop.cancel();
        }
    }

    /// Ends those of some instances, or all.
    pub(super) fn end(&self, instances: Option<&BTreeSet<InstanceId>>) {
        self.all.lock().retain(|_, guest| {
            let stays = instances.is_some_and(|gone| !gone.contains(&guest.instance));
            if !stays {
                guest.stop.cancel();
            }
            stays
        });
    }
}

/// A request under way; dropped, it is so no more.
#[derive(Debug)]
pub(super) struct Running {
    guest: Arc<Guest>,
    id: Vec<u8>,
    pub(super) cancelled: CancellationToken,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.guest.running.lock().remove(&self.id);
    }
}

/// A question that waits for its answer; dropped, it waits no more.
#[derive(Debug)]
pub(super) struct Asked {
    guest: Arc<Guest>,
    pub(super) id: String,
    pub(super) answer: oneshot::Receiver<Bytes>,
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.guest.asked.lock().remove(&self.id);
    }
}

impl Guest {
    fn stays(&self, now: Timestamp) -> bool {
        let stays = *self.used.lock() + IDLE > now;
        if !stays {
            self.stop.cancel();
        }
        stays
    }

    /// A number that this session has not used.
    pub(super) fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Begins a request, so that it can be cancelled by its id.
    ///
    /// # Errors
    /// If there are too many, or one of this id.
    pub(super) fn runs(self: &Arc<Self>, id: &[u8]) -> Result<Running, Refusal> {
        let mut running = self.running.lock();
        if running.len() >= RUNNING || running.contains_key(id) {
            return Err(refusal::BUSY);
        }
        let cancelled = CancellationToken::new();
        running.insert(id.to_vec(), cancelled.clone());
        Ok(Running { guest: Arc::clone(self), id: id.to_vec(), cancelled })
    }

    /// Cancels a request.
    pub(super) fn cancel(&self, id: &[u8]) {
        if let Some(cancelled) = self.running.lock().get(id) {
            cancelled.cancel();
        }
    }

    /// A question to the client under an id of ours.
    ///
    /// # Errors
    /// If too many wait.
    pub(super) fn asks(self: &Arc<Self>) -> Result<Asked, Refusal> {
        let id = format!("writ-ask-{}", self.number());
        let (tell, answer) = oneshot::channel();
        let mut asked = self.asked.lock();
        if asked.len() >= ASKED {
            return Err(refusal::ROUNDS);
        }
        asked.insert(id.clone(), tell);
        Ok(Asked { guest: Arc::clone(self), id, answer })
    }

    /// The client's answer to a question. One that nobody waits for is as good as none.
    pub(super) fn answered(&self, node: &Node<'_>, body: &Bytes) {
        let id = node.get("id").and_then(Node::as_str).unwrap_or_default();
        let waits = self.asked.lock().remove(id);
        if waits.is_none_or(|waits| waits.send(body.clone()).is_err()) {
            tracing::debug!("a client answered what nobody asks any more");
        }
    }

    /// Watches a resource, or no longer; returns when the server has heard of it, if somebody listens.
    ///
    /// # Errors
    /// If too many are watched.
    pub(super) async fn watch(&self, uri: &str, on: bool) -> Result<(), Refusal> {
        {
            let mut watched = self.watched.lock();
            if on && watched.len() >= WATCHED && !watched.contains(uri) {
                return Err(refusal::BUSY);
            }
            let changed = if on { watched.insert(uri.to_owned()) } else { watched.remove(uri) };
            if !changed {
                return Ok(());
            }
        }
        self.wants.send_modify(|wants| *wants += 1);
        let wanted = *self.wants.borrow();
        // Nobody receives `wants` if nobody listens: it will be asked for when somebody does.
        if self.wants.receiver_count() > 0 {
            let mut heard = self.heard.subscribe();
            let taken = timeout(HEARD, heard.wait_for(|heard| *heard >= wanted)).await;
            if taken.is_err() {
                tracing::debug!("a server has not taken a subscription in time");
            }
        }
        Ok(())
    }

    /// What the session wants to hear of.
    pub(super) fn filter(&self) -> Filter {
        Filter { uris: self.watched.lock().iter().cloned().collect(), ..self.tells.clone() }
    }

    /// From now on somebody listens, and nobody else; what ends it.
    pub(super) fn listens(&self) -> CancellationToken {
        let token = self.stop.child_token();
        std::mem::replace(&mut *self.listener.lock(), token.clone()).cancel();
        token
    }

    /// The answer to a request that needs no server.
    pub(super) fn empty(id: &[u8]) -> Vec<u8> {
        raise::whole(id, "result", b"{}")
    }
}

#[cfg(test)]
mod tests {
    use writ_model::TenantId;

    use super::*;
    use crate::fair::{Fair, Of, TenantBounds};

    const DISCOVERED: &[u8] = br#"{"id":"x","result":{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{"listChanged":true}}}}"#;

    fn admitted(guests: &Guests, whose: u8, id: u128, at: i64) -> Result<Arc<Guest>, Refusal> {
        let params = r#"{"protocolVersion":"2025-11-25","clientInfo":{"name":"c","version":"1"},"capabilities":{}}"#;
        let node = json::parse(params.as_bytes(), &Limits::REQUEST).unwrap();
        let caller = Caller::of(Some(&node), params.as_bytes()).unwrap();
        let welcome = Welcome { caller, message: Bytes::from_static(DISCOVERED) };
        let tenant = TenantId::from_bytes([1; 16]);
        let share = Fair::new(TenantBounds::default()).enter(tenant, 0).unwrap().0;
        let seat = share.take(Of::Sessions).unwrap();
        let instance = InstanceId::from_bytes([whose; 16]);
        guests.admit((instance, id), &welcome, seat, Timestamp::from_micros(at))
    }

    #[tokio::test]
    async fn a_session_is_its_instances_and_its_oldest_gives_way() {
        let guests = Guests::default();
        let first = admitted(&guests, 1, 0, 0).unwrap();
        assert!(is_ours(&first.id) && first.filter().tools && !first.filter().prompts);
        let now = Timestamp::from_micros(0);
        let known =
            |whose: u8| guests.known(&first.id, InstanceId::from_bytes([whose; 16]), now).is_some();
        assert!(known(1) && !known(2));
        for number in 1..=PER_INSTANCE {
            admitted(&guests, 1, number as u128, 5).unwrap();
        }
        assert!(!known(1) && first.stop.is_cancelled());
        admitted(&guests, 2, 99, 5).unwrap();
        guests.end(Some(&BTreeSet::from([InstanceId::from_bytes([1; 16])])));
        assert_eq!(guests.all.lock().len(), 1);
        guests.end(None);
        assert!(guests.all.lock().is_empty());
    }

    #[tokio::test]
    async fn questions_and_requests_are_bounded_and_forgotten() {
        let guest = admitted(&Guests::default(), 1, 0, 0).unwrap();
        let all: Vec<_> = (0..ASKED).map(|_| guest.asks().unwrap()).collect();
        assert_eq!(guest.asks().unwrap_err().code.0, "GATE-0122");
        drop(all);
        let mut asked = guest.asks().unwrap();
        let body = Bytes::from(format!(r#"{{"id":"{}","result":{{}}}}"#, asked.id));
        let node = json::parse(&body, &Limits::REQUEST).unwrap();
        guest.answered(&node, &body);
        assert_eq!(asked.answer.try_recv().unwrap(), body);
        guest.answered(&node, &body);
        let running = guest.runs(b"7").unwrap();
        assert_eq!(guest.runs(b"7").unwrap_err().code.0, "GATE-0056", "an id is under way once");
        guest.cancel(b"8");
        assert!(!running.cancelled.is_cancelled());
        guest.cancel(b"7");
        assert!(running.cancelled.is_cancelled());
        drop(running);
        guest.runs(b"7").unwrap();
        for number in 0..WATCHED {
            guest.watch(&format!("a://{number}"), true).await.unwrap();
        }
        assert!(guest.watch("a://more", true).await.is_err());
        guest.watch("a://0", false).await.unwrap();
        assert_eq!(guest.filter().uris.len(), WATCHED - 1);
    }
}
