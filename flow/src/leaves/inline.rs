//! Records that stand on one line each: `name="Ada" account="NL…"`, `* id 7, name Ada, mail ada@…`, columns under a header
//! that are parted by spaces.
//!
//! SECURITY: a quoted value ends at its own mark; after a free text without marks only names that records usually have go
//! on with the record, and none of them twice. Never here: records over several lines (`lines`).
//! To add a notation: a function that fills [`Parts`], its arm in [`records`], a case that tries to break out.

use std::collections::BTreeSet;

use super::{Parts, free, lines::usual};
use crate::words::tokens::fold;

/// LIMIT: records of one text that are read so; a longer text is text.
const MOST: usize = 4_096;

/// Fills the parts with the records of a text; false if it has none and is one text.
pub(super) fn records(text: &str, parts: &mut Parts) -> bool {
    let rows: Vec<&str> =
        text.lines().filter(|row| !row.trim().is_empty()).take(MOST + 1).collect();
    if rows.is_empty() || rows.len() > MOST {
        return false;
    }
    // A line that says how many follow.
    let greets = |row: &&str| {
        row.ends_with([':', '.']) && row.split(' ').count() <= 8 && listed(row).is_none()
    };
    let greeting = rows.first().copied().filter(|row| rows.len() > 1 && greets(row));
    let rows: Vec<&str> = rows.into_iter().skip(usize::from(greeting.is_some())).collect();
    let read = rows_of(&rows, parts);
    if read {
        // It is a text whatever it says.
        parts.push("", greeting.unwrap_or_default(), false);
    }
    read
}

/// Fills the parts with the records of these rows.
fn rows_of(rows: &[&str], parts: &mut Parts) -> bool {
    let all = rows.iter().map(|row| attributes(row)).collect::<Option<Vec<_>>>();
    let Some(all) = all.or_else(|| items(rows)) else {
        return columns(rows, parts) || bare(rows, parts);
    };
    // One name says nothing; the first of each record is the same, or it is prose.
    let first = all.first().and_then(|one| one.first()).map(|(key, _)| key.clone());
    let alike =
        all.iter().all(|one| one.len() >= 2 && one.first().map(|(key, _)| key.clone()) == first);
    if !alike {
        return false;
    }
    for record in all {
        let outer = parts.begin();
        for (key, value) in record {
            parts.push(&key, &value, true);
        }
        parts.record = outer;
    }
    true
}

/// Rows without a header: `P-061;Vik, Ada;ada@vik.example;J`. Every row has as many cells, and none is a sentence.
fn bare(rows: &[&str], parts: &mut Parts) -> bool {
    let Some(all) = [';', '|', '\t'].into_iter().find_map(|mark| cut(rows, mark)) else {
        return false;
    };
    for row in all {
        let outer = parts.begin();
        for cell in row {
            parts.push("", cell, true);
        }
        parts.record = outer;
    }
    true
}

/// The cells of rows that all have as many, three at least; nothing if one may be a sentence.
fn cut<'r>(rows: &[&'r str], mark: char) -> Option<Vec<Vec<&'r str>>> {
    let cells = |row: &&'r str| row.split(mark).map(str::trim).collect();
    let all: Vec<Vec<&str>> = rows.iter().map(cells).collect();
    let many = all.first().map(Vec::len)?;
    let short = |cell: &&str| {
        cell.split(' ').count() <= 5 && cell.len() <= 60 && !cell.ends_with(['.', '!', '?', ':'])
    };
    let told = |row: &Vec<&str>| row.iter().filter(|cell| !cell.is_empty()).count() >= 3;
    all.iter().all(|row| row.len() == many && row.iter().all(short) && told(row)).then_some(all)
}

type Pairs = Vec<(String, String)>;

/// True for what may be the name of a field.
fn is_name(key: &str) -> bool {
    (1..=40).contains(&key.len())
        && key.starts_with(char::is_alphabetic)
        && key.split(' ').count() <= 2
        && key
            .chars()
            .all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | ' '))
}

/// `name="Ada Lovelace" paid=true`: every value is in marks, or has no space.
fn attributes(row: &str) -> Option<Pairs> {
    let mut out = Pairs::new();
    let mut rest = row.trim();
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=')?;
        if !is_name(key) || key.contains(' ') {
            return None;
        }
        let (value, left) = if let Some(inside) = after.strip_prefix('"') {
            quoted(inside)?
        } else {
            let (value, left) = after.split_once(' ').unwrap_or((after, ""));
            (value.to_owned(), left)
        };
        if !left.is_empty() && !left.starts_with([' ', ',', ';']) && after.starts_with('"') {
            return None;
        }
        out.push((key.to_owned(), value));
        rest = left.trim_start_matches([' ', ',', ';']);
    }
    Some(out)
}

