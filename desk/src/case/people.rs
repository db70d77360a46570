//! People and their seats.

use serde::Deserialize;
use writ_authority::Command;
use writ_model::{PersonId, Role, Side};

use crate::{
    Desk, DeskError, Who,
    view::{Acted, PersonRow},
};

/// A person of the provider to seat at a client. Everybody else is invited.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPerson {
    /// Who: a person of the provider, by id or name.
    pub person: String,
    /// In which roles.
    pub roles: Vec<Role>,
}

impl Desk {
    /// The people of a client, those who left included.
    ///
    /// # Errors
    /// If the asker is not seated there.
    pub async fn people(&self, who: &Who, client: &str) -> Result<Vec<PersonRow>, DeskError> {
        self.seats_for(who, &self.seat(who, client).await?.state).await
    }

    /// Seats a person of the provider at a client.
    ///
    /// # Errors
    /// If they are not of the provider, a role is refused, or the actor may not.
    pub async fn seat_person(
        &self,
        who: &Who,
        client: &str,
        body: NewPerson,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let provider = self.provider_view().await?;
        let person = self.person(&provider.state, "person", &body.person).await?;
        let known = provider.state.people.get(&person).filter(|one| one.active());
        let name = known.map(|one| one.name.clone()).ok_or_else(|| {
            let what = "only people of the provider are seated; everybody else is invited";
            DeskError::bad("person", what, "Invite them, or name somebody of the provider.")
        })?;
        let (person, side, roles) = (Some(person), Side::Provider, body.roles);
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
        let person = self.person(&view.state, "person", person).await?;
        self.done(view.tenant, who, Command::PersonLeaves { person }).await
    }

    /// Erases the name of somebody who left: a line says so, and then the key of their name is destroyed. By their id: a
    /// name may be of somebody else too by now.
    ///
    /// # Errors
    /// If they have a seat or an open invitation here, were erased before, or the actor is no owner of their side.
    pub async fn erase_person(
        &self,
        who: &Who,
        client: &str,
        person: &str,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let none = || DeskError::not_visible("person", person);
        let person: PersonId = person.parse().map_err(|_bad| none())?;
        self.done(view.tenant, who, Command::ErasePerson { person }).await
    }
}
