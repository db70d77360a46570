//! A cluster of a test's own: PostgreSQL, NATS, and processes of the real binary, each in a folder of its own.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use writ_testkit::{Nats, Postgres, TempDir};

use crate::people::{Person, ask};

/// LIMIT: how long anything that will come may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// Answers each call with its tool's name.
const SERVER: &str = r#"
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if "id" in message:
        params = message.get("params", {})
        result = {"content": [{"type": "text", "text": params.get("name", "")}]}
        if message["method"] == "initialize":
            result = {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}},
                      "serverInfo": {"name": "shelf", "version": "1"}}
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"#;

/// A desk, a soc and two gateways, with a client, an owner of it and an agent that may read.
pub(crate) struct Cluster {
    pub(crate) gateways: Vec<Process>,
    pub(crate) desk: Process,
    pub(crate) soc: Process,
    signer: String,
    ines: Option<Person>,
    pub(crate) postgres: Postgres,
    _nats: Nats,
    folder: TempDir,
}

/// One process of `writ serve`.
pub(crate) struct Process {
    roles: Vec<String>,
    pub(crate) folder: PathBuf,
    pub(crate) id: String,
    pub(crate) base: String,
    metrics: String,
    child: Child,
    output: BufReader<ChildStdout>,
}

fn binary() -> Command {
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

pub(crate) fn until(what: &str, done: impl Fn() -> bool) {
    #[expect(clippy::disallowed_methods, reason = "a test waits for other processes")]
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "waited too long: {what}");
        thread::park_timeout(LOOK);
    }
}

impl Process {
    fn start(folder: PathBuf, roles: &[&str]) -> Self {
        let roles: Vec<String> =
            roles.iter().flat_map(|role| ["--role".to_owned(), (*role).to_owned()]).collect();
        let (child, output, told) = Self::spawn(&folder, &roles);
        let at = |pointer: &str| text(&told, pointer);
        let (id, base, metrics) = (at("/id"), at("/gateway"), at("/metrics"));
        Self { roles, folder, id, base, metrics, child, output }
    }

    fn spawn(folder: &Path, roles: &[String]) -> (Child, BufReader<ChildStdout>, Value) {
        let log =
            fs::OpenOptions::new().create(true).append(true).open(folder.join("log")).unwrap();
        let mut child = binary()
            .arg("serve")
            .args(roles)
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
        (child, output, told)
    }

