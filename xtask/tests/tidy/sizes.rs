//! Files stay below 500 lines, functions at most 70, every file says what it is for. What is over stands in
//! `xtask/ratchet.txt`, which may only shrink.

use std::{collections::BTreeMap, fs};

use crate::{
    mask::mask,
    none,
    tree::{files, root},
};

/// A file of this many lines is too long.
const FILE_LINES: usize = 500;
/// A function's body may have so many lines of code, comments and empty lines apart: clippy's own count.
const FUNCTION_LINES: usize = 70;

/// Name and lines of code of every function with a body.
fn functions(source: &str) -> Vec<(String, usize)> {
    let code = mask(source);
    let lines: Vec<&str> = code.lines().collect();
    let mut found = Vec::new();
    for (first, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else {
            continue;
        };
        let mut depth = 0_usize;
        let mut opened = false;
        let mut count = 0;
        'body: for line in &lines[first..] {
            count += usize::from(opened && !line.trim().is_empty());
            for c in line.chars() {
                match c {
                    '{' => (depth, opened) = (depth + 1, true),
                    '}' => depth = depth.saturating_sub(1),
                    ';' if !opened => break 'body,
                    _ => {}
                }
                if opened && depth == 0 {
                    found.push((name.to_owned(), count.saturating_sub(1)));
                    break 'body;
                }
            }
        }
    }
    found
}

fn function_name(line: &str) -> Option<&str> {
    let words =
        ["pub", "pub(crate)", "pub(super)", "const", "async", "unsafe", "default", "extern"];
    let mut rest = line.trim_start();
    while let Some((word, after)) = rest.split_once(' ') {
        if word == "fn" {
            return after.split(|c: char| !c.is_alphanumeric() && c != '_').next();
        }
        if !words.contains(&word) && !word.is_empty() {
            return None;
        }
        rest = after;
    }
    None
}

/// Everything over its limit: what, and how many lines.
fn over() -> BTreeMap<String, usize> {
    let mut over = BTreeMap::new();
    for file in files(".rs") {
        let lines = file.text.lines().count();
        if lines >= FILE_LINES {
            over.insert(file.path.clone(), lines);
        }
        for (name, lines) in functions(&file.text) {
            if lines > FUNCTION_LINES {
                over.insert(format!("{}#{name}", file.path), lines);
            }
        }
    }
    over
}

#[test]
fn files_and_functions_stay_small_and_the_ratchet_only_shrinks() {
    let text = fs::read_to_string(root().join("xtask/ratchet.txt")).unwrap();
    let allowed: BTreeMap<String, usize> = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| {
            let (what, lines) = line.rsplit_once(' ').expect("a line is `what lines`");
            (what.to_owned(), lines.parse().expect("a line ends in a number"))
        })
        .collect();
    let over = over();
    let mut bad = Vec::new();
    for (what, lines) in &over {
        match allowed.get(what) {
            None => bad.push(format!("{what}: {lines} lines is too long: split it by noun")),
            Some(most) if lines > most => bad.push(format!("{what}: grew from {most} to {lines}")),
            Some(most) if lines < most => bad
                .push(format!("{what}: shrank to {lines}: lower its number in xtask/ratchet.txt")),
            Some(_) => {}
        }
    }
    let stale = allowed.keys().filter(|what| !over.contains_key(*what));
    bad.extend(stale.map(|what| format!("{what}: small now: take it off xtask/ratchet.txt")));
    none("size", &bad);
}

#[test]
fn every_file_opens_by_saying_what_it_is_for() {
    let bad: Vec<String> = files(".rs")
        .into_iter()
        .filter(|file| {
            let first = file.text.lines().next().unwrap_or("");
            !first.starts_with("//! ") || first.len() < 12
        })
        .map(|file| format!("{}: begins without `//! `", file.path))
        .collect();
    none("missing header", &bad);
}

#[test]
fn functions_are_found_and_measured() {
    let source = "trait T {\n    fn no_body(&self);\n}\n\nimpl T for A {\n    // {\n    pub(crate) async fn b<'a>(\n        x: &'a str,\n    ) -> u8 {\n        match x {\n \"{\" => 1,\n\n _ => 2 }\n    }\n}\nfn c() {}\n";
    assert_eq!(functions(source), [("b".to_owned(), 3), ("c".to_owned(), 0)]);
}
