//! The demo as a user runs it: the real binary, once, with its summary, its folder, and the commands on that folder.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail loudly")]

use std::{fs, process::Command};

use serde_json::Value;
use writ_testkit::TempDir;

/// Exit code and stdout; -1 and the reason if it could not be run.
fn writ(arguments: &[&str]) -> (i32, String) {
    match Command::new(env!("CARGO_BIN_EXE_writ")).args(arguments).output() {
        Ok(output) => {
            let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
            (output.status.code().unwrap_or(-1), stdout)
        }
        Err(error) => (-1, error.to_string()),
    }
}

#[test]
fn the_story_holds_and_its_folder_answers_afterwards() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let (code, stdout) = writ(&["demo", "--once", "--json", "--data", data]);
    let summary: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(code, 0, "{summary:#}");
    for name in [
        "activation_refused",
        "altered_refused",
        "approval_used_once",
        "drill_held",
        "held",
        "ledger_verified",
        "observe_same",
        "refuse_binds",
    ] {
        assert_eq!(summary[name], true, "{name}");
    }
    assert_eq!(summary["tenants"], 4);
    assert_eq!(summary["denied_received_upstream"], 0);
    assert!(summary["kill_ms"].as_f64().unwrap() < 1000.0);
    assert_eq!(summary["charter_orphans"], 0);
    assert!(summary["charter_clauses"].as_u64().unwrap() > 0);
    assert_eq!(summary["held_executed"], 1);
    assert_eq!(summary["observe_blocked"], 0);
    assert_eq!(summary["observe_would_refuse"], 4);
    assert!(summary["drill_us"].as_u64().unwrap() <= 1_000_000, "{summary:#}");
    assert!(summary["calls_denied"].as_u64().unwrap() >= 3);

    let upstream = fs::read_to_string(format!("{data}/upstream.ndjson")).unwrap();
    assert!(upstream.contains("send_message") && !upstream.contains("data-rescue"));

    let (code, stdout) = writ(&["agent", "list", "--json", "--data", data]);
    assert_eq!(code, 0);
    let agents: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(agents.as_array().unwrap().len(), 13);
    for client in ["harbor-books", "juniper-dental", "cole-bakery"] {
        let (code, stdout) =
            writ(&["charter", "check", "--client", client, "--json", "--data", data]);
        let checked: Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!((code, &checked["orphans"]), (0, &0.into()), "{checked:#}");
    }
    drilled(data);
    let export = format!("{data}/again");
    let (code, _) =
        writ(&["ledger", "export", "--tenant", "harbor-books", &export, "--data", data]);
    assert_eq!(code, 0);
    assert_eq!(writ(&["ledger", "verify", &export]).0, 0);
    let bundle = fs::read_dir(format!("{export}/tile/entries")).unwrap().next().unwrap();
    let bundle = fs::read_dir(bundle.unwrap().path()).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&bundle).unwrap();
    bytes[100] ^= 1;
    fs::write(&bundle, bytes).unwrap();
    assert_eq!(writ(&["ledger", "verify", &export]).0, 5);
    let (code, _) = writ(&["demo", "--once", "--data", data]);
    assert_eq!(code, 2, "an old folder is not used again");
}

/// The drill of the story is listed, taken out and verified, by a store that stands still and by a file alone.
fn drilled(data: &str) {
    let at = ["--client", "harbor-books", "--json", "--data", data];
    let (code, stdout) = writ(&[&["drill", "list"][..], &at].concat());
    let page: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &page["rows"][0]["state"]), (0, &"passed".into()), "{page:#}");
    assert!(page["next_due"].is_string(), "the next one is scheduled: {page:#}");
    let drill = page["rows"][0]["drill"].as_str().unwrap();
    let file = format!("{data}/drill.json");
    assert_eq!(writ(&[&["drill", "export", drill, &file][..], &at].concat()).0, 0);
    let (code, stdout) = writ(&["drill", "verify", &file, "--json"]);
    let verified: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &verified["passed"]), (0, &true.into()), "{verified:#}");
    let honest = fs::read_to_string(&file).unwrap();
    let end = verified["end_us"].as_u64().unwrap();
    for (from, to) in [
        (format!("\"end_us\":{end}"), "\"end_us\":1".to_owned()),
        ("\"passed\":true".to_owned(), "\"passed\":false".to_owned()),
    ] {
        assert!(honest.contains(&from), "{from}");
        fs::write(&file, honest.replacen(&from, &to, 1)).unwrap();
        let (code, stdout) = writ(&["drill", "verify", &file, "--json"]);
        assert_eq!(code, 5, "{stdout}");
    }
    fs::write(&file, "{}").unwrap();
    assert_eq!(writ(&["drill", "verify", &file]).0, 5);
}

#[test]
fn what_cannot_be_done_says_so_with_its_code() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("none");
    let data = data.to_str().unwrap();
    let (code, stdout) = writ(&["agent", "list", "--json", "--data", data]);
    assert_eq!(code, 3);
    let fault: Value = serde_json::from_str(&stdout).unwrap();
    assert!(fault["error"]["cure"].as_str().unwrap().contains("writ up"));
    assert!(!folder.path().join("none").exists(), "asking makes nothing");
    assert_eq!(writ(&["agent", "sing"]).0, 2);
    assert_eq!(writ(&["ledger", "verify", data]).0, 3);
}
