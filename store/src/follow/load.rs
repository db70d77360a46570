//! Reading a tenant's lines into its view: from a snapshot, from the last view, after a poll.
//!
//! Never here: a view handed out before its root equals the ledger's.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use writ_model::{Fold, TenantId};

use super::{CHANGE_LINES, FollowError, Polled, SNAPSHOT_EVERY, Tenants, View};
use crate::{Head, ReadError, Snapshot, ledger::MAX_READ_LINES};

/// Tenants that one poll advances at once. LIMIT: each takes a connection of the store for a moment.
const ADVANCES: usize = 8;

/// Times a load reads on because a poll saw the log move meanwhile. LIMIT: each reads what was written during the last.
const MEANWHILE: usize = 64;

/// A load or advance of one tenant that is going on.
#[derive(Debug, Default)]
pub(super) struct Loading {
    alone: tokio::sync::Mutex<()>,
    /// The size that a poll saw meanwhile: what is loaded is not published before it has so many lines. So a poll need
    /// not wait for a long load, and yet nothing older than the poll is read after it.
    floor: AtomicU64,
    /// A poll saw all heads meanwhile: what is loaded may be of a server that is gone, and is compared with a head that is
    /// read after it.
    again: AtomicBool,
}

impl<F: Fold> Tenants<F> {
    /// Loads a tenant that is not in memory. One load of a tenant runs at a time.
    pub(super) async fn load(&self, tenant: TenantId) -> Result<Arc<View<F>>, FollowError> {
        let lock = self.lock_of(tenant);
        let guard = lock.alone.lock().await;
        let answer = match self.cached(tenant) {
            Some(view) => Ok(view),
            None => self.load_alone(tenant).await,
        };
        drop(guard);
        self.unlock(tenant, lock);
        answer
    }

    /// Reads what the tenant's ledger has beyond the view in memory, publishes it, and gives the view.
    ///
    /// # Errors
    /// If the store fails, the log is damaged, or a line cannot be read (the tenant is then refused).
    pub async fn advance(&self, tenant: TenantId) -> Result<Arc<View<F>>, FollowError> {
        let lock = self.lock_of(tenant);
        let guard = lock.alone.lock().await;
        let answer = match self.cached(tenant) {
            Some(view) => self.compared(view).await,
            None => self.load_alone(tenant).await,
        };
        drop(guard);
        self.unlock(tenant, lock);
        answer
    }

    /// Asks which heads may have moved since the last poll and advances what is in memory and behind. One tenant's fault
    /// harms no other: one whose line cannot be read loses its view, and so does one whose log is shorter than what was read
    /// of it, gone, or another. A success says that the ledger could be read: followers hang their lease on it.
    ///
    /// # Errors
    /// If the heads cannot be read.
    pub async fn poll(&self) -> Result<Polled, ReadError> {
        let mark = *self.mark.lock();
        let moved = self.ledger.heads_since(mark).await?;
        let (mut there, mut other) = (BTreeSet::new(), Vec::new());
        for (tenant, head) in moved.heads {
            let Some(same) = self.is_at(tenant, head) else { continue };
            there.insert(tenant);
            if !same {
                other.push((tenant, head));
            }
        }
        if moved.whole {
            other.extend(self.gone(&there).into_iter().map(|tenant| (tenant, Head::empty())));
        }
        let steps = other.into_iter().map(|(tenant, head)| self.reach(tenant, head));
        let steps: Vec<_> = stream::iter(steps).buffer_unordered(ADVANCES).collect().await;
        let (mut polled, mut whole) = (Polled::default(), true);
        for step in steps {
            match step {
                Ok(advanced) => polled.advanced += usize::from(advanced),
                Err(fault) => {
                    whole &= match &fault {
                        FollowError::BadLine { .. } => true,
                        FollowError::Read(ReadError::Damaged { tenant, .. }) => {
                            !self.views.read().contains_key(tenant)
                        }
                        FollowError::Read(_) => false,
                    };
                    polled.refused.push(fault);
                }
            }
        }
        if whole {
            *self.mark.lock() = Some(moved.mark);
        }
        Ok(polled)
    }

    /// Takes what is in memory to heads that others told of, and gives how many advanced. Nothing if that is not enough: one is
    /// being loaded, or could not be taken there; then [`Tenants::poll`] tells what there is. Nothing hangs on this: a head that
    /// was never told is found by polling.
    pub async fn hear(&self, heads: Vec<(TenantId, Head)>) -> Option<usize> {
        let behind: Option<Vec<_>> = {
            // In the order of `is_at`.
            let (loading, views) = (self.loading.lock(), self.views.read());
            let known = |(tenant, head): (TenantId, Head)| match views.get(&tenant) {
                Some(entry) => (entry.view.size < head.size).then_some(Some((tenant, head))),
                None => loading.contains_key(&tenant).then_some(None),
            };
            heads.into_iter().filter_map(known).collect()
        };
        let steps = behind?.into_iter().map(|(tenant, head)| self.reach(tenant, head));
        let steps: Vec<_> = stream::iter(steps).buffer_unordered(ADVANCES).collect().await;
        steps.into_iter().try_fold(0, |count, step| Some(count + usize::from(step.ok()?)))
    }

