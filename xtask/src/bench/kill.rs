//! `cargo xtask bench kill`: how long an ended agent still gets through, over many gateways on one ledger.
//!
//! Separate processes on one PostgreSQL and one NATS, other agents calling all the while, streams open. For each kill the agent
//! calls every gateway again and again; the time is from the moment the signed request was sent to the desk until the last
//! gateway refused for the first time, and until its open streams ended. What is served after a gateway has refused, or
//! begun more than the promise after the request, is counted.
//! Never here: a kill that the API of people does not offer.

use std::{
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use serde_json::json;

use super::{
    child::pause,
    cpu,
    gateway::{Agent, Proofs},
    population::Size,
    stats::{float, percentile, round},
};
use crate::{
    args::Args,
    budget::now,
    cluster::{
        Build, Member, Shared,
        caller::{Door, Stream, Told},
        upstream::Upstream,
        world::{Clerk, World},
    },
    root::target,
    shell::say,
};

/// Gateways, clients, kills, and other calls a second, if nothing says otherwise: the issue's.
const GATEWAYS: u64 = 16;
const TENANTS: u64 = 2_000;
const KILLS: u64 = 200;
const RATE: u64 = 500;
/// Streams of other agents that stay open, and must not be cut.
const STREAMS: usize = 64;
/// Streams of each ended agent, on as many gateways.
const OWN_STREAMS: usize = 2;
/// LIMIT: other agents that call, and kills until others take their place: a token lives for five minutes, and sixty kills do
/// not take as long on the slowest machine.
const OTHERS: usize = 400;
const KILLS_IN_ROUND: usize = 60;
/// Threads that make the other calls.
const LANES: u64 = 4;
/// Between two calls of the agent at one gateway, for few gateways.
const PROBE: Duration = Duration::from_millis(8);
/// LIMIT: calls of the agent in a second at all gateways together until it is ended, and then for a moment: what calls
/// must not keep two cores from what is measured. The time to a refusal holds up to one such pause of the second kind.
const PROBES: [u32; 2] = [250, 1_000];
/// Between two kills: the next agent's tokens and connections are no part of this one's end.
const APART: Duration = Duration::from_millis(200);
/// Priority of PostgreSQL and NATS, which have machines of their own where sixteen gateways run: on two cores with all of these a
/// bus that waits for a core looks like one that is lost.
const AHEAD: i32 = -10;
/// Calls of an agent at each gateway before it is ended: it must be served everywhere first.
const BEFORE: usize = 2;
/// Calls after the first refusal: none may get through.
const AFTER: usize = 3;
/// What Writ promises; a call begun later than this after the request must be refused.
const PROMISE: Duration = Duration::from_secs(1);
/// LIMIT: an agent that is still served after this long was not ended.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bar of the issue.
const P99_MS_MAX: f64 = 100.0;

/// What one gateway, or one stream, showed of one kill.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    /// From the request to the first refusal.
    refused: Option<Duration>,
    /// Calls served although a refusal came before, or begun after the promise.
    after: u64,
    /// Answers that were neither.
    odd: u64,
    /// Refusals for another reason: the gateway had lost touch, and was called until it served again or knew of the end.
    early: u64,
}

