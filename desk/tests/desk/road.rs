//! The walking road: found, add a client, propose, answer, activate, grant, enroll, end.

use axum::http::Method;
use serde_json::json;
use writ_authority::{Command, fact::TerminationConfirmed};
use writ_model::{AgentId, BootId, GatewayId, Span};

use crate::world::{OneGateway, World};

const AGENTS: &str = "/clients/harbor-books/agents";

#[tokio::test]
async fn an_agent_is_switched_on_only_when_everybody_answers() {
    let world = World::founded().await;
    world.people().await;
    let body = json!({"name": "mail-bot", "kind": "ai_agent", "purpose": "Answers mail"});
    let added = world.done(AGENTS, body).await;
    assert_eq!(added["says"][0], "mail-bot was proposed: Answers mail.");
    let activate = format!("{AGENTS}/mail-bot/activate");
    let refused = world.post(&activate, json!({})).await;
    assert_eq!(refused.status, 409);
    let problem = refused.json();
    assert_eq!(problem["code"], "AUTH-0008");
    assert!(problem["detail"].as_str().unwrap().contains("nobody is named who audits it"));
    assert!(problem["cure"].as_str().unwrap().contains("Name an auditor"));
    assert!(problem["request_id"].as_str().unwrap().starts_with("req_"));
    assert_eq!(refused.headers["content-type"], "application/problem+json");

    let same = json!({"authorizer": "Dana Cole", "auditor": "Dana Cole", "terminators": []});
    let refused = world.post(&format!("{AGENTS}/mail-bot/accountability"), same).await;
    assert_eq!(
        (refused.status.as_u16(), refused.json()["code"].as_str()),
        (409, Some("AUTH-0008"))
    );

    let queue = world.get("/queue").await;
    let item = queue["items"].as_array().unwrap().iter().find(|item| item["ask"] == "proposed");
    assert_eq!(item.unwrap()["client"]["slug"], "harbor-books");

    world.done("/clients/harbor-books/groups", json!({"name": "office"})).await;
    let answers = json!({"auditor": "Noor Haddad", "terminators": ["Dana Cole", "Mira Okafor"]});
    world.done("/clients/harbor-books/groups/office/accountability", answers).await;
    let body = json!({"name": "desk-bot", "kind": "bot", "purpose": "Sorts", "group": "office"});
    world.done(AGENTS, body).await;
    let answers = json!({"authorizer": "Dana Cole"});
    world.done(&format!("{AGENTS}/desk-bot/accountability"), answers).await;
    let badge = world.get(&format!("{AGENTS}/desk-bot")).await;
    assert_eq!(badge["answers"]["auditor"]["from"], "office");
    assert_eq!(badge["answers"]["auditor"]["inherited"], true);
    assert_eq!(badge["answers"]["authorizer"]["from"], "agent");
    assert_eq!(badge["missing"], json!([]));
    let done = world.done(&format!("{AGENTS}/desk-bot/activate"), json!({})).await;
    assert_eq!(done["says"].as_array().unwrap().len(), 2, "chartered, then activated");
    let row = &world.get("/agents?life=active").await[0];
    assert_eq!((row["name"].as_str(), row["life"].as_str()), (Some("desk-bot"), Some("active")));
    assert_eq!(world.get("/agents?q=SORTS").await.as_array().unwrap().len(), 1);
    world.check().await;
}

#[tokio::test]
async fn an_observed_agent_is_taken_into_the_register_by_name() {
    let world = World::founded().await;
    let observed =
        json!({"name": "zap", "kind": "workload", "purpose": "Unknown", "observed": true});
    let refused = world.post(AGENTS, observed.clone()).await;
    assert_eq!(refused.json()["field"], "deadline");
    let mut observed = observed;
    observed["deadline"] = json!("2026-12-01T00:00:00Z");
    world.done(AGENTS, observed).await;
    assert_eq!(world.get("/queue").await["items"][0]["deadline"], "2026-12-01T00:00:00.000000Z");
    let badge = world.get(&format!("{AGENTS}/zap")).await;
    assert_eq!(
        (badge["life"].as_str(), badge["steps"][0].as_str()),
        (Some("observed"), Some("propose"))
    );
    world.done(AGENTS, json!({"name": "zap", "kind": "workload", "purpose": "Syncs stock"})).await;
    assert_eq!(world.get(&format!("{AGENTS}/zap")).await["life"], "proposed");
    world.check().await;
}

