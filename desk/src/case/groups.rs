//! Groups of agents.

use serde::Deserialize;
use writ_authority::{
    Accountability, Agent, Command, State, agent::AgentKind, fact::AgentDescribed,
};
use writ_model::{AgentId, GroupId};

use super::{resolve, show};
use crate::{
    Desk, DeskError, Who,
    view::{Acted, GroupRow},
};

/// A group to make.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewGroup {
    /// Its name.
    pub name: String,
    /// The group it inherits from, by id or name.
    #[serde(default)]
    pub parent: Option<String>,
}

impl Desk {
    /// The groups of a client, by name.
    ///
    /// # Errors
    /// If the asker is not seated there.
    pub async fn groups(&self, who: &Who, client: &str) -> Result<Vec<GroupRow>, DeskError> {
        let view = self.seat(who, client).await?;
        let mut rows: Vec<GroupRow> =
            view.state.groups.keys().map(|id| row(&view.state, *id)).collect();
        rows.sort_by(|one, two| one.name.cmp(&two.name));
        Ok(rows)
    }

    /// Makes a group.
    ///
    /// # Errors
    /// If the name is taken, the tree would be too deep, or the actor may not.
    pub async fn create_group(
        &self,
        who: &Who,
        client: &str,
        body: NewGroup,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let parent = body.parent.map(|name| resolve::group(&view.state, &name)).transpose()?;
        let command = Command::CreateGroup { name: body.name, parent };
        self.done(view.tenant, who, command).await
    }
}

fn row(state: &State, id: GroupId) -> GroupRow {
    let answers = state.answers(&member(id));
    let inside = |agent: &&std::sync::Arc<Agent>| {
        agent.group() == Some(id) && agent.lives() && agent.shadow_of.is_none()
    };
    let parent = state.groups.get(&id).and_then(|group| group.parent);
    GroupRow {
        group: id,
        name: show::group(state, id).name,
        parent: parent.map(|id| show::group(state, id)),
        agents: state.agents.values().filter(inside).count(),
        missing: show::missing(state, &state.missing(&answers)),
        answers: show::answers(state, &answers),
    }
}

/// An agent that is nothing but a member of the group, for asking what it would inherit.
fn member(group: GroupId) -> Agent {
    let described = AgentDescribed {
        agent: AgentId::from_bytes([0; 16]),
        name: String::new(),
        kind: AgentKind::Bot,
        purpose: String::new(),
        owner: None,
        group: Some(group),
        models: Vec::new(),
        data_classes: Vec::new(),
        autonomy: writ_authority::Autonomy::default(),
        deadline: None,
    };
    Agent {
        described,
        life: writ_authority::Life::Proposed,
        life_since: writ_model::Timestamp::default(),
        accountability: Accountability::default(),
        epoch: 0,
        touched: 0,
        shadow_of: None,
        first_line: 0,
        owner_line: None,
    }
}
