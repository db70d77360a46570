//! [`Gateway`]: starting and halting. Everything it needs is handed in; it owns no clock, no key and no ledger.
//!
//! Never here: a station of the road.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    net::SocketAddr,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use tokio::{net::TcpListener, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use writ_authority::{Engine, State};
use writ_identity::{Nonces, PublicKeys, ReplayMarks, TokenCache, cache, replay};
use writ_model::{BootId, Clock, Entropy, GatewayId};
use writ_reach::Dial;
use writ_store::{Contexts, Definitions, Held, Lease, Meter, Tenants, Vault};

use crate::{
    ask::{self, Doors},
    catalog::{Catalog, FirstSight},
    config::{self, BadServer, Place, Server, Target},
    confirm::Confirm,
    core::{Core, Scribe, Served},
    counters::{Counted, Counters},
    fair::{Fair, TenantBounds},
    flow::Flows,
    health::Health,
    kill, limits,
    many::{Many, Outage},
    pending::Pending,
    recorder::Recorder,
    seal, serve,
    session::Sessions,
    standing,
    streams::Streams,
    tenancy::Tenancies,
    unfinished,
    upstream::{
        Upstream,
        auth::{Broker, Means},
        bridge::Bridge,
        http::HttpUpstream,
        stdio::StdioUpstream,
        two::Two,
    },
};

/// LIMIT: how long tasks may take to end when the gateway halts.
const ENDING: Duration = Duration::from_secs(10);

