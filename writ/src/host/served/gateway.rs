//! The role `gateway`: decides and forwards calls by a lease on the ledger, and brings its records to the bus.
//!
//! Never here: a lake, a page, a rule. To hand the gateway one more seam: its field in [`parts`].

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use writ_authority::fact::Confirmation;
use writ_gateway::{Confirm, GatewayParts, Recorder, Scribe};
use writ_identity::PublicKeys;
use writ_model::TenantId;
use writ_store::{Bus, LeasedMeter, Note, Roster};

use super::{Common, bus};
use crate::{
    fault::Fault,
    host::{
        askers, bounds,
        brake::Brake,
        control::{self, Control},
        fleet,
        health::Health,
        keys,
        lane::{self, Lane},
        scribe::LedgerScribe,
        servers,
        upstreams::{self, Around},
    },
};

/// How long is waited before orders of this machine are told to the roster again.
const AGAIN: Duration = Duration::from_secs(1);

/// How long a confirmation is kept back. What was measured is in it and does not change; meanwhile the other gateways hear of
/// the end, and none of them waits behind the proof that this one has.
const PROOF_WAITS: Duration = Duration::from_millis(250);

/// The running role.
#[derive(Debug)]
pub struct GatewayRole {
    lane: Lane,
    recorder: Arc<dyn Recorder>,
}

/// Leaves confirmations where the ledgers' writers find them.
#[derive(Debug)]
struct Noted {
    roster: Arc<dyn Roster>,
    stop: CancellationToken,
}

#[async_trait]
impl Confirm for Noted {
    async fn confirm(&self, tenant: TenantId, said: Confirmation) -> Result<(), String> {
        let body = serde_json::to_vec(&said).map_err(|fault| fault.to_string())?;
        let note = Note::Confirmed(tenant, body);
        // A gateway that ends says it at once.
        timeout(PROOF_WAITS, self.stop.cancelled()).await.ok();
        self.roster.note(note).await.map_err(|fault| fault.to_string())
    }
}

impl GatewayRole {
    /// Starts it; it refuses until its lease is taken, and while it is halted.
    ///
    /// # Errors
    /// If its address is taken, a server of the operator's file is unusable, or its spool cannot be opened.
    pub async fn start(
        common: &Arc<Common>,
        bus: &Arc<dyn Bus>,
        brake: &Arc<Brake>,
        health: &Health,
    ) -> Result<Self, Fault> {
        let (vault, roster) = (&common.shared.vault, &common.shared.roster);
        let recorder = bus::recorder(common, bus)?;
        let known = keys::read(vault.as_ref()).await?;
        let trusts = Arc::new(AtomicBool::new(known.is_some()));
        common.parts.set_recorder(&recorder);
        let recorder: Arc<dyn Recorder> = recorder;
        let parts = parts(common, known.unwrap_or_default(), &recorder)?;
        let lane = Lane::start(parts, brake).await?;
        common.parts.set_gateway(lane.gateway());
        let (gateway, trusted) = (Arc::clone(lane.gateway()), Arc::clone(&trusts));
        common.tasks.spawn(keys::follow(
            Arc::clone(&gateway),
            (Arc::clone(vault), Arc::clone(roster)),
            move || trusted.store(true, Ordering::Relaxed),
            common.stop.clone(),
        ));
        health.role("gateway", move || {
            if !trusts.load(Ordering::Relaxed) {
                return Err("no desk has published its keys yet".to_owned());
            }
            lane::ready(&gateway)
        });
        let telling = tell(Arc::clone(brake), Arc::clone(common), common.stop.clone());
        common.tasks.spawn(telling);
        Ok(Self { lane, recorder })
    }

    /// Listens for orders of this machine.
    ///
    /// # Errors
    /// If the socket cannot be made.
    pub fn control(&self, common: &Common, brake: &Arc<Brake>) -> Result<Control, Fault> {
        let stands = (self.lane.gateway(), Arc::clone(&common.lease));
        control::start(common.shared.folder(), brake, stands, &common.stop)
    }

    /// Its address as agents know it.
    pub fn base(&self) -> &str {
        self.lane.gateway().base()
    }

    /// Takes nothing new, and waits at most so long for what is under way.
    pub async fn drain(&self, most: Duration) {
        let gateway = self.lane.gateway();
        gateway.drain();
        if !gateway.drained(most).await {
            tracing::warn!(
                event = "gateway.drain_cut",
                busy = gateway.busy(),
                "calls did not end in time"
            );
        }
    }

    /// Ends it: what it has recorded is on its disk, and at the bus if that is there.
    pub async fn close(self) {
        self.lane.gateway().halt().await;
        self.recorder.close().await;
    }
}

fn parts(
    common: &Common,
    keys: PublicKeys,
    recorder: &Arc<dyn Recorder>,
) -> Result<GatewayParts, Fault> {
    let (shared, system) = (&common.shared, &common.system);
    let (id, boot) = common.ids;
    let scribe: Arc<dyn Scribe> =
        Arc::new(LedgerScribe::new(shared.sequencer.clone(), system.clone()).among(&shared.roster));
    let around = Around { folder: shared.folder(), system, origin: &common.places.origin };
    Ok(GatewayParts {
        listen: common.config.gateway,
        base: common.config.base.clone(),
        issuer: common.places.issuer.clone(),
        id,
        boot,
        tenants: Arc::clone(shared.sequencer.tenants()),
        engine: Arc::clone(&shared.engine),
        meter: Arc::new(LeasedMeter::new(Arc::clone(&shared.bank), boot)),
        recorder: Arc::clone(recorder),
        held: Arc::clone(&shared.held),
        contexts: Arc::clone(&shared.contexts),
        templates: upstreams::templates(&common.config.servers),
        catalog: common.config.first_sight,
        definitions: Arc::clone(&shared.definitions),
        approvals: common.places.origin.clone(),
        vault: Arc::clone(&shared.vault),
        keys,
        clock: Arc::clone(&system.clock),
        entropy: Arc::clone(&system.entropy),
        servers: servers::checked(&common.config.servers, around)?,
        confirm: Arc::new(Noted { roster: Arc::clone(&shared.roster), stop: common.stop.clone() }),
        scribe,
        lease: Arc::clone(&common.lease),
        bounds: bounds(&common.config),
        askers: askers::read(&common.config.askers, common.shared.folder())?,
    })
}

/// Leaves orders of this machine for the provider's ledger, as soon as the roster can be reached.
async fn tell(brake: Arc<Brake>, common: Arc<Common>, stop: CancellationToken) {
    let mut again = interval(AGAIN);
    again.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        for order in brake.unsaid() {
            let note = fleet::note(common.ids.0, order.clone());
            if let Err(why) = common.shared.roster.note(note).await {
                tracing::debug!(%why, "an order is not written down yet");
                break;
            }
            if let Err(why) = brake.said(&order) {
                tracing::warn!(event = "gateway.order_repeats", error = %why, "told again later");
            }
        }
        let waits = !brake.unsaid().is_empty();
        tokio::select! {
            () = stop.cancelled() => return,
            () = brake.something_unsaid() => {}
            _at = again.tick(), if waits => {}
        }
    }
}
