//! Replaying: what a draft would have decided equals deciding by hand; a template's chain and its overrides; what is
//! wrong with a draft is said at once; what is checked and written for the owner.

use axum::http::Method;
use serde_json::{Value, json};
use writ_model::Span;

use crate::{
    calls::{AT, call},
    world::{World, everything},
};

const CHARTER: &str = "/clients/harbor-books/charter";

async fn granted(world: &World) {
    let grant = json!({"subject": {"agent": "invoice-bot"}, "server": "mail", "surface": "tool",
        "name": "*", "reason": "It answers suppliers"});
    world.done(&format!("{AT}/grants"), grant).await;
}

/// What tools of the mail server count as.
fn namings() -> Value {
    let one = |name: &str, action: &str| json!({"server": "mail", "surface": "tool", "name": name, "action": action});
    let mut pay = one("pay", "payment.release");
    pay["amount"] = json!("/amount");
    pay["currency"] = json!("EUR");
    json!([
        one("read_*", "mail.read"),
        one("send_*", "mail.send"),
        one("delete_*", "mail.delete"),
        pay
    ])
}

/// A draft to be tried: limits of counts and of money, a condition on an amount, every effect.
fn tried() -> Value {
    json!([
        {"key": "read", "title": "Reading", "actions": ["mail.read"], "mode": "act"},
        {"key": "send", "title": "Sending", "actions": ["mail.send"], "mode": "notify_and_act",
            "limits": [{"count": {"most": 2, "per": "day"}}]},
        {"key": "delete", "title": "Deleting", "actions": ["mail.delete"], "mode": "refuse"},
        {"key": "pay", "title": "Paying", "actions": ["payment.release"], "mode": "act",
            "limits": [{"money": {"most": {"amount": "500", "currency": "EUR"}, "per": "day"}}]},
        {"key": "pay-large", "title": "Larger payments", "actions": ["payment.release"],
            "when": {"amount_over": {"amount": "400", "currency": "EUR"}},
            "mode": {"approve": {"quorum": [{"party": "client", "role": "owner", "n": 1}]}}}])
}

#[tokio::test]
async fn a_replay_decides_what_enforcing_would_have_decided() {
    let world = World::active().await;
    let copy = world.enroll("invoice-bot").await;
    granted(&world).await;
    let mut calls = Vec::new();
    for (name, arguments) in [
        ("read_inbox", json!({})),
        ("send_message", json!({"to": "a@harborbooks.example"})),
        ("delete_message", json!({"id": 7})),
        ("pay", json!({"amount": "250.00"})),
        ("pay", json!({"amount": "900.00"})),
        ("pay", json!({"amount": "200.00"})),
        ("unheard_of", json!({})),
        ("send_message", json!({"to": "b@harborbooks.example"})),
        ("send_message", json!({"to": "c@harborbooks.example"})),
    ] {
        world.clock.advance(Span::seconds(20));
        let seq = u64::try_from(calls.len()).unwrap();
        calls.push((call(&world, &copy, seq, name, arguments).await, name));
    }
    let all = world.get("/calls?client=harbor-books").await;
    assert_eq!(all["calls"].as_array().unwrap().len(), calls.len());

    let body = json!({"clauses": tried(), "counts_as": namings()});
    world.draft("harbor-books", body).await;
    let before = world.get("/status").await["lines"].clone();
    let replay = world.get(&format!("{CHARTER}/replay?days=1")).await;
    // By hand: 900 is over 400 and waits, and over what is left of 500 a day; then 200 still fits; the third mail is one
    // too many; nothing covers a tool that counts as nothing.
    let wanted = [
        ("delete_message", "deny"),
        ("pay", "deny"),
        ("unheard_of", "deny"),
        ("send_message", "deny"),
    ];
    let mut found: Vec<(String, String)> = replay["differs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            assert_eq!(one["was"]["effect"], "permit", "{one}");
            let text = |at: &str| one.pointer(at).unwrap().as_str().unwrap().to_owned();
            (text("/name"), text("/would/effect"))
        })
        .collect();
    found.reverse();
    let found: Vec<(&str, &str)> = found.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(found, wanted, "{replay}");
    assert_eq!(
        (&replay["looked"], &replay["same"], &replay["others"]),
        (&json!(9), &json!(5), &json!(4))
    );
    assert_eq!(replay["skipped"], json!([]));
    assert_eq!(replay["version"]["name"], "draft");
    let deleted = &replay["differs"][3];
    assert_eq!(deleted["call"], json!(calls[2].0));
    assert_eq!(deleted["would"]["clauses"], json!(["delete"]), "{deleted}");
    assert_eq!(world.get("/status").await["lines"], before, "nothing was written");

    // The same, enforced: each call is decided again once the draft is in force.
    for name in ["Mira Okafor", "Dana Cole"] {
        assert_eq!(world.sign_charter(name, "harbor-books").await.status, 200);
    }
    for (name, arguments, effect) in [
        ("read_inbox", json!({}), "allowed"),
        ("delete_message", json!({"id": 7}), "blocked"),
        ("pay", json!({"amount": "250.00"}), "allowed"),
        ("unheard_of", json!({}), "blocked"),
    ] {
        let seq = u64::try_from(calls.len()).unwrap();
        let id = call(&world, &copy, seq, name, arguments).await;
        calls.push((id.clone(), name));
        assert_eq!(world.get(&format!("{AT}/calls/{id}")).await["effect"], effect, "{name}");
    }
    world.check().await;
}

