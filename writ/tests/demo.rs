//! The demo as a user runs it: the real binary, once, with its summary, its folder, and the commands on that folder.

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
    for name in ["activation_refused", "ledger_verified", "held"] {
        assert_eq!(summary[name], true, "{name}");
    }
    assert_eq!(summary["tenants"], 4);
    assert_eq!(summary["denied_received_upstream"], 0);
    assert!(summary["kill_ms"].as_f64().unwrap() < 1000.0);
    assert!(summary["calls_denied"].as_u64().unwrap() >= 3);

    let upstream = fs::read_to_string(format!("{data}/upstream.ndjson")).unwrap();
    assert!(upstream.contains("send_message") && !upstream.contains("data-rescue"));

    let (code, stdout) = writ(&["agent", "list", "--json", "--data", data]);
    assert_eq!(code, 0);
    let agents: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(agents.as_array().unwrap().len(), 13);
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
