//! Random charters and calls: the engine never permits what the judgment refuses, and decides the same again.

use proptest::prelude::*;
use writ_authority::{
    Decision,
    decide::{self, Counters, denied, explain::Recorded},
    fact::{Fact, Subject},
    grant::Period,
};
use writ_charter::{
    Amount, Calendar, Clause, Deed, Hours, Judgment, Limit, Mode, Per, Scope, Seat, Severity,
    Suspended, Unless, When, Why,
};
use writ_model::{AgentId, GrantId, GroupId, Role, Side, Span, Timestamp};

use crate::kit::{ANA, Call, DANA, MILO, START, World, clause, euro, id};

const GROUP: u8 = 40;

fn mode() -> impl Strategy<Value = Mode> {
    let seat = (any::<bool>(), any::<bool>(), 1..3_u8).prop_map(|(client, owner, n)| Seat {
        party: if client { Side::Client } else { Side::Provider },
        role: if owner { Role::Owner } else { Role::Approver },
        n,
    });
    prop_oneof![
        1 => Just(Mode::Refuse),
        1 => Just(Mode::Propose),
        2 => proptest::collection::vec(seat, 1..3).prop_map(|quorum| Mode::Approve { quorum }),
        2 => Just(Mode::NotifyAndAct),
        5 => Just(Mode::Act),
    ]
}

fn scope() -> impl Strategy<Value = Scope> {
    let one = |odds| proptest::option::weighted(odds, any::<bool>());
    (one(0.1), one(0.1), one(0.2), one(0.2), one(0.1)).prop_map(
        |(groups, agents, servers, tags, data)| {
            let word = |pick: Option<bool>, yes: &str| {
                pick.map(|hit| if hit { yes } else { "other" }.to_owned()).into_iter().collect()
            };
            Scope {
                groups: groups.map(|hit| id(if hit { GROUP } else { 41 })).into_iter().collect(),
                agents: agents.map(|hit| id(if hit { 20 } else { 22 })).into_iter().collect(),
                servers: word(servers, "bank"),
                tags: word(tags, "books"),
                data: word(data, "customer"),
            }
        },
    )
}

fn when() -> impl Strategy<Value = When> {
    let hours = prop_oneof![Just(Hours::Inside), Just(Hours::Outside)];
    let amounts = prop_oneof![Just("50"), Just("120"), Just("500")];
    (
        proptest::option::weighted(0.2, hours),
        proptest::option::weighted(0.3, amounts),
        proptest::option::weighted(0.1, Just(Severity::High)),
        proptest::option::weighted(0.1, 50..90_u8),
    )
        .prop_map(|(hours, amount, severity, confidence)| When {
            severity,
            hours,
            reversibility: Vec::new(),
            confidence,
            amount_over: amount.map(euro),
        })
}

fn limits() -> impl Strategy<Value = Vec<Limit>> {
    let limit = prop_oneof![
        (1..4_u64).prop_map(|most| Limit::Count { most, per: Per::Hour }),
        (1..9_u64).prop_map(|most| Limit::Count { most, per: Per::Day }),
        Just(Limit::Money { most: euro("300"), per: Per::Day }),
        (1..3_u32).prop_map(|most| Limit::Concurrent { most }),
    ];
    proptest::collection::vec(limit, 0..2)
}

fn clauses() -> impl Strategy<Value = Vec<Clause>> {
    let actions = prop_oneof![
        3 => Just("*"),
        2 => Just("payment.*"),
        1 => Just("payment.release"),
        1 => Just("mail.*"),
        1 => Just("tool.use"),
    ];
    let exceptions = proptest::collection::vec(
        (scope(), when()).prop_map(|(scope, when)| Unless { scope, when }),
        0..2,
    );
    let one = (actions, mode(), scope(), when(), exceptions, limits()).prop_map(
        |(actions, mode, scope, when, unless, limits)| {
            let limited = !matches!(mode, Mode::Refuse | Mode::Propose);
            let limits = if limited { limits } else { Vec::new() };
            Clause { scope, when, unless, limits, ..clause("x", &[actions], mode) }
        },
    );
    proptest::collection::vec(one, 0..8).prop_map(|list| {
        let named = |(at, one): (usize, Clause)| Clause { key: format!("c{at}"), ..one };
        list.into_iter().enumerate().map(named).collect()
    })
}

/// Everything stands at the same number, or cannot be read.
#[derive(Debug, Clone, Copy)]
struct All(Option<u64>);

