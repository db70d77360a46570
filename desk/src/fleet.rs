//! [`Fleet`]: what the desk has to know of the other processes, as a trait that the wiring implements: the desk and the
//! gateway stand on the same floor and never call each other.
//!
//! Never here: a command to a gateway. Gateways follow the ledger, and hear from the roster what a person wants of them.
//! To show one more number of a process: a field of [`Report`], filled where the process beats.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use writ_authority::fact::{How, NEWEST};
use writ_model::{BootId, GatewayId, Span, Timestamp};
use writ_store::{Note, RosterFault, Standing, Wanted, Wish, lease, roster::Role};

/// A tool server behind a gateway, from the operator's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerStatus {
    /// Its name in the operator's file.
    pub name: String,
    /// `http` or `stdio`.
    pub kind: String,
    /// The client it is for, by short name; none for every client.
    pub client: Option<String>,
    /// How it answers one gateway, if that has called it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<ServerAnswers>,
}

/// How a server answers a gateway, since that began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerAnswers {
    /// Revisions of MCP that it was heard to speak; empty if nobody asked yet.
    pub revisions: Vec<String>,
    /// Messages that it answered.
    pub answered: u64,
    /// Messages that it did not answer, or not as it must.
    pub failed: u64,
    /// Microseconds until the head of an answer, within which half of them came; none beyond ten seconds.
    pub half_within_us: Option<u64>,
    /// The same for 99 of a hundred.
    pub most_within_us: Option<u64>,
    /// When it last answered.
    pub answered_at: Option<Timestamp>,
    /// When it last failed.
    pub failed_at: Option<Timestamp>,
    /// The code of that.
    pub failure: Option<String>,
}

/// One gateway as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GatewayStatus {
    /// Which.
    pub gateway: GatewayId,
    /// In which run.
    pub boot: BootId,
    /// Since when.
    pub started_at: Timestamp,
    /// Its base address as clients see it, for example `http://127.0.0.1:7421`.
    pub url: String,
    /// Whether it follows the ledger now.
    pub following: bool,
    /// Servers behind it.
    pub servers: Vec<ServerStatus>,
    /// Its counters by name: calls, refusals by code, streams.
    pub counters: BTreeMap<String, u64>,
}

/// Something that waits in a process: how much, for how long, and how much fits.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct QueueStatus {
    /// `outbox`, `held`, `lake`, `bus`, `spool`, `notes`.
    pub name: String,
    /// How many wait.
    pub waiting: u64,
    /// How many will not be tried again.
    pub given_up: u64,
    /// Since when the oldest waits.
    pub oldest: Option<Timestamp>,
    /// How many fit.
    pub limit: Option<u64>,
}

/// A named lease that a process holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HeldLease {
    /// `soc` or `desk`.
    pub name: String,
    /// Its epoch: higher with each new holder.
    pub epoch: u64,
    /// Since when this process holds it.
    pub since: Timestamp,
}

/// What a process says of itself with each beat, for pages: the report of a [`writ_store::Beat`], as JSON. Processes of
/// two releases read each other's; what one does not know is left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// Requests and calls by outcome.
    pub counters: BTreeMap<String, u64>,
    /// Refusals by code.
    pub refusals: BTreeMap<String, u64>,
    /// What was dropped or delayed, by what it was.
    pub drops: BTreeMap<String, u64>,
    /// Streams open now.
    pub streams: u64,
    /// What waits here.
    pub queues: Vec<QueueStatus>,
    /// Named leases that this process holds.
    pub leases: Vec<HeldLease>,
    /// Servers behind it, if it is a gateway.
    pub servers: Vec<ServerStatus>,
    /// What it says of its stores, by their name, in words: `ledger`, `bus`, `lake`, `meter`.
    pub stores: BTreeMap<String, String>,
}

/// One run of one process, as the roster has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberStatus {
    /// Which process, over all its runs.
    pub gateway: GatewayId,
    /// Which run.
    pub boot: BootId,
    /// What it does.
    pub roles: Vec<Role>,
    /// Where it is reached; empty if it serves nobody.
    pub url: String,
    /// Of which release.
    pub version: String,
    /// The newest format of facts that it reads.
    pub reads: u32,
    /// When it began, by its own clock: for pages.
    pub started_at: Timestamp,
    /// The roster's time of its first beat, which came before everything that it served.
    pub entered: Timestamp,
    /// The roster's time of its last beat.
    pub seen: Timestamp,
    /// After how long without the ledger it refuses everything.
    pub staleness: Span,
    /// The roster's time at which it said that it ends, if it did.
    pub left: Option<Timestamp>,
    /// What its lease let it do at its last beat.
    pub standing: Standing,
    /// Everything in the ledger before this instant of the roster is applied there.
    pub applied: Option<Timestamp>,
    /// What is wanted of it.
    pub wanted: Wanted,
    /// Who wants it.
    pub wanted_by: Option<String>,
    /// What it says of itself.
    pub report: Report,
}

impl MemberStatus {
    /// From when on, by the roster's time, its lease is surely over if it beats no more.
    pub fn over_at(&self) -> Timestamp {
        lease::over_at(self.seen, self.staleness)
    }

    /// Whether it may still do something at an instant of the roster.
    pub fn alive(&self, now: Timestamp) -> bool {
        self.left.is_none() && now < self.over_at()
    }

