//! The ledgers of two thousand clients as the provider's people look at them; and a desk that has lost its turn.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use serde_json::{Value, json};
use writ_authority::{
    Entry, Fact,
    fact::{ClientAdded, LedgerFounded, LedgerRestored},
};
use writ_model::{Actor, TenantId};

use crate::world::{World, crowd::Crowd};

const CLIENTS: usize = 2_000;

fn nth(n: usize) -> TenantId {
    let mut id = [7; 16];
    id[..2].copy_from_slice(&u16::try_from(n).unwrap().to_be_bytes());
    TenantId::from_bytes(id)
}

async fn many() -> World {
    let world = World::founded().await;
    let provider = world.get("/provider").await["tenant"].as_str().unwrap().parse().unwrap();
    let first = world.tenant("harbor-books").await;
    let founded = world.tenants.view(first).await.unwrap().state.founded.clone().unwrap();
    let by = |fact| Entry::by(Actor::system("test"), world.desk.now(), fact).to_line().unwrap();
    let mut added = Vec::new();
    for n in 1..CLIENTS {
        let client = nth(n);
        let (name, slug) = (format!("Client {n}"), format!("client-{n}"));
        let line = LedgerFounded { name: name.clone(), slug: slug.clone(), ..(*founded).clone() };
        append(&world, client, by(Fact::LedgerFounded(line))).await;
        added.push(Bytes::from(by(Fact::ClientAdded(ClientAdded { client, name, slug }))));
    }
    let ledger = world.tenants.ledger();
    for lines in added.chunks(500) {
        let size = ledger.head(provider).await.unwrap().size;
        ledger.append(provider, size, lines.to_vec()).await.unwrap();
    }
    world.tenants.advance(provider).await.unwrap();
    world
}

/// A line at the end of a client's ledger, as a newer release or a restore writes it.
async fn append(world: &World, client: TenantId, line: Vec<u8>) {
    let ledger = world.tenants.ledger();
    let size = ledger.head(client).await.unwrap().size;
    ledger.append(client, size, vec![Bytes::from(line)]).await.unwrap();
}

fn tenant(row: &Value) -> TenantId {
    row["client"]["tenant"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn no_ledger_of_two_thousand_clients_is_missed() {
    let world = many().await;
    let _crowd = Crowd::of(&world, &[1]);
    let (unread, restored) = (nth(700), nth(CLIENTS - 1));
    append(&world, unread, br#"{"actor":"system:desk","fact":{"of_tomorrow":{}},"v":1}"#.to_vec())
        .await;
    let (at, size) = (world.desk.now(), world.tenants.view(restored).await.unwrap().size);
    let says = LedgerRestored { backup_at: at, size, witnessed: None, gap: 0 };
    let raised = [2, 3].map(|format| Fact::FormatRaised { format });
    for fact in raised.into_iter().chain([Fact::LedgerRestored(Box::new(says))]) {
        let line = Entry::by(Actor::system("restore"), at, fact).to_line().unwrap();
        append(&world, restored, line).await;
    }

    // What was read of them before is behind.
    world.tenants.poll().await.unwrap();
    let view = world.get("/operations").await;
    let formats = &view["formats"];
    assert_eq!(formats["clients"], json!(CLIENTS));
    // One cannot be read, one is of the newest.
    assert_eq!(formats["below_count"], json!(CLIENTS - 2), "{formats}");
    assert_eq!(formats["below"].as_array().unwrap().len(), 200);
    assert_eq!(formats["unread"][0]["client"]["tenant"], json!(unread));
    assert_eq!(
        (&formats["unread"][0]["code"], &formats["unread_count"]),
        (&json!("STOR-0007"), &json!(1))
    );
    assert_eq!(view["restored"][0]["client"]["tenant"], json!(restored), "{}", view["restored"]);
    assert_eq!(view["restored_count"], 1);

    let (mut seen, mut after, mut pages) = (BTreeSet::new(), String::new(), 0);
    loop {
        let page = world.get(&format!("/operations/ledgers{after}")).await;
        let rows = page["ledgers"].as_array().unwrap();
        assert!(rows.len() <= 200 && !rows.is_empty(), "{}", rows.len());
        for row in rows {
            assert!(seen.insert(tenant(row)), "{row} stands on two pages");
            let (format, code) = (&row["format"], &row["unread"]);
            let fits = match tenant(row) {
                id if id == unread => code == "STOR-0007" && format.is_null(),
                id if id == restored => row["restored"]["line"].is_u64(),
                _ => *format == 1,
            };
            assert!(fits, "{row}");
        }
        pages += 1;
        let Some(next) = page["next"].as_str() else { break };
        after = format!("?after={next}");
    }
    assert_eq!((seen.len(), pages), (CLIENTS, CLIENTS / 200));
}

#[tokio::test]
async fn a_desk_that_lost_its_turn_writes_nothing() {
    let world = World::active().await;
    let turn = Arc::new(AtomicBool::new(true));
    let asked = Arc::clone(&turn);
    world.desk.set_turn(move || asked.load(Ordering::SeqCst));
    let body =
        |name: &str| json!({"name": name, "kind": "ai_agent", "purpose": "Matches invoices"});
    world.done("/clients/harbor-books/agents", body("first")).await;
    turn.store(false, Ordering::SeqCst);
    let tenant = world.tenant("harbor-books").await;
    let before = world.tenants.ledger().head(tenant).await.unwrap();
    let refused = world.post("/clients/harbor-books/agents", body("late")).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (503, &json!("DESK-0022")));
    assert_eq!(world.desk.sweep().await.unwrap().failed, 1, "nor does it sweep");
    assert_eq!(world.tenants.ledger().head(tenant).await.unwrap(), before);
    turn.store(true, Ordering::SeqCst);
    world.done("/clients/harbor-books/agents", body("second")).await;
    world.check().await;
}
