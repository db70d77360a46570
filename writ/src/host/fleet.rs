//! [`RosterFleet`] and [`LocalFleet`]: the processes as the desk sees them: those of the roster, or the one gateway of this
//! process.
//!
//! Never here: a command to a gateway; it hears from the roster what is wanted of it. To show one more number: `measured.rs`.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use parking_lot::RwLock;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use writ_authority::fact::NEWEST;
use writ_desk::{BackupStatus, Fleet, GatewayStatus, MemberStatus, Members, ServerStatus};
use writ_gateway::Running;
use writ_model::{BootId, GatewayId, Timestamp};
use writ_store::{Note, Roster, RosterFault, Seen, Wanted, Wish, lease, roster::Role};

use super::{
    brake::{Brake, Mode},
    halted::{Order, Ordered},
    measured,
};
use crate::{
    backup::memory::Memory,
    config::{Config, Place},
    fault::Fault,
};

/// How often the desk looks at the roster by itself.
const LOOK: Duration = Duration::from_millis(500);

/// The servers of the operator's file, as pages show them.
pub fn servers(config: &Config) -> Vec<ServerStatus> {
    let kind = |place: &Place| match place {
        Place::Url(_) => "http",
        Place::Command { .. } => "command",
        Place::Wrapped => "wrapped",
    };
    config
        .servers
        .iter()
        .map(|server| ServerStatus {
            name: server.name.clone(),
            kind: kind(&server.place).to_owned(),
            client: server.client.clone(),
            answers: None,
        })
        .collect()
}

/// What a gateway does when this is wanted of it.
pub const fn mode(wanted: Wanted) -> Mode {
    match wanted {
        Wanted::Serve => Mode::Serving,
        Wanted::Drain => Mode::Draining,
        Wanted::Halt => Mode::Halted,
    }
}

/// What is wanted of a gateway that does this.
const fn wanted(mode: Mode) -> Wanted {
    match mode {
        Mode::Serving => Wanted::Serve,
        Mode::Draining => Wanted::Drain,
        Mode::Halted => Wanted::Halt,
    }
}

/// The processes that the roster knows.
#[derive(Debug)]
pub struct RosterFleet {
    roster: Arc<dyn Roster>,
    /// The address of all gateways behind one name.
    base: Option<String>,
    last: RwLock<Option<Members>>,
    /// Where backups are remembered.
    folder: Option<PathBuf>,
}

impl RosterFleet {
    /// The processes of this roster.
    pub fn new(roster: Arc<dyn Roster>, base: Option<String>) -> Self {
        Self { roster, base, last: RwLock::default(), folder: None }
    }

    /// With the data folder that remembers what was backed up from it.
    #[must_use]
    pub fn backed_up(self, folder: PathBuf) -> Self {
        Self { folder: Some(folder), ..self }
    }

    /// Looks at the roster until told to stop, so that what is asked without waiting is not old.
    pub async fn look(self: Arc<Self>, stop: CancellationToken) {
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _at = ticks.tick() => {}
            }
            if let Err(fault) = self.list().await {
                tracing::warn!(event = "roster.unread", %fault, "the processes are shown as they were");
            }
        }
    }

    async fn list(&self) -> Result<Members, RosterFault> {
        let (at, seen) = self.roster.list().await?;
        let members = Members { at, all: seen.into_iter().map(member).collect() };
        *self.last.write() = Some(members.clone());
        Ok(members)
    }
}

fn member(seen: Seen) -> MemberStatus {
    let (beat, member) = (seen.beat.clone(), seen.beat.member);
    MemberStatus {
        gateway: member.gateway,
        boot: member.boot,
        roles: member.roles,
        url: member.url,
        version: member.version,
        reads: member.reads,
        started_at: member.started_at,
        entered: seen.entered,
        seen: seen.seen,
        staleness: member.staleness,
        left: seen.left,
        standing: beat.standing,
        applied: beat.applied,
        wanted: seen.wanted,
        wanted_by: seen.wanted_by,
        report: serde_json::from_slice(&beat.report).unwrap_or_default(),
    }
}

