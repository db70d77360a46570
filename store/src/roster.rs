//! The roster's port: which processes live, what a person wants of them, named leases, notes to the ledger's writers, and
//! small public notices.
//!
//! Nothing here has authority: a roster that lies or is lost can make a process refuse, never permit. The ledger's expected
//! head is the fence; a named lease only says whose turn it is.
//! Never here: a fact's meaning (a note's body is bytes), a secret, what a tenant's agents do.
//! To add a method: here with its bound, in each adapter, and in the contract suite (`roster/contract.rs`).

use std::{collections::BTreeMap, fmt};

use async_trait::async_trait;
use serde::{Deserialize, Deserializer, Serialize};
use writ_model::{BootId, Code, GatewayId, Span, TenantId, Timestamp};

use crate::lease::{Standing, over_at};

/// LIMIT: processes in a roster: ten times the largest installation this is built for.
pub const MAX_MEMBERS: usize = 1_024;
/// LIMIT: bytes of a beat's report: a page's worth of counters.
pub const MAX_REPORT: usize = 32 << 10;
/// LIMIT: bytes of a name: a lease's, a notice's, a version, who wanted something.
pub const MAX_NAME: usize = 128;
/// LIMIT: bytes of a member's address.
pub const MAX_URL: usize = 1_024;
/// LIMIT: roles a process may say it has: each one once.
pub const MAX_ROLES: usize = 3;
/// LIMIT: notes that wait: the confirmations of a hundred gateways for six hundred endings. More are refused; who notes
/// keeps them and tries again.
pub const MAX_NOTES: usize = 65_536;
/// LIMIT: notes one call gives.
pub const MOST_NOTES: usize = 1_024;
/// LIMIT: bytes of one note.
pub const MAX_NOTE: usize = 16 << 10;
/// LIMIT: public notices, each under a name of its own.
pub const MAX_NOTICES: usize = 64;
/// LIMIT: bytes of a public notice: a key set.
pub const MAX_NOTICE: usize = 64 << 10;
/// LIMIT: named leases.
pub const MAX_HOLDS: usize = 64;
/// The notice that says, as long as it has a word in it, that the ledgers behind this roster are being filled from a backup:
/// agents live in them that were ended, so every beat hears [`Wanted::Halt`].
pub const RESTORING: &str = "restoring";
/// The longest span of a named lease: a holder that dies must not keep others out for long.
pub const LONGEST_HOLD: Span = Span::minutes(10);
/// How long a member that left or was lost is still told of.
pub const FORGET: Span = Span::hours(24);
/// How long an earlier run of a process is still told of: long enough for every receipt that names it.
pub const FORGET_RUN: Span = Span::minutes(10);

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It decides and forwards calls.
    Gateway,
    /// It watches, seals and sweeps.
    Soc,
    /// It serves people and the API.
    Desk,
}

impl Role {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Soc => "soc",
            Self::Desk => "desk",
        }
    }
}

/// One run of one process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Which process, over all its runs.
    pub gateway: GatewayId,
    /// Which run.
    pub boot: BootId,
    /// What it does. Roles that only a newer release knows are left out on reading.
    #[serde(deserialize_with = "known_roles")]
    pub roles: Vec<Role>,
    /// Where it is reached; empty if it serves nobody.
    pub url: String,
    /// Of which release.
    pub version: String,
    /// The newest format of facts that it reads.
    pub reads: u32,
    /// When it began, by its own clock.
    pub started_at: Timestamp,
    /// After how long without the ledger it refuses everything.
    pub staleness: Span,
}

fn known_roles<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<Role>, D::Error> {
    let words = Vec::<String>::deserialize(input)?;
    let all = [Role::Gateway, Role::Soc, Role::Desk];
    Ok(words.iter().filter_map(|word| all.into_iter().find(|role| role.word() == word)).collect())
}

/// What a process says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    /// Who.
    pub member: Member,
    /// The roster's time before which everything in the ledger is applied: the last wholly applied poll began then.
    pub applied: Option<Timestamp>,
    /// What its lease lets it do, at the time of the beat.
    pub standing: Standing,
    /// JSON for pages, at most [`MAX_REPORT`] bytes.
    pub report: Vec<u8>,
}

/// What a person wants of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// It serves.
    #[default]
    Serve,
    /// It takes nothing new and lets what is open end.
    Drain,
    /// It refuses everything and cuts what is open.
    Halt,
}

impl Wanted {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Serve => "serve",
            Self::Drain => "drain",
            Self::Halt => "halt",
        }
    }
}

/// What became of a wish that lifts no halt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// It is wanted now.
    Heard,
    /// The roster does not know the gateway; nothing changed.
    Unknown,
    /// A halt is wanted of it; nothing changed.
    Halted,
}

/// The answer to a beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// The roster's time when it took the beat.
    pub at: Timestamp,
    /// What is wanted of the process.
    pub wanted: Wanted,
}

