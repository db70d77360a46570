//! What the gateway itself answers: refusals, denials, metadata.
//!
//! HTTP statuses: a decision's no is a JSON-RPC error over 200, because that is what every client shows to its user; bad
//! credentials are 401 with a challenge; 2026-07-28 gives errors of its own statuses.
//! Never here: an answer of a server.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use writ_authority::Denied;
use writ_identity::token::SCOPE_ALL;
use writ_model::{CallId, Code};

use crate::{
    body::ReplyBody,
    core::{Core, Served},
    mcp::{
        header::{VERSION, revisions},
        parse::{Kind, Message},
        reply::{self, Data},
    },
    refusal::{self, RPC_DENIED, RPC_INTERNAL, RPC_METHOD, RPC_PARAMS, Refusal},
    trace, upstream,
};

/// Marks an answer to a tenant that has too much under way or asks too fast.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crowded;

static NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// What is known of a request when it is answered.
#[derive(Debug)]
pub(crate) struct Asked {
    /// The JSON-RPC id as it was written, or `null`.
    pub(crate) id: Bytes,
    /// It is a request, not a notification or an answer.
    pub(crate) request: bool,
    /// It speaks 2026-07-28.
    pub(crate) modern: bool,
    /// Send the current nonce along.
    pub(crate) nonce: bool,
    /// The record of the call, if one was begun.
    pub(crate) call: Option<CallId>,
    /// The revision asked for, if we do not serve it.
    pub(crate) requested: String,
}

impl Default for Asked {
    fn default() -> Self {
        let id = Bytes::from_static(b"null");
        Self {
            id,
            request: false,
            modern: false,
            nonce: false,
            call: None,
            requested: String::new(),
        }
    }
}

impl Asked {
    /// Takes the id of a message.
    pub(crate) fn of(&mut self, message: &Message<'_>, body: &Bytes) {
        self.request = matches!(message.kind, Kind::Request { .. });
        if let Some(id) = message.id() {
            // Its own bytes: a stream keeps them for as long as it lives, and must not keep what the request was read into.
            self.id = Bytes::copy_from_slice(id.bytes_in(body));
        }
    }

    /// Remembers the revision that was asked for.
    pub(crate) fn unsupported(&mut self, headers: &HeaderMap, refusal: Refusal) -> Refusal {
        let sent = headers.get(&VERSION).and_then(|version| version.to_str().ok());
        self.requested = sent.unwrap_or_default().chars().take(32).collect();
        refusal
    }

    fn status(&self, refusal: &Refusal) -> StatusCode {
        let shown_by_clients = match refusal.rpc {
            RPC_METHOD | RPC_PARAMS => !self.modern,
            RPC_INTERNAL => true,
            _ => false,
        };
        if self.request && shown_by_clients { StatusCode::OK } else { refusal.status }
    }
}

/// A refusal before or instead of a decision.
pub(crate) fn refused(
    core: &Core,
    server: Option<&Served>,
    refusal: &Refusal,
    asked: &Asked,
) -> Response<ReplyBody> {
    core.counters.refused(refusal.code);
    trace::said("refused", refusal.code.0);
    let supported = match server.and_then(|server| server.upstream.as_ref()) {
        _ if refusal.code != refusal::VERSION.code => Vec::new(),
        Some(upstream) => upstream.revisions(),
        None => revisions().collect(),
    };
    let data = Data {
        call_id: asked.call,
        supported: &supported,
        requested: &asked.requested,
        required: (refusal.code == refusal::NO_TASKS.code).then(upstream::tasks_wanted),
        ..Data::new(refusal.code.0, &refusal.cure)
    };
    let error = reply::error(refusal.rpc, &refusal.words, data);
    let mut response = json(asked.status(refusal), reply::answer(&asked.id, &error));
    if let Some(error) = refusal.oauth {
        challenge(core, server, (error, refusal.code, &refusal.words), &mut response);
    }
    if refusal.code == refusal::WRONG_VERB.code {
        let allowed = HeaderValue::from_static("GET, POST, DELETE");
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    if let Some(seconds) = refusal::retry_after(refusal.code) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(seconds));
    }
    if refusal.code == refusal::CROWDED.code {
        response.extensions_mut().insert(Crowded);
    }
    finished(core, response, asked)
}

