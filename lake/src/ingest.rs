//! What came from elsewhere: records of other gateways, perhaps told twice, and seals that others wrote in the ledger.
//!
//! Never here: the bus (whoever consumes it hands records in), or a repair of what contradicts.

use std::sync::Arc;

use rusqlite::OptionalExtension as _;
use tokio::sync::oneshot;
use writ_evidence::merkle::{Frontier, leaf_hash};
use writ_model::TenantId;

use crate::{
    activity::Activity,
    fault::LakeFault,
    gaps::{self, Conflict, Gap},
    query,
    queue::Ask,
    record::Record,
    seal::Seal,
    sql,
};

/// What one ingestion did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ingested {
    /// Records that are kept now.
    pub new: usize,
    /// Records that were here already.
    pub known: usize,
    /// Records that are not the ones kept under their numbers: somebody's defect, or worse.
    pub conflicts: usize,
}

/// What came of mirroring a seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mirrored {
    /// Its records are the sealed ones, and it is kept.
    Kept,
    /// It was kept before.
    Known,
    /// Not all of its records are here yet: try again later.
    Waiting,
    /// Nothing of its run is here: not yet, or it all is of before this lake's time. Who knows how far this lake is behind
    /// knows which.
    Unknown,
    /// Its records are of before this lake's time.
    Before,
}

impl Activity {
    /// Keeps records of other processes, and returns when they are committed. One that is here already is left alone; one
    /// that differs from what is kept under its number is an error in the log, in [`Activity::conflicts`] and in the
    /// answer, and the first one stays.
    ///
    /// # Errors
    /// If they cannot be kept, or the lake is closed; they may be given again.
    pub async fn ingest(&self, records: Vec<Record>) -> Result<Ingested, LakeFault> {
        let (done, wait) = oneshot::channel();
        self.queue.ask(Ask::Ingest(records, done));
        wait.await.map_err(|_gone| LakeFault::Closed)?
    }

    /// Keeps a seal that stands in the ledger, whoever wrote it, if the records here have its root.
    ///
    /// # Errors
    /// [`LakeFault::Contradicted`] if the records here are not the sealed ones; or if the file cannot be read or written.
    pub async fn mirror_seal(self: &Arc<Self>, seal: Seal) -> Result<Mirrored, LakeFault> {
        let _one_at_a_time = self.sealing.lock().await;
        self.flush().await?;
        let wanted = seal.clone();
        let here = self.read(move |db| here(db, &wanted)).await?;
        if let Some(answer) = here {
            return Ok(answer);
        }
        let (done, wait) = oneshot::channel();
        self.queue.ask(Ask::Mirror(seal, done));
        wait.await.map_err(|_gone| LakeFault::Closed)?
    }

    /// How far a tenant's ledger is mirrored: every seal before this line is kept here, or never can be.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn mirrored_up_to(self: &Arc<Self>, tenant: TenantId) -> Result<u64, LakeFault> {
        self.read(move |db| {
            db.prepare_cached(sql::MIRRORED)
                .and_then(|mut get| {
                    get.query_row([tenant.to_bytes()], |row| row.get::<_, i64>(0)).optional()
                })
                .map(|found| found.unwrap_or(0).unsigned_abs())
                .map_err(LakeFault::sql("find what is mirrored"))
        })
        .await
    }

    /// Keeps how far a tenant's ledger is mirrored.
    ///
    /// # Errors
    /// If it cannot be kept, or the lake is closed.
    pub async fn mirrored(&self, tenant: TenantId, up_to: u64) -> Result<(), LakeFault> {
        let (done, wait) = oneshot::channel();
        self.queue.ask(Ask::Mirrored(tenant, up_to, done));
        wait.await.map_err(|_gone| LakeFault::Closed)?
    }

    /// Numbers under which no record came although later ones of their run did; the first thousand.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn gaps(self: &Arc<Self>) -> Result<Vec<Gap>, LakeFault> {
        self.read(gaps::gaps).await
    }

    /// Numbers under which another record came than the one that is kept; the first thousand.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn conflicts(self: &Arc<Self>) -> Result<Vec<Conflict>, LakeFault> {
        self.read(gaps::conflicts).await
    }
}

/// Why a seal need not or cannot be kept now; nothing if its records are here and the sealed ones.
fn here(db: &rusqlite::Connection, seal: &Seal) -> Result<Option<Mirrored>, LakeFault> {
    let batch = &seal.batch;
    if query::seal_line(db, batch.run.tenant, seal.line)?.is_some() {
        return Ok(Some(Mirrored::Known));
    }
    let mut tree = Frontier::new();
    query::each_leaf(db, batch.run, (batch.first, batch.last), &mut |_, leaf| {
        tree.push(leaf_hash(leaf));
    })?;
    if tree.size() == batch.count && tree.root() == batch.root {
        return Ok(None);
    }
    if tree.size() >= batch.count {
        return Err(LakeFault::Contradicted { line: seal.line });
    }
    let begun: Option<i64> = query::run_number(db, batch.run)?
        .map(|run| db.prepare_cached(sql::BEGUN)?.query_row([run], |row| row.get(0)))
        .transpose()
        .map_err(LakeFault::sql("find the begin of a run"))?
        .flatten();
    Ok(Some(match begun {
        None => Mirrored::Unknown,
        Some(begun) if begun.unsigned_abs() > batch.first => Mirrored::Before,
        Some(_) => Mirrored::Waiting,
    }))
}
