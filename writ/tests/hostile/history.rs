//! History rewritten: an old database restored, another branch shown, lines put in by SQL, a cosignature forged.

use futures_util::future::BoxFuture;
use std::{fs, sync::Arc};

use writ_app::{
    book::{
        receipt::{self, Against},
        verify::{Insist, verify_with},
    },
    witness::{Home, Step, Watch},
};
use writ_authority::{Admitted, Command, Entry, Fact, KeyPolicy};
use writ_evidence::{Cosigner, Frontier, Note, NoteSigner as _, WitnessKey, leaf_hash};
use writ_identity::SigningKey;
use writ_model::{Actor, Side};
use writ_testkit::TempDir;

use crate::{
    server::{Server, witness_says},
    world::{Honest, Someone, World},
};

fn group(name: &str) -> Command {
    Command::CreateGroup { name: name.to_owned(), parent: None }
}

/// A world whose witness has cosigned everything.
fn cosigned() -> BoxFuture<'static, (World, Watch)> {
    Box::pin(async {
        let world = World::honest().await;
        let mut watch = world.witness("office").await;
        watch.round(0).await.unwrap();
        (world, watch)
    })
}

/// The cosignature that the desk keeps.
async fn cosignature(world: &World) -> String {
    let who = writ_desk::Who::new(world.mira.person, writ_desk::Via::Cli);
    let note = world.desk.checkpoint(&who, "harbor-books").await.unwrap().note;
    note.lines().find(|line| line.contains(" office ")).unwrap().to_owned()
}

#[tokio::test]
async fn an_old_database_restored() {
    let (world, watch) = cosigned().await;
    drop(watch);
    let mut server = Server::of(&world).await;
    let size = server.lines.len();
    server.lines.truncate(size - 2);
    let mut watch = world.watch("office", Arc::new(server)).await;
    assert_eq!(witness_says(&mut watch).await, "EVID-0011");

    // Grown again, to the same length and beyond it, with other lines.
    for (grown, rule) in [(2, "EVID-0012"), (5, "EVID-0014")] {
        let mut server = Server::of(&world).await;
        server.lines.truncate(size - 2);
        for n in 0..grown {
            server.act(world.mira.actor(), group(&format!("group {n}")));
        }
        let mut watch = world.watch("office", Arc::new(server)).await;
        assert_eq!(witness_says(&mut watch).await, rule, "{grown} lines later");
    }
}

#[tokio::test]
async fn an_old_database_restored_on_the_servers_disk() {
    let (mut world, mut watch) = cosigned().await;
    let old = TempDir::new().unwrap();
    let copy = |from: &std::path::Path, to: &std::path::Path| {
        for file in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
            let (from, to) = (from.join(file), to.join(file));
            if from.exists() {
                fs::copy(&from, &to).unwrap();
            } else if to.exists() {
                fs::remove_file(&to).unwrap();
            }
        }
    };
    world.sql().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    copy(world.dir.path(), old.path());
    world.act(world.mira.actor(), group("night-shift")).await;
    assert!(matches!(watch.round(0).await, Ok(Step::Cosigned { new: 1, .. })));
    drop(watch);
    let restored = TempDir::new().unwrap();
    for entry in fs::read_dir(world.dir.path()).unwrap().flatten() {
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), restored.path().join(entry.file_name())).unwrap();
        }
    }
    copy(old.path(), restored.path());
    let home = world.dir.path().join("office");
    fs::create_dir(restored.path().join("office")).unwrap();
    for file in ["key.json", "seen.json"] {
        fs::copy(home.join(file), restored.path().join("office").join(file)).unwrap();
    }
    world.dir = restored;
    world.restart().await;
    let mut watch = world.watch("office", Arc::new(Honest(world.desk.router()))).await;
    assert_eq!(witness_says(&mut watch).await, "EVID-0011");
}

