//! Every error code in the sources stands in `docs/errors.md`, and every code there stands in the sources.

use std::{collections::BTreeSet, fs};

use crate::{
    none,
    tree::{files, root},
};

/// `AUTH-0004`: four capitals, a hyphen, four digits.
fn is_code(word: &str) -> bool {
    let (area, number) = word.split_once('-').unwrap_or(("", ""));
    (area.len(), number.len()) == (4, 4)
        && area.bytes().all(|byte| byte.is_ascii_uppercase())
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Codes that are a whole string literal.
fn in_source(text: &str) -> BTreeSet<String> {
    text.split('"').filter(|word| is_code(word)).map(str::to_owned).collect()
}

/// Codes in backticks at the beginning of a table's row.
fn in_document(text: &str) -> Vec<String> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    let first = rows.filter_map(|row| row.split('`').next());
    first.filter(|word| is_code(word)).map(str::to_owned).collect()
}

#[test]
fn codes_and_their_document_agree() {
    let sources = files(".rs").into_iter().filter(|file| !file.path.starts_with("xtask/tests"));
    let written: BTreeSet<String> = sources.flat_map(|file| in_source(&file.text)).collect();
    let document = fs::read_to_string(root().join("docs/errors.md")).unwrap();
    let listed = in_document(&document);
    let told: BTreeSet<String> = listed.iter().cloned().collect();
    let mut bad: Vec<String> = Vec::new();
    bad.extend(written.difference(&told).map(|code| format!("{code}: not in docs/errors.md")));
    bad.extend(told.difference(&written).map(|code| format!("{code}: in no source")));
    if told.len() != listed.len() {
        bad.push("a code stands twice in docs/errors.md".to_owned());
    }
    none("error code", &bad);
}

#[test]
fn codes_are_recognised() {
    assert!(is_code("AUTH-0004") && !is_code("AUTH-004") && !is_code("Auth-0004"));
    assert_eq!(in_source(r#"Code("IDEN-0010"), "x IDEN-0011""#).len(), 1);
    assert_eq!(in_document("| `IDEN-0010` | x |\n| `code` | y |\n`IDEN-0012`"), ["IDEN-0010"]);
}
