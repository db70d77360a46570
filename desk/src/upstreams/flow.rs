//! The consent itself: from the opened link to the authorization server, and from its answer to a line in the ledger.
//!
//! Never here: HTTP (`door.rs`).

use writ_authority::{Command, fact::UpstreamConnected};
use writ_model::Secret;
use writ_reach::oauth::{
    Answered, Challenge, ClientAt, Kept, OauthFault, Scheme, begin, finish, probe,
};
use writ_store::Space;

use super::{
    UpstreamServer,
    pending::{Pending, Ticket},
};
use crate::{Desk, DeskError, error};

/// The name in the vault of who we are at a server's authorization server, where it had us register.
fn registration(server: &str) -> String {
    format!("upstream-client/{server}")
}

/// Where to send somebody, and what their browser has to bring back.
#[derive(Debug)]
pub(super) struct Away {
    pub(super) to: String,
    pub(super) cookie: Secret<String>,
}

/// What came of a consent.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) server: String,
    pub(super) issuer: String,
}

impl Desk {
    /// Begins the consent of an opened link.
    pub(super) async fn begin_consent(&self, ticket: Ticket) -> Result<Away, DeskError> {
        let known = self.of_ticket(&ticket)?;
        let (hands, settings) = (self.upstream_hands(&known.protected), &known.protected.settings);
        let wanted = self.wanted_scopes(ticket.tenant, &ticket.server, ticket.holder).await?;
        let view = self.tenants().view(ticket.tenant).await?;
        let before = view.state.upstream(&ticket.server, ticket.holder);
        let mut before = before.map(|known| known.says.scopes.clone()).unwrap_or_default();
        if wanted.is_empty() {
            // Nothing was missing: what is asked for is what the server says now.
            before.clear();
        }
        let said =
            probe(&hands, settings).await.map_err(|fault| refused(&ticket.server, &fault))?;
        let challenge = more(said, &wanted);
        let space = Space::Tenant(ticket.tenant);
        let vault = self.inner.parts.vault.as_ref();
        let kept = vault.get(space, &registration(&ticket.server)).await?;
        let ours = kept.as_ref().and_then(ClientAt::from_bytes);
        let redirect = self.upstream_redirect();
        let asks = (challenge.as_ref(), before.as_slice());
        let begun = begin(&hands, settings, asks, (&redirect, ours.as_ref()))
            .await
            .map_err(|fault| refused(&ticket.server, &fault))?;
        let new = ours.is_none_or(|ours| {
            let same = (&ours.issuer, &ours.id, &ours.redirect);
            same != (&begun.client.issuer, &begun.client.id, &begun.client.redirect)
        });
        if settings.client.is_none() && new {
            let name = registration(&ticket.server);
            vault.put(space, &name, begun.client.to_bytes()).await?;
        }
        let to = begun.url.clone();
        let cookie = self.inner.upstreams.pending.begin(self, ticket, begun);
        Ok(Away { to, cookie })
    }

    /// Ends it: seals the tokens, then says in the ledger that they may be used. A browser that goes away meanwhile stops
    /// nothing: what was given is either sealed and named, or taken back.
    pub(super) async fn end_consent(
        &self,
        (state, cookie, path): (&str, Option<&str>, &str),
        answered: Answered,
    ) -> Result<Done, DeskError> {
        let pending = self.inner.upstreams.pending.finish(state, cookie, self.now());
        let pending = pending.ok_or_else(|| DeskError::Forbidden {
            code: error::UPSTREAM,
            what: "nobody began this in this browser, or it is over".to_owned(),
            cure: "Begin again with `writ upstream connect`.".to_owned(),
        })?;
        let ticket = &pending.ticket;
        // SECURITY: before anything of the answer is looked at. One that comes back where this issuer's does not is another's,
        // and its code would be shown to this one.
        if format!("{}{path}", self.origin()) != pending.begun.redirect() {
            let why = "came back to another address than this issuer's";
            let of = pending.begun.issuer().to_owned();
            return Err(refused(&ticket.server, &OauthFault::Answer { of, why }));
        }
        let desk = self.clone();
        let task = tokio::spawn(async move { Box::pin(desk.finished(pending, answered)).await });
        task.await.map_err(|died| DeskError::fault(error::FAULT, died.to_string()))?
    }

