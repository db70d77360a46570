//! Lists show only what the agent may call, and of tasks only its own: entries that no grant covers are cut out of the
//! answer, the rest stays byte for byte, save that nobody may keep it for other agents.
//!
//! Never here: the question whether an entry is covered, or whose a task is (both are handed in).

use bytes::Bytes;
use writ_authority::grant::Surface;
use writ_model::json::{self, Limits, Node};

use crate::mcp::{held, method::LISTS};

/// Whether a thing is listed.
pub type Shows<'a> = dyn Fn(Surface, &str) -> bool + Send + Sync + 'a;

/// Whether a task is the caller's.
pub type Owns<'a> = dyn Fn(&str) -> bool + Send + Sync + 'a;

/// Whether an entry's definition is one that may be shown: the key of its list, and the entry's bytes.
pub type Pins<'a> = dyn Fn(&str, &[u8]) -> bool + Send + Sync + 'a;

/// How lists are shown to one caller.
#[derive(Clone, Copy)]
pub struct Filter<'a> {
    /// Whether a thing is listed.
    pub shows: &'a Shows<'a>,
    /// Whether an entry's definition may be shown.
    pub pins: &'a Pins<'a>,
    /// Whether a task is the caller's, by its id.
    pub owns: &'a Owns<'a>,
    /// [`held::PENDING`] is offered at the end of the tools' last page.
    pub pending: bool,
}

impl std::fmt::Debug for Filter<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Filter").field("pending", &self.pending).finish_non_exhaustive()
    }
}

/// An answer that cannot be read is not passed on: it could hide what must not be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

/// The JSON-RPC answer with uncovered entries cut out; the very same bytes if there are none.
///
/// # Errors
/// If it is not JSON.
pub fn answer(body: &Bytes, filter: Filter<'_>) -> Result<Bytes, Unreadable> {
    let node = json::parse(body, &Limits::ANSWER).map_err(|_fault| Unreadable)?;
    // SECURITY: clients read a list of answers, too; nothing in one would be filtered here.
    if node.as_object().is_none() {
        return Err(Unreadable);
    }
    match node.get("result") {
        Some(result) => Ok(cut(body, result, filter)),
        None => Ok(body.clone()),
    }
}

/// A bare result (of `writ wrap`), likewise.
///
/// # Errors
/// If it is not JSON.
pub fn result(body: &Bytes, filter: Filter<'_>) -> Result<Bytes, Unreadable> {
    let node = json::parse(body, &Limits::ANSWER).map_err(|_fault| Unreadable)?;
    Ok(cut(body, &node, filter))
}

