//! The Merkle tree of RFC 6962 and RFC 9162 over SHA-256: leaf and node hashes, the growing edge, proofs.
//!
//! Never here: where hashes are kept (that is [`Hashes`]), what a leaf means, a tree with another hash.
//! To add a proof: its plan in terms of `span_hash`, its verifier, and a property test against the naive tree.

use std::cell::RefCell;

use writ_model::{Code, Digest};

/// RFC 6962 section 2.1: the byte before a leaf's content.
const LEAF: u8 = 0;
/// RFC 6962 section 2.1: the byte before the two hashes of a node.
const NODE: u8 = 1;
/// A proof has at most one hash for each level of a tree of 2^64 leaves, and one more (RFC 9162 section 2.1.4).
pub const MAX_PROOF: usize = 65;

/// The hash of one leaf.
pub fn leaf_hash(content: &[u8]) -> Digest {
    Digest::of_parts(&[&[LEAF], content])
}

/// The hash of a node over its two children.
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    Digest::of_parts(&[&[NODE], left.as_bytes(), right.as_bytes()])
}

/// The root of a tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Digest {
    Digest::of(b"")
}

/// A complete subtree: the leaves `index << level` up to `(index + 1) << level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subtree {
    /// Height above the leaves; a leaf is 0.
    pub level: u8,
    /// Which one of its level, from the left.
    pub index: u64,
}

/// Where hashes of complete subtrees can be had.
pub trait Hashes {
    /// The hash of a complete subtree, or nothing if it is not known.
    fn subtree(&self, at: Subtree) -> Option<Digest>;
}

/// The growing edge of a tree: the roots of its complete subtrees, largest first. Enough to append and to know the root.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    hashes: Vec<Digest>,
}

impl Frontier {
    /// The edge of a tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf by its hash.
    pub fn push(&mut self, leaf: Digest) {
        self.push_with(leaf, &mut |_, _| {});
    }

    /// Appends a leaf and tells of each subtree it completes, the leaf itself included, lowest first.
    pub fn push_with(&mut self, leaf: Digest, completed: &mut dyn FnMut(Subtree, Digest)) {
        let mut at = Subtree { level: 0, index: self.size };
        let mut hash = leaf;
        completed(at, hash);
        while at.index & 1 == 1 {
            // A set bit of the size has its subtree in `hashes`; the last one is the lowest.
            let Some(left) = self.hashes.pop() else { break };
            hash = node_hash(&left, &hash);
            at = Subtree { level: at.level.saturating_add(1), index: at.index >> 1 };
            completed(at, hash);
        }
        self.hashes.push(hash);
        self.size = self.size.saturating_add(1);
    }

    /// The root of the tree so far.
    pub fn root(&self) -> Digest {
        let mut hashes = self.hashes.iter().rev();
        hashes.next().map_or_else(empty_root, |lowest| {
            hashes.fold(*lowest, |right, left| node_hash(left, &right))
        })
    }

    /// Size (big-endian) and hashes, for storage.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.size.to_be_bytes().to_vec();
        for hash in &self.hashes {
            out.extend_from_slice(hash.as_bytes());
        }
        out
    }

    /// The edge in these bytes, or nothing if they are not one.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (size, rest) = bytes.split_first_chunk::<8>()?;
        let size = u64::from_be_bytes(*size);
        let (hashes, excess) = rest.as_chunks::<32>();
        let whole =
            excess.is_empty() && u64::try_from(hashes.len()) == Ok(u64::from(size.count_ones()));
        whole.then(|| Self { size, hashes: hashes.iter().map(|hash| Digest(*hash)).collect() })
    }
}

/// Why a proof could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofFault {
    /// The tree is not that large.
    #[error("there is no such leaf or size: {wanted} of {size}")]
    OutOfRange {
        /// The leaf or size asked about.
        wanted: u64,
        /// The size of the tree.
        size: u64,
    },
    /// A stored hash is missing.
    #[error("the hash of subtree {} at level {} is not known", .0.index, .0.level)]
    Unknown(Subtree),
}

impl ProofFault {
    /// Its stable code.
    pub fn code(&self) -> Code {
        Code(match self {
            Self::OutOfRange { .. } => "EVID-0008",
            Self::Unknown(_) => "EVID-0009",
        })
    }
}

/// Why a proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the proof does not lead to the root")]
pub struct NotProven;

/// The largest power of two strictly smaller than `n` (which is at least 2), as an exponent.
fn split_level(n: u64) -> u8 {
    u8::try_from(n.saturating_sub(1).checked_ilog2().unwrap_or(0)).unwrap_or(63)
}

/// The root over the leaves `from..to`, where `from` is a multiple of the largest complete subtree in it.
fn span_hash(from: u64, to: u64, hashes: &dyn Hashes) -> Result<Digest, ProofFault> {
    let count = to - from;
    if count.is_power_of_two() {
        let level = u8::try_from(count.trailing_zeros()).unwrap_or(63);
        let at = Subtree { level, index: from >> level };
        return hashes.subtree(at).ok_or(ProofFault::Unknown(at));
    }
    let middle = from + (1_u64 << split_level(count));
    Ok(node_hash(&span_hash(from, middle, hashes)?, &span_hash(middle, to, hashes)?))
}

/// The root of the tree when it had `size` leaves.
///
/// # Errors
/// If a hash is not known.
pub fn root_at(size: u64, hashes: &dyn Hashes) -> Result<Digest, ProofFault> {
    if size == 0 { Ok(empty_root()) } else { span_hash(0, size, hashes) }
}

