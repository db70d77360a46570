//! A process that records is killed again and again: what it was told is kept arrives, once, and what is missing is told.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use writ_gateway::{Recorder as _, bus::BusRecorder};
use writ_lake::Gap;
use writ_testkit::{Nats, TempDir};

use crate::{
    made::{self, SKIPPED},
    world::{Lake, bus, bus_at, clock, recorder, until},
};

/// How often it is killed.
const ROUNDS: u8 = 12;

/// How the process is told what to do: a folder, a boot, servers, each after a line's end.
const TOLD: &str = "WRIT_TEST_SPOOLER";
/// This program, as the process that records.
const PROCESS: [&str; 3] = ["--exact", "nats::killed::a_process_that_records", "--nocapture"];

/// Records as fast as it can, every other one durably, and says `said TENANT SEQ` for each that was given; so many rounds.
async fn record(recorder: &BusRecorder, boot: u8, rounds: u64) {
    for seq in (0..rounds).filter(|seq| *seq != SKIPPED) {
        for tenant in 1..=3 {
            let record = made::record(tenant, boot, seq);
            let slot = recorder.place(record.tenant).await.unwrap();
            if seq % 2 == 0 {
                slot.write(record);
            } else {
                slot.write_durable(record).await.unwrap();
            }
            println!("said {tenant} {seq}");
        }
    }
}

/// Told what to do, it is the process that the other test kills. By itself it shows that the spool keeps what was given,
/// whether or not there is a bus.
#[tokio::test]
async fn a_process_that_records() {
    #[expect(clippy::disallowed_methods, reason = "how the other test tells it what to do")]
    let told = std::env::var(TOLD).unwrap_or_default();
    let mut told = told.lines();
    if let (Some(folder), Some(boot)) = (told.next(), told.next()) {
        let bus = bus_at(told.map(str::to_owned).collect()).await;
        let recorder = recorder(Path::new(folder), &bus, &clock());
        return record(&recorder, boot.parse().unwrap(), u64::MAX).await;
    }
    let folder = TempDir::new().unwrap();
    let nobody = bus_at(vec!["nats://127.0.0.1:1".to_owned()]).await;
    let first = recorder(folder.path(), &nobody, &clock());
    record(&first, 1, 5).await;
    first.flushed().await.unwrap();
    let spooled = first.spooled();
    assert!(spooled > 0);
    drop(first);
    // It did not end in order: what its journal still had is spooled once more, and a lake keeps it once.
    assert!(recorder(folder.path(), &nobody, &clock()).spooled() >= spooled);
}

/// Runs it until it has said so many lines, and kills it; the last number that it said of each tenant.
fn killed(folder: &Path, boot: u8, servers: &[String], lines: usize) -> BTreeMap<u8, u64> {
    let told = format!("{}\n{boot}\n{}", folder.display(), servers.join("\n"));
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(PROCESS)
        .env(TOLD, told)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BTreeMap::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    // What it said before it was killed counts; a line that was cut was not said.
    let mut note = |line: &str| {
        let mut words = line.strip_suffix('\n')?.strip_prefix("said ")?.split(' ');
        let (tenant, seq) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        said.insert(tenant, seq);
        Some(())
    };
    let (mut line, mut heard) = (String::new(), 0);
    while heard < lines {
        line.clear();
        assert!(out.read_line(&mut line).unwrap() > 0, "it ended by itself");
        heard += usize::from(note(&line).is_some());
    }
    child.kill().unwrap();
    child.wait().unwrap();
    line.clear();
    while out.read_line(&mut line).unwrap() > 0 {
        note(&line);
        line.clear();
    }
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_arrives_once_and_every_gap_is_told() {
    let (folder, servers) = (TempDir::new().unwrap(), Nats::start().unwrap());
    let bus = bus(&servers).await;
    let lake = Lake::open(folder.path(), &bus);
    let mut said = Vec::new();
    for boot in 1..=ROUNDS {
        // A third of the time the bus is killed beside it.
        if boot % 3 == 0 {
            servers.kill9(0).unwrap();
        }
        let lines = 30 + usize::from(boot) * 7;
        said.push((boot, killed(folder.path(), boot, &servers.urls(), lines)));
        if boot % 3 == 0 {
            servers.start_again(0).unwrap();
        }
    }
    // The next start ships what the last one left.
    let last = recorder(folder.path(), &bus, &clock());
    last.close().await;
    assert_eq!(last.spooled(), 0);
    let mut gaps = 0;
    for (boot, said) in &said {
        for tenant in 1..=3 {
            let least = usize::try_from(said[&tenant]).unwrap();
            let count = async || lake.seqs(tenant, *boot).await.len();
            until(|| async { count().await >= least }).await.expect("they arrive");
            let seqs = lake.seqs(tenant, *boot).await;
            let end = seqs.last().copied().unwrap();
            assert!(end >= said[&tenant], "boot {boot}, tenant {tenant}: {end}, said {said:?}");
            let wanted: Vec<u64> = (0..=end).filter(|seq| *seq != SKIPPED).collect();
            assert_eq!(seqs, wanted, "boot {boot}, tenant {tenant}");
            gaps += usize::from(end > SKIPPED);
        }
    }
    let told = lake.lake.gaps().await.unwrap();
    assert!(told.iter().all(|Gap { first, last, .. }| (*first, *last) == (SKIPPED, SKIPPED)));
    assert_eq!(told.len(), gaps, "each gap, and nothing else");
    assert_eq!(lake.ingest.arrived().conflicts, 0);
    lake.end().await;
}
