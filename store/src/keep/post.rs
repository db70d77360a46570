//! [`Post`]: one named lease of the roster, kept by one process: who seals, sweeps and delivers, who serves the pages.
//!
//! It only says whose turn it is. What is written under it is fenced by the ledger's expected head and by the outbox's mark;
//! where neither stands in the way, the epoch does.
//! Never here: a belief in a lease that was not renewed in time by this process's own clock.

use std::{fmt, sync::Arc};

use parking_lot::Mutex;
use tokio::{sync::watch, time::timeout};
use tokio_util::sync::CancellationToken;
use writ_model::{BootId, Clock, Span};

use super::{PATIENCE, every};
use crate::Roster;

/// For how long a named lease is taken: another process takes over so long after its holder died.
pub const HOLD: Span = Span::seconds(5);
/// How often it is asked for or kept.
pub const ASK: Span = Span::seconds(1);

/// What is held, and until when by this process's monotonic clock.
#[derive(Debug, Clone, Copy)]
struct Held {
    epoch: u64,
    until: u64,
}

/// Keeps one named lease.
pub struct Post {
    roster: Arc<dyn Roster>,
    name: String,
    holder: BootId,
    clock: Arc<dyn Clock>,
    held: Mutex<Option<Held>>,
    epoch: watch::Sender<Option<u64>>,
}

impl fmt::Debug for Post {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Post({}, {:?})", self.name, self.holds())
    }
}

impl Post {
    /// Keeps the lease of this name for this run of a process, once it runs.
    pub fn new(
        roster: Arc<dyn Roster>,
        name: impl Into<String>,
        holder: BootId,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (held, epoch) = (Mutex::default(), watch::channel(None).0);
        Self { roster, name: name.into(), holder, clock, held, epoch }
    }

    /// The epoch under which this process holds it at this instant. Ask before each act that only one may do.
    pub fn holds(&self) -> Option<u64> {
        let now = self.clock.monotonic_micros();
        self.held.lock().filter(|held| now < held.until).map(|held| held.epoch)
    }

    /// The epoch under which it is held, none while it is not: to begin and end what goes with it. None comes at least a
    /// moment before the lease is over.
    pub fn epoch(&self) -> watch::Receiver<Option<u64>> {
        self.epoch.subscribe()
    }

    /// Asks for it and keeps it until it is stopped, then gives it back.
    pub async fn run(&self, stop: CancellationToken) {
        let asking = async {
            let mut ticks = every(ASK.to_std());
            loop {
                ticks.tick().await;
                self.ask().await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = asking => {}
        }
        self.held.lock().take();
        self.epoch.send_replace(None);
        let giving = self.roster.give_back(&self.name, self.holder);
        if !matches!(timeout(PATIENCE, giving).await, Ok(Ok(()))) {
            tracing::info!(name = self.name, "a named lease was not given back: it runs out");
        }
    }

    /// Asks once.
    pub(super) async fn ask(&self) {
        let begun = self.clock.monotonic_micros();
        let asked = timeout(PATIENCE, self.roster.hold(&self.name, self.holder, HOLD)).await;
        let until = begun.saturating_add(HOLD.as_micros().unsigned_abs());
        match asked {
            Ok(Ok(Some(epoch))) => *self.held.lock() = Some(Held { epoch, until }),
            Ok(Ok(None)) => *self.held.lock() = None,
            Ok(Err(why)) => tracing::warn!(name = self.name, %why, "a named lease was not kept"),
            Err(_) => {
                tracing::warn!(name = self.name, "the roster does not answer for a named lease");
            }
        }
        // Given up while there is still time to end what goes with it: before the next look it would be over.
        let (now, look) = (self.clock.monotonic_micros(), 2 * ASK.as_micros().unsigned_abs());
        let mut held = self.held.lock();
        if held.is_some_and(|held| now.saturating_add(look) >= held.until) {
            *held = None;
        }
        let epoch = held.map(|held| held.epoch);
        drop(held);
        self.epoch.send_if_modified(|known| std::mem::replace(known, epoch) != epoch);
    }
}
