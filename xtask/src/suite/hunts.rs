//! Ten minutes of hunting in each reader that stands at the door, beside the other steps: two at a time, with what the
//! processor has left over.
//!
//! Never here: a reader (`fuzz`), or the short hunts that every run of the units makes.
//! To add a reader to the long hunts: its name in [`ROWS`].

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
    let rows = ROWS.map(|names| {
        let hunter = hunter.clone();
        thread::spawn(move || row(&hunter, names))
    });
    BEGUN.lock().map_err(|_panicked| anyhow!("a hunt panicked"))?.extend(rows);
    Ok(Tally::default().closed(true))
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
