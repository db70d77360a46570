//! The built-in templates: cautious, balanced, hands-off. Each speaks of every class of the catalogue (a test says so), so
//! that what is refused is refused by a sentence that somebody read. No currency stands in them: clients add their own.
//! Severity and confidence do not stand in them, because what is not known never gives permission.
//! To change one: a row here; charters that began with it keep what was signed.

use std::sync::LazyLock;

use writ_model::{Role, Side};

use super::Template;
use crate::{Clause, Hours, Limit, Mode, Per, Scope, Seat, Waits, When};

static BUILTIN: LazyLock<[Template; 3]> = LazyLock::new(|| {
    [("cautious", CAUTIOUS), ("balanced", BALANCED), ("hands-off", HANDS_OFF)].map(
        |(name, rows)| Template {
            name: name.to_owned(),
            parent: None,
            clauses: rows.iter().map(Row::clause).collect(),
            removes: Vec::new(),
            counts_as: Vec::new(),
        },
    )
});

/// The built-in templates, most careful first.
pub fn builtin() -> &'static [Template] {
    BUILTIN.as_slice()
}

/// Data that asks for more care, by the words that `counts_as` gives it.
const SPECIAL: &[&str] = &["health", "personal", "secret"];

/// An owner of the client.
const OWNER: Seat = Seat { party: Side::Client, role: Role::Owner, n: 1 };
/// An approver of the client.
const APPROVER: Seat = Seat { party: Side::Client, role: Role::Approver, n: 1 };
/// An approver of the provider.
const PROVIDER: Seat = Seat { party: Side::Provider, role: Role::Approver, n: 1 };

enum Way {
    Refuse,
    Propose,
    Ask(&'static [Seat]),
    Tell,
    Act,
}

struct Row {
    key: &'static str,
    title: &'static str,
    actions: &'static [&'static str],
    way: Way,
    most: &'static [(u64, Per)],
    hours: Option<Hours>,
    data: &'static [&'static str],
    waits: (u32, Option<u32>),
}

const fn row(
    key: &'static str,
    title: &'static str,
    actions: &'static [&'static str],
    way: Way,
) -> Row {
    Row { key, title, actions, way, most: &[], hours: None, data: &[], waits: (60, None) }
}

impl Row {
    const fn most(mut self, limits: &'static [(u64, Per)]) -> Self {
        self.most = limits;
        self
    }

    const fn at(mut self, hours: Hours) -> Self {
        self.hours = Some(hours);
        self
    }

    const fn on(mut self, data: &'static [&'static str]) -> Self {
        self.data = data;
        self
    }

    /// A question that people answer during the day.
    const fn slowly(mut self) -> Self {
        self.waits = (480, Some(120));
        self
    }

    /// A question that cannot wait.
    const fn quickly(mut self) -> Self {
        self.waits = (30, Some(10));
        self
    }

    fn clause(&self) -> Clause {
        let mode = match self.way {
            Way::Refuse => Mode::Refuse,
            Way::Propose => Mode::Propose,
            Way::Ask(seats) => Mode::Approve { quorum: seats.to_vec() },
            Way::Tell => Mode::NotifyAndAct,
            Way::Act => Mode::Act,
        };
        let data = self.data.iter().map(|word| (*word).to_owned()).collect();
        let (expires_minutes, escalate_minutes) = self.waits;
        Clause {
            scope: Scope { data, ..Scope::default() },
            when: When { hours: self.hours, ..When::default() },
            limits: self.most.iter().map(|&(most, per)| Limit::Count { most, per }).collect(),
            waits: Waits { expires_minutes, escalate_minutes },
            ..Clause::new(self.key, self.title, self.actions, mode)
        }
    }
}

/// What comes back of persons, and what pages have in them and do not show: agents work with it, and it is counted.
const PERSONAL: &[&str] = &[
    "answer.birth_date",
    "answer.card",
    "answer.email",
    "answer.iban",
    "answer.ip_address",
    "answer.national_id",
    "answer.phone",
    "answer.unshown",
];

