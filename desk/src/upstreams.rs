//! Accounts at protected servers: a person connects one in their browser, sees which there are, and ends them. The tokens
//! are sealed in the client's part of the vault; the ledger says whose they are, and gateways show them only while it does.
//!
//! SECURITY: who begins, who consents and who comes back is one person in one browser: the link is good once, for the person
//! who asked for it, and the answer only where the link was opened. Otherwise somebody could have another person's account
//! connected as their own.
//! Never here: OAuth itself (`reach::oauth`), a token shown to anybody, a rule that `authority` should hold.
//! To add a use-case: a method here, its endpoint in `api/clients/upstreams.rs`.

use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use writ_authority::{
    Command, State,
    fact::{Holder, UpstreamConnected},
};
use writ_model::TenantId;
use writ_reach::oauth::{Grant, Hands, Holders, Protected};
use writ_store::Space;

use crate::{
    Desk, DeskError, Who,
    case::{resolve, show},
    error,
    view::{Acted, ConnectView, ConnectedRow, UpstreamView},
};

mod door;
mod ending;
mod flow;
mod pending;

pub(crate) use door::doors;
pub(crate) use ending::SWEPT;

/// A protected server, as the operator's file names it.
#[derive(Debug, Clone)]
pub struct UpstreamServer {
    /// Its name.
    pub name: String,
    /// The only client it is for, by short name.
    pub client: Option<String>,
    /// How to be let in.
    pub protected: Arc<Protected>,
}

/// Protected servers, and consents under way.
#[derive(Debug, Default)]
pub(crate) struct Upstreams {
    servers: OnceLock<Vec<UpstreamServer>>,
    pending: pending::Table,
}

/// For whom an account is connected.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectBody {
    /// The agent, by id or name, at servers that want an account for each agent.
    #[serde(default)]
    pub agent: Option<String>,
}

/// Which account is ended, and why.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisconnectBody {
    /// The agent, by id or name, at servers that want an account for each agent.
    #[serde(default)]
    pub agent: Option<String>,
    /// The person, by id or name, at servers that want an account of each person; oneself if none.
    #[serde(default)]
    pub person: Option<String>,
    /// Why, in words.
    pub reason: String,
}

impl Desk {
    /// Hands in the protected servers of the operator's file. Only the first call counts.
    pub fn set_upstreams(&self, servers: Vec<UpstreamServer>) {
        if self.inner.upstreams.servers.set(servers).is_err() {
            tracing::warn!("protected servers were handed in twice");
        }
    }

    /// The one address that authorization servers may send people back to.
    pub(crate) fn upstream_redirect(&self) -> String {
        format!("{}/upstream/callback", self.inner.parts.origin)
    }

    fn protected_servers(&self) -> &[UpstreamServer] {
        self.inner.upstreams.servers.get().map(Vec::as_slice).unwrap_or_default()
    }

    /// A server of this name for a client: its own, or the one for every client.
    fn protected(&self, slug: &str, name: &str) -> Option<&UpstreamServer> {
        let named = || self.protected_servers().iter().filter(|server| server.name == name);
        let own = named().find(|server| server.client.as_deref() == Some(slug));
        own.or_else(|| named().find(|server| server.client.is_none()))
    }

    fn upstream_server(&self, state: &State, name: &str) -> Result<&UpstreamServer, DeskError> {
        let slug = state.founded.as_deref().map_or("", |founded| founded.slug.as_str());
        self.protected(slug, name)
            .ok_or_else(|| DeskError::not_visible("server that takes an account", name))
    }

    fn upstream_hands<'a>(&'a self, protected: &'a Protected) -> Hands<'a> {
        Hands {
            outside: protected.outside.as_ref(),
            clock: self.inner.parts.clock.as_ref(),
            entropy: self.inner.parts.entropy.as_ref(),
        }
    }

