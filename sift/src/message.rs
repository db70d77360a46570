//! [`message`]: sifts a message of JSON-RPC. Its strings are looked at one by one as they are read, with the name that stands
//! before each; the bytes of all others stay as they came.
//!
//! What carries the protocol itself (ids, cursors, states, tasks) stays, and pictures and sounds are no text.
//! Never here: what is found. To leave out one more member: a word in [`OURS`].

use std::borrow::Cow;

use writ_model::json::{self, Limits, Node, Value};

use crate::{Class, Counts, Found, Way, Ways, find, person, secret};

/// Members that a client gives back to the server as they are, or reads as a program does; where the protocol has them, not
/// in values of the server's own.
const OURS: &[&str] = &[
    "jsonrpc",
    "id",
    "method",
    "nextCursor",
    "cursor",
    "requestState",
    "taskId",
    "progressToken",
    "elicitationId",
    "protocolVersion",
    "resultType",
    "mimeType",
    "blob",
];
/// How deep in objects the protocol has them: `result.content[].resource.blob`.
const DEEP: usize = 3;
/// LIMIT: bytes of a name that is looked at together with its value, and of such a value: both fit into one window.
const NAME: usize = 64;
const NEAR: usize = 4 << 10;
/// Names shorter than this are no secrets.
const KEY: usize = 12;

/// A message that was sifted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sifted {
    /// Its bytes, if they are others than before.
    pub bytes: Option<Vec<u8>>,
    /// What was found.
    pub counts: Counts,
    /// The class for which it may not go on.
    pub refused: Option<Class>,
}

/// A message that cannot be read as JSON in one way: nothing is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

/// Sifts a message.
///
/// # Errors
/// If it is no JSON, or such as may be read in two ways.
pub fn message(body: &[u8], ways: &Ways) -> Result<Sifted, Unreadable> {
    let whole;
    let (body, node) = match json::parse(body, &Limits::ANSWER) {
        Ok(node) => (body, node),
        Err(fault) if fault.rule == json::Rule::LoneSurrogate => {
            whole = whole_letters(body);
            (whole.as_slice(), json::parse(&whole, &Limits::ANSWER).map_err(|_fault| Unreadable)?)
        }
        Err(_) => return Err(Unreadable),
    };
    let mut walk =
        Walk { body, ways, counts: Counts::default(), refused: None, edits: Vec::new(), keys: 0 };
    walk.node(&node, None, 0);
    let Walk { counts, refused, edits, .. } = walk;
    let bytes = (!edits.is_empty()).then(|| edited(body, &edits));
    Ok(Sifted { bytes, counts, refused })
}

/// The same bytes with the sign for an unknown letter where a server cut a letter in two: every reader reads something else
/// there, and none the half.
fn whole_letters(body: &[u8]) -> Vec<u8> {
    let mut out = body.to_vec();
    let unit = |at: usize| {
        let digits = body.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut at = 0;
    while at < body.len() {
        if body.get(at) != Some(&b'\\') {
            at += 1;
            continue;
        }
        let Some(first) = unit(at) else {
            at += 2;
            continue;
        };
        let pair = matches!(first, 0xd800..0xdc00)
            && unit(at + 6).is_some_and(|low| matches!(low, 0xdc00..0xe000));
        if pair {
            at += 12;
            continue;
        }
        if let Some(slot) = out.get_mut(at + 2..at + 6).filter(|_| matches!(first, 0xd800..0xe000))
        {
            slot.copy_from_slice(b"fffd");
        }
        at += 6;
    }
    out
}

/// Sifts a body that is no JSON as one text.
pub fn text(body: &[u8], ways: &Ways) -> Sifted {
    let mut walk =
        Walk { body, ways, counts: Counts::default(), refused: None, edits: Vec::new(), keys: 0 };
    let found = find(body);
    let bytes = walk.masked(body, &found);
    Sifted { bytes, counts: walk.counts, refused: walk.refused }
}

struct Walk<'a> {
    body: &'a [u8],
    ways: &'a Ways,
    counts: Counts,
    refused: Option<Class>,
    /// Spans with what stands there instead, in order.
    edits: Vec<(usize, usize, Vec<u8>)>,
    /// Names that were masked: each gets a number, so that no two become one.
    keys: usize,
}

