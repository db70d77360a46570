//! Agents ended for good: one with whatever acts for it, or many in one act; agents that act for others; which gateways
//! an ending reached.
//!
//! SECURITY: ending is a stop: either party alone, never governed by a charter, and everything that an act names is ended
//! in one append. Whom it takes is said by a rule (all, a group, a vendor), so that nothing which comes in between can
//! make the signature void.
//! To end by another rule: a variant of [`Whom`] and of [`Ended`], its arm in [`chosen`], its sentence in `signed/text/`.

use std::collections::BTreeSet;

use writ_model::{AgentId, Cx, Role};

use super::{
    Whom,
    check::{self, NAME, SENTENCE, WORKS},
};
use crate::{
    agent::Agent,
    fact::{AgentsTerminated, ENDED_A_LINE, Ended, Fact, REACHED_A_LINE, TerminationReached},
    refusal::{self, Refusal, cut},
    state::{DELEGATION_DEPTH, State},
};

/// LIMIT: agents that are named one by one, each with its name in the signed text; more are a group or a vendor.
pub const NAMED: usize = 200;

/// Either party alone can end an agent: its terminators, and every owner. What acts for it ends with it.
pub(super) fn terminate(
    state: &State,
    cx: &Cx,
    id: AgentId,
    reason: &str,
) -> Result<Vec<Fact>, Refusal> {
    check::text("reason", reason, SENTENCE)?;
    let agent = check::living(state, id)?;
    if agent.shadow_of.is_some() && !names(state, cx, agent) {
        check::acts(state, cx, WORKS)?;
    } else {
        may_end(state, cx, agent)?;
    }
    let mut facts = vec![Fact::AgentTerminated { agent: id, reason: reason.to_owned() }];
    facts.extend(lines(&state.below(id), (&Ended::Below(id), 1), reason));
    Ok(facts)
}

/// The acting person is one of those who can end it.
fn names(state: &State, cx: &Cx, agent: &Agent) -> bool {
    let person = cx.actor().person();
    person
        .is_some_and(|person| state.answers(agent).terminators.iter().any(|(id, _)| *id == person))
}

fn may_end(state: &State, cx: &Cx, agent: &Agent) -> Result<(), Refusal> {
    match cx.actor().person() {
        Some(person) if names(state, cx, agent) => check::seat(state, person, "actor").map(drop),
        _ => check::acts(state, cx, &[Role::Owner]),
    }
}

/// Every agent that an act names, and whatever acts for them: owners of either party, or whoever can end each of them.
pub(super) fn terminate_many(
    state: &State,
    cx: &Cx,
    whom: &Whom,
    reason: &str,
) -> Result<Vec<Fact>, Refusal> {
    check::text("reason", reason, SENTENCE)?;
    check::person(cx)?;
    let chosen = chosen(state, whom)?;
    if check::acts(state, cx, &[Role::Owner]).is_err() {
        for agent in chosen.iter().filter_map(|id| state.agents.get(id)) {
            may_end(state, cx, agent)?;
        }
    }
    let what = match whom {
        Whom::All => Ended::All,
        Whom::Group(id) => Ended::Group(*id),
        Whom::Vendor(word) => Ended::Vendor(word.clone()),
        Whom::Agents(_) => Ended::Agents,
    };
    Ok(lines(&with_below(state, &chosen), (&what, 0), reason))
}

/// The agents that an act would end now, in the order of their ids.
///
/// # Errors
/// If there is no such group or agent, or nothing living is named.
pub fn would_end(state: &State, whom: &Whom) -> Result<Vec<AgentId>, Refusal> {
    Ok(with_below(state, &chosen(state, whom)?))
}

/// These and what acts for them.
fn with_below(state: &State, chosen: &[AgentId]) -> Vec<AgentId> {
    let below = chosen.iter().flat_map(|id| state.below(*id));
    let all: BTreeSet<AgentId> = chosen.iter().copied().chain(below).collect();
    all.into_iter().collect()
}

/// The living that an act names, without what acts for them. A shadow is ended by its drill.
fn chosen(state: &State, whom: &Whom) -> Result<Vec<AgentId>, Refusal> {
    let living = state.agents.values().filter(|agent| agent.lives() && agent.shadow_of.is_none());
    let ids = |some: &mut dyn Iterator<Item = &std::sync::Arc<Agent>>| {
        some.map(|agent| agent.described.agent).collect::<Vec<_>>()
    };
    let (chosen, words) = match whom {
        Whom::All => (ids(&mut { living }), "agent".to_owned()),
        Whom::Group(id) => {
            if !state.groups.contains_key(id) {
                return Err(Refusal::unknown("group", &id.to_string()));
            }
            let inside = |agent: &&std::sync::Arc<Agent>| {
                state.group_chain(agent.group()).iter().any(|(group, _)| group == id)
            };
            (ids(&mut living.filter(inside)), "agent of this group".to_owned())
        }
        Whom::Vendor(word) => {
            check::text("vendor", word, NAME)?;
            let wanted = words(word);
            if wanted.is_empty() {
                let what = format!("vendor `{}` has no letter or digit", cut(word));
                let cure = "Write a word of the model's name.";
                return Err(Refusal::new(refusal::TEXT, "vendor", what, cure));
            }
            let uses = |agent: &&std::sync::Arc<Agent>| {
                agent.described.models.iter().any(|model| has_words(model, &wanted))
            };
            (ids(&mut living.filter(uses)), format!("agent with a model of `{}`", cut(word)))
        }
        Whom::Agents(list) => (named(state, list)?, "agent".to_owned()),
    };
    if chosen.is_empty() {
        let what = format!("no {words} lives here");
        let cure = "Nothing is left to end; check the name if you expected some.";
        return Err(Refusal::new(refusal::UNKNOWN, "whom", what, cure));
    }
    Ok(chosen)
}

