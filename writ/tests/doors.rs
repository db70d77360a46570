//! The doors as a user opens them: a store set up while it stands still, a server on it, a key enrolled, a local server
//! wrapped, an agent ended; all by the real binary.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};
use writ_testkit::TempDir;

/// Answers each request with its tool's name.
const SERVER: &str = r#"
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if "id" in message:
        result = {"content": [{"type": "text", "text": message["params"].get("name", "")}]}
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"#;

struct Scene {
    folder: TempDir,
}

impl Scene {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_writ"));
        command
            .args(arguments)
            .env("WRIT_DATA_DIR", self.folder.path().join("data"))
            .env("WRIT_AGENT_DIR", self.folder.path().join("agents"));
        command
    }

    /// Exit code and the JSON document on stdout.
    fn run(&self, arguments: &[&str]) -> (i32, Value) {
        match self.command(arguments).arg("--json").output() {
            Ok(output) => {
                let document = serde_json::from_slice(&output.stdout).unwrap_or_default();
                (output.status.code().unwrap_or(-1), document)
            }
            Err(error) => (-1, error.to_string().into()),
        }
    }

    fn done(&self, arguments: &[&str]) -> Value {
        let (code, document) = self.run(arguments);
        assert_eq!(code, 0, "{arguments:?}: {document:#}");
        document
    }

    fn set_up(&self) {
        self.done(&["provider", "found", "--name", "Northlight", "--person", "Mara"]);
        self.done(&["client", "add", "--name", "Harbor", "--slug", "harbor"]);
        for (name, side, role) in [("Ines", "client", "owner"), ("Tova", "provider", "auditor")] {
            let seat = ["person", "add", "--client", "harbor", "--name", name, "--side", side];
            self.done(&[&seat[..], &["--role", role]].concat());
        }
        self.done(&[
            "agent",
            "propose",
            "--client",
            "harbor",
            "--name",
            "bot",
            "--purpose",
            "Reads",
        ]);
        let (code, refused) = self.run(&["agent", "activate", "--client", "harbor", "bot"]);
        assert_eq!(code, 1, "{refused:#}");
        let cure = refused.pointer("/error/cure").and_then(Value::as_str);
        assert!(cure.is_some_and(|cure| cure.contains("auditor")), "{refused:#}");
        let answers = ["--authorizer", "Mara", "--auditor", "Tova", "--terminator", "Mara"];
        let account = ["agent", "account", "--client", "harbor", "bot", "--terminator", "Ines"];
        self.done(&[&account[..], &answers[..]].concat());
        self.done(&["agent", "activate", "--client", "harbor", "bot"]);
        let give = ["grant", "give", "--client", "harbor", "--agent", "bot", "--server", "local"];
        self.done(&[&give[..], &["--tool", "read", "--reason", "r"]].concat());
        let file = "[[server]]\nname = \"local\"\nwrapped = true\n";
        let written = std::fs::write(self.folder.path().join("data/writ.toml"), file);
        assert!(written.is_ok());
    }
}

struct Running {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Running {
    fn start(mut command: Command) -> Option<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take()?));
        Some(Self { child, input, output })
    }

    /// Lines until they make one JSON document.
    fn document(&mut self) -> Value {
        let mut text = String::new();
        while self.output.read_line(&mut text).is_ok_and(|count| count > 0) {
            if let Ok(document) = serde_json::from_str(&text) {
                return document;
            }
        }
        Value::String(text)
    }

    fn ask(&mut self, message: &Value) -> Value {
        let sent = self.input.as_mut().map(|input| writeln!(input, "{message}"));
        assert!(matches!(sent, Some(Ok(()))), "{message}");
        self.document()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

fn call(id: u64, tool: &str) -> Value {
    let params = json!({"name": tool, "arguments": {}});
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params})
}

fn exists(path: &Path) -> bool {
    path.exists()
}

