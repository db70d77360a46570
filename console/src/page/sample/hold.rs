//! What waits, for samples: a payment in each state, a person's act, an inbox. Never here: anything a real page reads.

use writ_charter::Money;
use writ_model::{Digest, Side};

use super::{at, client_view, id, now, person};
use crate::view::{
    self, ActionSaid, AnswerRow, ArgumentRow, AskedView, AskerView, ClauseSaid, HoldKind, HoldPage,
    HoldRow, HoldState, HoldView, Opened, SeatRow, YourPart, charter::SignatureRow,
};

fn money() -> Money {
    Money { amount: "1840.00".to_owned(), currency: "EUR".to_owned() }
}

fn argument(at: &str, value: &str) -> ArgumentRow {
    ArgumentRow { at: at.to_owned(), value: value.to_owned() }
}

fn signed() -> Vec<SignatureRow> {
    let row = |name: &str, side, party: &str, line| SignatureRow {
        side,
        party: party.to_owned(),
        person: person(name, side, true),
        at: at(20_160),
        line,
    };
    vec![
        row("Ines Ortega", Side::Provider, "Northgate IT", 41),
        row("Dana Cole", Side::Client, "Harbor Books", 43),
    ]
}

fn asked() -> AskedView {
    AskedView {
        sentence: "invoice-bot wants to release a payment of 1,840.00 EUR.".to_owned(),
        actions: vec![ActionSaid {
            class: "payment.release".to_owned(),
            sentence: "releases a payment".to_owned(),
            reversibility: "It cannot be undone.".to_owned(),
            blast: "It reaches others than the client.".to_owned(),
            harm: "The money goes to the wrong account and does not come back.".to_owned(),
        }],
        amount: Some(money()),
        destination: Some(argument("/iban", "DE89 3704 0044 0532 0130 00")),
        server: Some("bank".to_owned()),
        surface: Some("tool".to_owned()),
        name: Some("release_payment".to_owned()),
        text: vec![
            "You let invoice-bot of “Harbor Books” release this payment, once.".to_owned(),
            "The exact content has the digest below.".to_owned(),
        ],
        opened: Opened::Whole,
        arguments: vec![
            argument("/amount", "1840.00"),
            argument("/iban", "\"DE89 3704 0044 0532 0130 00\""),
            argument("/reference", "\"Invoice 2026-1107, Tideway Paper\""),
        ],
        more: 0,
        origins: Vec::new(),
        exact: Some(
            r#"{"arguments":{"amount":1840.00,"iban":"DE89 3704 0044 0532 0130 00"},"name":"release_payment"}"#
                .to_owned(),
        ),
        digest: Digest::of(b"sample"),
    }
}

fn quorum(given: u8) -> Vec<SeatRow> {
    vec![SeatRow {
        party: "client".to_owned(),
        role: "owner".to_owned(),
        n: 1,
        given,
        words: "one owner of Harbor Books".to_owned(),
        could: vec![person("Dana Cole", Side::Client, true)],
    }]
}

/// A payment that an agent wants to release, in each state.
#[must_use]
pub fn hold(state: HoldState) -> HoldView {
    let open = matches!(state, HoldState::Waiting);
    let said = matches!(state, HoldState::Approved | HoldState::Done | HoldState::Refused);
    let no = state == HoldState::Refused;
    let answer = AnswerRow {
        person: person("Dana Cole", Side::Client, true),
        deputy_of: None,
        answer: if no { "no" } else { "yes" },
        words: Some(
            if no { "We never ordered this." } else { "Called Tideway, it is theirs." }.to_owned(),
        ),
        at: at(3),
    };
    HoldView {
        hold: id(9),
        client: client_view(1),
        kind: HoldKind::Call,
        state,
        state_words: match state {
            HoldState::Waiting => "It waits for a yes.",
            HoldState::Proposed => "A person does this themselves.",
            HoldState::Approved => "It is approved; it is done once as soon as the agent asks again.",
            HoldState::Done => "It was done, once.",
            HoldState::Refused => "Dana Cole said no. It was not done.",
            HoldState::Expired => "Nobody answered in time. It was not done.",
        }
        .to_owned(),
        asker: AskerView {
            name: "invoice-bot".to_owned(),
            kind: "agent",
            purpose: Some("Pays the invoices that Hannah has checked.".to_owned()),
            agent: Some(id(8)),
            instance: Some(id(68)),
            person: Some(person("Hannah Cole", Side::Client, true)),
            says: "invoice-bot pays the invoices that Hannah has checked. It is Hannah Cole's.".to_owned(),
        },
        asked: asked(),
        why: vec![ClauseSaid {
            key: "payments".to_owned(),
            title: "Payments".to_owned(),
            mode: "approve".to_owned(),
            text: vec!["A payment is released only after an owner of Harbor Books said yes.".to_owned()],
            charter: id(30),
            version: 3,
            signed: signed(),
        }],
        otherwise: "It is not done. The agent hears that nobody answered.".to_owned(),
        since: at(12),
        expires: at(-48),
        escalates: None,
        escalated: false,
        quorum: quorum(u8::from(said && !no)),
        answers: said.then_some(answer).into_iter().collect(),
        check_by: vec![
            "Call Hannah Cole, whose agent it is, on the number you know, and ask whether she expects this.".to_owned(),
            "Compare the account with an earlier invoice on paper, not with a message.".to_owned(),
        ],
        you: YourPart {
            approve: open,
            refuse: open || state == HoldState::Proposed,
            answered: said,
            deputy_of: None,
            why_not: (!open).then(|| "a person does this themselves".to_owned()),
            cure: (!open).then(|| "Do it yourself if it is right".to_owned()),
        },
        url: "http://localhost:7420/clients/harbor-books/approvals/hld".to_owned(),
        line: 190,
    }
}

