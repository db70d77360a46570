//! What comes from elsewhere: records told twice, late, under a taken number, and seals that others wrote.

use bytes::Bytes;
use writ_lake::{Conflict, Due, Gap, Ingested, LakeFault, Mirrored, Record, Run, Seal, Sealed};
use writ_model::{BootId, CallId, TenantId};
use writ_testkit::TempDir;

use crate::world::{ALL, Book, fill, open, range, record, root};

fn new(count: usize) -> Ingested {
    Ingested { new: count, ..Ingested::default() }
}

fn of(tenant: u8, seqs: impl IntoIterator<Item = u64>) -> Vec<Record> {
    seqs.into_iter().map(|seq| record(tenant, seq)).collect()
}

fn run(tenant: u8) -> Run {
    range(tenant, 0..1).run
}

/// The same run's records in a later boot of the gateway.
fn later(records: Vec<Record>) -> Vec<Record> {
    let boot = BootId::from_bytes([9; 16]);
    records.into_iter().map(|record| Record { boot, ..record }).collect()
}

#[tokio::test]
async fn what_comes_twice_is_kept_once_and_shown_once() {
    let folder = TempDir::new().unwrap();
    let lake = open(&folder);
    let mut live = lake.subscribe();
    assert_eq!(lake.ingest(of(1, 0..5)).await.unwrap(), new(5));
    let mut again = of(1, 3..8);
    again.extend(of(1, 6..7));
    let told = Ingested { new: 3, known: 3, conflicts: 0 };
    assert_eq!(lake.ingest(again).await.unwrap(), told);
    for seq in 0..8 {
        assert_eq!(live.try_recv().unwrap().seq, seq);
    }
    assert!(live.try_recv().is_err());
    lake.close().await;
    drop(lake);
    let lake = open(&folder);
    let told = Ingested { known: 8, ..Ingested::default() };
    assert_eq!(lake.ingest(of(1, 0..8)).await.unwrap(), told, "also after a restart");
    assert_eq!(lake.seal_due(), [range(1, 0..8)]);
    assert!(lake.gaps().await.unwrap().is_empty() && lake.conflicts().await.unwrap().is_empty());
    lake.close().await;
    assert!(matches!(lake.ingest(of(1, 8..9)).await, Err(LakeFault::Closed)));
}

#[tokio::test]
async fn another_record_under_a_taken_number_is_told_and_stops_nobody() {
    let folder = TempDir::new().unwrap();
    let lake = open(&folder);
    lake.ingest(of(1, 0..3)).await.unwrap();
    let forged = Record { ocsf: Bytes::from_static(b"{}"), ..record(1, 1) };
    let told = Ingested { conflicts: 1, new: 1, known: 1 };
    let some = vec![forged.clone(), record(1, 2), record(1, 3)];
    assert_eq!(lake.ingest(some).await.unwrap(), told);
    let conflict = Conflict { run: run(1), seq: 1 };
    assert_eq!(lake.conflicts().await.unwrap(), [conflict]);
    // The writer's own road has the same rule: it goes on.
    lake.place(forged.tenant).await.unwrap().write(forged);
    let renamed = Record { call: CallId::from_bytes([77; 16]), ..record(1, 2) };
    lake.place(renamed.tenant).await.unwrap().write_durable(renamed).await.unwrap();
    fill(&lake, 1, 4..6).await;
    let kept = lake.call(record(1, 1).tenant, record(1, 1).call).await.unwrap().unwrap();
    assert_eq!(kept.record, record(1, 1), "the first one stays");
    assert_eq!(lake.conflicts().await.unwrap(), [conflict, Conflict { run: run(1), seq: 2 }]);
    assert_eq!(lake.seal_due(), [range(1, 0..6)]);
}

#[tokio::test]
async fn one_call_id_twice_is_two_records() {
    let folder = TempDir::new().unwrap();
    let lake = open(&folder);
    let twin = Record { call: record(1, 0).call, ..record(1, 1) };
    fill(&lake, 1, 0..1).await;
    lake.place(twin.tenant).await.unwrap().write_durable(twin).await.unwrap();
    assert_eq!(lake.ingest(of(1, 2..3)).await.unwrap(), new(1));
    let due = lake.seal_due();
    assert_eq!((due.len(), due[0].count), (1, 3));
}

#[tokio::test]
async fn gaps_are_told_until_they_are_filled() {
    let folder = TempDir::new().unwrap();
    let lake = open(&folder);
    let gap = |first, last| Gap { run: run(1), first, last };
    lake.ingest(of(1, [1, 0, 2])).await.unwrap();
    lake.ingest(of(1, 8..10)).await.unwrap();
    assert_eq!(lake.gaps().await.unwrap(), [gap(3, 7)]);
    lake.ingest(of(1, [5])).await.unwrap();
    assert_eq!(lake.gaps().await.unwrap(), [gap(3, 4), gap(6, 7)]);
    lake.close().await;
    drop(lake);
    let lake = open(&folder);
    fill(&lake, 1, 6..8).await;
    lake.ingest(of(1, [12, 4])).await.unwrap();
    assert_eq!(lake.gaps().await.unwrap(), [gap(3, 3), gap(10, 11)]);
    lake.ingest(of(1, [3, 10, 11])).await.unwrap();
    assert!(lake.gaps().await.unwrap().is_empty());
    assert_eq!(lake.seal_due(), [range(1, 0..13)]);
}

