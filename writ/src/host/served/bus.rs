//! The bus of the operator's file, and a gateway's end of it.
//!
//! Never here: what a record says. To support another bus: an arm in [`connect`], its section in `config/cluster.rs`.

use std::{path::Path, sync::Arc};

use writ_gateway::bus::BusRecorder;
use writ_store::{Bus, JetStream, JetStreamOptions};

use super::Common;
use crate::{
    config::Config,
    fault::Fault,
    host::{
        oidc::{MAX_ROOTS, read, secret},
        store::broken,
    },
};

/// The spool's name in the data folder.
const SPOOL: &str = "spool.db";

/// Begins to connect; servers that are away now are found later.
///
/// # Errors
/// If the operator's file names no bus, or an option cannot be used.
pub async fn connect(config: &Config, folder: &Path) -> Result<Arc<dyn Bus>, Fault> {
    let part = config.cluster.bus.as_ref().ok_or_else(|| {
        Fault::usage("the operator's file names no bus that processes could share")
            .cure("give it [bus] nats, or run everything in one process: `writ up`")
    })?;
    let mut options = JetStreamOptions::of(part.nats.clone());
    if let Some(gibibytes) = part.stream {
        options.bounds.bytes = u64::try_from(gibibytes).unwrap_or(u64::MAX).saturating_mul(1 << 30);
    }
    if let Some(file) = &part.credentials_file {
        options.credentials = Some(secret(&folder.join(file), "credentials")?);
    }
    if let Some(file) = &part.ca_file {
        options.ca = Some(read(&folder.join(file), MAX_ROOTS)?.to_vec());
    }
    let bus = JetStream::connect(options)
        .await
        .map_err(|fault| Fault::usage(format!("[bus]: {fault}")).code(fault.code().to_string()))?;
    Ok(Arc::new(bus))
}

/// A gateway's recorder: a spool in the folder, which is brought to the bus.
///
/// # Errors
/// If the spool cannot be opened.
pub fn recorder(common: &Common, bus: &Arc<dyn Bus>) -> Result<Arc<BusRecorder>, Fault> {
    let folder = common.shared.folder();
    let clock = Arc::clone(&common.system.clock);
    BusRecorder::open(&folder.join(SPOOL), BusRecorder::SPOOL, Arc::clone(bus), clock)
        .map(Arc::new)
        .map_err(|fault| broken(folder, "the spool", &fault))
}