#[tokio::test]
async fn an_end_waits_for_its_gateways_and_the_receipt_has_their_times() {
    let world = World::active().await;
    let gateway = GatewayId::from_bytes([1; 16]);
    world.desk.set_fleet(std::sync::Arc::new(OneGateway(gateway)));
    let (desk, mut changes) = (world.desk.clone(), world.tenants.changes());
    let gateway_task = tokio::spawn(async move {
        loop {
            let change = changes.recv().await.unwrap();
            let ended =
                |line: &bytes::Bytes| line.windows(16).any(|part| part == b"agent_terminated");
            if change.lines.iter().any(ended) {
                let agent: AgentId = *change.view.unwrap().state.agents.keys().next().unwrap();
                let confirmed = TerminationConfirmed {
                    agent,
                    gateway,
                    boot: BootId::from_bytes([2; 16]),
                    tokens_refused_us: 400,
                    last_cut_us: 2_900,
                    streams: 1,
                    calls: 2,
                    children: 0,
                };
                let command = Command::ConfirmTermination(confirmed);
                desk.write_for_gateway(change.tenant, command).await.unwrap();
                return;
            }
        }
    });
    let at = format!("{AGENTS}/invoice-bot");
    let body = json!({"reason": "It tried to send data out"});
    let receipt = world.done(&format!("{at}/terminate"), body).await;
    gateway_task.await.unwrap();
    assert_eq!(receipt["complete"], true);
    assert_eq!(receipt["waiting_for"], json!([]));
    assert_eq!(receipt["targets"][0]["last_cut_us"], 2_900);
    let line = receipt["line"].as_u64().unwrap();
    assert_eq!(receipt["targets"][0]["line"], line + 1);
    let said = world.get(&format!("/clients/harbor-books/ledger/{line}")).await;
    assert_eq!(said["says"], "invoice-bot was ended for good: It tried to send data out.");
    assert_eq!(world.get(&format!("{at}/receipt")).await, receipt);
    let again = world.post(&format!("{at}/terminate"), json!({"reason": "Again"})).await;
    assert_eq!((again.status.as_u16(), again.json()["code"].as_str()), (409, Some("AUTH-0007")));
    let body = json!({"name": "invoice-bot", "kind": "bot", "purpose": "The next one"});
    world.done(AGENTS, body).await;
    assert_eq!(world.get(&at).await["life"], "proposed", "the name is the new one's");
    let id = receipt["agent"].as_str().unwrap();
    assert_eq!(world.get(&format!("{AGENTS}/{id}")).await["life"], "terminated");
    world.check().await;
}

#[tokio::test]
async fn a_gateway_that_does_not_confirm_is_named_and_the_end_stands() {
    let world = World::active().await;
    let gateway = GatewayId::from_bytes([1; 16]);
    world.desk.set_fleet(std::sync::Arc::new(OneGateway(gateway)));
    let at = format!("{AGENTS}/invoice-bot");
    let receipt = world.done(&format!("{at}/terminate"), json!({"reason": "Over"})).await;
    assert_eq!((&receipt["complete"], &receipt["waiting_for"]), (&json!(false), &json!([gateway])));
    assert_eq!(world.get(&at).await["life"], "terminated");
    world.check().await;
}

#[tokio::test]
async fn who_answers_leaves_and_the_sweep_holds_after_the_grace() {
    let world = World::active().await;
    let auditor = world.person("Noor Haddad").await;
    let leave = format!("/clients/harbor-books/people/{auditor}/leave");
    world.done_as("Dana Cole", &leave, json!({})).await;
    let item = &world.get("/queue").await["items"][0];
    assert_eq!(item["ask"], "answer_lost");
    assert!(item["why"][0].as_str().unwrap().contains("Noor Haddad left"));
    assert_eq!(world.desk.sweep().await.unwrap().held, 0);
    world.clock.advance(Span::days(3));
    assert_eq!(world.desk.sweep().await.unwrap().held, 1);
    assert_eq!(world.desk.sweep().await.unwrap().held, 0, "idempotent");
    let badge = world.get(&format!("{AGENTS}/invoice-bot")).await;
    assert_eq!(badge["life"], "held");
    assert!(badge["life_reason"].as_str().unwrap().contains("no longer answered for"));
    assert_eq!(badge["hints"][0]["step"], "release");
    assert_eq!(badge["timeline"][0]["by"], "Writ (reconciler)");
    world.check().await;
}

#[tokio::test]
async fn only_what_a_seat_shows_is_visible() {
    let world = World::active().await;
    world.done("/clients", json!({"name": "Juniper Dental", "slug": "juniper"})).await;
    let browser = world.sign_in("Dana Cole").await;
    let seen = world.ask_as(&browser, Method::GET, "/clients", None).await.json();
    assert_eq!(seen.as_array().unwrap().len(), 1);
    assert_eq!(seen[0]["slug"], "harbor-books");
    for path in ["/clients/juniper", "/clients/juniper/agents", "/clients/nobody", "/provider"] {
        let answer = world.ask_as(&browser, Method::GET, path, None).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.json()["code"], "DESK-0004", "{path}");
    }
    let tom = world.person("Tom Reyes").await;
    let grant = json!({"subject": {"agent": "invoice-bot"}, "server": "mail", "surface": "tool",
        "name": "read_message", "reason": "Reads"});
    let refused = world.post_as(&tom, "/clients/harbor-books/grants", grant).await;
    assert_eq!(
        (refused.status.as_u16(), refused.json()["code"].as_str()),
        (403, Some("AUTH-0003"))
    );
    world.check().await;
}
