//! The one thread that writes: a transaction for each gathered batch, prepared statements, places given back afterwards,
//! and the journal's old files removed when what stands in them is here and flushed.
//!
//! A transaction that fails (a full disk) is tried again after a pause, and meanwhile the queue fills and callers wait:
//! nothing goes out that could not be recorded. Never here: a decision to drop.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use parking_lot::{Condvar, Mutex};
use rusqlite::{Connection, ToSql, params};
use tokio::sync::broadcast;
use writ_evidence::merkle::leaf_hash;
use writ_model::Digest;

use crate::{
    fault::LakeFault,
    gaps,
    ingest::{Ingested, Mirrored},
    query,
    queue::{Ask, Queue},
    record::{Record, effect_number},
    seal::{Batch, Run, Seal, Tracker},
    sql,
};

/// LIMIT: numbers of names remembered; past it they are looked up again.
const NAMES: usize = 100_000;
/// LIMIT: runs remembered at the begin of a batch: tenants of one run of a gateway, or of a few.
const RUNS: usize = 10_000;
/// Between two tries of a failed transaction.
const RETRY: Duration = Duration::from_millis(200);

/// A run as the writer knows it.
#[derive(Clone, Copy)]
struct Known {
    /// The number under which it is kept.
    no: i64,
    /// One past the last sequence number that came.
    next: u64,
}

/// What one transaction added.
#[derive(Default)]
struct Added {
    leaves: Vec<(Run, u64, Digest)>,
    /// Which of the records given are new, by their places.
    new: Vec<usize>,
    conflicts: usize,
}

pub(crate) struct Writer {
    db: Connection,
    queue: Arc<Queue>,
    tracker: Arc<Mutex<Tracker>>,
    live: broadcast::Sender<Arc<Record>>,
    names: BTreeMap<[u8; 16], i64>,
    runs: BTreeMap<Run, Known>,
    /// SQLite's log beside the file.
    log: PathBuf,
}

impl Writer {
    pub(crate) fn new(
        (db, path): (Connection, &Path),
        queue: Arc<Queue>,
        tracker: Arc<Mutex<Tracker>>,
        live: broadcast::Sender<Arc<Record>>,
    ) -> Self {
        db.set_prepared_statement_cache_capacity(32);
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let (names, runs, log) = (BTreeMap::new(), BTreeMap::new(), log.into());
        Self { db, queue, tracker, live, names, runs, log }
    }

    /// Keeps what the journal of earlier runs has, most of which is here already; durably.
    pub(crate) fn take_up(&mut self, records: Vec<Record>) -> Result<(), LakeFault> {
        if records.is_empty() {
            return Ok(());
        }
        let added = self.insert(&records)?;
        self.tell(records, added);
        let broken = |source| LakeFault::File { path: self.log.display().to_string(), source };
        flushed(&self.log).map_err(broken)
    }

