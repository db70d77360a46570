//! Two evaluators of the same condition, one answer: the plain one that explains and Cedar, which decides.
//! To add a condition: a value of it in `condition()`, arguments it is interesting for in `argument()`.
#![expect(clippy::unwrap_used, reason = "test helpers may fail loudly")]

use std::sync::Arc;

use proptest::prelude::*;
use writ_authority::{
    ArgRule, Condition, Engine, Grant, State,
    agent::{AgentKind, Autonomy},
    decide::{Ask, Counters, Moment, What, explain::Unused},
    fact::{AgentDescribed, Entry, Fact, Subject},
    grant::{Limit, Period, Surface, Window},
};
use writ_charter::{Charter, Clause, Mode, Parties};
use writ_model::{
    Actor, AgentId, CharterId, Cx, EnrollmentId, Fold, GrantId, InstanceId, PersonId, Span,
    TenantId, Timestamp,
    json::{self, Limits},
};
use writ_testkit::SeededEntropy;

const NOW: Timestamp = Timestamp::from_micros(1_793_714_580_000_000);

fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("ana@harborbooks.example".to_owned()),
        Just("eve@evil.example".to_owned()),
        Just("Ana <ana@harborbooks.example>, b@harborbooks.example".to_owned()),
        Just("/srv/books/a".to_owned()),
        Just("/srv/books/../x".to_owned()),
        Just("/srv".to_owned()),
        Just("inv-7".to_owned()),
        Just("a*b\\\"'\n\u{202e}é😀".to_owned()),
        "[a-c*/.@]{0,6}",
    ]
}

fn argument() -> impl Strategy<Value = String> {
    prop_oneof![
        words().prop_map(|text| serde_json::to_string(&text).unwrap()),
        Just("true".to_owned()),
        Just("null".to_owned()),
        "-?[1-9][0-9]{0,3}(\\.[0-9]{1,5})?",
        Just("5e2".to_owned()),
        proptest::collection::vec(words(), 0..3)
            .prop_map(|list| serde_json::to_string(&list).unwrap()),
        Just("{\"x\":1}".to_owned()),
    ]
}

fn condition() -> impl Strategy<Value = Condition> {
    let list = || proptest::collection::vec(words(), 1..3);
    prop_oneof![
        list().prop_map(Condition::OneOf),
        list().prop_map(Condition::NoneOf),
        list().prop_map(Condition::Like),
        "-?[1-9][0-9]{0,3}(\\.[0-9]{1,4})?".prop_map(Condition::AtMost),
        "-?[1-9][0-9]{0,3}(\\.[0-9]{1,4})?".prop_map(Condition::AtLeast),
        any::<bool>().prop_map(Condition::Is),
        Just(Condition::Under(vec!["/srv/books".to_owned(), "/tmp/".to_owned()])),
        Just(Condition::Under(vec!["/".to_owned()])),
        Just(Condition::Domains(vec!["harborbooks.example".to_owned()])),
        (0..12_u32).prop_map(Condition::Size),
        Just(Condition::Absent),
    ]
}

/// The state of one active agent with one grant, folded from facts.
fn state(rule: &ArgRule, closed: bool) -> State {
    granted(|grant| Grant { rules: vec![rule.clone()], only_named_arguments: closed, ..grant })
}

