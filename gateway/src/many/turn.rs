//! What a server sends, as the agent of the endpoint sees it: ids that the server made up stand under its name, addresses
//! are those of the endpoint, progress is of its own requests. Everything else stays byte for byte.
//!
//! Never here: a decision; a message held back that belongs to the server's own requests.
//! To add something that servers name: a line in [`Turn::notified`] or [`Turn::resulted`].

use std::sync::Arc;

use bytes::Bytes;
use writ_model::json::{self, Limits, Node};

use super::{edit::Edits, name, session::Session, shelf::Kept};

/// The member of `_meta` that says to which task a message belongs (MCP 2025-11-25).
const TASK: &str = "io.modelcontextprotocol/related-task";

/// What is known of one server's messages on one road.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) server: String,
    /// The id of the request that the road answers; none for one that listens.
    pub(super) id: Option<Bytes>,
    /// The progress token of that request.
    pub(super) token: Option<Bytes>,
    pub(super) session: Option<Arc<Session>>,
    /// What the agent asked to read, and what its server calls it.
    pub(super) asked: Option<(String, String)>,
    /// The addresses that were listed to the agent.
    pub(super) listed: Option<Arc<Kept>>,
    /// The road goes on with one that was cut off: its request's id was read then.
    pub(super) resumes: bool,
}

/// A message turned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Turned {
    /// As it was.
    Same,
    /// With other names in it.
    Other(Bytes),
    /// It is not for this agent, or no message.
    Nothing,
}

/// What kind of message it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// The answer to the request of this road.
    Answer,
    /// Something on the way to it.
    Other,
}

impl Turn {
    /// A message of the server.
    pub(super) fn message(&self, bytes: &[u8]) -> (Turned, Sort) {
        let Ok(node) = json::parse(bytes, &Limits::ANSWER) else {
            return (Turned::Nothing, Sort::Other);
        };
        let mut edits = Edits::default();
        let method = node.get("method").and_then(Node::as_str);
        let (stays, sort) = match (method, node.get("id")) {
            (Some(_), Some(id)) => {
                self.named(&mut edits, Some(id), bytes);
                let meta = node.pointer("/params/_meta");
                self.named(&mut edits, meta.and_then(|meta| meta.get("progressToken")), bytes);
                self.task(&mut edits, meta);
                (true, Sort::Other)
            }
            (Some(method), None) => {
                (self.notified(&mut edits, method, (&node, bytes)), Sort::Other)
            }
            (None, id) => {
                let own = self.id.as_ref().and_then(|own| json::parse(own, &Limits::SMALL).ok());
                let answers = own.zip(id).is_some_and(|(own, id)| own.value == id.value);
                // A stream that only listens has no request; what ends it is the gateway's own word.
                let ends = self.id.is_none() && (self.resumes || node.get("error").is_some());
                if let Some(result) = node.get("result") {
                    self.resulted(&mut edits, result);
                }
                (answers || ends, Sort::Answer)
            }
        };
        if !stays {
            return (Turned::Nothing, sort);
        }
        if edits.is_empty() {
            return (Turned::Same, sort);
        }
        (Turned::Other(edits.made(bytes, (0, bytes.len()))), sort)
    }

    /// Puts an id of the server's under its name.
    fn named(&self, edits: &mut Edits, id: Option<&Node<'_>>, bytes: &[u8]) {
        if let Some(id) = id {
            let written = String::from_utf8_lossy(id.bytes_in(bytes));
            edits.text(id, &name::id(&self.server, &written));
        }
    }

    /// The same for a task's id, which is a text: its text, not its JSON.
    fn task_id(&self, edits: &mut Edits, of: Option<&Node<'_>>) {
        if let Some(id) = of.and_then(|of| of.get("taskId"))
            && let Some(text) = id.as_str()
        {
            edits.text(id, &name::id(&self.server, text));
        }
    }

