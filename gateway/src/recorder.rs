//! [`Recorder`]: where the records of decided calls go. [`Activity`] keeps them in this process's own lake;
//! [`BusRecorder`](crate::bus::BusRecorder) keeps them in a spool and brings them to the bus.
//!
//! Never here: what a record says, or a decision to drop one.
//! To add a recorder: a type that implements [`Recorder`], and the tests in `gateway/tests/bus` that hold for it.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use writ_lake::{Activity, Batch, Due, LakeFault, Queue, Seal, Slot};
use writ_model::{Span, TenantId};

/// Has ranges of records written in ledgers.
#[async_trait]
pub trait Book: Send + Sync {
    /// Tries to have a range written; the last seal of its run that the ledger then has, whether or not it is this one.
    ///
    /// # Errors
    /// In words, if the ledger could not be asked.
    async fn write(&self, batch: Batch) -> Result<Option<Seal>, String>;
}

/// Takes the records of a gateway. A place is taken *before* a call goes out, so that what cannot be recorded does not
/// happen; giving the record to a taken place cannot fail or wait. What was given, and what a call that acts said before it
/// left, survives a kill of the process.
#[async_trait]
pub trait Recorder: fmt::Debug + Send + Sync {
    /// Where the records wait: a place in it is the road of nearly every call, without waiting and without a cost.
    fn queue(&self) -> &Arc<Queue>;

    /// A place for one record of a tenant if one is free now.
    fn try_place(&self, tenant: TenantId) -> Option<Slot> {
        self.queue().try_place(tenant)
    }

    /// A place for one record of a tenant; waits while the queue, or that tenant's share of it, is full.
    ///
    /// # Errors
    /// If the recorder is closed, or its journal cannot be written.
    async fn place(&self, tenant: TenantId) -> Result<Slot, LakeFault> {
        self.queue().place(tenant).await
    }

    /// Returns when every record given before is on this machine's disk.
    ///
    /// # Errors
    /// If the recorder is closed.
    async fn flushed(&self) -> Result<(), LakeFault>;

    /// For how long what is recorded could not be brought to where it belongs; nothing while that works. A gateway
    /// treats it as it treats the age of its lease.
    fn behind(&self) -> Option<Span>;

    /// Seals what waits here, `finally` also what lies behind gaps; how many ranges. Records that travel on are sealed
    /// where they arrive: then none.
    ///
    /// # Errors
    /// If what was recorded cannot be flushed.
    async fn seal(&self, finally: bool, book: &dyn Book) -> Result<usize, LakeFault>;

    /// Writes what waits and ends. Later places are refused.
    async fn close(&self);
}

/// The recorder of a process with a lake: records stay here and are sealed here.
#[derive(Debug)]
pub struct InLake(pub Arc<Activity>);

#[async_trait]
impl Recorder for InLake {
    fn queue(&self) -> &Arc<Queue> {
        self.0.queue()
    }

    async fn flushed(&self) -> Result<(), LakeFault> {
        self.0.flush().await
    }

    fn behind(&self) -> Option<Span> {
        None
    }

    async fn seal(&self, finally: bool, book: &dyn Book) -> Result<usize, LakeFault> {
        let sealed =
            self.0.seal(Due { finally, ..Due::default() }, |batch| book.write(batch)).await?;
        Ok(sealed.seals)
    }

    async fn close(&self) {
        self.0.close().await;
    }
}
