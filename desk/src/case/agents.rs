//! Agents: lists, the badge, and taking one into the register.

use serde::Deserialize;
use writ_authority::{
    Agent, Command, Life, State,
    agent::{AgentKind, Autonomy},
    command::NewAgent,
    decide::GRACE,
    fact::Subject,
};
use writ_model::{AgentId, Timestamp};

use super::{resolve, show};
use crate::{
    Desk, DeskError, Who,
    view::{Acted, ActsForRow, AgentRow, AgentView, AskHint, InstanceView, NextStep},
};

/// Which agents.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentFilter {
    /// Only of this client, by id or short name.
    #[serde(default)]
    pub client: Option<String>,
    /// Only in this stage of life: `observed`, `proposed`, `active`, `held`, `quarantined`, `terminated`, or `living`.
    #[serde(default)]
    pub life: Option<String>,
    /// Only with these letters in name or purpose, case aside.
    #[serde(default)]
    pub q: Option<String>,
}

/// An agent to take into the register.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAgentBody {
    /// Its name, unique among the living at this client.
    pub name: String,
    /// What kind of identity.
    pub kind: AgentKind,
    /// What it is for, one sentence.
    pub purpose: String,
    /// Whose it is in daily work, by id or name.
    #[serde(default)]
    pub owner: Option<String>,
    /// Its group, by id or name.
    #[serde(default)]
    pub group: Option<String>,
    /// Its models.
    #[serde(default)]
    pub models: Vec<String>,
    /// The data it touches.
    #[serde(default)]
    pub data_classes: Vec<String>,
    /// How far it acts alone.
    #[serde(default)]
    pub autonomy: Autonomy,
    /// It runs already and nobody answers for it: write it down as observed.
    #[serde(default)]
    pub observed: bool,
    /// By when an observed one must be governed.
    #[serde(default)]
    pub deadline: Option<Timestamp>,
}

impl Desk {
    /// Agents over all clients the asker is seated at, by client and name; at most [`Desk::ROWS`].
    ///
    /// # Errors
    /// If the client named is not visible.
    pub async fn agents(
        &self,
        who: &Who,
        filter: &AgentFilter,
    ) -> Result<Vec<AgentRow>, DeskError> {
        let views = match &filter.client {
            Some(client) => vec![self.seat(who, client).await?],
            None => self.seats(who).await?,
        };
        let q = filter.q.as_deref().unwrap_or_default().to_lowercase();
        let mut rows = Vec::new();
        for view in views {
            let state = &view.state;
            let fits = |agent: &&std::sync::Arc<Agent>| {
                let life = filter.life.as_deref().is_none_or(|life| {
                    life == agent.life.word() || (life == "living" && agent.lives())
                });
                let said = &agent.described;
                // A drill's shadow is nobody's agent.
                life && agent.shadow_of.is_none()
                    && (q.is_empty()
                        || said.name.to_lowercase().contains(&q)
                        || said.purpose.to_lowercase().contains(&q))
            };
            let mut here: Vec<AgentRow> =
                state.agents.values().filter(fits).map(|one| show::agent(state, one)).collect();
            here.sort_by(|one, two| one.name.cmp(&two.name));
            rows.extend(here);
            if rows.len() >= Self::ROWS {
                rows.truncate(Self::ROWS);
                break;
            }
        }
        Ok(rows)
    }

