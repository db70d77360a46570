//! The issuer's public keys on their way from the desk to gateways: the set stands in the vault, sealed and authenticated by
//! the installation's key; at the roster only its digest is published, which says that it changed.
//!
//! SECURITY: whoever has the database can forge the roster, and has no key file: a forged digest makes gateways read again,
//! nothing more. Never here: a private key.
//! To let gateways learn one more thing from the desk: as here, a secret of the installation and a notice.

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use writ_desk::Desk;
use writ_gateway::Running;
use writ_identity::{JwkSet, PublicKeys};
use writ_model::{Digest, Secret};
use writ_store::{Roster, Space, Vault};

use crate::fault::Fault;

/// The set's name in the vault.
const SECRET: &str = "oauth/jwks";
/// The notice's name at the roster.
const NOTICE: &str = "jwks";
/// How often gateways look, and the desk says it again.
const LOOK: Duration = Duration::from_secs(2);

fn fault(what: &str, why: &dyn std::fmt::Display) -> Fault {
    Fault::unreachable(format!("the issuer's keys could not be {what}: {why}"))
}

/// Hands the desk's keys to gateways.
///
/// # Errors
/// If vault or roster fail.
pub async fn publish(desk: &Desk, vault: &dyn Vault, roster: &dyn Roster) -> Result<(), Fault> {
    let set = desk.jwks().map_err(|why| fault("read", &why))?;
    let text = set.to_json().to_string().into_bytes();
    let digest = Digest::of(&text).to_string().into_bytes();
    vault
        .put(Space::Installation, SECRET, Secret::new(text))
        .await
        .map_err(|why| fault("kept", &why))?;
    roster.publish(NOTICE, digest).await.map_err(|why| fault("published", &why))
}

/// Whether a desk has published keys at any time.
///
/// # Errors
/// If the roster fails.
pub async fn published(roster: &dyn Roster) -> Result<bool, Fault> {
    roster.published(NOTICE).await.map(|found| found.is_some()).map_err(|why| fault("found", &why))
}

/// The keys as they are now; none if no desk has published any.
///
/// # Errors
/// If the vault fails, or what it has is no set of keys.
pub async fn read(vault: &dyn Vault) -> Result<Option<PublicKeys>, Fault> {
    let found = vault.get(Space::Installation, SECRET).await.map_err(|why| fault("read", &why))?;
    let Some(text) = found else { return Ok(None) };
    let set = JwkSet::parse(text.expose()).map_err(|why| fault("read", &why))?;
    PublicKeys::from_set(&set).map(Some).map_err(|why| fault("used", &why))
}

/// Lets a gateway trust what the desk publishes, until told to stop. `known` says whether it has any keys yet.
pub async fn follow(
    gateway: Arc<Running>,
    (vault, roster): (Arc<dyn Vault>, Arc<dyn Roster>),
    known: impl Fn() + Send,
    stop: CancellationToken,
) {
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last: Option<Vec<u8>> = None;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _at = ticks.tick() => {}
        }
        let notice = match roster.published(NOTICE).await {
            Ok(notice) => notice,
            Err(why) => {
                tracing::debug!(%why, "the issuer's keys are as they were");
                continue;
            }
        };
        if notice.is_none() || notice == last {
            continue;
        }
        match read(vault.as_ref()).await {
            Ok(Some(keys)) => {
                gateway.trust(keys);
                known();
                last = notice;
                tracing::info!(event = "gateway.keys", "the issuer's keys were taken over");
            }
            Ok(None) => {}
            Err(why) => tracing::warn!(event = "gateway.keys_unread", error = %why, "as they were"),
        }
    }
}
