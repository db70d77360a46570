//! Sample agents in full: one under authority, one just proposed, one ended; their timelines and receipts.
//! Never here: anything a real page reads.

use writ_authority::{
    agent::Autonomy,
    condition::Condition,
    fact::{Measured, Subject},
    grant::{Limit, Period, Surface, Window},
};
use writ_model::Side;

use super::{agents, at, id, person};
use crate::view::{
    ActsForRow, AgentRow, AgentView, AnswerView, AnswersView, GrantView, InstanceView, LineView,
    MissingView, NextStep, Reach, Receipt, ReceiptTarget, RuleView, UseView,
};

fn row(at: usize) -> AgentRow {
    let mut rows = agents();
    rows.swap_remove(at.min(11))
}

fn answer(name: &str, side: Side, inherited: bool) -> AnswerView {
    let from = if inherited { "Back office" } else { "agent" }.to_owned();
    AnswerView { person: person(name, side, true), from, inherited }
}

/// Lines of a ledger, newest first.
#[must_use]
pub fn lines() -> Vec<LineView> {
    let says = [
        (
            61,
            "Ines Ortega",
            "agent_quarantined",
            "Ines Ortega quarantined mail-assistant: tried to send the customer list to a stranger",
            58,
        ),
        (60, "sealer", "activity_sealed", "214 calls of this gateway are sealed by one root", 60),
        (
            48,
            "mail-assistant",
            "instance_enrolled",
            "mail-assistant was bound to a key made on `desk-03`",
            2_900,
        ),
        (
            47,
            "Ines Ortega",
            "enrollment_offered",
            "Ines Ortega offered to enroll one instance of mail-assistant",
            2_905,
        ),
        (46, "Dana Cole", "agent_activated", "Dana Cole activated mail-assistant", 2_940),
        (
            45,
            "Dana Cole",
            "agent_chartered",
            "mail-assistant is answered for by Dana Cole, Ana Reyes, Ines Ortega",
            2_940,
        ),
        (
            41,
            "Dana Cole",
            "grant_given",
            "Dana Cole granted mail-assistant to call tool send_message on mail if `/to` is inside harborbooks.example",
            2_990,
        ),
        (
            39,
            "Ines Ortega",
            "agent_proposed",
            "Ines Ortega proposed mail-assistant: reads the shop's mail and drafts answers",
            3_300,
        ),
    ];
    let line = |(line, by, kind, says, minutes): &(u64, &str, &str, &str, i64)| LineView {
        line: *line,
        at: at(*minutes),
        by: (*by).to_owned(),
        via: Some("console".to_owned()),
        kind: (*kind).to_owned(),
        says: (*says).to_owned(),
        agent: Some(id(8)),
        entry: serde_json::json!({"actor": {"person": {"via": "console"}}, "v": 1}),
    };
    says.iter().map(line).collect()
}

fn grant(
    seed: u8,
    surface: Surface,
    what: (&str, &str),
    rules: Vec<RuleView>,
    used: u64,
) -> GrantView {
    let (name, server) = what;
    let verb = if surface == Surface::Tool { "call tool" } else { "read resource" };
    GrantView {
        grant: id(seed),
        subject: Subject::Agent(id(8)),
        subject_name: "mail-assistant".to_owned(),
        inherited: false,
        server: server.to_owned(),
        surface,
        name: name.to_owned(),
        words: format!("{verb} {name} on {server}"),
        rules,
        only_named_arguments: false,
        window: None,
        window_words: None,
        limits: Vec::new(),
        from: None,
        until: None,
        given_by: person("Dana Cole", Side::Client, true),
        given_at: at(2_990),
        reason: "Needed to answer customers within a day.".to_owned(),
        revoked_at: None,
        line: 41,
        used: UseView {
            count: used,
            first: (used > 0).then(|| at(2_800)),
            last: (used > 0).then(|| at(i64::from(seed))),
        },
    }
}

fn grants() -> Vec<GrantView> {
    let domains = Condition::Domains(vec!["harborbooks.example".to_owned()]);
    let rule = |path: &str, must: Condition| RuleView {
        words: format!("{path} {}", must.words()),
        path: path.to_owned(),
        must,
        optional: false,
    };
    let mut send = grant(
        81,
        Surface::Tool,
        ("send_message", "mail"),
        vec![rule("/to", domains), rule("/body", Condition::Size(4_000))],
        187,
    );
    send.limits = vec![Limit { count: 200, per: Period::Day }];
    send.only_named_arguments = true;
    let mut read = grant(82, Surface::Tool, ("read_message", "mail"), Vec::new(), 1_204);
    read.limits = vec![Limit { count: 60, per: Period::Minute }];
    read.used.count = 22;
    let mut search = grant(83, Surface::Tool, ("search", "customers"), Vec::new(), 0);
    search.inherited = true;
    "Back office".clone_into(&mut search.subject_name);
    let days = vec![1, 2, 3, 4, 5];
    let zone = "Europe/Berlin".to_owned();
    let window = Window { zone, days, from_minute: 480, to_minute: 1_080 };
    search.window_words = Some(window.words());
    search.window = Some(window);
    let list = grant(84, Surface::Tool, ("list_messages", "mail"), Vec::new(), 3_310);
    vec![send, read, search, list]
}

