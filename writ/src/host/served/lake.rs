//! The lake of a process that has one: filled from the bus under a name of its own, so that it is whole whoever's turn it
//! is; and seals of the ledgers mirrored into it, so that a call is provable here.
//!
//! Never here: writing a seal (`soc.rs`). To fill it from one more place: a task in [`start`].

use std::sync::Arc;

use writ_gateway::bus::{Ingest, Mirror};
use writ_lake::Activity;
use writ_store::Bus;

use super::Common;
use crate::{fault::Fault, host::store};

/// Opens it, and begins to fill it.
///
/// # Errors
/// If the file cannot be opened.
pub fn start(common: &Common, bus: &Arc<dyn Bus>) -> Result<Arc<Activity>, Fault> {
    let lake = store::lake(common.shared.folder())?;
    let ingest = Arc::new(Ingest::new(Arc::clone(bus), common.ids.0, Arc::clone(&lake)));
    let ledger = Arc::clone(common.shared.sequencer.tenants().ledger());
    let mirror = Arc::new(Mirror::new(ledger, Arc::clone(&lake), Arc::clone(&ingest)));
    common.parts.set_lake(&lake);
    common.parts.set_arriving(&ingest, &mirror);
    let stop = common.stop.clone();
    common.tasks.spawn(async move { ingest.run(stop).await });
    let stop = common.stop.clone();
    common.tasks.spawn(async move { mirror.run(stop).await });
    Ok(lake)
}
