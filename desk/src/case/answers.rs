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
    fn command(self, state: &State, subject: Subject) -> Result<Command, DeskError> {
        let one = |field: &str, name: Option<String>| {
            name.map(|name| resolve::person(state, field, &name)).transpose()
        };
        Ok(Command::SetAccountability {
            subject,
            authorizer: one("authorizer", self.authorizer)?,
            auditor: one("auditor", self.auditor)?,
            terminators: self
                .terminators
                .iter()
                .map(|name| resolve::person(state, "terminators", name))
                .collect::<Result<_, _>>()?,
        })
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
        let command = body.command(&view.state, Subject::Agent(id))?;
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
        let command = body.command(&view.state, Subject::Group(id))?;
        self.done(view.tenant, who, command).await
    }
}
