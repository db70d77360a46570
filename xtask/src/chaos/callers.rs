//! [`Callers`]: agents that call all the while, each call with words that no other has, and remember which were served.
//!
//! Never here: a call that is sent twice; an answer that did not come is no answer.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::Result;
use writ_model::{Digest, InstanceId};

use crate::{
    bench::{
        child::pause,
        gateway::{Agent, Proofs, renew},
    },
    budget::now,
    cluster::{
        Shared,
        caller::{Asked, Door, Told},
    },
};

/// Tokens live five minutes.
const RENEWAL: Duration = Duration::from_mins(3);
/// Between two tries to get a new token.
const AGAIN: Duration = Duration::from_secs(1);

/// What callers were told.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// Served calls by what their records carry, the digests of their arguments: through which gateway, and when.
    pub(crate) served: BTreeMap<String, (SocketAddr, Instant)>,
    /// The same of calls that have no words of their own.
    pub(crate) alike: BTreeSet<String>,
    /// Calls refused.
    pub(crate) refused: u64,
    /// Calls that nobody answered.
    pub(crate) nothing: u64,
}

/// Callers at work.
#[derive(Debug)]
pub(crate) struct Callers {
    stop: Arc<AtomicBool>,
    lanes: Vec<JoinHandle<Result<Answers>>>,
    served: Arc<AtomicU64>,
}

/// Where callers call and renew tokens.
#[derive(Debug, Clone)]
pub(crate) struct Ways {
    desk: SocketAddr,
    resource: String,
}

impl Ways {
    /// Of these processes.
    pub(crate) fn of(shared: &Shared) -> Self {
        Self { desk: shared.desk, resource: shared.resource() }
    }

    /// A way through one gateway.
    pub(crate) fn door(&self, gateway: SocketAddr) -> Door {
        Door::new(gateway, &self.resource)
    }
}

/// One agent, its tokens, and its proofs.
#[derive(Debug)]
pub(crate) struct Caller {
    agent: Agent,
    instance: InstanceId,
    proofs: Proofs,
    ways: Ways,
    since: Instant,
}

impl Caller {
    /// An agent with a new token.
    pub(crate) fn new((agent, instance): (Agent, InstanceId), ways: &Ways) -> Self {
        Self { agent, instance, proofs: Proofs::new(), ways: ways.clone(), since: now() }
    }

    /// Calls; gets a new token first if it is time and the desk is there.
    ///
    /// # Errors
    /// If no proof can be made.
    pub(crate) fn call(&mut self, door: &mut Door, asked: Asked<'_>) -> Result<(Instant, Told)> {
        if self.since.elapsed() > RENEWAL {
            let Ways { desk, resource } = &self.ways;
            if renew(*desk, resource, (&mut self.agent, self.instance)).is_ok() {
                self.since = now();
                self.proofs = Proofs::new();
            } else {
                // The old one is still good for a while.
                self.since += AGAIN;
            }
        }
        door.ask_for(&self.agent, &mut self.proofs, asked)
    }

    /// Opens a stream that ends only when somebody cuts it.
    ///
    /// # Errors
    /// If it is refused.
    pub(crate) fn stream(&mut self, door: &mut Door) -> Result<crate::cluster::caller::Stream> {
        door.stream(&self.agent, &mut self.proofs)
    }
}

impl Callers {
    /// Starts one lane for each agent, which goes round all gateways. `words` are in every call's, and in no other's.
    pub(crate) fn start(
        agents: Vec<(Agent, InstanceId)>,
        (ways, gateways, words): (&Ways, &[SocketAddr], &'static str),
        every: Duration,
    ) -> Self {
        let (stop, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let lanes = agents.into_iter().enumerate().map(|(lane, agent)| {
            let (stop, served) = (Arc::clone(&stop), Arc::clone(&served));
            let caller = Caller::new(agent, ways);
            let doors = gateways.iter().map(|gateway| ways.door(*gateway)).collect();
            let who = (lane, words, caller, doors);
            thread::spawn(move || work(who, every, (&stop, &served)))
        });
        Self { lanes: lanes.collect(), stop, served }
    }

    /// Calls served so far.
    pub(crate) fn served(&self) -> u64 {
        self.served.load(Ordering::SeqCst)
    }

    /// Ends them.
    ///
    /// # Errors
    /// If one fell over.
    pub(crate) fn end(self) -> Result<Answers> {
        self.stop.store(true, Ordering::SeqCst);
        let mut all = Answers::default();
        for lane in self.lanes {
            let told = lane.join().map_err(|_panic| anyhow::anyhow!("a caller fell over"))??;
            all.served.extend(told.served);
            all.refused += told.refused;
            all.nothing += told.nothing;
        }
        Ok(all)
    }
}

/// What a record of this call carries.
pub(crate) fn mark(asked: Asked<'_>) -> String {
    Digest::of(asked.parts().1.as_bytes()).to_string()
}

fn work(
    (lane, words, mut caller, mut doors): (usize, &str, Caller, Vec<Door>),
    every: Duration,
    (stop, served): (&AtomicBool, &AtomicU64),
) -> Result<Answers> {
    let mut told = Answers::default();
    let mut due = now();
    let (mut at, mut nth) = (lane, 0_u64);
    while !stop.load(Ordering::SeqCst) {
        // What was missed while nobody answered is not caught up.
        due = (due + every).max(now());
        pause(due.saturating_duration_since(now()));
        at += 1;
        nth += 1;
        let many = doors.len();
        let Some(door) = doors.get_mut(at % many) else { continue };
        let subject = format!("{words} {lane}/{nth}");
        let asked = Asked::Send(&subject);
        match caller.call(door, asked)?.1 {
            Told::Served => {
                told.served.insert(mark(asked), (door.address, now()));
                served.fetch_add(1, Ordering::SeqCst);
            }
            Told::Refused(_) => told.refused += 1,
            Told::Nothing => told.nothing += 1,
        }
    }
    Ok(told)
}
