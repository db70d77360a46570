//! Who follows the ledger: each tenant's state, folded from its lines, shared as one immutable [`View`].
//!
//! Never here: what a line means (the fold is handed in), a write to a ledger's lines, a view that was not checked
//! against the ledger's root.
//! To add a reader: take [`Tenants::cached`] on hot paths, [`Tenants::view`] elsewhere, [`Tenants::changes`] to react.

mod load;
mod view;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use tokio::sync::broadcast;
use writ_model::{Code, Digest, Fold, TenantId, fold::BadLine};

pub use view::View;

use crate::{Ledger, Mark, ReadError, Sealer};

/// Tenants whose state is kept in memory; the least recently used ones are folded again when they are asked for.
pub const DEFAULT_TENANTS: usize = 4096;
/// Changes kept for a slow receiver before it is told that it lags.
pub const CHANGES: usize = 1024;
/// Lines one [`Change`] carries at most; a longer step carries none and tells its receivers to read the view.
pub const CHANGE_LINES: usize = 4096;
/// Lines after which a tenant's snapshot is written again: folding so many takes about a millisecond.
pub const SNAPSHOT_EVERY: u64 = 256;
/// Tenants remembered as unreadable. A forgotten one is only folded and refused again.
const REFUSED: usize = 4096;
/// LIMIT: tenants remembered as contradicted. None is forgotten: of one more the view stays, and each poll says so, so that
/// whoever hangs its lease on polls loses it.
const CONTRADICTED: usize = 4096;

/// Why a tenant has no view.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FollowError {
    /// The store failed, or the tenant's log is damaged.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A line is of a kind or version that this build does not know: this tenant is refused, the others live.
    #[error("tenant {tenant} is refused: {bad}")]
    BadLine {
        /// Whose line.
        tenant: TenantId,
        /// Which line and why.
        bad: BadLine,
    },
}

impl FollowError {
    /// Its stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::Read(fault) => fault.code(),
            Self::BadLine { .. } => Code("STOR-0007"),
        }
    }
}

/// A tenant's step from one size to another.
pub struct Change<F> {
    /// Whose.
    pub tenant: TenantId,
    /// The size before. A receiver that last saw this tenant at another size has missed something, or the tenant was
    /// loaded afresh: it then takes everything from `view`.
    pub from: u64,
    /// The size after.
    pub to: u64,
    /// The lines between; empty if there were more than [`CHANGE_LINES`] (then `from == to`).
    pub lines: Arc<[Bytes]>,
    /// The state after; `None` if a line could not be read or the log is damaged: refuse everything of this tenant, close
    /// what it has open.
    pub view: Option<Arc<View<F>>>,
}

impl<F> Clone for Change<F> {
    fn clone(&self) -> Self {
        Self { lines: Arc::clone(&self.lines), view: self.view.clone(), ..*self }
    }
}

impl<F> fmt::Debug for Change<F> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Change({} {}..{})", self.tenant, self.from, self.to)
    }
}

/// What one [`Tenants::poll`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Polled {
    /// Tenants whose view moved.
    pub advanced: usize,
    /// Tenants that are refused now, and why.
    pub refused: Vec<FollowError>,
}

/// A view in the cache.
struct Entry<F> {
    view: Arc<View<F>>,
    /// The root of its view, which is compared at polls.
    root: Digest,
    /// The tick of its last use.
    used: AtomicU64,
    /// The size of its last snapshot.
    snapshot: u64,
}

/// The views of all tenants of one ledger.
pub struct Tenants<F> {
    ledger: Arc<dyn Ledger>,
    sealer: Option<Arc<Sealer>>,
    bound: usize,
    tick: AtomicU64,
    views: RwLock<BTreeMap<TenantId, Entry<F>>>,
    /// One load or advance of a tenant at a time.
    loading: Mutex<BTreeMap<TenantId, Arc<load::Loading>>>,
    /// Lines never change, so a line that could not be read stays so for the life of this build.
    refused: Mutex<BTreeMap<TenantId, BadLine>>,
    /// Tenants whose ledger is not the one that was read and served: refused for the life of this process.
    contradicted: Mutex<BTreeMap<TenantId, ReadError>>,
    changes: broadcast::Sender<Change<F>>,
    /// How far all heads were seen to move, and everything of it taken up.
    mark: Mutex<Option<Mark>>,
}

impl<F> fmt::Debug for Tenants<F> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Tenants({} of at most {})", self.views.read().len(), self.bound)
    }
}

impl<F: Fold> Tenants<F> {
    /// A follower of this ledger that keeps [`DEFAULT_TENANTS`] in memory.
    pub fn new(ledger: Arc<dyn Ledger>) -> Self {
        Self::bounded(ledger, DEFAULT_TENANTS)
    }

    /// A follower that keeps at most `bound` tenants in memory (at least one).
    pub fn bounded(ledger: Arc<dyn Ledger>, bound: usize) -> Self {
        let (changes, _) = broadcast::channel(CHANGES);
        Self {
            ledger,
            sealer: None,
            bound: bound.max(1),
            tick: AtomicU64::new(0),
            views: RwLock::default(),
            loading: Mutex::default(),
            refused: Mutex::default(),
            contradicted: Mutex::default(),
            changes,
            mark: Mutex::default(),
        }
    }

    /// With snapshots sealed: one that this sealer did not seal is thrown away and the lines are folded again.
    /// SECURITY: a snapshot's digest and root do not bind its state; without a sealer, who can write the ledger's disk
    /// can forge one.
    #[must_use]
    pub fn sealing_snapshots(self, sealer: Arc<Sealer>) -> Self {
        Self { sealer: Some(sealer), ..self }
    }

