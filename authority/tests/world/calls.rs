//! What a call is answered. Never here: who may give a grant (`life.rs`).

use writ_authority::{
    Command, Condition, Decision, Engine, Limit, Window,
    condition::ArgRule,
    decide::{
        self, Ask, Moment, What, denied,
        explain::{Recorded, Supposed, Unused},
    },
    grant::{Period, Surface},
    refusal,
};
use writ_model::{
    Span,
    json::{self, Limits},
};

use crate::kit::{START, World};

#[test]
fn a_call_is_decided_on_its_arguments() {
    let mut world = World::new();
    let who = world.active("invoice-bot");
    assert_eq!(world.call(who, "send", "{}").code(), denied::NO_GRANT);
    let grant = world
        .give(who.0, |grant| {
            grant.only_named_arguments = true;
            grant.rules = vec![
                ArgRule {
                    path: "/to".to_owned(),
                    must: Condition::Domains(vec!["harborbooks.example".to_owned()]),
                    optional: false,
                },
                ArgRule { path: "/body".to_owned(), must: Condition::Size(10), optional: true },
            ];
        })
        .unwrap();
    let good = world.call(who, "send", r#"{"to":"ana@harborbooks.example","body":"hi"}"#);
    let Decision::Permit(permitted) = &good else { panic!("{good:?}") };
    assert_eq!(permitted.reason().grant, Some(grant));
    assert_eq!(permitted.reason().given_by, Some(world.dana));
    for (arguments, code, words) in [
        (r#"{"to":"eve@evil.example"}"#, denied::CONDITION, "`/to` must be addresses of"),
        (r#"{"body":"hi"}"#, denied::CONDITION, "`/to` must be"),
        (
            r#"{"to":"ana@harborbooks.example","body":"longer than that"}"#,
            denied::CONDITION,
            "`/body`",
        ),
        (
            r#"{"to":"ana@harborbooks.example","bcc":"eve@evil.example"}"#,
            denied::CONDITION,
            "`bcc`",
        ),
    ] {
        let Decision::Deny(denied) = world.call(who, "send", arguments) else {
            panic!("{arguments}")
        };
        assert_eq!(denied.code, code);
        assert_eq!(denied.grant, Some(grant));
        assert!(denied.words.contains(words), "{}", denied.words);
        assert!(!denied.words.contains("evil"), "records never carry the value");
        assert!(
            denied.cure.contains("Dana Cole") || denied.cure.contains("Milo Park"),
            "{}",
            denied.cure
        );
    }
    assert_eq!(world.call(who, "delete", "{}").code(), denied::NO_GRANT);
    world.by(world.milo, Command::RevokeGrant { grant, reason: "no".to_owned() }).unwrap();
    let again = world.call(who, "send", r#"{"to":"ana@harborbooks.example"}"#);
    assert_eq!(again.code(), denied::NO_GRANT);
}

#[test]
fn windows_validity_and_limits() {
    let mut world = World::new();
    let who = world.active("invoice-bot");
    let until = START + Span::days(30);
    let grant = world
        .give(who.0, |grant| {
            grant.until = Some(until);
            grant.limits = vec![Limit { count: 2, per: Period::Hour }];
            grant.window = Some(Window {
                zone: "Europe/Berlin".to_owned(),
                days: vec![1, 2, 3, 4, 5],
                from_minute: 8 * 60,
                to_minute: 18 * 60,
            });
        })
        .unwrap();
    let read = |used| Recorded {
        grants: vec![decide::CounterRead { grant, per: Period::Hour, used }],
        clauses: Vec::new(),
    };
    assert!(world.call_with(who, "send", "{}", &read(1)).permits(), "15:03 in Berlin, a Tuesday");
    assert_eq!(world.call_with(who, "send", "{}", &read(2)).code(), denied::LIMIT);
    assert_eq!(world.call_with(who, "send", "{}", &Recorded::default()).code(), denied::LIMIT);
    assert_eq!(world.call_with(who, "send", "{}", &decide::Blind).code(), denied::LIMIT);
    world.now = START + Span::hours(3);
    assert_eq!(world.call_with(who, "send", "{}", &read(0)).code(), denied::WINDOW);
    world.now = START + Span::days(4);
    assert_eq!(world.call_with(who, "send", "{}", &read(0)).code(), denied::WINDOW, "a Saturday");
    world.now = until;
    assert_eq!(world.call_with(who, "send", "{}", &read(0)).code(), denied::VALIDITY);
    for bad in [
        Window { zone: "Mars/Base".to_owned(), days: vec![1], from_minute: 0, to_minute: 60 },
        Window { zone: "UTC".to_owned(), days: vec![8], from_minute: 0, to_minute: 60 },
        Window { zone: "UTC".to_owned(), days: vec![1], from_minute: 60, to_minute: 60 },
    ] {
        assert_eq!(world.give(who.0, |grant| grant.window = Some(bad)), Err(refusal::GRANT));
    }
}

#[test]
fn one_engine_follows_every_change() {
    let mut world = World::new();
    let who = world.active("invoice-bot");
    let engine = Engine::default();
    let node = json::parse(b"{}", &Limits::REQUEST).unwrap();
    let what = What::Call { surface: Surface::Tool, name: "send", arguments: Some(&node) };
    let ask = Ask { agent: who.0, instance: who.1, epoch: 0, server: "mail", what };
    let permits = |world: &World| {
        let moment = Moment { at: world.now, counters: &Unused };
        engine.decide(&world.state, &ask, &moment).permits()
    };
    assert!(!permits(&world));
    let grant = world.give(who.0, |_| {}).unwrap();
    assert!(permits(&world));
    let before = world.state.clone();
    world.by(world.dana, Command::RevokeGrant { grant, reason: "r".to_owned() }).unwrap();
    assert!(!permits(&world));
    let moment = Moment { at: world.now, counters: &Unused };
    assert!(engine.decide(&before, &ask, &moment).permits(), "the past is decided as the past");
}

#[test]
fn a_supposed_call_takes_the_credential_for_good_and_nothing_else() {
    let mut world = World::new();
    let (agent, instance) = world.active("invoice-bot");
    let grant = world.give(agent, |_| {}).unwrap();
    let suppose = |world: &World, name| {
        let what = What::Call { surface: Surface::Tool, name, arguments: None };
        let moment = Moment { at: world.now, counters: &Unused };
        Engine::default().suppose(&world.state, &Supposed { agent, server: "mail", what }, &moment)
    };
    let said = suppose(&world, "send");
    assert_eq!((said.effect, said.grant, said.supposed), ("permit", Some(grant), None));
    let end = Command::EndInstance { instance, reason: "sold".to_owned() };
    world.by(world.milo, end).unwrap();
    assert_eq!(world.call((agent, instance), "send", "{}").code(), denied::INSTANCE);
    let said = suppose(&world, "send");
    assert_eq!((said.effect, said.grant), ("permit", Some(grant)));
    assert!(said.supposed.unwrap().contains("no instance of invoice-bot is enrolled"));
    assert_eq!(suppose(&world, "delete").code, denied::NO_GRANT.0);
    let hold = Command::Hold { agent, reason: "month end".to_owned() };
    world.by(world.dana, hold).unwrap();
    let said = suppose(&world, "send");
    assert_eq!((said.code.as_str(), said.supposed), (denied::HELD.0, None));
}

#[test]
fn a_closed_grant_without_rules_takes_no_argument_at_all() {
    let mut world = World::new();
    let who = world.active("invoice-bot");
    world.give(who.0, |grant| grant.only_named_arguments = true).unwrap();
    assert!(world.call(who, "send", "{}").permits());
    for arguments in [r#"{"x":1}"#, r#"{"":1}"#] {
        assert_eq!(world.call(who, "send", arguments).code(), denied::CONDITION, "{arguments}");
    }
}
