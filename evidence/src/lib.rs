//! Evidence: the Merkle tree, signed checkpoints, cosignatures, proofs, what a witness decides, the export layout and its
//! offline verification.
//!
//! Never here: IO, a clock, a key (signing is a trait handed in), or a claim that was not recomputed.
//! To add a format: one file that prints and strictly parses it, with a round-trip test and a flipped-byte test.

pub mod checkpoint;
pub mod cosignature;
pub mod merkle;
pub mod note;
pub mod proof;
pub mod seal;
pub mod tiles;
pub mod verify;
pub mod witness;

pub use checkpoint::Checkpoint;
pub use cosignature::{Cosigner, WitnessKey};
pub use merkle::{Frontier, Hashes, Subtree, leaf_hash, node_hash};
pub use note::{Note, NoteFault, NoteSigner, NoteVerifier, VerifierKey};
pub use proof::LineProof;
pub use tiles::{ExportFile, Exporter};
pub use verify::{Fault, Files, Report, Trust, VerifyOptions, verify_export};
pub use witness::{AddCheckpoint, Disagreement, Witness};