    /// The ledger that is followed.
    pub fn ledger(&self) -> &Arc<dyn Ledger> {
        &self.ledger
    }

    /// The tenant's view if it is in memory: no IO and no waiting, for hot paths.
    pub fn cached(&self, tenant: TenantId) -> Option<Arc<View<F>>> {
        let views = self.views.read();
        let entry = views.get(&tenant)?;
        entry.used.store(self.tick.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        Some(Arc::clone(&entry.view))
    }

    /// The tenant's view: from memory, or from its snapshot and the lines after it.
    ///
    /// # Errors
    /// If the store fails, the log is damaged, or a line cannot be read.
    pub async fn view(&self, tenant: TenantId) -> Result<Arc<View<F>>, FollowError> {
        match self.cached(tenant) {
            Some(view) => Ok(view),
            // Rare, and large: callers that find it in memory do not carry it.
            None => Box::pin(self.load(tenant)).await,
        }
    }

    /// Lines of a tenant's view, if it is in memory. Being asked for is no use of it.
    pub(crate) fn size(&self, tenant: TenantId) -> Option<u64> {
        self.views.read().get(&tenant).map(|entry| entry.view.size)
    }

    /// Every step of every tenant that is in memory, in order for each tenant.
    ///
    /// A receiver that falls more than [`CHANGES`] behind gets `Lagged` and must take up every tenant it cares for
    /// from [`Tenants::view`] again. Steps of tenants that are not in memory are not told.
    pub fn changes(&self) -> broadcast::Receiver<Change<F>> {
        self.changes.subscribe()
    }

    /// The tenants whose views are in memory now.
    pub fn in_memory(&self) -> Vec<TenantId> {
        self.views.read().keys().copied().collect()
    }

    /// How many tenants are refused: a line of theirs cannot be read, or their ledger is not the one that was read before.
    pub fn refused(&self) -> usize {
        self.refused.lock().len() + self.contradicted.lock().len()
    }

    /// Takes a view that the ledger has made durable, and tells everyone. Called by the sequencer and by loads.
    pub(crate) fn publish(&self, view: &Arc<View<F>>, lines: Arc<[Bytes]>) {
        let (tenant, to) = (view.tenant, view.size);
        let from = to.saturating_sub(u64::try_from(lines.len()).unwrap_or(u64::MAX));
        let mut views = self.views.write();
        let known = views.get(&tenant).map(|entry| (entry.view.size, entry.snapshot));
        if known.is_some_and(|(size, _)| size >= to) {
            return;
        }
        // A writer may end after its tenant was withdrawn. Asked under the lock under which it is withdrawn.
        if self.contradicted.lock().contains_key(&tenant) {
            return;
        }
        self.insert(&mut views, view, known.map_or(0, |(_, snapshot)| snapshot));
        // Told under the lock, so that one tenant's steps are told in order. Nobody may be listening.
        drop(self.changes.send(Change { tenant, from, to, lines, view: Some(Arc::clone(view)) }));
    }

    /// Drops a tenant's view, so that the next reader starts from what is stored.
    pub(crate) fn forget(&self, tenant: TenantId) {
        self.views.write().remove(&tenant);
    }

    fn insert(&self, views: &mut BTreeMap<TenantId, Entry<F>>, view: &Arc<View<F>>, snapshot: u64) {
        if views.len() >= self.bound && !views.contains_key(&view.tenant) {
            let oldest = views.iter().min_by_key(|(_, entry)| entry.used.load(Ordering::Relaxed));
            if let Some(oldest) = oldest.map(|(tenant, _)| *tenant) {
                views.remove(&oldest);
            }
        }
        let used = AtomicU64::new(self.tick.fetch_add(1, Ordering::Relaxed));
        let root = view.root();
        views.insert(view.tenant, Entry { view: Arc::clone(view), root, used, snapshot });
    }

    fn refuse(&self, tenant: TenantId, bad: BadLine) -> FollowError {
        let mut refused = self.refused.lock();
        if refused.len() >= REFUSED {
            refused.pop_first();
        }
        refused.insert(tenant, bad.clone());
        drop(refused);
        // Once: whoever asks again is told without reading again.
        tracing::error!(event = "ledger.unreadable", %tenant, why = %bad, "this client is refused");
        self.withdraw(tenant, bad.index);
        FollowError::BadLine { tenant, bad }
    }

    /// Refuses a tenant whose ledger is no longer the one that was read, until a person has looked and this process is
    /// started again: what it took up from the other one may raise what this one has ended.
    fn contradict(&self, tenant: TenantId, index: u64, fault: ReadError) -> FollowError {
        let known = {
            let mut contradicted = self.contradicted.lock();
            let room = contradicted.len() < CONTRADICTED || contradicted.contains_key(&tenant);
            if room {
                contradicted.insert(tenant, fault.clone());
            }
            room
        };
        tracing::error!(%tenant, %fault, "the ledger is not the one that was read before");
        if known {
            self.withdraw(tenant, index);
        }
        FollowError::Read(fault)
    }

    /// Takes a tenant's view away and tells everyone: refuse everything of it, close what it has open.
    fn withdraw(&self, tenant: TenantId, to: u64) {
        let mut views = self.views.write();
        let from = views.remove(&tenant).map_or(0, |entry| entry.view.size);
        let lines = Arc::default();
        drop(self.changes.send(Change { tenant, from, to, lines, view: None }));
    }
}

#[cfg(test)]
pub(crate) mod tests;
