//! [`LocalFleet`]: the one gateway of this process, as the desk sees it.
//!
//! Never here: a command to the gateway; it follows the ledger. To show one more number: [`LocalFleet::gateways`].

use std::{collections::BTreeMap, sync::Arc};

use writ_desk::{Fleet, GatewayStatus, ServerStatus};
use writ_gateway::Running;
use writ_model::{BootId, GatewayId, Timestamp};

use crate::config::{Config, Place};

/// The gateway of this process.
#[derive(Debug)]
pub struct LocalFleet {
    gateway: Arc<Running>,
    id: GatewayId,
    boot: BootId,
    started_at: Timestamp,
    servers: Vec<ServerStatus>,
}

impl LocalFleet {
    /// A fleet of one.
    pub fn new(
        gateway: Arc<Running>,
        (id, boot): (GatewayId, BootId),
        config: &Config,
        started_at: Timestamp,
    ) -> Self {
        let servers = config
            .servers
            .iter()
            .map(|server| ServerStatus {
                name: server.name.clone(),
                kind: match server.place {
                    Place::Url(_) => "http",
                    Place::Command { .. } => "command",
                    Place::Wrapped => "wrapped",
                }
                .to_owned(),
                client: server.client.clone(),
            })
            .collect();
        Self { gateway, id, boot, started_at, servers }
    }
}

impl Fleet for LocalFleet {
    fn gateways(&self) -> Vec<GatewayStatus> {
        let counted = self.gateway.counters();
        let mut counters: BTreeMap<String, u64> = counted
            .refused
            .iter()
            .map(|(code, count)| (format!("refused {code}"), *count))
            .collect();
        for (name, count) in [
            ("requests", counted.requests),
            ("allowed", counted.allowed),
            ("blocked", counted.blocked),
            ("errored", counted.errored),
            ("forwarded", counted.forwarded),
        ] {
            counters.insert(name.to_owned(), count);
        }
        vec![GatewayStatus {
            gateway: self.id,
            boot: self.boot,
            started_at: self.started_at,
            url: self.gateway.base().to_owned(),
            following: true,
            servers: self.servers.clone(),
            counters,
        }]
    }
}
