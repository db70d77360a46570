//! The one thread that writes: a transaction for each gathered batch, prepared statements, places given back afterwards.
//!
//! A transaction that fails (a full disk) is tried again after a pause, and meanwhile the queue fills and callers wait:
//! nothing goes out that could not be recorded. Never here: a decision to drop.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use parking_lot::{Condvar, Mutex};
use rusqlite::{Connection, params};
use tokio::sync::broadcast;
use writ_evidence::merkle::leaf_hash;
use writ_model::Digest;

use crate::{
    fault::LakeFault,
    queue::{Queue, ToSeal, Work},
    record::{Record, effect_number},
    seal::{Batch, Run},
    sql,
};

/// LIMIT: numbers of names remembered; past it they are looked up again.
const NAMES: usize = 100_000;
/// LIMIT: numbers of runs remembered: tenants of one run.
const RUNS: usize = 10_000;
/// Between two tries of a failed transaction.
const RETRY: Duration = Duration::from_millis(200);

pub(crate) struct Writer {
    db: Connection,
    queue: Arc<Queue>,
    live: broadcast::Sender<Arc<Record>>,
    names: BTreeMap<[u8; 16], i64>,
    runs: BTreeMap<Run, i64>,
}

impl Writer {
    pub(crate) fn new(
        db: Connection,
        queue: Arc<Queue>,
        live: broadcast::Sender<Arc<Record>>,
    ) -> Self {
        db.set_prepared_statement_cache_capacity(16);
        Self { db, queue, live, names: BTreeMap::new(), runs: BTreeMap::new() }
    }

    pub(crate) fn run(mut self) {
        while let Some(work) = self.queue.take() {
            self.keep(work);
        }
        if let Err(fault) = self.db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);") {
            tracing::warn!(error = %fault, "activity store checkpoint at the end failed");
        }
    }

    fn keep(&mut self, work: Work) {
        let mut leaves = Vec::with_capacity(work.records.len());
        if !work.records.is_empty() {
            while let Err(fault) = self.insert(&work.records, &mut leaves) {
                tracing::error!(error = %fault, cause = ?std::error::Error::source(&fault),
                    records = work.records.len(), "activity write failed, trying again");
                self.names.clear();
                self.runs.clear();
                pause();
            }
        }
        let mut tracker = self.queue.tracker.lock();
        for (run, seq, leaf) in leaves {
            tracker.add(run, seq, leaf);
        }
        drop(tracker);
        self.queue.release(work.records.len());
        for ack in work.acks {
            if ack.send(()).is_err() {
                tracing::trace!("a caller did not wait for its record");
            }
        }
        for ToSeal { batch, line, done } in work.sealed {
            drop(done.send(self.seal(&batch, line)));
        }
        if self.live.receiver_count() > 0 {
            for record in work.records {
                drop(self.live.send(Arc::new(record)));
            }
        }
    }

    fn insert(
        &mut self,
        records: &[Record],
        leaves: &mut Vec<(Run, u64, Digest)>,
    ) -> Result<(), LakeFault> {
        leaves.clear();
        let Self { db, names, runs, .. } = self;
        let tx = db.transaction().map_err(LakeFault::sql("begin"))?;
        {
            let mut put = tx.prepare_cached(sql::PUT).map_err(LakeFault::sql("prepare"))?;
            for record in records {
                let run = Run { tenant: record.tenant, gateway: record.gateway, boot: record.boot };
                let run_no = run_number(&tx, runs, run)?;
                let tenant = name_number(&tx, names, record.tenant.to_bytes())?;
                let agent = name_number(&tx, names, record.agent.to_bytes())?;
                put.execute(params![
                    run_no,
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
                leaves.push((run, record.seq, leaf_hash(&record.ocsf)));
            }
        }
        tx.commit().map_err(LakeFault::sql("commit records"))
    }

    fn seal(&mut self, batch: &Batch, line: u64) -> Result<(), LakeFault> {
        let Self { db, runs, queue, .. } = self;
        let tx = db.transaction().map_err(LakeFault::sql("begin"))?;
        let run = run_number(&tx, runs, batch.run)?;
        tx.prepare_cached(sql::SEAL_PUT)
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
        tx.prepare_cached(sql::RUN_SEALED)
            .and_then(|mut put| put.execute(params![run, (batch.last + 1).cast_signed()]))
            .map_err(LakeFault::sql("move a run's seal"))?;
        tx.commit().map_err(LakeFault::sql("commit a seal"))?;
        queue.tracker.lock().done(batch);
        Ok(())
    }
}

/// Waits without the ambient clock; this thread has nothing else to do.
fn pause() {
    let lock = Mutex::new(());
    Condvar::new().wait_for(&mut lock.lock(), RETRY);
}

fn run_number(db: &Connection, known: &mut BTreeMap<Run, i64>, run: Run) -> Result<i64, LakeFault> {
    if let Some(no) = known.get(&run) {
        return Ok(*no);
    }
    let key = (run.tenant.to_bytes(), run.gateway.to_bytes(), run.boot.to_bytes());
    let no = db
        .prepare_cached(sql::RUN_PUT)
        .and_then(|mut put| put.execute(key))
        .and_then(|_| db.prepare_cached(sql::RUN_GET))
        .and_then(|mut get| get.query_row(key, |row| row.get(0)))
        .map_err(LakeFault::sql("number a run"))?;
    if known.len() >= RUNS {
        known.clear();
    }
    known.insert(run, no);
    Ok(no)
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
