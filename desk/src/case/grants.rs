//! Grants: the list beside their use, giving and taking back.

use serde::Deserialize;
use writ_authority::{
    ArgRule, Command, Grant, Limit, State, Window, fact::Subject, grant::Surface,
};
use writ_model::{GrantId, Timestamp};

use super::{resolve, show};
use crate::{
    Desk, DeskError, Who,
    view::{Acted, GrantView, UseView},
};

/// To whom a grant is given; one of the two, by id or name.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum NewSubject {
    /// One agent.
    Agent(String),
    /// A group and everything in it.
    Group(String),
}

/// A grant to give. Who gives it is who acts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewGrant {
    /// To whom.
    pub subject: NewSubject,
    /// On which server, by its name in the operator's file.
    pub server: String,
    /// Which kind of thing.
    pub surface: Surface,
    /// Its name; a final `*` matches any ending.
    pub name: String,
    /// Conditions on arguments; all must hold.
    #[serde(default)]
    pub rules: Vec<ArgRule>,
    /// Refuse arguments that no rule names.
    #[serde(default)]
    pub only_named_arguments: bool,
    /// When in the week.
    #[serde(default)]
    pub window: Option<Window>,
    /// How often.
    #[serde(default)]
    pub limits: Vec<Limit>,
    /// Not before.
    #[serde(default)]
    pub from: Option<Timestamp>,
    /// Not after.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// Why, in words.
    pub reason: String,
}

impl Desk {
    /// The grants of a client, newest first, revoked ones included; at most [`Desk::ROWS`].
    ///
    /// # Errors
    /// If the asker is not seated there.
    pub async fn grants(&self, who: &Who, client: &str) -> Result<Vec<GrantView>, DeskError> {
        let view = self.seat(who, client).await?;
        let mut rows = Vec::new();
        for (id, given) in view.state.grants.iter().rev().take(Self::ROWS) {
            let mut shown = show::grant(&view.state, *id, given, None);
            shown.used = self.used(*id, given.at).await?;
            rows.push(shown);
        }
        Ok(rows)
    }

    /// Gives a grant.
    ///
    /// # Errors
    /// If it is not well formed, or the actor may not.
    pub async fn give_grant(
        &self,
        who: &Who,
        client: &str,
        body: NewGrant,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let grant = Grant {
            subject: subject(&view.state, &body.subject)?,
            server: body.server,
            surface: body.surface,
            name: body.name,
            rules: body.rules,
            only_named_arguments: body.only_named_arguments,
            window: body.window,
            limits: body.limits,
            from: body.from,
            until: body.until,
            given_by: who.person,
            reason: body.reason,
        };
        self.done(view.tenant, who, Command::GiveGrant(Box::new(grant))).await
    }

    /// Takes a grant back.
    ///
    /// # Errors
    /// If it is revoked already, or the actor may not.
    pub async fn revoke_grant(
        &self,
        who: &Who,
        client: &str,
        grant: &str,
        reason: String,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let grant: GrantId =
            grant.parse().map_err(|_bad| DeskError::not_visible("grant", grant))?;
        self.done(view.tenant, who, Command::RevokeGrant { grant, reason }).await
    }

    /// How a grant was used, counted from activity.
    pub(crate) async fn used(&self, id: GrantId, since: Timestamp) -> Result<UseView, DeskError> {
        let used = self.inner.parts.lake.grant_use(id, since).await?;
        Ok(UseView { count: used.count, first: used.first, last: used.last })
    }
}

fn subject(state: &State, wanted: &NewSubject) -> Result<Subject, DeskError> {
    Ok(match wanted {
        NewSubject::Agent(name) => Subject::Agent(resolve::agent(state, name)?.described.agent),
        NewSubject::Group(name) => Subject::Group(resolve::group(state, name)?),
    })
}
