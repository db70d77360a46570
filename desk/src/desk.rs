//! [`Desk`]: the handle that use-cases hang on, and the few things all of them need: who is seated where, one command
//! decided and made durable, the instant.
//!
//! Never here: a use-case (`case/`), HTTP (`api/`).

use std::{
    collections::BTreeSet,
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::{Mutex, RwLock};
use writ_authority::{
    Command, Engine, Fact, State, command,
    fact::{FIRST, NEWEST},
};
use writ_identity::{
    Jwk, JwkSet, Nonces, PublicKeys, ReplayMarks, SigningKey, replay,
    webauthn::{Anchors, RelyingParty},
};
use writ_lake::Activity;
use writ_model::{
    Actor, Clock, Cx, Entropy, Fold, HoldId, PersonId, Secret, Side, TenantId, Timestamp,
};
use writ_store::{Contexts, Definitions, Held, Ledger, Sequencer, Tenants, Vault, View};

use crate::{
    DeskError, Fleet, NoFleet, Rehearse, Who,
    case::{collect::Stood, enrollments::Codes, timeline::Timelines},
    ceremony::Ceremonies,
    error, keys,
    limit::Guesses,
    locate::Directory,
    session::Sessions,
    signing::Signings,
};

mod seats;

pub(crate) use seats::seated;

/// What a desk is made of.
pub struct DeskParts {
    /// The writers and the views of every tenant.
    pub sequencer: Sequencer<State>,
    /// Recent activity.
    pub lake: Arc<Activity>,
    /// Signing keys, and what opens sealed arguments.
    pub vault: Arc<dyn Vault>,
    /// Sealed bytes of calls that wait for approval: the gateways write them.
    pub held: Arc<dyn Held>,
    /// What agents have read, sealed: the gateways write it.
    pub contexts: Arc<dyn Contexts>,
    /// Texts of what servers list: the gateways write them.
    pub definitions: Arc<dyn Definitions>,
    /// Decides again, for explanations.
    pub engine: Arc<Engine>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The desk's base address without a final slash, for example `http://127.0.0.1:7420`: the issuer of tokens.
    pub issuer: String,
    /// The console's public origin, for example `http://localhost:7420`: passkeys are made for it and for no other.
    pub origin: String,
    /// Makers of authenticators whose word about their keys is taken. None is a good choice.
    pub anchors: Anchors,
    /// The base address that tokens are for, for example `http://127.0.0.1:7421`.
    pub gateway: String,
    /// What the command line must show; see [`crate::cli_token`].
    pub cli_token: Secret<String>,
    /// The build, for the status.
    pub version: String,
}

impl fmt::Debug for DeskParts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "DeskParts({}, {})", self.issuer, self.gateway)
    }
}

/// Whether it is this process's turn.
type Turn = dyn Fn() -> bool + Send + Sync;

pub(crate) struct Inner {
    pub(crate) parts: DeskParts,
    pub(crate) fleet: RwLock<Arc<dyn Fleet>>,
    /// Whether it is this process's turn to write; of one process alone it always is.
    turn: OnceLock<Box<Turn>>,
    pub(crate) token_key: SigningKey,
    pub(crate) nonces: Nonces,
    pub(crate) marks: Mutex<ReplayMarks>,
    pub(crate) sessions: Sessions,
    pub(crate) oidc: OnceLock<Arc<crate::oidc::Party>>,
    pub(crate) oauth: crate::oauth::Oauth,
    pub(crate) notify: OnceLock<Arc<crate::notify::Notifier>>,
    pub(crate) upstreams: crate::upstreams::Upstreams,
    /// What the operator says that servers are.
    pub(crate) templates: OnceLock<writ_flow::Chosen>,
    pub(crate) signings: Signings,
    pub(crate) codes: Codes,
    /// Plays the agent in a drill, once the gateways run.
    pub(crate) rehearse: RwLock<Option<Arc<dyn Rehearse>>>,
    /// Clients at which a drill runs: one at a time.
    pub(crate) drilling: Mutex<BTreeSet<TenantId>>,
    pub(crate) ceremonies: Ceremonies,
    pub(crate) names: crate::names::Names,
    pub(crate) guesses: Guesses,
    pub(crate) rp: RelyingParty,
    /// A counter is read, compared and written in one turn.
    pub(crate) counters: tokio::sync::Mutex<()>,
    /// People's acts hold it for reading from the check of their standing to the commit; offboarding holds it for
    /// writing. So no act of somebody offboarded commits after the answer.
    pub(crate) gate: Arc<tokio::sync::RwLock<()>>,
    pub(crate) timelines: Timelines,
    /// Endings that did not reach every gateway yet.
    pub(crate) stood: Mutex<Stood>,
    pub(crate) witnessing: crate::witness::Board,
    /// Each holds its calls in memory.
    pub(crate) replays: tokio::sync::Semaphore,
    pub(crate) issued: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) started_at: Timestamp,
    /// Adding clients one after the other makes a short name free until its ledger is founded.
    pub(crate) founding: tokio::sync::Mutex<()>,
    provider: RwLock<Option<TenantId>>,
    pub(crate) directory: Mutex<Directory>,
}

