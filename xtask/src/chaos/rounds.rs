//! Crash rounds: kill -9 of one process or engine at random, again and again, under calls and commands.
//!
//! One JSON object at the end: what was acknowledged, what of it is lost or there twice, whether every gap in a run's numbers
//! is reported, whether the ledgers verify.
//! Never here: a pause that lets the victim finish what it is at. To add a victim: a row in [`Victim::ALL`].

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use writ_model::Entropy as _;
use writ_testkit::SeededEntropy;

use super::{
    callers::{Answers, Callers, Ways},
    look::{Ledgers, Records},
    site::{Measure, Site},
    writers::{Pen, Writers},
};
use crate::{
    args::Args,
    bench::{child::pause, gateway::now as wall},
    budget::now,
    root::target,
    shell::say,
};

/// Two gateways and a bus of three.
const SITE: Measure = Measure { nodes: 3, gateways: 2, clients: 4 };
/// Callers and writers, and their pauses: load enough that something is under way at each kill, also where two cores have
/// to carry all of it.
const CALLERS: usize = 4;
const CALLS_EVERY: Duration = Duration::from_millis(25);
const WRITERS: usize = 2;
const WRITES_EVERY: Duration = Duration::from_millis(40);
/// LIMIT: how long a victim stays away, and how long all work before the next one; each round less, at random.
const AWAY_MS: u64 = 1_500;
const WORK_MS: u64 = 700;
/// LIMIT: how long records may take from the last call to the lakes.
const ARRIVE: Duration = Duration::from_mins(2);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(250);
/// After so many rounds the ledgers are looked at while all goes on.
const NOW_AND_THEN: u64 = 100;

/// What is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Victim {
    Gateway,
    Soc,
    Desk,
    Postgres,
    Nats,
}

impl Victim {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Gateway, "gateway"),
        (Self::Soc, "soc"),
        (Self::Desk, "desk"),
        (Self::Postgres, "postgres"),
        (Self::Nats, "nats"),
    ];
}

/// Chance, and what was asked of it.
struct Dice(SeededEntropy);

impl Dice {
    fn below(&self, most: u64) -> u64 {
        let mut random = [0; 8];
        self.0.fill(&mut random);
        u64::from_be_bytes(random) % most.max(1)
    }

    /// So many of each, in no order.
    fn order(&self, each: u64) -> Vec<(Victim, &'static str)> {
        let mut left: Vec<_> = (0..each).flat_map(|_| Victim::ALL).collect();
        let mut order = Vec::with_capacity(left.len());
        while !left.is_empty() {
            let at = usize::try_from(self.below(left.len() as u64)).unwrap_or(0);
            order.push(left.swap_remove(at));
        }
        order
    }
}

/// What the rounds showed while they ran.
#[derive(Debug, Default)]
struct Ran {
    by_kind: BTreeMap<&'static str, u64>,
    healed: Vec<u64>,
    stopped: Option<String>,
}

/// Runs so many rounds of each kind; false if a promise was broken. `--minutes N` ends earlier.
///
/// # Errors
/// If the processes cannot be had.
pub(super) fn run(args: &Args, each: u64) -> Result<bool> {
    let seed = wall()?.micros().unsigned_abs();
    let dice = Dice(SeededEntropy::new(seed));
    let most = args.number("--minutes")?.map(|minutes| Duration::from_secs(minutes * 60));
    let mut site = Site::start(args, &target().join("chaos/crash"), SITE)?;
    let pen = Pen::of(&site.shared, clients(&site));
    let agents = site.agents(CALLERS)?;
    let ways = Ways::of(&site.shared);
    let callers = Callers::start(agents, (&ways, &site.gateways(), "order"), CALLS_EVERY);
    let writers = Writers::start(&pen, WRITERS, WRITES_EVERY);
    let mut ran = Ran::default();
    let since = now();
    for (nth, (victim, name)) in dice.order(each).into_iter().enumerate() {
        if most.is_some_and(|most| since.elapsed() > most) {
            break;
        }
        let before = callers.served();
        pause(Duration::from_millis(dice.below(WORK_MS)));
        if let Err(why) = round(&mut site, victim, &dice, &mut ran) {
            ran.stopped = Some(format!("round {nth}, {name}: {why:#}"));
            break;
        }
        *ran.by_kind.entry(name).or_default() += 1;
        let served = callers.served() - before;
        say(&format!("# {nth} {name}: {served} served, ready after {:?} ms", ran.healed.last()))?;
        if (nth as u64 + 1).is_multiple_of(NOW_AND_THEN) {
            let ledgers = Ledgers::read(&site.shared)?;
            say(&format!("# ledgers: {} verify, wrong: {:?}", ledgers.verified, ledgers.wrong))?;
        }
    }
    let answers = callers.end()?;
    let acknowledged = writers.end()?;
    finish(&mut site, &ran, (answers, acknowledged), seed)
}

