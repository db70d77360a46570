//! Whatever happens in between: nothing is lost, nothing is there twice, and what cannot be read is told.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use proptest::prelude::*;
use writ_model::{AgentId, BootId, GatewayId, InstanceId, TenantId, Timestamp, ocsf::Disposition};
use writ_testkit::TempDir;

use super::*;
use crate::record::Inputs;

fn call(nth: u64) -> CallId {
    let mut id = [0; 16];
    id[8..].copy_from_slice(&nth.to_be_bytes());
    CallId::from_bytes(id)
}

pub(crate) fn record(nth: u64) -> Record {
    Record {
        call: call(nth),
        tenant: TenantId::from_bytes([1; 16]),
        gateway: GatewayId::from_bytes([2; 16]),
        boot: BootId::from_bytes([3; 16]),
        seq: nth,
        at: Timestamp::from_micros(5),
        agent: AgentId::from_bytes([4; 16]),
        instance: InstanceId::from_bytes([5; 16]),
        server: "mail".to_owned(),
        method: "tools/call".to_owned(),
        surface: "tool".to_owned(),
        name: "send".to_owned(),
        effect: Disposition::Allowed,
        code: "PERM-0001".to_owned(),
        detail: String::new(),
        grant: None,
        latency_us: 1,
        ocsf: Bytes::from(format!("{{\"seq\":{nth}}}")),
        inputs: Inputs::default(),
    }
}

fn leaves(journal: &mut Journal, nth: u64) -> io::Result<()> {
    journal.leaves(call(nth), Entry::leaving(&record(nth)).unwrap())
}

fn ends(journal: &mut Journal, nth: u64) -> io::Result<()> {
    journal.ended(call(nth), Entry::ended(&record(nth)).unwrap())
}

fn open(folder: &TempDir) -> (Journal, Left) {
    Journal::open(&folder.path().join("lake.db")).unwrap()
}

fn numbers(records: &[Record]) -> Vec<u64> {
    records.iter().map(|record| record.seq).collect()
}

fn files(folder: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).unwrap().map(Result::unwrap);
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The journal writes into this from now on.
fn into(journal: &mut Journal, path: &str) {
    let file = OpenOptions::new().append(true).open(path).unwrap();
    journal.current.as_mut().unwrap().file = Arc::new(file);
}

#[test]
fn a_killed_run_leaves_what_ended_in_order_and_what_did_not_end() {
    let folder = TempDir::new().unwrap();
    let (mut journal, left) = open(&folder);
    assert!(left.ended.is_empty() && left.unfinished.is_empty() && files(&folder).is_empty());
    for nth in [4, 2, 3] {
        leaves(&mut journal, nth).unwrap();
    }
    ends(&mut journal, 3).unwrap();
    ends(&mut journal, 9).unwrap();
    drop(journal);
    let (mut journal, left) = open(&folder);
    assert_eq!((numbers(&left.ended), numbers(&left.unfinished)), (vec![3, 9], vec![2, 4]));
    assert_eq!((left.cut, left.spoiled, left.machine_went_down), (0, 0, false));
    assert_eq!(left.ended[0], record(3), "byte for byte");
    journal.settle().unwrap();
    assert_eq!(files(&folder), ["lake-journal-2.log"], "what did not end is carried");
    ends(&mut journal, 2).unwrap();
    ends(&mut journal, 4).unwrap();
    assert!(journal.finish().unwrap());
    assert!(files(&folder).is_empty(), "an end in order leaves nothing");
}

