//! Records written as lines: `key: value` with lists and indented or quoted text (as YAML writers print it), tables with
//! commas, tabs, semicolons or bars, lists in brackets.
//!
//! SECURITY: reads generously what a value is, strictly where a text ends: see `tests`. Never here: JSON.

mod html;

use std::{collections::BTreeSet, sync::LazyLock};

use super::Parts;

/// LIMIT: lines that are read as records; a longer text is text.
const MOST: usize = 20_000;

/// Fills the parts with the records of a text; false if it has none and is one text.
pub(super) fn records(text: &str, parts: &mut Parts) -> bool {
    if text.lines().take(MOST + 1).count() > MOST {
        return false;
    }
    if text.starts_with('<') && text.contains("</") {
        let plain = html::lines(text);
        return table(&plain, parts) || (looks_so(&plain) && pairs(&plain, parts));
    }
    let (greeting, text) = greeting(text);
    let read =
        table(text, parts) || bracketed(text, parts) || (looks_so(text) && pairs(text, parts));
    if read {
        parts.push("", greeting, false);
    }
    read
}

/// A line taken apart.
struct Line<'a> {
    indent: usize,
    item: bool,
    key: Option<&'a str>,
    value: &'a str,
}

fn line(raw: &str) -> Line<'_> {
    let body = raw.trim_start();
    let indent = raw.len() - body.len();
    let (item, body) = match body.strip_prefix("- ").or_else(|| body.strip_prefix("* ")) {
        // What goes on below stands further in than the name, not than its mark.
        Some(rest) => (true, rest.trim_start()),
        None if body == "-" => (true, ""),
        None => (false, body),
    };
    let parted = pair(body).or_else(|| body.strip_suffix(':').map(|key| (key, "")));
    let fits = |key: &str| {
        let plain = |letter: char| {
            letter.is_alphanumeric()
                || matches!(
                    letter,
                    ' ' | '_' | '-' | '.' | '(' | ')' | '/' | '#' | '\'' | '"' | '*' | '@'
                )
        };
        !key.is_empty() && key.len() <= 60 && key.split(' ').count() <= 5 && key.chars().all(plain)
    };
    match parted.filter(|(key, _)| fits(key)) {
        Some((key, value)) => Line {
            indent: indent + inner(raw, item),
            item,
            key: Some(key.trim_matches(['"', '\'', '*', '#', ' '])),
            value: value.trim(),
        },
        None => Line { indent, item, key: None, value: body.trim() },
    }
}

/// How far behind the mark of an item its name stands.
fn inner(raw: &str, item: bool) -> usize {
    let body = raw.trim_start();
    let rest = body.get(1..).filter(|_| item).map(str::trim_start);
    rest.map_or(0, |rest| body.len() - rest.len())
}

/// A name and a value at the first colon before a space, or at an equals sign between spaces.
fn pair(body: &str) -> Option<(&str, &str)> {
    let colon = body.split_once(": ");
    let equals = body.split_once(" = ");
    match (colon, equals) {
        (Some(one), Some(other)) => Some(if one.0.len() < other.0.len() { one } else { other }),
        (one, other) => one.or(other),
    }
}

/// True if most lines are pairs or items, the first one included, and there are two pairs or two items.
fn looks_so(text: &str) -> bool {
    let (mut so, mut unindented, mut outer, mut first) = (0, 0, 0, None);
    for raw in text.lines().filter(|line| !parts_records(line) && head(line).is_none()) {
        let line = line(raw);
        let is = line.key.is_some() || line.item;
        let flush = !raw.starts_with([' ', '\t']);
        so += usize::from(is);
        unindented += usize::from(flush);
        outer += usize::from(flush && is);
        if !*first.get_or_insert(is) {
            return false;
        }
    }
    so >= 2 && first == Some(true) && outer * 10 >= unindented * 6
}

/// Where a text that goes on over lines began.
struct Open {
    key: String,
    text: String,
    indent: usize,
    /// The mark that ends it; without one it ends where the indentation does.
    quote: Option<char>,
    /// The mark that it begins with, whether or not its end is on the same line.
    quoted: Option<char>,
    /// True if every deeper line belongs to it, whatever it looks like.
    block: bool,
}

