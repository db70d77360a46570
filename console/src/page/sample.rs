//! What samples are made of: three clients, a fixed instant, ids from a number, one agent, its calls.
//! Never here: anything a real page reads.

mod agent;
mod charter;
mod hold;
mod operations;
mod people;
mod queue;
mod record;
mod watched;

pub use agent::{agent_empty, agent_ended, agent_full, lines, receipt};
pub use charter::{
    catalog, charter, diff, letter, replay, stops, template, templates, trace, version,
};
pub use hold::{approved, held_act, hold, holds, no_holds};
pub use operations::{ending, operations};
pub use people::{FINGER, me, nobody, parties, receipts, sessions, signing, witnesses};
pub use queue::waiting;
pub use record::{call_refused, checkpoint, ledger, line};
pub use watched::{drill, drills, observed, told};
use writ_authority::agent::AgentKind;
use writ_model::{Id, PersonId, Side, Span, Timestamp, id::Kind, ocsf::Disposition};

use crate::{
    shell::{ClientRef, Section, Shell},
    view,
};

/// The instant at which samples are seen.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::from_micros(1_795_298_400_123_456)
}

/// So many minutes before that.
#[must_use]
pub fn at(minutes: i64) -> Timestamp {
    now() - Span::minutes(minutes)
}

/// One of three clients.
#[must_use]
pub fn client(at: usize) -> ClientRef {
    let none = ClientRef { name: String::new(), slug: String::new() };
    Shell::sample("", Section::Elsewhere).clients.get(at).cloned().unwrap_or(none)
}

/// One of three clients, as the desk names it.
#[must_use]
pub fn client_view(at: usize) -> view::ClientRef {
    let ClientRef { name, slug } = client(at);
    view::ClientRef { tenant: id(u8::try_from(at).unwrap_or(0) + 40), name, slug }
}

/// An id from a number.
#[must_use]
pub fn id<K: Kind>(seed: u8) -> Id<K> {
    Id::from_parts(at(i64::from(seed) * 900), [seed.wrapping_mul(37).wrapping_add(11); 10])
}

/// A person, as the desk names one.
#[must_use]
pub fn person(name: &str, side: Side, active: bool) -> view::PersonRef {
    let seed = name.bytes().fold(0_u8, u8::wrapping_add) & 63;
    let person: PersonId = id(seed);
    let keys = u32::from(active);
    view::PersonRef { person, name: name.to_owned(), side: Some(side), active, keys }
}

/// A call: at which client, by whom, what, what became of it and why, minutes ago.
#[must_use]
pub fn call(
    place: usize,
    who: (usize, &str),
    what: (&str, &str),
    decided: (Disposition, &str, &str),
    minutes: i64,
) -> view::CallRow {
    let seed = u8::try_from(place).unwrap_or(1);
    view::CallRow {
        client: client_view(who.0),
        call: id(seed + 100),
        place: 4_200 - i64::from(seed),
        at: at(minutes) - Span::millis(137 * i64::from(seed)),
        agent: id(seed + 7),
        agent_name: who.1.to_owned(),
        instance: id(seed + 60),
        server: what.1.to_owned(),
        method: "tools/call".to_owned(),
        surface: "tool".to_owned(),
        name: what.0.to_owned(),
        effect: decided.0,
        code: decided.1.to_owned(),
        detail: decided.2.to_owned(),
        grant: Some(id(seed + 80)),
        clauses: Vec::new(),
        charter: None,
        observed: None,
        hold: None,
        latency_us: 900 + 417 * u64::from(seed),
    }
}

/// The last refusals.
#[must_use]
pub fn refused() -> view::CallPage {
    let all = calls().calls;
    let calls = all.into_iter().filter(|call| call.effect == Disposition::Blocked).collect();
    view::CallPage { calls, next: None }
}

