//! Tokens at hand, one slot a holder. In memory, and only as long as the register lets them be shown.
//!
//! Never here: where a token comes from (`fetch.rs`).

use std::{num::NonZeroUsize, sync::Arc};

use lru::LruCache;
use parking_lot::{Mutex, RwLock};
use tokio_util::sync::CancellationToken;
use writ_authority::fact::Holder;
use writ_model::{Digest, Span, TenantId, Timestamp};

use super::Live;
use crate::refusal::Refusal;

/// LIMIT: holders at one server with a token at hand: 2 KiB each; the one not used for longest is fetched again.
const SLOTS: NonZeroUsize = match NonZeroUsize::new(16_384) {
    Some(slots) => slots,
    None => NonZeroUsize::MIN,
};
/// A token is not shown in its last moments: it would end on the way.
pub(super) const MARGIN: Span = Span::seconds(10);

/// One holder's token.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    held: RwLock<Option<Arc<Live>>>,
    /// Held by who fetches; the others wait for what comes of it.
    pub(super) turn: tokio::sync::Mutex<()>,
    /// Why the last try failed, and until when nobody tries again.
    failed: Mutex<Option<(Timestamp, Option<Digest>, Refusal)>>,
    /// Scopes that the server asked for and that a person was told of.
    pub(super) told: Mutex<Vec<String>>,
}

impl Slot {
    /// The token, if it is of this connection and good for a while.
    pub(super) fn live(&self, connection: Option<Digest>, now: Timestamp) -> Option<Arc<Live>> {
        let held = self.held.read();
        let live = held.as_ref()?;
        let same = connection.is_none_or(|wanted| wanted == live.kept.connection);
        (same && now + MARGIN < live.kept.until).then(|| Arc::clone(live))
    }

    /// The token, whatever became of it.
    pub(super) fn any(&self) -> Option<Arc<Live>> {
        self.held.read().clone()
    }

    /// Keeps a token instead of another. What was let in by one of the same connection goes on.
    pub(super) fn keep(&self, make: impl FnOnce(CancellationToken) -> Live) -> Arc<Live> {
        let mut held = self.held.write();
        let ended = held.as_ref().map(|live| (live.kept.connection, live.ended.clone()));
        let ended = ended.filter(|(_, ended)| !ended.is_cancelled());
        let (before, token) = ended.unzip();
        let live = make(token.clone().unwrap_or_default());
        let live = if before.is_some_and(|before| before != live.kept.connection) {
            token.iter().for_each(CancellationToken::cancel);
            Live { ended: CancellationToken::new(), ..live }
        } else {
            live
        };
        let live = Arc::new(live);
        *held = Some(Arc::clone(&live));
        *self.failed.lock() = None;
        live
    }

    /// Drops a token that was refused, if it is still the one at hand.
    pub(super) fn drop_it(&self, refused: &Arc<Live>) {
        let mut held = self.held.write();
        if held.as_ref().is_some_and(|live| Arc::ptr_eq(live, refused)) {
            *held = None;
        }
    }

    pub(super) fn fail(&self, until: Timestamp, connection: Option<Digest>, why: Refusal) {
        *self.failed.lock() = Some((until, connection, why));
    }

    pub(super) fn failed(&self, now: Timestamp, connection: Option<Digest>) -> Option<Refusal> {
        let failed = self.failed.lock();
        let (until, of, why) = failed.as_ref()?;
        (now < *until && *of == connection).then(|| why.clone())
    }

    fn end(&self) {
        if let Some(live) = self.held.write().take() {
            live.ended.cancel();
        }
    }
}

/// Every slot of one server.
#[derive(Debug)]
pub(super) struct Cache(Mutex<LruCache<(TenantId, Holder), Arc<Slot>>>);

impl Default for Cache {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(SLOTS)))
    }
}

impl Cache {
    pub(super) fn slot(&self, tenant: TenantId, holder: Holder) -> Arc<Slot> {
        Arc::clone(self.0.lock().get_or_insert((tenant, holder), Arc::default))
    }

    /// Ends every slot of a tenant that does not stand.
    pub(super) fn tidy(&self, tenant: TenantId, stands: impl Fn(Holder, Option<Digest>) -> bool) {
        let mut slots = self.0.lock();
        let fallen = |((of, holder), slot): (&(TenantId, Holder), &Arc<Slot>)| {
            let live = slot.any()?;
            let named = (live.kept.connection != Digest([0; 32])).then_some(live.kept.connection);
            (*of == tenant && !stands(*holder, named)).then_some((*of, *holder))
        };
        let fallen: Vec<_> = slots.iter().filter_map(fallen).collect();
        for key in fallen {
            slots.pop(&key).iter().for_each(|slot| slot.end());
        }
    }

    pub(super) fn clear(&self) {
        let mut slots = self.0.lock();
        slots.iter().for_each(|(_, slot)| slot.end());
        slots.clear();
    }
}