/// The value that a line begins; nothing where it has none. A name without one may be a sentence: `Pay to DE89…:`.
fn begins(line: &Line<'_>, key: &str, parts: &mut Parts) -> Option<Open> {
    if matches!(line.value, "" | "[]" | "null") {
        parts.push(key, "", false);
        return None;
    }
    let quoted = line.value.chars().next().filter(|first| matches!(first, '"' | '\''));
    let quote = quoted.filter(|quote| line.value.len() < 2 || !closes(line.value, *quote));
    let block = matches!(line.value, "|" | "|-" | ">" | ">-" | "|+" | ">+");
    let text = if block { String::new() } else { line.value.to_owned() };
    Some(Open { key: key.to_owned(), text, indent: line.indent, quote, quoted, block })
}

fn pairs(text: &str, parts: &mut Parts) -> bool {
    let outer = parts.begin();
    let (mut open, mut key): (Option<Open>, String) = (None, String::new());
    // After a free text without marks around it, a line that looks like a pair may be the text's own.
    let mut loose = false;
    let mut known: Vec<String> = Vec::new();
    // A field that stands twice in a record: the second one was written into the first.
    let mut here: BTreeSet<String> = BTreeSet::new();
    let (mut before, mut gap) = (None, false);
    for raw in text.lines() {
        if let Some(mut on) = open.take() {
            let more = goes_on(&mut on, raw);
            if more && !on.quote.is_some_and(|quote| closes(raw, quote)) {
                open = Some(on);
                continue;
            }
            parts.push(&on.key, on.text.trim_matches(['"', '\'']), true);
            if more {
                continue;
            }
        }
        if parts_records(raw) {
            here.clear();
            gap = true;
            continue;
        }
        if let Some(head) = head(raw) {
            here.clear();
            gap = false;
            parts.begin();
            parts.push("title", head, !loose);
            continue;
        }
        let line = line(raw);
        // What has no name goes on with the record before the gap: the body of a mail below its head.
        if gap && (line.key.is_some() || line.item || raw.starts_with(char::is_whitespace)) {
            parts.begin();
        }
        gap &= line.key.is_none() && !line.item;
        // Items that are a record's own fields, one below the other, do not begin another one.
        let fresh = line.key.is_some_and(|name| !here.is_empty() && !here.contains(name));
        let here_too = Some((line.item, line.indent));
        let same = std::mem::replace(&mut before, here_too) == here_too && fresh && !loose;
        if line.item && !same && (line.key.is_some() || line.value.is_empty()) {
            here.clear();
            parts.begin();
        }
        if let Some(name) = line.key {
            if loose && here.contains(name) {
                parts.push("text", raw, false);
                continue;
            }
            here.insert(name.to_owned());
            let usual = known.iter().any(|one| one == name) || usual(name);
            if loose && !usual && !line.item {
                parts.push("text", raw, false);
                continue;
            }
            if !usual && known.len() < 64 {
                known.push(name.to_owned());
            }
            loose = false;
            name.clone_into(&mut key);
        } else if !line.item {
            key.clear();
        }
        open = begins(&line, &key, parts);
        let bare = |on: &Open| on.quoted.is_none() && !on.block;
        loose |= open.as_ref().is_some_and(bare) && super::free(&crate::words::tokens::fold(&key));
    }
    if let Some(on) = open {
        parts.push(&on.key, on.text.trim_matches(['"', '\'']), true);
    }
    parts.record = outer;
    true
}

/// True for what stands between records: nothing, a rule, a number in brackets.
fn parts_records(raw: &str) -> bool {
    let line = raw.trim();
    let rule = line.len() >= 3 && line.chars().all(|mark| matches!(mark, '-' | '=' | '*' | '_'));
    let number = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    line.is_empty()
        || rule
        || number.is_some_and(|number| {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        })
}

/// The words of a Markdown heading.
fn head(raw: &str) -> Option<&str> {
    let rest = raw.trim_start_matches('#');
    (rest.len() < raw.len() && rest.starts_with(' ')).then(|| rest.trim())
}

/// A line that says how many follow, which is a text whatever it says, and what comes after it.
fn greeting(text: &str) -> (&str, &str) {
    match text.split_once('\n') {
        Some((first, rest))
            if rest.starts_with('\n')
                && line(first).key.is_none()
                && first.split_whitespace().count() <= 8 =>
        {
            (first, rest.trim_start())
        }
        _ => ("", text),
    }
}

