//! Crashes between two writes, and a store that another process opens.

use serde_json::json;
use writ_authority::{Command, Entry, command, fact::LedgerFounded};
use writ_model::{Actor, Cx, PersonId, Role, Side, TenantId};
use writ_testkit::SeededEntropy;

use crate::world::World;

/// Founds a client's ledger without listing it: what a crash leaves.
async fn half(world: &World, slug: &str) -> TenantId {
    let provider = world.get("/provider").await;
    let (owner, parent): (PersonId, TenantId) = (
        provider["you"]["person"].as_str().unwrap().parse().unwrap(),
        provider["tenant"].as_str().unwrap().parse().unwrap(),
    );
    let tenant = TenantId::from_parts(world.desk.now(), [9; 10]);
    let entropy = std::sync::Arc::new(SeededEntropy::new(9));
    let cx = Cx::new(world.desk.now(), entropy, tenant, Actor::system("founding"));
    let founded = LedgerFounded {
        tenant,
        side: Side::Client,
        name: "Cole & Sons".to_owned(),
        slug: slug.to_owned(),
        provider: Some(parent),
        checkpoint_key: "k".to_owned(),
    };
    let people = vec![(owner, "Mira Okafor".into(), Side::Provider, vec![Role::Owner])];
    let state = writ_authority::State::empty(tenant);
    let lines = command::lines(&state, Command::Found { founded, people }, &cx).unwrap();
    let lines = lines.into_iter().map(|(_, line)| line.into()).collect();
    world.tenants.ledger().append(tenant, 0, lines).await.unwrap();
    tenant
}

#[tokio::test]
async fn a_half_added_client_is_finished_by_the_same_command() {
    let world = World::founded().await;
    let tenant = half(&world, "cole-sons").await;
    assert_eq!(world.get("/clients").await.as_array().unwrap().len(), 1);
    let body = json!({"name": "Cole & Sons", "slug": "cole-sons"});
    let row = world.done("/clients", body.clone()).await;
    assert_eq!(row["tenant"], json!(tenant), "the ledger that was there is used");
    let again = world.post("/clients", body).await;
    assert_eq!(again.json()["code"], "AUTH-0006");
    world.check().await;
}

#[tokio::test]
async fn a_half_added_client_is_listed_at_the_next_start() {
    let world = World::founded().await;
    half(&world, "cole-sons").await;
    let token = world.token.clone();
    let world = world.reopened(8).await;
    assert_eq!(world.token, token);
    let clients = world.get("/clients").await;
    assert_eq!(clients.as_array().unwrap().len(), 2);
    let provider = world.get("/provider").await;
    assert_eq!(provider["clients"], 2);
    world.check().await;
}

#[tokio::test]
async fn a_refused_client_leaves_no_ledger() {
    let world = World::founded().await;
    let before = world.tenants.ledger().heads().await.unwrap().len();
    for body in [json!({"name": "", "slug": "x1"}), json!({"name": "X", "slug": "Harbor"})] {
        assert_eq!(world.post("/clients", body).await.status, 422);
    }
    assert_eq!(world.tenants.ledger().heads().await.unwrap().len(), before);
}

#[tokio::test]
async fn a_reopened_store_knows_its_people_its_copies_and_signs_with_the_same_key() {
    let world = World::active().await;
    let copy = world.enroll("invoice-bot").await;
    let jwks = world.desk.jwks().unwrap();
    let key = world.get("/clients/harbor-books/ledger/checkpoint").await["verifier_key"].clone();
    let world = world.reopened(8).await;
    assert_eq!(world.desk.jwks().unwrap(), jwks);
    let again = world.get("/clients/harbor-books/ledger/checkpoint").await;
    assert_eq!(again["verifier_key"], key);
    let token = world.token(&copy, "http://127.0.0.1:7421/mcp").await;
    assert_eq!(token.status, 200, "{}", token.json());
    world.check().await;
}

#[tokio::test]
async fn an_engineer_who_adds_a_client_brings_somebody_who_can_say_yes() {
    let world = World::founded().await;
    let tom = world.staff("Tom Reyes", "engineer").await;
    let body = json!({"name": "Juniper Dental", "slug": "juniper"});
    let added = world.post_as(&tom, "/clients", body).await;
    assert_eq!(added.status, 200, "{}", added.json());
    let people = world.get("/clients/juniper/people").await;
    let names: Vec<&str> =
        people.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"Tom Reyes") && names.contains(&"Mira Okafor"), "{names:?}");
    let line = world.tenants.ledger().read(
        added.json()["tenant"].as_str().unwrap().parse().unwrap(),
        0,
        1,
    );
    let line = Entry::from_line(&line.await.unwrap()[0]).unwrap();
    assert_eq!(line.actor.person().map(|id| id.to_string()), Some(tom));
    world.check().await;
}
