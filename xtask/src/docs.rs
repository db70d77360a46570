//! Every `writ …` line in a fenced block of the documents is one that the binary knows, down to its flags.
//! Never here: whether the prose is true; paths in prose are checked by the tidy test.

use std::{collections::BTreeMap, fs, path::PathBuf};

use anyhow::{Context as _, Result};

use crate::{
    args::Args,
    root::{root, target},
    shell::{captured, command, say},
    tally::Tally,
};

/// As a task of its own.
///
/// # Errors
/// If a document cannot be read.
pub(crate) fn run(_: &Args) -> Result<bool> {
    Ok(check()?.failed == 0)
}

/// One test per distinct command line.
///
/// # Errors
/// If a document cannot be read.
pub(crate) fn check() -> Result<Tally> {
    let mut tally = Tally::default();
    let mut helps = BTreeMap::new();
    for (place, words) in commands()? {
        let verdict = known(&words, &mut helps);
        let line = match verdict {
            Ok(()) => format!("ok - {place}: writ {}", words.join(" ")),
            Err(why) => format!("not ok - {place}: writ {}: {why}", words.join(" ")),
        };
        tally.read_line(&line);
        say(&line)?;
    }
    Ok(tally)
}

/// What `writ WORDS --help` prints.
fn help(path: &[&str], helps: &mut BTreeMap<String, Option<String>>) -> Option<String> {
    let ask = || {
        let words = [path, &["--help"]].concat();
        captured(command(target().join("release/writ"), &words)).ok()
    };
    helps.entry(path.join(" ")).or_insert_with(ask).clone()
}

fn known(words: &[String], helps: &mut BTreeMap<String, Option<String>>) -> Result<(), String> {
    let mut path: Vec<&str> = Vec::new();
    let mut text = help(&path, helps).ok_or("the binary does not start")?;
    let mut rest = words.iter().map(String::as_str).peekable();
    while text.contains("\nCommands:") {
        let Some(word) = rest.next_if(|word| !word.starts_with('-')) else {
            break;
        };
        path.push(word);
        text = help(&path, helps).ok_or_else(|| format!("no command `{}`", path.join(" ")))?;
    }
    for flag in rest.take_while(|word| *word != "--").filter(|word| word.starts_with("--")) {
        let name = flag.split('=').next().unwrap_or(flag);
        if !text.split(|c: char| c.is_whitespace() || c == ',' || c == '=').any(|w| w == name) {
            return Err(format!("`{}` has no flag {name}", path.join(" ")));
        }
    }
    Ok(())
}

/// The command lines of all documents: where, and their words after `writ`.
fn commands() -> Result<Vec<(String, Vec<String>)>> {
    let mut found = Vec::new();
    for file in documents()? {
        let text =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let name = file.strip_prefix(root()).unwrap_or(&file).display().to_string();
        let mut fenced = false;
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.starts_with("```") {
                fenced = !fenced;
                continue;
            }
            let line = line.strip_prefix("$ ").unwrap_or(line);
            let asked = line
                .strip_prefix("writ ")
                .or_else(|| line.strip_prefix("cargo run --release -- "))
                .filter(|_| fenced);
            if let Some(asked) = asked {
                let words = asked.split(" #").next().unwrap_or(asked).split_whitespace();
                let words = words.take_while(|word| !matches!(*word, "|" | "&&" | "&" | "\\"));
                found.push((format!("{name}:{}", at + 1), words.map(str::to_owned).collect()));
            }
        }
    }
    Ok(found)
}

fn documents() -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in [root(), root().join("docs")] {
        for entry in fs::read_dir(&folder).with_context(|| format!("no {}", folder.display()))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "md") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}