    fn task(&self, edits: &mut Edits, meta: Option<&Node<'_>>) {
        self.task_id(edits, meta.and_then(|meta| meta.get(TASK)));
    }

    fn uri(&self, edits: &mut Edits, of: Option<&Node<'_>>) {
        if let Some(uri) = of.and_then(|of| of.get("uri"))
            && let Some(own) = uri.as_str()
        {
            let shown = self.shown(own);
            if shown != own {
                edits.text(uri, &shown);
            }
        }
    }

    /// An address as the agent knows it: as it asked for it, as it was listed to it, else under the server's name.
    pub(super) fn shown(&self, own: &str) -> String {
        if let Some((shown, _)) = self.asked.as_ref().filter(|(_, asked)| asked == own) {
            return shown.clone();
        }
        let listed = self.listed.as_ref().and_then(|kept| kept.own(&self.server, own));
        listed.map_or_else(|| name::address(&self.server, own), |entry| entry.shown.clone())
    }

    /// A notification; whether it is for this agent.
    fn notified(&self, edits: &mut Edits, method: &str, (node, bytes): (&Node<'_>, &[u8])) -> bool {
        let params = node.get("params");
        self.task(edits, params.and_then(|params| params.get("_meta")));
        match method {
            "notifications/progress" => {
                let token = params.and_then(|params| params.get("progressToken"));
                return token.is_some_and(|token| self.progresses(token.bytes_in(bytes)));
            }
            "notifications/cancelled" => {
                self.named(edits, params.and_then(|params| params.get("requestId")), bytes);
            }
            "notifications/resources/updated" => self.uri(edits, params),
            "notifications/tasks/status" | "notifications/tasks" => self.task_id(edits, params),
            _ => {}
        }
        true
    }

    /// Whether the server may speak of the progress of this.
    fn progresses(&self, token: &[u8]) -> bool {
        let session =
            || self.session.as_ref().is_some_and(|one| one.progresses(token, &self.server));
        self.token.as_deref() == Some(token) || session()
    }

    fn resulted(&self, edits: &mut Edits, result: &Node<'_>) {
        self.task_id(edits, Some(result));
        self.task_id(edits, result.get("task"));
        self.task(edits, result.get("_meta"));
        let list = |key| result.get(key).and_then(Node::as_array).unwrap_or_default();
        for task in list("tasks") {
            self.task_id(edits, Some(task));
        }
        for content in list("contents") {
            self.uri(edits, Some(content));
        }
        for block in list("content") {
            self.block(edits, block);
        }
        for message in list("messages") {
            match message.get("content") {
                Some(block) if block.as_object().is_some() => self.block(edits, block),
                Some(blocks) => {
                    for block in blocks.as_array().unwrap_or_default() {
                        self.block(edits, block);
                    }
                }
                None => {}
            }
        }
    }

    fn block(&self, edits: &mut Edits, block: &Node<'_>) {
        match block.get("type").and_then(Node::as_str) {
            Some("resource_link") => self.uri(edits, Some(block)),
            Some("resource") => self.uri(edits, block.get("resource")),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::many::shelf::Entry;

    fn turn() -> Turn {
        let entry = Entry {
            server: "mail".into(),
            own: "x:1".to_owned(),
            shown: "x:1".to_owned(),
            bytes: Bytes::new(),
        };
        let session = Session::new(Bytes::new());
        session.went(Bytes::from_static(b"8"), Some(Bytes::from_static(b"\"other\"")), "mail");
        session.went(Bytes::from_static(b"9"), Some(Bytes::from_static(b"\"files\"")), "files");
        Turn {
            server: "mail".to_owned(),
            id: Some(Bytes::from_static(b"7")),
            token: Some(Bytes::from_static(b"\"mine\"")),
            session: Some(Arc::new(session)),
            asked: Some(("writ-mail:x:2".to_owned(), "x:2".to_owned())),
            listed: Some(Arc::new(Kept::new(vec![entry], Vec::new(), false))),
            resumes: false,
        }
    }

    fn said(text: &str) -> String {
        match turn().message(text.as_bytes()).0 {
            Turned::Same => "same".to_owned(),
            Turned::Nothing => "nothing".to_owned(),
            Turned::Other(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    #[test]
    fn what_a_server_makes_up_stands_under_its_name() {
        for (text, wanted) in [
            (
                r#"{"id": "a\"b","method":"sampling/createMessage","params":{"_meta":{"progressToken":3},"x" : 1.0}}"#,
                r#"{"id": "mail__\"a\\\"b\"","method":"sampling/createMessage","params":{"_meta":{"progressToken":"mail__3"},"x" : 1.0}}"#,
            ),
            (
                r#"{"method":"notifications/cancelled","params":{"requestId":5}}"#,
                r#"{"method":"notifications/cancelled","params":{"requestId":"mail__5"}}"#,
            ),
            (
                r#"{"id":7,"result":{"resultType":"task","taskId":"t1"}}"#,
                r#"{"id":7,"result":{"resultType":"task","taskId":"mail__t1"}}"#,
            ),
            (
                r#"{"id":7,"result":{"task":{"taskId":"t1"},"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"t1"}}}}"#,
                r#"{"id":7,"result":{"task":{"taskId":"mail__t1"},"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"mail__t1"}}}}"#,
            ),
            (
                r#"{"method":"notifications/tasks/status","params":{"taskId":"t1"}}"#,
                r#"{"method":"notifications/tasks/status","params":{"taskId":"mail__t1"}}"#,
            ),
            (
                r#"{"method":"notifications/resources/updated","params":{"uri":"x:3"}}"#,
                r#"{"method":"notifications/resources/updated","params":{"uri":"writ-mail:x:3"}}"#,
            ),
            (r#"{"method":"notifications/resources/updated","params":{"uri":"x:1"}}"#, "same"),
            (
                r#"{"id":7,"result":{"contents":[{"uri":"x:2"},{"uri":"x:1"}]}}"#,
                r#"{"id":7,"result":{"contents":[{"uri":"writ-mail:x:2"},{"uri":"x:1"}]}}"#,
            ),
            (
                r#"{"id":7,"result":{"content":[{"type":"resource_link","uri":"x:9"},{"type":"text","uri":"x:9"}]}}"#,
                r#"{"id":7,"result":{"content":[{"type":"resource_link","uri":"writ-mail:x:9"},{"type":"text","uri":"x:9"}]}}"#,
            ),
            (
                r#"{"id":7,"result":{"messages":[{"content":{"type":"resource","resource":{"uri":"x:9"}}}]}}"#,
                r#"{"id":7,"result":{"messages":[{"content":{"type":"resource","resource":{"uri":"writ-mail:x:9"}}}]}}"#,
            ),
            (r#"{"id":7,"result":{"content":[]}}"#, "same"),
            (r#"{"id":7,"error":{"code":1}}"#, "same"),
            (r#"{"id":"7","result":{}}"#, "nothing"),
            (r#"{"id":8,"result":{}}"#, "nothing"),
            (r#"{"id":null,"error":{}}"#, "nothing"),
            ("[]", "nothing"),
            ("not json", "nothing"),
            (r#"{"method":"notifications/message","params":{}}"#, "same"),
        ] {
            assert_eq!(said(text), wanted, "{text}");
        }
    }

    #[test]
    fn progress_is_of_ones_own_requests() {
        for (token, wanted) in [
            ("\"mine\"", "same"),
            ("\"other\"", "same"),
            ("\"files\"", "nothing"),
            ("1", "nothing"),
        ] {
            let text = format!(
                r#"{{"method":"notifications/progress","params":{{"progressToken":{token},"progress":1}}}}"#
            );
            assert_eq!(said(&text), wanted, "{token}");
        }
    }
}
