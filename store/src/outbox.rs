//! The outbox's port: what has to be told to somebody outside, until it was told or nobody needs it any more.
//!
//! A row is put in one transaction with how far its tenant's ledger was read, so that a line makes its rows once. A row's id
//! says what it was made of; putting it again changes nothing. Between a delivery and [`Outbox::settle`] a crash may come:
//! the row is then delivered again, under the same id.
//! Never here: what a row says (its body is sealed by who puts it), an address, a delivery.
//! To add a method: here with its bound, in each adapter, and in the contract suite (`outbox/contract.rs`).

use std::fmt;

use async_trait::async_trait;
use writ_model::{Code, Digest, Span, TenantId, Timestamp};

/// Rows of one tenant that wait: an outside that is away for a day must not fill the disk. More are dropped and counted.
pub const MAX_WAITING: usize = 4_096;
/// Rows of one tenant that are kept after their end, for people to look at; older ones are removed.
pub const MAX_ENDED: usize = 1_024;
/// Rows that one call puts: what one step of a ledger makes, with everybody who is told.
pub const MAX_PUT: usize = 4_096;
/// Rows that one call gives.
pub const MAX_ROWS: usize = 512;
/// Bytes of a row's sealed body.
pub const MAX_BODY: usize = 32 << 10;
/// Bytes of each name in a row.
pub const MAX_NAME: usize = 128;
/// Bytes of a reason.
pub const MAX_WHY: usize = 512;
/// How long a row is tried before it is given up, if it does not end earlier by itself.
pub const GIVE_UP: Span = Span::hours(24);
/// The pause after the first failure; each later one is twice as long.
pub const FIRST_PAUSE: Span = Span::seconds(5);
/// The longest pause.
pub const LONGEST_PAUSE: Span = Span::hours(1);

/// The pause after so many failures: 5 s, 10 s, 20 s, up to an hour.
pub fn pause(failures: u32) -> Span {
    let doublings = failures.saturating_sub(1).min(20);
    let micros = FIRST_PAUSE.as_micros().saturating_mul(1_i64 << doublings);
    Span::micros(micros.min(LONGEST_PAUSE.as_micros()))
}

/// Something to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it was made of: the same again is the same row.
    pub id: Digest,
    /// By which way, for example `mail` or `webhook:soar`.
    pub channel: String,
    /// Whom, without an address: a person's id, an endpoint's name.
    pub recipient: String,
    /// About what, for example `approval_asked`.
    pub kind: String,
    /// Of which ledger line it speaks, if of one.
    pub line: Option<u64>,
    /// Not before.
    pub due: Timestamp,
    /// Worth nothing from then on.
    pub expires: Timestamp,
    /// Sealed.
    pub body: Vec<u8>,
}

/// A row that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Whose.
    pub tenant: TenantId,
    /// The row.
    pub item: Item,
    /// Failures so far.
    pub failures: u32,
}

/// Where a row is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It waits for its time, or for the next try.
    Waiting,
    /// It was delivered.
    Done,
    /// It was tried until it was worth nothing, or the other side said never.
    GivenUp,
    /// What it speaks of was over before it was told.
    Moot,
}

impl Stage {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Done => "delivered",
            Self::GivenUp => "given up",
            Self::Moot => "not needed any more",
        }
    }

    pub(crate) const fn number(self) -> i64 {
        match self {
            Self::Waiting => 0,
            Self::Done => 1,
            Self::GivenUp => 2,
            Self::Moot => 3,
        }
    }

    pub(crate) const fn of(number: i64) -> Self {
        match number {
            0 => Self::Waiting,
            1 => Self::Done,
            3 => Self::Moot,
            _ => Self::GivenUp,
        }
    }
}

/// A row as people see it: without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its id.
    pub id: Digest,
    /// By which way.
    pub channel: String,
    /// Whom.
    pub recipient: String,
    /// About what.
    pub kind: String,
    /// Of which ledger line it speaks.
    pub line: Option<u64>,
    /// When it was put.
    pub made: Timestamp,
    /// When it is tried next, while it waits.
    pub due: Timestamp,
    /// Failures so far.
    pub failures: u32,
    /// Where it is in its life.
    pub stage: Stage,
    /// Why its last try failed, or why it ended.
    pub why: Option<String>,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

/// How one try went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Delivered.
    Done,
    /// What it speaks of is over.
    Moot(String),
    /// It failed; it is tried again after [`pause`] or after what the other side asked for, whichever is longer.
    Failed {
        /// Why.
        why: String,
        /// What the other side asked for; at most [`GIVE_UP`] counts.
        not_before: Option<Span>,
    },
    /// It can never succeed.
    Never(String),
}

/// How far a tenant's ledger was read, and what was not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark {
    /// Lines read; none if this tenant was never read.
    pub lines: Option<u64>,
    /// Rows that were dropped since, because too many waited.
    pub dropped: u64,
}

/// Rows to put, and how far their ledger is read with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// From how many lines to how many; none for rows that come from no line.
    pub lines: Option<(Option<u64>, u64)>,
    /// The rows.
    pub items: Vec<Item>,
    /// When.
    pub at: Timestamp,
}

/// What a put came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Put {
    /// Rows that are new.
    pub new: usize,
    /// Rows that were there already.
    pub known: usize,
    /// Rows for which there was no room; they are counted in the tenant's [`Mark`].
    pub dropped: usize,
}

/// A way that is closed until the operator opens it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// Which.
    pub channel: String,
    /// Why.
    pub why: String,
    /// Since when.
    pub at: Timestamp,
}