#[tokio::test]
async fn a_key_put_in_by_sql() {
    let (world, mut watch) = cosigned().await;
    let lines = world.lines().await;
    let eve = Someone::known(&world.cx(Actor::system("x")), world.dana.person, 66, "Dana's key");
    let fact = Fact::PasskeyAdded { key: Box::new(eve.key.clone()), admitted: Admitted::Own };
    let line = Entry::new(&world.cx(world.dana.actor()), fact).to_line().unwrap();
    let mut edge = Frontier::new();
    lines.iter().chain([&line]).for_each(|line| edge.push(leaf_hash(line)));
    let sql = world.sql();
    let tenant = world.client.to_bytes();
    let index = i64::try_from(lines.len()).unwrap();
    sql.execute("INSERT INTO lines VALUES (?1, ?2, ?3)", (&tenant, index, &line)).unwrap();
    let head = "UPDATE heads SET size = ?2, root = ?3, frontier = ?4 WHERE tenant = ?1";
    sql.execute(head, (&tenant, index + 1, edge.root().0, edge.to_bytes())).unwrap();
    world.tenants.poll().await.unwrap();
    assert_eq!(world.view().await.size, lines.len() as u64 + 1, "the server believes it");
    assert_eq!(witness_says(&mut watch).await, "AUTH-0024");
}

#[tokio::test]
async fn the_root_key_replaced_by_sql() {
    let (mut world, watch) = cosigned().await;
    drop(watch);
    let mut lines = world.lines().await;
    let eve = Someone::known(&world.cx(Actor::system("x")), world.dana.person, 66, "Dana's key");
    let other = |line: &Vec<u8>| {
        let text = String::from_utf8(line.clone()).unwrap();
        let quoted = |jwk: &str| serde_json::to_string(jwk).unwrap();
        let text = text.replace(&quoted(&world.dana.key.jwk), &quoted(&eve.key.jwk));
        text.replace(&world.dana.key.credential, &eve.key.credential)
            .replace(&world.dana.key.fingerprint(), &eve.key.fingerprint())
            .into_bytes()
    };
    let sql = world.sql();
    let tenant = world.client.to_bytes();
    sql.execute_batch("DROP TRIGGER lines_are_never_changed; DELETE FROM snapshots;").unwrap();
    let mut edge = Frontier::new();
    for (index, line) in (0_i64..).zip(&mut lines) {
        *line = other(line);
        edge.push(leaf_hash(line));
        let update = "UPDATE lines SET body = ?3 WHERE tenant = ?1 AND idx = ?2";
        sql.execute(update, (&tenant, index, &*line)).unwrap();
    }
    let head = "UPDATE heads SET root = ?2, frontier = ?3 WHERE tenant = ?1";
    sql.execute(head, (&tenant, edge.root().0, edge.to_bytes())).unwrap();
    world.restart().await;
    let honest = || Arc::new(Honest(world.desk.router()));
    let mut seasoned = world.watch("office", honest()).await;
    assert_eq!(witness_says(&mut seasoned).await, "EVID-0012");

    // Who never saw the honest history has the paper contract; the receipts no longer verify either.
    let mut server = Server::of(&world).await;
    server.lines = lines;
    let fault = crate::server::verified(&world, &server).unwrap_err();
    assert_eq!(fault.code.as_deref(), Some("AUTH-0021"), "{fault}");
}

