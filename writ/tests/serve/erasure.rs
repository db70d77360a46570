//! Erasing a name where several processes share a database: no file of the database or of a process has it, before or after.

use std::{fs, path::Path};

use crate::{
    cluster::Cluster,
    process::{call, text},
};

const NAME: &str = "Quillon Vesterby";

fn holds(folder: &Path) -> Vec<String> {
    let mut hits = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return hits };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            hits.extend(holds(&path));
        } else if let Ok(bytes) = fs::read(&path)
            && bytes.windows(NAME.len()).any(|part| part == NAME.as_bytes())
        {
            hits.push(path.display().to_string());
        }
    }
    hits
}

#[test]
fn postgres_holds_no_name_of_anybody_and_erasing_one_leaves_every_proof() {
    let cluster = Cluster::start();
    let at = ["--client", "northlight"];
    let invite = ["person", "invite", "--name", NAME, "--side", "provider", "--role", "engineer"];
    let invited = cluster.done(&[&invite[..], &at].concat());
    let (person, invitation) = (text(&invited, "/person"), text(&invited, "/invitation"));
    let listed = || cluster.done(&[&["person", "invitations"], &at[..]].concat()).to_string();
    assert!(listed().contains(NAME), "{}", listed());
    let keys = || {
        let count = format!("SELECT count(*) FROM writ.secrets WHERE name = 'person/{person}'");
        cluster.engines.postgres.sql("writ", &count).unwrap().trim().to_owned()
    };
    assert_eq!(keys(), "1");
    let withdraw = ["person", "withdraw", &invitation, "--reason", "The plan changed"];
    cluster.done(&[&withdraw[..], &at].concat());
    cluster.done(&[&["person", "erase", &person], &at[..]].concat());
    assert_eq!(keys(), "0");
    let after = listed();
    assert!(!after.contains(NAME) && after.contains(&format!("erased person {person}")), "{after}");
    // A checkpoint writes what is only in memory yet.
    cluster.engines.postgres.sql("writ", "CHECKPOINT").unwrap();
    let folders = [&cluster.desk, &cluster.soc].into_iter().chain(&cluster.gateways);
    for folder in folders.map(|process| process.folder.as_path()) {
        assert_eq!(holds(folder), Vec::<String>::new());
    }
    assert_eq!(holds(&cluster.engines.postgres.data()), Vec::<String>::new());
    // Every process reads the new kind, and who holds the book proves it.
    for gateway in &cluster.gateways {
        let answer = cluster.connect(gateway).ask(&call(1, "read"));
        assert_eq!(answer["result"]["content"][0]["text"], "read", "{answer:#}");
    }
    let book = cluster.path("book").display().to_string();
    cluster.done(&["ledger", "export", "--tenant", "northlight", &book]);
    cluster.done(&["ledger", "verify", &book]);
}
