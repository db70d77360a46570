//! [`Service`]: what a demo server offers, apart from how MCP carries it.
//!
//! Never here: HTTP, revisions, sessions (`protocol.rs`). To offer a new kind of thing: a method with an empty default.

use std::{fmt, time::Duration};

use serde_json::{Value, json};

use super::seed::House;

/// What one server offers to one client.
pub(super) trait Service: Send + Sync + fmt::Debug {
    /// What it tells a model about itself.
    fn instructions(&self) -> &'static str;

    /// Its tools, as `tools/list` shows them.
    fn tools(&self) -> Vec<Value>;

    /// Calls a tool; `None` if there is no such tool.
    fn call(&self, house: &House, tool: &str, arguments: &Value) -> Option<Outcome>;

    /// Its resources.
    fn resources(&self, _house: &House) -> Vec<Value> {
        Vec::new()
    }

    /// The contents of a resource: MIME type and text.
    fn read(&self, _house: &House, _uri: &str) -> Option<(&'static str, String)> {
        None
    }

    /// Its prompts.
    fn prompts(&self) -> Vec<Value> {
        Vec::new()
    }

    /// The text of a prompt.
    fn prompt(&self, _house: &House, _name: &str, _arguments: &Value) -> Option<String> {
        None
    }
}

/// What a tool call comes to.
#[derive(Debug)]
pub(super) enum Outcome {
    /// A result, given as text and as data.
    Done(Value),
    /// The tool could not do it; the model is told why.
    Failed(String),
    /// It takes a while and says how far it is.
    Runs(Runs),
}

/// A tool that runs for a while.
#[derive(Debug)]
pub(super) struct Runs {
    /// How many notices before the result.
    pub(super) ticks: u32,
    /// Time between them.
    pub(super) every: Duration,
    /// What each notice says.
    pub(super) says: &'static str,
    /// The result.
    pub(super) result: Value,
}

/// What a tool does to the world, as MCP's annotations have it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Effect {
    /// Changes nothing.
    Reads,
    /// Changes something here.
    Writes,
    /// Reaches somebody outside and cannot be taken back.
    Leaves,
}

/// A tool's definition; `arguments` are (name, JSON type, description, required).
pub(super) fn tool(
    name: &str,
    description: &str,
    effect: Effect,
    arguments: &[(&str, &str, &str, bool)],
) -> Value {
    let properties: serde_json::Map<String, Value> = arguments
        .iter()
        .map(|(name, kind, says, _)| {
            ((*name).to_owned(), json!({"type": kind, "description": says}))
        })
        .collect();
    let required: Vec<&str> =
        arguments.iter().filter(|(.., required)| *required).map(|(name, ..)| *name).collect();
    let (reads, destroys, open) = match effect {
        Effect::Reads => (true, false, false),
        Effect::Writes => (false, true, false),
        Effect::Leaves => (false, true, true),
    };
    json!({
        "name": name,
        "description": description,
        "inputSchema": {
            "type": "object", "properties": properties, "required": required,
            "additionalProperties": false,
        },
        "annotations": {
            "readOnlyHint": reads, "destructiveHint": destroys,
            "idempotentHint": reads, "openWorldHint": open,
        },
    })
}

/// A required text argument.
///
/// # Errors
/// The outcome that tells the model what is missing.
pub(super) fn text<'a>(arguments: &'a Value, name: &str) -> Result<&'a str, Outcome> {
    arguments
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| Outcome::Failed(format!("argument `{name}` is missing or not a string")))
}

/// The outcome of a body that may stop early.
pub(super) fn outcome(body: impl FnOnce() -> Result<Value, Outcome>) -> Outcome {
    match body() {
        Ok(value) => Outcome::Done(value),
        Err(outcome) => outcome,
    }
}
