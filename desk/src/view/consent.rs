//! Programs that people let in, each as the running copy of an agent.

use serde::Serialize;
use writ_model::{AgentId, InstanceId, Timestamp};

use super::PersonRef;

/// Programs that people let in and that may still renew their tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConsentsView {
    /// The newest first, at most 200.
    pub rows: Vec<ConsentRow>,
    /// How many more there may be, older than those.
    pub more: usize,
}

/// A program that a person let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConsentRow {
    /// What it calls itself.
    pub name: String,
    /// Its client id.
    pub client_id: String,
    /// How it is known here: `listed` by the operator, `document` of its own, `registered` by itself.
    pub known: &'static str,
    /// Who let it in.
    pub person: PersonRef,
    /// As which agent.
    pub agent: AgentId,
    /// Its name.
    pub agent_name: String,
    /// The running copy that it is: ending that ends this.
    pub instance: InstanceId,
    /// The gateway's address that its tokens are for.
    pub resource: String,
    /// The servers of it: `mcp` is all of them, `mcp:NAME` that one.
    pub scopes: Vec<String>,
    /// Since when.
    pub since: Timestamp,
    /// When it last got a token by this.
    pub used: Timestamp,
    /// Until when at most.
    pub until: Timestamp,
}