/// Why the outbox does not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboxFault {
    /// The store failed.
    #[error("the outbox could not be read or written: {why}")]
    Faulted {
        /// In the store's words.
        why: String,
    },
    /// Somebody else has read on. Nothing was put.
    #[error("the outbox has read {found:?} lines of {tenant}, not {expected:?}")]
    Stale {
        /// Whose ledger.
        tenant: TenantId,
        /// What the caller believed.
        expected: Option<u64>,
        /// What is true.
        found: Option<u64>,
    },
    /// Over a bound. Nothing was put.
    #[error("{what}: {got}, and the bound is {bound}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// How large.
        got: usize,
        /// The bound.
        bound: usize,
    },
}

impl OutboxFault {
    /// Its stable code.
    pub fn code(&self) -> Code {
        Code(match self {
            Self::Faulted { .. } => "STOR-0027",
            Self::Stale { .. } => "STOR-0028",
            Self::TooLarge { .. } => "STOR-0029",
        })
    }
}

/// What has to be told. Each adapter passes one contract suite, and no caller may ask which one it has.
#[async_trait]
pub trait Outbox: Send + Sync + fmt::Debug {
    /// How far a tenant's ledger was read.
    ///
    /// # Errors
    /// If the store fails.
    async fn mark(&self, tenant: TenantId) -> Result<Mark, OutboxFault>;

    /// Puts rows and moves the tenant's mark, both or neither. A row whose id is known stays as it is.
    ///
    /// # Errors
    /// If the mark is elsewhere, something is over a bound, or the store fails.
    async fn put(&self, tenant: TenantId, step: Step) -> Result<Put, OutboxFault>;

    /// Rows that are due, the longest due first, at most `most` and [`MAX_ROWS`]: the fleet query of this port.
    ///
    /// # Errors
    /// If the store fails.
    async fn due(&self, at: Timestamp, most: usize) -> Result<Vec<Due>, OutboxFault>;

    /// Writes down how a try went, and puts rows that follow from it, both or neither. A row that ended loses its body. A
    /// failed one is given up when its next try would come after its end or [`GIVE_UP`] after it was put. Of a row that is
    /// not there, or does not wait, nothing changes. Gives where the row is now.
    ///
    /// # Errors
    /// If something is over a bound or the store fails.
    async fn settle(
        &self,
        tenant: TenantId,
        id: Digest,
        outcome: Outcome,
        then: Step,
    ) -> Result<Option<Stage>, OutboxFault>;

    /// Puts every waiting row of a way off until then, without counting a failure: the other side is away. Gives how many.
    ///
    /// # Errors
    /// If the store fails.
    async fn defer(&self, channel: &str, until: Timestamp) -> Result<usize, OutboxFault>;

    /// A tenant's rows, the newest first, at most `most` and [`MAX_ROWS`].
    ///
    /// # Errors
    /// If the store fails.
    async fn rows(&self, tenant: TenantId, most: usize) -> Result<Vec<Row>, OutboxFault>;

    /// Closes a way. The earlier reason stays, if it is closed.
    ///
    /// # Errors
    /// If a text is over a bound or the store fails.
    async fn close(&self, closed: Closed) -> Result<(), OutboxFault>;

    /// The ways that are closed, by name, at most [`MAX_ROWS`].
    ///
    /// # Errors
    /// If the store fails.
    async fn closed(&self) -> Result<Vec<Closed>, OutboxFault>;
}

fn bound(what: &'static str, got: usize, bound: usize) -> Result<(), OutboxFault> {
    if got > bound { Err(OutboxFault::TooLarge { what, got, bound }) } else { Ok(()) }
}

/// Refuses what no adapter takes.
pub(crate) fn check(step: &Step) -> Result<(), OutboxFault> {
    bound("rows", step.items.len(), MAX_PUT)?;
    for item in &step.items {
        for name in [&item.channel, &item.recipient, &item.kind] {
            bound("bytes of a name", name.len(), MAX_NAME)?;
        }
        bound("bytes of a body", item.body.len(), MAX_BODY)?;
    }
    Ok(())
}

/// Refuses to close with more than fits.
pub(crate) fn check_closed(closed: &Closed) -> Result<(), OutboxFault> {
    bound("bytes of a name", closed.channel.len(), MAX_NAME)?;
    bound("bytes of a reason", closed.why.len(), MAX_WHY)
}

/// What a try makes of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct After {
    pub(crate) stage: Stage,
    pub(crate) due: Timestamp,
    pub(crate) failures: u32,
    pub(crate) why: Option<String>,
}

/// A waiting row's dates.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dates {
    pub(crate) made: Timestamp,
    pub(crate) due: Timestamp,
    pub(crate) expires: Timestamp,
    pub(crate) failures: u32,
}

/// The one rule of retries, for every adapter.
pub(crate) fn after(row: Dates, outcome: Outcome, at: Timestamp) -> After {
    let ended = |stage, why| After {
        stage,
        due: row.due,
        failures: row.failures,
        why: Option::map(why, cut),
    };
    match outcome {
        Outcome::Done => ended(Stage::Done, None),
        Outcome::Moot(why) => ended(Stage::Moot, Some(why)),
        Outcome::Never(why) => ended(Stage::GivenUp, Some(why)),
        Outcome::Failed { why, not_before } => {
            let failures = row.failures.saturating_add(1);
            let asked = not_before.unwrap_or_default().min(GIVE_UP);
            let due = at + pause(failures).max(asked);
            let end = row.expires.min(row.made + GIVE_UP);
            let stage = if due >= end { Stage::GivenUp } else { Stage::Waiting };
            After { stage, due, failures, why: Some(cut(why)) }
        }
    }
}

/// At most [`MAX_WHY`] bytes of a reason.
fn cut(mut why: String) -> String {
    let end = (0..=MAX_WHY.min(why.len())).rev().find(|at| why.is_char_boundary(*at));
    why.truncate(end.unwrap_or(0));
    why
}

#[cfg(test)]
mod contract;
