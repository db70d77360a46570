//! Lists show only what the agent may call: entries that no grant covers are cut out of the answer, the rest stays byte
//! for byte.
//!
//! Never here: the question whether an entry is covered (it is handed in).

use bytes::Bytes;
use writ_authority::grant::Surface;
use writ_model::json::{self, Limits, Node};

use crate::mcp::method::LISTS;

/// Whether a thing is listed.
pub type Shows<'a> = dyn Fn(Surface, &str) -> bool + Send + Sync + 'a;

/// An answer that cannot be read is not passed on: it could hide what must not be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

/// The JSON-RPC answer with uncovered entries cut out; the very same bytes if there are none.
///
/// # Errors
/// If it is not JSON.
pub fn answer(body: &Bytes, shows: &Shows<'_>) -> Result<Bytes, Unreadable> {
    let node = json::parse(body, &Limits::ANSWER).map_err(|_fault| Unreadable)?;
    match node.get("result") {
        Some(result) => Ok(cut(body, result, shows)),
        None => Ok(body.clone()),
    }
}

/// A bare result (of `writ wrap`), likewise.
///
/// # Errors
/// If it is not JSON.
pub fn result(body: &Bytes, shows: &Shows<'_>) -> Result<Bytes, Unreadable> {
    let node = json::parse(body, &Limits::ANSWER).map_err(|_fault| Unreadable)?;
    Ok(cut(body, &node, shows))
}

fn cut(body: &Bytes, result: &Node<'_>, shows: &Shows<'_>) -> Bytes {
    let mut out: Vec<u8> = Vec::new();
    let mut copied = 0;
    let mut lists: Vec<_> = LISTS
        .iter()
        .filter_map(|(key, name, surface)| Some((result.get(key)?, *name, *surface)))
        .collect();
    lists.sort_by_key(|(list, ..)| list.start);
    for (list, name, surface) in lists {
        let Some(items) = list.as_array() else { continue };
        let shown = |item: &&Node<'_>| {
            item.get(name).and_then(Node::as_str).is_some_and(|name| shows(surface, name))
        };
        let kept: Vec<&Node<'_>> = items.iter().filter(shown).collect();
        if kept.len() == items.len() {
            continue;
        }
        out.extend_from_slice(body.get(copied..list.start).unwrap_or_default());
        out.push(b'[');
        for (at, item) in kept.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend_from_slice(item.bytes_in(body));
        }
        out.push(b']');
        copied = list.end;
    }
    if copied == 0 {
        return body.clone();
    }
    out.extend_from_slice(body.get(copied..).unwrap_or_default());
    Bytes::from(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shows(surface: Surface, name: &str) -> bool {
        matches!((surface, name), (Surface::Tool, "a" | "c") | (Surface::Resource, "x://1"))
    }

    fn cut_text(text: &'static str) -> String {
        let out = answer(&Bytes::from_static(text.as_bytes()), &shows).unwrap();
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn only_what_is_covered_stays() {
        assert_eq!(
            cut_text(
                r#"{"id":1,"result":{"tools":[ {"name":"a", "x":1}, {"name":"b"},{"name":"c"}] ,"nextCursor":"z"}}"#
            ),
            r#"{"id":1,"result":{"tools":[{"name":"a", "x":1},{"name":"c"}] ,"nextCursor":"z"}}"#
        );
        assert_eq!(
            cut_text(r#"{"result":{"resources":[{"uri":"x://2"}],"tools":[{"noname":1}]}}"#),
            r#"{"result":{"resources":[],"tools":[]}}"#
        );
    }

    #[test]
    fn what_is_covered_whole_is_untouched() {
        for text in [
            r#"{"result" : {"tools":[ {"name":"a"} ]}}"#,
            r#"{"error":{"code":1,"message":"tools"}}"#,
            r#"{"result":{"tools":7}}"#,
        ] {
            assert_eq!(cut_text(text), text);
        }
        assert_eq!(answer(&Bytes::from_static(b"{"), &shows), Err(Unreadable));
    }
}