/// A person's act that waits, with an argument that tries to look like markup.
#[must_use]
pub fn held_act() -> HoldView {
    let mut out = hold(HoldState::Waiting);
    out.kind = HoldKind::Act;
    out.asker = AskerView {
        name: "Ines Ortega".to_owned(),
        kind: "person",
        purpose: None,
        agent: None,
        instance: None,
        person: Some(person("Ines Ortega", Side::Provider, true)),
        says: "Ines Ortega works for Northgate IT.".to_owned(),
    };
    "Ines Ortega wants to give “invoice-bot” a grant.".clone_into(&mut out.asked.sentence);
    (out.asked.amount, out.asked.destination, out.asked.exact) = (None, None, None);
    out.asked.opened = Opened::Nothing;
    out.asked.arguments = vec![argument("/name", "\"<b>send</b>*\"")];
    out.escalated = true;
    out.you.deputy_of = Some(person("Marcus Webb", Side::Client, true));
    out
}

fn row(place: usize, what: (&str, &str), state: HoldState, yours: bool) -> HoldRow {
    let seed = u8::try_from(place).unwrap_or(1);
    HoldRow {
        hold: id(seed + 20),
        client: client_view(place % 3),
        kind: HoldKind::Call,
        state,
        asker: what.0.to_owned(),
        sentence: what.1.to_owned(),
        amount: (place == 1).then(money),
        since: at(12 + i64::from(seed)),
        expires: at(-48 - i64::from(seed) * 30),
        escalated: place == 2,
        waits_for: if yours { vec!["one owner of Harbor Books".to_owned()] } else { Vec::new() },
        yours,
    }
}

/// An inbox.
#[must_use]
pub fn holds() -> HoldPage {
    let rows = vec![
        row(
            1,
            ("invoice-bot", "invoice-bot wants to release a payment of 1,840.00 EUR."),
            HoldState::Waiting,
            true,
        ),
        row(
            2,
            ("Ines Ortega", "Ines Ortega wants to let “order-desk” act."),
            HoldState::Waiting,
            false,
        ),
        row(
            0,
            ("mail-assistant", "mail-assistant wants to send mail as Dana Cole."),
            HoldState::Proposed,
            false,
        ),
        row(
            4,
            ("invoice-bot", "invoice-bot wants to release a payment of 90.00 EUR."),
            HoldState::Done,
            false,
        ),
    ];
    let away = vec![view::AwayView {
        client: client_view(1),
        person: person("Marcus Webb", Side::Client, true),
        deputy: person("Dana Cole", Side::Client, true),
        until: at(-4_320),
        you: true,
    }];
    HoldPage { at: now(), total: rows.len(), yours: 1, rows, away }
}

/// An empty inbox.
#[must_use]
pub fn no_holds() -> HoldPage {
    HoldPage { at: now(), rows: Vec::new(), total: 0, yours: 0, away: Vec::new() }
}

/// An explanation that stands on a charter, its clauses and an approval, with what was done before.
#[must_use]
pub fn approved(mut told: view::ExplainView) -> view::ExplainView {
    let held = hold(HoldState::Done);
    told.charter_said = Some(view::CharterSaid {
        charter: id(70),
        version: 2,
        digest: Digest::of(b"charter"),
        since: at(20_000),
        line: 44,
        signed: signed(),
    });
    told.clauses_said = held.why;
    told.approval_said = Some(view::ApprovalSaid {
        hold: held.hold,
        state: HoldState::Done,
        since: held.since,
        answers: held.answers,
        used_at: Some(at(3)),
        line: held.line,
    });
    told.stopped = vec!["the client had taken back clause `mail`: too many letters".to_owned()];
    told.before = super::calls().calls.into_iter().take(3).collect();
    told.story = vec![
        "invoice-bot asked to release a payment of 1,840.00 EUR".to_owned(),
        "Dana Cole had granted it, and clause `payments` of version 2 says that an owner is asked"
            .to_owned(),
        "Dana Cole said yes, with her passkey; it was used up once".to_owned(),
    ];
    told
}
