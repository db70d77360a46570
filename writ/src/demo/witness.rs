//! A witness at each client, as `writ witness run` is: its own key and folder, its own requests, on a thread of its own.
//!
//! Never here: what a witness checks (`crate::witness`), or a look at the store.

use std::{collections::BTreeMap, path::Path, sync::Arc, thread};

use serde_json::{Value, json};
use tokio::{
    runtime,
    time::{Duration, interval},
};
use tokio_util::sync::CancellationToken;

use super::stage::{Stage, text};
use crate::{
    api::{ApiClient, HttpTransport, segment},
    fault::Fault,
    host::System,
    net::Http,
    witness::{Home, Remote, Stop, Watch, remote::Sources, watch::tenant_of},
};

/// Seconds that one question for a newer checkpoint stays open.
const WAIT: u64 = 25;
/// The first pause after a fault.
const PAUSE: Duration = Duration::from_millis(200);
/// LIMIT: times that the witnesses are asked how far they are: five seconds' worth.
const LOOKS: usize = 250;

/// The witnesses of all clients.
#[derive(Debug)]
pub struct Witnesses {
    /// Their verifier keys, by client.
    keys: BTreeMap<&'static str, String>,
    stop: CancellationToken,
}

impl Witnesses {
    /// Makes a witness for each client, has its owner name it, and lets it watch.
    ///
    /// # Errors
    /// If the desk refuses, or a folder cannot be written.
    pub async fn start(stage: &Stage, system: &System, folder: &Path) -> Result<Self, Fault> {
        let mut out = Self { keys: BTreeMap::new(), stop: CancellationToken::new() };
        for (client, owner) in stage.owners() {
            let name = format!("{client}.example/witness");
            let home =
                Home::init(&folder.join("witness").join(client), &name, system.entropy.as_ref())?;
            let key = home.public().to_text();
            let api = stage.api_as_owner_of(client).await?;
            let base = format!("/api/v1/clients/{}", segment(client));
            let body = json!({"name": name, "key": key});
            api.post(&format!("{base}/witnesses"), &body).await?;
            let checkpoint = api.get(&format!("{base}/ledger/checkpoint")).await?;
            let log = text(&checkpoint, "verifier_key");
            let transport = Arc::new(HttpTransport::new(Http::new(), stage.desk())?);
            let sources = Sources { clock: system.clock.clone(), entropy: system.entropy.clone() };
            let remote = Remote::new(transport, stage.desk(), tenant_of(&log)?, sources);
            let watch = Watch::open(home, remote, &log, Some(&owner.root))?;
            out.keys.insert(client, key);
            let stop = out.stop.clone();
            let thread = thread::Builder::new().name("witness".to_owned());
            let spawned = thread.spawn(move || on_its_own(watch, stop));
            spawned.map_err(|error| Fault::unreachable(format!("no thread: {error}")))?;
        }
        Ok(out)
    }

    /// The verifier key of a client's witness.
    pub fn key(&self, client: &str) -> Option<&String> {
        self.keys.get(client)
    }

    /// Waits until every witness has seen its whole ledger, as long as is reasonable; says how many lines the slowest one
    /// lacks then.
    ///
    /// # Errors
    /// If the desk does not say, or a witness disagrees.
    pub async fn caught_up(&self, api: &ApiClient) -> Result<u64, Fault> {
        let (mut ticks, mut lag) = (interval(Duration::from_millis(20)), u64::MAX);
        for _ in 0..LOOKS {
            ticks.tick().await;
            lag = 0;
            for client in self.keys.keys() {
                let rows = api.get(&format!("/api/v1/clients/{client}/witnesses")).await?;
                for row in rows.as_array().into_iter().flatten() {
                    if let Some(why) = row.get("disagrees").and_then(Value::as_str) {
                        return Err(Fault::unverified(format!("the witness of {client}: {why}")));
                    }
                    lag = lag.max(row.get("behind").and_then(Value::as_u64).unwrap_or(u64::MAX));
                }
            }
            if lag == 0 {
                break;
            }
        }
        Ok(lag)
    }
}

impl Drop for Witnesses {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn on_its_own(watch: Watch, stop: CancellationToken) {
    match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(async {
            tokio::select! {
                () = run(watch) => {}
                () = stop.cancelled_owned() => {}
            }
        }),
        Err(error) => tracing::error!(%error, "a witness has no runtime"),
    }
}

/// Looks and cosigns until it is ended, or until the ledger is not what it must be.
async fn run(mut watch: Watch) {
    let mut pause = interval(PAUSE);
    loop {
        match watch.round(WAIT).await {
            Ok(_) => {}
            // The desk was told, and shows it.
            Err(Stop::Disagrees { .. }) => return,
            Err(Stop::Fault(fault)) => {
                tracing::warn!(%fault, "a witness could not look");
                pause.tick().await;
            }
        }
    }
}