fn status(member: &MemberStatus) -> GatewayStatus {
    let mut counters = member.report.counters.clone();
    let refused = &member.report.refusals;
    counters.extend(refused.iter().map(|(code, count)| (format!("refused {code}"), *count)));
    GatewayStatus {
        gateway: member.gateway,
        boot: member.boot,
        started_at: member.started_at,
        url: member.url.clone(),
        following: member.standing == writ_store::Standing::Full,
        servers: member.report.servers.clone(),
        counters,
    }
}

#[async_trait]
impl Fleet for RosterFleet {
    fn gateways(&self) -> Vec<GatewayStatus> {
        let last = self.last.read();
        let Some(members) = last.as_ref() else { return Vec::new() };
        let live = |one: &&MemberStatus| one.serves() && one.alive(members.at);
        members.all.iter().filter(live).map(status).collect()
    }

    fn base(&self) -> Option<String> {
        self.bases().into_iter().next()
    }

    fn bases(&self) -> Vec<String> {
        match &self.base {
            Some(base) => vec![base.clone()],
            None => self.gateways().into_iter().map(|gateway| gateway.url).collect(),
        }
    }

    async fn members(&self, _now: Timestamp) -> Result<Members, RosterFault> {
        self.list().await
    }

    async fn want(
        &self,
        gateway: GatewayId,
        wanted: Wanted,
        by: String,
    ) -> Result<bool, RosterFault> {
        self.roster.want(gateway, wanted, by).await
    }

    async fn want_unless_halted(
        &self,
        gateway: GatewayId,
        wanted: Wanted,
        by: String,
    ) -> Result<Wish, RosterFault> {
        self.roster.want_unless_halted(gateway, wanted, by).await
    }

    fn backup(&self) -> Option<BackupStatus> {
        last_backup(self.folder.as_deref()?)
    }

    async fn notes(&self, after: u64, most: usize) -> Result<Vec<(u64, Note)>, RosterFault> {
        self.roster.notes(after, most).await
    }

    async fn noted(&self, ids: &[u64]) -> Result<(), RosterFault> {
        self.roster.noted(ids).await
    }
}

/// The one gateway of this process.
#[derive(Debug)]
pub struct LocalFleet {
    gateway: Arc<Running>,
    ids: (GatewayId, BootId),
    started_at: Timestamp,
    brake: Arc<Brake>,
    parts: Arc<measured::Parts>,
    /// Where backups are remembered.
    folder: Option<PathBuf>,
}

impl LocalFleet {
    /// A fleet of one.
    pub fn new(
        gateway: Arc<Running>,
        ids: (GatewayId, BootId),
        started_at: Timestamp,
        brake: Arc<Brake>,
        parts: Arc<measured::Parts>,
    ) -> Self {
        Self { gateway, ids, started_at, brake, parts, folder: None }
    }

    /// With the data folder that remembers what was backed up from it.
    #[must_use]
    pub fn backed_up(self, folder: PathBuf) -> Self {
        Self { folder: Some(folder), ..self }
    }

    fn member(&self, now: Timestamp) -> MemberStatus {
        let (gateway, boot) = self.ids;
        MemberStatus {
            gateway,
            boot,
            roles: vec![Role::Gateway, Role::Soc, Role::Desk],
            url: self.gateway.base().to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            reads: NEWEST,
            started_at: self.started_at,
            entered: self.started_at,
            seen: now,
            staleness: lease::STALENESS_MAX,
            left: None,
            standing: self.gateway.standing(),
            applied: Some(now),
            wanted: wanted(self.brake.shown().wanted),
            wanted_by: None,
            report: self.parts.report(),
        }
    }
}

