//! What a witness decides, purely: whether an offered checkpoint goes on from what was seen, by a proof
//! (C2SP tlog-witness) or by the lines themselves.
//!
//! Never here: a key, a store, a network. INVARIANT: whoever holds a [`Witness`] stores what it has seen before a
//! cosignature leaves; the order is theirs to keep.
//! To add a rule: a variant of [`Disagreement`] with its code and its status.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use writ_model::{Code, Digest};

use crate::{
    Checkpoint, Note,
    checkpoint::number,
    merkle::{Frontier, TreeHead, empty_root, verify_consistency},
    note::{MAX_NOTE, NoteFault, NoteVerifier},
};

/// Lines of a consistency proof in a request; the specification's bound.
pub const MAX_PROOF_LINES: usize = 63;

/// Why a checkpoint is not cosigned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Disagreement {
    /// It is not a checkpoint, or the log's key has not signed it.
    #[error("the checkpoint is refused: {0}")]
    Note(NoteFault),
    /// It is another log's.
    #[error("the checkpoint is of {found}, not of {wanted}")]
    Origin {
        /// What it says.
        found: String,
        /// Which log is watched.
        wanted: String,
    },
    /// Lines that were there are gone: the log was truncated, or an old copy of it was restored.
    #[error("the log has {offered} lines now, and {seen} were seen: lines are gone")]
    Smaller {
        /// How many lines were seen.
        seen: u64,
        /// How many it has now.
        offered: u64,
    },
    /// As many lines, but other ones: two histories exist.
    #[error("another history of the same {size} lines: {seen} was seen, {offered} is offered")]
    Forked {
        /// How many lines.
        size: u64,
        /// The root that was seen.
        seen: Digest,
        /// The root that is offered.
        offered: Digest,
    },
    /// The proof does not show that what was seen is a prefix of what is offered.
    #[error("it is not shown that the {old} lines seen are the first of the {new} offered")]
    NotConsistent {
        /// How many lines were seen.
        old: u64,
        /// How many are offered.
        new: u64,
    },
    /// The lines that were given do not lead to the root that was signed.
    #[error("with the lines up to {size} the root is {computed}, and the checkpoint says {stated}")]
    Lines {
        /// How many lines, with those that were given.
        size: u64,
        /// The root computed from them.
        computed: Digest,
        /// The root that is signed.
        stated: Digest,
    },
    /// The request is made for another size than was seen last. Nothing is wrong with the log.
    #[error("the proof begins at {old}, and the last size seen is {seen}")]
    Stale {
        /// Where the proof begins.
        old: u64,
        /// What was seen last.
        seen: u64,
    },
    /// The proof begins after the checkpoint.
    #[error("the proof begins at {old}, after the checkpoint's {size}")]
    Backwards {
        /// Where the proof begins.
        old: u64,
        /// The checkpoint's size.
        size: u64,
    },
}

impl Disagreement {
    /// Its stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::Note(fault) => fault.code(),
            Self::Origin { .. } => Code("EVID-0005"),
            Self::Smaller { .. } => Code("EVID-0011"),
            Self::Forked { .. } => Code("EVID-0012"),
            Self::NotConsistent { .. } => Code("EVID-0013"),
            Self::Lines { .. } => Code("EVID-0014"),
            Self::Stale { .. } | Self::Backwards { .. } => Code("EVID-0015"),
        }
    }

    /// The HTTP status that C2SP tlog-witness gives it.
    pub fn status(&self) -> u16 {
        match self {
            Self::Note(NoteFault::Malformed(_)) | Self::Backwards { .. } => 400,
            Self::Note(_) => 403,
            Self::Origin { .. } => 404,
            Self::Stale { .. } | Self::Smaller { .. } | Self::Forked { .. } => 409,
            Self::NotConsistent { .. } | Self::Lines { .. } => 422,
        }
    }

    /// Whether it says that the log misbehaved, not that a request was made badly.
    pub fn is_misbehavior(&self) -> bool {
        use Disagreement::{Forked, Lines, NotConsistent, Smaller};
        matches!(self, Smaller { .. } | Forked { .. } | NotConsistent { .. } | Lines { .. })
    }
}

/// What one witness has seen of one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    origin: String,
    seen: TreeHead,
}

impl Witness {
    /// A witness of the log of this origin that has seen nothing.
    pub fn new(origin: String) -> Self {
        Self { origin, seen: TreeHead { size: 0, root: empty_root() } }
    }

    /// A witness that has seen this much.
    pub fn resume(origin: String, seen: TreeHead) -> Self {
        Self { origin, seen }
    }

    /// Which log.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The largest tree seen.
    pub fn seen(&self) -> TreeHead {
        self.seen
    }

