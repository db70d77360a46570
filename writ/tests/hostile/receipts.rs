//! Receipts: an honest one prints the very words and verifies from its file; every dishonest one is refused by its rule.

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use writ_app::book::{
    receipt::{self, Against},
    verify::Insist,
};
use writ_authority::{Command, Fact, KeyPolicy, Receipt, Request};
use writ_desk::view::ReceiptFile;
use writ_model::{Actor, Side, WitnessId};

use crate::{
    server::{Server, receipt_verified},
    world::{Someone, World},
};

/// The words that the client's owner is shown when she names a second witness.
const NAMED: &str = "spare";

fn naming(world: &World) -> Command {
    let cx = world.cx(world.dana.actor());
    let key = writ_evidence::WitnessKey::new("spare".to_owned(), [7; 32]).to_text();
    let (witness, name) = (WitnessId::new(&cx), NAMED.to_owned());
    Command::NameWitness { witness, name, key, side: Side::Client }
}

/// An honest ledger with a receipt of the client's owner in its last lines: the server and the receipt's line.
fn honest() -> BoxFuture<'static, (World, Server, u64)> {
    Box::pin(async {
        let world = World::honest().await;
        let mut watch = world.witness("office").await;
        let line = world.sign(&world.dana, naming(&world)).await;
        watch.round(0).await.unwrap();
        let server = Server::of(&world).await;
        (world, server, line)
    })
}

fn check(file: &Value, against: &Against<'_>) -> Result<Value, String> {
    let bytes = serde_json::to_vec(file).unwrap();
    receipt::verify(&bytes, against).map_err(|fault| fault.code.unwrap_or(fault.what))
}

fn refused(file: &ReceiptFile, rule: &str) {
    let file = serde_json::to_value(file).unwrap();
    assert_eq!(check(&file, &Against::default()).unwrap_err(), rule);
}

#[tokio::test]
async fn an_honest_receipt_verifies_and_prints_the_words() {
    let (world, server, line) = honest().await;
    let file = world.receipt_file(line).await;
    assert_eq!(
        check(&file, &Against::default()).unwrap()["text"],
        serde_json::to_value(server.receipt(line).receipt.request.text()).unwrap()
    );
    let rows = {
        let who = writ_desk::Who::new(world.mira.person, writ_desk::Via::Cli);
        let query = writ_desk::ReceiptQuery { before: None, limit: Some(2) };
        world.desk.receipts(&who, "harbor-books", query).await.unwrap()
    };
    assert_eq!((rows.rows.len(), rows.rows[0].line), (2, line));
    assert_eq!((rows.rows[0].person.as_str(), rows.next), ("Dana Cole", Some(rows.rows[1].line)));

    let (log, root) = (world.log_key().await, world.dana.key.fingerprint());
    let home = writ_app::witness::Home::open(&world.dir.path().join("office")).unwrap();
    let witnesses = [home.public().to_text()];
    let digest = server.receipt(line).receipt.request.digest().unwrap().to_string();
    let dir = writ_testkit::TempDir::new().unwrap();
    let mut whole = Server::of(&world).await;
    let note = file["checkpoint"].as_str().unwrap();
    whole.cosignatures = vec![note.lines().last().unwrap().to_owned()];
    whole.export(dir.path());
    let insist = Insist { key: Some(&log), witnesses: &witnesses, root: Some(&root) };
    let against =
        Against { insist, digest: Some(&digest), ledger: Some(dir.path()), ..Against::default() };
    let found = check(&file, &against).unwrap();
    let text = found["text"].to_string();
    assert!(text.contains(NAMED) && text.contains("Harbor Books"), "{text}");
    assert_eq!(found["ledger_verified"], true);
    assert_eq!(found["witnesses"][0]["name"], "office");
    assert_eq!(found["passkey"]["fingerprint"], root.as_str());
    let left = found["not_checked"].as_array().unwrap();
    assert_eq!(left.len(), 1, "only which device it is: {left:?}");
    let bare = check(&file, &Against::default()).unwrap();
    assert_eq!(bare["not_checked"].as_array().unwrap().len(), 6);
}

