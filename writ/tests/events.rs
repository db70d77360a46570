//! Every event that a program may wait for stands in `docs/operations.md`, and every one there is in the sources; so do the
//! names of metrics.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Crates of which a running server is made.
const CRATES: [&str; 7] = ["authority", "console", "desk", "gateway", "lake", "store", "writ"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources(folder: &Path, found: &mut String) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push_str(&fs::read_to_string(&path).unwrap_or_default());
        }
    }
}

fn all_sources() -> String {
    let mut found = String::new();
    for name in CRATES {
        sources(&root().join(name).join("src"), &mut found);
    }
    found
}

/// What stands after each of these openings, up to a quotation mark or a back tick.
fn after(text: &str, opening: &str, ends: char) -> BTreeSet<String> {
    let rests = text.split(opening).skip(1);
    rests.filter_map(|rest| rest.split(ends).next().map(str::to_owned)).collect()
}

fn document() -> String {
    fs::read_to_string(root().join("docs/operations.md")).unwrap_or_default()
}

/// What stands in back ticks in the first column of a table's rows.
fn told(looks: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let text = document();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.split('|').next());
    let pieces = rows.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    pieces.filter(|piece| looks(piece)).map(str::to_owned).collect()
}

#[test]
fn events_in_the_sources_are_those_of_the_document() {
    let mut written = after(&all_sources(), "event = \"", '"');
    // What a text of a test or of a page happens to have.
    written.retain(|event| event.contains('.'));
    let told = told(|piece| piece.contains('.') && !piece.contains(['/', ' ']));
    assert!(!written.is_empty(), "no events were found");
    let (new, old): (Vec<_>, Vec<_>) =
        (written.difference(&told).collect(), told.difference(&written).collect());
    assert!(new.is_empty() && old.is_empty(), "not in the document: {new:?}; only there: {old:?}");
}

#[test]
fn metrics_in_the_sources_are_those_of_the_document() {
    let sources = all_sources();
    let quoted = after(&sources, "\"writ_", '"');
    let plain = |name: &String| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    // Names of two words and more with a metric's ending; others are crates, roles, tests.
    let told = told(|piece| piece.starts_with("writ_"));
    let measured = fs::read_to_string(root().join("writ/src/host/measured.rs")).unwrap_or_default();
    let mut written = after(&measured, "\"writ_", '"');
    written.retain(plain);
    let written: BTreeSet<String> = written.iter().map(|name| format!("writ_{name}")).collect();
    assert!(!written.is_empty(), "no metrics were found");
    let new: Vec<_> = written.difference(&told).collect();
    assert!(new.is_empty(), "not in the document: {new:?}");
    let known = |name: &&String| {
        let name = name.strip_prefix("writ_").unwrap_or_default();
        !quoted.contains(name)
    };
    let old: Vec<_> = told.iter().filter(known).collect();
    assert!(old.is_empty(), "only in the document: {old:?}");
}
