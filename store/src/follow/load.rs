//! Reading a tenant's lines into its view: from a snapshot, from the last view, after a poll.
//!
//! Never here: a view handed out before its root equals the ledger's.

use std::sync::Arc;

use bytes::Bytes;
use writ_model::{Fold, TenantId};

use super::{CHANGE_LINES, FollowError, Polled, SNAPSHOT_EVERY, Tenants, View};
use crate::{Head, ReadError, Snapshot, ledger::MAX_READ_LINES};

impl<F: Fold> Tenants<F> {
    /// Loads a tenant that is not in memory. One load of a tenant runs at a time.
    pub(super) async fn load(&self, tenant: TenantId) -> Result<Arc<View<F>>, FollowError> {
        let lock = self.lock_of(tenant);
        let guard = lock.lock().await;
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
        let guard = lock.lock().await;
        let answer = match self.cached(tenant) {
            Some(view) => self.advance_alone(view).await,
            None => self.load_alone(tenant).await,
        };
        drop(guard);
        self.unlock(tenant, lock);
        answer
    }

    /// Compares every head with what is in memory and advances what is behind. One tenant's fault harms no other.
    /// A success says that the ledger could be read: followers hang their lease on it.
    ///
    /// # Errors
    /// If the heads cannot be read.
    pub async fn poll(&self) -> Result<Polled, ReadError> {
        let mut polled = Polled::default();
        for (tenant, head) in self.ledger.heads().await? {
            // Not `cached`: being polled is no use.
            let behind =
                self.views.read().get(&tenant).is_some_and(|entry| entry.view.size < head.size);
            if behind {
                match self.advance(tenant).await {
                    Ok(_) => polled.advanced += 1,
                    Err(fault) => polled.refused.push(fault),
                }
            }
        }
        Ok(polled)
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

    fn lock_of(&self, tenant: TenantId) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(self.loading.lock().entry(tenant).or_default())
    }

    /// Forgets a tenant's load lock when nobody else holds it, so that the map stays as small as what is going on.
    fn unlock(&self, tenant: TenantId, lock: Arc<tokio::sync::Mutex<()>>) {
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
        let view = match view {
            Some(view) => view,
            None => self.catch_up(View::empty(tenant), head, &mut |_| {}).await?,
        };
        let view = Arc::new(view);
        // A tenant without lines costs nothing to load, and an unknown id must not push a real one out.
        if view.size > 0 {
            self.publish(&view, Arc::default());
            if let Some(entry) = self.views.write().get_mut(&tenant) {
                entry.snapshot = entry.snapshot.max(size);
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

    async fn advance_alone(&self, view: Arc<View<F>>) -> Result<Arc<View<F>>, FollowError> {
        let head = self.ledger.head(view.tenant).await?;
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
