//! The hunt: inputs are changed and tried; one that shows something new is kept and changed further; one that breaks
//! something ends the hunt and is made as small as it can be.
//!
//! What is new is told by the target: codes, kinds, sizes on a coarse scale. Coverage would be a finer measure, but counters
//! of coverage can be read in the process only by code that is not safe Rust, which this repository forbids.
//! Never here: what a reader must hold to (the targets say), a file or a process (`fuzz.rs`).

use std::{
    collections::{BTreeSet, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use anyhow::Result;

use super::{
    dice::Dice,
    mutate::{Food, mutated},
};
use crate::budget::now;

/// LIMIT: inputs that are kept; the oldest that came from changes gives way.
const KEPT: usize = 4_096;
/// LIMIT: one input of at most [`super::mutate::MOST`] bytes. A reader that takes this long for so little can be made to
/// stand still; tried again in CPU time, so that a busy machine is no finding.
const SLOW: Duration =
    if cfg!(debug_assertions) { Duration::from_secs(3) } else { Duration::from_millis(300) };
/// LIMIT: what the process may grow by in one hunt: the kept inputs are at most 64 MiB.
const GROWTH: u64 = 256 << 20;
/// How often it is asked how large the process is.
const WEIGHED: u64 = 256;
/// LIMIT: inputs remembered for the case that the process grew: those since it was asked last.
const RECENT: usize = 256;
/// LIMIT: tries to make a finding smaller, and how long they may take: a slow finding takes its time with each.
const SHRINKS: usize = 4_000;
const SHRINKING: Duration = Duration::from_secs(20);

/// What one input came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    /// Nothing is wrong; how it was taken, in words that are the same for inputs that are taken alike.
    Taken(String),
    /// Something that must hold does not.
    Broken(String),
}

/// How one input is tried.
pub(crate) type Try = Box<dyn Fn(&[u8]) -> Told>;

/// A reader of outside bytes, ready.
pub(crate) struct Made {
    /// Real inputs.
    pub(crate) seeds: Vec<Vec<u8>>,
    /// Tries one.
    pub(crate) tries: Try,
}

/// A reader of outside bytes.
pub(crate) struct Target {
    /// Its word on the command line.
    pub(crate) name: &'static str,
    /// What reads there, and what has to hold besides that it ends well.
    pub(crate) about: &'static str,
    /// Words it knows.
    pub(crate) tokens: &'static [&'static str],
    /// Makes it ready.
    pub(crate) make: fn() -> Result<Made>,
}

/// How long a hunt is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Length {
    /// At most so long.
    pub(crate) span: Duration,
    /// At most so many inputs.
    pub(crate) tries: u64,
    /// Where its row of numbers starts.
    pub(crate) seed: u64,
}

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// What is wrong.
    pub(crate) why: String,
    /// The input; for growth, several.
    pub(crate) inputs: Vec<Vec<u8>>,
}

/// What a hunt showed.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Inputs tried.
    pub(crate) tried: u64,
    /// Inputs kept.
    pub(crate) kept: usize,
    /// Ways in which inputs were taken.
    pub(crate) ways: usize,
    /// The slowest.
    pub(crate) slowest: Duration,
    /// By how much the process grew.
    pub(crate) grew: u64,
    /// What was found.
    pub(crate) found: Option<Found>,
}

/// Hunts. `watch` sees each input before it is tried, for the case that the process does not live to tell.
pub(crate) fn hunt(
    target: &Target,
    made: &Made,
    length: Length,
    watch: &mut dyn FnMut(&[u8]),
) -> Report {
    let mut dice = Dice::new(length.seed);
    let (mut corpus, mut ways) = (Vec::new(), BTreeSet::new());
    let (mut report, mut recent) = (Report::default(), VecDeque::new());
    let (since, before) = (now(), resident());
    let mut next = made.seeds.iter().cloned();
    while report.tried < length.tries && since.elapsed() < length.span {
        let input = match next.next() {
            Some(seed) => seed,
            None => another(&corpus, target.tokens, &mut dice),
        };
        watch(&input);
        report.tried += 1;
        let (told, took) = timed(made, &input);
        report.slowest = report.slowest.max(took);
        match told {
            Told::Broken(why) => {
                let input = smaller(made, input, &why);
                report.found = Some(Found { why, inputs: vec![input] });
                break;
            }
            Told::Taken(way) => {
                if ways.insert(way) {
                    keep(&mut corpus, input.clone(), made.seeds.len(), &mut dice);
                }
            }
        }
        recent.push_back(input);
        if recent.len() > RECENT {
            recent.pop_front();
        }
        if report.tried.is_multiple_of(WEIGHED) {
            report.grew = report.grew.max(resident().saturating_sub(before));
            if report.grew > GROWTH {
                let why = format!("the process grew by {} MB", report.grew >> 20);
                report.found = Some(Found { why, inputs: recent.into() });
                break;
            }
        }
    }
    Report { kept: corpus.len(), ways: ways.len(), ..report }
}

fn another(corpus: &[Vec<u8>], tokens: &[&str], dice: &mut Dice) -> Vec<u8> {
    // Half of the time one of those that showed something new last.
    let late = corpus.len().saturating_sub(64);
    let from = if dice.once_in(2) { corpus.get(late..).unwrap_or_default() } else { corpus };
    let seed = dice.pick(from).map_or(&b""[..], Vec::as_slice);
    mutated(seed, Food { tokens, others: corpus }, dice)
}

