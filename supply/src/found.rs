//! [`Found`]: everything that one scan found, with what it looked at, what was absent and what it could not read; the document that
//! `--json` prints, and the verdict over all of it.
//!
//! Never here: a walk, a rule. To add a number to the coverage: a member of [`Coverage`].

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::discover::{
    Component, FileVerdict, Kind, Looked, Reason, Status, Verdict, clients, rules,
};

/// LIMIT: files told one by one; beyond it clean ones are only counted.
const MOST_FILES: usize = 100_000;
/// LIMIT: components told one by one.
const MOST_COMPONENTS: usize = 50_000;
/// LIMIT: places told that could not be read.
const MOST_UNREAD: usize = 2_000;

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// Where it is.
    pub path: String,
    /// Why.
    pub why: String,
}

/// What was looked at, what was absent, what could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// What was named.
    pub asked: Vec<String>,
    /// Folders listed.
    pub folders: u64,
    /// Files seen.
    pub files: u64,
    /// Files opened.
    pub opened: u64,
    /// Bytes in the files opened.
    pub bytes: u64,
    /// Links that were not followed.
    pub links: u64,
    /// What is neither file nor folder and was never opened: pipes, sockets, devices.
    pub special: u64,
    /// Names that are not UTF-8.
    pub odd_names: u64,
    /// What was met and is not told one by one.
    pub notes: BTreeMap<String, u64>,
    /// Clients that are here.
    pub clients: Vec<String>,
    /// Clients of the catalogue of which nothing was found.
    pub absent: Vec<String>,
    /// What could not be read.
    pub unread: Vec<Unread>,
    /// How many could not be read, told or not.
    pub unread_count: u64,
    /// What this scan does not look at.
    pub not_supported: Vec<String>,
    /// Limits that were met.
    pub limits: Vec<String>,
}

impl Coverage {
    /// Notes something that could not be read.
    pub fn could_not_read(&mut self, path: impl Into<String>, why: impl Into<String>) {
        self.unread_count += 1;
        if self.unread.len() < MOST_UNREAD {
            self.unread.push(Unread { path: path.into(), why: why.into() });
        }
    }

    /// Adds what another part of the scan saw.
    pub fn join(&mut self, other: Self) {
        self.folders += other.folders;
        self.files += other.files;
        self.opened += other.opened;
        self.bytes += other.bytes;
        self.links += other.links;
        self.special += other.special;
        self.odd_names += other.odd_names;
        for (note, count) in other.notes {
            *self.notes.entry(note).or_default() += count;
        }
        self.unread_count += other.unread_count;
        let room = MOST_UNREAD.saturating_sub(self.unread.len());
        self.unread.extend(other.unread.into_iter().take(room));
        for limit in other.limits {
            if !self.limits.contains(&limit) {
                self.limits.push(limit);
            }
        }
    }
}

/// Everything that one scan found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The files examined.
    pub files: Vec<FileVerdict>,
    /// What is there.
    pub components: Vec<Component>,
    /// What was looked at.
    pub coverage: Coverage,
    /// Clean files beyond what is told one by one.
    #[serde(default)]
    pub more_clean_files: u64,
}

impl Found {
    /// Adds what was found in one file.
    pub fn add(&mut self, looked: Looked) {
        for file in looked.files {
            if self.files.len() < MOST_FILES || file.finding.bad() {
                self.files.push(file);
            } else if file.finding == Verdict::Clean {
                self.more_clean_files += 1;
            } else {
                self.coverage.could_not_read(
                    file.path,
                    "its verdict is unknown, and there are too many to tell",
                );
            }
        }
        for note in looked.notes {
            // The number before the first space counts.
            let (count, words) = note.split_once(' ').unwrap_or(("1", &note));
            *self.coverage.notes.entry(words.to_owned()).or_default() +=
                count.parse::<u64>().unwrap_or(1);
        }
        for component in looked.components {
            if self.components.len() < MOST_COMPONENTS || component.finding.bad() {
                self.components.push(component);
            } else {
                self.limit(&format!("components: more than {MOST_COMPONENTS}"));
            }
        }
    }

    /// Adds what another part of the scan found.
    pub fn join(&mut self, other: Self) {
        self.more_clean_files += other.more_clean_files;
        self.coverage.join(other.coverage);
        self.add(Looked { files: other.files, components: other.components, notes: Vec::new() });
    }

    /// Notes a limit that was met.
    pub fn limit(&mut self, words: &str) {
        if !self.coverage.limits.iter().any(|known| known == words) {
            self.coverage.limits.push(words.to_owned());
        }
    }

    /// Puts it in order: sorted, each thing once, and who is here and who is absent.
    pub fn finish(&mut self) {
        self.files.sort_by(|one, other| (&one.path, &one.kind).cmp(&(&other.path, &other.kind)));
        self.files.dedup();
        self.components.sort_by(|one, other| key(one).cmp(&key(other)));
        self.components.dedup_by(|later, first| {
            // A client is one for each account, whatever number of its files were found.
            later.kind == Kind::Client && (&later.name, &later.user) == (&first.name, &first.user)
                || key(later) == key(first) && later.digest == first.digest
        });
        let here: BTreeSet<&str> = self
            .components
            .iter()
            .filter_map(|one| match one.kind {
                Kind::Client => Some(one.name.as_str()),
                _ => one.client.as_deref(),
            })
            .collect();
        self.coverage.clients = here.iter().map(|name| (*name).to_owned()).collect();
        let programs =
            clients().into_iter().filter(|name| !matches!(*name, "Any agent" | "MCP registry"));
        self.coverage.absent =
            programs.filter(|name| !here.contains(name)).map(str::to_owned).collect();
        self.coverage.unread.sort_by(|one, other| one.path.cmp(&other.path));
    }

