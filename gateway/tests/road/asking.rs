//! Other gateways ask, over real sockets: the Authorization API, who may ask, about whom, and what is on record.

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use writ_authority::{ArgRule, Condition, Fact, Limit, fact::Subject, grant::Period};
use writ_gateway::ask::config::Asker;
use writ_model::{Clock as _, Secret, Span, TenantId, ocsf::Disposition};

use crate::world::{Agent, Headers, Reply, Says, World, approve, clause, naming};

pub(crate) const KEY: &str = "a-key-of-the-operators-file-0123456789-0123456789";

/// The asker of the operator's file: `agent-1` of the first client.
pub(crate) fn asker() -> Asker {
    Asker {
        name: "edge".to_owned(),
        tenant: TenantId::from_bytes([1; 16]),
        agent: "agent-1".to_owned(),
        key: Secret::new(KEY.to_owned()),
        peers: Vec::new(),
        roads: Vec::new(),
    }
}

/// A world with one who asks, may ask about `todo`, and one who is asked about and may read there.
async fn world() -> (World, Agent, Agent) {
    let world = World::asked_by(vec![asker()]).await;
    let asks = world.agent(1).await;
    let about = world.crowd(asks.tenant, "elsewhere", 1).await.remove(0);
    world.grant(&asks, Says::tool("decisions", "todo")).await;
    world.grant(&about, Says::tool("todo", "can_read")).await;
    world.grant(&about, owns("rick")).await;
    (world, asks, about)
}

/// What is one's own may be updated.
fn owns(whom: &str) -> Says<'static> {
    let must = Condition::OneOf(vec![whom.to_owned()]);
    let path = "/resource/properties/ownerID".to_owned();
    let rules = vec![ArgRule { path, must, optional: false }];
    Says { rules, ..Says::tool("todo", "can_update") }
}

fn question(subject: &str, action: &str, owner: &str) -> Value {
    json!({
        "subject": {"type": "user", "id": subject},
        "action": {"name": action},
        "resource": {"type": "todo", "id": "7", "properties": {"ownerID": owner}},
    })
}

fn keyed(key: &str) -> Headers {
    let mut headers = Headers::mcp();
    headers.set("authorization", &format!("Bearer {key}"));
    headers
}

async fn post(world: &World, path: &str, headers: &Headers, body: &Value) -> Reply {
    world.send(Method::POST, path, headers, Bytes::from(body.to_string())).await
}

async fn ask(world: &World, body: &Value) -> Reply {
    post(world, "/access/v1/evaluation", &keyed(KEY), body).await
}

/// Asks with a token and a proof.
async fn proved(world: &World, agent: &Agent, body: &Value) -> Reply {
    let path = "/access/v1/evaluation";
    let token = world.token(agent, &world.url("/mcp"));
    let mut nonce: Option<String> = None;
    loop {
        let mut headers = Headers::mcp();
        headers.set("authorization", &format!("DPoP {token}"));
        let url = world.url(path);
        let proof = world.proof_with(&agent.key, ("POST", &url), &token, nonce.as_deref());
        headers.set("dpop", &proof);
        let reply = post(world, path, &headers, body).await;
        if nonce.is_some() || reply.header("dpop-nonce").is_empty() {
            return reply;
        }
        nonce = Some(reply.header("dpop-nonce").to_owned());
    }
}

#[tokio::test]
async fn a_question_is_decided_on_its_conditions_and_recorded_with_who_asked() {
    let (world, asks, about) = world().await;
    let yes = ask(&world, &question("one-of-many-0", "can_update", "rick")).await;
    assert_eq!((yes.status, &yes.json()["decision"]), (StatusCode::OK, &true.into()));
    let no = ask(&world, &question("one-of-many-0", "can_update", "morty")).await;
    assert_eq!((no.status, &no.json()["decision"]), (StatusCode::OK, &false.into()));
    assert_eq!(no.json()["context"]["code"], "DENY-0012");
    let by_id = ask(&world, &question(&about.id.to_string(), "can_read", "")).await;
    assert_eq!(by_id.json()["decision"], true);
    let records = world.records(asks.tenant).await;
    let seen: Vec<_> = records.iter().map(|one| (one.agent, one.effect, &*one.method)).collect();
    let evaluation = "access/evaluation";
    assert_eq!(
        seen,
        [
            (about.id, Disposition::Allowed, evaluation),
            (about.id, Disposition::Blocked, evaluation),
            (about.id, Disposition::Allowed, evaluation),
        ]
    );
    let ocsf: Value = serde_json::from_slice(&records[0].ocsf).unwrap();
    assert_eq!(ocsf["unmapped"]["asked_by"], asks.id.to_string());
    assert!(records[0].detail.contains("agent-1, which does not report the outcome"));
    let call = records[0].call.to_string();
    assert_eq!(yes.json()["context"]["call_id"], call);
}