/// Reads are free within limits, everything else is asked or done by people.
const CAUTIOUS: &[Row] = &[
    row(
        "never",
        "Never by an agent",
        &["payment.release", "mail.send_as_person", "data.delete", "agent.observe"],
        Way::Refuse,
    ),
    row("reading", "Reading", &["data.read", "file.read", "mail.read"], Way::Act)
        .most(&[(300, Per::Hour)]),
    row(
        "special-reading",
        "Reading what needs care",
        &["data.read", "file.read", "mail.read"],
        Way::Ask(&[APPROVER]),
    )
    .on(SPECIAL),
    row(
        "unnamed",
        "What the charter does not name",
        &["tool.use", "resource.read", "prompt.get"],
        Way::Propose,
    ),
    row("tickets", "Tickets", &["ticket.write"], Way::Tell).most(&[(20, Per::Hour)]),
    row(
        "writing",
        "Changing data, files and records",
        &["data.write", "file.write", "record.write", "payment.prepare"],
        Way::Ask(&[APPROVER]),
    )
    .slowly(),
    row("mail-out", "Mail to others", &["mail.send"], Way::Ask(&[APPROVER])).slowly(),
    row("origins", "Acting on what others wrote", &["origin.untrusted"], Way::Tell),
    row(
        "answers-hidden",
        "Secrets and hidden text in what servers answer",
        &["answer.hidden", "answer.secret"],
        Way::Propose,
    ),
    row("answers", "Personal data in what servers answer", PERSONAL, Way::Act),
    row("sharing", "Data to others", &["data.share"], Way::Ask(&[OWNER, PROVIDER])).slowly(),
    row(
        "by-people",
        "Left to people",
        &["backup.restore", "file.delete", "mail.delete"],
        Way::Propose,
    ),
    row(
        "systems",
        "Machines, programs and rules",
        &["code.change", "command.run", "rule.change", "software.install"],
        Way::Ask(&[APPROVER, PROVIDER]),
    )
    .slowly(),
    row(
        "contain",
        "Containing an attack",
        &["agent.terminate", "host.isolate", "user.disable", "vendor.freeze"],
        Way::Ask(&[PROVIDER]),
    )
    .quickly(),
    row("stop-at-once", "Stopping at once", &["agent.quarantine", "session.end"], Way::Tell),
    row(
        "back-again",
        "Letting people and machines back",
        &["host.release", "user.enable", "user.reset"],
        Way::Ask(&[APPROVER]),
    )
    .quickly(),
    row(
        "agents",
        "Starting agents and widening what they may do",
        &["agent.activate", "agent.answers", "agent.release", "agent.widen"],
        Way::Ask(&[OWNER, PROVIDER]),
    )
    .slowly(),
    row(
        "new-trust",
        "Credentials, models, vendors and evidence",
        &["credential.issue", "evidence.export", "model.allow", "vendor.allow"],
        Way::Ask(&[OWNER]),
    )
    .slowly(),
];

/// Daily work is free within limits and hours, what reaches far is asked, what cannot be undone is done by people.
const BALANCED: &[Row] = &[
    row("never", "Never by an agent", &["mail.send_as_person"], Way::Refuse),
    row(
        "reading",
        "Reading",
        &["data.read", "file.read", "mail.read", "prompt.get", "resource.read"],
        Way::Act,
    )
    .most(&[(1_000, Per::Hour)]),
    row("unnamed", "Tools that the charter does not name", &["tool.use"], Way::Ask(&[PROVIDER])),
    row(
        "writing",
        "Changing data, files and records",
        &["data.write", "file.write", "payment.prepare", "record.write", "ticket.write"],
        Way::Act,
    )
    .most(&[(200, Per::Hour), (1_000, Per::Day)]),
    row("mail-by-day", "Mail to others, by day", &["mail.send"], Way::Act)
        .at(Hours::Inside)
        .most(&[(60, Per::Hour), (200, Per::Day)]),
    row("mail-by-night", "Mail to others, out of hours", &["mail.send"], Way::Ask(&[APPROVER]))
        .at(Hours::Outside)
        .slowly(),
    row("origins", "Acting on what others wrote", &["origin.untrusted"], Way::Tell),
    row(
        "answers-hidden",
        "Secrets and hidden text in what servers answer",
        &["answer.hidden", "answer.secret"],
        Way::Propose,
    ),
    row("answers", "Personal data in what servers answer", PERSONAL, Way::Act),
    row("sharing", "Data to others", &["data.share"], Way::Ask(&[APPROVER])).slowly(),
    row("payments", "Payments", &["payment.release"], Way::Ask(&[OWNER]))
        .most(&[(5, Per::Day)])
        .slowly(),
    row("by-people", "Left to people", &["backup.restore", "data.delete"], Way::Propose),
    row("deleting", "Deleting a file or a message", &["file.delete", "mail.delete"], Way::Tell)
        .most(&[(10, Per::Hour)]),
    row(
        "systems",
        "Machines and programs",
        &["code.change", "command.run", "software.install"],
        Way::Ask(&[PROVIDER]),
    )
    .slowly(),
    row("rules", "Security rules", &["rule.change"], Way::Ask(&[APPROVER, PROVIDER])).slowly(),
    row(
        "contain-by-day",
        "Containing an attack, by day",
        &["host.isolate", "user.disable"],
        Way::Ask(&[PROVIDER]),
    )
    .at(Hours::Inside)
    .quickly(),
    row(
        "contain-by-night",
        "Containing an attack, out of hours",
        &["host.isolate", "user.disable"],
        Way::Tell,
    )
    .at(Hours::Outside)
    .most(&[(5, Per::Hour)]),
    row(
        "stop-at-once",
        "Stopping at once",
        &["agent.quarantine", "agent.terminate", "session.end"],
        Way::Tell,
    ),
    row("vendors-off", "Cutting off a vendor", &["vendor.freeze"], Way::Ask(&[PROVIDER])).quickly(),
    row(
        "back-again",
        "Letting people and machines back",
        &["host.release", "user.enable", "user.reset"],
        Way::Ask(&[PROVIDER]),
    )
    .quickly(),
    row(
        "agents",
        "Starting agents and widening what they may do",
        &["agent.activate", "agent.answers", "agent.release", "agent.widen"],
        Way::Ask(&[APPROVER]),
    )
    .slowly(),
    row("credentials", "Credentials for agents", &["credential.issue"], Way::Tell),
    row(
        "new-trust",
        "Watching only, models, vendors and evidence",
        &["agent.observe", "evidence.export", "model.allow", "vendor.allow"],
        Way::Ask(&[OWNER]),
    )
    .slowly(),
];

