//! Cosignatures (C2SP tlog-cosignature, Ed25519): a witness says that at an instant this was the largest consistent tree
//! it had seen of a log.
//!
//! Never here: Ed25519 itself (signing and checking are handed in), or a witness's decision (`witness`).
//! To add a scheme: its algorithm byte, its message, and a published vector.

use std::fmt;

use crate::note::{NoteFault, NoteSigner, NoteVerifier, VerifierKey};

/// The algorithm byte of an Ed25519 cosignature; a log's own key has [`crate::note::ED25519`], so neither can stand for
/// the other.
pub const COSIGNATURE: u8 = 4;
/// The first line of what is signed: it keeps cosignatures apart from everything else the key may sign.
const HEADER: &str = "cosignature/v1";
/// The specification's bound of a time: 2^63 - 1 seconds.
const MAX_TIME: u64 = u64::MAX >> 1;

/// Checks an Ed25519 signature: public key, message, signature.
pub type CheckEd25519 = fn(&[u8; 32], &[u8], &[u8; 64]) -> bool;

/// What a cosignature signs: header, time, and the whole text of the checkpoint.
pub fn message(seconds: u64, text: &[u8]) -> Vec<u8> {
    [format!("{HEADER}\ntime {seconds}\n").as_bytes(), text].concat()
}

/// When a cosignature says it was made, in seconds since 1970; nothing if it is none. SECURITY: not verified.
pub fn time_of(signature: &[u8]) -> Option<u64> {
    split(signature).map(|(seconds, _)| seconds)
}

fn split(signature: &[u8]) -> Option<(u64, &[u8; 64])> {
    let (seconds, rest) = signature.split_first_chunk::<8>()?;
    let seconds = u64::from_be_bytes(*seconds);
    let signature = rest.try_into().ok()?;
    (seconds <= MAX_TIME).then_some((seconds, signature))
}

/// A witness's public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessKey {
    key: VerifierKey,
    public: [u8; 32],
}

impl WitnessKey {
    /// The key of this name and these 32 bytes.
    pub fn new(name: String, public: [u8; 32]) -> Self {
        Self { key: VerifierKey { name, algorithm: COSIGNATURE, key: public.to_vec() }, public }
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// If it is not an Ed25519 cosignature key: a log's own key is none.
    pub fn parse(text: &str) -> Result<Self, NoteFault> {
        let key = VerifierKey::parse(text)?;
        let public = key.key.as_slice().try_into().ok();
        match public.filter(|_| key.algorithm == COSIGNATURE) {
            Some(public) => Ok(Self { key, public }),
            None => Err(NoteFault::Malformed("this is not the key of an Ed25519 witness")),
        }
    }

    /// Its text form.
    pub fn to_text(&self) -> String {
        self.key.to_text()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.key.name
    }

    /// Its 32 bytes.
    pub fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// Its id.
    pub fn key_id(&self) -> [u8; 4] {
        self.key.key_id()
    }

    /// What verifies notes by it.
    pub fn verifier(&self, check: CheckEd25519) -> CosignatureVerifier {
        CosignatureVerifier { key: self.clone(), check }
    }
}

/// Verifies cosignatures of one witness.
#[derive(Clone)]
pub struct CosignatureVerifier {
    key: WitnessKey,
    check: CheckEd25519,
}

impl fmt::Debug for CosignatureVerifier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "CosignatureVerifier({})", self.key.to_text())
    }
}

impl NoteVerifier for CosignatureVerifier {
    fn name(&self) -> &str {
        self.key.name()
    }

    fn key_id(&self) -> [u8; 4] {
        self.key.key_id()
    }

    fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        split(signature).is_some_and(|(seconds, signature)| {
            (self.check)(&self.key.public, &message(seconds, text), signature)
        })
    }
}

/// Cosigns at one instant.
pub struct Cosigner<'a> {
    key: &'a WitnessKey,
    seconds: u64,
    sign: &'a dyn Fn(&[u8]) -> [u8; 64],
}

impl<'a> Cosigner<'a> {
    /// With this key's private half as a function, at this second since 1970.
    pub fn new(key: &'a WitnessKey, seconds: u64, sign: &'a dyn Fn(&[u8]) -> [u8; 64]) -> Self {
        Self { key, seconds: seconds.min(MAX_TIME), sign }
    }
}

impl fmt::Debug for Cosigner<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Cosigner({} at {})", self.key.to_text(), self.seconds)
    }
}

