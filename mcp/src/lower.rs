//! What a stateless client says, for a session-based server; and the server's answers, for that client.
//!
//! Never here: where a message goes, or which client it is of.

use writ_model::json::{self, Limits, Node};

use crate::{
    ask::{self, Question},
    edit::{self, drop_key, put},
    raise::whole,
    words::{
        CACHEABLE, LEVELS, META_CAN, META_CLIENT, META_LEVEL, META_SERVER, META_SUBSCRIPTION,
        META_VERSION, NEWEST_SESSION, RPC_LINKS, RPC_NO_RESOURCE, RPC_PARAMS, STATELESS,
    },
};

/// LIMIT: bytes that a client may say of itself and of what it can; sessions are told apart by them.
const SAYS: usize = 64 << 10;

/// What a stateless client says of itself with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    info: Vec<u8>,
    can: Vec<u8>,
    /// From which level on it wants the log of this request; none for no log.
    pub level: Option<&'static str>,
    /// Its progress token, as JSON text.
    pub token: Option<Vec<u8>>,
}

/// A request that does not say what every stateless one has to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`_meta` does not name the client's capabilities, or says more than 64 KiB")]
pub struct NotDeclared;

impl Declared {
    /// Takes what a request says.
    ///
    /// # Errors
    /// If it does not say it, or says too much.
    pub fn of(node: &Node<'_>, body: &[u8]) -> Result<Self, NotDeclared> {
        let meta = node.pointer("/params/_meta").ok_or(NotDeclared)?;
        let object = |key| meta.get(key).filter(|node| node.as_object().is_some());
        let can = object(META_CAN).ok_or(NotDeclared)?;
        let info = object(META_CLIENT);
        if info.map_or(0, |info| info.end - info.start) + (can.end - can.start) > SAYS {
            return Err(NotDeclared);
        }
        let unnamed = || br#"{"name":"client","version":"0"}"#.to_vec();
        let level = meta.get(META_LEVEL).and_then(Node::as_str);
        Ok(Self {
            info: info.map_or_else(unnamed, |info| info.bytes_in(body).to_vec()),
            can: edit::object(Some(can), body, &[drop_key("extensions")]),
            level: level.and_then(|level| LEVELS.iter().find(|known| **known == level).copied()),
            token: meta.get("progressToken").map(|token| token.bytes_in(body).to_vec()),
        })
    }

    /// What it can, as JSON text.
    pub fn can(&self) -> &[u8] {
        &self.can
    }

    /// Whether a server could ask it for anything.
    pub fn answers(&self) -> bool {
        let Ok(can) = json::parse(&self.can, &Limits::REQUEST) else { return false };
        ["roots", "sampling", "elicitation"].iter().any(|key| can.get(key).is_some())
    }

    /// What tells its session from others of the same instance: who says the same may share one.
    pub fn key(&self) -> Vec<u8> {
        [&self.info[..], b"\n", &self.can].concat()
    }

    /// The `initialize` in its name.
    pub fn initialize(&self, id: u64) -> Vec<u8> {
        let params = [
            put("protocolVersion", edit::text(NEWEST_SESSION)),
            put("capabilities", &self.can[..]),
            put("clientInfo", &self.info[..]),
        ];
        own("initialize", id, &edit::object(None, b"", &params))
    }
}

