//! A cluster of a test's own: PostgreSQL, NATS, and processes of the real binary, each in a folder of its own.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::{Value, json};
use writ_testkit::TempDir;

use crate::{
    engines::Engines,
    people::{Person, ask},
    process::{Connected, Process, binary, text},
};

/// A desk, a soc and two gateways, with a client, an owner of it and an agent that may read.
pub(crate) struct Cluster {
    pub(crate) gateways: Vec<Process>,
    pub(crate) desk: Process,
    pub(crate) soc: Process,
    signer: String,
    ines: Option<Person>,
    pub(crate) engines: Engines,
    folder: TempDir,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        Self::on(Engines::plain())
    }

    /// On these engines.
    pub(crate) fn on(engines: Engines) -> Self {
        let folder = TempDir::new().unwrap();
        let file = engines.file(&free().to_string());
        let of = |name: &str| {
            let folder = folder.path().join(name);
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("writ.toml"), &file).unwrap();
            for (name, bytes) in &engines.files {
                fs::write(folder.join(name), bytes).unwrap();
                let mode = fs::Permissions::from_mode(0o600);
                fs::set_permissions(folder.join(name), mode).unwrap();
            }
            folder
        };
        let names = ["desk", "soc", "one", "two"];
        let [desk, soc, one, two] = names.map(of);
        let migrated = binary()
            .args(["store", "migrate", "--owner", &engines.owner])
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
        let mut cluster = Self { gateways, desk, soc, signer, ines: None, engines, folder };
        for process in [&cluster.desk, &cluster.soc] {
            process.until_ready();
        }
        for gateway in &cluster.gateways {
            gateway.until_ready();
        }
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
        self.invite("northlight", ("Tova", "provider", &["auditor"]), 2);
        self.ines = Some(self.client("harbor", ("Ines", 3), "bot"));
    }

    /// A client with an owner, and an agent that may read, enrolled. Gives the owner.
    pub(crate) fn client(&self, slug: &str, (owner, seed): (&str, u64), agent: &str) -> Person {
        self.done(&["client", "add", "--name", slug, "--slug", slug]);
        let at = ["--client", slug];
        self.done(&["person", "seat", "--client", slug, "Tova", "--role", "auditor"]);
        let person = self.invite(slug, (owner, "client", &["owner", "approver"]), seed);
        self.done(
            &[&["agent", "propose", "--name", agent, "--purpose", "Reads"], &at[..]].concat(),
        );
        self.agree(slug, &person);
        let answers = ["--authorizer", "Mara", "--auditor", "Tova", "--terminator", "Mara"];
        let account = ["agent", "account", agent, "--terminator", owner];
        self.done(&[&account[..], &answers, &at].concat());
        self.done(&[&["agent", "activate", agent], &at[..]].concat());
        let give = ["grant", "give", "--agent", agent, "--server", "shelf", "--tool", "read"];
        self.done(&[&give[..], &["--reason", "r"], &at].concat());
        let offer = self.done(&[&["agent", "offer", agent], &at[..]].concat());
        self.done(&["enroll", &text(&offer, "/code")]);
        person
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
    fn agree(&self, slug: &str, owner: &Person) {
        let file = self.path("charter.json");
        let clause =
            json!({"key": "everything", "title": "Everything", "actions": ["*"], "mode": "act"});
        fs::write(&file, json!({"clauses": [clause]}).to_string()).unwrap();
        let at = ["--client", slug];
        self.done(&[&["charter", "draft", "--file", file.to_str().unwrap()], &at[..]].concat());
        self.done(&[&["charter", "sign"], &at[..]].concat());
        let draft = &self.done(&[&["charter", "show"], &at[..]].concat())["draft"];
        let body = json!({"charter": draft["charter"], "digest": draft["digest"]});
        let path = format!("/clients/{slug}/charter/sign");
        let signed = owner.act(&self.console(), &path, &body);
        assert_eq!(signed.status, 200, "{:#}", signed.body);
    }

    /// One more process beside the cluster's, with the same operator's file and the same key.
    pub(crate) fn another(&self, name: &str, roles: &[&str], more: &[&str]) -> Process {
        let folder = self.path(name);
        fs::create_dir(&folder).unwrap();
        let beside = self.engines.files.iter().map(|(name, _)| *name);
        for file in beside.chain(["writ.toml", "kek"]) {
            fs::copy(self.desk.folder.join(file), folder.join(file)).unwrap();
        }
        Process::with(folder, roles, more)
    }

    /// The console, as browsers see it.
    pub(crate) fn console(&self) -> String {
        let console = text(&self.done(&["console"]), "/console");
        console.trim_end_matches('/').to_owned()
    }

    /// Ines, an owner of the client.
    pub(crate) fn ines(&self) -> &Person {
        self.ines.as_ref().unwrap()
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

    /// What whoever has a process's folder shows at its desk's API.
    pub(crate) fn bearer(process: &Process) -> String {
        let token = fs::read_to_string(process.folder.join("cli.token")).unwrap();
        format!("Authorization: Bearer {}\r\n", token.trim())
    }

    /// Where the desk's API is now.
    pub(crate) fn api(&self) -> String {
        let server = fs::read_to_string(self.desk.folder.join("server.json")).unwrap();
        let server: Value = serde_json::from_str(&server).unwrap();
        format!("{}/api/v1", text(&server, "/desk"))
    }

    /// What the API says at a path, for who has the desk's folder.
    pub(crate) fn read(&self, path: &str) -> Value {
        let answer = ask("GET", &format!("{}{path}", self.api()), &Self::bearer(&self.desk), "");
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
        self.connect_as("bot", gateway)
    }

    /// Another agent at one gateway.
    pub(crate) fn connect_as(&self, agent: &str, gateway: &Process) -> Connected {
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
        let mut command = self.command(&gateway.folder, &["connect", &url, "--agent", agent]);
        command.env("WRIT_AGENT_DIR", &to).stdin(Stdio::piped()).stdout(Stdio::piped());
        Connected::greet(command.spawn().unwrap())
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

/// An address that nobody has.
pub(crate) fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