#[tokio::test]
async fn who_asks_proves_it_and_needs_a_right_of_its_own() {
    let (world, asks, about) = world().await;
    let body = question("one-of-many-0", "can_read", "");
    assert_eq!(proved(&world, &asks, &body).await.json()["decision"], true);
    let plain = Headers::mcp();
    let reply = post(&world, "/access/v1/evaluation", &plain, &body).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    assert!(reply.header("www-authenticate").starts_with("DPoP"));
    for wrong in ["", "short", &KEY.replace('a', "b")] {
        let reply = post(&world, "/access/v1/evaluation", &keyed(wrong), &body).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{wrong}");
    }
    // An agent like any other does not ask about others.
    let reply = proved(&world, &about, &body).await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    assert!(reply.body.starts_with(b"DENY-0011"), "{reply:?}");
    // And who may ask about one server may not about another.
    let mut other = body.clone();
    other["resource"]["type"] = "ledger".into();
    assert_eq!(ask(&world, &other).await.status, StatusCode::FORBIDDEN);
    let records = world.records(asks.tenant).await;
    let refused: Vec<_> =
        records.iter().filter(|one| one.server == "decisions").map(|one| one.agent).collect();
    assert_eq!(refused, [about.id, asks.id], "both refusals are on record");
}

#[tokio::test]
async fn nobody_is_asked_about_who_is_not_the_clients() {
    let (world, _asks, _about) = world().await;
    let other = world.agent(2).await;
    world.grant(&other, Says::tool("todo", "*")).await;
    for subject in ["agent-2", &other.id.to_string(), "nobody"] {
        let reply = ask(&world, &question(subject, "can_read", "")).await;
        assert_eq!(reply.json()["decision"], false, "{subject}");
        assert_eq!(reply.json()["context"]["code"], "GATE-0152");
    }
    let token = world.token(&other, &world.url("/mcp"));
    let mut body = question(&token, "can_read", "");
    body["subject"]["type"] = "token".into();
    assert_eq!(ask(&world, &body).await.json()["context"]["code"], "GATE-0152");
    assert!(world.records(other.tenant).await.is_empty());
}

#[tokio::test]
async fn a_token_stands_for_its_agent_until_it_is_worth_nothing() {
    let (world, asks, about) = world().await;
    let asked = async |token: &str| {
        let mut body = question(token, "can_read", "");
        body["subject"]["type"] = "token".into();
        ask(&world, &body).await.json()
    };
    let good = world.token(&about, &world.url("/mcp/todo"));
    assert_eq!(asked(&good).await["decision"], true);
    assert_eq!(asked(&world.token(&about, &world.url("/mcp/mail"))).await["decision"], false);
    assert_eq!(asked("not.a.token").await["decision"], false);
    let mut forged = good.clone();
    forged.replace_range(good.len() - 4.., "AAAA");
    assert_eq!(asked(&forged).await["decision"], false);
    let records = world.records(asks.tenant).await;
    assert_eq!(records.len(), 1, "a bad token is nobody's call");
    assert_eq!(records[0].agent, about.id);
    let reason = "drill".to_owned();
    world.write(about.tenant, vec![Fact::AgentTerminated { agent: about.id, reason }]).await;
    let dead = asked(&good).await;
    assert_eq!((&dead["decision"], &dead["context"]["code"]), (&false.into(), &"DENY-0005".into()));
}

