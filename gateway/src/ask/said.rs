//! [`Said`]: what a question is answered, as the Authorization API writes it (sections 5.5, 6.2 and 10.1).
//!
//! Never here: a decision; nor an argument's value, or anybody's sealed name.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value, json};
use writ_model::{CallId, InstanceId};

use crate::{
    answer::{self, Asked},
    body::ReplyBody,
    core::Core,
    mcp::{
        held::Waiting,
        reply::{nameless, sentence},
    },
    refusal::Refusal,
    settle::{No, Settled},
};

pub(crate) static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// LIMIT: bytes of a request's id that is sent back.
const REQUEST_ID_BYTES: usize = 256;

/// The answer to one question.
#[derive(Debug)]
pub(crate) struct Said {
    /// Whether it may.
    pub(crate) decision: bool,
    /// The record, if there is one.
    pub(crate) call: Option<CallId>,
    context: Map<String, Value>,
}

impl Said {
    /// It may. `told` by the asker later is how it ended, under the call's id and this running copy.
    pub(crate) fn yes(call: Option<CallId>, told: Option<InstanceId>) -> Self {
        let mut context = Map::new();
        if let Some(call) = call {
            context.insert("call_id".to_owned(), json!(call));
        }
        if let Some(instance) = told {
            context.insert("instance".to_owned(), json!(instance));
        }
        Self { decision: true, call, context }
    }

    fn no(call: Option<CallId>, (code, words, cure): (&str, &str, &str)) -> Self {
        let mut context = Map::new();
        context.insert("code".to_owned(), json!(code));
        let admin = nameless(&sentence(words, ""));
        context.insert("reason_admin".to_owned(), json!({ "en": admin }));
        context.insert("reason_user".to_owned(), json!({ "en": nameless(&sentence(cure, "")) }));
        if let Some(call) = call {
            context.insert("call_id".to_owned(), json!(call));
        }
        Self { decision: false, call, context }
    }

    /// A decision's no.
    pub(crate) fn denied(no: &No) -> Self {
        Self::no(Some(no.call), (no.code.0, &no.words, &no.cure))
    }

    /// It waits for people: no, for now. Where they say yes stands beside it.
    pub(crate) fn held(waiting: &Waiting) -> Self {
        let reason = (waiting.code.0, &*waiting.words, &*waiting.cure);
        let mut said = Self::no(Some(waiting.call), reason);
        if Settled::waits(waiting) {
            let hold = json!({
                "id": waiting.hold,
                "approve_at": waiting.url,
                "expires_at": waiting.expires,
            });
            said.context.insert("hold".to_owned(), hold);
        }
        said
    }

    /// It was not or could not be decided on, or is not let out: no.
    pub(crate) fn refused(refusal: &Refusal, call: Option<CallId>) -> Self {
        Self::no(call, (refusal.code.0, &refusal.words, &refusal.cure))
    }

    /// One question of several that was wrong in itself (section 7.2.1).
    pub(crate) fn wrong(refusal: &Refusal) -> Self {
        let mut said = Self::refused(refusal, None);
        let status = failing(refusal.status).as_u16();
        let message = line(refusal);
        said.context.insert("error".to_owned(), json!({ "status": status, "message": message }));
        said
    }

    /// As it is written.
    pub(crate) fn json(self) -> Value {
        let mut out = Map::new();
        out.insert("decision".to_owned(), Value::Bool(self.decision));
        if !self.context.is_empty() {
            out.insert("context".to_owned(), Value::Object(self.context));
        }
        Value::Object(out)
    }
}

/// A whole answer.
pub(crate) fn answer(value: &Value) -> Response<ReplyBody> {
    answer::json(StatusCode::OK, Bytes::from(value.to_string()))
}

/// A request that is not answered: its status, and one line that says why (section 10.1.5).
pub(crate) fn refused(core: &Core, refusal: &Refusal) -> Response<ReplyBody> {
    let mut response = answer::refused(core, None, refusal, &Asked::default());
    // SECURITY: what was refused never looks like what was let through.
    *response.status_mut() = failing(refusal.status);
    *response.body_mut() = ReplyBody::from(Bytes::from(line(refusal)));
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// The status of a refusal where every success lets something through.
pub(crate) fn failing(status: StatusCode) -> StatusCode {
    if status.is_client_error() || status.is_server_error() {
        status
    } else {
        StatusCode::FORBIDDEN
    }
}

fn line(refusal: &Refusal) -> String {
    format!("{}: {}", refusal.code, nameless(&sentence(&refusal.words, &refusal.cure)))
}

/// Sends the request's id back (section 10.1.6).
pub(crate) fn echoed(headers: &HeaderMap, response: &mut Response<ReplyBody>) {
    let id = headers.get(&REQUEST_ID).filter(|id| id.len() <= REQUEST_ID_BYTES);
    if let Some(id) = id.filter(|id| id.to_str().is_ok()) {
        response.headers_mut().insert(REQUEST_ID.clone(), id.clone());
    }
}
