//! The text of a request: what its signer reads, on a telephone, before the passkey is touched.
//!
//! A pure function of the request, so that any verifier shows the same words. What stands between “ and ” is somebody
//! else's text; hidden letters and the marks themselves are written out. Nothing that decides the act is left out: what
//! a command allows is short enough to be shown whole.
//! To let another command be signed: its arms in [`title`] and [`of`], short sentences, a golden text.

use writ_model::{PersonId, Timestamp, text::quote};

use super::Request;
use crate::{
    command::Command,
    condition::{ArgRule, Condition},
    fact::Subject,
    grant::{Grant, Surface},
    passkey::{Attestation, KeyPolicy, Passkey},
    state::Person,
};

mod catalog;
mod charter;
mod ending;

pub(super) fn quotes(list: &[String], last: &str) -> String {
    row(&list.iter().map(|one| quote(one)).collect::<Vec<_>>(), last)
}

/// `a, b or c`.
fn row(list: &[String], last: &str) -> String {
    match list {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [rest @ .., end] => format!("{} {last} {end}", rest.join(", ")),
    }
}

/// `2026-11-22 03:04:05 UTC`.
pub(super) fn clock(at: Timestamp) -> String {
    let text = at.to_string();
    let (day, rest) = text.split_once('T').unwrap_or((&text, ""));
    let time = rest.split('.').next().unwrap_or_default();
    format!("{day} {time} UTC")
}

impl Request {
    fn name(&self, id: &impl ToString) -> String {
        let id = id.to_string();
        self.names.get(&id).map_or(id, |name| quote(name))
    }

    /// Sentences that were composed from the state.
    fn said(&self) -> Vec<String> {
        let said = |(key, line): (&String, &String)| key.starts_with("says:").then(|| line.clone());
        self.names.iter().filter_map(said).collect()
    }

    /// Names of those who are something to the act.
    fn those(&self, word: &str) -> Vec<String> {
        let of_word = |(key, name): (&String, &String)| {
            let (before, _) = key.split_once(':')?;
            (before == word).then(|| quote(name))
        };
        self.names.iter().filter_map(of_word).collect()
    }
}

/// A few words.
pub(super) fn title(request: &Request) -> String {
    let name = |id: &dyn ToString| request.name(&id.to_string());
    match request.act.as_ref() {
        Command::Activate { agent } => format!("Let {} act", name(agent)),
        Command::Release { agent } => format!("Let {} go on", name(agent)),
        Command::Terminate { agent, .. } => format!("End {} for good", name(agent)),
        Command::GiveGrant(grant) => format!("Give {} a grant", subject(request, grant.subject)),
        Command::SetAccountability { subject: of, .. } => {
            format!("Say who answers for {}", subject(request, *of))
        }
        Command::SeatPerson { name, .. } => format!("Seat {}", quote(&name.written())),
        Command::PersonLeaves { person } => format!("End the seat of {}", name(person)),
        Command::Offboard { person, .. } => format!("Offboard {}", name(person)),
        Command::ErasePerson { person } => format!("Erase {}", name(person)),
        Command::InvitePerson { name, .. } => format!("Invite {}", quote(&name.written())),
        Command::AdmitPerson { person, .. } => format!("Admit {}", name(person)),
        Command::AddPasskey { key } => format!("Add your passkey {}", quote(&key.label)),
        Command::RevokePasskey { passkey, .. } => format!("Revoke the passkey {}", name(passkey)),
        Command::AskRecovery { person, .. } => format!("Begin a recovery of {}", name(person)),
        Command::ConfirmRecovery { recovery, .. } => {
            format!("Confirm the new passkey of {}", name(recovery))
        }
        Command::NameWitness { name, .. } => format!("Name the witness {}", quote(name)),
        Command::RemoveWitness { witness, .. } => format!("Remove the witness {}", name(witness)),
        Command::AllowExport { .. } => "Allow an export".to_owned(),
        Command::SetKeyPolicy { .. } => "Set which passkeys are taken".to_owned(),
        Command::LinkLogin { issuer, .. } => format!("Link your login at {}", quote(issuer)),
        Command::SignCharter { .. }
        | Command::ResumeDelegation { .. }
        | Command::Thaw {}
        | Command::Approve { .. }
        | Command::SetAway { .. }
        | Command::SetObserve { .. } => charter::title(request),
        Command::TerminateMany { .. } | Command::Delegate { .. } | Command::ServeGateway { .. } => {
            ending::title(request)
        }
        Command::ApproveDefinition(_) => catalog::title(request),
        unsigned!() => "Nothing that can be signed".to_owned(),
    }
}

