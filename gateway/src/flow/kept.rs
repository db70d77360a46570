//! Contexts as this gateway has them: at hand while they are used, sealed in the store, where every gateway finds them.
//!
//! Never here: what is in one (`engine.rs`).

use std::{num::NonZeroUsize, sync::Arc};

use lru::LruCache;
use parking_lot::Mutex;
use writ_authority::{State, decide::Traced};
use writ_flow::{Chosen, Template};
use writ_model::{Digest, InstanceId, Span, TenantId, Timestamp};
use writ_store::{
    ContextOf, Contexts, ContextsFault, Sealer,
    contexts::{After, Since},
};

use super::engine::{Class, Read, Tool};
use crate::{
    refusal::{self, Refusal},
    tenancy::Tenancy,
};

/// LIMIT: contexts at hand (each as large as an engine keeps one); another one is fetched again.
const AT_HAND: NonZeroUsize = NonZeroUsize::MIN.saturating_add(255);
/// LIMIT: classes of tools at hand (under 1 KiB each), by definition.
const CLASSES: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4_095);
/// How long a context is kept after the last reading. LIMIT: by then whatever ran has long ended.
pub(super) const KEPT: Span = Span::days(7);
/// LIMIT: times that a write is made again because another gateway's came first.
const TRIES: usize = 8;
/// Bytes up to which something is read or written in place: about a millisecond. What is more does not hold up other
/// agents' calls.
pub(super) const INLINE: usize = 256 << 10;

/// Reads something into a context; false if nothing of it is new.
pub(super) type Reading = Arc<dyn Fn(&mut Read) -> bool + Send + Sync>;

/// Tenant, thing, and the digests of its definition and of the charter.
pub(super) type ClassKey = (TenantId, String, (Option<Digest>, Option<Digest>));

/// Whose context, and whether what was kept of it may be lost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whose {
    pub(super) of: ContextOf,
    pub(super) lost: bool,
}

/// The contexts of this gateway.
#[derive(Debug)]
pub(crate) struct Flows {
    store: Arc<dyn Contexts>,
    templates: Chosen,
    known: Mutex<LruCache<ContextOf, Arc<tokio::sync::Mutex<Known>>>>,
    classes: Mutex<LruCache<ClassKey, Arc<Class>>>,
}

/// One context at hand.
#[derive(Debug, Default)]
struct Known {
    /// The version in the store that it is; none if nothing is kept.
    version: Option<u64>,
    read: Read,
    /// Its bytes when it was last kept or fetched.
    size: usize,
}

impl Flows {
    pub(crate) fn new(store: Arc<dyn Contexts>, templates: Chosen) -> Self {
        Self {
            store,
            templates,
            known: Mutex::new(LruCache::new(AT_HAND)),
            classes: Mutex::new(LruCache::new(CLASSES)),
        }
    }

