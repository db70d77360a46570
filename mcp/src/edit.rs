//! Changing members of a JSON object; every other byte of it stays as it was written, so that arguments that were decided on
//! are the arguments that go out.
//!
//! Never here: what is changed, and why.

use std::borrow::Cow;

use writ_model::json::Node;

/// What becomes of one member: another value as JSON text, or none.
pub type Change<'a> = (&'a str, Option<Cow<'a, [u8]>>);

/// A member's new value.
pub fn put<'a>(key: &'a str, value: impl Into<Cow<'a, [u8]>>) -> Change<'a> {
    (key, Some(value.into()))
}

/// A member that goes.
pub fn drop_key(key: &str) -> Change<'_> {
    (key, None)
}

/// The object with these changes; members that it did not have are added at its end. `body` is what `node` was read from. What
/// is no object becomes one.
pub fn object(node: Option<&Node<'_>>, body: &[u8], changes: &[Change<'_>]) -> Vec<u8> {
    let members = node.and_then(Node::as_object).unwrap_or_default();
    let mut out = Vec::with_capacity(node.map_or(0, |node| node.end - node.start) + 64);
    out.push(b'{');
    let mut done = vec![false; changes.len()];
    for (key, value) in members {
        let change = changes.iter().position(|(name, _)| name == key);
        let value = match change.and_then(|at| changes.get(at)) {
            Some((_, None)) => continue,
            Some((_, Some(new))) => new.as_ref(),
            None => value.bytes_in(body),
        };
        if let Some(flag) = change.and_then(|at| done.get_mut(at)) {
            *flag = true;
        }
        member(&mut out, key, value);
    }
    for ((key, value), done) in changes.iter().zip(done) {
        if let Some(value) = value.as_ref().filter(|_| !done) {
            member(&mut out, key, value);
        }
    }
    out.push(b'}');
    out
}

/// The array with what `each` makes of its items: another text, or the same.
pub fn array(
    items: &[Node<'_>],
    body: &[u8],
    each: impl Fn(&Node<'_>) -> Option<Vec<u8>>,
) -> Vec<u8> {
    let mut out = vec![b'['];
    for item in items {
        if out.len() > 1 {
            out.push(b',');
        }
        match each(item) {
            Some(new) => out.extend_from_slice(&new),
            None => out.extend_from_slice(item.bytes_in(body)),
        }
    }
    out.push(b']');
    out
}

/// A text as JSON.
pub fn text(text: &str) -> Vec<u8> {
    serde_json::Value::from(text).to_string().into_bytes()
}

fn member(out: &mut Vec<u8>, key: &str, value: &[u8]) {
    if out.len() > 1 {
        out.push(b',');
    }
    out.extend_from_slice(&text(key));
    out.push(b':');
    out.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use writ_model::json::{self, Limits};

    use super::*;

    fn edited(body: &str, changes: &[Change<'_>]) -> String {
        let node = json::parse(body.as_bytes(), &Limits::REQUEST).unwrap();
        String::from_utf8(object(Some(&node), body.as_bytes(), changes)).unwrap()
    }

    #[test]
    fn what_is_not_named_stays_byte_for_byte() {
        let body = r#"{ "a" : 1.0e2 , "b":{"x": "\u0041"}, "c":3 }"#;
        let changes = [put("c", &b"4"[..]), drop_key("none"), put("d", &b"[]"[..]), drop_key("a")];
        assert_eq!(edited(body, &changes), r#"{"b":{"x": "\u0041"},"c":4,"d":[]}"#);
        assert_eq!(edited("{}", &[]), "{}");
        assert_eq!(object(None, b"", &[put("a", &b"1"[..])]), br#"{"a":1}"#);
        let node = json::parse(b"[1, {\"a\":2},3]", &Limits::REQUEST).unwrap();
        let items = node.as_array().unwrap();
        let each = |item: &Node<'_>| item.as_object().map(|_| b"{}".to_vec());
        assert_eq!(array(items, b"[1, {\"a\":2},3]", each), b"[1,{},3]");
    }

    proptest! {
        /// Whatever the object: every member is there once, with the new value if it was named and its own bytes if not.
        #[test]
        fn no_member_is_lost_or_doubled(
            members in prop::collection::btree_map("[a-e\"\\\\é]{0,3}", -9i64..9, 0..8),
            changes in prop::collection::btree_map("[a-e\"\\\\é]{0,3}", prop::option::of(10i64..19), 0..6),
        ) {
            let body = serde_json::to_string(&members).unwrap();
            let texts: Vec<_> =
                changes.iter().map(|(key, new)| (key, new.map(|new| new.to_string().into_bytes()))).collect();
            let named: Vec<Change<'_>> =
                texts.iter().map(|(key, new)| (key.as_str(), new.as_deref().map(Cow::from))).collect();
            let mut wanted = members.clone();
            for (key, new) in changes.clone() {
                match new {
                    Some(new) => drop(wanted.insert(key, new)),
                    None => drop(wanted.remove(&key)),
                }
            }
            let out = edited(&body, &named);
            json::parse(out.as_bytes(), &Limits::REQUEST).unwrap();
            let read: std::collections::BTreeMap<String, i64> = serde_json::from_str(&out).unwrap();
            prop_assert_eq!(read, wanted);
        }
    }
}