/// A request of ours to a session-based server.
pub fn own(method: &str, id: u64, params: &[u8]) -> Vec<u8> {
    let members = [
        put("jsonrpc", &br#""2.0""#[..]),
        put("id", id.to_string().into_bytes()),
        put("method", edit::text(method)),
        put("params", params),
    ];
    edit::object(None, b"", &members)
}

/// A notification of ours.
pub fn tell(method: &str, params: &[u8]) -> Vec<u8> {
    let members = [
        put("jsonrpc", &br#""2.0""#[..]),
        put("method", edit::text(method)),
        put("params", params),
    ];
    edit::object(None, b"", &members)
}

/// `notifications/cancelled` of one of our requests.
pub fn cancel(number: u64) -> Vec<u8> {
    let params = edit::object(None, b"", &[put("requestId", number.to_string().into_bytes())]);
    tell("notifications/cancelled", &params)
}

/// A client's request under our number, which is its progress token, too: several clients share a session, and their ids and
/// tokens may be the same.
pub fn request(node: &Node<'_>, body: &[u8], number: u64) -> Vec<u8> {
    let number = number.to_string().into_bytes();
    let params = node.get("params");
    let meta = params.and_then(|params| params.get("_meta"));
    let mut changes = [META_VERSION, META_CLIENT, META_CAN, META_LEVEL].map(drop_key).to_vec();
    if meta.is_some_and(|meta| meta.get("progressToken").is_some()) {
        changes.push(put("progressToken", &number[..]));
    }
    let meta = edit::object(meta, body, &changes);
    let meta = if meta == b"{}" { drop_key("_meta") } else { put("_meta", meta) };
    let changes = [drop_key("inputResponses"), drop_key("requestState"), meta];
    let params = edit::object(params, body, &changes);
    edit::object(Some(node), body, &[put("id", number.clone()), put("params", params)])
}

/// `server/discover` in the name of whoever made a request.
pub fn probe(node: &Node<'_>, body: &[u8], id: &str) -> Vec<u8> {
    let meta = node.pointer("/params/_meta");
    let meta = edit::object(meta, body, &[drop_key("progressToken")]);
    let members = [
        put("jsonrpc", &br#""2.0""#[..]),
        put("id", edit::text(id)),
        put("method", &br#""server/discover""#[..]),
        put("params", edit::object(None, b"", &[put("_meta", meta)])),
    ];
    edit::object(None, b"", &members)
}

/// What of a request has to be the same when it is made again with answers: method and parameters, in one spelling.
pub fn same(node: &Node<'_>, body: &[u8]) -> Vec<u8> {
    let changes = ["inputResponses", "requestState", "_meta"].map(drop_key);
    let params = edit::object(node.get("params"), body, &changes);
    let read = json::parse(&params, &Limits::ANSWER).ok();
    let spelled = read.and_then(|params| json::canonical(&params).ok());
    let method = node.get("method").and_then(Node::as_str).unwrap_or_default();
    [method.as_bytes(), b"\n", spelled.as_deref().unwrap_or(&params)].concat()
}

/// The answer to `server/discover`, from the result of `initialize`.
pub fn discovered(result: &Node<'_>, body: &[u8], id: &[u8]) -> Vec<u8> {
    // Tasks of 2025-11-25 are not those of the extension.
    let can = edit::object(result.get("capabilities"), body, &[drop_key("tasks")]);
    let mut members = vec![
        put("resultType", &br#""complete""#[..]),
        put("supportedVersions", serde_json::json!([STATELESS]).to_string().into_bytes()),
        put("capabilities", can),
        put("ttlMs", &b"0"[..]),
        put("cacheScope", &br#""private""#[..]),
    ];
    let instructions = result.get("instructions").filter(|node| node.as_str().is_some());
    members.extend(instructions.map(|node| put("instructions", node.bytes_in(body))));
    let server = result.get("serverInfo").map(|server| server.bytes_in(body));
    members.extend(
        server.map(|server| put("_meta", edit::object(None, b"", &[put(META_SERVER, server)]))),
    );
    whole(id, "result", &edit::object(None, b"", &members))
}

/// An answer as a stateless client knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lowered {
    /// The message.
    pub message: Vec<u8>,
    /// `error.code`, if it is one.
    pub error: Option<i64>,
}

/// The server's answer to a request of this method, under the client's id. `can` is what the client declared.
pub fn answer(node: &Node<'_>, body: &[u8], (id, method, can): (&[u8], &str, &[u8])) -> Lowered {
    if let Some(error) = node.get("error") {
        let code = error.get("code").and_then(Node::as_i64).unwrap_or_default();
        if code == RPC_LINKS
            && let Some(asks) = links(error, body, can)
        {
            return Lowered { message: whole(id, "result", &asks), error: None };
        }
        let code = if code == RPC_NO_RESOURCE { RPC_PARAMS } else { code };
        let error = edit::object(Some(error), body, &[put("code", code.to_string().into_bytes())]);
        return Lowered { message: whole(id, "error", &error), error: Some(code) };
    }
    let result = node.get("result");
    let lacks = |key| result.is_none_or(|result| result.get(key).is_none());
    // A session-based server's `resultType`, if it has one, is of its own making.
    let mut changes = vec![put("resultType", &br#""complete""#[..])];
    if CACHEABLE.contains(&method) {
        if lacks("ttlMs") {
            changes.push(put("ttlMs", &b"0"[..]));
        }
        changes.push(put("cacheScope", &br#""private""#[..]));
    }
    let message = whole(id, "result", &edit::object(result, body, &changes));
    Lowered { message, error: None }
}

/// The links of an error of 2025-11-25 as questions; nothing if the client cannot be asked all of them.
fn links(error: &Node<'_>, body: &[u8], can: &[u8]) -> Option<Vec<u8>> {
    let links = error.pointer("/data/elicitations").and_then(Node::as_array)?;
    let links = links.get(..ask::AT_ONCE).unwrap_or(links);
    let question = |(at, link): (usize, &Node<'_>)| {
        let request = edit::object(
            None,
            b"",
            &[put("method", &br#""elicitation/create""#[..]), put("params", link.bytes_in(body))],
        );
        let node = json::parse(&request, &Limits::ANSWER).ok()?;
        ask::of_request(&node, &request, format!("link-{at}"), can).ok()
    };
    let questions: Option<Vec<Question>> = links.iter().enumerate().map(question).collect();
    questions.filter(|questions| !questions.is_empty()).map(|all| ask::result(&all, None))
}

/// What a server says while a request is under way, under the client's own progress token; nothing if it did not ask for it.
pub fn notice(node: &Node<'_>, body: &[u8], declared: &Declared) -> Option<Vec<u8>> {
    match node.get("method").and_then(Node::as_str)? {
        "notifications/progress" => {
            let token = declared.token.as_deref()?;
            let params = edit::object(node.get("params"), body, &[put("progressToken", token)]);
            Some(edit::object(Some(node), body, &[put("params", params)]))
        }
        // SEP-2575: no log for requests that do not ask for it.
        "notifications/message" => {
            let level = node.pointer("/params/level").and_then(Node::as_str)?;
            let rank = |level| LEVELS.iter().position(|known| *known == level);
            (rank(level)? >= rank(declared.level?)?).then(|| node.bytes_in(body).to_vec())
        }
        _ => None,
    }
}

/// What a `subscriptions/listen` wants to hear.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wants {
    /// Methods of notifications that lists have changed.
    pub changes: Vec<&'static str>,
    /// Resources.
    pub uris: Vec<String>,
}

/// Flags of a subscription, the capability that a server must have for each, and the notification it is of.
const CHANGES: [(&str, &str, &str); 3] = [
    ("toolsListChanged", "/capabilities/tools/listChanged", "notifications/tools/list_changed"),
    (
        "promptsListChanged",
        "/capabilities/prompts/listChanged",
        "notifications/prompts/list_changed",
    ),
    (
        "resourcesListChanged",
        "/capabilities/resources/listChanged",
        "notifications/resources/list_changed",
    ),
];

impl Wants {
    /// What of a request can be honored by a server that answered `initialize` so.
    pub fn of(node: &Node<'_>, initialized: &Node<'_>) -> Self {
        let wanted = node.pointer("/params/notifications");
        let on = |node: Option<&Node<'_>>| {
            node.is_some_and(|node| node.value == json::Value::Bool(true))
        };
        let honored = CHANGES.iter().filter(|(flag, capability, _)| {
            on(wanted.and_then(|wanted| wanted.get(flag))) && on(initialized.pointer(capability))
        });
        let changes = honored.map(|(.., method)| *method).collect();
        let subscribes = on(initialized.pointer("/capabilities/resources/subscribe"));
        let uris = wanted.and_then(|wanted| wanted.get("resourceSubscriptions"));
        let uris = uris.and_then(Node::as_array).filter(|_| subscribes).unwrap_or_default();
        let uris = uris.iter().filter_map(|uri| uri.as_str().map(str::to_owned)).collect();
        Self { changes, uris }
    }

    /// Whether a notification is among what is wanted. An update may be of a part of the resource that was named.
    pub fn takes(&self, node: &Node<'_>) -> bool {
        match node.get("method").and_then(Node::as_str) {
            Some("notifications/resources/updated") => {
                let uri = node.pointer("/params/uri").and_then(Node::as_str).unwrap_or_default();
                self.uris.iter().any(|wanted| is_part(uri, wanted))
            }
            Some(method) => self.changes.contains(&method),
            None => false,
        }
    }

    /// The first message of the stream: what is honored.
    pub fn acknowledged(&self, id: &[u8]) -> Vec<u8> {
        let mut honored: Vec<_> = CHANGES
            .iter()
            .filter(|(.., method)| self.changes.contains(method))
            .map(|(flag, ..)| put(flag, &b"true"[..]))
            .collect();
        if !self.uris.is_empty() {
            let uris = serde_json::Value::from(self.uris.clone()).to_string();
            honored.push(put("resourceSubscriptions", uris.into_bytes()));
        }
        let honored = edit::object(None, b"", &honored);
        let meta = edit::object(None, b"", &[put(META_SUBSCRIPTION, id)]);
        let params = edit::object(None, b"", &[put("_meta", meta), put("notifications", honored)]);
        tell("notifications/subscriptions/acknowledged", &params)
    }
}

/// Whether an address is this one or of a part of what is there.
fn is_part(uri: &str, of: &str) -> bool {
    uri.strip_prefix(of).is_some_and(|rest| {
        rest.is_empty() || of.ends_with('/') || rest.starts_with(['/', '#', '?'])
    })
}

/// A notification on the stream of the request with this id.
pub fn tagged(node: &Node<'_>, body: &[u8], id: &[u8]) -> Vec<u8> {
    let params = node.get("params");
    let meta = params.and_then(|params| params.get("_meta"));
    let meta = edit::object(meta, body, &[put(META_SUBSCRIPTION, id)]);
    let params = edit::object(params, body, &[put("_meta", meta)]);
    edit::object(Some(node), body, &[put("params", params)])
}

/// The last message of a stream that ends in order.
pub fn unlistened(id: &[u8]) -> Vec<u8> {
    let meta = edit::object(None, b"", &[put(META_SUBSCRIPTION, id)]);
    let members = [put("resultType", &br#""complete""#[..]), put("_meta", meta)];
    whole(id, "result", &edit::object(None, b"", &members))
}

#[cfg(test)]
mod tests {
    use super::*;

    const META: &str = r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"},"io.modelcontextprotocol/clientCapabilities":{"elicitation":{"url":{}},"extensions":{"x":{}}},"io.modelcontextprotocol/logLevel":"warning","progressToken":"p","traceparent":"00"}"#;

    fn parsed(text: &str) -> Node<'_> {
        json::parse(text.as_bytes(), &Limits::ANSWER).unwrap()
    }

    fn call(more: &str) -> String {
        format!(
            r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{"name":"a","arguments":{{"x": 1}},"_meta":{META}{more}}}}}"#
        )
    }

    fn value(bytes: &[u8]) -> serde_json::Value {
        serde_json::from_slice(bytes).unwrap()
    }

    #[test]
    fn a_request_loses_what_a_session_knows_and_gets_our_number() {
        let body = call(r#","inputResponses":{},"requestState":"s""#);
        let declared = Declared::of(&parsed(&body), body.as_bytes()).unwrap();
        assert_eq!(declared.can(), br#"{"elicitation":{"url":{}}}"#);
        assert_eq!(
            (declared.level, declared.token.as_deref()),
            (Some("warning"), Some(&br#""p""#[..]))
        );
        assert!(declared.answers());
        let out = request(&parsed(&body), body.as_bytes(), 41);
        let wanted = r#"{"jsonrpc":"2.0","id":41,"method":"tools/call","params":{"name":"a","arguments":{"x": 1},"_meta":{"progressToken":41,"traceparent":"00"}}}"#;
        assert_eq!(String::from_utf8(out).unwrap(), wanted);
        let begun = value(&declared.initialize(1));
        assert_eq!(begun["params"]["protocolVersion"], NEWEST_SESSION);
        assert_eq!(begun["params"]["clientInfo"]["name"], "c");
        let probed = value(&probe(&parsed(&body), body.as_bytes(), "p1"));
        assert_eq!((&probed["method"], &probed["id"]), (&"server/discover".into(), &"p1".into()));
        assert_eq!(probed["params"]["_meta"].get("progressToken"), None);
        let bare = r#"{"id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/clientCapabilities":{}}}}"#;
        let declared = Declared::of(&parsed(bare), bare.as_bytes()).unwrap();
        assert!(!declared.answers() && declared.level.is_none());
        let out = value(&request(&parsed(bare), bare.as_bytes(), 2));
        assert_eq!(out["params"], serde_json::json!({}));
        for bad in ["{}", r#"{"params":{"_meta":{}}}"#] {
            assert_eq!(Declared::of(&parsed(bad), bad.as_bytes()), Err(NotDeclared));
        }
    }

    #[test]
    fn a_retry_is_the_same_request_with_answers() {
        let (one, two) = (call(""), call(r#","inputResponses":{"a":{}},"requestState":"s""#));
        let respelled = one.replace(r#""x": 1"#, r#""x":1"#);
        let of = |body: &str| same(&parsed(body), body.as_bytes());
        assert_eq!(of(&one), of(&two));
        assert_eq!(of(&one), of(&respelled), "one spelling");
        assert_ne!(of(&one), of(&one.replace(r#""x": 1"#, r#""x":2"#)));
        assert_ne!(of(&one), of(&one.replace("tools/call", "prompts/get")));
    }

    #[test]
    fn answers_promise_nothing_that_the_server_did_not() {
        let lowered = |method: &str, text: &str| {
            let can = br#"{"elicitation":{"url":{}}}"#;
            let out = answer(&parsed(text), text.as_bytes(), (b"7", method, can));
            (value(&out.message), out.error)
        };
        let (list, _) = lowered("tools/list", r#"{"id":41,"result":{"tools":[]}}"#);
        let wanted = serde_json::json!({"tools": [], "resultType": "complete", "ttlMs": 0, "cacheScope": "private"});
        assert_eq!((&list["result"], &list["id"]), (&wanted, &7.into()));
        let (call, _) = lowered("tools/call", r#"{"id":41,"result":{"content":[]}}"#);
        assert_eq!(call["result"], serde_json::json!({"content": [], "resultType": "complete"}));
        let (gone, code) =
            lowered("resources/read", r#"{"id":41,"error":{"code":-32002,"message":"no"}}"#);
        assert_eq!((&gone["error"]["code"], code), (&(-32_602).into(), Some(-32_602)));
        let links = r#"{"id":41,"error":{"code":-32042,"message":"","data":{"elicitations":[{"mode":"url","url":"https://a.example","message":"m","elicitationId":"e"}]}}}"#;
        let (asks, code) = lowered("tools/call", links);
        let asked = &asks["result"]["inputRequests"]["link-0"];
        assert_eq!((&asked["params"]["mode"], code), (&"url".into(), None));
        assert_eq!(asked["params"].get("elicitationId"), None);
    }

    #[test]
    fn a_server_is_discovered_from_its_handshake() {
        let body = r#"{"protocolVersion":"2025-06-18","capabilities":{"tools":{},"tasks":{}},"serverInfo":{"name":"s","version":"1"},"instructions":"Hi"}"#;
        let out = value(&discovered(&parsed(body), body.as_bytes(), b"\"d\""))["result"].clone();
        assert_eq!(out["supportedVersions"], serde_json::json!(["2026-07-28"]));
        assert_eq!(
            (&out["capabilities"], &out["ttlMs"]),
            (&serde_json::json!({"tools": {}}), &0.into())
        );
        assert_eq!(out["_meta"][META_SERVER]["name"], "s");
        assert_eq!((&out["cacheScope"], &out["instructions"]), (&"private".into(), &"Hi".into()));
    }

    #[test]
    fn notices_are_those_that_the_request_asked_for() {
        let body = call("");
        let mut declared = Declared::of(&parsed(&body), body.as_bytes()).unwrap();
        let told = |text: &str, declared: &Declared| {
            notice(&parsed(text), text.as_bytes(), declared).map(|out| value(&out))
        };
        let progress =
            r#"{"method":"notifications/progress","params":{"progressToken":41,"progress":1}}"#;
        assert_eq!(told(progress, &declared).unwrap()["params"]["progressToken"], "p");
        let log = |level: &str| {
            format!(
                r#"{{"method":"notifications/message","params":{{"level":"{level}","data":1}}}}"#
            )
        };
        assert!(
            told(&log("error"), &declared).is_some() && told(&log("info"), &declared).is_none()
        );
        assert_eq!(told(r#"{"method":"notifications/tools/list_changed"}"#, &declared), None);
        (declared.level, declared.token) = (None, None);
        assert!(
            told(&log("emergency"), &declared).is_none() && told(progress, &declared).is_none()
        );
    }

    #[test]
    fn a_listener_hears_what_it_asked_for_and_the_server_has() {
        let listen = r#"{"id":5,"params":{"notifications":{"toolsListChanged":true,"promptsListChanged":true,"resourceSubscriptions":["a://1"]}}}"#;
        let can = r#"{"capabilities":{"tools":{"listChanged":true},"prompts":{},"resources":{"subscribe":true}}}"#;
        let wants = Wants::of(&parsed(listen), &parsed(can));
        assert_eq!((wants.changes.len(), wants.uris.len()), (1, 1));
        let first = value(&wants.acknowledged(b"5"));
        let honored =
            serde_json::json!({"toolsListChanged": true, "resourceSubscriptions": ["a://1"]});
        assert_eq!(first["params"]["notifications"], honored);
        for (text, wanted) in [
            (r#"{"method":"notifications/tools/list_changed"}"#, true),
            (r#"{"method":"notifications/prompts/list_changed"}"#, false),
            (r#"{"method":"notifications/resources/updated","params":{"uri":"a://1/part"}}"#, true),
            (r#"{"method":"notifications/resources/updated","params":{"uri":"b://1"}}"#, false),
            (r#"{"method":"notifications/resources/updated","params":{"uri":"a://12"}}"#, false),
        ] {
            assert_eq!(wants.takes(&parsed(text)), wanted, "{text}");
        }
        let text = r#"{"method":"notifications/tools/list_changed"}"#;
        assert_eq!(
            value(&tagged(&parsed(text), text.as_bytes(), b"5"))["params"]["_meta"]
                [META_SUBSCRIPTION],
            5
        );
        assert_eq!(value(&unlistened(b"5"))["result"]["_meta"][META_SUBSCRIPTION], 5);
        let none = Wants::of(&parsed(listen), &parsed("{}"));
        assert_eq!(none, Wants::default());
    }
}