/// The desk. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    pub(crate) inner: Arc<Inner>,
}

impl fmt::Debug for Desk {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Desk({})", self.inner.parts.issuer)
    }
}

/// A command that is durable.
#[derive(Debug)]
pub(crate) struct Wrote {
    /// Its first line.
    pub(crate) first: u64,
    /// Its facts; none if there was nothing to write.
    pub(crate) facts: Vec<Fact>,
    /// The instant it was decided at.
    pub(crate) at: Timestamp,
    /// The state with it.
    pub(crate) view: Arc<View<State>>,
}

impl Desk {
    /// LIMIT: decisions shown in one queue: a person who faces more needs a filter, not a longer page.
    pub const QUEUE: usize = 500;
    /// LIMIT: lines of an agent's timeline in one view.
    pub const TIMELINE: usize = 200;
    /// LIMIT: names of agents that an act would end, shown before it.
    pub const WOULD_END: usize = 50;
    /// LIMIT: rows of one list.
    pub const ROWS: usize = 5_000;

    /// A desk over an open store: reads its keys, finds the provider, and lists clients whose founding was cut short.
    ///
    /// # Errors
    /// If the store or the vault fails, or no passkey can be made at the origin.
    pub async fn open(parts: DeskParts) -> Result<Self, DeskError> {
        let rp = RelyingParty::of_origin(&parts.origin).map_err(|why| {
            DeskError::fault(error::FAULT, format!("the origin {}: {why}", parts.origin))
        })?;
        let token_key = keys::token_key(parts.vault.as_ref(), parts.entropy.as_ref()).await?;
        let entropy = Arc::clone(&parts.entropy);
        let inner = Inner {
            fleet: RwLock::new(Arc::new(NoFleet)),
            turn: OnceLock::new(),
            token_key,
            nonces: Nonces::new(entropy.as_ref()),
            marks: Mutex::new(ReplayMarks::new(replay::DEFAULT_MARKS, entropy.as_ref())),
            sessions: Sessions::default(),
            oidc: OnceLock::new(),
            oauth: crate::oauth::Oauth::default(),
            notify: OnceLock::new(),
            upstreams: crate::upstreams::Upstreams::default(),
            templates: OnceLock::new(),
            signings: Signings::default(),
            codes: Codes::default(),
            rehearse: RwLock::default(),
            drilling: Mutex::default(),
            ceremonies: Ceremonies::default(),
            names: crate::names::Names::default(),
            guesses: Guesses::default(),
            rp,
            counters: tokio::sync::Mutex::new(()),
            gate: Arc::default(),
            timelines: Timelines::default(),
            stood: Mutex::default(),
            witnessing: crate::witness::Board::default(),
            replays: tokio::sync::Semaphore::new(crate::case::replay::AT_ONCE),
            issued: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            started_at: parts.clock.now(),
            founding: tokio::sync::Mutex::new(()),
            provider: RwLock::new(None),
            directory: Mutex::default(),
            parts,
        };
        let desk = Self { inner: Arc::new(inner) };
        desk.find_provider().await?;
        desk.list_founded().await?;
        Ok(desk)
    }

    /// Hands in the gateways, once they run.
    pub fn set_fleet(&self, fleet: Arc<dyn Fleet>) {
        *self.inner.fleet.write() = fleet;
    }

    /// Hands in whether it is this process's turn; asked whenever a command is decided. A process that stood still while
    /// another took over writes nothing when it goes on. Once; without it, it always is.
    pub fn set_turn(&self, turn: impl Fn() -> bool + Send + Sync + 'static) {
        self.inner.turn.get_or_init(|| Box::new(turn));
    }

    /// Refuses when it is not this process's turn.
    pub(crate) fn in_turn(&self) -> Result<(), DeskError> {
        match self.inner.turn.get() {
            Some(turn) if !turn() => Err(DeskError::NotInTurn),
            _ => Ok(()),
        }
    }

