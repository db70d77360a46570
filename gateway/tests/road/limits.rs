//! Limits of clauses: of two the smaller holds, money adds up, what runs now is counted and given back; and people who are
//! told before a call goes out.

use bytes::Bytes;
use http::Method;
use http_body_util::BodyExt as _;
use writ_authority::Fact;
use writ_charter::{Limit, Mode, Money, Naming, Per};
use writ_model::{Span, ocsf::Disposition};

use crate::{
    upstream::Upstream,
    world::{Agent, Mood, Says, World, clause, limited, naming},
};

const PATH: &str = "/mcp/mail";

async fn world() -> (Upstream, World, Agent) {
    let upstream = Upstream::start().await;
    let world = World::new(vec![upstream.server("mail")]).await;
    let agent = world.agent(1).await;
    world.grant(&agent, Says::tool("mail", "*")).await;
    (upstream, world, agent)
}

fn call(name: &str, arguments: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{name}","arguments":{arguments}}}}}"#
    )
}

fn count(most: u64) -> Limit {
    Limit::Count { most, per: Per::Hour }
}

fn pays() -> Naming {
    Naming {
        amount: Some("/amount".to_owned()),
        currency: Some("EUR".to_owned()),
        ..naming("pay", "payment.release")
    }
}

fn money(amount: &str, per: Per) -> Limit {
    Limit::Money { most: Money { amount: amount.to_owned(), currency: "EUR".to_owned() }, per }
}

#[tokio::test]
async fn of_two_clauses_the_smaller_limit_holds() {
    let (upstream, world, agent) = world().await;
    world
        .charter(agent.tenant, |charter| {
            charter.clauses = vec![
                limited("wide", "*", Mode::Act, vec![count(5)]),
                limited("tools", "tool.use", Mode::Act, vec![count(2)]),
            ];
        })
        .await;
    let mut codes = Vec::new();
    for _ in 0..3 {
        codes.push(world.post(&agent, PATH, &call("send", "{}")).await.code());
    }
    assert_eq!(codes, ["", "", "DENY-0026"]);
    assert_eq!(upstream.seen().len(), 2);
    let records = world.records(agent.tenant).await;
    assert_eq!(records[2].effect, Disposition::Blocked);
    assert!(records[2].inputs.clause_reads.contains("\"used\":2"), "{:?}", records[2].inputs);
    assert!(records[0].inputs.charged.contains("tools"), "{:?}", records[0].inputs);
    // The count is the clause's: a new version of the charter does not fill it again, nor does a restart.
    world
        .charter(agent.tenant, |charter| {
            charter.clauses = vec![limited("tools", "tool.use", Mode::Act, vec![count(2)])];
        })
        .await;
    assert_eq!(world.post(&agent, PATH, &call("send", "{}")).await.code(), "DENY-0026");
    let world = world.restarted(vec![upstream.server("mail")]).await;
    assert_eq!(world.post(&agent, PATH, &call("send", "{}")).await.code(), "DENY-0026");
    world.advance(Span::hours(1));
    assert_eq!(world.post(&agent, PATH, &call("send", "{}")).await.code(), "");
}

#[tokio::test]
async fn of_many_calls_at_once_no_more_go_than_the_limit_says() {
    let (upstream, world, agent) = world().await;
    world
        .charter(agent.tenant, |charter| {
            charter.clauses = vec![limited("tools", "*", Mode::Act, vec![count(3)])];
        })
        .await;
    world.headers(&agent, "POST", PATH).await;
    let body = call("send", "{}");
    let all = (0..12).map(|_| world.post(&agent, PATH, &body));
    let replies = futures_util::future::join_all(all).await;
    let denied = replies.iter().filter(|reply| reply.code() == "DENY-0026").count();
    assert_eq!((denied, upstream.seen().len()), (9, 3));
}