    /// Killed, and started again in the same folder.
    pub(crate) fn restart(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).unwrap();
        let (child, output, told) = Self::spawn(&self.folder, &self.roles);
        (self.child, self.output) = (child, output);
        assert_eq!(text(&told, "/id"), self.id, "it is the same process over all its runs");
        (self.base, self.metrics) = (text(&told, "/gateway"), text(&told, "/metrics"));
    }

    /// Told to end; its exit code.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }

    fn ready(&self) -> (u16, Value) {
        let answer = ask("GET", &format!("{}/readyz", self.metrics), "", "");
        (answer.status, answer.body)
    }

    pub(crate) fn why_not_ready(&self) -> String {
        let (status, body) = self.ready();
        if status == 200 { String::new() } else { body.to_string() }
    }

    pub(crate) fn until_ready(&self) {
        until("a process is ready", || self.ready().0 == 200);
    }

    pub(crate) fn until_not_ready(&self, what: &str) {
        until(what, || self.ready().0 == 503);
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

impl Cluster {
    pub(crate) fn start() -> Self {
        let (postgres, nats) = (Postgres::start().unwrap(), Nats::start().unwrap());
        let folder = TempDir::new().unwrap();
        let file = operators_file(&postgres, &nats);
        let of = |name: &str| {
            let folder = folder.path().join(name);
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("writ.toml"), &file).unwrap();
            folder
        };
        let names = ["desk", "soc", "one", "two"];
        let [desk, soc, one, two] = names.map(of);
        let migrated = binary()
            .args(["store", "migrate", "--owner", &postgres.owner_url()])
            .env("WRIT_DATA_DIR", &desk)
            .output()
            .unwrap();
        assert!(migrated.status.success(), "{migrated:?}");
        let desk = Process::start(desk, &["desk"]);
        for other in [&soc, &one, &two] {
            fs::copy(desk.folder.join("kek"), other.join("kek")).unwrap();
        }
        let soc = Process::start(soc, &["soc"]);
        let gateways = [one, two].map(|folder| Process::start(folder, &["gateway"])).into();
        let signer = String::new();
        let mut cluster =
            Self { gateways, desk, soc, signer, ines: None, postgres, _nats: nats, folder };
        for process in [&cluster.desk, &cluster.soc] {
            process.until_ready();
        }
        cluster.gateways.iter().for_each(Process::until_ready);
        cluster.found();
        cluster
    }

    /// Provider, client, its owner, an agent that may read, enrolled.
    fn found(&mut self) {
        self.done(&["provider", "found", "--name", "Northlight", "--person", "Mara"]);
        let link = text(&self.done(&["console"]), "/sign_in");
        let mut mara = Person::new(1);
        assert_eq!(mara.welcome(&link), 200);
        self.signer = mara.signs(self.folder.path());
        self.done(&["client", "add", "--name", "Harbor", "--slug", "harbor"]);
        self.invite("northlight", ("Tova", "provider", &["auditor"]), 2);
        self.done(&["person", "seat", "--client", "harbor", "Tova", "--role", "auditor"]);
        self.ines = Some(self.invite("harbor", ("Ines", "client", &["owner", "approver"]), 3));
        let at = ["--client", "harbor"];
        self.done(
            &[&["agent", "propose", "--name", "bot", "--purpose", "Reads"], &at[..]].concat(),
        );
        self.agree();
        let answers = ["--authorizer", "Mara", "--auditor", "Tova", "--terminator", "Mara"];
        let account = ["agent", "account", "bot", "--terminator", "Ines"];
        self.done(&[&account[..], &answers, &at].concat());
        self.done(&[&["agent", "activate", "bot"], &at[..]].concat());
        let give = ["grant", "give", "--agent", "bot", "--server", "shelf", "--tool", "read"];
        self.done(&[&give[..], &["--reason", "r"], &at].concat());
        let offer = self.done(&[&["agent", "offer", "bot"], &at[..]].concat());
        self.done(&["enroll", &text(&offer, "/code")]);
    }

    fn invite(&self, client: &str, who: (&str, &str, &[&str]), seed: u64) -> Person {
        let (name, side, roles) = who;
        let mut guest = Person::new(seed);
        let invite = ["person", "invite", "--client", client, "--name", name, "--side", side];
        let roles: Vec<&str> = roles.iter().flat_map(|role| ["--role", role]).collect();
        let invited = self.done(&[&invite[..], &roles].concat());
        let (_, fingerprint) = guest.join(&text(&invited, "/link"));
        let admit =
            ["person", "admit", "--client", client, name, "--called", "the contract's number"];
        self.done(&[&admit[..], &["--fingerprint", &fingerprint]].concat());
        guest
    }

    /// A charter that lets everything be done, signed by both.
    fn agree(&self) {
        let file = self.path("charter.json");
        let clause =
            json!({"key": "everything", "title": "Everything", "actions": ["*"], "mode": "act"});
        fs::write(&file, json!({"clauses": [clause]}).to_string()).unwrap();
        let at = ["--client", "harbor"];
        self.done(&[&["charter", "draft", "--file", file.to_str().unwrap()], &at[..]].concat());
        self.done(&[&["charter", "sign"], &at[..]].concat());
        let draft = &self.done(&[&["charter", "show"], &at[..]].concat())["draft"];
        let body = json!({"charter": draft["charter"], "digest": draft["digest"]});
        let origin = text(&self.done(&["console"]), "/console");
        let origin = origin.trim_end_matches('/');
        let ines = self.ines.as_ref().unwrap();
        let signed = ines.act(origin, "/clients/harbor/charter/sign", &body);
        assert_eq!(signed.status, 200, "{:#}", signed.body);
    }

    /// A path in the cluster's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, folder: &Path, arguments: &[&str]) -> Command {
        let mut command = binary();
        command
            .args(arguments)
            .env("WRIT_DATA_DIR", folder)
            .env("WRIT_AGENT_DIR", self.path("agents"))
            .env("WRIT_SIGNER", &self.signer);
        command
    }

    fn run(&self, folder: &Path, arguments: &[&str]) -> Value {
        let output = self.command(folder, arguments).arg("--json").output().unwrap();
        let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {document:#}\n{said}");
        document
    }

    /// A command at the desk's folder, which succeeds.
    pub(crate) fn done(&self, arguments: &[&str]) -> Value {
        self.run(&self.desk.folder, arguments)
    }

    /// A command at a process's own folder, which succeeds.
    pub(crate) fn at(&self, process: &Process, arguments: &[&str]) -> Value {
        self.run(&process.folder, arguments)
    }

    /// What the API says at a path, for who has the desk's folder.
    pub(crate) fn read(&self, path: &str) -> Value {
        let file = |name: &str| fs::read_to_string(self.desk.folder.join(name)).unwrap();
        let server: Value = serde_json::from_str(&file("server.json")).unwrap();
        let bearer = format!("Authorization: Bearer {}\r\n", file("cli.token").trim());
        let answer = ask("GET", &format!("{}/api/v1{path}", text(&server, "/desk")), &bearer, "");
        assert_eq!(answer.status, 200, "{:#}", answer.body);
        answer.body
    }

    /// The tool calls that the desk knows of a gateway, each with its seal if it has one.
    pub(crate) fn calls_of(&self, gateway: &Process) -> Vec<Value> {
        let at = ["--client", "harbor"];
        let list = self.done(&[&["call", "list"], &at[..]].concat());
        let tools = list["calls"].as_array().unwrap().iter();
        let tools = tools.filter(|call| call["method"] == "tools/call");
        let shown = tools.map(|call| {
            let id = text(call, "/call");
            self.done(&[&["call", "show", &id], &at[..]].concat())
        });
        shown.filter(|call| call["gateway"] == json!(gateway.id)).collect()
    }

    /// The agent at one gateway: its key, told that this is its gateway.
    pub(crate) fn connect(&self, gateway: &Process) -> Connected {
        let (from, to) = (self.path("agents"), self.path(&format!("agents-{}", gateway.id)));
        fs::create_dir_all(&to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let mut key: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            set_gateway(&mut key, &gateway.base);
            let copy = to.join(path.file_name().unwrap());
            fs::copy(&path, &copy).unwrap();
            fs::write(&copy, key.to_string()).unwrap();
        }
        let url = format!("{}/mcp/shelf", gateway.base);
        let mut command = self.command(&gateway.folder, &["connect", &url]);
        command.env("WRIT_AGENT_DIR", &to).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut connected = Connected { child, input, output };
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
}

fn set_gateway(key: &mut Value, base: &str) {
    let Some(object) = key.as_object_mut() else { return };
    for (name, value) in object {
        if name == "gateway" {
            *value = json!(base);
        } else {
            set_gateway(value, base);
        }
    }
}

fn operators_file(postgres: &Postgres, nats: &Nats) -> String {
    let desk = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    format!(
        "[desk]\nlisten = \"{desk}\"\n[gateway]\nlisten = \"127.0.0.1:0\"\n[store]\npostgres = \"{}\"\n\
        [bus]\nnats = {:?}\n[cluster]\nseal_seconds = 1\n[metrics]\nlisten = \"127.0.0.1:0\"\n\
        [[server]]\nname = \"shelf\"\ncommand = [\"python3\", \"-c\", '''{SERVER}''']\n\
        env = {{ PATH = \"/usr/bin:/bin\" }}\n",
        postgres.url(),
        nats.urls(),
    )
}
