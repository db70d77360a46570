//! Paths that the documents name exist.

use crate::{
    none,
    tree::{files, root},
};

/// Endings that make a word with a slash a path wherever it begins.
const ENDINGS: &[&str] =
    &[".rs", ".md", ".toml", ".yaml", ".py", ".css", ".js", ".html", ".sh", ".json", ".txt"];

/// Pieces in backticks outside fenced blocks, and targets of Markdown links, with their line numbers.
fn named(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            continue;
        }
        if fenced {
            continue;
        }
        found.extend(line.split('`').skip(1).step_by(2).map(|piece| (at + 1, piece.to_owned())));
        let links = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        found.extend(links.map(|link| (at + 1, format!("link:{link}"))));
    }
    found
}

/// The path that a piece names, if it looks like one of this repository.
fn as_path(piece: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-');
    let word = piece.split("::").next().unwrap_or("").trim_end_matches('/');
    if !piece.contains('/') || !word.chars().all(plain) || word.starts_with('/') {
        return None;
    }
    let first = word.split('/').next().unwrap_or("");
    let ours = !first.is_empty() && root().join(first).is_dir();
    (ours || ENDINGS.iter().any(|ending| word.ends_with(ending))).then(|| word.to_owned())
}

#[test]
fn paths_in_documents_exist() {
    let mut bad = Vec::new();
    for file in files(".md") {
        let folder = root().join(&file.path).parent().unwrap().to_owned();
        for (at, piece) in named(&file.text) {
            let missing = if let Some(link) = piece.strip_prefix("link:") {
                let target = link.split('#').next().unwrap_or("");
                let outside =
                    target.is_empty() || target.contains("://") || target.starts_with("mailto:");
                !outside && !folder.join(target).exists()
            } else {
                as_path(&piece).is_some_and(|path| !root().join(path).exists())
            };
            if missing {
                bad.push(format!("{}:{at}: {piece}", file.path));
            }
        }
    }
    none("path that is not there", &bad);
}

#[test]
fn paths_are_told_from_other_words() {
    for (piece, wanted) in [
        ("xtask/src/main.rs", Some("xtask/src/main.rs")),
        ("model/", Some("model")),
        ("docs/adr/0001-no.md", Some("docs/adr/0001-no.md")),
        ("tools/call", None),
        ("application/json", None),
        ("/api/v1/status", None),
        ("tile/<L>/<N>", None),
        ("gone/away.rs", Some("gone/away.rs")),
        ("writ agent show", None),
    ] {
        assert_eq!(as_path(piece).as_deref(), wanted, "{piece}");
    }
}
