//! What a resolved server brings along: the packages that its package needs, where its package manager put them, read as it is.
//!
//! From the package's own list to each further one, as the loader would find it, up to [`MOST`]. What is not there, or is beyond a
//! limit, is said to be left out. Never here: IO of its own ([`Files`]), a download, a choice of versions.
//! To add a package manager: a function like [`npm`].

use std::{
    collections::{BTreeSet, VecDeque},
    path::{Path, PathBuf},
};

use serde_json::Value;
use writ_model::text::quote;

use super::{
    Component, Files, Reason,
    resolve::{self, Read},
    shape,
};

/// LIMIT: packages that one server brings along; the largest seen have three hundred.
const MOST: usize = 400;
/// LIMIT: files and bytes of all of them together: a second's reading.
const FILES: usize = 6_000;
const BYTES: u64 = 32 << 20;
/// LIMIT: bytes of a description.
const DESCRIPTION: u64 = 1 << 20;
/// LIMIT: folders above a package in which the loader looks.
const ABOVE: usize = 12;

/// What was read of all packages.
#[derive(Debug)]
struct Along {
    read: Read,
    count: usize,
    missing: usize,
    reasons: Vec<Reason>,
}

impl Along {
    fn new() -> Self {
        Self { read: Read::within(FILES, BYTES), count: 0, missing: 0, reasons: Vec::new() }
    }

    /// Takes what was said of one package, with its name in front.
    fn told(&mut self, name: &str) {
        for mut one in self.read.reasons.drain(..) {
            one.sentence = format!("In {}, which it needs: {}", quote(name), one.sentence);
            format!("{name} {}", one.at).trim().clone_into(&mut one.at);
            if self.reasons.len() < super::MAX_REASONS {
                self.reasons.push(one);
            }
        }
    }

    fn tell(self, server: &mut Component, waiting: usize) {
        if self.count + self.missing + waiting == 0 {
            return;
        }
        let words = format!("{} packages, {} files", self.count, self.read.files());
        server.about.insert("dependencies".into(), words);
        if self.missing > 0 {
            server.leave(format!("{} of its dependencies, which are not beside it", self.missing));
        }
        if waiting > 0 || self.read.full() {
            server.leave("the code of dependencies beyond the limit of what is read");
        }
        for left in self.read.left() {
            server.leave(format!("in its dependencies: {left}"));
        }
        server.add(self.reasons);
    }
}

/// The packages that a package of npm needs, as Node's loader finds them.
pub(super) fn npm(server: &mut Component, files: &dyn Files, place: &Path, manifest: &Value) {
    let mut along = Along::new();
    let mut seen: BTreeSet<PathBuf> = BTreeSet::from([place.to_path_buf()]);
    let mut open: VecDeque<(PathBuf, String, bool)> = VecDeque::new();
    needs(place, manifest, &mut open);
    while let Some((from, name, must)) = open.pop_front() {
        if along.count >= MOST || along.read.full() {
            open.push_front((from, name, must));
            break;
        }
        let Some((place, manifest)) = loaded(files, &from, &name) else {
            along.missing += usize::from(must);
            continue;
        };
        if !seen.insert(place.clone()) {
            continue;
        }
        along.count += 1;
        let version = shape::word(&manifest, "version").unwrap_or_default();
        along.read.reasons.extend(resolve::install_scripts(&manifest));
        along.read.folder(files, &place);
        along.told(&format!("{name} {version}"));
        needs(&place, &manifest, &mut open);
    }
    along.tell(server, open.len());
}

fn needs(place: &Path, manifest: &Value, open: &mut VecDeque<(PathBuf, String, bool)>) {
    for (key, must) in [("dependencies", true), ("optionalDependencies", false)] {
        let wanted = manifest.get(key).and_then(Value::as_object);
        for name in wanted.into_iter().flat_map(serde_json::Map::keys) {
            let plain = !name.is_empty()
                && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
                && !name.contains('\\');
            if plain && open.len() < MOST * 8 {
                open.push_back((place.to_path_buf(), name.clone(), must));
            }
        }
    }
}

/// Where the loader finds a package that is asked for from a folder.
fn loaded(files: &dyn Files, from: &Path, name: &str) -> Option<(PathBuf, Value)> {
    from.ancestors().take(ABOVE).find_map(|above| {
        let place = if above.ends_with("node_modules") {
            above.join(name)
        } else {
            above.join("node_modules").join(name)
        };
        let (bytes, length) = files.head(&place.join("package.json"), DESCRIPTION)?;
        let manifest = serde_json::from_slice(&bytes).ok().filter(|_| length <= DESCRIPTION)?;
        Some((place, manifest))
    })
}

/// The packages that a wheel needs, in the folder in which it is installed, each against its own record.
pub(super) fn python(server: &mut Component, files: &dyn Files, site: &Path, info: &str) {
    let infos: Vec<String> = files
        .list(site)
        .unwrap_or_default()
        .into_iter()
        .filter(|entry| entry.folder && entry.name.ends_with(".dist-info"))
        .map(|entry| entry.name)
        .collect();
    let mut along = Along::new();
    let mut seen: BTreeSet<String> = BTreeSet::from([info.to_owned()]);
    let mut open: VecDeque<(String, bool)> = required(files, site, info).into();
    while let Some((name, must)) = open.pop_front() {
        if along.count >= MOST || along.read.full() {
            open.push_front((name, must));
            break;
        }
        let found = infos.iter().find(|info| {
            let stem = info.strip_suffix(".dist-info").and_then(|stem| stem.rsplit_once('-'));
            stem.is_some_and(|(known, _)| resolve::plain(known) == name)
        });
        let Some(info) = found else {
            along.missing += usize::from(must);
            continue;
        };
        if !seen.insert(info.clone()) {
            continue;
        }
        along.count += 1;
        if let Some((record, _)) = files.head(&site.join(info).join("RECORD"), BYTES) {
            along.read.recorded(files, site, &String::from_utf8_lossy(&record));
            along.told(info.trim_end_matches(".dist-info"));
        } else {
            along.missing += 1;
        }
        open.extend(required(files, site, info).into_iter().take(MOST));
    }
    along.tell(server, open.len());
}

/// What the description of a wheel says it needs (core metadata, `Requires-Dist`), and whether that holds everywhere.
fn required(files: &dyn Files, site: &Path, info: &str) -> Vec<(String, bool)> {
    let Some((bytes, _)) = files.head(&site.join(info).join("METADATA"), DESCRIPTION) else {
        return Vec::new();
    };
    let text = String::from_utf8_lossy(&bytes);
    let head = text.lines().take_while(|line| !line.is_empty());
    head.filter_map(|line| {
        let wanted = line.strip_prefix("Requires-Dist:")?.trim();
        let (wanted, marker) = wanted.split_once(';').unwrap_or((wanted, ""));
        let letter = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        let name = wanted.split(|one| !letter(one)).next().filter(|name| !name.is_empty())?;
        (!marker.contains("extra")).then(|| (resolve::plain(name), marker.trim().is_empty()))
    })
    .collect()
}
