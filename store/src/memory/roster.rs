//! The roster in memory: for one process that has nobody to tell, for tests and for simulations.
//!
//! Never here: a rule that is not the port's (`roster.rs`), a clock of its own.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use async_trait::async_trait;
use parking_lot::Mutex;
use writ_model::{BootId, Clock, GatewayId, Span, Timestamp};

use crate::roster::{
    Beat, Heard, MAX_HOLDS, MAX_MEMBERS, MAX_NOTES, MAX_NOTICES, MOST_NOTES, Note, RESTORING,
    Roster, RosterFault, Seen, Wanted, Wish, check_beat, check_hold, check_name, check_noted,
    check_notice, note_bytes, told,
};

#[derive(Debug)]
struct Kept {
    beat: Beat,
    seen: Timestamp,
    entered: Timestamp,
    left: Option<Timestamp>,
}

#[derive(Debug)]
struct Held {
    holder: BootId,
    epoch: u64,
    until: Timestamp,
}

#[derive(Debug, Default)]
struct Inner {
    members: BTreeMap<(GatewayId, BootId), Kept>,
    wanted: BTreeMap<GatewayId, (Wanted, String)>,
    notes: BTreeMap<u64, (Vec<u8>, Note)>,
    /// The id of the last note.
    last: u64,
    holds: BTreeMap<String, Held>,
    notices: BTreeMap<String, Vec<u8>>,
}

impl Inner {
    fn wanted(&self, gateway: GatewayId) -> (Wanted, Option<String>) {
        let found = self.wanted.get(&gateway);
        found.map_or((Wanted::Serve, None), |(wanted, by)| (*wanted, Some(by.clone())))
    }

    fn seen(&self) -> Vec<Seen> {
        let seen = |((gateway, _), kept): (&(GatewayId, BootId), &Kept)| {
            let (wanted, wanted_by) = self.wanted(*gateway);
            let (seen, entered, left) = (kept.seen, kept.entered, kept.left);
            Seen { beat: kept.beat.clone(), seen, entered, wanted, wanted_by, left }
        };
        self.members.iter().map(seen).collect()
    }

    fn want(
        &mut self,
        gateway: GatewayId,
        wanted: Wanted,
        by: String,
        lifts: bool,
    ) -> Result<Wish, RosterFault> {
        check_name(&by)?;
        let Self { members, wanted: all, .. } = self;
        let known = |gateway| members.keys().any(|(known, _)| *known == gateway);
        if !known(gateway) {
            return Ok(Wish::Unknown);
        }
        if !lifts && all.get(&gateway).is_some_and(|(wanted, _)| *wanted == Wanted::Halt) {
            return Ok(Wish::Halted);
        }
        all.retain(|gateway, (wanted, _)| *wanted != Wanted::Serve || known(*gateway));
        if !all.contains_key(&gateway) {
            room("wishes", all.len(), MAX_MEMBERS)?;
        }
        all.insert(gateway, (wanted, by));
        Ok(Wish::Heard)
    }

    /// Forgets whom nobody is told of, and if there is still no room the one that is lost the longest.
    fn make_room(&mut self, now: Timestamp) -> Result<(), RosterFault> {
        if self.members.len() < MAX_MEMBERS {
            return Ok(());
        }
        let told: BTreeSet<_> = told(self.seen(), now)
            .iter()
            .map(|seen| (seen.beat.member.gateway, seen.beat.member.boot))
            .collect();
        self.members.retain(|who, _| told.contains(who));
        if self.members.len() < MAX_MEMBERS {
            return Ok(());
        }
        let lost = self.seen().into_iter().filter(|seen| seen.over_at() < now);
        let Some(lost) = lost.min_by_key(|seen| seen.seen) else {
            return Err(RosterFault::Full { what: "members", bound: MAX_MEMBERS });
        };
        self.members.remove(&(lost.beat.member.gateway, lost.beat.member.boot));
        Ok(())
    }
}

/// A roster that forgets everything with its process.
pub struct MemoryRoster {
    clock: Arc<dyn Clock>,
    inner: Mutex<Inner>,
}

impl fmt::Debug for MemoryRoster {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "MemoryRoster({} members)", self.inner.lock().members.len())
    }
}

impl MemoryRoster {
    /// An empty roster with this clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, inner: Mutex::default() }
    }
}

fn room(what: &'static str, there: usize, bound: usize) -> Result<(), RosterFault> {
    if there >= bound { Err(RosterFault::Full { what, bound }) } else { Ok(()) }
}

