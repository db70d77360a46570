//! Questions of a server to its client. A session-based server sends a request of its own (`sampling/createMessage`,
//! `elicitation/create`, `roots/list`); a stateless one answers with `input_required` and is asked again (SEP-2322).
//!
//! Never here: who waits for which answer; what a person or a model says.

use std::{borrow::Cow, collections::BTreeMap};

use writ_model::json::{self, Limits, Node};

use crate::{
    edit::{self, drop_key, put},
    words::since,
};

/// LIMIT: questions in one answer; a client shows them to a person one by one.
pub const AT_ONCE: usize = 16;
/// LIMIT: bytes of a question's key.
const KEY: usize = 256;
/// LIMIT: bytes of the state that a server has its client carry.
const STATE: usize = 64 << 10;

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Its key among those of one answer.
    pub key: String,
    /// What is asked for.
    pub method: String,
    /// Its parameters as JSON text, if it has any.
    pub params: Option<Vec<u8>>,
}

/// What an answer asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asks {
    /// The questions; none if the server only wants to be asked again.
    pub questions: Vec<Question>,
    /// `requestState`, as JSON text.
    pub state: Option<Vec<u8>>,
}

/// Why a question cannot be put to this client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The answer has no form of SEP-2322.
    #[error("the server asks in a form that the protocol does not have")]
    Form,
    /// More than [`AT_ONCE`], or too long.
    #[error("the server asks for more than 16 things at once, or by names that are too long")]
    Much,
    /// No method that a client has.
    #[error("the server asks for `{0}`, which no client has")]
    Method(String),
    /// The client did not declare it.
    #[error("the server asks for `{0}`, and the client did not say that it can")]
    Undeclared(String),
}

/// What a result asks for; nothing if it is complete.
///
/// # Errors
/// If it asks in a form that the protocol does not have, or for too much.
pub fn of_result(result: &Node<'_>, body: &[u8]) -> Result<Option<Asks>, Unfit> {
    if result.get("resultType").and_then(Node::as_str) != Some("input_required") {
        return Ok(None);
    }
    let state = result.get("requestState");
    if state.is_some_and(|state| state.as_str().is_none()) {
        return Err(Unfit::Form);
    }
    if state.is_some_and(|state| state.end - state.start > STATE) {
        return Err(Unfit::Much);
    }
    let asked = match result.get("inputRequests") {
        None => &[],
        Some(asked) => asked.as_object().ok_or(Unfit::Form)?,
    };
    if asked.is_empty() && state.is_none() {
        return Err(Unfit::Form);
    }
    if asked.len() > AT_ONCE || asked.iter().any(|(key, _)| key.len() > KEY) {
        return Err(Unfit::Much);
    }
    let question = |(key, node): &(Cow<'_, str>, Node<'_>)| {
        let method = node.get("method").and_then(Node::as_str).ok_or(Unfit::Form)?;
        let params = node.get("params").map(|params| params.bytes_in(body).to_vec());
        Ok(Question { key: key.to_string(), method: method.to_owned(), params })
    };
    let questions = asked.iter().map(question).collect::<Result<_, Unfit>>()?;
    Ok(Some(Asks { questions, state: state.map(|state| state.bytes_in(body).to_vec()) }))
}