    /// The template that the operator chose for the server that a client means by this name.
    pub(super) fn template(&self, server: &str, client: &str) -> Option<&'static Template> {
        self.templates.of(server, client)
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
        (whose, now): (Whose, Timestamp),
        tool: &Tool<'_>,
    ) -> Result<Option<Traced>, Refusal> {
        let known = self.known(whose.of);
        let mut known = known.lock().await;
        self.refresh(sealer, (whose, now), &mut known).await?;
        Ok(known.read.judge(tool))
    }

    /// Keeps what is read, of so many bytes. Returns once it is in the store, beside what other gateways have read
    /// meanwhile.
    pub(super) async fn keep(
        &self,
        tenancy: &Arc<Tenancy>,
        (whose, now, state): (Whose, Timestamp, &State),
        (reading, bytes): (&Reading, usize),
    ) -> Result<(), Refusal> {
        let of = whose.of;
        let known = self.known(of);
        let mut known = known.lock().await;
        let mut room = true;
        for _ in 0..TRIES {
            self.refresh(&tenancy.sealer, (whose, now), &mut known).await?;
            // Taken out while it is not what the store has: whatever ends this, it is fetched again.
            let Known { version, read, size } = std::mem::take(&mut *known);
            let (reading, sealer) = (Arc::clone(reading), Arc::clone(&tenancy.sealer));
            let work = move || written(read, &reading, (&sealer, of));
            let done = if bytes.max(size) > INLINE {
                tokio::task::spawn_blocking(work).await.map_err(|why| lost(of, &why))?
            } else {
                work()
            };
            let (read, sealed, size) = match done? {
                (read, Some((sealed, size))) => (read, sealed, size),
                (read, None) => {
                    *known = Known { version, read, size };
                    return Ok(());
                }
            };
            let after = After { version, now, expires: now + KEPT };
            match self.store.put(of, sealed, after).await {
                Ok(Some(version)) => {
                    *known = Known { version: Some(version), read, size };
                    return Ok(());
                }
                Ok(None) => {}
                Err(ContextsFault::Full { .. }) if room => {
                    room = false;
                    self.clear(state, now).await.map_err(|why| lost(of, &why))?;
                }
                Err(why) => return Err(lost(of, &why)),
            }
        }
        Err(lost(of, &"other gateways wrote it all the time"))
    }

    /// Makes room: what copies have read that were ended decides about nothing any more.
    async fn clear(&self, state: &State, now: Timestamp) -> Result<(), ContextsFault> {
        let all = self.store.owners(state.tenant, now).await?;
        let ended = |instance: &InstanceId| {
            state.instances.get(instance).is_none_or(|copy| copy.ended_at.is_some())
        };
        let ended: Vec<InstanceId> =
            all.into_iter().map(|(_, instance)| instance).filter(ended).collect();
        let cleared = self.store.remove(state.tenant, &ended).await?;
        tracing::warn!(tenant = %state.tenant, cleared, "contexts of ended copies made room");
        Ok(())
    }

    fn known(&self, of: ContextOf) -> Arc<tokio::sync::Mutex<Known>> {
        let mut all = self.known.lock();
        Arc::clone(all.get_or_insert(of, Arc::default))
    }

    /// Makes it what the store has.
    async fn refresh(
        &self,
        sealer: &Sealer,
        (whose, now): (Whose, Timestamp),
        known: &mut Known,
    ) -> Result<(), Refusal> {
        let of = whose.of;
        match self.store.since(of, known.version, now).await.map_err(|why| lost(of, &why))? {
            Since::Same => {}
            Since::Nothing => *known = Known::default(),
            Since::Newer(kept) => {
                let plain = sealer.open(&place(of), &kept.sealed).map_err(|why| lost(of, &why))?;
                let size = plain.expose().len();
                let read = if size > INLINE {
                    let parsed =
                        tokio::task::spawn_blocking(move || Read::of(plain.expose())).await;
                    parsed.map_err(|why| lost(of, &why))?
                } else {
                    Read::of(plain.expose())
                };
                let read = read.map_err(|why| lost(of, &why))?;
                *known = Known { version: Some(kept.version), read, size };
            }
        }
        if whose.lost {
            known.read.lose();
        }
        Ok(())
    }
}

/// What is kept of a context once something was read into it, sealed, and how large it is; nothing if nothing was new.
type Written = (Read, Option<(Vec<u8>, usize)>);

fn written(
    mut read: Read,
    reading: &Reading,
    (sealer, of): (&Sealer, ContextOf),
) -> Result<Written, Refusal> {
    if !reading(&mut read) {
        return Ok((read, None));
    }
    let plain = read.bytes().map_err(|why| lost(of, &why))?;
    let sealed = sealer.seal(&place(of), &plain).map_err(|why| lost(of, &why))?;
    Ok((read, Some((sealed, plain.len()))))
}

/// What binds a sealed context to its place.
fn place(of: ContextOf) -> Vec<u8> {
    writ_store::contexts::place(of)
}

fn lost(of: ContextOf, why: &dyn std::fmt::Display) -> Refusal {
    tracing::error!(tenant = %of.tenant, agent = %of.agent, error = %why, "a context cannot be had");
    refusal::NO_CONTEXT
}
