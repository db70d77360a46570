//! Which servers did not answer the endpoint as they should, since when and why. For a while after that lists go on without
//! them, so that one dead server costs nobody else's time; calls are still tried.
//!
//! SECURITY: only that a server cannot be reached at all is true for everybody. Whatever else went wrong may be because of
//! who asked, and holds for that running copy alone: nobody makes a server dead for others.
//! Never here: a server's words. Codes are a bounded set.

use std::collections::{BTreeMap, BTreeSet};

use parking_lot::Mutex;
use serde::Serialize;
use writ_model::{Code, InstanceId, Span, TenantId, Timestamp};

use crate::refusal;

/// LIMIT: outages remembered over all tenants; past it the oldest gives way.
const OUTAGES: usize = 4_096;
/// How long lists go on without a server before it is asked again.
const REST: Span = Span::seconds(10);

/// A server that does not answer the endpoint as it should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outage {
    /// Its name.
    pub server: String,
    /// What is wrong, as documents list it.
    pub code: &'static str,
    /// When that began.
    pub since: Timestamp,
}

#[derive(Debug)]
struct Out {
    code: Code,
    since: Timestamp,
    asked: Timestamp,
}

/// Whose it is: everybody's of a tenant, or one running copy's.
type Key = (TenantId, Option<InstanceId>, String);

/// Everybody's outages.
#[derive(Debug, Default)]
pub(super) struct Outages(Mutex<BTreeMap<Key, Out>>);

/// Who asked.
pub(super) type Whose = (TenantId, InstanceId);

impl Outages {
    /// It did not answer as it should.
    pub(super) fn failed(
        &self,
        (tenant, instance): Whose,
        server: &str,
        (code, now): (Code, Timestamp),
    ) {
        let of = (code != refusal::UNREACHABLE.code).then_some(instance);
        let key = (tenant, of, server.to_owned());
        let mut all = self.0.lock();
        if let Some(known) = all.get_mut(&key) {
            (known.code, known.asked) = (code, now);
            return;
        }
        if all.len() >= OUTAGES
            && let Some(oldest) =
                all.iter().min_by_key(|(_, out)| out.asked).map(|(key, _)| key.clone())
        {
            all.remove(&oldest);
        }
        tracing::warn!(event = "gateway.server_out", %tenant, server, code = code.0,
            "a server does not answer the endpoint as it should");
        all.insert(key, Out { code, since: now, asked: now });
    }

    /// It answered as it should: it can be reached, and for this one it is back.
    pub(super) fn answered(&self, (tenant, instance): Whose, server: &str) {
        let mut all = self.0.lock();
        // The usual case takes nothing away and makes no key.
        if all.is_empty() {
            return;
        }
        let mut was = false;
        for of in [None, Some(instance)] {
            was |= all.remove(&(tenant, of, server.to_owned())).is_some();
        }
        if was {
            tracing::info!(event = "gateway.server_back", %tenant, server, "a server answers again");
        }
    }

    /// Whether lists go on without it for now.
    pub(super) fn rests(&self, (tenant, instance): Whose, server: &str, now: Timestamp) -> bool {
        let all = self.0.lock();
        if all.is_empty() {
            return false;
        }
        let known = |of| all.get(&(tenant, of, server.to_owned()));
        let rests = |out: Option<&Out>| out.is_some_and(|out| out.asked + REST > now);
        rests(known(None)) || rests(known(Some(instance)))
    }

    /// What is known to one running copy, each server once.
    pub(super) fn of(&self, (tenant, instance): Whose) -> Vec<Outage> {
        let all = self.0.lock();
        let own = all
            .iter()
            .filter(|((whose, of, _), _)| *whose == tenant && of.is_none_or(|of| of == instance));
        first(own)
    }

    /// Forgets what was so for running copies that have ended.
    pub(super) fn evict(&self, gone: &BTreeSet<InstanceId>) {
        self.0.lock().retain(|(_, of, _), _| of.is_none_or(|of| !gone.contains(&of)));
    }

    /// Over all tenants, each server once with the earliest word of it.
    pub(super) fn all(&self) -> Vec<Outage> {
        first(self.0.lock().iter())
    }
}

/// Each server once, with the earliest word of it.
fn first<'a>(all: impl Iterator<Item = (&'a Key, &'a Out)>) -> Vec<Outage> {
    let mut first: BTreeMap<&str, Outage> = BTreeMap::new();
    for ((.., server), out) in all {
        let one = Outage { server: server.clone(), code: out.code.0, since: out.since };
        let known = first.entry(server).or_insert_with(|| one.clone());
        if one.since < known.since {
            *known = one;
        }
    }
    first.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whose(instance: u8) -> Whose {
        (TenantId::from_bytes([1; 16]), InstanceId::from_bytes([instance; 16]))
    }

    #[test]
    fn who_fails_rests_and_keeps_the_instant_it_began() {
        let (outages, who) = (Outages::default(), whose(1));
        let (one, two) = (Code("GATE-0127"), Code("GATE-0051"));
        let at = |seconds| Timestamp::from_micros(0) + Span::seconds(seconds);
        outages.failed(who, "mail", (one, at(0)));
        assert!(outages.rests(who, "mail", at(9)) && !outages.rests(who, "mail", at(10)));
        assert!(!outages.rests(who, "files", at(0)));
        outages.failed(who, "mail", (two, at(20)));
        let wanted = Outage { server: "mail".to_owned(), code: "GATE-0051", since: at(0) };
        assert_eq!((outages.of(who), outages.all()), (vec![wanted.clone()], vec![wanted]));
        outages.answered(who, "mail");
        assert!(outages.all().is_empty() && !outages.rests(who, "mail", at(20)));
    }

    #[test]
    fn nobody_makes_a_server_dead_for_others_unless_nobody_can_reach_it() {
        let (outages, now) = (Outages::default(), Timestamp::from_micros(0));
        let [one, two] = [whose(1), whose(2)];
        outages.failed(one, "mail", (Code("GATE-0051"), now));
        assert!(outages.rests(one, "mail", now) && !outages.rests(two, "mail", now));
        assert!(outages.of(two).is_empty());
        outages.answered(two, "mail");
        assert!(outages.rests(one, "mail", now), "what is so for one is not cured by another");
        outages.failed(two, "mail", (refusal::UNREACHABLE.code, now));
        assert!(outages.rests(whose(3), "mail", now) && outages.of(whose(3)).len() == 1);
        assert_eq!(outages.of(one).len(), 1, "each server once");
        outages.answered(one, "mail");
        assert!(outages.all().is_empty(), "whoever reaches it, it is reached");
        outages.failed(one, "mail", (Code("GATE-0051"), now));
        outages.evict(&BTreeSet::from([one.1]));
        assert!(outages.all().is_empty());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let outages = Outages::default();
        for number in 0..=OUTAGES {
            let now = Timestamp::from_micros(i64::try_from(number).unwrap());
            outages.failed(whose(1), &format!("s{number}"), (Code("GATE-0050"), now));
        }
        assert_eq!(outages.all().len(), OUTAGES);
        assert!(!outages.all().iter().any(|one| one.server == "s0"));
    }
}