#[async_trait]
impl Roster for MemoryRoster {
    async fn beat(&self, beat: Beat) -> Result<Heard, RosterFault> {
        check_beat(&beat)?;
        let (at, mut inner) = (self.clock.now(), self.inner.lock());
        let who = (beat.member.gateway, beat.member.boot);
        let known = inner.members.get(&who).map(|kept| kept.entered);
        if known.is_none() {
            inner.make_room(at)?;
        }
        let entered = known.unwrap_or(at);
        inner.members.insert(who, Kept { beat, seen: at, entered, left: None });
        let restoring = inner.notices.get(RESTORING).is_some_and(|notice| !notice.is_empty());
        let wanted = if restoring { Wanted::Halt } else { inner.wanted(who.0).0 };
        Ok(Heard { at, wanted })
    }

    async fn list(&self) -> Result<(Timestamp, Vec<Seen>), RosterFault> {
        let now = self.clock.now();
        Ok((now, told(self.inner.lock().seen(), now)))
    }

    async fn want(
        &self,
        gateway: GatewayId,
        wanted: Wanted,
        by: String,
    ) -> Result<bool, RosterFault> {
        Ok(self.inner.lock().want(gateway, wanted, by, true)? == Wish::Heard)
    }

    async fn want_unless_halted(
        &self,
        gateway: GatewayId,
        wanted: Wanted,
        by: String,
    ) -> Result<Wish, RosterFault> {
        self.inner.lock().want(gateway, wanted, by, false)
    }

    async fn leave(&self, gateway: GatewayId, boot: BootId) -> Result<(), RosterFault> {
        let now = self.clock.now();
        if let Some(kept) = self.inner.lock().members.get_mut(&(gateway, boot)) {
            kept.left = Some(now);
        }
        Ok(())
    }

    async fn note(&self, note: Note) -> Result<(), RosterFault> {
        let bytes = note_bytes(&note)?;
        let mut inner = self.inner.lock();
        if inner.notes.values().any(|(known, _)| *known == bytes) {
            return Ok(());
        }
        room("notes", inner.notes.len(), MAX_NOTES)?;
        inner.last += 1;
        let id = inner.last;
        inner.notes.insert(id, (bytes, note));
        Ok(())
    }

    async fn notes(&self, after: u64, most: usize) -> Result<Vec<(u64, Note)>, RosterFault> {
        let inner = self.inner.lock();
        let notes = inner.notes.iter().skip_while(|(id, _)| **id <= after);
        let notes = notes.map(|(id, (_, note))| (*id, note.clone()));
        Ok(notes.take(most.min(MOST_NOTES)).collect())
    }

    async fn noted(&self, ids: &[u64]) -> Result<(), RosterFault> {
        check_noted(ids)?;
        let mut inner = self.inner.lock();
        for id in ids {
            inner.notes.remove(id);
        }
        Ok(())
    }

    async fn hold(
        &self,
        name: &str,
        holder: BootId,
        span: Span,
    ) -> Result<Option<u64>, RosterFault> {
        check_hold(name, span)?;
        let (now, mut inner) = (self.clock.now(), self.inner.lock());
        let until = now + span;
        if let Some(held) = inner.holds.get_mut(name) {
            if now < held.until && held.holder != holder {
                return Ok(None);
            }
            if now >= held.until {
                held.epoch += 1;
            }
            held.holder = holder;
            held.until = until;
            return Ok(Some(held.epoch));
        }
        room("named leases", inner.holds.len(), MAX_HOLDS)?;
        inner.holds.insert(name.to_owned(), Held { holder, epoch: 1, until });
        Ok(Some(1))
    }

    async fn give_back(&self, name: &str, holder: BootId) -> Result<(), RosterFault> {
        let (now, mut inner) = (self.clock.now(), self.inner.lock());
        if let Some(held) = inner.holds.get_mut(name).filter(|held| held.holder == holder) {
            held.until = held.until.min(now);
        }
        Ok(())
    }

    async fn publish(&self, key: &str, value: Vec<u8>) -> Result<(), RosterFault> {
        check_notice(key, &value)?;
        let mut inner = self.inner.lock();
        if !inner.notices.contains_key(key) {
            room("notices", inner.notices.len(), MAX_NOTICES)?;
        }
        inner.notices.insert(key.to_owned(), value);
        Ok(())
    }

    async fn published(&self, key: &str) -> Result<Option<Vec<u8>>, RosterFault> {
        Ok(self.inner.lock().notices.get(key).cloned())
    }
}