#[tokio::test]
async fn what_a_run_lacks_is_given_up_when_the_gateways_next_run_begins() {
    let folder = TempDir::new().unwrap();
    let lake = open(&folder);
    lake.ingest(of(1, [0, 1, 3, 4])).await.unwrap();
    assert_eq!(lake.seal_due(), [range(1, 0..2)], "it may still come");
    lake.ingest(later(of(2, 0..1))).await.unwrap();
    let due: Vec<_> = lake.seal_due().iter().map(|one| (one.run, one.first, one.last)).collect();
    let next = Run { boot: BootId::from_bytes([9; 16]), ..run(2) };
    assert_eq!(due, [(run(1), 0, 1), (run(1), 3, 4), (next, 0, 0)], "whichever client it is of");
    lake.close().await;
    drop(lake);
    let lake = open(&folder);
    assert_eq!(lake.seal_due().len(), 3, "also after a restart");
    let gap = Gap { run: run(1), first: 2, last: 2 };
    assert_eq!(lake.gaps().await.unwrap(), [gap], "and the gap is told for ever");
}

fn seal(tenant: u8, seqs: std::ops::Range<u64>, line: u64) -> Seal {
    Seal { batch: range(tenant, seqs), line }
}

#[tokio::test]
async fn a_seal_that_another_wrote_is_kept_when_its_records_are_here() {
    let folder = TempDir::new().unwrap();
    let lake = open(&folder);
    let first = seal(1, 0..4, 41);
    assert_eq!(lake.mirror_seal(first.clone()).await.unwrap(), Mirrored::Unknown);
    lake.ingest(of(1, 0..2)).await.unwrap();
    assert_eq!(lake.mirror_seal(first.clone()).await.unwrap(), Mirrored::Waiting);
    lake.ingest(of(1, 2..9)).await.unwrap();
    let second = seal(1, 4..6, 44);
    assert_eq!(lake.mirror_seal(second.clone()).await.unwrap(), Mirrored::Kept, "in any order");
    assert_eq!(lake.mirror_seal(first.clone()).await.unwrap(), Mirrored::Kept);
    assert_eq!(lake.mirror_seal(first.clone()).await.unwrap(), Mirrored::Known);
    let tenant = TenantId::from_bytes([1; 16]);
    assert_eq!(lake.seal_lines(tenant).await.unwrap(), [41, 44]);
    let (kept, leaves) = lake.seal_of(tenant, record(1, 3).call).await.unwrap().unwrap();
    assert_eq!((kept, leaves.len()), (first, 4));
    assert_eq!(lake.seal_due(), [range(1, 6..9)], "the rest waits for a seal of its own");
    lake.close().await;
    drop(lake);
    assert_eq!(open(&folder).seal_due(), [range(1, 6..9)], "also after a restart");
}

#[tokio::test]
async fn whoever_takes_over_sealing_goes_on_where_the_other_ended() {
    let folder = TempDir::new().unwrap();
    let lake = open(&folder);
    lake.ingest(of(1, 0..10)).await.unwrap();
    assert_eq!(lake.seal_due(), [range(1, 0..10)]);
    // Two seals of somebody else, while a range of ours waits.
    let book = Book::default();
    book.write(&range(1, 0..3)).unwrap();
    book.write(&range(1, 3..7)).unwrap();
    assert_eq!(lake.mirror_seal(seal(1, 0..3, 0)).await.unwrap(), Mirrored::Kept);
    assert_eq!(lake.mirror_seal(seal(1, 3..7, 1)).await.unwrap(), Mirrored::Kept);
    let done = Sealed { seals: 1, records: 3, failed: 0 };
    assert_eq!(book.seal(&lake, ALL).await, done);
    let tenant = TenantId::from_bytes([1; 16]);
    assert_eq!(lake.seal_lines(tenant).await.unwrap(), [0, 1, 2]);
    assert_eq!(lake.mirror_seal(seal(1, 7..10, 2)).await.unwrap(), Mirrored::Known);
    assert_eq!(book.seal(&lake, Due { finally: true, ..ALL }).await, Sealed::default());
}

#[tokio::test]
async fn a_seal_of_other_records_is_a_contradiction() {
    let folder = TempDir::new().unwrap();
    let lake = open(&folder);
    lake.ingest(of(1, 0..4)).await.unwrap();
    let mut other = seal(1, 0..4, 7);
    other.batch.root = root(2, 0..4);
    let fault = lake.mirror_seal(other).await.unwrap_err();
    assert!(matches!(fault, LakeFault::Contradicted { line: 7 }), "{fault}");
    assert!(lake.seal_lines(TenantId::from_bytes([1; 16])).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_lake_that_began_later_leaves_older_seals_and_remembers_how_far_it_is() {
    let folder = TempDir::new().unwrap();
    let lake = open(&folder);
    let tenant = TenantId::from_bytes([1; 16]);
    lake.ingest(of(1, 6..8)).await.unwrap();
    assert_eq!(lake.mirror_seal(seal(1, 0..6, 3)).await.unwrap(), Mirrored::Before);
    assert_eq!(lake.mirror_seal(seal(1, 6..8, 4)).await.unwrap(), Mirrored::Kept);
    assert_eq!(lake.mirrored_up_to(tenant).await.unwrap(), 0);
    lake.mirrored(tenant, 5).await.unwrap();
    lake.mirrored(tenant, 4).await.unwrap();
    lake.close().await;
    drop(lake);
    assert_eq!(open(&folder).mirrored_up_to(tenant).await.unwrap(), 4);
}
