//! Lines about many agents, formats, gateways, backups and what servers list that no receipt made so: which of them may stand.
//!
//! Each is decided again by its command, as whoever it says wrote it.
//! SECURITY: many agents are ended by signature alone; the only such line without one ends what acted for an agent that
//! Writ itself ended on the line before. A person's halt is undone by signature alone.
//! To add a kind: its command in [`command`].

use writ_model::Actor;

use super::{Fault, again, kind, needs};
use crate::{
    command::Command,
    fact::{AgentsTerminated, Ended, Entry, Fact},
    refusal,
    state::State,
};

pub(super) fn may_stand(state: &State, entry: &Entry) -> Result<(), Fault> {
    match &entry.fact {
        Fact::AgentsTerminated(ended) => below(state, entry, ended),
        fact => match command(entry, fact) {
            Some(command) => again(state, entry, command),
            None => needs(entry),
        },
    }
}

fn command(entry: &Entry, fact: &Fact) -> Option<Command> {
    let system = matches!(entry.actor, Actor::System { .. });
    Some(match fact.clone() {
        Fact::FormatRaised { format } => Command::RaiseFormat { format },
        Fact::AgentDelegated { agent, by } => Command::Delegate { agent, by },
        Fact::TerminationReached(reached) => Command::ReachTermination(reached),
        Fact::GatewayHalted(halted) if system => Command::NoteHalt(halted),
        Fact::GatewayHalted(halted) => {
            Command::HaltGateway { gateway: halted.gateway, reason: halted.reason }
        }
        Fact::GatewayResumed(resumed) if system => Command::NoteServed(resumed),
        Fact::LedgerRestored(restored) => Command::RestoreLedger(restored),
        Fact::DefinitionsSeen(seen) => Command::SeeDefinitions(seen),
        Fact::DefinitionRefused(refused) => Command::RefuseDefinition(refused),
        Fact::UpstreamConnected(says) => Command::ConnectUpstream(says),
        Fact::UpstreamDisconnected { server, holder, reason } => {
            Command::DisconnectUpstream { server, holder, reason }
        }
        _ => return None,
    })
}

/// What acted for an agent that Writ itself ended, all of it, directly after.
fn below(state: &State, entry: &Entry, ended: &AgentsTerminated) -> Result<(), Fault> {
    let (Actor::System { .. }, Ended::Below(agent)) = (&entry.actor, &ended.what) else {
        return needs(entry);
    };
    let act = state.ending_of(*agent).filter(|(first, act)| {
        act.last + 1 == state.size && first + u64::from(ended.part) == state.size
    });
    let left = state.below(*agent);
    let due = left.get(..ended.agents.len()).is_some_and(|due| due == ended.agents.as_slice());
    if act.is_some() && due && !ended.agents.is_empty() {
        return Ok(());
    }
    let what = format!("this {} is not what acted for the one that was ended", kind(&entry.fact));
    Err((refusal::RECEIPT_REFUSED, what))
}
