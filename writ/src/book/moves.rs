//! Moves of a ledger between providers: whose key signs its checkpoints now, and that the one before signed what it handed
//! over.
//!
//! Never here: a decision whether a provider may take a ledger over; that is for its client to know. To check one more
//! thing of a move: [`handed_over`].

use std::path::Path;

use writ_authority::{Entry, Fact, fact::LedgerMoved};
use writ_desk::CheckpointVerifier;
use writ_evidence::{Checkpoint, Frontier, Note};

use crate::leave::lines;

/// What a line with a move has somewhere; lines without it are not read.
const MARK: &[u8] = b"\"ledger_moved\"";

/// The key that the last move of an export names; none without one. An export that cannot be read has none: whoever
/// verifies it says why.
pub fn last_key(dir: &Path) -> Option<String> {
    let (_, head) = lines::checkpoint(dir).ok()?;
    let mut key = None;
    let read = lines::each(dir, head.size, &mut |_, line| {
        if line.windows(MARK.len()).any(|part| part == MARK)
            && let Ok(Fact::LedgerMoved(moved)) = Entry::from_line(line).map(|entry| entry.fact)
        {
            key = Some(moved.checkpoint_key);
        }
        Ok(())
    });
    read.ok().and(key)
}

/// Checks that the key before a move signed exactly the lines before it.
///
/// # Errors
/// In one line, what is wrong.
pub fn handed_over(
    key: Option<&str>,
    moved: &LedgerMoved,
    before: &Frontier,
) -> Result<(), String> {
    let key = key.and_then(CheckpointVerifier::parse).ok_or("no key signed before the move")?;
    let bad = |why: String| format!("the old provider's last checkpoint: {why}");
    let note = Note::parse(moved.checkpoint.as_bytes()).map_err(|why| bad(why.to_string()))?;
    note.verify_all(&[&key]).map_err(|why| bad(why.to_string()))?;
    let checkpoint = Checkpoint::parse(&note.text).map_err(|why| bad(why.to_string()))?;
    if checkpoint.size != before.size() || checkpoint.root != before.root() {
        return Err(bad("it is over other lines than those before the move".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use writ_evidence::{leaf_hash, merkle::TreeHead, note::ED25519};
    use writ_identity::SigningKey;
    use writ_model::TenantId;
    use writ_testkit::SeededEntropy;

    use super::*;

    struct Signer(SigningKey, writ_evidence::VerifierKey);

    impl Signer {
        fn new(seed: u64) -> Self {
            let key = SigningKey::generate(&SeededEntropy::new(seed)).unwrap();
            let public = key.public_bytes().to_vec();
            let name = "writ-ledger/x".to_owned();
            Self(key, writ_evidence::VerifierKey { name, algorithm: ED25519, key: public })
        }
    }

    impl writ_evidence::NoteSigner for Signer {
        fn name(&self) -> &str {
            &self.1.name
        }

        fn key_id(&self) -> [u8; 4] {
            self.1.key_id()
        }

        fn sign(&self, text: &[u8]) -> Vec<u8> {
            self.0.sign(text).to_vec()
        }
    }

    #[test]
    fn the_old_key_signs_exactly_what_it_hands_over() {
        let (old, other) = (Signer::new(1), Signer::new(2));
        let mut before = Frontier::new();
        before.push(leaf_hash(b"one"));
        let head = TreeHead { size: 1, root: before.root() };
        let signed = |by: &Signer, head| {
            let note = Checkpoint::new("writ-ledger/x".to_owned(), head).sign(&[by]).unwrap();
            LedgerMoved {
                provider: TenantId::from_bytes([1; 16]),
                name: "Quay".to_owned(),
                origin: "https://quay.example".to_owned(),
                checkpoint_key: String::new(),
                checkpoint: note.to_text(),
            }
        };
        let key = old.1.to_text();
        let judge = |moved: &LedgerMoved| handed_over(Some(&key), moved, &before);
        assert_eq!(judge(&signed(&old, head)), Ok(()));
        assert!(judge(&signed(&other, head)).is_err(), "another key");
        assert!(judge(&signed(&old, TreeHead { size: 2, ..head })).is_err(), "other lines");
        let text = LedgerMoved { checkpoint: "no note".to_owned(), ..signed(&old, head) };
        assert!(judge(&text).is_err());
        assert!(handed_over(None, &signed(&old, head), &before).is_err());
    }
}
