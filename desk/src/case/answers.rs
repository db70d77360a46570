//! Who answers for an agent or a group.

use serde::Deserialize;
use writ_authority::{Command, State, fact::Subject};

use super::resolve;
use crate::{Desk, DeskError, Who, view::Acted};

/// The answers as they are to stand on one agent or group; what is left out inherits. People by id, or by a name that
/// is unique at the client.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswersBody {
    /// Who authorises.
    #[serde(default)]
    pub authorizer: Option<String>,
    /// Who audits.
    #[serde(default)]
    pub auditor: Option<String>,
    /// Who can end it.
    #[serde(default)]
    pub terminators: Vec<String>,
}

impl AnswersBody {
    async fn command(
        self,
        desk: &Desk,
        state: &State,
        subject: Subject,
    ) -> Result<Command, DeskError> {
        let one = async |field: &str, name: Option<String>| match name {
            Some(name) => desk.person(state, field, &name).await.map(Some),
            None => Ok(None),
        };
        let mut terminators = Vec::with_capacity(self.terminators.len());
        for name in &self.terminators {
            terminators.push(desk.person(state, "terminators", name).await?);
        }
        let authorizer = one("authorizer", self.authorizer).await?;
        let auditor = one("auditor", self.auditor).await?;
        Ok(Command::SetAccountability { subject, authorizer, auditor, terminators })
    }
}

impl Desk {
    /// Says who answers for an agent. Replaces what was set on it before.
    ///
    /// # Errors
    /// If somebody named is not seated, two answers are one person, or the actor may not.
    pub async fn set_accountability(
        &self,
        who: &Who,
        client: &str,
        agent: &str,
        body: AnswersBody,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let id = resolve::agent(&view.state, agent)?.described.agent;
        let command = body.command(self, &view.state, Subject::Agent(id)).await?;
        self.done(view.tenant, who, command).await
    }

    /// Says who answers for a group and everything in it that names nobody itself.
    ///
    /// # Errors
    /// As [`Desk::set_accountability`].
    pub async fn set_group_accountability(
        &self,
        who: &Who,
        client: &str,
        group: &str,
        body: AnswersBody,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let id = resolve::group(&view.state, group)?;
        let command = body.command(self, &view.state, Subject::Group(id)).await?;
        self.done(view.tenant, who, command).await
    }
}
