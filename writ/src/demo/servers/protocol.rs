//! MCP over Streamable HTTP, as a server speaks it in two revisions: 2025-11-25 (`initialize`, `Mcp-Session-Id`, a GET
//! stream) and 2026-07-28 (each POST by itself, headers that mirror the body, `resultType` in each result).
//!
//! Never here: a tool (`service.rs` and the servers). To answer one more method: an arm in [`answer`].

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::{Path, State},
};
use http::{HeaderMap, Response, StatusCode, header};
use serde_json::{Value, json};

use super::{
    log::Received,
    seed::House,
    service::{Outcome, Runs, Service},
    session::Sessions,
};
use crate::mcp::{Revision, code, headers, meta};

mod stream;

/// LIMIT: silence on a stream before a comment keeps it open.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What the handlers of one server share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) name: &'static str,
    pub(super) service: Arc<dyn Service>,
    pub(super) houses: Arc<BTreeMap<String, House>>,
    pub(super) received: Arc<Received>,
    pub(super) sessions: Sessions,
}

/// A JSON-RPC error on its way out.
#[derive(Debug)]
struct Wrong {
    code: i64,
    message: String,
    data: Value,
}

fn wrong(code: i64, message: impl Into<String>) -> Wrong {
    Wrong { code, message: message.into(), data: Value::Null }
}

/// One POST: one message.
pub(super) async fn post(
    State(shared): State<Arc<Shared>>,
    Path(client): Path<String>,
    head: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let Some(house) = shared.houses.get(&client) else {
        return plain(StatusCode::NOT_FOUND);
    };
    if !accepts(&head) {
        return plain(StatusCode::NOT_ACCEPTABLE);
    }
    let Ok(message) = serde_json::from_slice::<Value>(&body) else {
        return error(StatusCode::BAD_REQUEST, &Value::Null, &wrong(code::PARSE, "not JSON"));
    };
    if message.get("method").and_then(Value::as_str).is_none() {
        // An answer to a question that this server never asks, or a batch.
        let wrong = wrong(code::INVALID_REQUEST, "one JSON-RPC request or notification per body");
        return error(StatusCode::BAD_REQUEST, &Value::Null, &wrong);
    }
    let modern = head.get(headers::VERSION).is_some_and(|v| v == Revision::V2026.text());
    let revision = if modern { Revision::V2026 } else { Revision::V2025 };
    shared.received.request(shared.name, &client, revision.text(), &message);
    if modern {
        stateless(&shared, house, &head, &message)
    } else {
        in_session(&shared, house, &head, &message)
    }
}

fn stateless(
    shared: &Arc<Shared>,
    house: &House,
    head: &HeaderMap,
    message: &Value,
) -> Response<Body> {
    let Some(id) = message.get("id") else {
        return plain(StatusCode::ACCEPTED);
    };
    if let Err(wrong) = check_mirrors(head, message) {
        return error(StatusCode::BAD_REQUEST, id, &wrong);
    }
    match answer(shared, house, message) {
        Ok(Outcome::Done(result)) => json_answer(id, &complete(shared.name, result), None),
        Ok(Outcome::Failed(why)) => json_answer(id, &complete(shared.name, failed(&why)), None),
        Ok(Outcome::Runs(runs)) => {
            let runs = Runs { result: complete(shared.name, runs.result), ..runs };
            stream::running(shared, house, message, runs, None)
        }
        Err(wrong) => {
            let status = match wrong.code {
                code::METHOD_NOT_FOUND => StatusCode::NOT_FOUND,
                code::INTERNAL => StatusCode::OK,
                _ => StatusCode::BAD_REQUEST,
            };
            error(status, id, &wrong)
        }
    }
}

fn in_session(
    shared: &Arc<Shared>,
    house: &House,
    head: &HeaderMap,
    message: &Value,
) -> Response<Body> {
    let method = message.get("method").and_then(Value::as_str).unwrap_or_default();
    let client = house.seed.slug;
    let session = head.get(headers::SESSION).and_then(|value| value.to_str().ok());
    let id = message.get("id").unwrap_or(&Value::Null);
    if method == "initialize" {
        let session = shared.sessions.begin(client);
        return json_answer(id, &initialized(shared, message), Some(&session));
    }
    match session {
        None => {
            let wrong = wrong(code::INVALID_REQUEST, "Mcp-Session-Id is missing: initialize first");
            return error(StatusCode::BAD_REQUEST, id, &wrong);
        }
        Some(session) if !shared.sessions.is_open(session, client) => {
            let wrong = wrong(code::INVALID_REQUEST, "this session is over: initialize again");
            return error(StatusCode::NOT_FOUND, id, &wrong);
        }
        Some(_) => {}
    }
    if id.is_null() {
        if let (Some(session), "notifications/cancelled", Some(request)) =
            (session, method, message.pointer("/params/requestId"))
        {
            shared.sessions.cancel(session, &request.to_string());
        }
        return plain(StatusCode::ACCEPTED);
    }
    match answer(shared, house, message) {
        Ok(Outcome::Done(result)) => json_answer(id, &result, None),
        Ok(Outcome::Failed(why)) => json_answer(id, &failed(&why), None),
        Ok(Outcome::Runs(runs)) => stream::running(shared, house, message, runs, session),
        Err(wrong) => error(StatusCode::OK, id, &wrong),
    }
}

