//! The ledger in memory, for tests and simulations: the same contract, and nothing survives.
//!
//! Never here: anything a shipped role runs on. LIMIT: it grows with what is written.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::broadcast;
use writ_evidence::{Frontier, Subtree, leaf_hash};
use writ_model::{Digest, TenantId};

use crate::ledger::{
    AppendError, Head, Hint, Ledger, MAX_READ_BYTES, MAX_READ_LINES, MAX_SUBTREES, ReadError,
    Snapshot, WATCH_BACKLOG, check_bounds,
};

#[derive(Debug, Default)]
struct Log {
    lines: Vec<Bytes>,
    edge: Frontier,
    nodes: BTreeMap<Subtree, Digest>,
    snapshot: Option<Snapshot>,
}

impl Log {
    fn head(&self) -> Head {
        Head { size: self.edge.size(), root: self.edge.root() }
    }
}

/// The ledger of all tenants in memory.
#[derive(Debug)]
pub struct MemoryLedger {
    logs: Mutex<BTreeMap<TenantId, Log>>,
    moved: broadcast::Sender<Hint>,
}

impl Default for MemoryLedger {
    fn default() -> Self {
        Self { logs: Mutex::default(), moved: broadcast::channel(WATCH_BACKLOG).0 }
    }
}

impl MemoryLedger {
    /// An empty ledger.
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn append(
        &self,
        tenant: TenantId,
        expected: u64,
        lines: Vec<Bytes>,
    ) -> Result<Head, AppendError> {
        check_bounds(&lines)?;
        let mut logs = self.logs.lock();
        let head = logs.get(&tenant).map_or_else(Head::empty, Log::head);
        if head.size != expected {
            return Err(AppendError::Stale { tenant, expected, head });
        }
        if lines.is_empty() {
            return Ok(head);
        }
        let log = logs.entry(tenant).or_default();
        for line in lines {
            let nodes = &mut log.nodes;
            log.edge.push_with(leaf_hash(&line), &mut |at, hash| {
                nodes.insert(at, hash);
            });
            log.lines.push(line);
        }
        let head = log.head();
        drop(self.moved.send(Hint::Tenant(tenant, head.size)));
        Ok(head)
    }

    async fn read(&self, tenant: TenantId, from: u64, max: usize) -> Result<Vec<Bytes>, ReadError> {
        let logs = self.logs.lock();
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let lines = logs.get(&tenant).map_or(&[][..], |log| &log.lines);
        let (mut found, mut bytes) = (Vec::new(), 0);
        for line in lines.iter().skip(from).take(max.min(MAX_READ_LINES)) {
            bytes += line.len();
            if bytes > MAX_READ_BYTES && !found.is_empty() {
                break;
            }
            found.push(line.clone());
        }
        Ok(found)
    }

    async fn head(&self, tenant: TenantId) -> Result<Head, ReadError> {
        Ok(self.logs.lock().get(&tenant).map_or_else(Head::empty, Log::head))
    }

    async fn heads(&self) -> Result<Vec<(TenantId, Head)>, ReadError> {
        let logs = self.logs.lock();
        Ok(logs
            .iter()
            .map(|(tenant, log)| (*tenant, log.head()))
            .filter(|(_, h)| h.size > 0)
            .collect())
    }

    fn watch(&self) -> broadcast::Receiver<Hint> {
        self.moved.subscribe()
    }

    async fn subtrees(
        &self,
        tenant: TenantId,
        wanted: Vec<Subtree>,
    ) -> Result<Vec<(Subtree, Digest)>, ReadError> {
        let logs = self.logs.lock();
        let Some(log) = logs.get(&tenant) else { return Ok(Vec::new()) };
        let known = wanted.into_iter().take(MAX_SUBTREES);
        Ok(known.filter_map(|at| log.nodes.get(&at).map(|hash| (at, *hash))).collect())
    }

    async fn save_snapshot(&self, tenant: TenantId, snapshot: Snapshot) -> Result<(), AppendError> {
        self.logs.lock().entry(tenant).or_default().snapshot = Some(snapshot);
        Ok(())
    }

    async fn load_snapshot(&self, tenant: TenantId) -> Result<Option<Snapshot>, ReadError> {
        Ok(self.logs.lock().get(&tenant).and_then(|log| log.snapshot.clone()))
    }
}
