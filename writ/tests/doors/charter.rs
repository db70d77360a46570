//! The charter by its commands, with the real binary: drafted, read, signed, tried, suspended, frozen; what waits for a
//! yes; a clause that refuses, refuses the provider's owner every governed verb.

use std::fs;

use serde_json::{Value, json};

use writ_app::book::{drill, verify::Insist};

use crate::{Running, SERVER, Scene, Stage, call, everything};

const AT: [&str; 2] = ["--client", "harbor"];

fn clause(key: &str, actions: &[&str], mode: &Value) -> Value {
    json!({"key": key, "title": key, "actions": actions, "mode": mode})
}

fn by_ines() -> Value {
    json!({"approve": {"quorum": [{"party": "client", "role": "owner", "n": 1}]}})
}

impl Scene {
    fn at(&self, words: &[&str]) -> (i32, Value) {
        self.run(&[words, &AT].concat())
    }

    fn did(&self, words: &[&str]) -> Value {
        self.done(&[words, &AT].concat())
    }

    /// Asks until it is answered: records are written behind the calls.
    fn in_time(&self, words: &[&str]) -> Value {
        let mut asked = (0..50).map(|_| self.at(words));
        asked.find(|(exit, _)| *exit == 0).unwrap().1
    }

    /// How long the client's book is.
    fn lines(&self) -> u64 {
        let note = self.did(&["ledger", "checkpoint"]);
        note["size"].as_u64().unwrap()
    }
}

fn code(told: &Value) -> &str {
    told["error"]["code"].as_str().unwrap_or_default()
}

#[test]
fn a_charter_is_drafted_read_signed_tried_and_stopped() {
    let Stage { scene, up: _up, ines } = Stage::set(Scene::new());
    let actions = scene.done(&["action", "list"]);
    assert!(actions.to_string().contains("payment.release"), "{actions:#}");
    let templates = scene.done(&["template", "list"]);
    for name in ["cautious", "balanced", "hands-off"] {
        assert!(templates.to_string().contains(name), "{name}: {templates:#}");
    }
    let balanced = scene.done(&["template", "show", "balanced"]);
    let keys: Vec<&str> = balanced["inherited"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|row| row["key"].as_str())
        .collect();
    assert!(!keys.is_empty(), "{balanced:#}");

    let checked = scene.did(&["charter", "check"]);
    assert_eq!((&checked["clauses"], &checked["orphans"]), (&json!(1), &json!(0)), "{checked:#}");
    assert!(checked["points"].as_u64().unwrap() > 1, "{checked:#}");

    let set = format!("{}=refuse", keys[0]);
    scene.did(&["charter", "draft", "--template", "balanced", "--set", &set]);
    let clauses = scene.did(&["charter", "clauses", "--version", "draft"]);
    let first = clauses.as_array().unwrap().iter().find(|row| row["key"] == keys[0]).unwrap();
    assert_eq!(first["mode"], "refuse", "{clauses:#}");
    let changes = scene.did(&["charter", "diff"]);
    assert!(changes["changes"].as_array().is_some_and(|rows| !rows.is_empty()), "{changes:#}");
    let letter = scene.did(&["charter", "letter", "--version", "draft"]);
    assert!(letter["letter"]["opening"].is_string(), "{letter:#}");
    let replay = scene.did(&["charter", "replay", "--days", "7"]);
    assert!(replay["looked"].is_u64(), "{replay:#}");
    let pdf = scene.folder.path().join("appendix.pdf").display().to_string();
    scene.did(&["charter", "pdf", &pdf]);
    assert!(fs::read(&pdf).unwrap().starts_with(b"%PDF-"));
    let (exit, told) = scene.at(&["charter", "sign", "--digest", "00"]);
    assert_eq!(exit, 1, "another digest: {told:#}");
    scene.did(&["charter", "withdraw", "--reason", "Not yet"]);
    assert!(scene.did(&["charter", "show"])["draft"].is_null());

    let (exit, told) =
        scene.at(&["charter", "draft", "--template", "balanced", "--set", "nothing=act"]);
    assert_eq!(exit, 2, "{told:#}");
    assert!(told["error"]["cure"].as_str().unwrap().contains(keys[0]), "{told:#}");
    let file = scene.folder.path().join("bad.toml");
    fs::write(
        &file,
        "[[clauses]]\nkey = \"x\"\ntitle = \"\"\nactions = [\"no.such\"]\nmode = \"always\"\n",
    )
    .unwrap();
    let (exit, told) = scene.at(&["charter", "draft", "--file", file.to_str().unwrap()]);
    assert_eq!((exit, code(&told)), (1, "AUTH-0035"), "{told:#}");
    assert!(told["error"]["cure"].as_str().unwrap().contains("clauses[0]"), "{told:#}");
    stops(&scene);
    loose(&scene, &ines);
}