impl NoteSigner for Cosigner<'_> {
    fn name(&self) -> &str {
        self.key.name()
    }

    fn key_id(&self) -> [u8; 4] {
        self.key.key_id()
    }

    fn sign(&self, text: &[u8]) -> Vec<u8> {
        let signature = (self.sign)(&message(self.seconds, text));
        [&self.seconds.to_be_bytes()[..], &signature].concat()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use writ_model::Digest;

    use super::*;
    use crate::{
        Note,
        note::{ED25519, NoteSignature},
    };

    /// Stands in for Ed25519, which this crate does not have: the real one is tested where the keys are.
    fn fake(public: &[u8; 32], message: &[u8]) -> [u8; 64] {
        let half = Digest::of_parts(&[public, message]).0;
        let mut out = [0; 64];
        out[..32].copy_from_slice(&half);
        out[32..].copy_from_slice(&half);
        out
    }

    fn check(public: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        fake(public, message) == *signature
    }

    fn cosigned(key: &WitnessKey, seconds: u64) -> Note {
        let public = *key.public();
        let sign = |message: &[u8]| fake(&public, message);
        let mut note = Note::new("log.example\n3\nAAAA\n".to_owned()).unwrap();
        note.sign(&Cosigner::new(key, seconds, &sign)).unwrap();
        note
    }

    /// A checkpoint of a public log with the cosignature of a public witness, as both were published.
    #[test]
    fn a_published_cosignature_has_its_published_key_and_time() {
        let key = "witness.navigli.sunlight.geomys.org+a3e00fe2+BNy/co4C1Hn1p+INwJrfUlgz7W55dSZReusH/GhUhJ/G";
        let key = WitnessKey::parse(key).unwrap();
        let line = "\u{2014} witness.navigli.sunlight.geomys.org o+AP4gAAAABqb7DzNrGFRJnQ9vrJ8xpnwZytnr/ZYczDIsvwvouiSjwOjn7a72ccxBk+lKnZ7dKqkYKER1s/KxLTaVwQD7lJZTC/CQ==";
        let line = NoteSignature::parse(line).unwrap();
        assert_eq!((line.key_id, line.name.as_str()), (key.key_id(), key.name()));
        assert_eq!(time_of(&line.signature), Some(1_785_704_691));
    }

    #[test]
    fn what_is_signed_is_as_the_specification_prints_it() {
        let text =
            "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let wanted = format!("cosignature/v1\ntime 1679315147\n{text}");
        assert_eq!(message(1_679_315_147, text.as_bytes()), wanted.as_bytes());
    }

    #[test]
    fn a_logs_key_is_no_witnesss_and_the_reverse() {
        let witness = WitnessKey::new("w.example".to_owned(), [7; 32]);
        assert_eq!(WitnessKey::parse(&witness.to_text()).unwrap(), witness);
        let log =
            VerifierKey { name: "w.example".to_owned(), algorithm: ED25519, key: vec![7; 32] };
        assert!(WitnessKey::parse(&log.to_text()).is_err());
        assert_ne!(log.key_id(), witness.key_id());
        let short = VerifierKey { algorithm: COSIGNATURE, key: vec![7; 31], ..log };
        assert!(WitnessKey::parse(&short.to_text()).is_err());
    }

    #[test]
    fn only_its_own_text_time_and_length_verify() {
        let key = WitnessKey::new("w.example".to_owned(), [7; 32]);
        let good = cosigned(&key, 1_700_000_000);
        let verifier = key.verifier(check);
        assert_eq!(good.verify(&[&verifier]).unwrap(), ["w.example"]);
        assert_eq!(time_of(&good.signatures[0].signature), Some(1_700_000_000));
        let bad = |change: &dyn Fn(&mut Note)| {
            let mut note = good.clone();
            change(&mut note);
            assert_eq!(
                note.verify(&[&verifier]),
                Err(NoteFault::BadSignature("w.example".to_owned()))
            );
        };
        bad(&|note| note.text = note.text.replace('3', "4"));
        bad(&|note| note.signatures[0].signature[7] ^= 1);
        bad(&|note| note.signatures[0].signature[20] ^= 1);
        bad(&|note| note.signatures[0].signature.push(0));
        bad(&|note| note.signatures[0].signature.truncate(64));
        let beyond = cosigned(&key, u64::MAX);
        assert_eq!(time_of(&beyond.signatures[0].signature), Some(MAX_TIME));
        let mut later = beyond;
        later.signatures[0].signature[0] |= 0x80;
        assert_eq!(time_of(&later.signatures[0].signature), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..90)) {
            let key = WitnessKey::new("w.example".to_owned(), [7; 32]);
            prop_assert!(!key.verifier(check).verify(b"log.example\n3\nAAAA\n", &bytes));
        }
    }
}
