//! The PostgreSQL and the NATS of one cluster, in the clear on loopback or with the certificates that `deploy/certificates.sh`
//! makes; and what the operator's file says of them.
//!
//! Never here: a process of Writ.

use std::{fs, path::Path, process::Command};

use writ_testkit::{Certificates, Nats, Postgres, TempDir};

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
/// The password of the processes' role, where it needs one.
const PASSWORD: &str = "a-password-of-the-test";
/// More of `[store]` and `[bus]` where both speak TLS only.
const SECURED: [&str; 2] =
    ["password_file = \"postgres.secret\"\nca_file = \"ca.pem\"\n", "ca_file = \"ca.pem\"\n"];

/// Both engines.
pub(crate) struct Engines {
    pub(crate) postgres: Postgres,
    _nats: Nats,
    /// Where the owner of the tables finds the database.
    pub(crate) owner: String,
    /// The operator's file but for where the desk listens.
    sections: String,
    /// What stands beside the operator's file in every data folder.
    pub(crate) files: Vec<(&'static str, Vec<u8>)>,
    _certificates: Option<TempDir>,
}

impl Engines {
    /// On loopback, in the clear.
    pub(crate) fn plain() -> Self {
        let (postgres, nats) = (Postgres::start().unwrap(), Nats::start().unwrap());
        let owner = postgres.owner_url();
        let sections = sections(&postgres.url(), &nats.urls(), ["", ""]);
        Self { postgres, _nats: nats, owner, sections, files: Vec::new(), _certificates: None }
    }

    /// With TLS and a password, by an authority of their own.
    pub(crate) fn secured() -> Self {
        let folder = TempDir::new().unwrap();
        certify(folder.path());
        let file = |name: &str| folder.path().join(name);
        let postgres = Postgres::start().unwrap();
        // The server reads its key as its own user, from where only it may look.
        let [certificate, key] = ["localhost.pem", "localhost.key"].map(|name| {
            let copy = postgres.data().join(name);
            fs::copy(file(name), &copy).unwrap();
            assert!(Command::new("chmod").arg("644").arg(&copy).status().unwrap().success());
            copy
        });
        let ca = file("ca.pem");
        let set = format!("ALTER ROLE writ_app PASSWORD '{PASSWORD}'");
        postgres.sql("postgres", &set).unwrap();
        let certificates = Certificates { ca: ca.clone(), certificate, key };
        postgres.demand_tls(&certificates, "writ_app").unwrap();
        let (cert, key) = (file("localhost.pem"), file("localhost.key"));
        let (cert, key) = (cert.display(), key.display());
        let tls = format!("tls {{ cert_file: \"{cert}\", key_file: \"{key}\" }}");
        let nats = Nats::with(1, &tls).unwrap();
        let named = |url: &str| url.replace("127.0.0.1", "localhost");
        let urls: Vec<String> =
            nats.urls().iter().map(|url| named(url).replace("nats://", "tls://")).collect();
        let owner = named(&postgres.owner_url());
        let sections = sections(&named(&postgres.url()), &urls, SECURED);
        let secret = format!("{PASSWORD}\n").into_bytes();
        let files = vec![("postgres.secret", secret), ("ca.pem", fs::read(ca).unwrap())];
        Self { postgres, _nats: nats, owner, sections, files, _certificates: Some(folder) }
    }

    /// The operator's file of processes whose desk listens there.
    pub(crate) fn file(&self, desk: &str) -> String {
        format!("[desk]\nlisten = \"{desk}\"\nissuer = \"http://{desk}\"\n{}", self.sections)
    }
}

/// An authority, and a certificate for this machine by it, as the example makes them.
pub(crate) fn certify(folder: &Path) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/certificates.sh");
    let made = Command::new("sh").arg(script).arg(folder).arg("localhost").output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

fn sections(postgres: &str, nats: &[String], [store, bus]: [&str; 2]) -> String {
    format!(
        "[gateway]\nlisten = \"127.0.0.1:0\"\n[store]\npostgres = \"{postgres}\"\n{store}\
        [bus]\nnats = {nats:?}\n{bus}[cluster]\nseal_seconds = 1\n[metrics]\nlisten = \"127.0.0.1:0\"\n\
        [[server]]\nname = \"shelf\"\ncommand = [\"python3\", \"-c\", '''{SERVER}''']\n\
        env = {{ PATH = \"/usr/bin:/bin\" }}\n"
    )
}
