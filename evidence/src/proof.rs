//! The proof of one line as a file (C2SP tlog-proof): the line's index, its audit path, and the signed checkpoint.
//!
//! Never here: the line itself; whoever checks brings it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use writ_model::{Code, Digest};

use crate::{
    Checkpoint,
    checkpoint::number,
    leaf_hash,
    merkle::{MAX_PROOF, NotProven, verify_inclusion},
    note::{MAX_NOTE, NoteFault, NoteVerifier},
};

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// That one line is in the log of a signed checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineProof {
    /// Which line.
    pub index: u64,
    /// The audit path, lowest first.
    pub path: Vec<Digest>,
    /// The signed checkpoint, as it was published.
    pub checkpoint: String,
}

/// Why a line is not proven.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// The proof or its checkpoint is refused.
    #[error(transparent)]
    Note(#[from] NoteFault),
    /// The path does not lead from the line to the root.
    #[error(transparent)]
    NotProven(#[from] NotProven),
}

impl LineFault {
    /// Its stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::Note(fault) => fault.code(),
            Self::NotProven(_) => Code("EVID-0010"),
        }
    }
}

impl LineProof {
    /// Its text; the usual ending is `.tlog-proof`.
    pub fn to_text(&self) -> String {
        let mut out = format!("{HEADER}\nindex {}\n", self.index);
        for hash in &self.path {
            out.extend([&STANDARD.encode(hash.as_bytes()), "\n"]);
        }
        out.extend(["\n", &self.checkpoint]);
        out
    }

    /// Reads a proof. Its extra data is skipped: nothing authenticates it.
    ///
    /// # Errors
    /// If it is not one.
    pub fn parse(text: &str) -> Result<Self, NoteFault> {
        let bad = || NoteFault::Malformed("it is not a tlog-proof");
        if text.len() > 2 * MAX_NOTE {
            return Err(bad());
        }
        let (head, checkpoint) = text.split_once("\n\n").ok_or_else(bad)?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(bad());
        }
        lines.next_if(|line| line.starts_with("extra "));
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(number);
        let index = index.ok_or_else(bad)?;
        let mut path = Vec::new();
        for line in lines {
            let hash = STANDARD.decode(line).ok().and_then(|hash| hash.try_into().ok());
            path.push(Digest(hash.filter(|_| path.len() < MAX_PROOF).ok_or_else(bad)?));
        }
        Ok(Self { index, path, checkpoint: checkpoint.to_owned() })
    }

    /// Checks that the line is in the log of the checkpoint, which every one of these keys must have signed.
    ///
    /// # Errors
    /// If it is not proven.
    pub fn verify(
        &self,
        line: &[u8],
        required: &[&dyn NoteVerifier],
    ) -> Result<Checkpoint, LineFault> {
        let (checkpoint, _) = Checkpoint::open(self.checkpoint.as_bytes(), required)?;
        let (size, root) = (checkpoint.size, &checkpoint.root);
        verify_inclusion(&leaf_hash(line), self.index, size, &self.path, root)?;
        Ok(checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{merkle::TreeHead, note::tests::TestKey, seal};

    const LOG: TestKey = TestKey { name: "log.example", secret: 9 };

    #[test]
    fn a_line_is_proven_from_the_file_alone() {
        let lines: Vec<String> = (0..100).map(|n| format!("line {n}")).collect();
        let head = TreeHead { size: 100, root: seal::batch_root(&lines) };
        let checkpoint = Checkpoint::new("log.example".to_owned(), head);
        let proof = LineProof {
            index: 42,
            path: seal::batch_proof(&lines, 42).unwrap(),
            checkpoint: checkpoint.sign(&[&LOG]).unwrap().to_text(),
        };
        let text = proof.to_text();
        let read = LineProof::parse(&text).unwrap();
        assert_eq!(read, proof);
        assert_eq!(read.verify(b"line 42", &[&LOG]), Ok(checkpoint));
        assert_eq!(read.verify(b"line 43", &[&LOG]), Err(NotProven.into()));
        let stranger = TestKey { name: "log.example", secret: 8 };
        assert_eq!(read.verify(b"line 42", &[&stranger]), Err(NoteFault::NoKnownKey.into()));
        let with_extra = text.replacen("index", "extra AAAA\nindex", 1);
        assert_eq!(LineProof::parse(&with_extra).unwrap(), proof);
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let read = String::from_utf8(bytes).ok().and_then(|text| LineProof::parse(&text).ok());
            let verified = read.is_some_and(|read| read.verify(b"line 42", &[&LOG]).is_ok());
            assert!(!verified, "byte {at}");
        }
    }
}
