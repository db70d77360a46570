//! Where a token comes from: the vault, a refresh by one gateway at a time, or the gateway's own grant.
//!
//! An account that a person connected is sealed under a name of its own, which the ledger's line gives. One that an older
//! build sealed stands under the name of its holder; it is read there, and moved with its next refresh.
//! A fetch runs as a task of its own: a caller that goes away must not lose a refresh token that was just exchanged.
//! Never here: whether a token may be shown (`auth.rs`).

mod seal;

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    io::AsyncReadExt as _,
    time::{MissedTickBehavior, interval},
};
use writ_authority::fact::Holder;
use writ_model::{CharterId, Digest, Secret, Span, TenantId};
use writ_reach::oauth::{
    self, Challenge, Dpop, Grant, Kept, OauthFault, ProofKey, Scheme, by_assertion, by_exchange,
    by_ourselves,
};
use writ_store::{MeterKey, MeterRefusal, Place, Space};

use super::{
    Broker, Live, Wanted,
    cache::{MARGIN, Slot},
    whom,
};
use seal::{Occupied, Sealing};

use crate::refusal::{self, Refusal};

/// LIMIT: bytes of a file that holds a word: a JWT and its line end.
const MAX_WORD: u64 = 32 << 10;
/// How long nobody tries again after a failure that may pass, and after one that a person has to cure.
const PAUSE: Span = Span::seconds(2);
const LONG_PAUSE: Span = Span::seconds(30);
/// LIMIT: how often the vault is looked at while another gateway refreshes, and how long between: ten seconds together,
/// which is how long a token endpoint may take.
const LOOKS: u32 = 40;
const LOOK: Duration = Duration::from_millis(250);
/// The meter's slot for refreshing.
const REFRESH: u8 = 7;

/// What was wrong with the token at hand.
#[derive(Debug, Default)]
pub(super) struct Before {
    /// The token that the server refused.
    pub(super) refused: Option<Arc<Live>>,
    /// What it said.
    pub(super) challenge: Option<Challenge>,
    /// Scopes that must not be lost.
    pub(super) scopes: Vec<String>,
}

/// Why there is no token: what the caller hears, and for how long nobody tries again.
struct Failure(Refusal, Span);

impl Broker {
    pub(super) async fn fetched(
        self: &Arc<Self>,
        slot: &Arc<Slot>,
        wanted: &Wanted,
        before: Before,
    ) -> Result<Arc<Live>, Refusal> {
        let (broker, slot, wanted) = (Arc::clone(self), Arc::clone(slot), wanted.clone());
        let task = async move { broker.fetch(&slot, &wanted, before).await };
        match self.means.tasks.spawn(task).await {
            Ok(fetched) => fetched,
            Err(died) => {
                tracing::error!(server = self.server, error = %died, "a token's fetch died");
                Err(refusal::CREDENTIAL_LATE)
            }
        }
    }

    async fn fetch(
        &self,
        slot: &Slot,
        wanted: &Wanted,
        before: Before,
    ) -> Result<Arc<Live>, Refusal> {
        let _turn = slot.turn.lock().await;
        let now = self.means.clock.now();
        // Somebody may have fetched it meanwhile.
        if let Some(live) = slot.live(wanted.connection, now)
            && before.refused.as_ref().is_none_or(|refused| !Arc::ptr_eq(refused, &live))
        {
            return Ok(live);
        }
        if before.refused.is_none()
            && let Some(why) = slot.failed(now, wanted.connection)
        {
            return Err(why);
        }
        let got = match wanted.connection {
            Some(connection) => self.connected(wanted, connection, &before).await,
            None => self.by_itself(wanted, &before).await,
        };
        let got = got.and_then(|kept| {
            let key = kept.key().map_err(|fault| self.failed(wanted, &fault))?;
            Ok((kept, key))
        });
        match got {
            Ok((kept, key)) => Ok(self.kept(slot, wanted, (kept, key))?),
            Err(Failure(refusal, pause)) => {
                slot.fail(now + pause, wanted.connection, refusal.clone());
                Err(refusal)
            }
        }
    }

    /// Keeps what was fetched, unless the register has changed its mind meanwhile.
    fn kept(
        &self,
        slot: &Slot,
        wanted: &Wanted,
        (kept, key): (Kept, Option<ProofKey>),
    ) -> Result<Arc<Live>, Refusal> {
        let live = slot.keep(|ended| Live { kept, key, ended });
        let view = self.means.tenants.cached(wanted.tenant);
        self.tidy(wanted.tenant, view.as_ref().map(|view| &view.state));
        if live.ended.is_cancelled() {
            return Err(refusal::DISCONNECTED);
        }
        Ok(live)
    }

