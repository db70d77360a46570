//! Contexts that fail while a test says so.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use async_trait::async_trait;
use writ_model::{AgentId, TenantId, Timestamp};
use writ_store::{
    ContextOf, Contexts, ContextsFault, SqliteContexts,
    contexts::{After, Kept, Since},
};

#[derive(Debug)]
pub(crate) struct Torn {
    inner: SqliteContexts,
    away: AtomicBool,
    puts: AtomicUsize,
}

impl Torn {
    pub(super) fn open(folder: &Path) -> Self {
        let inner = SqliteContexts::open(folder).unwrap();
        Self { inner, away: AtomicBool::new(false), puts: AtomicUsize::new(0) }
    }

    pub(crate) fn tears(&self, torn: bool) {
        self.away.store(torn, Ordering::SeqCst);
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
        self.puts.fetch_add(1, Ordering::SeqCst);
        self.inner.put(of, sealed, after).await
    }

    async fn of_agent(
        &self,
        tenant: TenantId,
        agent: AgentId,
        now: Timestamp,
    ) -> Result<Vec<Kept>, ContextsFault> {
        self.whole()?;
        self.inner.of_agent(tenant, agent, now).await
    }
}
