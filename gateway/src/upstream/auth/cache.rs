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
    /// What cuts whatever was let in by the connection, also by tokens of it that are not at hand any more.
    cut: Mutex<Cut>,
    /// Held by who fetches; the others wait for what comes of it.
    pub(super) turn: tokio::sync::Mutex<()>,
    /// Why the last try failed, and until when nobody tries again.
    failed: Mutex<Option<(Timestamp, Option<Digest>, Refusal)>>,
    /// Scopes that the server asked for and that a person was told of.
    pub(super) told: Mutex<Vec<String>>,
}

/// A connection's end, which outlives its tokens: a stream goes on when the token that opened it was renewed.
#[derive(Debug, Default)]
struct Cut {
    of: Option<(Digest, CancellationToken)>,
    /// Nobody finds this slot any more: what comes to it late is ended at once.
    gone: bool,
}

impl Slot {
    /// The token, if it is of this connection and good for a while.
    pub(super) fn live(&self, connection: Option<Digest>, now: Timestamp) -> Option<Arc<Live>> {
        let held = self.held.read();
        let live = held.as_ref()?;
        let same = connection.is_none_or(|wanted| wanted == live.kept.connection);
        (same && now + MARGIN < live.kept.until).then(|| Arc::clone(live))
    }

    /// The connection whose tokens let something in.
    fn connection(&self) -> Option<Digest> {
        self.cut.lock().of.as_ref().map(|(connection, _)| *connection)
    }

    /// Keeps a token instead of another. What was let in by one of the same connection goes on.
    pub(super) fn keep(&self, make: impl FnOnce(CancellationToken) -> Live) -> Arc<Live> {
        let mut cut = self.cut.lock();
        let (before, token) = cut.of.take().unzip();
        let live = make(token.clone().unwrap_or_default());
        let live = if before.is_some_and(|before| before != live.kept.connection) {
            token.iter().for_each(CancellationToken::cancel);
            Live { ended: CancellationToken::new(), ..live }
        } else {
            live
        };
        if cut.gone {
            live.ended.cancel();
        }
        cut.of = Some((live.kept.connection, live.ended.clone()));
        let live = Arc::new(live);
        *self.held.write() = Some(Arc::clone(&live));
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
        let mut cut = self.cut.lock();
        cut.gone = true;
        if let Some((_, ended)) = cut.of.take() {
            ended.cancel();
        }
        *self.held.write() = None;
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
        let mut slots = self.0.lock();
        if let Some(slot) = slots.get(&(tenant, holder)) {
            return Arc::clone(slot);
        }
        let slot = Arc::<Slot>::default();
        // Whoever has to give way is ended: nothing would find its streams any more.
        if let Some((_, gone)) = slots.push((tenant, holder), Arc::clone(&slot)) {
            gone.end();
        }
        slot
    }

    /// Ends every slot of a tenant that does not stand.
    pub(super) fn tidy(&self, tenant: TenantId, stands: impl Fn(Holder, Option<Digest>) -> bool) {
        let mut slots = self.0.lock();
        let fallen = |((of, holder), slot): (&(TenantId, Holder), &Arc<Slot>)| {
            let connection = slot.connection()?;
            let named = (connection != Digest([0; 32])).then_some(connection);
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
