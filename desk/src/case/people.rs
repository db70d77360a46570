//! People and their seats.

use serde::Deserialize;
use writ_authority::Command;
use writ_model::{PersonId, Role, Side};

use super::{resolve, show};
use crate::{
    Desk, DeskError, Who,
    view::{Acted, PersonRow},
};

/// A person to seat.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPerson {
    /// Their name. Left out, the name they have at the provider; then `person` must be given.
    #[serde(default)]
    pub name: Option<String>,
    /// A person who is seated elsewhere already, by id; a new one if it is left out.
    #[serde(default)]
    pub person: Option<PersonId>,
    /// For which party.
    pub side: Side,
    /// In which roles.
    pub roles: Vec<Role>,
}

impl Desk {
    /// The people of a client, those who left included.
    ///
    /// # Errors
    /// If the asker is not seated there.
    pub async fn people(&self, who: &Who, client: &str) -> Result<Vec<PersonRow>, DeskError> {
        Ok(show::seats(&self.seat(who, client).await?.state))
    }

    /// Seats a person.
    ///
    /// # Errors
    /// If a name or role is refused, or the actor may not.
    pub async fn seat_person(
        &self,
        who: &Who,
        client: &str,
        body: NewPerson,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let NewPerson { name, person, side, roles } = body;
        let provider = self.provider_view().await?;
        let at_provider = person.and_then(|id| provider.state.people.get(&id));
        if at_provider.is_some() && side != Side::Provider {
            let what = "a person of the provider is seated for the provider everywhere";
            return Err(DeskError::bad("side", what, "Use side `provider`, or seat a new person."));
        }
        let known = name.or_else(|| at_provider.map(|one| one.name.clone()));
        let name =
            known.ok_or_else(|| DeskError::bad("name", "no name was given", "Name them."))?;
        let command = Command::SeatPerson { person, name, side, roles };
        self.done(view.tenant, who, command).await
    }

    /// Ends a person's seat.
    ///
    /// # Errors
    /// If they are the last owner of their side, or the actor may not.
    pub async fn person_leaves(
        &self,
        who: &Who,
        client: &str,
        person: &str,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let person = resolve::person(&view.state, "person", person)?;
        self.done(view.tenant, who, Command::PersonLeaves { person }).await
    }
}
