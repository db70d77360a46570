//! A clause that refuses binds everybody: the provider's owner in every role cannot do what it refuses, by any endpoint.

use serde_json::{Value, json};

use crate::world::{World, signing_of};

const AT: &str = "/clients/harbor-books";

/// Every act that the charter governs: its class, its address, its body.
fn governed() -> Vec<(&'static str, String, Value)> {
    let agent = |name: &str, act: &str| format!("{AT}/agents/{name}/{act}");
    vec![
        ("agent.activate", agent("new-bot", "activate"), json!({})),
        ("agent.release", agent("held-bot", "release"), json!({})),
        (
            "agent.widen",
            format!("{AT}/grants"),
            json!({"subject": {"agent": "invoice-bot"}, "server": "mail", "surface": "tool",
                "name": "send_message", "reason": "It answers suppliers"}),
        ),
        (
            "agent.answers",
            agent("invoice-bot", "accountability"),
            json!({"authorizer": "Dana Cole", "auditor": "Noor Haddad",
                "terminators": ["Dana Cole", "Mira Okafor"]}),
        ),
        ("credential.issue", agent("invoice-bot", "enrollments"), json!({})),
        (
            "agent.observe",
            format!("{AT}/observe"),
            json!({"agent": "invoice-bot", "until": "2026-11-20T00:00:00.000000Z",
                "reason": "To see what it would be refused"}),
        ),
        ("evidence.export", format!("{AT}/export/allow"), json!({})),
    ]
}

async fn populated() -> World {
    let world = World::active().await;
    world.agent("held-bot").await;
    let hold = format!("{AT}/agents/held-bot/hold");
    world.done(&hold, json!({"reason": "Month end"})).await;
    let body = json!({"name": "new-bot", "kind": "ai_agent", "purpose": "Sorts mail"});
    world.done(&format!("{AT}/agents"), body).await;
    let answers = json!({"authorizer": "Dana Cole", "auditor": "Noor Haddad",
        "terminators": ["Dana Cole", "Mira Okafor"]});
    world.done(&format!("{AT}/agents/new-bot/accountability"), answers).await;
    world
}

async fn lines(world: &World) -> Value {
    world.get("/status").await["lines"].clone()
}

#[tokio::test]
async fn a_refused_act_is_refused_to_the_providers_owner_on_every_road() {
    let world = populated().await;
    let people = world.get(&format!("{AT}/people")).await;
    let mira = people.as_array().unwrap().iter().find(|one| one["name"] == "Mira Okafor");
    let roles = mira.unwrap()["roles"].to_string();
    assert!(roles.contains("owner") && roles.contains("approver") && roles.contains("engineer"));
    for (class, path, body) in governed() {
        let clauses = json!([
            {"key": "everything", "title": "Everything", "actions": ["*"], "mode": "act"},
            {"key": "not-this", "title": "Never this", "actions": [class], "mode": "refuse"}]);
        world.charter("harbor-books", "Dana Cole", clauses).await;
        let before = lines(&world).await;
        // In the console, and by the command line with the installation's own token.
        let mira = world.signed_as("Mira Okafor", &path, body.clone()).await;
        let cli = world.post(&path, body.clone()).await;
        for answer in [mira, cli] {
            let problem = answer.json();
            assert_eq!(problem["code"], "AUTH-0037", "{class} {path}: {problem}");
            assert_eq!(answer.status, 403, "{class}");
            assert!(problem["detail"].as_str().unwrap().contains("not-this"), "{problem}");
            assert!(signing_of(&answer).is_none(), "{class}: it is asked to be signed");
        }
        assert_eq!(lines(&world).await, before, "{class}: nothing was written");
        // Without the clause it is done: the refusal was the clause's, and nothing else's.
        let clauses = json!([{"key": "this", "title": "This", "actions": ["*"], "mode": "act"}]);
        world.charter("harbor-books", "Dana Cole", clauses).await;
        let done = world.signed_as("Mira Okafor", &path, body).await;
        assert_eq!(done.status, 200, "{class}: {}", done.json());
    }
    world.check().await;
}

#[tokio::test]
async fn what_no_clause_covers_is_refused_and_what_is_proposed_is_the_clients() {
    let world = populated().await;
    for (class, path, body) in governed() {
        let rest = json!([{"key": "mail", "title": "Mail", "actions": ["mail.*"], "mode": "act"}]);
        world.charter("harbor-books", "Dana Cole", rest).await;
        let answer = world.signed_as("Mira Okafor", &path, body.clone()).await;
        assert_eq!(answer.json()["code"], "AUTH-0038", "{class}: {}", answer.json());
        let ask =
            json!([{"key": "ask", "title": "Only they", "actions": ["*"], "mode": "propose"}]);
        world.charter("harbor-books", "Dana Cole", ask).await;
        let answer = world.signed_as("Mira Okafor", &path, body.clone()).await;
        assert_eq!(answer.json()["code"], "AUTH-0039", "{class}: {}", answer.json());
        let detail = answer.json()["detail"].to_string();
        assert!(detail.contains("Harbor Books"), "{class}: {detail}");
        if class != "evidence.export" {
            let done = world.signed_as("Dana Cole", &path, body).await;
            assert_eq!(done.status, 200, "{class}: {}", done.json());
        }
    }
    world.check().await;
}

#[tokio::test]
async fn stops_are_never_governed() {
    let world = populated().await;
    let never = json!([{"key": "never", "title": "Nothing", "actions": ["*"], "mode": "refuse"}]);
    world.charter("harbor-books", "Dana Cole", never).await;
    for (name, path, body) in [
        ("Tom Reyes", format!("{AT}/agents/invoice-bot/hold"), json!({"reason": "Wait"})),
        ("Ines Park", format!("{AT}/agents/invoice-bot/quarantine"), json!({"reason": "Odd"})),
        ("Dana Cole", format!("{AT}/agents/invoice-bot/terminate"), json!({"reason": "Over"})),
        ("Mira Okafor", format!("{AT}/agents/held-bot/terminate"), json!({"reason": "Over"})),
        ("Tom Reyes", format!("{AT}/charter/suspend"), json!({"reason": "Odd"})),
        ("Ines Park", format!("{AT}/freeze"), json!({"reason": "Odd"})),
        ("Tom Reyes", format!("{AT}/freeze"), json!({"reason": "Odd"})),
    ] {
        let done = world.signed_as(name, &path, body).await;
        assert_eq!(done.status, 200, "{name} {path}: {}", done.json());
    }
    world.check().await;
}