/// Suspending and freezing take no signature; going on does.
fn stops(scene: &Scene) {
    scene.did(&["charter", "suspend", "--clause", "everything", "--reason", "Odd"]);
    let (exit, told) = scene.at(&["agent", "offer", "bot"]);
    assert_eq!((exit, code(&told)), (1, "AUTH-0040"), "{told:#}");
    scene.did(&["charter", "resume", "--clause", "everything"]);
    scene.did(&["agent", "offer", "bot"]);
    scene.did(&["freeze", "--reason", "An attack"]);
    let standing = scene.did(&["charter", "show"]);
    assert_eq!(standing["frozen"][0]["side"], "provider", "{standing:#}");
    let (exit, told) = scene.at(&["agent", "offer", "bot"]);
    assert_eq!((exit, code(&told)), (1, "AUTH-0041"), "{told:#}");
    scene.did(&["thaw"]);
    scene.did(&["agent", "offer", "bot"]);
}

/// A grant that no clause covers is a loose end.
fn loose(scene: &Scene, ines: &crate::people::Person) {
    scene.agree("harbor", ines, &json!([clause("agents-only", &["agent.*"], &json!("act"))]));
    let (exit, told) = scene.at(&["charter", "check"]);
    assert_eq!(exit, 1, "{told:#}");
    assert!(told["orphans"].as_u64().unwrap() > 0, "one document, with what it found: {told:#}");
    assert!(told["found"][0]["cure"].is_string(), "{told:#}");
    scene.agree("harbor", ines, &everything());
    assert_eq!(scene.did(&["charter", "check"])["orphans"], 0);
}

#[test]
fn what_is_asked_for_waits_for_the_other_partys_yes() {
    let Stage { scene, up: _up, ines } = Stage::set(Scene::new());
    let clauses = json!([
        clause("everything", &["*"], &json!("act")),
        clause("wider", &["agent.widen"], &by_ines()),
    ]);
    scene.agree("harbor", &ines, &clauses);
    let give = [
        "grant", "give", "--agent", "bot", "--server", "local", "--tool", "write", "--reason", "r",
    ];
    let (exit, told) = scene.at(&give);
    assert_eq!((exit, &told["waits"]["code"]), (6, &json!("DESK-0019")), "{told:#}");
    let hold = told["waits"]["hold"]["hold"].as_str().unwrap();
    assert!(told["waits"]["cure"].as_str().unwrap().contains("must say yes until"), "{told:#}");
    let grants = scene.did(&["grant", "list"]);
    assert_eq!(grants.as_array().unwrap().len(), 1, "nothing was given: {grants:#}");

    let waiting = scene.done(&["approval", "list"]);
    assert_eq!(waiting["rows"][0]["hold"], hold, "{waiting:#}");
    let shown = scene.did(&["approval", "show", hold]);
    assert_eq!((&shown["kind"], &shown["state"]), (&json!("act"), &json!("waiting")), "{shown:#}");
    let (exit, told) = scene.at(&["approval", "approve", hold]);
    assert_eq!((exit, code(&told)), (1, "AUTH-0043"), "who asks does not approve: {told:#}");
    let (exit, told) = scene.at(&["approval", "approve", hold, "--digest", "00"]);
    assert_eq!(exit, 1, "another digest: {told:#}");

    let path = format!("/clients/harbor/approvals/{hold}/approve");
    let body = json!({"digest": shown["asked"]["digest"], "words": "Yes"});
    let origin = scene.origin();
    let yes = ines.act(&origin, &path, &body);
    assert_eq!(yes.status, 200, "{:#}", yes.body);
    let grants = scene.did(&["grant", "list"]);
    assert_eq!(grants.as_array().unwrap().len(), 2, "done with her yes: {grants:#}");
    let again = ines.act(&origin, &path, &body);
    assert_eq!((again.status, &again.body["code"]), (409, &json!("AUTH-0042")), "{:#}", again.body);

    let (exit, told) = scene.at(&give);
    assert_eq!(exit, 6, "the next one waits by itself: {told:#}");
    let next = told["waits"]["hold"]["hold"].as_str().unwrap();
    assert_ne!(next, hold);
    scene.did(&["approval", "refuse", next, "--words", "Once is enough"]);
    let shown = scene.did(&["approval", "show", next]);
    assert_eq!(shown["state"], "refused", "{shown:#}");
    let path = format!("/clients/harbor/approvals/{next}/approve");
    let body = json!({"digest": shown["asked"]["digest"]});
    let late = ines.act(&origin, &path, &body);
    assert_eq!(late.body["code"], "AUTH-0042", "{:#}", late.body);
    assert_eq!(scene.did(&["grant", "list"]).as_array().unwrap().len(), 2);
}