impl Counters for All {
    fn used(&self, _: GrantId, _: Period, _: Timestamp) -> Option<u64> {
        self.0
    }
    fn clause_used(&self, _: &str, limit: &Limit, _: Timestamp) -> Option<u64> {
        let scale = if matches!(limit, Limit::Money { .. }) { 1_000_000 } else { 1 };
        self.0.map(|used| used * scale)
    }
}

/// What is tried on a charter.
#[derive(Debug, Clone)]
struct Case {
    clauses: Vec<Clause>,
    grouped: bool,
    server: &'static str,
    name: &'static str,
    amount: Option<&'static str>,
    hour: i64,
    used: Option<u64>,
    suspended: Option<usize>,
    observed: bool,
    /// Who said yes to the call, if it was held.
    yes: [bool; 3],
    no: bool,
}

fn case() -> impl Strategy<Value = Case> {
    let thing = prop_oneof![
        4 => Just(("bank", "pay")),
        1 => Just(("bank", "look")),
        2 => Just(("mail", "send")),
        1 => Just(("files", "read")),
    ];
    let amount = prop_oneof![
        Just(None),
        Just(Some("\"much\"")),
        Just(Some("50")),
        Just(Some("\"120.00\"")),
        Just(Some("500.0001")),
        Just(Some("-3")),
    ];
    let used = prop_oneof![1 => Just(None), 3 => Just(Some(0)), 3 => (1..4_u64).prop_map(Some)];
    let suspended = proptest::option::weighted(0.15, 0..9_usize);
    let people = (any::<[bool; 3]>(), proptest::bool::weighted(0.1));
    let around = (any::<bool>(), 0..48_i64, used, suspended, proptest::bool::weighted(0.3));
    (clauses(), thing, amount, around, people).prop_map(
        |(clauses, (server, name), amount, around, (yes, no))| {
            let (grouped, hour, used, suspended, observed) = around;
            Case {
                clauses,
                grouped,
                server,
                name,
                amount,
                hour,
                used,
                suspended,
                observed,
                yes,
                no,
            }
        },
    )
}

/// A world in which the case's call was held and answered, if the charter holds it.
fn world(case: &Case) -> World {
    let mut world = World::bare();
    let group: GroupId = id(GROUP);
    world.fact(Fact::GroupCreated { group, name: "Till".to_owned(), parent: None });
    if case.grouped {
        let agent = world.state.agents.get(&World::pay_bot().0).unwrap();
        let mut described = agent.described.clone();
        described.group = Some(group);
        world.fact(Fact::AgentProposed(described));
        world.fact(Fact::AgentActivated { agent: id(20) });
    }
    let mut charter = world.charter(case.clauses.clone());
    charter.calendar = Calendar { zone: "Europe/Berlin".to_owned(), ..charter.calendar };
    for naming in &mut charter.counts_as {
        if naming.action == "payment.release" {
            (naming.tags, naming.data) = (vec!["books".to_owned()], vec!["customer".to_owned()]);
        }
    }
    world.sign(charter);
    world.now = START + Span::hours(case.hour);
    if case.observed {
        world.observe(Some(Subject::Agent(id(20))), START + Span::hours(24));
    }
    let arguments = arguments(case);
    let decision = world.decide(&asked(case, &arguments), &All(case.used));
    if let Decision::Hold(_) = decision {
        let hold = world.hold(&decision);
        for (yes, n) in case.yes.iter().zip([ANA, DANA, MILO]) {
            if *yes {
                world.approve(hold, n);
            }
        }
        if case.no {
            world.refuse(hold, DANA);
        }
    }
    match case.suspended {
        Some(8) => world.suspend(Side::Provider, None),
        Some(at) => world.suspend(Side::Client, Some(&format!("c{at}"))),
        None => {}
    }
    world
}

fn arguments(case: &Case) -> String {
    case.amount.map_or_else(|| "{}".to_owned(), |amount| format!("{{\"amount\":{amount}}}"))
}

fn asked<'a>(case: &Case, arguments: &'a str) -> Call<'a> {
    Call { who: World::pay_bot(), server: case.server, name: case.name, arguments }
}

