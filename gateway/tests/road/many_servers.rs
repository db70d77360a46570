//! `/mcp`: several servers behind one address. What each is called, that one that is dead, slow or lies leaves the rest working
//! and is named, and that every call is decided and recorded as if it had gone to its server's own address.

mod client;
mod peer;
mod pins;

use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::time::timeout;
use writ_authority::{ArgRule, Condition, Fact, grant::Surface};
use writ_gateway::{Place, Server, Target, TenantBounds};
use writ_model::{Span, ocsf::Disposition};
use writ_store::Lease;

use self::{
    client::{Client, LONG, PATH},
    peer::{Manner, Peer},
};
use crate::world::{Agent, Headers, Says, World};

fn names(list: &Value, key: &str, of: &str) -> Vec<String> {
    let all = list[key].as_array().unwrap();
    all.iter().map(|one| one[of].as_str().unwrap().to_owned()).collect()
}

fn tools(list: &Value) -> Vec<String> {
    names(list, "tools", "name")
}

/// Two servers with a tool and a resource in common, and an agent that may use everything of both.
async fn two() -> (Peer, Peer, World, Agent) {
    two_with(TenantBounds::default()).await
}

async fn two_with(bounds: TenantBounds) -> (Peer, Peer, World, Agent) {
    let alpha =
        Peer::start("alpha", &["send", "asks", "links", "task"], &["x://both", "x://a"]).await;
    let beta = Peer::start("beta", &["send", "read file"], &["x://both", "x://b"]).await;
    let servers = vec![alpha.server(), beta.server()];
    let world = World::under(servers, Lease::always(), bounds).await;
    let agent = world.agent(1).await;
    allowed(&world, &agent, &["alpha", "beta"]).await;
    (alpha, beta, world, agent)
}

async fn allowed(world: &World, agent: &Agent, servers: &[&str]) {
    for server in servers {
        world.grant(agent, Says::tool(server, "*")).await;
        world.grant(agent, Says { surface: Surface::Resource, ..Says::tool(server, "*") }).await;
    }
}

#[tokio::test]
async fn all_servers_are_greeted_and_listed_under_names_of_their_own() {
    let (alpha, beta, world, agent) = two().await;
    let (client, hello) = Client::greeted(&world, &agent).await;
    assert_eq!(hello["protocolVersion"], "2025-11-25");
    assert_eq!(hello["capabilities"]["resources"]["subscribe"], true);
    assert_eq!(hello["capabilities"]["tools"]["listChanged"], true);
    let says = hello["instructions"].as_str().unwrap();
    assert!(
        says.contains("## alpha\nI am alpha.") && says.contains("## beta\nI am beta."),
        "{says}"
    );
    assert_eq!(hello.get("_meta"), None);
    let cut = writ_cut("beta", "read file");
    let list = client.result("tools/list", json!({})).await;
    let wanted = ["alpha__send", "alpha__asks", "alpha__links", "alpha__task", "beta__send", &cut];
    assert_eq!(tools(&list), wanted, "a second page of each is among them");
    assert_eq!(list.get("nextCursor"), None);
    assert_eq!(list["tools"][4]["description"], "send of beta");
    let list = client.result("resources/list", json!({})).await;
    let wanted = ["writ-alpha:x://both", "x://a", "writ-beta:x://both", "x://b"];
    assert_eq!(names(&list, "resources", "uri"), wanted);
    for (peer, name) in [(&alpha, "alpha"), (&beta, "beta")] {
        let hellos = peer.got("initialize");
        assert_eq!(hellos.len(), 1, "{name} is greeted once");
        assert_eq!(hellos[0]["params"]["clientInfo"]["name"], "test");
        assert_eq!(peer.got("notifications/initialized").len(), 1);
        let (headers, _) = peer.last();
        assert_eq!(headers["mcp-session-id"], format!("session-of-{name}"));
        assert!(!headers.contains_key("authorization") && !headers.contains_key("dpop"));
    }
}

/// A cut name, as a client learns it.
fn writ_cut(server: &str, own: &str) -> String {
    let digest = writ_model::Digest::of(format!("{server}\n{own}").as_bytes()).to_string();
    let plain: String =
        own.chars().map(|one| if one.is_ascii_alphanumeric() { one } else { '-' }).collect();
    let hash: String = digest.chars().take(16).collect();
    format!("{server}__{plain}_{hash}")
}