#[async_trait]
impl Fleet for LocalFleet {
    fn gateways(&self) -> Vec<GatewayStatus> {
        vec![status(&self.member(self.started_at))]
    }

    async fn members(&self, now: Timestamp) -> Result<Members, RosterFault> {
        Ok(Members { at: now, all: vec![self.member(now)] })
    }

    async fn want(
        &self,
        gateway: GatewayId,
        wanted: Wanted,
        _by: String,
    ) -> Result<bool, RosterFault> {
        if gateway != self.ids.0 {
            return Ok(false);
        }
        let kept = self.brake.keep_wanted(mode(wanted));
        kept.map(|()| true).map_err(|fault| RosterFault::Faulted { why: fault.to_string() })
    }

    async fn want_unless_halted(
        &self,
        gateway: GatewayId,
        wanted: Wanted,
        _by: String,
    ) -> Result<Wish, RosterFault> {
        if gateway != self.ids.0 {
            return Ok(Wish::Unknown);
        }
        let kept = self.brake.keep_unless_halted(mode(wanted));
        let kept = kept.map_err(|fault| RosterFault::Faulted { why: fault.to_string() })?;
        Ok(if kept { Wish::Heard } else { Wish::Halted })
    }

    fn backup(&self) -> Option<BackupStatus> {
        last_backup(self.folder.as_deref()?)
    }

    async fn notes(&self, after: u64, most: usize) -> Result<Vec<(u64, Note)>, RosterFault> {
        let orders = self.brake.unsaid().into_iter().filter(|order| number(order) > after);
        Ok(orders.take(most).map(|order| (number(&order), note(self.ids.0, order))).collect())
    }

    async fn noted(&self, ids: &[u64]) -> Result<(), RosterFault> {
        let fault = |fault: Fault| RosterFault::Faulted { why: fault.to_string() };
        let said = |order: &Order| ids.contains(&number(order));
        self.brake
            .unsaid()
            .iter()
            .filter(|order| said(order))
            .try_for_each(|order| self.brake.said(order).map_err(fault))
    }
}

/// The last backup that this data folder remembers.
fn last_backup(folder: &Path) -> Option<BackupStatus> {
    let memory = Memory::open(folder).unwrap_or_else(|fault| {
        tracing::warn!(event = "backup.unknown", error = %fault, "no page shows the last backup");
        Memory::default()
    });
    let last = memory.newest()?;
    Some(BackupStatus { at: last.at, lines: last.lines, to: last.dir.clone() })
}

/// An order's number among those that wait: its instant.
fn number(order: &Order) -> u64 {
    order.at.micros().unsigned_abs()
}

/// An order of a gateway's own machine, for the ledger's writers.
pub fn note(gateway: GatewayId, order: Order) -> Note {
    let Order { what, boot, at, by, reason } = order;
    let by = Some(by);
    match what {
        Ordered::Halt => Note::Halted { gateway, boot, at, by, reason },
        Ordered::Serve => Note::Resumed { gateway, boot, at, by, reason },
    }
}

#[cfg(test)]
mod tests {
    use writ_model::Digest;
    use writ_testkit::TempDir;

    use super::*;
    use crate::backup::memory::Last;

    #[test]
    fn the_last_backup_is_the_newest_that_the_folder_remembers() {
        let folder = TempDir::new().unwrap();
        assert_eq!(last_backup(folder.path()), None);
        let mut memory = Memory::default();
        for (n, dir) in [(2, "/new"), (1, "/old")] {
            let at = Timestamp::from_micros(n);
            let last =
                Last { generation: 1, manifest: Digest::default(), at, lines: 7, dir: dir.into() };
            memory.keep(folder.path(), dir, last).unwrap();
        }
        let (at, to) = (Timestamp::from_micros(2), "/new".to_owned());
        assert_eq!(last_backup(folder.path()), Some(BackupStatus { at, lines: 7, to }));
    }
}
