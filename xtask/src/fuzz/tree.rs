//! Changes to the structure of JSON: members taken, doubled, renamed, wrapped, made into something else; strings that hold
//! base64url changed inside.
//!
//! Never here: only what is well formed; the writer doubles keys and spells them otherwise on purpose.
//! To add a change: an arm of [`change`].

use serde_json::Value;
use writ_identity::{decode_base64url, encode_base64url};

use super::dice::Dice;

/// LIMIT: levels that one change wraps something in: past the bound of every reader.
const WRAPS: usize = 140;
/// Leaves of every kind, some at edges.
const LEAVES: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1.5",
    "1e300",
    "9007199254740993",
    "18446744073709551615",
    "\"\"",
    "\"a\"",
    "[]",
    "{}",
    "[[]]",
    "[null]",
    "{\"\":null}",
    "\"2026-07-28\"",
    "\"https://example.com\"",
    "[\"a\",\"a\"]",
];

/// The input with its structure changed; nothing if it is no JSON.
pub(crate) fn mutated(bytes: &[u8], tokens: &[&str], dice: &mut Dice) -> Option<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(bytes).ok()?;
    let mut at = dice.below(count(&value));
    let node = nth(&mut value, &mut at)?;
    change(node, tokens, dice);
    let mut out = Vec::with_capacity(bytes.len() + 64);
    write(&value, dice, &mut out);
    Some(out)
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum::<usize>(),
        _ => 0,
    }
}

/// The nth value in the order written, itself first.
fn nth<'a>(value: &'a mut Value, at: &mut usize) -> Option<&'a mut Value> {
    if *at == 0 {
        return Some(value);
    }
    *at -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| nth(item, at)),
        Value::Object(members) => members.values_mut().find_map(|member| nth(member, at)),
        _ => None,
    }
}

fn leaf(dice: &mut Dice) -> Value {
    dice.pick(LEAVES).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

fn change(node: &mut Value, tokens: &[&str], dice: &mut Dice) {
    match (dice.below(6), &mut *node) {
        (0, _) => *node = leaf(dice),
        (1, _) => wrap(node, dice),
        (_, Value::Object(members)) => {
            let keys: Vec<String> = members.keys().cloned().collect();
            let word = dice.pick(tokens).map_or_else(String::new, |word| (*word).to_owned());
            let taken = dice.pick(&keys).and_then(|key| members.remove(key));
            match dice.below(4) {
                0 => {}
                1 => {
                    members.insert(word, taken.unwrap_or_default());
                }
                2 => {
                    members.insert(word, leaf(dice));
                }
                _ => {
                    let key = dice.pick(&keys).cloned().unwrap_or(word);
                    members.insert(key, leaf(dice));
                }
            }
        }
        (_, Value::Array(items)) => match (dice.below(3), dice.pick(items).cloned()) {
            (0, Some(item)) => items.push(item),
            (1, _) => items.push(leaf(dice)),
            _ => items.clear(),
        },
        (_, Value::String(text)) => string(text, tokens, dice),
        (_, other) => *other = leaf(dice),
    }
}

fn wrap(node: &mut Value, dice: &mut Dice) {
    let levels = if dice.once_in(8) { dice.below(WRAPS) } else { 1 };
    for _ in 0..levels {
        let inner = node.take();
        *node = Value::Array(vec![inner]);
    }
}

/// Another text; one that holds bytes in base64url has them changed.
fn string(text: &mut String, tokens: &[&str], dice: &mut Dice) {
    let inner = if text.len() > 8 { decode_base64url(text) } else { None };
    if let Some(mut bytes) = inner.filter(|_| !dice.once_in(4)) {
        let at = dice.below(bytes.len());
        match dice.below(4) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, 0xff),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << dice.below(8);
                }
            }
        }
        *text = encode_base64url(&bytes);
        return;
    }
    match dice.below(4) {
        0 => *text = dice.pick(tokens).map_or_else(String::new, |word| (*word).to_owned()),
        1 => text.push_str(&"a".repeat(1 << dice.below(11))),
        2 => text.push('\u{202e}'),
        _ => {
            let half = text.chars().count() / 2;
            *text = text.chars().take(half).collect();
        }
    }
}

/// As JSON; now and then with a key twice, a key spelled with an escape, or white space.
fn write(value: &Value, dice: &mut Dice, out: &mut Vec<u8>) {
    match value {
        Value::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write(item, dice, out);
            }
            out.push(b']');
        }
        Value::Object(members) => {
            out.push(b'{');
            for (at, (key, member)) in members.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                let twice = dice.once_in(64);
                for again in 0..=usize::from(twice) {
                    if again > 0 {
                        out.push(b',');
                    }
                    spelled(key, dice, out);
                    out.push(b':');
                    write(member, dice, out);
                }
            }
            out.push(b'}');
        }
        leaf => out.extend_from_slice(leaf.to_string().as_bytes()),
    }
}

fn spelled(key: &str, dice: &mut Dice, out: &mut Vec<u8>) {
    match key.chars().next().filter(|_| dice.once_in(48)) {
        Some(first) if first.is_ascii_alphanumeric() => {
            let rest: String = key.chars().skip(1).collect();
            let rest = Value::String(rest).to_string();
            let rest = rest.strip_prefix('"').unwrap_or_default();
            out.extend_from_slice(format!("\"\\u{:04x}{rest}", u32::from(first)).as_bytes());
        }
        _ => out.extend_from_slice(Value::String(key.to_owned()).to_string().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn structure_changes_in_many_ways_and_keys_come_twice() {
        let seed = br#"{"jsonrpc":"2.0","id":1,"params":{"list":[1,2],"key":"aGVsbG8gd29ybGQ"}}"#;
        let mut dice = Dice::new(9);
        let (mut seen, mut doubled) = (BTreeSet::new(), 0);
        for _ in 0..2_000 {
            let out = mutated(seed, &["method"], &mut dice).unwrap();
            let text = String::from_utf8(out).unwrap();
            doubled += usize::from(text.matches("\"jsonrpc\"").count() > 1);

            seen.insert(text);
        }
        assert!(seen.len() > 500, "{}", seen.len());
        assert!(doubled > 5, "{doubled}");
        assert!(mutated(b"no json", &[], &mut dice).is_none());
    }
}
