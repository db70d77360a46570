//! Proofs over a stored log: which hashes the tree needs, fetched in one call, handed to `evidence`.
//!
//! Never here: the shape of a proof (that is `evidence`), or how hashes are stored.

use writ_evidence::{
    Hashes, Subtree,
    merkle::{self, ProofFault},
};
use writ_model::{Code, Digest, TenantId};

use crate::{Ledger, ReadError};

/// That a line is in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineProof {
    /// Which line.
    pub index: u64,
    /// In the log of how many lines.
    pub size: u64,
    /// The root at that size, computed from the same stored hashes.
    pub root: Digest,
    /// The audit path, lowest first (RFC 9162 section 2.1.3).
    pub path: Vec<Digest>,
}

/// Why a proof could not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoProof {
    /// There is no such line or size, or a hash is missing.
    #[error(transparent)]
    Proof(#[from] ProofFault),
    /// The store failed.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl NoProof {
    /// Its stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::Proof(fault) => fault.code(),
            Self::Read(fault) => fault.code(),
        }
    }
}

/// Proves that line `index` is in the tenant's log of `size` lines.
///
/// # Errors
/// If there is no such line, or the store fails.
pub async fn prove_line(
    ledger: &dyn Ledger,
    tenant: TenantId,
    index: u64,
    size: u64,
) -> Result<LineProof, NoProof> {
    let mut wanted = merkle::inclusion_needs(index, size)?;
    wanted.extend(merkle::root_needs(size));
    let known = fetch(ledger, tenant, wanted).await?;
    let path = merkle::inclusion_proof(index, size, &known)?;
    Ok(LineProof { index, size, root: merkle::root_at(size, &known)?, path })
}

/// Proves that the tenant's log of `old` lines is a prefix of its log of `size` lines.
///
/// # Errors
/// If `old` is zero or over `size`, the log is shorter than `size`, or the store fails.
pub async fn prove_consistency(
    ledger: &dyn Ledger,
    tenant: TenantId,
    old: u64,
    size: u64,
) -> Result<Vec<Digest>, NoProof> {
    let mut wanted = merkle::consistency_needs(old, size)?;
    wanted.extend(merkle::root_needs(size));
    let known = fetch(ledger, tenant, wanted).await?;
    // A proof from a size to itself is empty and needs no hash: that the log is so long must show elsewhere.
    merkle::root_at(size, &known)?;
    Ok(merkle::consistency_proof(old, size, &known)?)
}

/// The root of the tenant's log when it had `size` lines.
///
/// # Errors
/// If the log is shorter, or the store fails.
pub async fn root_at(ledger: &dyn Ledger, tenant: TenantId, size: u64) -> Result<Digest, NoProof> {
    let known = fetch(ledger, tenant, merkle::root_needs(size)).await?;
    Ok(merkle::root_at(size, &known)?)
}

async fn fetch(
    ledger: &dyn Ledger,
    tenant: TenantId,
    mut wanted: Vec<Subtree>,
) -> Result<impl Hashes + use<>, ReadError> {
    wanted.sort_unstable();
    wanted.dedup();
    ledger.subtrees(tenant, wanted).await
}