    /// Whether a tenant's view stands at this head; none if it is not in memory. One that is being loaded is told not to end
    /// before it.
    fn is_at(&self, tenant: TenantId, head: Head) -> Option<bool> {
        // The lock is held over both: a load publishes under it, so it is found either still loading or in memory.
        let loading = self.loading.lock();
        // Not `cached`: being polled is no use.
        let views = self.views.read();
        if let Some(entry) = views.get(&tenant) {
            return Some(entry.view.size == head.size && entry.root == head.root);
        }
        if let Some(load) = loading.get(&tenant) {
            load.floor.fetch_max(head.size, Ordering::Relaxed);
        }
        None
    }

    /// The tenants in memory that are not among those that were found there. All that are being loaded are told to compare
    /// once more.
    fn gone(&self, there: &BTreeSet<TenantId>) -> Vec<TenantId> {
        let loading = self.loading.lock();
        for load in loading.values() {
            load.again.store(true, Ordering::Relaxed);
        }
        self.views.read().keys().filter(|tenant| !there.contains(tenant)).copied().collect()
    }

    /// Takes a tenant that is in memory to a head that was polled, if it is not there yet.
    async fn reach(&self, tenant: TenantId, head: Head) -> Result<bool, FollowError> {
        let lock = self.lock_of(tenant);
        let guard = lock.alone.lock().await;
        let view = self.views.read().get(&tenant).map(|entry| Arc::clone(&entry.view));
        let answer = match view {
            None => Ok(false),
            Some(view) => {
                let before = view.size;
                let stepped = if before < head.size {
                    Some(self.step(Arc::clone(&view), head).await)
                } else {
                    None
                };
                let reached = match stepped {
                    // The head may be older than the view, or of a server that is gone and the lines of the next one.
                    None | Some(Err(FollowError::Read(ReadError::Damaged { .. }))) => {
                        self.compared(view).await
                    }
                    Some(other) => other,
                };
                reached.map(|view| view.size > before)
            }
        };
        drop(guard);
        self.unlock(tenant, lock);
        answer
    }

    /// Takes a view to the head that its ledger has now. A writer of this process may be ahead of a head that was read
    /// before, but of one that is read after the view it never is: if that does not lead on from the view, the ledger is
    /// another one, and the tenant is refused.
    async fn compared(&self, view: Arc<View<F>>) -> Result<Arc<View<F>>, FollowError> {
        let tenant = view.tenant;
        let head = self.ledger.head(tenant).await?;
        match self.step(view, head).await {
            Err(FollowError::Read(fault @ ReadError::Damaged { index, .. })) => {
                Err(self.contradict(tenant, index, fault))
            }
            other => other,
        }
    }

    /// Writes a snapshot of each tenant in memory that moved [`SNAPSHOT_EVERY`] lines since its last one. Gives how many.
    /// A snapshot that cannot be written is only logged: the next start folds more.
    pub async fn save_snapshots(&self) -> usize {
        let due: Vec<_> = self
            .views
            .read()
            .values()
            .filter(|entry| entry.view.size.saturating_sub(entry.snapshot) >= SNAPSHOT_EVERY)
            .map(|entry| Arc::clone(&entry.view))
            .collect();
        let mut saved = 0;
        for view in due {
            let tenant = view.tenant;
            let written = match self.saved(&view) {
                Ok(snapshot) => self
                    .ledger
                    .save_snapshot(tenant, snapshot)
                    .await
                    .map_err(|fault| fault.to_string()),
                Err(why) => Err(why),
            };
            match written {
                Ok(()) => {
                    saved += 1;
                    if let Some(entry) = self.views.write().get_mut(&tenant) {
                        entry.snapshot = entry.snapshot.max(view.size);
                    }
                }
                Err(why) => tracing::warn!(%tenant, %why, "a snapshot was not written"),
            }
        }
        saved
    }

    fn lock_of(&self, tenant: TenantId) -> Arc<Loading> {
        Arc::clone(self.loading.lock().entry(tenant).or_default())
    }

