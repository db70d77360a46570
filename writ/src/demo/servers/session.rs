//! Sessions of revision 2025-11-25: an id, whose it is, and which running calls it may cancel.
//!
//! Never here: a session for revision 2026-07-28, which has none. To keep one more thing a session: a field of `Session`.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use writ_model::Entropy;

/// LIMIT: sessions of one server; the oldest goes when one more comes (a dozen agents need a dozen).
const SESSIONS: usize = 1024;
/// LIMIT: running calls of one session that can be cancelled.
const RUNNING: usize = 64;

#[derive(Debug, Default)]
struct Session {
    client: String,
    order: u64,
    running: BTreeMap<String, CancellationToken>,
}

/// The sessions of one server.
#[derive(Debug)]
pub(super) struct Sessions {
    entropy: Arc<dyn Entropy>,
    open: Mutex<(BTreeMap<String, Session>, u64)>,
}

impl Sessions {
    /// None yet.
    pub(super) fn new(entropy: Arc<dyn Entropy>) -> Self {
        Self { entropy, open: Mutex::default() }
    }

    /// A new session of a client; its id.
    pub(super) fn begin(&self, client: &str) -> String {
        let mut random = [0; 16];
        self.entropy.fill(&mut random);
        let mut id = String::with_capacity(32);
        for byte in random {
            // Writing to a string cannot fail.
            let _written = write!(id, "{byte:02x}");
        }
        let mut guard = self.open.lock();
        let (sessions, count) = &mut *guard;
        if sessions.len() >= SESSIONS
            && let Some(oldest) =
                sessions.iter().min_by_key(|(_, session)| session.order).map(|(id, _)| id.clone())
        {
            sessions.remove(&oldest);
        }
        *count += 1;
        let session =
            Session { client: client.to_owned(), order: *count, running: BTreeMap::new() };
        sessions.insert(id.clone(), session);
        id
    }

    /// Whether this is an open session of the client.
    pub(super) fn is_open(&self, id: &str, client: &str) -> bool {
        self.open.lock().0.get(id).is_some_and(|session| session.client == client)
    }

    /// Ends a session and what runs in it.
    pub(super) fn end(&self, id: &str) {
        if let Some(session) = self.open.lock().0.remove(id) {
            for token in session.running.values() {
                token.cancel();
            }
        }
    }

    /// A token that `notifications/cancelled` for this request cancels.
    pub(super) fn running(&self, id: Option<&str>, request: &str) -> CancellationToken {
        let token = CancellationToken::new();
        if let Some(id) = id
            && let Some(session) = self.open.lock().0.get_mut(id)
        {
            session.running.retain(|_, token| !token.is_cancelled());
            if session.running.len() < RUNNING {
                session.running.insert(request.to_owned(), token.clone());
            }
        }
        token
    }

    /// Cancels a running request.
    pub(super) fn cancel(&self, id: &str, request: &str) {
        if let Some(token) =
            self.open.lock().0.get_mut(id).and_then(|session| session.running.remove(request))
        {
            token.cancel();
        }
    }
}
