//! [`Broker`]: the gateway's own way into a protected server: whose token is shown, where it comes from, what becomes of it.
//!
//! A token is one holder's at one client and is shown for no other. One that a person consented to is sealed in the vault,
//! and counts only while the client's ledger names that very connection; one that the gateway gets by itself lives in memory.
//! SECURITY: the agent's own credential never comes here, and a token never leaves but in `Authorization` to its server.
//! Never here: a person's consent (the desk has that), OAuth itself (`reach::oauth`).
//! To add a holder: a variant of [`Holders`], its arm in [`Broker::holder`].

mod cache;
mod fetch;
mod judge;

use std::{borrow::Cow, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use writ_authority::{State, fact::Holder, state::Connected};
use writ_model::{Clock, Digest, Entropy, InstanceId, Secret, TenantId};
use writ_reach::oauth::{Grant, Hands, Kept, ProofKey, Scheme};
use writ_store::{Meter, Tenants, Vault, View};

use crate::{
    config::{Holders, Protected},
    refusal::{self, Refusal},
};

use cache::{Cache, Slot};
use fetch::Before;
pub(crate) use judge::Judged;

const DPOP: HeaderName = HeaderName::from_static("dpop");

/// What brokers work with.
#[derive(Debug, Clone)]
pub(crate) struct Means {
    pub(crate) tenants: Arc<Tenants<State>>,
    pub(crate) vault: Arc<dyn Vault>,
    pub(crate) meter: Arc<dyn Meter>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) tasks: TaskTracker,
}

/// The way into one protected server.
#[derive(Debug)]
pub(crate) struct Broker {
    server: String,
    /// The server's address as proofs name it.
    url: String,
    protected: Arc<Protected>,
    means: Means,
    cache: Cache,
}

/// For whom a token is wanted, and by which connection.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) tenant: TenantId,
    pub(super) view: Arc<View<State>>,
    pub(super) holder: Holder,
    /// The connection that the ledger names; none for tokens that the gateway gets by itself.
    pub(super) connection: Option<Digest>,
}

/// A token as it is used.
#[derive(Debug)]
pub(crate) struct Live {
    pub(super) kept: Kept,
    pub(super) key: Option<ProofKey>,
    /// Cancelled when the connection is ended.
    pub(super) ended: CancellationToken,
}

/// A token for one request.
#[derive(Debug, Clone)]
pub(crate) struct Ticket {
    pub(super) live: Arc<Live>,
    pub(super) slot: Arc<Slot>,
    pub(super) wanted: Wanted,
}

impl Broker {
    pub(crate) fn new(server: String, protected: Arc<Protected>, means: Means) -> Self {
        let url = protected.settings.at.as_str().to_owned();
        Self { server, url, protected, means, cache: Cache::default() }
    }

