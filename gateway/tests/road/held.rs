//! Calls that wait for people: held, approved, executed exactly as they were made, once; and everything that must not do.

use bytes::Bytes;
use serde_json::{Value, json};
use writ_authority::Fact;
use writ_charter::Mode;
use writ_model::{Clock as _, HoldId, PersonId, Side, Span, ocsf::Disposition};

use crate::{
    upstream::Upstream,
    world::{Agent, Mood, Reply, Says, World, approve, clause, naming},
};

pub(crate) const PATH: &str = "/mcp/mail";

/// A world where `send` waits for an owner of the client.
pub(crate) async fn world() -> (Upstream, World, Agent) {
    let upstream = Upstream::start().await;
    let world = World::new(vec![upstream.server("mail"), upstream.server("files")]).await;
    let agent = world.agent(1).await;
    for server in ["mail", "files"] {
        world.grant(&agent, Says::tool(server, "*")).await;
    }
    world.asks(&agent).await;
    (upstream, world, agent)
}

pub(crate) fn send(id: u32, to: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"send",  "arguments":{{"to":"{to}"}}}}}}"#
    )
}

pub(crate) fn pending(id: u32, hold: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"writ_pending","arguments":{{"hold_id":"{hold}"}}}}}}"#
    )
}

pub(crate) fn text(reply: &Reply) -> String {
    reply.json()["result"]["content"][0]["text"].as_str().unwrap_or_default().to_owned()
}

pub(crate) fn hold_of(reply: &Reply) -> String {
    let json = reply.json();
    let data = [&json["result"]["_meta"]["writ/hold"], &json["error"]["data"]];
    let hold = data.iter().find_map(|data| data["hold_id"].as_str());
    hold.unwrap_or_else(|| panic!("no hold in {json}")).to_owned()
}

/// How many calls of `send` reached the server.
pub(crate) fn sent(upstream: &Upstream) -> usize {
    let named = |seen: &Bytes| {
        let body: Value = serde_json::from_slice(seen).unwrap_or_default();
        body["params"]["name"] == "send"
    };
    upstream.seen().iter().filter(|seen| named(&seen.body)).count()
}

async fn held(world: &World, agent: &Agent) -> (Reply, String) {
    let reply = world.post(agent, PATH, &send(1, "ann@good.example")).await;
    let hold = hold_of(&reply);
    (reply, hold)
}

