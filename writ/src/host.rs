//! The wiring of one process: store, desk, gateway, console, and the tasks that keep them going.
//!
//! Never here: a rule, a page, a query. To add a role: its start in [`Host::start`], its end in [`Host::stop`].

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::Router;
use tokio::{
    net::TcpListener,
    time::{MissedTickBehavior, interval},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use writ_desk::Desk;
use writ_gateway::{Direct, GatewayParts, InLake, Running, Scribe, Server, TenantBounds};
use writ_model::{BootId, Clock, Entropy, GatewayId, Secret};
use writ_store::{Lease, LeasedMeter};

use crate::{
    cli::access::{SERVER_FILE, ServerFile},
    config::Config,
    drill::Rehearser,
    fault::Fault,
};

pub mod anchors;
pub mod askers;
pub mod brake;
pub mod control;
pub mod fleet;
pub mod halted;
pub mod health;
pub mod keys;
pub mod lane;
pub mod measured;
pub mod notify;
pub mod oauth;
pub mod oidc;
pub mod rim;
pub mod scribe;
pub mod served;
pub mod servers;
pub mod shared;
pub mod store;
pub mod upstreams;

use brake::Brake;
use control::Control;
use fleet::LocalFleet;
use lane::Lane;
use measured::Parts;
use rim::Rim;
use scribe::LedgerScribe;
pub use served::Served;
pub use store::{Places, Store};
use upstreams::Around;

/// How often agents whose answers are missing are looked for.
const SWEEP: Duration = Duration::from_mins(1);
/// How often snapshots of long ledgers are written.
const SNAPSHOTS: Duration = Duration::from_mins(10);
/// LIMIT: time for open requests to end once told to stop.
const DRAIN: Duration = Duration::from_secs(3);

/// Clock and entropy of the process.
#[derive(Debug, Clone)]
pub struct System {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

/// A running installation in one process.
#[derive(Debug)]
pub struct Host {
    store: Store,
    desk: Desk,
    lane: Lane,
    rim: Rim,
    _control: Control,
    stop: CancellationToken,
    tasks: TaskTracker,
    serving: tokio::task::JoinHandle<()>,
    server_file: PathBuf,
}

impl Host {
    /// Starts everything on an open store.
    ///
    /// # Errors
    /// If an address is taken, the operator's file names an unusable server, or the store fails.
    pub async fn start(store: Store, config: &Config, system: &System) -> Result<Self, Fault> {
        let around = Around { folder: store.folder(), system, origin: "" };
        let servers = servers::checked(&config.servers, around)?;
        let (listener, desk_at) = bind(config.desk, "desk").await?;
        let places = Places::of(config, desk_at, store.folder())?;
        let desk = store.desk(&places, system).await?;
        if let Some(oidc) = &config.oidc {
            oidc::start(&desk, oidc, store.folder(), system)?;
        }
        oauth::start(&desk, &config.oauth, system)?;
        let around = Around { origin: &places.origin, ..around };
        upstreams::start(&desk, config, around)?;
        if let Some(notify) = &config.notify {
            let outbox = store.outbox()?;
            notify::start(&desk, notify, outbox, (store.folder(), system))?;
        }
        let ids = ids(store.folder(), system)?;
        let stop = CancellationToken::new();
        let tenants = Arc::clone(store.sequencer.tenants());
        let parts = Parts::new(Arc::clone(&system.clock), tenants, fleet::servers(config));
        let parts = Arc::new(parts);
        let around = (config, store.folder());
        let rim = Rim::start(around, system, Arc::clone(&parts), ("up", ids.0.to_string()), &stop)
            .await?;
        let brake = Arc::new(Brake::new(store.folder(), ids.1, Arc::clone(&system.clock)));
        let lease = Arc::new(Lease::always());
        let road = Road { places: &places, config, ids, lease: Arc::clone(&lease) };
        let lane =
            Lane::start(gateway_parts(&store, road, servers, (&desk, system))?, &brake).await?;
        parts.set_gateway(lane.gateway());
        parts.set_lake(&store.lake);
        let control = control::start(store.folder(), &brake, (lane.gateway(), lease), &stop)?;
        let gateway = Arc::clone(lane.gateway());
        let ran = Arc::clone(&gateway);
        let folder = store.folder().to_owned();
        let fleet = LocalFleet::new(gateway, ids, desk.now(), brake, parts).backed_up(folder);
        desk.set_fleet(Arc::new(fleet));
        desk.set_rehearse(Arc::new(Rehearser::new(Arc::clone(&system.entropy))));
        rim.health.role("gateway", move || lane::ready(&ran));
        rim.health.role("desk", || Ok(()));
        let tasks = TaskTracker::new();
        let serving = serve(listener, router(&desk), &stop);
        tasks.spawn(upkeep(desk.clone(), store.clone(), stop.clone()));
        if config.notify.is_some() {
            tasks.spawn(notify::run(desk.clone(), || true, stop.clone()));
        }
        let server_file = store.folder().join(SERVER_FILE);
        let gateway = lane.gateway().base().to_owned();
        write_server_file(&server_file, &ServerFile::at(desk_at, gateway))?;
        Ok(Self { store, desk, lane, rim, _control: control, stop, tasks, serving, server_file })
    }

    /// The desk.
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// The gateway.
    pub fn gateway(&self) -> &Running {
        self.lane.gateway()
    }

    /// The link to the very first passkey, once; none when somebody has one.
    pub async fn sign_in_link(&self) -> Option<Secret<String>> {
        self.desk.new_sign_in_link().await.ok()
    }

    /// Stops: no new requests, open ones get a moment, records are sealed, everything is flushed.
    pub async fn stop(mut self) {
        self.stop.cancel();
        self.tasks.close();
        self.lane.gateway().halt().await;
        if tokio::time::timeout(DRAIN, &mut self.serving).await.is_err() {
            // Live pages stay open for as long as somebody looks at them.
            self.serving.abort();
        }
        self.tasks.wait().await;
        self.store.close().await;
        self.rim.close().await;
        if let Err(error) = fs::remove_file(&self.server_file) {
            tracing::warn!(%error, "server file not removed");
        }
    }
}

/// Where and as whom a gateway serves.
struct Road<'a> {
    places: &'a Places,
    config: &'a Config,
    ids: (GatewayId, BootId),
    lease: Arc<Lease>,
}

/// The gateway of an installation in one process: it writes and records by itself.
fn gateway_parts(
    store: &Store,
    road: Road<'_>,
    servers: Vec<Server>,
    (desk, system): (&Desk, &System),
) -> Result<GatewayParts, Fault> {
    let (id, boot) = road.ids;
    let scribe: Arc<dyn Scribe> =
        Arc::new(LedgerScribe::new(store.sequencer.clone(), system.clone()));
    Ok(GatewayParts {
        listen: road.config.gateway,
        base: road.config.base.clone(),
        issuer: road.places.issuer.clone(),
        id,
        boot,
        tenants: Arc::clone(store.sequencer.tenants()),
        engine: Arc::clone(&store.engine),
        meter: Arc::new(LeasedMeter::new(Arc::clone(&store.bank), boot)),
        recorder: Arc::new(InLake(Arc::clone(&store.lake))),
        held: Arc::clone(&store.held),
        contexts: Arc::clone(&store.contexts),
        templates: upstreams::templates(&road.config.servers),
        catalog: road.config.first_sight,
        definitions: Arc::clone(&store.definitions),
        approvals: road.places.origin.clone(),
        vault: Arc::clone(&store.vault),
        keys: desk.token_keys().map_err(|error| Fault::unreachable(error.to_string()))?,
        clock: Arc::clone(&system.clock),
        entropy: Arc::clone(&system.entropy),
        servers,
        confirm: Arc::new(Direct(Arc::clone(&scribe))),
        scribe,
        lease: road.lease,
        bounds: bounds(road.config),
        askers: askers::read(&road.config.askers, store.folder())?,
    })
}

/// What one client may have of the gateway: the operator's word, else the gateway's own.
fn bounds(config: &Config) -> TenantBounds {
    let (limits, own) = (config.cluster.limits, TenantBounds::default());
    TenantBounds {
        calls: limits.calls_at_once.unwrap_or(own.calls),
        calls_per_second: limits.calls_per_second.unwrap_or(own.calls_per_second),
        streams: limits.streams.unwrap_or(own.streams),
        tools_listed: limits.tools_listed.unwrap_or(own.tools_listed),
        ..own
    }
}

/// API and console.
fn router(desk: &Desk) -> Router {
    desk.router().merge(writ_console::router(desk))
}

/// Serves them until told to stop.
fn serve(
    listener: TcpListener,
    router: Router,
    stop: &CancellationToken,
) -> tokio::task::JoinHandle<()> {
    let stopped = stop.clone().cancelled_owned();
    tokio::spawn(async move {
        let served = axum::serve(listener, router).with_graceful_shutdown(stopped).await;
        if let Err(error) = served {
            tracing::error!(event = "desk.ended", %error, "the desk ended");
        }
    })
}

/// The address a role listens on, and the one it got.
async fn bind(address: SocketAddr, role: &str) -> Result<(TcpListener, SocketAddr), Fault> {
    let taken = |error: io::Error| {
        Fault::unreachable(format!("the {role} cannot listen on {address}: {error}"))
            .cure(format!("free the port, or choose another in writ.toml: [{role}] listen = …"))
    };
    let listener = TcpListener::bind(address).await.map_err(taken)?;
    let address = listener.local_addr().map_err(taken)?;
    Ok((listener, address))
}

/// What goes on by itself until told to stop.
async fn upkeep(desk: Desk, store: Store, stop: CancellationToken) {
    let every = |period| {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    };
    let (mut sweeps, mut snapshots) = (every(SWEEP), every(SNAPSHOTS));
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _at = sweeps.tick() => match desk.sweep().await {
                Ok(swept) if swept.held > 0 => tracing::warn!(held = swept.held, "agents put on hold"),
                Ok(_) | Err(writ_desk::DeskError::Unfounded) => {}
                Err(error) => tracing::error!(%error, "not swept"),
            },
            _at = snapshots.tick() => {
                store.sequencer.tenants().save_snapshots().await;
            }
        }
    }
}

