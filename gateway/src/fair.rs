//! [`Fair`]: what each tenant has under way and how fast it calls, so that none takes another's place or time.
//!
//! Places are bounded for each tenant, below what the gateway has over all. Speed: everybody has its guaranteed calls a
//! second; beyond that a tenant may go as far as twice what the others do on average, and as fast as it can while nobody
//! else calls. So load that all bring alike is never held back, and one tenant's flood is.
//!
//! SECURITY: only a verified caller is charged. What a token *claims* is looked at before its signature is checked, to be
//! quick with a tenant that is overdrawn; who lies there is refused in its own call and takes nothing from anybody.
//! Never here: a limit of a grant or a clause (`limits`), a permit.
//! To bound one more thing: a row of [`Of`], its number in [`TenantBounds`].

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use parking_lot::{Mutex, RwLock};
use writ_model::TenantId;

use crate::refusal::{self, Refusal};

const SECOND: u64 = 1_000_000;
/// A tenant counts as calling for so long after its last call, and its share is kept.
const ACTIVE: u64 = 60;
/// How often the average of the others a tenant may call before it is held back, if that is more than its guarantee.
const TIMES_OTHERS: u64 = 2;
/// For so long after a refusal here claimed tenants are looked at.
const WATCHED: u64 = SECOND;

/// What one tenant may have of a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TenantBounds {
    /// LIMIT: calls under way at once. Together with the streams three quarters of what one server takes at once.
    pub calls: u32,
    /// LIMIT: streams open at once.
    pub streams: u32,
    /// LIMIT: connections: a quarter of all.
    pub connections: u32,
    /// LIMIT: MCP sessions: a quarter of all.
    pub sessions: u32,
    /// LIMIT: calls of `writ wrap` whose outcome is awaited: a quarter of all.
    pub awaited: u32,
    /// LIMIT: processes of one server that is a command: a quarter of all.
    pub children: u32,
    /// Tools that `/mcp` lists at once, before the others are turned to or searched.
    pub tools_listed: u32,
    /// Guaranteed calls a second, at about a third of a millisecond each where a gateway has one core; more may pass, see the
    /// head of this file. A guarantee that all cannot have at once is none: raise it where a gateway has more cores.
    pub calls_per_second: u32,
}

impl Default for TenantBounds {
    fn default() -> Self {
        Self {
            calls: 256,
            streams: 512,
            connections: 4_096,
            sessions: 4_096,
            awaited: 4_096,
            children: 64,
            tools_listed: 40,
            calls_per_second: 100,
        }
    }
}

/// What is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    Calls,
    Streams,
    Connections,
    Sessions,
    Awaited,
    Children,
}

const KINDS: usize = 6;

impl TenantBounds {
    const fn most(&self, of: Of) -> u32 {
        match of {
            Of::Calls => self.calls,
            Of::Streams => self.streams,
            Of::Connections => self.connections,
            Of::Sessions => self.sessions,
            Of::Awaited => self.awaited,
            Of::Children => self.children,
        }
    }
}

/// One tenant's part of the gateway.
#[derive(Debug)]
pub(crate) struct Share {
    tenant: TenantId,
    bounds: TenantBounds,
    taken: [AtomicU32; KINDS],
    pace: Mutex<Pace>,
}

/// How fast a tenant calls.
#[derive(Debug, Default)]
struct Pace {
    /// Calls it may still make now, in millionths.
    left: u64,
    /// When that was reckoned.
    at: u64,
    /// Calls let through in this second and in the one before.
    this: u64,
    last: u64,
    /// The second of its last call.
    called: u64,
}

/// One place of a tenant, given back when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    share: Arc<Share>,
    of: Of,
}

/// Everybody's parts.
#[derive(Debug, Default)]
pub(crate) struct Fair {
    bounds: TenantBounds,
    shares: RwLock<BTreeMap<TenantId, Arc<Share>>>,
    /// Until when somebody may be overdrawn: before it nothing is looked at early.
    watched: AtomicU64,
    /// The second that is being counted.
    second: AtomicU64,
    /// Calls over all tenants in the second before, and how many tenants call.
    total: AtomicU64,
    callers: AtomicU64,
}

