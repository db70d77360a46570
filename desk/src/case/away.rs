//! Away: who answers approvals in somebody's place, and until when.
//!
//! Never here: whether a deputy counts (`authority`).

use serde::Deserialize;
use writ_authority::{Command, State};
use writ_model::Timestamp;

use super::show;
use crate::{
    Desk, DeskError, Who,
    view::{Acted, AwayView},
};

/// Who answers in one's place.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AwayBody {
    /// Somebody of one's own party, by id or name.
    pub deputy: String,
    /// Until when; at most sixty days.
    pub until: Timestamp,
}

impl Desk {
    /// Who is away at a client, and who answers for them.
    ///
    /// # Errors
    /// If the asker is not seated there.
    pub async fn away(&self, who: &Who, client: &str) -> Result<Vec<AwayView>, DeskError> {
        let view = self.seat(who, client).await?;
        Ok(rows(&view.state, who, self.now()))
    }

    /// Lets somebody of one's own party answer in one's place: asks for the signature.
    ///
    /// # Errors
    /// If the deputy is not visible or cannot stand in.
    pub async fn set_away(
        &self,
        who: &Who,
        client: &str,
        body: AwayBody,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let deputy = self.person(&view.state, "deputy", &body.deputy).await?;
        let command = Command::SetAway { deputy, until: body.until };
        self.done(view.tenant, who, command).await
    }

    /// One is back.
    ///
    /// # Errors
    /// If one was not away.
    pub async fn end_away(&self, who: &Who, client: &str) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        self.done(view.tenant, who, Command::EndAway {}).await
    }
}

/// Who is away now.
pub(super) fn rows(state: &State, who: &Who, now: Timestamp) -> Vec<AwayView> {
    let away = state.away.iter().filter(|(_, away)| now < away.until);
    away.map(|(person, away)| AwayView {
        client: show::client(state),
        person: show::person(state, *person),
        deputy: show::person(state, away.deputy),
        until: away.until,
        you: *person == who.person,
    })
    .collect()
}