/// The proof that leaf `index` is in the tree of `size` leaves (RFC 9162 section 2.1.3.1).
///
/// # Errors
/// If there is no such leaf, or a hash is not known.
pub fn inclusion_proof(
    index: u64,
    size: u64,
    hashes: &dyn Hashes,
) -> Result<Vec<Digest>, ProofFault> {
    if index >= size {
        return Err(ProofFault::OutOfRange { wanted: index, size });
    }
    let (mut from, mut to, mut path) = (0, size, Vec::new());
    while to - from > 1 {
        let middle = from + (1_u64 << split_level(to - from));
        if index < middle {
            path.push(span_hash(middle, to, hashes)?);
            to = middle;
        } else {
            path.push(span_hash(from, middle, hashes)?);
            from = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The proof that the tree of `old` leaves is a prefix of the tree of `size` leaves (RFC 9162 section 2.1.4.1).
///
/// # Errors
/// If `old` is zero or larger than `size`, or a hash is not known.
pub fn consistency_proof(
    old: u64,
    size: u64,
    hashes: &dyn Hashes,
) -> Result<Vec<Digest>, ProofFault> {
    if old == 0 || old > size {
        return Err(ProofFault::OutOfRange { wanted: old, size });
    }
    let (mut from, mut to, mut path) = (0, size, Vec::new());
    let mut on_left_edge = true;
    while to != old {
        let middle = from + (1_u64 << split_level(to - from));
        if old <= middle {
            path.push(span_hash(middle, to, hashes)?);
            to = middle;
        } else {
            path.push(span_hash(from, middle, hashes)?);
            from = middle;
            on_left_edge = false;
        }
    }
    if !on_left_edge {
        path.push(span_hash(from, to, hashes)?);
    }
    path.reverse();
    Ok(path)
}

/// The subtrees that a proof of inclusion needs.
///
/// # Errors
/// If there is no such leaf.
pub fn inclusion_needs(index: u64, size: u64) -> Result<Vec<Subtree>, ProofFault> {
    let needs = Needs::default();
    inclusion_proof(index, size, &needs)?;
    Ok(needs.0.into_inner())
}

/// The subtrees that a proof of consistency needs.
///
/// # Errors
/// If `old` is zero or larger than `size`.
pub fn consistency_needs(old: u64, size: u64) -> Result<Vec<Subtree>, ProofFault> {
    let needs = Needs::default();
    consistency_proof(old, size, &needs)?;
    Ok(needs.0.into_inner())
}

/// The subtrees that the root at this size needs.
pub fn root_needs(size: u64) -> Vec<Subtree> {
    let needs = Needs::default();
    // `Needs` knows every hash, so this cannot fail.
    root_at(size, &needs).map(|_| needs.0.into_inner()).unwrap_or_default()
}

/// Knows every hash (as zeros) and remembers which were asked for.
#[derive(Default)]
struct Needs(RefCell<Vec<Subtree>>);

impl Hashes for Needs {
    fn subtree(&self, at: Subtree) -> Option<Digest> {
        self.0.borrow_mut().push(at);
        Some(Digest::default())
    }
}

/// Hashes that were fetched before: pairs sorted or not, looked up by position.
impl Hashes for [(Subtree, Digest)] {
    fn subtree(&self, at: Subtree) -> Option<Digest> {
        self.iter().find(|(known, _)| *known == at).map(|(_, hash)| *hash)
    }
}

impl Hashes for Vec<(Subtree, Digest)> {
    fn subtree(&self, at: Subtree) -> Option<Digest> {
        self.as_slice().subtree(at)
    }
}

/// Checks a proof of inclusion (RFC 9162 section 2.1.3.2).
///
/// # Errors
/// If it does not show that this leaf is at this index of the tree with this size and root.
pub fn verify_inclusion(
    leaf: &Digest,
    index: u64,
    size: u64,
    proof: &[Digest],
    root: &Digest,
) -> Result<(), NotProven> {
    if index >= size || proof.len() > MAX_PROOF {
        return Err(NotProven);
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for other in proof {
        if last == 0 {
            return Err(NotProven);
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(other, &hash);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, other);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    if last == 0 && hash == *root { Ok(()) } else { Err(NotProven) }
}

/// A tree's size and root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeHead {
    /// How many leaves.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
}

/// Checks a proof of consistency (RFC 9162 section 2.1.4.2). The empty tree is a prefix of every tree, by an empty proof.
///
/// # Errors
/// If it does not show that the old tree is a prefix of the new one.
pub fn verify_consistency(
    old: &TreeHead,
    new: &TreeHead,
    proof: &[Digest],
) -> Result<(), NotProven> {
    let holds = |yes: bool| if yes { Ok(()) } else { Err(NotProven) };
    if old.size == 0 || old.size == new.size {
        let right = if old.size == 0 { old.root == empty_root() } else { old.root == new.root };
        return holds(proof.is_empty() && right);
    }
    if old.size > new.size || proof.len() > MAX_PROOF {
        return Err(NotProven);
    }
    let mut path = proof.iter();
    let first = if old.size.is_power_of_two() { Some(&old.root) } else { path.next() };
    let first = first.ok_or(NotProven)?;
    let (mut at, mut last) = (old.size - 1, new.size - 1);
    while at & 1 == 1 {
        (at, last) = (at >> 1, last >> 1);
    }
    let (mut old_hash, mut new_hash) = (*first, *first);
    for other in path {
        if last == 0 {
            return Err(NotProven);
        }
        if at & 1 == 1 || at == last {
            old_hash = node_hash(other, &old_hash);
            new_hash = node_hash(other, &new_hash);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            new_hash = node_hash(&new_hash, other);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    holds(last == 0 && old_hash == old.root && new_hash == new.root)
}

#[cfg(test)]
mod tests;
