//! `writ connect URL`: for clients that cannot make proofs. They speak plain MCP, over stdio or to a loopback port; what
//! goes on to the gateway carries this instance's token and a proof for each request.
//!
//! Never here: a decision, or a message changed on its way. To add a way in: a file beside `stdio.rs` and `listen.rs`.

pub mod lines;
pub mod listen;
pub mod stdio;

use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use crate::{
    fault::Fault,
    mcp::{
        Message,
        client::is,
        code,
        message::{error_answer, error_object_answer},
    },
};

/// A fault as the JSON-RPC error that the client shows to a person.
pub(crate) fn error_of(fault: &Fault) -> (i64, String, Value) {
    let mut message = fault.what.clone();
    if let Some(cure) = &fault.cure {
        message.push_str(". To go on: ");
        message.push_str(cure);
    }
    (code::DOOR, message, json!({"code": fault.code, "cure": fault.cure}))
}

/// A refusal by status as the JSON-RPC error the client can show: the server's own words if it had any.
pub(crate) fn refusal(
    message: &Message,
    status: StatusCode,
    head: &HeaderMap,
    body: &[u8],
) -> Vec<u8> {
    if is(head, "application/json")
        && let Ok(answer) = serde_json::from_slice::<Value>(body)
        && let Some(error) = answer.get("error").filter(|error| error.is_object())
    {
        return error_object_answer(&message.id, error);
    }
    let why = match status {
        StatusCode::NOT_FOUND if message.version.is_none() => {
            "the session is over: initialize again".to_owned()
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            challenge(head).unwrap_or_else(|| format!("the gateway refused this agent ({status})"))
        }
        status => format!("the gateway answered {status}"),
    };
    error_answer(&message.id, code::DOOR, &why, &Value::Null)
}

/// What a challenge says in words.
fn challenge(head: &HeaderMap) -> Option<String> {
    let text = head.get(header::WWW_AUTHENTICATE)?.to_str().ok()?;
    let (_, rest) = text.split_once("error_description=\"")?;
    rest.split_once('"').map(|(words, _)| words.to_owned())
}