    /// The issuer's public keys, for gateways.
    ///
    /// # Errors
    /// If the key is not usable, which its making excludes.
    pub fn token_keys(&self) -> Result<PublicKeys, DeskError> {
        PublicKeys::of_signing_key(&self.inner.token_key)
            .map_err(|fault| DeskError::fault(error::FAULT, fault.to_string()))
    }

    /// The issuer's key set, as `/oauth/jwks` shows it.
    ///
    /// # Errors
    /// As [`Desk::token_keys`].
    pub fn jwks(&self) -> Result<JwkSet, DeskError> {
        let jwk: Jwk = self.inner.token_key.jwk();
        JwkSet::of(&[jwk]).map_err(|fault| DeskError::fault(error::FAULT, fault.to_string()))
    }

    /// The issuer of tokens: the desk's base address.
    pub fn issuer(&self) -> &str {
        &self.inner.parts.issuer
    }

    /// The base address that tokens are for.
    pub fn gateway(&self) -> String {
        let known = self.inner.fleet.read().base();
        known.unwrap_or_else(|| self.inner.parts.gateway.clone())
    }

    /// Every base address that tokens may be for.
    pub(crate) fn bases(&self) -> Vec<String> {
        let known = self.inner.fleet.read().bases();
        if known.is_empty() { vec![self.inner.parts.gateway.clone()] } else { known }
    }

    /// The instant.
    pub fn now(&self) -> Timestamp {
        self.inner.parts.clock.now()
    }

    pub(crate) fn tenants(&self) -> &Arc<Tenants<State>> {
        self.inner.parts.sequencer.tenants()
    }

    pub(crate) fn ledger(&self) -> &Arc<dyn Ledger> {
        self.tenants().ledger()
    }

    pub(crate) fn entropy(&self) -> &Arc<dyn Entropy> {
        &self.inner.parts.entropy
    }

