//! [`Out`]: what a command says. With `--json` one JSON document on stdout; otherwise a sentence, a list of fields, or a
//! small aligned table.
//!
//! Never here: a secret, unless the command exists to show it once. To add a form: a function beside [`table`].

use std::io::Write as _;

use serde_json::Value;
use writ_model::name::unopened;

use crate::fault::Fault;

/// LIMIT: columns of one cell in a table; the whole value is in `--json`.
const CELL: usize = 60;

/// Where a command's answer goes.
#[derive(Debug, Clone, Copy)]
pub struct Out {
    /// One JSON document instead of words.
    pub json: bool,
}

impl Out {
    /// Prints the answer: as it is with `--json`, else by the closure.
    pub fn answer(self, value: &Value, words: impl FnOnce(&Value)) {
        if self.json {
            document(value);
        } else {
            words(value);
        }
    }

    /// One line for people only: nothing with `--json`.
    pub fn say(self, text: &str) {
        if !self.json {
            line(text);
        }
    }

    /// Why it could not be done.
    pub fn fault(self, fault: &Fault) {
        if fault.told {
            return;
        }
        if self.json {
            return document(&fault.document());
        }
        note(&format!("writ: {fault}"));
        if let Some(cure) = &fault.cure {
            note(&format!("      {cure}"));
        }
    }
}

/// One line on stdout. A reader that went away is no fault. A sealed name that is still in it nobody can open here.
pub fn line(text: &str) {
    print(&unopened(text));
}

fn print(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _gone = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
}

/// One line on stdout of something that goes on; false if nobody reads it any more.
pub fn tail(text: &str) -> bool {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{text}").and_then(|()| stdout.flush()).is_ok()
}

/// One line on stderr.
pub fn note(text: &str) {
    let _gone = writeln!(std::io::stderr().lock(), "{}", unopened(text));
}

/// One JSON document on one line, so that a script can take the last line of whatever a command printed.
pub fn document(value: &Value) {
    print(&written(&value.to_string()));
}

/// JSON with what a terminal obeys, or what turns letters around, written out: what comes from outside stays what it says.
fn written(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter {
            '\u{7f}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => {
                let mut units = [0; 2];
                for unit in letter.encode_utf16(&mut units) {
                    out.push_str("\\u");
                    let digit = |shift: u16| char::from_digit(u32::from(*unit >> shift & 15), 16);
                    out.extend([12, 8, 4, 0].into_iter().filter_map(digit));
                }
            }
            plain => out.push(plain),
        }
    }
    out
}

/// Labels and values, one a line; empty values are left out.
pub fn fields(value: &Value, fields: &[(&str, &str)]) {
    let width = fields.iter().map(|(label, _)| label.len()).max().unwrap_or_default();
    for (label, pointer) in fields {
        let text = cell(value.pointer(pointer).unwrap_or(&Value::Null));
        if !text.is_empty() {
            line(&format!("{label:width$}  {text}"));
        }
    }
}

/// A table of the rows of an array.
pub fn table(rows: &Value, columns: &[(&str, &str)], none: &str) {
    let empty = Vec::new();
    let rows = rows.as_array().unwrap_or(&empty);
    if rows.is_empty() {
        return line(none);
    }
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let of = |(_, pointer): &(&str, &str)| {
                shorten(&unopened(&cell(row.pointer(pointer).unwrap_or(&Value::Null))))
            };
            columns.iter().map(of).collect()
        })
        .collect();
    let heads: Vec<String> = columns.iter().map(|(head, _)| (*head).to_owned()).collect();
    let mut widths: Vec<usize> = heads.iter().map(|head| head.chars().count()).collect();
    for row in &cells {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in std::iter::once(&heads).chain(&cells) {
        let padded = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        line(padded.collect::<Vec<_>>().join("  ").trim_end());
    }
}

/// A value in one line.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => clean(text),
        Value::Bool(yes) => (if *yes { "yes" } else { "no" }).to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        Value::Object(object) => ["name", "says", "what", "words"]
            .iter()
            .find_map(|key| object.get(*key))
            .map_or_else(|| value.to_string(), cell),
    }
}

/// What an attacker may have named: without control characters, so that it cannot steer a terminal.
pub fn clean(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= CELL {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(CELL - 1).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_steers_no_terminal_and_says_the_same() {
        let value = json!({"a\u{9b}31m": "x\u{85}\u{202e}y\u{1b}[0m\u{7f}ü日"});
        let text = written(&value.to_string());
        assert!(text.chars().all(|letter| !letter.is_control() && letter != '\u{202e}'), "{text}");
        assert!(text.contains("\\u009b") && text.contains("ü日"), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn cells_are_one_clean_line() {
        assert_eq!(cell(&json!({"name": "Ada", "person": "prs_1"})), "Ada");
        assert_eq!(cell(&json!(["a", {"says": "b"}])), "a, b");
        assert_eq!(cell(&json!("\u{1b}[31mred\n")), "\u{fffd}[31mred\u{fffd}");
        assert_eq!(shorten(&"x".repeat(80)).chars().count(), CELL);
    }
}
