//! Contexts that fail while a test says so.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use async_trait::async_trait;
use writ_model::{AgentId, InstanceId, TenantId, Timestamp};
use writ_store::{
    ContextOf, Contexts, ContextsFault, SqliteContexts,
    contexts::{After, MAX_CONTEXTS, OfAgent, Since},
};

#[derive(Debug)]
pub(crate) struct Torn {
    inner: SqliteContexts,
    away: AtomicBool,
    full: AtomicBool,
    removed: AtomicUsize,
    puts: AtomicUsize,
}

impl Torn {
    pub(super) fn open(folder: &Path) -> Self {
        let inner = SqliteContexts::open(folder).unwrap();
        Self {
            inner,
            away: AtomicBool::new(false),
            full: AtomicBool::new(false),
            removed: AtomicUsize::new(0),
            puts: AtomicUsize::new(0),
        }
    }

    pub(crate) fn tears(&self, torn: bool) {
        self.away.store(torn, Ordering::SeqCst);
    }

    /// From now on there is no room, until something is removed.
    pub(crate) fn fills(&self) {
        self.full.store(true, Ordering::SeqCst);
    }

    /// How many were removed.
    pub(crate) fn removed(&self) -> usize {
        self.removed.load(Ordering::SeqCst)
    }

    /// How often something was kept.
    pub(crate) fn puts(&self) -> usize {
        self.puts.load(Ordering::SeqCst)
    }

    fn whole(&self) -> Result<(), ContextsFault> {
        if self.away.load(Ordering::SeqCst) {
            return Err(ContextsFault::Faulted { why: "the disk is gone".to_owned() });
        }
        Ok(())
    }
}

#[async_trait]
impl Contexts for Torn {
    async fn since(
        &self,
        of: ContextOf,
        known: Option<u64>,
        now: Timestamp,
    ) -> Result<Since, ContextsFault> {
        self.whole()?;
        self.inner.since(of, known, now).await
    }

    async fn put(
        &self,
        of: ContextOf,
        sealed: Vec<u8>,
        after: After,
    ) -> Result<Option<u64>, ContextsFault> {
        self.whole()?;
        if self.full.load(Ordering::SeqCst) {
            return Err(ContextsFault::Full { bound: MAX_CONTEXTS });
        }
        self.puts.fetch_add(1, Ordering::SeqCst);
        self.inner.put(of, sealed, after).await
    }

    async fn of_agent(
        &self,
        tenant: TenantId,
        agent: AgentId,
        now: Timestamp,
    ) -> Result<OfAgent, ContextsFault> {
        self.whole()?;
        self.inner.of_agent(tenant, agent, now).await
    }

    async fn owners(
        &self,
        tenant: TenantId,
        now: Timestamp,
    ) -> Result<Vec<(AgentId, InstanceId)>, ContextsFault> {
        self.whole()?;
        self.inner.owners(tenant, now).await
    }

    async fn remove(&self, tenant: TenantId, ended: &[InstanceId]) -> Result<usize, ContextsFault> {
        self.whole()?;
        let removed = self.inner.remove(tenant, ended).await?;
        self.removed.fetch_add(removed, Ordering::SeqCst);
        self.full.fetch_and(removed == 0, Ordering::SeqCst);
        Ok(removed)
    }
}