#[tokio::test]
async fn an_invented_first_person_before_the_real_one() {
    let (world, watch) = cosigned().await;
    drop(watch);
    let mut server = Server::of(&world).await;
    // Line by line up to where Dana was invited; then Eve is, by every rule.
    let invited = server
        .lines
        .iter()
        .position(|line| std::str::from_utf8(line).unwrap().contains(r#""fact":{"act_signed""#));
    server.lines.truncate(invited.unwrap());
    let eve = Someone::new(&server.cx(Actor::system("x")), 66, "Eve's key");
    let cx = server.cx(world.mira.actor());
    let (name, code) = ("Dana Cole".to_owned(), writ_model::Digest::of(b"x"));
    let act = Command::InvitePerson {
        invitation: writ_model::InvitationId::new(&cx),
        person: eve.person,
        name: name.into(),
        side: Side::Client,
        roles: vec![writ_model::Role::Owner],
        code,
        expires: cx.now() + writ_model::Span::days(1),
    };
    server.sign(&world.mira, act);
    let join = Actor::Person { id: eve.person, via: "join".to_owned() };
    server.act(join, Command::Join { code, key: Box::new(eve.key.clone()) });
    let fingerprint = eve.key.fingerprint();
    let called = Some("Dana, she says".to_owned());
    server.sign(&world.mira, Command::AdmitPerson { person: eve.person, fingerprint, called });
    server.sign(&eve, Command::SetKeyPolicy { policy: KeyPolicy::DeviceBound });

    let fault = crate::server::verified(&world, &server).unwrap_err();
    assert_eq!(fault.code.as_deref(), Some("AUTH-0026"), "{fault}");
    let new = Home::init(&world.dir.path().join("new"), "new", world.entropy.as_ref()).unwrap();
    drop(new);
    let mut watch = world.watch("new", Arc::new(server)).await;
    assert_eq!(witness_says(&mut watch).await, "AUTH-0026");
}

#[tokio::test]
async fn one_history_for_the_client_and_another_for_the_auditor() {
    let (world, watch) = cosigned().await;
    let key = watch.home().public().to_text();
    let line = cosignature(&world).await;
    let (mut client, mut auditor) = (Server::of(&world).await, Server::of(&world).await);
    client.cosignatures = vec![line.clone()];
    let receipt = client.receipt(world.lines().await.len() as u64 - 2);
    auditor.lines.truncate(auditor.lines.len() - 2);
    for name in ["one", "two", "three"] {
        auditor.act(world.mira.actor(), group(name));
    }
    let verify = |server: &Server| {
        let dir = TempDir::new().unwrap();
        server.export(dir.path());
        let witnesses = [key.clone()];
        let insist = Insist { witnesses: &witnesses, ..Insist::default() };
        verify_with(dir.path(), &insist, None)
    };
    assert!(verify(&client).is_ok());
    assert_eq!(verify(&auditor).unwrap_err().code.as_deref(), Some("EVID-0003"), "not cosigned");
    auditor.cosignatures = vec![line.clone()];
    assert_eq!(verify(&auditor).unwrap_err().code.as_deref(), Some("EVID-0002"), "of another");

    // The client's receipt against the auditor's copy.
    let dir = TempDir::new().unwrap();
    auditor.export(dir.path());
    let against = Against { ledger: Some(dir.path()), ..Against::default() };
    let file = serde_json::to_vec(&receipt).unwrap();
    let fault = receipt::verify(&file, &against).unwrap_err();
    assert_eq!(fault.code.as_deref(), Some("EVID-0012"), "{fault}");
    // And against a copy that simply stops earlier.
    auditor.lines = world.lines().await;
    auditor.lines.pop();
    auditor.cosignatures.clear();
    let short = TempDir::new().unwrap();
    auditor.export(short.path());
    let against = Against { ledger: Some(short.path()), ..Against::default() };
    let fault = receipt::verify(&file, &against).unwrap_err();
    assert_eq!(fault.code.as_deref(), Some("EVID-0011"), "{fault}");

    // The witness itself, asked by the auditor's server.
    drop(watch);
    let mut watch = world.watch("office", Arc::new(auditor)).await;
    assert_eq!(witness_says(&mut watch).await, "EVID-0011");
}

#[tokio::test]
async fn a_cosignature_forged() {
    let (world, watch) = cosigned().await;
    let honest = watch.home().public().clone();
    let mut server = Server::of(&world).await;
    server.act(world.mira.actor(), group("one"));
    let forger = SigningKey::from_seed([9; 32]).unwrap();
    let fake = WitnessKey::new("office".to_owned(), forger.public_bytes());
    let text = Note::parse(server.note().as_bytes()).unwrap().text;
    let sign = |message: &[u8]| forger.sign(message);
    let forged = |key: &WitnessKey| {
        let signer = Cosigner::new(&fake, 1_800_000_000, &sign);
        let signature = signer.sign(text.as_bytes());
        let name = key.name().to_owned();
        writ_evidence::note::NoteSignature { name, key_id: key.key_id(), signature }.to_line()
    };
    let witnesses = [honest.to_text()];
    for (line, rule) in [(forged(&fake), "EVID-0003"), (forged(&honest), "EVID-0002")] {
        server.cosignatures = vec![line];
        let dir = TempDir::new().unwrap();
        server.export(dir.path());
        let insist = Insist { witnesses: &witnesses, ..Insist::default() };
        let fault = verify_with(dir.path(), &insist, None).unwrap_err();
        assert_eq!(fault.code.as_deref(), Some(rule), "{fault}");
    }
    // The desk, whoever runs it, keeps no such thing either.
    let remote = world.remote(Arc::new(Honest(world.desk.router())));
    let by = writ_app::witness::remote::By { key: watch.home().key(), public: &honest };
    let size = world.lines().await.len() as u64;
    for line in [forged(&fake), forged(&honest), "nonsense".to_owned()] {
        let fault = remote.cosign(by, size, &line).await.unwrap_err();
        assert_eq!(fault.code.as_deref(), Some("DESK-0003"), "{line}");
    }
}

#[tokio::test]
async fn two_histories_around_a_crash_are_never_both_cosigned() {
    let (world, watch) = cosigned().await;
    drop(watch);
    let mut one = Server::of(&world).await;
    let mut two = Server::of(&world).await;
    one.act(world.mira.actor(), group("one"));
    two.act(world.mira.actor(), group("two"));
    // The power goes after the state is on disk and before the cosignature is out.
    let mut watch = world.watch("office", Arc::new(one)).await;
    assert!(matches!(watch.round(0).await, Ok(Step::Cosigned { new: 1, .. })));
    let home = watch.home();
    let mut seen = home.seen().unwrap().unwrap();
    seen.posted = false;
    home.keep(&seen).unwrap();
    drop(watch);
    let two = Arc::new(two);
    let mut watch = world.watch("office", two.clone()).await;
    assert_eq!(witness_says(&mut watch).await, "EVID-0012");
    let said = two.said();
    let lines: Vec<&str> = said.iter().filter_map(|word| word["line"].as_str()).collect();
    assert_eq!(lines.len(), 1, "what was on disk is sent again, and it is of the first history");
    let text = Note::parse(two.note().as_bytes()).unwrap().text;
    let note = format!("{text}\n{}\n", lines[0]);
    let key = watch.home().public().verifier(writ_identity::verify_ed25519);
    assert!(Note::parse(note.as_bytes()).unwrap().verify(&[&key]).is_err());
}

#[tokio::test]
async fn another_ledger_in_the_place_of_this_one() {
    let (world, watch) = cosigned().await;
    drop(watch);
    let mut server = Server::of(&world).await;
    server.rekey([77; 32]);
    let mut watch = world.watch("office", Arc::new(server)).await;
    assert_eq!(witness_says(&mut watch).await, "EVID-0003");
    // A damaged or missing memory is a fault, never a fresh start.
    drop(watch);
    fs::write(world.dir.path().join("office/seen.json"), b"{}").unwrap();
    let home = Home::open(&world.dir.path().join("office")).unwrap();
    let remote = world.remote(Arc::new(Honest(world.desk.router())));
    let opened = Watch::open(home, remote, &world.log_key().await, None);
    assert!(opened.is_err());
}
