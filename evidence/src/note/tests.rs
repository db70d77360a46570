//! Notes: the specification's own example, round trips, and every way to be malformed.

use proptest::prelude::*;

use super::*;

/// A keyed digest standing in for a signature scheme, which this crate does not have.
pub(crate) struct TestKey {
    pub(crate) name: &'static str,
    pub(crate) secret: u8,
}

impl TestKey {
    fn mac(&self, text: &[u8]) -> Vec<u8> {
        Digest::of_parts(&[&[self.secret], text]).0.to_vec()
    }
    fn id(&self) -> [u8; 4] {
        let key = vec![self.secret; 32];
        VerifierKey { name: self.name.to_owned(), algorithm: ED25519, key }.key_id()
    }
}

impl NoteSigner for TestKey {
    fn name(&self) -> &str {
        self.name
    }
    fn key_id(&self) -> [u8; 4] {
        self.id()
    }
    fn sign(&self, text: &[u8]) -> Vec<u8> {
        self.mac(text)
    }
}

impl NoteVerifier for TestKey {
    fn name(&self) -> &str {
        self.name
    }
    fn key_id(&self) -> [u8; 4] {
        self.id()
    }
    fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        self.mac(text) == signature
    }
}

const LOG: TestKey = TestKey { name: "log.example/t1", secret: 1 };
const WITNESS: TestKey = TestKey { name: "witness.example", secret: 2 };
const OTHER: TestKey = TestKey { name: "log.example/t1", secret: 3 };

fn signed() -> Note {
    let mut note = Note::new("a text\n\nwith a gap\n".to_owned()).unwrap();
    note.sign(&LOG).unwrap();
    note.sign(&WITNESS).unwrap();
    note
}

#[test]
fn the_published_example_is_read() {
    let text = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n\
        — quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";
    let note = Note::parse(text.as_bytes()).unwrap();
    assert!(note.text.ends_with("sera.\n") && note.text.contains("\n\ned"));
    assert_eq!(note.signatures[0].name, "quasimodo.example/salvatore");
    assert_eq!(note.signatures[0].signature.len(), 64);
    assert_eq!(note.to_text(), text);
}

#[test]
fn a_published_verifier_key_has_its_published_hash() {
    let text = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
    let key = VerifierKey::parse(text).unwrap();
    assert_eq!((key.name.as_str(), key.algorithm, key.key.len()), ("sum.golang.org", ED25519, 32));
    assert_eq!(key.to_text(), text);
    for bad in [
        "sum.golang.org+033de0af+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
        "sum.golang.orh+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
        "sum.golang.org+033DE0AE+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
        "sum.golang.org+033de0ae",
        "+033de0ae+Ac4=",
        "a b+00000000+AQ==",
        "",
    ] {
        assert!(VerifierKey::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn known_keys_verify_unknown_ones_are_ignored_and_missing_ones_refuse() {
    let note = Note::parse(signed().to_text().as_bytes()).unwrap();
    assert_eq!(note, signed());
    assert_eq!(note.verify(&[&LOG]).unwrap(), ["log.example/t1"]);
    assert_eq!(note.verify_all(&[&WITNESS, &LOG]).unwrap().len(), 2);
    assert_eq!(note.verify(&[&OTHER]), Err(NoteFault::NoKnownKey), "same name, another key");
    assert_eq!(note.verify(&[]), Err(NoteFault::NoKnownKey));
    let missing = Err(NoteFault::Unsigned("log.example/t1".to_owned()));
    assert_eq!(note.verify_all(&[&LOG, &OTHER]), missing);
    let mut altered = note.clone();
    altered.text = "b text\n".to_owned();
    let wrong = Err(NoteFault::BadSignature("log.example/t1".to_owned()));
    assert_eq!(altered.verify(&[&LOG]), wrong);
}

#[test]
fn malformed_notes_are_refused() {
    let good = signed().to_text();
    let line = good.lines().last().unwrap();
    let many = format!("t\n\n{}", format!("{line}\n").repeat(MAX_SIGNATURES + 1));
    for (why, text) in [
        ("no signatures", "text\n".to_owned()),
        ("empty signatures", "text\n\n".to_owned()),
        ("last line without end", good.trim_end().to_owned()),
        ("control character", good.replace("a text", "a\ttext")),
        ("carriage return", good.replace("a text", "a\r")),
        ("no dash", good.replace('\u{2014}', "-")),
        ("empty name", format!("t\n\n{DASH} AAAAAAA=\n")),
        ("plus in name", format!("t\n\n{DASH}a+b AAAAAAA=\n")),
        ("space in name", format!("t\n\n{DASH}a\u{a0}b AAAAAAA=\n")),
        ("short signature", format!("t\n\n{DASH}a AAAAAA==\n")),
        ("bad base64", format!("t\n\n{DASH}a AAAAA\n")),
        ("loose base64", format!("t\n\n{DASH}a AAAAAAB=\n")),
        ("too many", many),
        ("too large", format!("{}\n\n{line}\n", "x".repeat(MAX_NOTE))),
    ] {
        let read = Note::parse(text.as_bytes());
        assert!(matches!(read, Err(NoteFault::Malformed(_))), "{why}: {read:?}");
    }
    assert!(Note::parse(b"\xff\n\n").is_err());
    assert!(Note::new("no end".to_owned()).is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_refused_or_round_trip(text in "[a\\n\u{2014}+ =A]{0,60}") {
        if let Ok(note) = Note::parse(text.as_bytes()) {
            prop_assert_eq!(note.to_text(), text);
        }
    }

    #[test]
    fn a_flipped_bit_never_verifies(at in any::<prop::sample::Index>(), bit in 0..8) {
        let good = signed().to_text().into_bytes();
        let mut bad = good.clone();
        let at = at.index(bad.len());
        bad[at] ^= 1_u8 << bit;
        let verified = Note::parse(&bad).and_then(|note| note.verify_all(&[&LOG, &WITNESS]));
        prop_assert!(verified.is_err(), "byte {}", at);
    }
}