#[test]
fn files_are_for_their_owner_only_and_one_that_is_used_is_not_read() {
    let folder = TempDir::new().unwrap();
    let (mut journal, _) = open(&folder);
    ends(&mut journal, 1).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(journal.path(1)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let fault = Journal::opened(&folder.path().join("lake.db"), 1).unwrap_err();
    assert_eq!(fault.code().0, "LAKE-0010", "nothing is left out because somebody has it");
    // Who has just been killed lets go a moment later.
    let lets_go = std::thread::spawn(move || drop(journal));
    assert_eq!(numbers(&open(&folder).1.ended), [1]);
    lets_go.join().unwrap();
}

#[test]
fn calls_that_run_are_carried_and_old_files_go_oldest_first() {
    let folder = TempDir::new().unwrap();
    let (mut journal, _) = open(&folder);
    journal.most = 1_000;
    leaves(&mut journal, 0).unwrap();
    for nth in 1..40 {
        ends(&mut journal, nth).unwrap();
    }
    let newest = journal.current().unwrap().no;
    assert!(newest > 5 && journal.retires() == Some(newest - 1));
    for old in journal.take_old(newest - 1) {
        old.remove().unwrap();
    }
    assert_eq!(files(&folder), [format!("lake-journal-{newest}.log")]);
    drop(journal);
    assert_eq!(numbers(&open(&folder).1.unfinished), [0], "it left long ago and still runs");
}

#[test]
fn with_many_calls_that_run_files_are_not_renewed_at_every_entry() {
    let folder = TempDir::new().unwrap();
    let (mut journal, _) = open(&folder);
    journal.most = 1_000;
    for nth in 0..2_000 {
        leaves(&mut journal, nth).unwrap();
    }
    let no = journal.current().unwrap().no;
    assert!(no < 20, "{no} files");
}

#[test]
fn a_full_disk_stops_calls_and_loses_no_record() {
    let folder = TempDir::new().unwrap();
    let (mut journal, _) = open(&folder);
    leaves(&mut journal, 1).unwrap();
    leaves(&mut journal, 2).unwrap();
    into(&mut journal, "/dev/full");
    assert_eq!(leaves(&mut journal, 3).unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert!(journal.is_broken());
    ends(&mut journal, 1).unwrap();
    leaves(&mut journal, 4).unwrap_err();
    // Room again: a new file with all of it, before anything is trusted to it.
    journal.renew().unwrap().run().unwrap();
    ends(&mut journal, 5).unwrap();
    assert!(journal.is_broken(), "not yet");
    journal.trust().unwrap();
    leaves(&mut journal, 6).unwrap();
    drop(journal);
    let left = open(&folder).1;
    assert_eq!((numbers(&left.ended), numbers(&left.unfinished)), (vec![1, 5], vec![2, 6]));
}

#[test]
fn a_record_that_cannot_be_written_is_the_first_of_the_next_file() {
    let folder = TempDir::new().unwrap();
    let (mut journal, _) = open(&folder);
    ends(&mut journal, 1).unwrap();
    into(&mut journal, "/dev/full");
    ends(&mut journal, 2).unwrap_err();
    journal.renew().unwrap().run().unwrap();
    into(&mut journal, "/dev/full");
    ends(&mut journal, 3).unwrap();
    journal.trust().unwrap_err();
    assert!(journal.is_broken(), "the new file fails as well");
    journal.renew().unwrap().run().unwrap();
    journal.trust().unwrap();
    drop(journal);
    assert_eq!(numbers(&open(&folder).1.ended), [1, 2, 3]);
}

#[test]
fn a_flush_that_fails_is_told() {
    let folder = TempDir::new().unwrap();
    let (mut journal, _) = open(&folder);
    leaves(&mut journal, 1).unwrap();
    into(&mut journal, "/dev/null");
    leaves(&mut journal, 2).unwrap();
    journal.current().unwrap().run().unwrap_err();
}

#[test]
fn a_folder_that_is_gone_is_told_and_one_that_is_back_is_used() {
    let folder = TempDir::new().unwrap();
    let (there, away) = (folder.path().join("data"), folder.path().join("away"));
    fs::create_dir(&there).unwrap();
    let (mut journal, _) = Journal::open(&there.join("spool.db")).unwrap();
    fs::rename(&there, &away).unwrap();
    leaves(&mut journal, 1).unwrap_err();
    ends(&mut journal, 2).unwrap();
    journal.renew().unwrap_err();
    fs::rename(&away, &there).unwrap();
    journal.renew().unwrap().run().unwrap();
    journal.trust().unwrap();
    drop(journal);
    assert_eq!(numbers(&Journal::open(&there.join("spool.db")).unwrap().1.ended), [2]);
}

#[test]
fn what_is_damaged_is_told_and_kept_aside_and_the_rest_is_taken_up() {
    let folder = TempDir::new().unwrap();
    let (mut journal, _) = open(&folder);
    ends(&mut journal, 1).unwrap();
    let from = journal.current.as_ref().unwrap().length;
    ends(&mut journal, 2).unwrap();
    ends(&mut journal, 3).unwrap();
    let (path, end) = (journal.path(1), journal.current.as_ref().unwrap().length);
    drop(journal);
    let mut bytes = fs::read(&path).unwrap();
    bytes[from + 100] ^= 4;
    bytes[end..end + 9].copy_from_slice(b"WJe\x1a half");
    fs::write(&path, bytes).unwrap();
    let (mut journal, left) = open(&folder);
    assert_eq!(numbers(&left.ended), [1, 3]);
    assert!(left.spoiled > 100 && left.cut == 9, "{left:?}");
    journal.settle().unwrap();
    assert_eq!(files(&folder), ["lake-journal-1.damaged"], "somebody may want to look at it");
}

#[test]
fn a_file_is_made_longer_by_zeros_and_they_are_no_entry() {
    let folder = TempDir::new().unwrap();
    let (mut journal, _) = open(&folder);
    let mut lengths = BTreeSet::new();
    for nth in 1..2_000 {
        ends(&mut journal, nth).unwrap();
        let current = journal.current.as_ref().unwrap();
        let bytes = fs::metadata(journal.path(current.no)).unwrap().len();
        assert!(bytes >= current.length as u64 && current.filled as u64 == bytes);
        lengths.insert(bytes);
    }
    assert!(lengths.len() < 8, "it grows by much and seldom: {lengths:?}");
    drop(journal);
    let left = open(&folder).1;
    assert_eq!(numbers(&left.ended), (1..2_000).collect::<Vec<_>>());
    assert_eq!((left.cut, left.spoiled), (0, 0));
}

#[test]
fn what_a_newer_release_wrote_is_left_for_it() {
    let folder = TempDir::new().unwrap();
    let (mut journal, _) = open(&folder);
    let mut entry = frame::open(8);
    wire::encode(&record(1), &mut entry).unwrap();
    entry[frame::HEAD] = wire::FORM + 1;
    journal.append(&frame::close(frame::Kind::Ended, entry).unwrap()).unwrap();
    drop(journal);
    let fault = Journal::open(&folder.path().join("lake.db")).unwrap_err();
    assert_eq!(fault.code().0, "LAKE-0011");
    assert_eq!(files(&folder), ["lake-journal-1.log"]);
}

#[test]
fn a_machine_that_went_down_is_told() {
    let folder = TempDir::new().unwrap();
    let (mut journal, _) = open(&folder);
    journal.machine = "11111111-2222-3333-4444-555555555555".to_owned();
    ends(&mut journal, 1).unwrap();
    drop(journal);
    let left = open(&folder).1;
    assert_eq!((left.machine_went_down, numbers(&left.ended)), (!machine().is_empty(), vec![1]));
}

#[derive(Debug, Clone)]
enum Step {
    Leaves,
    Ends(usize),
    /// One that never left: it only reads.
    Reads,
    Takes,
    Commits,
    Breaks,
    Killed,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Leaves),
        4 => any::<usize>().prop_map(Step::Ends),
        3 => Just(Step::Reads),
        2 => Just(Step::Takes),
        2 => Just(Step::Commits),
        1 => Just(Step::Breaks),
        1 => Just(Step::Killed),
    ]
}

