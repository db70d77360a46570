//! What was listed to whom: for turning pages, and for finding whose a thing is by the name under which it was shown.
//!
//! SECURITY: what is kept here shows nothing: an entry is shown only if the register says so at that moment.
//! Never here: another running copy's lists.

use std::{collections::BTreeSet, sync::Arc};

use bytes::Bytes;
use lru::LruCache;
use parking_lot::Mutex;
use writ_authority::grant::Surface;
use writ_model::{Digest, InstanceId};

/// LIMIT: bytes of all lists kept; the least used give way.
const BYTES: usize = 64 << 20;
/// LIMIT: bytes of one list that is kept; a larger one has no further pages.
pub(super) const LIST: usize = 8 << 20;
/// Characters of a list's id in a cursor.
const ID: usize = 32;

/// What can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Tools,
    Prompts,
    Resources,
    Templates,
}

impl Kind {
    pub(super) fn of(method: &str) -> Option<Self> {
        [Self::Tools, Self::Prompts, Self::Resources, Self::Templates]
            .into_iter()
            .find(|kind| kind.method() == method)
    }

    pub(super) const fn method(self) -> &'static str {
        match self {
            Self::Tools => "tools/list",
            Self::Prompts => "prompts/list",
            Self::Resources => "resources/list",
            Self::Templates => "resources/templates/list",
        }
    }

    /// The list in its result, and what names an entry.
    pub(super) const fn keys(self) -> (&'static str, &'static str) {
        match self {
            Self::Tools => ("tools", "name"),
            Self::Prompts => ("prompts", "name"),
            Self::Resources => ("resources", "uri"),
            Self::Templates => ("resourceTemplates", "uriTemplate"),
        }
    }

    /// The capability of a server that has some.
    pub(super) const fn capability(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Prompts => "prompts",
            Self::Resources | Self::Templates => "resources",
        }
    }

    pub(super) const fn surface(self) -> Surface {
        match self {
            Self::Tools => Surface::Tool,
            Self::Prompts => Surface::Prompt,
            Self::Resources | Self::Templates => Surface::Resource,
        }
    }

    /// Whether it is named by an address.
    pub(super) const fn addressed(self) -> bool {
        matches!(self, Self::Resources | Self::Templates)
    }
}

/// One thing of one server, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) server: Arc<str>,
    /// What its server calls it.
    pub(super) own: String,
    /// What the endpoint calls it.
    pub(super) shown: String,
    /// Its definition, with the shown name in it.
    pub(super) bytes: Bytes,
}

/// A list that was put together.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) id: String,
    pub(super) entries: Vec<Entry>,
    /// What servers listed that are out now: not shown, and yet theirs.
    pub(super) absent: Vec<Entry>,
    /// `writ_pending` is offered with it.
    pub(super) pending: bool,
    size: usize,
}

impl Kept {
    pub(super) fn new(entries: Vec<Entry>, absent: Vec<Entry>, pending: bool) -> Self {
        let parts: Vec<&[u8]> = entries.iter().map(|entry| &*entry.bytes).collect();
        let id = Digest::of_parts(&parts).to_string().chars().take(ID).collect();
        let size = entries
            .iter()
            .chain(&absent)
            .map(|entry| entry.bytes.len() + entry.own.len() + entry.shown.len())
            .sum();
        Self { id, entries, absent, pending, size }
    }

    /// The cursor of the entries from this one on.
    pub(super) fn cursor(&self, from: usize) -> String {
        format!("{}.{from}", self.id)
    }

    /// Where a cursor goes on, if it is one of this list.
    pub(super) fn at(&self, cursor: &str) -> Option<usize> {
        let (id, from) = cursor.split_once('.')?;
        let digits = from.len() <= 6 && from.bytes().all(|byte| byte.is_ascii_digit());
        let from: usize = from.parse().ok().filter(|_| digits && id == self.id)?;
        (from < self.entries.len()).then_some(from)
    }

    /// Everything whose it is known, shown or not.
    pub(super) fn known(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().chain(&self.absent)
    }

