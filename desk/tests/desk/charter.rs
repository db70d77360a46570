//! The charter: proposed, signed by both, in force; altered, half signed, signed by the wrong party; stops of either
//! party.

use axum::http::Method;
use serde_json::{Value, json};
use writ_model::Span;

use crate::world::{World, everything, signing_of};

const AT: &str = "/clients/harbor-books";
const CHARTER: &str = "/clients/harbor-books/charter";

async fn lines(world: &World) -> u64 {
    world.get(AT).await["lines"].as_u64().unwrap()
}

/// A client with people, and no charter.
async fn without() -> World {
    let world = World::founded().await;
    world.first("harbor-books", "Dana Cole").await;
    world.member("Dana Cole", "harbor-books", "Ines Park", "approver").await;
    world.member("Dana Cole", "harbor-books", "Noor Haddad", "auditor").await;
    world.staff("Tom Reyes", "engineer").await;
    let seat = json!({"person": "Tom Reyes", "roles": ["engineer"]});
    world.done("/clients/harbor-books/people", seat).await;
    let body = json!({"name": "invoice-bot", "kind": "ai_agent", "purpose": "Matches invoices"});
    world.done(&format!("{AT}/agents"), body).await;
    let body = json!({"authorizer": "Dana Cole", "auditor": "Noor Haddad",
        "terminators": ["Dana Cole", "Mira Okafor"]});
    world.done(&format!("{AT}/agents/invoice-bot/accountability"), body).await;
    world
}

/// What an act answers: its status and code.
async fn tried(world: &World, name: &str, path: &str, body: Value) -> (u16, Value) {
    let answer = world.signed_as(name, path, body).await;
    let status = answer.status.as_u16();
    (status, if status == 200 { json!(null) } else { answer.json()["code"].clone() })
}

#[tokio::test]
async fn both_parties_sign_and_only_then_it_is_in_force() {
    let world = without().await;
    let activate = format!("{AT}/agents/invoice-bot/activate");
    assert_eq!(tried(&world, "Dana Cole", &activate, json!({})).await, (409, json!("AUTH-0036")));
    let view = world.get(CHARTER).await;
    assert_eq!((&view["in_force"], &view["draft"]), (&json!(null), &json!(null)));
    assert!(view["notes"][0].as_str().unwrap().contains("No charter is in force"), "{view}");

    let done = world.draft("harbor-books", json!({"clauses": everything()})).await;
    assert!(done["id"].as_str().unwrap().starts_with("cht_"), "{done}");
    let draft = world.get(CHARTER).await["draft"].clone();
    assert_eq!((draft["state"].as_str(), draft["version"].as_u64()), (Some("draft"), Some(1)));
    let missing: Vec<&Value> =
        draft["missing"].as_array().unwrap().iter().map(|one| &one["side"]).collect();
    assert_eq!(missing, [&json!("provider"), &json!("client")]);
    assert_eq!(draft["missing"][1]["who"][0]["name"], "Dana Cole");
    assert_eq!(draft["clauses"][0]["from"], "client");

    // Half signed is not in force.
    assert_eq!(world.sign_charter("Mira Okafor", "harbor-books").await.status, 200);
    let view = world.get(CHARTER).await;
    assert_eq!(view["in_force"], json!(null));
    assert_eq!(view["draft"]["signed"][0]["person"]["name"], "Mira Okafor");
    assert_eq!(view["draft"]["missing"].as_array().unwrap().len(), 1, "{view}");
    assert_eq!(tried(&world, "Dana Cole", &activate, json!({})).await, (409, json!("AUTH-0036")));

    let signed = world.sign_charter("Dana Cole", "harbor-books").await.json();
    assert!(signed["says"].to_string().contains("in force"), "{signed}");
    let view = world.get(CHARTER).await;
    assert_eq!(view["draft"], json!(null));
    let now = &view["in_force"];
    assert_eq!((now["state"].as_str(), now["version"].as_u64()), (Some("in_force"), Some(1)));
    assert_eq!(now["digest"], draft["digest"], "what was read is what is in force");
    assert_eq!(now["signed"].as_array().unwrap().len(), 2);
    assert_eq!(view["notes"], json!([]));
    assert_eq!(tried(&world, "Dana Cole", &activate, json!({})).await.0, 200);

    // A second version: the first is past, and stays readable.
    let body = json!({"clauses": [
        {"key": "everything", "title": "Everything", "actions": ["*"], "mode": "act"},
        {"key": "no-payments", "title": "No payments", "actions": ["payment.*"], "mode": "refuse"}]});
    world.draft("harbor-books", body).await;
    let diff = world.get(&format!("{CHARTER}/diff")).await;
    assert_eq!((&diff["from"]["name"], &diff["to"]["name"]), (&json!("1"), &json!("draft")));
    assert!(diff["changes"].to_string().contains("no-payments"), "{diff}");
    for name in ["Dana Cole", "Mira Okafor"] {
        assert_eq!(world.sign_charter(name, "harbor-books").await.status, 200);
    }
    let view = world.get(CHARTER).await;
    let names: Vec<&Value> =
        view["versions"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, [&json!("2"), &json!("1")]);
    let first = world.get(&format!("{CHARTER}/versions/1")).await;
    assert_eq!((first["state"].as_str(), &first["digest"]), (Some("past"), &draft["digest"]));
    assert!(first["until"].is_string());
    world.check().await;
}