#[tokio::test]
async fn an_asker_that_is_ended_asks_no_more() {
    let (world, asks, _about) = world().await;
    let body = question("one-of-many-0", "can_read", "");
    assert_eq!(ask(&world, &body).await.json()["decision"], true);
    let reason = "drill".to_owned();
    world.write(asks.tenant, vec![Fact::AgentTerminated { agent: asks.id, reason }]).await;
    let reply = ask(&world, &body).await;
    assert!(reply.status.is_client_error(), "{reply:?}");
}

#[tokio::test]
async fn several_questions_follow_the_semantics_that_are_asked_for() {
    let (world, _asks, _about) = world().await;
    let ask = async |options: Value, owners: &[&str]| {
        let each = |owner: &&str| json!({"resource": {"type": "todo", "id": "7", "properties": {"ownerID": owner}}});
        let body = json!({
            "subject": {"type": "user", "id": "one-of-many-0"},
            "action": {"name": "can_update"},
            "options": options,
            "evaluations": owners.iter().map(each).collect::<Vec<_>>(),
        });
        let reply = post(&world, "/access/v1/evaluations", &keyed(KEY), &body).await;
        let json = reply.json();
        let list = json["evaluations"].as_array().unwrap_or_else(|| panic!("{reply:?}"));
        list.iter().map(|one| one["decision"].as_bool().unwrap()).collect::<Vec<_>>()
    };
    let all = ["rick", "morty", "rick"];
    assert_eq!(ask(json!({}), &all).await, [true, false, true]);
    let semantic = |word: &str| json!({ "evaluations_semantic": word });
    assert_eq!(ask(semantic("execute_all"), &all).await, [true, false, true]);
    assert_eq!(ask(semantic("deny_on_first_deny"), &all).await, [true, false]);
    assert_eq!(ask(semantic("permit_on_first_permit"), &all).await, [true]);
    assert_eq!(ask(semantic("permit_on_first_permit"), &["morty", "rick"]).await, [false, true]);
    // One that is wrong in itself is a no of its own.
    let mut body = question("one-of-many-0", "can_read", "");
    body["evaluations"] = json!([{}, {"resource": {"type": "todo"}}, 7]);
    let reply = post(&world, "/access/v1/evaluations", &keyed(KEY), &body).await.json();
    let list = reply["evaluations"].as_array().unwrap().clone();
    let decisions: Vec<_> = list.iter().map(|one| one["decision"] == true).collect();
    assert_eq!(decisions, [true, false, false]);
    assert_eq!(list[1]["context"]["error"]["status"], 400);
    // Without a list it is one question.
    let body = question("one-of-many-0", "can_read", "");
    let reply = post(&world, "/access/v1/evaluations", &keyed(KEY), &body).await;
    assert_eq!(reply.json()["decision"], true);
}

