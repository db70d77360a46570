//! What is kept of names, arguments and long texts: cut to bounds, so that nobody who writes them chooses how much is kept.
//!
//! Never here: what follows from any of it. To add one more: a function with its bound.

use serde_json::Value;

use crate::{leaves::Leaf, words::tokens::fold};

/// LIMIT: bytes of one text that is forgotten as a whole; a longer one is kept in pieces.
const PIECE: usize = 16 << 10;
/// LIMIT: bytes of the texts by which a result is known to have been chosen.
const CHOSEN: usize = 1 << 10;

/// True if a tool's name says that it searches or lists.
pub(super) fn searches(tool: &str) -> bool {
    let all = ["search", "find", "query", "list", "such", "busc", "cherch", "filter"];
    crate::words::tokens::name_words(tool)
        .iter()
        .any(|word| all.iter().any(|one| word.starts_with(one)))
}

/// LIMIT: letters of a name of a server or tool as it is kept.
pub(super) fn cut(name: &str) -> String {
    name.chars().take(128).collect()
}

/// A text in pieces, each cut at the end of a line if there is one: a long text is not forgotten all at once.
pub(super) fn pieces(leaf: Leaf) -> Vec<Leaf> {
    let mut out = Vec::new();
    let mut rest = leaf.text.as_str();
    while rest.len() > PIECE {
        let most = (0..=PIECE).rev().find(|at| rest.is_char_boundary(*at)).unwrap_or(0);
        let head = rest.get(..most).unwrap_or_default();
        let end = head.rfind('\n').or_else(|| head.rfind(' ')).map_or(most, |at| at + 1);
        let Some((piece, behind)) = rest.split_at_checked(end).filter(|_| end > 0) else { break };
        out.push(Leaf { key: leaf.key.clone(), text: piece.to_owned(), ..leaf });
        rest = behind;
    }
    if out.is_empty() {
        return vec![leaf];
    }
    let text = rest.to_owned();
    out.push(Leaf { text, ..leaf });
    out
}

/// The short texts among arguments, with the names of their arguments: what chose a source. LIMIT: sixteen.
pub(super) fn chosen(arguments: &Value) -> Vec<(String, String)> {
    fn walk(value: &Value, key: &str, depth: usize, out: &mut Vec<(String, String)>) {
        match value {
            _ if out.len() >= 16 || depth == 0 => {}
            // LIMIT: likewise, of what they say together.
            _ if out.iter().map(|(key, text)| key.len() + text.len()).sum::<usize>() > CHOSEN => {}
            Value::String(text) if text.len() >= 2 && text.len() <= 300 => {
                out.push((key.to_owned(), fold(text.trim())));
            }
            Value::Number(number) => out.push((key.to_owned(), number.to_string())),
            Value::Array(all) => all.iter().for_each(|one| walk(one, key, depth - 1, out)),
            Value::Object(all) => {
                let name = |key: &str| fold(key).chars().take(64).collect::<String>();
                all.iter().for_each(|(key, one)| walk(one, &name(key), depth - 1, out));
            }
            _ => {}
        }
    }
    let mut out = Vec::new();
    walk(arguments, "", 4, &mut out);
    out
}