#[tokio::test]
async fn a_replay_says_what_it_did_not_look_at() {
    let world = World::active().await;
    let copy = world.enroll("invoice-bot").await;
    granted(&world).await;
    call(&world, &copy, 0, "read_inbox", json!({})).await;
    world.clock.advance(Span::days(3));
    call(&world, &copy, 1, "read_inbox", json!({})).await;
    let day = world.get(&format!("{CHARTER}/replay?days=1")).await;
    assert_eq!((&day["looked"], &day["same"]), (&json!(1), &json!(1)), "{day}");
    assert_eq!(day["version"]["name"], "1", "without a draft, what is in force");
    let week = world.get(&format!("{CHARTER}/replay?to=1")).await;
    assert_eq!(week["looked"], 2);
    // What is not sealed to this call cannot be opened.
    let tenant = world.get(AT).await["tenant"].as_str().unwrap().parse().unwrap();
    let id: writ_model::CallId =
        call(&world, &copy, 2, "read_inbox", json!({})).await.parse().unwrap();
    let mut stored = world.lake.call(tenant, id).await.unwrap().unwrap().record;
    stored.call = writ_model::CallId::from_parts(stored.at, [77; 10]);
    stored.seq = 3;
    world.lake.place(stored.tenant).await.unwrap().write_durable(stored).await.unwrap();
    let week = world.get(&format!("{CHARTER}/replay?days=7")).await;
    assert_eq!((&week["looked"], &week["skipped"][0]["calls"]), (&json!(3), &json!(1)), "{week}");
    assert!(week["skipped"][0]["why"].as_str().unwrap().contains("cannot be opened"), "{week}");
    for path in ["replay?to=9", "replay?to=draft", "replay?to=x", "diff?from=9", "versions/0"] {
        let answer =
            world.send(world.request(Method::GET, &format!("{CHARTER}/{path}"), None)).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.json());
    }
}

