//! What a session-based client says, for a stateless server; and the server's answers, for that client.
//!
//! Never here: where a message goes, or which client it is of.

use std::borrow::Cow;

use writ_model::json::{self, Limits, Node};

use crate::{
    edit::{self, Change, drop_key, put},
    words::{
        LEVELS, META_CAN, META_CLIENT, META_LEVEL, META_SERVER, META_SUBSCRIPTION, META_VERSION,
        NEWEST_SESSION, RPC_CAPABILITY, RPC_HEADERS, RPC_INTERNAL, RPC_METHOD, RPC_PARAMS,
        RPC_VERSION, SESSION_BASED, STATELESS,
    },
};

/// LIMIT: bytes that a client may say of itself and of what it can; they go along with each of its requests.
const SAYS: usize = 64 << 10;

/// From which level on a server's log is wanted as long as the client has not said: session-based servers send theirs unasked.
const UNSAID_LEVEL: &str = "info";

/// What a client said of itself in `initialize`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The revision that is spoken with it.
    pub revision: &'static str,
    info: Vec<u8>,
    can: Vec<u8>,
    level: &'static str,
}

/// An `initialize` without what it must have, or with too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`initialize` has no `clientInfo` and `capabilities`, or says more than 64 KiB in them")]
pub struct NoCaller;

/// What a session wants to hear of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// That the list of tools has changed.
    pub tools: bool,
    /// That the list of prompts has changed.
    pub prompts: bool,
    /// That the list of resources has changed.
    pub resources: bool,
    /// That these resources have changed.
    pub uris: Vec<String>,
}

impl Filter {
    /// Nothing at all.
    pub fn is_empty(&self) -> bool {
        !(self.tools || self.prompts || self.resources) && self.uris.is_empty()
    }
}

impl Caller {
    /// Takes what an `initialize` says.
    ///
    /// # Errors
    /// If it does not say it, or says too much.
    pub fn of(params: Option<&Node<'_>>, body: &[u8]) -> Result<Self, NoCaller> {
        let member = |key| params.and_then(|params| params.get(key));
        let object = |key| member(key).filter(|node| node.as_object().is_some()).ok_or(NoCaller);
        let (info, can) = (object("clientInfo")?, object("capabilities")?);
        if (info.end - info.start) + (can.end - can.start) > SAYS {
            return Err(NoCaller);
        }
        let wanted = member("protocolVersion").and_then(Node::as_str).unwrap_or_default();
        let known = SESSION_BASED.iter().find(|revision| **revision == wanted);
        // Roots have no notification any more; tasks of 2025-11-25 are not those of the extension.
        let mut changes = vec![drop_key("tasks")];
        changes.extend(can.get("roots").map(|_| put("roots", &b"{}"[..])));
        Ok(Self {
            revision: known.copied().unwrap_or(NEWEST_SESSION),
            info: info.bytes_in(body).to_vec(),
            can: edit::object(Some(can), body, &changes),
            level: UNSAID_LEVEL,
        })
    }

    /// What it can, as JSON text.
    pub fn can(&self) -> &[u8] {
        &self.can
    }

    /// Takes a level of `logging/setLevel`; says whether it is one.
    pub fn hears(&mut self, level: &str) -> bool {
        let known = LEVELS.iter().find(|known| **known == level);
        self.level = known.copied().unwrap_or(self.level);
        known.is_some()
    }

    /// A request of the client's under this id (as JSON text), with what a stateless server wants in it; `answers` are
    /// `inputResponses` and `requestState`, if it is made again with answers.
    pub fn request(
        &self,
        node: &Node<'_>,
        body: &[u8],
        id: &[u8],
        answers: Option<(&[u8], Option<&[u8]>)>,
    ) -> Vec<u8> {
        let params = node.get("params");
        let meta = self.meta(params.and_then(|params| params.get("_meta")), body);
        // What the client itself says under these names is of no revision of its own, and would be taken for answers.
        let (responses, state) = match answers {
            None => (None, None),
            Some((responses, state)) => (Some(Cow::from(responses)), state.map(Cow::from)),
        };
        let changes = [("inputResponses", responses), ("requestState", state), put("_meta", meta)];
        let params = edit::object(params, body, &changes);
        edit::object(Some(node), body, &[put("id", id), put("params", params)])
    }

    /// `server/discover` in its name.
    pub fn discover(&self, id: &str) -> Vec<u8> {
        self.own("server/discover", id, &[])
    }

    /// `tools/list` in its name, from this cursor on.
    pub fn tools(&self, id: &str, cursor: Option<&str>) -> Vec<u8> {
        let cursor: Vec<Change<'_>> =
            cursor.map(|cursor| put("cursor", edit::text(cursor))).into_iter().collect();
        self.own("tools/list", id, &cursor)
    }

