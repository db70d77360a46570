//! [`Site`]: an installation that is going to be broken: its processes by name, which of them runs, and how to start it again.
//!
//! Never here: what a broken promise is.

use std::{net::SocketAddr, path::Path, time::Duration};

use anyhow::{Context as _, Result};
use writ_model::InstanceId;

use crate::{
    args::Args,
    bench::{
        child::{Server, pause},
        gateway::{Agent, Enrolled},
        load::Line,
        population::Size,
    },
    budget::now,
    cluster::{Build, Member, Place, Shared, ready, upstream::Upstream, world::Clerk},
    shell::say,
};

/// LIMIT: how long a process may take until it is ready, with what it has to wait for: a dead one's named lease.
const READY: Duration = Duration::from_mins(1);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);
/// Records are sealed often, so that seals are in what is looked at.
const OFTEN: &str = "[cluster]\nseal_seconds = 1\n";

/// One process.
#[derive(Debug)]
pub(crate) struct One {
    name: String,
    /// What it does.
    pub(crate) role: &'static str,
    /// Where it is.
    pub(crate) place: Place,
    server: Option<Server>,
    starts: u64,
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Site {
    /// Engines and addresses.
    pub(crate) shared: Shared,
    /// Processes: the desk, the soc, gateways.
    pub(crate) all: Vec<One>,
    /// Agents, client by client, until somebody takes them.
    pub(crate) clerks: Vec<Clerk>,
    /// The one server behind all gateways.
    pub(crate) upstream: Upstream,
    /// Processes that ended by themselves, as one does that lost its named lease, and were started again.
    pub(crate) left: u64,
}

/// How large a site is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measure {
    /// Servers of the bus.
    pub(crate) nodes: usize,
    /// Gateways.
    pub(crate) gateways: usize,
    /// Clients.
    pub(crate) clients: usize,
}

impl Site {
    /// Starts everything in an empty folder.
    ///
    /// # Errors
    /// If something does not start.
    pub(crate) fn start(args: &Args, folder: &Path, measure: Measure) -> Result<Self> {
        let (upstream, build) = (Upstream::start()?, Build::of(args));
        let mut shared = Shared::start(folder, upstream.address, (measure.nodes, build))?;
        shared.more = OFTEN;
        let desk = shared.member("desk", "desk")?;
        let world = shared.populate(measure.clients, Size { agents: 4, grants: 2 })?;
        desk.server.stop()?;
        let clerks = mixed(world.clerks, measure.clients);
        let mut site = Self { shared, all: Vec::new(), clerks, upstream, left: 0 };
        site.join("desk", "desk")?;
        site.join("soc", "soc")?;
        for nth in 0..measure.gateways {
            site.join(&format!("gateway-{nth}"), "gateway")?;
        }
        Ok(site)
    }

    fn join(&mut self, name: &str, role: &'static str) -> Result<()> {
        let Member { server, data, address, metrics } = self.shared.member(name, role)?;
        let place = Place { data, address, metrics };
        let name = name.to_owned();
        self.all.push(One { name, role, place, server: Some(server), starts: 1 });
        Ok(())
    }

    /// Where the gateways listen.
    pub(crate) fn gateways(&self) -> Vec<SocketAddr> {
        self.of("gateway").map(|one| one.place.address).collect()
    }

    /// Processes of a role.
    pub(crate) fn of(&self, role: &str) -> impl Iterator<Item = &One> {
        self.all.iter().filter(move |one| one.role == role)
    }

    /// How many of the agents want to call: each with its token and what a new one is asked with.
    ///
    /// # Errors
    /// If the desk gives no tokens.
    pub(crate) fn agents(&mut self, count: usize) -> Result<Vec<(Agent, InstanceId)>> {
        anyhow::ensure!(self.clerks.len() >= count, "there are not so many agents");
        let taken: Vec<Enrolled> = self.clerks.drain(..count).map(|one| one.enrolled).collect();
        let instances: Vec<InstanceId> = taken.iter().map(|one| one.instance).collect();
        Ok(self.shared.tokens(taken)?.into_iter().zip(instances).collect())
    }

    /// Kills a process with SIGKILL.
    pub(crate) fn kill(&mut self, at: usize) {
        // Dropping a server kills it.
        let Some(one) = self.all.get_mut(at) else { return };
        drop(one.server.take());
    }

    /// Starts what does not run, and waits until everything is ready; how long that took.
    ///
    /// # Errors
    /// If it does not get ready.
    pub(crate) fn heal(&mut self) -> Result<Duration> {
        let since = now();
        loop {
            self.tend()?;
            let waiting = self.all.iter().find(|one| !ready(one.place.metrics));
            let Some(one) = waiting else { return Ok(since.elapsed()) };
            if since.elapsed() > READY {
                let why = Line::open(one.place.metrics)
                    .and_then(|mut line| line.ask(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"));
                let why = why.map(|answer| String::from_utf8_lossy(&answer.body).into_owned());
                anyhow::bail!("{} does not get ready: {why:?}", one.name);
            }
            pause(LOOK);
        }
    }

    /// Starts what does not run, as an operator's service manager does.
    ///
    /// # Errors
    /// If it cannot be started at all.
    pub(crate) fn tend(&mut self) -> Result<()> {
        for one in &mut self.all {
            if let Some(server) = &mut one.server {
                if !server.ended() {
                    continue;
                }
                self.left += 1;
                say(&format!("# {} ended by itself (run {})", one.name, one.starts))?;
            }
            one.starts += 1;
            let log = format!("{}.{}.log", one.name, one.starts);
            one.server = Some(self.shared.again(one.role, &one.place, &log)?);
        }
        Ok(())
    }

    /// Stops a process in order.
    ///
    /// # Errors
    /// If it cannot be told.
    pub(crate) fn stop(&mut self, role: &str) -> Result<()> {
        for one in self.all.iter_mut().filter(|one| one.role == role) {
            one.server.take().map_or(Ok(()), Server::stop)?;
        }
        Ok(())
    }
}

/// One agent of each client, then the second ones, and so on.
fn mixed(clerks: Vec<Clerk>, clients: usize) -> Vec<Clerk> {
    let each = clerks.len() / clients.max(1);
    let mut places: Vec<(usize, Clerk)> = clerks.into_iter().enumerate().collect();
    places.sort_by_key(|(at, _)| at % each.max(1));
    places.into_iter().map(|(_, clerk)| clerk).collect()
}

impl One {
    /// Its process id, while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.server.as_ref().map(Server::pid)
    }

    /// The sum of a metric's samples, or the one sample with these labels; none if the process does not answer or has no such metric.
    pub(crate) fn measured(&self, name: &str) -> Option<f64> {
        let text = self.metrics().ok()?;
        let values = text.lines().filter_map(|line| {
            let (of, value) = line.rsplit_once(' ')?;
            (of == name || of.split('{').next() == Some(name))
                .then(|| value.parse::<f64>().ok())
                .flatten()
        });
        values.fold(None, |sum, value| Some(sum.unwrap_or(0.0) + value))
    }

    /// Everything it says of itself.
    ///
    /// # Errors
    /// If it does not answer.
    pub(crate) fn metrics(&self) -> Result<String> {
        let address = self.place.metrics;
        let request = format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\n\r\n");
        let answer = Line::open(address)?.ask(request.as_bytes())?;
        String::from_utf8(answer.body).context("no text")
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}
