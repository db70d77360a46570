//! The vault's rows as they are stored, wrapped and sealed: what a backup carries and a restore puts back.
//!
//! Never here: a plain secret, or the key that wraps the others (its file is the operator's).
//! To back another vault up: [`SealedSpaces`] for its adapter, and its line in the suite in `tests`.

use std::fmt;

use async_trait::async_trait;

use super::{Space, VaultFault};

/// LIMIT: secrets of one page: with the bound of a secret this is 16 MiB.
pub const MAX_PAGE: usize = 256;

/// Some rows of one space.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SealedPage {
    /// The space's data key, wrapped; none while nothing was ever sealed there.
    pub wrapped: Option<Vec<u8>>,
    /// Names and sealed values, by name.
    pub secrets: Vec<(String, Vec<u8>)>,
}

/// Rows of the vault, sealed.
#[async_trait]
pub trait SealedSpaces: Send + Sync + fmt::Debug {
    /// The space's wrapped key, and its secrets after a name, at most [`MAX_PAGE`]; no secrets at the end.
    ///
    /// # Errors
    /// If the store fails.
    async fn sealed(&self, space: Space, after: &str) -> Result<SealedPage, VaultFault>;

    /// Puts rows into a space as they are. A key that is there already is never replaced by another one.
    ///
    /// # Errors
    /// [`VaultFault::Sealed`] if the space has another key; otherwise if the store fails.
    async fn put_sealed(&self, space: Space, page: SealedPage) -> Result<(), VaultFault>;
}

/// What seals a space's values, from its wrapped key: a backup is checked without a store.
///
/// # Errors
/// If the key does not open under this one, or is another space's.
pub fn unwrap(
    kek: &super::Sealer,
    space: Space,
    wrapped: &[u8],
) -> Result<super::Sealer, VaultFault> {
    super::Sealer::new(kek.open(&space.key_place(), wrapped)?)
}
