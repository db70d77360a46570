//! The operator's askers as the gateway wants them: each with its key out of its file.
//!
//! SECURITY: a key is read once, kept wrapped, and printed nowhere. Never here: whether an entry is usable (the gateway
//! checks), or a right to ask (the client's ledger has those).

use std::path::Path;

use writ_gateway::ask::config::Asker;

use super::oidc::secret;
use crate::{config::asker::Asker as Entry, fault::Fault};

/// The askers, with their keys.
///
/// # Errors
/// If a key cannot be read.
pub fn read(entries: &[Entry], folder: &Path) -> Result<Vec<Asker>, Fault> {
    entries.iter().map(|entry| one(entry, folder)).collect()
}

fn one(entry: &Entry, folder: &Path) -> Result<Asker, Fault> {
    Ok(Asker {
        name: entry.name.clone(),
        tenant: entry.client,
        agent: entry.agent.clone(),
        key: secret(&folder.join(&entry.key_file), "asker's key")?,
        peers: entry.peers.clone(),
        roads: entry.roads.clone(),
    })
}