/// An agent under authority, quarantined an hour ago.
#[must_use]
pub fn agent_full() -> AgentView {
    use NextStep::{GiveGrant, OfferEnrollment, Release, SetAccountability, Terminate};
    AgentView {
        row: row(1),
        autonomy: Autonomy::Supervised,
        models: vec!["claude-sonnet-5".to_owned()],
        data_classes: vec!["customer contact".to_owned(), "orders".to_owned()],
        deadline: None,
        acts_for: vec![acts_for(3, "front-desk", "active")],
        sub_agents: vec![acts_for(4, "mail-reader", "held")],
        answers: AnswersView {
            authorizer: Some(answer("Dana Cole", Side::Client, false)),
            auditor: Some(answer("Ana Reyes", Side::Client, true)),
            terminators: vec![
                answer("Ines Ortega", Side::Provider, true),
                answer("Dana Cole", Side::Client, true),
            ],
        },
        missing: Vec::new(),
        stops_at: None,
        instances: vec![
            InstanceView {
                instance: id(60),
                label: "desk-03".to_owned(),
                jkt: "mZ0tXo3vQf0fL1y2J8tqk2c8Wj7T0aQk6x1uE9rYbNs".to_owned(),
                enrolled_at: at(2_900),
                ended_at: None,
            },
            InstanceView {
                instance: id(61),
                label: "test-laptop".to_owned(),
                jkt: "p1cQXo3vQf0fL1y2J8tqk2c8Wj7T0aQk6x1uE9rYq8A".to_owned(),
                enrolled_at: at(9_900),
                ended_at: Some(at(3_000)),
            },
        ],
        grants: grants(),
        timeline: lines(),
        receipt: None,
        steps: vec![Release, SetAccountability, OfferEnrollment, GiveGrant, Terminate],
        hints: Vec::new(),
        tree_size: 62,
    }
}

fn acts_for(seed: u8, name: &str, life: &'static str) -> ActsForRow {
    ActsForRow { agent: id(seed), name: name.to_owned(), life }
}

/// An agent just proposed.
#[must_use]
pub fn agent_empty() -> AgentView {
    let missing =
        |what: &str, cure: &str| MissingView { what: what.to_owned(), cure: cure.to_owned() };
    let mut agent = agent_full();
    agent.row = row(10);
    agent.row.owner = None;
    agent.row.group = None;
    agent.acts_for.clear();
    agent.sub_agents.clear();
    agent.models.clear();
    agent.data_classes.clear();
    agent.answers = AnswersView {
        authorizer: Some(answer("Rosa Lind", Side::Client, false)),
        auditor: None,
        terminators: vec![answer("Ines Ortega", Side::Provider, false)],
    };
    agent.missing = vec![
        missing("nobody is named who audits it", "Name an auditor on the agent or its group."),
        missing("nobody of the client can end it", "Name a terminator of the client."),
    ];
    agent.instances.clear();
    agent.grants.clear();
    agent.timeline.truncate(1);
    agent.steps = vec![NextStep::SetAccountability, NextStep::GiveGrant, NextStep::Terminate];
    agent
}

/// An agent that was ended.
#[must_use]
pub fn agent_ended() -> AgentView {
    let mut agent = agent_full();
    agent.row = row(3);
    agent.row.life_reason = Some("replaced by stock-sync".to_owned());
    agent.receipt = Some(receipt(true));
    agent.steps = Vec::new();
    agent.grants.truncate(2);
    agent
}

/// A receipt, complete or still waiting for one gateway.
#[must_use]
pub fn receipt(complete: bool) -> Receipt {
    let target = |seed: u8, refused, cut| ReceiptTarget {
        gateway: id(seed),
        boot: id(seed + 1),
        how: Reach::Confirmed,
        at: Some(at(0)),
        measured: Some(Measured {
            tokens_refused_us: refused,
            last_cut_us: cut,
            streams: 2,
            calls: 1,
            children: 0,
        }),
        line: Some(63),
    };
    let waiting = ReceiptTarget {
        how: Reach::Waiting,
        at: None,
        measured: None,
        line: None,
        ..target(94, 0, 0)
    };
    let mut targets = vec![target(90, 1_940, 6_310), target(92, 2_210, 2_840)];
    targets.extend((!complete).then_some(waiting));
    Receipt {
        agent: id(8),
        agent_name: "mail-assistant".to_owned(),
        ended_at: at(0),
        reason: "tried to send the customer list to a stranger".to_owned(),
        line: 62,
        targets,
        waiting_for: if complete { Vec::new() } else { vec![id(94)] },
        complete,
    }
}
