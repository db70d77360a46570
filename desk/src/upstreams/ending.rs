//! What is left of accounts that count no more: their tokens are taken back where the authorization server can (RFC 7009),
//! and removed. The agent that was ended, the person who left, the account that was disconnected: all go through here.
//!
//! Never here: whether an account counts (`authority`).

use std::sync::Arc;

use writ_authority::State;
use writ_model::Digest;
use writ_reach::oauth::{Kept, revoke};
use writ_store::{Space, View};

use crate::{Desk, DeskError};

const KEPT: &str = "upstream/";
const WANTED: &str = "upstream-wants/";

impl Desk {
    /// Takes back and removes every sealed account of a client that its ledger does not name.
    ///
    /// # Errors
    /// If the vault fails. What cannot be taken back outside is logged, and removed all the same: the server ends it.
    pub(crate) async fn take_back_fallen(
        &self,
        view: &Arc<View<State>>,
    ) -> Result<usize, DeskError> {
        let (vault, space) = (self.inner.parts.vault.as_ref(), Space::Tenant(view.tenant));
        let standing: Vec<(String, Digest)> = view
            .state
            .upstreams_standing()
            .map(|known| {
                let says = &known.says;
                (says.holder.kept(&says.server), says.connection)
            })
            .collect();
        let mut gone = 0;
        for name in vault.names(space).await? {
            let Some(of) = name.strip_prefix(KEPT).or_else(|| name.strip_prefix(WANTED)) else {
                continue;
            };
            let (kept, server) = (format!("{KEPT}{of}"), of.split('/').next().unwrap_or_default());
            let named = standing.iter().find(|(known, _)| *known == kept);
            let connection = named.map(|(_, connection)| *connection);
            // One that is sealed at this moment, and whose line is about to stand, is not fallen.
            if self.inner.upstreams.pending.seals(view.tenant, &kept)
                || (connection.is_some() && name.starts_with(WANTED))
            {
                continue;
            }
            let sealed = vault.get(space, &name).await?;
            let read = sealed.as_ref().and_then(|sealed| Kept::from_bytes(sealed).ok());
            if connection.is_some() && read.as_ref().map(|read| read.connection) == connection {
                continue;
            }
            if let Some(kept) = &read {
                self.take_back(view, server, kept).await;
            }
            gone += usize::from(vault.remove(space, &name).await?);
        }
        Ok(gone)
    }

    /// Takes one account's tokens back at its authorization server.
    pub(super) async fn take_back(&self, view: &View<State>, server: &str, kept: &Kept) {
        let slug = view.state.founded.as_deref().map_or("", |founded| founded.slug.as_str());
        let Some(known) = self.protected(slug, server) else { return };
        let hands = self.upstream_hands(&known.protected);
        match revoke(&hands, &known.protected.settings, kept).await {
            Ok(true) => tracing::info!(server, issuer = kept.issuer, "an account was taken back"),
            Ok(false) => tracing::info!(server, issuer = kept.issuer, "it takes nothing back"),
            Err(fault) => {
                let code = fault.code();
                tracing::warn!(server, %code, error = %fault, "an account was not taken back");
            }
        }
    }
}