#[tokio::test]
async fn what_is_signed_carries_the_charter_and_is_read_in_full() {
    let world = without().await;
    let body = json!({"clauses": [{"key": "mail", "title": "Mail with care", "actions": ["mail.*"],
        "mode": {"approve": {"quorum": [{"party": "client", "role": "owner", "n": 1}]}}}]});
    world.draft("harbor-books", body).await;
    let dana = world.sign_in("Dana Cole").await;
    let body = world.to_sign("harbor-books").await;
    let path = format!("{CHARTER}/sign");
    let answer = world.ask_as(&dana, Method::POST, &path, Some(&body)).await;
    let signing = signing_of(&answer).unwrap();
    let text = signing["text"].to_string();
    for words in ["Mail with care", "Harbor Books", body["digest"].as_str().unwrap()] {
        assert!(text.contains(words), "{words} is not in {text}");
    }
    assert_eq!(signing["next"], json!(format!("{AT}/charter")));
    let response = world.assertion("Dana Cole", &signing["options"]);
    let path = format!("/signings/{}", signing["signing"].as_str().unwrap());
    let done = world.ask_as(&dana, Method::POST, &path, Some(&response)).await.json();
    let line = done["line"].as_u64().unwrap() - 1;
    let receipt = world.get(&format!("{AT}/ledger/{line}")).await;
    let carried = receipt.pointer("/entry/fact/act_signed/request/act/sign_charter/charter");
    assert_eq!(carried.unwrap()["clauses"][0]["title"], "Mail with care", "{receipt}");
    world.check().await;
}

#[tokio::test]
async fn an_altered_draft_takes_no_old_signature() {
    let world = without().await;
    world.draft("harbor-books", json!({"clauses": everything()})).await;
    assert_eq!(world.sign_charter("Mira Okafor", "harbor-books").await.status, 200);
    // Dana is asked to sign what she read.
    let dana = world.sign_in("Dana Cole").await;
    let read = world.to_sign("harbor-books").await;
    let path = format!("{CHARTER}/sign");
    let answer = world.ask_as(&dana, Method::POST, &path, Some(&read)).await;
    let signing = signing_of(&answer).unwrap();
    // Then somebody puts another draft in its place.
    let other = json!({"clauses": [{"key": "everything", "title": "Everything, and more",
        "actions": ["*"], "mode": "act"}]});
    let tom = "Tom Reyes";
    world.done_as(tom, &format!("{CHARTER}/draft"), other).await;
    let draft = world.get(CHARTER).await["draft"].clone();
    assert_eq!((&draft["signed"], draft["missing"].as_array().unwrap().len()), (&json!([]), 2));
    let response = world.assertion("Dana Cole", &signing["options"]);
    let sign = format!("/signings/{}", signing["signing"].as_str().unwrap());
    let refused = world.ask_as(&dana, Method::POST, &sign, Some(&response)).await;
    assert_eq!(refused.json()["code"], "AUTH-0035", "{}", refused.json());
    // What she read is no name of what is there now.
    let stale = world.ask_as(&dana, Method::POST, &path, Some(&read)).await;
    assert_eq!(stale.status, 404, "{}", stale.json());
    let mut wrong = world.to_sign("harbor-books").await;
    wrong["digest"] = read["digest"].clone();
    let stale = world.ask_as(&dana, Method::POST, &path, Some(&wrong)).await;
    assert_eq!(stale.json()["field"], "digest", "{}", stale.json());
    assert_eq!(world.get(CHARTER).await["in_force"], json!(null));
    // Withdrawn, nothing is there to sign.
    world.done(&format!("{CHARTER}/draft/withdraw"), json!({"reason": "Too wide"})).await;
    assert_eq!(world.get(CHARTER).await["draft"], json!(null));
    let gone = world.ask_as(&dana, Method::POST, &path, Some(&wrong)).await;
    assert_eq!(gone.status, 404);
    world.check().await;
}