/// The whole text.
pub(super) fn of(request: &Request) -> Vec<String> {
    let party = request.name(&request.tenant);
    let mut out = act(request, &party);
    out.push(format!(
        "You sign as {} at {party}, on {}.",
        request.name(&request.person),
        quote(&request.origin)
    ));
    out.push(format!("Asked at {}; valid until {}.", clock(request.made), clock(request.expires)));
    out
}

pub(super) fn act(request: &Request, party: &str) -> Vec<String> {
    let name = |id: &dyn ToString| request.name(&id.to_string());
    match request.act.as_ref() {
        Command::Activate { agent } => {
            let mut out = vec![
                format!("You let {} of {party} act, inside its grants.", name(agent)),
                format!("Its id is {agent}."),
            ];
            out.extend(answers(request));
            out
        }
        Command::Release { agent } => {
            let mut out = vec![
                format!("You let {} of {party} go on, inside its grants.", name(agent)),
                format!("Its id is {agent}."),
            ];
            out.extend(answers(request));
            out
        }
        Command::GiveGrant(given) => grant(request, given, party),
        Command::SetAccountability { subject: of, authorizer, auditor, terminators } => {
            let one = |id: &Option<PersonId>| {
                id.map_or_else(|| "as its group says".to_owned(), |id| name(&id))
            };
            let ending: Vec<String> = terminators.iter().map(|id| name(id)).collect();
            let ending =
                if ending.is_empty() { "as its group says".to_owned() } else { row(&ending, "or") };
            vec![
                format!("You say who answers for {} of {party}.", subject(request, *of)),
                format!("Authorised by: {}.", one(authorizer)),
                format!("Audited by: {}.", one(auditor)),
                format!("Can be ended by: {ending}."),
            ]
        }
        Command::AllowExport { until } => vec![
            format!("You may have everything that {party} keeps here exported."),
            format!("This holds until {}.", clock(*until)),
        ],
        Command::LinkLogin { issuer, subject } => vec![
            format!("Whoever signs in at {} as {} is you.", quote(issuer), quote(subject)),
            "A passkey is still needed to sign.".to_owned(),
        ],
        Command::SeatPerson { .. }
        | Command::PersonLeaves { .. }
        | Command::Offboard { .. }
        | Command::ErasePerson { .. }
        | Command::InvitePerson { .. }
        | Command::AdmitPerson { .. } => seats(request, party),
        Command::AddPasskey { .. }
        | Command::RevokePasskey { .. }
        | Command::AskRecovery { .. }
        | Command::ConfirmRecovery { .. }
        | Command::SetKeyPolicy { .. }
        | Command::NameWitness { .. }
        | Command::RemoveWitness { .. } => keys(request, party),
        Command::SignCharter { .. }
        | Command::ResumeDelegation { .. }
        | Command::Thaw {}
        | Command::Approve { .. }
        | Command::SetAway { .. }
        | Command::SetObserve { .. } => charter::of(request, party),
        Command::Terminate { .. }
        | Command::TerminateMany { .. }
        | Command::Delegate { .. }
        | Command::ServeGateway { .. } => ending::of(request, party),
        Command::ApproveDefinition(_) => catalog::of(request, party),
        unsigned!() => vec!["This cannot be signed.".to_owned()],
    }
}