/// Runs it; false if a bar is missed.
///
/// # Errors
/// If the processes cannot be had.
pub(crate) fn run(args: &Args) -> Result<bool> {
    let number =
        |name: &str, default| Ok::<u64, anyhow::Error>(args.number(name)?.unwrap_or(default));
    let (gateways, tenants) = (number("--gateways", GATEWAYS)?, number("--tenants", TENANTS)?);
    let (kills, rate) = (number("--kills", KILLS)?, number("--rate", RATE)?);
    let folder = target().join("bench/kill");
    let (upstream, build) = (Upstream::start()?, Build::of(args));
    let ahead = priority(AHEAD);
    let shared = Shared::start(&folder, upstream.address, (1, build))?;
    priority(0);
    let Site { world, members, _others } =
        start(&shared, usize::try_from(tenants)?, usize::try_from(gateways)?)?;
    let World { clerks, mut person, .. } = world;
    person.again()?;
    let (mut victims, mut others) = split(clerks, usize::try_from(kills)?)?;
    let mut seen = Vec::new();
    let mut micros = Vec::new();
    let mut streams = Vec::new();
    let mut told = LoadTold::default();
    let share = others.len() / victims.len().div_ceil(KILLS_IN_ROUND).max(1);
    while !victims.is_empty() {
        let wanted = take(&mut others, share.min(OTHERS));
        let load = Load::start(&shared, &members, wanted, rate)?;
        for victim in take(&mut victims, KILLS_IN_ROUND) {
            let kill = Kill::of(&shared, &members, victim)?;
            let (doors, cut) = kill.run(&person)?;
            let last = doors.iter().map(|one| one.refused).collect::<Option<Vec<_>>>();
            let last =
                last.and_then(|all| all.into_iter().max()).context("never refused everywhere")?;
            micros.push(u64::try_from(last.as_micros())?);
            seen.extend(doors);
            streams.extend(cut);
            pause(APART);
        }
        told.add(load.end());
    }
    let resident = members.iter().map(|member| cpu::resident(member.server.pid()));
    let resident = resident.collect::<Result<Vec<u64>>>()?.into_iter().max().unwrap_or(0);
    let served_after: u64 = seen.iter().chain(&streams).map(|one| one.after).sum();
    let odd: u64 = seen.iter().map(|one| one.odd).sum();
    let early: u64 = seen.iter().map(|one| one.early).sum();
    let mut cut: Vec<u64> = streams
        .iter()
        .map(|one| {
            one.refused.map_or(u64::MAX, |span| u64::try_from(span.as_micros()).unwrap_or(u64::MAX))
        })
        .collect();
    let ms = |values: &mut [u64], share| round(float(percentile(values, share)) / 1000.0, 1);
    let p99 = ms(&mut micros, 0.99);
    let held = p99 <= P99_MS_MAX && served_after == 0 && told.wrong == 0 && told.cut == 0;
    let summary = json!({
        "build": build.folder(), "engines_ahead": ahead,
        "gateways": gateways, "tenants": tenants, "kills": micros.len(),
        "p50_ms": ms(&mut micros, 0.5), "p99_ms": p99, "max_ms": ms(&mut micros, 1.0),
        "p99_ms_max": P99_MS_MAX,
        "streams_cut": cut.len(),
        "stream_p50_ms": ms(&mut cut, 0.5), "stream_p99_ms": ms(&mut cut, 0.99),
        "served_after": served_after, "odd_answers": odd, "refused_before": early,
        "other_calls": told.calls, "other_calls_per_second": round(float(told.calls) / told.seconds, 0),
        "other_calls_refused": told.wrong, "other_streams": told.streams, "other_streams_cut": told.cut,
        "first_wrong": told.first_wrong,
        "gateway_resident_mb_max": round(float(resident) / f64::from(1 << 20), 1),
        "held": held,
    });
    say(&summary.to_string())?;
    Ok(held)
}

/// Of this thread and what it starts from now on; false if it may not be raised.
fn priority(of: i32) -> bool {
    let (nice, own) = (of.to_string(), std::process::id().to_string());
    crate::shell::captured(crate::shell::command("renice", &["-n", &nice, "-p", &own])).is_ok()
}

/// Everybody.
struct Site {
    world: World,
    members: Vec<Member>,
    /// Desk and soc live as long as the gateways do.
    _others: [Member; 2],
}

/// The desk alone first, for the founding; then everybody.
fn start(shared: &Shared, tenants: usize, gateways: usize) -> Result<Site> {
    let desk = shared.member("desk", "desk")?;
    let world = shared.populate(tenants, Size { agents: 2, grants: 2 })?;
    desk.server.stop()?;
    let mut members = Vec::new();
    let desk = shared.member("desk", "desk")?;
    let soc = shared.member("soc", "soc")?;
    for nth in 0..gateways {
        members.push(shared.member(&format!("gateway-{nth}"), "gateway")?);
    }
    Ok(Site { world, members, _others: [desk, soc] })
}

/// Each first agent of a client may be ended, the second ones go on.
fn split(clerks: Vec<Clerk>, kills: usize) -> Result<(Vec<Clerk>, Vec<Clerk>)> {
    let (mut victims, mut others) = (Vec::new(), Vec::new());
    for (at, clerk) in clerks.into_iter().enumerate() {
        if at % 2 == 0 && victims.len() < kills {
            victims.push(clerk);
        } else if at % 2 == 1 {
            others.push(clerk);
        }
    }
    anyhow::ensure!(victims.len() == kills, "there are not enough clients for {kills} kills");
    Ok((victims, others))
}

/// The first so many of these; the others stay.
fn take(of: &mut Vec<Clerk>, most: usize) -> Vec<Clerk> {
    let rest = of.split_off(most.min(of.len()));
    std::mem::replace(of, rest)
}

/// One agent that is about to be ended.
struct Kill<'a> {
    shared: &'a Shared,
    doors: &'a [Member],
    slug: String,
    agent: writ_model::AgentId,
    caller: Arc<Agent>,
}

impl<'a> Kill<'a> {
    fn of(shared: &'a Shared, doors: &'a [Member], victim: Clerk) -> Result<Self> {
        let Clerk { slug, agent, enrolled, .. } = victim;
        let mut agents = shared.tokens(vec![enrolled])?;
        let caller = Arc::new(agents.pop().context("no token")?);
        Ok(Self { shared, doors, slug, agent, caller })
    }