#[tokio::test]
async fn templates_inherit_and_their_overrides_are_seen() {
    let world = World::active().await;
    let built_in = world.get("/provider/templates").await;
    let names: Vec<&Value> = built_in.as_array().unwrap().iter().map(|one| &one["name"]).collect();
    for name in ["cautious", "balanced", "hands-off"] {
        assert!(names.contains(&&json!(name)), "{built_in}");
    }
    let cautious = world.get("/provider/templates/cautious").await;
    let first = cautious["inherited"][0].clone();
    assert_eq!((&first["from"], &first["overrides"]), (&json!("cautious"), &json!(null)));
    let mut mine = first["clause"].clone();
    mine["title"] = json!("Ours, with another title");
    let extra = json!({"key": "x-rays", "title": "X-ray images", "actions": ["data.share"], "mode": "refuse"});
    let second = cautious["inherited"][1]["key"].clone();
    let body = json!({"name": "dental", "parent": "cautious", "clauses": [mine, extra], "removes": [second]});
    world.done("/provider/templates", body).await;
    let dental = world.get("/provider/templates/dental").await;
    assert_eq!(dental["chain"], json!(["cautious"]));
    let rows = dental["inherited"].as_array().unwrap();
    let row = |key: &Value| rows.iter().find(|one| one["key"] == *key);
    let overridden = row(&first["key"]).unwrap();
    assert_eq!(
        (&overridden["from"], &overridden["overrides"]),
        (&json!("dental"), &json!("cautious"))
    );
    assert!(row(&second).is_none());
    // A client's charter on top of it, with a clause of its own and one laid over.
    let own = json!({"key": "x-rays", "title": "X-ray images, asked for", "actions": ["data.share"], "mode": "propose"});
    world.draft("harbor-books", json!({"base": "dental", "clauses": [own]})).await;
    let draft = world.get(&format!("{CHARTER}/versions/draft")).await;
    let rows = draft["clauses"].as_array().unwrap();
    let row = |key: &str| rows.iter().find(|one| one["key"] == key).unwrap();
    let xrays = row("x-rays");
    assert_eq!((&xrays["from"], &xrays["overrides"]), (&json!("client"), &json!("dental")));
    let first = row(first["key"].as_str().unwrap());
    assert_eq!((&first["from"], &first["overrides"]), (&json!("dental"), &json!("cautious")));
    assert_eq!(draft["base"], "dental");
    // A later change of the template changes no charter.
    let body = json!({"name": "dental", "parent": "cautious", "clauses": []});
    world.done("/provider/templates", body).await;
    let again = world.get(&format!("{CHARTER}/versions/draft")).await;
    assert_eq!(again["digest"], draft["digest"]);
    let wrong =
        json!({"name": "x", "parent": "nowhere", "clauses": [{"key": "a"}, 7], "counts_as": ["x"]});
    let answer = world.post("/provider/templates", wrong).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (422, &json!("AUTH-0048")));
    assert!(answer.json()["wrongs"].as_array().unwrap().len() >= 4, "{}", answer.json());
    world.check().await;
}

fn good() -> Value {
    json!({"key": "good", "title": "Good", "actions": ["mail.*"], "mode": "act"})
}