    /// The tokens of a connection that a person made, refreshed if they are over.
    async fn connected(
        &self,
        wanted: &Wanted,
        connection: Digest,
        before: &Before,
    ) -> Result<Kept, Failure> {
        let (kept, _) = self.read(wanted, connection).await?;
        if self.is_good(&kept, before) {
            return Ok(kept);
        }
        if kept.refresh.is_none() {
            return Err(self.again(wanted));
        }
        let key = lock(wanted.tenant, &self.server, wanted.holder);
        let place = [Place { key, most: 1 }];
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for _look in 0..LOOKS {
            looks.tick().await;
            let now = self.means.clock.now();
            match self.means.meter.draw_and_occupy(wanted.tenant, now, &place).await {
                Ok(()) => {
                    let (meter, tenant) = (Arc::clone(&self.means.meter), wanted.tenant);
                    let turn = Occupied { meter, tenant, key };
                    return self.refreshed(wanted, connection, (before, turn)).await;
                }
                Err(MeterRefusal::Occupied { .. }) => {}
                Err(fault) => {
                    tracing::warn!(error = %fault, "no turn to refresh a token");
                    return Err(Failure(refusal::CREDENTIAL_LATE, PAUSE));
                }
            }
            let (kept, _) = self.read(wanted, connection).await?;
            if self.is_good(&kept, before) {
                return Ok(kept);
            }
        }
        Err(Failure(refusal::CREDENTIAL_LATE, PAUSE))
    }

    /// Refreshes; nobody else does at this moment.
    async fn refreshed(
        &self,
        wanted: &Wanted,
        connection: Digest,
        (before, turn): (&Before, Occupied),
    ) -> Result<Kept, Failure> {
        let (kept, older) = self.read(wanted, connection).await?;
        if self.is_good(&kept, before) {
            return Ok(kept);
        }
        let settings = &self.protected.settings;
        let new = match oauth::refreshed(&self.hands(), settings, &kept).await {
            Ok(new) => new,
            Err(fault) if fault.is_final() => {
                self.log(wanted, &fault);
                return Err(self.again(wanted));
            }
            Err(fault) => return Err(self.failed(wanted, &fault)),
        };
        let name = wanted.holder.account(&self.server, connection);
        let vault = Arc::clone(&self.means.vault);
        let sealing = Sealing { vault, name, older, turn };
        let _turn = sealing.seal(&new, &self.means.tasks).await;
        if self.ended_meanwhile(wanted, connection) {
            self.take_back(wanted, connection, &new).await;
            return Err(Failure(refusal::DISCONNECTED, PAUSE));
        }
        Ok(new)
    }

    /// Whether the ledger, as it is followed now, names another connection, or none. After the new tokens are sealed: who
    /// ended the account before could not know of them.
    fn ended_meanwhile(&self, wanted: &Wanted, connection: Digest) -> bool {
        let Some(view) = self.means.tenants.cached(wanted.tenant) else { return false };
        let known = view.state.upstream(&self.server, wanted.holder);
        known.is_none_or(|known| known.says.connection != connection)
    }

    /// Takes tokens back that came when their account was over. What fails here the desk does with its next sweep.
    async fn take_back(&self, wanted: &Wanted, connection: Digest, new: &Kept) {
        if let Err(fault) = oauth::revoke(&self.hands(), &self.protected.settings, new).await {
            self.log(wanted, &fault);
            return;
        }
        let name = wanted.holder.account(&self.server, connection);
        if let Err(fault) = self.means.vault.remove(Space::Tenant(wanted.tenant), &name).await {
            tracing::warn!(server = self.server, error = %fault, "an ended account is still sealed");
        }
    }

    /// What the vault holds for a connection, and the name of older builds, if it stands under that.
    async fn read(
        &self,
        wanted: &Wanted,
        connection: Digest,
    ) -> Result<(Kept, Option<String>), Failure> {
        let own = wanted.holder.account(&self.server, connection);
        let (sealed, older) = if let Some(sealed) = self.sealed(wanted, &own).await? {
            (Some(sealed), None)
        } else {
            let older = wanted.holder.kept(&self.server);
            (self.sealed(wanted, &older).await?, Some(older))
        };
        let late = || Failure(refusal::CREDENTIAL_LATE, PAUSE);
        let kept = sealed.ok_or_else(late)?;
        let kept = Kept::from_bytes(&kept).map_err(|fault| self.failed(wanted, &fault))?;
        // SECURITY: tokens of one server are not shown to another that the operator gave its name.
        // Nor what the operator's file does not let in any more: it may have been tightened since.
        let settings = &self.protected.settings;
        let unbound = settings.dpop == Dpop::Always && kept.scheme != Scheme::Dpop;
        let elsewhere = settings.issuer.as_ref().is_some_and(|wanted| *wanted != kept.issuer);
        if kept.at != settings.at.as_str() || unbound || elsewhere {
            return Err(self.again(wanted));
        }
        // What stands under the name of older builds may be another connection's.
        if kept.connection == connection { Ok((kept, older)) } else { Err(late()) }
    }

