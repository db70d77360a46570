//! Random clauses, charters and deeds of a small world, in which much meets.

use proptest::{collection::vec, option, prelude::*, sample::select, sample::subsequence};
use writ_charter::{
    Action, Amount, Blast, Charter, Clause, Deed, Hours, Limit, Mode, Money, Per, Reversibility,
    Role, Scope, Seat, Severity, Side, Unless, Waits, When,
};
use writ_model::{AgentId, GroupId, Span, Timestamp};

use crate::kit::{agent, by_day, by_night, charter, group};

const CLASSES: [&str; 6] =
    ["mail.read", "mail.send", "payment.release", "host.isolate", "x.own", "not.known"];
const PATTERNS: [&str; 7] =
    ["mail.read", "mail.send", "mail.*", "payment.release", "host.isolate", "x.own", "*"];

fn texts(words: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    subsequence(words, 0..=words.len()).prop_map(|l| l.into_iter().map(str::to_owned).collect())
}

/// Mostly nothing, so that clauses still match.
fn rarely<T: Clone + std::fmt::Debug>(
    some: impl Strategy<Value = Vec<T>>,
) -> impl Strategy<Value = Vec<T>> {
    (0..4_u8, some).prop_map(|(n, some)| if n == 0 { some } else { Vec::new() })
}

fn maybe<T: Clone + std::fmt::Debug>(
    some: impl Strategy<Value = T>,
) -> impl Strategy<Value = Option<T>> {
    option::weighted(0.2, some)
}

fn severity() -> impl Strategy<Value = Severity> {
    select(vec![Severity::Low, Severity::Medium, Severity::High, Severity::Critical])
}

fn instant() -> impl Strategy<Value = Timestamp> {
    select(vec![by_day() - Span::days(1), by_day(), by_night(), by_night() + Span::days(1)])
}

pub(crate) fn scope() -> impl Strategy<Value = Scope> {
    (
        rarely(subsequence(vec![group(1), group(2)], 0..=2)),
        rarely(subsequence(vec![agent(1), agent(2)], 0..=2)),
        rarely(texts(&["bank", "shop"])),
        rarely(texts(&["vip", "lab"])),
        rarely(texts(&["health", "secret"])),
    )
        .prop_map(|(groups, agents, servers, tags, data)| Scope {
            groups,
            agents,
            servers,
            tags,
            data,
        })
}

pub(crate) fn when() -> impl Strategy<Value = When> {
    (
        maybe(severity()),
        maybe(select(vec![Hours::Inside, Hours::Outside])),
        rarely(subsequence(Reversibility::ALL.to_vec(), 1..=3)),
        maybe(1..=100_u8),
        maybe((select(vec!["10", "100"]), select(vec!["EUR", "USD"]))),
    )
        .prop_map(|(severity, hours, reversibility, confidence, over)| When {
            severity,
            hours,
            reversibility,
            confidence,
            amount_over: over.map(|(amount, currency)| Money::new(amount, currency)),
        })
}

pub(crate) fn unless() -> impl Strategy<Value = Unless> {
    (scope(), when())
        .prop_map(|(scope, when)| Unless { scope, when })
        .prop_filter("an exception says something", |one| {
            !(one.scope.is_any() && one.when.is_always())
        })
}

fn seat() -> impl Strategy<Value = Seat> {
    (
        select(vec![Side::Provider, Side::Client]),
        select(vec![Role::Engineer, Role::Approver, Role::Owner]),
        1..=3_u8,
    )
        .prop_map(|(party, role, n)| Seat { party, role, n })
}

fn quorum() -> impl Strategy<Value = Vec<Seat>> {
    vec(seat(), 1..4).prop_map(|mut seats| {
        seats.sort_unstable();
        seats.dedup_by_key(|seat| (seat.party, seat.role));
        seats
    })
}

pub(crate) fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![
        2 => Just(Mode::Refuse),
        2 => Just(Mode::Propose),
        4 => quorum().prop_map(|quorum| Mode::Approve { quorum }),
        3 => Just(Mode::NotifyAndAct),
        5 => Just(Mode::Act),
    ]
}

