//! Decisions about running Writ that wait: a ledger that came out of a backup, gateways that are halted.
//! Never here: what the roster says of processes (the desk knows).

use std::sync::Arc;

use writ_model::{Span, Timestamp};

use super::{Ask, Waiting};
use crate::{
    agent::{Agent, Life},
    state::{Halted, State},
};

/// How long a restored ledger is told of after nothing is on hold by it any more.
const TOLD: Span = Span::days(7);

pub(super) fn waiting(state: &State, now: Timestamp) -> Vec<Waiting> {
    let halted = state.halted.values().map(|halt| halted(state, halt));
    restored(state, now).into_iter().chain(halted).collect()
}

impl State {
    /// Agents that are still on hold because this ledger came out of a backup.
    pub fn held_by_restore(&self) -> usize {
        let Some((_, at, _)) = self.restored else { return 0 };
        let held =
            |agent: &&Arc<Agent>| agent.life_since == at && matches!(agent.life, Life::Held { .. });
        self.agents.values().filter(held).count()
    }
}

fn restored(state: &State, now: Timestamp) -> Option<Waiting> {
    let (_, at, says) = state.restored.as_ref()?;
    let held = state.held_by_restore();
    if held == 0 && *at + TOLD <= now {
        return None;
    }
    let missing = match (says.witnessed, says.gap) {
        (None, _) => "no witness was asked, so nobody knows what is missing".to_owned(),
        (Some(_), 0) => "a witness saw nothing that is missing".to_owned(),
        (Some(_), gap) => format!("a witness saw {gap} lines that are lost"),
    };
    let name = state.party_name().to_owned();
    Some(Waiting {
        ask: Ask::Restored,
        agent: None,
        hold: None,
        since: *at,
        deadline: None,
        what: format!("this ledger came out of a backup of {}; {held} agents wait", says.backup_at),
        why: vec![
            missing,
            "whatever was ended, taken back or refused after the backup is in the lost lines".to_owned(),
        ],
        otherwise: "Every agent stays on hold; every call is refused.".to_owned(),
        cure: vec![
            "Go through agents, grants, people and their passkeys, and end or take back again what was."
                .to_owned(),
            "Then release each agent that may go on, by signature.".to_owned(),
        ],
        name,
    })
}

fn halted(state: &State, halt: &Halted) -> Waiting {
    let says = &halt.says;
    let by = match (&says.by, halt.by) {
        (Some(by), _) => format!("{by}, at its machine"),
        (None, Some(person)) => state.person_name(person),
        (None, None) => "Writ".to_owned(),
    };
    Waiting {
        ask: Ask::GatewayHalted,
        agent: None,
        hold: None,
        since: says.at,
        deadline: None,
        what: format!("the gateway {} is halted: {}", says.gateway, says.reason),
        why: vec![format!("{by} halted it")],
        otherwise: "It refuses everything.".to_owned(),
        cure: vec!["Look into the reason, then let it serve again.".to_owned()],
        name: says.gateway.to_string(),
    }
}
