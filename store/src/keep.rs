//! [`Keeper`]: the follower loop of every process. It beats, reads what the ledger has, and renews the lease with both.
//!
//! Two halves run side by side, so that neither waits for the other: one beats every [`HEARTBEAT`]; the other polls after
//! each beat that was heard and on each hint of the ledger. A beat that was heard is a promise, which the next poll that
//! *began after it* and was wholly applied turns into a renewal from the instant before the beat was sent.
//! Never here: an act on what it hears (whoever is to stop hands in [`Keeper::on_wanted`]), a renewal that hangs on less than
//! a whole beat and a whole poll, a wait for the database without a bound.
//! To add something to tell: a field of [`Status`], set where it is known.

mod post;
mod status;

use std::{fmt, future, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{
    sync::{
        Notify,
        broadcast::{
            Receiver,
            error::{RecvError, TryRecvError},
        },
        watch,
    },
    time::{Interval, MissedTickBehavior, interval, timeout},
};
use tokio_util::sync::CancellationToken;
use writ_model::{Clock, Fold, TenantId};

use crate::{
    FollowError, Head, ReadError, Roster, Tenants,
    follow::Polled,
    lease::{HEARTBEAT, Lease},
    ledger::{Hint, newest},
    roster::{Beat, Heard, MAX_REPORT, Member, Wanted},
};

pub use post::{ASK, HOLD, Post};
pub use status::Status;

/// LIMIT: how long a beat is waited for, and a poll while beats are not heard: below [`crate::lease::ACTING`], so that a
/// database that hangs is asked again, over another connection, before the lease has run out.
pub const PATIENCE: Duration = Duration::from_millis(600);
/// LIMIT: the longest wait for a poll while beats *are* heard: then the database lives and there is much to read, and to begin
/// again each time would never end. The lease runs out meanwhile, as it must.
pub const LONGEST_POLL: Duration = Duration::from_secs(20);
/// LIMIT: the least between two polls: a burst of hints is one.
pub const COALESCE: Duration = Duration::from_millis(2);

/// What is done with each thing wanted that is heard.
type Hook = dyn Fn(Wanted) + Send + Sync;

/// A beat that was heard, and no whole poll has followed yet.
#[derive(Debug, Clone, Copy)]
struct Promise {
    /// The monotonic instant before the beat was sent.
    begun: u64,
    heard: Heard,
}

/// Keeps one process's lease.
pub struct Keeper<F> {
    tenants: Arc<Tenants<F>>,
    roster: Arc<dyn Roster>,
    lease: Arc<Lease>,
    member: Member,
    clock: Arc<dyn Clock>,
    hook: Box<Hook>,
    wanted: watch::Sender<Wanted>,
    promise: Mutex<Option<Promise>>,
    /// There is a reason to poll.
    due: Notify,
    status: Mutex<Status>,
}

impl<F> fmt::Debug for Keeper<F> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Keeper({}, {:?})", self.member.gateway, self.lease)
    }
}