#[tokio::test]
async fn a_call_waits_and_its_identical_retry_is_executed_once() {
    let (upstream, world, agent) = world().await;
    let (first, hold) = held(&world, &agent).await;
    assert_eq!(first.json()["result"]["isError"], true, "{first:?}");
    assert!(text(&first).contains(&hold) && text(&first).contains("https://desk.example/a/hld_"));
    let again = world.post(&agent, PATH, &send(2, "ann@good.example")).await;
    assert_eq!(hold_of(&again), hold, "the same call waits once");
    assert_eq!(world.facts(agent.tenant, "call_held").await.len(), 1);
    assert_eq!(sent(&upstream), 0);

    let approved = world.approve(agent.tenant).await;
    assert_eq!(approved.to_string(), hold);
    let altered = world.post(&agent, PATH, &send(3, "eve@evil.example")).await;
    assert_ne!(hold_of(&altered), hold, "another call asks for itself");
    assert_eq!(sent(&upstream), 0);
    // Spelled otherwise, it is the same call; what goes out is what was held.
    let spelled = r#"{"id":"z","jsonrpc":"2.0","method":"tools/call","params":{"arguments":{"to":"ann@\u0067ood.example"},"name":"send"}}"#;
    let done = world.post(&agent, PATH, spelled).await;
    assert_eq!((text(&done), &done.json()["id"]), ("done".to_owned(), &json!("z")), "{done:?}");
    assert_eq!(sent(&upstream), 1);
    let body = upstream.seen().last().unwrap().body.clone();
    let wanted = send(1, "ann@good.example").replace("\"id\":1", "\"id\":\"z\"");
    assert_eq!(&body[..], wanted.as_bytes());
    let consumed = world.facts(agent.tenant, "approval_consumed").await;
    assert_eq!((consumed.len(), &consumed[0]["hold"]), (1, &json!(hold)));

    let second = world.post(&agent, PATH, &send(4, "ann@good.example")).await;
    assert_ne!(hold_of(&second), hold, "a second execution asks again");
    assert_eq!(sent(&upstream), 1);

    let records = world.records(agent.tenant).await;
    let of: Vec<_> = records.iter().map(|one| (one.effect, &*one.code)).collect();
    let waits = (Disposition::Blocked, "HOLD-0001");
    assert_eq!(of, [waits, waits, waits, (Disposition::Allowed, "PERM-0003"), waits]);
    let done = &records[3].inputs;
    assert_eq!((done.hold, done.charter), (Some(approved), 2));
    assert_eq!(done.clauses, r#"["mail","everything"]"#);
    let ocsf: Value = serde_json::from_slice(&records[3].ocsf).unwrap();
    assert_eq!(ocsf["unmapped"]["clauses"], json!(["mail", "everything"]));
    assert_eq!(ocsf["unmapped"]["hold"], hold);
}

#[tokio::test]
async fn writ_pending_executes_the_held_call_once() {
    let (upstream, world, agent) = world().await;
    let (_, hold) = held(&world, &agent).await;
    let waits = world.post(&agent, PATH, &pending(2, &hold)).await;
    assert_eq!(hold_of(&waits), hold);
    assert_eq!(world.facts(agent.tenant, "call_held").await.len(), 1);
    world.approve(agent.tenant).await;
    let done = world.post(&agent, PATH, &pending(7, &hold)).await;
    assert_eq!((text(&done), &done.json()["id"]), ("done".to_owned(), &json!(7)), "{done:?}");
    let body = upstream.seen().last().unwrap().body.clone();
    let wanted = send(7, "ann@good.example");
    assert_eq!(&body[..], wanted.as_bytes(), "byte for byte, under the new id");
    let again = world.post(&agent, PATH, &pending(8, &hold)).await;
    assert_eq!((again.code(), sent(&upstream)), ("GATE-0095".to_owned(), 1));
    let records = world.records(agent.tenant).await;
    let of: Vec<_> = records.iter().map(|one| (&*one.name, &*one.code)).collect();
    let wanted = [
        ("send", "HOLD-0001"),
        ("send", "HOLD-0001"),
        ("send", "PERM-0003"),
        ("writ_pending", "GATE-0095"),
    ];
    assert_eq!(of, wanted);
    assert_eq!(records[3].effect, Disposition::Blocked);
}

#[tokio::test]
async fn an_id_grants_nothing_to_anybody_else() {
    let (upstream, world, agent) = world().await;
    let (_, hold) = held(&world, &agent).await;
    world.approve(agent.tenant).await;
    let copy = world.instance(agent.tenant, agent.id, 5).await;
    let stranger = world.agent(2).await;
    world.grant(&stranger, Says::tool("mail", "*")).await;
    let nonsense = ["", "x", "hld_00000000000000000000000000", &hold.replace("hld_", "agt_")];
    for (who, path, id) in
        [(&copy, PATH, &*hold), (&stranger, PATH, &hold), (&agent, "/mcp/files", &hold)]
            .into_iter()
            .chain(nonsense.map(|id| (&agent, PATH, id)))
    {
        let reply = world.post(who, path, &pending(3, id)).await;
        assert_eq!(reply.code(), "GATE-0094", "{path} {id}");
    }
    // The same call from elsewhere is another call, too.
    for (who, path) in [(&copy, PATH), (&agent, "/mcp/files")] {
        let reply = world.post(who, path, &send(4, "ann@good.example")).await;
        // On `files` it counts as a plain tool, and no clause asks anybody.
        let asks = path == PATH;
        assert_eq!(reply.json()["result"]["_meta"]["writ/hold"].is_object(), asks, "{reply:?}");
    }
    assert_eq!(sent(&upstream), 1, "only the plain one on the other server");
    let own = world.post(&agent, PATH, &pending(9, &hold)).await;
    assert_eq!(text(&own), "done", "and the right one may still");
}

#[tokio::test]
async fn of_many_retries_at_once_one_is_executed() {
    let (upstream, world, agent) = world().await;
    let (_, hold) = held(&world, &agent).await;
    world.approve(agent.tenant).await;
    world.headers(&agent, "POST", PATH).await;
    let bodies = [send(1, "ann@good.example"), pending(2, &hold)];
    let all = bodies.iter().cycle().take(8).map(|body| world.post(&agent, PATH, body));
    let replies = futures_util::future::join_all(all).await;
    let done = replies.iter().filter(|reply| text(reply) == "done").count();
    assert_eq!((done, sent(&upstream)), (1, 1));
    assert_eq!(world.facts(agent.tenant, "approval_consumed").await.len(), 1);
}

#[tokio::test]
async fn of_many_equal_calls_at_once_one_waits_and_people_are_asked_once() {
    let (upstream, world, agent) = world().await;
    world.headers(&agent, "POST", PATH).await;
    let body = send(1, "ann@good.example");
    let all = (0..8).map(|_| world.post(&agent, PATH, &body));
    let replies = futures_util::future::join_all(all).await;
    let holds: std::collections::BTreeSet<_> = replies.iter().map(hold_of).collect();
    assert_eq!((holds.len(), world.facts(agent.tenant, "call_held").await.len()), (1, 1));
    assert_eq!(sent(&upstream), 0);
}

#[tokio::test]
async fn a_crash_after_the_approval_was_used_never_doubles_the_call() {
    let (upstream, world, agent) = world().await;
    for (mood, pending_again, retry) in
        [(Mood::Crashes, "GATE-0095", true), (Mood::Fails, "", false)]
    {
        let body = send(1, &format!("{mood:?}@good.example"));
        let hold = hold_of(&world.post(&agent, PATH, &body).await);
        world.approve(agent.tenant).await;
        *world.pen.mood.lock() = mood;
        let before = sent(&upstream);
        let lost = world.post(&agent, PATH, &body).await;
        assert_eq!((lost.code(), sent(&upstream)), ("GATE-0093".to_owned(), before));
        *world.pen.mood.lock() = Mood::Well;
        let again = world.post(&agent, PATH, &pending(2, &hold)).await;
        assert_eq!(again.code(), pending_again);
        let after = world.post(&agent, PATH, &body).await;
        assert_ne!(hold_of(&after), hold);
        // What was written down as used up is not executed again; what was not, is, once.
        assert_eq!(sent(&upstream), before + usize::from(!retry));
    }
}

/// What has to stand between an approval and its use.
async fn blocked(between: &[Fact], later: Span, code: &str) {
    let (upstream, world, agent) = world().await;
    let (_, hold) = held(&world, &agent).await;
    world.approve(agent.tenant).await;
    let facts = between.iter().map(|fact| match fact {
        Fact::AgentQuarantined { reason, .. } => {
            Fact::AgentQuarantined { agent: agent.id, reason: reason.clone() }
        }
        Fact::ApprovalRefused { person, words, .. } => Fact::ApprovalRefused {
            hold: hold.parse().unwrap(),
            person: *person,
            words: words.clone(),
        },
        other => other.clone(),
    });
    world.write(agent.tenant, facts.collect()).await;
    world.advance(later);
    for body in [send(2, "ann@good.example"), pending(3, &hold)] {
        let reply = world.post(&agent, PATH, &body).await;
        let json = reply.json();
        let said = [&json["error"]["data"]["code"], &json["result"]["_meta"]["writ/hold"]["code"]];
        let said: Vec<_> = said.iter().filter_map(|code| code.as_str()).collect();
        let over = ["GATE-0096", "HOLD-0001"];
        let fits = said == [code] || (code == "over" && over.contains(&said[0]));
        assert!(fits, "{code}: {json}");
    }
    assert_eq!(sent(&upstream), 0, "{code}");
}

#[tokio::test]
async fn what_changed_since_the_approval_stands_in_the_way() {
    let reason = || "look".to_owned();
    let (now, person) = (Span::minutes(0), PersonId::from_bytes([13; 16]));
    let agent = writ_model::AgentId::from_bytes([0; 16]);
    let hold = HoldId::from_bytes([0; 16]);
    blocked(&[Fact::AgentQuarantined { agent, reason: reason() }], now, "DENY-0004").await;
    let side = Side::Provider;
    blocked(&[Fact::ClientFrozen { side, reason: reason() }], now, "DENY-0021").await;
    let suspended = |clause: Option<&str>| Fact::DelegationSuspended {
        clause: clause.map(str::to_owned),
        side: Side::Client,
        reason: reason(),
    };
    blocked(&[suspended(None)], now, "DENY-0022").await;
    blocked(&[suspended(Some("mail"))], now, "DENY-0022").await;
    blocked(&[Fact::ApprovalRefused { hold, person, words: reason() }], now, "DENY-0028").await;
    blocked(&[], Span::minutes(61), "over").await;
}

#[tokio::test]
async fn a_new_charter_decides_between_approval_and_retry() {
    let (upstream, world, agent) = world().await;
    let (_, hold) = held(&world, &agent).await;
    world.approve(agent.tenant).await;
    let says = |mode: Mode| {
        move |charter: &mut writ_charter::Charter| {
            charter.counts_as = vec![naming("send", "mail.send")];
            charter.clauses.push(clause("mail", "mail.*", mode));
        }
    };
    world.charter(agent.tenant, says(Mode::Refuse)).await;
    for body in [send(2, "ann@good.example"), pending(3, &hold)] {
        assert_eq!(world.post(&agent, PATH, &body).await.code(), "DENY-0024");
    }
    world.charter(agent.tenant, says(Mode::Propose)).await;
    let reply = world.post(&agent, PATH, &send(4, "ann@good.example")).await;
    assert_eq!(reply.code(), "DENY-0025");
    assert_eq!(sent(&upstream), 0);
    // What nobody has to approve any more is not executed under an old approval; made again, it simply goes.
    world.charter(agent.tenant, says(Mode::Act)).await;
    assert_eq!(world.post(&agent, PATH, &pending(5, &hold)).await.code(), "GATE-0097");
    assert_eq!(sent(&upstream), 0);
    let goes = world.post(&agent, PATH, &send(6, "ann@good.example")).await;
    assert_eq!((text(&goes), sent(&upstream)), ("done".to_owned(), 1));
}

#[tokio::test]
async fn held_bytes_are_sealed_on_disk_and_gone_when_used() {
    let (_upstream, world, agent) = world().await;
    let body = send(1, "very-private-address@good.example");
    let hold: HoldId = hold_of(&world.post(&agent, PATH, &body).await).parse().unwrap();
    let of = (agent.tenant, hold);
    assert!(world.held.get(of, world.clock.now()).await.unwrap().is_some());
    world.records(agent.tenant).await;
    for entry in std::fs::read_dir(world.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let plain = bytes.windows(20).any(|part| part == b"very-private-address");
        assert!(!plain, "{} has a plain byte of it", path.display());
    }
    world.approve(agent.tenant).await;
    assert_eq!(text(&world.post(&agent, PATH, &body).await), "done");
    assert!(world.held.get(of, world.clock.now()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_held_call_survives_a_restart_of_everything() {
    let (upstream, world, agent) = world().await;
    let (_, hold) = held(&world, &agent).await;
    world.approve(agent.tenant).await;
    let world = world.restarted(vec![upstream.server("mail"), upstream.server("files")]).await;
    let done = world.post(&agent, PATH, &pending(2, &hold)).await;
    assert_eq!((text(&done), sent(&upstream)), ("done".to_owned(), 1), "{done:?}");
    let again = world.post(&agent, PATH, &pending(3, &hold)).await;
    assert_eq!((again.code(), sent(&upstream)), ("GATE-0095".to_owned(), 1));
}

#[tokio::test]
async fn an_agent_cannot_flood_the_people_who_decide() {
    let (_upstream, world, agent) = world().await;
    let mut codes = Vec::new();
    for number in 0..34 {
        let reply = world.post(&agent, PATH, &send(1, &format!("n{number}@good.example"))).await;
        codes.push(reply.code());
    }
    assert!(codes[..32].iter().all(String::is_empty), "{codes:?}");
    assert_eq!(codes[32..], ["GATE-0090", "GATE-0090"]);
    world.advance(Span::minutes(61));
    let reply = world.post(&agent, PATH, &send(1, "late@good.example")).await;
    assert_eq!(reply.code(), "", "those that are over give way");
}

#[tokio::test]
async fn a_proposal_is_written_down_once_and_answered_like_a_denial() {
    let (upstream, world, agent) = world().await;
    world
        .charter(agent.tenant, |charter| {
            charter.counts_as = vec![naming("send", "mail.send")];
            charter.clauses.push(clause("mail", "mail.*", Mode::Propose));
        })
        .await;
    for id in [1, 2] {
        let reply = world.post(&agent, PATH, &send(id, "ann@good.example")).await;
        assert_eq!(reply.code(), "DENY-0025");
    }
    assert_eq!(world.facts(agent.tenant, "call_held").await.len(), 1);
    assert_eq!(sent(&upstream), 0);
    let record = &world.records(agent.tenant).await[0];
    assert_eq!((record.effect, &*record.code), (Disposition::Blocked, "DENY-0025"));
    assert!(record.inputs.hold.is_some());
}

#[tokio::test]
async fn what_nobody_could_read_does_not_wait_and_is_not_let_out_by_a_yes() {
    let (upstream, world, agent) = world().await;
    let more = |id| {
        send(id, "ann@good.example").replace(r#""name":"send","#, r#""name":"send","bcc":"eve","#)
    };
    assert!(more(1).contains("eve"));
    assert_eq!(world.post(&agent, PATH, &more(1)).await.code(), "GATE-0099");
    assert_eq!(world.facts(agent.tenant, "call_held").await.len(), 0);
    held(&world, &agent).await;
    world.approve(agent.tenant).await;
    let reply = world.post(&agent, PATH, &more(2)).await;
    assert_eq!((reply.code(), sent(&upstream)), (String::new(), 1), "{reply:?}");
    let out = upstream.seen().last().unwrap().body.clone();
    assert!(!String::from_utf8_lossy(&out).contains("eve"), "what was read went out");
}

#[tokio::test]
async fn what_only_asks_about_a_thing_neither_waits_nor_uses_an_approval() {
    let (upstream, world, agent) = world().await;
    world
        .grant(
            &agent,
            Says { surface: writ_authority::grant::Surface::Prompt, ..Says::tool("mail", "*") },
        )
        .await;
    world
        .grant(
            &agent,
            Says { surface: writ_authority::grant::Surface::Resource, ..Says::tool("mail", "*") },
        )
        .await;
    world
        .charter(agent.tenant, |charter| {
            charter.clauses.push(clause("prompts", "prompt.get", approve()));
            charter.clauses.push(clause("resources", "resource.read", approve()));
        })
        .await;
    let complete = r#"{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"a","value":"b"}}}"#;
    let listen = r#"{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":["x://1"]}}}"#;
    let get = r#"{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"p"}}"#;
    let read = r#"{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"x://1"}}"#;
    let subscribe = read.replace("resources/read", "resources/subscribe");
    for body in [complete, listen, &*subscribe] {
        assert_eq!(world.post(&agent, PATH, body).await.code(), "GATE-0099", "{body}");
    }
    assert_eq!(world.facts(agent.tenant, "call_held").await.len(), 0);
    for (ask, other) in [(get, complete), (read, listen), (read, &*subscribe)] {
        let reply = world.post(&agent, PATH, ask).await;
        assert_eq!(reply.code(), "HOLD-0001", "no tool: an error says it");
        world.approve(agent.tenant).await;
        let reply = world.post(&agent, PATH, other).await;
        assert!(["GATE-0099", "GATE-0098"].contains(&&*reply.code()), "{other} {reply:?}");
        assert_eq!(world.post(&agent, PATH, ask).await.code(), "", "{ask}");
    }
    assert_eq!(upstream.seen().len(), 3);
}
