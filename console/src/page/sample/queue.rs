//! What waits for people, one of each kind, for samples. Never here: anything a real page reads.

use writ_authority::queue::{Ask, Waiting};

use super::{at, id};

type Pressing = (usize, Ask, &'static str, i64, Option<i64>, [&'static str; 4]);

/// Decisions of the samples: whose, which, the agent, hours since, hours left, and the texts.
const PRESSING: [Pressing; 18] = [
    (
        1,
        Ask::AnswerLost,
        "invoice-bot",
        5,
        Some(67),
        [
            "invoice-bot is active but no longer fully answered for",
            "Marcus Webb left on 2026-11-21T17:00:00.000000Z",
            "At 2026-11-24T17:00:00.000000Z it is put on hold and every call is refused",
            "Name somebody who is seated here",
        ],
    ),
    (
        2,
        Ask::Observed,
        "recall-reminder",
        52,
        Some(140),
        [
            "recall-reminder runs without anybody answering for it",
            "nobody is named who authorised it",
            "It is to be governed or ended by 2026-11-27T18:00:00.000000Z",
            "Name an authorizer on the agent or its group",
        ],
    ),
    (
        1,
        Ask::Recovery,
        "Rosa Lind",
        3,
        Some(21),
        [
            "Rosa Lind lost their passkeys; a new key waits for two people of the client",
            "Dana Cole confirmed it already",
            "It ends, and the old keys stay as they are",
            "Call Rosa Lind and compare the fingerprint of the new key",
        ],
    ),
    (
        0,
        Ask::Admit,
        "Hannah Cole",
        6,
        Some(140),
        [
            "Hannah Cole made a passkey and waits to be let in for the client as owner",
            "they are the client's first person",
            "The invitation ends and they stay outside",
            "Call them on a number you knew before and compare the fingerprint",
        ],
    ),
    (
        2,
        Ask::WitnessMissing,
        "Juniper Dental",
        70,
        None,
        [
            "nobody of Juniper Dental watches its ledger",
            "no witness of the client is named",
            "A ledger that was rewritten would be noticed by nobody outside this server",
            "Start a witness on a machine of the client and name it",
        ],
    ),
    (
        1,
        Ask::Quarantined,
        "mail-assistant",
        1,
        None,
        [
            "mail-assistant is quarantined: tried to send the customer list to a stranger",
            "",
            "It stays quarantined; every call is refused",
            "",
        ],
    ),
    (
        0,
        Ask::Proposed,
        "order-desk",
        20,
        None,
        [
            "order-desk is fully answered for and waits for somebody to activate it",
            "",
            "It stays switched off",
            "",
        ],
    ),
    (
        2,
        Ask::Proposed,
        "insurance-claims",
        44,
        None,
        [
            "insurance-claims is proposed, and cannot be activated yet",
            "nobody is named who audits it",
            "It stays switched off",
            "Name an auditor on the agent or its group",
        ],
    ),
    (
        1,
        Ask::Approval,
        "invoice-bot",
        0,
        Some(1),
        [
            "invoice-bot asks to use release_payment on bank",
            "clause `payments` of the charter says so",
            "It is refused when its time is over.",
            "It takes 1 owner of the client to approve it.",
        ],
    ),
    (
        0,
        Ask::Proposal,
        "order-desk",
        2,
        Some(6),
        [
            "order-desk proposes to use send_mail on mail",
            "clause `mail` of the charter says so",
            "It is not done.",
            "Do it yourself, or refuse it.",
        ],
    ),
    (
        2,
        Ask::NoCharter,
        "Juniper Dental",
        90,
        None,
        [
            "no charter is in force at Juniper Dental",
            "nothing says what may be done",
            "Every call is refused.",
            "Write a charter and sign it together.",
        ],
    ),
    (
        0,
        Ask::CharterToSign,
        "Cole & Sons Bakery",
        30,
        None,
        [
            "version 3 of the charter waits for signatures",
            "nobody of the client has signed it",
            "What is in force stays so.",
            "Read it and sign it.",
        ],
    ),
    (
        1,
        Ask::ReviewDue,
        "Harbor Books",
        4,
        Some(200),
        [
            "version 2 of the charter is to be looked at again",
            "it was agreed to do so by 2026-12-01T00:00:00.000000Z",
            "It goes on as it is.",
            "Look at it together, then sign the next version.",
        ],
    ),
    (
        2,
        Ask::Frozen,
        "Juniper Dental",
        8,
        None,
        [
            "everything of Juniper Dental is frozen",
            "Rosa Lind: the practice is closed",
            "It stays so; what it covers is refused.",
            "An owner or approver of the client lets it go on.",
        ],
    ),
    (
        1,
        Ask::Suspended,
        "Harbor Books",
        9,
        None,
        [
            "the client took back clause `payments`",
            "Dana Cole: a wrong invoice was paid",
            "It stays so; what it covers is refused.",
            "An owner or approver of the client lets it go on.",
        ],
    ),
    (
        0,
        Ask::ObserveEnding,
        "stock-watch",
        40,
        Some(20),
        [
            "stock-watch is only watched, and soon blocked again",
            "it was agreed until then",
            "What is not allowed is refused from then on.",
            "Look at what was seen.",
        ],
    ),
    (
        2,
        Ask::DrillDue,
        "front-desk",
        500,
        None,
        [
            "the next drill of ending an agent is due",
            "the last one is ninety days old",
            "Nobody knows how long an ending takes.",
            "Rehearse it.",
        ],
    ),
    (
        1,
        Ask::Undelivered,
        "Harbor Books",
        3,
        None,
        [
            "a message could not be delivered",
            "550 no such user",
            "Who it was for does not learn of it.",
            "Ask them for their address.",
        ],
    ),
];

/// Decisions that wait: at which client, what.
#[must_use]
pub fn waiting() -> Vec<(usize, Waiting)> {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned()).into_iter().collect();
    let row = |(client, ask, name, hours, left, [what, why, otherwise, cure]): Pressing| {
        let waiting = Waiting {
            ask,
            agent: matches!(
                ask,
                Ask::AnswerLost | Ask::Observed | Ask::Quarantined | Ask::Proposed
            )
            .then(|| id(u8::try_from(name.len()).unwrap_or(1))),
            hold: matches!(ask, Ask::Approval | Ask::Proposal).then(|| id(110)),
            name: name.to_owned(),
            since: at(hours * 60),
            deadline: left.map(|hours| at(-hours * 60)),
            what: what.to_owned(),
            why: some(why),
            otherwise: otherwise.to_owned(),
            cure: some(cure),
        };
        (client, waiting)
    };
    PRESSING.into_iter().map(row).collect()
}
