//! A client leaves with everything that is theirs, and goes on at another provider.

use std::{fs, path::Path};

use serde_json::Value;

use crate::{Running, Scene, Stage, everything, people::Person};

/// Another provider with an owner who can sign; its store stands still.
fn elsewhere() -> Scene {
    let mut scene = Scene::new();
    scene.done(&["provider", "found", "--name", "Quay IT", "--person", "Nele"]);
    scene.configure();
    let mut up = scene.start();
    let mut nele = Person::new(7);
    let told = up.document();
    assert_eq!(nele.welcome(told["sign_in"].as_str().unwrap()), 200);
    stop(up);
    scene.signer = nele.signs(scene.folder.path());
    scene
}

fn stop(mut up: Running) {
    let pid = up.child.id().to_string();
    let asked = std::process::Command::new("kill").args(["-TERM", &pid]).status();
    assert!(asked.is_ok_and(|asked| asked.success()) && up.child.wait().unwrap().success());
}

fn copy(from: &Path, to: &Path) {
    let done = std::process::Command::new("cp").arg("-r").args([from, to]).status();
    assert!(done.is_ok_and(|done| done.success()));
}

/// One changed letter in the first bundle of a copy.
fn spoil(dir: &Path) {
    let entries = dir.join("ledger/tile/entries");
    let mut at = fs::read_dir(entries).unwrap().next().unwrap().unwrap().path();
    while at.is_dir() {
        at = fs::read_dir(&at).unwrap().next().unwrap().unwrap().path();
    }
    let mut bytes = fs::read(&at).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&at, bytes).unwrap();
}

#[test]
fn a_client_takes_everything_along_and_goes_on_elsewhere() {
    let Stage { scene, up, .. } = Stage::set(Scene::new());
    let taken = scene.folder.path().join("taken");
    let dir = taken.to_str().unwrap();
    let told = scene.done(&["client", "export", "harbor", dir]);
    assert_eq!(told["verified"], true, "{told:#}");
    let root = told["root_fingerprint"].as_str().unwrap();
    let (key, lines) = (told["key"].as_str().unwrap(), told["lines"].as_u64().unwrap());
    for file in ["README.md", "register.json", "records/index.json", "ledger/checkpoint"] {
        assert!(taken.join(file).exists(), "{file}");
    }
    assert!(fs::read_to_string(taken.join("README.md")).unwrap().contains(root));
    let keys: Value = serde_json::from_slice(&fs::read(taken.join("keys.json")).unwrap()).unwrap();
    assert_eq!(keys["passkeys"].as_array().unwrap().len(), 3, "{keys:#}");
    assert!(!keys.to_string().contains("\"d\""), "public parts only");
    let book = taken.join("ledger").display().to_string();
    let receipts: Vec<_> = fs::read_dir(taken.join("receipts")).unwrap().flatten().collect();
    assert_eq!(u64::try_from(receipts.len()).ok(), told["receipts"].as_u64());
    for receipt in receipts {
        let file = receipt.path().display().to_string();
        let verify = ["receipt", "verify", &file, "--ledger", &book, "--root", root];
        let bare = scene.done(&verify)["text"].to_string();
        assert!(bare.contains("a person whose name is sealed (prs_"), "{bare}");
        // With the keys of the names the same words have them.
        let names = taken.join("names.json").display().to_string();
        let named = scene.done(&[&verify[..], &["--names", &names]].concat())["text"].to_string();
        assert!(!named.contains("sealed") && (named.contains("Mara") || named.contains("Ines")));
    }
    assert_eq!(scene.run(&["client", "import", dir]).0, 3, "its server runs");
    stop(up);
    assert_eq!(scene.run(&["client", "import", dir]).0, 1, "it is here already");

    let other = elsewhere();
    let spoiled = other.folder.path().join("spoiled");
    copy(&taken, &spoiled);
    spoil(&spoiled);
    assert_eq!(
        other.run(&["client", "import", spoiled.to_str().unwrap()]).0,
        5,
        "a letter changed"
    );
    let wrong = "aaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aaaa";
    assert_eq!(other.run(&["client", "import", dir, "--root", wrong]).0, 5, "another root");
    let told = other.done(&["client", "import", dir, "--root", root, "--key", key]);
    assert_eq!((&told["held"], &told["left"]), (&1.into(), &2.into()), "{told:#}");
    assert!(told["says"].to_string().contains("passkeys were made at http://localhost:"));
    assert_eq!(other.run(&["client", "import", dir]).0, 1, "once");

    let agents = other.done(&["agent", "list", "--client", "harbor"]);
    assert_eq!(agents[0]["life"], "held", "{agents:#}");
    let people = other.done(&["person", "list", "--client", "harbor"]);
    let live = |name: &str| {
        let rows = people.as_array().unwrap();
        rows.iter().any(|row| row["name"] == name && row["left_at"].is_null())
    };
    assert!(live("Ines") && live("Nele") && !live("Mara") && !live("Tova"), "{people:#}");

    // The charter was with the provider that it left: until there is another one, nobody here takes anything out.
    let early = other.folder.path().join("early").display().to_string();
    let (code, told) = other.run(&["ledger", "export", "--tenant", "harbor", &early]);
    assert_eq!((code, &told["error"]["code"]), (1, &"AUTH-0036".into()), "{told:#}");
    let (book, both) = begins_anew(&other, root, lines);
    let verified = other.done(&["ledger", "verify", &book, "--root", &both]);
    let new_key = verified["key"].as_str().unwrap();
    assert_ne!(new_key, key, "checkpoints are signed by the new provider's key");
    other.done(&["ledger", "verify", &book, "--root", &both, "--key", new_key]);
    assert_eq!(other.run(&["ledger", "verify", &book, "--key", key]).0, 5, "not by the old one's");
}

/// No key of the client is for the new address: a first person is let in by a new contract, which a verifier has to know;
/// with them the new provider agrees on a charter. Gives the exported book and both roots.
fn begins_anew(other: &Scene, old: &str, lines: u64) -> (String, String) {
    let mut up = other.start();
    // Says that it is up.
    up.document();
    let rosa = other.invite("harbor", ("Rosa", "client", "owner"), 9);
    other.agree("harbor", &rosa, &everything());
    let book = other.folder.path().join("anew").display().to_string();
    let exported = other.done(&["ledger", "export", "--tenant", "harbor", &book]);
    assert!(exported["lines"].as_u64().unwrap() > lines);
    let keys = other.done(&["passkey", "list", "--client", "harbor"]);
    let rosa = keys.as_array().unwrap().iter().find(|key| key["root"] == true).unwrap();
    let both = format!("{old},{}", rosa["fingerprint"].as_str().unwrap());
    other.done(&["ledger", "verify", &book, "--root", &both]);
    for known in [&["--root", old][..], &[]] {
        let (code, told) = other.run(&[&["ledger", "verify", book.as_str()][..], known].concat());
        assert_eq!((code, &told["error"]["code"]), (5, &"AUTH-0026".into()), "{told:#}");
    }
    stop(up);
    (book, both)
}
