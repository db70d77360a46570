//! [`Pending`]: calls that somebody else runs, and whose outcome is awaited: those of `writ wrap`, and of gateways that
//! asked and said that they would tell.
//!
//! Never here: a decision; it was made and written before a call comes here.

use std::collections::{BTreeMap, BTreeSet};

use parking_lot::Mutex;
use writ_model::{CallId, InstanceId, Span, Timestamp};

use crate::{
    fair::{Of, Seat},
    flight::Flight,
    identify::Identified,
    record::Recording,
    refusal::{self, Refusal},
};

/// LIMIT: permitted calls whose outcome is awaited, over all agents, and of one instance.
const WAITING: usize = 16_384;
const PER_INSTANCE: usize = 256;
/// How long an outcome is awaited; then the record says that there was none.
const OUTCOME: Span = Span::minutes(10);

struct Awaited {
    recording: Recording,
    until: Timestamp,
    /// Who tells: the running copy itself, or the one that asked for it.
    by: InstanceId,
    _seat: Seat,
}

/// Permitted calls whose outcome is awaited, by whose they are.
#[derive(Default)]
pub(crate) struct Pending(Mutex<BTreeMap<(InstanceId, CallId), Awaited>>);

/// Why an outcome is not awaited.
#[derive(Debug)]
pub(crate) enum Unawaited {
    /// Its record says that it was not let out.
    Withheld(Refusal),
    /// Its record says that it ended here.
    Refused(Refusal),
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Pending({})", self.0.lock().len())
    }
}

impl Pending {
    /// Awaits the outcome of a permitted call, told by `by`. The call leaves with this.
    ///
    /// # Errors
    /// If there is no place for it, or its caller was ended meanwhile: then it may not run.
    pub(crate) fn wait(
        &self,
        who: &Identified,
        by: InstanceId,
        (recording, flight): (Recording, Flight),
    ) -> Result<(), Unawaited> {
        let Some(seat) = who.share.take(Of::Awaited) else {
            recording.withheld(&refusal::CROWDED);
            return Err(Unawaited::Withheld(refusal::CROWDED));
        };
        let recording = recording.flies(flight);
        let instance = who.caller.instance;
        let until = who.now + OUTCOME;
        self.put(instance, Awaited { recording, until, by, _seat: seat })
            .map_err(Unawaited::Refused)?;
        // The ending may have come between the decision and the place among the awaited.
        if let Some(why) = who.cord.is_cut() {
            self.evict(&BTreeSet::from([instance]));
            return Err(Unawaited::Refused(why));
        }
        Ok(())
    }

    fn put(&self, instance: InstanceId, awaited: Awaited) -> Result<(), Refusal> {
        const FIRST: [u8; 16] = [0; 16];
        const LAST: [u8; 16] = [u8::MAX; 16];
        let mut all = self.0.lock();
        let of = |call| (instance, CallId::from_bytes(call));
        let own = all.range(of(FIRST)..=of(LAST)).count();
        if all.len() >= WAITING || own >= PER_INSTANCE {
            return Err(refusal::BUSY);
        }
        all.insert((instance, awaited.recording.call), awaited);
        Ok(())
    }

    /// The call of a running copy, if `by` is who tells its outcome.
    pub(crate) fn take(
        &self,
        call: CallId,
        instance: InstanceId,
        by: InstanceId,
    ) -> Option<Recording> {
        let mut all = self.0.lock();
        if all.get(&(instance, call)).is_none_or(|awaited| awaited.by != by) {
            return None;
        }
        all.remove(&(instance, call)).map(|awaited| awaited.recording)
    }

    /// Gives up on outcomes that are overdue.
    pub(crate) fn expire(&self, now: Timestamp) {
        self.give_up(&refusal::NO_OUTCOME, |_, awaited| awaited.until <= now);
    }

    /// Instances are ended: their calls were cut.
    pub(crate) fn evict(&self, instances: &BTreeSet<InstanceId>) -> u64 {
        let ended = |one: &InstanceId| instances.contains(one);
        self.give_up(&refusal::ENDED, |instance, awaited| ended(instance) || ended(&awaited.by))
    }

    fn give_up(&self, why: &Refusal, which: impl Fn(&InstanceId, &Awaited) -> bool) -> u64 {
        let gone: Vec<Awaited> = {
            let mut all = self.0.lock();
            let calls = all.iter().filter(|((who, _), one)| which(who, one)).map(|(key, _)| *key);
            let calls: Vec<_> = calls.collect();
            calls.iter().filter_map(|call| all.remove(call)).collect()
        };
        let count = gone.len() as u64;
        for awaited in gone {
            awaited.recording.failed(why);
        }
        count
    }
}
