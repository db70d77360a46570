//! The catalogue of decisions that can be delegated.
//!
//! Never here: what is decided on them. To add a class: a row below, the version raised; a class is never renamed and its
//! meaning never changed, because charters that are signed speak of it.

use std::sync::LazyLock;

use crate::{
    Action,
    Blast::{self, OneAgent, OneMachine, OnePerson, OneRecord, Outside, WholeClient},
    Reversibility::{self, Costly, Irreversible, Reversible},
};

/// The catalogue's version; raised when a class is added.
pub const CATALOG_VERSION: u32 = 3;

/// What a call counts as besides, where a value in it was first read in what others wrote. It is switched on by a clause
/// that names it, or its family; see [`crate::Charter::traces`].
pub const UNTRUSTED: &str = "origin.untrusted";

/// What the classes of what servers answer begin with: a clause about one of them says whether an agent reads such things
/// there. They count for no call; see [`crate::Charter::speaks`].
pub const ANSWERS: &str = "answer.";

type Row = (&'static str, &'static str, Reversibility, Blast, &'static str);

/// Classes that only stop something.
const STOPS: &[&str] = &["agent.quarantine", "agent.terminate", "session.end", "vendor.freeze"];

/// Classes that only look at something: what they do to the world is nothing, whatever they tell.
const READS: &[&str] = &["data.read", "file.read", "mail.read", "prompt.get", "resource.read"];

/// Sorted by class, which [`action`] relies on and a test checks.
const ROWS: &[Row] = &[
    (
        "agent.activate",
        "starts another agent",
        Costly,
        OneAgent,
        "An agent works that nobody wanted, with all that it may do.",
    ),
    (
        "agent.answers",
        "changes who answers for an agent",
        Reversible,
        OneAgent,
        "Nobody who knows the agent is asked when it goes wrong.",
    ),
    (
        "agent.observe",
        "watches an agent without holding it back",
        Costly,
        OneAgent,
        "What would have been refused happens.",
    ),
    (
        "agent.quarantine",
        "puts an agent on hold",
        Reversible,
        OneAgent,
        "Work that the agent does is left undone.",
    ),
    (
        "agent.release",
        "lets an agent on hold work again",
        Costly,
        OneAgent,
        "The agent goes on with what it was stopped for.",
    ),
    (
        "agent.terminate",
        "ends an agent for good",
        Irreversible,
        OneAgent,
        "Work that the agent does is left undone, and it must be set up anew.",
    ),
    (
        "agent.widen",
        "lets an agent do more than before",
        Costly,
        OneAgent,
        "The agent does harm that it could not have done.",
    ),
    (
        "answer.birth_date",
        "reads dates of birth in what servers answer",
        Irreversible,
        OnePerson,
        "What proves who somebody is stands in a conversation.",
    ),
    (
        "answer.card",
        "reads numbers of payment cards in what servers answer",
        Irreversible,
        OnePerson,
        "A card is used by somebody else.",
    ),
    (
        "answer.email",
        "reads e-mail addresses in what servers answer",
        Irreversible,
        OnePerson,
        "Somebody is written to who should not be.",
    ),
    (
        "answer.hidden",
        "reads letters that nobody sees in what servers answer",
        Irreversible,
        Outside,
        "The agent follows words that no person could have read.",
    ),
    (
        "answer.iban",
        "reads account numbers in what servers answer",
        Irreversible,
        OnePerson,
        "Somebody's bank account is known to others.",
    ),
    (
        "answer.ip_address",
        "reads addresses of machines in what servers answer",
        Irreversible,
        OnePerson,
        "Somebody can be found by their line.",
    ),
    (
        "answer.national_id",
        "reads numbers that a state gives to persons in what servers answer",
        Irreversible,
        OnePerson,
        "Somebody else passes for that person.",
    ),
    (
        "answer.phone",
        "reads telephone numbers in what servers answer",
        Irreversible,
        OnePerson,
        "Somebody is called who should not be.",
    ),
    (
        "answer.secret",
        "reads keys, tokens and passwords in what servers answer",
        Irreversible,
        WholeClient,
        "Whoever reads the conversation opens what the key opens.",
    ),
    (
        "answer.unshown",
        "reads text that pages have in them and do not show",
        Irreversible,
        Outside,
        "The agent follows words that no person has seen.",
    ),
    (
        "backup.restore",
        "puts back an earlier state from a backup",
        Irreversible,
        WholeClient,
        "What was done since the backup is lost.",
    ),
    (
        "code.change",
        "changes the code of a program",
        Costly,
        WholeClient,
        "A fault or a back door goes live.",
    ),
    (
        "command.run",
        "runs a command on a machine",
        Irreversible,
        OneMachine,
        "The command destroys or opens more than it should.",
    ),
    (
        "credential.issue",
        "issues a credential",
        Costly,
        OneAgent,
        "Somebody gets in who should not.",
    ),
    ("data.delete", "deletes data", Irreversible, WholeClient, "What was needed is gone."),
    (
        "data.read",
        "reads data",
        Irreversible,
        OneRecord,
        "Somebody learns what they should not know.",
    ),
    (
        "data.share",
        "shares data with others",
        Irreversible,
        Outside,
        "Confidential data is with strangers and cannot be called back.",
    ),
    (
        "data.write",
        "changes data",
        Costly,
        OneRecord,
        "Wrong data is worked with before anybody notices.",
    ),
    (
        "evidence.export",
        "exports evidence",
        Irreversible,
        Outside,
        "Records about people are with others.",
    ),
    (
        "file.delete",
        "deletes a file",
        Costly,
        OneRecord,
        "A file that was needed must be found in a backup.",
    ),
    (
        "file.read",
        "reads a file",
        Irreversible,
        OneRecord,
        "Somebody learns what they should not know.",
    ),
    ("file.write", "writes a file", Costly, OneRecord, "The earlier content is lost."),
    (
        "host.isolate",
        "isolates a machine from the network",
        Reversible,
        OneMachine,
        "Somebody cannot work until it is let back.",
    ),
    (
        "host.release",
        "lets an isolated machine back on the network",
        Costly,
        OneMachine,
        "What it was isolated for spreads.",
    ),
    ("mail.delete", "deletes a message", Costly, OneRecord, "An order or a deadline is missed."),
    (
        "mail.read",
        "reads mail",
        Irreversible,
        OnePerson,
        "Somebody learns what was written in confidence.",
    ),
    (
        "mail.send",
        "sends mail",
        Irreversible,
        Outside,
        "Something wrong is said in the company's name.",
    ),
    (
        "mail.send_as_person",
        "sends mail in a person's name",
        Irreversible,
        Outside,
        "A person is held to words that they never wrote.",
    ),
    (
        "model.allow",
        "allows another language model",
        Costly,
        WholeClient,
        "Data goes to a company that nobody agreed to.",
    ),
    (
        "origin.untrusted",
        "acts on values that it read in what others wrote",
        Irreversible,
        Outside,
        "Somebody who wrote a mail or a page decides what the agent does.",
    ),
    (
        "payment.prepare",
        "prepares a payment for somebody to release",
        Reversible,
        OneRecord,
        "A wrong payment is released by mistake.",
    ),
    ("payment.release", "releases a payment", Irreversible, Outside, "The money is gone."),
    (
        "prompt.get",
        "fetches a prompt of a server",
        Reversible,
        OneRecord,
        "The agent takes up instructions of others.",
    ),
    (
        "record.write",
        "changes a business record",
        Costly,
        OneRecord,
        "Customers or the books are told something wrong.",
    ),
    (
        "resource.read",
        "reads a resource that the charter does not name",
        Irreversible,
        OneRecord,
        "Somebody learns what they should not know.",
    ),
    (
        "rule.change",
        "changes a security rule",
        Costly,
        WholeClient,
        "A door is open, or everybody is locked out.",
    ),
    (
        "session.end",
        "ends a person's session",
        Reversible,
        OnePerson,
        "Somebody must sign in again, and loses what was not saved.",
    ),
    (
        "software.install",
        "installs software on a machine",
        Costly,
        OneMachine,
        "A fault or a back door comes with it.",
    ),
    (
        "ticket.write",
        "writes in a ticket",
        Reversible,
        OneRecord,
        "The wrong people are sent, or a customer reads what was not meant for them.",
    ),
    (
        "tool.use",
        "uses a tool that the charter does not name",
        Irreversible,
        Outside,
        "Nobody can say what it does.",
    ),
    (
        "user.disable",
        "disables a person's account",
        Reversible,
        OnePerson,
        "Somebody cannot work until it is enabled.",
    ),
    (
        "user.enable",
        "enables a person's account",
        Costly,
        OnePerson,
        "Somebody gets in who should not.",
    ),
    (
        "user.reset",
        "resets a person's password or second factor",
        Costly,
        OnePerson,
        "Somebody takes over the account.",
    ),
    (
        "vendor.allow",
        "lets a vendor's system back in",
        Costly,
        WholeClient,
        "What the vendor was frozen for comes back.",
    ),
    (
        "vendor.freeze",
        "cuts off a vendor's system",
        Costly,
        WholeClient,
        "What the vendor delivers is missing.",
    ),
];

static CATALOG: LazyLock<Vec<Action>> = LazyLock::new(|| {
    let action = |&(class, sentence, reversibility, blast, harm): &Row| Action {
        class: class.to_owned(),
        sentence: sentence.to_owned(),
        reversibility,
        blast,
        harm: harm.to_owned(),
        stop: STOPS.contains(&class),
    };
    ROWS.iter().map(action).collect()
});

/// Every class, sorted by name.
pub fn catalog() -> &'static [Action] {
    &CATALOG
}

/// The class of this name.
pub fn action(class: &str) -> Option<&'static Action> {
    let at = CATALOG.binary_search_by(|one| one.class.as_str().cmp(class)).ok()?;
    CATALOG.get(at)
}

/// Whether a class only reads. A class that is not of the catalogue, a charter's own too, is taken to act.
pub fn reads(class: &str) -> bool {
    READS.contains(&class)
}