fn cut(body: &Bytes, result: &Node<'_>, filter: Filter<'_>) -> Bytes {
    let lists: Vec<_> = LISTS
        .iter()
        .filter_map(|(key, name, surface)| Some((result.get(key)?, *key, *name, *surface)))
        .collect();
    let more = result.get("nextCursor").is_some_and(|cursor| cursor.as_str().is_some());
    let mut changed: Vec<(&Node<'_>, Vec<u8>)> = lists
        .into_iter()
        .filter_map(|(list, key, name, surface)| {
            let ours = (filter.pending && surface == Surface::Tool && !more).then(held::tool);
            let shows = |item: &Node<'_>| {
                let named = item.get(name).and_then(Node::as_str);
                named.is_some_and(|name| (filter.shows)(surface, name))
                    && (filter.pins)(key, item.bytes_in(body))
            };
            Some((list, shown(body, list, &shows, ours.as_deref())?))
        })
        .collect();
    // SECURITY: to the server every agent is the gateway, so that it lists the tasks of all of them.
    let owned =
        |item: &Node<'_>| item.get("taskId").and_then(Node::as_str).is_some_and(filter.owns);
    if let Some(tasks) = result.get("tasks")
        && let Some(own) = shown(body, tasks, &owned, None)
    {
        changed.push((tasks, own));
    }
    // SECURITY: whoever keeps an answer for everybody would show one agent what another may see.
    if let Some(scope) = result.get("cacheScope").filter(|scope| scope.as_str() == Some("public")) {
        changed.push((scope, br#""private""#.to_vec()));
    }
    if changed.is_empty() {
        return body.clone();
    }
    changed.sort_by_key(|(node, _)| node.start);
    let mut out: Vec<u8> = Vec::with_capacity(body.len());
    let mut copied = 0;
    for (node, with) in changed {
        out.extend_from_slice(body.get(copied..node.start).unwrap_or_default());
        out.extend_from_slice(&with);
        copied = node.end;
    }
    out.extend_from_slice(body.get(copied..).unwrap_or_default());
    Bytes::from(out)
}

/// A list with what is shown of it, and ours; nothing if it stays as it is.
fn shown(
    body: &Bytes,
    list: &Node<'_>,
    shows: &dyn Fn(&Node<'_>) -> bool,
    ours: Option<&[u8]>,
) -> Option<Vec<u8>> {
    let items = list.as_array()?;
    let kept: Vec<&Node<'_>> = items.iter().filter(|item| shows(item)).collect();
    if kept.len() == items.len() && ours.is_none() {
        return None;
    }
    let mut out = vec![b'['];
    let kept = kept.iter().map(|item| item.bytes_in(body)).chain(ours);
    for (at, item) in kept.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(item);
    }
    out.push(b']');
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shows(surface: Surface, name: &str) -> bool {
        matches!((surface, name), (Surface::Tool, "a" | "c") | (Surface::Resource, "x://1"))
    }

    fn owns(task: &str) -> bool {
        task == "t1"
    }

    fn pins(list: &str, entry: &[u8]) -> bool {
        list != "tools" || !entry.windows(7).any(|part| part == b"changed")
    }

    const FILTER: Filter<'static> =
        Filter { shows: &shows, pins: &pins, owns: &owns, pending: false };

    fn cut_text(text: &'static str) -> String {
        let out = answer(&Bytes::from_static(text.as_bytes()), FILTER).unwrap();
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
    fn a_list_is_kept_for_one_agent_only() {
        assert_eq!(
            cut_text(
                r#"{"result":{"cacheScope": "public","ttlMs":5,"tools":[{"name":"b"}],"prompts":[]}}"#
            ),
            r#"{"result":{"cacheScope": "private","ttlMs":5,"tools":[],"prompts":[]}}"#
        );
        assert_eq!(
            cut_text(r#"{"result":{"tools":[{"name":"a"}],"cacheScope":"public"}}"#),
            r#"{"result":{"tools":[{"name":"a"}],"cacheScope":"private"}}"#
        );
        assert_eq!(
            cut_text(r#"{"result":{"contents":[{"uri":"x://1"}],"cacheScope":"public"}}"#),
            r#"{"result":{"contents":[{"uri":"x://1"}],"cacheScope":"private"}}"#,
            "what was read was read by one"
        );
        let other = r#"{"result":{"contents":[],"cacheScope":"private"}}"#;
        assert_eq!(cut_text(other), other);
    }

    #[test]
    fn what_is_covered_and_waits_for_a_person_is_not_listed() {
        assert_eq!(
            cut_text(
                r#"{"result":{"tools":[{"name":"a","x":"changed"},{"name":"c"}],"resources":[{"uri":"x://1","x":"changed"}]}}"#
            ),
            r#"{"result":{"tools":[{"name":"c"}],"resources":[{"uri":"x://1","x":"changed"}]}}"#
        );
    }

    #[test]
    fn of_tasks_only_ones_own_are_listed() {
        assert_eq!(
            cut_text(
                r#"{"result":{"tasks":[{"taskId":"t0"},{"taskId":"t1","status":"working"},{"taskId":1},{}],"nextCursor":"2"}}"#
            ),
            r#"{"result":{"tasks":[{"taskId":"t1","status":"working"}],"nextCursor":"2"}}"#
        );
        let own = r#"{"result":{"tasks":[ {"taskId":"t1"} ]}}"#;
        assert_eq!(cut_text(own), own);
    }

    #[test]
    fn our_tool_stands_at_the_end_of_the_last_page() {
        let offered = |text: &'static str| {
            let out = Filter { pending: true, ..FILTER };
            let out = answer(&Bytes::from_static(text.as_bytes()), out).unwrap();
            serde_json::from_slice::<serde_json::Value>(&out).unwrap()["result"].take()
        };
        let tools = offered(r#"{"result":{"tools":[{"name":"b"},{"name":"a"}]}}"#);
        assert_eq!(tools["tools"][0]["name"], "a");
        assert_eq!(tools["tools"][1]["name"], held::PENDING);
        assert_eq!(offered(r#"{"result":{"tools":[]}}"#)["tools"][0]["name"], held::PENDING);
        let first = offered(r#"{"result":{"tools":[{"name":"a"}],"nextCursor":"2"}}"#);
        assert_eq!(first["tools"].as_array().unwrap().len(), 1);
        assert_eq!(offered(r#"{"result":{"prompts":[]}}"#), serde_json::json!({"prompts": []}));
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
        assert_eq!(answer(&Bytes::from_static(b"{"), FILTER), Err(Unreadable));
    }
}
