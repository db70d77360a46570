//! The ledger's port: one append-only Merkle log of lines for each tenant.
//!
//! Never here: a database, or what a line means.
//! To add a method: here with its bound, in each adapter, and in the contract suite (`ledger/contract.rs`).

use std::{any::Any, fmt};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::broadcast;
use writ_evidence::{Subtree, merkle::empty_root};
use writ_model::{Code, Digest, TenantId};

/// Bytes of one line: it must fit an entry of a tlog-tiles bundle (65,535) with room for what wraps it.
pub const MAX_LINE: usize = 60_000;
/// Lines of one append: one transaction stays short, so that other tenants wait little.
pub const MAX_APPEND_LINES: usize = 4096;
/// Bytes of one append, for the same reason.
pub const MAX_APPEND_BYTES: usize = 8 << 20;
/// Lines one read gives at most, whatever is asked.
pub const MAX_READ_LINES: usize = 4096;
/// Bytes one read gives at most (the first line always comes).
pub const MAX_READ_BYTES: usize = 8 << 20;
/// Subtrees one call gives at most: more than any proof in a log of 2^63 lines needs.
pub const MAX_SUBTREES: usize = 4096;
/// Moves kept for a slow watcher; one that lags polls, as everyone does anyway.
pub const WATCH_BACKLOG: usize = 1024;

/// How long a tenant's log is, and its Merkle root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// How many lines.
    pub size: u64,
    /// The RFC 6962 root over them.
    pub root: Digest,
}

impl Head {
    /// The head of a log without lines, which is also that of a tenant nobody has written for.
    pub fn empty() -> Self {
        Self { size: 0, root: empty_root() }
    }
}

/// A fold's state at some size, kept to shorten the next start. Never the truth: a wrong one is thrown away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// After how many lines.
    pub size: u64,
    /// Of which version of the fold.
    pub version: u32,
    /// Over tenant, size, version and bytes.
    pub digest: Digest,
    /// The state.
    pub bytes: Bytes,
}

impl Snapshot {
    /// A snapshot with its digest.
    pub fn seal(tenant: TenantId, size: u64, version: u32, bytes: Bytes) -> Self {
        Self { digest: Self::digest(tenant, size, version, &bytes), size, version, bytes }
    }

    /// Whether it is whole and of this tenant.
    pub fn holds_for(&self, tenant: TenantId) -> bool {
        self.digest == Self::digest(tenant, self.size, self.version, &self.bytes)
    }

    fn digest(tenant: TenantId, size: u64, version: u32, bytes: &[u8]) -> Digest {
        let (size, version) = (size.to_be_bytes(), version.to_be_bytes());
        Digest::of_parts(&[b"writ snapshot v1", &tenant.to_bytes(), &size, &version, bytes])
    }
}

/// How far a follower has seen all heads move; opaque, and of the adapter that gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark {
    /// Within which run of the store places can be compared.
    pub run: u64,
    /// How far in it.
    pub at: u64,
}

/// What moved since a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Heads that may have moved, by tenant. One may be told again; none is left out.
    pub heads: Vec<(TenantId, Head)>,
    /// Whether these are all heads there are: a tenant that is not among them has no lines.
    pub whole: bool,
    /// The mark to ask with next time, once everything here is taken up.
    pub mark: Mark,
}

/// Keeps this head among those that are told, one for each tenant: the longest log is the last one.
pub(crate) fn newest(heads: &mut Vec<(TenantId, Head)>, tenant: TenantId, head: Head) {
    match heads.iter_mut().find(|(known, _)| *known == tenant) {
        Some((_, known)) if known.size >= head.size => {}
        Some((_, known)) => *known = head,
        None => heads.push((tenant, head)),
    }
}

/// What may have moved: a hint, never the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// This tenant's log has now so many lines.
    Tenant(TenantId, u64),
    /// Another process says that this tenant's log has this head: what is read there is checked against it.
    Head(TenantId, Head),
    /// Some log may have moved: ask [`Ledger::heads_since`].
    Any,
}

/// A writer's turn among processes; given back when dropped.
///
/// It fences nothing (the expected head does): it only lets a writer that lost to others come next.
pub struct Turn {
    held: Option<Box<dyn Any + Send + Sync>>,
}

impl Turn {
    /// A turn that nobody else waits for.
    pub fn free() -> Self {
        Self { held: None }
    }

    /// A turn that is given back by dropping this.
    pub fn held(guard: impl Any + Send + Sync) -> Self {
        Self { held: Some(Box::new(guard)) }
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.held.is_some() { "Turn(held)" } else { "Turn(free)" })
    }
}

/// Why lines were not appended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Somebody else wrote first, or has the turn to. Nothing was written.
    #[error("another writer is first: the ledger of {tenant} has {} lines, and {expected} were expected", .head.size)]
    Stale {
        /// Whose ledger.
        tenant: TenantId,
        /// What the caller believed.
        expected: u64,
        /// What is true.
        head: Head,
    },
    /// More than one append may hold. Nothing was written.
    #[error("{what} of one append: {got}, and the bound is {bound}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// How large it is.
        got: usize,
        /// How large it may be.
        bound: usize,
    },
    /// The store failed; whether the lines were written must be read again before anything is repeated.
    #[error("the ledger could not be written: {why}")]
    Faulted {
        /// In the store's words.
        why: String,
    },
    /// The store is closing.
    #[error("the ledger is closed")]
    Closed,
}