fn because(reason: &str) -> String {
    format!("Reason: {}", quote(reason))
}

fn answers(request: &Request) -> Vec<String> {
    let (one, two) = (request.those("authorizer"), request.those("auditor"));
    vec![
        format!("Authorised by {}; audited by {}.", row(&one, "and"), row(&two, "and")),
        format!("It can be ended by {}.", row(&request.those("terminator"), "or")),
    ]
}

fn subject(request: &Request, subject: Subject) -> String {
    match subject {
        Subject::Agent(id) => request.name(&id),
        Subject::Group(id) => format!("every agent of the group {}", request.name(&id)),
    }
}

fn part(surface: Surface, name: &str) -> String {
    let (verb, noun) = match surface {
        Surface::Tool => ("call", "tool"),
        Surface::Resource => ("read", "resource"),
        Surface::Prompt => ("get", "prompt"),
    };
    match name.strip_suffix('*') {
        Some("") => format!("{verb} any {noun}"),
        Some(start) => format!("{verb} any {noun} whose name begins with {}", quote(start)),
        None => format!("{verb} the {noun} {}", quote(name)),
    }
}

fn grant(request: &Request, given: &Grant, party: &str) -> Vec<String> {
    let who = subject(request, given.subject);
    let what = part(given.surface, &given.name);
    let mut out =
        vec![format!("You let {who} of {party} {what} on the server {}.", quote(&given.server))];
    out.extend(given.rules.iter().map(rule));
    if given.only_named_arguments {
        out.push("No other arguments may be given.".to_owned());
    }
    if let Some(window) = &given.window {
        out.push(format!("Only {}.", quote(&window.words())));
    }
    let limits = given.limits.iter();
    out.extend(limits.map(|one| format!("At most {} times each {}.", one.count, one.per.word())));
    if given.limits.is_empty() {
        out.push("As often as it asks.".to_owned());
    }
    if let Some(from) = given.from {
        out.push(format!("Not before {}.", clock(from)));
    }
    match given.until {
        Some(until) => out.push(format!("Until {}.", clock(until))),
        None => out.push("Without an end, until it is taken back.".to_owned()),
    }
    out.push(because(&given.reason));
    out
}

fn rule(rule: &ArgRule) -> String {
    let path = quote(&rule.path);
    let must = match &rule.must {
        Condition::OneOf(list) => format!("must be {}", quotes(list, "or")),
        Condition::NoneOf(list) => format!("must not be {}", quotes(list, "or")),
        Condition::Like(list) => format!("must look like {} (* is anything)", quotes(list, "or")),
        Condition::AtMost(limit) => format!("must be at most {}", quote(limit)),
        Condition::AtLeast(limit) => format!("must be at least {}", quote(limit)),
        Condition::Is(wanted) => format!("must be {wanted}"),
        Condition::Under(list) => format!("must be inside {}", quotes(list, "or")),
        Condition::Domains(list) => format!("must be addresses of {}", quotes(list, "or")),
        Condition::Size(most) => format!("must have at most {most} letters or items"),
        Condition::Absent => "must not be given".to_owned(),
    };
    let optional = if rule.optional { ", if it is given" } else { "" };
    format!("The argument {path} {must}{optional}.")
}

