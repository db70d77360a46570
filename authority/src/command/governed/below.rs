//! Acts on a group or on everything: whom a charter names inside, and what holds when it says more than one thing.
//!
//! SECURITY: a clause about one agent is not passed by acting on the group that the agent is in.
//! Never here: which acts are governed.

use std::collections::BTreeSet;

use writ_charter::{Charter, Judgment, Mode};
use writ_model::{AgentId, GroupId};

use super::Command;
use crate::{approval::merged, fact::Subject, state::State};

/// The stricter of two judgments; what both ask and bound holds.
pub(super) fn stricter(one: Judgment, two: Judgment) -> Judgment {
    let (mut out, other) =
        if two.mode.strictness() > one.mode.strictness() { (two, one) } else { (one, two) };
    if let (Mode::Approve { quorum }, Mode::Approve { quorum: more }) = (&mut out.mode, &other.mode)
    {
        *quorum = merged(quorum, more);
    }
    if !matches!(out.mode, Mode::Refuse) {
        let new = |bound: &writ_charter::Bound| !out.bounds.contains(bound);
        let more: Vec<_> = other.bounds.into_iter().filter(new).collect();
        out.bounds.extend(more);
    }
    let new = |key: &String| !out.clauses.contains(key);
    let more: Vec<_> = other.clauses.into_iter().filter(new).collect();
    out.clauses.extend(more);
    out
}

/// Agents and groups that a charter names and that are inside what an act is about, if it is about more than one agent.
pub(super) fn below(
    state: &State,
    charter: &Charter,
    command: &Command,
) -> Vec<(Option<AgentId>, Vec<GroupId>)> {
    let subject = match command {
        Command::GiveGrant(grant) => Some(grant.subject),
        Command::SetAccountability { subject, .. } => Some(*subject),
        Command::SetObserve { subject, .. } => *subject,
        _ => return Vec::new(),
    };
    let of = |group: Option<GroupId>| -> Vec<GroupId> {
        state.group_chain(group).into_iter().map(|(id, _)| id).collect()
    };
    let inside = |groups: &[GroupId]| match subject {
        None => true,
        Some(Subject::Group(id)) => groups.contains(&id),
        Some(Subject::Agent(_)) => false,
    };
    let scopes = || {
        charter.clauses.iter().flat_map(|clause| {
            std::iter::once(&clause.scope).chain(clause.unless.iter().map(|one| &one.scope))
        })
    };
    let agents: BTreeSet<AgentId> =
        scopes().flat_map(|scope| scope.agents.iter().copied()).collect();
    let groups: BTreeSet<GroupId> =
        scopes().flat_map(|scope| scope.groups.iter().copied()).collect();
    let agents = agents.into_iter().filter_map(|id| {
        let chain = of(state.agents.get(&id)?.group());
        inside(&chain).then_some((Some(id), chain))
    });
    let groups = groups.into_iter().filter_map(|id| {
        let chain = of(Some(id));
        inside(&chain).then_some((None, chain))
    });
    agents.chain(groups).collect()
}