#[tokio::test]
async fn nobody_signs_for_the_other_party_or_in_too_small_a_role() {
    let world = without().await;
    world.draft("harbor-books", json!({"clauses": everything()})).await;
    assert_eq!(world.sign_charter("Mira Okafor", "harbor-books").await.status, 200);
    let before = lines(&world).await;
    // The provider's owner again; a client's approver and auditor; an engineer of the provider.
    for name in ["Mira Okafor", "Ines Park", "Noor Haddad", "Tom Reyes"] {
        let answer = world.sign_charter(name, "harbor-books").await;
        assert!([403, 409, 422].contains(&answer.status.as_u16()), "{name}: {}", answer.json());
        assert!(answer.json()["code"].as_str().unwrap().starts_with("AUTH-"), "{name}");
        assert!(signing_of(&answer).is_none(), "{name} is asked to sign");
    }
    assert_eq!(lines(&world).await, before, "nothing was written");
    assert_eq!(world.get(CHARTER).await["in_force"], json!(null));
    world.check().await;
}

#[tokio::test]
async fn either_party_suspends_alone_and_only_it_resumes() {
    let world = World::active().await;
    let clauses = json!([
        {"key": "everything", "title": "Everything", "actions": ["*"], "mode": "act"},
        {"key": "codes", "title": "Codes for new copies", "actions": ["credential.issue"], "mode": "act"}]);
    world.charter("harbor-books", "Dana Cole", clauses).await;
    let (suspend, resume) = (format!("{CHARTER}/suspend"), format!("{CHARTER}/resume"));
    let code = format!("{AT}/agents/invoice-bot/enrollments");
    let hold = format!("{AT}/agents/invoice-bot/hold");
    for (one, other, side) in
        [("Tom Reyes", "Dana Cole", "provider"), ("Ines Park", "Mira Okafor", "client")]
    {
        let body = json!({"clause": "codes", "reason": "Odd codes since noon"});
        world.done_as(one, &suspend, body).await;
        let row = world.get(CHARTER).await["suspended"][0].clone();
        assert_eq!((&row["side"], &row["by"]["name"]), (&json!(side), &json!(one)));
        assert_eq!(row["title"], "Codes for new copies");
        assert_eq!(tried(&world, "Mira Okafor", &code, json!({})).await.1, "AUTH-0040");
        // The other party cannot lift it; the one that set it can, by signature.
        let (status, code_) = tried(&world, other, &resume, json!({"clause": "codes"})).await;
        assert_ne!(status, 200, "{other} resumed what {one} suspended: {code_}");
        let by = if side == "provider" { "Mira Okafor" } else { "Dana Cole" };
        world.done_as(by, &resume, json!({"clause": "codes"})).await;
        assert_eq!(world.get(CHARTER).await["suspended"], json!([]));
        assert_eq!(tried(&world, "Mira Okafor", &code, json!({})).await.0, 200);
    }
    // Everything, by one word of the client; stopping goes on, starting does not.
    world.done_as("Ines Park", &suspend, json!({"reason": "We look at it first"})).await;
    assert_eq!(tried(&world, "Mira Okafor", &code, json!({})).await.1, "AUTH-0040");
    world.done_as("Tom Reyes", &hold, json!({"reason": "As they ask"})).await;
    let release = format!("{AT}/agents/invoice-bot/release");
    assert_eq!(tried(&world, "Dana Cole", &release, json!({})).await.1, "AUTH-0040");
    let auditor = json!({"reason": "I would like to"});
    assert_eq!(tried(&world, "Noor Haddad", &suspend, auditor).await.1, "AUTH-0003");
    let none = json!({"clause": "nothing", "reason": "x"});
    assert_ne!(tried(&world, "Dana Cole", &suspend, none).await.0, 200);
    world.check().await;
}

