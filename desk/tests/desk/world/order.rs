//! [`InOrder`]: a real ledger that remembers in which order lines became durable over all tenants, and that is slow with
//! every line but an offboarding, so that races which can be lost are lost.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::broadcast;
use writ_evidence::Subtree;
use writ_model::{Digest, TenantId};
use writ_store::{
    AppendError, Hint, Ledger, ReadError, SqliteLedger,
    ledger::{Head, Snapshot},
};

#[derive(Debug)]
pub(crate) struct InOrder {
    inner: SqliteLedger,
    lines: Mutex<Vec<Bytes>>,
}

impl InOrder {
    pub(crate) fn over(inner: SqliteLedger) -> Arc<Self> {
        Arc::new(Self { inner, lines: Mutex::default() })
    }

    /// Every line written through it, in the order they became durable.
    pub(crate) fn lines(&self) -> Vec<Bytes> {
        self.lines.lock().clone()
    }
}

#[async_trait]
impl Ledger for InOrder {
    async fn append(
        &self,
        tenant: TenantId,
        expected: u64,
        lines: Vec<Bytes>,
    ) -> Result<Head, AppendError> {
        let offboards = |line: &Bytes| line.windows(18).any(|part| part == b"\"person_offboarded");
        if !lines.iter().any(offboards) {
            for _ in 0..200 {
                tokio::task::yield_now().await;
            }
        }
        let head = self.inner.append(tenant, expected, lines.clone()).await?;
        self.lines.lock().extend(lines);
        Ok(head)
    }

    async fn read(&self, tenant: TenantId, from: u64, max: usize) -> Result<Vec<Bytes>, ReadError> {
        self.inner.read(tenant, from, max).await
    }

    async fn head(&self, tenant: TenantId) -> Result<Head, ReadError> {
        self.inner.head(tenant).await
    }

    async fn heads(&self) -> Result<Vec<(TenantId, Head)>, ReadError> {
        self.inner.heads().await
    }

    fn watch(&self) -> broadcast::Receiver<Hint> {
        self.inner.watch()
    }

    async fn subtrees(
        &self,
        tenant: TenantId,
        wanted: Vec<Subtree>,
    ) -> Result<Vec<(Subtree, Digest)>, ReadError> {
        self.inner.subtrees(tenant, wanted).await
    }

    async fn save_snapshot(&self, tenant: TenantId, snapshot: Snapshot) -> Result<(), AppendError> {
        self.inner.save_snapshot(tenant, snapshot).await
    }

    async fn load_snapshot(&self, tenant: TenantId) -> Result<Option<Snapshot>, ReadError> {
        self.inner.load_snapshot(tenant).await
    }
}