type Called = (
    (usize, &'static str),
    (&'static str, &'static str),
    (Disposition, &'static str, &'static str),
    i64,
);

const CALLED: [Called; 12] = [
    (
        (1, "mail-assistant"),
        ("list_messages", "mail"),
        (
            Disposition::Allowed,
            "PERM-0001",
            "Dana Cole granted: may call tool list_messages on mail",
        ),
        0,
    ),
    (
        (1, "mail-assistant"),
        ("read_message", "mail"),
        (
            Disposition::Allowed,
            "PERM-0001",
            "Dana Cole granted: may call tool read_message on mail",
        ),
        0,
    ),
    (
        (1, "mail-assistant"),
        ("send_message", "mail"),
        (
            Disposition::Blocked,
            "DENY-0012",
            "argument `/to` must be addresses of harborbooks.example (grant of Dana Cole)",
        ),
        0,
    ),
    (
        (2, "front-desk"),
        ("search", "customers"),
        (Disposition::Allowed, "PERM-0001", "Rosa Lind granted: may call tool search on customers"),
        1,
    ),
    (
        (0, "stock-watch"),
        ("write_file", "files"),
        (Disposition::Blocked, "DENY-0011", "no grant covers tool `write_file` on files"),
        3,
    ),
    (
        (0, "stock-watch"),
        ("read_file", "files"),
        (Disposition::Allowed, "PERM-0001", "Tom Cole granted: may call tool read_file on files"),
        3,
    ),
    (
        (1, "invoice-bot"),
        ("list_invoices", "payments"),
        (
            Disposition::Allowed,
            "PERM-0001",
            "Dana Cole granted: may call tool list_invoices on payments",
        ),
        4,
    ),
    (
        (1, "invoice-bot"),
        ("pay", "payments"),
        (
            Disposition::Blocked,
            "DENY-0012",
            "argument `/amount` must be at most 500 (grant of Dana Cole)",
        ),
        4,
    ),
    (
        (1, "invoice-bot"),
        ("pay", "payments"),
        (
            Disposition::Errored,
            "PERM-0001",
            "Dana Cole granted: may call tool pay on payments; the server closed the connection",
        ),
        6,
    ),
    (
        (2, "front-desk"),
        ("export_list", "customers"),
        (
            Disposition::Blocked,
            "DENY-0013",
            "it is outside the hours of the grant (Mon Tue Wed Thu Fri 08:00–18:00 Europe/Berlin)",
        ),
        9,
    ),
    (
        (2, "recall-reminder"),
        ("search", "customers"),
        (Disposition::Blocked, "DENY-0002", "recall-reminder is not switched on"),
        12,
    ),
    (
        (0, "order-desk"),
        ("read_message", "mail"),
        (Disposition::Allowed, "PERM-0001", "Tom Cole granted: may call tool read_message on mail"),
        15,
    ),
];

/// A page of calls.
#[must_use]
pub fn calls() -> view::CallPage {
    let calls = CALLED
        .iter()
        .enumerate()
        .map(|(place, (who, what, decided, minutes))| call(place, *who, *what, *decided, *minutes));
    view::CallPage { calls: calls.collect(), next: Some(4_100) }
}

type Listed = (usize, &'static str, AgentKind, &'static str, &'static str, &'static str);

const LISTED: [Listed; 12] = [
    (
        1,
        "invoice-bot",
        AgentKind::AiAgent,
        "Pays supplier invoices up to 500 euro.",
        "active",
        "Marcus Webb left on 2026-11-21T17:00:00.000000Z",
    ),
    (
        1,
        "mail-assistant",
        AgentKind::AiAgent,
        "Reads the shop's mail and drafts answers.",
        "quarantined",
        "",
    ),
    (
        1,
        "stock-sync",
        AgentKind::ServiceAccount,
        "Keeps stock levels equal in shop and warehouse.",
        "active",
        "",
    ),
    (1, "old-crawler", AgentKind::Bot, "Collected prices of other shops.", "terminated", ""),
    (0, "stock-watch", AgentKind::Workload, "Says when flour runs low.", "active", ""),
    (0, "order-desk", AgentKind::AiAgent, "Answers order mails of cafés.", "proposed", ""),
    (
        0,
        "payroll-export",
        AgentKind::ApiClient,
        "Sends hours to the payroll office once a month.",
        "active",
        "",
    ),
    (0, "menu-writer", AgentKind::AiAgent, "Writes the weekly menu.", "active", ""),
    (
        2,
        "front-desk",
        AgentKind::AiAgent,
        "Finds appointments and confirms them by mail.",
        "active",
        "",
    ),
    (
        2,
        "recall-reminder",
        AgentKind::Bot,
        "Reminds patients of their yearly check.",
        "observed",
        "nobody is named who authorised it",
    ),
    (
        2,
        "insurance-claims",
        AgentKind::AiAgent,
        "Prepares claims for a person to send.",
        "proposed",
        "nobody is named who audits it",
    ),
    (
        2,
        "x-ray-archive",
        AgentKind::Workload,
        "Moves images older than ten years.",
        "held",
        "Tom Cole left on 2026-11-17T09:00:00.000000Z",
    ),
];

/// A dozen agents.
#[must_use]
pub fn agents() -> Vec<view::AgentRow> {
    let row = |(at, (c, name, kind, purpose, life, missing)): (usize, Listed)| {
        let seed = u8::try_from(at).unwrap_or(0);
        view::AgentRow {
            client: client_view(c),
            agent: id(seed + 7),
            name: name.to_owned(),
            kind,
            purpose: purpose.to_owned(),
            life,
            life_since: self::at(53 * (i64::from(seed) + 1) * (i64::from(seed) + 2)),
            life_reason: (life == "quarantined")
                .then(|| "tried to send the customer list to a stranger".to_owned()),
            owner: Some(person("Ana Reyes", Side::Client, true)),
            group: Some(view::GroupRef { group: id(3), name: "Back office".to_owned() }),
            missing: if missing.is_empty() { Vec::new() } else { vec![missing.to_owned()] },
            instances: usize::from(life == "active"),
            grants: at % 5 + 1,
        }
    };
    LISTED.into_iter().enumerate().map(row).collect()
}

/// People of Harbor Books.
#[must_use]
pub fn people() -> Vec<view::PersonRow> {
    use writ_model::Role::{Approver, Auditor, Engineer, Owner};
    let one = |name: &str, side, roles: &[writ_model::Role], left_at| view::PersonRow {
        person: person(name, side, true).person,
        name: name.to_owned(),
        side,
        roles: roles.to_vec(),
        seated_at: at(80_000),
        left_at,
        erased_at: None,
        keys: u32::from(left_at.is_none()),
    };
    vec![
        one("Dana Cole", Side::Client, &[Owner, Approver], None),
        one("Ana Reyes", Side::Client, &[Auditor], None),
        one("Ines Ortega", Side::Provider, &[Engineer], None),
        one("Marcus Webb", Side::Provider, &[Engineer], Some(at(300))),
    ]
}
