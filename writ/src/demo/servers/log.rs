//! `upstream.ndjson`: what the tool servers themselves received, one JSON object a line. A call that Writ refused must
//! be absent from it.
//!
//! Never here: a judgement. To record one more thing: a field of the object in [`Received::request`].

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::Path,
    sync::Arc,
};

use parking_lot::Mutex;
use serde_json::{Value, json};
use writ_model::Clock;

/// LIMIT: lines of one log; a demo left running for a month stays below it.
const LINES: u64 = 1_000_000;

/// The log, shared by all servers.
#[derive(Debug)]
pub struct Received {
    file: Mutex<(File, u64)>,
    clock: Arc<dyn Clock>,
}

impl Received {
    /// Opens the log, keeping what is there.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self { file: Mutex::new((file, 0)), clock })
    }

    /// Writes one request down.
    pub fn request(&self, server: &str, client: &str, revision: &str, message: &Value) {
        let params = message.get("params");
        let field = |name: &str| params.and_then(|params| params.get(name)).cloned();
        self.line(&json!({
            "at": self.clock.now(),
            "server": server,
            "client": client,
            "revision": revision,
            "event": "request",
            "method": message.get("method"),
            "name": field("name").or_else(|| field("uri")),
            "arguments": field("arguments"),
        }));
    }

    /// Writes down how a stream ended: `answered`, or `cut` from the other side.
    pub fn stream_ended(&self, server: &str, client: &str, name: &str, how: &str) {
        self.line(&json!({
            "at": self.clock.now(), "server": server, "client": client,
            "event": "stream_ended", "name": name, "how": how,
        }));
    }

    fn line(&self, value: &Value) {
        let mut line = value.to_string();
        line.push('\n');
        let mut guard = self.file.lock();
        let (file, lines) = &mut *guard;
        if *lines >= LINES {
            return;
        }
        *lines += 1;
        if let Err(error) = file.write_all(line.as_bytes()) {
            tracing::error!(%error, "upstream log not written");
        }
    }
}
