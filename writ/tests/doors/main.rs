//! The doors as a user opens them: a provider founded while its store stands still, a server on it, people with passkeys, a
//! key enrolled, a local server wrapped, an agent ended; all by the real binary.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests fail loudly"
)]

mod charter;
mod leaving;
mod people;
mod restoring;

use std::{
    borrow::BorrowMut,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};
use writ_testkit::TempDir;

use people::{Person, ask};

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
    /// What signs the commands of the provider's owner.
    signer: String,
}

/// A running server and what was seated on the way.
struct Stage {
    scene: Scene,
    up: Running,
    /// The client's owner.
    ines: Person,
}

impl Scene {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), signer: String::new() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_writ"));
        command
            .args(arguments)
            .env("WRIT_DATA_DIR", self.folder.path().join("data"))
            .env("WRIT_AGENT_DIR", self.folder.path().join("agents"))
            .env("WRIT_SIGNER", &self.signer);
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

    fn start(&self) -> Running {
        Running::start(self.command(&["up", "--json"])).unwrap()
    }

    /// The operator's file: ports of their own, since passkeys are bound to the console's, one server on the agent's
    /// machine, and one behind the gateway that nothing reaches.
    fn configure(&self) {
        let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (desk, gateway) = (free(), free());
        let file = format!(
            "[desk]\nlisten = \"{desk}\"\n[gateway]\nlisten = \"{gateway}\"\n[[server]]\nname = \"local\"\nwrapped = true\n[[server]]\nname = \"shelf\"\ncommand = [\"/bin/cat\"]\n"
        );
        std::fs::write(self.folder.path().join("data/writ.toml"), file).unwrap();
    }

    /// Somebody is invited, joins, reads their fingerprint out, and is let in; roles are joined by a plus.
    fn invite(&self, client: &str, (name, side, role): (&str, &str, &str), seed: u64) -> Person {
        let mut guest = Person::new(seed);
        let who = ["person", "invite", "--client", client, "--name", name, "--side", side];
        let roles: Vec<&str> = role.split('+').flat_map(|role| ["--role", role]).collect();
        let invited = self.done(&[&who[..], &roles].concat());
        let (_, fingerprint) = guest.join(invited["link"].as_str().unwrap());
        let admit = ["person", "admit", "--client", client, name];
        let wrong = "aaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aaaa";
        let called = ["--called", "the number in the contract", "--fingerprint"];
        assert_eq!(self.run(&[&admit[..], &called, &[wrong]].concat()).0, 1, "another's key");
        self.done(&[&admit[..], &called, &[&fingerprint]].concat());
        guest
    }

    /// The console's origin.
    fn origin(&self) -> String {
        let told = self.done(&["console"]);
        told["console"].as_str().unwrap().trim_end_matches('/').to_owned()
    }

    /// A charter of these clauses: drafted and signed by the provider at the command line, by the client's owner at the
    /// console.
    fn agree(&self, client: &str, owner: &Person, clauses: &Value) {
        let file = self.folder.path().join("charter.json");
        std::fs::write(&file, json!({"clauses": clauses}).to_string()).unwrap();
        let at = ["--client", client];
        let draft = ["charter", "draft", "--file", file.to_str().unwrap()];
        self.done(&[&draft[..], &at].concat());
        self.done(&[&["charter", "sign"][..], &at].concat());
        let standing = self.done(&[&["charter", "show"][..], &at].concat());
        let draft = &standing["draft"];
        let body = json!({"charter": draft["charter"], "digest": draft["digest"]});
        let path = format!("/clients/{client}/charter/sign");
        let signed = owner.act(&self.origin(), &path, &body);
        assert_eq!(signed.status, 200, "{:#}", signed.body);
        let standing = self.done(&[&["charter", "show"][..], &at].concat());
        assert!(standing["in_force"].is_object(), "{standing:#}");
    }
}

/// One clause that lets everything be done.
fn everything() -> Value {
    json!([{"key": "everything", "title": "Everything", "actions": ["*"], "mode": "act"}])
}

impl Stage {
    /// A provider with an auditor, a client with an owner, an agent that may read.
    fn set(mut scene: Scene) -> Self {
        scene.done(&["provider", "found", "--name", "Northlight", "--person", "Mara"]);
        scene.configure();
        let mut up = scene.start();
        let told = up.document();
        let link = told["sign_in"].as_str().unwrap();
        assert!(link.starts_with("http://localhost:") && link.contains("/sign-in/"), "{told:#}");
        let mut mara = Person::new(1);
        assert_eq!(mara.welcome(link), 200);
        let console = scene.done(&["console"]);
        assert!(console["sign_in"].is_null() && console["console"].is_string(), "{console:#}");
        scene.done(&["client", "add", "--name", "Harbor", "--slug", "harbor"]);
        Self::agent(&scene, &mara, told["console"].as_str().unwrap());
        scene.signer = mara.signs(scene.folder.path());
        let ines = Self::people(&scene);
        Self { scene, up, ines }
    }

