//! A process that records into a spool is killed again and again: what it had given when it was killed arrives in the lake,
//! once, and everything of a run before anything of the next one.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use writ_gateway::{Recorder as _, bus::BusRecorder};
use writ_lake::{Copier, Record};
use writ_model::{BootId, CallId, TenantId};
use writ_store::{Bounds, Bus, LocalLog};
use writ_testkit::TempDir;

use crate::{
    made,
    world::{Lake, clock, recorder, until},
};

/// How often it is killed.
const ROUNDS: u8 = 12;
/// Of so many calls of a tenant one leaves first, and of as many one leaves and does not end.
const LEAVES: u64 = 4;

/// How the process is told what to do: a folder and a boot, each after a line's end.
const TOLD: &str = "WRIT_TEST_RECORDER";
/// This program, as the process that records.
const PROCESS: [&str; 3] = ["--exact", "killed::a_process_that_records", "--nocapture"];

/// The bus of one process, in the folder.
fn bus(folder: &Path) -> Arc<dyn Bus> {
    Arc::new(LocalLog::open(&folder.join("bus.db"), Bounds::default()).unwrap())
}

/// What a call is that leaves and does not end: none of those that have a number.
fn stays(tenant: u8, boot: u8, nth: u64) -> Record {
    let mut record = made::record(tenant, boot, nth);
    record.call = CallId::from_bytes([
        boot.wrapping_add(100),
        tenant,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        u8::try_from(nth % 256).unwrap(),
    ]);
    record
}

/// Gives records and says which, as an answer that goes out, without a wait for any disk.
async fn give(recorder: &BusRecorder, boot: u8, rounds: u64) {
    let mut running = Vec::new();
    for seq in 0..rounds {
        for tenant in 1..=3 {
            let record = made::record(tenant, boot, seq);
            let slot = recorder.place(record.tenant).await.unwrap();
            if seq % LEAVES == 1 {
                slot.leaves(&record).unwrap();
            }
            slot.write(record);
            println!("said {tenant} {seq}");
        }
        if seq % LEAVES == 2 && running.len() < 3 {
            let slot = recorder.place(TenantId::from_bytes([1; 16])).await.unwrap();
            slot.leaves_for_good(&stays(1, boot, seq)).await.unwrap();
            println!("left {boot} {seq}");
            running.push(slot);
        }
        if seq % 50 == 49 {
            recorder.flushed().await.unwrap();
        }
    }
}

/// Told what to do, it is the process that the other test kills. By itself it shows that what is given and not yet spooled
/// is spooled by the next run, before anything of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_records() {
    #[expect(clippy::disallowed_methods, reason = "how the other test tells it what to do")]
    let told = std::env::var(TOLD).unwrap_or_default();
    if let Some((folder, boot)) = told.split_once('\n') {
        let folder = Path::new(folder);
        let recorder = recorder(folder, &bus(folder), &clock());
        return give(&recorder, boot.parse().unwrap(), u64::MAX).await;
    }
    let folder = TempDir::new().unwrap();
    let recorder = recorder(folder.path(), &bus(folder.path()), &clock());
    give(&recorder, 1, 3).await;
    recorder.close().await;
    drop(recorder);
    let files = std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap);
    let journals = files.filter(|file| file.file_name().to_string_lossy().contains("journal"));
    assert_eq!(journals.count(), 1, "one call left and did not end");
}

/// What a process said before it was killed: records by tenant and number, and calls that left.
type Said = (BTreeSet<(u8, u64)>, BTreeSet<CallId>);

/// Runs it until it has said so many lines, and kills it.
fn killed(folder: &Path, boot: u8, lines: usize) -> Said {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(PROCESS)
        .env(TOLD, format!("{}\n{boot}", folder.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut said, mut left) = Said::default();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let (mut line, mut heard) = (String::new(), 0);
    while out.read_line(&mut line).unwrap() > 0 {
        // A line that was cut was not said.
        let words: Vec<&str> = line.strip_suffix('\n').unwrap_or_default().split(' ').collect();
        if let [word, of, number] = words[..]
            && let (Ok(of), Ok(number)) = (of.parse::<u8>(), number.parse())
        {
            match word {
                "said" => drop(said.insert((of, number))),
                "left" => drop(left.insert(stays(1, of, number).call)),
                _ => {}
            }
            heard += 1;
            if heard == lines {
                child.kill().unwrap();
            }
        }
        line.clear();
    }
    child.wait().unwrap();
    assert!(heard >= lines, "it ended by itself");
    (said, left)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_arrives_once_and_run_after_run() {
    let folder = TempDir::new().unwrap();
    let told: Vec<(u8, Said)> = (1..=ROUNDS)
        .map(|boot| (boot, killed(folder.path(), boot, 15 + usize::from(boot) * 11)))
        .collect();
    let bus = bus(folder.path());
    let lake = Lake::open(folder.path(), &bus);
    let last = recorder(folder.path(), &bus, &clock());
    let unfinished: Vec<CallId> =
        last.queue().unfinished().into_iter().map(|record| record.call).collect();
    let shipped = || async { last.spooled() == 0 && lake.ingest.lag().await.unwrap() == 0 };
    until(shipped).await.expect("all of it arrives");
    let mut count = 0;
    for (boot, (said, left)) in &told {
        for tenant in 1..=3 {
            let seqs = lake.seqs(tenant, *boot).await;
            let wanted: BTreeSet<u64> =
                said.iter().filter(|(of, _)| *of == tenant).map(|(_, seq)| *seq).collect();
            assert!(
                wanted.iter().all(|seq| seqs.contains(seq)),
                "boot {boot}: {seqs:?} {wanted:?}"
            );
            assert_eq!(seqs, (0..seqs.len() as u64).collect::<Vec<_>>(), "boot {boot}: once each");
            count += wanted.len();
        }
        assert!(left.iter().all(|call| unfinished.contains(call)), "boot {boot}: what left");
    }
    let arrived = lake.ingest.arrived();
    println!("{ROUNDS} kills: {count} answered, {} new, {} known", arrived.new, arrived.known);
    assert_eq!((arrived.conflicts, arrived.damaged), (0, 0));
    assert!(lake.lake.gaps().await.unwrap().is_empty());
    let copier = Copier::open(&folder.path().join("lake.db")).unwrap().unwrap();
    let (mut place, mut newest) = (0, BootId::from_bytes([0; 16]));
    loop {
        let page = copier.after(place).unwrap();
        let Some(end) = page.last() else { break };
        place = end.place;
        for stored in page {
            assert!(newest <= stored.record.boot, "everything of a run comes before the next one");
            newest = stored.record.boot;
        }
    }
    last.close().await;
    lake.end().await;
}
