//! MCP sessions of the handshake revisions: the upstream's id never reaches the agent; ours is bound to one instance and
//! one server, so that a session id from elsewhere is as good as none.
//!
//! Never here: authority. A session grants nothing; every message in it is decided.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use writ_model::{Entropy, InstanceId, Span, Timestamp};

/// LIMIT: sessions over all agents.
const SESSIONS: usize = 16_384;
/// LIMIT: sessions of one instance; its oldest gives way.
const PER_INSTANCE: usize = 32;
/// How long nobody may use a session.
const IDLE: Span = Span::hours(2);

#[derive(Debug, Clone)]
struct Bound {
    instance: InstanceId,
    server: String,
    upstream: String,
    elicits: bool,
    used: Timestamp,
}

/// What is known of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    /// The upstream's id.
    pub(crate) upstream: String,
    /// Its client said that it shows links.
    pub(crate) elicits: bool,
}

/// The sessions of one run of the gateway.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    bound: Mutex<BTreeMap<u128, Bound>>,
}

impl Sessions {
    /// Binds an upstream's session; our own id for it. Nothing if there are too many.
    pub(crate) fn bind(
        &self,
        (instance, server): (InstanceId, &str),
        (upstream, elicits): (&str, bool),
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> Option<String> {
        let mut random = [0; 16];
        entropy.fill(&mut random);
        let id = u128::from_be_bytes(random);
        let mut bound = self.bound.lock();
        if bound.len() >= SESSIONS {
            bound.retain(|_, one| one.used + IDLE > now);
        }
        let mut own: Vec<_> = bound
            .iter()
            .filter(|(_, one)| one.instance == instance)
            .map(|(id, one)| (one.used, *id))
            .collect();
        if own.len() >= PER_INSTANCE {
            own.sort_unstable();
            if let Some((_, oldest)) = own.first() {
                bound.remove(oldest);
            }
        }
        if bound.len() >= SESSIONS {
            return None;
        }
        let (server, upstream) = (server.to_owned(), upstream.to_owned());
        bound.insert(id, Bound { instance, server, upstream, elicits, used: now });
        Some(format!("{id:032x}"))
    }

    /// What is known of our session, if it is this instance's on this server.
    pub(crate) fn known(
        &self,
        id: &str,
        (instance, server): (InstanceId, &str),
        now: Timestamp,
    ) -> Option<Known> {
        let id = number(id)?;
        let mut all = self.bound.lock();
        let bound = all.get_mut(&id)?;
        if bound.instance != instance || bound.server != server {
            return None;
        }
        if bound.used + IDLE <= now {
            all.remove(&id);
            return None;
        }
        bound.used = now;
        Some(Known { upstream: bound.upstream.clone(), elicits: bound.elicits })
    }

    /// Forgets a session.
    pub(crate) fn forget(&self, id: &str) {
        if let Some(id) = number(id) {
            self.bound.lock().remove(&id);
        }
    }

    /// Forgets everything of an instance; what it had: (server, the upstream's id).
    pub(crate) fn evict(&self, instance: InstanceId) -> Vec<(String, String)> {
        let mut gone = Vec::new();
        self.bound.lock().retain(|_, one| {
            let stays = one.instance != instance;
            if !stays {
                gone.push((one.server.clone(), one.upstream.clone()));
            }
            stays
        });
        gone
    }
}

fn number(id: &str) -> Option<u128> {
    (id.len() == 32).then(|| u128::from_str_radix(id, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use writ_testkit::SeededEntropy;

    use super::*;

    fn instance(number: u8) -> InstanceId {
        InstanceId::from_bytes([number; 16])
    }

    #[test]
    fn a_session_is_one_instances_on_one_server() {
        let (sessions, entropy) = (Sessions::default(), SeededEntropy::new(1));
        let now = Timestamp::from_micros(0);
        let id = sessions.bind((instance(1), "mail"), ("theirs", true), &entropy, now).unwrap();
        assert_ne!(id, "theirs");
        let find = |who, server, at| sessions.known(&id, (who, server), at);
        let known = Known { upstream: "theirs".to_owned(), elicits: true };
        assert_eq!(find(instance(1), "mail", now), Some(known));
        assert_eq!(find(instance(2), "mail", now), None, "another instance");
        assert_eq!(find(instance(1), "files", now), None, "another server");
        assert_eq!(sessions.known("theirs", (instance(1), "mail"), now), None);
        assert_eq!(find(instance(1), "mail", now + IDLE), None, "idle for too long");
        assert_eq!(find(instance(1), "mail", now), None, "and then gone");
    }

    #[test]
    fn an_instance_has_a_bounded_number_and_loses_all_when_evicted() {
        let (sessions, entropy) = (Sessions::default(), SeededEntropy::new(1));
        for at in 0..40 {
            let now = Timestamp::from_micros(at);
            sessions.bind((instance(1), "mail"), ("x", false), &entropy, now).unwrap();
        }
        assert_eq!(sessions.evict(instance(2)).len(), 0);
        assert_eq!(sessions.evict(instance(1)).len(), PER_INSTANCE);
        assert_eq!(sessions.evict(instance(1)).len(), 0);
    }
}