    /// Whether an ending has to reach it: a gateway that entered before its line was known to stand, and that was not gone
    /// when it was ended. One that entered later read the line before it served. All at the roster's time: `stood` is not
    /// before `ended`.
    pub fn is_target(&self, ended: Timestamp, stood: Timestamp) -> bool {
        let gone = self.left.is_some_and(|left| left <= ended) || self.over_at() <= ended;
        self.serves() && self.entered <= stood && !gone
    }

    /// How and since when, at the roster's time, a line that was known to stand in the ledger at an instant is obeyed there
    /// for certain, though the gateway never said so itself: it left; or it has read the line and had the time to cut
    /// ([`lease::LETTING_GO`]); or every lease that does not know the line is over. None if none of it is certain yet.
    ///
    /// SECURITY: strictly later, for in one instant nobody can say which was first; and a beat that came without a poll
    /// puts nothing off. The model of receipts in `store` shows both.
    pub fn obeys(&self, stood: Timestamp, now: Timestamp) -> Option<(How, Timestamp)> {
        if let Some(left) = self.left {
            return Some((How::LeaseExpired, left)).filter(|_| left <= now);
        }
        if let Some(read) = self.applied.filter(|read| *read > stood + lease::LETTING_GO) {
            return Some((How::Confirmed, read));
        }
        let over = lease::over_at(self.seen.min(stood), self.staleness);
        Some((How::LeaseExpired, over)).filter(|_| over <= now)
    }

    /// Whether it is a gateway.
    pub fn serves(&self) -> bool {
        self.roles.contains(&Role::Gateway)
    }
}

/// The members as they were at one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Members {
    /// The roster's time.
    pub at: Timestamp,
    /// All of them, those that left or were lost lately included.
    pub all: Vec<MemberStatus>,
}

impl Members {
    /// An instant of this process's clock at the roster's time. `asked` is this process's time before it asked for these
    /// members, so that the instant is rather too late than too early.
    pub fn instant(&self, then: Timestamp, asked: Timestamp) -> Timestamp {
        self.at + (then - asked)
    }
}

/// The last backup, as far as this process knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupStatus {
    /// When it was made.
    pub at: Timestamp,
    /// Ledger lines in it, over all clients.
    pub lines: u64,
    /// Where it is, in words.
    pub to: String,
}

/// The processes of this installation.
#[async_trait]
pub trait Fleet: Send + Sync + std::fmt::Debug {
    /// Every gateway that must confirm an ended agent, as of the last look at the roster.
    fn gateways(&self) -> Vec<GatewayStatus>;

    /// The base address that tokens are for, if there is a gateway.
    fn base(&self) -> Option<String> {
        self.gateways().into_iter().next().map(|gateway| gateway.url)
    }

    /// Every base address that tokens may be for: one where all gateways stand behind one name.
    fn bases(&self) -> Vec<String> {
        self.gateways().into_iter().map(|gateway| gateway.url).collect()
    }

    /// Every process of the roster, asked now. Of one process with one gateway: that one.
    ///
    /// # Errors
    /// If the roster does not answer.
    async fn members(&self, now: Timestamp) -> Result<Members, RosterFault> {
        let all = self.gateways().into_iter().map(|one| alone(one, now)).collect();
        Ok(Members { at: now, all })
    }

    /// Says what is wanted of a gateway, and by whom. False if there is none that could be told.
    ///
    /// # Errors
    /// If the roster does not answer.
    async fn want(&self, _: GatewayId, _: Wanted, _by: String) -> Result<bool, RosterFault> {
        Ok(false)
    }

    /// The same, unless a halt is wanted of it: then nothing changes.
    ///
    /// # Errors
    /// If the roster does not answer.
    async fn want_unless_halted(
        &self,
        _: GatewayId,
        _: Wanted,
        _by: String,
    ) -> Result<Wish, RosterFault> {
        Ok(Wish::Unknown)
    }

    /// Notes from other processes that belong in ledgers, those with a number above `after`, the oldest first; fewer than
    /// `most` if there are no more. Of one process: none, it writes by itself.
    ///
    /// # Errors
    /// If the roster does not answer.
    async fn notes(&self, _after: u64, _most: usize) -> Result<Vec<(u64, Note)>, RosterFault> {
        Ok(Vec::new())
    }

    /// Forgets notes that were written down.
    ///
    /// # Errors
    /// If the roster does not answer.
    async fn noted(&self, _ids: &[u64]) -> Result<(), RosterFault> {
        Ok(())
    }

    /// The last backup, if there was one.
    fn backup(&self) -> Option<BackupStatus> {
        None
    }
}

/// A gateway in the desk's own process, as a member: it reads what this build reads, and is never behind.
fn alone(one: GatewayStatus, now: Timestamp) -> MemberStatus {
    MemberStatus {
        gateway: one.gateway,
        boot: one.boot,
        roles: vec![Role::Gateway, Role::Soc, Role::Desk],
        url: one.url,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        reads: NEWEST,
        started_at: one.started_at,
        entered: one.started_at,
        seen: now,
        staleness: lease::STALENESS_MAX,
        left: None,
        standing: if one.following { Standing::Full } else { Standing::Nothing },
        applied: Some(now),
        wanted: Wanted::Serve,
        wanted_by: None,
        report: Report { counters: one.counters, servers: one.servers, ..Report::default() },
    }
}

/// No gateway: a stopped store that the command line opened.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFleet;

#[async_trait]
impl Fleet for NoFleet {
    fn gateways(&self) -> Vec<GatewayStatus> {
        Vec::new()
    }
}
