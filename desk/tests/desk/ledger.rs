//! The book through the API: pages, proofs, checkpoints, and an export that verifies offline from its files alone.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use writ_desk::CheckpointVerifier;
use writ_evidence::{
    Checkpoint, Exporter, Files, NoteVerifier, Trust, VerifyOptions, leaf_hash,
    merkle::{TreeHead, verify_inclusion},
    verify_export,
};
use writ_model::Digest;

use crate::world::World;

const AT: &str = "/clients/harbor-books/ledger";

fn digest(value: &Value) -> Digest {
    value.as_str().unwrap().parse().unwrap()
}

fn verifier(checkpoint: &Value) -> CheckpointVerifier {
    CheckpointVerifier::parse(checkpoint["verifier_key"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn every_line_is_said_in_words_and_proved() {
    let world = World::active().await;
    let page = world.get(AT).await;
    let size = page["size"].as_u64().unwrap();
    let lines = page["lines"].as_array().unwrap();
    assert_eq!(lines.len() as u64, size);
    assert_eq!(lines[0]["says"], "The ledger of Harbor Books begins.");
    assert_eq!(
        lines[1]["says"],
        "Mira Okafor took a seat for the provider as engineer and approver and owner."
    );
    let says: Vec<&str> = lines.iter().map(|line| line["says"].as_str().unwrap()).collect();
    assert!(says.iter().all(|says| says.ends_with('.') && says.len() > 10), "{says:?}");
    assert!(says.iter().all(|says| !says.contains("prs_")), "people have names: {says:?}");
    let first = world.get(&format!("{AT}?from=2&limit=3")).await;
    assert_eq!((first["lines"][0]["line"].as_u64(), first["next"].as_u64()), (Some(2), Some(5)));
    assert_eq!(world.get(&format!("{AT}?from=999")).await["lines"], json!([]));

    let checkpoint = world.get(&format!("{AT}/checkpoint")).await;
    let key = verifier(&checkpoint);
    for n in 0..size {
        let line = world.get(&format!("{AT}/{n}")).await;
        let proof = world.get(&format!("{AT}/{n}/proof")).await;
        let leaf = leaf_hash(line["bytes"].as_str().unwrap().as_bytes());
        assert_eq!((digest(&line["leaf_hash"]), digest(&proof["leaf_hash"])), (leaf, leaf));
        let path: Vec<Digest> = proof["path"].as_array().unwrap().iter().map(digest).collect();
        let head = TreeHead { size, root: digest(&proof["root"]) };
        verify_inclusion(&leaf, n, size, &path, &head.root).unwrap();
        let note = proof["checkpoint"].as_str().unwrap().as_bytes();
        let (signed, signers) = Checkpoint::open(note, &[&key]).unwrap();
        assert_eq!(signed.head(), head);
        assert_eq!(signers, [checkpoint["origin"].as_str().unwrap()]);
    }
    world.check().await;
}

/// The export, read through the API.
struct Exported(std::collections::BTreeMap<String, Vec<u8>>);

impl Files for Exported {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.0.get(path).cloned())
    }
}

async fn file(world: &World, path: &str) -> Option<Vec<u8>> {
    let request = world.request(Method::GET, &format!("{AT}/export/{path}"), None);
    let answer = world.send(request).await;
    (answer.status == StatusCode::OK).then_some(answer.bytes)
}

#[tokio::test]
async fn an_export_verifies_offline_from_its_files_alone() {
    let world = World::active().await;
    for n in 0..300 {
        let body = json!({"name": format!("group {n}")});
        world.done("/clients/harbor-books/groups", body).await;
    }
    let unallowed = world.request(Method::GET, &format!("{AT}/export/ledger.json"), None);
    let unallowed = world.send(unallowed).await;
    assert_eq!((unallowed.status.as_u16(), &unallowed.json()["code"]), (403, &json!("AUTH-0018")));
    world.done("/clients/harbor-books/export/allow", json!({})).await;
    let about: Value = serde_json::from_slice(&file(&world, "ledger.json").await.unwrap()).unwrap();
    let size = about["size"].as_u64().unwrap();
    let mut exporter = Exporter::new();
    let mut names = vec!["checkpoint".to_owned()];
    let lines = {
        let tenant = about["tenant"].as_str().unwrap().parse().unwrap();
        world.tenants.ledger().read(tenant, 0, 4096).await.unwrap()
    };
    for line in &lines {
        names.extend(exporter.push(line).unwrap().into_iter().map(|file| file.path));
    }
    names.extend(exporter.finish().1.into_iter().map(|file| file.path));
    assert!(names.len() > 5 && size > 300, "{names:?}");
    let mut files = std::collections::BTreeMap::new();
    for name in names {
        let bytes = file(&world, &name).await.unwrap_or_else(|| panic!("{name} is not served"));
        files.insert(name, bytes);
    }
    let key = CheckpointVerifier::parse(about["verifier_key"].as_str().unwrap()).unwrap();
    let keys: [&dyn NoteVerifier; 1] = [&key];
    let options = VerifyOptions {
        trust: Trust::Keys(&keys),
        origin: about["origin"].as_str(),
        time_key: "at",
    };
    let mut seen = 0;
    let mut check = |_: u64, _: &[u8]| {
        seen += 1;
        Ok(())
    };
    let report = verify_export(&Exported(files.clone()), &options, &mut check).unwrap();
    assert_eq!((report.size, report.root, seen), (size, digest(&about["root"]), size));
    let bundle = files.keys().find(|name| name.contains("entries")).cloned().unwrap();
    files.get_mut(&bundle).unwrap()[100] ^= 1;
    assert!(
        verify_export(&Exported(files), &options, &mut |_, _| Ok(())).is_err(),
        "a flipped bit"
    );

    for path in ["tile/0/009", "tile/1/000.p/9", "activity/1.ndjson", "tile/0/000.p/0", "nothing"] {
        assert!(file(&world, path).await.is_none(), "{path}");
    }
    world.check().await;
}