/// GET: the session's stream of server messages; these servers have nothing to say on it and keep it open.
pub(super) async fn get(
    State(shared): State<Arc<Shared>>,
    Path(client): Path<String>,
    head: HeaderMap,
) -> Response<Body> {
    let session = head.get(headers::SESSION).and_then(|value| value.to_str().ok());
    match session {
        None => plain(StatusCode::METHOD_NOT_ALLOWED),
        Some(session) if !shared.sessions.is_open(session, &client) => plain(StatusCode::NOT_FOUND),
        Some(session) => stream::silent(shared.sessions.running(Some(session), "GET")),
    }
}

/// DELETE: the client is done.
pub(super) async fn delete(
    State(shared): State<Arc<Shared>>,
    Path(client): Path<String>,
    head: HeaderMap,
) -> Response<Body> {
    match head.get(headers::SESSION).and_then(|value| value.to_str().ok()) {
        Some(session) if shared.sessions.is_open(session, &client) => {
            shared.sessions.end(session);
            plain(StatusCode::NO_CONTENT)
        }
        Some(_) => plain(StatusCode::NOT_FOUND),
        None => plain(StatusCode::METHOD_NOT_ALLOWED),
    }
}

/// The rules of revision 2026-07-28: `_meta` names revision and capabilities, and the headers say the same as the body.
fn check_mirrors(head: &HeaderMap, message: &Value) -> Result<(), Wrong> {
    let entry = message.pointer("/params/_meta").and_then(Value::as_object);
    let said = entry.and_then(|entry| entry.get(meta::PROTOCOL_VERSION)).and_then(Value::as_str);
    let able = entry.is_some_and(|entry| entry.contains_key(meta::CLIENT_CAPABILITIES));
    let (Some(said), true) = (said, able) else {
        return Err(wrong(
            code::INVALID_PARAMS,
            "params._meta must carry protocolVersion and clientCapabilities",
        ));
    };
    let text = |name: &http::HeaderName| {
        let mut values = head.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok().and_then(headers::decode),
            _ => None,
        }
    };
    let params = message.get("params");
    let method = message.get("method").and_then(Value::as_str);
    let key = match method {
        Some("tools/call" | "prompts/get") => Some("name"),
        Some("resources/read") => Some("uri"),
        _ => None,
    };
    let name = key.and_then(|key| params?.get(key)).and_then(Value::as_str);
    for (header, wanted) in
        [(&headers::VERSION, Some(said)), (&headers::METHOD, method), (&headers::NAME, name)]
    {
        if wanted.is_some() && text(header).as_deref() != wanted {
            let why = format!("header {header} does not match the body");
            return Err(wrong(code::HEADER_MISMATCH, why));
        }
    }
    if said != Revision::V2026.text() {
        return Err(Wrong {
            code: code::UNSUPPORTED_VERSION,
            message: "Unsupported protocol version".to_owned(),
            data: json!({"supported": [Revision::V2026.text()], "requested": said}),
        });
    }
    Ok(())
}