fn keep(corpus: &mut Vec<Vec<u8>>, input: Vec<u8>, seeds: usize, dice: &mut Dice) {
    if corpus.len() >= KEPT {
        let at = seeds.min(corpus.len()) + dice.below(corpus.len().saturating_sub(seeds));
        if at < corpus.len() {
            corpus.remove(at);
        }
    }
    corpus.push(input);
}

/// What an input came to: a panic and a long time are broken, too.
pub(crate) fn tried(made: &Made, input: &[u8]) -> Told {
    timed(made, input).0
}

fn timed(made: &Made, input: &[u8]) -> (Told, Duration) {
    let since = now();
    let told = caught(made, input);
    judged((told, since.elapsed()), || {
        let before = spent();
        let told = caught(made, input);
        (told, spent().saturating_sub(before))
    })
}

/// What one try came to by the clock on the wall. If that was slow it may have waited for a processor that others had, and
/// counts as what it comes to `again`, in CPU time.
fn judged(once: (Told, Duration), again: impl FnOnce() -> (Told, Duration)) -> (Told, Duration) {
    if once.1 <= SLOW || matches!(once.0, Told::Broken(_)) {
        return once;
    }
    match again() {
        (Told::Taken(_), took) if took > SLOW => {
            (Told::Broken(format!("it takes longer than {} ms", SLOW.as_millis())), took)
        }
        told => told,
    }
}

/// CPU time of this thread; zero where that cannot be asked.
fn spent() -> Duration {
    crate::bench::cpu::of_this_thread().unwrap_or_default()
}

fn caught(made: &Made, input: &[u8]) -> Told {
    match catch_unwind(AssertUnwindSafe(|| (made.tries)(input))) {
        Ok(told) => told,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Told::Broken(format!("panic: {}", text.unwrap_or("no words")))
        }
    }
}

/// The same finding in fewer bytes: parts are taken out, large ones first, as long as it stays broken in the same way.
fn smaller(made: &Made, mut input: Vec<u8>, why: &str) -> Vec<u8> {
    let kind = |why: &str| why.split(':').next().unwrap_or_default().to_owned();
    let mut left = SHRINKS;
    let mut size = input.len() / 2;
    let since = now();
    while size > 0 && left > 0 {
        let mut at = 0;
        while at < input.len() && left > 0 && since.elapsed() < SHRINKING {
            left -= 1;
            let mut less = input.clone();
            less.drain(at..(at + size).min(input.len()));
            match caught(made, &less) {
                Told::Broken(other) if kind(&other) == kind(why) => input = less,
                _ => at += size,
            }
        }
        size /= 2;
    }
    input
}

/// Resident bytes of this process; zero where that cannot be asked.
fn resident() -> u64 {
    crate::bench::cpu::resident(std::process::id()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Target =
        Target { name: "words", about: "", tokens: &["boom"], make: || anyhow::bail!("not made") };

    fn length(tries: u64) -> Length {
        Length { span: Duration::from_mins(1), tries, seed: 1 }
    }

    #[test]
    fn a_panic_behind_a_word_is_found_and_made_small() {
        let tries: Try = Box::new(|input| {
            let text = String::from_utf8_lossy(input);
            assert!(!text.contains("boom"), "it said the word");
            Told::Taken(format!("{}", input.len() / 8))
        });
        let made = Made { seeds: vec![b"a long and quiet beginning".to_vec()], tries };
        let mut watched = 0;
        let report = hunt(&TARGET, &made, length(100_000), &mut |_| watched += 1);
        let found = report.found.unwrap();
        assert_eq!(found.inputs, vec![b"boom".to_vec()], "{}", found.why);
        assert!(found.why.starts_with("panic: it said the word"));
        assert_eq!(watched, report.tried);
    }

    #[test]
    fn waiting_for_a_processor_is_no_finding_and_working_for_long_is_one() {
        let told = |long: Duration| (Told::Taken("read".to_owned()), long);
        let short = Duration::from_millis(1);
        assert_eq!(judged(told(SLOW), || panic!("not tried again")), told(SLOW));
        assert_eq!(judged(told(2 * SLOW), || told(short)), told(short));
        let (Told::Broken(why), _) = judged(told(2 * SLOW), || told(2 * SLOW)) else {
            panic!("it worked for long")
        };
        assert!(why.starts_with("it takes longer than"), "{why}");
    }

    #[test]
    fn work_is_counted_in_time_of_this_thread() {
        let before = spent();
        let since = now();
        while spent().saturating_sub(before) < Duration::from_millis(20) {
            assert!(since.elapsed() < Duration::from_mins(1), "no CPU time is counted");
        }
    }

    #[test]
    fn what_is_new_is_kept_and_the_same_seed_is_the_same_hunt() {
        let run = || {
            let tries: Try = Box::new(|input| Told::Taken(format!("{:?}", input.first())));
            let made = Made { seeds: vec![b"{}".to_vec()], tries };
            let report = hunt(&TARGET, &made, length(3_000), &mut |_| ());
            (report.tried, report.kept, report.ways, report.found)
        };
        let (tried, kept, ways, found) = run();
        assert_eq!((tried, found), (3_000, None));
        assert!(ways > 10 && kept == ways, "{ways} ways, {kept} kept");
        assert_eq!(run(), (tried, kept, ways, None));
    }
}