    pub(crate) fn count_token(&self, issued: bool) {
        let counter = if issued { &self.inner.issued } else { &self.inner.refused };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// A context for making ids and keys outside a command.
    pub(crate) fn cx(&self, tenant: TenantId, actor: Actor) -> Cx {
        Cx::new(self.now(), Arc::clone(self.entropy()), tenant, actor)
    }

    /// Decides a command in its turn and answers when it is durable; what needs a newer format of the ledger has it raised
    /// first. For people use [`Desk::act_as`].
    pub(crate) async fn act(
        &self,
        tenant: TenantId,
        actor: Actor,
        command: Command,
    ) -> Result<Wrote, DeskError> {
        let command = self.without_names(tenant, command).await?;
        let mut done = Box::pin(self.act_once(tenant, actor.clone(), command.clone())).await;
        for _format in FIRST..NEWEST {
            if !done.as_ref().is_err_and(crate::case::format::needs_newer) {
                break;
            }
            // Somebody else may have raised it meanwhile: then it is there.
            let raised = Box::pin(self.raise_format(tenant)).await;
            done = Box::pin(self.act_once(tenant, actor.clone(), command.clone())).await;
            if done.as_ref().is_err_and(crate::case::format::needs_newer) {
                raised?;
            }
        }
        done
    }

    /// The instant is taken when the command is decided, so that lines follow each other in time.
    pub(crate) async fn act_once(
        &self,
        tenant: TenantId,
        actor: Actor,
        command: Command,
    ) -> Result<Wrote, DeskError> {
        let slot = Arc::new(Mutex::new((self.now(), Vec::new())));
        let (filled, desk) = (Arc::clone(&slot), self.clone());
        let decide = move |view: &View<State>| -> Result<Vec<bytes::Bytes>, DeskError> {
            // SECURITY: whoever took over has seated and ended people meanwhile. Asked again with every head.
            desk.in_turn()?;
            let cx = desk.cx(tenant, actor.clone());
            let lines = command::lines(&view.state, command.clone(), &cx)?;
            let (facts, bytes): (Vec<Fact>, Vec<Vec<u8>>) = lines.into_iter().unzip();
            *filled.lock() = (cx.now(), facts);
            Ok(bytes.into_iter().map(Into::into).collect())
        };
        let done = self.inner.parts.sequencer.submit(tenant, Box::new(decide)).await?;
        let (at, facts) = std::mem::take(&mut *slot.lock());
        Ok(Wrote { first: done.first, facts, at, view: done.view })
    }

    /// Decides a person's command. What the charter has wait for somebody's yes is [`DeskError::Waits`]: it is written
    /// down, and not done. Whether they are still there is asked under the gate, which is held until the command
    /// is durable, also when whoever asked has gone away meanwhile.
    pub(crate) async fn act_as(
        &self,
        tenant: TenantId,
        who: &Who,
        command: Command,
    ) -> Result<Wrote, DeskError> {
        let (desk, who, waiting) = (self.clone(), *who, *who);
        let task = tokio::spawn(async move {
            let gate = Arc::clone(&desk.inner.gate);
            // Whoever is offboarded waits for every act under way, and every later act sees that they are.
            let closes = desk.takes_away(tenant, &command);
            let _alone = if closes { Some(Arc::clone(&gate).write_owned().await) } else { None };
            let _among = if closes { None } else { Some(gate.read_owned().await) };
            desk.standing(who.person).await?;
            if let Command::Signed { receipt } = &command {
                desk.stands_at_home(tenant, who.person, receipt.passkey).await?;
            }
            let view = desk.tenants().view(tenant).await?;
            let cx = desk.cx(tenant, who.actor());
            crate::oidc::may(&view.state, &who, asked(&command), &cx)?;
            desk.act(tenant, who.actor(), command).await
        });
        let wrote =
            task.await.map_err(|died| DeskError::fault(error::FAULT, died.to_string()))??;
        match wrote.facts.iter().find_map(asked_for) {
            Some(hold) => {
                let held = self.hold_view(&wrote.view, &waiting, hold).await?;
                Err(DeskError::Waits(Box::new(held)))
            }
            None => Ok(wrote),
        }
    }

    /// Whether somebody does not work for the provider any more, or a key of theirs is worth nothing, once this command
    /// is done.
    fn takes_away(&self, tenant: TenantId, command: &Command) -> bool {
        let ends = matches!(
            asked(command),
            Command::Offboard { .. }
                | Command::PersonLeaves { .. }
                | Command::RevokePasskey { .. }
                | Command::ConfirmRecovery { .. }
        );
        ends && self.provider_id().is_ok_and(|provider| provider == tenant)
    }

    /// Refuses whoever left the provider: everywhere, whatever a client's ledger still says.
    pub(crate) async fn standing(&self, person: PersonId) -> Result<(), DeskError> {
        if self.provider_id().is_err() || !gone(&self.provider_view().await?.state, person) {
            return Ok(());
        }
        Err(DeskError::Forbidden {
            code: error::OFFBOARDED,
            what: "you do not work for the provider any more".to_owned(),
            cure: "Ask an owner of the provider, if this is wrong.".to_owned(),
        })
    }

    /// The provider's space, if it is founded.
    pub(crate) fn provider_id(&self) -> Result<TenantId, DeskError> {
        (*self.inner.provider.read()).ok_or(DeskError::Unfounded)
    }

    /// The provider's state.
    pub(crate) async fn provider_view(&self) -> Result<Arc<View<State>>, DeskError> {
        Ok(self.tenants().view(self.provider_id()?).await?)
    }

    pub(crate) fn set_provider(&self, tenant: TenantId) {
        *self.inner.provider.write() = Some(tenant);
    }

    /// Finds the provider if another process has founded it meanwhile. Costs nothing once it is known.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn look_for_provider(&self) -> Result<(), DeskError> {
        match self.provider_id() {
            Ok(_) => Ok(()),
            Err(_unfounded) => self.find_provider().await,
        }
    }

    async fn find_provider(&self) -> Result<(), DeskError> {
        for (tenant, _) in self.ledger().heads().await? {
            if self.founded(tenant).await?.is_some_and(|line| line.side == Side::Provider) {
                self.set_provider(tenant);
                break;
            }
        }
        Ok(())
    }

    /// Line 0 of a tenant, without folding the rest.
    pub(crate) async fn founded(
        &self,
        tenant: TenantId,
    ) -> Result<Option<Arc<writ_authority::fact::LedgerFounded>>, DeskError> {
        let lines = self.ledger().read(tenant, 0, 1).await?;
        let Some(line) = lines.first() else { return Ok(None) };
        let mut state = State::empty(tenant);
        state
            .fold(0, line)
            .map_err(|bad| DeskError::from(writ_store::FollowError::BadLine { tenant, bad }))?;
        Ok(state.founded)
    }
}

/// Whether a person was the provider's and is not any more.
fn gone(provider: &State, person: PersonId) -> bool {
    provider.people.get(&person).is_some_and(|known| !known.active())
}

/// The hold that a fact asks people about, if it does.
fn asked_for(fact: &Fact) -> Option<HoldId> {
    match fact {
        Fact::ApprovalAsked(held) => Some(held.hold),
        _ => None,
    }
}

/// What a command asks for: of a signed one, what was signed.
fn asked(command: &Command) -> &Command {
    match command {
        Command::Signed { receipt } => &receipt.request.act,
        other => other,
    }
}