fn named(state: &State, list: &[AgentId]) -> Result<Vec<AgentId>, Refusal> {
    check::bound("agents named", list.len(), NAMED)?;
    let sorted: BTreeSet<AgentId> = list.iter().copied().collect();
    for id in &sorted {
        if check::living(state, *id)?.shadow_of.is_some() {
            let what = format!("{} rehearses an ending", state.agent_name(*id));
            return Err(Refusal::new(refusal::DRILL, "agents", what, "Leave it to its drill."));
        }
    }
    Ok(sorted.into_iter().collect())
}

/// The words of a name in lower case: what stands between signs that are neither letter nor digit.
fn words(name: &str) -> Vec<String> {
    let parts = name.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
    parts.map(str::to_lowercase).collect()
}

/// Whether a model's name has these words, in a row.
fn has_words(model: &str, wanted: &[String]) -> bool {
    words(model).windows(wanted.len().max(1)).any(|some| some == wanted)
}

/// The lines of an ending; the first of them is this one of its act.
fn lines(agents: &[AgentId], (what, first): (&Ended, u32), reason: &str) -> Vec<Fact> {
    let parts = agents.chunks(ENDED_A_LINE).zip(first..);
    parts
        .map(|(agents, part)| {
            let (agents, what, reason) = (agents.to_vec(), what.clone(), reason.to_owned());
            Fact::AgentsTerminated(Box::new(AgentsTerminated { agents, what, reason, part }))
        })
        .collect()
}

/// That an agent acts for another one is for life: it takes away from it, and nobody gives that back.
pub(super) fn delegate(
    state: &State,
    cx: &Cx,
    agent: AgentId,
    by: AgentId,
) -> Result<Vec<Fact>, Refusal> {
    check::acts(state, cx, WORKS)?;
    let (one, other) = (check::living(state, agent)?, check::living(state, by)?);
    let refuse =
        |what: String, cure: &str| Err(Refusal::new(refusal::DELEGATION, "by", what, cure));
    if one.shadow_of.or(other.shadow_of).is_some() {
        let what = "a shadow acts for nobody, and nobody for it".to_owned();
        return refuse(what, "Name the agent that it rehearses.");
    }
    if let Some(before) = state.acting_for.get(&agent) {
        let what = format!("{} acts for {} already", one.name(), state.agent_name(*before));
        return refuse(what, "It stays so; end it and propose a new one to change it.");
    }
    let above = state.acts_for(by);
    if agent == by || above.contains(&agent) {
        let what = format!("{} would act for itself", one.name());
        return refuse(what, "Name an agent that does not act for it.");
    }
    let depth = above.len() + 2 + state.delegation_depth(agent);
    if depth > DELEGATION_DEPTH {
        let what =
            format!("{depth} agents would act one for the other; at most {DELEGATION_DEPTH} may");
        return refuse(what, "Let it act for one that is nearer to the first.");
    }
    Ok(vec![Fact::AgentDelegated { agent, by }])
}

/// Which gateways an ending reached, those that are written down already left out.
pub(super) fn reach(
    state: &State,
    cx: &Cx,
    reached: TerminationReached,
) -> Result<Vec<Fact>, Refusal> {
    check::system(cx)?;
    let TerminationReached { line, mut targets } = reached;
    let Some(ending) = state.endings.get(&line) else {
        return Err(Refusal::unknown("line", &format!("{line}, as one that ended something")));
    };
    targets.sort_by_key(|target| (target.gateway, target.boot));
    targets.dedup_by_key(|target| (target.gateway, target.boot));
    targets.retain(|one| !state.reached.contains_key(&(line, one.gateway, one.boot)));
    // Clocks differ a little; nothing is reached before it is ended.
    for target in &mut targets {
        target.at = target.at.max(ending.at);
    }
    let parts = targets.chunks(REACHED_A_LINE).map(|targets| {
        let targets = targets.to_vec();
        Fact::TerminationReached(Box::new(TerminationReached { line, targets }))
    });
    Ok(parts.collect())
}