    /// Reads an offered checkpoint: signed by the log, not smaller than what was seen, and the same if it is as large.
    /// That a larger one goes on from what was seen is not shown yet.
    ///
    /// # Errors
    /// Any [`Disagreement`] but those of proofs and lines.
    pub fn offered(
        &self,
        note: &[u8],
        log: &dyn NoteVerifier,
    ) -> Result<(Checkpoint, Note), Disagreement> {
        let note = Note::parse(note).map_err(Disagreement::Note)?;
        let checkpoint = Checkpoint::parse(&note.text).map_err(Disagreement::Note)?;
        if checkpoint.origin != self.origin {
            let wanted = self.origin.clone();
            return Err(Disagreement::Origin { found: checkpoint.origin, wanted });
        }
        note.verify_all(&[log]).map_err(Disagreement::Note)?;
        Ok((checkpoint, note))
    }

    /// That an offered checkpoint does not take back what was seen.
    ///
    /// # Errors
    /// [`Disagreement::Smaller`], [`Disagreement::Forked`].
    pub fn not_behind(&self, checkpoint: &Checkpoint) -> Result<(), Disagreement> {
        let (seen, offered) = (self.seen, checkpoint.head());
        if offered.size < seen.size {
            return Err(Disagreement::Smaller { seen: seen.size, offered: offered.size });
        }
        if offered.size == seen.size && offered.root != seen.root {
            let (size, offered, seen) = (seen.size, offered.root, seen.root);
            return Err(Disagreement::Forked { size, seen, offered });
        }
        Ok(())
    }

    /// Takes a checkpoint by a proof of consistency, in the order of checks of C2SP tlog-witness; what it gives may be
    /// cosigned once this witness is stored.
    ///
    /// # Errors
    /// Any [`Disagreement`]; nothing has changed then.
    pub fn add(
        &mut self,
        request: &AddCheckpoint,
        log: &dyn NoteVerifier,
    ) -> Result<(Checkpoint, Note), Disagreement> {
        let (checkpoint, note) = self.offered(request.checkpoint.as_bytes(), log)?;
        let (seen, offered, old) = (self.seen, checkpoint.head(), request.old);
        if old > offered.size {
            return Err(Disagreement::Backwards { old, size: offered.size });
        }
        if old != seen.size {
            return Err(Disagreement::Stale { old, seen: seen.size });
        }
        self.not_behind(&checkpoint)?;
        verify_consistency(&seen, &offered, &request.proof)
            .map_err(|_not_proven| Disagreement::NotConsistent { old, new: offered.size })?;
        self.seen = offered;
        Ok((checkpoint, note))
    }

    /// Takes a checkpoint by the lines up to it, hashed by the caller into `edge`.
    ///
    /// # Errors
    /// [`Disagreement::Lines`] and those of [`Witness::not_behind`]; nothing has changed then.
    pub fn follow(&mut self, checkpoint: &Checkpoint, edge: &Frontier) -> Result<(), Disagreement> {
        self.not_behind(checkpoint)?;
        let (size, computed) = (edge.size(), edge.root());
        let head = TreeHead { size, root: computed };
        if head != checkpoint.head() {
            return Err(Disagreement::Lines { size, computed, stated: checkpoint.root });
        }
        self.seen = head;
        Ok(())
    }
}

/// The body of C2SP tlog-witness `add-checkpoint`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size the proof begins at.
    pub old: u64,
    /// The proof of consistency; empty if `old` is zero.
    pub proof: Vec<Digest>,
    /// The signed checkpoint.
    pub checkpoint: String,
}

impl AddCheckpoint {
    /// Its text.
    pub fn to_text(&self) -> String {
        let mut out = format!("old {}\n", self.old);
        for hash in &self.proof {
            out.extend([&STANDARD.encode(hash.as_bytes()), "\n"]);
        }
        out.extend(["\n", &self.checkpoint]);
        out
    }

    /// Reads one.
    ///
    /// # Errors
    /// If it is none, or over a bound.
    pub fn parse(text: &str) -> Result<Self, NoteFault> {
        let bad = || NoteFault::Malformed("it is not an add-checkpoint request");
        if text.len() > 2 * MAX_NOTE {
            return Err(bad());
        }
        let (head, checkpoint) = text.split_once("\n\n").ok_or_else(bad)?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(number);
        let old = old.ok_or_else(bad)?;
        let mut proof = Vec::new();
        for line in lines {
            let hash = STANDARD.decode(line).ok().and_then(|hash| hash.try_into().ok());
            proof.push(Digest(hash.filter(|_| proof.len() < MAX_PROOF_LINES).ok_or_else(bad)?));
        }
        Ok(Self { old, proof, checkpoint: checkpoint.to_owned() })
    }
}

#[cfg(test)]
mod tests;