    /// Between two calls at one gateway: before the agent is ended, and after.
    fn pauses(&self) -> [Duration; 2] {
        let doors = u32::try_from(self.doors.len()).unwrap_or(u32::MAX);
        PROBES.map(|most| (Duration::from_secs(1) * doors / most).max(PROBE))
    }

    /// What each gateway showed, and each stream.
    fn run(&self, person: &crate::crash::passkey::Signed) -> Result<(Vec<Seen>, Vec<Seen>)> {
        let url = self.shared.resource();
        let path = format!("/api/v1/clients/{}/agents/{}/terminate", self.slug, self.agent);
        let ready = person.prepare(&path, &json!({"reason": "measured"}))?;
        let begun = Begun::default();
        let warm = Arc::new(AtomicU64::new(0));
        let streams: Vec<_> = self.doors.iter().take(OWN_STREAMS).collect();
        thread::scope(|scope| {
            let mut cuts = Vec::new();
            for member in streams {
                let mut door = Door::new(member.address, &url);
                let mut proofs = Proofs::new();
                // Learns the nonce of this gateway's boot.
                door.call(&self.caller, &mut proofs)?;
                let since = now();
                let stream = loop {
                    match door.stream(&self.caller, &mut proofs) {
                        Ok(stream) => break stream,
                        // A gateway that lost touch for a moment opens none.
                        Err(why) => anyhow::ensure!(since.elapsed() < PATIENCE, "{why:#}"),
                    }
                    pause(PROBE);
                };
                cuts.push(scope.spawn(move || stream.last()));
            }
            let mut probes = Vec::new();
            let [before, after] = self.pauses();
            for (member, nth) in self.doors.iter().zip(0..) {
                let (begun, warm, url) = (&begun, Arc::clone(&warm), url.clone());
                // One after the other, so that they do not all call at the moment at which the desk is asked.
                let turn = after * nth / u32::try_from(self.doors.len())?.max(1);
                let (caller, pauses) = (&self.caller, [before, turn, after]);
                probes
                    .push(scope.spawn(move || probe(member, &url, caller, (begun, &warm, pauses))));
            }
            let all = u64::try_from(self.doors.len())?;
            let since = now();
            while warm.load(Ordering::SeqCst) < all {
                anyhow::ensure!(since.elapsed() < PATIENCE, "not every gateway serves the agent");
                pause(Duration::from_millis(1));
            }
            let at = now();
            begun.begin(at);
            person.send(&ready)?;
            let mut seen = Vec::new();
            for probe in probes {
                seen.push(probe.join().map_err(|_panic| anyhow::anyhow!("a probe fell over"))??);
            }
            let mut streams = Vec::new();
            for cut in cuts {
                let last = cut.join().map_err(|_panic| anyhow::anyhow!("a stream fell over"))?;
                let refused = last.map(|last| last.saturating_duration_since(at));
                let late = refused.is_none_or(|span| span > PROMISE);
                streams.push(Seen { refused, after: u64::from(late), ..Seen::default() });
            }
            Ok((seen, streams))
        })
    }
}

/// When the agent's end was asked for. Whoever waits is woken by it: a pause between two calls is no part of how long an end takes.
#[derive(Default)]
struct Begun {
    at: Mutex<Option<Instant>>,
    told: Condvar,
}

impl Begun {
    fn begin(&self, at: Instant) {
        *self.at.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
        self.told.notify_all();
    }