    async fn finished(&self, pending: Pending, answered: Answered) -> Result<Done, DeskError> {
        let ticket = &pending.ticket;
        let known = self.of_ticket(ticket)?;
        let hands = self.upstream_hands(&known.protected);
        match finish(&hands, &pending.begun, &answered).await {
            Ok(kept) => self.seal_account(ticket, kept.named(&hands)).await,
            Err(fault) => {
                // It may have forgotten who we are: the next try registers again.
                if matches!(&fault, OauthFault::Refused { error, .. } if error.starts_with("invalid_client"))
                {
                    let (vault, space) =
                        (self.inner.parts.vault.as_ref(), Space::Tenant(ticket.tenant));
                    vault.remove(space, &registration(&ticket.server)).await?;
                }
                Err(refused(&ticket.server, &fault))
            }
        }
    }

    /// The secret first, then the line: a line without its secret would be a promise, a secret without a line is nothing.
    /// Each connection is sealed under a name of its own, so that neither another consent nor a refresh writes over it, and
    /// what was there before is there until the line stands.
    async fn seal_account(&self, ticket: &Ticket, kept: Kept) -> Result<Done, DeskError> {
        let (space, holder) = (Space::Tenant(ticket.tenant), ticket.holder);
        let vault = self.inner.parts.vault.as_ref();
        let view = self.tenants().view(ticket.tenant).await?;
        let before = view.state.upstreams.get(&(ticket.server.clone(), holder));
        let before = before.map(|known| known.says.connection);
        let name = holder.account(&ticket.server, kept.connection);
        if let Err(fault) = vault.put(space, &name, kept.to_bytes()).await {
            self.take_back(&view, &ticket.server, &kept).await;
            return Err(fault.into());
        }
        let says = UpstreamConnected {
            server: ticket.server.clone(),
            holder,
            connection: kept.connection,
            issuer: kept.issuer.clone(),
            scopes: kept.scopes.clone(),
        };
        let command = Command::ConnectUpstream(Box::new(says));
        let view = match self.act_as(ticket.tenant, &ticket.who, command).await {
            Ok(wrote) => wrote.view,
            Err(fault) => {
                // Where the store failed the line may stand all the same. The sweep judges by it, once the secret is old.
                if !matches!(fault, DeskError::Fault { .. })
                    && vault.remove(space, &name).await.is_ok()
                {
                    self.take_back(&view, &ticket.server, &kept).await;
                }
                return Err(fault);
            }
        };
        // It is connected. What fails from here on the sweep does.
        let (server, connection) = (ticket.server.as_str(), before);
        if let Err(fault) = self.leave_account(&view, (server, holder), connection).await {
            tracing::warn!(server, error = %fault, "the account before is not taken back yet");
        }
        Ok(Done { server: ticket.server.clone(), issuer: kept.issuer })
    }

    fn of_ticket(&self, ticket: &Ticket) -> Result<&UpstreamServer, DeskError> {
        self.protected(&ticket.slug, &ticket.server)
            .ok_or_else(|| DeskError::not_visible("server that takes an account", &ticket.server))
    }
}

/// A challenge that wants these scopes as well.
fn more(said: Option<Challenge>, wanted: &[String]) -> Option<Challenge> {
    if wanted.is_empty() {
        return said;
    }
    let bare = Challenge { scheme: Scheme::Bearer, metadata: None, scopes: None, error: None };
    let mut challenge = said.unwrap_or(bare);
    let scopes = challenge.scopes.get_or_insert_default();
    for scope in wanted {
        if !scopes.contains(scope) {
            scopes.push(scope.clone());
        }
    }
    Some(challenge)
}

/// What an authorization server says is quoted and cut already.
fn refused(server: &str, fault: &OauthFault) -> DeskError {
    tracing::warn!(server, code = %fault.code(), error = %fault, "an account was not connected");
    DeskError::Forbidden {
        code: error::UPSTREAM,
        what: format!("the account at `{server}` is not connected: {fault} ({})", fault.code()),
        cure: format!("See {} in docs/errors.md, then begin again.", fault.code()),
    }
}