/// A denial: over 200 for a request; 401 if the credential itself is worth nothing any more.
pub(crate) fn denied(
    core: &Core,
    server: &Served,
    denied: &Denied,
    call: CallId,
    asked: &Asked,
) -> Response<ReplyBody> {
    let data = Data { call_id: Some(call), ..Data::new(denied.code.0, &denied.cure) };
    let error = reply::error(RPC_DENIED, &denied.words, data);
    let body = reply::answer(&asked.id, &error);
    if ends_credential(denied.code) {
        let mut response = json(StatusCode::UNAUTHORIZED, body);
        let why = ("invalid_token", denied.code, denied.words.as_str());
        challenge(core, Some(server), why, &mut response);
        return response;
    }
    json(if asked.request { StatusCode::OK } else { StatusCode::FORBIDDEN }, body)
}

/// Whether the token itself is worth nothing any more: its agent, its instance or its epoch has ended.
fn ends_credential(code: Code) -> bool {
    use writ_authority::decide::denied::{EPOCH, INSTANCE, QUARANTINED, TERMINATED, UNKNOWN_AGENT};
    [UNKNOWN_AGENT, QUARANTINED, TERMINATED, INSTANCE, EPOCH].contains(&code)
}

/// Whether the agent may do nothing at all, anywhere.
pub(crate) fn stops(code: Code) -> bool {
    use writ_authority::decide::denied::{ANSWERS, FROZEN, HELD, NOT_ACTIVE};
    ends_credential(code) || [ANSWERS, FROZEN, HELD, NOT_ACTIVE].contains(&code)
}

/// Adds what every answer may carry.
pub(crate) fn finished(
    core: &Core,
    mut response: Response<ReplyBody>,
    asked: &Asked,
) -> Response<ReplyBody> {
    if asked.nonce && !response.headers().contains_key(&NONCE) {
        nonce(core, &mut response);
    }
    response
}

fn nonce(core: &Core, response: &mut Response<ReplyBody>) {
    if let Ok(value) = HeaderValue::from_str(&core.nonces.current(core.clock.now())) {
        response.headers_mut().insert(NONCE.clone(), value);
    }
}

/// RFC 9449 section 7.1, RFC 9728 section 5.1.
fn challenge(
    core: &Core,
    server: Option<&Served>,
    (error, code, words): (&str, Code, &str),
    response: &mut Response<ReplyBody>,
) {
    let mut text = String::from("DPoP algs=\"ES256 EdDSA\"");
    if !error.is_empty() {
        // A header holds ASCII, and quotes would end the string.
        let plain: String = reply::nameless(words)
            .chars()
            .take(160)
            .map(|letter| {
                let fits = matches!(letter, ' '..='~') && letter != '"' && letter != '\\';
                if fits { letter } else { '?' }
            })
            .collect();
        text = format!("{text}, error=\"{error}\", error_description=\"{plain} ({code})\"");
    }
    let metadata = match server {
        Some(server) => server.metadata.clone(),
        None => format!("{}/.well-known/oauth-protected-resource/mcp", core.base),
    };
    let scope = scope(server);
    let text = format!("{text}, scope=\"{scope}\", resource_metadata=\"{metadata}\"");
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    nonce(core, response);
}

/// The scope that reaches a server, or the gateway as a whole (RFC 6750 section 3).
fn scope(server: Option<&Served>) -> String {
    server.map_or_else(|| SCOPE_ALL.to_owned(), |server| format!("{SCOPE_ALL}:{}", server.name))
}

/// RFC 9728 metadata of a server, or of the gateway as a whole.
pub(crate) fn metadata(core: &Core, server: Option<&Served>, verb: &Method) -> Response<ReplyBody> {
    if verb != Method::GET {
        return refused(core, server, &refusal::WRONG_VERB, &Asked::default());
    }
    let resource = server.map_or(&core.umbrella, |server| &server.resource);
    let name = server.map_or("Writ gateway", |server| &server.name);
    let body = serde_json::json!({
        "resource": resource,
        "resource_name": name,
        "authorization_servers": [core.issuer],
        "scopes_supported": [scope(server)],
        "bearer_methods_supported": ["header"],
        "dpop_bound_access_tokens_required": true,
        "dpop_signing_alg_values_supported": ["ES256", "EdDSA"],
    });
    json(StatusCode::OK, Bytes::from(body.to_string()))
}

pub(crate) fn json(status: StatusCode, body: Bytes) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::from(body));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
