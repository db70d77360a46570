//! A process that records into a lake is killed again and again: what it had given when it was killed is here afterwards,
//! once, and so is what left and did not end.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use writ_lake::{Activity, Record};
use writ_model::{BootId, CallId};
use writ_testkit::TempDir;

use crate::world::{all, record};

/// How often it is killed.
const ROUNDS: u8 = 15;
/// Of each so many calls one leaves before it ends.
const LEAVES: u64 = 3;
/// And of each so many one leaves and does not end.
const STAYS: u64 = 30;

/// How the process is told what to do: a folder and a boot, each after a line's end.
const TOLD: &str = "WRIT_TEST_LAKE";
/// This program, as the process that records.
const PROCESS: [&str; 3] = ["--exact", "killed::a_process_that_records", "--nocapture"];

fn of(boot: u8, seq: u64) -> Record {
    let mut call = [boot; 16];
    call[8..].copy_from_slice(&seq.to_be_bytes());
    let boot = BootId::from_bytes([boot; 16]);
    let ocsf = format!("{{\"boot\":\"{boot}\",\"seq\":{seq}}}");
    Record { call: CallId::from_bytes(call), boot, ocsf: ocsf.into(), ..record(1, seq) }
}

/// Gives records and says which, as an answer that goes out: `left CALL` and `said SEQ`.
async fn give(lake: &Arc<Activity>, boot: u8, rounds: u64) {
    let (mut seq, mut stayed) = (0, Vec::new());
    for nth in 0..rounds {
        let call = of(boot, nth).call;
        let slot = lake.place(record(1, 0).tenant).await.unwrap();
        if nth % STAYS == STAYS - 1 {
            slot.leaves_for_good(&of(boot, nth)).await.unwrap();
            println!("left {nth}");
            stayed.push(slot);
            continue;
        }
        if nth % LEAVES == 0 {
            slot.leaves(&of(boot, nth)).unwrap();
        }
        slot.write(Record { call, ..of(boot, seq) });
        println!("said {seq}");
        seq += 1;
    }
}

fn journals(folder: &TempDir) -> usize {
    let files = std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap);
    files.filter(|file| file.file_name().to_string_lossy().contains("journal")).count()
}

/// Told what to do, it is the process that the other test kills. By itself it shows that an end in order leaves the file of
/// the lake alone, and what did not end in a journal.
#[tokio::test]
async fn a_process_that_records() {
    #[expect(clippy::disallowed_methods, reason = "how the other test tells it what to do")]
    let told = std::env::var(TOLD).unwrap_or_default();
    if let Some((folder, boot)) = told.split_once('\n') {
        let lake = Activity::open(&Path::new(folder).join("lake.db")).unwrap();
        return give(&lake, boot.parse().unwrap(), u64::MAX).await;
    }
    let folder = TempDir::new().unwrap();
    for (rounds, wanted) in [(9, 0), (STAYS, 1)] {
        let lake = Activity::open(&folder.path().join("lake.db")).unwrap();
        give(&lake, 1, rounds).await;
        lake.close().await;
        drop(lake);
        assert_eq!(journals(&folder), wanted, "after {rounds}");
    }
}

/// Runs it until it has said so many lines, and kills it: the numbers it said, and the calls that left.
fn killed(folder: &Path, boot: u8, lines: usize) -> (BTreeSet<u64>, BTreeSet<u64>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(PROCESS)
        .env(TOLD, format!("{}\n{boot}", folder.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut said, mut left) = (BTreeSet::new(), BTreeSet::new());
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let (mut line, mut heard) = (String::new(), 0);
    loop {
        line.clear();
        if out.read_line(&mut line).unwrap() == 0 {
            break;
        }
        // A line that was cut was not said.
        let words = line.strip_suffix('\n').and_then(|line| line.split_once(' '));
        match words.map(|(word, number)| (word, number.parse())) {
            Some(("said", Ok(seq))) => drop(said.insert(seq)),
            Some(("left", Ok(nth))) => drop(left.insert(nth)),
            _ => continue,
        }
        heard += 1;
        if heard == lines {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(heard >= lines, "it ended by itself");
    (said, left)
}

#[tokio::test]
async fn what_was_answered_is_here_once_and_what_left_is_known() {
    let folder = TempDir::new().unwrap();
    let mut told = Vec::new();
    for boot in 1..=ROUNDS {
        told.push((boot, killed(folder.path(), boot, 20 + usize::from(boot) * 13)));
        if boot % 4 == 0 {
            // Also the one who takes it up is killed now and then: see the next round. This one ends in order.
            let lake = Activity::open(&folder.path().join("lake.db")).unwrap();
            lake.close().await;
        }
    }
    let lake = Activity::open(&folder.path().join("lake.db")).unwrap();
    let unfinished = lake.queue().unfinished();
    let records = all(&lake).await;
    let mut count = 0;
    for (boot, (said, left)) in &told {
        let id = BootId::from_bytes([*boot; 16]);
        let seqs: Vec<u64> =
            records.iter().filter(|one| one.boot == id).map(|one| one.seq).collect();
        assert!(said.iter().all(|seq| seqs.contains(seq)), "boot {boot}: {seqs:?}, said {said:?}");
        assert_eq!(seqs, (0..seqs.len() as u64).collect::<Vec<_>>(), "boot {boot}: once each");
        let known: BTreeSet<CallId> =
            unfinished.iter().filter(|one| one.boot == id).map(|one| one.call).collect();
        for nth in left {
            assert!(known.contains(&of(*boot, *nth).call), "boot {boot}: call {nth} left");
        }
        count += said.len();
    }
    let mut ended: BTreeSet<CallId> = records.iter().map(|one| one.call).collect();
    assert_eq!(ended.len(), records.len(), "no call has two records");
    assert!(unfinished.iter().all(|one| ended.insert(one.call)), "what has a record is over");
    assert!(lake.conflicts().await.unwrap().is_empty() && lake.gaps().await.unwrap().is_empty());
    println!(
        "{ROUNDS} kills: {count} answered, {} records, {} calls without an end",
        records.len(),
        unfinished.len()
    );
    // Who records them is done with them.
    for (seq, call) in unfinished.into_iter().enumerate() {
        let now = Record { call: call.call, ..of(200, seq as u64) };
        lake.place(now.tenant).await.unwrap().write(now);
    }
    lake.close().await;
    drop(lake);
    assert_eq!(journals(&folder), 0);
}