#[tokio::test]
async fn a_changed_file_is_refused_wherever_it_is_changed() {
    let (_, server, line) = honest().await;
    let good = server.receipt(line);
    let names = |request: &mut Request| {
        for name in request.names.values_mut() {
            name.push('x');
        }
    };
    // The words, in the file only.
    let mut words = good.clone();
    names(&mut words.receipt.request);
    refused(&words, "EVID-0017");
    // The words, in the file and in the line it shows.
    let text = words.line.bytes.clone();
    words.line.bytes =
        text.replace("Dana Cole", "Dana Colex").replace("Harbor Books", "Harbor Booksx");
    refused(&words, "EVID-0010");
    let mut other = good.clone();
    other.key_line = other.founding.clone();
    refused(&other, "AUTH-0027");
    let mut other = good.clone();
    other.line = other.key_line.clone();
    refused(&other, "EVID-0017");
    let mut other = good.clone();
    other.size += 1;
    refused(&other, "EVID-0017");
    let mut other = good.clone();
    other.checkpoint = other.checkpoint.replacen('\u{2014}', "\u{2014} x", 1);
    refused(&other, "EVID-0001");
    let mut other = good.clone();
    other.tenant = writ_model::TenantId::from_bytes([1; 16]);
    refused(&other, "EVID-0005");
    let value = serde_json::to_value(&good).unwrap();
    for (pointer, to) in [("/v", json!(2)), ("/size", json!("x")), ("/more", json!(1))] {
        let mut bad = value.clone();
        bad[pointer.trim_start_matches('/')] = to;
        assert_eq!(check(&bad, &Against::default()).unwrap_err(), "EVID-0016", "{pointer}");
    }
    let twice = serde_json::to_string(&good).unwrap().replacen('{', r#"{"v":1,"#, 1);
    let fault = receipt::verify(twice.as_bytes(), &Against::default()).unwrap_err();
    assert_eq!(fault.code.as_deref(), Some("EVID-0016"));
}

#[tokio::test]
async fn any_flipped_letter_of_a_file_is_found() {
    let (_, server, line) = honest().await;
    let good = serde_json::to_vec(&server.receipt(line)).unwrap();
    assert!(receipt::verify(&good, &Against::default()).is_ok());
    for at in (0..good.len()).step_by(7) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert!(receipt::verify(&bad, &Against::default()).is_err(), "byte {at}");
    }
}

/// The page shows one request and has another signed.
#[tokio::test]
async fn the_page_was_swapped() {
    let (world, mut server, _) = honest().await;
    let cx = server.cx(world.dana.actor());
    let shown = Request::new(
        &server.state(),
        &cx,
        crate::world::ORIGIN,
        writ_authority::signed::LIFE,
        Command::SetKeyPolicy { policy: KeyPolicy::DeviceBound },
    )
    .unwrap();
    let line = server.sign(&world.dana, Command::SetKeyPolicy { policy: KeyPolicy::Any });
    let file = serde_json::to_value(server.receipt(line)).unwrap();
    let kept = shown.digest().unwrap().to_string();
    let against = Against { digest: Some(&kept), ..Against::default() };
    assert_eq!(check(&file, &against).unwrap_err(), "EVID-0018");
    // Without the digest, the words themselves say it: the verifier makes them again.
    let found = check(&file, &Against::default()).unwrap();
    assert_ne!(found["text"], serde_json::to_value(shown.text()).unwrap());
    assert!(found["not_checked"].to_string().contains("saw these words"));
}

