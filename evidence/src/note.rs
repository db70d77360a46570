//! Signed notes (C2SP signed-note): a text and signature lines by named keys, several of them.
//!
//! Never here: a key or a signature scheme (both are traits handed in), a text used before a known key has verified it.
//! To add a scheme: its algorithm byte in [`VerifierKey`]'s users; nothing changes here.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use writ_model::{Code, Digest};

/// The algorithm byte of Ed25519.
pub const ED25519: u8 = 1;
/// Bytes of a note: a checkpoint with 64 signatures of 5 kB.
pub const MAX_NOTE: usize = 400 << 10;
/// Signature lines of a note; the specification wants at least 16.
pub const MAX_SIGNATURES: usize = 64;
/// Bytes of a key's name.
pub const MAX_NAME: usize = 256;

const DASH: &str = "\u{2014} ";

/// What signs a note.
pub trait NoteSigner {
    /// The key's name.
    fn name(&self) -> &str;
    /// The key's id.
    fn key_id(&self) -> [u8; 4];
    /// The signature over a note's text.
    fn sign(&self, text: &[u8]) -> Vec<u8>;
}

/// What knows a key that signs notes.
pub trait NoteVerifier {
    /// The key's name.
    fn name(&self) -> &str;
    /// The key's id.
    fn key_id(&self) -> [u8; 4];
    /// Whether this is the key's signature over the text.
    fn verify(&self, text: &[u8], signature: &[u8]) -> bool;
}

/// Why a note is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteFault {
    /// It is not a note.
    #[error("not a signed note: {0}")]
    Malformed(&'static str),
    /// A known key's signature is wrong.
    #[error("the signature by {0} does not verify")]
    BadSignature(String),
    /// A key that must have signed has not.
    #[error("there is no signature by {0}")]
    Unsigned(String),
    /// There is no known key among the signatures.
    #[error("no key that is trusted has signed")]
    NoKnownKey,
}

impl NoteFault {
    /// Its stable code.
    pub fn code(&self) -> Code {
        Code(match self {
            Self::Malformed(_) => "EVID-0001",
            Self::BadSignature(_) => "EVID-0002",
            Self::Unsigned(_) | Self::NoKnownKey => "EVID-0003",
        })
    }
}

/// Whether a text may name a key: not empty, no spaces, no plus, no control characters.
pub fn is_key_name(name: &str) -> bool {
    let wrong = |letter: char| letter.is_whitespace() || letter == '+' || letter.is_control();
    !name.is_empty() && name.len() <= MAX_NAME && !name.contains(wrong)
}

/// A public key as operators write it: `name+hash+base64(algorithm || key)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    /// Its name.
    pub name: String,
    /// Which scheme.
    pub algorithm: u8,
    /// The public key.
    pub key: Vec<u8>,
}

impl VerifierKey {
    /// The first four bytes of SHA-256 over name, newline, algorithm and key.
    pub fn key_id(&self) -> [u8; 4] {
        let parts: [&[u8]; 4] = [self.name.as_bytes(), b"\n", &[self.algorithm], &self.key];
        let [a, b, c, d, ..] = Digest::of_parts(&parts).0;
        [a, b, c, d]
    }

    /// Its text form.
    pub fn to_text(&self) -> String {
        let material = [&[self.algorithm][..], &self.key].concat();
        let id = u32::from_be_bytes(self.key_id());
        format!("{}+{id:08x}+{}", self.name, STANDARD.encode(material))
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// If it is not one, or its hash is not that of its key.
    pub fn parse(text: &str) -> Result<Self, NoteFault> {
        let bad = NoteFault::Malformed("a key is written name+hash+base64");
        // Plus is a letter of base64 but not of names or hashes, so the first two are the separators.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(hash), Some(material)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(bad);
        };
        let material = STANDARD.decode(material).ok().ok_or(bad.clone())?;
        let (algorithm, key) = material.split_first().ok_or(bad.clone())?;
        let read = Self { name: name.to_owned(), algorithm: *algorithm, key: key.to_vec() };
        let id = format!("{:08x}", u32::from_be_bytes(read.key_id()));
        if !is_key_name(name) || key.is_empty() {
            return Err(bad);
        }
        if id != hash {
            return Err(NoteFault::Malformed("the key's hash is not that of its key"));
        }
        Ok(read)
    }
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// The key's name.
    pub name: String,
    /// The key's id.
    pub key_id: [u8; 4],
    /// The signature.
    pub signature: Vec<u8>,
}

impl NoteSignature {
    /// Its line, without the line end.
    pub fn to_line(&self) -> String {
        let material = [&self.key_id[..], &self.signature].concat();
        format!("{DASH}{} {}", self.name, STANDARD.encode(material))
    }

    /// Reads a line without its line end.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(line: &str) -> Result<Self, NoteFault> {
        signature(line).ok_or(NoteFault::Malformed("a signature line is malformed"))
    }
}