/// A member as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "`seen.seen` is when it was seen")]
pub struct Seen {
    /// Its last beat.
    pub beat: Beat,
    /// The roster's time of that beat.
    pub seen: Timestamp,
    /// The roster's time of its first beat, which came before everything that it served.
    pub entered: Timestamp,
    /// What is wanted of it.
    pub wanted: Wanted,
    /// Who wants it.
    pub wanted_by: Option<String>,
    /// The roster's time at which it said that it ends, if it did.
    pub left: Option<Timestamp>,
}

impl Seen {
    /// From when on, by the roster's time, its lease is surely over if it beats no more.
    pub fn over_at(&self) -> Timestamp {
        over_at(self.seen, self.beat.member.staleness)
    }
}

/// Those of whom is still told.
pub(crate) fn told(all: Vec<Seen>, now: Timestamp) -> Vec<Seen> {
    let mut newest = BTreeMap::new();
    for seen in &all {
        let at = newest.entry(seen.beat.member.gateway).or_insert(seen.seen);
        *at = seen.seen.max(*at);
    }
    let kept = |seen: &Seen| {
        let newer = newest.get(&seen.beat.member.gateway).is_some_and(|at| *at > seen.seen);
        now - seen.seen < if newer { FORGET_RUN } else { FORGET }
    };
    all.into_iter().filter(kept).collect()
}

/// Something that belongs in a ledger, from a process that does not write there. It may come twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// A gateway has seen an ending through: the confirmation as JSON, for this tenant's ledger.
    Confirmed(TenantId, Vec<u8>),
    /// A gateway was halted on its own machine.
    Halted {
        /// Which.
        gateway: GatewayId,
        /// Which run of it.
        boot: BootId,
        /// When, by its own clock.
        at: Timestamp,
        /// By whom, if the machine knows.
        by: Option<String>,
        /// Why.
        reason: String,
    },
    /// A gateway that was halted on its own machine serves again.
    Resumed {
        /// Which.
        gateway: GatewayId,
        /// Which run of it.
        boot: BootId,
        /// When, by its own clock.
        at: Timestamp,
        /// By whom, if the machine knows.
        by: Option<String>,
        /// Why.
        reason: String,
    },
}

/// Why the roster does not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RosterFault {
    /// The store failed, or does not answer.
    #[error("the roster could not be read or written: {why}")]
    Faulted {
        /// In the store's words.
        why: String,
    },
    /// Over a bound. Nothing was written.
    #[error("{what}: {got}, and the bound is {bound}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// How large.
        got: usize,
        /// The bound.
        bound: usize,
    },
    /// There is no room. Nothing was written; what is there must be read or end first.
    #[error("the roster has {bound} {what} already")]
    Full {
        /// What there are too many of.
        what: &'static str,
        /// The bound.
        bound: usize,
    },
}

impl RosterFault {
    /// Its stable code.
    pub fn code(&self) -> Code {
        Code(match self {
            Self::Faulted { .. } => "STOR-0040",
            Self::TooLarge { .. } => "STOR-0041",
            Self::Full { .. } => "STOR-0042",
        })
    }
}

/// Who lives. Each adapter passes one contract suite, and no caller may ask which one it has.
#[async_trait]
pub trait Roster: Send + Sync + fmt::Debug {
    /// Says that a process lives. Its first beat is durable when this returns; a later one may be lost with the last instants
    /// before a crash of the store ([`crate::lease::MARGIN`]). A beat after [`Roster::leave`] takes that back. While the
    /// notice [`RESTORING`] is there and not empty, each one hears [`Wanted::Halt`].
    ///
    /// # Errors
    /// If it is over a bound, the roster is full of living members, or the store fails.
    async fn beat(&self, beat: Beat) -> Result<Heard, RosterFault>;

    /// The roster's time, and its members by gateway and run, at most [`MAX_MEMBERS`]. One that left or was lost more than
    /// [`FORGET`] ago is left out, and so is an earlier run of a gateway after [`FORGET_RUN`].
    ///
    /// # Errors
    /// If the store fails.
    async fn list(&self) -> Result<(Timestamp, Vec<Seen>), RosterFault>;

    /// Says what is wanted of a gateway and by whom, until somebody wants something else: it holds over its restarts. False if
    /// the roster does not know it; nothing changed then.
    ///
    /// # Errors
    /// If the name is over its bound or the store fails.
    async fn want(
        &self,
        gateway: GatewayId,
        wanted: Wanted,
        by: String,
    ) -> Result<bool, RosterFault>;

    /// The same, unless [`Wanted::Halt`] is wanted of it: then nothing changes. Only who may lift a halt calls
    /// [`Roster::want`] with less than one.
    ///
    /// # Errors
    /// As [`Roster::want`].
    async fn want_unless_halted(
        &self,
        gateway: GatewayId,
        wanted: Wanted,
        by: String,
    ) -> Result<Wish, RosterFault>;

