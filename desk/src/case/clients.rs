//! Clients: the list, and adding one.

use serde::Deserialize;
use writ_authority::{Command, State, command, fact::LedgerFounded, queue};
use writ_model::{PersonId, PersonName, Role, Side, TenantId};
use writ_store::View;

use super::show;
use crate::{Desk, DeskError, Who, view::ClientRow};

/// A client to add.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewClient {
    /// Its name.
    pub name: String,
    /// Its short name: 2 to 40 lower-case letters, digits and hyphens.
    pub slug: String,
}

type Seat = (PersonId, PersonName, Side, Vec<Role>);

impl Desk {
    /// The clients that the asker is seated at, by name.
    ///
    /// # Errors
    /// If nothing is founded, or the store fails.
    pub async fn clients(&self, who: &Who) -> Result<Vec<ClientRow>, DeskError> {
        let views = self.seats(who).await?;
        Ok(views.iter().map(|view| self.client_row(view)).collect())
    }

    /// One client.
    ///
    /// # Errors
    /// If the asker is not seated there.
    pub async fn client(&self, who: &Who, client: &str) -> Result<ClientRow, DeskError> {
        Ok(self.client_row(self.seat(who, client).await?.as_ref()))
    }

    fn client_row(&self, view: &View<State>) -> ClientRow {
        let state = &view.state;
        let own = |agent: &&std::sync::Arc<writ_authority::Agent>| agent.shadow_of.is_none();
        let living = || state.agents.values().filter(|agent| agent.lives()).filter(own);
        ClientRow {
            client: show::client(state),
            since: state.people.values().map(|one| one.seated_at).min(),
            agents: living().count(),
            active: living().filter(|agent| agent.life == writ_authority::Life::Active).count(),
            waiting: queue::waiting(state, self.now()).len(),
            people: state.people.values().filter(|one| one.active()).count(),
            lines: view.size,
        }
    }

    /// Adds a client: founds its ledger with a key of its own, seats the acting person there, then lists it in the
    /// provider's ledger. Repeating it after a crash finishes what was begun.
    ///
    /// # Errors
    /// If the short name is taken, or the actor may not.
    pub async fn add_client(&self, who: &Who, body: NewClient) -> Result<ClientRow, DeskError> {
        let _turn = self.inner.founding.lock().await;
        let provider = self.provider_view().await?;
        let half = self.half_founded(&body.slug).await?;
        let none = TenantId::from_bytes([0; 16]);
        let client = half.unwrap_or_else(|| TenantId::new(&self.cx(none, who.actor())));
        let (name, slug) = (body.name, body.slug);
        let listing = Command::AddClient { client, name: name.clone(), slug: slug.clone() };
        // Asked before anything is written, so that a refused client leaves no ledger behind.
        let cx = self.cx(provider.tenant, who.actor());
        crate::oidc::may(&provider.state, who, &listing, &cx)?;
        command::decide(&provider.state, listing.clone(), &cx)?;
        if half.is_none() {
            let founded = LedgerFounded {
                tenant: client,
                side: Side::Client,
                name,
                slug: slug.clone(),
                provider: Some(provider.tenant),
                checkpoint_key: self.checkpoint_key_of(client).await?,
            };
            let people = first_seats(&provider.state, who.person);
            self.act_as(client, who, Command::Found { founded, people }).await?;
        }
        self.act_as(provider.tenant, who, listing).await?;
        if let Err(fault) = self.mirror(client).await {
            tracing::error!(%client, error = %fault, "passkeys not copied; the sweep will");
        }
        self.client(who, &slug).await
    }
}

/// Who is seated at a new client: the acting person in their own roles and, if they cannot say yes, the provider's
/// owners, so that somebody can.
fn first_seats(provider: &State, acting: PersonId) -> Vec<Seat> {
    let seat = |id: PersonId| {
        let known = provider.people.get(&id)?;
        Some((id, known.name.clone(), Side::Provider, known.roles.clone()))
    };
    let says_yes = provider
        .people
        .get(&acting)
        .is_some_and(|person| person.has(Role::Owner) || person.has(Role::Approver));
    let owners = provider
        .people
        .iter()
        .filter(|(id, person)| **id != acting && person.active() && person.has(Role::Owner))
        .map(|(id, _)| *id)
        .filter(|_| !says_yes);
    std::iter::once(acting).chain(owners).filter_map(seat).collect()
}