#[tokio::test]
async fn a_call_is_decided_recorded_and_sent_as_its_servers_own() {
    let (alpha, beta, world, agent) = two().await;
    let (client, _) = Client::greeted(&world, &agent).await;
    let exact = r#"{"jsonrpc":"2.0", "id":3,"method":"tools/call","params":{ "name":"beta__send","arguments":{"x" : 1.50}} }"#;
    let reply = client.says(exact).await;
    assert_eq!(reply.json()["result"]["content"][0]["text"], "beta did send");
    assert_eq!(reply.headers.get("mcp-session-id"), None);
    let wanted = exact.replace("beta__send", "send");
    assert_eq!(beta.last().1, wanted.as_bytes(), "nothing but the name has changed");
    assert!(alpha.got("tools/call").is_empty());
    let cut = writ_cut("beta", "read file");
    let reply = client.call(&cut).await;
    assert_eq!(reply.json()["result"]["content"][0]["text"], "beta did read file");
    let records = world.records(agent.tenant).await;
    let calls: Vec<_> = records.iter().filter(|one| one.method == "tools/call").collect();
    let said: Vec<_> = calls.iter().map(|one| (&*one.server, &*one.name, one.effect)).collect();
    let wanted =
        [("beta", "send", Disposition::Allowed), ("beta", "read file", Disposition::Allowed)];
    assert_eq!(said, wanted);
    for unknown in ["send", "gamma__send", "beta__read file", "beta__x_0123456789abcdef"] {
        assert_eq!(client.call(unknown).await.code(), "GATE-0125", "{unknown}");
    }
}

#[tokio::test]
async fn grants_conditions_and_lists_are_of_the_server_and_the_tool() {
    let alpha = Peer::start("alpha", &["send", "drop"], &[]).await;
    let beta = Peer::start("beta", &["send"], &[]).await;
    let gamma = Peer::start("gamma", &["send"], &[]).await;
    let world = World::new(vec![alpha.server(), beta.server(), gamma.server()]).await;
    let agent = world.agent(1).await;
    let must = Condition::Domains(vec!["good.example".to_owned()]);
    let rules = vec![ArgRule { path: "/to".to_owned(), must, optional: false }];
    world.grant(&agent, Says { rules, ..Says::tool("alpha", "send") }).await;
    world.grant(&agent, Says::tool("beta", "*")).await;
    let (client, _) = Client::greeted(&world, &agent).await;
    let list = client.result("tools/list", json!({})).await;
    assert_eq!(tools(&list), ["alpha__send", "beta__send"]);
    let to = |who: &str| json!({"name": "alpha__send", "arguments": {"to": who}});
    let good = client.ask("tools/call", to("ann@good.example")).await;
    assert_eq!(good.json()["result"]["content"][0]["text"], "alpha did send");
    let bad = client.ask("tools/call", to("ann@evil.example")).await;
    assert_eq!((bad.status, &*bad.code()), (StatusCode::OK, "DENY-0012"));
    assert!(client.call("alpha__drop").await.code().starts_with("DENY-"));
    assert!(client.call("gamma__send").await.code().starts_with("DENY-"));
    assert_eq!(alpha.got("tools/call").len(), 1);
    assert!(gamma.verbs().is_empty(), "a server that the agent may not talk to hears nothing");
    let records = world.records(agent.tenant).await;
    let blocked: Vec<_> = records
        .iter()
        .filter(|one| one.effect == Disposition::Blocked)
        .map(|one| (&*one.server, &*one.name))
        .collect();
    assert_eq!(blocked, [("alpha", "send"), ("alpha", "drop"), ("gamma", "send")]);
}

