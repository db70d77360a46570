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

use tokio::{
    net::TcpListener,
    time::{MissedTickBehavior, interval},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use writ_desk::Desk;
use writ_gateway::{GatewayParts, Running};
use writ_model::{BootId, Clock, Entropy, GatewayId, Secret};
use writ_store::MemoryMeter;

use crate::{
    cli::access::{SERVER_FILE, ServerFile},
    config::Config,
    drill::Rehearser,
    fault::Fault,
};

pub mod anchors;
pub mod fleet;
pub mod lane;
pub mod notify;
pub mod oidc;
pub mod scribe;
pub mod servers;
pub mod store;

use fleet::LocalFleet;
use lane::Lane;
use scribe::LedgerScribe;
pub use store::{Places, Store};

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

/// A running installation.
#[derive(Debug)]
pub struct Host {
    store: Store,
    desk: Desk,
    lane: Lane,
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
        let servers = servers::checked(&config.servers)?;
        let (listener, desk_at) = bind(config.desk, "desk").await?;
        let places = Places::of(config, desk_at, store.folder())?;
        let issuer = places.issuer.clone();
        let desk = store.desk(&places, system).await?;
        if let Some(oidc) = &config.oidc {
            oidc::start(&desk, oidc, store.folder(), system)?;
        }
        if let Some(notify) = &config.notify {
            notify::start(&desk, notify, store.folder(), system)?;
        }
        let boot = BootId::from_parts(system.clock.now(), random(system));
        let id = gateway_id(store.folder(), system)?;
        let scribe = LedgerScribe::new(store.sequencer.clone(), system.clone());
        let parts = GatewayParts {
            listen: config.gateway,
            base: None,
            issuer: issuer.clone(),
            id,
            boot,
            tenants: Arc::clone(store.sequencer.tenants()),
            engine: Arc::clone(&store.engine),
            meter: Arc::new(MemoryMeter::default()),
            lake: Arc::clone(&store.lake),
            held: Arc::clone(&store.held),
            approvals: places.origin.clone(),
            vault: Arc::clone(&store.vault),
            keys: desk.token_keys().map_err(|error| Fault::unreachable(error.to_string()))?,
            clock: Arc::clone(&system.clock),
            entropy: Arc::clone(&system.entropy),
            servers,
            scribe: Arc::new(scribe),
        };
        let lane = Lane::start(parts).await?;
        let fleet = LocalFleet::new(Arc::clone(lane.gateway()), (id, boot), config, desk.now());
        desk.set_fleet(Arc::new(fleet));
        desk.set_rehearse(Arc::new(Rehearser::new(Arc::clone(&system.entropy))));
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let router = desk.router().merge(writ_console::router(&desk));
        let stopped = stop.clone().cancelled_owned();
        let serving = tokio::spawn(async move {
            let served = axum::serve(listener, router).with_graceful_shutdown(stopped).await;
            if let Err(error) = served {
                tracing::error!(%error, "the desk ended");
            }
        });
        tasks.spawn(upkeep(desk.clone(), store.clone(), stop.clone()));
        if config.notify.is_some() {
            tasks.spawn(notify::run(desk.clone(), stop.clone()));
        }
        let server_file = store.folder().join(SERVER_FILE);
        let server = ServerFile {
            desk: issuer,
            gateway: lane.gateway().base().to_owned(),
            pid: std::process::id(),
        };
        write_server_file(&server_file, &server)?;
        Ok(Self { store, desk, lane, stop, tasks, serving, server_file })
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
        if let Err(error) = fs::remove_file(&self.server_file) {
            tracing::warn!(%error, "server file not removed");
        }
    }
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
