//! The file server: a small shared folder in memory, and a watch that runs until it is cancelled.
//!
//! Never here: the machine's own files. To add a tool: its definition in `tools`, its arm in `call`.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    seed::House,
    service::{Effect, Outcome, Runs, Service, outcome, text, tool},
};

/// LIMIT: longest watch, seconds; a client that wants more asks again.
const WATCH: u64 = 600;
/// Notices a second.
const RATE: u64 = 10;

/// One folder per client.
#[derive(Debug)]
pub(super) struct Files;

impl Service for Files {
    fn instructions(&self) -> &'static str {
        "The client's shared folder: list, read, write, and watch for changes."
    }

    fn tools(&self) -> Vec<Value> {
        vec![
            tool("list_files", "Paths of all files.", Effect::Reads, &[]),
            tool(
                "read_file",
                "The text of a file.",
                Effect::Reads,
                &[("path", "string", "Path from list_files", true)],
            ),
            tool(
                "write_file",
                "Writes a file, replacing what was there.",
                Effect::Writes,
                &[
                    ("path", "string", "Where to", true),
                    ("content", "string", "The whole new text", true),
                ],
            ),
            tool(
                "watch",
                "Watches the folder and reports progress until the time is up or the call is cancelled.",
                Effect::Reads,
                &[("seconds", "integer", "How long, at most 600", false)],
            ),
        ]
    }

    fn call(&self, house: &House, tool: &str, arguments: &Value) -> Option<Outcome> {
        Some(match tool {
            "list_files" => Outcome::Done(json!({"files": house.paths()})),
            "read_file" => outcome(|| {
                let path = text(arguments, "path")?;
                let content = house.file(path);
                let content =
                    content.ok_or_else(|| Outcome::Failed(format!("there is no file `{path}`")))?;
                Ok(json!({"path": path, "content": content}))
            }),
            "write_file" => outcome(|| {
                let (path, content) = (text(arguments, "path")?, text(arguments, "content")?);
                if !house.write(path, content) {
                    return Err(Outcome::Failed("the folder is full".to_owned()));
                }
                Ok(json!({"path": path, "bytes": content.len()}))
            }),
            "watch" => {
                let seconds = arguments.get("seconds").and_then(Value::as_u64).unwrap_or(WATCH);
                let ticks = u32::try_from(seconds.min(WATCH) * RATE).unwrap_or_default();
                Outcome::Runs(Runs {
                    ticks,
                    every: Duration::from_millis(1000 / RATE),
                    says: "nothing changed, look",
                    result: json!({"changed": [], "seconds": seconds.min(WATCH)}),
                })
            }
            _ => return None,
        })
    }
}