/// The process's id over all runs, and that of this run.
fn ids(folder: &Path, system: &System) -> Result<(GatewayId, BootId), Fault> {
    let boot = BootId::from_parts(system.clock.now(), random(system));
    Ok((gateway_id(folder, system)?, boot))
}

/// The gateway's id over all runs: made once, kept in the data folder.
fn gateway_id(folder: &Path, system: &System) -> Result<GatewayId, Fault> {
    let path = folder.join("gateway.id");
    match fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().map_err(|error| {
            Fault::unreachable(format!("`{}`: {error}", path.display()))
                .cure("remove the file to have a new id")
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let id = GatewayId::from_parts(system.clock.now(), random(system));
            fs::write(&path, format!("{id}\n"))
                .map_err(|error| Fault::file(&path, "write", &error))?;
            Ok(id)
        }
        Err(error) => Err(Fault::file(&path, "read", &error)),
    }
}

fn random(system: &System) -> [u8; 10] {
    let mut random = [0; 10];
    system.entropy.fill(&mut random);
    random
}

/// Written beside and renamed, so that nobody reads half of it.
fn write_server_file(path: &Path, server: &ServerFile) -> Result<(), Fault> {
    let beside = path.with_extension("json.new");
    let text = serde_json::to_string_pretty(server).unwrap_or_default();
    fs::write(&beside, text)
        .and_then(|()| fs::rename(&beside, path))
        .map_err(|error| Fault::file(path, "write", &error))
}

#[cfg(test)]
mod tests;
