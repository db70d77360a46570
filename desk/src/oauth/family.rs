//! What follows from one consent: its refresh tokens, of which only the newest is good (RFC 9700 section 4.14). A family is kept
//! sealed in its tenant's vault, so that it outlives this process, and holds what its tokens do not say.
//!
//! Never here: a refresh token (it is signed, and its number is compared), or a family that is good by itself: with each use
//! the ledger is asked about its agent, its copy and its person.

use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, MutexGuard};
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
/// LIMIT: families of one tenant that are kept: one for each program of each person, with room. Ended and expired ones leave
/// with the sweep.
const FAMILIES: usize = 2_000;
/// LIMIT: turns, so that tenants rarely wait for each other.
const TURNS: usize = 16;
pub(super) const PREFIX: &str = "oauth/refresh/";

/// A family is read, compared and written in one turn.
#[derive(Debug, Default)]
pub(super) struct Turns([Mutex<()>; TURNS]);

impl Turns {
    pub(super) async fn of(&self, tenant: TenantId) -> Option<MutexGuard<'_, ()>> {
        let nth = tenant.to_bytes().last().map_or(0, |byte| usize::from(*byte) % TURNS);
        match self.0.get(nth) {
            Some(turn) => Some(turn.lock().await),
            None => None,
        }
    }
}

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

/// Which family a name is of.
pub(super) fn which_of(tenant: TenantId, name: &str, until: Timestamp) -> Option<Which> {
    let id = name.strip_prefix(PREFIX)?.split_once('.')?.1.parse().ok()?;
    Some(Which { tenant, id, until })
}

/// The instant of a name.
pub(super) fn until_of(name: &str) -> Option<i64> {
    name.strip_prefix(PREFIX)?.split_once('.')?.0.parse().ok()
}

/// Why a family is worth nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    Time,
    Stopped,
    Copy,
    Restored,
    Person,
}

impl Over {
    pub(super) fn why(self) -> &'static str {
        match self {
            Self::Time => "the consent has expired",
            Self::Stopped => "the agent was stopped since the person consented",
            Self::Copy => "this running copy of the agent was ended",
            Self::Restored => "the ledger was restored from a backup since the person consented",
            Self::Person => "the person who consented is not there any more",
        }
    }

    /// What the ledger says when the copy is ended with it. Where the agent was stopped it is not: the person may let the
    /// same copy in again.
    pub(super) fn ends_copy(self) -> Option<&'static str> {
        match self {
            Self::Time => Some("The consent by which it was let in has expired."),
            Self::Person => Some("The person who let it in is not there any more."),
            Self::Stopped | Self::Copy | Self::Restored => None,
        }
    }
}

impl Family {
    /// Why it is worth nothing any more, if it is not.
    pub(super) fn ended(&self, book: &Book, now: Timestamp) -> Option<Over> {
        let agent = book.agents.get(&self.agent);
        let copy = book.instances.get(&self.instance);
        let person = book.people.get(&self.person);
        if now >= self.until {
            Some(Over::Time)
        } else if agent.is_none_or(|agent| agent.epoch != self.epoch) {
            Some(Over::Stopped)
        } else if copy.is_none_or(|copy| copy.ended_at.is_some()) {
            Some(Over::Copy)
        } else if self.since < book.tokens_from {
            Some(Over::Restored)
        } else if person.is_none_or(|person| !person.active()) {
            Some(Over::Person)
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
        let _turn = self.inner.oauth.families.of(tenant).await;
        let vault = &self.inner.parts.vault;
        let names = vault.every_name(Space::Tenant(tenant), PREFIX).await;
        let now = self.now().seconds();
        let lives = |name: &&String| until_of(name).is_some_and(|until| now < until);
        let lives = names.map_err(|f| Refused::server(&f))?.iter().filter(lives).count();
        if lives >= FAMILIES {
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

    /// Ends a family: none of its refresh tokens is good any more. In its turn, or a refresh that has read it would write it
    /// again.
    pub(super) async fn end_family(&self, which: Which) -> Result<(), Refused> {
        let _turn = self.inner.oauth.families.of(which.tenant).await;
        self.remove_family(which).await
    }

    /// The same for who has the turn.
    pub(super) async fn remove_family(&self, which: Which) -> Result<(), Refused> {
        self.in_turn().map_err(|fault| Refused::of_desk(&fault))?;
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
