//! Well-formedness: a row for each rule, all problems at once, and no panic on anything.

use proptest::prelude::*;
use serde_json::{Value, json};
use writ_charter::{
    Charter, Clause, Limit, Mode, Money, Naming, Per, Role, Seat, Side, Unless,
    check::MOST_PROBLEMS,
};

use crate::kit;

type Edit = fn(&mut Charter);

/// What is broken, and the fields that are said to be.
const ROWS: &[(Edit, &[&str])] = &[
    (|_| {}, &[]),
    (|c| c.v = 2, &["v"]),
    (|c| c.version = 0, &["version"]),
    (|c| c.parties.provider = " ".into(), &["parties.provider"]),
    (|c| c.parties.client = "A\u{202e}B".into(), &["parties.client"]),
    (|c| c.parties.client = "A".repeat(201), &["parties.client"]),
    (|c| c.base = Some(String::new()), &["base"]),
    (|c| c.contract_ref = Some(" a".into()), &["contract_ref"]),
    (|c| c.until = c.from, &["until"]),
    (|c| c.calendar.zone = "Europe/Nowhere".into(), &["calendar.zone"]),
    (|c| c.calendar.days = vec![1, 8, 1], &["calendar.days[2]", "calendar.days[1]"]),
    (|c| c.calendar.to_minute = 480, &["calendar.to_minute"]),
    (|c| c.calendar.to_minute = 1_441, &["calendar.to_minute"]),
    (|c| c.calendar.closed = vec!["2026-02-30".into()], &["calendar.closed[0]"]),
    (
        |c| c.actions[0].class = "mail.read".into(),
        &["actions[0].class", "counts_as[1].action", "clauses[3].actions[1]"],
    ),
    (|c| c.actions.push(c.actions[0].clone()), &["actions[1].class"]),
    (|c| c.actions[0].stop = true, &["actions[0].stop"]),
    (|c| c.actions[0].sentence.clear(), &["actions[0].sentence"]),
    (|c| c.actions[0].harm = "\n".into(), &["actions[0].harm", "actions[0].harm"]),
    (|c| c.counts_as[0].server = "ba*".into(), &["counts_as[0].server"]),
    (|c| c.counts_as[0].surface = "verb".into(), &["counts_as[0].surface"]),
    (|c| c.counts_as[0].name = "p*y".into(), &["counts_as[0].name"]),
    (|c| c.counts_as[0].action = "mail.*".into(), &["counts_as[0].action"]),
    (|c| c.counts_as[0].amount = Some("amount".into()), &["counts_as[0].amount"]),
    (|c| c.counts_as[0].amount = Some("/a~2".into()), &["counts_as[0].amount"]),
    (|c| c.counts_as[0].currency = Some("euro".into()), &["counts_as[0].currency"]),
    (|c| c.counts_as[0].currency = None, &["counts_as[0].currency"]),
    (|c| c.counts_as[0].amount = None, &["counts_as[0].currency"]),
    (|c| c.counts_as[0].tags = vec!["a".into(), "a".into()], &["counts_as[0].tags[1]"]),
    (|c| c.counts_as.push(c.counts_as[0].clone()), &["counts_as[2]"]),
    (|c| c.clauses.clear(), &["clauses"]),
    (|c| c.clauses[0].key = "Pay".into(), &["clauses[0].key"]),
    (|c| c.clauses[1].key = "payments".into(), &["clauses[1].key"]),
    (|c| c.clauses[0].title = "a\u{200b}b".into(), &["clauses[0].title"]),
    (|c| c.clauses[0].actions.clear(), &["clauses[0].actions"]),
    (|c| c.clauses[0].actions = vec!["mail".into()], &["clauses[0].actions[0]"]),
    (|c| c.clauses[0].actions = vec!["post.*".into()], &["clauses[0].actions[0]"]),
    (|c| c.clauses[0].actions = vec!["*".into(), "*".into()], &["clauses[0].actions[1]"]),
    (|c| c.clauses[0].scope.groups = vec![kit::group(1); 2], &["clauses[0].scope.groups[1]"]),
    (|c| c.clauses[0].scope.servers = vec![String::new()], &["clauses[0].scope.servers[0]"]),
    (|c| c.clauses[0].mode = Mode::Approve { quorum: vec![] }, &["clauses[0].mode.quorum"]),
    (
        |c| c.clauses[0].mode = Mode::approve(Side::Client, Role::Owner, 0),
        &["clauses[0].mode.quorum[0].n"],
    ),
    (
        |c| c.clauses[0].mode = Mode::approve(Side::Client, Role::Owner, 10),
        &["clauses[0].mode.quorum[0].n"],
    ),
    (
        |c| c.clauses[0].mode = Mode::approve(Side::Client, Role::Auditor, 1),
        &["clauses[0].mode.quorum[0].role"],
    ),
    (
        |c| {
            let seat = |n| Seat { party: Side::Client, role: Role::Owner, n };
            c.clauses[0].mode = Mode::Approve { quorum: vec![seat(1), seat(2)] };
        },
        &["clauses[0].mode.quorum[1]"],
    ),
    (|c| c.clauses[0].when.confidence = Some(101), &["clauses[0].when.confidence"]),
    (
        |c| c.clauses[0].when.amount_over = Some(Money::new("1,5", "eur")),
        &["clauses[0].when.amount_over.amount", "clauses[0].when.amount_over.currency"],
    ),
    (|c| c.clauses[0].unless.push(Unless::default()), &["clauses[0].unless[1]"]),
    (
        |c| c.clauses[0].unless[0].when.confidence = Some(0),
        &["clauses[0].unless[0].when.confidence"],
    ),
    (
        |c| c.clauses[0].limits = vec![Limit::Count { most: 0, per: Per::Day }],
        &["clauses[0].limits[0].most"],
    ),
    (|c| c.clauses[0].limits = vec![Limit::Concurrent { most: 0 }], &["clauses[0].limits[0].most"]),
    (
        |c| {
            c.clauses[0].limits =
                vec![Limit::Money { most: Money::new("0", "EUR"), per: Per::Day }];
        },
        &["clauses[0].limits[0].most"],
    ),
    (|c| c.clauses[0].mode = Mode::Refuse, &["clauses[0].limits"]),
    (|c| c.clauses[0].until = c.clauses[0].from, &["clauses[0].until"]),
    (
        |c| c.clauses[0].liability_cap = Some(Money::new("-1", "EUR")),
        &["clauses[0].liability_cap.amount"],
    ),
    (|c| c.clauses[0].supersedes = Some("x".into()), &["clauses[0].supersedes"]),
    (|c| c.clauses[0].supersedes = Some("reading".into()), &["clauses[0].supersedes"]),
    (|c| c.clauses[0].supersedes = Some("payments".into()), &["clauses[0].supersedes"]),
    (|c| c.clauses[0].waits.expires_minutes = 1_441, &["clauses[0].waits.expires_minutes"]),
    (|c| c.clauses[0].waits.expires_minutes = 20, &["clauses[0].waits.escalate_minutes"]),
    (|c| c.clauses[0].waits.escalate_minutes = Some(0), &["clauses[0].waits.escalate_minutes"]),
    (|c| c.clauses[0].enforced_by = vec![" ".into()], &["clauses[0].enforced_by[0]"]),
];