    /// Whoever has no signer is sent to a browser, and the command waits.
    fn agent(scene: &Scene, mara: &Person, origin: &str) {
        let who = ["person", "invite", "--client", "northlight", "--name", "Tova", "--side"];
        let command =
            scene.command(&[&who[..], &["provider", "--role", "auditor", "--json"]].concat());
        let (mut refused, code) = Asking::start(command);
        assert_eq!(scene.done(&["signing", "refuse", &code])["state"], "refused");
        assert_eq!(refused.child.wait().unwrap().code(), Some(1));

        let command =
            scene.command(&[&who[..], &["provider", "--role", "auditor", "--json"]].concat());
        let (mut waiting, code) = Asking::start(command);
        let shown = scene.done(&["signing", "show", &code]);
        assert!(shown["text"].to_string().contains("Tova"), "{shown:#}");
        let token = std::fs::read_to_string(scene.folder.path().join("data/cli.token")).unwrap();
        let bearer = format!("Authorization: Bearer {}\r\n", token.trim());
        let url = format!("{origin}/api/v1/signings/{code}");
        let forged = Person::new(99).assert_any(&shown["options"], origin);
        assert_eq!(ask("POST", &url, &bearer, &forged.to_string()).status, 403, "another's key");
        let good = mara.assert(&shown["options"], origin).to_string();
        assert_eq!(ask("POST", &url, &bearer, &good).status, 200);
        let invited = waiting.document();
        assert!(invited["link"].as_str().unwrap().starts_with(origin), "{invited:#}");
        assert_eq!(waiting.child.wait().unwrap().code(), Some(0));
        let id = invited["invitation"].as_str().unwrap();
        scene.done(&["person", "withdraw", "--client", "northlight", id, "--reason", "a test"]);
    }

    /// Auditor, the client's owner, a charter, an agent that may read. Gives the client's owner.
    fn people(scene: &Scene) -> Person {
        scene.invite("northlight", ("Tova", "provider", "auditor"), 2);
        scene.done(&["person", "seat", "--client", "harbor", "Tova", "--role", "auditor"]);
        let ines = scene.invite("harbor", ("Ines", "client", "owner+approver"), 3);
        let propose = ["agent", "propose", "--client", "harbor", "--name", "bot"];
        scene.done(&[&propose[..], &["--purpose", "Reads"]].concat());
        let (code, refused) = scene.run(&["agent", "activate", "--client", "harbor", "bot"]);
        assert_eq!((code, &refused["error"]["code"]), (1, &json!("AUTH-0036")), "{refused:#}");
        scene.agree("harbor", &ines, &everything());
        let (code, refused) = scene.run(&["agent", "activate", "--client", "harbor", "bot"]);
        assert_eq!(code, 1, "{refused:#}");
        let cure = refused.pointer("/error/cure").and_then(Value::as_str);
        assert!(cure.is_some_and(|cure| cure.contains("auditor")), "{refused:#}");
        let answers = ["--authorizer", "Mara", "--auditor", "Tova", "--terminator", "Mara"];
        let account = ["agent", "account", "--client", "harbor", "bot", "--terminator", "Ines"];
        scene.done(&[&account[..], &answers[..]].concat());
        scene.done(&["agent", "activate", "--client", "harbor", "bot"]);
        let give = ["grant", "give", "--client", "harbor", "--agent", "bot", "--server", "local"];
        scene.done(&[&give[..], &["--tool", "read", "--reason", "r"]].concat());
        ines
    }
}

/// A command that waits for a signature in a browser.
struct Asking;

impl Asking {
    /// Starts it and gives the short code that it shows.
    fn start(mut command: Command) -> (Running, String) {
        let mut running = Running::start(command.stderr(Stdio::piped())).unwrap();
        let mut line = String::new();
        let mut stderr = BufReader::new(running.child.stderr.take().unwrap());
        stderr.read_line(&mut line).unwrap();
        let code = line.split("(code ").nth(1).and_then(|rest| rest.split(')').next()).unwrap();
        assert!(line.contains(&format!("/sign/{code} ")), "{line}");
        (running, code.to_owned())
    }
}

struct Running {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Running {
    fn start(mut command: impl BorrowMut<Command>) -> Option<Self> {
        let mut child =
            command.borrow_mut().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
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
    let scene = Scene::new();
    let Stage { scene, mut up, .. } = Stage::set(scene);
    let (code, doctor) = scene.run(&["doctor"]);
    assert_eq!(code, 0, "{doctor:#}");
    assert!(doctor.to_string().contains("fewer than two: Mara"), "{doctor:#}");
    let keys = scene.done(&["passkey", "list"]);
    assert_eq!(keys.as_array().map(Vec::len), Some(1), "{keys:#}");
    let sessions = scene.done(&["session", "list"]);
    assert_eq!(sessions[0]["signed_in_by"], "passkey", "whoever makes a key is in: {sessions:#}");
    scene.done(&["session", "end", sessions[0]["session"].as_str().unwrap()]);
    assert_eq!(scene.done(&["session", "list"]), json!([]));

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
    let scene = Scene::new();
    let Stage { scene, up: _up, .. } = Stage::set(scene);
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