/// Signs as somebody's authenticator would that is not as it must be; written into a ledger that a dishonest server keeps.
fn misused(
    world: &World,
    server: &mut Server,
    change: impl FnOnce(&mut Someone),
) -> (u64, Receipt) {
    let cx = server.cx(world.dana.actor());
    let mut dana = Someone::known(&cx, world.dana.person, 2, "Dana's phone");
    dana.key = world.dana.key.clone();
    change(&mut dana);
    let policy = KeyPolicy::DeviceBound;
    let act = Command::SetKeyPolicy { policy: policy.clone() };
    let receipt = dana.signs(&server.state(), &cx, act).unwrap();
    let line = server.lines.len() as u64;
    server.force(receipt.clone(), vec![Fact::KeyPolicySet { policy }]);
    (line, receipt)
}

#[tokio::test]
async fn another_origin_or_no_user_verification() {
    let (world, base, _) = honest().await;
    drop(base);
    let cases: [fn(&mut Someone); 6] = [
        |dana| dana.soft.knobs().clear_flags = 4,
        |dana| dana.soft.knobs().clear_flags = 1,
        |dana| dana.soft.knobs().origin = Some("https://harbor-books.example".to_owned()),
        |dana| dana.soft.knobs().rp_id = Some("harbor-books.example".to_owned()),
        |dana| dana.soft.knobs().challenge = Some(vec![0; 64]),
        |dana| dana.soft.knobs().other_key = Some([9; 32]),
    ];
    for change in cases {
        let mut server = Server::of(&world).await;
        let (line, _) = misused(&world, &mut server, change);
        refused(&server.receipt(line), "AUTH-0021");
    }
}

#[tokio::test]
async fn asked_at_another_origin_than_the_passkeys() {
    let (world, mut server, _) = honest().await;
    let policy = KeyPolicy::DeviceBound;
    let act = Command::SetKeyPolicy { policy: policy.clone() };
    let mut request = server.request(world.dana.person, act, &[]);
    request.origin = "https://elsewhere.example".to_owned();
    let receipt = world.dana.receipt(&server.cx(world.dana.actor()), request);
    let line = server.lines.len() as u64;
    server.force(receipt, vec![Fact::KeyPolicySet { policy }]);
    refused(&server.receipt(line), "AUTH-0021");
}

#[tokio::test]
async fn used_too_late_or_for_too_long() {
    let (world, mut server, _) = honest().await;
    let policy = KeyPolicy::DeviceBound;
    let act = Command::SetKeyPolicy { policy: policy.clone() };
    let mut request = server.request(world.dana.person, act, &[]);
    request.expires = request.expires + writ_model::Span::hours(1);
    let receipt = world.dana.receipt(&server.cx(world.dana.actor()), request);
    let line = server.lines.len() as u64;
    server.force(receipt, vec![Fact::KeyPolicySet { policy: policy.clone() }]);
    refused(&server.receipt(line), "AUTH-0029");

    let act = Command::SetKeyPolicy { policy: policy.clone() };
    let request = server.request(world.dana.person, act, &[]);
    let receipt = world.dana.receipt(&server.cx(world.dana.actor()), request);
    for _ in 0..601 {
        server.cx(Actor::system("x"));
    }
    let line = server.lines.len() as u64;
    server.force(receipt, vec![Fact::KeyPolicySet { policy }]);
    refused(&server.receipt(line), "AUTH-0029");
}

#[tokio::test]
async fn a_counter_that_went_back() {
    let (world, mut server, _) = honest().await;
    let (first, _) = misused(&world, &mut server, |dana| dana.soft.knobs().counter = Some(9));
    let (line, _) = misused(&world, &mut server, |dana| dana.soft.knobs().counter = Some(4));
    refused(&server.receipt(line), "AUTH-0028");
    // What was signed before stands.
    let before = serde_json::to_value(server.receipt(first)).unwrap();
    assert!(check(&before, &Against::default()).is_ok());
}