fn seats(request: &Request, party: &str) -> Vec<String> {
    let name = |id: &dyn ToString| request.name(&id.to_string());
    match request.act.as_ref() {
        Command::SeatPerson { name, side, roles, .. } => {
            let (name, words) = (quote(&name.written()), Person::words(*side, roles));
            vec![format!("You seat {name} at {party} as {words}.")]
        }
        Command::PersonLeaves { person } if *person == request.person => {
            vec![format!("You leave {party}. You can do nothing here afterwards.")]
        }
        Command::PersonLeaves { person } => vec![
            format!("You end the seat of {} at {party}.", name(person)),
            "They can do nothing here afterwards.".to_owned(),
        ],
        Command::Offboard { person, reason } => vec![
            format!("{} works for {party} no more.", name(person)),
            "They are refused everywhere at once.".to_owned(),
            because(reason),
        ],
        Command::ErasePerson { person } => vec![
            format!("You erase the name of {} at {party} for good.", name(person)),
            "Nobody can read it here again: in no line, receipt or message. It does not come back."
                .to_owned(),
            format!("What they did stays, under the id {person}."),
        ],
        Command::InvitePerson { name, side, roles, expires, .. } => vec![
            format!(
                "You invite {} to {party} as {}.",
                quote(&name.written()),
                Person::words(*side, roles)
            ),
            format!("The invitation can be followed until {}.", clock(*expires)),
            "They can do nothing until somebody admits them.".to_owned(),
        ],
        Command::AdmitPerson { person, fingerprint, called } => {
            let roles = request.those("as");
            let mut out = vec![
                format!("You admit {} to {party} as {}.", name(person), row(&roles, "and")),
                format!("The fingerprint of their passkey is {}.", quote(fingerprint)),
            ];
            out.extend(
                called.iter().map(|called| format!("You heard it by a call: {}", quote(called))),
            );
            out
        }
        _ => Vec::new(),
    }
}

fn key(key: &Passkey) -> Vec<String> {
    let kept =
        if key.synced { "may be copied between your devices" } else { "stays in one device" };
    let maker = match &key.attestation {
        Attestation::Checked { .. } => "its maker was checked",
        Attestation::None | Attestation::SelfSigned | Attestation::Unchecked { .. } => {
            "its maker was not checked"
        }
    };
    vec![
        format!("Its fingerprint is {}.", quote(&key.fingerprint())),
        format!("It works on {}. It {kept}; {maker}.", quote(&key.origin)),
    ]
}

fn keys(request: &Request, party: &str) -> Vec<String> {
    let name = |id: &dyn ToString| request.name(&id.to_string());
    match request.act.as_ref() {
        Command::AddPasskey { key: added } => {
            let label = quote(&added.label);
            let mut out = vec![format!("You can also sign at {party} with the passkey {label}.")];
            out.extend(key(added));
            out
        }
        Command::RevokePasskey { passkey, reason } => {
            let whose = row(&request.those("owner"), "and");
            vec![
                format!(
                    "The passkey {} of {whose} signs nothing at {party} any more.",
                    name(passkey)
                ),
                because(reason),
            ]
        }
        Command::AskRecovery { person, reason, expires, .. } => vec![
            format!("You begin to give {} a new passkey at {party}.", name(person)),
            format!("Their link can be followed until {}.", clock(*expires)),
            "Two people have to confirm the new passkey.".to_owned(),
            because(reason),
        ],
        Command::ConfirmRecovery { recovery, fingerprint } => vec![
            format!("You confirm that {} made a new passkey for {party}.", name(recovery)),
            format!("Its fingerprint is {}.", quote(fingerprint)),
            "With the second confirmation all their older passkeys are revoked.".to_owned(),
        ],
        Command::SetKeyPolicy { policy } => vec![match policy {
            KeyPolicy::Any => format!("People of {party} may use any passkey."),
            KeyPolicy::DeviceBound => {
                format!("People of {party} may add only passkeys that never leave one device.")
            }
            KeyPolicy::Attested { aaguids } if aaguids.is_empty() => {
                format!("People of {party} may add only passkeys whose maker is checked.")
            }
            KeyPolicy::Attested { aaguids } => format!(
                "People of {party} may add only passkeys of these checked models: {}.",
                quotes(aaguids, "or")
            ),
        }],
        Command::NameWitness { name, key, side, .. } => vec![
            format!("The witness {} watches the ledger of {party} for the {side}.", quote(name)),
            format!("Its key is {}.", quote(key)),
        ],
        Command::RemoveWitness { witness, reason } => vec![
            format!("The witness {} watches the ledger of {party} no more.", name(witness)),
            because(reason),
        ],
        _ => Vec::new(),
    }
}
