//! [`Mirror`]: every seal that stands in a ledger is kept in this process's lake, whoever wrote it, so that a call is
//! provable wherever its record is.
//!
//! Never here: writing a seal. A seal whose records are still on their way is tried again until this lake has taken all that
//! was on the bus when the seal was read: whoever wrote it had its records from there, so what has not come by then never
//! comes, and nothing waits for it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use writ_authority::{Entry, Fact};
use writ_lake::{Activity, Batch, LakeFault, Mirrored, Run, Seal};
use writ_model::TenantId;
use writ_store::{Ledger, Mark, ReadError};

use super::Ingest;

/// How often ledgers are looked at for new seals: they are written once a minute.
const EVERY: std::time::Duration = std::time::Duration::from_secs(5);
/// LIMIT: lines read at once.
const LINES: usize = 512;
/// LIMIT: seals of all ledgers that wait for their records; past it a ledger is read on later.
const WAITING: usize = 10_000;

/// What mirroring has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reflected {
    /// Seals kept since the start.
    pub kept: u64,
    /// Seals whose records are not here yet.
    pub waiting: usize,
    /// Seals whose records here are not the sealed ones, or not all of them although nothing more will come: records are
    /// lost or altered.
    pub contradicted: u64,
}

/// Mirrors seals.
#[derive(Debug)]
pub struct Mirror {
    ledger: Arc<dyn Ledger>,
    lake: Arc<Activity>,
    ingest: Arc<Ingest>,
    kept: AtomicU64,
    contradicted: AtomicU64,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    mark: Option<Mark>,
    /// Lines of each tenant that were read.
    read: BTreeMap<TenantId, u64>,
    waiting: BTreeMap<(TenantId, u64), Waits>,
}

/// A seal whose records are not here.
#[derive(Debug, Clone)]
struct Waits {
    seal: Seal,
    /// When so many messages were taken, all that was on the bus after the seal was read is here; nothing until the bus was
    /// asked.
    until: Option<u64>,
}

impl Mirror {
    /// From a ledger into a lake, which is filled from the bus by this.
    pub fn new(ledger: Arc<dyn Ledger>, lake: Arc<Activity>, ingest: Arc<Ingest>) -> Self {
        let (kept, contradicted, known) = Default::default();
        Self { ledger, lake, ingest, kept, contradicted, known }
    }

    /// What it has come to.
    pub fn reflected(&self) -> Reflected {
        Reflected {
            kept: self.kept.load(Ordering::Relaxed),
            waiting: self.known.lock().waiting.len(),
            contradicted: self.contradicted.load(Ordering::Relaxed),
        }
    }

    /// Works until it is stopped.
    pub async fn run(&self, stop: CancellationToken) {
        loop {
            if let Err(fault) = self.pass().await {
                tracing::warn!(error = %fault, "seals cannot be mirrored");
            }
            if timeout(EVERY, stop.cancelled()).await.is_ok() {
                return;
            }
        }
    }

    /// Looks once: at seals that wait, and at what is new in the ledgers.
    ///
    /// # Errors
    /// If the ledgers or the lake cannot be read; what was done stays done.
    pub async fn pass(&self) -> Result<(), PassFault> {
        let waiting: Vec<_> = self.known.lock().waiting.values().cloned().collect();
        let mut touched: Vec<TenantId> =
            waiting.iter().map(|waits| waits.seal.batch.run.tenant).collect();
        // Read before the records are looked at: what was taken by now is in the lake.
        let (taken, lag) = (self.ingest.taken(), self.ingest.lag().await.ok());
        for Waits { seal, until } in waiting {
            let whole = until.is_some_and(|until| taken >= until || lag == Some(0));
            self.mirror(seal, whole).await?;
        }
        let mark = self.known.lock().mark;
        let moved = self.ledger.heads_since(mark).await?;
        let mut all = true;
        for (tenant, head) in moved.heads {
            all &= self.read_on(tenant, head.size).await?;
            touched.push(tenant);
        }
        if all {
            self.known.lock().mark = Some(moved.mark);
        }
        self.expect().await;
        touched.sort_unstable();
        touched.dedup();
        for tenant in touched {
            self.remember(tenant).await?;
        }
        Ok(())
    }

