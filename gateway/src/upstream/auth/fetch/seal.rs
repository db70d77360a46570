//! What was refreshed is sealed, and nobody else refreshes before it is: a refresh token is good once, and who shows one that
//! was used up loses the account at servers that look for that.
//!
//! Never here: the refresh itself (`fetch.rs`), a token in a log.

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::task::TaskTracker;
use writ_model::TenantId;
use writ_reach::oauth::Kept;
use writ_store::{Meter, MeterKey, Space, Vault};

/// LIMIT: how often a vault that did not answer is asked again, and how long between: five minutes together, which is more
/// than a failover takes. Until then every other gateway waits for its turn.
const TRIES: u32 = 300;
const TRY: Duration = Duration::from_secs(1);

/// The turn to refresh, over all gateways; given back when dropped, and by the meter if this process dies.
#[derive(Debug)]
pub(super) struct Occupied {
    pub(super) meter: Arc<dyn Meter>,
    pub(super) tenant: TenantId,
    pub(super) key: MeterKey,
}

impl Drop for Occupied {
    fn drop(&mut self) {
        self.meter.vacate(self.tenant, &[self.key]);
    }
}

/// Where one connection is sealed.
#[derive(Debug)]
pub(super) struct Sealing {
    pub(super) vault: Arc<dyn Vault>,
    /// Its own name.
    pub(super) name: String,
    /// The name that older builds gave it: what stands there is used up now.
    pub(super) older: Option<String>,
    pub(super) turn: Occupied,
}

impl Sealing {
    /// Seals new tokens. If the vault does not answer they are good in this process, which goes on trying and keeps the turn.
    /// Gives the turn back if it is over.
    pub(super) async fn seal(self, new: &Kept, tasks: &TaskTracker) -> Option<Occupied> {
        if self.put(new).await {
            return Some(self.turn);
        }
        let new = new.clone();
        tasks.spawn(async move { self.go_on(&new).await });
        None
    }

    async fn go_on(self, new: &Kept) {
        let mut tries = interval(TRY);
        tries.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tries.tick().await;
        for _try in 0..TRIES {
            tries.tick().await;
            if self.put(new).await {
                return;
            }
        }
        tracing::error!(tenant = %self.turn.tenant, issuer = new.issuer,
            "a refreshed token was never sealed: its account has to be connected again");
    }

    async fn put(&self, new: &Kept) -> bool {
        let space = Space::Tenant(self.turn.tenant);
        if let Err(fault) = self.vault.put(space, &self.name, new.to_bytes()).await {
            tracing::error!(issuer = new.issuer, error = %fault, "a refreshed token is not sealed yet");
            return false;
        }
        if let Some(older) = &self.older
            && let Err(fault) = self.vault.remove(space, older).await
        {
            // The sweep removes it.
            tracing::warn!(error = %fault, "a token that was used up is still sealed");
        }
        true
    }
}

#[cfg(test)]
mod tests;