/// What a gateway is made of.
#[derive(Debug)]
pub struct GatewayParts {
    /// Where it listens; port 0 for any.
    pub listen: SocketAddr,
    /// Its address as clients know it, without a final slash; `http://{listen}` if none.
    pub base: Option<String>,
    /// The authorization server whose tokens are accepted.
    pub issuer: String,
    /// Its id over all runs.
    pub id: GatewayId,
    /// This run.
    pub boot: BootId,
    /// The registers, followed.
    pub tenants: Arc<Tenants<State>>,
    /// Decides.
    pub engine: Arc<Engine>,
    /// Counts against limits.
    pub meter: Arc<dyn Meter>,
    /// Keeps records.
    pub recorder: Arc<dyn Recorder>,
    /// Keeps the requests that wait for an approval, sealed.
    pub held: Arc<dyn Held>,
    /// Keeps what agents have read, sealed.
    pub contexts: Arc<dyn Contexts>,
    /// What the operator says that servers are: templates of their tools' classes.
    pub templates: writ_flow::Chosen,
    /// What happens to a definition that was never seen before.
    pub catalog: FirstSight,
    /// Keeps the texts of definitions, for people to read.
    pub definitions: Arc<dyn Definitions>,
    /// The desk's address as people know it, without a final slash: `{approvals}/a/{hold}` is where they approve.
    pub approvals: String,
    /// Has each tenant's data key.
    pub vault: Arc<dyn Vault>,
    /// The issuer's public keys.
    pub keys: PublicKeys,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Servers of the operator's file.
    pub servers: Vec<Server>,
    /// Writes into ledgers.
    pub scribe: Arc<dyn Scribe>,
    /// Says that an ending has reached this gateway.
    pub confirm: Arc<dyn Confirm>,
    /// For how long it may act on what it last heard of the ledger.
    pub lease: Arc<Lease>,
    /// What one tenant may have of it.
    pub bounds: TenantBounds,
    /// Gateways that ask here with a key of the operator's file.
    pub askers: Vec<ask::config::Asker>,
}

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartFault {
    /// The operator's file names servers that cannot be.
    #[error("the operator's file has {} unusable server entries", .0.len())]
    Servers(Vec<BadServer>),
    /// The operator's file names gateways that cannot ask.
    #[error("the operator's file has {} unusable askers: {}", .0.len(), .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Askers(Vec<ask::config::BadAsker>),
    /// The address cannot be listened on.
    #[error("cannot listen on {listen}")]
    Listen {
        /// Where.
        listen: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// The gateway.
#[derive(Debug, Clone, Copy)]
pub struct Gateway;

/// A running gateway. Dropping it does not halt it; [`Running::halt`] does.
#[derive(Debug)]
pub struct Running {
    core: Arc<Core>,
    local: SocketAddr,
}

impl Gateway {
    /// Binds, and starts to serve.
    ///
    /// # Errors
    /// If an entry of the operator's file is unusable or the address is taken.
    pub async fn start(parts: GatewayParts) -> Result<Running, StartFault> {
        config::check(&parts.servers).map_err(StartFault::Servers)?;
        let listen = parts.listen;
        let fault = |source| StartFault::Listen { listen, source };
        let listener = TcpListener::bind(listen).await.map_err(fault)?;
        let local = listener.local_addr().map_err(fault)?;
        let changes = parts.tenants.changes();
        let core = Arc::new(core(parts, local)?);
        core.tasks.spawn(kill::follow(Arc::clone(&core), changes));
        core.tasks.spawn(standing::watch(Arc::clone(&core)));
        core.tasks.spawn(unfinished::record(Arc::clone(&core)));
        core.tasks.spawn(seal::every_minute(Arc::clone(&core)));
        core.tasks.spawn(limits::upkeep(Arc::clone(&core)));
        core.tasks.spawn(serve::accept(Arc::clone(&core), listener));
        tracing::info!(%local, base = %core.base, servers = core.servers.len(), "gateway serves");
        Ok(Running { core, local })
    }
}

fn core(parts: GatewayParts, local: SocketAddr) -> Result<Core, StartFault> {
    let base = parts.base.unwrap_or_else(|| format!("http://{local}"));
    let many = Many::new(&base, parts.bounds.tools_listed);
    let tasks = TaskTracker::new();
    let means = Means {
        tenants: Arc::clone(&parts.tenants),
        vault: Arc::clone(&parts.vault),
        meter: Arc::clone(&parts.meter),
        clock: Arc::clone(&parts.clock),
        entropy: Arc::clone(&parts.entropy),
        tasks: tasks.clone(),
    };
    let servers = served(parts.servers, &base, &means)?;
    let marks = ReplayMarks::new(replay::DEFAULT_MARKS, parts.entropy.as_ref());
    let mut call_salt = [0; 6];
    parts.entropy.fill(&mut call_salt);
    let tenancies = Tenancies::new(parts.vault);
    let doors = Doors::new(parts.askers, &base).map_err(StartFault::Askers)?;
    Ok(Core {
        id: parts.id,
        boot: parts.boot,
        umbrella: format!("{base}/mcp"),
        base,
        issuer: parts.issuer,
        servers,
        tenants: parts.tenants,
        engine: parts.engine,
        meter: parts.meter,
        recorder: parts.recorder,
        held: parts.held,
        flows: Flows::new(parts.contexts, parts.templates),
        catalog: Catalog::new(parts.catalog),
        definitions: parts.definitions,
        approvals: parts.approvals.trim_end_matches('/').to_owned(),
        tenancies,
        keys: ArcSwap::from_pointee(parts.keys),
        tokens: TokenCache::new(cache::DEFAULT_TOKENS),
        nonces: Nonces::new(parts.entropy.as_ref()),
        salt: marks.salt(),
        marks: Mutex::new(marks),
        clock: parts.clock,
        entropy: parts.entropy,
        scribe: parts.scribe,
        confirm: parts.confirm,
        lease: parts.lease,
        fair: Fair::new(parts.bounds),
        streams: Streams::default(),
        sessions: Sessions::default(),
        many,
        pending: Pending::default(),
        doors,
        counters: Counters::default(),
        tasks,
        halt: CancellationToken::new(),
        calls: AtomicU64::new(0),
        call_salt,
    })
}

fn served(
    servers: Vec<Server>,
    base: &str,
    means: &Means,
) -> Result<BTreeMap<String, Served>, StartFault> {
    let mut out: BTreeMap<String, Served> = BTreeMap::new();
    let mut problems = Vec::new();
    for server in servers {
        let commands = matches!(server.at, Place::Command(_));
        let upstream: Option<Arc<dyn Upstream>> = match server.at {
            Place::Wrapped => None,
            Place::Command(command) => {
                let entropy = Arc::clone(&means.entropy);
                Some(Arc::new(StdioUpstream::new(command, entropy, means.tasks.clone())))
            }
            Place::Http(target) => {
                let address = target.authority.to_string();
                let made = reached(&server.name, target, means);
                made.map_err(|_told| problems.push(BadServer::Address(address))).ok()
            }
        };
        let upstream = upstream.map(|inner| bridged(inner, &server.name, commands, means));
        let name = server.name;
        let resource = format!("{base}/mcp/{name}");
        let metadata = format!("{base}/.well-known/oauth-protected-resource/mcp/{name}");
        let siblings = Vec::new();
        let client = server.client;
        let health = Health::default();
        let served =
            Served { name: name.clone(), client, resource, metadata, upstream, health, siblings };
        match out.entry(name) {
            Entry::Vacant(free) => drop(free.insert(served)),
            Entry::Occupied(mut first) => first.get_mut().siblings.push(served),
        }
    }
    if problems.is_empty() { Ok(out) } else { Err(StartFault::Servers(problems)) }
}

/// A server for clients of both generations of the protocol.
fn bridged(
    inner: Arc<dyn Upstream>,
    name: &str,
    asks_first: bool,
    means: &Means,
) -> Arc<dyn Upstream> {
    let (clock, entropy) = (Arc::clone(&means.clock), Arc::clone(&means.entropy));
    Arc::new(Bridge::new(inner, (name, asks_first), clock, entropy))
}

/// A server that is asked over HTTP; with a broker if it lets in nobody without a token.
fn reached(name: &str, target: Target, means: &Means) -> Result<Arc<dyn Upstream>, ()> {
    let address = target.authority.to_string();
    let dial = match &target.dial {
        Some(dial) => Ok(dial.clone()),
        None => Dial::new(Arc::clone(&means.clock), None),
    };
    let dial = dial.map_err(|fault| {
        tracing::error!(error = %fault, address, "TLS cannot be used");
    })?;
    let broker = target.protected.as_ref().map(|protected| {
        Arc::new(Broker::new(name.to_owned(), Arc::clone(protected), means.clone()))
    });
    match HttpUpstream::new(target, means.tasks.clone(), (dial, broker)) {
        Ok(upstream) => {
            let (entropy, tasks) = (Arc::clone(&means.entropy), means.tasks.clone());
            Ok(Arc::new(Two::new(upstream, entropy, tasks)))
        }
        Err(fault) => {
            tracing::error!(error = %fault, address, "an address has no HTTP form");
            Err(())
        }
    }
}

impl Running {
    pub(crate) fn core(&self) -> &Core {
        &self.core
    }

    /// Takes other keys of the issuer. Tokens of keys that are not among them are refused from now on.
    pub fn trust(&self, keys: PublicKeys) {
        self.core.keys.store(Arc::new(keys));
        self.core.tokens.clear();
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Its address as clients know it.
    pub fn base(&self) -> &str {
        &self.core.base
    }

    /// What it has counted.
    pub fn counters(&self) -> Counted {
        self.core.counted()
    }

    /// Calls and streams under way, by instance.
    pub fn busy(&self) -> usize {
        self.core.streams.busy().len()
    }

    /// Servers that do not answer the one endpoint as they should, by name, over all tenants.
    pub fn outages(&self) -> Vec<Outage> {
        self.core.many.outages()
    }

    /// Seals everything that was recorded until now; how many ranges.
    pub async fn seal_now(&self) -> usize {
        seal::now(&self.core).await
    }

    /// Stops accepting, lets calls finish for a while, ends processes, seals what was recorded.
    pub async fn halt(&self) {
        self.core.halt.cancel();
        for upstream in self.core.upstreams() {
            upstream.close().await;
        }
        self.core.tasks.close();
        if timeout(ENDING, self.core.tasks.wait()).await.is_err() {
            tracing::error!("some tasks of the gateway did not end in time");
        }
        seal::now(&self.core).await;
        self.core.meter.close(self.core.clock.now()).await;
    }
}
