//! [`Known`]: clients' documents and keys that were fetched a moment ago.
//!
//! Never here: an address that a stranger can have fetched (only who is signed in, or holds a code, causes one), a failure
//! that is kept, or a document that is believed after [`FRESH`].

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::Mutex;
use writ_identity::JwkSet;
use writ_model::{Span, Timestamp};

use super::document::Document;

/// How long a document is believed: a client that changes its keys or its addresses is followed within that.
const FRESH: Span = Span::minutes(5);
/// LIMIT: documents, and as many key sets, kept at once: clients of one installation; the oldest makes room.
const KEPT: usize = 256;

type Table<T> = Mutex<BTreeMap<String, (Timestamp, Arc<T>)>>;

/// What was fetched.
#[derive(Debug, Default)]
pub(super) struct Known {
    documents: Table<Document>,
    keys: Table<JwkSet>,
}

impl Known {
    pub(super) fn document(&self, of: &str, now: Timestamp) -> Option<Arc<Document>> {
        find(&self.documents, of, now)
    }

    pub(super) fn keys(&self, at: &str, now: Timestamp) -> Option<Arc<JwkSet>> {
        find(&self.keys, at, now)
    }

    pub(super) fn keep_document(
        &self,
        of: &str,
        document: Document,
        now: Timestamp,
    ) -> Arc<Document> {
        keep(&self.documents, of, document, now)
    }

    pub(super) fn keep_keys(&self, at: &str, keys: JwkSet, now: Timestamp) -> Arc<JwkSet> {
        keep(&self.keys, at, keys, now)
    }
}

fn find<T>(table: &Table<T>, name: &str, now: Timestamp) -> Option<Arc<T>> {
    let table = table.lock();
    let (read_at, found) = table.get(name)?;
    (now < *read_at + FRESH).then(|| Arc::clone(found))
}

fn keep<T>(table: &Table<T>, name: &str, one: T, now: Timestamp) -> Arc<T> {
    let one = Arc::new(one);
    let mut table = table.lock();
    table.retain(|_, (read_at, _)| now < *read_at + FRESH);
    if table.len() >= KEPT {
        let oldest = table.iter().min_by_key(|(_, (read_at, _))| *read_at);
        if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
            table.remove(&oldest);
        }
    }
    table.insert(name.to_owned(), (now, Arc::clone(&one)));
    one
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_fetched_is_believed_for_a_while_and_the_oldest_makes_room() {
        let known = Known::default();
        let at = |second: i64| Timestamp::from_micros(second * 1_000_000);
        for number in 0..=KEPT {
            let second = i64::try_from(number % 200).unwrap();
            known.keep_keys(&format!("k{number}"), JwkSet::default(), at(second));
        }
        assert_eq!(known.keys.lock().len(), KEPT);
        assert!(known.keys("k0", at(200)).is_none(), "it made room");
        assert!(known.keys("k199", at(200)).is_some());
        assert!(known.keys("k199", at(199 + 300)).is_none(), "it is too old");
    }
}
