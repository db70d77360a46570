//! Cuts: the processes from their ledger and meter, and from their bus, by making the engines stand still or go away; and each
//! back. Agents call every gateway all the while, one that acts and one that reads, and one holds a stream open.
//!
//! One JSON object at the end: until when after a cut something was still served, when all was served again, what was lost.
//! Never here: the process's own word for what it refuses. To add a cut: a row in [`Cut::ALL`].

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{
    callers::{Answers, Caller, Ways, mark},
    rounds::{Found, clients, compare},
    site::{Measure, Site},
    writers::{PREFIX, Pen},
};
use crate::{
    args::Args,
    bench::child::pause,
    budget::now,
    cluster::caller::{Asked, Told},
    root::target,
    shell::say,
};

/// Two gateways and a bus of three.
const SITE: Measure = Measure { nodes: 3, gateways: 2, clients: 4 };
/// For how long a cut lasts: longer than the longest bound, so that its end shows.
const LASTS: Duration = Duration::from_secs(9);
/// Between two calls of one agent.
const EVERY: Duration = Duration::from_millis(20);
/// Served calls before a cut and after it, of each agent at each gateway.
const ENOUGH: u64 = 5;
/// LIMIT: how long that may take.
const PATIENCE: Duration = Duration::from_mins(1);
/// Bars of the issue: no acting call that begins later after the cut is served, and nothing at all is.
const ACTING_MS_MAX: u64 = 1_000;
const ALL_MS_MAX: u64 = 6_000;
/// What "one call" may take where two cores carry everything.
const ONE_CALL_MS: u64 = 500;

/// What is cut off, and how.
#[derive(Debug, Clone, Copy)]
enum Cut {
    PostgresFrozen,
    PostgresGone,
    NatsFrozen,
    NatsGone,
}

impl Cut {
    const ALL: [(Self, &'static str); 4] = [
        (Self::PostgresFrozen, "ledger and meter stand still"),
        (Self::NatsFrozen, "the bus stands still"),
        (Self::PostgresGone, "ledger and meter are gone"),
        (Self::NatsGone, "the bus is gone"),
    ];

    fn begin(self, site: &Site) -> Result<()> {
        let nats = &site.shared.nats;
        match self {
            Self::PostgresFrozen => site.shared.postgres.freeze()?,
            Self::PostgresGone => site.shared.postgres.kill9()?,
            Self::NatsFrozen => (0..SITE.nodes).try_for_each(|node| nats.freeze(node))?,
            Self::NatsGone => (0..SITE.nodes).try_for_each(|node| nats.kill9(node))?,
        }
        Ok(())
    }

    fn end(self, site: &Site) -> Result<()> {
        let nats = &site.shared.nats;
        match self {
            Self::PostgresFrozen => site.shared.postgres.thaw()?,
            Self::PostgresGone => site.shared.postgres.start_again()?,
            Self::NatsFrozen => (0..SITE.nodes).try_for_each(|node| nats.thaw(node))?,
            Self::NatsGone => (0..SITE.nodes).try_for_each(|node| nats.start_again(node))?,
        }
        Ok(())
    }
}

/// What an agent does at a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Acts,
    Reads,
}

/// One agent at one gateway.
#[derive(Debug)]
struct Probe {
    does: Does,
    gateway: SocketAddr,
    caller: Caller,
    calls: u64,
}

/// One call: begun, ended, what came of it.
type Call = (Instant, Instant, Told);

/// What one cut showed.
#[derive(Debug, Default)]
struct Shown {
    acting: u64,
    all: u64,
    streams: u64,
    healed: u64,
}

