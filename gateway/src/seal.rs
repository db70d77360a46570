//! Sealing: every minute, and at the end, the roots of what was recorded go into each tenant's ledger.
//!
//! Never here: the tree (`lake` and `evidence` build it), or a retry loop: what is not sealed is offered again.

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};
use writ_authority::{Command, fact::ActivitySealed};
use writ_lake::Batch;

use crate::core::Core;

/// At most one line a minute a tenant.
const EVERY: Duration = Duration::from_mins(1);

/// Seals every minute until the gateway halts; first of all what earlier runs left.
pub(crate) async fn every_minute(core: Arc<Core>) {
    seal(&core, core.lake.seal_due_finally()).await;
    let mut minutes = interval(EVERY);
    minutes.set_missed_tick_behavior(MissedTickBehavior::Delay);
    minutes.reset();
    loop {
        tokio::select! {
            () = core.halt.cancelled() => return,
            _ = minutes.tick() => {}
        }
        core.pending.expire(core.clock.now());
        seal(&core, core.lake.seal_due()).await;
    }
}

/// Seals everything that was recorded until now; how many ranges.
pub(crate) async fn now(core: &Core) -> usize {
    if let Err(fault) = core.lake.flush().await {
        tracing::error!(error = %fault, "records could not be flushed");
    }
    seal(core, core.lake.seal_due_finally()).await
}

async fn seal(core: &Core, batches: Vec<Batch>) -> usize {
    let mut sealed = 0;
    for batch in batches {
        let fact = ActivitySealed {
            gateway: batch.run.gateway,
            boot: batch.run.boot,
            first: batch.first,
            last: batch.last,
            count: batch.count,
            root: batch.root,
        };
        let tenant = batch.run.tenant;
        let command = Command::SealActivity(fact.clone());
        if let Err(why) = core.scribe.write(tenant, command).await {
            tracing::error!(%tenant, why, first = batch.first, last = batch.last, "not sealed");
            continue;
        }
        // Where it stands is asked of the state: the command may have found it written already.
        let view = match core.tenants.view(tenant).await {
            Ok(view) => view,
            Err(fault) => {
                tracing::error!(%tenant, error = %fault, "a seal's line cannot be read");
                continue;
            }
        };
        let stands = view.state.seals.get(&(fact.gateway, fact.boot));
        let Some(line) = stands.filter(|stands| stands.seal == fact).map(|stands| stands.line)
        else {
            tracing::error!(%tenant, "a seal was written and is not there");
            continue;
        };
        match core.lake.mark_sealed(batch, line).await {
            Ok(()) => sealed += 1,
            Err(fault) => tracing::error!(%tenant, error = %fault, "a seal could not be marked"),
        }
    }
    sealed
}