impl AppendError {
    /// Its stable code.
    pub fn code(&self) -> Code {
        Code(match self {
            Self::Stale { .. } => "STOR-0001",
            Self::TooLarge { .. } => "STOR-0002",
            Self::Faulted { .. } => "STOR-0003",
            Self::Closed => "STOR-0004",
        })
    }
}

/// Why lines could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The store failed.
    #[error("the ledger could not be read: {why}")]
    Faulted {
        /// In the store's words.
        why: String,
    },
    /// What is stored contradicts itself: the tenant is refused until a person has looked.
    #[error("the ledger of {tenant} is damaged at line {index}: {why}")]
    Damaged {
        /// Whose ledger.
        tenant: TenantId,
        /// Where.
        index: u64,
        /// How it shows.
        why: String,
    },
}

impl ReadError {
    /// Its stable code.
    pub fn code(&self) -> Code {
        Code(match self {
            Self::Faulted { .. } => "STOR-0005",
            Self::Damaged { .. } => "STOR-0006",
        })
    }
}

/// The log of every tenant. Each adapter passes one contract suite, and no caller may ask which one it has.
#[async_trait]
pub trait Ledger: Send + Sync + fmt::Debug {
    /// Appends lines after the first `expected` ones: all or nothing, and acknowledged only when durable.
    ///
    /// Dropping the future does not take an append back that was already queued.
    ///
    /// # Errors
    /// If the log is not `expected` lines long, the append is over a bound, or the store fails.
    async fn append(
        &self,
        tenant: TenantId,
        expected: u64,
        lines: Vec<Bytes>,
    ) -> Result<Head, AppendError>;

    /// As [`Ledger::append`], of lines that other processes may hear of when they next look ([`Ledger::heads_since`]): they are
    /// not told. This process is.
    ///
    /// # Errors
    /// As [`Ledger::append`].
    async fn append_unhurried(
        &self,
        tenant: TenantId,
        expected: u64,
        lines: Vec<Bytes>,
    ) -> Result<Head, AppendError> {
        self.append(tenant, expected, lines).await
    }

    /// Contiguous lines from `from` on: at most `max`, and at most [`MAX_READ_LINES`] and [`MAX_READ_BYTES`]. Empty only
    /// at the end of the log, so read on until the head's size is reached.
    ///
    /// # Errors
    /// If the store fails, or a line is missing between two others.
    async fn read(&self, tenant: TenantId, from: u64, max: usize) -> Result<Vec<Bytes>, ReadError>;

    /// The tenant's head; [`Head::empty`] if it has no lines.
    ///
    /// # Errors
    /// If the store fails.
    async fn head(&self, tenant: TenantId) -> Result<Head, ReadError>;

    /// The heads of all tenants that have lines, by tenant, without any fact: the one fleet query of this port.
    ///
    /// # Errors
    /// If the store fails.
    async fn heads(&self) -> Result<Vec<(TenantId, Head)>, ReadError>;

    /// The heads that may have moved since a mark, or all of them: one query for all tenants, for followers.
    ///
    /// # Errors
    /// If the store fails.
    async fn heads_since(&self, _mark: Option<Mark>) -> Result<Moved, ReadError> {
        Ok(Moved { heads: self.heads().await?, whole: true, mark: Mark::default() })
    }

    /// Waits for a turn to write a tenant's log among processes. While one is held, an append of another process that
    /// has none is [`AppendError::Stale`]. A holder that stands still loses it.
    ///
    /// # Errors
    /// If the store fails, or others hold it for too long. Nothing was written.
    async fn turn(&self, _tenant: TenantId) -> Result<Turn, AppendError> {
        Ok(Turn::free())
    }

    /// Hints that a log has moved. May be late, merged or lost: polling [`Ledger::heads_since`] is the truth.
    fn watch(&self) -> broadcast::Receiver<Hint>;

    /// The hashes of complete subtrees, for proofs; at most [`MAX_SUBTREES`]. Ones that are not complete are left out.
    /// Costs at most 255 stored hashes or 128 lines for each, whatever the length of the log.
    ///
    /// # Errors
    /// If the store fails, or a stored hash is missing or damaged.
    async fn subtrees(
        &self,
        tenant: TenantId,
        wanted: Vec<Subtree>,
    ) -> Result<Vec<(Subtree, Digest)>, ReadError>;

    /// Keeps a snapshot instead of the tenant's earlier one.
    ///
    /// # Errors
    /// If the store fails.
    async fn save_snapshot(&self, tenant: TenantId, snapshot: Snapshot) -> Result<(), AppendError>;

    /// The tenant's snapshot, unchecked: the reader compares digest and version.
    ///
    /// # Errors
    /// If the store fails.
    async fn load_snapshot(&self, tenant: TenantId) -> Result<Option<Snapshot>, ReadError>;
}

/// Refuses what no adapter takes.
///
/// # Errors
/// If the lines are over a bound.
pub(crate) fn check_bounds(lines: &[Bytes]) -> Result<(), AppendError> {
    let largest = lines.iter().map(Bytes::len).max().unwrap_or(0);
    let all: usize = lines.iter().map(Bytes::len).sum();
    for (what, got, bound) in [
        ("bytes in a line", largest, MAX_LINE),
        ("lines", lines.len(), MAX_APPEND_LINES),
        ("bytes", all, MAX_APPEND_BYTES),
    ] {
        if got > bound {
            return Err(AppendError::TooLarge { what, got, bound });
        }
    }
    Ok(())
}

#[cfg(test)]
mod contract;