#[tokio::test]
async fn one_that_is_dead_slow_or_lies_leaves_the_rest_working_and_is_named() {
    for (manner, code) in [
        (Manner::Garbage, "GATE-0052"),
        (Manner::Endless, "GATE-0126"),
        (Manner::Control, "GATE-0126"),
        (Manner::Twice, "GATE-0126"),
        (Manner::WrongId, "GATE-0180"),
        (Manner::OtherRevision, "GATE-0127"),
        (Manner::Silent, "GATE-0051"),
        (Manner::Large, "GATE-0181"),
    ] {
        let (_alpha, beta, world, agent) = two().await;
        beta.behaves(manner);
        let (client, _) = Client::greeted(&world, &agent).await;
        let list = client.result("tools/list", json!({})).await;
        assert!(tools(&list).iter().all(|name| name.starts_with("alpha__")), "{manner:?}: {list}");
        assert_eq!(tools(&list).len(), 4, "{manner:?}");
        let out = &list["_meta"]["writ/unreachable"];
        assert_eq!(
            (&out[0]["server"], &out[0]["code"]),
            (&json!("beta"), &json!(code)),
            "{manner:?}"
        );
        assert!(out[0]["since"].is_string() && out.as_array().unwrap().len() == 1);
        let known = world.gateway.outages();
        assert_eq!((&*known[0].server, known[0].code), ("beta", code));
        assert_eq!(world.gateway.metrics().servers_out, 1);
        let reply = client.call("alpha__send").await;
        assert_eq!(reply.json()["result"]["content"][0]["text"], "alpha did send");
        // It is asked again after a while, and is back.
        beta.behaves(Manner::Good);
        world.advance(Span::seconds(11));
        let list = client.result("tools/list", json!({})).await;
        assert_eq!((tools(&list).len(), list.get("_meta")), (6, None), "{manner:?}");
        assert_eq!(world.gateway.metrics().servers_out, 0);
    }
}

#[tokio::test]
async fn a_call_to_a_dead_server_is_refused_as_at_its_own_address() {
    let alpha = Peer::start("alpha", &["send"], &[]).await;
    let nobody = Target::parse("http://127.0.0.1:1/mcp").unwrap();
    let dead = Server { name: "dead".to_owned(), client: None, at: Place::Http(nobody) };
    let world = World::new(vec![alpha.server(), dead]).await;
    let agent = world.agent(1).await;
    allowed(&world, &agent, &["alpha", "dead"]).await;
    let (client, hello) = Client::greeted(&world, &agent).await;
    assert_eq!(hello["_meta"]["writ/unreachable"][0]["server"], "dead");
    assert_eq!(client.call("dead__send").await.code(), "GATE-0050");
    assert_eq!(tools(&client.result("tools/list", json!({})).await), ["alpha__send"]);
}

#[tokio::test]
async fn a_session_that_a_server_forgot_is_begun_anew() {
    let (alpha, _beta, world, agent) = two().await;
    let (client, _) = Client::greeted(&world, &agent).await;
    alpha.behaves(Manner::Forgets);
    let lost = client.call("alpha__send").await;
    assert_eq!((lost.status, &*lost.code()), (StatusCode::OK, "GATE-0018"), "{lost:?}");
    alpha.behaves(Manner::Good);
    let reply = client.call("alpha__send").await;
    assert_eq!(reply.json()["result"]["content"][0]["text"], "alpha did send");
    assert_eq!(alpha.got("initialize").len(), 2);
    assert_eq!(client.call("beta__send").await.json()["result"]["isError"], Value::Null);
}

#[tokio::test]
async fn an_address_is_read_at_its_own_server_or_refused() {
    let (_alpha, beta, world, agent) = two().await;
    let (client, _) = Client::greeted(&world, &agent).await;
    let read = |uri: &'static str| client.ask("resources/read", json!({"uri": uri}));
    for (uri, wanted) in [
        ("x://a", "of alpha"),
        ("x://b", "of beta"),
        ("writ-alpha:x://both", "of alpha"),
        ("writ-beta:x://both", "of beta"),
        ("writ-beta:x://unlisted", "of beta"),
    ] {
        let contents = read(uri).await.json()["result"]["contents"][0].clone();
        assert_eq!((&contents["uri"], &contents["text"]), (&json!(uri), &json!(wanted)));
    }
    for (uri, code) in
        [("x://both", "GATE-0129"), ("x://unlisted", "GATE-0129"), ("writ-gamma:x", "GATE-0125")]
    {
        assert_eq!(read(uri).await.code(), code, "{uri}");
    }
    assert!(
        beta.got("resources/read").iter().all(|one| one["params"]["uri"] != "writ-beta:x://both")
    );
    let link = client.call("alpha__links").await.json();
    assert_eq!(link["result"]["content"][0]["uri"], "writ-alpha:x://both");
}

