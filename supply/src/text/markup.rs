//! What markup hides from whoever looks at a page and not from a model: comments, styles, empty space, pictures that
//! call home.
//!
//! Never here: a parser of HTML; a tag that is cut in two hides nothing.

use super::{Finding, finding};

/// LIMIT: places of one rule that are looked at.
const PLACES: usize = 8;

/// Marks that begin something nobody is shown: what begins it, what ends it, how sure.
const COMMENTS: [(&str, &str); 5] =
    [("<!--", "-->"), ("[//]: #", "\n"), ("[comment]: <>", "\n"), ("[]: #", "\n"), ("{#", "#}")];
/// What styles say to hide something, with spaces left out.
const STYLES: [&str; 12] = [
    "display:none",
    "visibility:hidden",
    "font-size:0",
    "font-size:1px",
    "opacity:0;",
    "opacity:0\"",
    "color:transparent",
    "color:white",
    "color:#fff",
    "text-indent:-9999",
    "left:-9999",
    "<spanhidden",
];
/// LIMIT: spaces or empty lines in a row that push a text out of what is shown.
const SPACES: usize = 60;
const LINES: usize = 16;

pub(super) fn look(field: &str, text: &str, out: &mut Vec<Finding>) {
    comments(field, text, out);
    let close: String =
        text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>().to_lowercase();
    if let Some(style) = STYLES.iter().find(|style| close.contains(**style)) {
        let why = "A style hides a part of it from whoever looks at a page.";
        out.push(finding(("markup.hidden", 85), field, style, why));
    }
    spaces(field, text, out);
    pictures(field, text, out);
}

fn comments(field: &str, text: &str, out: &mut Vec<Finding>) {
    for (begins, ends) in COMMENTS {
        for (at, _) in text.match_indices(begins).take(PLACES) {
            let rest = text.get(at + begins.len()..).unwrap_or_default();
            let inner = rest.split(ends).next().unwrap_or_default();
            let words = super::words(inner).len();
            // `{#` and link definitions are in honest texts too; a comment with a sentence in it is in none.
            if words < 3 {
                continue;
            }
            let why = "A comment is not shown to people, and models read it.";
            out.push(finding(("markup.comment", 80), field, inner.trim(), why));
            return;
        }
    }
}

fn spaces(field: &str, text: &str, out: &mut Vec<Finding>) {
    let (mut spaces, mut lines) = (0, 0);
    for (at, letter) in text.char_indices() {
        match letter {
            '\n' => (lines, spaces) = (lines + 1, 0),
            '\r' => {}
            one if one.is_whitespace() => spaces += 1,
            _ if spaces >= SPACES || lines >= LINES => {
                let why = "Empty space pushes what follows out of what is shown.";
                let rest = text.get(at..).unwrap_or_default();
                out.push(finding(("markup.space", 75), field, rest, why));
                return;
            }
            _ => (spaces, lines) = (0, 0),
        }
    }
}

/// A picture of which the address has room for what a model knows.
fn pictures(field: &str, text: &str, out: &mut Vec<Finding>) {
    for (at, _) in text.match_indices("![").take(PLACES) {
        let rest = text.get(at..).unwrap_or_default();
        let address = rest.split_once("](").and_then(|(_, rest)| rest.split(')').next());
        let Some(address) = address.filter(|one| one.starts_with("http")) else { continue };
        let sure = if address.contains(['{', '$', '<']) {
            75
        } else if address.contains('?') {
            50
        } else {
            continue;
        };
        let why =
            "A picture is fetched when it is shown: its address can carry out what a model knows.";
        out.push(finding(("markup.picture", sure), field, address, why));
        return;
    }
}
