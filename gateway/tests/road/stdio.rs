//! A server that is a process: started per session, spoken to over its streams, ended with its agent.

use std::{collections::BTreeMap, path::PathBuf};

use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use writ_authority::Fact;
use writ_gateway::{Command, Place, Server};

use crate::{
    held,
    world::{Agent, Reply, Says, World, approve, clause},
};

/// Answers each request with its id and the variables it sees; `slow` says something first; `hang` only that.
const SCRIPT: &str = r#"
sleep 60 >/dev/null 2>&1 </dev/null &
NAP=$!
while read -r line; do
  id=$(printf '%s' "$line" | sed -n 's/.*"id": *\([0-9]*\).*/\1/p')
  case "$line" in
    *'"slow"'*|*'"hang"'*) echo '{"jsonrpc":"2.0","method":"notifications/message","params":{}}' ;;
  esac
  case "$line" in
    *'"hang"'*) ;;
    *'"id"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"pid":%s,"nap":%s,"env":"%s","home":"%s"}}\n' "$id" "$$" "$NAP" "$TOLD" "$HOME" ;;
  esac
done
"#;

async fn world() -> (World, Agent) {
    let command = Command {
        program: PathBuf::from("/bin/sh"),
        arguments: vec!["-c".to_owned(), SCRIPT.to_owned()],
        env: BTreeMap::from([
            ("TOLD".to_owned(), "yes".to_owned()),
            ("PATH".to_owned(), "/usr/bin:/bin".to_owned()),
        ]),
        folder: None,
    };
    let world = World::new(vec![Server {
        name: "local".to_owned(),
        client: None,
        at: Place::Command(command),
    }])
    .await;
    let agent = world.agent(1).await;
    world.grant(&agent, Says::tool("local", "*")).await;
    (world, agent)
}

const PATH: &str = "/mcp/local";

async fn in_session(world: &World, agent: &Agent, session: &str, body: &str) -> Reply {
    let mut headers = world.headers(agent, "POST", PATH).await;
    headers.set("mcp-session-id", session);
    world.send(Method::POST, PATH, &headers, Bytes::copy_from_slice(body.as_bytes())).await
}

async fn begin(world: &World, agent: &Agent) -> (String, serde_json::Value) {
    let hello = r#"{"jsonrpc":"2.0","id":"first","method":"initialize","params":{}}"#;
    let reply = world.post(agent, PATH, hello).await;
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    assert_eq!(reply.json()["id"], "first");
    (reply.header("mcp-session-id").to_owned(), reply.json()["result"].clone())
}

fn call(id: u32, name: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{name}"}}}}"#)
}

#[tokio::test]
async fn a_held_call_is_executed_by_the_sessions_own_process() {
    let (world, agent) = world().await;
    let ask = |charter: &mut writ_charter::Charter| {
        charter.clauses.push(clause("tools", "tool.use", approve()));
    };
    world.charter(agent.tenant, ask).await;
    let (session, result) = begin(&world, &agent).await;
    let held = in_session(&world, &agent, &session, &call(7, "a")).await.json();
    let hold = held["result"]["_meta"]["writ/hold"]["hold_id"].as_str().unwrap().to_owned();
    world.approve(agent.tenant).await;
    let done = in_session(&world, &agent, &session, &held::pending(8, &hold)).await.json();
    assert_eq!((&done["id"], &done["result"]["pid"]), (&8.into(), &result["pid"]), "{done}");
    let again = in_session(&world, &agent, &session, &held::pending(9, &hold)).await;
    assert_eq!(again.code(), "GATE-0095");
}

#[tokio::test]
async fn a_process_per_session_with_nothing_inherited() {
    let (world, agent) = world().await;
    let (session, result) = begin(&world, &agent).await;
    assert_eq!((&result["env"], &result["home"]), (&"yes".into(), &"".into()));
    let (other_session, other) = begin(&world, &agent).await;
    assert_ne!(result["pid"], other["pid"]);
    let reply = in_session(&world, &agent, &session, &call(7, "a")).await;
    assert_eq!((&reply.json()["id"], &reply.json()["result"]["pid"]), (&7.into(), &result["pid"]));
    let pretty = call(8, "a").replace(",\"method\"", ",\n  \"method\"");
    let reply = in_session(&world, &agent, &session, &pretty).await;
    assert_eq!(reply.json()["id"], 8);
    assert_ne!(session, other_session);
    let lost = world.post(&agent, PATH, &call(1, "a")).await;
    assert_eq!(lost.code(), "GATE-0018", "a handshake revision needs a session");
    world.gateway.halt().await;
}

#[tokio::test]
async fn a_server_that_speaks_first_gets_a_stream() {
    let (world, agent) = world().await;
    let (session, _) = begin(&world, &agent).await;
    let reply = in_session(&world, &agent, &session, &call(7, "slow")).await;
    assert_eq!(reply.header("content-type"), "text/event-stream");
    let text = String::from_utf8(reply.body.to_vec()).unwrap();
    let events: Vec<_> = text.split_terminator("\n\n").collect();
    assert_eq!(events.len(), 2, "{text}");
    assert!(events[0].contains("notifications/message") && events[1].contains("\"id\":7"));
    world.gateway.halt().await;
}

#[tokio::test]
async fn the_process_dies_with_its_agent() {
    let (world, agent) = world().await;
    let (session, result) = begin(&world, &agent).await;
    let mut headers = world.headers(&agent, "POST", PATH).await;
    headers.set("mcp-session-id", &session);
    let hang = Bytes::from(call(7, "hang"));
    let response = world.open(Method::POST, PATH, &headers, hang).await;
    let mut body = response.into_body();
    body.frame().await.unwrap().unwrap();
    let mut changes = world.tenants.changes();
    let reason = "drill".to_owned();
    world.write(agent.tenant, vec![Fact::AgentTerminated { agent: agent.id, reason }]).await;
    let rest = body.collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&rest).contains("GATE-0060"));
    let receipt = loop {
        let view = world.tenants.view(agent.tenant).await.unwrap();
        if let Some(confirmed) = view.state.confirmed.values().next() {
            break confirmed.as_ref().clone();
        }
        changes.recv().await.unwrap();
    };
    assert_eq!((receipt.children, receipt.streams), (1, 1));
    for which in ["pid", "nap"] {
        let pid = result[which].as_u64().unwrap();
        let lives = || {
            std::fs::read_to_string(format!("/proc/{pid}/stat"))
                .is_ok_and(|stat| !stat.contains(") Z "))
        };
        // Its signal cannot be refused; that it was acted on is seen when the machine gets to it.
        let gone = async {
            while lives() {
                tokio::task::yield_now().await;
            }
        };
        let gone = tokio::time::timeout(std::time::Duration::from_secs(10), gone).await;
        assert!(gone.is_ok(), "{which} is still there");
    }
}

#[tokio::test]
async fn a_command_that_is_not_there_is_said() {
    let command = Command {
        program: PathBuf::from("/nowhere/at-all"),
        arguments: Vec::new(),
        env: BTreeMap::new(),
        folder: None,
    };
    let server = Server { name: "local".to_owned(), client: None, at: Place::Command(command) };
    let world = World::new(vec![server]).await;
    let agent = world.agent(1).await;
    world.grant(&agent, Says::tool("local", "*")).await;
    let hello = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#;
    assert_eq!(world.post(&agent, PATH, hello).await.code(), "GATE-0055");
}
