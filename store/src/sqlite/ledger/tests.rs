//! What only SQLite can get wrong: statements, a writer that dies inside a transaction, a log file cut anywhere.

use std::{fs, path::PathBuf, process::Command};

use rusqlite::TransactionBehavior;
use writ_model::Timestamp;
use writ_testkit::TempDir;

use super::*;

fn tenant(n: u8) -> TenantId {
    TenantId::from_parts(Timestamp::from_micros(1_000_000), [n; 10])
}

fn lines(from: u64, count: u64) -> Vec<Bytes> {
    (from..from + count).map(|n| Bytes::from(format!("{{\"n\":{n}}}"))).collect()
}

fn job(n: u8, expected: u64, count: u64) -> Job {
    let lines = lines(expected, count).into_iter().map(|line| (line.clone(), leaf_hash(&line)));
    let append = Append { tenant: tenant(n), expected, lines: lines.collect() };
    Job::Append(append, oneshot::channel().0)
}

fn root(count: u64) -> Digest {
    let mut edge = Frontier::new();
    for line in lines(0, count) {
        edge.push(leaf_hash(&line));
    }
    edge.root()
}

#[test]
fn every_statement_prepares_on_a_migrated_database() {
    let dir = TempDir::new().unwrap();
    let conn = open(&dir.path().join("ledger.db"), writer::MIGRATIONS).unwrap();
    for statement in [
        LINES,
        NODES,
        HEAD,
        HEADS,
        SNAPSHOT,
        writer::FRONTIER,
        writer::INSERT_LINE,
        writer::INSERT_NODE,
        writer::SET_HEAD,
        writer::SET_SNAPSHOT,
    ] {
        assert!(conn.prepare(statement).is_ok(), "{statement}");
        // Every statement names its tenant, save the one fleet query.
        assert!(
            statement.contains("tenant = ?1") || statement.contains("(?1") || statement == HEADS
        );
    }
}

#[test]
fn the_database_itself_refuses_to_change_a_line() {
    let dir = TempDir::new().unwrap();
    let mut conn = open(&dir.path().join("ledger.db"), writer::MIGRATIONS).unwrap();
    let tx = conn.transaction().unwrap();
    writer::apply(&tx, &job(1, 0, 3)).unwrap().unwrap();
    tx.commit().unwrap();
    for sql in ["UPDATE lines SET body = x'00'", "DELETE FROM lines WHERE idx = 2"] {
        let fault = conn.execute(sql, []).unwrap_err().to_string();
        assert!(fault.contains("a ledger line is never"), "{fault}");
    }
}

/// Copies the database as a crash would leave it: whatever the files hold at this moment.
fn crash(from: &Path) -> TempDir {
    let copy = TempDir::new().unwrap();
    for name in ["ledger.db", "ledger.db-wal"] {
        if from.join(name).exists() {
            fs::copy(from.join(name), copy.path().join(name)).unwrap();
        }
    }
    copy
}

#[tokio::test]
async fn a_writer_that_dies_inside_a_transaction_leaves_nothing_of_it() {
    let dir = TempDir::new().unwrap();
    let ledger = SqliteLedger::open(dir.path()).unwrap();
    let before = ledger.append(tenant(1), 0, lines(0, 10)).await.unwrap();
    drop(ledger);
    let mut conn = open(&dir.path().join("ledger.db"), writer::MIGRATIONS).unwrap();
    // A cache so small that the open transaction spills its pages to the disk.
    conn.pragma_update(None, "cache_size", 10).unwrap();
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    for (n, expected) in [(1, 10), (2, 0), (1, 3010), (3, 0)] {
        writer::apply(&tx, &job(n, expected, 3000)).unwrap().unwrap();
        let copy = crash(dir.path());
        let ledger = SqliteLedger::open(copy.path()).unwrap();
        assert_eq!(ledger.heads().await.unwrap(), [(tenant(1), before)]);
        assert_eq!(ledger.read(tenant(1), 0, 99).await.unwrap(), lines(0, 10));
        assert_eq!(ledger.read(tenant(2), 0, 99).await.unwrap(), Vec::<Bytes>::new());
        let after = ledger.append(tenant(1), 10, lines(10, 1)).await.unwrap();
        assert_eq!(after.root, root(11));
    }
    assert!(fs::metadata(dir.path().join("ledger.db-wal")).unwrap().len() > 100_000, "it spilled");
    drop(tx);
    let stale = conn.transaction().unwrap();
    let outcome = writer::apply(&stale, &job(1, 9, 1)).unwrap();
    assert!(matches!(outcome, Err(AppendError::Stale { .. })));
}