/// Names of fields that stand after a text in many records; what they say is the sender's to choose anyway.
pub(super) fn usual(key: &str) -> bool {
    const USUAL: &str = "id id_ uid date cc bcc sender from to recipient recipients read status subject attachment attachments participants start end start_time end_time location title created created_at updated updated_at modified last_modified author url size amount name timestamp sent received filename type";
    static WORDS: LazyLock<BTreeSet<&str>> = LazyLock::new(|| USUAL.split(' ').collect());
    WORDS.contains(key.to_ascii_lowercase().as_str())
}

/// Adds a line to an open text if it belongs to it.
fn goes_on(on: &mut Open, raw: &str) -> bool {
    let indent = raw.len() - raw.trim_start().len();
    let empty = raw.trim().is_empty();
    if on.quote.is_some() {
        on.text.push('\n');
        on.text.push_str(raw.trim());
        return true;
    }
    let deeper = indent > on.indent && (on.block || on.text.is_empty() || !line(raw).item);
    if (!deeper && !empty) || (empty && !on.block && on.indent == 0) {
        return false;
    }
    // A pair below a pair that has a value already is a pair of its own.
    let few = (1..=3).contains(&on.text.split_whitespace().count());
    if deeper && few && !on.block && line(raw).key.is_some() {
        return false;
    }
    on.text.push('\n');
    on.text.push_str(raw.trim());
    true
}

/// True if a line ends with the mark, which is neither doubled nor escaped.
fn closes(raw: &str, quote: char) -> bool {
    let body = raw.trim_end().trim_end_matches(',');
    let run = body.chars().rev().take_while(|letter| *letter == quote).count();
    let before = body.chars().rev().nth(run);
    if quote == '\'' { run % 2 == 1 } else { run >= 1 && before != Some('\\') }
}

/// A table: a header and at least one row with as many cells.
fn table(text: &str, parts: &mut Parts) -> bool {
    let rows: Vec<&str> = text.lines().map(str::trim).filter(|row| !row.is_empty()).collect();
    let Some(header) = rows.first().filter(|_| rows.len() >= 2) else { return false };
    let separator = ['|', '\t', ';', ','].into_iter().find(|mark| header.contains(*mark));
    let Some(mark) = separator else { return false };
    let cut = |row: &str| -> Vec<String> {
        let row = if mark == '|' { row.trim_matches('|') } else { row };
        cells(row, mark)
    };
    let names = cut(header);
    let named = names.iter().all(|name| {
        name.split_whitespace().count() <= 4 && name.len() <= 40 && !name.contains(": ")
    });
    if names.len() < 2 || !named {
        return false;
    }
    let rule =
        |row: &&&str| !row.chars().all(|letter| matches!(letter, '|' | '-' | ':' | ' ' | '+'));
    let even = |row: &&str| Some(cut(row)).filter(|row| row.len() == names.len());
    let body: Option<Vec<Vec<String>>> = rows.iter().skip(1).filter(rule).map(even).collect();
    let Some(body) = body.filter(|body| !body.is_empty()) else { return false };
    for row in body {
        let outer = parts.begin();
        for (name, cell) in names.iter().zip(row) {
            parts.push(name, cell.trim_matches('"'), true);
        }
        parts.record = outer;
    }
    true
}

/// The cells of a row; a mark inside quotation marks separates nothing (RFC 4180).
fn cells(row: &str, mark: char) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quoted = false;
    for letter in row.chars() {
        if letter == '"' {
            quoted = !quoted;
        }
        if letter == mark && !quoted {
            out.push(String::new());
        } else if let Some(last) = out.last_mut() {
            last.push(letter);
        }
    }
    out.into_iter().map(|cell| cell.trim().to_owned()).collect()
}

/// A list as programs print it: `['a', 'b']`; each quoted text is an item.
fn bracketed(text: &str, parts: &mut Parts) -> bool {
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let Some(inner) = inner.filter(|inner| !inner.contains(['[', '{', '\n'])) else { return false };
    let items: Vec<&str> = inner.split(',').map(str::trim).collect();
    let quoted = |item: &&str| {
        item.len() >= 2
            && ['\'', '"'].iter().any(|mark| item.starts_with(*mark) && item.ends_with(*mark))
    };
    if items.is_empty() || !items.iter().all(quoted) {
        return false;
    }
    for item in items {
        parts.push("", item.trim_matches(['\'', '"']), true);
    }
    true
}