fn limit() -> impl Strategy<Value = Limit> {
    let per = || select(vec![Per::Hour, Per::Day]);
    prop_oneof![
        (1..9_u64, per()).prop_map(|(most, per)| Limit::Count { most, per }),
        (select(vec!["5", "50.5"]), per())
            .prop_map(|(most, per)| Limit::Money { most: Money::new(most, "EUR"), per }),
        (1..4_u32).prop_map(|most| Limit::Concurrent { most }),
    ]
}

fn waits() -> impl Strategy<Value = Waits> {
    (2..1440_u32, option::of(1..1440_u32)).prop_map(|(expires_minutes, after)| Waits {
        expires_minutes,
        escalate_minutes: after.filter(|after| *after < expires_minutes),
    })
}

/// A clause that is well formed; its key is to be set.
pub(crate) fn clause() -> impl Strategy<Value = Clause> {
    (
        (subsequence(PATTERNS.to_vec(), 1..=3), mode()),
        (scope(), when(), rarely(vec(unless(), 0..=2)), rarely(vec(limit(), 0..=2))),
        (maybe(instant()), maybe(instant()), waits()),
    )
        .prop_map(
            |((actions, mode), (scope, when, mut unless, mut limits), (from, until, waits))| {
                unless.dedup();
                limits.dedup();
                if mode.strictness() > 2 {
                    limits.clear();
                }
                let until = until.filter(|until| from.is_none_or(|from| from < *until));
                let clause = Clause::new("key", "A title", &actions, mode);
                Clause { scope, when, unless, limits, from, until, waits, ..clause }
            },
        )
}

pub(crate) fn keyed(clauses: Vec<Clause>) -> Vec<Clause> {
    let key = |(n, clause): (usize, Clause)| Clause { key: format!("clause-{n}"), ..clause };
    clauses.into_iter().enumerate().map(key).collect()
}

pub(crate) fn clauses(most: usize) -> impl Strategy<Value = Vec<Clause>> {
    vec(clause(), 1..=most).prop_map(keyed)
}

pub(crate) fn charter_of(clauses: Vec<Clause>) -> Charter {
    let mut charter = charter(clauses);
    charter.actions = vec![Action {
        class: "x.own".into(),
        sentence: "does something of our own".into(),
        reversibility: Reversibility::Costly,
        blast: Blast::OneRecord,
        harm: "Something.".into(),
        stop: false,
    }];
    charter
}

/// A deed that owns what a [`Deed`] borrows.
#[derive(Debug, Clone)]
pub(crate) struct Done {
    pub(crate) actions: Vec<&'static str>,
    pub(crate) agent: Option<AgentId>,
    pub(crate) groups: Vec<GroupId>,
    pub(crate) server: Option<&'static str>,
    pub(crate) tags: Option<Vec<String>>,
    pub(crate) data: Option<Vec<String>>,
    pub(crate) severity: Option<Severity>,
    pub(crate) confidence: Option<u8>,
    pub(crate) amount: Option<Amount>,
    pub(crate) at: Timestamp,
}

impl Done {
    pub(crate) fn deed(&self) -> Deed<'_> {
        Deed {
            actions: self.actions.clone(),
            agent: self.agent,
            groups: &self.groups,
            server: self.server,
            tags: self.tags.as_deref(),
            data: self.data.as_deref(),
            severity: self.severity,
            confidence: self.confidence,
            amount: self.amount.clone(),
            at: self.at,
        }
    }
}

pub(crate) fn done() -> impl Strategy<Value = Done> {
    (
        subsequence(CLASSES.to_vec(), 1..=2),
        option::of(select(vec![agent(1), agent(2)])),
        subsequence(vec![group(1), group(2)], 0..=2),
        option::of(select(vec!["bank", "shop"])),
        (option::of(texts(&["vip", "lab"])), option::of(texts(&["health", "secret"]))),
        (option::of(severity()), option::of(0..=100_u8)),
        option::of((0..2_000_000_i64, select(vec!["EUR", "USD"]))),
        instant(),
    )
        .prop_map(
            |(actions, agent, groups, server, (tags, data), (severity, confidence), sum, at)| {
                let amount = sum.map(|(value, c)| Amount { value, currency: c.to_owned() });
                Done {
                    actions,
                    agent,
                    groups,
                    server,
                    tags,
                    data,
                    severity,
                    confidence,
                    amount,
                    at,
                }
            },
        )
}