/// Makes every cut once; false if a bar is missed or something is lost.
///
/// # Errors
/// If the processes cannot be had, or do not come back.
pub(super) fn run(args: &Args) -> Result<bool> {
    let mut site = Site::start(args, &target().join("chaos/partition"), SITE)?;
    let pen = Pen::of(&site.shared, clients(&site));
    let ways = Ways::of(&site.shared);
    let gateways = site.gateways();
    let agents = site.agents(gateways.len() * 3)?;
    let mut agents = agents.into_iter().map(|agent| Caller::new(agent, &ways));
    let mut probes = Vec::new();
    let mut streamers = Vec::new();
    for gateway in &gateways {
        for does in [Does::Acts, Does::Reads] {
            let caller = agents.next().context("there are too few agents")?;
            probes.push(Probe { does, gateway: *gateway, caller, calls: 0 });
        }
        streamers.push((*gateway, agents.next().context("there are too few agents")?));
    }
    let mut told = Heard::default();
    told.answers.alike.insert(mark(Asked::List));
    told.answers.alike.insert(mark(Asked::Send(crate::cluster::upstream::STREAM)));
    let mut shown: BTreeMap<&str, Value> = BTreeMap::new();
    let mut worst = Shown::default();
    for (cut, name) in Cut::ALL {
        let one = cut_once(&mut site, cut, (&mut probes, &mut streamers), (&ways, &pen, &mut told))
            .with_context(|| name)?;
        say(&format!("# {name}: {one:?}"))?;
        worst.acting = worst.acting.max(one.acting);
        worst.all = worst.all.max(one.all);
        worst.streams = worst.streams.max(one.streams);
        worst.healed = worst.healed.max(one.healed);
        shown.insert(
            name,
            json!({
                "acting_refused_ms": one.acting, "all_refused_ms": one.all,
                "streams_closed_ms": one.streams, "healed_ms": one.healed,
            }),
        );
    }
    let Found { summary, held } = compare(&mut site, &told.answers, &told.acknowledged)?;
    let lost = summary.get("lost").cloned().unwrap_or_default();
    let held = held
        && worst.acting <= ACTING_MS_MAX + ONE_CALL_MS
        && worst.streams <= ACTING_MS_MAX + ONE_CALL_MS
        && worst.all <= ALL_MS_MAX;
    let all = json!({
        "chaos": "partition", "cuts": shown,
        "acting_refused_ms_max": worst.acting, "acting_refused_ms_bar": ACTING_MS_MAX + ONE_CALL_MS,
        "streams_closed_ms_max": worst.streams,
        "all_refused_ms_max": worst.all, "all_refused_ms_bar": ALL_MS_MAX,
        "healed_ms_max": worst.healed, "lost": lost, "found": summary, "held": held,
    });
    let ok = if held { "ok" } else { "not ok" };
    say(&format!("{ok} - chaos: cut off, gateways refuse within their bounds; nothing is lost"))?;
    say(&all.to_string())?;
    Ok(held)
}

/// What was told over all cuts.
#[derive(Debug, Default)]
struct Heard {
    answers: Answers,
    acknowledged: std::collections::BTreeSet<String>,
    commands: u64,
}

fn cut_once(
    site: &mut Site,
    cut: Cut,
    (probes, streamers): (&mut Vec<Probe>, &mut Vec<(SocketAddr, Caller)>),
    (ways, pen, told): (&Ways, &Pen, &mut Heard),
) -> Result<Shown> {
    let (stop, healing) = (AtomicBool::new(false), AtomicBool::new(false));
    let served: Vec<_> = probes.iter().map(|_| AtomicU64::new(0)).collect();
    let mut streams = Vec::new();
    for (gateway, caller) in streamers {
        let mut door = ways.door(*gateway);
        caller.call(&mut door, Asked::List)?;
        streams.push(caller.stream(&mut door)?);
    }
    thread::scope(|scope| {
        let streams: Vec<_> =
            streams.into_iter().map(|stream| scope.spawn(move || stream.last())).collect();
        let work = |(probe, served): (_, _)| {
            let stop = &stop;
            scope.spawn(move || lane(probe, ways, (stop, served)))
        };
        let lanes: Vec<_> = probes.iter_mut().zip(&served).map(work).collect();
        let (from, ends) = (told.commands, (&stop, &healing));
        let commands = scope.spawn(move || command(pen, from, ends));
        let ran = broken(site, cut, &served, &healing);
        stop.store(true, Ordering::SeqCst);
        if ran.is_err() {
            // A stream ends with its gateway: nobody waits for one that no cut has ended.
            site.stop("gateway")?;
        }
        let fell = "a thread fell over";
        let (acknowledged, asked, first) = commands.join().ok().context(fell)?;
        told.commands += asked;
        told.acknowledged.extend(acknowledged);
        let lanes: Result<Vec<Lane>> =
            lanes.into_iter().map(|lane| lane.join().ok().context(fell)?).collect();
        let (begun, over) = ran?;
        let mut shown = Shown::default();
        for lane in lanes? {
            shown.take(lane, (begun, over), told)?;
        }
        let first = first.context("no command was acknowledged after the cut")?;
        shown.healed = shown.healed.max(ms(over, first));
        for stream in streams {
            let last = stream.join().ok().context(fell)?;
            shown.streams = shown.streams.max(last.map_or(u64::MAX, |last| ms(begun, last)));
        }
        Ok(shown)
    })
}