    /// Forgets a tenant's load lock when nobody else holds it, so that the map stays as small as what is going on.
    fn unlock(&self, tenant: TenantId, lock: Arc<Loading>) {
        drop(lock);
        let mut loading = self.loading.lock();
        if loading.get(&tenant).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            loading.remove(&tenant);
        }
    }

    async fn load_alone(&self, tenant: TenantId) -> Result<Arc<View<F>>, FollowError> {
        if let Some(bad) = self.refused.lock().get(&tenant).cloned() {
            return Err(FollowError::BadLine { tenant, bad });
        }
        if let Some(fault) = self.contradicted.lock().get(&tenant).cloned() {
            return Err(fault.into());
        }
        let head = self.ledger.head(tenant).await?;
        let stored = self.ledger.load_snapshot(tenant).await?;
        let snapshot = stored
            .filter(|snapshot| snapshot.size <= head.size)
            .and_then(|snapshot| self.restored(tenant, &snapshot));
        let size = snapshot.as_ref().map_or(0, |view| view.size);
        let view = match snapshot {
            // A snapshot is only a shortcut: if it does not lead to the root, the lines are folded from the first.
            Some(view) => match self.catch_up(view, head, &mut |_| {}).await {
                Err(FollowError::Read(ReadError::Damaged { .. })) => None,
                other => Some(other?),
            },
            None => None,
        };
        let mut view = match view {
            Some(view) => view,
            None => self.catch_up(View::empty(tenant), head, &mut |_| {}).await?,
        };
        for _ in 0..MEANWHILE {
            view = match self.loaded(view, size) {
                Ok(view) => return Ok(view),
                Err(behind) => {
                    let head = self.ledger.head(tenant).await?;
                    self.catch_up(behind, head, &mut |_| {}).await?
                }
            };
        }
        let why = "it is written faster than it can be read".to_owned();
        Err(ReadError::Faulted { why }.into())
    }

    /// Publishes what was loaded, or gives it back if a poll has seen more meanwhile.
    fn loaded(&self, view: View<F>, snapshot: u64) -> Result<Arc<View<F>>, View<F>> {
        let tenant = view.tenant;
        let loading = self.loading.lock();
        let load = loading.get(&tenant);
        let floor = load.map_or(0, |load| load.floor.load(Ordering::Relaxed));
        let again = load.is_some_and(|load| load.again.swap(false, Ordering::Relaxed));
        if again || view.size < floor {
            return Err(view);
        }
        let view = Arc::new(view);
        // A tenant without lines costs nothing to load, and an unknown id must not push a real one out.
        if view.size > 0 {
            self.publish(&view, Arc::default());
            if let Some(entry) = self.views.write().get_mut(&tenant) {
                entry.snapshot = entry.snapshot.max(snapshot);
            }
        }
        Ok(view)
    }

    /// The snapshot of a view, sealed if there is a sealer.
    fn saved(&self, view: &View<F>) -> Result<Snapshot, String> {
        let plain = view.save().map_err(|bad| bad.to_string())?;
        let Some(sealer) = &self.sealer else { return Ok(plain) };
        let sealed = sealer.seal(&place(view.tenant, &plain), &plain.bytes);
        let sealed = sealed.map_err(|fault| fault.to_string())?;
        Ok(Snapshot::seal(view.tenant, plain.size, plain.version, sealed.into()))
    }

    /// The view of a snapshot that is whole and, if there is a sealer, ours.
    fn restored(&self, tenant: TenantId, snapshot: &Snapshot) -> Option<View<F>> {
        let Some(sealer) = &self.sealer else { return View::load(tenant, snapshot) };
        if !snapshot.holds_for(tenant) {
            return None;
        }
        let Ok(plain) = sealer.open(&place(tenant, snapshot), &snapshot.bytes) else {
            tracing::warn!(%tenant, size = snapshot.size, "a snapshot is not ours: folding anew");
            return None;
        };
        let plain = Bytes::copy_from_slice(plain.expose());
        View::load(tenant, &Snapshot::seal(tenant, snapshot.size, snapshot.version, plain))
    }

    /// The next view, published, from one and a head that is not before it.
    async fn step(&self, view: Arc<View<F>>, head: Head) -> Result<Arc<View<F>>, FollowError> {
        let mut lines = Vec::new();
        let mut keep = |chunk: &[Bytes]| lines.extend_from_slice(chunk);
        let next = self.catch_up(View::clone(&view), head, &mut keep).await?;
        if next.size == view.size {
            return Ok(view);
        }
        let next = Arc::new(next);
        if lines.len() > CHANGE_LINES {
            lines.clear();
        }
        self.publish(&next, lines.into());
        Ok(next)
    }

    /// Folds the lines up to a head, and checks that they are what the head's root is over.
    async fn catch_up(
        &self,
        mut view: View<F>,
        head: Head,
        each: &mut (dyn FnMut(&[Bytes]) + Send),
    ) -> Result<View<F>, FollowError> {
        let tenant = view.tenant;
        let damaged = |index, why: &str| ReadError::Damaged { tenant, index, why: why.to_owned() };
        if view.size > head.size {
            return Err(damaged(head.size, "it has fewer lines than were read before").into());
        }
        while view.size < head.size {
            let left = usize::try_from(head.size - view.size).unwrap_or(usize::MAX);
            let lines = self.ledger.read(tenant, view.size, left.min(MAX_READ_LINES)).await?;
            if lines.is_empty() {
                return Err(damaged(view.size, "the line is missing").into());
            }
            view.extend(&lines).map_err(|bad| self.refuse(tenant, bad))?;
            each(&lines);
        }
        if view.root() != head.root {
            return Err(damaged(head.size, "its lines do not lead to its root").into());
        }
        Ok(view)
    }
}

/// What binds a sealed snapshot to its place.
fn place(tenant: TenantId, snapshot: &Snapshot) -> Vec<u8> {
    let (size, version) = (snapshot.size.to_be_bytes(), snapshot.version.to_be_bytes());
    [b"writ sealed snapshot v1", &tenant.to_bytes()[..], &size, &version].concat()
}