impl<F: Fold> Keeper<F> {
    /// A keeper of this lease, which beats as this member. The clock is the one that the lease is read by.
    pub fn new(
        tenants: Arc<Tenants<F>>,
        roster: Arc<dyn Roster>,
        lease: Arc<Lease>,
        member: Member,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            tenants,
            roster,
            lease,
            member,
            clock,
            hook: Box::new(|_| {}),
            wanted: watch::channel(Wanted::default()).0,
            promise: Mutex::default(),
            due: Notify::new(),
            status: Mutex::default(),
        }
    }

    /// With something that is called with what is wanted after each beat that was heard, before the lease is renewed by it: a
    /// process that is to be halted never serves one call after its start. It must return at once and may be told the same
    /// again. While no beat is heard nothing changes.
    #[must_use]
    pub fn on_wanted(self, hook: impl Fn(Wanted) + Send + Sync + 'static) -> Self {
        Self { hook: Box::new(hook), ..self }
    }

    /// What is wanted of this process, as last heard; to serve, until something was heard.
    pub fn wanted(&self) -> watch::Receiver<Wanted> {
        self.wanted.subscribe()
    }

    /// How it fares.
    pub fn status(&self) -> Status {
        self.status.lock().clone()
    }

    /// The lease it keeps.
    pub fn lease(&self) -> &Arc<Lease> {
        &self.lease
    }

    /// Beats and polls until it is stopped, then says that the process leaves. `report` gives JSON for pages, at most
    /// [`MAX_REPORT`] bytes; a larger one is left out, for it must not cost the lease.
    pub async fn run(&self, report: impl Fn() -> Vec<u8> + Send + Sync, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.beat_on(&report) => {}
            () = self.poll_on() => {}
        }
        let leaving = self.roster.leave(self.member.gateway, self.member.boot);
        if !matches!(timeout(PATIENCE, leaving).await, Ok(Ok(()))) {
            tracing::info!(
                "the roster was not told that this process ends: its lease runs out there"
            );
        }
    }

    async fn beat_on(&self, report: &(impl Fn() -> Vec<u8> + Send + Sync)) {
        let mut ticks = every(HEARTBEAT.to_std());
        loop {
            ticks.tick().await;
            self.beat(report()).await;
            // Heard or not: what can be read is read, and a hint may have been lost.
            self.due.notify_one();
        }
    }

    async fn poll_on(&self) {
        let (mut hints, mut ticks) = (Some(self.tenants.ledger().watch()), every(COALESCE));
        let mut patience = PATIENCE;
        loop {
            let mut heads = Vec::new();
            let mut enough = tokio::select! {
                // What the lease hangs on goes before what is only sooner.
                biased;
                () = self.due.notified() => false,
                hint = hinted(&mut hints) => self.takes(hint, &mut heads),
            };
            ticks.tick().await;
            while let Some(hint) = hints.as_mut().and_then(also) {
                enough &= self.takes(hint, &mut heads);
            }
            if !enough || !self.hear(heads).await {
                patience = self.poll(patience).await;
            }
        }
    }

    /// Whether a hint asks for no poll: a head that another process named is kept, and what this one wrote stands in its views.
    fn takes(&self, hint: Hint, heads: &mut Vec<(TenantId, Head)>) -> bool {
        match hint {
            Hint::Head(tenant, head) => newest(heads, tenant, head),
            Hint::Tenant(tenant, size) => {
                return self.tenants.size(tenant).is_some_and(|known| known >= size);
            }
            Hint::Any => return false,
        }
        true
    }

    /// Takes what is followed to these heads, without asking for others. It renews nothing. False if a poll has to look.
    async fn hear(&self, heads: Vec<(TenantId, Head)>) -> bool {
        let Ok(Some(advanced)) = timeout(PATIENCE / 2, self.tenants.hear(heads)).await else {
            return false;
        };
        self.status.lock().advanced += u64::try_from(advanced).unwrap_or(u64::MAX);
        true
    }

    /// One beat.
    async fn beat(&self, report: Vec<u8>) {
        let fits = report.len() <= MAX_REPORT;
        if !fits {
            tracing::warn!(
                bytes = report.len(),
                "a report is too large for the roster and left out"
            );
        }
        // Before anything is sent: a lease must not outlive what was known when it began.
        let begun = self.clock.monotonic_micros();
        let beat = Beat {
            member: self.member.clone(),
            applied: self.status.lock().applied,
            standing: self.lease.standing(begun),
            report: if fits { report } else { Vec::new() },
        };
        let heard = match timeout(PATIENCE, self.roster.beat(beat)).await {
            Ok(Ok(heard)) => heard,
            Ok(Err(fault)) => return self.failed(format!("the beat was not heard: {fault}")),
            Err(_) => return self.failed("the roster does not answer".to_owned()),
        };
        (self.hook)(heard.wanted);
        self.wanted
            .send_if_modified(|known| std::mem::replace(known, heard.wanted) != heard.wanted);
        {
            let mut status = self.status.lock();
            status.beats += 1;
            status.heard = Some(heard);
        }
        *self.promise.lock() = Some(Promise { begun, heard });
    }

    /// One poll, and the renewal if it followed a beat and was whole. Gives how long the next one is waited for.
    async fn poll(&self, patience: Duration) -> Duration {
        // Taken before the poll begins: only what was heard before it can hang on it.
        let promise = self.promise.lock().take();
        let beats = self.status.lock().beats;
        let polled = match timeout(patience, self.tenants.poll()).await {
            Ok(Ok(polled)) => polled,
            Ok(Err(fault)) => {
                self.failed(format!("the heads could not be read: {fault}"));
                return PATIENCE;
            }
            Err(_) => {
                self.failed("the ledger does not answer, or has very much to read".to_owned());
                // Beats were heard meanwhile: it lives and is slow.
                let lives = self.status.lock().beats > beats;
                return if lives { (patience * 2).min(LONGEST_POLL) } else { PATIENCE };
            }
        };
        if let Some(behind) = self.behind(&polled) {
            self.failed(format!("a tenant could not be followed: {behind}"));
            return PATIENCE;
        }
        {
            let mut status = self.status.lock();
            status.polls += 1;
            status.advanced += u64::try_from(polled.advanced).unwrap_or(u64::MAX);
            status.refused = self.tenants.refused();
            if let Some(Promise { heard, .. }) = promise {
                status.applied = Some(heard.at);
                status.failure = None;
            }
        }
        if let Some(Promise { begun, .. }) = promise {
            self.lease.renew(begun);
        }
        PATIENCE
    }

    /// The first tenant that may still be served from an old view. One whose line cannot be read is refused whole, and so is
    /// one whose log is damaged once its view is gone: neither may cost the others their lease.
    fn behind<'a>(&self, polled: &'a Polled) -> Option<&'a FollowError> {
        polled.refused.iter().find(|fault| match fault {
            FollowError::BadLine { .. } => false,
            FollowError::Read(ReadError::Damaged { tenant, .. }) => {
                self.tenants.cached(*tenant).is_some()
            }
            FollowError::Read(_) => true,
        })
    }

    fn failed(&self, why: String) {
        let mut status = self.status.lock();
        status.failures += 1;
        if status.failure.is_none() {
            tracing::warn!(event = "keeper.failed", %why, "the lease was not renewed");
        }
        status.failure = Some(why);
    }
}

fn every(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Waits for a hint. A closed channel gives none any more: the beats go on polling.
async fn hinted(hints: &mut Option<Receiver<Hint>>) -> Hint {
    let Some(open) = hints else { return future::pending().await };
    match open.recv().await {
        Ok(hint) => hint,
        Err(RecvError::Lagged(_)) => Hint::Any,
        Err(RecvError::Closed) => {
            *hints = None;
            Hint::Any
        }
    }
}

/// What is hinted at by now.
fn also(hints: &mut Receiver<Hint>) -> Option<Hint> {
    match hints.try_recv() {
        Ok(hint) => Some(hint),
        Err(TryRecvError::Lagged(_)) => Some(Hint::Any),
        Err(TryRecvError::Empty | TryRecvError::Closed) => None,
    }
}

#[cfg(test)]
mod tests;