/// What a wrapped server answered; nothing if it was not asked.
fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_default()
}

/// What a call waits under.
fn waits(answer: &Value) -> String {
    let data = &answer["error"]["data"];
    assert_eq!(data["code"], "HOLD-0001", "{answer:#}");
    data["hold_id"].as_str().unwrap().to_owned()
}

#[test]
fn a_call_that_is_asked_for_runs_once_after_the_yes() {
    let Stage { scene, up: _up, ines } = Stage::set(Scene::new());
    let clauses = json!([
        clause("everything", &["*"], &json!("act")),
        clause("tools", &["tool.*"], &by_ines()),
    ]);
    scene.agree("harbor", &ines, &clauses);
    let offer = scene.did(&["agent", "offer", "bot"]);
    scene.done(&["enroll", offer["code"].as_str().unwrap()]);
    let wrap = scene.command(&["wrap", "--server", "local", "--", "python3", "-c", SERVER]);
    let mut wrapped = Running::start(wrap).unwrap();
    let told = wrapped.ask(&call(1, "read"));
    let hold = waits(&told);
    // An agent reads who is asked, not what they are called.
    let people = scene.did(&["person", "list"]);
    let asked = people.as_array().unwrap().iter().find(|row| row["name"] == "Ines").unwrap();
    let (said, asked) = (told["error"].to_string(), asked["person"].as_str().unwrap());
    assert!(
        said.contains(asked) && !said.contains("Ines") && !said.contains("sealed:"),
        "{told:#}"
    );
    assert_eq!(waits(&wrapped.ask(&call(2, "read"))), hold, "asked once");
    let shown = scene.did(&["approval", "show", &hold]);
    assert_eq!(
        (&shown["kind"], &shown["asked"]["name"]),
        (&json!("call"), &json!("read")),
        "{shown:#}"
    );
    let path = format!("/clients/harbor/approvals/{hold}/approve");
    let body = json!({"digest": shown["asked"]["digest"]});
    let yes = ines.act(&scene.origin(), &path, &body);
    assert_eq!(yes.status, 200, "{:#}", yes.body);
    let altered = json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call",
        "params": {"name": "read", "arguments": {"more": true}}});
    assert_ne!(waits(&wrapped.ask(&altered)), hold, "another call waits by itself");
    assert_eq!(text(&wrapped.ask(&call(4, "read"))), "read", "the approved one");
    assert_ne!(waits(&wrapped.ask(&call(5, "read"))), hold, "an approval is used once");
    let state = scene.did(&["approval", "show", &hold])["state"].clone();
    assert_eq!(state, "done");
    let bot = ["--agent", "bot", "--name", "read"];
    let explained = scene.in_time(&[&["explain"][..], &bot].concat());
    assert!(explained["clauses"].to_string().contains("tools"), "{explained:#}");
    let pdf = scene.folder.path().join("why.pdf").display().to_string();
    scene.did(&[&["explain", "--pdf", &pdf][..], &bot].concat());
    assert!(fs::read(&pdf).unwrap().starts_with(b"%PDF-"));
}

