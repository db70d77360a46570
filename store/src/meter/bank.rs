//! The bank's port: what all gateways together have drawn of each window, and who holds how many places.
//!
//! One counter for each (tenant, key, window): what was drawn and not given back. A share that is lost with its gateway is
//! therefore spent, by construction. Places are held by a run of a gateway for as long as it renews its lease.
//! Never here: what a gateway has at hand (`leased`), or a grant that is not in the bank when `draw` returns.
//! To add an adapter: draw with [`share`] inside one transaction, and pass the contract suite (`bank/contract.rs`).

use std::fmt;

use async_trait::async_trait;
use writ_model::{BootId, Code, Span, TenantId, Timestamp};

use super::{MeterKey, MeterRefusal};

/// Windows of one tenant that a bank keeps: an agent with a few limited grants has a few; this is ten thousand busy agents.
pub const MAX_WINDOWS: usize = 65_536;
/// Entries of one draw: a call has a handful of limits.
pub const MAX_DRAWS: usize = 256;
/// How long a window is kept after its end, for a gateway whose clock is behind.
pub const GRACE: Span = Span::minutes(10);
/// How long a holder may use its places after it began to renew its lease.
pub const TERM: Span = Span::seconds(10);
/// How long the bank keeps a holder's places after it was renewed: longer than [`TERM`], so that they are surely unused.
pub const RECLAIM: Span = Span::seconds(15);
/// The part of what is left that one draw may take at most, if it does not need more: gateways that draw at once leave
/// each other something, and a lost share is small.
const PART: u64 = 8;

/// One window of one counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// Which counter.
    pub key: MeterKey,
    /// How long it is.
    pub length: Span,
    /// When it begins.
    pub start: Timestamp,
}

impl Window {
    /// When it ends.
    pub fn end(&self) -> Timestamp {
        self.start + self.length
    }
}

/// What is wanted of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// Which.
    pub window: Window,
    /// How much all gateways together may draw of it.
    pub limit: u64,
    /// Without so much nothing is drawn.
    pub need: u64,
    /// So much would be good.
    pub want: u64,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawn {
    /// Whether the need fitted. If one of a list did not, nothing was drawn of any.
    pub fits: bool,
    /// How much was drawn now.
    pub now: u64,
    /// How much all gateways have drawn of the window, with this.
    pub total: u64,
}

/// So much is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest {
    /// Of which window.
    pub window: Window,
    /// How much.
    pub amount: u64,
}

/// Places wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seats {
    /// Under what.
    pub key: MeterKey,
    /// How many all holders together may have; `u64::MAX` to say what is so, whatever the bound.
    pub most: u64,
    /// How many this holder has from now on.
    pub mine: u64,
}

/// Places held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seated {
    /// Whether it fitted. If one of a list did not, nothing was changed.
    pub fits: bool,
    /// How many others have.
    pub others: u64,
}

/// A run of a gateway while its lease lasts. A lease that was over begins as another epoch, and has no places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// Which run.
    pub boot: BootId,
    /// Which lease of it.
    pub epoch: u64,
}

/// Why the bank does not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BankFault {
    /// It could not be read or written. What was asked may have been done.
    #[error("the bank of shares could not be read or written: {why}")]
    Faulted {
        /// In the store's words.
        why: String,
    },
    /// Over a bound. Nothing was drawn.
    #[error("the bank keeps at most {bound} {what} of a client")]
    Full {
        /// What is too many.
        what: &'static str,
        /// The bound.
        bound: usize,
    },
    /// The holder's lease is over: it has no places any more.
    #[error("the lease on places is over: renew it")]
    Lapsed,
}

impl BankFault {
    /// Its stable code.
    pub fn code(&self) -> Code {
        Code(match self {
            Self::Faulted { .. } => "STOR-0063",
            Self::Full { .. } => "STOR-0064",
            Self::Lapsed => "STOR-0065",
        })
    }

    /// What the meter says of it.
    pub(super) fn refusal(&self) -> MeterRefusal {
        match self {
            Self::Full { bound, .. } => MeterRefusal::Full { bound: *bound },
            Self::Faulted { .. } | Self::Lapsed => MeterRefusal::Unreachable,
        }
    }
}

/// The one rule of shares, for every adapter: how much a draw gets of a window of which so much is drawn; none if its need
/// does not fit. Near the limit it is exactly the need.
pub fn share(draw: &Draw, total: u64) -> Option<u64> {
    // A store's integers are signed.
    let limit = draw.limit.min(i64::MAX.unsigned_abs());
    let left = limit.checked_sub(total)?;
    (draw.need <= left).then(|| draw.need.max(draw.want.min(left / PART)))
}

/// Central counters and places. Each adapter passes one contract suite, and no caller may ask which one it has. Instants
/// are the caller's; an adapter with a clock that all gateways share uses that for leases.
#[async_trait]
pub trait Bank: Send + Sync + fmt::Debug {
    /// Draws of all windows, or of none if one need does not fit. It is durable when this returns. A window is listed once.
    ///
    /// # Errors
    /// If the bank fails or is full. After a fault it may have been drawn all the same, and then it is spent.
    async fn draw(
        &self,
        tenant: TenantId,
        now: Timestamp,
        draws: &[Draw],
    ) -> Result<Vec<Drawn>, BankFault>;

    /// Takes back what was drawn and not spent. After a fault it must not be told again.
    ///
    /// # Errors
    /// If the bank fails.
    async fn give_back(&self, tenant: TenantId, rests: &[Rest]) -> Result<(), BankFault>;

    /// How much is drawn of each window.
    ///
    /// # Errors
    /// If the bank fails.
    async fn read(&self, tenant: TenantId, windows: &[Window]) -> Result<Vec<u64>, BankFault>;

    /// Forgets a tenant's windows that ended [`GRACE`] ago, and places of holders that are gone; how many.
    ///
    /// # Errors
    /// If the bank fails.
    async fn expire(&self, tenant: TenantId, now: Timestamp) -> Result<u64, BankFault>;

    /// Renews the lease of a run, or begins one; its epoch.
    ///
    /// # Errors
    /// If the bank fails.
    async fn renew(&self, boot: BootId, now: Timestamp) -> Result<u64, BankFault>;

    /// Sets how many places a holder has under each key, all or nothing. A key is listed once.
    ///
    /// # Errors
    /// If the bank fails, is full, or the holder's lease is over.
    async fn seat(
        &self,
        tenant: TenantId,
        now: Timestamp,
        holder: Holder,
        seats: &[Seats],
    ) -> Result<Vec<Seated>, BankFault>;
}

#[cfg(test)]
pub(crate) mod contract;
