//! The vault's port: named secrets of a tenant or of the installation, encrypted under a key of their own space.
//!
//! Never here: a secret in a log, an error or a `Debug`; a key that leaves without its name on it.
//! To add a kind of secret: a name; the vault does not know what it opens.

pub mod names;
pub(crate) mod ring;
pub mod sealed;
pub(crate) mod sealer;

use std::fmt;

use async_trait::async_trait;
use std::sync::Arc;
use writ_model::{Code, Secret, TenantId};

pub use names::NameKey;
pub use sealed::{SealedPage, SealedSpaces};
pub use sealer::Sealer;

/// Bytes of one secret: a key, a certificate chain, a token.
pub const MAX_SECRET: usize = 64 << 10;
/// Bytes of a secret's name.
pub const MAX_NAME: usize = 256;
/// LIMIT: names of one page: some 100 KiB.
pub const NAMES_PAGE: usize = 1_000;
/// LIMIT: names that [`Vault::every_name`] gives: twice the largest number of things that one kind of name stands for.
pub const MAX_NAMES: usize = 40_000;

/// Whose secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Space {
    /// The installation's own: its signing keys.
    Installation,
    /// A tenant's.
    Tenant(TenantId),
}

impl Space {
    /// Its bytes, for storage and for what is authenticated: none, or the tenant's 16.
    pub(crate) fn bytes(self) -> Vec<u8> {
        match self {
            Self::Installation => Vec::new(),
            Self::Tenant(tenant) => tenant.to_bytes().to_vec(),
        }
    }

    /// What binds a sealed secret to its place, in every adapter: rows travel between them.
    pub(crate) fn place(self, name: &str) -> Vec<u8> {
        let kind = match self {
            Self::Installation => b'i',
            Self::Tenant(_) => b't',
        };
        [b"writ secret v1", &[kind][..], &self.bytes(), name.as_bytes()].concat()
    }

    /// What binds a wrapped key to its space.
    pub(crate) fn key_place(self) -> Vec<u8> {
        [b"writ data key v1", &self.bytes()[..]].concat()
    }
}

/// Why the vault does not answer.
#[derive(Debug, thiserror::Error)]
pub enum VaultFault {
    /// The store failed.
    #[error("the vault could not be read or written: {why}")]
    Faulted {
        /// In the store's words.
        why: String,
    },
    /// What is stored does not open: altered, moved to another name, or under another key.
    #[error("a sealed value does not open: it was altered, moved, or sealed under another key")]
    Sealed,
    /// The key file does not belong to the vault.
    #[error("the key file {path} cannot be used: {why}")]
    KeyFile {
        /// Which file.
        path: String,
        /// Why.
        why: String,
    },
    /// Over a bound.
    #[error("{what}: {got} bytes, and the bound is {bound}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// How large.
        got: usize,
        /// The bound.
        bound: usize,
    },
    /// The database could not be opened.
    #[error(transparent)]
    Open(#[from] crate::OpenFault),
}

impl VaultFault {
    /// Its stable code.
    pub fn code(&self) -> Code {
        Code(match self {
            Self::Open(fault) => return fault.code(),
            Self::Faulted { .. } => "STOR-0014",
            Self::Sealed => "STOR-0015",
            Self::KeyFile { .. } => "STOR-0016",
            Self::TooLarge { .. } => "STOR-0017",
        })
    }
}

/// Named secrets, unwrapped on use.
#[async_trait]
pub trait Vault: Send + Sync + fmt::Debug {
    /// A secret, if there is one of this name.
    ///
    /// # Errors
    /// If the store fails or what is stored does not open.
    async fn get(&self, space: Space, name: &str) -> Result<Option<Secret<Vec<u8>>>, VaultFault>;

    /// Keeps a secret instead of an earlier one of this name.
    ///
    /// # Errors
    /// If it is over a bound or the store fails.
    async fn put(
        &self,
        space: Space,
        name: &str,
        secret: Secret<Vec<u8>>,
    ) -> Result<(), VaultFault>;

    /// Removes a secret; says whether there was one.
    ///
    /// # Errors
    /// If the store fails.
    async fn remove(&self, space: Space, name: &str) -> Result<bool, VaultFault>;

    /// Names of a space's secrets that begin with `prefix` and go on behind it, in the order of their bytes, from the first
    /// one after `after` (empty: from the beginning). One page, at most [`NAMES_PAGE`]: who gets so many asks again, after
    /// the last of them.
    ///
    /// # Errors
    /// If the store fails.
    async fn names(
        &self,
        space: Space,
        prefix: &str,
        after: &str,
    ) -> Result<Vec<String>, VaultFault>;

    /// All names of a space's secrets that begin with `prefix`. Whoever looks at each of them goes page by page instead.
    ///
    /// # Errors
    /// If the store fails, or there are more than [`MAX_NAMES`]: a list that is cut says so.
    async fn every_name(&self, space: Space, prefix: &str) -> Result<Vec<String>, VaultFault> {
        let mut all: Vec<String> = Vec::new();
        loop {
            let after = all.last().cloned().unwrap_or_default();
            let page = self.names(space, prefix, &after).await?;
            let last = page.len() < NAMES_PAGE;
            all.extend(page);
            if last {
                return Ok(all);
            }
            if all.len() >= MAX_NAMES {
                let why = format!("more than {MAX_NAMES} names begin with `{prefix}`");
                return Err(VaultFault::Faulted { why });
            }
        }
    }

    /// What seals and opens values under the space's own key, without IO once it is had. The key is made on first use.
    ///
    /// # Errors
    /// If the store fails or the key does not open.
    async fn sealer(&self, space: Space) -> Result<Arc<Sealer>, VaultFault>;

    /// A key of 32 bytes that only this tenant has. Prefer [`Vault::sealer`], which cannot repeat a nonce.
    ///
    /// # Errors
    /// As [`Vault::sealer`].
    async fn data_key(&self, tenant: TenantId) -> Result<Secret<Vec<u8>>, VaultFault> {
        self.sealer(Space::Tenant(tenant)).await?.derive(b"writ data key v1")
    }
}

#[cfg(test)]
mod contract;