impl Walk<'_> {
    fn node(&mut self, node: &Node<'_>, name: Option<&str>, deep: usize) {
        match &node.value {
            Value::String(text) => {
                if let Some(out) = self.string(text, name) {
                    self.put((node.start, node.end), &out);
                }
            }
            // A number can be one of a card.
            Value::Number(text)
                if text.len() >= 11 && text.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                if let Some(out) = self.string(text, name) {
                    self.put((node.start, node.end), &out);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
            Value::Array(items) => items.iter().for_each(|item| self.node(item, name, deep)),
            Value::Object(members) => {
                let mut end = node.start;
                for (key, value) in members {
                    self.key(key, (end, value.start));
                    end = value.end;
                    if deep > DEEP || !is_ours(key, members) {
                        let own = key == "structuredContent";
                        self.node(value, Some(key), if own { DEEP + 1 } else { deep + 1 });
                    }
                }
            }
        }
    }

    /// A name: with a number behind its mask.
    fn key(&mut self, key: &str, (from, to): (usize, usize)) {
        if key.len() < KEY && key.is_ascii() {
            return;
        }
        let Some(mut out) = self.masked(key.as_bytes(), &find(key.as_bytes())) else { return };
        self.keys += 1;
        out.extend_from_slice(format!(" #{}", self.keys).as_bytes());
        let between = self.body.get(from..to).unwrap_or_default();
        let quotes = |byte: &u8| *byte == b'"';
        if let (Some(first), Some(last)) =
            (between.iter().position(quotes), between.iter().rposition(quotes))
        {
            self.put((from + first, from + last + 1), &out);
        }
    }

    /// What stands in the place of a string; nothing if it stays.
    fn string(&mut self, text: &str, name: Option<&str>) -> Option<Vec<u8>> {
        if text.len() < 2 {
            return None;
        }
        let name = name.filter(|name| name.len() <= NAME && text.len() <= NEAR);
        let mut found = match name.filter(|name| person::names(name)) {
            Some(name) => under(name, text),
            None => find(text.as_bytes()),
        };
        if let Some(name) = name
            && !found.iter().any(|one| one.class == Class::Secret)
            && let Some(what) = secret::value(name, text)
        {
            found = vec![Found { start: 0, end: text.len(), class: Class::Secret, what }];
        }
        self.masked(text.as_bytes(), &found)
    }

    /// The text with everything masked that is to be; nothing if it stays.
    fn masked(&mut self, text: &[u8], found: &[Found]) -> Option<Vec<u8>> {
        let (mut out, mut copied) = (None, 0);
        for one in found {
            let way = self.ways.of(one.class);
            self.counts.note(one.class, way == Way::Mask);
            match way {
                Way::Keep => {}
                Way::Refuse => self.refused = self.refused.or(Some(one.class)),
                Way::Mask => {
                    let out = out.get_or_insert_with(|| Vec::with_capacity(text.len() + 32));
                    out.extend_from_slice(text.get(copied..one.start).unwrap_or_default());
                    let value = text.get(one.start..one.end).unwrap_or_default();
                    out.extend_from_slice(one.mask(value).as_bytes());
                    copied = one.end;
                }
            }
        }
        if let Some(out) = &mut out {
            out.extend_from_slice(text.get(copied..).unwrap_or_default());
        }
        out
    }

    /// A string in the place of something.
    fn put(&mut self, (start, end): (usize, usize), text: &[u8]) {
        let text: Cow<'_, str> = String::from_utf8_lossy(text);
        let quoted = serde_json::to_vec(text.as_ref()).unwrap_or_else(|_| b"\"\"".to_vec());
        self.edits.push((start, end, quoted));
    }
}

/// What is found in a value that a name stands before: as if both were one text.
fn under(name: &str, text: &str) -> Vec<Found> {
    let head = name.len() + 2;
    let whole = format!("{name}: {text}");
    let mut found = find(whole.as_bytes());
    found.retain(|one| one.start >= head);
    for one in &mut found {
        (one.start, one.end) = (one.start - head, one.end - head);
    }
    found
}

fn is_ours(key: &str, members: &[(Cow<'_, str>, Node<'_>)]) -> bool {
    let is = |name: &str, values: &[&str]| {
        let value = members.iter().find(|(key, _)| key == name).and_then(|(_, node)| node.as_str());
        value.is_some_and(|value| values.contains(&value))
    };
    match key {
        "data" => is("type", &["image", "audio"]),
        // A person opens it; a token in it is what lets them in.
        "url" => is("mode", &["url"]),
        _ => OURS.contains(&key),
    }
}

