//! Values as programs print them: `{'name': 'Anna', 'paid': True}` is read as JSON.
//!
//! SECURITY: only texts between marks are rewritten, mark by mark, so that nothing inside one ends it. Never here: code.

use serde_json::Value;

/// LIMIT: bytes that are rewritten; a longer text is text.
const MOST: usize = 4 << 20;

/// The value that this prints; nothing if it is none.
pub(super) fn value(text: &str) -> Option<Value> {
    if text.len() > MOST || !text.contains('\'') {
        return None;
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut letters = text.chars().peekable();
    let mut word = String::new();
    while let Some(letter) = letters.next() {
        if letter.is_ascii_alphabetic() {
            word.push(letter);
            continue;
        }
        flush(&mut word, &mut out);
        if letter != '\'' && letter != '"' {
            out.push(letter);
            continue;
        }
        let mut inside = String::new();
        loop {
            match letters.next()? {
                end if end == letter => break,
                '\\' => match letters.next()? {
                    'n' => inside.push('\n'),
                    't' => inside.push('\t'),
                    other => inside.push(other),
                },
                other => inside.push(other),
            }
        }
        out.push_str(&serde_json::to_string(&inside).ok()?);
    }
    flush(&mut word, &mut out);
    serde_json::from_str(&out).ok()
}

fn flush(word: &mut String, out: &mut String) {
    out.push_str(match word.as_str() {
        "True" => "true",
        "False" => "false",
        "None" => "null",
        other => other,
    });
    word.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_values_are_read_and_nothing_breaks_out() {
        let read =
            value("{'a': 'it\\'s', \"b\": [True, None, 1.5], 'c': \"say 'x', 'iban': 'DE'\"}");
        let wanted =
            serde_json::json!({"a": "it's", "b": [true, null, 1.5], "c": "say 'x', 'iban': 'DE'"});
        assert_eq!(read, Some(wanted));
        assert_eq!(value("{'a': 'open"), None);
        assert_eq!(value("[not one]"), None);
    }
}
