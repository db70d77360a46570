//! Sessions of the one endpoint: ours, bound to one running copy. Under each, one session with every server that has been
//! greeted, and what has to be known so that nobody's messages meet another's.
//!
//! Never here: authority. A session grants nothing; every message in it is decided for the server it goes to.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use bytes::Bytes;
use parking_lot::Mutex;
use writ_model::{Entropy, InstanceId, Span, Timestamp};

use crate::{
    fair::{Of, Seat, Share},
    refusal::{self, Refusal},
};

/// LIMIT: sessions over all agents.
const SESSIONS: usize = 16_384;
/// LIMIT: sessions of one running copy; its oldest gives way.
const PER_INSTANCE: usize = 16;
/// LIMIT: requests of one session whose server is remembered, for cancelling them and for their progress.
const REQUESTS: usize = 256;
/// How long nobody may use a session.
const IDLE: Span = Span::hours(2);

/// One session of the endpoint.
#[derive(Debug)]
pub(super) struct Session {
    /// The parameters of its `initialize`, for greeting servers.
    pub(super) hello: Bytes,
    links: Mutex<BTreeMap<String, Link>>,
    asked: Mutex<VecDeque<Request>>,
    greeting: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// What is known of a server that was greeted.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Link {
    /// Our own session with it (see [`crate::session`]); none if it keeps none.
    pub(super) session: Option<String>,
    /// The revision that it answered with.
    pub(super) version: String,
    /// What it says that it can do.
    pub(super) can: serde_json::Value,
    /// What it says about itself.
    pub(super) instructions: String,
}

impl Link {
    /// Whether it says that it has something.
    pub(super) fn has(&self, what: &str) -> bool {
        self.can.get(what).is_some_and(|member| !member.is_null())
    }
}

/// A request that went to a server: its id and its progress token, as they were written.
#[derive(Debug)]
struct Request {
    id: Bytes,
    token: Option<Bytes>,
    server: String,
}

impl Session {
    pub(super) fn new(hello: Bytes) -> Self {
        let (links, asked, greeting) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { hello, links, asked, greeting }
    }

    /// Held by who greets a server, so that it is greeted once.
    pub(super) fn greeting(&self, server: &str) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(self.greeting.lock().entry(server.to_owned()).or_default())
    }

    pub(super) fn link(&self, server: &str) -> Option<Link> {
        self.links.lock().get(server).cloned()
    }

    pub(super) fn links(&self) -> BTreeMap<String, Link> {
        self.links.lock().clone()
    }

    pub(super) fn greeted(&self, server: &str, link: Link) {
        self.links.lock().insert(server.to_owned(), link);
    }

    pub(super) fn lost(&self, server: &str) {
        self.links.lock().remove(server);
    }

    /// Remembers where a request went.
    pub(super) fn went(&self, id: Bytes, token: Option<Bytes>, server: &str) {
        let mut asked = self.asked.lock();
        if asked.len() >= REQUESTS {
            asked.pop_front();
        }
        asked.push_back(Request { id, token, server: server.to_owned() });
    }

    /// To which server a request of this id went last.
    pub(super) fn asked_of(&self, id: &[u8]) -> Option<String> {
        let asked = self.asked.lock();
        asked.iter().rev().find(|one| one.id == id).map(|one| one.server.clone())
    }

    /// Whether a server may speak of the progress of this.
    pub(super) fn progresses(&self, token: &[u8], server: &str) -> bool {
        let asked = self.asked.lock();
        let newest = asked.iter().rev().find(|one| one.token.as_deref() == Some(token));
        newest.is_some_and(|one| one.server == server)
    }
}

#[derive(Debug)]
struct Bound {
    session: Arc<Session>,
    used: Timestamp,
    _seat: Seat,
}

/// The endpoint's sessions of one run of the gateway.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<BTreeMap<(InstanceId, u128), Bound>>);