#[tokio::test]
async fn what_is_no_question_is_refused() {
    let (world, _asks, _about) = world().await;
    let good = question("one-of-many-0", "can_read", "");
    for (path, body, status) in [
        ("evaluation", "{", StatusCode::BAD_REQUEST),
        ("evaluation", "[]", StatusCode::BAD_REQUEST),
        ("evaluation", "{}", StatusCode::BAD_REQUEST),
        (
            "evaluation",
            r#"{"subject":{"type":"u","id":"1"},"subject":{"type":"u","id":"2"}}"#,
            StatusCode::BAD_REQUEST,
        ),
        ("evaluations", r#"{"evaluations":7}"#, StatusCode::BAD_REQUEST),
        (
            "evaluations",
            r#"{"options":{"evaluations_semantic":"any"},"evaluations":[{}]}"#,
            StatusCode::BAD_REQUEST,
        ),
        ("search/subject", "{}", StatusCode::BAD_REQUEST),
        ("nothing", "{}", StatusCode::NOT_FOUND),
    ] {
        let path = format!("/access/v1/{path}");
        let body = Bytes::copy_from_slice(body.as_bytes());
        let mut headers = keyed(KEY);
        headers.set("x-request-id", "bfe9eb29");
        let reply = world.send(Method::POST, &path, &headers, body).await;
        assert_eq!(reply.status, status, "{path} {reply:?}");
        assert_eq!(reply.header("x-request-id"), "bfe9eb29");
    }
    let mut large = good.clone();
    large["context"] = json!({ "more": "x".repeat(64 << 10) });
    let reply = ask(&world, &large).await;
    assert!(reply.body.starts_with(b"GATE-0150: The question has "), "{reply:?}");
    let many = json!({"evaluations": vec![json!({}); 65]});
    let reply = post(&world, "/access/v1/evaluations", &keyed(KEY), &many).await;
    assert!(reply.body.starts_with(b"GATE-0157"), "{reply:?}");
    let mut headers = keyed(KEY);
    headers.set("content-type", "text/plain");
    let reply = post(&world, "/access/v1/evaluation", &headers, &good).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    let reply = world.send(Method::GET, "/access/v1/evaluation", &keyed(KEY), Bytes::new()).await;
    assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
    let where_it_is = "/.well-known/authzen-configuration";
    let reply = world.send(Method::GET, where_it_is, &Headers::mcp(), Bytes::new()).await;
    assert_eq!(reply.json()["policy_decision_point"], world.gateway.base());
    assert_eq!(reply.json()["access_evaluation_endpoint"], world.url("/access/v1/evaluation"));
}

#[tokio::test]
async fn what_waits_for_people_is_a_no_that_says_where_and_then_a_yes_once() {
    let (world, asks, about) = world().await;
    world
        .charter(asks.tenant, |charter| {
            let mut mail = naming("can_read", "mail.send");
            mail.server = "todo".to_owned();
            charter.counts_as = vec![mail];
            charter.clauses.push(clause("mail", "mail.*", approve()));
        })
        .await;
    let mut body = question("one-of-many-0", "can_read", "");
    body["context"] = json!({"time": "2026-11-22T10:00:00Z", "for": "a report"});
    let held = ask(&world, &body).await.json();
    assert_eq!((&held["decision"], &held["context"]["code"]), (&false.into(), &"HOLD-0001".into()));
    let hold = &held["context"]["hold"];
    assert!(hold["approve_at"].as_str().unwrap().starts_with("https://desk.example/a/"));
    body["context"]["time"] = "2026-11-22T10:01:00Z".into();
    assert_eq!(ask(&world, &body).await.json()["context"]["hold"]["id"], hold["id"], "the same");
    world.approve(asks.tenant).await;
    let mut other = body.clone();
    other["context"]["for"] = "something else".into();
    assert_eq!(ask(&world, &other).await.json()["decision"], false);
    assert_eq!(ask(&world, &body).await.json()["decision"], true);
    assert_eq!(ask(&world, &body).await.json()["decision"], false, "once");
    assert_eq!(
        world.records(asks.tenant).await.iter().filter(|one| one.agent == about.id).count(),
        5
    );
}

#[tokio::test]
async fn an_outcome_is_told_once_by_who_asked() {
    let (world, asks, about) = world().await;
    let mut headers = keyed(KEY);
    headers.set("writ-outcome", "follows");
    let body = question("one-of-many-0", "can_read", "");
    let said = post(&world, "/access/v1/evaluation", &headers, &body).await.json();
    assert_eq!(said["context"]["instance"], about.instance.to_string());
    assert!(world.records(asks.tenant).await.is_empty(), "not before its outcome");
    let mut told = said["context"].clone();
    let path = "/access/v1/outcome";
    let reply = post(&world, path, &keyed(KEY), &told).await;
    assert!(reply.body.starts_with(b"GATE-0150"), "{reply:?}");
    told["ok"] = false.into();
    assert_eq!(post(&world, path, &keyed(KEY), &told).await.status, StatusCode::OK);
    assert_eq!(post(&world, path, &keyed(KEY), &told).await.status, StatusCode::NOT_FOUND);
    let records = world.records(asks.tenant).await;
    assert_eq!((records.len(), records[0].effect), (1, Disposition::Errored));
    assert!(!records[0].detail.contains("does not report"));
}

#[tokio::test]
async fn limits_count_what_is_asked() {
    let (world, asks, about) = world().await;
    let limits = vec![Limit { count: 2, per: Period::Hour }];
    world.grant(&about, Says { limits, ..Says::tool("todo", "can_create") }).await;
    let body = question("one-of-many-0", "can_create", "");
    let mut decisions = Vec::new();
    for _ in 0..3 {
        decisions.push(ask(&world, &body).await.json()["decision"] == true);
    }
    assert_eq!(decisions, [true, true, false]);
    assert_eq!(world.records(asks.tenant).await.last().unwrap().code, "DENY-0014");
}

#[tokio::test]
async fn searches_find_what_evaluations_permit_page_by_page() {
    let (world, asks, about) = world().await;
    let must = Condition::OneOf(vec!["a".to_owned(), "b".to_owned(), "c".to_owned()]);
    let rules = vec![ArgRule { path: "/resource/id".to_owned(), must, optional: false }];
    world.grant(&about, Says { rules, ..Says::tool("todo", "can_delete") }).await;
    let search = async |what: &str, body: Value| {
        let path = format!("/access/v1/search/{what}");
        let reply = post(&world, &path, &keyed(KEY), &body).await;
        assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
        reply.json()
    };
    let subject = json!({"type": "user", "id": "one-of-many-0"});
    let thing = json!({"type": "todo", "id": "7"});
    let found = search(
        "subject",
        json!({"subject": {"type": "user"}, "action": {"name": "can_read"}, "resource": thing}),
    )
    .await;
    assert_eq!(found["results"], json!([{"type": "user", "id": "one-of-many-0"}]));
    assert_eq!(found["page"]["next_token"], "");
    let found = search("action", json!({"subject": subject, "resource": thing})).await;
    assert_eq!(found["results"], json!([{"name": "can_read"}]), "conditions hold here too");
    let mut body = json!({
        "subject": subject, "action": {"name": "can_delete"}, "resource": {"type": "todo"},
        "page": {"limit": 2},
    });
    let first = search("resource", body.clone()).await;
    assert_eq!(first["results"], json!([{"type": "todo", "id": "a"}, {"type": "todo", "id": "b"}]));
    body["page"]["token"] = first["page"]["next_token"].clone();
    let second = search("resource", body.clone()).await;
    assert_eq!(second["results"], json!([{"type": "todo", "id": "c"}]));
    assert_eq!(second["page"]["next_token"], "");
    body["action"]["name"] = "can_read".into();
    let reply = post(&world, "/access/v1/search/resource", &keyed(KEY), &body).await;
    assert!(reply.body.starts_with(b"GATE-0158"), "another search's token: {reply:?}");
    let records = world.records(asks.tenant).await;
    assert!(records.iter().all(|one| one.agent == asks.id && one.server == "decisions"));
    assert_eq!(records.len(), 4);
}

#[tokio::test]
async fn methods_of_mcp_are_asked_about_by_the_default_mapping() {
    let (world, asks, about) = world().await;
    let ask_mcp = async |agent: String| {
        let body = json!({
            "subject": {"type": "identity", "id": about.id},
            "context": {"agent": agent},
            "action": {"name": "tools/call"},
            "resource": {"type": "tool", "id": "can_read"},
        });
        ask(&world, &body).await.json()
    };
    assert_eq!(ask_mcp(about.instance.to_string()).await["decision"], true);
    // A running copy of somebody else is none of this agent's.
    let said = ask_mcp(asks.instance.to_string()).await;
    assert_eq!((&said["decision"], &said["context"]["code"]), (&false.into(), &"DENY-0006".into()));
    let records = world.records(asks.tenant).await;
    assert_eq!((&*records[0].server, &*records[0].method), ("todo", "tools/call"));
}

#[tokio::test]
async fn an_asker_that_is_only_observed_has_no_right() {
    let world = World::asked_by(Vec::new()).await;
    let tenant = world.agent(1).await.tenant;
    let crowd = world.crowd(tenant, "todo", 2).await;
    let until = world.clock.now() + Span::days(1);
    let (subject, reason) = (Some(Subject::Agent(crowd[1].id)), "first week".to_owned());
    world.write(tenant, vec![Fact::ObserveSet { subject, until, reason }]).await;
    let reply = proved(&world, &crowd[1], &question("one-of-many-0", "can_read", "")).await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    assert!(reply.body.starts_with(b"GATE-0151"), "{reply:?}");
}
