//! Groups, agents, who answers for them, and their life.

use serde::{Deserialize, Serialize};
use writ_model::{Actor, AgentId, Cx, GroupId, PersonId, Timestamp};

use super::{
    check::{self, NAME, SAYS_YES, SENTENCE, WORKS},
    described,
};
use crate::{
    accountability::Missing,
    agent::{AgentKind, Autonomy, Life},
    fact::{Fact, Subject, TerminationConfirmed},
    refusal::{self, Refusal},
    state::{GROUP_DEPTH, State},
};

/// LIMIT: agents in one tenant, the ended included.
const AGENTS: usize = 50_000;
/// LIMIT: groups in one tenant.
const GROUPS: usize = 1_000;
/// LIMIT: models or data classes of one agent.
const WORDS: usize = 32;
/// LIMIT: terminators of one agent or group.
const TERMINATORS: usize = 16;

/// What is said of an agent when it is observed or proposed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAgent {
    /// Its name, unique among the living here.
    pub name: String,
    /// What kind of identity.
    pub kind: AgentKind,
    /// What it is for.
    pub purpose: String,
    /// Whose it is.
    #[serde(default)]
    pub owner: Option<PersonId>,
    /// Its group.
    #[serde(default)]
    pub group: Option<GroupId>,
    /// Its models.
    #[serde(default)]
    pub models: Vec<String>,
    /// The data it touches.
    #[serde(default)]
    pub data_classes: Vec<String>,
    /// How far it acts alone.
    #[serde(default)]
    pub autonomy: Autonomy,
    /// When an observed one must be governed.
    #[serde(default)]
    pub deadline: Option<Timestamp>,
}

pub(super) fn create_group(
    state: &State,
    cx: &Cx,
    name: String,
    parent: Option<GroupId>,
) -> Result<Vec<Fact>, Refusal> {
    check::acts(state, cx, WORKS)?;
    check::text("name", &name, NAME)?;
    check::bound("groups", state.groups.len() + 1, GROUPS)?;
    if state.groups.values().any(|group| group.name == name) {
        return Err(check::taken("group", &name, refusal::TAKEN));
    }
    if let Some(parent) = parent {
        known_group(state, parent)?;
        if state.group_chain(Some(parent)).len() >= GROUP_DEPTH {
            let what = format!("groups may be {GROUP_DEPTH} deep, no deeper");
            return Err(Refusal::new(refusal::GROUPS, "parent", what, "Choose a higher parent."));
        }
    }
    Ok(vec![Fact::GroupCreated { group: GroupId::new(cx), name, parent }])
}

fn known_group(state: &State, id: GroupId) -> Result<(), Refusal> {
    let known = state.groups.contains_key(&id);
    if known { Ok(()) } else { Err(Refusal::unknown("group", &id.to_string())) }
}

fn sound(state: &State, new: &NewAgent) -> Result<(), Refusal> {
    check::text("name", &new.name, NAME)?;
    check::text("purpose", &new.purpose, SENTENCE)?;
    check::bound("agents", state.agents.len() + 1, AGENTS)?;
    check::bound("models", new.models.len(), WORDS)?;
    check::bound("data_classes", new.data_classes.len(), WORDS)?;
    for word in new.models.iter().chain(&new.data_classes) {
        check::text("models or data_classes", word, NAME)?;
    }
    if new.name.starts_with("agt_") {
        let what = "a name may not begin with `agt_`".to_owned();
        return Err(Refusal::new(refusal::TEXT, "name", what, "Choose another name."));
    }
    if let Some(owner) = new.owner {
        check::seat(state, owner, "owner")?;
    }
    new.group.map_or(Ok(()), |group| known_group(state, group))
}

pub(super) fn observe(state: &State, cx: &Cx, new: NewAgent) -> Result<Vec<Fact>, Refusal> {
    check::acts(state, cx, WORKS)?;
    sound(state, &new)?;
    if state.names.contains_key(&new.name) {
        return Err(check::taken("agent", &new.name, refusal::TAKEN));
    }
    if new.deadline.is_none_or(|deadline| deadline <= cx.now()) {
        let what = "an observed agent needs a deadline in the future".to_owned();
        let cure = "Say by when it must be governed or ended.";
        return Err(Refusal::new(refusal::LIFE, "deadline", what, cure));
    }
    Ok(vec![Fact::AgentObserved(described(AgentId::new(cx), new))])
}

pub(super) fn propose(state: &State, cx: &Cx, new: NewAgent) -> Result<Vec<Fact>, Refusal> {
    check::acts(state, cx, WORKS)?;
    sound(state, &new)?;
    let known = state.names.get(&new.name).and_then(|id| state.agents.get(id));
    let id = match known {
        None => AgentId::new(cx),
        Some(agent) if agent.life == Life::Observed => agent.described.agent,
        Some(agent) => return Err(check::taken("agent", agent.name(), refusal::TAKEN)),
    };
    Ok(vec![Fact::AgentProposed(described(id, NewAgent { deadline: None, ..new }))])
}

type Said = (Option<PersonId>, Option<PersonId>, Vec<PersonId>);

