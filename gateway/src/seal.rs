//! Sealing: every minute, and at the end, the roots of what was recorded go into each tenant's ledger, where the recorder
//! keeps records itself.
//!
//! Never here: the tree or the order of writing and marking (`lake`), or a retry loop: what is not sealed is offered
//! again.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::time::{MissedTickBehavior, interval};
use writ_authority::{Command, fact::ActivitySealed};
use writ_lake::{Batch, Seal};

use crate::{core::Core, recorder::Book};

/// At most one line a minute a tenant.
const EVERY: Duration = Duration::from_mins(1);

/// Seals every minute until the gateway halts; first of all what earlier runs left.
pub(crate) async fn every_minute(core: Arc<Core>) {
    seal(&core, true).await;
    let mut minutes = interval(EVERY);
    minutes.set_missed_tick_behavior(MissedTickBehavior::Delay);
    minutes.reset();
    loop {
        tokio::select! {
            () = core.halt.cancelled() => return,
            _ = minutes.tick() => {}
        }
        core.pending.expire(core.clock.now());
        seal(&core, false).await;
    }
}

/// Seals everything that was recorded until now; how many ranges.
pub(crate) async fn now(core: &Core) -> usize {
    seal(core, true).await
}

async fn seal(core: &Core, finally: bool) -> usize {
    match core.recorder.seal(finally, core).await {
        Ok(seals) => seals,
        Err(fault) => {
            tracing::error!(error = %fault, "records could not be flushed");
            0
        }
    }
}

#[async_trait]
impl Book for Core {
    /// A refusal is no fault here: the range may stand there already, or a part of it.
    async fn write(&self, batch: Batch) -> Result<Option<Seal>, String> {
        let run = batch.run;
        let fact = ActivitySealed {
            gateway: run.gateway,
            boot: run.boot,
            first: batch.first,
            last: batch.last,
            count: batch.count,
            root: batch.root,
        };
        if let Err(why) = self.scribe.write(run.tenant, Command::SealActivity(fact)).await {
            tracing::warn!(tenant = %run.tenant, why, "a seal was not written");
        }
        let view = self.tenants.view(run.tenant).await.map_err(|fault| fault.to_string())?;
        Ok(view.state.seals.get(&(run.gateway, run.boot)).map(|known| {
            let said = &known.seal;
            let (first, last, count) = (said.first, said.last, said.count);
            Seal { batch: Batch { run, first, last, count, root: said.root }, line: known.line }
        }))
    }
}