fn edited(body: &[u8], edits: &[(usize, usize, Vec<u8>)]) -> Vec<u8> {
    let (mut out, mut copied) = (Vec::with_capacity(body.len() + 64), 0);
    for (start, end, with) in edits {
        out.extend_from_slice(body.get(copied..*start).unwrap_or_default());
        out.extend_from_slice(with);
        copied = *end;
    }
    out.extend_from_slice(body.get(copied..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn sifted(value: &Json, ways: &Ways) -> (Json, Sifted) {
        let body = value.to_string();
        let out = message(body.as_bytes(), ways).unwrap();
        let bytes = out.bytes.clone().unwrap_or_else(|| body.into_bytes());
        (serde_json::from_slice(&bytes).unwrap(), out)
    }

    #[test]
    fn strings_are_masked_where_they_stand_and_all_else_is_byte_for_byte() {
        let body = br#"{"jsonrpc": "2.0", "id" :7,"result":{"content":[{"type":"text","text":"k\u0065y: password=h4Rd-t0-gu3ss\n"}], "n": 1.50}}"#;
        let out = message(body, &Ways::default()).unwrap();
        assert_eq!(
            String::from_utf8(out.bytes.unwrap()).unwrap(),
            r#"{"jsonrpc": "2.0", "id" :7,"result":{"content":[{"type":"text","text":"key: password=[secret: password, 13 characters]\n"}], "n": 1.50}}"#
        );
        assert_eq!(out.counts.iter().collect::<Vec<_>>(), [(Class::Secret, 1, 1)]);
        let quiet = br#"{"id":1,"result":{"content":[{"type":"text","text":"nothing here"}]}}"#;
        assert_eq!(message(quiet, &Ways::default()).unwrap().bytes, None);
        assert_eq!(message(b"{", &Ways::default()), Err(Unreadable));
    }

    #[test]
    fn half_a_letter_hides_nothing() {
        let body =
            br#"{"id":1,"result":"\\ud83d \ud83d\ude00 \ud83d p\u0061ssword=h4Rd-t0-gu3ss"}"#;
        let out = message(body, &Ways::default()).unwrap().bytes.unwrap();
        let read: Json = serde_json::from_slice(&out).unwrap();
        assert_eq!(
            read["result"],
            "\\ud83d \u{1f600} \u{fffd} password=[secret: password, 13 characters]"
        );
        let quiet = br#"{"id":1,"result":"\ud83d quiet"}"#;
        assert_eq!(message(quiet, &Ways::default()).unwrap().bytes, None);
    }

    #[test]
    fn a_name_says_what_its_value_is() {
        let value = json!({"result": {"structuredContent": {
            "client_secret": "q8Zr 71ka", "apiKey": "q8Zr71kaLmPx", "nextPageToken": "CAUQAA8x7Zr71kaLmPx",
            "phone": "030 1234567", "birthDate": "1984-03-12", "card": 4_111_111_111_111_111_u64}}});
        let (out, all) = sifted(&value, &Ways::all(Way::Mask));
        let read = &out["result"]["structuredContent"];
        assert_eq!(read["client_secret"], "q8Zr 71ka");
        assert_eq!(read["apiKey"], "[secret: API key, 12 characters]");
        assert_eq!(read["nextPageToken"], "CAUQAA8x7Zr71kaLmPx");
        assert_eq!(read["phone"], "[personal data: phone number, 11 characters]");
        assert_eq!(read["birthDate"], "[personal data: date of birth, 10 characters]");
        assert_eq!(read["card"], "[personal data: card number, 16 characters]");
        assert_eq!(all.counts.iter().count(), 4);
    }

    #[test]
    fn what_carries_the_protocol_stays() {
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVPmB92K27uhbUJU";
        let value = json!({"id": token, "result": {"nextCursor": token, "requestState": token,
            "task": {"taskId": token}, "content": [{"type": "image", "data": token, "mimeType": "image/png"}],
            "structuredContent": {"cursor": token}}});
        let (out, all) = sifted(&value, &Ways::default());
        assert_eq!(all.counts.iter().collect::<Vec<_>>(), [(Class::Secret, 1, 1)]);
        assert_eq!(out["result"]["nextCursor"], token);
        assert_eq!(out["result"]["content"][0]["data"], token);
        assert_ne!(out["result"]["structuredContent"]["cursor"], token);
        let asks = json!({"method": "elicitation/create", "params": {"mode": "url", "url": format!("https://a.example/{token}")}});
        assert!(sifted(&asks, &Ways::default()).1.counts.is_empty());
    }

    #[test]
    fn names_that_are_secrets_are_masked_and_stay_two() {
        let one = "ada@mail.example";
        let value =
            json!({"result": {"structuredContent": {one: 1, "bob@mail.example": 2, "plain": 3}}});
        let (out, _) = sifted(&value, &Ways::all(Way::Mask));
        let keys: Vec<&String> =
            out["result"]["structuredContent"].as_object().unwrap().keys().collect();
        assert_eq!(keys.len(), 3);
        assert!(!out.to_string().contains("example"), "{out}");
    }

    #[test]
    fn what_is_refused_is_said() {
        let value =
            json!({"result": {"content": [{"type": "text", "text": "4111 1111 1111 1111"}]}});
        let ways = Ways::default().with(Class::Card, Way::Refuse);
        assert_eq!(sifted(&value, &ways).1.refused, Some(Class::Card));
        assert_eq!(sifted(&value, &Ways::default()).1.refused, None);
    }
}
