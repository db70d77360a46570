//! [`Crowd`]: a fleet of several processes that a test moves by hand: who is there, who is lost, what is noted.

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use writ_desk::{Fleet, GatewayStatus, MemberStatus, Members, Report};
use writ_model::{BootId, GatewayId, Span, Timestamp};
use writ_store::{Note, RosterFault, Standing, Wanted, Wish, roster::Role};

use super::World;

#[derive(Debug, Default)]
pub(crate) struct Crowd {
    pub(crate) members: Mutex<Vec<MemberStatus>>,
    pub(crate) notes: Mutex<Vec<(u64, Note)>>,
    /// How far the roster's clock is ahead of the desk's.
    pub(crate) ahead: Mutex<Span>,
    /// While it is set the roster does not answer.
    pub(crate) gone: Mutex<bool>,
}

pub(crate) fn gateway(n: u8) -> GatewayId {
    GatewayId::from_bytes([n; 16])
}

pub(crate) fn boot(n: u8) -> BootId {
    BootId::from_bytes([n; 16])
}

/// A gateway that began long ago, and is heard now.
pub(crate) fn member(n: u8, now: Timestamp) -> MemberStatus {
    MemberStatus {
        gateway: gateway(n),
        boot: boot(n),
        roles: vec![Role::Gateway],
        url: format!("https://gw{n}.example"),
        version: "test".to_owned(),
        reads: writ_authority::fact::NEWEST,
        started_at: Timestamp::from_micros(0),
        entered: Timestamp::from_micros(0),
        seen: now,
        staleness: Span::seconds(5),
        left: None,
        standing: Standing::Full,
        applied: Some(now),
        wanted: Wanted::Serve,
        wanted_by: None,
        report: Report::default(),
    }
}

impl Crowd {
    /// These gateways, in place of what the desk had.
    pub(crate) fn of(world: &World, numbers: &[u8]) -> Arc<Self> {
        let now = world.desk.now();
        let crowd = Arc::new(Self::default());
        *crowd.members.lock() = numbers.iter().map(|n| member(*n, now)).collect();
        world.desk.set_fleet(crowd.clone());
        crowd
    }

    /// Changes one of them.
    pub(crate) fn with(&self, n: u8, change: impl FnOnce(&mut MemberStatus)) {
        let mut members = self.members.lock();
        change(members.iter_mut().find(|one| one.gateway == gateway(n)).unwrap());
    }

    pub(crate) fn note(&self, note: Note) {
        let mut notes = self.notes.lock();
        let id = notes.last().map_or(1, |(id, _)| id + 1);
        notes.push((id, note));
    }

    fn answers(&self) -> Result<(), RosterFault> {
        let why = "unplugged".to_owned();
        if *self.gone.lock() { Err(RosterFault::Faulted { why }) } else { Ok(()) }
    }
}

#[async_trait]
impl Fleet for Crowd {
    fn gateways(&self) -> Vec<GatewayStatus> {
        Vec::new()
    }

    async fn members(&self, at: Timestamp) -> Result<Members, RosterFault> {
        self.answers()?;
        Ok(Members { at: at + *self.ahead.lock(), all: self.members.lock().clone() })
    }

    async fn want(&self, id: GatewayId, wanted: Wanted, by: String) -> Result<bool, RosterFault> {
        self.answers()?;
        let mut members = self.members.lock();
        let known = members.iter_mut().find(|one| one.gateway == id);
        Ok(known.map(|one| (one.wanted, one.wanted_by) = (wanted, Some(by))).is_some())
    }

    async fn want_unless_halted(
        &self,
        id: GatewayId,
        wanted: Wanted,
        by: String,
    ) -> Result<Wish, RosterFault> {
        if self.members.lock().iter().any(|one| one.gateway == id && one.wanted == Wanted::Halt) {
            return Ok(Wish::Halted);
        }
        Ok(if self.want(id, wanted, by).await? { Wish::Heard } else { Wish::Unknown })
    }

    async fn notes(&self, after: u64, most: usize) -> Result<Vec<(u64, Note)>, RosterFault> {
        self.answers()?;
        let notes = self.notes.lock();
        Ok(notes.iter().filter(|(id, _)| *id > after).take(most).cloned().collect())
    }

    async fn noted(&self, ids: &[u64]) -> Result<(), RosterFault> {
        self.answers()?;
        self.notes.lock().retain(|(id, _)| !ids.contains(id));
        Ok(())
    }
}