#[test]
fn every_rule_names_its_field() {
    for (n, (edit, wanted)) in ROWS.iter().enumerate() {
        let mut charter = kit::full();
        edit(&mut charter);
        let found = charter.check().err().unwrap_or_default();
        let fields: Vec<&str> = found.iter().map(|one| one.field.as_str()).collect();
        assert_eq!(fields, *wanted, "row {n}: {found:#?}");
        for one in found {
            assert!(!one.value.is_empty() && !one.rule.is_empty() && !one.cure.is_empty());
        }
    }
}

#[test]
fn all_problems_come_at_once_quoted_and_cut() {
    let mut charter = kit::full();
    charter.v = 7;
    charter.clauses[0].title = format!("{}\u{7}", "x".repeat(500));
    charter.clauses[4].key = "…".into();
    let found = charter.check().unwrap_err();
    let fields: Vec<&str> = found.iter().map(|one| one.field.as_str()).collect();
    assert_eq!(fields, ["v", "clauses[0].title", "clauses[0].title", "clauses[4].key"]);
    assert_eq!(found[1].value, format!("\"{}\"…", "x".repeat(64)));
    assert_eq!(found[0].value, "7");
}

#[test]
fn too_much_is_refused_and_told_within_bounds() {
    let clause = |n: usize| Clause::new(&format!("k{n}"), "T", &["*"], Mode::Act);
    let mut charter = kit::charter((0..65).map(clause).collect());
    let first = |charter: &Charter| charter.check().unwrap_err()[0].field.clone();
    assert_eq!(first(&charter), "clauses");
    charter.clauses.truncate(64);
    assert_eq!(charter.check(), Ok(()));
    let naming = |n: usize| Naming::new("*", "tool", &format!("t{n}"), "tool.use");
    charter.counts_as = (0..129).map(naming).collect();
    assert_eq!(first(&charter), "counts_as");
    charter.counts_as.truncate(128);
    assert_eq!(charter.check(), Ok(()));
    let point = |n: usize| format!("{n:0200}");
    for clause in &mut charter.clauses {
        clause.enforced_by = (0..8).map(point).collect();
    }
    assert!(charter.canonical().len() > Charter::MOST_BYTES);
    assert_eq!(first(&charter), "charter");
    for clause in &mut charter.clauses {
        clause.actions = vec!["no".into(); 40];
    }
    assert_eq!(charter.check().unwrap_err().len(), MOST_PROBLEMS);
}