#[tokio::test]
async fn what_servers_ask_and_say_of_progress_is_kept_apart() {
    let (alpha, beta, world, agent) = two().await;
    let (client, _) = Client::greeted(&world, &agent).await;
    let params = json!({"name": "alpha__asks", "_meta": {"progressToken": "mine"}});
    let reply = client.ask("tools/call", params).await;
    assert_eq!(reply.header("content-type"), "text/event-stream");
    let text = String::from_utf8(reply.body.to_vec()).unwrap();
    let data: Vec<Value> = text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    assert_eq!(data.len(), 3, "progress of somebody else's is not passed on: {text}");
    assert_eq!(
        (&data[0]["id"], &data[0]["method"]),
        (&json!("alpha__1"), &json!("sampling/createMessage"))
    );
    assert_eq!(data[1]["params"]["progressToken"], "mine");
    assert_eq!(data[2]["result"]["content"][0]["text"], "alpha asked");
    assert!(text.starts_with("id: p.alpha.1\n"), "{text}");
    let answer = json!({"jsonrpc": "2.0", "id": "alpha__1", "result": {"role": "assistant"}});
    assert_eq!(client.says(&answer.to_string()).await.status, StatusCode::ACCEPTED);
    let answers = alpha.answers();
    assert_eq!((answers.len(), &answers[0]["id"]), (1, &json!(1)), "in the server's own id");
    let stray = json!({"jsonrpc": "2.0", "id": 1, "result": {}}).to_string();
    assert_eq!(client.says(&stray).await.code(), "GATE-0125");
    assert!(beta.answers().is_empty());
    let cancels = json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": {"requestId": "a\u{e9}"}});
    // In the spelling in which the request was made.
    client.says(&cancels.to_string()).await;
    assert_eq!(alpha.got("notifications/cancelled").len(), 1);
    assert!(beta.got("notifications/cancelled").is_empty());
}

#[tokio::test]
async fn the_streams_of_all_servers_are_one_and_end_with_the_agent() {
    let (alpha, beta, world, agent) = two().await;
    let (client, _) = Client::greeted(&world, &agent).await;
    let mut headers = client.headers("GET").await;
    headers.drop("content-type");
    let response = world.open(Method::GET, PATH, &headers, Bytes::new()).await;
    assert_eq!(response.status(), StatusCode::OK);
    let mut body = response.into_body();
    let mut text = String::new();
    while text.matches("roots/list").count() < 2 {
        let frame = timeout(LONG, body.frame()).await.unwrap().unwrap().unwrap();
        text.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
    }
    for wanted in ["\"alpha__1\"", "\"beta__1\"", "id: g.alpha.5\n", "id: g.beta.5\n"] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    let reason = "drill".to_owned();
    world.write(agent.tenant, vec![Fact::AgentTerminated { agent: agent.id, reason }]).await;
    let rest = timeout(LONG, body.collect()).await.unwrap().unwrap().to_bytes();
    let rest = String::from_utf8_lossy(&rest);
    assert_eq!(rest.matches("GATE-0060").count(), 1, "{rest}");
    let after = client.ask("tools/list", json!({})).await;
    assert_eq!(after.status, StatusCode::UNAUTHORIZED);
    assert!(after.code().starts_with("DENY-"), "{after:?}");
    assert!(alpha.verbs().contains(&"GET".to_owned()) && beta.verbs().contains(&"GET".to_owned()));
}