    /// Reads a tenant's lines up to a size; whether it came so far.
    async fn read_on(&self, tenant: TenantId, size: u64) -> Result<bool, PassFault> {
        let known = self.known.lock().read.get(&tenant).copied();
        let mut at = match known {
            Some(at) => at,
            None => self.lake.mirrored_up_to(tenant).await?,
        };
        while at < size {
            if self.known.lock().waiting.len() >= WAITING {
                return Ok(false);
            }
            let lines = self.ledger.read(tenant, at, LINES).await?;
            if lines.is_empty() {
                return Ok(false);
            }
            for line in lines {
                if let Some(seal) = seal_of(tenant, at, &line) {
                    self.mirror(seal, false).await?;
                }
                at += 1;
            }
            self.known.lock().read.insert(tenant, at);
        }
        Ok(true)
    }

    /// Says of seals that wait since this look what must be taken from the bus before their records are given up.
    async fn expect(&self) {
        if self.known.lock().waiting.values().all(|waits| waits.until.is_some()) {
            return;
        }
        // If the bus does not answer nothing is given up.
        let Ok(lag) = self.ingest.lag().await else { return };
        // Counted after the lag was: what was taken in between is not counted twice.
        let until = self.ingest.taken().saturating_add(lag);
        let mut known = self.known.lock();
        for waits in known.waiting.values_mut() {
            waits.until.get_or_insert(until);
        }
    }

    /// Keeps a seal, or lets it wait; if the lake is `whole`, all of the seal's records that can come are here.
    async fn mirror(&self, seal: Seal, whole: bool) -> Result<(), LakeFault> {
        let place = (seal.batch.run.tenant, seal.line);
        match self.lake.mirror_seal(seal.clone()).await {
            Ok(Mirrored::Waiting | Mirrored::Unknown) if !whole => {
                let mut known = self.known.lock();
                known.waiting.entry(place).or_insert(Waits { seal, until: None });
                return Ok(());
            }
            Ok(Mirrored::Kept) => drop(self.kept.fetch_add(1, Ordering::Relaxed)),
            Ok(Mirrored::Known | Mirrored::Before | Mirrored::Unknown) => {}
            Ok(Mirrored::Waiting) => {
                self.contradicted.fetch_add(1, Ordering::Relaxed);
                tracing::error!(tenant = %place.0, line = place.1, gateway = %seal.batch.run.gateway,
                    first = seal.batch.first, last = seal.batch.last,
                    "records of a seal did not come although all that was on the bus is here");
            }
            Err(fault @ LakeFault::Contradicted { .. }) => {
                self.contradicted.fetch_add(1, Ordering::Relaxed);
                tracing::error!(tenant = %place.0, line = place.1, code = fault.code().0, %fault,
                    "a seal is not of the records here");
            }
            Err(fault) => return Err(fault),
        }
        self.known.lock().waiting.remove(&place);
        Ok(())
    }

    /// Keeps how far a tenant's ledger is mirrored, for the next start.
    async fn remember(&self, tenant: TenantId) -> Result<(), LakeFault> {
        let up_to = {
            let known = self.known.lock();
            let from = (tenant, 0);
            let waits = known.waiting.range(from..).next().filter(|((of, _), _)| *of == tenant);
            waits.map(|((_, line), _)| *line).or_else(|| known.read.get(&tenant).copied())
        };
        match up_to {
            Some(up_to) => self.lake.mirrored(tenant, up_to).await,
            None => Ok(()),
        }
    }
}

/// Why a look at the ledgers ended early.
#[derive(Debug, thiserror::Error)]
pub enum PassFault {
    /// A ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] ReadError),
    /// The lake cannot be read or written.
    #[error(transparent)]
    Lake(#[from] LakeFault),
}

/// The seal that a line is, if it is one. Lines of other kinds, known or not, are none of a mirror's business.
fn seal_of(tenant: TenantId, line: u64, bytes: &[u8]) -> Option<Seal> {
    const KIND: &[u8] = b"\"activity_sealed\"";
    // Nearly all lines are something else; looking for the word is cheaper than reading them.
    bytes.windows(KIND.len()).find(|window| *window == KIND)?;
    let Fact::ActivitySealed(fact) = Entry::from_line(bytes).ok()?.fact else { return None };
    let run = Run { tenant, gateway: fact.gateway, boot: fact.boot };
    let (first, last, count, root) = (fact.first, fact.last, fact.count, fact.root);
    Some(Seal { batch: Batch { run, first, last, count, root }, line })
}
