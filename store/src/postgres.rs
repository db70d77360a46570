//! The PostgreSQL adapters: several processes share one database.
//!
//! Never here: a statement that is not a named constant, a table with a tenant's content and no row-level security, a
//! connection to a server that does not flush before it acknowledges.
//! To add an adapter: one file under `postgres/` with its tables as a `Step` (`migrate`), its statements as constants, and
//! a `postgres` module in its port's contract suite.

mod contexts;
mod definitions;
mod fault;
mod held;
mod ledger;
mod lent;
mod listen;
mod meter;
mod migrate;
mod options;
mod outbox;
mod pool;
mod roster;
mod turn;
mod vault;

use std::{fmt, path::Path, sync::Arc};

use deadpool_postgres::Pool;
use tokio::sync::broadcast;
use tokio_postgres::{Row, types::ToSql};
use tokio_util::sync::{CancellationToken, DropGuard};
use writ_model::{TenantId, Timestamp};

pub use contexts::PgContexts;
pub use definitions::PgDefinitions;
pub use fault::PgFault;
pub use held::PgHeld;
pub use ledger::PgLedger;
pub(crate) use lent::Tx;
pub use meter::PgBank;
pub use options::PgOptions;
pub use outbox::PgOutbox;
pub use roster::PgRoster;
pub use vault::PgVault;

use self::{
    lent::{ANSWER, Lent},
    listen::News,
    options::Target,
    pool::{Made, Refusal, Whose},
};
use crate::{
    VaultFault,
    ledger::{Head, Hint, WATCH_BACKLOG},
};

/// Connections that wait for a turn, beside the pool. LIMIT: so many tenants at once can be contended between processes;
/// one more waits for a place. Apart from the pool, so that waiting for a turn never takes the connection that the turn's
/// holder needs to write.
const TURNS: usize = 8;

/// Connections for beats, named leases and polls, beside the pool: a process whose calls wait for their questions must not
/// lose its lease for that. LIMIT: one for each of the three at once.
const KEEPS: usize = 3;

const NOW: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

/// The database that all processes share. Cheap to clone.
#[derive(Clone)]
pub struct Pg {
    inner: Arc<Inner>,
}

struct Inner {
    pool: Pool,
    turns: Pool,
    keeps: Pool,
    /// The connections of `keeps`.
    kept: Made,
    refusal: Refusal,
    hints: broadcast::Sender<Hint>,
    /// What the others are told.
    news: Arc<News>,
    /// Ends the listener.
    _listener: DropGuard,
}

impl fmt::Debug for Pg {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.inner.pool.status();
        write!(out, "Pg({} of {} connections)", status.size, status.max_size)
    }
}

