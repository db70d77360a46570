//! Checkpoints (C2SP tlog-checkpoint): a log's origin, size and root, as a signed note.
//!
//! Never here: a signature scheme, or a root that was not computed by the caller.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use writ_model::Digest;

use crate::{
    merkle::TreeHead,
    note::{Note, NoteFault, NoteSigner, NoteVerifier},
};

/// Extension lines of a checkpoint; the specification recommends none.
pub const MAX_EXTENSIONS: usize = 16;

/// What a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: a schema-less address, unique to it.
    pub origin: String,
    /// How many lines.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
    /// Further lines, opaque.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// A checkpoint without extension lines.
    pub fn new(origin: String, head: TreeHead) -> Self {
        Self { origin, size: head.size, root: head.root, extensions: Vec::new() }
    }

    /// Size and root.
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.size, root: self.root }
    }

    /// The note text.
    pub fn to_text(&self) -> String {
        let root = STANDARD.encode(self.root.as_bytes());
        let mut out = format!("{}\n{}\n{root}\n", self.origin, self.size);
        for line in &self.extensions {
            out.extend([line, "\n"]);
        }
        out
    }

    /// Reads a note text.
    ///
    /// # Errors
    /// If it is not a checkpoint's.
    pub fn parse(text: &str) -> Result<Self, NoteFault> {
        let bad = NoteFault::Malformed;
        let body = text.strip_suffix('\n').ok_or(bad("a checkpoint ends in a newline"))?;
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(bad("a checkpoint has three lines"));
        };
        let size = number(size).ok_or(bad("a checkpoint's size is a decimal number"))?;
        let root = STANDARD.decode(root).ok().and_then(|root| root.try_into().ok());
        let root = root.ok_or(bad("a checkpoint's root is 32 bytes in base64"))?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if origin.is_empty() || extensions.iter().any(String::is_empty) {
            return Err(bad("a checkpoint has no empty lines"));
        }
        if extensions.len() > MAX_EXTENSIONS {
            return Err(bad("a checkpoint has too many extension lines"));
        }
        Ok(Self { origin: origin.to_owned(), size, root: Digest(root), extensions })
    }

    /// The signed note.
    ///
    /// # Errors
    /// If a field or a signer's name cannot stand in a note.
    pub fn sign(&self, signers: &[&dyn NoteSigner]) -> Result<Note, NoteFault> {
        let text = self.to_text();
        if Self::parse(&text).as_ref() != Ok(self) {
            return Err(NoteFault::Malformed("a checkpoint's field holds a line end"));
        }
        let mut note = Note::new(text)?;
        signers.iter().try_for_each(|signer| note.sign(*signer))?;
        Ok(note)
    }

    /// Reads a signed checkpoint that every one of these keys must have signed; gives it and its signers.
    ///
    /// # Errors
    /// If it is not one, a key has not signed, or a signature is wrong.
    pub fn open(
        bytes: &[u8],
        required: &[&dyn NoteVerifier],
    ) -> Result<(Self, Vec<String>), NoteFault> {
        let note = Note::parse(bytes)?;
        let signers = note.verify_all(required)?;
        Ok((Self::parse(&note.text)?, signers))
    }
}

/// A decimal number without leading zeros or a sign.
pub(crate) fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let leading = text.len() > 1 && text.starts_with('0');
    (plain && !leading).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::tests::TestKey;

    const LOG: TestKey = TestKey { name: "log.example", secret: 9 };

    fn checkpoint() -> Checkpoint {
        let root = Digest::of(b"root");
        Checkpoint::new("log.example".to_owned(), TreeHead { size: 20_852_163, root })
    }

    #[test]
    fn round_trips_with_signature_and_extensions() {
        let mut wanted = checkpoint();
        wanted.extensions = vec!["time 1".to_owned(), "boot 2".to_owned()];
        let bytes = wanted.sign(&[&LOG]).unwrap().to_text();
        let (read, signers) = Checkpoint::open(bytes.as_bytes(), &[&LOG]).unwrap();
        assert_eq!((read, signers), (wanted, vec!["log.example".to_owned()]));
    }

    #[test]
    fn the_published_example_is_read() {
        let text =
            "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let read = Checkpoint::parse(text).unwrap();
        assert_eq!((read.size, read.to_text().as_str()), (20_852_163, text));
    }

    #[test]
    fn anything_else_is_refused() {
        let good = checkpoint().to_text();
        for (from, to) in [
            ("20852163", "020852163"),
            ("20852163", "+20852163"),
            ("20852163", "-1"),
            ("20852163", "99999999999999999999999"),
            ("20852163", ""),
            ("=\n", "\n"),
            ("log.example", ""),
            ("=\n", "=\n\n"),
            ("=\n", "="),
            ("\n20852163", " 20852163"),
        ] {
            assert!(Checkpoint::parse(&good.replacen(from, to, 1)).is_err(), "{from} -> {to}");
        }
        let mut sly = checkpoint();
        sly.origin = "log.example\n1".to_owned();
        assert!(sly.sign(&[&LOG]).is_err());
    }
}