/// The clients that commands are for.
pub(super) fn clients(site: &Site) -> Vec<String> {
    let all: BTreeSet<String> = site.clerks.iter().map(|clerk| clerk.slug.clone()).collect();
    all.into_iter().collect()
}

fn round(site: &mut Site, victim: Victim, dice: &Dice, ran: &mut Ran) -> Result<()> {
    let away = Duration::from_millis(dice.below(AWAY_MS));
    match victim {
        Victim::Postgres => {
            site.shared.postgres.kill9()?;
            pause(away);
            site.shared.postgres.start_again()?;
        }
        Victim::Nats => {
            let node = usize::try_from(dice.below(SITE.nodes as u64))?;
            site.shared.nats.kill9(node)?;
            pause(away);
            site.shared.nats.start_again(node)?;
        }
        Victim::Gateway | Victim::Soc | Victim::Desk => {
            let role = match victim {
                Victim::Gateway => "gateway",
                Victim::Soc => "soc",
                _ => "desk",
            };
            let all = (0..site.all.len())
                .filter(|at| site.all.get(*at).is_some_and(|one| one.role == role));
            let all: Vec<usize> = all.collect();
            let chosen = usize::try_from(dice.below(all.len() as u64))?;
            site.kill(all.get(chosen).copied().context("there is no such process")?);
            pause(away);
        }
    }
    ran.healed.push(u64::try_from(site.heal()?.as_millis())?);
    Ok(())
}

/// Waits until all records have arrived, stops what writes, and compares.
fn finish(
    site: &mut Site,
    ran: &Ran,
    (answers, acknowledged): (Answers, BTreeSet<String>),
    seed: u64,
) -> Result<bool> {
    let Found { summary, held } = compare(site, &answers, &acknowledged)?;
    let held = held && ran.stopped.is_none() && !acknowledged.is_empty();
    let mut healed = ran.healed.clone();
    let rounds: u64 = ran.by_kind.values().sum();
    let all = json!({
        "chaos": "crash", "seed": seed, "rounds": rounds, "rounds_by_kind": ran.by_kind,
        "stopped_early": ran.stopped,
        "ready_again_p50_ms": crate::bench::stats::percentile(&mut healed, 0.5),
        "ready_again_max_ms": crate::bench::stats::percentile(&mut healed, 1.0),
        "processes_that_ended_by_themselves": site.left,
        "found": summary, "held": held,
    });
    let words = format!(
        "{rounds} kills, {} commands answered, {} calls served",
        acknowledged.len(),
        answers.served.len()
    );
    let ok = if held { "ok" } else { "not ok" };
    say(&format!("{ok} - chaos: {words}: none lost, none twice, gaps reported, ledgers verify"))?;
    say(&all.to_string())?;
    Ok(held)
}

/// What a comparison showed.
pub(super) struct Found {
    /// As it is printed.
    pub(super) summary: Value,
    /// Whether every promise was kept.
    pub(super) held: bool,
}

