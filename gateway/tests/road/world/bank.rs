//! The bank of shares of a test's world: on disk, and away when told.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use writ_model::{BootId, TenantId, Timestamp};
use writ_store::{
    Bank, BankFault, SqliteBank,
    meter::bank::{Draw, Drawn, Holder, Rest, Seated, Seats, Window},
};

#[derive(Debug)]
pub(crate) struct Shaky {
    bank: SqliteBank,
    away: AtomicBool,
}

impl Shaky {
    pub(crate) fn open(folder: &Path) -> Self {
        Self { bank: SqliteBank::open(folder).unwrap(), away: AtomicBool::new(false) }
    }

    pub(crate) fn be_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    fn there(&self) -> Result<&SqliteBank, BankFault> {
        if self.away.load(Ordering::SeqCst) {
            Err(BankFault::Faulted { why: "away".to_owned() })
        } else {
            Ok(&self.bank)
        }
    }
}

#[async_trait]
impl Bank for Shaky {
    async fn draw(
        &self,
        tenant: TenantId,
        now: Timestamp,
        draws: &[Draw],
    ) -> Result<Vec<Drawn>, BankFault> {
        self.there()?.draw(tenant, now, draws).await
    }

    async fn give_back(&self, tenant: TenantId, rests: &[Rest]) -> Result<(), BankFault> {
        self.there()?.give_back(tenant, rests).await
    }

    async fn read(&self, tenant: TenantId, windows: &[Window]) -> Result<Vec<u64>, BankFault> {
        self.there()?.read(tenant, windows).await
    }

    async fn expire(&self, tenant: TenantId, now: Timestamp) -> Result<u64, BankFault> {
        self.there()?.expire(tenant, now).await
    }

    async fn renew(&self, boot: BootId, now: Timestamp) -> Result<u64, BankFault> {
        self.there()?.renew(boot, now).await
    }

    async fn seat(
        &self,
        tenant: TenantId,
        now: Timestamp,
        holder: Holder,
        seats: &[Seats],
    ) -> Result<Vec<Seated>, BankFault> {
        self.there()?.seat(tenant, now, holder, seats).await
    }
}