/// Drafts, and which field of each is wrong.
fn wrong_drafts() -> Vec<(Value, &'static str)> {
    let good = good();
    let with = |change: Value| {
        let mut clause = good.clone();
        for (name, value) in change.as_object().unwrap() {
            clause[name.as_str()] = value.clone();
        }
        json!({"clauses": [clause]})
    };
    vec![
        (json!({"clauses": []}), "clauses"),
        (json!({"base": "nowhere"}), "base"),
        (json!({"clauses": [good.clone(), good.clone()]}), "clauses[1]"),
        (json!({"clauses": [7]}), "clauses[0]"),
        (json!({"clauses": [{"key": "a"}]}), "clauses[0]"),
        (with(json!({"more": 1})), "clauses[0]"),
        (with(json!({"key": "A B"})), "clauses[0].key"),
        (with(json!({"title": ""})), "clauses[0].title"),
        (with(json!({"actions": []})), "clauses[0].actions"),
        (with(json!({"actions": ["nothing.such"]})), "clauses[0].actions"),
        (with(json!({"mode": "maybe"})), "clauses[0]"),
        (with(json!({"mode": {"approve": {"quorum": []}}})), "clauses[0].mode"),
        (with(json!({"scope": {"agents": ["nobody"]}})), "clauses[0].scope.agents"),
        (with(json!({"scope": {"groups": ["nowhere"]}})), "clauses[0].scope.groups"),
        (with(json!({"when": {"confidence": 101}})), "clauses[0].when.confidence"),
        (with(json!({"waits": {"expires_minutes": 0}})), "clauses[0].waits"),
        (
            with(
                json!({"limits": [{"money": {"most": {"amount": "x", "currency": "EUR"}, "per": "day"}}]}),
            ),
            "clauses[0].limits[0]",
        ),
        (
            json!({"clauses": [good.clone()], "calendar": {"zone": "Nowhere/Such", "days": [1], "from_minute": 0, "to_minute": 60}}),
            "calendar",
        ),
        (json!({"clauses": [good.clone()], "counts_as": [{"server": "mail"}]}), "counts_as[0]"),
        (json!({"clauses": [good.clone()], "actions": [{"class": "mine"}]}), "actions[0]"),
        (json!({"base": "cautious", "removes": ["nothing-such"]}), "removes[0]"),
    ]
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_draft_is_said_at_once() {
    let world = World::active().await;
    let path = format!("{CHARTER}/draft");
    let lines = world.get("/status").await["lines"].clone();
    for (body, field) in wrong_drafts() {
        let answer = world.post(&path, body.clone()).await;
        let problem = answer.json();
        assert_eq!(
            (answer.status.as_u16(), &problem["code"]),
            (422, &json!("AUTH-0035")),
            "{body}: {problem}"
        );
        let wrongs = problem["wrongs"].as_array().unwrap();
        let named = wrongs.iter().find(|one| one["field"].as_str().unwrap().starts_with(field));
        let named = named.unwrap_or_else(|| panic!("{field} is not named: {problem}"));
        for part in ["rule", "cure"] {
            assert!(
                named[part].as_str().is_some_and(|text| !text.is_empty()),
                "{field}: {problem}"
            );
        }
    }
    let many = json!({"clauses": [
        {"key": "A B", "title": "", "actions": ["nothing.such"], "mode": "act"}, 7, good(),
        {"key": "other", "title": "Other", "actions": ["mail.*"], "mode": "act", "when": {"confidence": 200}}],
        "counts_as": [{"server": "mail"}], "base": null});
    let problem = world.post(&path, many).await.json();
    let fields: Vec<&str> = problem["wrongs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["field"].as_str().unwrap())
        .collect();
    for field in [
        "clauses[0].key",
        "clauses[0].title",
        "clauses[0].actions",
        "clauses[1]",
        "clauses[3].when.confidence",
        "counts_as[0]",
    ] {
        assert!(fields.iter().any(|one| one.starts_with(field)), "{field}: {fields:?}");
    }
    for text in ["{", r#"{"clauses":[],"clauses":[]}"#, r#"{"more":1}"#] {
        let mut asked = world.request(Method::POST, &path, Some(&json!({})));
        *asked.body_mut() = text.to_owned().into();
        assert_eq!(world.send(asked).await.json()["code"], "DESK-0003", "{text}");
    }
    assert_eq!(world.get("/status").await["lines"], lines, "nothing was written");
}

#[tokio::test]
async fn what_is_left_out_of_a_draft_stays() {
    let world = World::active().await;
    let calendar =
        json!({"zone": "Europe/Lisbon", "days": [1, 2, 3], "from_minute": 480, "to_minute": 1020});
    let body = json!({"clauses": everything(), "calendar": calendar, "counts_as": namings(),
        "contract_ref": "MSA 2026-14", "review_by": "2027-11-03T00:00:00.000000Z"});
    world.draft("harbor-books", body).await;
    let clause = json!({"key": "bot", "title": "The bot", "actions": ["mail.*"], "mode": "act",
        "scope": {"agents": ["invoice-bot"]}, "unless": [{"scope": {"agents": ["invoice-bot"]}}]});
    world.draft("harbor-books", json!({"clauses": [clause], "contract_ref": null})).await;
    let draft = world.get(&format!("{CHARTER}/versions/draft")).await;
    assert_eq!(draft["calendar"]["zone"], "Europe/Lisbon");
    assert_eq!((&draft["contract_ref"], draft["review_by"].is_string()), (&json!(null), true));
    assert_eq!(draft["counts_as"].as_array().unwrap().len(), 4);
    let scope = &draft["clauses"][0]["clause"]["scope"]["agents"][0];
    assert!(scope.as_str().unwrap().starts_with("agt_"), "a name became its id: {draft}");
    assert!(draft["clauses"][0]["text"].to_string().contains("invoice-bot"), "{draft}");
}

/// Clauses of every mode, about people's acts and agents' calls.
fn real() -> Value {
    json!([
        {"key": "run", "title": "Running agents", "actions": ["agent.*", "credential.issue"], "mode": "act"},
        {"key": "widen", "title": "New grants", "actions": ["agent.widen"],
            "mode": {"approve": {"quorum": [{"party": "client", "role": "approver", "n": 1}]}}},
        {"key": "book", "title": "The book is ours", "actions": ["evidence.export"], "mode": "propose"},
        {"key": "read", "title": "Reading mail", "actions": ["mail.read"], "mode": "act"},
        {"key": "send", "title": "Sending mail", "actions": ["mail.send"], "mode": "notify_and_act"},
        {"key": "delete", "title": "Deleting mail", "actions": ["mail.delete"], "mode": "refuse"},
        {"key": "pay", "title": "Payments", "actions": ["payment.release"],
            "mode": {"approve": {"quorum": [{"party": "client", "role": "owner", "n": 1}]}},
            "limits": [{"count": {"most": 5, "per": "day"}}]},
        {"key": "rest", "title": "Anything else", "actions": ["tool.use", "resource.read", "prompt.get"], "mode": "propose"}])
}

#[tokio::test]
async fn a_charter_in_force_is_enforced_everywhere_and_read_as_a_letter() {
    let world = World::active().await;
    let copy = world.enroll("invoice-bot").await;
    granted(&world).await;
    call(&world, &copy, 0, "read_inbox", json!({})).await;
    world.draft("harbor-books", json!({"clauses": real(), "counts_as": namings()})).await;
    for name in ["Mira Okafor", "Dana Cole"] {
        assert_eq!(world.sign_charter(name, "harbor-books").await.status, 200);
    }
    let check = world.get(&format!("{CHARTER}/check")).await;
    assert!(check["clauses"].as_u64().unwrap() > 3, "{check}");
    assert_eq!((&check["orphans"], &check["found"]), (&json!(0), &json!([])), "{check}");
    for row in check["rows"].as_array().unwrap() {
        assert!(!row["enforced_by"].as_array().unwrap().is_empty(), "{row}");
    }
    let letter = world.get(&format!("{CHARTER}/letter")).await;
    assert_eq!(
        (&letter["letter"]["to"], &letter["letter"]["from"]),
        (&json!("Harbor Books"), &json!("Northwind IT"))
    );
    assert!(!letter["letter"]["never"].as_array().unwrap().is_empty(), "{letter}");
    assert!(letter["letter"]["stop"].as_str().unwrap().len() > 20);
    assert_eq!(letter["version"]["version"], 2);
    let catalog = world.get("/catalog").await;
    assert!(catalog["actions"].as_array().unwrap().len() >= 30);
    world.check().await;
}

#[tokio::test]
async fn the_largest_charter_is_proposed_signed_checked_and_printed() {
    let world = World::active().await;
    let mode = |at: usize| match at % 3 {
        0 => json!("act"),
        1 => json!("notify_and_act"),
        _ => json!({"approve": {"quorum": [{"party": "client", "role": "owner", "n": 1}]}}),
    };
    let clauses: Vec<Value> = (0..64)
        .map(|at| {
            json!({"key": format!("clause-{at}"), "title": format!("The clause number {at}"), "contract_ref": "MSA 2026-14, ".repeat(2).trim(),
                "actions": if at == 0 { json!(["*"]) } else { json!(["mail.*"]) }, "mode": mode(at),
                "scope": if at == 0 { json!({}) } else { json!({"servers": [format!("mail-{}", at % 16)]}) }})
        })
        .collect();
    let namings: Vec<Value> = (0..128)
        .map(|at| {
            json!({"server": format!("mail-{}", at % 16), "surface": "tool",
                "name": format!("send_{at}_*"), "action": "mail.send"})
        })
        .collect();
    world.draft("harbor-books", json!({"clauses": clauses, "counts_as": namings})).await;
    let draft = world.get(&format!("{CHARTER}/versions/draft")).await;
    let size = draft["document"].to_string().len();
    assert!((36_000..=40_000).contains(&size), "{size} bytes");
    for name in ["Mira Okafor", "Dana Cole"] {
        let signed = world.sign_charter(name, "harbor-books").await;
        assert_eq!(signed.status, 200, "{name}: {}", signed.json());
    }
    let check = world.get(&format!("{CHARTER}/check")).await;
    assert_eq!((&check["clauses"], &check["orphans"]), (&json!(64), &json!(0)), "{check}");
    let asked = world.request(Method::GET, &format!("{CHARTER}.pdf"), None);
    assert_eq!(world.send(asked).await.status, 200);
    world.check().await;
}
