//! [`Core`]: what every station of the road shares, for the length of one run. No globals.
//!
//! Never here: a station's own logic.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use async_trait::async_trait;
use parking_lot::Mutex;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use writ_authority::{Command, Engine, State};
use writ_identity::{Nonces, PublicKeys, ReplayMarks, Salt, TokenCache};
use writ_model::{BootId, CallId, Clock, Entropy, GatewayId, TenantId, Timestamp};
use writ_store::{Definitions, Held, Lease, Meter, Tenants};

use crate::{
    ask::Doors,
    catalog::Catalog,
    confirm::Confirm,
    counters::{Counted, Counters},
    fair::Fair,
    flow::Flows,
    health::Health,
    identify::Identified,
    many::Many,
    pending::Pending,
    recorder::Recorder,
    session::Sessions,
    streams::Streams,
    tenancy::Tenancies,
    upstream::Upstream,
};

/// Writes what the gateway has to say into a tenant's ledger. The wiring gives it a sequencer.
#[async_trait]
pub trait Scribe: Send + Sync + std::fmt::Debug {
    /// Decides and appends a command as the system's part `gateway`; the line it stands at.
    ///
    /// # Errors
    /// In words, if it was refused or could not be made durable.
    async fn write(&self, tenant: TenantId, command: Command) -> Result<u64, String>;
}

/// A server and what is derived from its name once.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) name: String,
    pub(crate) client: Option<String>,
    /// `{base}/mcp/{name}`: the audience of tokens and the URL of proofs.
    pub(crate) resource: String,
    /// Where RFC 9728 metadata stands.
    pub(crate) metadata: String,
    /// None for servers under `writ wrap`.
    pub(crate) upstream: Option<Arc<dyn Upstream>>,
    /// How it answers.
    pub(crate) health: Health,
    /// Servers of the same name and address for other clients. Which one is meant the credential's tenant says.
    pub(crate) siblings: Vec<Served>,
}

impl Served {
    /// The server that a client means by this name: its own, or the one for every client.
    pub(crate) fn of(&self, slug: &str) -> Option<&Self> {
        let own = |one: &&Self| one.client.as_deref() == Some(slug);
        let shared = |one: &&Self| one.client.is_none();
        self.all().find(own).or_else(|| self.all().find(shared))
    }

    /// It and its siblings.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.siblings)
    }
}

/// Shared by all stations.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) id: GatewayId,
    pub(crate) boot: BootId,
    pub(crate) base: String,
    pub(crate) umbrella: String,
    pub(crate) issuer: String,
    pub(crate) servers: BTreeMap<String, Served>,
    pub(crate) tenants: Arc<Tenants<State>>,
    pub(crate) engine: Arc<Engine>,
    pub(crate) meter: Arc<dyn Meter>,
    pub(crate) recorder: Arc<dyn Recorder>,
    pub(crate) held: Arc<dyn Held>,
    /// What agents have read.
    pub(crate) flows: Flows,
    pub(crate) catalog: Catalog,
    /// Keeps the texts of definitions.
    pub(crate) definitions: Arc<dyn Definitions>,
    /// The desk's public address, where people approve.
    pub(crate) approvals: String,
    pub(crate) tenancies: Tenancies,
    pub(crate) keys: ArcSwap<PublicKeys>,
    pub(crate) tokens: TokenCache,
    pub(crate) nonces: Nonces,
    pub(crate) salt: Salt,
    pub(crate) marks: Mutex<ReplayMarks>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) scribe: Arc<dyn Scribe>,
    pub(crate) confirm: Arc<dyn Confirm>,
    pub(crate) lease: Arc<Lease>,
    pub(crate) fair: Fair,
    pub(crate) streams: Streams,
    pub(crate) sessions: Sessions,
    /// The one endpoint over all servers.
    pub(crate) many: Many,
    pub(crate) pending: Pending,
    pub(crate) doors: Doors,
    pub(crate) counters: Counters,
    pub(crate) tasks: TaskTracker,
    pub(crate) halt: CancellationToken,
    pub(crate) calls: AtomicU64,
    pub(crate) call_salt: [u8; 6],
}

impl Core {
    /// Every upstream.
    pub(crate) fn upstreams(&self) -> impl Iterator<Item = &Arc<dyn Upstream>> {
        self.servers.values().flat_map(Served::all).filter_map(|server| server.upstream.as_ref())
    }

    /// What was counted until now.
    pub(crate) fn counted(&self) -> Counted {
        self.counters.now(self.upstreams().map(|upstream| upstream.dropped()).sum())
    }

    /// A caller's request was decided on.
    pub(crate) fn decided(&self, who: &Identified) {
        self.counters.decided(self.clock.monotonic_micros().saturating_sub(who.begun));
    }

    /// A new call's id: its instant, a counter, and six bytes of this run, so that ids sort as calls came.
    pub(crate) fn call_id(&self, at: Timestamp) -> CallId {
        let count = self.calls.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let [_, _, _, _, c0, c1, c2, c3] = count;
        let [s0, s1, s2, s3, s4, s5] = self.call_salt;
        CallId::from_parts(at, [c0, c1, c2, c3, s0, s1, s2, s3, s4, s5])
    }
}
