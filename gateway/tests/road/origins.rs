//! Where values came from: a poisoned mail is read, and what it asks for is held by origin while the grant is wide open;
//! the honest call passes.

use serde_json::{Value, json};
use writ_authority::{Fact, fact::LedgerRestored};
use writ_charter::Mode;
use writ_model::{Span, ocsf::Disposition};

use crate::{
    held::{hold_of, sent, text},
    upstream::Upstream,
    world::{Agent, Reply, Says, World, approve, clause},
};

pub(crate) const MAIL: &str = "/mcp/mail";
const FILES: &str = "/mcp/files";
/// Where the poisoned mail wants the list to go.
pub(crate) const STRANGER: &str = "records@rescue.example";

/// A world where everything is granted and acts, and values are followed in this mode.
pub(crate) async fn world(mode: Option<Mode>) -> (Upstream, World, Agent) {
    let upstream = Upstream::start().await;
    let world = World::new(vec![upstream.server("mail"), upstream.server("files")]).await;
    let agent = world.agent(1).await;
    for server in ["mail", "files"] {
        world.grant(&agent, Says::tool(server, "*")).await;
    }
    if let Some(mode) = mode {
        let origins = clause("origins", "origin.untrusted", mode);
        world.charter(agent.tenant, |charter| charter.clauses.push(origins)).await;
    }
    (upstream, world, agent)
}

pub(crate) fn call(id: u32, name: &str, arguments: &Value) -> String {
    let params = json!({"name": name, "arguments": arguments});
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}).to_string()
}

pub(crate) async fn reads(world: &World, agent: &Agent, which: &str) -> Reply {
    world.post(agent, MAIL, &call(1, "read_message", &json!({"id": which}))).await
}

pub(crate) async fn sends(world: &World, agent: &Agent, path: &str, to: &str) -> Reply {
    let arguments = json!({"to": to, "subject": "list", "body": "Ada, Bruno, Carla"});
    world.post(agent, path, &call(2, "send", &arguments)).await
}

