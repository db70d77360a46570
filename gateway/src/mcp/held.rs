//! The answer to a call that waits for people, in each form that a client may understand, and the tool that asks after it.
//!
//! Never here: an argument's value, or anything that would let the agent approve.

use bytes::Bytes;
use serde_json::{Value, json};
use writ_model::{CallId, Code, HoldId, Timestamp};

use crate::{
    mcp::{
        elicit::{self, Form},
        reply::{self, nameless, sentence},
    },
    refusal::RPC_DENIED,
};

/// The tool that every list offers while a charter asks for approvals. An upstream's tool of this name is never reached.
pub const PENDING: &str = "writ_pending";
/// MCP 2025-11-25: links have to be opened before the call can be made.
pub const RPC_LINKS: i32 = -32_042;

/// What an agent is told of a call that waits.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Which.
    pub hold: HoldId,
    /// Stable code.
    pub code: Code,
    /// What holds it, one sentence.
    pub words: String,
    /// Who can approve, one sentence.
    pub cure: String,
    /// Where a person looks at it.
    pub url: String,
    /// Until when it can be approved.
    pub expires: Timestamp,
    /// The call's record.
    pub call: CallId,
}

impl Waiting {
    fn data(&self) -> Value {
        json!({
            "code": self.code.0,
            "cure": nameless(&self.cure),
            "call_id": self.call,
            "hold_id": self.hold,
            "url": self.url,
            "expires": self.expires,
        })
    }

    /// For a model: what happened, who decides, how to go on.
    fn text(&self) -> String {
        let said = sentence(&self.words, &self.cure);
        format!(
            "{said} Nothing has been done yet. A person decides at {url} (sign-in needed) until {expires}. Do not try to \
             get the same effect in another way. When it is approved, call the tool {PENDING} with \
             {{\"hold_id\":\"{hold}\"}}, or repeat exactly the same call.",
            url = self.url,
            expires = self.expires,
            hold = self.hold,
        )
    }

    /// For the person in front of the client.
    fn message(&self) -> String {
        format!("{} Open the link to see what is asked.", sentence(&self.words, &self.cure))
    }

    /// The whole JSON-RPC answer to the request of this id.
    pub fn answer(&self, id: &[u8], form: Form, method: &str, modern: bool) -> Bytes {
        match form {
            Form::Links => self.links(id),
            Form::Input => self.input(id),
            Form::Plain if method == "tools/call" => self.result(id, modern),
            Form::Plain => reply::answer(id, &self.error()),
        }
    }

    /// The error object, where no other form fits.
    pub fn error(&self) -> Vec<u8> {
        let message = sentence(&self.words, &self.cure);
        bytes(&json!({"code": RPC_DENIED, "message": message, "data": self.data()}))
    }

    fn result(&self, id: &[u8], modern: bool) -> Bytes {
        let mut result = json!({
            "content": [{"type": "text", "text": self.text()}],
            "isError": true,
            "_meta": {"writ/hold": self.data()},
        });
        if modern && let Some(members) = result.as_object_mut() {
            members.insert("resultType".to_owned(), "complete".into());
        }
        reply::result(id, &bytes(&result))
    }

    fn links(&self, id: &[u8]) -> Bytes {
        let mut data = self.data();
        if let Some(members) = data.as_object_mut() {
            members.insert("elicitations".to_owned(), json!([self.link()]));
        }
        let error = json!({"code": RPC_LINKS, "message": self.message(), "data": data});
        reply::answer(id, &bytes(&error))
    }

    fn input(&self, id: &[u8]) -> Bytes {
        let result = json!({
            "resultType": "input_required",
            "inputRequests": {"writ_hold": {"method": "elicitation/create", "params": self.link()}},
            "requestState": elicit::state(self.hold),
            "_meta": {"writ/hold": self.data()},
        });
        reply::result(id, &bytes(&result))
    }

    fn link(&self) -> Value {
        json!({
            "mode": "url",
            "elicitationId": self.hold,
            "url": self.url,
            "message": self.message(),
        })
    }
}

/// The tool as lists show it.
pub fn tool() -> Vec<u8> {
    bytes(&json!({
        "name": PENDING,
        "title": "Complete a call that waited for approval",
        "description": "Some calls are held until a person approves them; the answer to such a call names a hold_id. Call \
                        this tool with it after the approval: the held call is then executed exactly as it was made, once, \
                        and its result is returned. Before the approval it says that the call still waits.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "hold_id": {"type": "string", "description": "The hold_id from the answer to the held call."},
            },
            "required": ["hold_id"],
            "additionalProperties": false,
        },
    }))
}

fn bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_else(|_| b"{}".to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting() -> Waiting {
        Waiting {
            hold: HoldId::from_bytes([3; 16]),
            code: Code("HOLD-0001"),
            words: "sending mail waits for approval".to_owned(),
            cure: "Ask Ann".to_owned(),
            url: "https://desk.example/a/hld_x".to_owned(),
            expires: Timestamp::from_micros(1_800_000_000_000_000),
            call: CallId::from_bytes([4; 16]),
        }
    }

    fn said(form: Form, method: &str, modern: bool) -> Value {
        let out = waiting().answer(b"\"a\\u00e9\"", form, method, modern);
        let value: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(value["id"], "aé");
        value
    }

    #[test]
    fn each_form_names_the_hold_and_the_link() {
        let hold = HoldId::from_bytes([3; 16]).to_string();
        let plain = said(Form::Plain, "tools/call", false);
        let text = plain["result"]["content"][0]["text"].as_str().unwrap();
        assert!(text.contains(&hold) && text.contains(PENDING) && text.contains("Ask Ann."));
        assert_eq!(plain["result"]["isError"], true);
        assert_eq!(plain["result"]["_meta"]["writ/hold"]["hold_id"], hold);
        assert_eq!(plain["result"].get("resultType"), None);
        assert_eq!(said(Form::Plain, "tools/call", true)["result"]["resultType"], "complete");

        let other = said(Form::Plain, "resources/read", true);
        assert_eq!(other["error"]["data"]["code"], "HOLD-0001");

        let links = said(Form::Links, "resources/read", false);
        let link = &links["error"]["data"]["elicitations"][0];
        assert_eq!(links["error"]["code"], RPC_LINKS);
        assert_eq!((&link["mode"], &link["elicitationId"]), (&json!("url"), &json!(hold)));

        let input = said(Form::Input, "tools/call", true);
        let asked = &input["result"]["inputRequests"]["writ_hold"];
        assert_eq!(input["result"]["resultType"], "input_required");
        assert_eq!(input["result"]["requestState"], format!("writ-hold:{hold}"));
        assert_eq!(asked["method"], "elicitation/create");
        assert_eq!(asked["params"]["url"], "https://desk.example/a/hld_x");
    }

    #[test]
    fn the_tool_has_a_schema() {
        let tool: Value = serde_json::from_slice(&tool()).unwrap();
        assert_eq!(
            (&tool["name"], &tool["inputSchema"]["required"][0]),
            (&json!("writ_pending"), &json!("hold_id"))
        );
    }
}