/// The judgment by the whole charter, with nothing of the engine's.
fn judgment(world: &World, case: &Case) -> Judgment {
    let force = world.state.charter.as_ref().unwrap();
    let classes = force.charter.classify(case.server, "tool", case.name);
    let pays = classes.actions == ["payment.release"];
    let groups: Vec<GroupId> = case.grouped.then(|| id(GROUP)).into_iter().collect();
    let value = match case.amount {
        Some("50") => Some(500_000),
        Some("\"120.00\"") => Some(1_200_000),
        Some("500.0001") => Some(5_000_001),
        _ => None,
    };
    let mut suspended = Suspended::default();
    match case.suspended {
        Some(8) => suspended.all = true,
        Some(at) => drop(suspended.clauses.insert(format!("c{at}"))),
        None => {}
    }
    let deed = Deed {
        actions: classes.actions.clone(),
        agent: Some::<AgentId>(id(20)),
        groups: &groups,
        server: Some(case.server),
        tags: classes.tags.as_deref(),
        data: classes.data.as_deref(),
        severity: None,
        confidence: None,
        amount: value.filter(|_| pays).map(|value| Amount { value, currency: "EUR".to_owned() }),
        at: world.now,
    };
    force.charter.judge(&suspended, &deed)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn what_the_judgment_refuses_is_never_permitted(case in case()) {
        let world = world(&case);
        let arguments = arguments(&case);
        let call = asked(&case, &arguments);
        let said = judgment(&world, &case);
        let decision = world.decide(&call, &All(case.used));
        let covered = case.server != "files";
        let observing = case.observed && case.hour < 24;
        let by_clause = said.mode == Mode::Refuse && !matches!(said.why, Why::Uncovered { .. });
        match &decision {
            Decision::Permit(yes) => {
                prop_assert!(!by_clause, "{said:?}");
                prop_assert_eq!(yes.clauses(), &said.clauses[..], "the whole charter says the same");
                if yes.observed().is_some() {
                    prop_assert!(observing && yes.approval().is_none());
                    prop_assert!(yes.limits().is_empty() && yes.bounds().is_empty());
                } else {
                    prop_assert!(covered && said.mode != Mode::Refuse && said.mode != Mode::Propose);
                    let asks = matches!(said.mode, Mode::Approve { .. });
                    prop_assert_eq!(asks, yes.approval().is_some());
                    prop_assert_eq!(yes.notify(), said.mode == Mode::NotifyAndAct);
                    prop_assert_eq!(yes.bounds(), &said.bounds[..]);
                    prop_assert_eq!(yes.clause_reads().len(), said.bounds.len());
                    prop_assert!(!(asks && case.no), "somebody said no");
                }
            }
            Decision::Hold(held) => {
                prop_assert!(covered && !observing);
                prop_assert_eq!(&held.call.mode, &said.mode);
                let waits = matches!(said.mode, Mode::Propose | Mode::Approve { .. });
                prop_assert!(waits);
                prop_assert_eq!(held.clauses(), &said.clauses[..]);
            }
            Decision::Deny(no) => {
                if no.charter.is_some() {
                    prop_assert_eq!(&no.clauses, &said.clauses);
                } else {
                    prop_assert!(!covered && no.code == denied::NO_GRANT);
                }
                if by_clause && (covered || observing) {
                    prop_assert!(no.code == denied::REFUSED || no.code == denied::SUSPENDED);
                }
                prop_assert!(!observing || by_clause || no.code == denied::SAID_NO, "{no:?}");
            }
        }
    }

    #[test]
    fn deciding_again_from_the_record_gives_the_same(case in case()) {
        let world = world(&case);
        let arguments = arguments(&case);
        let call = asked(&case, &arguments);
        let then = world.explain(&call, &All(case.used));
        let reads = Recorded { grants: then.reads.clone(), clauses: then.clause_reads.clone() };
        // By another engine, on a state that was put away and taken up again.
        let bytes = writ_model::Fold::save(&world.state).unwrap();
        let state = <writ_authority::State as writ_model::Fold>::load(&bytes).unwrap();
        let again = world.with(&call, |ask| {
            let moment = decide::Moment { at: world.now, counters: &reads };
            crate::kit::small_engine().explain(&state, ask, &moment)
        });
        prop_assert!(then.agrees(&again), "{then:?} {again:?}");
    }

    /// One more clause never lets through what did not go through without it and was covered.
    #[test]
    fn a_clause_more_never_loosens_what_was_covered(case in case(), more in clauses()) {
        let before = world(&case).decide(&asked(&case, &arguments(&case)), &All(case.used));
        let Some(one) = more.into_iter().next() else { return Ok(()) };
        let wider = Case { clauses: [case.clauses.clone(), vec![one]].concat(), ..case.clone() };
        let mut wider = Case { suspended: case.suspended, ..wider };
        if let Some(last) = wider.clauses.last_mut() {
            last.key = "added".to_owned();
        }
        let after = world(&wider).decide(&asked(&wider, &arguments(&wider)), &All(wider.used));
        let uncovered = [denied::UNCOVERED, decide::OBSERVED].contains(&before.code());
        if !before.permits() && !uncovered {
            prop_assert!(!after.permits(), "{before:?} {after:?}");
        }
    }
}
