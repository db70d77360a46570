//! Places and shares, who waits for a flush, and a journal that fails while calls run.

use tokio::time::timeout;
use writ_testkit::TempDir;

use super::*;
use crate::journal::tests::record;

/// More than any of this may take; a test that comes near it has failed.
const LONG: Duration = Duration::from_mins(1);

fn queue(folder: &TempDir) -> Arc<Queue> {
    let (journal, left) = Journal::open(&folder.path().join("spool.db")).unwrap();
    let queue = Queue::new(Duration::ZERO, journal, left.unfinished);
    queue.begin().unwrap();
    queue
}

fn end(queue: &Queue) {
    queue.close();
    while let Some(mut work) = queue.take() {
        queue.kept(&mut work);
    }
    queue.finish();
}

fn tenant(n: u8) -> TenantId {
    TenantId::from_bytes([n; 16])
}

fn of(n: u8, nth: u64) -> Record {
    Record { tenant: tenant(n), ..record(nth) }
}

#[tokio::test]
async fn one_tenant_has_a_quarter_of_the_places_and_the_others_go_on() {
    let folder = TempDir::new().unwrap();
    let queue = queue(&folder);
    let mut taken: Vec<Slot> = (0..SHARE).map(|_| queue.try_place(tenant(1)).unwrap()).collect();
    assert!(queue.try_place(tenant(1)).is_none() && queue.crowded() == 0);
    taken.push(queue.try_place(tenant(2)).expect("another one's place"));
    let waits = queue.place(tenant(1));
    tokio::pin!(waits);
    assert!(timeout(Duration::from_millis(1), &mut waits).await.is_err(), "it waits");
    assert_eq!((queue.crowded(), queue.used()), (1, SHARE + 1));
    taken.swap_remove(0).write(of(1, 0));
    assert!(queue.try_place(tenant(1)).is_none(), "not kept yet");
    let mut work = queue.take().unwrap();
    queue.kept(&mut work);
    let slot = timeout(LONG, waits).await.expect("a place is free").unwrap();
    assert_eq!(queue.used(), SHARE + 1);
    drop((taken, slot));
    assert_eq!(queue.used(), 0);
    end(&queue);
    assert!(queue.try_place(tenant(3)).is_none());
    assert!(matches!(queue.place(tenant(3)).await, Err(LakeFault::Closed)));
}

#[tokio::test]
async fn a_flush_is_shared_and_what_it_covers_is_in_the_file() {
    let folder = TempDir::new().unwrap();
    let queue = queue(&folder);
    let calls = (0..64).map(|nth| {
        let queue = Arc::clone(&queue);
        tokio::spawn(async move {
            let slot = queue.place(tenant(1)).await.unwrap();
            slot.leaves_for_good(&of(1, nth)).await.unwrap();
            slot
        })
    });
    for call in calls.collect::<Vec<_>>() {
        let slot = timeout(LONG, call).await.expect("it is flushed").unwrap();
        drop(slot);
    }
    end(&queue);
    drop(queue);
    let (_, left) = Journal::open(&folder.path().join("spool.db")).unwrap();
    assert_eq!(left.unfinished.len(), 64, "they never ended, so the journal stays");
}

#[tokio::test]
async fn a_journal_that_fails_lets_nothing_out_and_comes_back_by_itself() {
    let folder = TempDir::new().unwrap();
    let (there, away) = (folder.path().join("data"), folder.path().join("away"));
    std::fs::create_dir(&there).unwrap();
    let (journal, _) = Journal::open(&there.join("spool.db")).unwrap();
    let queue = Queue::new(Duration::ZERO, journal, Vec::new());
    queue.begin().unwrap();
    let [first, second] =
        [queue.try_place(tenant(1)).unwrap(), queue.try_place(tenant(1)).unwrap()];
    std::fs::rename(&there, &away).unwrap();
    assert!(matches!(first.leaves(&of(1, 0)), Err(LakeFault::NotJournaled)));
    assert!(matches!(second.leaves_for_good(&of(1, 1)).await, Err(LakeFault::NotJournaled)));
    assert!(queue.is_broken() && queue.try_place(tenant(2)).is_none());
    assert!(matches!(queue.place(tenant(2)).await, Err(LakeFault::NotJournaled)));
    first.write(of(1, 0));
    std::fs::rename(&away, &there).unwrap();
    let back = async {
        let mut look = tokio::time::interval(Duration::from_millis(5));
        while queue.is_broken() {
            look.tick().await;
        }
    };
    timeout(LONG, back).await.expect("it is begun anew");
    second.leaves_for_good(&of(1, 1)).await.unwrap();
    let (_, left) = {
        // As a killed process leaves it.
        drop(queue.take());
        let copy = folder.path().join("copy");
        std::fs::create_dir(&copy).unwrap();
        for file in std::fs::read_dir(&there).unwrap().map(Result::unwrap) {
            std::fs::copy(file.path(), copy.join(file.file_name())).unwrap();
        }
        Journal::open(&copy.join("spool.db")).unwrap()
    };
    assert_eq!((left.ended.len(), left.unfinished.len()), (1, 1), "the record, and the call");
    end(&queue);
}

#[tokio::test]
async fn a_record_that_comes_after_the_end_is_there_at_the_next_start() {
    let folder = TempDir::new().unwrap();
    let queue = queue(&folder);
    let slot = queue.try_place(tenant(1)).unwrap();
    queue.close();
    assert!(queue.take().is_none());
    slot.write(of(1, 5));
    queue.finish();
    drop(queue);
    let left = Journal::open(&folder.path().join("spool.db")).unwrap().1;
    assert_eq!(left.ended, [of(1, 5)]);
}
