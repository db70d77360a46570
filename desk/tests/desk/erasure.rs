//! Erasing a name: it is sealed wherever it is written, shown to who may read it, and gone for good when its key is.

use std::{fs, path::Path};

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use writ_model::{PersonId, Secret, TenantId, name};
use writ_store::{Space, Vault as _};

use crate::world::{World, signing_of};

const NAME: &str = "Zebedee Quillfeather";
const AT: &str = "/clients/harbor-books";

/// How often bytes stand in the files of a folder.
fn found(folder: &Path, wanted: &[u8]) -> Vec<String> {
    let mut hits = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            hits.extend(found(&path, wanted));
        } else if fs::read(&path).unwrap().windows(wanted.len()).any(|part| part == wanted) {
            hits.push(path.display().to_string());
        }
    }
    hits
}

async fn with_zebedee() -> (World, String) {
    let world = World::active().await;
    world.member("Dana Cole", "harbor-books", NAME, "approver").await;
    let person = world.person(NAME).await;
    (world, person)
}

async fn ids(world: &World, person: &str) -> (TenantId, PersonId) {
    (world.tenant("harbor-books").await, person.parse().unwrap())
}

/// What somebody reads at an address, as text.
async fn read_as(world: &World, who: &str, path: &str) -> String {
    let browser = world.sign_in(who).await;
    let answer = world.ask_as(&browser, Method::GET, path, None).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}");
    String::from_utf8(answer.bytes).unwrap()
}

#[tokio::test]
async fn a_name_is_sealed_where_it_is_written_and_read_by_who_has_a_seat() {
    let (world, person) = with_zebedee().await;
    assert_eq!(found(world.dir.path(), NAME.as_bytes()), Vec::<String>::new());
    for path in ["people", "invitations", "ledger", "receipts"] {
        let text = read_as(&world, "Dana Cole", &format!("{AT}/{path}")).await;
        assert!(text.contains(NAME), "{path}: {text}");
    }
    // What is proved stays as it is written.
    let ledger: Value =
        serde_json::from_str(&read_as(&world, "Dana Cole", &format!("{AT}/ledger")).await).unwrap();
    let seated = ledger["lines"].as_array().unwrap().iter().rfind(|one| {
        one["kind"] == "person_seated" && one["entry"]["fact"]["person_seated"]["person"] == person
    });
    let seated = seated.unwrap();
    assert!(seated["says"].as_str().unwrap().contains(NAME));
    let written = seated["entry"]["fact"]["person_seated"]["name"].as_str().unwrap();
    assert!(name::SealedName::parse(written).is_some(), "{written}");
    let line = read_as(&world, "Dana Cole", &format!("{AT}/ledger/{}", seated["line"])).await;
    let line: Value = serde_json::from_str(&line).unwrap();
    assert!(line["bytes"].as_str().unwrap().contains(written));
    // Signing shows the name; what is signed has it sealed.
    let asked = world
        .post_as(
            &world.person("Dana Cole").await,
            &format!("{AT}/people/{person}/leave"),
            json!({}),
        )
        .await;
    let signing = signing_of(&asked).unwrap();
    let says = format!("You end the seat of “{NAME}” at “Harbor Books”.");
    assert_eq!(signing["text"][0], says);
    // A person is found by their name, as before.
    let away = json!({"deputy": NAME, "until": world.desk.now() + writ_model::Span::days(3)});
    let path = format!("{AT}/away");
    assert!(
        signing_of(&world.post_as(&world.person("Dana Cole").await, &path, away).await).is_some()
    );
    world.check().await;
}

