//! Decisions waiting: what a person has to decide in one tenant, oldest risk first, with what happens if nobody does.
//! Never here: how it is shown. To add a kind: a variant of [`Ask`], its arm in [`waiting`], its words.

use serde::Serialize;
use writ_model::{AgentId, HoldId, Span, Timestamp};

use crate::{
    accountability::Missing,
    agent::{Agent, Life},
    decide::GRACE,
    state::State,
};

mod catalog;
mod charter;
mod keeping;
mod people;

/// What kind of decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// An active agent lost an answer and will stop.
    AnswerLost,
    /// An agent is on hold.
    Held,
    /// An agent is quarantined.
    Quarantined,
    /// A running identity is ungoverned.
    Observed,
    /// A proposed agent lacks answers or a yes.
    Proposed,
    /// Somebody who was invited made a passkey and waits to be let in.
    Admit,
    /// Somebody who lost their passkeys waits for two people.
    Recovery,
    /// The client has people but nobody of theirs watches the ledger.
    WitnessMissing,
    /// No charter is in force.
    NoCharter,
    /// A charter is proposed and not signed by everybody.
    CharterToSign,
    /// A call or an act waits for approvals.
    Approval,
    /// An agent proposes something that a person does, or not.
    Proposal,
    /// A charter or a clause ends, or is to be looked at again.
    ReviewDue,
    /// A party froze everything.
    Frozen,
    /// A party took back what it delegated.
    Suspended,
    /// Something is only watched, and soon blocked again.
    ObserveEnding,
    /// A drill is due.
    DrillDue,
    /// A message to people could not be delivered; the desk knows.
    Undelivered,
    /// What a server lists changed, or is flagged.
    DefinitionHeld,
    /// The ledger came out of a backup.
    Restored,
    /// A gateway is halted.
    GatewayHalted,
    /// The roster says that something about a gateway is not as it should be; the desk knows.
    GatewayLost,
}

/// One decision waiting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// What kind.
    pub ask: Ask,
    /// About which agent, if about one.
    pub agent: Option<AgentId>,
    /// What waits for approval, if something does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldId>,
    /// Name of the agent, the person or the party.
    pub name: String,
    /// Since when.
    pub since: Timestamp,
    /// When it decides itself, if it does.
    pub deadline: Option<Timestamp>,
    /// What is asked, one sentence.
    pub what: String,
    /// Why, one sentence each.
    pub why: Vec<String>,
    /// What happens if nobody answers.
    pub otherwise: String,
    /// What would cure it.
    pub cure: Vec<String>,
}

/// Everything that waits in a tenant, most pressing first: by deadline, then by age.
pub fn waiting(state: &State, now: Timestamp) -> Vec<Waiting> {
    let mut out: Vec<Waiting> =
        state.agents.values().filter_map(|agent| one(state, agent, now)).collect();
    out.extend(people::waiting(state, now));
    out.extend(charter::waiting(state, now));
    out.extend(keeping::waiting(state, now));
    out.extend(catalog::waiting(state));
    out.sort_by_key(|item| (item.deadline.unwrap_or(item.since + Span::days(365)), item.since));
    out
}

fn after_grace(now: Timestamp, until: Timestamp) -> String {
    if now < until {
        format!("At {until} it is put on hold and every call is refused.")
    } else {
        "Every call is refused already; it is being put on hold.".to_owned()
    }
}

fn one(state: &State, agent: &Agent, now: Timestamp) -> Option<Waiting> {
    // A shadow is ended by its drill.
    if agent.shadow_of.is_some() {
        return None;
    }
    let missing = state.missing(&state.answers(agent));
    let why: Vec<String> = missing.iter().map(|one| one.words(state)).collect();
    let cure: Vec<String> = missing.iter().map(Missing::cure).collect();
    let name = agent.name().to_owned();
    let id = agent.described.agent;
    let item = |ask, since, deadline, what: String, otherwise: String| Waiting {
        ask,
        agent: Some(id),
        hold: None,
        name: name.clone(),
        since,
        deadline,
        what,
        why: why.clone(),
        otherwise,
        cure: cure.clone(),
    };
    match &agent.life {
        Life::Active => {
            let since = state.incomplete_since(agent)?;
            let until = since + GRACE;
            let otherwise = after_grace(now, until);
            let what = format!("{name} is active but no longer fully answered for");
            Some(item(Ask::AnswerLost, since, Some(until), what, otherwise))
        }
        Life::Held { reason } => {
            let what = format!("{name} is on hold: {reason}");
            let otherwise = "It stays on hold; every call is refused.".to_owned();
            Some(item(Ask::Held, agent.life_since, None, what, otherwise))
        }
        Life::Quarantined { reason } => {
            let what = format!("{name} is quarantined: {reason}");
            let otherwise = "It stays quarantined; every call is refused.".to_owned();
            Some(item(Ask::Quarantined, agent.life_since, None, what, otherwise))
        }
        Life::Observed => {
            let what = format!("{name} runs without anybody answering for it");
            let deadline = agent.described.deadline;
            let otherwise = match deadline {
                Some(at) if now >= at => "Its deadline has passed: govern it or end it.".to_owned(),
                Some(at) => format!("It is to be governed or ended by {at}."),
                None => "It goes on ungoverned.".to_owned(),
            };
            Some(item(Ask::Observed, agent.life_since, deadline, what, otherwise))
        }
        Life::Proposed | Life::Chartered => {
            let what = if missing.is_empty() {
                format!("{name} is fully answered for and waits for somebody to activate it")
            } else {
                format!("{name} is proposed, and cannot be activated yet")
            };
            let otherwise = "It stays switched off.".to_owned();
            Some(item(Ask::Proposed, agent.life_since, None, what, otherwise))
        }
        Life::Terminated { .. } => None,
    }
}