#[test]
fn the_quickstart_holds_with_its_template() {
    let Stage { scene, up: _up, ines } = Stage::set(Scene::new());
    let origin = scene.origin();
    let draft = ["charter", "draft", "--template", "balanced", "--enforced-only"];
    let drafted = scene.did(&[&draft[..], &["--counts", "local/read*=file.read"]].concat());
    assert!(drafted["left_out"].to_string().contains("payments"), "{drafted:#}");
    assert!(
        scene.did(&["charter", "letter", "--version", "draft"])["letter"]["opening"].is_string()
    );
    scene.did(&["charter", "sign"]);
    let draft = scene.did(&["charter", "show"])["draft"].clone();
    let body = json!({"charter": draft["charter"], "digest": draft["digest"]});
    assert_eq!(ines.act(&origin, "/clients/harbor/charter/sign", &body).status, 200);
    scene.did(&["agent", "propose", "--name", "order-clerk", "--purpose", "Answers orders."]);
    let answers = ["--authorizer", "Ines", "--auditor", "Tova", "--terminator", "Mara"];
    scene.did(
        &[&["agent", "account", "order-clerk", "--terminator", "Ines"][..], &answers].concat(),
    );
    let waits: [&[&str]; 3] = [
        &["agent", "activate", "order-clerk"],
        &[
            "grant",
            "give",
            "--agent",
            "order-clerk",
            "--server",
            "local",
            "--tool",
            "read",
            "--reason",
            "r",
        ],
        &["ledger", "export", "--tenant", "harbor"],
    ];
    for words in waits {
        let book = scene.folder.path().join("quick").display().to_string();
        let whole =
            if words[0] == "ledger" { [words, &[&book]].concat() } else { [words, &AT].concat() };
        let (exit, told) = scene.run(&whole);
        assert_eq!(exit, 6, "{words:?}: {told:#}");
        let hold = &told["waits"]["hold"];
        let path = format!("/clients/harbor/approvals/{}/approve", hold["hold"].as_str().unwrap());
        let yes = ines.act(&origin, &path, &json!({"digest": hold["asked"]["digest"]}));
        assert_eq!(yes.status, 200, "{:#}", yes.body);
        if words[0] == "ledger" {
            fs::remove_dir_all(&book).ok();
            scene.done(&whole);
        }
    }
    let agent = scene.did(&["agent", "show", "order-clerk"]);
    assert_eq!(agent["life"], "active", "{agent:#}");
    scene.did(&["agent", "offer", "order-clerk"]);
    let checked = scene.did(&["charter", "check"]);
    assert_eq!(checked["orphans"], 0, "{checked:#}");
}

#[test]
fn a_drill_is_run_listed_and_verified() {
    let Stage { scene, up: _up, .. } = Stage::set(Scene::new());
    let give = ["grant", "give", "--agent", "bot", "--server", "shelf", "--tool", "list"];
    scene.did(&[&give[..], &["--reason", "r"]].concat());
    let drilled = scene.did(&["drill", "rogue-agent", "--agent", "bot"]);
    assert_eq!(drilled["state"], "passed", "{drilled:#}");
    assert!(drilled["total_us"].as_u64().unwrap() <= 1_000_000, "{drilled:#}");
    let steps = drilled["steps"].as_array().unwrap();
    assert!(steps.iter().all(|step| step["ok"] == true && step["took_us"].is_u64()), "{drilled:#}");
    let bot = scene.did(&["agent", "show", "bot"]);
    assert_eq!(bot["life"], "active", "the real one is not touched: {bot:#}");
    let page = scene.did(&["drill", "list"]);
    assert_eq!(page["rows"][0]["drill"], drilled["drill"], "{page:#}");
    let file = scene.folder.path().join("drill.json").display().to_string();
    scene.did(&["drill", "export", drilled["drill"].as_str().unwrap(), &file]);
    let verified = scene.done(&["drill", "verify", &file]);
    assert_eq!(verified["end_us"], drilled["end_us"], "{verified:#}");
    let key = scene.did(&["ledger", "checkpoint"])["verifier_key"].clone();
    scene.done(&["drill", "verify", &file, "--key", key.as_str().unwrap()]);
    let another = "writ.example/x+4f2d9c1a+AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAh";
    assert_ne!(scene.run(&["drill", "verify", &file, "--key", another]).0, 0, "another's key");
    any_change_is_found(&fs::read(&file).unwrap());
}

/// A drill's file with one byte changed does not verify, wherever it is.
fn any_change_is_found(file: &[u8]) {
    let insist = Insist::default();
    assert!(drill::verify(file, &insist).is_ok());
    for at in (0..file.len()).step_by(7) {
        let mut changed = file.to_vec();
        changed[at] ^= 1;
        let same =
            serde_json::from_slice::<Value>(&changed).ok() == serde_json::from_slice(file).ok();
        // What signs beside the ledger's own key is not asked for here.
        let found = drill::verify(&changed, &insist).is_err();
        let said = String::from_utf8_lossy(&file[at.saturating_sub(20)..(at + 20).min(file.len())]);
        assert!(found || same, "byte {at} near {said}");
    }
}