#[test]
fn a_charter_is_read_strictly() {
    let good = String::from_utf8(kit::full().canonical()).unwrap();
    assert!(Charter::parse(good.as_bytes()).is_ok());
    for (bad, what) in [
        (good.replacen("{\"actions\"", "{\"v\":1,\"actions\"", 1), "duplicate key"),
        (good.replacen("{\"actions\"", "{\"extra\":1,\"actions\"", 1), "unknown field"),
        (format!("{good}{good}"), "bytes after the value"),
        (good.replace("\"v\":1,", ""), "missing field"),
        (good.replace("\"mode\":\"act\"", "\"mode\":\"do\""), "unknown variant"),
        (good.replace("\"mode\":\"act\"", "\"mode\":{\"act\":null}"), "not a charter"),
        (String::new(), "not strict JSON"),
        ("[".repeat(200_000), "not strict JSON"),
    ] {
        match Charter::parse(bad.as_bytes()) {
            Ok(_) if what == "not a charter" => {}
            Ok(_) => panic!("{what}"),
            Err(error) => assert!(error.to_string().contains(what), "{error} for {what}"),
        }
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0..3000_i64).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        proptest::sample::select(vec![
            "*",
            "mail.*",
            "x.own",
            "EUR",
            "/a",
            "act",
            "tool",
            "2026-11-02T08:00:00Z"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-z_]{1,8}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Puts a value in the place of the `n`th value of a tree.
fn put(tree: &mut Value, n: &mut usize, value: &Value) -> bool {
    if *n == 0 {
        tree.clone_from(value);
        return true;
    }
    *n -= 1;
    match tree {
        Value::Array(items) => items.iter_mut().any(|one| put(one, n, value)),
        Value::Object(members) => members.values_mut().any(|one| put(one, n, value)),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn no_json_makes_it_panic(at in 0_usize..220, value in value(), at_too in 0_usize..220, too in value()) {
        let mut tree = serde_json::to_value(kit::full()).unwrap();
        put(&mut tree, &mut at.clone(), &value);
        put(&mut tree, &mut at_too.clone(), &too);
        if let Ok(charter) = Charter::parse(&serde_json::to_vec(&tree).unwrap()) {
            let found = charter.check().err().unwrap_or_default();
            prop_assert!(found.len() <= MOST_PROBLEMS);
            for one in &found {
                prop_assert!(one.value.chars().count() <= 700, "{}", one.value);
            }
            prop_assert!(!writ_charter::charter_text(&charter, &kit::names).is_empty());
            prop_assert!(!writ_charter::letter(&charter, &kit::names).stop.is_empty());
            for clause in &charter.clauses {
                prop_assert!(!writ_charter::clause_text(clause, &kit::names).is_empty());
            }
            writ_charter::diff(Some(&kit::full()), &charter);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>()) {
        prop_assert!(Charter::parse(&bytes).is_err());
    }
}

#[test]
fn a_problem_is_an_object_of_four_texts() {
    let mut charter = kit::full();
    charter.v = 2;
    let found = serde_json::to_value(charter.check().unwrap_err()).unwrap();
    assert_eq!(
        found,
        json!([{
            "field": "v",
            "value": "2",
            "rule": "the form of a charter is 1",
            "cure": "write it in the form that this version reads",
        }])
    );
}