fn ms(from: Instant, to: Instant) -> u64 {
    u64::try_from(to.saturating_duration_since(from).as_millis()).unwrap_or(u64::MAX)
}

/// Cuts and heals while agents call; when the cut was whole, and when it was over.
fn broken(
    site: &mut Site,
    cut: Cut,
    served: &[AtomicU64],
    healing: &AtomicBool,
) -> Result<(Instant, Instant)> {
    let enough = |what: &str| -> Result<()> {
        let since = now();
        while served.iter().any(|count| count.load(Ordering::SeqCst) < ENOUGH) {
            anyhow::ensure!(since.elapsed() < PATIENCE, "not every agent is served {what}");
            pause(EVERY);
        }
        Ok(())
    };
    enough("before the cut")?;
    cut.begin(site)?;
    let begun = now();
    pause(LASTS);
    cut.end(site)?;
    let over = now();
    healing.store(true, Ordering::SeqCst);
    site.heal()?;
    for count in served {
        count.store(0, Ordering::SeqCst);
    }
    enough("after the cut")?;
    Ok((begun, over))
}

impl Shown {
    /// Takes one agent's calls into account.
    fn take(
        &mut self,
        lane: Lane,
        (begun, over): (Instant, Instant),
        told: &mut Heard,
    ) -> Result<()> {
        let (does, calls, served) = lane;
        told.answers.served.extend(served);
        let late = calls.iter().filter(|call| call.0 > begun && call.1 < over);
        let late = late.filter(|call| call.2 == Told::Served).map(|call| ms(begun, call.0));
        let late = late.max().unwrap_or(0);
        if does == Does::Acts {
            self.acting = self.acting.max(late);
        }
        self.all = self.all.max(late);
        let again = calls.iter().find(|call| call.0 > over && call.2 == Told::Served);
        let again = again.context("an agent was not served again")?;
        self.healed = self.healed.max(ms(over, again.1));
        for (_, _, what) in &calls {
            told.answers.refused += u64::from(matches!(what, Told::Refused(_)));
            told.answers.nothing += u64::from(*what == Told::Nothing);
        }
        Ok(())
    }
}

type Lane = (Does, Vec<Call>, Vec<(String, (SocketAddr, Instant))>);

/// One agent's calls until all ends.
fn lane(probe: &mut Probe, ways: &Ways, (stop, served): (&AtomicBool, &AtomicU64)) -> Result<Lane> {
    let mut door = ways.door(probe.gateway);
    let (mut calls, mut marks) = (Vec::new(), Vec::new());
    while !stop.load(Ordering::SeqCst) {
        probe.calls += 1;
        let subject = format!("cut {} {}", probe.gateway, probe.calls);
        let asked = match probe.does {
            Does::Acts => Asked::Send(&subject),
            Does::Reads => Asked::List,
        };
        let (begun, told) = probe.caller.call(&mut door, asked)?;
        if told == Told::Served {
            served.fetch_add(1, Ordering::SeqCst);
            if probe.does == Does::Acts {
                marks.push((mark(asked), (probe.gateway, now())));
            }
        }
        calls.push((begun, now(), told));
        pause(EVERY);
    }
    Ok((probe.does, calls, marks))
}

/// Commands at the desk until all ends: those acknowledged, how many were sent, and when the first one after the cut was.
fn command(
    pen: &Pen,
    from: u64,
    (stop, healing): (&AtomicBool, &AtomicBool),
) -> (Vec<String>, u64, Option<Instant>) {
    let (mut acknowledged, mut sent, mut first, mut line) = (Vec::new(), 0, None, None);
    while !stop.load(Ordering::SeqCst) {
        pause(EVERY);
        let (nth, after) = (from + sent, healing.load(Ordering::SeqCst));
        sent += 1;
        if let Ok(200..=299) = pen.propose(&mut line, nth) {
            acknowledged.push(format!("{PREFIX}{nth}"));
            if after {
                first = first.or_else(|| Some(now()));
            }
        }
    }
    (acknowledged, sent, first)
}
