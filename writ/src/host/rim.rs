//! [`Rim`]: what every process has around its roles: health and metrics where the operator's file wants them, traces, and
//! what is measured.
//!
//! Never here: a role. To add something that every process has: a field, its start, its end.

use std::{net::SocketAddr, path::Path, sync::Arc};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use writ_reach::{Bounds, Https};

use super::{
    System,
    health::Health,
    measured::Parts,
    oidc::{MAX_ROOTS, read},
};
use crate::{
    config::{Config, cluster::OtlpPart},
    fault::Fault,
    telemetry::traces::{self, Traces},
};

/// See the module.
#[derive(Debug)]
pub struct Rim {
    /// What this process says about itself.
    pub health: Health,
    /// What is measured.
    pub parts: Arc<Parts>,
    /// Where health and metrics are served.
    pub metrics: Option<SocketAddr>,
    serving: Option<JoinHandle<()>>,
    traces: Option<Traces>,
}

impl Rim {
    /// Starts what the operator's file wants; `who` is this process, by its roles and its id.
    ///
    /// # Errors
    /// If an address is taken, or the collector's certificates cannot be used.
    pub async fn start(
        (config, folder): (&Config, &Path),
        system: &System,
        parts: Arc<Parts>,
        who: (&str, String),
        stop: &CancellationToken,
    ) -> Result<Self, Fault> {
        let health = Health::default();
        let measured = Arc::clone(&parts);
        health.source(move |page| measured.measure(page));
        let (metrics, serving) = match config.cluster.metrics {
            Some(listen) => {
                let (at, serving) = health.serve(listen, stop.clone()).await?;
                (Some(at), Some(serving))
            }
            None => (None, None),
        };
        let traces = match &config.cluster.otlp {
            Some(part) => Some(collected(part, folder, system, who)?),
            None => None,
        };
        Ok(Self { health, parts, metrics, serving, traces })
    }

    /// Ends it, once `stop` was told.
    pub async fn close(self) {
        if let Some(serving) = self.serving {
            // Whoever still asks has been answered or is cut.
            serving.abort();
        }
        if let Some(traces) = self.traces {
            traces.close().await;
        }
    }
}

fn collected(
    part: &OtlpPart,
    folder: &Path,
    system: &System,
    who: (&str, String),
) -> Result<Traces, Fault> {
    let roots = match &part.ca_file {
        Some(file) => Some(read(&folder.join(file), MAX_ROOTS)?),
        None => None,
    };
    let roots = roots.as_ref().map(|roots| roots.as_slice());
    let client = Https::new(Arc::clone(&system.clock), roots, Bounds::default())
        .map_err(|fault| Fault::usage(fault.to_string()).code(fault.code().to_string()))?;
    traces::start(&part.endpoint, Arc::new(client), who)
}