    /// The entry that is, or was, shown under this name.
    pub(super) fn shown(&self, name: &str) -> Option<&Entry> {
        self.known().find(|entry| entry.shown == name)
    }

    /// The entry of a server.
    pub(super) fn own(&self, server: &str, own: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| &*entry.server == server && entry.own == own)
    }
}

struct All {
    lists: LruCache<(InstanceId, Kind), Arc<Kept>>,
    size: usize,
}

/// Everybody's lists.
pub(super) struct Shelf(Mutex<All>);

impl std::fmt::Debug for Shelf {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Shelf({} bytes)", self.0.lock().size)
    }
}

impl Default for Shelf {
    fn default() -> Self {
        Self(Mutex::new(All { lists: LruCache::unbounded(), size: 0 }))
    }
}

impl Shelf {
    /// Keeps a list in place of the last one of its kind.
    pub(super) fn put(&self, whose: InstanceId, kind: Kind, kept: &Arc<Kept>) {
        let mut all = self.0.lock();
        if let Some(last) = all.lists.pop(&(whose, kind)) {
            all.size -= last.size;
        }
        if kept.size > LIST {
            return;
        }
        all.size += kept.size;
        all.lists.put((whose, kind), Arc::clone(kept));
        while all.size > BYTES
            && let Some((_, last)) = all.lists.pop_lru()
        {
            all.size -= last.size;
        }
    }

    /// The last list of a kind.
    pub(super) fn get(&self, whose: InstanceId, kind: Kind) -> Option<Arc<Kept>> {
        self.0.lock().lists.get(&(whose, kind)).cloned()
    }

    /// Forgets everything of some running copies.
    pub(super) fn evict(&self, whose: &BTreeSet<InstanceId>) {
        let mut all = self.0.lock();
        for instance in whose {
            for kind in [Kind::Tools, Kind::Prompts, Kind::Resources, Kind::Templates] {
                if let Some(last) = all.lists.pop(&(*instance, kind)) {
                    all.size -= last.size;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(names: &[&str], size: usize) -> Arc<Kept> {
        let entry = |name: &&str| Entry {
            server: "mail".into(),
            own: (*name).to_owned(),
            shown: format!("mail__{name}"),
            bytes: Bytes::from(format!("{name}{}", "x".repeat(size))),
        };
        Arc::new(Kept::new(names.iter().map(entry).collect(), Vec::new(), false))
    }

    #[test]
    fn a_cursor_is_of_one_list() {
        let (one, other) = (kept(&["a", "b", "c"], 0), kept(&["a", "b"], 0));
        let cursor = one.cursor(2);
        assert_eq!((one.at(&cursor), other.at(&cursor)), (Some(2), None));
        for bad in ["", "x", ".2", &one.cursor(3), &format!("{}.+1", one.id), &one.id] {
            assert_eq!(one.at(bad), None, "{bad}");
        }
        assert_eq!(one.own("mail", "b").map(|entry| &*entry.shown), Some("mail__b"));
        assert!(one.own("files", "b").is_none() && one.shown("b").is_none());
    }

    #[test]
    fn what_is_kept_is_bounded_and_forgotten() {
        let (shelf, id) = (Shelf::default(), |byte| InstanceId::from_bytes([byte; 16]));
        for byte in 0..20 {
            shelf.put(id(byte), Kind::Tools, &kept(&["a"], 7 << 20));
        }
        assert!(
            shelf.get(id(0), Kind::Tools).is_none() && shelf.get(id(19), Kind::Tools).is_some()
        );
        assert!(shelf.0.lock().size <= BYTES);
        shelf.put(id(19), Kind::Tools, &kept(&["a"], LIST));
        assert!(shelf.get(id(19), Kind::Tools).is_none(), "a list that is too large is not kept");
        shelf.evict(&(0..20).map(id).collect());
        assert_eq!(shelf.0.lock().size, 0);
    }

    #[test]
    fn kinds_are_known_by_their_methods() {
        assert_eq!(Kind::of("resources/templates/list"), Some(Kind::Templates));
        assert_eq!(Kind::of("tools/call"), None);
    }
}