fn answer(shared: &Shared, house: &House, message: &Value) -> Result<Outcome, Wrong> {
    let service = &shared.service;
    let params = message.get("params").unwrap_or(&Value::Null);
    let name = || params.get("name").and_then(Value::as_str).unwrap_or_default();
    let empty = json!({});
    let arguments = params.get("arguments").unwrap_or(&empty);
    let done = |value| Ok(Outcome::Done(value));
    match message.get("method").and_then(Value::as_str).unwrap_or_default() {
        "ping" => done(json!({})),
        "server/discover" => done(json!({
            "supportedVersions": [Revision::V2026.text(), Revision::V2025.text()],
            "capabilities": capabilities(shared),
            "instructions": service.instructions(),
            "ttlMs": 60_000, "cacheScope": "private",
        })),
        "tools/list" => done(json!({
            "tools": service.tools(), "ttlMs": 0, "cacheScope": "private",
        })),
        "resources/list" => done(json!({
            "resources": service.resources(house), "ttlMs": 0, "cacheScope": "private",
        })),
        "resources/templates/list" => done(json!({
            "resourceTemplates": [], "ttlMs": 0, "cacheScope": "private",
        })),
        "prompts/list" => done(json!({
            "prompts": service.prompts(), "ttlMs": 0, "cacheScope": "private",
        })),
        "tools/call" => match service.call(house, name(), arguments) {
            Some(Outcome::Done(data)) => done(content(&data)),
            Some(Outcome::Runs(runs)) => {
                Ok(Outcome::Runs(Runs { result: content(&runs.result), ..runs }))
            }
            Some(Outcome::Failed(why)) => Ok(Outcome::Failed(why)),
            None => Err(wrong(code::INVALID_PARAMS, format!("Unknown tool: {}", name()))),
        },
        "resources/read" => {
            let uri = params.get("uri").and_then(Value::as_str).unwrap_or_default();
            let (kind, text) = service
                .read(house, uri)
                .ok_or_else(|| wrong(code::INVALID_PARAMS, format!("Unknown resource: {uri}")))?;
            done(json!({
                "contents": [{"uri": uri, "mimeType": kind, "text": text}],
                "ttlMs": 0, "cacheScope": "private",
            }))
        }
        "prompts/get" => {
            let text = service.prompt(house, name(), arguments).ok_or_else(|| {
                wrong(code::INVALID_PARAMS, format!("Unknown prompt: {}", name()))
            })?;
            done(json!({
                "messages": [{"role": "user", "content": {"type": "text", "text": text}}],
            }))
        }
        other => Err(wrong(code::METHOD_NOT_FOUND, format!("Method not found: {other}"))),
    }
}

fn initialized(shared: &Shared, message: &Value) -> Value {
    let offered = message.pointer("/params/protocolVersion").and_then(Value::as_str);
    let version = match offered {
        Some(old @ ("2024-11-05" | "2025-03-26" | "2025-06-18")) => old,
        _ => Revision::V2025.text(),
    };
    json!({
        "protocolVersion": version,
        "capabilities": capabilities(shared),
        "serverInfo": info(shared.name),
        "instructions": shared.service.instructions(),
    })
}

fn capabilities(shared: &Shared) -> Value {
    let mut out = json!({"tools": {}});
    if let (Some(object), false) = (out.as_object_mut(), shared.service.prompts().is_empty()) {
        object.insert("prompts".to_owned(), json!({}));
        object.insert("resources".to_owned(), json!({}));
    }
    out
}

fn info(name: &str) -> Value {
    json!({"name": format!("demo-{name}"), "version": env!("CARGO_PKG_VERSION")})
}

/// A tool's data as MCP content: text for models, `structuredContent` for programs.
fn content(data: &Value) -> Value {
    let text = data
        .as_str()
        .map_or_else(|| serde_json::to_string_pretty(data).unwrap_or_default(), str::to_owned);
    let mut out = json!({"content": [{"type": "text", "text": text}], "isError": false});
    if let (Some(object), true) = (out.as_object_mut(), data.is_object()) {
        object.insert("structuredContent".to_owned(), data.clone());
    }
    out
}

fn failed(why: &str) -> Value {
    json!({"content": [{"type": "text", "text": why}], "isError": true})
}

/// What revision 2026-07-28 adds to each result.
fn complete(name: &str, mut result: Value) -> Value {
    if let Some(object) = result.as_object_mut() {
        object.insert("resultType".to_owned(), "complete".into());
        object.insert("_meta".to_owned(), json!({meta::SERVER_INFO: info(name)}));
    }
    result
}

fn accepts(head: &HeaderMap) -> bool {
    let all: Vec<&str> =
        head.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let all = all.join(",");
    all.contains("*/*") || (all.contains("application/json") && all.contains("text/event-stream"))
}

fn plain(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn json_answer(id: &Value, result: &Value, session: Option<&str>) -> Response<Body> {
    let body = json!({"jsonrpc": "2.0", "id": id, "result": result});
    let mut response = json_body(StatusCode::OK, &body);
    if let Some(session) = session {
        headers::put(response.headers_mut(), headers::SESSION, session);
    }
    response
}

fn error(status: StatusCode, id: &Value, wrong: &Wrong) -> Response<Body> {
    let mut error = json!({"code": wrong.code, "message": wrong.message});
    if let (Some(object), false) = (error.as_object_mut(), wrong.data.is_null()) {
        object.insert("data".to_owned(), wrong.data.clone());
    }
    json_body(status, &json!({"jsonrpc": "2.0", "id": id, "error": error}))
}

fn json_body(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response
}