impl Sessions {
    /// Keeps a session; its id. Refused if there are too many.
    pub(super) fn begin(
        &self,
        (instance, share): (InstanceId, &Arc<Share>),
        session: Arc<Session>,
        (entropy, now): (&dyn Entropy, Timestamp),
    ) -> Result<String, Refusal> {
        let mut random = [0; 16];
        entropy.fill(&mut random);
        let id = u128::from_be_bytes(random);
        let mut all = self.0.lock();
        if all.len() >= SESSIONS {
            all.retain(|_, one| one.used + IDLE > now);
        }
        let own = all.range((instance, 0)..=(instance, u128::MAX));
        let own: Vec<_> = own.map(|(key, one)| (one.used, *key)).collect();
        if own.len() >= PER_INSTANCE
            && let Some((_, oldest)) = own.into_iter().min()
        {
            all.remove(&oldest);
        }
        if all.len() >= SESSIONS {
            return Err(refusal::SESSIONS_FULL);
        }
        let seat = share.take(Of::Sessions).ok_or(refusal::SESSIONS_FULL)?;
        all.insert((instance, id), Bound { session, used: now, _seat: seat });
        Ok(format!("{id:032x}"))
    }

    /// A session of this running copy.
    pub(super) fn find(&self, id: &str, whose: InstanceId, now: Timestamp) -> Option<Arc<Session>> {
        let key = (whose, number(id)?);
        let mut all = self.0.lock();
        let bound = all.get_mut(&key)?;
        if bound.used + IDLE <= now {
            all.remove(&key);
            return None;
        }
        bound.used = now;
        Some(Arc::clone(&bound.session))
    }

    pub(super) fn forget(&self, id: &str, whose: InstanceId) {
        if let Some(id) = number(id) {
            self.0.lock().remove(&(whose, id));
        }
    }

    /// Forgets everything of some running copies.
    pub(super) fn evict(&self, whose: &BTreeSet<InstanceId>) {
        self.0.lock().retain(|(instance, _), _| !whose.contains(instance));
    }
}

fn number(id: &str) -> Option<u128> {
    (id.len() == 32).then(|| u128::from_str_radix(id, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use writ_model::TenantId;
    use writ_testkit::SeededEntropy;

    use super::*;
    use crate::fair::{Fair, TenantBounds};

    fn session() -> Arc<Session> {
        Arc::new(Session::new(Bytes::from_static(b"{}")))
    }

    #[test]
    fn a_session_is_one_running_copys_and_ends() {
        let (sessions, entropy) = (Sessions::default(), SeededEntropy::new(3));
        let tenant = TenantId::from_bytes([1; 16]);
        let (share, _seat) = Fair::new(TenantBounds::default()).enter(tenant, 0).unwrap();
        let [one, other] = [1, 2].map(|byte| InstanceId::from_bytes([byte; 16]));
        let now = Timestamp::from_micros(0);
        let begin = || sessions.begin((one, &share), session(), (&entropy, now)).unwrap();
        let id = begin();
        assert!(sessions.find(&id, one, now).is_some());
        assert!(sessions.find(&id, other, now).is_none());
        assert!(sessions.find("x", one, now).is_none());
        for _ in 0..PER_INSTANCE {
            begin();
        }
        assert_eq!(sessions.0.lock().len(), PER_INSTANCE, "the oldest gave way");
        let last = begin();
        assert!(sessions.find(&last, one, now + IDLE).is_none());
        sessions.evict(&BTreeSet::from([one]));
        assert!(sessions.0.lock().is_empty());
    }

    #[test]
    fn a_server_speaks_of_its_own_requests_only() {
        let session = session();
        let bytes = |text: &'static str| Bytes::from_static(text.as_bytes());
        session.went(bytes("1"), Some(bytes("\"t\"")), "mail");
        session.went(bytes("\"1\""), None, "files");
        assert_eq!(session.asked_of(b"1").as_deref(), Some("mail"));
        assert_eq!(session.asked_of(b"\"1\"").as_deref(), Some("files"));
        assert_eq!(session.asked_of(b"2"), None);
        assert!(session.progresses(b"\"t\"", "mail") && !session.progresses(b"\"t\"", "files"));
        for number in 0..REQUESTS {
            session.went(Bytes::from(number.to_string()), None, "files");
        }
        assert!(!session.progresses(b"\"t\"", "mail"), "forgotten in time");
    }
}