/// What is taken over all tenants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) calls: u64,
    pub(crate) streams: u64,
    pub(crate) connections: u64,
    pub(crate) sessions: u64,
    pub(crate) awaited: u64,
    pub(crate) children: u64,
    pub(crate) tenants: u64,
}

impl Fair {
    pub(crate) fn new(bounds: TenantBounds) -> Self {
        Self { bounds, ..Self::default() }
    }

    /// Charges one call to a verified caller's tenant and takes its place. `now` is monotonic, in microseconds.
    pub(crate) fn enter(&self, tenant: TenantId, now: u64) -> Result<(Arc<Share>, Seat), Refusal> {
        self.turn(now);
        let share = self.share(tenant, now);
        let may = {
            let mut pace = share.pace.lock();
            let rate = self.rate(&pace);
            pace.spend(now, rate)
        };
        let Some(seat) = may.then(|| share.take(Of::Calls)).flatten() else {
            self.watched.fetch_max(now + WATCHED, Ordering::Relaxed);
            return Err(refusal::CROWDED);
        };
        Ok((share, seat))
    }

    /// Whether a token claims a tenant that is overdrawn now. Costs nothing while none is.
    pub(crate) fn sheds(&self, token: &str, now: u64) -> bool {
        if self.watched.load(Ordering::Relaxed) <= now {
            return false;
        }
        let shares = self.shares.read();
        let Some(share) = claimed(token).and_then(|tenant| shares.get(&tenant)) else {
            return false;
        };
        let pace = share.pace.lock();
        let over = pace.left_at(now, self.rate(&pace)) < SECOND || share.full(Of::Calls);
        drop(pace);
        if over {
            self.watched.fetch_max(now + WATCHED, Ordering::Relaxed);
        }
        over
    }

    /// What is taken over all tenants.
    pub(crate) fn taken(&self) -> Taken {
        let shares = self.shares.read();
        let sum = |of| shares.values().map(|share| u64::from(share.count(of))).sum();
        Taken {
            calls: sum(Of::Calls),
            streams: sum(Of::Streams),
            connections: sum(Of::Connections),
            sessions: sum(Of::Sessions),
            awaited: sum(Of::Awaited),
            children: sum(Of::Children),
            tenants: shares.len() as u64,
        }
    }

    /// Tenants with a call under way or a stream open.
    pub(crate) fn busy(&self) -> Vec<TenantId> {
        let open = |share: &Share| share.count(Of::Calls) + share.count(Of::Streams) > 0;
        let shares = self.shares.read();
        shares.iter().filter(|(_, share)| open(share)).map(|(tenant, _)| *tenant).collect()
    }

    fn share(&self, tenant: TenantId, now: u64) -> Arc<Share> {
        if let Some(share) = self.shares.read().get(&tenant) {
            return Arc::clone(share);
        }
        let mut shares = self.shares.write();
        Arc::clone(shares.entry(tenant).or_insert_with(|| {
            let pace = Pace { left: u64::MAX, at: now, ..Pace::default() };
            let taken = Default::default();
            Arc::new(Share { tenant, bounds: self.bounds, taken, pace: Mutex::new(pace) })
        }))
    }

    /// Calls a second that a tenant may make now; none if nobody else calls.
    fn rate(&self, pace: &Pace) -> Option<u64> {
        let second = self.second.load(Ordering::Relaxed);
        let own = u64::from(pace.called + ACTIVE > second && pace.called > 0);
        let others = self.callers.load(Ordering::Relaxed).saturating_sub(own);
        if others == 0 {
            return None;
        }
        let theirs = self.total.load(Ordering::Relaxed).saturating_sub(pace.last) / others;
        Some(u64::from(self.bounds.calls_per_second).max(theirs * TIMES_OTHERS))
    }

