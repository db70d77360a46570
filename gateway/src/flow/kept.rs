//! Contexts as this gateway has them: at hand while they are used, sealed in the store, where every gateway finds them.
//!
//! Never here: what is in one (`engine.rs`).

use std::{num::NonZeroUsize, sync::Arc};

use lru::LruCache;
use parking_lot::Mutex;
use writ_authority::decide::Traced;
use writ_model::{Digest, Span, TenantId, Timestamp};
use writ_store::{
    ContextOf, Contexts, Sealer,
    contexts::{After, Since},
};

use super::engine::{Class, Read, Tool};
use crate::refusal::{self, Refusal};

/// LIMIT: contexts at hand (each as large as an engine keeps one); another one is fetched again.
const AT_HAND: NonZeroUsize = NonZeroUsize::MIN.saturating_add(255);
/// LIMIT: classes of tools at hand (under 1 KiB each), by definition.
const CLASSES: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4_095);
/// How long a context is kept after the last reading. LIMIT: by then whatever ran has long ended.
const KEPT: Span = Span::days(7);
/// LIMIT: times that a write is made again because another gateway's came first.
const TRIES: usize = 8;

/// Tenant, thing, and the digests of its definition and of the charter.
pub(super) type ClassKey = (TenantId, String, (Option<Digest>, Option<Digest>));

/// The contexts of this gateway.
#[derive(Debug)]
pub(crate) struct Flows {
    store: Arc<dyn Contexts>,
    known: Mutex<LruCache<ContextOf, Arc<tokio::sync::Mutex<Known>>>>,
    classes: Mutex<LruCache<ClassKey, Arc<Class>>>,
}

/// One context at hand.
#[derive(Debug, Default)]
struct Known {
    /// The version in the store that it is; none if nothing is kept.
    version: Option<u64>,
    read: Read,
}

impl Flows {
    pub(crate) fn new(store: Arc<dyn Contexts>) -> Self {
        Self {
            store,
            known: Mutex::new(LruCache::new(AT_HAND)),
            classes: Mutex::new(LruCache::new(CLASSES)),
        }
    }

    pub(super) fn class(&self, key: &ClassKey) -> Option<Arc<Class>> {
        self.classes.lock().get(key).map(Arc::clone)
    }

    pub(super) fn learn(&self, key: ClassKey, class: Arc<Class>) {
        self.classes.lock().put(key, class);
    }

    /// What speaks against a call in its context, as every gateway has left it.
    pub(super) async fn judge(
        &self,
        sealer: &Sealer,
        (of, now): (ContextOf, Timestamp),
        tool: &Tool<'_>,
    ) -> Result<Option<Traced>, Refusal> {
        let known = self.known(of);
        let mut known = known.lock().await;
        self.refresh(sealer, (of, now), &mut known).await?;
        Ok(known.read.judge(tool))
    }

    /// Keeps what is read. Returns once it is in the store, beside what other gateways have read meanwhile.
    pub(super) async fn keep(
        &self,
        sealer: &Sealer,
        (of, now): (ContextOf, Timestamp),
        reading: &(dyn Fn(&mut Read) + Send + Sync),
    ) -> Result<(), Refusal> {
        let known = self.known(of);
        let mut known = known.lock().await;
        for _ in 0..TRIES {
            self.refresh(sealer, (of, now), &mut known).await?;
            // Taken out while it is not what the store has: whatever ends this, it is fetched again.
            let Known { version, mut read } = std::mem::take(&mut *known);
            reading(&mut read);
            let plain = read.bytes().map_err(|why| lost(of, &why))?;
            let sealed = sealer.seal(&place(of), &plain).map_err(|why| lost(of, &why))?;
            let after = After { version, now, expires: now + KEPT };
            let kept = self.store.put(of, sealed, after).await.map_err(|why| lost(of, &why))?;
            if let Some(version) = kept {
                *known = Known { version: Some(version), read };
                return Ok(());
            }
        }
        Err(lost(of, &"other gateways wrote it all the time"))
    }

    fn known(&self, of: ContextOf) -> Arc<tokio::sync::Mutex<Known>> {
        let mut all = self.known.lock();
        Arc::clone(all.get_or_insert(of, Arc::default))
    }

    /// Makes it what the store has.
    async fn refresh(
        &self,
        sealer: &Sealer,
        (of, now): (ContextOf, Timestamp),
        known: &mut Known,
    ) -> Result<(), Refusal> {
        match self.store.since(of, known.version, now).await.map_err(|why| lost(of, &why))? {
            Since::Same => {}
            Since::Nothing => *known = Known::default(),
            Since::Newer(kept) => {
                let plain = sealer.open(&place(of), &kept.sealed).map_err(|why| lost(of, &why))?;
                let read = Read::of(plain.expose()).map_err(|why| lost(of, &why))?;
                *known = Known { version: Some(kept.version), read };
            }
        }
        Ok(())
    }
}

/// What binds a sealed context to its place.
fn place(of: ContextOf) -> Vec<u8> {
    writ_store::contexts::place(of)
}

fn lost(of: ContextOf, why: &dyn std::fmt::Display) -> Refusal {
    tracing::error!(tenant = %of.tenant, agent = %of.agent, error = %why, "a context cannot be had");
    refusal::NO_CONTEXT
}
