//! Payloads of the facts about accounts at protected servers: that one was connected, and for whom. Never a token.
//! Never here: what they do to the state (`fold.rs`).

use std::fmt;

use serde::{Deserialize, Serialize};
use writ_model::{AgentId, Digest, PersonId};

/// For whom an account at a protected server is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// For every agent of the client.
    Client,
    /// For one agent.
    Agent(AgentId),
    /// For the agents of one person.
    Person(PersonId),
}

impl Holder {
    /// The name in the vault of one connection of it at a server: each has its own, so that none is written over another.
    pub fn account(self, server: &str, connection: Digest) -> String {
        format!("upstream-account/{server}/{self}/{connection}")
    }

    /// The name that older builds gave to whatever connection there was. It is read, and
    /// moved with the next refresh.
    pub fn kept(self, server: &str) -> String {
        format!("upstream/{server}/{self}")
    }

    /// The name in the vault of the scopes that a server wants beyond those that were granted.
    pub fn wanted(self, server: &str) -> String {
        format!("upstream-wants/{server}/{self}")
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client => out.write_str("client"),
            Self::Agent(id) => write!(out, "{id}"),
            Self::Person(id) => write!(out, "{id}"),
        }
    }
}

/// See [`crate::Fact::UpstreamConnected`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpstreamConnected {
    /// Which server, by the operator's name.
    pub server: String,
    /// For whom.
    pub holder: Holder,
    /// Which connection: the sealed tokens name it too, and count only while the ledger does.
    pub connection: Digest,
    /// Whose tokens: the authorization server.
    pub issuer: String,
    /// What was granted there.
    pub scopes: Vec<String>,
}