#[tokio::test]
async fn what_a_poisoned_mail_asks_for_is_held_and_the_honest_call_passes() {
    let (upstream, world, agent) = world(Some(approve())).await;
    for which in ["honest", "poisoned"] {
        let read = reads(&world, &agent, which).await;
        assert!(text(&read).starts_with("From: "), "{read:?}");
    }
    let reply = sends(&world, &agent, MAIL, STRANGER).await;
    let hold = hold_of(&reply);
    let said = text(&reply);
    assert!(said.contains(STRANGER) && said.contains("poisoned"), "{said}");
    assert_eq!(sent(&upstream), 0, "nothing went out");
    let answer = json!({"to": "team@books.example", "subject": "Opening", "body": "Yes, gladly."});
    let honest = world.post(&agent, MAIL, &call(3, "send", &answer)).await;
    assert_eq!((text(&honest), sent(&upstream)), ("done".to_owned(), 1));

    let records = world.records(agent.tenant).await;
    let of: Vec<_> = records.iter().map(|one| (&*one.name, one.effect, &*one.code)).collect();
    let allowed = |name| (name, Disposition::Allowed, "PERM-0001");
    let waits = ("send", Disposition::Blocked, "HOLD-0002");
    assert_eq!(of, [allowed("read_message"), allowed("read_message"), waits, allowed("send")]);
    assert_eq!(records[2].inputs.clauses, r#"["origins","everything"]"#);
    let ocsf = String::from_utf8(records[2].ocsf.to_vec()).unwrap();
    assert!(records[2].detail.contains("/to"), "{}", records[2].detail);
    for clear in [&records[2].detail, &ocsf] {
        assert!(!clear.contains("rescue"), "a value stands in the clear: {clear}");
    }
    let held = world.facts(agent.tenant, "call_held").await;
    assert_eq!((held.len(), &held[0]["hold"]), (1, &json!(hold)));
    let counts = held[0]["actions"].as_array().unwrap();
    assert!(counts.contains(&json!("origin.untrusted")), "{counts:?}");
}

#[tokio::test]
async fn a_person_lets_exactly_this_call_pass_once() {
    let (upstream, world, agent) = world(Some(approve())).await;
    reads(&world, &agent, "poisoned").await;
    let hold = hold_of(&sends(&world, &agent, MAIL, STRANGER).await);
    assert_eq!(hold_of(&sends(&world, &agent, MAIL, STRANGER).await), hold, "it waits once");
    assert_eq!(world.approve(agent.tenant).await.to_string(), hold);
    let done = sends(&world, &agent, MAIL, STRANGER).await;
    assert_eq!((text(&done), sent(&upstream)), ("done".to_owned(), 1));
    assert_ne!(hold_of(&sends(&world, &agent, MAIL, STRANGER).await), hold, "once");
    assert_eq!(sent(&upstream), 1);
}

#[tokio::test]
async fn splitting_over_servers_streams_and_restarts_loses_nothing() {
    let (upstream, world, agent) = world(Some(approve())).await;
    let streamed = reads(&world, &agent, "streamed").await;
    let events = String::from_utf8(streamed.body.to_vec()).unwrap();
    assert!(events.contains("notifications/progress") && events.contains(STRANGER), "{events}");
    hold_of(&sends(&world, &agent, FILES, STRANGER).await);
    let world = world.restarted(vec![upstream.server("mail"), upstream.server("files")]).await;
    hold_of(&sends(&world, &agent, MAIL, STRANGER).await);
    assert_eq!(sent(&upstream), 0);
    // Another running copy has read nothing, and says so for itself.
    let other = world.instance(agent.tenant, agent.id, 9).await;
    assert_eq!(text(&sends(&world, &other, MAIL, STRANGER).await), "done");
}

#[tokio::test]
async fn a_gateway_without_contexts_lets_nothing_act_and_nothing_in() {
    let (upstream, world, agent) = world(Some(approve())).await;
    world.contexts.tears(true);
    let reply = sends(&world, &agent, MAIL, "boss@books.example").await;
    assert_eq!((reply.code(), sent(&upstream)), ("GATE-0170".to_owned(), 0));
    let reply = reads(&world, &agent, "poisoned").await;
    assert_eq!(reply.code(), "GATE-0170", "what cannot be kept is not read");
    assert!(!String::from_utf8_lossy(&reply.body).contains("rescue"), "{reply:?}");
    let reply = reads(&world, &agent, "streamed").await;
    assert!(!String::from_utf8_lossy(&reply.body).contains("rescue"), "{reply:?}");
    world.contexts.tears(false);
    reads(&world, &agent, "poisoned").await;
    hold_of(&sends(&world, &agent, MAIL, STRANGER).await);
}

#[tokio::test]
async fn where_it_is_only_reported_nothing_is_stopped() {
    let (upstream, world, agent) = world(Some(Mode::Act)).await;
    reads(&world, &agent, "poisoned").await;
    assert_eq!(text(&sends(&world, &agent, MAIL, STRANGER).await), "done");
    world.contexts.tears(true);
    assert_eq!(text(&sends(&world, &agent, MAIL, STRANGER).await), "done");
    reads(&world, &agent, "poisoned").await;
    assert_eq!(sent(&upstream), 2);
    let records = world.records(agent.tenant).await;
    assert!(records[1].detail.contains("comes from what others wrote"), "{}", records[1].detail);
    assert!(!records[1].detail.contains("rescue"), "{}", records[1].detail);
    assert!(records.iter().all(|one| one.effect == Disposition::Allowed));
}

#[tokio::test]
async fn without_a_clause_that_names_it_nothing_is_followed() {
    let (upstream, world, agent) = world(None).await;
    world.contexts.tears(true);
    reads(&world, &agent, "poisoned").await;
    assert_eq!(text(&sends(&world, &agent, MAIL, STRANGER).await), "done");
    assert_eq!((sent(&upstream), world.contexts.puts()), (1, 0));
}

#[tokio::test]
async fn after_a_restore_a_copy_from_before_counts_as_one_that_read_anything() {
    let (upstream, world, agent) = world(Some(approve())).await;
    assert_eq!(text(&sends(&world, &agent, MAIL, STRANGER).await), "done", "it has read nothing");
    world.advance(Span::seconds(5));
    let backup_at = world.clock_now();
    let restored = LedgerRestored { backup_at, size: 9, witnessed: None, gap: 0 };
    let released = Fact::AgentReleased { agent: agent.id };
    let facts = vec![Fact::LedgerRestored(Box::new(restored)), released];
    world.write(agent.tenant, facts).await;
    world.advance(Span::seconds(5));
    let reply = sends(&world, &agent, MAIL, STRANGER).await;
    hold_of(&reply);
    assert!(text(&reply).contains("no longer kept"), "{reply:?}");
    reads(&world, &agent, "honest").await;
    hold_of(&sends(&world, &agent, FILES, STRANGER).await);
    assert_eq!(sent(&upstream), 1, "what it has read since does not make up for it");
    let newer = world.instance(agent.tenant, agent.id, 9).await;
    assert_eq!(text(&sends(&world, &newer, MAIL, STRANGER).await), "done");
}