/// A store and its journal, as the queue drives them.
struct World {
    folder: TempDir,
    journal: Journal,
    next: u64,
    runs: Vec<u64>,
    waiting: Vec<u64>,
    taken: (Vec<u64>, Option<u64>),
    kept: BTreeMap<u64, Record>,
    answered: BTreeSet<u64>,
    left: BTreeSet<u64>,
}

impl World {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let (journal, _) = open(&folder);
        let (runs, waiting, taken) = <_>::default();
        let (kept, answered, left) = <_>::default();
        let mut world =
            Self { folder, journal, next: 0, runs, waiting, taken, kept, answered, left };
        world.journal.most = 700;
        world
    }

    fn heal(&mut self) {
        if self.journal.is_broken() {
            self.journal.renew().unwrap().run().unwrap();
            self.journal.trust().unwrap();
        }
    }

    fn ends(&mut self, nth: u64) {
        let broken = self.journal.is_broken();
        drop(ends(&mut self.journal, nth));
        self.waiting.push(nth);
        self.left.remove(&nth);
        // While it is broken an answer is not promised; healing makes it one.
        if broken || self.journal.is_broken() {
            self.heal();
        }
        self.answered.insert(nth);
    }

    fn commits(&mut self) {
        let (taken, retires) = std::mem::take(&mut self.taken);
        self.keep(taken.into_iter().map(record));
        for old in retires.map(|no| self.journal.take_old(no)).unwrap_or_default() {
            old.remove().unwrap();
        }
    }

    fn keep(&mut self, records: impl IntoIterator<Item = Record>) {
        for record in records {
            let known = self.kept.entry(record.seq).or_insert_with(|| record.clone());
            assert_eq!(*known, record, "another record under a number that is taken");
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Leaves => {
                let nth = self.next;
                self.next += 1;
                if leaves(&mut self.journal, nth).is_ok() {
                    self.runs.push(nth);
                    self.left.insert(nth);
                } else {
                    self.heal();
                }
            }
            Step::Ends(which) if !self.runs.is_empty() => {
                let nth = self.runs.swap_remove(which % self.runs.len());
                self.ends(nth);
            }
            Step::Ends(_) | Step::Reads => {
                self.next += 1;
                self.ends(self.next - 1);
            }
            Step::Takes => {
                let retires = self.journal.retires();
                self.commits();
                self.taken = (std::mem::take(&mut self.waiting), retires);
            }
            Step::Commits => self.commits(),
            Step::Breaks if self.journal.current.is_some() => into(&mut self.journal, "/dev/full"),
            Step::Breaks => {}
            Step::Killed => self.killed(),
        }
    }

    fn killed(&mut self) {
        self.runs.clear();
        self.waiting.clear();
        self.taken = <_>::default();
        // The lock is the dead process's.
        self.journal.current = None;
        self.journal.old.clear();
        let (journal, left) = open(&self.folder);
        self.journal = journal;
        self.journal.most = 700;
        assert_eq!((left.spoiled, left.cut), (0, 0));
        self.keep(left.ended);
        for nth in &self.answered {
            assert!(self.kept.contains_key(nth), "{nth} was answered and is lost");
        }
        let unfinished: BTreeSet<u64> = numbers(&left.unfinished).into_iter().collect();
        assert_eq!(unfinished, self.left, "what left and did not end, and nothing else");
        self.journal.settle().unwrap();
        // The next run gives each a record of its own; here under the same number.
        for nth in std::mem::take(&mut self.left) {
            self.ends(nth);
        }
    }
}

proptest! {
    #[test]
    fn nothing_is_lost_and_nothing_is_there_twice(steps in prop::collection::vec(step(), 1..120)) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
        world.killed();
        world.killed();
        prop_assert!(world.left.is_empty());
    }

    #[test]
    fn no_bytes_bring_the_reader_down(bytes in prop::collection::vec(any::<u8>(), 0..400), at in any::<usize>()) {
        let folder = TempDir::new().unwrap();
        let (mut journal, _) = open(&folder);
        for nth in 0..3 {
            ends(&mut journal, nth).unwrap();
        }
        let path = journal.path(1);
        drop(journal);
        let before = fs::read(&path).unwrap();
        let mut file = before.clone();
        let at = at % file.len();
        let end = file.len().min(at + bytes.len());
        file.splice(at..end, bytes);
        fs::write(&path, &file).unwrap();
        let (_, left) = Journal::open(&folder.path().join("lake.db")).unwrap();
        prop_assert!(file == before || left.spoiled + left.cut > 0, "nothing is left out without a word");
        prop_assert!(numbers(&left.ended).is_sorted(), "what is whole is read");
    }
}