#[tokio::test]
async fn an_erased_name_is_gone_and_every_proof_holds() {
    let (world, person) = with_zebedee().await;
    let (tenant, id) = ids(&world, &person).await;
    let erase = format!("{AT}/people/{person}/erase");
    let early = world.signed_as("Dana Cole", &erase, json!({})).await;
    assert_eq!(early.json()["code"], "AUTH-0053", "{}", early.json());
    assert!(early.json()["detail"].as_str().unwrap().starts_with(NAME), "{}", early.json());
    world.done_as("Dana Cole", &format!("{AT}/people/{person}/leave"), json!({})).await;
    // Neither the provider nor somebody who is no owner erases a person of the client.
    for other in ["Mira Okafor", "Ines Park"] {
        let refused = world.signed_as(other, &erase, json!({})).await;
        assert!(
            ["AUTH-0003", "AUTH-0019"].contains(&refused.json()["code"].as_str().unwrap()),
            "{}",
            refused.json()
        );
    }
    let row = format!("person/{person}");
    let key = world.vault.get(Space::Tenant(tenant), &row).await.unwrap().unwrap();
    let address = Secret::new(b"zebedee@example.com".to_vec());
    let contact = format!("contact/mail/{person}");
    world.vault.put(Space::Tenant(tenant), &contact, address).await.unwrap();
    let before = world.tenants.view(tenant).await.unwrap().state.person_name(id);
    let done = world.done_as("Dana Cole", &erase, json!({})).await;
    assert_eq!(done["says"][0], format!("The name of {person} was erased; what they did stays."));
    assert_eq!(world.vault.get(Space::Tenant(tenant), &row).await.unwrap().map(drop), None);
    assert_eq!(world.vault.get(Space::Tenant(tenant), &contact).await.unwrap().map(drop), None);

    let erased = format!("erased person {person}");
    for path in ["people", "invitations", "ledger", "receipts"] {
        let text = read_as(&world, "Dana Cole", &format!("{AT}/{path}")).await;
        assert!(!text.contains(NAME) && text.contains(&erased), "{path}: {text}");
        assert!(text.contains("Dana Cole"), "others keep their names: {path}");
    }
    let view = world.tenants.view(tenant).await.unwrap();
    assert_eq!(view.state.person_name(id), erased);
    // A key that is still there, as after a crash, opens nothing that the ledger says is erased, and goes with the sweep.
    world.vault.put(Space::Tenant(tenant), &row, key).await.unwrap();
    let said = read_as(&world, "Dana Cole", &format!("{AT}/ledger")).await;
    assert!(!said.contains(NAME) && said.contains(&erased));
    assert_eq!(world.desk.forget_the_erased().await.unwrap(), 1);
    assert_eq!(world.desk.forget_the_erased().await.unwrap(), 0);
    // Twice, or seated again under the same id: refused.
    let again = world.signed_as("Dana Cole", &erase, json!({})).await;
    assert_eq!(again.json()["code"], "AUTH-0053");
    world.check().await;

    let world = world.reopened(90).await;
    world.check().await;
    for plain in [NAME.as_bytes(), b"zebedee@example.com"] {
        assert_eq!(found(world.dir.path(), plain), Vec::<String>::new());
    }
    assert!(!found(world.dir.path(), before.as_bytes()).is_empty(), "its lines stand as they were");
    let people = read_as(&world, "Dana Cole", &format!("{AT}/people")).await;
    assert!(!people.contains(NAME) && people.contains(&erased) && people.contains("Ines Park"));
}

#[tokio::test]
async fn a_sealed_name_in_somebody_elses_text_is_opened_for_nobody_who_has_no_seat_there() {
    let (world, person) = with_zebedee().await;
    let (tenant, id) = ids(&world, &person).await;
    let sealed = world.tenants.view(tenant).await.unwrap().state.person_name(id);
    world.done("/clients", json!({"name": "Juniper Dental", "slug": "juniper"})).await;
    world.first("juniper", "Eve Lind").await;
    let body = json!({"name": "probe", "kind": "ai_agent", "purpose": format!("Who is {sealed}?")});
    world.done_as("Eve Lind", "/clients/juniper/agents", body).await;
    let text = read_as(&world, "Eve Lind", "/clients/juniper/agents/probe").await;
    assert!(!text.contains(NAME), "{text}");
    assert!(text.contains(&format!("a person whose name is sealed ({person})")), "{text}");
    // Nor can anybody be named so.
    let body = json!({"name": sealed, "side": "client", "roles": ["approver"]});
    let refused = world.signed_as("Eve Lind", "/clients/juniper/invitations", body).await;
    assert_eq!(refused.json()["code"], "AUTH-0005", "{}", refused.json());
    assert!(!refused.json().to_string().contains(NAME));
}

#[tokio::test]
async fn a_person_of_the_provider_has_a_key_at_each_client_and_is_erased_client_by_client() {
    let world = World::active().await;
    let tom = world.person("Tom Reyes").await;
    let (client, id) = ids(&world, &tom).await;
    let provider: TenantId =
        world.get("/provider").await["tenant"].as_str().unwrap().parse().unwrap();
    let row = format!("person/{tom}");
    let key = async |tenant| world.vault.get(Space::Tenant(tenant), &row).await.unwrap();
    let (here, home) = (key(client).await.unwrap(), key(provider).await.unwrap());
    assert_ne!(here.expose(), home.expose());
    let leave = format!("{AT}/people/{tom}/leave");
    world.done(&leave, json!({})).await;
    let refused =
        world.signed_as("Dana Cole", &format!("{AT}/people/{tom}/erase"), json!({})).await;
    assert_eq!(refused.json()["code"], "AUTH-0019", "the provider's people are the provider's");
    world.done(&format!("{AT}/people/{tom}/erase"), json!({})).await;
    assert!(key(client).await.is_none() && key(provider).await.is_some());
    let people = world.get(&format!("{AT}/people")).await.to_string();
    assert!(people.contains(&format!("erased person {tom}")) && !people.contains("Tom Reyes"));
    assert!(world.get("/provider").await.to_string().contains("Tom Reyes"));
    let seat = json!({"person": tom, "roles": ["engineer"]});
    let again = world.post(&format!("{AT}/people"), seat).await;
    assert_eq!(again.json()["code"], "AUTH-0053", "{}", again.json());
    assert!(world.tenants.view(client).await.unwrap().state.erased.contains_key(&id));
    world.check().await;
}