fn granted(of: impl FnOnce(Grant) -> Grant) -> State {
    let (agent, person) = (AgentId::from_parts(NOW, [1; 10]), PersonId::from_parts(NOW, [2; 10]));
    let tenant = TenantId::from_parts(NOW, [3; 10]);
    let cx = Cx::new(NOW, Arc::new(SeededEntropy::new(1)), tenant, Actor::system("test"));
    let grant = Grant {
        subject: Subject::Agent(agent),
        server: "s\"\\*".to_owned(),
        surface: Surface::Tool,
        name: "to*".to_owned(),
        rules: Vec::new(),
        only_named_arguments: false,
        window: None,
        limits: Vec::new(),
        from: None,
        until: None,
        given_by: person,
        reason: "r".to_owned(),
    };
    let grant = of(grant);
    let seat = |id: u8, side| {
        Fact::PersonSeated(writ_authority::fact::PersonSeated {
            person: PersonId::from_parts(NOW, [id; 10]),
            name: "P".into(),
            side,
            roles: vec![writ_model::Role::Owner],
        })
    };
    let parties = Parties { provider: "P".to_owned(), client: "C".to_owned() };
    let mut charter = Charter::new(CharterId::from_parts(NOW, [6; 10]), 1, tenant, parties);
    charter.clauses = vec![Clause::new("everything", "Everything", &["*"], Mode::Act)];
    let (id, digest) = (charter.charter, charter.digest());
    let people = [2, 4].map(|id| PersonId::from_parts(NOW, [id; 10]));
    let facts = [
        seat(2, writ_model::Side::Client),
        seat(4, writ_model::Side::Provider),
        Fact::AgentProposed(AgentDescribed {
            agent,
            name: "bot".to_owned(),
            kind: AgentKind::Bot,
            purpose: "p".to_owned(),
            owner: None,
            group: None,
            models: Vec::new(),
            data_classes: Vec::new(),
            autonomy: Autonomy::Supervised,
            deadline: None,
        }),
        Fact::AccountabilitySet {
            subject: Subject::Agent(agent),
            authorizer: Some(people[0]),
            auditor: Some(people[1]),
            terminators: people.to_vec(),
        },
        Fact::AgentActivated { agent },
        Fact::InstanceEnrolled {
            enrollment: EnrollmentId::from_bytes([0; 16]),
            agent,
            instance: InstanceId::from_bytes([0; 16]),
            label: "l".to_owned(),
            jkt: "j".to_owned(),
            jwk: "{}".to_owned(),
        },
        Fact::GrantGiven { grant: GrantId::from_parts(NOW, [5; 10]), says: Box::new(grant) },
        Fact::CharterProposed { charter: Box::new(charter) },
        Fact::CharterInForce { charter: id, digest },
    ];
    let mut state = State::empty(tenant);
    for (index, fact) in facts.into_iter().enumerate() {
        state.fold(index as u64, &Entry::new(&cx, fact).to_line().unwrap()).unwrap();
    }
    state
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn plain_and_cedar_agree(
        must in condition(),
        value in proptest::option::of(argument()),
        (optional, closed, extra) in (any::<bool>(), any::<bool>(), any::<bool>()),
    ) {
        let rule = ArgRule { path: "/a~1b".to_owned(), must, optional };
        let state = state(&rule, closed);
        let value = value.map(|value| format!("\"a/b\":{value}"));
        let extra = extra.then(|| "\"z\":1".to_owned());
        let text = format!("{{{}}}", [value, extra.clone()].into_iter().flatten().collect::<Vec<_>>().join(","));
        let node = json::parse(text.as_bytes(), &Limits::REQUEST).unwrap();
        let found = node.pointer(&rule.path);
        let plain = (found.is_none() && rule.optional || rule.must.holds(found))
            && !(closed && extra.is_some());

        let what = What::Call { surface: Surface::Tool, name: "tool", arguments: Some(&node) };
        let agent = AgentId::from_parts(NOW, [1; 10]);
        let instance = InstanceId::from_bytes([0; 16]);
        let ask = Ask { agent, instance, epoch: 0, server: "s\"\\*", what };
        let few = std::num::NonZeroUsize::MIN;
        let decision = Engine::new(few, few).decide(&state, &ask, &Moment { at: NOW, counters: &Unused });
        prop_assert_eq!(decision.permits(), plain, "{:?} on {}: {:?}", rule, text, decision);
    }
}

/// How often a limited grant was used, whatever the period.
#[derive(Debug)]
struct Used(u64);

impl Counters for Used {
    fn used(&self, _grant: GrantId, _per: Period, _at: Timestamp) -> Option<u64> {
        (self.0 < 9).then_some(self.0)
    }
    fn clause_used(&self, _: &str, _: &writ_charter::Limit, _: Timestamp) -> Option<u64> {
        None
    }
}

/// What is asked after one another: an argument, another one, the minutes since the beginning, how often it was used.
type Asked = (Option<String>, bool, i64, u64);

fn asked() -> impl Strategy<Value = Vec<Asked>> {
    let one = (proptest::option::of(argument()), any::<bool>(), -2..200_i64, 0..10_u64);
    proptest::collection::vec(one, 1..24)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    /// What an engine knows from before changes no answer: not at the edges of a grant's time, not with its last use.
    #[test]
    fn an_engine_that_was_asked_before_says_what_a_new_one_says(
        must in condition(),
        (optional, closed) in (any::<bool>(), any::<bool>()),
        (from, until) in (proptest::option::of(0..20_i64), proptest::option::of(5..180_i64)),
        most in proptest::option::of(1..6_u64),
        asked in asked(),
    ) {
        let rule = ArgRule { path: "/a~1b".to_owned(), must, optional };
        let minute = |nth: i64| NOW + Span::minutes(nth);
        let state = granted(|grant| Grant {
            rules: vec![rule],
            only_named_arguments: closed,
            from: from.map(minute),
            until: until.map(minute),
            limits: most.map(|count| Limit { count, per: Period::Day }).into_iter().collect(),
            window: most.map(|_| Window { zone: "UTC".to_owned(), days: (1..=7).collect(), from_minute: 0, to_minute: 1_200 }),
            ..grant
        });
        let few = std::num::NonZeroUsize::MIN;
        let engine = Engine::new(few, few);
        for (value, extra, nth, used) in asked {
            let value = value.map(|value| format!("\"a/b\":{value}"));
            let extra = extra.then(|| "\"z\":1".to_owned());
            let text = format!("{{{}}}", value.into_iter().chain(extra).collect::<Vec<_>>().join(","));
            let node = json::parse(text.as_bytes(), &Limits::REQUEST).unwrap();
            let what = What::Call { surface: Surface::Tool, name: "tool", arguments: Some(&node) };
            let agent = AgentId::from_parts(NOW, [1; 10]);
            let ask = Ask { agent, instance: InstanceId::from_bytes([0; 16]), epoch: 0, server: "s\"\\*", what };
            let moment = Moment { at: minute(nth), counters: &Used(used) };
            let (again, anew) = (engine.decide(&state, &ask, &moment), Engine::new(few, few).decide(&state, &ask, &moment));
            prop_assert_eq!(format!("{again:?}"), format!("{anew:?}"), "{}", text);
        }
    }
}
