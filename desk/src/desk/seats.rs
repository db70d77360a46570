//! Who is seated where: the states of the spaces that somebody may see.
//!
//! Never here: what they may do there (`authority`).

use std::sync::Arc;

use writ_authority::State;
use writ_model::TenantId;
use writ_store::View;

use super::gone;
use crate::{Desk, DeskError, Who};

impl Desk {
    /// The space of a client by its id or short name; the provider's own too.
    pub(crate) async fn tenant_of(&self, name: &str) -> Result<TenantId, DeskError> {
        let provider = self.provider_view().await?;
        let own = &provider.state;
        let id = name.parse::<TenantId>().ok();
        let founded = own.founded.as_ref();
        if id == Some(own.tenant) || founded.is_some_and(|line| line.slug == name) {
            return Ok(own.tenant);
        }
        let known = own.clients.values().find(|one| Some(one.client) == id || one.slug == name);
        known.map(|one| one.client).ok_or_else(|| DeskError::not_visible("client", name))
    }

    /// The state of a client that the asker is seated at. One that they are not seated at looks like one that is not.
    pub(crate) async fn seat(&self, who: &Who, name: &str) -> Result<Arc<View<State>>, DeskError> {
        let view = self.tenants().view(self.tenant_of(name).await?).await?;
        if seated(&view.state, who) && !gone(&self.provider_view().await?.state, who.person) {
            return Ok(view);
        }
        Err(DeskError::not_visible("client", name))
    }

    /// The states of every client that the asker is seated at, by name.
    pub(crate) async fn seats(&self, who: &Who) -> Result<Vec<Arc<View<State>>>, DeskError> {
        let mut out = Vec::new();
        if gone(&self.provider_view().await?.state, who.person) {
            return Ok(out);
        }
        for view in self.every_client().await? {
            if seated(&view.state, who) {
                out.push(view);
            }
        }
        out.sort_by(|one, two| one.state.party_name().cmp(two.state.party_name()));
        Ok(out)
    }

    /// The states of every client. A client whose log cannot be read is left out and logged: the others live.
    pub(crate) async fn every_client(&self) -> Result<Vec<Arc<View<State>>>, DeskError> {
        let provider = self.provider_view().await?;
        let mut out = Vec::with_capacity(provider.state.clients.len());
        for client in provider.state.clients.keys() {
            match self.tenants().view(*client).await {
                Ok(view) => out.push(view),
                // Told once, when it was found; here it would be told twice a second.
                Err(writ_store::FollowError::BadLine { .. }) => {}
                Err(fault) => tracing::error!(tenant = %client, error = %fault, "client left out"),
            }
        }
        Ok(out)
    }
}

/// Whether a person has a live seat in a space, with a role that their sign-in leaves them.
pub(crate) fn seated(state: &State, who: &Who) -> bool {
    state.people.get(&who.person).is_some_and(|person| person.active())
        && crate::oidc::seated(state, who)
}