    pub(crate) fn run(mut self) {
        while let Some(mut work) = self.queue.take() {
            self.keep(std::mem::take(&mut work.records));
            self.queue.kept(&mut work);
            self.queue.retire(&work, || flushed(&self.log));
            for ask in std::mem::take(&mut work.asked) {
                self.answer(ask);
            }
        }
        match self.db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);") {
            Ok(()) => self.queue.finish(),
            Err(fault) => {
                tracing::warn!(error = %fault, "activity store checkpoint at the end failed");
            }
        }
    }

    /// Keeps this process's own records, however long it takes.
    fn keep(&mut self, records: Vec<Record>) {
        if records.is_empty() {
            return;
        }
        let count = records.len();
        let added = loop {
            match self.insert(&records) {
                Ok(added) => break added,
                Err(fault) => {
                    tracing::error!(error = %fault, cause = ?std::error::Error::source(&fault),
                        records = count, "activity write failed, trying again");
                    pause();
                }
            }
        };
        self.tell(records, added);
    }

    /// After a commit: what is new waits for a seal and is shown.
    fn tell(&mut self, records: Vec<Record>, added: Added) {
        let mut tracker = self.tracker.lock();
        for (run, seq, leaf) in added.leaves {
            tracker.add(run, seq, leaf);
        }
        drop(tracker);
        if self.live.receiver_count() == 0 {
            return;
        }
        let mut new = added.new.into_iter().peekable();
        for (at, record) in records.into_iter().enumerate() {
            if new.next_if_eq(&at).is_some() {
                drop(self.live.send(Arc::new(record)));
            }
        }
    }

    fn answer(&mut self, ask: Ask) {
        // Whoever asked may have gone; what was done stays done.
        match ask {
            Ask::Sealed(batch, line, done) => {
                let sealed = self.seal(&batch, line);
                drop(done.send(self.forgetting(sealed)));
            }
            Ask::Mirror(seal, done) => {
                let mirrored = self.mirror(&seal);
                drop(done.send(self.forgetting(mirrored)));
            }
            Ask::Mirrored(tenant, up_to, done) => {
                let put = [&tenant.to_bytes() as &dyn ToSql, &up_to.cast_signed()];
                let kept = self.db.execute(sql::MIRRORED_PUT, put).map(drop);
                drop(done.send(kept.map_err(LakeFault::sql("keep what is mirrored"))));
            }
            Ask::Ingest(records, done) => {
                let count = records.len();
                let kept = self.insert(&records).map(|added| {
                    let (new, conflicts) = (added.new.len(), added.conflicts);
                    self.tell(records, added);
                    Ingested { new, known: count - new - conflicts, conflicts }
                });
                drop(done.send(kept));
            }
        }
    }

    /// Keeps records in one transaction. One that is here already is left alone: a number that came twice must not stop
    /// the writer.
    fn insert(&mut self, records: &[Record]) -> Result<Added, LakeFault> {
        let added = self.try_insert(records);
        self.forgetting(added)
    }

    /// After a transaction that failed, the numbers that are remembered may have been rolled back.
    fn forgetting<T>(&mut self, outcome: Result<T, LakeFault>) -> Result<T, LakeFault> {
        if outcome.is_err() {
            self.names.clear();
            self.runs.clear();
        }
        outcome
    }

    fn try_insert(&mut self, records: &[Record]) -> Result<Added, LakeFault> {
        let mut added = Added::default();
        let mut came = Vec::with_capacity(records.len());
        let Self { db, names, runs, .. } = self;
        if runs.len() >= RUNS {
            runs.clear();
        }
        let tx = db.transaction().map_err(LakeFault::sql("begin"))?;
        for (at, record) in records.iter().enumerate() {
            let run = Run { tenant: record.tenant, gateway: record.gateway, boot: record.boot };
            let known = run_known(&tx, runs, run)?;
            let tenant = name_number(&tx, names, record.tenant.to_bytes())?;
            let agent = name_number(&tx, names, record.agent.to_bytes())?;
            if put(&tx, record, (known.no, tenant, agent))? {
                added.leaves.push((run, record.seq, leaf_hash(&record.ocsf)));
                added.new.push(at);
                came.push((run, record.seq));
            } else if !gaps::same(&tx, known.no, record)? {
                added.conflicts += 1;
            }
        }
        // Calls overtake each other by microseconds: in order, most of a batch has no gap to write down and close again.
        came.sort_unstable();
        for of_run in came.chunk_by(|(one, _), (other, _)| one == other) {
            let Some((run, _)) = of_run.first() else { continue };
            let mut known = run_known(&tx, runs, *run)?;
            for (_, seq) in of_run {
                known.next = gaps::came(&tx, known.no, known.next, *seq)?;
            }
            runs.insert(*run, known);
        }
        tx.commit().map_err(LakeFault::sql("commit records"))?;
        Ok(added)
    }

    fn seal(&mut self, batch: &Batch, line: u64) -> Result<(), LakeFault> {
        let Self { db, runs, tracker, .. } = self;
        let tx = db.transaction().map_err(LakeFault::sql("begin"))?;
        let run = run_known(&tx, runs, batch.run)?.no;
        put_seal(&tx, run, batch, line)?;
        tx.commit().map_err(LakeFault::sql("commit a seal"))?;
        tracker.lock().done(batch);
        Ok(())
    }

    /// Keeps a seal that somebody wrote in the ledger; what its run has after it waits in place of what waited.
    fn mirror(&mut self, seal: &Seal) -> Result<Mirrored, LakeFault> {
        let Self { db, runs, tracker, .. } = self;
        let batch = &seal.batch;
        let tx = db.transaction().map_err(LakeFault::sql("begin"))?;
        let run = run_known(&tx, runs, batch.run)?.no;
        put_seal(&tx, run, batch, seal.line)?;
        let sealed: i64 = tx
            .prepare_cached(sql::SEALED)
            .and_then(|mut get| get.query_row([run], |row| row.get(0)))
            .map_err(LakeFault::sql("find a run's seal"))?;
        let sealed = sealed.unsigned_abs();
        let rest = query::leaves(&tx, run, sealed, i64::MAX.unsigned_abs())?;
        tx.commit().map_err(LakeFault::sql("commit a seal"))?;
        let rest = rest.into_iter().map(|(seq, leaf)| (seq, leaf_hash(&leaf))).collect();
        tracker.lock().sealed_up_to(batch.run, sealed, rest);
        Ok(Mirrored::Kept)
    }
}