/// A text up to the mark that ends it, and what comes after.
fn quoted(inside: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = inside.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, inside.get(at + 1..)?)),
            '\\' => match letters.next()?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

/// Items of a list; a line that is none goes on with what stands last in the one before.
fn items(rows: &[&str]) -> Option<Vec<Pairs>> {
    let mut all: Vec<Pairs> = Vec::new();
    for row in rows {
        match listed(row) {
            Some(record) => all.push(record),
            None if marked(row.trim_start()).1 => return None,
            None => {
                let (_, text) = all.last_mut()?.last_mut()?;
                text.push('\n');
                text.push_str(row);
            }
        }
    }
    Some(all)
}

/// How the parts of a line are set apart, and a name from its value.
const FORMS: &[(&str, &str)] = &[
    (" | ", ": "),
    ("] [", ": "),
    ("; ", "="),
    ("; ", ": "),
    (", ", ": "),
    (", ", "="),
    (", ", " "),
];

/// `* id 7, name Ada, mail ada@…`: an item of a list or a line, a name at the beginning of each part.
fn listed(row: &str) -> Option<Pairs> {
    let (body, item) = marked(row.trim_start());
    let body = body.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(body);
    // `- {id: 7, name: Ada}`, as writers of YAML print a small record.
    let braced = body.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let (body, item) = (braced.unwrap_or(body), item || braced.is_some());
    let said = |(parts, names): &(&str, &str)| {
        let bare = *names == " ";
        if (bare || *parts == ", ") && !item {
            return None;
        }
        let out = pairs(body, parts, names)?;
        // Two names that records have, or it is a sentence with commas.
        let usual = out.iter().filter(|(key, _)| usual(&fold(key)) || known(&fold(key))).count();
        (out.len() >= 2 && usual >= if bare { 2 } else { 1 }).then_some(out)
    };
    FORMS.iter().find_map(said)
}

/// A line without the mark of an item, and if it had one.
fn marked(row: &str) -> (&str, bool) {
    let rest = row.strip_prefix("* ").or_else(|| row.strip_prefix("- "));
    let rest = rest.or_else(|| row.strip_prefix("\u{2022} "));
    if let Some(rest) = rest {
        return (rest, true);
    }
    let number = row.trim_start_matches(|letter: char| letter.is_ascii_digit());
    match number.strip_prefix(". ").or_else(|| number.strip_prefix(") ")) {
        Some(rest) if number.len() < row.len() => (rest.trim_start(), true),
        _ => (row, false),
    }
}

/// The parts of a line, each with its name; what has none goes on with the part before it, which is a text then.
fn pairs(body: &str, apart: &str, mark: &str) -> Option<Pairs> {
    let mut out = Pairs::new();
    let mut here = BTreeSet::new();
    let mut loose = false;
    for part in body.split(apart) {
        let parted = part.split_once(mark).filter(|(key, value)| is_name(key) && !value.is_empty());
        let goes_on = |key: &str| {
            let usual = usual(&fold(key)) || !loose;
            let plain = mark != " " || key.chars().next().is_some_and(char::is_lowercase);
            usual && plain && !here.contains(key)
        };
        if let Some((key, value)) = parted.filter(|(key, _)| goes_on(key)) {
            here.insert(key.to_owned());
            loose = free(&fold(key));
            out.push((key.to_owned(), value.trim_matches('"').to_owned()));
        } else {
            let (_, before) = out.last_mut()?;
            before.push_str(apart);
            before.push_str(part);
        }
    }
    Some(out)
}

/// Names that records have beside the usual ones.
fn known(key: &str) -> bool {
    matches!(
        key,
        "mail"
            | "email"
            | "phone"
            | "firm"
            | "company"
            | "account"
            | "iban"
            | "amount"
            | "price"
            | "kind"
            | "type"
            | "state"
            | "owner"
            | "ticket"
            | "number"
            | "no"
            | "title"
            | "file"
            | "doctor"
            | "patient"
            | "at"
            | "last"
            | "country"
            | "city"
            | "role"
            | "text"
            | "body"
    )
}