    /// One agent's badge.
    ///
    /// # Errors
    /// If it is not visible.
    pub async fn agent(
        &self,
        who: &Who,
        client: &str,
        agent: &str,
    ) -> Result<AgentView, DeskError> {
        let view = self.seat(who, client).await?;
        let state = &view.state;
        let agent = resolve::agent(state, agent)?;
        let id = agent.described.agent;
        let answers = state.answers(agent);
        let missing = show::missing(state, &state.missing(&answers));
        let of = Some(Subject::Agent(id));
        let mut grants = Vec::new();
        for (grant, given) in state.grants_of(agent) {
            let mut shown = show::grant(state, grant, given, of);
            shown.used = self.used(grant, given.at).await?;
            grants.push(shown);
        }
        let mut timeline = self.lines_about(&view, id).await?;
        timeline.reverse();
        timeline.truncate(Self::TIMELINE);
        let (mut steps, hints) = steps(agent, !missing.is_empty());
        let (above, below) = (state.acts_for(id), state.below(id));
        if agent.lives() && above.is_empty() && agent.shadow_of.is_none() {
            steps.push(NextStep::Delegate);
        }
        let row = |id: &AgentId| acts_for(state, *id);
        let stops_at = (agent.life == Life::Active)
            .then(|| state.incomplete_since(agent).map(|since| since + GRACE))
            .flatten();
        Ok(AgentView {
            row: show::agent(state, agent),
            autonomy: agent.described.autonomy,
            models: agent.described.models.clone(),
            data_classes: agent.described.data_classes.clone(),
            deadline: agent.described.deadline,
            acts_for: above.iter().filter_map(row).collect(),
            sub_agents: below.iter().take(Self::ROWS).filter_map(row).collect(),
            answers: show::answers(state, &answers),
            missing,
            stops_at,
            instances: instances(state, agent),
            grants,
            timeline,
            receipt: self.receipt_of(view.tenant, id).await?,
            steps,
            hints,
            tree_size: view.size,
        })
    }

    /// Proposes an agent, or writes down one that runs ungoverned.
    ///
    /// # Errors
    /// If the name is taken, a text is refused, or the actor may not.
    pub async fn add_agent(
        &self,
        who: &Who,
        client: &str,
        body: NewAgentBody,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let state = &view.state;
        let owner = match body.owner {
            Some(name) => Some(self.person(state, "owner", &name).await?),
            None => None,
        };
        let group = body.group.map(|name| resolve::group(state, &name)).transpose()?;
        let new = NewAgent {
            name: body.name,
            kind: body.kind,
            purpose: body.purpose,
            owner,
            group,
            models: body.models,
            data_classes: body.data_classes,
            autonomy: body.autonomy,
            deadline: body.deadline,
        };
        let command = if body.observed { Command::Observe(new) } else { Command::Propose(new) };
        self.done(view.tenant, who, command).await
    }
}

fn instances(state: &State, agent: &Agent) -> Vec<InstanceView> {
    state
        .instances_of(agent.described.agent)
        .map(|(id, one)| InstanceView {
            instance: id,
            label: one.label.clone(),
            jkt: one.jkt.clone(),
            enrolled_at: one.enrolled_at,
            ended_at: one.ended_at,
        })
        .collect()
}

fn acts_for(state: &State, id: AgentId) -> Option<ActsForRow> {
    let agent = state.agents.get(&id)?;
    Some(ActsForRow { agent: id, name: agent.name().to_owned(), life: agent.life.word() })
}

/// What could be done with an agent now, whoever asks; `authority` decides when somebody does.
fn steps(agent: &Agent, missing: bool) -> (Vec<NextStep>, Vec<AskHint>) {
    use NextStep as Step;
    let mut steps = match agent.life {
        Life::Observed => vec![Step::Propose],
        Life::Proposed | Life::Chartered => vec![Step::Activate],
        Life::Active => vec![Step::Hold],
        Life::Held { .. } | Life::Quarantined { .. } => vec![Step::Release],
        Life::Terminated { .. } => return (Vec::new(), Vec::new()),
    };
    let mut hints = Vec::new();
    if missing {
        let waits = |step: &Step| matches!(step, Step::Activate | Step::Release);
        for step in steps.extract_if(.., |step| waits(step)) {
            let why = "The three answers are not complete.".to_owned();
            hints.push(AskHint { step, why });
        }
    }
    if !matches!(agent.life, Life::Quarantined { .. }) {
        steps.push(Step::Quarantine);
    }
    steps.extend([
        Step::SetAccountability,
        Step::GiveGrant,
        Step::OfferEnrollment,
        Step::Terminate,
    ]);
    (steps, hints)
}
