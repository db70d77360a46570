//! A bank in memory that does as a test says.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use super::*;
use crate::meter::bank::{BankFault, Draw, Drawn, Holder, Rest, Seated, Seats};

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    /// It does what it should.
    Well,
    /// It does nothing and says so.
    Away,
    /// It draws and seats, and then says that it failed.
    Forgets,
    /// It takes nothing back, and says that it failed.
    Keeps,
    /// It never answers.
    Hangs,
    /// It does what it should once it is well.
    Waits,
}

#[derive(Debug)]
pub(super) struct Moody {
    pub(super) inner: MemoryBank,
    mood: watch::Sender<Mood>,
    draws: AtomicU64,
    asked: Notify,
    pub(super) seats: Mutex<Vec<Seats>>,
}

impl Moody {
    pub(super) fn well() -> Arc<Self> {
        Arc::new(Self {
            inner: MemoryBank::default(),
            mood: watch::Sender::new(Mood::Well),
            draws: AtomicU64::new(0),
            asked: Notify::new(),
            seats: Mutex::default(),
        })
    }

    pub(super) fn be(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    pub(super) fn draws(&self) -> u64 {
        self.draws.load(Ordering::SeqCst)
    }

    /// Until somebody asks while it waits.
    pub(super) async fn asked(&self) {
        self.asked.notified().await;
    }

    /// Says whether what is asked is done and then not acknowledged.
    async fn asks(&self) -> Result<bool, BankFault> {
        let mood = *self.mood.borrow();
        match mood {
            Mood::Well | Mood::Keeps => Ok(false),
            Mood::Away => Err(fault()),
            Mood::Forgets => Ok(true),
            Mood::Hangs => std::future::pending().await,
            Mood::Waits => {
                self.asked.notify_one();
                drop(self.mood.subscribe().wait_for(|mood| *mood == Mood::Well).await);
                Ok(false)
            }
        }
    }
}

fn fault() -> BankFault {
    BankFault::Faulted { why: "away".to_owned() }
}

#[async_trait]
impl Bank for Moody {
    async fn draw(
        &self,
        tenant: TenantId,
        now: Timestamp,
        draws: &[Draw],
    ) -> Result<Vec<Drawn>, BankFault> {
        self.draws.fetch_add(1, Ordering::SeqCst);
        let forgets = self.asks().await?;
        let out = self.inner.draw(tenant, now, draws).await;
        if forgets { Err(fault()) } else { out }
    }

    async fn give_back(&self, tenant: TenantId, rests: &[Rest]) -> Result<(), BankFault> {
        let forgets = self.asks().await?;
        if *self.mood.borrow() == Mood::Keeps {
            return Err(fault());
        }
        let out = self.inner.give_back(tenant, rests).await;
        if forgets { Err(fault()) } else { out }
    }

    async fn read(&self, tenant: TenantId, windows: &[Window]) -> Result<Vec<u64>, BankFault> {
        self.asks().await?;
        self.inner.read(tenant, windows).await
    }

    async fn expire(&self, tenant: TenantId, now: Timestamp) -> Result<u64, BankFault> {
        self.asks().await?;
        self.inner.expire(tenant, now).await
    }

    async fn renew(&self, boot: BootId, now: Timestamp) -> Result<u64, BankFault> {
        match *self.mood.borrow() {
            Mood::Away | Mood::Hangs => return Err(fault()),
            Mood::Well | Mood::Forgets | Mood::Keeps | Mood::Waits => {}
        }
        self.inner.renew(boot, now).await
    }

    async fn seat(
        &self,
        tenant: TenantId,
        now: Timestamp,
        holder: Holder,
        seats: &[Seats],
    ) -> Result<Vec<Seated>, BankFault> {
        let forgets = self.asks().await?;
        self.seats.lock().extend(seats);
        let out = self.inner.seat(tenant, now, holder, seats).await;
        if forgets { Err(fault()) } else { out }
    }
}
