//! The names in a request: of every id that its text shows, as the ledger says. They are part of what is signed, so that
//! a text cannot show one name while the ledger means another; who checks compares them with the state.
//!
//! Keys are ids, or `word:id` where the text has to say what somebody is to the act (`authorizer:prs_…`).
//! To let another command be signed: its arm in [`of`].

use std::collections::BTreeMap;

use writ_charter::Charter;
use writ_model::{AgentId, HoldId, PersonId, text::quote};

use super::{holds, text};
use crate::{
    command::{Command, Whom, scopes},
    fact::{DefinitionApproved, Subject, WhyHeld},
    state::{Person, State},
};

type Names = BTreeMap<String, String>;

/// The names for an act of a person.
#[expect(clippy::unnested_or_patterns, reason = "the list of what is never signed is one pattern")]
pub(super) fn of(state: &State, person: PersonId, act: &Command) -> Names {
    let mut names = Names::new();
    names.insert(state.tenant.to_string(), state.party_name().to_owned());
    names.insert(person.to_string(), state.person_name(person));
    match act {
        Command::Activate { agent } | Command::Release { agent } => {
            insert_agent(&mut names, state, *agent);
            insert_answers(&mut names, state, *agent);
        }
        Command::Terminate { .. }
        | Command::TerminateMany { .. }
        | Command::Delegate { .. }
        | Command::ServeGateway { .. } => insert_ending(&mut names, state, act),
        Command::GiveGrant(grant) => insert_subject(&mut names, state, grant.subject),
        Command::SetAccountability { subject, authorizer, auditor, terminators } => {
            insert_subject(&mut names, state, *subject);
            let people = authorizer.iter().chain(auditor).chain(terminators);
            names.extend(people.map(|id| (id.to_string(), state.person_name(*id))));
        }
        Command::PersonLeaves { person }
        | Command::Offboard { person, .. }
        | Command::ErasePerson { person }
        | Command::AskRecovery { person, .. } => {
            names.insert(person.to_string(), state.person_name(*person));
        }
        Command::AdmitPerson { person, .. } => insert_invited(&mut names, state, *person),
        Command::RevokePasskey { passkey, .. } => {
            if let Some(key) = state.passkeys.get(passkey) {
                names.insert(passkey.to_string(), key.says.label.clone());
                let whose = key.says.person;
                names.insert(format!("owner:{whose}"), state.person_name(whose));
            }
        }
        Command::ConfirmRecovery { recovery, .. } => {
            if let Some(known) = state.recoveries.get(recovery) {
                let whose = known.says.person;
                names.insert(recovery.to_string(), state.person_name(whose));
            }
        }
        Command::RemoveWitness { witness, .. } => {
            let known = state.witnesses.get(witness);
            names.extend(known.map(|known| (witness.to_string(), known.says.name.clone())));
        }
        Command::SignCharter { charter } => names.extend(of_charter(state, charter)),
        Command::Approve { hold, .. } => insert_hold(&mut names, state, *hold),
        Command::ApproveDefinition(approved) => insert_definition(&mut names, state, approved),
        Command::SetAway { deputy, .. } => {
            names.insert(deputy.to_string(), state.person_name(*deputy));
        }
        Command::SetObserve { subject: Some(subject), .. } => {
            insert_subject(&mut names, state, *subject);
        }
        Command::ResumeDelegation { clause: Some(clause) } => {
            let here = state.charter.iter().flat_map(|one| &one.charter.clauses);
            if let Some(known) = here.into_iter().find(|one| one.key == *clause) {
                names.insert(format!("clause:{clause}"), known.title.clone());
            }
        }
        // What these show is in the command itself; the rest is never signed.
        Command::SeatPerson { .. }
        | Command::InvitePerson { .. }
        | Command::AddPasskey { .. }
        | Command::NameWitness { .. }
        | Command::AllowExport { .. }
        | Command::SetKeyPolicy { .. }
        | Command::LinkLogin { .. }
        | Command::ResumeDelegation { clause: None }
        | Command::Thaw {}
        | Command::SetObserve { subject: None, .. }
        | unsigned!() => {}
    }
    names
}

fn insert_agent(names: &mut Names, state: &State, id: AgentId) {
    names.insert(id.to_string(), state.agent_name(id));
}

