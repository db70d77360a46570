//! Observing blocks nothing but what a clause refuses, and says of each call exactly what enforcement then says.

use writ_authority::{
    ArgRule, Condition, Fact,
    grant::{Limit as GrantLimit, Period},
};
use writ_charter::{Limit, Mode, Per};
use writ_model::{Span, ocsf::Disposition};

use crate::{
    upstream::Upstream,
    world::{Agent, Says, World, approve, clause, limited, naming},
};

const PATH: &str = "/mcp/mail";

fn call(name: &str, to: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{name}","arguments":{{"to":"{to}"}}}}}}"#
    )
}

/// A client with grants and clauses of every kind.
async fn world() -> (Upstream, World, Agent) {
    let upstream = Upstream::start().await;
    let world = World::new(vec![upstream.server("mail"), upstream.server("files")]).await;
    let agent = world.agent(1).await;
    let must = Condition::Domains(vec!["good.example".to_owned()]);
    let rules = vec![ArgRule { path: "/to".to_owned(), must, optional: false }];
    world.grant(&agent, Says { rules, ..Says::tool("mail", "send") }).await;
    let limits = vec![GrantLimit { count: 2, per: Period::Day }];
    world.grant(&agent, Says { limits, ..Says::tool("mail", "few") }).await;
    for name in ["ask", "propose", "never", "bounded", "uncovered", "tell"] {
        world.grant(&agent, Says::tool("mail", name)).await;
    }
    world
        .charter(agent.tenant, |charter| {
            let named = |name, class| naming(name, class);
            charter.counts_as = vec![
                named("ask", "mail.send"),
                named("propose", "payment.release"),
                named("never", "backup.restore"),
                named("bounded", "file.read"),
                named("uncovered", "model.allow"),
                named("tell", "file.write"),
            ];
            let twice = vec![Limit::Count { most: 2, per: Per::Day }];
            charter.clauses = vec![
                clause("tools", "tool.use", Mode::Act),
                clause("ask", "mail.send", approve()),
                clause("propose", "payment.*", Mode::Propose),
                clause("never", "backup.restore", Mode::Refuse),
                limited("bounded", "file.read", Mode::Act, twice),
                clause("tell", "file.write", Mode::NotifyAndAct),
            ];
        })
        .await;
    (upstream, world, agent)
}

/// A day's traffic of this agent.
async fn day(world: &World, agent: &Agent) -> Vec<String> {
    let mut codes = Vec::new();
    for (path, name, to) in [
        (PATH, "send", "ann@good.example"),
        (PATH, "send", "eve@evil.example"),
        (PATH, "few", "x"),
        (PATH, "few", "x"),
        (PATH, "few", "x"),
        (PATH, "unknown", "x"),
        ("/mcp/files", "read", "x"),
        (PATH, "ask", "ann@good.example"),
        (PATH, "propose", "x"),
        (PATH, "never", "x"),
        (PATH, "bounded", "x"),
        (PATH, "bounded", "x"),
        (PATH, "bounded", "x"),
        (PATH, "uncovered", "x"),
        (PATH, "tell", "x"),
    ] {
        let reply = world.post(agent, path, &call(name, to)).await.json();
        let held = reply["result"]["_meta"]["writ/hold"]["code"].as_str();
        let code = reply["error"]["data"]["code"].as_str().or(held);
        codes.push(code.unwrap_or_default().to_owned());
    }
    codes
}

const ENFORCED: [&str; 15] = [
    "",
    "DENY-0012",
    "",
    "",
    "DENY-0014",
    "DENY-0011",
    "DENY-0011",
    "HOLD-0001",
    "DENY-0025",
    "DENY-0024",
    "",
    "",
    "DENY-0026",
    "DENY-0023",
    "",
];

#[tokio::test]
async fn a_day_in_observe_says_what_enforcement_then_refuses() {
    let (upstream, world, agent) = world().await;
    let until = world.clock_now() + Span::days(1);
    let reason = "first week".to_owned();
    world.write(agent.tenant, vec![Fact::ObserveSet { subject: None, until, reason }]).await;
    let answered = day(&world, &agent).await;
    let blocked: Vec<_> = answered.iter().filter(|code| !code.is_empty()).collect();
    assert_eq!(blocked, ["DENY-0024"], "nothing is blocked but what a clause refuses");
    assert_eq!(upstream.seen().len(), answered.len() - 1);
    assert!(world.facts(agent.tenant, "call_held").await.is_empty(), "and nobody is asked");
    assert_eq!(
        world.facts(agent.tenant, "act_notified").await.len(),
        1,
        "people are told all the same"
    );
    let said: Vec<_> = world
        .records(agent.tenant)
        .await
        .iter()
        .map(|one| match (one.effect, &*one.inputs.observed) {
            (Disposition::Blocked, _) => one.code.clone(),
            (_, observed) => {
                assert_eq!(one.code == "PERM-0004", !observed.is_empty(), "{one:?}");
                observed.to_owned()
            }
        })
        .collect();
    assert_eq!(said, ENFORCED);

    // It ends by itself; what was refused would have been.
    world.advance(Span::days(1));
    let before = upstream.seen().len();
    assert_eq!(day(&world, &agent).await, ENFORCED);
    assert_eq!(
        upstream.seen().len() - before,
        ENFORCED.iter().filter(|code| code.is_empty()).count()
    );
}

#[tokio::test]
async fn observing_passes_no_stop_and_shows_whole_lists() {
    let (upstream, world, agent) = world().await;
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let names = async || {
        let reply = world.post(&agent, PATH, list).await.json();
        let tools = reply["result"]["tools"].as_array().unwrap().clone();
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["send", "writ_pending"]);
    let until = world.clock_now() + Span::hours(1);
    let reason = || "look".to_owned();
    let set = Fact::ObserveSet { subject: None, until, reason: reason() };
    world.write(agent.tenant, vec![set]).await;
    assert_eq!(names().await, ["send", "secret", "watch", "writ_pending"]);
    let send = async || world.post(&agent, PATH, &call("secret", "x")).await.code();
    assert_eq!(send().await, "");
    let before = upstream.seen().len();
    let side = writ_model::Side::Client;
    let stop = Fact::DelegationSuspended { clause: None, side, reason: reason() };
    let go = Fact::DelegationResumed { clause: None, side };
    for (stop, go, code) in [
        (stop, go, "DENY-0022"),
        (Fact::ClientFrozen { side, reason: reason() }, Fact::ClientThawed { side }, "DENY-0021"),
        (
            Fact::AgentHeld { agent: agent.id, reason: reason() },
            Fact::AgentReleased { agent: agent.id },
            "DENY-0003",
        ),
    ] {
        world.write(agent.tenant, vec![stop]).await;
        assert_eq!(send().await, code);
        world.write(agent.tenant, vec![go]).await;
    }
    assert_eq!(upstream.seen().len(), before);
    world.write(agent.tenant, vec![Fact::ObserveEnded { subject: None }]).await;
    assert_eq!(send().await, "DENY-0011");
}