#[tokio::test]
async fn each_party_freezes_alone_and_lifts_its_own() {
    let world = World::active().await;
    let (freeze, thaw) = (format!("{AT}/freeze"), format!("{AT}/thaw"));
    let code = format!("{AT}/agents/invoice-bot/enrollments");
    world.done_as("Tom Reyes", &freeze, json!({"reason": "An alarm"})).await;
    world.done_as("Ines Park", &freeze, json!({"reason": "We are being attacked"})).await;
    let frozen = world.get(CHARTER).await["frozen"].clone();
    let sides: Vec<&Value> = frozen.as_array().unwrap().iter().map(|one| &one["side"]).collect();
    assert_eq!(sides, [&json!("provider"), &json!("client")]);
    assert_eq!(tried(&world, "Mira Okafor", &code, json!({})).await.1, "AUTH-0041");
    // One's own freeze, once; the other's stays.
    world.done_as("Mira Okafor", &thaw, json!({})).await;
    assert_eq!(tried(&world, "Mira Okafor", &code, json!({})).await.1, "AUTH-0041");
    assert_ne!(tried(&world, "Mira Okafor", &thaw, json!({})).await.0, 200, "it was lifted");
    assert_eq!(tried(&world, "Noor Haddad", &thaw, json!({})).await.1, "AUTH-0003");
    world.done_as("Dana Cole", &thaw, json!({})).await;
    assert_eq!(world.get(CHARTER).await["frozen"], json!([]));
    assert_eq!(tried(&world, "Mira Okafor", &code, json!({})).await.0, 200);
    world.clock.advance(Span::seconds(1));
    world.check().await;
}

#[tokio::test]
async fn in_its_own_ledger_the_providers_signature_suffices() {
    let world = World::founded().await;
    world.draft("northwind-it", json!({"clauses": everything()})).await;
    let draft = world.get("/clients/northwind-it/charter").await["draft"].clone();
    assert_eq!(draft["missing"].as_array().unwrap().len(), 1, "{draft}");
    let signed = world.sign_charter("Mira Okafor", "northwind-it").await;
    assert_eq!(signed.status, 200, "{}", signed.json());
    let view = world.get("/clients/northwind-it/charter").await;
    assert_eq!(view["in_force"]["state"], "in_force");
    world.check().await;
}

#[tokio::test]
async fn the_paper_for_the_contract_is_the_same_bytes_for_the_same_charter() {
    let world = World::active().await;
    let path = format!("{CHARTER}.pdf");
    let paper = || world.send(world.request(Method::GET, &path, None));
    let (one, two) = (paper().await, paper().await);
    assert_eq!(
        (one.status.as_u16(), &one.headers["content-type"]),
        (200, &"application/pdf".parse().unwrap())
    );
    assert!(one.bytes.starts_with(b"%PDF-"), "{:?}", &one.bytes[..20]);
    assert_eq!(one.bytes, two.bytes);
    world.draft("harbor-books", json!({"base": "cautious"})).await;
    let draft = world.request(Method::GET, &format!("{path}?version=draft"), None);
    let draft = world.send(draft).await;
    assert_eq!(draft.status, 200);
    assert_ne!(draft.bytes, one.bytes);
    let none = world.send(world.request(Method::GET, &format!("{path}?version=9"), None)).await;
    assert_eq!(none.status, 404);
}

#[tokio::test]
async fn every_line_about_a_charter_is_said_in_words() {
    let world = World::active().await;
    let at = |path: &str| format!("{CHARTER}/{path}");
    world.done(&at("suspend"), json!({"clause": "everything", "reason": "Odd"})).await;
    world.done(&at("resume"), json!({"clause": "everything"})).await;
    world.done(&format!("{AT}/freeze"), json!({"reason": "An alarm"})).await;
    world.done(&format!("{AT}/thaw"), json!({})).await;
    world.draft("harbor-books", json!({"base": "balanced"})).await;
    world.done(&at("draft/withdraw"), json!({"reason": "Too wide"})).await;
    let page = world.get(&format!("{AT}/ledger?limit=500")).await;
    let said = |kind: &str| -> String {
        let lines = page["lines"].as_array().unwrap();
        let line = lines.iter().rev().find(|line| line["kind"] == kind);
        line.unwrap_or_else(|| panic!("{kind}"))["says"].as_str().unwrap().to_owned()
    };
    let clause = "the clause \u{201c}Everything\u{201d} (everything)";
    for (kind, words) in [
        ("charter_signed", "Dana Cole signed version 1 of the charter for the client."),
        ("charter_in_force", "Version 1 of the charter is in force: everybody has signed it."),
        ("delegation_suspended", &format!("The provider suspended {clause}: Odd.")),
        ("delegation_resumed", &format!("The provider resumed {clause}.")),
        ("client_frozen", "The provider froze everything: An alarm."),
        ("client_thawed", "The provider lifted its freeze."),
        ("charter_withdrawn", "The draft of the charter was withdrawn: Too wide."),
    ] {
        assert_eq!(said(kind), words);
    }
    assert!(said("charter_proposed").starts_with("Version 2 of the charter was proposed, with "));
}
