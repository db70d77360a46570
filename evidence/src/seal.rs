//! Seals: the Merkle root over a batch of activity records, so that one ledger line makes each of them provable.
//!
//! Never here: a record's meaning, or another tree than the ledger's own.

use writ_model::Digest;

use crate::merkle::{
    Frontier, Hashes, NotProven, ProofFault, Subtree, inclusion_proof, leaf_hash, verify_inclusion,
};

/// The root over a batch of records, in their order.
pub fn batch_root<R: AsRef<[u8]>>(records: &[R]) -> Digest {
    let mut edge = Frontier::new();
    for record in records {
        edge.push(leaf_hash(record.as_ref()));
    }
    edge.root()
}

/// Proves that a record is in its batch.
///
/// # Errors
/// If there is no such record.
pub fn batch_proof<R: AsRef<[u8]>>(records: &[R], index: u64) -> Result<Vec<Digest>, ProofFault> {
    let leaves: Vec<Digest> = records.iter().map(|record| leaf_hash(record.as_ref())).collect();
    let size = u64::try_from(leaves.len()).unwrap_or(u64::MAX);
    inclusion_proof(index, size, &Leaves(&leaves))
}

/// Checks that a record is in the batch with this size and root.
///
/// # Errors
/// If the proof does not show it.
pub fn verify_in_batch(
    record: &[u8],
    index: u64,
    size: u64,
    proof: &[Digest],
    root: &Digest,
) -> Result<(), NotProven> {
    verify_inclusion(&leaf_hash(record), index, size, proof, root)
}

struct Leaves<'a>(&'a [Digest]);

impl Hashes for Leaves<'_> {
    fn subtree(&self, at: Subtree) -> Option<Digest> {
        let from = usize::try_from(at.index.checked_shl(u32::from(at.level))?).ok()?;
        let width = 1_usize.checked_shl(u32::from(at.level))?;
        let mut edge = Frontier::new();
        for leaf in self.0.get(from..from.checked_add(width)?)? {
            edge.push(*leaf);
        }
        Some(edge.root())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_of_every_small_batch_is_proven_and_no_other() {
        for size in 1..40_u64 {
            let records: Vec<String> = (0..size).map(|n| format!("record {n}")).collect();
            let root = batch_root(&records);
            for (index, record) in (0..).zip(&records) {
                let proof = batch_proof(&records, index).unwrap();
                let check =
                    |record: &str| verify_in_batch(record.as_bytes(), index, size, &proof, &root);
                assert_eq!(check(record), Ok(()));
                assert_eq!(check("another"), Err(NotProven));
            }
            assert!(batch_proof(&records, size).is_err());
        }
        assert_eq!(batch_root::<&[u8]>(&[]), crate::merkle::empty_root());
    }
}