/// A note that was read but is not verified yet, or one that is being signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The text with its last newline. SECURITY: of no meaning before [`Note::verify`].
    pub text: String,
    /// The signatures in order.
    pub signatures: Vec<NoteSignature>,
}

impl Note {
    /// A note without signatures.
    ///
    /// # Errors
    /// If the text cannot be one's: it must end in a newline and hold no other control characters.
    pub fn new(text: String) -> Result<Self, NoteFault> {
        if !text.ends_with('\n') {
            return Err(NoteFault::Malformed("its text does not end in a newline"));
        }
        if text.chars().any(|letter| letter < ' ' && letter != '\n') {
            return Err(NoteFault::Malformed("it holds a control character"));
        }
        Ok(Self { text, signatures: Vec::new() })
    }

    /// Adds a signature.
    ///
    /// # Errors
    /// If the signer's name cannot stand in a note, or there are too many signatures.
    pub fn sign(&mut self, signer: &dyn NoteSigner) -> Result<(), NoteFault> {
        if !is_key_name(signer.name()) {
            return Err(NoteFault::Malformed("the signer's name cannot stand in a note"));
        }
        if self.signatures.len() >= MAX_SIGNATURES {
            return Err(NoteFault::Malformed("it has too many signatures"));
        }
        self.signatures.push(NoteSignature {
            name: signer.name().to_owned(),
            key_id: signer.key_id(),
            signature: signer.sign(self.text.as_bytes()),
        });
        Ok(())
    }

    /// Its bytes.
    pub fn to_text(&self) -> String {
        let mut out = format!("{}\n", self.text);
        for line in &self.signatures {
            out.extend([&line.to_line(), "\n"]);
        }
        out
    }

    /// Reads a note with at least one signature, verifying none.
    ///
    /// # Errors
    /// If it is not a note, or over a bound.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteFault> {
        let bad = NoteFault::Malformed;
        if bytes.len() > MAX_NOTE {
            return Err(bad("it is too large"));
        }
        let whole = std::str::from_utf8(bytes).ok().ok_or(bad("it is not UTF-8"))?;
        let (text, lines) = whole.rsplit_once("\n\n").ok_or(bad("it has no signatures"))?;
        let mut note = Self::new(format!("{text}\n"))?;
        let lines = lines.strip_suffix('\n').ok_or(bad("its last line has no end"))?;
        for line in lines.split('\n') {
            if note.signatures.len() >= MAX_SIGNATURES {
                return Err(bad("it has too many signatures"));
            }
            note.signatures.push(NoteSignature::parse(line)?);
        }
        Ok(note)
    }

    /// Verifies the signatures by known keys and gives the names of those that signed, in the order of the note.
    /// Signatures by unknown keys are ignored; a wrong one by a known key refuses the note.
    ///
    /// # Errors
    /// If a known key's signature is wrong, or no known key has signed.
    pub fn verify(&self, known: &[&dyn NoteVerifier]) -> Result<Vec<String>, NoteFault> {
        let mut signers: Vec<String> = Vec::new();
        for line in &self.signatures {
            let found =
                known.iter().find(|key| key.name() == line.name && key.key_id() == line.key_id);
            let Some(key) = found else { continue };
            if !key.verify(self.text.as_bytes(), &line.signature) {
                return Err(NoteFault::BadSignature(line.name.clone()));
            }
            if !signers.contains(&line.name) {
                signers.push(line.name.clone());
            }
        }
        if signers.is_empty() { Err(NoteFault::NoKnownKey) } else { Ok(signers) }
    }

    /// Verifies that every one of these keys has signed.
    ///
    /// # Errors
    /// If one has not, or a signature is wrong, or there are no keys to ask for.
    pub fn verify_all(&self, required: &[&dyn NoteVerifier]) -> Result<Vec<String>, NoteFault> {
        let signers = self.verify(required)?;
        let signed = |key: &dyn NoteVerifier| {
            let by = |line: &NoteSignature| line.name == key.name() && line.key_id == key.key_id();
            self.signatures.iter().any(by)
        };
        match required.iter().find(|key| !signed(**key)) {
            Some(missing) => Err(NoteFault::Unsigned(missing.name().to_owned())),
            None => Ok(signers),
        }
    }
}

fn signature(line: &str) -> Option<NoteSignature> {
    let (name, material) = line.strip_prefix(DASH)?.split_once(' ')?;
    let material = STANDARD.decode(material).ok()?;
    let (key_id, signature) = material.split_first_chunk::<4>()?;
    let whole = is_key_name(name) && !signature.is_empty();
    whole.then(|| NoteSignature {
        name: name.to_owned(),
        key_id: *key_id,
        signature: signature.to_vec(),
    })
}

#[cfg(test)]
pub(crate) mod tests;
