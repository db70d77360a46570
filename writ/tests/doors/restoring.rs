//! The machine is lost, and a backup from before an agent's end is restored elsewhere: the agent stays dead until a person
//! has signed, and the client's witness says what is missing.

use std::{fs, path::Path, process::Stdio};

use serde_json::{Value, json};

use crate::{Running, SERVER, Scene, Stage, call};

fn killed(mut up: Running) {
    // As a lost machine ends: nothing is written any more.
    up.child.kill().unwrap();
    up.child.wait().unwrap();
}

/// What an agent's own process gets: the tool's answer, or the whole document.
fn asks(scene: &Scene) -> Result<String, String> {
    let mut wrap = scene.command(&["wrap", "--server", "local", "--", "python3", "-c", SERVER]);
    wrap.stderr(Stdio::piped());
    let mut wrapped = Running::start(wrap).unwrap();
    let asked = wrapped.input.as_mut().map(|input| {
        use std::io::Write as _;
        writeln!(input, "{}", call(1, "read"))
    });
    let answer = if matches!(asked, Some(Ok(()))) { wrapped.document() } else { Value::Null };
    // It says that the call has ended before it ends itself.
    drop(wrapped.input.take());
    wrapped.child.wait().unwrap();
    match answer.pointer("/result/content/0/text").and_then(Value::as_str) {
        Some(text) => Ok(text.to_owned()),
        None => Err(answer.to_string()),
    }
}

fn path(scene: &Scene, name: &str) -> String {
    scene.folder.path().join(name).display().to_string()
}

/// A witness of the client's ledger, named by the provider; looks once.
struct Witness {
    dir: String,
    key: String,
}

impl Witness {
    fn named(scene: &Scene) -> Self {
        let dir = path(scene, "witness");
        let made = scene.done(&["witness", "init", &dir, "--name", "harbor/w"]);
        let key = made["key"].as_str().unwrap();
        let name = ["witness", "name", "--client", "harbor", "--name", "w", key];
        scene.done(&name);
        let book = path(scene, "book-for-key");
        scene.done(&["ledger", "export", "--tenant", "harbor", &book]);
        let verified = scene.done(&["ledger", "verify", &book]);
        Self { dir, key: verified["key"].as_str().unwrap().to_owned() }
    }

    fn looks(&self, scene: &Scene, more: &[&str]) -> (i32, Value) {
        let file = scene.folder.path().join("data/server.json");
        let server: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        let url = server["desk"].as_str().unwrap();
        let run = ["witness", "run", &self.dir, "--server", url, "--log-key", &self.key, "--once"];
        scene.run(&[&run[..], more].concat())
    }
}

/// Another machine with the same operator's file, the agent's own keys, and nothing else.
fn elsewhere(lost: &Scene) -> Scene {
    let mut scene = Scene::new();
    let data = scene.folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::copy(lost.folder.path().join("data/writ.toml"), data.join("writ.toml")).unwrap();
    copy(&lost.folder.path().join("agents"), &scene.folder.path().join("agents"));
    scene.signer.clone_from(&lost.signer);
    scene
}

fn copy(from: &Path, to: &Path) {
    let done = std::process::Command::new("cp").arg("-r").args([from, to]).status();
    assert!(done.is_ok_and(|done| done.success()));
}

#[test]
fn a_restored_backup_raises_nobody_and_the_witness_says_what_is_gone() {
    let Stage { scene, up, .. } = Stage::set(Scene::new());
    let code = |scene: &Scene| {
        let offer = scene.done(&["agent", "offer", "--client", "harbor", "bot"]);
        offer["code"].as_str().unwrap().to_owned()
    };
    scene.done(&["enroll", &code(&scene)]);
    assert_eq!(asks(&scene).unwrap(), "read");
    let open = code(&scene);
    let witness = Witness::named(&scene);
    let (exit, told) = witness.looks(&scene, &[]);
    assert_eq!(exit, 0, "{told:#}");

    let (backup, key) = (path(&scene, "backup"), path(&scene, "paper"));
    let made = scene.done(&["backup", "init", "--to", &backup, "--key", &key]);
    assert!(made["key"].as_str().unwrap().starts_with("writ-backup-1-"), "{made:#}");
    let ran = scene.done(&["backup", "run", "--to", &backup, "--key", &key]);
    assert_eq!(ran["generation"], 1, "{ran:#}");
    assert!(ran["records"].as_u64().is_some_and(|records| records >= 1), "{ran:#}");

    // After the backup: the agent is ended, and the witness sees that.
    scene.done(&["agent", "terminate", "--client", "harbor", "bot", "--reason", "it went astray"]);
    assert!(asks(&scene).is_err());
    let (exit, told) = witness.looks(&scene, &[]);
    assert_eq!(exit, 0, "{told:#}");
    let seen = told["size"].as_u64().unwrap();
    killed(up);

    let other = elsewhere(&scene);
    let from = ["restore", "--from", &backup, "--key", &key, "--witness", &witness.dir];
    let told = other.done(&from);
    let harbor = told["ledgers"].as_array().unwrap().iter().find(|row| row["client"] == "Harbor");
    let harbor = harbor.unwrap();
    assert_eq!((&harbor["held"], &harbor["code"]), (&json!(1), &json!("EVID-0020")), "{told:#}");
    let lines = harbor["lines"].as_u64().unwrap();
    assert_eq!(harbor["gap"].as_u64().unwrap(), seen - lines, "{told:#}");
    assert!(harbor["void"].as_u64().unwrap() >= 1, "a code was open: {told:#}");
    assert!(told["says"].to_string().contains("EVID-0020"), "{told:#}");
    let (exit, again) = other.run(&from);
    assert_eq!((exit, &again["error"]["code"]), (1, &json!("BKUP-0007")), "{again:#}");

    raised_by_signature_only(&other, &witness, &open, seen);
}

fn raised_by_signature_only(scene: &Scene, witness: &Witness, open: &str, seen: u64) {
    let mut up = scene.start();
    up.document();
    let agents = scene.done(&["agent", "list", "--client", "harbor"]);
    assert_eq!(agents[0]["life"], "held", "{agents:#}");
    let refused = asks(scene).unwrap_err();
    assert!(!refused.contains("\"result\""), "{refused}");
    assert_eq!(scene.run(&["enroll", open]).0, 1, "a code from before is void");
    let (exit, told) = witness.looks(scene, &[]);
    assert_eq!((exit, &told["error"]["code"]), (5, &json!("EVID-0020")), "{told:#}");
    assert!(told["error"]["detail"].as_str().unwrap().contains("are gone"), "{told:#}");

    scene.done(&["agent", "release", "--client", "harbor", "bot"]);
    assert_eq!(asks(scene).unwrap(), "read", "a person has signed");
    let (exit, told) = witness.looks(scene, &["--after-restore"]);
    assert_eq!(exit, 0, "{told:#}");
    assert!(told["size"].as_u64().is_some(), "{told:#}");
    assert!(Path::new(&witness.dir).join(format!("seen-{seen}.json")).exists(), "it is kept");
    let (exit, told) = witness.looks(scene, &["--after-restore"]);
    assert_eq!(exit, 1, "only once: {told:#}");
}
