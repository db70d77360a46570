//! Secrets compared in constant time, and [`OneTimeCode`]: what a person carries from one screen to another once.
//!
//! Never here: a code that is stored (its digest is), or fewer than 128 bits.

use subtle::ConstantTimeEq as _;
use writ_model::{Digest, Entropy, Secret};

/// Crockford's base32: no I, L, O, U, so that a code can be read aloud.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a code: 140 bits.
const CHARS: usize = 28;
/// Characters between two hyphens.
const GROUP: usize = 4;
/// LIMIT: bytes of a typed code: every character with a space around it.
const MAX_TYPED: usize = 4 * CHARS;
const CONTEXT: &[u8] = b"writ one-time code v1\0";

/// Whether both are the same bytes, in a time that does not depend on where they differ. Lengths are not secret.
#[must_use]
pub fn same_secret(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

/// An enrollment code or a sign-in code of 140 bits: `7K2M-…` in seven groups of four. Shown once; stored as its digest.
#[derive(Debug, Clone)]
pub struct OneTimeCode(Secret<String>);

impl OneTimeCode {
    /// A new code.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut random = [0_u8; CHARS];
        entropy.fill(&mut random);
        let mut text = String::with_capacity(CHARS + CHARS / GROUP);
        for (at, byte) in random.iter().enumerate() {
            if at > 0 && at % GROUP == 0 {
                text.push('-');
            }
            let letter = ALPHABET.get(usize::from(byte & 31)).copied().unwrap_or(b'0');
            text.push(char::from(letter));
        }
        Self(Secret::new(text))
    }

    /// The code, for the one screen or link that shows it.
    pub fn text(&self) -> &Secret<String> {
        &self.0
    }

    /// What is stored of it.
    pub fn digest(&self) -> Digest {
        let bare: String = self.0.expose().chars().filter(|letter| *letter != '-').collect();
        Digest::of_parts(&[CONTEXT, bare.as_bytes()])
    }

    /// The digest of a code as a person typed it: case, spaces and hyphens do not matter; `o` is read as 0, `i` and `l`
    /// as 1. None if it cannot be a code.
    pub fn digest_of_typed(typed: &str) -> Option<Digest> {
        if typed.len() > MAX_TYPED {
            return None;
        }
        let mut bare = String::with_capacity(CHARS);
        for letter in typed.chars().filter(|letter| *letter != '-' && !letter.is_whitespace()) {
            let letter = match letter.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            if !letter.is_ascii() || !ALPHABET.contains(&u8::try_from(letter).ok()?) {
                return None;
            }
            bare.push(letter);
        }
        (bare.len() == CHARS).then(|| Digest::of_parts(&[CONTEXT, bare.as_bytes()]))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Entropy that repeats, for this crate's tests.
    #[derive(Debug)]
    pub(crate) struct Seeded(AtomicU64);

    impl Seeded {
        pub(crate) fn new(seed: u64) -> Self {
            Self(AtomicU64::new(seed << 32))
        }
    }

    impl Entropy for Seeded {
        fn fill(&self, out: &mut [u8]) {
            for chunk in out.chunks_mut(32) {
                let count = self.0.fetch_add(1, Ordering::Relaxed);
                let digest = Digest::of(&count.to_be_bytes());
                chunk.copy_from_slice(&digest.0[..chunk.len()]);
            }
        }
    }

    #[test]
    fn a_code_survives_the_person_who_types_it() {
        let code = OneTimeCode::generate(&Seeded::new(1));
        let text = code.text().expose().clone();
        assert_eq!(text.len(), 34);
        assert_eq!(text.split('-').count(), 7);
        let sloppy = text.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        for typed in [text.clone(), sloppy, text.replace('-', "")] {
            assert_eq!(OneTimeCode::digest_of_typed(&typed), Some(code.digest()), "{typed}");
        }
        for bad in [text.get(..33).unwrap(), "", "U", &text.replace('-', "é"), &"0".repeat(200)] {
            assert_eq!(OneTimeCode::digest_of_typed(bad), None);
        }
        assert_ne!(OneTimeCode::generate(&Seeded::new(2)).digest(), code.digest());
        assert!(!format!("{code:?}").contains(&text));
    }

    #[test]
    fn secrets_compare() {
        assert!(same_secret(b"abc", b"abc"));
        assert!(!same_secret(b"abc", b"abd"));
        assert!(!same_secret(b"abc", b"ab"));
    }
}