/// Power may go at any byte: whatever a cut log file still holds is a whole prefix of what was acknowledged.
#[tokio::test]
async fn a_log_cut_at_any_byte_holds_a_whole_prefix() {
    let dir = TempDir::new().unwrap();
    let ledger = SqliteLedger::open(dir.path()).unwrap();
    let mut size = 0;
    for count in [1, 40, 3, 300, 1, 7] {
        size = ledger.append(tenant(1), size, lines(size, count)).await.unwrap().size;
        ledger.append(tenant(2), size - count, lines(size - count, count)).await.unwrap();
    }
    let crashed = crash(dir.path());
    let wal = fs::read(crashed.path().join("ledger.db-wal")).unwrap();
    let mut sizes = Vec::new();
    for cut in (0..=wal.len()).rev().step_by(wal.len() / 60 + 1) {
        let copy = TempDir::new().unwrap();
        fs::copy(crashed.path().join("ledger.db"), copy.path().join("ledger.db")).unwrap();
        fs::write(copy.path().join("ledger.db-wal"), &wal[..cut]).unwrap();
        let ledger = SqliteLedger::open(copy.path()).unwrap();
        for n in [1, 2] {
            let head = ledger.head(tenant(n)).await.unwrap();
            assert!([0, 1, 41, 44, 344, 345, 352].contains(&head.size), "cut at {cut}: {head:?}");
            assert_eq!(head.root, root(head.size));
            assert_eq!(ledger.read(tenant(n), 0, 999).await.unwrap(), lines(0, head.size));
            sizes.push(head.size);
        }
    }
    assert_eq!(sizes.first(), Some(&352), "an uncut log holds everything");
    assert!(sizes.contains(&41) || sizes.contains(&44), "cuts fall inside: {sizes:?}");
}

#[tokio::test]
async fn a_damaged_row_is_found_and_a_closed_ledger_says_so() {
    let dir = TempDir::new().unwrap();
    let ledger = SqliteLedger::open(dir.path()).unwrap();
    ledger.append(tenant(1), 0, lines(0, 600)).await.unwrap();
    let conn = Connection::open(dir.path().join("ledger.db")).unwrap();
    conn.execute_batch("DROP TRIGGER lines_are_never_removed; DELETE FROM lines WHERE idx = 5")
        .unwrap();
    conn.execute("DELETE FROM nodes WHERE idx = 0", []).unwrap();
    let fault = ledger.read(tenant(1), 0, 10).await.unwrap_err();
    assert!(matches!(fault, ReadError::Damaged { index: 5, .. }), "{fault}");
    let at = Subtree { level: 9, index: 0 };
    let fault = ledger.subtrees(tenant(1), vec![at]).await.unwrap_err();
    assert!(matches!(fault, ReadError::Damaged { index: 0, .. }), "{fault}");
    conn.execute("UPDATE heads SET frontier = x'00'", []).unwrap();
    let fault = ledger.append(tenant(1), 600, lines(600, 1)).await.unwrap_err();
    assert!(matches!(fault, AppendError::Faulted { .. }), "{fault}");
    // Another tenant's append in the same group is not harmed.
    assert!(ledger.append(tenant(2), 0, lines(0, 1)).await.is_ok());
    conn.execute_batch("DROP TABLE heads").unwrap();
    let fault = ledger.append(tenant(2), 1, lines(1, 1)).await.unwrap_err();
    assert!(matches!(fault, AppendError::Faulted { .. }), "{fault}");
    assert!(matches!(ledger.head(tenant(2)).await, Err(ReadError::Faulted { .. })));
}

/// The program that appends forever, as built beside this test.
fn example() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    here.ancestors().nth(2).unwrap().join("examples").join("append_forever")
}

/// Every acknowledgement the program prints must come after a flush of the log that its lines were written to. One
/// tenant, so that its append, flush and acknowledgement stand in one order.
#[test]
fn the_disk_is_flushed_before_each_acknowledgement() {
    let dir = TempDir::new().unwrap();
    let calls = "trace=write,pwrite64,fsync,fdatasync";
    let traced = Command::new("strace")
        .args(["-f", "-y", "-qq", "-s", "16", "-e", calls, "-o"])
        .arg(dir.path().join("calls"))
        .arg(example())
        .args([dir.path().join("data").as_os_str(), "1".as_ref(), "200".as_ref()])
        .output();
    let Ok(traced) = traced else {
        eprintln!("SKIPPED: there is no strace on this machine");
        return;
    };
    let said = String::from_utf8_lossy(&traced.stderr);
    if said.contains("ptrace") || said.contains("not permitted") {
        eprintln!("SKIPPED: this machine does not let strace watch: {said}");
        return;
    }
    assert!(traced.status.success(), "{said}");
    let calls = fs::read_to_string(dir.path().join("calls")).unwrap();
    let (mut flushed, mut acks) = (false, 0);
    for call in calls.lines() {
        // A call that another thread interrupts is printed twice; its end counts.
        let ended = call.ends_with("= 0");
        if call.contains("ledger.db-wal") && call.contains("write") {
            flushed = false;
        } else if call.contains("sync")
            && (call.contains("ledger.db-wal") || call.contains("resumed>"))
        {
            flushed = flushed || ended;
        } else if call.contains("write(1<") && call.contains("\"ack ") {
            assert!(flushed, "acknowledged before the flush: {call}");
            (flushed, acks) = (false, acks + 1);
        }
    }
    assert_eq!(acks, 200);
}