#[tokio::test]
async fn a_session_is_ended_at_every_server() {
    let (alpha, beta, world, agent) = two().await;
    let (client, _) = Client::greeted(&world, &agent).await;
    let headers = client.headers("DELETE").await;
    let reply = world.send(Method::DELETE, PATH, &headers, Bytes::new()).await;
    assert_eq!(reply.status, StatusCode::OK);
    for peer in [&alpha, &beta] {
        assert_eq!(peer.verbs().last().map(String::as_str), Some("DELETE"));
    }
    let after = client.call("alpha__send").await;
    assert_eq!((after.status, &*after.code()), (StatusCode::NOT_FOUND, "GATE-0018"));
    let other = world.instance(agent.tenant, agent.id, 9).await;
    let (mine, _) = Client::greeted(&world, &agent).await;
    let theirs = Client { world: &world, agent: &other, session: mine.session.clone() };
    assert_eq!(theirs.call("alpha__send").await.code(), "GATE-0018", "another copy's session");
}

#[tokio::test]
async fn a_long_list_comes_in_pages_and_can_be_searched() {
    let bounds = TenantBounds { tools_listed: 3, ..TenantBounds::default() };
    let (alpha, _beta, world, agent) = two_with(bounds).await;
    let (client, _) = Client::greeted(&world, &agent).await;
    let first = client.result("tools/list", json!({})).await;
    let wanted =
        ["writ_find_tools", "writ_call_tool", "alpha__send", "alpha__asks", "alpha__links"];
    assert_eq!(tools(&first), wanted);
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = client.result("tools/list", json!({"cursor": cursor})).await;
    assert_eq!(tools(&second).len(), 3);
    assert_eq!(second.get("nextCursor"), None);
    for bad in ["", "x", "second", "0.0"] {
        assert_eq!(client.ask("tools/list", json!({"cursor": bad})).await.code(), "GATE-0128");
    }
    let other = world.instance(agent.tenant, agent.id, 9).await;
    let (others, _) = Client::greeted(&world, &other).await;
    let stolen = others.ask("tools/list", json!({"cursor": cursor})).await;
    assert_eq!(stolen.code(), "GATE-0128", "a cursor is one running copy's");
    let find =
        json!({"name": "writ_find_tools", "arguments": {"query": "read a FILE", "limit": 1}});
    let found = client.result("tools/call", find).await;
    let cut = writ_cut("beta", "read file");
    assert_eq!(tools(&found["structuredContent"]), [&*cut]);
    let wrapped = json!({"name": "writ_call_tool", "arguments": {"name": "alpha__send", "arguments": {"x": 1}}});
    let done = client.result("tools/call", wrapped).await;
    assert_eq!(done["content"][0]["text"], "alpha did send");
    assert_eq!(
        alpha.got("tools/call")[0]["params"],
        json!({"name": "send", "arguments": {"x": 1}})
    );
    let records = world.records(agent.tenant).await;
    let call = records.iter().find(|one| one.method == "tools/call").unwrap();
    assert_eq!((&*call.server, &*call.name), ("alpha", "send"), "recorded as the tool itself");
}

#[tokio::test]
async fn a_held_call_is_approved_and_done_once_at_its_server() {
    let (_alpha, beta, world, agent) = two().await;
    world
        .charter(agent.tenant, |charter| {
            let mut naming = crate::world::naming("send", "mail.send");
            naming.server = "beta".to_owned();
            charter.counts_as = vec![naming];
            charter.clauses.push(crate::world::clause("mail", "mail.*", crate::world::approve()));
        })
        .await;
    let (client, _) = Client::greeted(&world, &agent).await;
    let list = client.result("tools/list", json!({})).await;
    assert_eq!(tools(&list).iter().filter(|name| *name == "writ_pending").count(), 1);
    let held = client.call("beta__send").await.json();
    let hold = held["result"]["_meta"]["writ/hold"]["hold_id"].as_str().unwrap().to_owned();
    assert!(beta.got("tools/call").is_empty());
    world.approve(agent.tenant).await;
    let pending = json!({"name": "writ_pending", "arguments": {"hold_id": hold}});
    let done = client.result("tools/call", pending.clone()).await;
    assert_eq!(done["content"][0]["text"], "beta did send");
    assert_eq!(beta.got("tools/call")[0]["params"]["name"], "send");
    assert_eq!(client.ask("tools/call", pending).await.code(), "GATE-0095", "once");
}