/// The result that asks a stateless client.
pub fn result(questions: &[Question], state: Option<&str>) -> Vec<u8> {
    let mut requests = vec![b'{'];
    for question in questions {
        if requests.len() > 1 {
            requests.push(b',');
        }
        requests.extend_from_slice(&edit::text(&question.key));
        requests.push(b':');
        let mut members = vec![put("method", edit::text(&question.method))];
        members.extend(question.params.as_deref().map(|params| put("params", params)));
        requests.extend_from_slice(&edit::object(None, b"", &members));
    }
    requests.push(b'}');
    let mut members = vec![put("resultType", &br#""input_required""#[..])];
    if !questions.is_empty() {
        members.push(put("inputRequests", requests));
    }
    members.extend(state.map(|state| put("requestState", edit::text(state))));
    edit::object(None, b"", &members)
}

/// The request that asks a session-based client of this revision, which declared these capabilities.
///
/// # Errors
/// If the client did not say that it can.
pub fn request(
    question: &Question,
    id: &str,
    (can, revision): (&[u8], &str),
) -> Result<Vec<u8>, Unfit> {
    let params = question.params.as_deref().unwrap_or(b"{}");
    let node = json::parse(params, &Limits::ANSWER).map_err(|_fault| Unfit::Form)?;
    may(&question.method, &node, can, revision)?;
    let url = is_link(&node);
    let params = if question.method != "elicitation/create" {
        params.to_vec()
    } else if url {
        // 2025-11-25 wants an id by which the end of it could be told; it is never told, the answer to the question says it.
        edit::object(Some(&node), params, &[put("elicitationId", edit::text(id))])
    } else if since(revision, "2025-11-25") {
        params.to_vec()
    } else {
        edit::object(Some(&node), params, &[drop_key("mode")])
    };
    let id = edit::text(id);
    let members = [
        put("jsonrpc", &br#""2.0""#[..]),
        put("id", id),
        put("method", edit::text(&question.method)),
        put("params", params),
    ];
    Ok(edit::object(None, b"", &members))
}

/// Takes a session-based server's own request for a question.
///
/// # Errors
/// If no client has the method, or this one did not declare it.
pub fn of_request(
    node: &Node<'_>,
    body: &[u8],
    key: String,
    can: &[u8],
) -> Result<Question, Unfit> {
    let method = node.get("method").and_then(Node::as_str).ok_or(Unfit::Form)?;
    let empty = json::parse(b"{}", &Limits::SMALL).map_err(|_fault| Unfit::Form)?;
    let params = node.get("params");
    may(method, params.unwrap_or(&empty), can, crate::words::NEWEST_SESSION)?;
    let lean = |params| match method {
        "elicitation/create" => edit::object(Some(params), body, &[drop_key("elicitationId")]),
        _ => params.bytes_in(body).to_vec(),
    };
    Ok(Question { key, method: method.to_owned(), params: params.map(lean) })
}

/// `inputResponses`: a result for each key, as JSON text.
pub fn responses(answers: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let members: Vec<_> = answers.iter().map(|(key, value)| put(key, &value[..])).collect();
    edit::object(None, b"", &members)
}

/// Whether a client can be asked for this (SEP-2575: only what it declared).
fn may(method: &str, params: &Node<'_>, can: &[u8], revision: &str) -> Result<(), Unfit> {
    let can = json::parse(can, &Limits::REQUEST).map_err(|_fault| Unfit::Form)?;
    let declared = |name: &str| can.get(name).filter(|one| one.as_object().is_some());
    let has = match method {
        "roots/list" => declared("roots").is_some(),
        "sampling/createMessage" => declared("sampling").is_some(),
        "elicitation/create" => declared("elicitation").is_some_and(|modes| {
            let (form, url) = (modes.get("form").is_some(), modes.get("url").is_some());
            if is_link(params) { url && since(revision, "2025-11-25") } else { form || !url }
        }),
        _ => return Err(Unfit::Method(method.chars().take(64).collect())),
    };
    if has { Ok(()) } else { Err(Unfit::Undeclared(method.to_owned())) }
}

fn is_link(params: &Node<'_>) -> bool {
    params.get("mode").and_then(Node::as_str) == Some("url")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAN: &[u8] = br#"{"elicitation":{},"sampling":{},"roots":{"listChanged":true}}"#;

    fn asks(result: &str) -> Result<Option<Asks>, Unfit> {
        of_result(&json::parse(result.as_bytes(), &Limits::ANSWER).unwrap(), result.as_bytes())
    }

    #[test]
    fn an_answer_that_asks_is_told_from_one_that_is_complete() {
        let two = r#"{"resultType":"input_required","inputRequests":{"a":{"method":"roots/list"},
            "b":{"method":"elicitation/create","params":{"message":"x"}}},"requestState":"s\u0041"}"#;
        let found = asks(two).unwrap().unwrap();
        assert_eq!(found.questions.len(), 2);
        assert_eq!(found.state.as_deref(), Some(&br#""s\u0041""#[..]), "byte for byte");
        let again = result(&found.questions, Some("sA"));
        let again = asks(std::str::from_utf8(&again).unwrap()).unwrap().unwrap();
        assert_eq!(again.questions, found.questions);
        assert_eq!(asks(r#"{"resultType":"complete","inputRequests":{}}"#), Ok(None));
        assert_eq!(asks(r#"{"content":[]}"#), Ok(None));
        let only = asks(r#"{"resultType":"input_required","requestState":"x"}"#).unwrap().unwrap();
        assert!(only.questions.is_empty());
        for (bad, why) in [
            (r#"{"resultType":"input_required"}"#.to_owned(), Unfit::Form),
            (r#"{"resultType":"input_required","inputRequests":[]}"#.to_owned(), Unfit::Form),
            (r#"{"resultType":"input_required","inputRequests":{"a":{}}}"#.to_owned(), Unfit::Form),
            (r#"{"resultType":"input_required","requestState":1}"#.to_owned(), Unfit::Form),
            (
                format!(
                    r#"{{"resultType":"input_required","requestState":"{}"}}"#,
                    "x".repeat(STATE)
                ),
                Unfit::Much,
            ),
            (
                format!(
                    r#"{{"resultType":"input_required","inputRequests":{{{}}}}}"#,
                    (0..=AT_ONCE)
                        .map(|at| format!(r#""{at}":{{"method":"roots/list"}}"#))
                        .collect::<Vec<_>>()
                        .join(",")
                ),
                Unfit::Much,
            ),
        ] {
            assert_eq!(asks(&bad), Err(why), "{bad:.60}");
        }
    }

    #[test]
    fn a_client_is_asked_what_it_declared_and_in_its_revisions_words() {
        let ask = |method: &str, params: &str, can: &[u8], revision: &str| {
            let params = Some(params.as_bytes().to_vec());
            let question = Question { key: "k".to_owned(), method: method.to_owned(), params };
            request(&question, "ask-1", (can, revision)).map(|out| String::from_utf8(out).unwrap())
        };
        let form = r#"{"mode":"form","message":"x","requestedSchema":{}}"#;
        let url = r#"{"mode":"url","message":"x","url":"https://a.example"}"#;
        let asked = ask("elicitation/create", form, CAN, "2025-06-18").unwrap();
        assert!(asked.contains(r#""id":"ask-1""#) && !asked.contains("mode"), "{asked}");
        assert!(ask("elicitation/create", form, CAN, "2025-11-25").unwrap().contains("mode"));
        let links = br#"{"elicitation":{"url":{}}}"#;
        let asked = ask("elicitation/create", url, links, "2025-11-25").unwrap();
        assert!(asked.contains(r#""elicitationId":"ask-1""#), "{asked}");
        for (method, params, can, revision) in [
            ("elicitation/create", url, CAN, "2025-11-25"),
            ("elicitation/create", url, &links[..], "2025-06-18"),
            ("elicitation/create", form, &links[..], "2025-11-25"),
            ("sampling/createMessage", "{}", b"{}", "2025-11-25"),
            ("roots/list", "{}", br#"{"roots":null}"#, "2025-11-25"),
        ] {
            let wanted = Err(Unfit::Undeclared(method.to_owned()));
            assert_eq!(ask(method, params, can, revision), wanted, "{method} {revision}");
        }
        let other = ask("tools/call", "{}", CAN, "2025-11-25");
        assert_eq!(other, Err(Unfit::Method("tools/call".to_owned())));
    }

    #[test]
    fn a_servers_own_request_becomes_a_question() {
        let body = br#"{"jsonrpc":"2.0","id":4,"method":"elicitation/create","params":{"mode":"url","url":"https://a.example","elicitationId":"e"}}"#;
        let node = json::parse(body, &Limits::ANSWER).unwrap();
        let can = br#"{"elicitation":{"url":{}}}"#;
        let question = of_request(&node, body, "q1".to_owned(), can).unwrap();
        let params = String::from_utf8(question.params.unwrap()).unwrap();
        assert_eq!(params, r#"{"mode":"url","url":"https://a.example"}"#);
        assert!(of_request(&node, body, "q1".to_owned(), b"{}").is_err());
        let answers = BTreeMap::from([("a\"b".to_owned(), b"{\"x\":1}".to_vec())]);
        assert_eq!(responses(&answers), br#"{"a\"b":{"x":1}}"#);
    }
}
