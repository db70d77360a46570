//! Pages of a list that was put together a while ago, and a server that one agent alone finds dead.

use serde_json::json;
use writ_authority::Fact;
use writ_gateway::FirstSight;

use super::{
    client::Client,
    peer::{Manner, Peer},
    tools, two,
};
use crate::world::{Says, World};

#[tokio::test]
async fn what_was_held_meanwhile_is_on_no_later_page() {
    let names: Vec<String> = (0..60).map(|number| format!("tool-{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let alpha = Peer::start("alpha", &names, &[]).await;
    let world = World::guarded(vec![alpha.server()], FirstSight::Trust).await;
    let agent = world.agent(1).await;
    world.grant(&agent, Says::tool("alpha", "*")).await;
    let raise = |format| Fact::FormatRaised { format };
    world.write(agent.tenant, vec![raise(2), raise(3)]).await;
    let (client, _) = Client::greeted(&world, &agent).await;
    let first = client.result("tools/list", json!({})).await;
    let cursor = json!({"cursor": first["nextCursor"]});
    let second = tools(&client.result("tools/list", cursor.clone()).await);
    assert_eq!((second.len(), second.last().map(String::as_str)), (20, Some("alpha__tool-59")));
    // Somebody lists at the server's own address what it has become.
    alpha.behaves(Manner::Changed);
    let list =
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"cursor": "second"}});
    let listed = world.post(&agent, "/mcp/alpha", &list.to_string()).await.json();
    assert_eq!(listed["result"]["tools"].as_array().unwrap().len(), 29, "held there: {listed}");
    let second = tools(&client.result("tools/list", cursor).await);
    assert_eq!((second.len(), second.last().map(String::as_str)), (19, Some("alpha__tool-58")));
}

#[tokio::test]
async fn a_server_that_fails_one_agent_is_dead_for_no_other() {
    let (_alpha, beta, world, agent) = two().await;
    let other = world.instance(agent.tenant, agent.id, 9).await;
    let (one, _) = Client::greeted(&world, &agent).await;
    let (two, _) = Client::greeted(&world, &other).await;
    beta.behaves(Manner::Garbage);
    let list = one.result("tools/list", json!({})).await;
    assert_eq!(
        (tools(&list).len(), &list["_meta"]["writ/unreachable"][0]["server"]),
        (4, &json!("beta"))
    );
    beta.behaves(Manner::Good);
    let list = two.result("tools/list", json!({})).await;
    assert_eq!(
        (tools(&list).len(), list.get("_meta")),
        (6, None),
        "it is asked for everybody else"
    );
    let list = one.result("tools/list", json!({})).await;
    assert_eq!(tools(&list).len(), 4, "and rests for the one");
}
