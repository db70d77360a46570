//! What waits, in the sentences that its approver signs: composed from the state, and part of what is signed as names.
//!
//! SECURITY: whoever checks composes them again from the ledger, so a page cannot show another call or act than waits.
//! Never here: the arguments of a call; their digest is signed, and the page that shows them computes it from them.

use writ_model::text::quote;

use super::{Request, names, text};
use crate::{
    fact::{HeldAct, HeldCall},
    grant::Surface,
    state::{Hold, State, Waits},
};

/// The sentences about a hold.
pub fn says(state: &State, hold: &Hold) -> Vec<String> {
    let mut out = match &hold.waits {
        Waits::Call(call) => of_call(state, call),
        Waits::Act(act) => of_act(state, act),
    };
    let version = state.charter_by_id(hold.charter()).map(|one| one.charter.version.to_string());
    out.push(format!(
        "Charter {} asks for it: {}.",
        version.unwrap_or_else(|| hold.charter().to_string()),
        text::quotes(hold.clauses(), "and")
    ));
    out.push(format!("It can be done once, until {}.", text::clock(hold.expires())));
    out
}

fn of_call(state: &State, call: &HeldCall) -> Vec<String> {
    let verb = match call.surface {
        Surface::Tool => "call the tool",
        Surface::Resource => "read the resource",
        Surface::Prompt => "get the prompt",
    };
    let who = quote(&state.agent_name(call.agent));
    let (name, server) = (quote(&call.name), quote(&call.server));
    let mut out = vec![
        format!("{who} may {verb} {name} on the server {server}, once, as it asked."),
        format!("Its id is {}.", call.agent),
        format!("It counts as {}.", text::quotes(&call.actions, "and")),
    ];
    let money = call.amount.iter();
    out.extend(money.map(|money| format!("It moves {} {}.", money.amount, money.currency)));
    out
}

fn of_act(state: &State, held: &HeldAct) -> Vec<String> {
    let request = Request {
        v: super::VERSION,
        tenant: state.tenant,
        person: held.person,
        origin: String::new(),
        made: held.expires,
        expires: held.expires,
        act: held.act.clone(),
        names: names::of(state, held.person, &held.act),
    };
    let who = quote(&state.person_name(held.person));
    let mut out = vec![format!("{who} asks for this, and it is done with the last approval:")];
    out.extend(text::act(&request, &quote(state.party_name())));
    out
}
