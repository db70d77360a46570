//! [`Fleet`]: what the desk has to know of the gateways, as a trait that the wiring implements: the desk and the gateway
//! stand on the same floor and never call each other.
//!
//! Never here: a command to a gateway. Gateways follow the ledger.

use std::collections::BTreeMap;

use serde::Serialize;
use writ_model::{BootId, GatewayId, Timestamp};

/// A tool server behind a gateway, from the operator's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerStatus {
    /// Its name in the operator's file.
    pub name: String,
    /// `http` or `stdio`.
    pub kind: String,
    /// The client it is for, by short name; none for every client.
    pub client: Option<String>,
}

/// One gateway as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GatewayStatus {
    /// Which.
    pub gateway: GatewayId,
    /// In which run.
    pub boot: BootId,
    /// Since when.
    pub started_at: Timestamp,
    /// Its base address as clients see it, for example `http://127.0.0.1:7421`.
    pub url: String,
    /// Whether it follows the ledger now.
    pub following: bool,
    /// Servers behind it.
    pub servers: Vec<ServerStatus>,
    /// Its counters by name: calls, refusals by code, streams.
    pub counters: BTreeMap<String, u64>,
}

/// The gateways of this installation.
pub trait Fleet: Send + Sync + std::fmt::Debug {
    /// Every gateway that must confirm an ended agent.
    fn gateways(&self) -> Vec<GatewayStatus>;

    /// The base address that tokens are for, if there is a gateway.
    fn base(&self) -> Option<String> {
        self.gateways().into_iter().next().map(|gateway| gateway.url)
    }
}

/// No gateway: a stopped store that the command line opened.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFleet;

impl Fleet for NoFleet {
    fn gateways(&self) -> Vec<GatewayStatus> {
        Vec::new()
    }
}
