//! The port of contexts: what each running copy of an agent has read, sealed, bounded and expiring, shared by every gateway.
//!
//! A write names the version it was made from, so that of two gateways that read at once neither forgets what the other
//! one saw.
//! Never here: a plain byte of what was read (callers seal first), an authority: losing a context grants nothing, and a
//! gateway that cannot have one lets nothing act.
//! To add an adapter: a file under `sqlite/`, `postgres/` or `memory/`, and its module in `contract.rs`.

use std::fmt;

use async_trait::async_trait;
use writ_model::{AgentId, Code, InstanceId, TenantId, Timestamp};

/// LIMIT: contexts of one tenant: more running copies than anybody watches. When it is full, no new one begins, because a
/// forgotten one would be an escape.
pub const MAX_CONTEXTS: usize = 4_096;
/// LIMIT: contexts of one agent that are told at once, the last written: a page of it is a few megabytes at most each.
pub const MAX_LISTED: usize = 32;
/// LIMIT: bytes of one sealed context: the most that an engine keeps of one, with room for its seal.
pub const MAX_CONTEXT_BYTES: usize = (4 << 20) + (64 << 10);

/// Whose context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContextOf {
    /// The tenant.
    pub tenant: TenantId,
    /// The agent.
    pub agent: AgentId,
    /// Its running copy.
    pub instance: InstanceId,
}

/// A context as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Which running copy's.
    pub instance: InstanceId,
    /// Rises with every write, never by how much is told.
    pub version: u64,
    /// The sealed bytes.
    pub sealed: Vec<u8>,
    /// When it was last written.
    pub at: Timestamp,
}

/// The contexts of one agent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OfAgent {
    /// How many there are.
    pub count: usize,
    /// The last written first, up to [`MAX_LISTED`].
    pub newest: Vec<Kept>,
}

/// What there is since a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// Nothing is kept.
    Nothing,
    /// The version that is known.
    Same,
    /// Another one.
    Newer(Kept),
}

/// When a write is, from which version it was made, and until when it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After {
    /// The version that was read; none if nothing was kept.
    pub version: Option<u64>,
    /// Now.
    pub now: Timestamp,
    /// When it is forgotten.
    pub expires: Timestamp,
}

impl After {
    /// The version of a write: later than the one before, and than any that was forgotten.
    pub(crate) fn next(&self) -> u64 {
        let now = u64::try_from(self.now.micros()).unwrap_or_default();
        self.version.map_or(now, |before| now.max(before.saturating_add(1)))
    }
}

/// Why a context is not kept or not had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContextsFault {
    /// The tenant has as many as it may.
    #[error("{bound} contexts are kept for this client already")]
    Full {
        /// The bound.
        bound: usize,
    },
    /// It is larger than what is kept.
    #[error("a context of {got} bytes is larger than {bound}")]
    TooLarge {
        /// How large.
        got: usize,
        /// The bound.
        bound: usize,
    },
    /// The store failed.
    #[error("contexts could not be read or written: {why}")]
    Faulted {
        /// In the store's words.
        why: String,
    },
}

impl ContextsFault {
    /// Its stable code.
    pub fn code(&self) -> Code {
        Code(match self {
            Self::Full { .. } => "STOR-0085",
            Self::TooLarge { .. } => "STOR-0086",
            Self::Faulted { .. } => "STOR-0087",
        })
    }
}

/// Sealed contexts. One that has expired is as good as none.
#[async_trait]
pub trait Contexts: Send + Sync + fmt::Debug {
    /// The context, unless it is still at the version that is known.
    ///
    /// # Errors
    /// If the store fails.
    async fn since(
        &self,
        of: ContextOf,
        known: Option<u64>,
        now: Timestamp,
    ) -> Result<Since, ContextsFault>;

    /// Keeps a context in place of the version it was made from; gives its own. Nothing is kept, and nothing given, if
    /// another write came first.
    ///
    /// # Errors
    /// If it is over a bound or the store fails.
    async fn put(
        &self,
        of: ContextOf,
        sealed: Vec<u8>,
        after: After,
    ) -> Result<Option<u64>, ContextsFault>;

    /// The contexts of an agent's running copies.
    ///
    /// # Errors
    /// If the store fails.
    async fn of_agent(
        &self,
        tenant: TenantId,
        agent: AgentId,
        now: Timestamp,
    ) -> Result<OfAgent, ContextsFault>;

    /// Whose contexts a tenant has.
    ///
    /// # Errors
    /// If the store fails.
    async fn owners(
        &self,
        tenant: TenantId,
        now: Timestamp,
    ) -> Result<Vec<(AgentId, InstanceId)>, ContextsFault>;

    /// Forgets the contexts of these running copies; gives how many there were. SECURITY: only of copies that were ended:
    /// what a living one has read would be forgotten with it.
    ///
    /// # Errors
    /// If the store fails.
    async fn remove(&self, tenant: TenantId, ended: &[InstanceId]) -> Result<usize, ContextsFault>;
}

/// What binds a sealed context to its place.
pub fn place(of: ContextOf) -> Vec<u8> {
    let ids = [of.tenant.to_bytes(), of.agent.to_bytes(), of.instance.to_bytes()].concat();
    [&b"writ context v1"[..], &ids].concat()
}

pub(crate) fn fits(sealed: &[u8]) -> Result<(), ContextsFault> {
    let (got, bound) = (sealed.len(), MAX_CONTEXT_BYTES);
    if got > bound { Err(ContextsFault::TooLarge { got, bound }) } else { Ok(()) }
}

#[cfg(test)]
mod contract;