/// Nearly everything is free or told; only what cannot be undone and reaches far is asked.
const HANDS_OFF: &[Row] = &[
    row("never", "Never by an agent", &["mail.send_as_person"], Way::Refuse),
    row(
        "daily-work",
        "Daily work",
        &[
            "data.read",
            "data.write",
            "file.*",
            "mail.delete",
            "mail.read",
            "payment.prepare",
            "prompt.get",
            "record.write",
            "resource.read",
            "ticket.write",
        ],
        Way::Act,
    ),
    row("mail-out", "Mail to others", &["mail.send"], Way::Act)
        .most(&[(200, Per::Hour), (1_000, Per::Day)]),
    row("origins", "Acting on what others wrote", &["origin.untrusted"], Way::Act),
    row(
        "answers-hidden",
        "Secrets and hidden text in what servers answer",
        &["answer.hidden", "answer.secret"],
        Way::Propose,
    ),
    row("answers", "Personal data in what servers answer", PERSONAL, Way::Act),
    row("unnamed", "Tools that the charter does not name", &["tool.use"], Way::Tell)
        .most(&[(60, Per::Hour)]),
    row("payments", "Payments", &["payment.release"], Way::Ask(&[OWNER]))
        .most(&[(20, Per::Day)])
        .slowly(),
    row("sharing", "Data to others", &["data.share"], Way::Ask(&[APPROVER])).slowly(),
    row(
        "no-way-back",
        "What cannot be undone",
        &["backup.restore", "data.delete"],
        Way::Ask(&[OWNER, PROVIDER]),
    )
    .slowly(),
    row(
        "systems",
        "Machines and programs",
        &["code.change", "command.run", "software.install"],
        Way::Tell,
    ),
    row(
        "rules",
        "Security rules, models and vendors",
        &["model.allow", "rule.change", "vendor.allow"],
        Way::Ask(&[PROVIDER]),
    )
    .slowly(),
    row(
        "contain",
        "Containing an attack",
        &["host.isolate", "user.disable", "vendor.freeze"],
        Way::Tell,
    )
    .most(&[(10, Per::Hour)]),
    row(
        "stop-at-once",
        "Stopping at once",
        &["agent.quarantine", "agent.terminate", "session.end"],
        Way::Tell,
    ),
    row(
        "back-again",
        "Letting people and machines back",
        &["host.release", "user.enable", "user.reset"],
        Way::Tell,
    ),
    row(
        "agents",
        "Starting agents and widening what they may do",
        &["agent.activate", "agent.answers", "agent.observe", "agent.widen"],
        Way::Ask(&[APPROVER]),
    )
    .slowly(),
    row(
        "agents-on",
        "Agents that go on, credentials and evidence",
        &["agent.release", "credential.issue", "evidence.export"],
        Way::Tell,
    ),
];