    /// With each second the counts move on, and shares that nobody uses go: bounded by who called within a minute.
    fn turn(&self, now: u64) {
        // Never the second 0, which says that nobody called.
        let second = now / SECOND + 1;
        if self.second.fetch_max(second, Ordering::Relaxed) >= second {
            return;
        }
        let (mut total, mut callers) = (0, 0);
        self.shares.write().retain(|_, share| {
            let mut pace = share.pace.lock();
            pace.last = if pace.called + 1 == second { pace.this } else { 0 };
            pace.this = 0;
            let calls = pace.called + ACTIVE > second;
            total += pace.last;
            callers += u64::from(calls);
            drop(pace);
            calls || Arc::strong_count(share) > 1
        });
        self.total.store(total, Ordering::Relaxed);
        self.callers.store(callers, Ordering::Relaxed);
    }
}

impl Pace {
    /// What is left at an instant, in millionths of a call.
    fn left_at(&self, now: u64, rate: Option<u64>) -> u64 {
        let Some(rate) = rate else { return u64::MAX };
        let come = now.saturating_sub(self.at).saturating_mul(rate);
        // A second's calls may come at once: agents think, and then call for many things together.
        let most = rate.max(1).saturating_mul(SECOND);
        self.left.saturating_add(come).min(most)
    }

    fn spend(&mut self, now: u64, rate: Option<u64>) -> bool {
        let left = self.left_at(now, rate);
        self.at = self.at.max(now);
        self.called = self.called.max(now / SECOND + 1);
        let Some(rest) = left.checked_sub(SECOND) else {
            self.left = left;
            return false;
        };
        self.left = rest;
        self.this += 1;
        true
    }
}

impl Share {
    /// Whose.
    pub(crate) fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// A place, if one is free.
    pub(crate) fn take(self: &Arc<Self>, of: Of) -> Option<Seat> {
        self.add(of).then(|| Seat { share: Arc::clone(self), of })
    }

    fn slot(&self, of: Of) -> Option<&AtomicU32> {
        self.taken.get(of as usize)
    }

    fn count(&self, of: Of) -> u32 {
        self.slot(of).map_or(0, |slot| slot.load(Ordering::Relaxed))
    }

    fn full(&self, of: Of) -> bool {
        self.count(of) >= self.bounds.most(of)
    }

    fn add(&self, of: Of) -> bool {
        let most = self.bounds.most(of);
        let Some(slot) = self.slot(of) else { return false };
        let more = |count: u32| (count < most).then_some(count + 1);
        slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    fn give_back(&self, of: Of) {
        if let Some(slot) = self.slot(of) {
            slot.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Seat {
    /// Makes it a place of another kind; if none is free, nothing changes.
    pub(crate) fn becomes(&mut self, of: Of) -> bool {
        if self.of == of {
            return true;
        }
        let free = self.share.add(of);
        if free {
            self.share.give_back(self.of);
            self.of = of;
        }
        free
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.share.give_back(self.of);
    }
}

/// LIMIT: bytes of a token's claims that are looked at early; ours are about 400.
const CLAIMS: usize = 1_536;
const CLAIM: &[u8] = b"\"writ_tenant\":\"";

/// The tenant that a token claims, if it is written as our issuer writes it. Nothing is verified, and nothing is granted.
fn claimed(token: &str) -> Option<TenantId> {
    let payload = token.split('.').nth(1)?;
    let mut claims = [0; CLAIMS];
    let length = BASE64_URL_SAFE_NO_PAD.decode_slice(payload, &mut claims).ok()?;
    let claims = claims.get(..length)?;
    let at = claims.windows(CLAIM.len()).position(|window| window == CLAIM)?;
    let rest = claims.get(at + CLAIM.len()..)?;
    let end = rest.iter().position(|byte| *byte == b'"')?;
    std::str::from_utf8(rest.get(..end)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
