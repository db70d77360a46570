//! The lock of a surface: what there is that starts servers or steers models, each pinned by digest; and what differs from it later.
//!
//! It holds no secret: a definition is in it as a digest. Written in one order, so that a lock in a repository shows what changed.
//! Never here: whether a change is fine. To lock one more kind: [`locked`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use writ_model::text::quote;

use crate::{
    discover::{Component, Kind, Reason},
    found::Found,
};

/// The form of the file; another one is refused.
pub const VERSION: u32 = 1;
/// LIMIT: bytes of a lock that is read; fifty thousand entries.
pub const MAX_BYTES: u64 = 32 << 20;

/// One thing that is pinned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// Its version, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its digest, where its bytes or definition were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// What it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts: Option<String>,
}

/// A lock: what is pinned, by kind, client, name and path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// [`VERSION`].
    pub version: u32,
    /// What is pinned.
    pub pins: BTreeMap<String, Pin>,
}

/// Why a lock cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadLock {
    /// It is no lock.
    #[error("it is no lock: {0}")]
    NoLock(String),
    /// It is of another version.
    #[error("it is a lock of version {0}, and this program reads version {VERSION}")]
    Version(u32),
}

/// Whether a kind is part of the surface.
fn locked(kind: Kind) -> bool {
    matches!(kind, Kind::McpServer | Kind::Skill | Kind::Hook | Kind::Rules | Kind::Extension)
}

fn name(one: &Component) -> String {
    let kind =
        Kind::WORDS.iter().find(|(kind, ..)| *kind == one.kind).map_or("", |(_, word, _)| *word);
    format!(
        "{kind}\t{}\t{}\t{}\t{}",
        one.client.as_deref().unwrap_or("-"),
        one.name,
        one.path,
        one.at
    )
}

impl Lock {
    /// The surface that a scan found.
    pub fn of(found: &Found) -> Self {
        let pin = |one: &Component| Pin {
            version: one.version.clone(),
            digest: one.digest.clone(),
            starts: one.about.get("starts").cloned(),
        };
        let pins =
            found.components.iter().filter(|one| locked(one.kind)).map(|one| (name(one), pin(one)));
        Self { version: VERSION, pins: pins.collect() }
    }

    /// Reads a lock.
    ///
    /// # Errors
    /// If it is none, or of another version.
    pub fn read(bytes: &[u8]) -> Result<Self, BadLock> {
        let lock: Self =
            serde_json::from_slice(bytes).map_err(|error| BadLock::NoLock(error.to_string()))?;
        if lock.version == VERSION { Ok(lock) } else { Err(BadLock::Version(lock.version)) }
    }

    /// The file's bytes.
    pub fn written(&self) -> Vec<u8> {
        let mut out = serde_json::to_vec_pretty(self).unwrap_or_default();
        out.push(b'\n');
        out
    }

    /// Says of every component how it differs from the lock, and of what is gone that it is.
    pub fn compare(&self, found: &mut Found) -> Drift {
        let mut drift = Drift::default();
        let mut seen = std::collections::BTreeSet::new();
        for one in found.components.iter_mut().filter(|one| locked(one.kind)) {
            let name = name(one);
            let now = Pin {
                version: one.version.clone(),
                digest: one.digest.clone(),
                starts: one.about.get("starts").cloned(),
            };
            match self.pins.get(&name) {
                None => {
                    one.add(vec![Reason::new("lock.new", "It is not in the lock.", "")]);
                    drift.new += 1;
                }
                Some(before) if *before != now => {
                    one.add(vec![Reason::new("lock.changed", changed(before, &now), "")]);
                    drift.changed += 1;
                }
                Some(_) => drift.same += 1,
            }
            seen.insert(name);
        }
        drift.gone = self
            .pins
            .keys()
            .filter(|name| !seen.contains(*name))
            .map(|name| name.replace('\t', " "))
            .collect();
        drift
    }
}

fn changed(before: &Pin, now: &Pin) -> String {
    let word = |text: &Option<String>| {
        text.as_ref().map_or_else(|| "nothing".to_owned(), |text| quote(text))
    };
    if before.starts != now.starts {
        return format!("It starts {} and started {}.", word(&now.starts), word(&before.starts));
    }
    if before.version != now.version {
        return format!("Its version is {} and was {}.", word(&now.version), word(&before.version));
    }
    "Its bytes or its definition are other ones.".to_owned()
}

/// How a surface differs from its lock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// As it was.
    pub same: usize,
    /// Not in the lock.
    pub new: usize,
    /// Other than in the lock.
    pub changed: usize,
    /// In the lock and no longer there.
    pub gone: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(digest: &str, starts: &str) -> Found {
        let mut one =
            Component::new(Kind::McpServer, "git", "/c.json", "mcp.server").about("starts", starts);
        one.digest = Some(digest.to_owned());
        Found { components: vec![one], ..Found::default() }
    }

    #[test]
    fn drift_is_seen_and_what_is_the_same_is_not() {
        let lock = Lock::of(&found("d1", "npm:git@1.0.0"));
        let lock = Lock::read(&lock.written()).unwrap();
        let mut same = found("d1", "npm:git@1.0.0");
        assert_eq!(lock.compare(&mut same), Drift { same: 1, ..Drift::default() });
        assert_eq!(same, found("d1", "npm:git@1.0.0"));
        let mut other = found("d2", "npm:git@1.0.0");
        assert_eq!(lock.compare(&mut other).changed, 1);
        assert!(other.components[0].finding.bad());
        assert_eq!(lock.compare(&mut Found::default()).gone.len(), 1);
        let empty = Lock { version: VERSION, pins: BTreeMap::new() };
        assert_eq!(empty.compare(&mut found("d1", "x")).new, 1);
    }

    #[test]
    fn what_is_no_lock_is_refused() {
        assert!(matches!(Lock::read(b"{}"), Err(BadLock::NoLock(_))));
        assert_eq!(Lock::read(br#"{"version":2,"pins":{}}"#), Err(BadLock::Version(2)));
    }
}