fn insert_ending(names: &mut Names, state: &State, act: &Command) {
    match act {
        Command::Terminate { agent, .. } => {
            insert_agent(names, state, *agent);
            // Not which: one more or less would make the signature void, and an ending loses no race.
            if !state.below(*agent).is_empty() {
                let says = "Every agent that acts for it ends with it.".to_owned();
                names.insert("says:000".to_owned(), says);
            }
        }
        Command::TerminateMany { whom: Whom::Agents(list), .. } => {
            for id in list {
                insert_agent(names, state, *id);
            }
        }
        Command::TerminateMany { whom: Whom::Group(id), .. } => {
            insert_subject(names, state, Subject::Group(*id));
        }
        Command::Delegate { agent, by } => {
            insert_agent(names, state, *agent);
            insert_agent(names, state, *by);
        }
        Command::ServeGateway { gateway } => {
            if let Some(halt) = state.halted.get(gateway) {
                let (at, why) = (text::clock(halt.says.at), quote(&halt.says.reason));
                names.insert("says:000".to_owned(), format!("It was halted at {at}: {why}"));
            }
        }
        // All, and a vendor, are in the command itself.
        _ => {}
    }
}

fn insert_subject(names: &mut Names, state: &State, subject: Subject) {
    match subject {
        Subject::Agent(agent) => insert_agent(names, state, agent),
        Subject::Group(id) => {
            if let Some(group) = state.groups.get(&id) {
                names.insert(id.to_string(), group.name.clone());
            }
        }
    }
}

/// Who answers for an agent is part of letting it act.
fn insert_answers(names: &mut Names, state: &State, id: AgentId) {
    let Some(agent) = state.agents.get(&id) else {
        return;
    };
    let answers = state.answers(agent);
    let single = [("authorizer", answers.authorizer), ("auditor", answers.auditor)];
    let single = single.into_iter().filter_map(|(word, one)| Some((word, one?.0)));
    let ending = answers.terminators.iter().map(|(person, _)| ("terminator", *person));
    for (word, person) in single.chain(ending) {
        names.insert(format!("{word}:{person}"), state.person_name(person));
    }
}

/// Somebody who is no person here yet: what their invitation says.
fn insert_invited(names: &mut Names, state: &State, person: PersonId) {
    let Some(known) = state.invited.get(&person).and_then(|id| state.invitations.get(id)) else {
        return;
    };
    names.insert(person.to_string(), known.says.name.written());
    let roles = Person::words(known.says.side, &known.says.roles);
    names.insert(format!("as:{person}"), roles);
}

/// The agents and groups that a charter's scopes name.
pub(crate) fn of_charter(state: &State, charter: &Charter) -> Names {
    let mut names = Names::new();
    for scope in scopes(charter) {
        for id in &scope.agents {
            insert_agent(&mut names, state, *id);
        }
        for id in &scope.groups {
            insert_subject(&mut names, state, Subject::Group(*id));
        }
    }
    names
}

/// Why a definition waits, and what its server says of it, are not in the command either.
fn insert_definition(names: &mut Names, state: &State, approved: &DefinitionApproved) {
    let DefinitionApproved { server, thing, name, to, .. } = approved;
    let Some(pin) = state.pin(server, *thing, name) else {
        return;
    };
    let mut says = Vec::new();
    match pin.waiting.as_ref().filter(|waiting| waiting.digest == *to) {
        Some(waiting) => {
            says.push(match waiting.why {
                WhyHeld::Changed => "It is not what it was before.".to_owned(),
                WhyHeld::Flagged => "It is new, and it is flagged.".to_owned(),
                WhyHeld::New => "It is new.".to_owned(),
            });
            says.push(format!("Its server says of it: {}", quote(&waiting.summary)));
            if !waiting.flags.is_empty() {
                says.push(format!("It is flagged by {}.", waiting.flags.join(", ")));
            }
        }
        None => says.push("It was refused before.".to_owned()),
    }
    let lines = says.into_iter().enumerate();
    names.extend(lines.map(|(at, line)| (format!("says:{at:03}"), line)));
}

/// What waits is not in the command that approves it: its sentences are.
fn insert_hold(names: &mut Names, state: &State, id: HoldId) {
    let Some(hold) = state.holds.get(&id) else {
        return;
    };
    let lines = holds::says(state, hold).into_iter().enumerate();
    names.extend(lines.map(|(at, line)| (format!("says:{at:03}"), line)));
}