pub(super) fn set_accountability(
    state: &State,
    cx: &Cx,
    subject: Subject,
    (authorizer, auditor, mut terminators): Said,
) -> Result<Vec<Fact>, Refusal> {
    check::acts(state, cx, WORKS)?;
    match subject {
        Subject::Agent(id) => drop(check::living(state, id)?.name()),
        Subject::Group(id) => known_group(state, id)?,
    }
    terminators.sort_unstable();
    terminators.dedup();
    check::bound("terminators", terminators.len(), TERMINATORS)?;
    let named = [("authorizer", authorizer), ("auditor", auditor)];
    for (field, person) in named {
        person.map_or(Ok(()), |id| check::seat(state, id, field).map(drop))?;
    }
    for id in &terminators {
        check::seat(state, *id, "terminators")?;
    }
    if let (Some(one), Some(two)) = (authorizer, auditor)
        && one == two
    {
        let what = Missing::SamePerson(one).words(state);
        return Err(Refusal::new(refusal::ANSWERS, "auditor", what, "Name somebody else."));
    }
    Ok(vec![Fact::AccountabilitySet { subject, authorizer, auditor, terminators }])
}

pub(super) fn activate(state: &State, cx: &Cx, id: AgentId) -> Result<Vec<Fact>, Refusal> {
    check::acts(state, cx, SAYS_YES)?;
    let agent = check::living(state, id)?;
    match agent.life {
        Life::Proposed | Life::Chartered => {}
        Life::Observed => {
            return Err(check::life(agent, "Propose it first, with what it is for."));
        }
        Life::Active => return Err(check::life(agent, "Nothing is left to do.")),
        Life::Held { .. } | Life::Quarantined { .. } => {
            return Err(check::life(agent, "Release it instead."));
        }
        Life::Terminated { .. } => return Err(check::life(agent, "Propose a new one.")),
    }
    let mut facts = chartered(state, id)?;
    facts.push(Fact::AgentActivated { agent: id });
    Ok(facts)
}

/// The charter fact of an agent whose answers are complete; refused with everything that is missing.
fn chartered(state: &State, id: AgentId) -> Result<Vec<Fact>, Refusal> {
    let agent = check::agent(state, id)?;
    let answers = state.answers(agent);
    let missing = state.missing(&answers);
    let (Some((authorizer, _)), Some((auditor, _)), true) =
        (answers.authorizer, answers.auditor, missing.is_empty())
    else {
        let words: Vec<String> = missing.iter().map(|one| one.words(state)).collect();
        let cures: Vec<String> = missing.iter().map(Missing::cure).collect();
        let what = format!("{} cannot act: {}", agent.name(), words.join("; "));
        return Err(Refusal::new(refusal::ANSWERS, "accountability", what, &cures.join(" ")));
    };
    let terminators = answers.terminators.iter().map(|(person, _)| *person).collect();
    Ok(vec![Fact::AgentChartered { agent: id, authorizer, auditor, terminators }])
}

pub(super) fn hold(
    state: &State,
    cx: &Cx,
    id: AgentId,
    reason: String,
) -> Result<Vec<Fact>, Refusal> {
    check::acts(state, cx, WORKS)?;
    check::text("reason", &reason, SENTENCE)?;
    let agent = check::living(state, id)?;
    if agent.life != Life::Active {
        return Err(check::life(agent, "Only an active agent can be put on hold."));
    }
    Ok(vec![Fact::AgentHeld { agent: id, reason }])
}

pub(super) fn release(state: &State, cx: &Cx, id: AgentId) -> Result<Vec<Fact>, Refusal> {
    check::acts(state, cx, SAYS_YES)?;
    let agent = check::living(state, id)?;
    if !matches!(agent.life, Life::Held { .. } | Life::Quarantined { .. }) {
        return Err(check::life(agent, "Only a held or quarantined agent can be released."));
    }
    chartered(state, id)?;
    Ok(vec![Fact::AgentReleased { agent: id }])
}

pub(super) fn quarantine(
    state: &State,
    cx: &Cx,
    id: AgentId,
    reason: String,
) -> Result<Vec<Fact>, Refusal> {
    check::acts(state, cx, WORKS)?;
    check::text("reason", &reason, SENTENCE)?;
    let agent = check::living(state, id)?;
    if matches!(agent.life, Life::Quarantined { .. }) {
        return Err(check::life(agent, "Nothing is left to do."));
    }
    Ok(vec![Fact::AgentQuarantined { agent: id, reason }])
}

pub(super) fn confirm(
    state: &State,
    cx: &Cx,
    confirmed: TerminationConfirmed,
) -> Result<Vec<Fact>, Refusal> {
    if !matches!(cx.actor(), Actor::System { .. }) {
        return Err(Refusal::internal("actor", "only a gateway confirms a termination"));
    }
    let agent = check::agent(state, confirmed.agent)?;
    if agent.lives() {
        return Err(check::life(agent, "Only an ended agent is confirmed."));
    }
    if state.confirmed.contains_key(&(confirmed.agent, confirmed.gateway)) {
        return Ok(Vec::new());
    }
    Ok(vec![Fact::TerminationConfirmed(confirmed)])
}
