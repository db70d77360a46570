//! The meter on the road: shares that other gateways have, a bank that is away, calls that never left.

use writ_authority::{Limit as GrantLimit, grant::Period};
use writ_charter::{Limit, Mode, Per};
use writ_gateway::limits::{clause_key, key, place_key};
use writ_model::{BootId, Clock as _, Span, ocsf::Disposition};
use writ_store::{LeasedMeter, Meter as _, Place, Reservation};

use crate::{
    upstream::Upstream,
    world::{Agent, Mood, Says, World, clause, limited, naming},
};

const PATH: &str = "/mcp/mail";

async fn world() -> (Upstream, World, Agent) {
    let upstream = Upstream::start().await;
    let world = World::new(vec![upstream.server("mail")]).await;
    let agent = world.agent(1).await;
    (upstream, world, agent)
}

fn call(name: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{name}","arguments":{{}}}}}}"#
    )
}

async fn send(world: &World, agent: &Agent, name: &str) -> String {
    world.post(agent, PATH, &call(name)).await.code()
}

/// Another gateway on the same bank.
fn other(world: &World) -> LeasedMeter {
    LeasedMeter::new(world.bank.clone(), BootId::from_bytes([99; 16]))
}

#[tokio::test]
async fn what_another_gateway_used_counts_and_what_it_gives_back_can_be_used() {
    let (upstream, world, agent) = world().await;
    world.grant(&agent, Says::tool("mail", "*")).await;
    world
        .charter(agent.tenant, |charter| {
            let limits = vec![Limit::Count { most: 3, per: Per::Hour }];
            charter.clauses = vec![limited("tools", "*", Mode::Act, limits)];
        })
        .await;
    let (other, now) = (other(&world), world.clock.now());
    let key = clause_key(agent.tenant, "tools", Per::Hour, None);
    let two = [Reservation { key, window: Span::hours(1), limit: 3, amount: 2 }];
    other.draw_and_reserve(agent.tenant, now, &two).await.unwrap();
    assert_eq!(send(&world, &agent, "send").await, "");
    assert_eq!(send(&world, &agent, "send").await, "DENY-0026");
    let denied = world.records(agent.tenant).await.pop().unwrap();
    assert!(denied.inputs.clause_reads.contains("\"used\":3"), "{:?}", denied.inputs);
    other.settle(agent.tenant, now, &two);
    other.close(now).await;
    world.advance(Span::seconds(2));
    assert_eq!(send(&world, &agent, "send").await, "");
    assert_eq!(upstream.seen().len(), 2);
}

#[tokio::test]
async fn what_runs_at_another_gateway_counts_too() {
    let (_upstream, world, agent) = world().await;
    world.grant(&agent, Says::tool("mail", "*")).await;
    world
        .charter(agent.tenant, |charter| {
            let limits = vec![Limit::Concurrent { most: 1 }];
            charter.clauses = vec![limited("one", "*", Mode::Act, limits)];
        })
        .await;
    let (other, now) = (other(&world), world.clock.now());
    let place = Place { key: place_key(agent.tenant, "one"), most: 1 };
    other.draw_and_occupy(agent.tenant, now, &[place]).await.unwrap();
    assert_eq!(send(&world, &agent, "send").await, "DENY-0026");
    other.vacate(agent.tenant, &[place.key]);
    other.close(now).await;
    world.advance(Span::seconds(2));
    assert_eq!(send(&world, &agent, "send").await, "");
}

#[tokio::test]
async fn while_the_bank_is_away_only_what_reads_and_is_not_limited_goes_on() {
    let (upstream, world, agent) = world().await;
    world.grant(&agent, Says::tool("mail", "*")).await;
    world
        .charter(agent.tenant, |charter| {
            charter.counts_as = vec![naming("look", "data.read"), naming("count", "mail.read")];
            let limits = vec![Limit::Count { most: 9, per: Per::Hour }];
            charter.clauses.push(clause("reads", "data.read", Mode::Act));
            charter.clauses.push(limited("mail", "mail.read", Mode::Act, limits));
        })
        .await;
    world.bank.be_away(true);
    assert_eq!(send(&world, &agent, "count").await, "STOR-0060", "it is limited");
    assert_eq!(send(&world, &agent, "send").await, "STOR-0060", "it acts");
    assert_eq!(send(&world, &agent, "look").await, "");
    assert_eq!(upstream.seen().len(), 1);
    let records = world.records(agent.tenant).await;
    let told: Vec<_> = records.iter().map(|one| (one.effect, &*one.code)).collect();
    assert_eq!(told[0], (Disposition::Blocked, "STOR-0060"));
    assert_eq!(told[1], told[0]);
    assert!(records[0].inputs.charged.is_empty(), "{:?}", records[0].inputs);
    world.bank.be_away(false);
    assert_eq!(send(&world, &agent, "count").await, "");
    assert_eq!(send(&world, &agent, "send").await, "");
}

#[tokio::test]
async fn a_call_that_never_left_uses_nothing_up() {
    let (upstream, world, agent) = world().await;
    let limits = vec![GrantLimit { count: 2, per: Period::Day }];
    let grant = world.grant(&agent, Says { limits, ..Says::tool("mail", "send") }).await;
    world
        .charter(agent.tenant, |charter| {
            charter.counts_as = vec![naming("send", "mail.send")];
            charter.clauses.push(clause("tell", "mail.*", Mode::NotifyAndAct));
        })
        .await;
    *world.pen.mood.lock() = Mood::Fails;
    for _ in 0..5 {
        assert_eq!(send(&world, &agent, "send").await, "GATE-0092", "nobody could be told");
    }
    *world.pen.mood.lock() = Mood::Well;
    let codes = [send(&world, &agent, "send").await, send(&world, &agent, "send").await];
    assert_eq!((codes, upstream.seen().len()), ([String::new(), String::new()], 2));
    assert_eq!(send(&world, &agent, "send").await, "DENY-0014");
    // After a restart too, and another grant has counters of its own.
    let world = world.restarted(vec![upstream.server("mail")]).await;
    assert_eq!(send(&world, &agent, "send").await, "DENY-0014");
    let (meter, now) = (other(&world), world.clock.now());
    let want = |limit| Reservation {
        key: key(agent.tenant, grant, Period::Day),
        window: Span::days(1),
        limit,
        amount: 1,
    };
    assert!(meter.draw_and_reserve(agent.tenant, now, &[want(2)]).await.is_err());
    assert_eq!(meter.draw_and_reserve(agent.tenant, now, &[want(3)]).await, Ok(()));
}