#[tokio::test]
async fn money_adds_up_over_calls_and_restarts() {
    let (upstream, world, agent) = world().await;
    world
        .charter(agent.tenant, |charter| {
            charter.counts_as = vec![pays()];
            charter.clauses.push(limited(
                "pay",
                "payment.release",
                Mode::Act,
                vec![money("100.50", Per::Day), money("1000", Per::Hour)],
            ));
        })
        .await;
    let pay = async |world: &World, arguments: &str| {
        world.post(&agent, PATH, &call("pay", arguments)).await.code()
    };
    for (arguments, code) in [
        (r#"{"amount":60}"#, ""),
        (r#"{"amount":40.51}"#, "DENY-0026"),
        (r#"{"amount":30.5}"#, ""),
        (r#"{"amount":-30}"#, "DENY-0027"),
        (r#"{"amount":0.00001}"#, "DENY-0027"),
        (r#"{"amount":"many"}"#, "DENY-0027"),
        ("{}", "DENY-0027"),
        (r#"{"amount":10.0001}"#, "DENY-0026"),
    ] {
        assert_eq!(pay(&world, arguments).await, code, "{arguments}");
    }
    assert_eq!(upstream.seen().len(), 2);
    let world = world.restarted(vec![upstream.server("mail")]).await;
    assert_eq!(pay(&world, r#"{"amount":10.01}"#).await, "DENY-0026");
    assert_eq!(pay(&world, r#"{"amount":10}"#).await, "");
    assert_eq!(pay(&world, r#"{"amount":0.01}"#).await, "DENY-0026");
    world.advance(Span::days(1));
    assert_eq!(pay(&world, r#"{"amount":100.5}"#).await, "");
}

#[tokio::test]
async fn what_runs_now_is_given_back_when_it_ends_or_is_cut() {
    let (_upstream, world, agent) = world().await;
    world
        .charter(agent.tenant, |charter| {
            let limits = vec![Limit::Concurrent { most: 1 }];
            charter.clauses = vec![limited("one", "*", Mode::Act, limits)];
        })
        .await;
    let open = async || {
        let headers = world.headers(&agent, "POST", PATH).await;
        world.open(Method::POST, PATH, &headers, Bytes::from(call("watch", "{}"))).await
    };
    let send = async || world.post(&agent, PATH, &call("send", "{}")).await.code();
    assert_eq!((send().await, send().await), (String::new(), String::new()), "one after another");
    let mut live = world.lake.subscribe();
    let stream = open().await;
    assert_eq!(send().await, "DENY-0026");
    drop(stream);
    let left = loop {
        let record = live.recv().await.unwrap();
        if record.name == "watch" {
            break record;
        }
    };
    assert_eq!(left.code, "GATE-0061", "the client left");
    assert_eq!(send().await, "");
    let stream = open().await;
    let reason = "look".to_owned();
    world.write(agent.tenant, vec![Fact::AgentQuarantined { agent: agent.id, reason }]).await;
    drop(stream.into_body().collect().await);
    world.write(agent.tenant, vec![Fact::AgentReleased { agent: agent.id }]).await;
    assert_eq!(send().await, "", "what was cut runs no more");
}

#[tokio::test]
async fn people_are_told_before_the_server_hears_of_it() {
    let (upstream, world, agent) = world().await;
    world
        .charter(agent.tenant, |charter| {
            charter.counts_as = vec![naming("send", "mail.send")];
            charter.clauses.push(clause("tell", "mail.*", Mode::NotifyAndAct));
        })
        .await;
    for (mood, facts) in [(Mood::Fails, 0), (Mood::Crashes, 1)] {
        *world.pen.mood.lock() = mood;
        let reply = world.post(&agent, PATH, &call("send", r#"{"to":"a"}"#)).await;
        assert_eq!(reply.code(), "GATE-0092");
        assert_eq!(world.facts(agent.tenant, "act_notified").await.len(), facts);
    }
    assert!(upstream.seen().is_empty(), "nobody could be told, so nothing goes out");
    let record = &world.records(agent.tenant).await[0];
    assert_eq!((record.effect, &*record.code), (Disposition::Blocked, "GATE-0092"));
    *world.pen.mood.lock() = Mood::Well;
    assert_eq!(world.post(&agent, PATH, &call("send", r#"{"to":"a"}"#)).await.code(), "");
    assert_eq!(world.post(&agent, PATH, &call("watch2", "{}")).await.code(), "");
    assert_eq!(upstream.seen().len(), 2);
    let told = world.facts(agent.tenant, "act_notified").await;
    assert_eq!(told.len(), 2, "another tool tells nobody");
    assert_eq!((&told[1]["name"], &told[1]["clauses"][0]), (&"send".into(), &"tell".into()));
    assert_eq!(told[1]["actions"][0], "mail.send");
}