#[tokio::test]
async fn a_revocation_left_out_of_the_file_is_found_in_the_ledger() {
    let (world, mut server, _) = honest().await;
    let second = Someone::known(&server.cx(Actor::system("x")), world.dana.person, 3, "tablet");
    server.sign(&world.dana, Command::AddPasskey { key: Box::new(second.key.clone()) });
    let passkey = world.dana.key.passkey;
    let reason = "the phone was stolen".to_owned();
    let revoked = server.sign(&second, Command::RevokePasskey { passkey, reason }) + 1;
    let policy = KeyPolicy::DeviceBound;
    let act = Command::SetKeyPolicy { policy: policy.clone() };
    let request = server.request(world.dana.person, act, &[]);
    let receipt = world.dana.receipt(&server.cx(Actor::system("x")), request);
    let line = server.lines.len() as u64;
    server.force(receipt, vec![Fact::KeyPolicySet { policy }]);
    let mut file = server.receipt(line);
    refused(&file, "AUTH-0027");
    let honest = server.receipt(server.lines.len() as u64 - 6);
    assert_eq!(honest.receipt.passkey, passkey);
    let found = check(&serde_json::to_value(&honest).unwrap(), &Against::default()).unwrap();
    assert_eq!(found["later"], json!([format!("The passkey was revoked in line {revoked}.")]));
    file.history.retain(|one| one.index != revoked && one.index != revoked - 1);
    let alone = check(&serde_json::to_value(&file).unwrap(), &Against::default()).unwrap();
    assert!(alone["not_checked"].to_string().contains("revocation"), "it says what it cannot know");
    let fault = receipt_verified(&world, &server, &file).unwrap_err();
    assert_eq!(fault.code.as_deref(), Some("AUTH-0027"), "{fault}");
}

#[tokio::test]
async fn a_receipt_of_an_invented_person() {
    let (world, mut server, _) = honest().await;
    let eve = Someone::new(&server.cx(Actor::system("x")), 66, "Eve's key");
    server.append(
        Actor::system("desk"),
        Fact::PersonSeated(writ_authority::fact::PersonSeated {
            person: eve.person,
            name: "Eve Moss".into(),
            side: Side::Client,
            roles: vec![writ_model::Role::Owner],
        }),
    );
    server.append(
        Actor::system("desk"),
        Fact::PasskeyAdded {
            key: Box::new(eve.key.clone()),
            admitted: writ_authority::Admitted::Admission,
        },
    );
    let line = server.sign(&eve, Command::SetKeyPolicy { policy: KeyPolicy::DeviceBound });
    let file = server.receipt(line);
    // From the file alone it is a good signature by a key in the ledger; insisting on the contract's key, it is not enough.
    let value = serde_json::to_value(&file).unwrap();
    assert!(check(&value, &Against::default()).is_ok());
    let root = world.dana.key.fingerprint();
    let insist = Insist { root: Some(&root), ..Insist::default() };
    let says = check(&value, &Against { insist, ..Against::default() }).unwrap_err();
    assert_eq!(says, "this file alone does not lead to the client's first key");
    let fault = receipt_verified(&world, &server, &file).unwrap_err();
    assert_eq!(fault.code.as_deref(), Some("AUTH-0024"), "{fault}");
}

#[tokio::test]
async fn a_checkpoint_by_others_or_not_cosigned() {
    let (world, mut server, line) = honest().await;
    let file = serde_json::to_value(server.receipt(line)).unwrap();
    let home = writ_app::witness::Home::open(&world.dir.path().join("office")).unwrap();
    let witnesses = [home.public().to_text()];
    let insist = Insist { witnesses: &witnesses, ..Insist::default() };
    assert_eq!(check(&file, &Against { insist, ..Against::default() }).unwrap_err(), "EVID-0003");
    let log = world.log_key().await;
    server.rekey([77; 32]);
    let file = serde_json::to_value(server.receipt(line)).unwrap();
    let insist = Insist { key: Some(&log), ..Insist::default() };
    assert_eq!(check(&file, &Against { insist, ..Against::default() }).unwrap_err(), "EVID-0003");
    assert_eq!(check(&file, &Against::default()).unwrap_err(), "EVID-0003", "nor as line 0 says");
}