#[tokio::test]
async fn the_stateless_revision_finds_lists_calls_and_listens() {
    let (alpha, beta, world, agent) = two().await;
    let client = Client { world: &world, agent: &agent, session: String::new() };
    let found = client.modern_result("server/discover", json!({}), None).await;
    assert_eq!(found["resultType"], "complete");
    assert!(found["supportedVersions"].as_array().unwrap().contains(&json!("2026-07-28")));
    assert!(found["instructions"].as_str().unwrap().contains("## beta"));
    let list = client.modern_result("tools/list", json!({}), None).await;
    assert_eq!(
        (tools(&list).len(), &list["cacheScope"], &list["ttlMs"]),
        (6, &json!("private"), &json!(0))
    );
    let (headers, _) = beta.last();
    assert_eq!(
        (&headers["mcp-method"], headers.get("mcp-name")),
        (&"tools/list".parse().unwrap(), None)
    );
    let call = json!({"name": "beta__send", "arguments": {}});
    let done = client.modern_result("tools/call", call, Some("beta__send")).await;
    assert_eq!(done["content"][0]["text"], "beta did send");
    assert_eq!(beta.last().0["mcp-name"], "send");
    let task = json!({"name": "alpha__task"});
    let begun = client.modern_result("tools/call", task, Some("alpha__task")).await;
    assert_eq!(begun["taskId"], "alpha__t1");
    let about = json!({"taskId": "alpha__t1"});
    client.modern_result("tasks/get", about, Some("alpha__t1")).await;
    assert_eq!(
        (&alpha.got("tasks/get")[0]["params"]["taskId"], &alpha.last().0["mcp-name"]),
        (&json!("t1"), &"t1".parse().unwrap())
    );

    let wanted = json!({"toolsListChanged": true, "resourceSubscriptions": ["x://b"]});
    let (headers, body) =
        client.modern("subscriptions/listen", json!({"notifications": wanted}), None).await;
    let response = world.open(Method::POST, PATH, &headers, Bytes::from(body)).await;
    assert_eq!(response.status(), StatusCode::OK);
    let mut stream = response.into_body();
    let mut text = String::new();
    while text.matches("tools/list_changed").count() < 2 {
        let frame = timeout(LONG, stream.frame()).await.unwrap().unwrap().unwrap();
        text.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
    }
    assert_eq!(text.matches("acknowledged").count(), 1, "{text}");
    let first = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    let first: Value = serde_json::from_str(first).unwrap();
    assert_eq!(first["params"]["notifications"], wanted);
    assert_eq!(first["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], 7);
    let asked = &beta.got("subscriptions/listen")[0]["params"]["notifications"];
    assert_eq!(asked, &wanted);
    assert_eq!(
        alpha.got("subscriptions/listen")[0]["params"]["notifications"],
        json!({"toolsListChanged": true})
    );
}

#[tokio::test]
async fn the_address_wants_a_token_of_its_own_and_says_so() {
    let (alpha, _beta, world, agent) = two().await;
    let client = Client { world: &world, agent: &agent, session: String::new() };
    let mut headers = client.headers("POST").await;
    let token = world.token(&agent, &world.url("/mcp/alpha"));
    headers.set("authorization", &format!("DPoP {token}"));
    headers.set("dpop", &world.proof(&agent.key, "POST", &world.url(PATH), &token));
    let reply = world.send(Method::POST, PATH, &headers, Bytes::from_static(b"{}")).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "a token for one server is none for all");
    let metadata = "/.well-known/oauth-protected-resource/mcp";
    assert!(reply.header("www-authenticate").contains(&world.url(metadata)), "{reply:?}");
    let reply = world.send(Method::GET, metadata, &Headers::default(), Bytes::new()).await;
    assert_eq!(reply.json()["resource"], world.url(PATH));
    let narrow = world.token_with(&agent, &world.url(PATH), |claims| {
        claims.scope = Some("mcp:alpha".to_owned());
    });
    headers.set("authorization", &format!("DPoP {narrow}"));
    headers.set("dpop", &world.proof(&agent.key, "POST", &world.url(PATH), &narrow));
    let reply = world.send(Method::POST, PATH, &headers, Bytes::from_static(b"{}")).await;
    assert_eq!(reply.code(), "GATE-0160", "a token that reaches one server does not reach all");
    assert!(alpha.verbs().is_empty());
}
