//! The port of definitions: the canonical text of what servers list, kept once for each client under its digest, so that a
//! person can read what changed.
//!
//! Never here: whether a definition may be used (the ledger says that, by digest); a text under another digest than its
//! own. Losing one costs a person the words of a difference, and nobody any authority.
//! To add an adapter: a file under `sqlite/`, `postgres/` or `memory/`, and its module in `contract.rs`.

use std::fmt;

use async_trait::async_trait;
use writ_model::{Code, Digest, TenantId};

/// LIMIT: definitions of one tenant: four servers of the most things that a ledger takes of one. When it is full, the
/// oldest gives way.
pub const MAX_DEFINITIONS: usize = 16_384;
/// LIMIT: bytes of one definition: the most that is listed at all.
pub const MAX_DEFINITION_BYTES: usize = 64 << 10;

/// Why a definition is not kept or not had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DefinitionsFault {
    /// It is larger than what is kept.
    #[error("a definition of {got} bytes is larger than {bound}")]
    TooLarge {
        /// How large.
        got: usize,
        /// The bound.
        bound: usize,
    },
    /// The store failed.
    #[error("definitions could not be read or written: {why}")]
    Faulted {
        /// In the store's words.
        why: String,
    },
}

impl DefinitionsFault {
    /// Its stable code.
    pub fn code(&self) -> Code {
        Code(match self {
            Self::TooLarge { .. } => "STOR-0080",
            Self::Faulted { .. } => "STOR-0081",
        })
    }
}

/// Definitions by their digest.
#[async_trait]
pub trait Definitions: Send + Sync + fmt::Debug {
    /// Keeps definitions; one that is there already stays.
    ///
    /// # Errors
    /// If one is over the bound, or the store fails.
    async fn keep(
        &self,
        tenant: TenantId,
        texts: Vec<(Digest, Vec<u8>)>,
    ) -> Result<(), DefinitionsFault>;

    /// A definition, if it is kept.
    ///
    /// # Errors
    /// If the store fails.
    async fn get(
        &self,
        tenant: TenantId,
        digest: Digest,
    ) -> Result<Option<Vec<u8>>, DefinitionsFault>;
}

pub(crate) fn fits(texts: &[(Digest, Vec<u8>)]) -> Result<(), DefinitionsFault> {
    let got = texts.iter().map(|(_, text)| text.len()).max().unwrap_or(0);
    let bound = MAX_DEFINITION_BYTES;
    if got > bound { Err(DefinitionsFault::TooLarge { got, bound }) } else { Ok(()) }
}

#[cfg(test)]
mod contract;
