//! [`View`]: one tenant's state after so many lines, with the tree's edge that proves it read them all.
//!
//! Never here: IO.

use std::fmt;

use bytes::Bytes;
use writ_evidence::{Frontier, leaf_hash};
use writ_model::{Digest, Fold, TenantId, fold::BadLine};

use crate::Snapshot;

/// One tenant's state after its first `size` lines. Immutable: a new line makes a new view.
#[derive(Clone)]
pub struct View<F> {
    /// Whose.
    pub tenant: TenantId,
    /// After how many lines.
    pub size: u64,
    /// The state.
    pub state: F,
    edge: Frontier,
}

impl<F> fmt::Debug for View<F> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "View({} at {})", self.tenant, self.size)
    }
}

impl<F> View<F> {
    /// The Merkle root over the lines this state was folded from. Costs one hash for each set bit of the size.
    pub fn root(&self) -> Digest {
        self.edge.root()
    }
}

impl<F: Fold> View<F> {
    /// The state before the first line.
    pub fn empty(tenant: TenantId) -> Self {
        Self { tenant, size: 0, state: F::empty(tenant), edge: Frontier::new() }
    }

    /// Takes the next lines. On a fault the view is somewhere between and must be thrown away.
    ///
    /// # Errors
    /// If a line cannot be read.
    pub fn extend(&mut self, lines: &[Bytes]) -> Result<(), BadLine> {
        for line in lines {
            self.state.fold(self.size, line)?;
            self.edge.push(leaf_hash(line));
            self.size = self.size.saturating_add(1);
        }
        Ok(())
    }

    /// The snapshot of this view: the length of the edge, the edge, the state.
    ///
    /// # Errors
    /// If the state cannot be written.
    pub fn save(&self) -> Result<Snapshot, BadLine> {
        let (edge, state) = (self.edge.to_bytes(), self.state.save()?);
        let mut bytes = Vec::with_capacity(edge.len() + state.len() + 4);
        // An edge has at most 64 hashes.
        bytes.extend_from_slice(&u32::try_from(edge.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(&edge);
        bytes.extend_from_slice(&state);
        Ok(Snapshot::seal(self.tenant, self.size, F::VERSION, bytes.into()))
    }

    /// The view of a snapshot, or nothing if it is damaged, of another tenant or of another version.
    pub fn load(tenant: TenantId, snapshot: &Snapshot) -> Option<Self> {
        if !snapshot.holds_for(tenant) || snapshot.version != F::VERSION {
            return None;
        }
        let (length, rest) = snapshot.bytes.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (edge, state) = rest.split_at_checked(length)?;
        let edge = Frontier::from_bytes(edge).filter(|edge| edge.size() == snapshot.size)?;
        let state = F::load(state).ok()?;
        Some(Self { tenant, size: snapshot.size, state, edge })
    }
}