    async fn sealed(
        &self,
        wanted: &Wanted,
        name: &str,
    ) -> Result<Option<Secret<Vec<u8>>>, Failure> {
        let sealed = self.means.vault.get(Space::Tenant(wanted.tenant), name).await;
        sealed.map_err(|fault| {
            tracing::error!(server = self.server, error = %fault, "a connection cannot be read");
            Failure(refusal::CREDENTIAL_LATE, PAUSE)
        })
    }

    fn is_good(&self, kept: &Kept, before: &Before) -> bool {
        let refused = before.refused.as_ref();
        let same = refused.is_some_and(|live| live.kept.access.expose() == kept.access.expose());
        !same && self.means.clock.now() + MARGIN < kept.until
    }

    /// The gateway's own grant.
    async fn by_itself(&self, wanted: &Wanted, before: &Before) -> Result<Kept, Failure> {
        let (hands, settings) = (self.hands(), &self.protected.settings);
        let asks = (before.challenge.as_ref(), before.scopes.as_slice());
        let got = match &settings.grant {
            Grant::Ourselves => by_ourselves(&hands, settings, asks).await,
            Grant::Workload => {
                by_assertion(&hands, settings, asks, &self.word(wanted).await?).await
            }
            Grant::Enterprise(_) => {
                by_exchange(&hands, settings, asks, &self.word(wanted).await?).await
            }
            Grant::Code => Err(OauthFault::Kept),
        };
        got.map_err(|fault| self.failed(wanted, &fault))
    }

    /// Somebody's word, out of the file that the operator named. It may be another one each time.
    async fn word(&self, wanted: &Wanted) -> Result<Secret<String>, Failure> {
        let missing = |why: String| {
            tracing::warn!(server = self.server, why, "no word to get a token with");
            let words = format!(
                "`{}` lets nobody in without a word for {}, and there is none",
                self.server,
                whom(wanted.holder)
            );
            Failure(refusal::NO_CREDENTIAL.saying(words), LONG_PAUSE)
        };
        let path = self.protected.word.as_ref().and_then(|path| Self::path(path, wanted));
        let path = path.ok_or_else(|| missing("it has no path".to_owned()))?;
        let file = tokio::fs::File::open(&path).await;
        let file = file.map_err(|error| missing(format!("{}: {error}", path.display())))?;
        let mut text = String::new();
        let read = file.take(MAX_WORD).read_to_string(&mut text).await;
        let text = Secret::new(text);
        read.map_err(|error| missing(format!("{}: {error}", path.display())))?;
        Ok(text)
    }

    /// SECURITY: what is put into the path is ids and a short name, which hold no `/` and no `.`.
    fn path(path: &std::path::Path, wanted: &Wanted) -> Option<PathBuf> {
        let text = path.to_str()?;
        let slug = &wanted.view.state.founded.as_deref()?.slug;
        let (agent, person) = match wanted.holder {
            Holder::Client => (None, None),
            Holder::Agent(id) => (Some(id.to_string()), None),
            Holder::Person(id) => (None, Some(id.to_string())),
        };
        let mut out = text.replace("{client}", slug);
        for (mark, value) in [("{agent}", agent), ("{person}", person)] {
            if out.contains(mark) {
                out = out.replace(mark, &value?);
            }
        }
        Some(PathBuf::from(out))
    }

    /// A person has to connect the account again.
    fn again(&self, wanted: &Wanted) -> Failure {
        let words = format!(
            "the account at `{}` for {} is not let in any more",
            self.server,
            whom(wanted.holder)
        );
        let cure = format!(
            "{}, then make the call again",
            self.command(&wanted.view.state, wanted.holder)
        );
        Failure(refusal::UNCONNECTED.saying(words).curing(cure), LONG_PAUSE)
    }

    fn failed(&self, wanted: &Wanted, fault: &OauthFault) -> Failure {
        self.log(wanted, fault);
        let words = format!("no token for `{}` can be had ({})", self.server, fault.code());
        if fault.is_final() {
            Failure(refusal::NO_CREDENTIAL.saying(words), LONG_PAUSE)
        } else {
            Failure(refusal::CREDENTIAL_LATE.saying(words), PAUSE)
        }
    }

    /// SECURITY: what an authorization server says goes to the operator's log, never to an agent.
    fn log(&self, wanted: &Wanted, fault: &OauthFault) {
        let (server, holder) = (&self.server, wanted.holder);
        tracing::warn!(server, %holder, code = %fault.code(), error = %fault, "no token");
    }
}

/// The key of a turn. Not of the sealed name: builds that name it in another way wait for each other.
fn lock(tenant: TenantId, server: &str, holder: Holder) -> MeterKey {
    let digest = Digest::of(holder.kept(server).as_bytes());
    let mut half = [0; 16];
    half.iter_mut().zip(digest.0).for_each(|(to, from)| *to = from);
    MeterKey::new(tenant, CharterId::from_bytes(half), REFRESH)
}
