//! Decisions about people that wait: somebody to let in, a recovery to confirm, a ledger nobody watches for the client.
//! Never here: agents (`queue.rs`), or what a witness says of a ledger (the desk knows).

use writ_model::{Side, Timestamp};

use super::{Ask, Waiting};
use crate::{
    command::{CONFIRM, CONFIRMERS},
    state::{Person, State},
};

pub(super) fn waiting(state: &State, now: Timestamp) -> Vec<Waiting> {
    joined(state).chain(recoveries(state, now)).chain(unwatched(state)).collect()
}

fn joined(state: &State) -> impl Iterator<Item = Waiting> {
    state.joined.iter().filter_map(|(id, joined)| {
        let one = state.invitations.get(id).filter(|one| one.open())?;
        let name = one.says.name.written();
        let roles = Person::words(one.says.side, &one.says.roles);
        let by = one.by.map_or_else(|| "Writ".to_owned(), |by| state.person_name(by));
        Some(Waiting {
            ask: Ask::Admit,
            agent: None,
            hold: None,
            since: joined.at,
            deadline: None,
            what: format!("{name} made a passkey and waits to be admitted"),
            why: vec![
                format!("{by} invited them as {roles}"),
                // Not the fingerprint: it is to be heard from them, not copied from here.
                "only they can say the fingerprint that their own screen shows".to_owned(),
            ],
            otherwise: "They stay outside and can do nothing.".to_owned(),
            cure: vec![
                "Call them on a number you know, hear the fingerprint, then admit them.".to_owned(),
                "If it is another one, withdraw the invitation.".to_owned(),
            ],
            name,
        })
    })
}

fn recoveries(state: &State, now: Timestamp) -> impl Iterator<Item = Waiting> {
    state.recoveries.values().filter(|one| one.open()).filter_map(move |one| {
        let (_, at) = one.offered.as_ref()?;
        let deadline = one.says.expires + CONFIRM;
        if deadline <= now {
            return None;
        }
        let name = state.person_name(one.says.person);
        let by: Vec<String> = one.confirmed.iter().map(|id| state.person_name(*id)).collect();
        let by = if by.is_empty() { "nobody".to_owned() } else { by.join(", ") };
        Some(Waiting {
            ask: Ask::Recovery,
            agent: None,
            hold: None,
            since: *at,
            deadline: Some(deadline),
            what: format!("{name} lost their passkeys and made a new one"),
            why: vec![
                format!("{CONFIRMERS} people have to confirm it; so far {by} has"),
                "only they can say the fingerprint that their own screen shows".to_owned(),
            ],
            otherwise: "The new passkey signs nothing, and the recovery ends.".to_owned(),
            cure: vec![
                "Hear the fingerprint from them in person or by telephone, then confirm."
                    .to_owned(),
                "If it is another one, refuse the recovery.".to_owned(),
            ],
            name,
        })
    })
}

fn unwatched(state: &State) -> Option<Waiting> {
    if state.own_side() != Some(Side::Client) || state.watching(Side::Client).next().is_some() {
        return None;
    }
    let first = state.seated(Side::Client).map(|(_, person)| person.seated_at).min()?;
    let of_client = state.witnesses.values().filter(|one| one.says.side == Side::Client);
    let last = of_client.filter_map(|one| one.removed_at).max();
    let name = state.party_name().to_owned();
    Some(Waiting {
        ask: Ask::WitnessMissing,
        agent: None,
        hold: None,
        since: last.unwrap_or(first),
        deadline: None,
        what: format!("nobody watches this ledger for {name}"),
        why: vec![
            "without a witness of its own, the client only has its provider's word".to_owned(),
        ],
        otherwise: "A rewritten history would go unnoticed at the client.".to_owned(),
        cure: vec!["Run `writ witness` on a machine of the client and name it here.".to_owned()],
        name,
    })
}
