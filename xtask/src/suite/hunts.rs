//! Ten minutes of hunting in each reader that stands at the door, and in some of those that read files, beside the other
//! steps: two at a time, with what the processor has left over.
//!
//! Never here: a reader (`fuzz`), or the short hunts that every run of the units makes.
//! To add a reader to the long hunts of every run: its name in [`ROWS`]; to those that take turns, one a day: in [`TURNS`].

use std::{
    fs,
    path::PathBuf,
    sync::Mutex,
    thread::{self, JoinHandle},
};

use anyhow::{Context as _, Result, anyhow};

use crate::{
    root::target,
    shell::{command, counted, make_folder, programs},
    tally::Tally,
};

/// Two rows, each one reader after the other: messages, streams, the bytes of HTTP, schemas of tools.
const ROWS: [&[&str]; 2] = [&["rpc", "sse"], &["framing", "schemas"]];
/// Readers of files, four on each day, so that five days have had them all: all of them in one run are three hours.
const TURNS: [[&str; 4]; 5] = [
    ["model-pickle", "model-zip", "model-hdf5", "model-gguf"],
    ["model-hidden", "model-tar", "model-onnx", "model-template"],
    ["model-any", "model-squeezed", "model-tensorflow", "model-python"],
    ["model-npy", "model-keras", "model-safetensors", "model-bytecode"],
    ["model-skops", "model-xml", "model-json", "results"],
];
/// For each reader.
const MINUTES: &str = "10";

type Row = JoinHandle<Result<Tally>>;

/// What was begun and not waited for yet.
static BEGUN: Mutex<Vec<Row>> = Mutex::new(Vec::new());

/// Sends the hunter off; `end` waits for it. It is this program as the tests were built: an optimized one tries ten times as
/// much, and costs every run five minutes to build (`cargo xtask fuzz` does it).
pub(super) fn begin() -> Result<Tally> {
    programs()?;
    let folder = target().join("fuzz");
    make_folder(&folder)?;
    // A copy: a later step may build this program with other features.
    let hunter = folder.join("hunter");
    fs::copy(target().join("debug/xtask"), &hunter).context("cannot copy the hunter")?;
    let rows = rows(days()?).into_iter().map(|names| {
        let hunter = hunter.clone();
        thread::spawn(move || row(&hunter, &names))
    });
    BEGUN.lock().map_err(|_panicked| anyhow!("a hunt panicked"))?.extend(rows);
    Ok(Tally::default().closed(true))
}

/// What each row hunts in on this day: its own readers, and then half of those whose turn it is.
fn rows(day: u64) -> Vec<Vec<&'static str>> {
    let turns = TURNS.len() as u64;
    let turn = TURNS.iter().cycle().nth(usize::try_from(day % turns).unwrap_or(0));
    let halves = turn.map_or(&[][..], |four| &four[..]).chunks(2);
    ROWS.iter().zip(halves).map(|(own, half)| [own, half].concat()).collect()
}

/// Days since 1970.
#[expect(clippy::disallowed_methods, reason = "whose turn it is; this is the edge")]
fn days() -> Result<u64> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Ok(since.context("the clock stands before 1970")?.as_secs() / 86_400)
}

fn row(hunter: &PathBuf, names: &[&str]) -> Result<Tally> {
    let mut tally = Tally::default();
    for name in names {
        let mut hunt = command("nice", &["-n", "19"]);
        hunt.arg(hunter).args(["fuzz", name, "--minutes", MINUTES]);
        tally.add(counted(hunt)?);
    }
    Ok(tally)
}

/// Waits for all that was begun; none at all is a failure.
pub(super) fn end() -> Result<Tally> {
    let rows: Vec<Row> =
        BEGUN.lock().map_err(|_panicked| anyhow!("a hunt panicked"))?.drain(..).collect();
    anyhow::ensure!(!rows.is_empty(), "no hunt was begun");
    let mut tally = Tally::default();
    for row in rows {
        tally.add(row.join().map_err(|_panicked| anyhow!("a hunt panicked"))??);
    }
    Ok(tally)
}

#[cfg(all(test, feature = "fuzz"))]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn five_days_hunt_in_every_reader_of_files_and_each_day_in_those_at_the_door() {
        let every = crate::fuzz::names();
        let mut had: BTreeSet<&str> = BTreeSet::new();
        for day in 20_780..20_785 {
            let rows = rows(day);
            let names: Vec<&str> = rows.concat();
            assert!(names.iter().all(|name| every.contains(name)), "no such reader: {names:?}");
            assert!(ROWS.concat().iter().all(|name| names.contains(name)), "{names:?}");
            had.extend(names);
        }
        let forgotten: Vec<&&str> = every
            .iter()
            .filter(|name| name.starts_with("model-") && !had.contains(**name))
            .collect();
        assert_eq!(forgotten, Vec::<&&str>::new(), "never hunted in for long");
    }
}