    /// The worst verdict of all.
    pub fn worst(&self) -> Verdict {
        let files = self.files.iter().map(|file| file.finding);
        let components = self.components.iter().map(|component| component.finding);
        files.chain(components).max().unwrap_or(Verdict::Clean)
    }

    /// Whether something that was to be told could not be: unread, cut short, broken, or unknown.
    pub fn incomplete(&self) -> bool {
        self.coverage.unread_count > 0
            || !self.coverage.limits.is_empty()
            || self
                .files
                .iter()
                .any(|file| file.status == Status::Error || file.finding == Verdict::Unknown)
            || self.components.iter().any(|one| one.finding == Verdict::Unknown)
    }

    /// What the process exits with: 0 clean, 1 something bad was found, 2 it could not be told to the end.
    pub fn exit(&self) -> u8 {
        if self.worst().bad() { 1 } else { u8::from(self.incomplete()) * 2 }
    }

    /// How many there are of each kind, in the order of kinds, none left out that is there.
    pub fn counts(&self) -> BTreeMap<Kind, usize> {
        let mut out = BTreeMap::new();
        for one in &self.components {
            *out.entry(one.kind).or_default() += 1;
        }
        out
    }

    /// The worst that was found, each with its reason and cure, at most so many; one for each thing.
    pub fn worst_few(&self, most: usize) -> Vec<Worst<'_>> {
        let mut out: Vec<Worst<'_>> = Vec::new();
        for one in self.components.iter().filter(|one| one.finding.bad()) {
            let reason = weightiest(&one.reasons, one.finding);
            out.push(Worst {
                finding: one.finding,
                name: &one.name,
                path: &one.path,
                reason,
                rules: one.reasons.len(),
            });
        }
        for file in self.files.iter().filter(|file| file.finding.bad()) {
            if !out.iter().any(|known| known.path == file.path) {
                let reason = weightiest(&file.reasons, file.finding);
                out.push(Worst {
                    finding: file.finding,
                    name: &file.kind,
                    path: &file.path,
                    reason,
                    rules: file.reasons.len(),
                });
            }
        }
        out.sort_by(|one, other| {
            let rank =
                |one: &Worst<'_>| (std::cmp::Reverse(one.finding), std::cmp::Reverse(one.rules));
            rank(one).cmp(&rank(other)).then_with(|| one.path.cmp(other.path))
        });
        out.truncate(most);
        out
    }
}

/// One of the worst findings.
#[derive(Debug, Clone, Copy)]
pub struct Worst<'f> {
    /// Its verdict.
    pub finding: Verdict,
    /// What it is called.
    pub name: &'f str,
    /// Where it is.
    pub path: &'f str,
    /// Its weightiest reason.
    pub reason: Option<&'f Reason>,
    /// How many reasons there are.
    pub rules: usize,
}

impl Worst<'_> {
    /// What cures it, one sentence.
    pub fn cure(&self) -> &'static str {
        rules::cure(self.reason.map_or("", |reason| &reason.rule))
    }
}

/// The reason that makes the verdict; rules of models are weighed elsewhere and come worst first.
fn weightiest(reasons: &[Reason], finding: Verdict) -> Option<&Reason> {
    let makes = |reason: &&Reason| match rules::of(&reason.rule) {
        Some(rule) => rule.weight == Some(finding),
        None => true,
    };
    reasons.iter().find(makes).or_else(|| reasons.first())
}

/// What makes a component the same in two scans of the same machine.
pub(crate) fn key(one: &Component) -> (Kind, &str, Option<&str>, &str, &str) {
    match one.kind {
        Kind::Client => (one.kind, &one.name, one.user.as_deref(), "", ""),
        _ => (one.kind, &one.name, one.client.as_deref(), &one.path, &one.at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, finding: Verdict) -> FileVerdict {
        FileVerdict { finding, ..FileVerdict::of(path, "pickle", Vec::new()) }
    }

    #[test]
    fn the_exit_says_whether_it_is_clean_bad_or_not_told() {
        let of = |files: Vec<FileVerdict>| Found { files, ..Found::default() };
        assert_eq!(of(vec![file("a", Verdict::Clean)]).exit(), 0);
        assert_eq!(of(vec![file("a", Verdict::Unknown)]).exit(), 2);
        assert_eq!(of(vec![file("a", Verdict::Unknown), file("b", Verdict::Suspicious)]).exit(), 1);
        let mut cut = Found::default();
        cut.limit("x");
        assert_eq!(cut.exit(), 2);
        let mut unread = Found::default();
        unread.coverage.could_not_read("/x", "permission denied");
        assert_eq!(unread.exit(), 2);
        assert_eq!(Found::default().exit(), 0);
    }

    #[test]
    fn a_client_is_one_for_each_account() {
        let client = |user: &str, path: &str| {
            let mut one = Component::new(Kind::Client, "Cursor", path, "client.config");
            one.user = Some(user.to_owned());
            one
        };
        let mut found = Found {
            components: vec![client("ada", "/1"), client("bo", "/2"), client("ada", "/3")],
            ..Found::default()
        };
        found.finish();
        assert_eq!(found.components.len(), 2);
        assert_eq!(found.coverage.clients, ["Cursor"]);
        assert!(found.coverage.absent.iter().any(|name| name == "Zed"));
    }
}
