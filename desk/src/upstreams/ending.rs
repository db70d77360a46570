//! What is left of accounts that count no more: their tokens are taken back where the authorization server can (RFC 7009),
//! and removed. The agent that was ended, the person who left, the account that was disconnected: all go through here.
//!
//! SECURITY: another process may have connected an account a moment ago, whose line is not read here yet. What the ledger does
//! not name is left alone while it is young; what the ledger names and does not let be used goes at once.
//! Never here: whether an account counts (`authority`).

use std::{collections::BTreeSet, sync::Arc};

use writ_authority::{State, fact::Holder};
use writ_model::{Digest, Span, TenantId};
use writ_reach::oauth::{Kept, revoke};
use writ_store::{Space, View, secrets::NAMES_PAGE};

use crate::{Desk, DeskError};

const ACCOUNT: &str = "upstream-account/";
/// What builds wrote that had one name for whatever connection there was.
const OLDER: &str = "upstream/";
const WANTED: &str = "upstream-wants/";
/// How names begin of what [`Desk::take_back_fallen`] looks at.
pub(crate) const SWEPT: [&str; 3] = [ACCOUNT, OLDER, WANTED];
/// How long a sealed account may be without a line that is read here: an append and whoever follows it, many times over.
const YOUNG: Span = Span::minutes(10);

/// What the ledger says of a sealed connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// It may be used.
    Stands,
    /// It was connected, and may not be used any more.
    Over,
    /// Nothing: it was replaced or disconnected, or its line is not read here yet.
    Nothing,
}

fn said(state: &State, of: &str, connection: Digest) -> Said {
    let named = |known: &&Arc<writ_authority::state::Connected>| {
        known.says.connection == connection
            && holder_of(&known.says.server, known.says.holder) == of
    };
    if state.upstreams_standing().any(|known| named(&known)) {
        Said::Stands
    } else if state.upstreams.values().any(|known| named(&known)) {
        Said::Over
    } else {
        Said::Nothing
    }
}

/// The part of a name that says for whom at which server.
fn holder_of(server: &str, holder: Holder) -> String {
    format!("{server}/{holder}")
}

/// What a name in the vault is about.
struct Name<'n> {
    /// Server and holder.
    of: &'n str,
    /// The connection; those of older builds do not say it.
    connection: Option<Digest>,
    server: &'n str,
}

impl<'n> Name<'n> {
    fn read(name: &'n str) -> Option<Self> {
        let (of, connection) = match name.strip_prefix(ACCOUNT) {
            Some(rest) => {
                let (of, connection) = rest.rsplit_once('/')?;
                (of, Some(connection.parse().ok()?))
            }
            None => (name.strip_prefix(OLDER)?, None),
        };
        Some(Self { of, connection, server: of.rsplit_once('/')?.0 })
    }
}

impl Desk {
    /// Takes back and removes every sealed account of a client that its ledger does not let be used.
    ///
    /// # Errors
    /// If the vault fails. What cannot be taken back outside is logged, and removed all the same: the server ends it.
    pub(crate) async fn take_back_fallen(
        &self,
        view: &Arc<View<State>>,
    ) -> Result<usize, DeskError> {
        let (vault, space) = (self.inner.parts.vault.as_ref(), Space::Tenant(view.tenant));
        let standing: BTreeSet<String> = view
            .state
            .upstreams_standing()
            .map(|known| known.says.holder.account(&known.says.server, known.says.connection))
            .collect();
        let mut gone = 0;
        for prefix in SWEPT {
            let mut after = String::new();
            loop {
                let page = vault.names(space, prefix, &after).await?;
                for name in page.iter().filter(|name| !standing.contains(*name)) {
                    let fell = match name.strip_prefix(WANTED) {
                        Some(of) => self.wants_fell(view.tenant, of, name).await?,
                        None => self.account_fell(view.tenant, name).await?,
                    };
                    gone += usize::from(fell);
                }
                let Some(last) = page.last().filter(|_| page.len() >= NAMES_PAGE) else { break };
                after.clone_from(last);
            }
        }
        Ok(gone)
    }

    /// Removes wanted scopes of nobody's account.
    async fn wants_fell(&self, tenant: TenantId, of: &str, name: &str) -> Result<bool, DeskError> {
        let view = self.tenants().view(tenant).await?;
        let theirs = |says: &writ_authority::fact::UpstreamConnected| {
            holder_of(&says.server, says.holder) == of
        };
        if view.state.upstreams_standing().any(|known| theirs(&known.says)) {
            return Ok(false);
        }
        Ok(self.inner.parts.vault.remove(Space::Tenant(tenant), name).await?)
    }

    /// Takes back and removes one sealed account, unless it may be used or may be one of which the line is not read yet.
    async fn account_fell(&self, tenant: TenantId, name: &str) -> Result<bool, DeskError> {
        let (vault, space) = (self.inner.parts.vault.as_ref(), Space::Tenant(tenant));
        let Some(sealed) = vault.get(space, name).await? else { return Ok(false) };
        let kept = Kept::from_bytes(&sealed).ok();
        // After it was read: a line that came since the sweep began counts.
        let view = self.tenants().view(tenant).await?;
        let about = Name::read(name);
        let connection = about.as_ref().and_then(|about| {
            about.connection.or_else(|| kept.as_ref().map(|kept| kept.connection))
        });
        if let (Some(about), Some(connection)) = (&about, connection) {
            let young = || kept.as_ref().is_some_and(|kept| self.now() < kept.made + YOUNG);
            match said(&view.state, about.of, connection) {
                Said::Stands if about.connection.is_none() => {
                    // Refreshed by a gateway that died before it removed what was used up, or not refreshed since.
                    let own = format!("{ACCOUNT}{}/{connection}", about.of);
                    let moved = vault.get(space, &own).await?.is_some();
                    return Ok(moved && vault.remove(space, name).await?);
                }
                Said::Stands => return Ok(false),
                Said::Nothing if young() => return Ok(false),
                Said::Nothing | Said::Over => {}
            }
        }
        if let (Some(about), Some(kept)) = (&about, &kept) {
            self.take_back(&view, about.server, kept).await;
        }
        Ok(vault.remove(space, name).await?)
    }

    /// Takes back and removes an account that was replaced or disconnected by a line that stands.
    ///
    /// # Errors
    /// If the vault fails; the sweep tries again.
    pub(super) async fn leave_account(
        &self,
        view: &View<State>,
        (server, holder): (&str, Holder),
        before: Option<Digest>,
    ) -> Result<(), DeskError> {
        let (vault, space) = (self.inner.parts.vault.as_ref(), Space::Tenant(view.tenant));
        vault.remove(space, &holder.wanted(server)).await?;
        let Some(before) = before else { return Ok(()) };
        for name in [holder.account(server, before), holder.kept(server)] {
            let sealed = vault.get(space, &name).await?;
            let kept = sealed.and_then(|sealed| Kept::from_bytes(&sealed).ok());
            if let Some(kept) = kept.filter(|kept| kept.connection == before) {
                vault.remove(space, &name).await?;
                self.take_back(view, server, &kept).await;
            }
        }
        Ok(())
    }

    /// Takes one account's tokens back at its authorization server.
    pub(super) async fn take_back(&self, view: &View<State>, server: &str, kept: &Kept) {
        let slug = view.state.founded.as_deref().map_or("", |founded| founded.slug.as_str());
        let Some(known) = self.protected(slug, server) else {
            tracing::warn!(
                server,
                issuer = kept.issuer,
                "an account was not taken back: the server is not in the operator's file any more; end it at its issuer"
            );
            return;
        };
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
