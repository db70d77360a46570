//! Tasks: of 2026-07-28's extension and of 2025-11-25's experiment. Each is its instance's alone, and named by the tool whose
//! call began it.

use http::StatusCode;
use serde_json::{Value, json};
use writ_authority::Fact;
use writ_model::ocsf::Disposition;

use crate::{
    revisions::{asked, modern, world},
    world::{Agent, Says},
};

const EXPERIMENT: &str = "2025-11-25";

/// The client says that it understands tasks.
fn declared(mut params: Value) -> Value {
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] =
        json!({"extensions": {"io.modelcontextprotocol/tasks": {}}});
    params
}

#[tokio::test]
async fn a_task_is_polled_answered_and_ended_by_the_agent_that_began_it() {
    let (upstream, world, agent) = world().await;
    let other = world.agent(2).await;
    world.grant(&other, Says::tool("mail", "task")).await;
    let methods = ["tasks/get", "tasks/update", "tasks/cancel"];
    let of = async |whose: &Agent, method: &str| {
        let params = declared(modern(json!({"taskId": "t1"})));
        asked((&world, whose), "2026-07-28", method, params).await
    };
    for method in methods {
        let reply = of(&agent, method).await;
        assert_eq!(
            (reply.status.as_u16(), &*reply.code()),
            (400, "GATE-0111"),
            "{method}: none yet"
        );
    }
    for form in ["json", "events"] {
        let before = upstream.seen().len();
        let call = declared(modern(json!({"name": "task", "arguments": {"in": form}})));
        let began = asked((&world, &agent), "2026-07-28", "tools/call", call).await;
        assert!(String::from_utf8_lossy(&began.body).contains("\"taskId\":\"t1\""), "{began:?}");
        for method in methods {
            assert_eq!(of(&agent, method).await.json()["result"]["content"][0]["text"], "done");
            assert_eq!(
                of(&other, method).await.code(),
                "GATE-0111",
                "{form}, {method}: not theirs"
            );
        }
        let listened = modern(json!({"notifications": {"taskIds": ["t1"]}}));
        let listened =
            asked((&world, &other), "2026-07-28", "subscriptions/listen", listened).await;
        assert_eq!(listened.code(), "GATE-0111", "{form}");
        assert_eq!(upstream.seen().len() - before, 1 + methods.len(), "{form}");
    }
}

#[tokio::test]
async fn tasks_are_for_clients_that_understand_them_and_of_servers_that_have_them() {
    let (upstream, world, agent) = world().await;
    let get =
        async |params: Value| asked((&world, &agent), "2026-07-28", "tasks/get", params).await;
    let reply = get(modern(json!({"taskId": "t1"}))).await;
    assert_eq!((reply.status.as_u16(), &*reply.code()), (400, "GATE-0112"));
    let error = &reply.json()["error"];
    let wanted = json!({"extensions": {"io.modelcontextprotocol/tasks": {}}});
    assert_eq!(
        (&error["code"], &error["data"]["requiredCapabilities"]),
        (&json!(-32_021), &wanted)
    );
    asked((&world, &agent), "2026-07-28", "server/discover", modern(json!({}))).await;
    let reply = get(declared(modern(json!({"taskId": "t1"})))).await;
    assert_eq!(
        (reply.status.as_u16(), &*reply.code()),
        (404, "GATE-0016"),
        "it has said that it has none"
    );
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn a_task_goes_on_only_while_its_tool_may_be_called() {
    let (upstream, world, agent) = world().await;
    let of = async |method: &str| {
        let params = declared(modern(json!({"taskId": "t1"})));
        asked((&world, &agent), "2026-07-28", method, params).await
    };
    let again = world.grant(&agent, Says::tool("mail", "task")).await;
    let call = declared(modern(json!({"name": "task", "arguments": {"in": "json"}})));
    asked((&world, &agent), "2026-07-28", "tools/call", call).await;
    assert_eq!(of("tasks/update").await.code(), "");
    let view = world.tenants.view(agent.tenant).await.unwrap();
    let given: Vec<_> = view
        .state
        .grants
        .iter()
        .filter(|(_, one)| one.says.name == "task")
        .map(|(id, _)| *id)
        .collect();
    assert!(given.contains(&again));
    for grant in given {
        let reason = "test".to_owned();
        world.write(agent.tenant, vec![Fact::GrantRevoked { grant, reason }]).await;
    }
    let before = upstream.seen().len();
    let refused = of("tasks/update").await;
    assert_eq!((refused.status, &*refused.code()), (StatusCode::OK, "GATE-0113"));
    assert_eq!(upstream.seen().len(), before);
    for method in ["tasks/get", "tasks/cancel"] {
        assert_eq!(of(method).await.code(), "", "{method}: looking and ending is always right");
    }
    let records = world.records(agent.tenant).await;
    let last: Vec<_> = records
        .iter()
        .rev()
        .take(3)
        .map(|one| (&*one.method, &*one.surface, &*one.name, one.effect))
        .collect();
    let wanted = [
        ("tasks/cancel", "task", "task", Disposition::Allowed),
        ("tasks/get", "task", "task", Disposition::Allowed),
        ("tasks/update", "task", "task", Disposition::Blocked),
    ];
    assert_eq!(last, wanted);
}

#[tokio::test]
async fn the_experiment_of_2025_11_25_is_bound_in_the_same_way() {
    let (upstream, world, agent) = world().await;
    let other = world.agent(2).await;
    world.grant(&other, Says::tool("mail", "send")).await;
    let of = async |whose: &Agent, method: &str, params: Value| {
        asked((&world, whose), EXPERIMENT, method, params).await
    };
    let begin = |id: &str| json!({"name": "send", "task": {"ttl": 5, "id": id}});
    let began = of(&agent, "tools/call", begin("t1")).await;
    assert_eq!(began.json()["result"]["task"]["taskId"], "t1");
    of(&other, "tools/call", begin("t3")).await;
    for method in ["tasks/get", "tasks/result", "tasks/cancel"] {
        let task = json!({"taskId": "t1"});
        let own = of(&agent, method, task.clone()).await;
        assert_eq!(own.json()["result"]["content"][0]["text"], "done", "{method}");
        let theirs = of(&other, method, task).await;
        assert_eq!(theirs.code(), "GATE-0111", "{method}");
    }
    for (whose, wanted) in [(&agent, "t1"), (&other, "t3")] {
        let listed = of(whose, "tasks/list", json!({})).await.json();
        assert_eq!(listed["result"]["tasks"], json!([{"taskId": wanted}]));
    }
    let seen = upstream.seen().len();
    let update = of(&agent, "tasks/update", json!({"taskId": "t1"})).await;
    assert_eq!(update.code(), "GATE-0016");
    for method in ["tasks/get", "tasks/list"] {
        let early = asked((&world, &agent), "2025-06-18", method, json!({"taskId": "t1"})).await;
        assert_eq!(early.code(), "GATE-0016", "{method}");
    }
    assert_eq!(upstream.seen().len(), seen);
    let records = world.records(agent.tenant).await;
    let named: Vec<_> =
        records.iter().map(|one| (&*one.method, &*one.surface, &*one.name)).collect();
    assert!(named.contains(&("tasks/result", "task", "send")), "{named:?}");
}
