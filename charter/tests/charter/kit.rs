//! A small charter, its ids, and names for them.

use writ_charter::{
    Action, Blast, Calendar, Charter, Clause, Hours, Limit, Mode, Money, Naming, Parties, Per,
    Reversibility, Role, Scope, Seat, Severity, Side, Unless, Waits, When,
};
use writ_model::{AgentId, CharterId, GroupId, Id, TenantId, Timestamp, id::Kind};

/// Monday, 2 November 2026, 09:00 in Berlin.
pub(crate) fn by_day() -> Timestamp {
    "2026-11-02T08:00:00Z".parse().unwrap()
}

/// The same day, 22:00 in Berlin.
pub(crate) fn by_night() -> Timestamp {
    "2026-11-02T21:00:00Z".parse().unwrap()
}

pub(crate) fn id<K: Kind>(n: u8) -> Id<K> {
    Id::from_parts(by_day(), [n; 10])
}

pub(crate) fn agent(n: u8) -> AgentId {
    id(n)
}

pub(crate) fn group(n: u8) -> GroupId {
    id(n)
}

pub(crate) fn charter(clauses: Vec<Clause>) -> Charter {
    let parties = Parties { provider: "Northwind IT".into(), client: "Baker & Sons".into() };
    let mut charter = Charter::new(id::<_>(1) as CharterId, 1, id::<_>(2) as TenantId, parties);
    charter.calendar = Calendar { zone: "Europe/Berlin".into(), ..Calendar::default() };
    charter.clauses = clauses;
    charter
}

pub(crate) fn names(id: &str) -> Option<String> {
    if id == agent(1).to_string() {
        Some("Mail clerk".to_owned())
    } else if id == group(1).to_string() {
        Some("Office helpers".to_owned())
    } else {
        None
    }
}

/// A charter in which every field says something.
pub(crate) fn full() -> Charter {
    let seat = |party, role, n| Seat { party, role, n };
    let mut clause = full_clause();
    clause.mode = Mode::Approve {
        quorum: vec![seat(Side::Client, Role::Owner, 1), seat(Side::Provider, Role::Approver, 2)],
    };
    let mut charter = charter(vec![
        clause,
        Clause::new("reading", "Reading", &["mail.read", "data.*"], Mode::Act),
        Clause::new("mail-out", "Mail to others", &["mail.send"], Mode::NotifyAndAct),
        Clause::new("by-people", "Left to people", &["backup.restore", "x.shop.*"], Mode::Propose),
        Clause::new("never", "Never", &["mail.send_as_person"], Mode::Refuse),
    ]);
    charter.version = 3;
    charter.base = Some("balanced".into());
    charter.calendar.closed = vec!["2026-12-25".into(), "2027-01-01".into()];
    charter.actions = vec![Action {
        class: "x.shop.reprice".into(),
        sentence: "changes a price in the shop".into(),
        reversibility: Reversibility::Costly,
        blast: Blast::Outside,
        harm: "Customers pay too little.".into(),
        stop: false,
    }];
    charter.counts_as = vec![
        Naming {
            amount: Some("/amount".into()),
            currency: Some("/currency".into()),
            tags: vec!["bank".into()],
            data: vec!["personal".into()],
            ..Naming::new("bank", "tool", "pay*", "payment.release")
        },
        Naming::new("*", "tool", "reprice", "x.shop.reprice"),
    ];
    charter.from = Some("2026-11-01T00:00:00Z".parse().unwrap());
    charter.until = Some("2027-11-01T00:00:00Z".parse().unwrap());
    charter.review_by = Some("2027-05-01T00:00:00Z".parse().unwrap());
    charter.contract_ref = Some("Master agreement 2026-114, appendix C".into());
    charter
}

/// A clause in which every field says something.
pub(crate) fn full_clause() -> Clause {
    let money = Money::new;
    Clause {
        scope: Scope {
            groups: vec![group(1)],
            agents: vec![agent(1), agent(2)],
            servers: vec!["bank".into()],
            tags: vec!["bank".into(), "payroll".into()],
            data: vec!["personal".into()],
        },
        when: When {
            severity: Some(Severity::Medium),
            hours: Some(Hours::Inside),
            reversibility: vec![Reversibility::Costly, Reversibility::Irreversible],
            confidence: Some(90),
            amount_over: Some(money("250.00", "EUR")),
        },
        unless: vec![Unless {
            scope: Scope { servers: vec!["test-bank".into()], ..Scope::default() },
            when: When { hours: Some(Hours::Outside), ..When::default() },
        }],
        limits: vec![
            Limit::Count { most: 5, per: Per::Day },
            Limit::Money { most: money("1500.00", "EUR"), per: Per::Day },
            Limit::Concurrent { most: 1 },
        ],
        from: Some("2026-11-01T00:00:00Z".parse().unwrap()),
        until: Some("2027-02-01T00:00:00Z".parse().unwrap()),
        review_by: Some("2027-01-15T00:00:00Z".parse().unwrap()),
        liability_cap: Some(money("10000", "EUR")),
        contract_ref: Some("§ 7.2".into()),
        supersedes: Some("old-payments".into()),
        waits: Waits { expires_minutes: 90, escalate_minutes: Some(20) },
        enforced_by: vec!["gateway:bank/tool/pay*".into()],
        ..Clause::new(
            "payments",
            "Payments",
            &["payment.release"],
            Mode::approve(Side::Client, Role::Owner, 1),
        )
    }
}