/// Keeps one record; whether it is new.
fn put(
    db: &Connection,
    record: &Record,
    (run, tenant, agent): (i64, i64, i64),
) -> Result<bool, LakeFault> {
    let mut put = db.prepare_cached(sql::PUT).map_err(LakeFault::sql("prepare"))?;
    let rows = put
        .execute(params![
            run,
            record.seq.cast_signed(),
            record.call.to_bytes(),
            tenant,
            agent,
            record.instance.to_bytes(),
            record.at.micros(),
            record.server,
            record.method,
            record.surface,
            record.name,
            effect_number(record.effect),
            record.code,
            record.detail,
            record.grant.map(writ_model::Id::to_bytes),
            record.latency_us.cast_signed(),
            record.inputs.tree_size.cast_signed(),
            record.inputs.engine,
            record.inputs.reads,
            record.inputs.arguments.as_ref(),
            record.ocsf.as_ref(),
            record.inputs.epoch.cast_signed(),
            record.inputs.clauses,
            i64::from(record.inputs.charter),
            record.inputs.clause_reads,
            record.inputs.charged,
            record.inputs.observed,
            record.inputs.hold.map(writ_model::Id::to_bytes),
        ])
        .map_err(LakeFault::sql("insert a record"))?;
    Ok(rows == 1)
}

fn put_seal(db: &Connection, run: i64, batch: &Batch, line: u64) -> Result<(), LakeFault> {
    db.prepare_cached(sql::SEAL_PUT)
        .and_then(|mut put| {
            put.execute(params![
                batch.run.tenant.to_bytes(),
                line.cast_signed(),
                run,
                batch.first.cast_signed(),
                batch.last.cast_signed(),
                batch.root.as_bytes(),
            ])
        })
        .map_err(LakeFault::sql("keep a seal"))?;
    db.prepare_cached(sql::RUN_SEALED)
        .and_then(|mut put| put.execute(params![run, (batch.last + 1).cast_signed()]))
        .map(drop)
        .map_err(LakeFault::sql("move a run's seal"))
}

/// Flushes SQLite's log: a commit is in it, and not more than that (see the crate's header). It holds no lock on this file.
fn flushed(log: &Path) -> io::Result<()> {
    match File::open(log) {
        Ok(file) => file.sync_data(),
        // Nothing was written since all of it went into the file itself, flushed.
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(fault) => Err(fault),
    }
}

/// Waits without the ambient clock; this thread has nothing else to do.
fn pause() {
    let lock = Mutex::new(());
    Condvar::new().wait_for(&mut lock.lock(), RETRY);
}

fn run_known(
    db: &Connection,
    runs: &mut BTreeMap<Run, Known>,
    run: Run,
) -> Result<Known, LakeFault> {
    match runs.entry(run) {
        Entry::Occupied(known) => Ok(*known.get()),
        Entry::Vacant(free) => {
            let key = (run.tenant.to_bytes(), run.gateway.to_bytes(), run.boot.to_bytes());
            let no = db
                .prepare_cached(sql::RUN_PUT)
                .and_then(|mut put| put.execute(key))
                .and_then(|_| db.prepare_cached(sql::RUN_GET))
                .and_then(|mut get| get.query_row(key, |row| row.get(0)))
                .map_err(LakeFault::sql("number a run"))?;
            Ok(*free.insert(Known { no, next: gaps::reached(db, no)? }))
        }
    }
}

fn name_number(
    db: &Connection,
    known: &mut BTreeMap<[u8; 16], i64>,
    id: [u8; 16],
) -> Result<i64, LakeFault> {
    if let Some(no) = known.get(&id) {
        return Ok(*no);
    }
    let no = db
        .prepare_cached(sql::NAME_PUT)
        .and_then(|mut put| put.execute([id]))
        .and_then(|_| db.prepare_cached(sql::NAME_GET))
        .and_then(|mut get| get.query_row([id], |row| row.get(0)))
        .map_err(LakeFault::sql("number a name"))?;
    if known.len() >= NAMES {
        known.clear();
    }
    known.insert(id, no);
    Ok(no)
}