    /// `subscriptions/listen` in its name.
    pub fn listen(&self, id: &str, filter: &Filter) -> Vec<u8> {
        let mut wanted = Vec::new();
        let flags = [
            ("toolsListChanged", filter.tools),
            ("promptsListChanged", filter.prompts),
            ("resourcesListChanged", filter.resources),
        ];
        for (key, _) in flags.iter().filter(|(_, wants)| *wants) {
            wanted.push(put(key, &b"true"[..]));
        }
        if !filter.uris.is_empty() {
            let uris = serde_json::Value::from(filter.uris.clone()).to_string();
            wanted.push(put("resourceSubscriptions", uris.into_bytes()));
        }
        let wanted = edit::object(None, b"", &wanted);
        self.own("subscriptions/listen", id, &[put("notifications", wanted)])
    }

    fn own(&self, method: &str, id: &str, params: &[Change<'_>]) -> Vec<u8> {
        let mut params = params.to_vec();
        params.push(put("_meta", self.meta(None, b"")));
        let members = [
            put("jsonrpc", &br#""2.0""#[..]),
            put("id", edit::text(id)),
            put("method", edit::text(method)),
            put("params", edit::object(None, b"", &params)),
        ];
        edit::object(None, b"", &members)
    }

    fn meta(&self, meta: Option<&Node<'_>>, body: &[u8]) -> Vec<u8> {
        let changes = [
            put(META_VERSION, edit::text(STATELESS)),
            put(META_CLIENT, &self.info[..]),
            put(META_CAN, &self.can[..]),
            put(META_LEVEL, edit::text(self.level)),
        ];
        edit::object(meta, body, &changes)
    }
}

/// The answer to `initialize`, from the result of `server/discover`. `name` stands for a server that does not say who it is.
pub fn initialized(
    result: &Node<'_>,
    body: &[u8],
    (id, revision, name): (&[u8], &str, &str),
) -> Vec<u8> {
    let unnamed =
        edit::object(None, b"", &[put("name", edit::text(name)), put("version", &br#""0""#[..])]);
    let server = result.get("_meta").and_then(|meta| meta.get(META_SERVER));
    let server = server.map_or(unnamed, |server| server.bytes_in(body).to_vec());
    // Extensions are of the stateless generation, and so are their methods.
    let can = edit::object(result.get("capabilities"), body, &[drop_key("extensions")]);
    let mut members = vec![
        put("protocolVersion", edit::text(revision)),
        put("capabilities", can),
        put("serverInfo", server),
    ];
    let instructions = result.get("instructions").filter(|node| node.as_str().is_some());
    members.extend(instructions.map(|node| put("instructions", node.bytes_in(body))));
    whole(id, "result", &edit::object(None, b"", &members))
}

/// A complete answer of the server's, under this id, as a session-based client knows it.
pub fn answer(node: &Node<'_>, body: &[u8], id: &[u8]) -> Vec<u8> {
    if let Some(error) = node.get("error") {
        let code = error.get("code").and_then(Node::as_i64).unwrap_or(RPC_INTERNAL);
        let code = match code {
            // What we put in headers and in `_meta` is not the client's fault.
            RPC_HEADERS | RPC_VERSION => RPC_INTERNAL,
            RPC_CAPABILITY => RPC_PARAMS,
            code => code,
        };
        let error = edit::object(Some(error), body, &[put("code", code.to_string().into_bytes())]);
        return whole(id, "error", &error);
    }
    let result = node.get("result");
    let mut changes = vec![drop_key("resultType"), drop_key("ttlMs"), drop_key("cacheScope")];
    let structured = result.and_then(|result| result.get("structuredContent"));
    if structured.is_some_and(|node| node.as_object().is_none()) {
        changes.push(drop_key("structuredContent"));
    }
    let tools = result.and_then(|result| result.get("tools")).and_then(Node::as_array);
    if let Some(tools) = tools.filter(|tools| tools.iter().any(promises_more)) {
        let lean = |tool: &Node<'_>| {
            promises_more(tool).then(|| edit::object(Some(tool), body, &[drop_key("outputSchema")]))
        };
        changes.push(put("tools", edit::array(tools, body, lean)));
    }
    whole(id, "result", &edit::object(result, body, &changes))
}

/// Whether a tool promises a result that is no object: a client of 2025-11-25 refuses a whole list that has one.
fn promises_more(tool: &Node<'_>) -> bool {
    tool.get("outputSchema")
        .is_some_and(|schema| schema.get("type").and_then(Node::as_str) != Some("object"))
}

/// What a server says on a stream, without what only a stateless client knows; nothing if it is not for the client.
pub fn notice(node: &Node<'_>, body: &[u8]) -> Option<Vec<u8>> {
    let method = node.get("method").and_then(Node::as_str)?;
    if method == "notifications/subscriptions/acknowledged" || node.get("id").is_some() {
        return None;
    }
    let params = node.get("params");
    let Some(meta) = params.and_then(|params| params.get("_meta")) else {
        return Some(node.bytes_in(body).to_vec());
    };
    let meta = edit::object(Some(meta), body, &[drop_key(META_SUBSCRIPTION)]);
    let params = match &*meta {
        b"{}" => edit::object(params, body, &[drop_key("_meta")]),
        _ => edit::object(params, body, &[put("_meta", meta)]),
    };
    Some(edit::object(Some(node), body, &[put("params", params)]))
}

/// Whether an answer to a stateless request says that its server is not one, or not any more (the transport's section on
/// backward compatibility): neither a result nor an error that only this generation has.
pub fn is_refused(status: u16, body: &[u8], discovers: bool) -> bool {
    let Ok(node) = json::parse(body, &Limits::ANSWER) else {
        return (400..500).contains(&status);
    };
    let Some(error) = node.get("error") else { return (400..500).contains(&status) };
    let answered = node.get("id").is_some_and(|id| id.value != json::Value::Null);
    match error.get("code").and_then(Node::as_i64) {
        Some(RPC_HEADERS | RPC_CAPABILITY) => false,
        Some(RPC_VERSION) => {
            let named = error.get("data").and_then(|data| data.get("supported"));
            let named = named.and_then(Node::as_array).unwrap_or_default();
            !named.iter().any(|one| one.as_str() == Some(STATELESS))
        }
        // Every stateless server answers `server/discover`.
        _ if discovers => true,
        // Said of this very request, and not of a missing greeting.
        Some(RPC_METHOD | RPC_PARAMS | RPC_INTERNAL) if answered => false,
        _ => (400..500).contains(&status),
    }
}

/// A whole answer.
pub fn whole(id: &[u8], key: &str, value: &[u8]) -> Vec<u8> {
    let members = [put("jsonrpc", &br#""2.0""#[..]), put("id", id), put(key, value)];
    edit::object(None, b"", &members)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Node<'_> {
        json::parse(text.as_bytes(), &Limits::ANSWER).unwrap()
    }

    fn caller(revision: &str) -> Caller {
        let params = format!(
            r#"{{"protocolVersion":"{revision}","clientInfo":{{"name":"c","version":"1"}},
                "capabilities":{{"roots":{{"listChanged":true}},"tasks":{{}},"sampling":{{}}}}}}"#
        );
        Caller::of(Some(&parsed(&params)), params.as_bytes()).unwrap()
    }

    fn value(bytes: &[u8]) -> serde_json::Value {
        serde_json::from_slice(bytes).unwrap()
    }

    #[test]
    fn a_request_says_in_itself_what_the_session_knew() {
        let mut caller = caller("2025-06-18");
        assert_eq!(caller.revision, "2025-06-18");
        let body = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a","arguments":{"x":1.0e1},"_meta":{"progressToken":3},"requestState":"forged"}}"#;
        let out = caller.request(&parsed(body), body.as_bytes(), b"7", None);
        assert!(String::from_utf8_lossy(&out).contains(r#""arguments":{"x":1.0e1}"#));
        let meta = value(&out)["params"]["_meta"].clone();
        assert_eq!(meta[META_VERSION], STATELESS);
        assert_eq!(meta[META_CAN], serde_json::json!({"roots": {}, "sampling": {}}));
        assert_eq!((&meta[META_LEVEL], &meta["progressToken"]), (&"info".into(), &3.into()));
        assert_eq!(value(&out)["params"].get("requestState"), None, "no state of the client's own");
        assert!(caller.hears("error") && !caller.hears("loud"));
        let answers = Some((&br#"{"k":{}}"#[..], Some(&br#""s""#[..])));
        let again = value(&caller.request(&parsed(body), body.as_bytes(), b"\"r1\"", answers));
        assert_eq!((&again["id"], &again["params"]["requestState"]), (&"r1".into(), &"s".into()));
        assert_eq!(again["params"]["inputResponses"], serde_json::json!({"k": {}}));
        assert_eq!(again["params"]["_meta"][META_LEVEL], "error");
        let bare = r#"{"jsonrpc":"2.0","id":"a","method":"tools/list"}"#;
        let out = value(&caller.request(&parsed(bare), bare.as_bytes(), b"\"a\"", None));
        assert_eq!(out["params"]["_meta"][META_CLIENT]["name"], "c");
    }

    #[test]
    fn who_says_nothing_of_itself_is_no_caller() {
        let big = format!(r#"{{"clientInfo":{{}},"capabilities":{{"a":"{}"}}}}"#, "x".repeat(SAYS));
        for bad in ["{}", r#"{"clientInfo":{},"capabilities":[]}"#, &big] {
            assert_eq!(Caller::of(Some(&parsed(bad)), bad.as_bytes()), Err(NoCaller));
        }
        assert_eq!(caller("2031-01-01").revision, NEWEST_SESSION);
    }

    #[test]
    fn a_session_begins_with_what_the_server_says_of_itself() {
        let body = r#"{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{},"extensions":{"x":{}}},"instructions":"Hi","ttlMs":1,"cacheScope":"public","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"2"}}}"#;
        let out = value(&initialized(&parsed(body), body.as_bytes(), (b"1", "2025-03-26", "mail")));
        let wanted = serde_json::json!({"jsonrpc": "2.0", "id": 1, "result": {
            "protocolVersion": "2025-03-26", "capabilities": {"tools": {}},
            "serverInfo": {"name": "s", "version": "2"}, "instructions": "Hi"}});
        assert_eq!(out, wanted);
        let bare = r#"{"capabilities":{}}"#;
        let out = value(&initialized(&parsed(bare), bare.as_bytes(), (b"1", "2025-03-26", "mail")));
        assert_eq!(out["result"]["serverInfo"]["name"], "mail");
    }

    #[test]
    fn an_answer_loses_what_its_client_does_not_know() {
        for (theirs, ours) in [
            (
                r#"{"id":"r1","result":{"resultType":"complete","content":[ 1 ]}}"#,
                r#"{"jsonrpc":"2.0","id":7,"result":{"content":[ 1 ]}}"#,
            ),
            (
                r#"{"id":1,"result":{"tools":[{"name":"a","outputSchema":{"type":"array"}},{"name": "b"}],"ttlMs":0,"cacheScope":"private"}}"#,
                r#"{"jsonrpc":"2.0","id":7,"result":{"tools":[{"name":"a"},{"name": "b"}]}}"#,
            ),
            (
                r#"{"id":1,"result":{"structuredContent":[1]}}"#,
                r#"{"jsonrpc":"2.0","id":7,"result":{}}"#,
            ),
            (
                r#"{"id":1,"error":{"code":-32021,"message":"m","data":{"a":1}}}"#,
                r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32602,"message":"m","data":{"a":1}}}"#,
            ),
            (
                r#"{"id":1,"error":{"code":-32020,"message":"m"}}"#,
                r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32603,"message":"m"}}"#,
            ),
        ] {
            let out = answer(&parsed(theirs), theirs.as_bytes(), b"7");
            assert_eq!(String::from_utf8(out).unwrap(), ours);
        }
    }

    #[test]
    fn notices_lose_their_subscription() {
        let told = |text: &str| {
            notice(&parsed(text), text.as_bytes()).map(|out| String::from_utf8(out).unwrap())
        };
        let bare = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}}"#;
        assert_eq!(told(bare).as_deref(), Some(bare));
        let tagged = r#"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"u","_meta":{"io.modelcontextprotocol/subscriptionId":1}}}"#;
        let wanted =
            r#"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"u"}}"#;
        assert_eq!(told(tagged).as_deref(), Some(wanted));
        assert_eq!(told(r#"{"method":"notifications/subscriptions/acknowledged"}"#), None);
        assert_eq!(told(r#"{"method":"roots/list","id":1}"#), None);
    }

    #[test]
    fn a_server_of_the_other_generation_is_known_by_its_refusal() {
        let error = |code: i64, data: &str| {
            format!(r#"{{"id":null,"error":{{"code":{code},"message":"","data":{data}}}}}"#)
        };
        for (status, body, discovers, refused) in [
            (400, error(RPC_HEADERS, "{}"), false, false),
            (400, error(RPC_VERSION, r#"{"supported":["2026-07-28"]}"#), true, false),
            (400, error(RPC_VERSION, r#"{"supported":["2025-11-25"]}"#), false, true),
            (400, error(-32_000, "{}"), false, true),
            (404, String::new(), false, true),
            (405, "not allowed".to_owned(), true, true),
            (200, error(-32_601, "{}"), true, true),
            (400, error(-32_602, "{}").replace("null", "7"), false, false),
            (404, error(-32_601, "{}").replace("null", "7"), false, false),
            (200, error(-32_602, "{}"), false, false),
            (200, r#"{"id":1,"result":{}}"#.to_owned(), true, false),
            (502, String::new(), true, false),
        ] {
            assert_eq!(is_refused(status, body.as_bytes(), discovers), refused, "{status} {body}");
        }
    }
}