#[test]
fn who_is_away_and_what_is_watched_and_what_is_sent() {
    let Stage { scene, up: _up, ines } = Stage::set(Scene::new());
    let until = "2126-01-01T00:00:00Z";
    let (exit, told) = scene.at(&["observe", "start", "--until", until, "--reason", "r"]);
    assert_eq!((exit, code(&told)), (1, "AUTH-0011"), "90 days at most: {told:#}");
    let now = writ_model::Clock::now(&writ_app::system::SystemClock);
    let soon = (now + writ_model::Span::days(7)).to_string();
    let before = (now - writ_model::Span::days(1)).to_string();
    scene.did(&[
        "observe",
        "start",
        "--agent",
        "bot",
        "--until",
        &soon,
        "--reason",
        "Its first week",
    ]);
    let report = scene.did(&["observe", "report", "--from", &before]);
    assert_eq!(report["observing"][0]["name"], "bot", "{report:#}");
    scene.did(&["observe", "end", "--agent", "bot"]);
    scene.did(&["away", "set", "--deputy", "Tova", "--until", &soon]);
    let away = scene.done(&["approval", "list"]);
    assert_eq!(away["away"][0]["deputy"]["name"], "Tova", "{away:#}");
    scene.did(&["away", "end"]);
    let key = scene.done(&["notify", "key"]);
    assert!(key["key"].as_str().unwrap().starts_with("whpk_"), "{key:#}");
    let list = scene.did(&["notify", "list"]);
    assert!(list["rows"].is_array(), "{list:#}");
    let file = scene.folder.path().join("dental.toml").display().to_string();
    fs::write(&file, "[[clauses]]\nkey = \"images\"\ntitle = \"Images\"\nactions = [\"data.share\"]\nmode = \"refuse\"\n").unwrap();
    scene.done(&["template", "set", "dental", "--parent", "cautious", "--file", &file]);
    let dental = scene.done(&["template", "show", "dental"]);
    assert!(
        dental["inherited"].as_array().unwrap().iter().any(|row| row["key"] == "images"),
        "{dental:#}"
    );
    drop(ines);
}

#[test]
fn a_clause_that_refuses_binds_the_providers_owner() {
    let Stage { scene, up, ines } = Stage::set(Scene::new());
    for name in ["asleep", "waiting"] {
        scene.did(&["agent", "propose", "--name", name, "--purpose", "Waits"]);
        let answers = ["--authorizer", "Mara", "--auditor", "Tova", "--terminator", "Mara"];
        scene.did(&[&["agent", "account", name, "--terminator", "Ines"][..], &answers].concat());
    }
    scene.did(&["agent", "activate", "waiting"]);
    scene.did(&["agent", "hold", "waiting", "--reason", "r"]);
    scene.agree("harbor", &ines, &json!([clause("nobody", &["*"], &json!("refuse"))]));
    let book = scene.folder.path().join("refused").display().to_string();
    let governed: [&[&str]; 7] = [
        &["agent", "activate", "asleep"],
        &["agent", "release", "waiting"],
        &["agent", "account", "bot", "--authorizer", "Ines"],
        &["agent", "offer", "bot"],
        &["grant", "give", "--agent", "bot", "--server", "local", "--tool", "x", "--reason", "r"],
        &["observe", "start", "--until", "2126-01-01T00:00:00Z", "--reason", "r"],
        &["ledger", "export", "--tenant", "harbor", &book],
    ];
    let mut up = Some(up);
    for place in ["a running server", "a store that stands still"] {
        let before = scene.lines();
        for words in governed {
            let whole = if words[0] == "ledger" { words.to_vec() } else { [words, &AT].concat() };
            let (exit, told) = scene.run(&whole);
            assert_eq!((exit, code(&told)), (1, "AUTH-0037"), "{place}: {words:?}: {told:#}");
            let what = told["error"]["detail"].as_str().unwrap();
            assert!(what.contains("nobody"), "it names the clause: {what}");
        }
        assert_eq!(scene.lines(), before, "nothing was written at {place}");
        drop(up.take());
    }
    // What stops is never refused.
    scene.did(&["agent", "quarantine", "bot", "--reason", "odd"]);
    scene.did(&["freeze", "--reason", "odd"]);
    scene.did(&["agent", "terminate", "bot", "--reason", "odd"]);
}
