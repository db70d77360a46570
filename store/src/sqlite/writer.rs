//! The one thread that writes the ledger: it takes every append that waits, of all tenants, puts them in one
//! transaction, flushes once, and only then acknowledges.
//!
//! Never here: a read for a caller, an acknowledgement before the commit has returned.
//! INVARIANT: an append is checked against its tenant's head inside the transaction that writes it.

use std::thread;

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use tokio::sync::{broadcast, mpsc, oneshot};
use writ_evidence::Frontier;
use writ_model::{Digest, TenantId};

use super::int;
use crate::{AppendError, Head, Snapshot, ledger::Hint};

/// Appends that wait for the writer; one more makes its caller wait.
pub(super) const QUEUE: usize = 1024;
/// Lines of one transaction: about 20 ms of work, so that nobody waits long behind a large group.
const GROUP_LINES: usize = 16_384;
/// The level whose nodes are stored: a node over 256 lines is a hash of a level-1 tile.
pub(super) const TILE_HEIGHT: u8 = 8;

pub(super) const MIGRATIONS: &[&str] = &["
CREATE TABLE lines (
  tenant BLOB NOT NULL CHECK (length(tenant) = 16),
  idx    INTEGER NOT NULL CHECK (idx >= 0),
  body   BLOB NOT NULL,
  PRIMARY KEY (tenant, idx)
) STRICT, WITHOUT ROWID;
CREATE TABLE heads (
  tenant   BLOB NOT NULL PRIMARY KEY CHECK (length(tenant) = 16),
  size     INTEGER NOT NULL,
  root     BLOB NOT NULL CHECK (length(root) = 32),
  frontier BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE nodes (
  tenant BLOB NOT NULL CHECK (length(tenant) = 16),
  level  INTEGER NOT NULL,
  idx    INTEGER NOT NULL,
  hash   BLOB NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (tenant, level, idx)
) STRICT, WITHOUT ROWID;
CREATE TABLE snapshots (
  tenant  BLOB NOT NULL PRIMARY KEY CHECK (length(tenant) = 16),
  size    INTEGER NOT NULL,
  version INTEGER NOT NULL,
  digest  BLOB NOT NULL CHECK (length(digest) = 32),
  body    BLOB NOT NULL
) STRICT;
CREATE TRIGGER lines_are_never_changed BEFORE UPDATE ON lines
BEGIN SELECT RAISE(ABORT, 'a ledger line is never changed'); END;
CREATE TRIGGER lines_are_never_removed BEFORE DELETE ON lines
BEGIN SELECT RAISE(ABORT, 'a ledger line is never removed'); END;
"];

pub(super) const FRONTIER: &str = "SELECT frontier FROM heads WHERE tenant = ?1";
pub(super) const INSERT_LINE: &str = "INSERT INTO lines (tenant, idx, body) VALUES (?1, ?2, ?3)";
pub(super) const INSERT_NODE: &str =
    "INSERT INTO nodes (tenant, level, idx, hash) VALUES (?1, ?2, ?3, ?4)";
pub(super) const SET_HEAD: &str = "
INSERT INTO heads (tenant, size, root, frontier) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (tenant) DO UPDATE SET
  size = excluded.size, root = excluded.root, frontier = excluded.frontier";
pub(super) const SET_SNAPSHOT: &str = "
INSERT INTO snapshots (tenant, size, version, digest, body) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (tenant) DO UPDATE SET
  size = excluded.size, version = excluded.version, digest = excluded.digest,
  body = excluded.body";

/// Lines that wait to be written, hashed by their submitter so that the writer does little.
#[derive(Debug)]
pub(super) struct Append {
    pub(super) tenant: TenantId,
    pub(super) expected: u64,
    pub(super) lines: Vec<(Bytes, Digest)>,
}

/// What the writer is asked.
#[derive(Debug)]
pub(super) enum Job {
    Append(Append, oneshot::Sender<Result<Head, AppendError>>),
    Snapshot(TenantId, Snapshot, oneshot::Sender<Result<(), AppendError>>),
}

/// Starts the writer on its own connection. It ends when the last sender is dropped.
pub(super) fn start(
    conn: Connection,
    jobs: mpsc::Receiver<Job>,
    moved: broadcast::Sender<Hint>,
) -> std::io::Result<thread::JoinHandle<()>> {
    thread::Builder::new().name("writ-ledger".to_owned()).spawn(move || run(conn, jobs, &moved))
}

fn run(mut conn: Connection, mut jobs: mpsc::Receiver<Job>, moved: &broadcast::Sender<Hint>) {
    while let Some(first) = jobs.blocking_recv() {
        let mut group = vec![first];
        let mut lines = 0;
        while lines < GROUP_LINES
            && let Ok(next) = jobs.try_recv()
        {
            if let Job::Append(append, _) = &next {
                lines += append.lines.len();
            }
            group.push(next);
        }
        let outcomes = commit(&mut conn, &group);
        acknowledge(group, outcomes, moved);
    }
}

/// What one job came to, once its transaction is durable.
type Outcome = Result<Head, AppendError>;

/// Writes a group in one transaction. If that fails, nothing of it was written and everyone is told.
fn commit(conn: &mut Connection, group: &[Job]) -> Result<Vec<Outcome>, AppendError> {
    write(conn, group).map_err(|fault| {
        tracing::error!(%fault, jobs = group.len(), "the ledger's transaction failed");
        AppendError::Faulted { why: fault.to_string() }
    })
}

fn write(conn: &mut Connection, group: &[Job]) -> rusqlite::Result<Vec<Outcome>> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let outcomes = group.iter().map(|job| apply(&tx, job)).collect::<rusqlite::Result<_>>()?;
    // With synchronous=FULL this returns after the write-ahead log has been flushed to the disk.
    tx.commit()?;
    Ok(outcomes)
}

/// Writes one job in the group's transaction. A stale append fails alone; a database fault fails the group.
pub(super) fn apply(tx: &Transaction<'_>, job: &Job) -> rusqlite::Result<Outcome> {
    match job {
        Job::Append(append, _) => apply_append(tx, append),
        Job::Snapshot(tenant, snapshot, _) => {
            tx.prepare_cached(SET_SNAPSHOT)?.execute(params![
                tenant.to_bytes(),
                int(snapshot.size),
                snapshot.version,
                snapshot.digest.as_bytes(),
                &*snapshot.bytes,
            ])?;
            Ok(Ok(Head::empty()))
        }
    }
}

fn apply_append(tx: &Transaction<'_>, append: &Append) -> rusqlite::Result<Outcome> {
    let tenant = append.tenant.to_bytes();
    let stored: Option<Vec<u8>> =
        tx.prepare_cached(FRONTIER)?.query_row([tenant], |row| row.get(0)).optional()?;
    let stored = stored.map_or_else(|| Some(Frontier::new()), |bytes| Frontier::from_bytes(&bytes));
    let Some(mut edge) = stored else {
        return Ok(Err(AppendError::Faulted { why: "the stored frontier is damaged".to_owned() }));
    };
    if edge.size() != append.expected {
        let head = Head { size: edge.size(), root: edge.root() };
        let (tenant, expected) = (append.tenant, append.expected);
        return Ok(Err(AppendError::Stale { tenant, expected, head }));
    }
    if !append.lines.is_empty() {
        let mut nodes = Vec::new();
        let mut insert = tx.prepare_cached(INSERT_LINE)?;
        for (body, hash) in &append.lines {
            insert.execute(params![tenant, int(edge.size()), &**body])?;
            edge.push_with(*hash, &mut |at, hash| {
                if at.level > 0 && at.level % TILE_HEIGHT == 0 {
                    nodes.push((at, hash));
                }
            });
        }
        for (at, hash) in nodes {
            tx.prepare_cached(INSERT_NODE)?.execute(params![
                tenant,
                at.level,
                int(at.index),
                hash.as_bytes()
            ])?;
        }
    }
    let head = Head { size: edge.size(), root: edge.root() };
    if !append.lines.is_empty() {
        tx.prepare_cached(SET_HEAD)?.execute(params![
            tenant,
            int(head.size),
            head.root.as_bytes(),
            edge.to_bytes(),
        ])?;
    }
    Ok(Ok(head))
}

/// Answers everyone of a group. A caller that went away is no fault: its lines are written all the same.
fn acknowledge(
    group: Vec<Job>,
    outcomes: Result<Vec<Outcome>, AppendError>,
    moved: &broadcast::Sender<Hint>,
) {
    let outcomes = outcomes.unwrap_or_else(|fault| vec![Err(fault); group.len()]);
    for (job, outcome) in group.into_iter().zip(outcomes) {
        match job {
            Job::Append(append, reply) => {
                let size = outcome.as_ref().ok().map(|head| head.size);
                drop(reply.send(outcome));
                if let Some(size) = size.filter(|size| *size != append.expected) {
                    // Nobody may be watching.
                    drop(moved.send(Hint::Tenant(append.tenant, size)));
                }
            }
            Job::Snapshot(_, _, reply) => drop(reply.send(outcome.map(|_| ()))),
        }
    }
}
