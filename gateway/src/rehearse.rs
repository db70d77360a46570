//! What a rehearsal is answered: a shadow agent's messages are decided and recorded like its original's, and end here. No
//! server hears of them, and no person is asked about them.
//!
//! SECURITY: `forward` refuses a rehearsal too, so that a road that forgets this file still leads nowhere.
//! Never here: an answer that could be taken for a server's.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};
use tokio::time::interval;
use writ_model::json::Node;

use crate::{
    answer::{self, Asked},
    body::{Parts, ReplyBody, StreamBody},
    inbound::Wire,
    mcp::{
        header::MODERN,
        parse::{Kind, Message},
        reply,
    },
    pep::{BEAT, Heartbeat, stream},
    record::Recording,
    streams::Guard,
    travel::{Going, Letter},
};

/// What stands in every answer.
const WORDS: &str = "Rehearsed by Writ: decided and recorded, not sent to the server.";

/// Answers a rehearsed message, and completes its record.
pub(crate) fn answer(
    going: &Going<'_>,
    letter: &Letter<'_>,
    guard: Guard,
    (recording, asked): (Option<Recording>, &Asked),
) -> Response<ReplyBody> {
    let Kind::Request { method, .. } = letter.message.kind else {
        settle(recording);
        let mut response = answer::json(StatusCode::ACCEPTED, Bytes::new());
        response.headers_mut().clear();
        return response;
    };
    if method == "subscriptions/listen" {
        return listening(guard, recording, going.wire, asked.id.clone());
    }
    settle(recording);
    let result = result(method, letter.message, asked.modern);
    let bytes = serde_json::to_vec(&result).unwrap_or_else(|_| b"{}".to_vec());
    answer::json(StatusCode::OK, reply::result(&asked.id, &bytes))
}

/// A stream that says nothing and is cut like any other.
pub(crate) fn listening(
    guard: Guard,
    recording: Option<Recording>,
    wire: &Wire,
    id: Bytes,
) -> Response<ReplyBody> {
    let body = StreamBody::new(Parts {
        source: Box::pin(Heartbeat::new(interval(BEAT))),
        filter: None,
        checks: None,
        guard,
        recording,
        id,
        events: true,
        last_word: None,
        abort: wire.abort.clone(),
    });
    stream(ReplyBody::Stream(Box::new(body)))
}

pub(crate) fn settle(recording: Option<Recording>) {
    if let Some(recording) = recording {
        recording.answered();
    }
}

fn result(method: &str, message: &Message<'_>, modern: bool) -> Value {
    let capabilities = json!({"tools": {}, "resources": {}, "prompts": {}});
    let server = json!({"name": "writ-rehearsal", "version": env!("CARGO_PKG_VERSION")});
    let mut result = match method {
        "initialize" => {
            let asked = message.params().and_then(|params| params.get("protocolVersion"));
            let version = asked.and_then(Node::as_str).unwrap_or_default();
            json!({
                "protocolVersion": version,
                "capabilities": capabilities,
                "serverInfo": server,
                "instructions": WORDS,
            })
        }
        "server/discover" => json!({
            "supportedVersions": [MODERN],
            "capabilities": capabilities,
            "serverInfo": server,
            "instructions": WORDS,
        }),
        "tools/list" => json!({"tools": []}),
        "resources/list" => json!({"resources": []}),
        "resources/templates/list" => json!({"resourceTemplates": []}),
        "prompts/list" => json!({"prompts": []}),
        "tools/call" => json!({"content": [{"type": "text", "text": WORDS}], "isError": false}),
        "resources/read" => json!({"contents": []}),
        "prompts/get" => json!({"messages": []}),
        "completion/complete" => json!({"completion": {"values": []}}),
        _ => json!({}),
    };
    if let Some(members) = result.as_object_mut() {
        members.insert("_meta".to_owned(), json!({"writ/rehearsal": true}));
        if modern {
            members.insert("resultType".to_owned(), "complete".into());
        }
    }
    result
}