/// Waits until all records have arrived, stops what writes, and compares with what was told.
///
/// # Errors
/// If something cannot be read.
pub(super) fn compare(
    site: &mut Site,
    answers: &Answers,
    acknowledged: &BTreeSet<String>,
) -> Result<Found> {
    let lakes: Vec<_> =
        ["soc", "desk"].iter().map(|name| site.shared.folder.join(name).join("lake.db")).collect();
    let mut records: Vec<Records> = lakes.iter().map(|_| Records::default()).collect();
    let arrived = arrive(site, (&mut records, &lakes), answers)?;
    for role in ["gateway", "soc", "desk"] {
        site.stop(role)?;
    }
    let ledgers = Ledgers::read(&site.shared)?;
    let (lost_commands, doubled_commands) = ledgers.against(acknowledged);
    let mut summaries = Vec::new();
    let (mut held, mut lost, mut doubled) = (true, lost_commands, doubled_commands);
    for (records, lake) in records.iter_mut().zip(&lakes) {
        records.more(lake)?;
        let (gaps, reported, no_gaps, conflicts) = records.gaps_reported(lake)?;
        let (sealed, not_sealed, uncovered) = records.sealed(&ledgers.seals);
        let twice = records.doubled(&answers.alike);
        let gone = records.lost(&answers.served).count() as u64;
        lost += gone;
        doubled += twice;
        held &= gaps == reported && no_gaps == 0 && conflicts == 0 && not_sealed == 0;
        summaries.push(json!({
            "records": records.count, "runs": records.runs(), "served_without_record": gone,
            "calls_with_two_records": twice, "gaps": gaps, "gaps_reported": reported,
            "reported_that_are_none": no_gaps, "conflicts": conflicts,
            "seals_verified": sealed, "seals_contradicted": not_sealed,
            "records_without_seal": uncovered,
        }));
    }
    held &= lost == 0 && doubled == 0 && ledgers.wrong.is_empty();
    held &= !answers.served.is_empty();
    let summary = json!({
        "commands_acknowledged": acknowledged.len(), "commands_lost": lost_commands,
        "commands_doubled": doubled_commands,
        "commands_unanswered_but_done": ledgers.proposed.len().saturating_sub(acknowledged.len()),
        "calls_served": answers.served.len(), "calls_refused": answers.refused,
        "calls_unanswered": answers.nothing, "calls_upstream": site.upstream.calls(),
        "lost": lost, "doubled": doubled,
        "records_arrived_after_ms": u64::try_from(arrived.as_millis())?,
        "lake_of_soc": summaries.first(), "lake_of_desk": summaries.get(1),
        "ledgers_verified": ledgers.verified, "ledgers_wrong": ledgers.wrong,
    });
    Ok(Found { summary, held })
}

/// Waits until all records of served calls are in the lakes, or for as long as that may take; how long until the last one
/// came.
fn arrive(
    site: &mut Site,
    (records, lakes): (&mut [Records], &[PathBuf]),
    answers: &Answers,
) -> Result<Duration> {
    let since = now();
    let (mut counts, mut last) = (Vec::new(), Duration::ZERO);
    loop {
        site.tend()?;
        for (records, lake) in records.iter_mut().zip(lakes) {
            records.more(lake)?;
        }
        let there: Vec<u64> = records.iter().map(|records| records.count).collect();
        if there != counts {
            (counts, last) = (there, since.elapsed());
        }
        let mut gateways = site.of("gateway");
        let spools = gateways.all(|one| one.measured("writ_spool_bytes") == Some(0.0));
        let whole = records.iter().all(|records| records.lost(&answers.served).next().is_none());
        // A bus that lost a server may have to find a leader, and what was in hand there is given again after a while: nothing
        // that is missing is called lost before the limit.
        if (whole && spools) || since.elapsed() > ARRIVE {
            return Ok(last);
        }
        pause(LOOK);
    }
}