    /// The protected servers of a client, with the accounts that are connected there.
    ///
    /// # Errors
    /// If the asker is not seated there, or the vault fails.
    pub async fn upstreams(&self, who: &Who, client: &str) -> Result<Vec<UpstreamView>, DeskError> {
        let view = self.seat(who, client).await?;
        let state = &view.state;
        let slug = show::client(state).slug;
        let mut names: Vec<&str> =
            self.protected_servers().iter().map(|server| server.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let mut out = Vec::new();
        for server in names.into_iter().filter_map(|name| self.protected(&slug, name)) {
            let mut accounts = Vec::new();
            for known in state.upstreams_standing().filter(|known| known.says.server == server.name)
            {
                let holder = known.says.holder;
                accounts.push(ConnectedRow {
                    holder: crate::say::holder(state, holder),
                    agent: match holder {
                        Holder::Agent(id) => Some(id),
                        Holder::Client | Holder::Person(_) => None,
                    },
                    person: match holder {
                        Holder::Person(id) => Some(show::person(state, id)),
                        Holder::Client | Holder::Agent(_) => None,
                    },
                    issuer: known.says.issuer.clone(),
                    scopes: known.says.scopes.clone(),
                    wanted: self.wanted_scopes(view.tenant, &server.name, holder).await?,
                    by: show::by(state, known.by),
                    at: known.at,
                    line: known.line,
                });
            }
            let settings = &server.protected.settings;
            out.push(UpstreamView {
                server: server.name.clone(),
                address: settings.at.origin(),
                grant: settings.grant.word(),
                account_of: server.protected.holders.word(),
                consent: matches!(settings.grant, Grant::Code),
                accounts,
            });
        }
        Ok(out)
    }

    /// Begins to connect an account: gives the link that the same person opens in their browser.
    ///
    /// # Errors
    /// If there is no such server or agent, or the server takes nobody's account.
    pub async fn connect_upstream(
        &self,
        who: &Who,
        (client, server): (&str, &str),
        body: ConnectBody,
    ) -> Result<ConnectView, DeskError> {
        let view = self.seat(who, client).await?;
        let known = self.upstream_server(&view.state, server)?;
        if !matches!(known.protected.settings.grant, Grant::Code) {
            return Err(DeskError::Forbidden {
                code: error::UPSTREAM,
                what: format!(
                    "the gateway lets itself in at `{server}`: it takes nobody's account"
                ),
                cure: "Nothing is left to do; see [server.auth] in writ.toml.".to_owned(),
            });
        }
        let holder = match known.protected.holders {
            Holders::Client => Holder::Client,
            Holders::Person => Holder::Person(who.person),
            Holders::Agent => Holder::Agent(named_agent(&view.state, body.agent.as_deref())?),
        };
        // Before anybody consents to anything: whether they may, as they will be asked when they come back.
        let sample = UpstreamConnected {
            server: known.name.clone(),
            holder,
            connection: writ_model::Digest::of(b"asked for"),
            issuer: known.protected.settings.at.origin(),
            scopes: Vec::new(),
        };
        let cx = self.cx(view.tenant, who.actor());
        let command = Command::ConnectUpstream(Box::new(sample));
        writ_authority::command::rehearse(&view.state, &command, &cx)?;
        let ticket = pending::Ticket {
            tenant: view.tenant,
            server: known.name.clone(),
            slug: show::client(&view.state).slug,
            holder,
            who: *who,
        };
        let (ticket, expires) = self.inner.upstreams.pending.ticket(self, ticket);
        let url = format!("{}/upstream/connect/{ticket}", self.inner.parts.origin);
        Ok(ConnectView { url, expires, server: known.name.clone() })
    }

    /// Ends an account: no gateway shows its tokens from then on, and they are taken back where that can be done.
    ///
    /// # Errors
    /// If there is none, or the actor may not.
    pub async fn disconnect_upstream(
        &self,
        who: &Who,
        (client, server): (&str, &str),
        body: DisconnectBody,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let known = self.upstream_server(&view.state, server)?;
        let holder = match known.protected.holders {
            Holders::Client => Holder::Client,
            Holders::Agent => Holder::Agent(named_agent(&view.state, body.agent.as_deref())?),
            Holders::Person => Holder::Person(match &body.person {
                Some(person) => self.person(&view.state, "person", person).await?,
                None => who.person,
            }),
        };
        let (server, reason) = (known.name.clone(), body.reason);
        let before = view.state.upstreams.get(&(server.clone(), holder));
        let before = before.map(|known| known.says.connection);
        let command = Command::DisconnectUpstream { server: server.clone(), holder, reason };
        let acted = self.done(view.tenant, who, command).await?;
        // It counts for nothing since the line stands; what is left is to take it back outside.
        self.leave_account(&view, (&server, holder), before).await?;
        Ok(acted)
    }

    async fn wanted_scopes(
        &self,
        tenant: TenantId,
        server: &str,
        holder: Holder,
    ) -> Result<Vec<String>, DeskError> {
        let vault = self.inner.parts.vault.as_ref();
        let kept = vault.get(Space::Tenant(tenant), &holder.wanted(server)).await?;
        let text = kept.as_ref().and_then(|kept| std::str::from_utf8(kept.expose()).ok());
        Ok(text.unwrap_or_default().split_whitespace().map(str::to_owned).collect())
    }
}

/// What an agent is named by, where one has to be.
fn named_agent(state: &State, name: Option<&str>) -> Result<writ_model::AgentId, DeskError> {
    let name = name.ok_or_else(|| {
        DeskError::bad("agent", "the server wants an account for each agent", "Name the agent.")
    })?;
    Ok(resolve::agent(state, name)?.described.agent)
}