    /// Says that a run ends: what it had open is closed, and it decides nothing more.
    ///
    /// # Errors
    /// If the store fails.
    async fn leave(&self, gateway: GatewayId, boot: BootId) -> Result<(), RosterFault>;

    /// Keeps a note until it was written down. Durable when this returns. The same note again while it waits is one note.
    ///
    /// # Errors
    /// If it is over a bound, [`MAX_NOTES`] wait, or the store fails.
    async fn note(&self, note: Note) -> Result<(), RosterFault>;

    /// Notes that wait and whose number is above `after`, the oldest first, at most `most` and [`MOST_NOTES`]; fewer if there
    /// are no more. One that only a newer release reads is passed over, and waits.
    ///
    /// # Errors
    /// If the store fails.
    async fn notes(&self, after: u64, most: usize) -> Result<Vec<(u64, Note)>, RosterFault>;

    /// Forgets notes that were written down; at most [`MOST_NOTES`] in one call. Unknown ones are none.
    ///
    /// # Errors
    /// If there are too many or the store fails.
    async fn noted(&self, ids: &[u64]) -> Result<(), RosterFault>;

    /// Takes or keeps a named lease for a span from now, by the roster's clock. Gives its epoch, or none if it is somebody
    /// else's. Each new taking has a higher epoch than any before it; keeping it while it lasts keeps the epoch. The holder
    /// must count the span from *before* it asked, by its monotonic clock.
    ///
    /// # Errors
    /// If something is over a bound or the store fails; a holder then has what it had.
    async fn hold(
        &self,
        name: &str,
        holder: BootId,
        span: Span,
    ) -> Result<Option<u64>, RosterFault>;

    /// Gives a named lease back at once, if this is its holder.
    ///
    /// # Errors
    /// If the store fails; it then ends by itself.
    async fn give_back(&self, name: &str, holder: BootId) -> Result<(), RosterFault>;

    /// Publishes a small notice instead of the earlier one of that name. SECURITY: everyone with the roster's rights can
    /// read and replace it, so it must be worth nothing if forged, or be checked by its reader.
    ///
    /// # Errors
    /// If something is over a bound or the store fails.
    async fn publish(&self, key: &str, value: Vec<u8>) -> Result<(), RosterFault>;

    /// The notice of that name.
    ///
    /// # Errors
    /// If the store fails.
    async fn published(&self, key: &str) -> Result<Option<Vec<u8>>, RosterFault>;
}

fn bound(what: &'static str, got: usize, bound: usize) -> Result<(), RosterFault> {
    if got > bound { Err(RosterFault::TooLarge { what, got, bound }) } else { Ok(()) }
}

/// Refuses a beat that no adapter takes.
pub(crate) fn check_beat(beat: &Beat) -> Result<(), RosterFault> {
    bound("roles of a process", beat.member.roles.len(), MAX_ROLES)?;
    bound("bytes of an address", beat.member.url.len(), MAX_URL)?;
    bound("bytes of a version", beat.member.version.len(), MAX_NAME)?;
    bound("bytes of a report", beat.report.len(), MAX_REPORT)
}

/// Refuses a name that no adapter takes.
pub(crate) fn check_name(name: &str) -> Result<(), RosterFault> {
    bound("bytes of a name", name.len(), MAX_NAME)
}

/// Refuses a named lease that no adapter takes.
pub(crate) fn check_hold(name: &str, span: Span) -> Result<(), RosterFault> {
    check_name(name)?;
    let millis = |span: Span| usize::try_from(span.as_micros() / 1000).unwrap_or(0);
    bound("milliseconds of a named lease", millis(span), millis(LONGEST_HOLD))
}

/// Refuses a notice that no adapter takes.
pub(crate) fn check_notice(key: &str, value: &[u8]) -> Result<(), RosterFault> {
    check_name(key)?;
    bound("bytes of a notice", value.len(), MAX_NOTICE)
}

/// A note as it is stored: JSON. The same note is the same bytes.
pub(crate) fn note_bytes(note: &Note) -> Result<Vec<u8>, RosterFault> {
    if let Note::Confirmed(_, body) = note {
        bound("bytes of a note", body.len(), MAX_NOTE)?;
    }
    let bytes = serde_json::to_vec(note)
        .map_err(|fault| RosterFault::Faulted { why: fault.to_string() })?;
    // A byte of a body takes up to four in JSON.
    bound("bytes of a note", bytes.len(), 4 * MAX_NOTE + MAX_NAME)?;
    Ok(bytes)
}

/// Refuses to forget more notes than one call may.
pub(crate) fn check_noted(ids: &[u64]) -> Result<(), RosterFault> {
    bound("notes of one call", ids.len(), MOST_NOTES)
}

#[cfg(test)]
pub(crate) mod contract;