#[test]
fn from_an_empty_folder_to_an_ended_agent() {
    let scene = Scene { folder: TempDir::new().unwrap() };
    scene.set_up();
    let up = scene.command(&["up", "--json", "--desk", "127.0.0.1:0", "--gateway", "127.0.0.1:0"]);
    let mut up = Running::start(up).unwrap();
    assert!(up.document()["sign_in"].as_str().is_some_and(|link| link.contains("/sign-in/")));
    let (code, doctor) = scene.run(&["doctor"]);
    assert_eq!(code, 0, "{doctor:#}");
    assert!(scene.done(&["console"])["sign_in"].is_string());

    let offer = scene.done(&["agent", "offer", "--client", "harbor", "bot"]);
    let code = offer["code"].as_str().unwrap();
    let enrolled = scene.done(&["enroll", code]);
    assert_eq!(enrolled["agent_name"], "bot");
    assert_eq!(scene.run(&["enroll", code]).0, 1, "a code is used once");

    let wrap = scene.command(&["wrap", "--server", "local", "--", "python3", "-c", SERVER]);
    let mut wrapped = Running::start(wrap).unwrap();
    let answer = wrapped.ask(&call(1, "read"));
    assert_eq!(answer["result"]["content"][0]["text"], "read", "{answer:#}");
    let answer = wrapped.ask(&call(2, "erase"));
    let message = answer["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("No grant covers tool `erase`"), "{answer:#}");

    let receipt =
        scene.done(&["agent", "terminate", "--client", "harbor", "bot", "--reason", "done"]);
    assert_eq!(receipt["complete"], true, "{receipt:#}");
    let ended = wrapped.child.wait().unwrap();
    assert_eq!(ended.code(), Some(4));

    let pid = up.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert!(up.child.wait().unwrap().success());
    let data = scene.folder.path().join("data");
    assert!(!exists(&data.join("server.json")));
    let book = scene.folder.path().join("book").display().to_string();
    scene.done(&["ledger", "export", "--tenant", "harbor", &book]);
    let verified = scene.done(&["ledger", "verify", &book]);
    assert!(verified["records"].as_u64().unwrap() >= 2, "{verified:#}");
}

#[test]
fn what_an_agent_does_is_seen_live_and_exported_while_the_server_runs() {
    let scene = Scene { folder: TempDir::new().unwrap() };
    scene.set_up();
    let up = scene.command(&["up", "--json", "--desk", "127.0.0.1:0", "--gateway", "127.0.0.1:0"]);
    let mut up = Running::start(up).unwrap();
    up.document();
    let give = ["grant", "give", "--client", "harbor", "--agent", "bot", "--server", "local"];
    let window = ["--window", "Mon-Fri 08:00-18:00 Europe/Berlin", "--limit", "10/hour"];
    let spans = ["--from", "2026-01-01T00:00:00Z", "--until", "2126-01-01T00:00:00Z"];
    let tool = ["--tool", "write", "--reason", "r"];
    scene.done(&[&give[..], &window, &spans, &tool].concat());
    let grants = scene.done(&["grant", "list", "--client", "harbor"]);
    let said = grants.to_string();
    for wanted in ["Europe/Berlin", "\"to_minute\":1080", "\"per\":\"hour\"", "2126-01-01"] {
        assert!(said.contains(wanted), "{wanted} is not in {grants:#}");
    }
    let explain = scene.folder.path().join("call.json");
    let asked = json!({"server": "local", "method": "tools/call", "params": {"name": "read"}});
    std::fs::write(&explain, asked.to_string()).unwrap();
    let (at, file) = (["agent", "explain", "--client", "harbor", "bot", "--call"], &explain);
    let said = scene.done(&[&at[..], &[file.to_str().unwrap()]].concat());
    assert_eq!(said["effect"], "permit", "{said:#}");
    assert!(said["supposed"].as_str().is_some_and(|said| said.contains("no instance")), "{said:#}");

    let offer = scene.done(&["agent", "offer", "--client", "harbor", "bot"]);
    scene.done(&["enroll", offer["code"].as_str().unwrap()]);
    let watch = ["call", "watch", "--json", "--client", "harbor", "--effect", "blocked"];
    let mut watch = scene.command(&[&watch[..], &["--limit", "2"]].concat());
    watch.stderr(Stdio::piped());
    let mut watch = Running::start(watch).unwrap();
    let mut told = String::new();
    BufReader::new(watch.child.stderr.take().unwrap()).read_line(&mut told).unwrap();
    assert!(told.contains("watching"), "{told}");
    let wrap = scene.command(&["wrap", "--server", "local", "--", "python3", "-c", SERVER]);
    let mut wrapped = Running::start(wrap).unwrap();
    for (id, tool) in [(1, "read"), (2, "erase"), (3, "read"), (4, "drop")] {
        wrapped.ask(&call(id, tool));
    }
    for tool in ["erase", "drop"] {
        let row = watch.document();
        assert_eq!((&row["name"], &row["effect"]), (&json!(tool), &json!("blocked")), "{row:#}");
    }
    assert!(watch.child.wait().unwrap().success());

    let book = scene.folder.path().join("book").display().to_string();
    let exported = scene.done(&["ledger", "export", "--tenant", "harbor", &book]);
    let (sealed, failed) = (exported["sealed_now"].as_u64().unwrap(), &exported["not_sealed"]);
    assert!(sealed >= 4 && *failed == json!(0), "{exported:#}");
    let verified = scene.done(&["ledger", "verify", &book]);
    assert_eq!(verified["records"].as_u64(), Some(sealed), "{verified:#}");
}
