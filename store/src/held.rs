//! The port of held requests: the exact bytes of a call that waits for an approval, sealed, bounded and expiring.
//!
//! Never here: a plain byte of a request (callers seal first, [`HeldRequest::seal`]), an authority: having the bytes grants
//! nothing, and losing them only means that the agent has to ask again.
//! To add an adapter: a file under `sqlite/` or `memory/`, and its module in `contract.rs`.

mod request;

use std::fmt;

use async_trait::async_trait;
use writ_model::{Code, HoldId, TenantId, Timestamp};

pub use request::{BadRequest, HeldRequest};

/// LIMIT: requests held of one tenant: more than people could look at in a day.
pub const MAX_HELD: usize = 4_096;
/// LIMIT: bytes of one sealed request: the largest body the gateway takes, with room for its envelope and its seal.
pub const MAX_HELD_BYTES: usize = (1 << 20) + (64 << 10);

/// Why a request is not held or not had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeldFault {
    /// The tenant has as many as it may.
    #[error("{bound} requests are held for this client already")]
    Full {
        /// The bound.
        bound: usize,
    },
    /// It is larger than what is held.
    #[error("a held request of {got} bytes is larger than {bound}")]
    TooLarge {
        /// How large.
        got: usize,
        /// The bound.
        bound: usize,
    },
    /// The store failed.
    #[error("held requests could not be read or written: {why}")]
    Faulted {
        /// In the store's words.
        why: String,
    },
}

impl HeldFault {
    /// Its stable code.
    pub fn code(&self) -> Code {
        Code(match self {
            Self::Full { .. } => "STOR-0024",
            Self::TooLarge { .. } => "STOR-0025",
            Self::Faulted { .. } => "STOR-0026",
        })
    }
}

/// Sealed requests by the hold they wait for. One that has expired is as good as none.
#[async_trait]
pub trait Held: Send + Sync + fmt::Debug {
    /// Keeps a sealed request until it expires, instead of an earlier one of the same hold.
    ///
    /// # Errors
    /// If it is over a bound or the store fails; the call must then not be held.
    async fn put(
        &self,
        (tenant, hold): (TenantId, HoldId),
        sealed: Vec<u8>,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), HeldFault>;

    /// The sealed request of a hold, if it is there and has not expired.
    ///
    /// # Errors
    /// If the store fails.
    async fn get(
        &self,
        (tenant, hold): (TenantId, HoldId),
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, HeldFault>;

    /// Forgets a request; says whether there was one.
    ///
    /// # Errors
    /// If the store fails.
    async fn forget(&self, of: (TenantId, HoldId)) -> Result<bool, HeldFault>;
}

pub(crate) fn fits(sealed: &[u8]) -> Result<(), HeldFault> {
    let (got, bound) = (sealed.len(), MAX_HELD_BYTES);
    if got > bound { Err(HeldFault::TooLarge { got, bound }) } else { Ok(()) }
}

#[cfg(test)]
mod contract;
