//! MCP sessions of the handshake revisions: the upstream's id never reaches the agent; ours is bound to one instance and
//! one server, so that a session id from elsewhere is as good as none.
//!
//! Never here: authority. A session grants nothing; every message in it is decided.

pub(crate) mod lines;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use parking_lot::Mutex;
use writ_model::{Entropy, InstanceId, Span, Timestamp};

use self::lines::Lines;
use crate::{
    fair::{Of, Seat, Share},
    refusal::{self, Refusal},
};

/// LIMIT: sessions over all agents.
const SESSIONS: usize = 16_384;
/// LIMIT: sessions of one instance; its oldest gives way.
const PER_INSTANCE: usize = 32;
/// How long nobody may use a session.
const IDLE: Span = Span::hours(2);

#[derive(Debug)]
struct Bound {
    server: String,
    upstream: String,
    elicits: bool,
    used: Timestamp,
    _seat: Seat,
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
    bound: Mutex<BTreeMap<(InstanceId, u128), Bound>>,
    lines: Lines,
}

impl Sessions {
    /// Streams of the transport of 2024-11-05.
    pub(crate) fn lines(&self) -> &Lines {
        &self.lines
    }

    /// Binds an upstream's session; our own id for it. Refused if there are too many.
    pub(crate) fn bind(
        &self,
        (instance, server, share): (InstanceId, &str, &Arc<Share>),
        (upstream, elicits): (&str, bool),
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> Result<String, Refusal> {
        let mut random = [0; 16];
        entropy.fill(&mut random);
        let id = u128::from_be_bytes(random);
        let mut bound = self.bound.lock();
        if bound.len() >= SESSIONS {
            bound.retain(|_, one| one.used + IDLE > now);
        }
        let own = bound.range(all_of(instance)).map(|(key, one)| (one.used, *key));
        let own: Vec<_> = own.collect();
        if own.len() >= PER_INSTANCE
            && let Some((_, oldest)) = own.into_iter().min()
        {
            bound.remove(&oldest);
        }
        if bound.len() >= SESSIONS {
            return Err(refusal::SESSIONS_FULL);
        }
        let seat = share.take(Of::Sessions).ok_or(refusal::SESSIONS_FULL)?;
        let (server, upstream) = (server.to_owned(), upstream.to_owned());
        let one = Bound { server, upstream, elicits, used: now, _seat: seat };
        bound.insert((instance, id), one);
        Ok(format!("{id:032x}"))
    }

    /// What is known of our session, if it is this instance's on this server.
    pub(crate) fn known(
        &self,
        id: &str,
        (instance, server): (InstanceId, &str),
        now: Timestamp,
    ) -> Option<Known> {
        let key = (instance, number(id)?);
        let mut all = self.bound.lock();
        let bound = all.get_mut(&key)?;
        if bound.server != server {
            return None;
        }
        if bound.used + IDLE <= now {
            all.remove(&key);
            return None;
        }
        bound.used = now;
        Some(Known { upstream: bound.upstream.clone(), elicits: bound.elicits })
    }

    /// Forgets an instance's session.
    pub(crate) fn forget(&self, id: &str, instance: InstanceId) {
        if let Some(id) = number(id) {
            self.bound.lock().remove(&(instance, id));
        }
    }

    /// Forgets everything of some instances; how many sessions that were.
    pub(crate) fn evict(&self, instances: &BTreeSet<InstanceId>) -> usize {
        let mut bound = self.bound.lock();
        let before = bound.len();
        bound.retain(|(instance, _), _| !instances.contains(instance));
        before - bound.len() + self.lines.evict(instances)
    }
}

fn all_of(instance: InstanceId) -> std::ops::RangeInclusive<(InstanceId, u128)> {
    (instance, 0)..=(instance, u128::MAX)
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

    fn instance(number: u8) -> InstanceId {
        InstanceId::from_bytes([number; 16])
    }

    fn share() -> Arc<Share> {
        let tenant = TenantId::from_bytes([1; 16]);
        let bounds = TenantBounds { sessions: 40, ..TenantBounds::default() };
        Fair::new(bounds).enter(tenant, 0).unwrap().0
    }

    #[test]
    fn a_session_is_one_instances_on_one_server() {
        let (sessions, entropy) = (Sessions::default(), SeededEntropy::new(1));
        let now = Timestamp::from_micros(0);
        let who = (instance(1), "mail", &share());
        let id = sessions.bind(who, ("theirs", true), &entropy, now).unwrap();
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
        let share = share();
        let bind = |number, at| {
            let who = (instance(number), "mail", &share);
            sessions.bind(who, ("x", false), &entropy, Timestamp::from_micros(at))
        };
        for at in 0..40 {
            bind(1, at).unwrap();
        }
        for at in 0..8 {
            bind(2, at).unwrap();
        }
        assert_eq!(bind(3, 50).unwrap_err().code.0, "GATE-0019", "its tenant has no more");
        assert_eq!(sessions.evict(&BTreeSet::from([instance(3)])), 0);
        let both = BTreeSet::from([instance(1), instance(2)]);
        assert_eq!(sessions.evict(&both), PER_INSTANCE + 8);
        assert_eq!(sessions.evict(&both), 0);
        bind(3, 50).unwrap();
    }
}