    fn get(&self) -> Option<Instant> {
        *self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits so long, or until it begins; whether it began meanwhile.
    fn wait(&self, most: Duration) -> bool {
        let at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = self.told.wait_timeout_while(at, most, |at| at.is_none());
        waits.unwrap_or_else(PoisonError::into_inner).0.is_some()
    }
}

/// Calls one gateway until it refuses, and a few times more.
fn probe(
    member: &Member,
    url: &str,
    caller: &Agent,
    (begun, warm, [before, turn, after]): (&Begun, &AtomicU64, [Duration; 3]),
) -> Result<Seen> {
    let mut door = Door::new(member.address, url);
    let mut proofs = Proofs::new();
    let mut seen = Seen::default();
    let (mut served, mut refused) = (0, 0);
    let since = now();
    while refused < AFTER && since.elapsed() < PATIENCE {
        let (sent, told) = door.call(caller, &mut proofs)?;
        let late = begun.get().is_some_and(|at| sent.saturating_duration_since(at) > PROMISE);
        match (told, begun.get()) {
            (Told::Served, _) => {
                seen.after += u64::from(refused > 0 || late);
                served += 1;
                if served == BEFORE {
                    warm.fetch_add(1, Ordering::SeqCst);
                }
            }
            // That its agent ended; a gateway that lost touch refuses in other words, and may serve again until it hears.
            (Told::Refused(401), Some(at)) => {
                seen.refused = seen.refused.or_else(|| Some(now().saturating_duration_since(at)));
                refused += 1;
            }
            (Told::Refused(_), _) => seen.early += 1,
            (Told::Nothing, _) => seen.odd += 1,
        }
        if begun.get().is_some() {
            pause(after);
        } else if begun.wait(before) {
            pause(turn);
        }
    }
    Ok(seen)
}

/// Other agents that call all the while.
struct Load {
    stop: Arc<AtomicBool>,
    lanes: Vec<thread::JoinHandle<Result<Lane>>>,
    /// Closed when this ends: the next round opens its own.
    streams: Vec<Stream>,
    since: Instant,
}

#[derive(Debug, Default)]
struct Lane {
    calls: u64,
    wrong: u64,
    first_wrong: Option<String>,
}

/// What they showed.
#[derive(Default)]
struct LoadTold {
    calls: u64,
    wrong: u64,
    first_wrong: Option<String>,
    seconds: f64,
    cut: usize,
    /// The fewest of a round.
    streams: usize,
}

impl LoadTold {
    fn add(&mut self, round: Self) {
        self.calls += round.calls;
        self.wrong += round.wrong;
        self.first_wrong = self.first_wrong.take().or(round.first_wrong);
        self.seconds += round.seconds;
        self.cut += round.cut;
        let first = self.streams == 0;
        self.streams = if first { round.streams } else { self.streams.min(round.streams) };
    }
}

impl Load {
    fn start(shared: &Shared, members: &[Member], others: Vec<Clerk>, rate: u64) -> Result<Self> {
        let url = shared.resource();
        let wanted = others.into_iter().map(|clerk| clerk.enrolled).collect();
        let agents: Arc<Vec<Agent>> = Arc::new(shared.tokens(wanted)?);
        let stop = Arc::new(AtomicBool::new(false));
        let mut streams = Vec::new();
        for (nth, agent) in agents.iter().take(STREAMS).enumerate() {
            let member = members.get(nth % members.len()).context("no gateway")?;
            let mut door = Door::new(member.address, &url);
            let mut proofs = Proofs::new();
            door.call(agent, &mut proofs)?;
            streams.push(door.stream(agent, &mut proofs)?);
        }
        let mut lanes = Vec::new();
        for lane in 0..LANES {
            let doors = members.iter().map(|member| Door::new(member.address, &url)).collect();
            let (agents, stop) = (Arc::clone(&agents), Arc::clone(&stop));
            let every = Duration::from_micros(LANES * 1_000_000 / rate.max(1));
            lanes.push(thread::spawn(move || others_call(lane, doors, &agents, (every, &stop))));
        }
        Ok(Self { stop, lanes, streams, since: now() })
    }

    fn end(mut self) -> LoadTold {
        // Streams that ended by now were cut: nobody has closed them.
        let cut = self.streams.iter_mut().map(Stream::ended).filter(|ended| *ended).count();
        let streams = self.streams.len();
        let seconds = self.since.elapsed().as_secs_f64();
        self.stop.store(true, Ordering::SeqCst);
        let mut told = LoadTold { seconds, cut, streams, ..LoadTold::default() };
        for lane in self.lanes {
            match lane.join() {
                Ok(Ok(lane)) => {
                    told.calls += lane.calls;
                    told.wrong += lane.wrong;
                    told.first_wrong = told.first_wrong.or(lane.first_wrong);
                }
                Ok(Err(why)) => {
                    told.wrong += 1;
                    told.first_wrong = Some(format!("{why:#}"));
                }
                Err(_panic) => told.wrong += 1,
            }
        }
        told
    }
}

fn others_call(
    lane: u64,
    mut doors: Vec<Door>,
    agents: &[Agent],
    (every, stop): (Duration, &AtomicBool),
) -> Result<Lane> {
    let mut proofs = Proofs::new();
    let mut told = Lane::default();
    let mut due = now();
    let (count, all) = (doors.len(), agents.len());
    let mut at = usize::try_from(lane)?;
    while !stop.load(Ordering::SeqCst) {
        due += every;
        pause(due.saturating_duration_since(now()));
        at += usize::try_from(LANES)?;
        let (Some(door), Some(agent)) = (doors.get_mut(at % count), agents.get(at % all)) else {
            continue;
        };
        let (_, answer) = door.call(agent, &mut proofs)?;
        told.calls += 1;
        if answer != Told::Served {
            told.wrong += 1;
            told.first_wrong.get_or_insert_with(|| format!("{answer:?} at {}", door.address));
        }
    }
    Ok(told)
}
