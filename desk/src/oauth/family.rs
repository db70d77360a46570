//! What follows from one consent: its refresh tokens, of which only the newest is good (RFC 9700 section 4.14). A family is kept
//! sealed in its tenant's vault, so that it outlives this process, and holds what its tokens do not say.
//!
//! Never here: a refresh token (it is signed, and its number is compared), or a family that is good by itself: with each use
//! the ledger is asked about its agent, its copy and its person.

use serde::{Deserialize, Serialize};
use writ_authority::State as Book;
use writ_identity::{Refresh, refresh};
use writ_model::{
    Actor, AgentId, InstanceId, PersonId, Secret, Span, TenantId, Timestamp, TokenId,
};
use writ_store::Space;

use super::refused::Refused;
use crate::Desk;

/// How long a consent holds at most: a person is asked again every month.
pub(super) const FAMILY_LIFE: Span = Span::days(30);
/// LIMIT: families of one tenant that are kept: one for each program of each person, with room. Ended and expired ones leave.
const FAMILIES: usize = 2_000;
/// LIMIT: expired families that are cleared away when a new one is made.
const CLEARED: usize = 64;
const PREFIX: &str = "oauth/refresh/";

/// What was consented to, and how far its tokens have come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Family {
    /// The number of the one token that is good.
    pub(super) number: u64,
    /// The client's id.
    pub(super) client: String,
    /// Whether it authenticates with keys of its own.
    pub(super) keyed: bool,
    pub(super) person: PersonId,
    pub(super) agent: AgentId,
    pub(super) instance: InstanceId,
    pub(super) resource: String,
    pub(super) scope: String,
    /// Thumbprint of the key that every use proves.
    pub(super) jkt: String,
    /// The agent's epoch when it was consented to: every stop raises it, and ends the family.
    pub(super) epoch: u64,
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
    /// When a token was last renewed by it; never, if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) used: Option<Timestamp>,
}

/// Which family, and its name in the vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Which {
    pub(super) tenant: TenantId,
    pub(super) id: TokenId,
    pub(super) until: Timestamp,
}

impl Which {
    pub(super) fn of(refresh: &Refresh) -> Self {
        Self { tenant: refresh.tenant, id: refresh.family, until: refresh.until }
    }

    /// It says until when, so that expired ones are found without opening any.
    fn name(self) -> String {
        format!("{PREFIX}{:011}.{}", self.until.seconds(), self.id)
    }
}

/// The instant of a name.
pub(super) fn until_of(name: &str) -> Option<i64> {
    name.strip_prefix(PREFIX)?.split_once('.')?.0.parse().ok()
}

impl Family {
    /// Why it is worth nothing any more, if it is not.
    pub(super) fn ended(&self, book: &Book, now: Timestamp) -> Option<&'static str> {
        let agent = book.agents.get(&self.agent);
        let copy = book.instances.get(&self.instance);
        let person = book.people.get(&self.person);
        if now >= self.until {
            Some("the consent has expired")
        } else if agent.is_none_or(|agent| agent.epoch != self.epoch) {
            Some("the agent was stopped since the person consented")
        } else if copy.is_none_or(|copy| copy.ended_at.is_some()) {
            Some("this running copy of the agent was ended")
        } else if self.since < book.tokens_from {
            Some("the ledger was restored from a backup since the person consented")
        } else if person.is_none_or(|person| !person.active()) {
            Some("the person who consented is not there any more")
        } else {
            None
        }
    }
}

impl Desk {
    /// A new family, and its first refresh token.
    pub(super) async fn begin_family(
        &self,
        tenant: TenantId,
        family: &Family,
    ) -> Result<(Which, String), Refused> {
        let _turn = self.inner.oauth.families.lock().await;
        let vault = &self.inner.parts.vault;
        let names = vault.names(Space::Tenant(tenant)).await.map_err(|f| Refused::server(&f))?;
        let kept: Vec<&String> = names.iter().filter(|name| name.starts_with(PREFIX)).collect();
        let now = self.now().seconds();
        let over = |name: &&&String| until_of(name).is_none_or(|until| until <= now);
        let expired: Vec<&String> = kept.iter().filter(over).copied().take(CLEARED).collect();
        for name in &expired {
            vault.remove(Space::Tenant(tenant), name).await.map_err(|f| Refused::server(&f))?;
        }
        if kept.len() - expired.len() >= FAMILIES {
            let why = "too many programs hold a consent here: end the copies that nobody needs";
            return Err(Refused::later(why));
        }
        let id = TokenId::new(&self.cx(tenant, Actor::system("oauth")));
        let which = Which { tenant, id, until: family.until };
        self.write_family(which, family).await?;
        Ok((which, self.refresh_token(which, family.number)?))
    }

    /// A family, if it is still there.
    pub(super) async fn family(&self, which: Which) -> Result<Option<Family>, Refused> {
        let vault = &self.inner.parts.vault;
        let kept = vault.get(Space::Tenant(which.tenant), &which.name()).await;
        let Some(kept) = kept.map_err(|fault| Refused::server(&fault))? else { return Ok(None) };
        serde_json::from_slice(kept.expose()).map(Some).map_err(|fault| Refused::server(&fault))
    }

    pub(super) async fn write_family(&self, which: Which, family: &Family) -> Result<(), Refused> {
        // Whoever took over turns the numbers on; two that do would let one token be used twice.
        self.in_turn().map_err(|fault| Refused::of_desk(&fault))?;
        let text = serde_json::to_vec(family).map_err(|fault| Refused::server(&fault))?;
        let vault = &self.inner.parts.vault;
        let kept = vault.put(Space::Tenant(which.tenant), &which.name(), Secret::new(text)).await;
        kept.map_err(|fault| Refused::server(&fault))
    }

    /// Ends a family: none of its refresh tokens is good any more.
    pub(super) async fn end_family(&self, which: Which) -> Result<(), Refused> {
        let vault = &self.inner.parts.vault;
        let ended = vault.remove(Space::Tenant(which.tenant), &which.name()).await;
        ended.map(drop).map_err(|fault| Refused::server(&fault))
    }

    pub(super) fn refresh_token(&self, which: Which, number: u64) -> Result<String, Refused> {
        let says = Refresh { tenant: which.tenant, family: which.id, number, until: which.until };
        refresh::issue(&self.inner.token_key, self.issuer(), &says)
            .map_err(|fault| Refused::server(&fault))
    }
}
