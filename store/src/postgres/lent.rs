//! A connection lent by the pool, and a transaction on one: every answer is awaited for a bounded time.
//!
//! Never here: a connection with an open question given back to the pool.

use std::{mem, time::Duration};

use deadpool_postgres::{ClientWrapper, Object};
use tokio::{runtime::Handle, time};
use tokio_postgres::{Row, types::ToSql};
use writ_model::TenantId;

use super::PgFault;

/// How long an answer is awaited. LIMIT: a server that hangs must not hang who asks; longer than its own statement
/// timeout, so that a slow one says so itself.
pub(crate) const ANSWER: Duration = Duration::from_secs(5);

/// A connection lent by the pool. One whose answer is late, or whose asker went away, is closed: what it would answer
/// next is not an answer to the next question.
#[derive(Debug)]
pub(crate) struct Lent {
    /// `None` only while it is being dropped.
    object: Option<Object>,
    asking: bool,
    patience: Duration,
}

impl Lent {
    pub(super) fn new(object: Object) -> Self {
        Self { object: Some(object), asking: false, patience: ANSWER }
    }

    /// Awaits answers for so long.
    pub(super) fn patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// The rows of a prepared statement.
    pub(crate) async fn rows(
        &mut self,
        sql: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, PgFault> {
        self.ask(async |client| client.query(&client.prepare_cached(sql).await?, params).await)
            .await
    }

    /// How many rows a prepared statement touched.
    pub(crate) async fn run(
        &mut self,
        sql: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, PgFault> {
        self.ask(async |client| client.execute(&client.prepare_cached(sql).await?, params).await)
            .await
    }

    /// Statements without parameters, in one round trip.
    pub(crate) async fn batch(&mut self, sql: &str) -> Result<(), PgFault> {
        self.ask(async |client| client.batch_execute(sql).await).await
    }

    async fn ask<T>(
        &mut self,
        question: impl AsyncFnOnce(&ClientWrapper) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, PgFault> {
        let object = self.object.as_ref().ok_or_else(|| PgFault::words("no connection"))?;
        self.asking = true;
        let answer = time::timeout(self.patience, question(object)).await;
        let Ok(answer) = answer else {
            return Err(PgFault::words(format!(
                "no answer within {} ms",
                self.patience.as_millis()
            )));
        };
        self.asking = false;
        Ok(answer?)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.asking
            && let Some(object) = self.object.take()
        {
            drop(Object::take(object));
        }
    }
}

/// A transaction. Rolled back if it is dropped without a commit.
#[derive(Debug)]
pub(crate) struct Tx {
    /// `None` once it has ended.
    lent: Option<Lent>,
}

impl Tx {
    pub(super) async fn begin(lent: Lent, tenant: Option<TenantId>) -> Result<Self, PgFault> {
        let lent = match tenant {
            Some(tenant) => open(lent, &for_tenant(tenant)).await?,
            None => open(lent, "BEGIN").await?,
        };
        Ok(Self { lent: Some(lent) })
    }

    /// The rows of a prepared statement.
    pub(crate) async fn rows(
        &mut self,
        sql: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, PgFault> {
        self.lent()?.rows(sql, params).await
    }

    /// How many rows a prepared statement touched.
    pub(crate) async fn run(
        &mut self,
        sql: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, PgFault> {
        self.lent()?.run(sql, params).await
    }

    /// Makes it durable. After a fault whether it was is unknown.
    pub(crate) async fn commit(mut self) -> Result<(), PgFault> {
        // COMMIT of a transaction that failed before answers ROLLBACK, and no caller commits after a fault.
        self.lent()?.batch("COMMIT").await?;
        self.lent = None;
        Ok(())
    }

    fn lent(&mut self) -> Result<&mut Lent, PgFault> {
        self.lent.as_mut().ok_or_else(|| PgFault::words("the transaction has ended"))
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if let Some(lent) = mem::take(&mut self.lent) {
            roll_back(lent);
        }
    }
}

/// Opens a transaction with a batch that begins with `BEGIN`. If one of its later statements fails, the transaction is open
/// and aborted: it is rolled back before anybody else gets the connection.
pub(super) async fn open(mut lent: Lent, batch: &str) -> Result<Lent, PgFault> {
    match lent.batch(batch).await {
        Ok(()) => Ok(lent),
        Err(fault) => {
            roll_back(lent);
            Err(fault)
        }
    }
}

/// Ends a transaction without waiting; the connection goes back to the pool after it.
pub(super) fn roll_back(mut lent: Lent) {
    // A connection with an open question is closed, which ends its transaction too.
    if !lent.asking
        && let Ok(runtime) = Handle::try_current()
    {
        drop(runtime.spawn(async move { lent.batch("ROLLBACK").await }));
    } else {
        lent.asking = true;
    }
}

/// Opens a transaction that row-level security binds to one tenant; it ends with the transaction.
fn for_tenant(tenant: TenantId) -> String {
    let tenant = u128::from_be_bytes(tenant.to_bytes());
    format!("BEGIN; SELECT set_config('writ.tenant', '{tenant:032x}', true)")
}
