//! [`Served`]: one process of several: what it has in common with the others, and its roles.
//!
//! The roles never call each other: what binds is in the ledger, who lives is at the roster, records come by the bus.
//! Never here: what a role does (`served/gateway.rs`, `served/soc.rs`, `served/desk.rs`). To add a role: its file, its name in
//! [`Roles`], its start in [`Served::start`], its end in [`Served::stop`].

use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::{sync::Notify, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use writ_authority::{State, fact::NEWEST};
use writ_lake::Activity;
use writ_model::{BootId, GatewayId, Secret};
use writ_store::{Bus, Keeper, Lease, Member, Terms, Wanted, lease, roster::Role};

use super::{Places, System, brake::Brake, fleet, ids, measured::Parts, rim::Rim, shared::Shared};
use crate::{backup::target, config::Config, fault::Fault, host::control::Control};

pub mod bus;
pub mod desk;
pub mod gateway;
pub mod lake;
pub mod soc;

use self::{desk::DeskRole, gateway::GatewayRole};

/// LIMIT: how long a process that is told to stop lets calls under way end.
const DRAIN: Duration = Duration::from_secs(10);
/// LIMIT: how long a start waits for its turn as the desk before it says that it stands by.
const TURN: Duration = Duration::from_secs(2);

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Roles {
    /// It decides and forwards calls.
    pub gateway: bool,
    /// It seals, sweeps and tells people.
    pub soc: bool,
    /// It serves API and console.
    pub desk: bool,
}

impl Roles {
    /// As the roster has them.
    pub fn list(self) -> Vec<Role> {
        [(self.gateway, Role::Gateway), (self.soc, Role::Soc), (self.desk, Role::Desk)]
            .into_iter()
            .filter_map(|(has, role)| has.then_some(role))
            .collect()
    }

    /// Refuses what must not be one process.
    fn check(self) -> Result<(), Fault> {
        if self.gateway && self.desk {
            // Whoever is not the desk any more ends, and agents' calls must not end with it.
            return Err(Fault::usage("a gateway and a desk cannot be one process of several")
                .cure("start them apart, each with a data folder of its own; or run everything in one process: `writ up`"));
        }
        Ok(())
    }

    fn words(self) -> String {
        self.list().into_iter().map(Role::word).collect::<Vec<_>>().join("-")
    }
}

/// What every role of a process has.
#[derive(Debug)]
pub struct Common {
    /// What is shared with other processes.
    pub shared: Shared,
    /// The operator's file.
    pub config: Config,
    /// Clock and entropy.
    pub system: System,
    /// Where the installation is reached.
    pub places: Places,
    /// This process, and this run of it.
    pub ids: (GatewayId, BootId),
    /// What this process may still do.
    pub lease: Arc<Lease>,
    /// What is measured.
    pub parts: Arc<Parts>,
    /// Told when everything but the lease ends.
    pub stop: CancellationToken,
    /// What goes on by itself.
    pub tasks: TaskTracker,
    /// Why this process cannot go on.
    lost: Mutex<Option<Fault>>,
    losing: Notify,
}

impl Common {
    /// Says that this process cannot go on; the first reason counts.
    pub fn lose(&self, why: Fault) {
        tracing::error!(event = "process.lost", %why, "this process ends, to be started again");
        self.lost.lock().get_or_insert(why);
        self.losing.notify_one();
    }
}

/// A running process of several.
#[derive(Debug)]
pub struct Served {
    common: Arc<Common>,
    roles: Roles,
    bus: Arc<dyn Bus>,
    rim: Rim,
    gateway: Option<GatewayRole>,
    lake: Option<Arc<Activity>>,
    desk: Arc<OnceLock<DeskRole>>,
    /// The lease is kept until everything else has ended.
    keeping: (CancellationToken, tokio::task::JoinHandle<()>),
    _control: Option<Control>,
}

impl Served {
    /// Starts the roles.
    ///
    /// # Errors
    /// If the operator's file lacks what processes share, or a part of it cannot be used.
    pub async fn start(
        folder: &Path,
        config: &Config,
        system: &System,
        roles: Roles,
    ) -> Result<Self, Fault> {
        roles.check()?;
        let shared = Shared::open(folder, config).await?;
        let common = Arc::new(common(shared, config, system)?);
        let around = (config, folder);
        let who = (roles.words(), common.ids.0.to_string());
        let parts = Arc::clone(&common.parts);
        let rim = Rim::start(around, system, parts, (&who.0, who.1), &common.stop).await?;
        let bus = bus::connect(config, folder).await?;
        let brake = Arc::new(Brake::new(folder, common.ids.1, Arc::clone(&system.clock)));
        let (gateway, control) = if roles.gateway {
            let role = GatewayRole::start(&common, &bus, &brake, &rim.health).await?;
            let control = role.control(&common, &brake)?;
            (Some(role), Some(control))
        } else {
            (None, None)
        };
        let url = gateway.as_ref().map(|role| role.base().to_owned()).unwrap_or_default();
        let keeping = keep(&common, member(&common, roles, url), brake);
        let lakes = roles.soc || roles.desk;
        let lake = if lakes { Some(lake::start(&common, &bus)?) } else { None };
        let desk = Arc::new(OnceLock::new());
        if let Some(lake) = &lake {
            let store = common.shared.store(Arc::clone(lake));
            if roles.desk {
                desk::start(&common, &store, &desk, &rim.health).await;
            }
            if roles.soc {
                soc::start(&common, store, &rim.health);
            }
        }
        Ok(Self { common, roles, bus, rim, gateway, lake, desk, keeping, _control: control })
    }

    /// The process as a document: what it does and where.
    pub fn describe(&self) -> Value {
        let desk = self.desk.get();
        let standby = self.roles.desk && desk.is_none();
        json!({
            "roles": self.roles.list(),
            "standby": standby.then_some(["desk"]),
            "id": self.common.ids.0,
            "boot": self.common.ids.1,
            "gateway": self.gateway.as_ref().map(GatewayRole::base),
            "desk": desk.map(|desk| format!("http://{}", desk.at())),
            "console": desk.map(|_| self.common.places.origin.clone()),
            "metrics": self.rim.metrics.map(|at: SocketAddr| format!("http://{at}")),
            "pid": std::process::id(),
        })
    }

    /// The link to the very first passkey, once, if this process is the desk.
    pub async fn sign_in_link(&self) -> Option<Secret<String>> {
        self.desk.get()?.desk().new_sign_in_link().await.ok()
    }

    /// Why this process cannot go on, once it cannot.
    pub async fn lost(&self) -> Fault {
        loop {
            if let Some(why) = self.common.lost.lock().clone() {
                return why;
            }
            self.common.losing.notified().await;
        }
    }

    /// Stops: the gateway lets calls end, records reach the bus, what is held is given back, and the lease ends last.
    pub async fn stop(self) {
        if let Some(gateway) = &self.gateway {
            gateway.drain(DRAIN).await;
        }
        self.common.stop.cancel();
        self.common.tasks.close();
        if let Some(desk) = self.desk.get() {
            desk.close().await;
        }
        if let Some(gateway) = self.gateway {
            gateway.close().await;
        }
        if timeout(DRAIN, self.common.tasks.wait()).await.is_err() {
            tracing::warn!(event = "process.slow_end", "some tasks did not end in time");
        }
        if let Some(lake) = &self.lake {
            lake.close().await;
        }
        self.common.shared.sequencer.tenants().save_snapshots().await;
        let (keeping, kept) = self.keeping;
        keeping.cancel();
        if kept.await.is_err() {
            tracing::warn!(event = "process.keeper_died", "the lease was not given back");
        }
        drop(self.bus);
        self.rim.close().await;
        tracing::info!(event = "process.stopped", roles = %self.roles.words(), "ended");
    }
}

fn common(shared: Shared, config: &Config, system: &System) -> Result<Common, Fault> {
    let places = Places::of(config, config.desk, shared.folder())?;
    let ids = ids(shared.folder(), system)?;
    let staleness_max = config.cluster.staleness.unwrap_or(lease::STALENESS_MAX);
    let acting = lease::ACTING.min(staleness_max);
    let lease = Arc::new(Lease::new(Terms { acting, staleness_max }));
    let tenants = Arc::clone(shared.sequencer.tenants());
    let parts = Parts::new(Arc::clone(&system.clock), tenants, fleet::servers(config));
    Ok(Common {
        shared,
        config: config.clone(),
        system: system.clone(),
        places,
        ids,
        lease,
        parts: Arc::new(parts),
        stop: CancellationToken::new(),
        tasks: TaskTracker::new(),
        lost: Mutex::default(),
        losing: Notify::new(),
    })
}

fn member(common: &Common, roles: Roles, url: String) -> Member {
    Member {
        gateway: common.ids.0,
        boot: common.ids.1,
        roles: roles.list(),
        url,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        reads: NEWEST,
        started_at: common.system.clock.now(),
        staleness: common.lease.terms().staleness_max,
    }
}

/// Follows the ledger and keeps the lease, until the token is cancelled.
fn keep(
    common: &Arc<Common>,
    member: Member,
    brake: Arc<Brake>,
) -> (CancellationToken, tokio::task::JoinHandle<()>) {
    let (tenants, roster) = (common.shared.sequencer.tenants(), &common.shared.roster);
    let clock = Arc::clone(&common.system.clock);
    let lease = Arc::clone(&common.lease);
    let halted = Arc::new(Notify::new());
    let told = Arc::clone(&halted);
    let keeper: Keeper<State> =
        Keeper::new(Arc::clone(tenants), Arc::clone(roster), lease, member, clock).on_wanted(
            move |wanted| {
                brake.wanted(fleet::mode(wanted));
                if wanted == Wanted::Halt {
                    told.notify_one();
                }
            },
        );
    common.tasks.spawn(end_if_restoring(Arc::clone(common), halted));
    let keeper = Arc::new(keeper);
    common.parts.set_keeper(&keeper);
    let (stop, parts) = (CancellationToken::new(), Arc::clone(&common.parts));
    let stopped = stop.clone();
    let report = move || serde_json::to_vec(&parts.report()).unwrap_or_default();
    let kept = tokio::spawn(async move { keeper.run(report, stopped).await });
    (stop, kept)
}

/// Ends the process when its database is being filled from a backup: what it knows is of another history. A gateway has cut
/// everything by then; a desk must not write.
async fn end_if_restoring(common: Arc<Common>, halted: Arc<Notify>) {
    loop {
        tokio::select! {
            () = common.stop.cancelled() => return,
            () = halted.notified() => {}
        }
        match target::restoring(common.shared.roster.as_ref()).await {
            Ok(false) => {}
            Ok(true) => return common.lose(target::filled()),
            Err(why) => tracing::debug!(error = %why, "asked again with the next beat"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_is_no_desk() {
        let all = [(true, true, false), (true, true, true)];
        for (gateway, desk, soc) in all {
            let fault = Roles { gateway, soc, desk }.check().unwrap_err();
            assert!(fault.to_string().contains("cannot be one process"), "{fault}");
        }
        for (gateway, desk, soc) in [(true, false, true), (false, true, true)] {
            Roles { gateway, soc, desk }.check().unwrap();
        }
    }
}