    /// What a proof names (RFC 9449 section 4.2): where the request goes, which at a server with two addresses is not always
    /// the one that it is known by.
    pub(crate) fn url(&self, at: Option<&Uri>) -> Cow<'_, str> {
        let origin = || self.protected.settings.at.origin();
        at.map_or(Cow::Borrowed(&*self.url), |at| format!("{}{}", origin(), at.path()).into())
    }

    /// A token for an instance's request.
    ///
    /// # Errors
    /// If nobody connected an account, or no token can be had; the words say what a person has to do.
    pub(crate) async fn ticket(
        self: &Arc<Self>,
        tenant: TenantId,
        instance: InstanceId,
    ) -> Result<Ticket, Refusal> {
        let wanted = self.wanted(tenant, instance)?;
        let slot = self.cache.slot(tenant, wanted.holder);
        let now = self.means.clock.now();
        if let Some(live) = slot.live(wanted.connection, now) {
            return Ok(Ticket { live, slot, wanted });
        }
        let live = self.fetched(&slot, &wanted, Before::default()).await?;
        Ok(Ticket { live, slot, wanted })
    }

    /// Whose token an instance's requests show, by the register as it is now.
    fn wanted(&self, tenant: TenantId, instance: InstanceId) -> Result<Wanted, Refusal> {
        let view = self.means.tenants.cached(tenant).ok_or(refusal::TENANT)?;
        let holder = self.holder(&view.state, instance)?;
        if !view.state.may_hold(holder) {
            return Err(self.unconnected(&view.state, holder));
        }
        let connection = match self.protected.settings.grant {
            Grant::Code => match view.state.upstream(&self.server, holder) {
                Some(known) if connected_for(&view.state, instance, known) => {
                    Some(known.says.connection)
                }
                _ => return Err(self.unconnected(&view.state, holder)),
            },
            Grant::Ourselves | Grant::Workload | Grant::Enterprise(_) => None,
        };
        Ok(Wanted { tenant, view, holder, connection })
    }

    fn holder(&self, state: &State, instance: InstanceId) -> Result<Holder, Refusal> {
        let known = state.instances.get(&instance).ok_or(refusal::TENANT)?;
        Ok(match self.protected.holders {
            Holders::Client => Holder::Client,
            Holders::Agent => Holder::Agent(known.agent),
            Holders::Person => {
                let agent = state.agents.get(&known.agent).ok_or(refusal::TENANT)?;
                // SECURITY: a shadow or a sub-agent is nobody's: it has the accounts of nobody.
                let owner = agent.described.owner.ok_or_else(|| {
                    let words = format!(
                        "`{}` is entered with the account of the person whose agent calls, and {} is nobody's",
                        self.server,
                        agent.name()
                    );
                    refusal::NO_OWNER.saying(words)
                })?;
                Holder::Person(owner)
            }
        })
    }

    /// Nobody connected an account, or not since this agent is there: which one, and how.
    fn unconnected(&self, state: &State, holder: Holder) -> Refusal {
        let words = format!("no account at `{}` is connected for {}", self.server, whom(holder));
        refusal::UNCONNECTED
            .saying(words)
            .curing(format!("{}, then make the call again", self.command(state, holder)))
    }

    /// What a person types.
    pub(super) fn command(&self, state: &State, holder: Holder) -> String {
        let client = state.founded.as_deref().map(|founded| founded.slug.as_str());
        let whose = match holder {
            Holder::Agent(id) => format!(" --agent {id}"),
            Holder::Client | Holder::Person(_) => String::new(),
        };
        let client = client.unwrap_or_default();
        format!("a person runs `writ upstream connect {} --client {client}{whose}`", self.server)
    }

    fn hands(&self) -> Hands<'_> {
        Hands {
            outside: self.protected.outside.as_ref(),
            clock: self.means.clock.as_ref(),
            entropy: self.means.entropy.as_ref(),
        }
    }

    /// Forgets every token that the register, as it is now, does not let be shown, and cuts what was let in by it.
    pub(crate) fn tidy(&self, tenant: TenantId, state: Option<&State>) {
        self.cache.tidy(tenant, |holder, connection| {
            let Some(state) = state else { return false };
            match connection {
                Some(connection) => state
                    .upstream(&self.server, holder)
                    .is_some_and(|known| known.says.connection == connection),
                None => state.may_hold(holder),
            }
        });
    }

    /// Forgets everything.
    pub(crate) fn close(&self) {
        self.cache.clear();
    }
}

/// Whether an account may serve an instance.
fn connected_for(state: &State, instance: InstanceId, known: &Connected) -> bool {
    state.instances.get(&instance).is_some_and(|one| state.lends(known, one.agent))
}

/// For whom, in words.
pub(super) fn whom(holder: Holder) -> String {
    match holder {
        Holder::Client => "the client's agents".to_owned(),
        Holder::Agent(id) => format!("the agent {id}"),
        Holder::Person(id) => format!("the agents of {id}"),
    }
}

impl Ticket {
    /// Puts the token, and a new proof if it is bound to a key, on a request.
    ///
    /// # Errors
    /// If it does not fit a header, or the key fails.
    pub(crate) fn dress(
        &self,
        broker: &Broker,
        (verb, url): (&str, &str),
        headers: &mut HeaderMap,
    ) -> Result<(), Refusal> {
        let kept = &self.live.kept;
        let scheme = match kept.scheme {
            Scheme::Bearer => "Bearer",
            Scheme::Dpop => "DPoP",
        };
        let text = Secret::new(format!("{scheme} {}", kept.access.expose()));
        let mut value =
            HeaderValue::from_str(text.expose()).map_err(|_bad| refusal::NO_CREDENTIAL)?;
        value.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, value);
        if let Some(key) = &self.live.key {
            let proof = key
                .prove(&broker.hands(), (verb, url), &kept.access)
                .map_err(|_fault| refusal::NO_CREDENTIAL)?;
            let proof = HeaderValue::from_str(&proof).map_err(|_bad| refusal::NO_CREDENTIAL)?;
            headers.insert(DPOP, proof);
        }
        Ok(())
    }

    /// Cancelled when the connection is ended.
    pub(crate) fn ended(&self) -> CancellationToken {
        self.live.ended.clone()
    }
}