/// Columns that are parted by two spaces or more, each row as the header stands.
fn columns(rows: &[&str], parts: &mut Parts) -> bool {
    let Some((header, body)) = rows.split_first().filter(|(_, body)| !body.is_empty()) else {
        return false;
    };
    let letters: Vec<char> = header.chars().collect();
    let mut starts = vec![0];
    for (at, three) in letters.windows(3).enumerate() {
        if let [' ', ' ', letter] = three
            && *letter != ' '
        {
            starts.push(at + 2);
        }
    }
    let names: Vec<String> = cells(&letters, &starts);
    let named = |name: &String| {
        !name.is_empty() && name.len() <= 40 && name.split(' ').count() <= 4 && !name.contains(": ")
    };
    if starts.len() < 2 || !names.iter().all(named) {
        return false;
    }
    let rule = |row: &&&str| !row.chars().all(|letter| matches!(letter, '-' | '=' | ' ' | '+'));
    let rows: Vec<Vec<char>> = body.iter().filter(rule).map(|row| row.chars().collect()).collect();
    let fits = |row: &Vec<char>| {
        starts.iter().skip(1).all(|start| {
            let gap = row.get(start.saturating_sub(2)..*start);
            gap.is_none_or(|gap| gap.iter().all(|letter| *letter == ' '))
        })
    };
    if rows.is_empty() || !rows.iter().all(fits) {
        return false;
    }
    for row in rows {
        let outer = parts.begin();
        for (name, cell) in names.iter().zip(cells(&row, &starts)) {
            parts.push(name, &cell, true);
        }
        parts.record = outer;
    }
    true
}

fn cells(row: &[char], starts: &[usize]) -> Vec<String> {
    let ends = starts.iter().skip(1).copied().chain([usize::MAX]);
    let cell = |(start, end): (&usize, usize)| {
        let cell = row.get(*start..end.min(row.len())).unwrap_or_default();
        cell.iter().collect::<String>().trim().to_owned()
    };
    starts.iter().zip(ends).map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Record, name, text, and whether it counts as a field.
    use crate::leaves::tests::{Row, read_with, row};

    fn read(text: &str) -> Option<Vec<Row>> {
        read_with(records, text)
    }

    #[test]
    fn a_record_on_a_line_has_its_fields() {
        let wanted = Some(vec![row(1, "id", "7", true), row(1, "name", "Ada Vik", true)]);
        for text in [
            "id=7 name=\"Ada Vik\"",
            "id=\"7\", name=\"Ada Vik\"",
            "* id 7, name Ada Vik",
            "- {id: 7, name: Ada Vik}",
        ] {
            assert_eq!(read(text), wanted, "{text}");
        }
        let two = "name      account   last\nAda Vik   NL12      2026-01-02\nBo        DE3";
        let wanted = vec![
            row(1, "name", "Ada Vik", true),
            row(1, "account", "NL12", true),
            row(1, "last", "2026-01-02", true),
            row(2, "name", "Bo", true),
            row(2, "account", "DE3", true),
        ];
        assert_eq!(read(two), Some(wanted));
    }

    #[test]
    fn rows_without_a_header_have_their_cells() {
        let wanted = vec![
            row(1, "", "P-061", true),
            row(1, "", "Vik, Ada", true),
            row(1, "", "ada@vik.example", true),
        ];
        for text in ["P-061;Vik, Ada;ada@vik.example", "P-061 | Vik, Ada | ada@vik.example"] {
            assert_eq!(read(text), Some(wanted.clone()), "{text}");
        }
        for text in [
            "One thing; another; and pay the open bill to them as soon as you can",
            "a;b;c\nd;e",
            "now; then; later.",
            "a;;",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn nothing_breaks_out_of_a_text() {
        for (text, wanted) in [
            (
                r#"id=7 note="x\" account=\"DE9""#,
                vec![row(1, "id", "7", true), row(1, "note", r#"x" account="DE9"#, false)],
            ),
            (
                "* id 7, name Ada, note hello, account DE9",
                vec![
                    row(1, "id", "7", true),
                    row(1, "name", "Ada", true),
                    row(1, "note", "hello, account DE9", false),
                ],
            ),
            (
                "* id 7, name Ada, name Eve",
                vec![row(1, "id", "7", true), row(1, "name", "Ada, name Eve", true)],
            ),
        ] {
            assert_eq!(read(text), Some(wanted), "{text}");
        }
    }

    #[test]
    fn prose_is_no_record() {
        for text in [
            "We came, saw the place, and left.",
            "* bread, cheese, apples",
            "Hello  there\nthis is a letter with a few words in it",
            "x = 5",
            "name=\"open",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