impl Pg {
    /// Connects, checks that the server keeps what it acknowledges and that the role is bound by row-level security, and
    /// brings the schema up to date if the role may.
    ///
    /// # Errors
    /// If the server cannot be reached, would lose what it acknowledged, or has a schema that this release cannot use;
    /// each with its cure.
    pub async fn connect(options: PgOptions) -> Result<Self, PgFault> {
        let target = Target::of(&options)?;
        let refusal = Refusal::default();
        let (kept, other) = (Made::default(), Made::default());
        let make = |size, name: &str, made| {
            pool::make(target.named(name), size, Whose::App, &refusal, made)
        };
        let pool = make(options.pool.max(1), "writ", &other)?;
        let mut first = pool::lend(&pool, &refusal).await?;
        migrate::settle(&mut first).await?;
        drop(first);
        let (hints, _) = broadcast::channel(WATCH_BACKLOG);
        let (news, stop) = (Arc::new(News::default()), CancellationToken::new());
        listen::start(&target, hints.clone(), Arc::clone(&news), stop.clone());
        let turns = make(TURNS, "writ turn", &other)?;
        let keeps = make(KEEPS, "writ keep", &kept)?;
        let listener = stop.drop_guard();
        let inner = Inner { pool, turns, keeps, kept, refusal, hints, news, _listener: listener };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Brings the schema up to date as its owner, and gives the role of the processes (made if it is missing) the rights
    /// it needs and no others. Gives how many steps were run. Safe while processes of earlier releases work.
    ///
    /// # Errors
    /// If the owner may not, or the server would lose what it acknowledged.
    pub async fn admin_migrate(owner: PgOptions, app: &str) -> Result<usize, PgFault> {
        let refusal = Refusal::default();
        let target = Target::of(&owner)?.named("writ store migrate");
        let pool = pool::make(target, 1, Whose::Owner, &refusal, &Made::default())?;
        let mut lent = pool::lend(&pool, &refusal).await?;
        let steps = migrate::run(&mut lent, migrate::STEPS).await?;
        migrate::grant(&mut lent, app).await?;
        Ok(steps)
    }

    /// The ledger in this database.
    pub fn ledger(&self) -> PgLedger {
        PgLedger::new(self.clone())
    }

    /// What is drawn of limits, for all gateways.
    pub fn bank(&self) -> PgBank {
        PgBank::new(self.clone())
    }

    /// The held requests in this database.
    pub fn held(&self) -> PgHeld {
        PgHeld::new(self.clone())
    }

    /// What agents have read, in this database.
    pub fn contexts(&self) -> PgContexts {
        PgContexts::new(self.clone())
    }

    /// The definitions in this database.
    pub fn definitions(&self) -> PgDefinitions {
        PgDefinitions::new(self.clone())
    }

    /// The outbox in this database.
    pub fn outbox(&self) -> PgOutbox {
        PgOutbox::new(self.clone())
    }

    /// The roster in this database.
    pub fn roster(&self) -> PgRoster {
        PgRoster::new(self.clone())
    }

    /// The vault in this database, with the key file of a data folder.
    ///
    /// # Errors
    /// As [`PgVault::open`].
    pub async fn vault(&self, folder: &Path) -> Result<PgVault, VaultFault> {
        PgVault::open(self.clone(), folder).await
    }

    /// The server's clock.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn now(&self) -> Result<Timestamp, PgFault> {
        let rows = self.rows(NOW, &[]).await?;
        let row = rows.first().ok_or_else(|| PgFault::words("no clock"))?;
        Ok(Timestamp::from_micros(row.try_get(0)?))
    }

    /// The schema's version, and how many steps this release knows.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn schema(&self) -> Result<(u32, u32), PgFault> {
        let found = migrate::version(&mut self.lend().await?).await?;
        Ok((found.version, migrate::known()))
    }

    /// One statement in a transaction of its own, for tables without a tenant's content and for functions that set the
    /// tenant themselves.
    pub(crate) async fn rows(
        &self,
        sql: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, PgFault> {
        self.lend().await?.rows(sql, params).await
    }

    /// As [`Pg::rows`], for what a lease hangs on: it does not wait behind other questions.
    pub(crate) async fn kept(
        &self,
        sql: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, PgFault> {
        pool::lend(&self.inner.keeps, &self.inner.refusal).await?.rows(sql, params).await
    }

    /// How many connections were made for [`Pg::kept`].
    fn keeps_made(&self) -> u64 {
        self.inner.kept.count()
    }

    /// As [`Pg::rows`], and gives how many rows it touched.
    pub(crate) async fn run(
        &self,
        sql: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, PgFault> {
        self.lend().await?.run(sql, params).await
    }

    /// A transaction that sees and writes only this tenant's rows. Rolled back if it is dropped without a commit.
    pub(crate) async fn tenant_tx(&self, tenant: TenantId) -> Result<Tx, PgFault> {
        Tx::begin(self.lend().await?, Some(tenant)).await
    }

    /// A transaction over tables without a tenant's content.
    pub(crate) async fn fleet_tx(&self) -> Result<Tx, PgFault> {
        Tx::begin(self.lend().await?, None).await
    }

    /// What this process is told of appends.
    fn hints(&self) -> broadcast::Receiver<Hint> {
        self.inner.hints.subscribe()
    }

    /// Tells this process and the others that an append is durable.
    fn appended(&self, tenant: TenantId, head: Head) {
        self.appended_here(tenant, head);
        self.inner.news.add(tenant, head);
    }

    /// Tells this process alone: the others find it when they next look.
    fn appended_here(&self, tenant: TenantId, head: Head) {
        // Nobody may be watching.
        drop(self.inner.hints.send(Hint::Tenant(tenant, head.size)));
    }

    async fn lend(&self) -> Result<Lent, PgFault> {
        pool::lend(&self.inner.pool, &self.inner.refusal).await
    }
}

/// The tenant as statements take it.
pub(crate) fn key(tenant: TenantId) -> Vec<u8> {
    tenant.to_bytes().to_vec()
}

/// A count as PostgreSQL's integer. Beyond `i64::MAX` there are no rows.
pub(crate) fn int(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
pub(crate) mod tests;
