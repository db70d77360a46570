//! One process of the real binary, killed, frozen or told to end as a test wants it; and an agent at a gateway.
//!
//! Never here: a sleep; whoever waits, waits for something by [`until`].

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::people::ask;

/// LIMIT: how long anything that will come may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// One process of `writ serve`.
pub(crate) struct Process {
    arguments: Vec<String>,
    pub(crate) folder: PathBuf,
    pub(crate) id: String,
    pub(crate) base: String,
    metrics: String,
    child: Child,
    output: BufReader<ChildStdout>,
}

/// The real binary.
pub(crate) fn binary() -> Command {
    Command::new(env!("CARGO_BIN_EXE_writ"))
}

/// The text at a pointer.
pub(crate) fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A call of a tool.
pub(crate) fn call(id: u64, tool: &str) -> Value {
    let params = json!({"name": tool, "arguments": {}});
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params})
}

fn document(output: &mut BufReader<ChildStdout>) -> Value {
    let mut line = String::new();
    while output.read_line(&mut line).is_ok_and(|count| count > 0) {
        if let Ok(document) = serde_json::from_str(&line) {
            return document;
        }
    }
    Value::String(line)
}

/// Waits until it is so; gives how long that took.
pub(crate) fn until(what: &str, done: impl Fn() -> bool) -> Duration {
    #[expect(clippy::disallowed_methods, reason = "a test waits for other processes")]
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "waited too long: {what}");
        thread::park_timeout(LOOK);
    }
    begun.elapsed()
}

impl Process {
    pub(crate) fn start(folder: PathBuf, roles: &[&str]) -> Self {
        Self::with(folder, roles, &[])
    }

    /// With more arguments.
    pub(crate) fn with(folder: PathBuf, roles: &[&str], more: &[&str]) -> Self {
        let roles = roles.iter().flat_map(|role| ["--role", role]);
        let arguments: Vec<String> = roles.chain(more.iter().copied()).map(str::to_owned).collect();
        let (child, output, told) = Self::spawn(&folder, &arguments);
        let at = |pointer: &str| text(&told, pointer);
        let (id, base, metrics) = (at("/id"), at("/gateway"), at("/metrics"));
        Self { arguments, folder, id, base, metrics, child, output }
    }

    fn spawn(folder: &Path, arguments: &[String]) -> (Child, BufReader<ChildStdout>, Value) {
        let log =
            fs::OpenOptions::new().create(true).append(true).open(folder.join("log")).unwrap();
        let mut child = binary()
            .arg("serve")
            .args(arguments)
            .arg("--json")
            .env("WRIT_DATA_DIR", folder)
            .env("WRIT_LOG_FORMAT", "json")
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let told = document(&mut output);
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert!(told["id"].is_string(), "{told:#}\n{log}");
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        assert!(
            !status.contains("THP_enabled:\t1"),
            "buffers that are used in part are memory in whole"
        );
        (child, output, told)
    }

    /// Killed, and started again in the same folder.
    pub(crate) fn restart(&mut self) {
        self.kill9();
        let (child, output, told) = Self::spawn(&self.folder, &self.arguments);
        (self.child, self.output) = (child, output);
        assert_eq!(text(&told, "/id"), self.id, "it is the same process over all its runs");
        (self.base, self.metrics) = (text(&told, "/gateway"), text(&told, "/metrics"));
    }

    /// Killed at once, as a crash does.
    pub(crate) fn kill9(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).unwrap();
    }

    /// Stands still from now on, with everything that it holds.
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Goes on as if nothing had been.
    pub(crate) fn thaw(&self) {
        self.signal("-CONT");
    }

    /// Told to end; its exit code.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        self.signal("-TERM");
        self.ended()
    }

    /// Its exit code, once it has ended by itself.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// What it has written to its log.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    pub(crate) fn ready(&self) -> (u16, Value) {
        let answer = ask("GET", &format!("{}/readyz", self.metrics), "", "");
        (answer.status, answer.body)
    }

    pub(crate) fn why_not_ready(&self) -> String {
        let (status, body) = self.ready();
        if status == 200 { String::new() } else { body.to_string() }
    }

    pub(crate) fn until_ready(&self) -> Duration {
        until("a process is ready", || self.ready().0 == 200)
    }

    pub(crate) fn until_not_ready(&self, what: &str) -> Duration {
        until(what, || self.ready().0 == 503)
    }

    pub(crate) fn measured(&self) -> String {
        let answer = ask("GET", &format!("{}/metrics", self.metrics), "", "");
        assert_eq!(answer.status, 200);
        answer.body.as_str().unwrap().to_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// `writ connect` on standard input and output.
pub(crate) struct Connected {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Connected {
    /// A started `writ connect`, which has said hello.
    pub(crate) fn greet(mut child: Child) -> Self {
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut connected = Self { child, input, output: BufReader::new(output) };
        let client = json!({"name": "test", "version": "1"});
        let params =
            json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client});
        let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params});
        let answer = connected.ask(&hello);
        assert!(answer["result"].is_object(), "{answer:#}");
        let begun = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        writeln!(connected.input, "{begun}").unwrap();
        connected
    }

    pub(crate) fn ask(&mut self, message: &Value) -> Value {
        writeln!(self.input, "{message}").unwrap();
        loop {
            let answer = document(&mut self.output);
            // What comes unasked, such as the end of a stream, has no id.
            if answer["id"] == message["id"] || answer.is_string() {
                return answer;
            }
        }
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}
