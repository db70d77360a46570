//! Protected servers and the accounts that are connected there.

use serde::Serialize;
use writ_model::{AgentId, Timestamp};

use super::PersonRef;

/// A protected server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UpstreamView {
    /// Its name.
    pub server: String,
    /// Where it is.
    pub address: String,
    /// How tokens are come by: `code`, `client_credentials`, `workload`, `enterprise`.
    pub grant: &'static str,
    /// For whom one account is: `client`, `agent`, `person`.
    pub account_of: &'static str,
    /// Whether a person has to connect an account; otherwise the gateway lets itself in.
    pub consent: bool,
    /// The accounts that are connected.
    pub accounts: Vec<ConnectedRow>,
}

/// An account that is connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConnectedRow {
    /// For whom, in words.
    pub holder: String,
    /// For which agent, if for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// For whose agents, if for a person's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonRef>,
    /// Its authorization server.
    pub issuer: String,
    /// What was granted there.
    pub scopes: Vec<String>,
    /// What the server wants beyond that: it is asked for when the account is connected again.
    pub wanted: Vec<String>,
    /// Who consented.
    pub by: PersonRef,
    /// When.
    pub at: Timestamp,
    /// The line that says so.
    pub line: u64,
}

/// The link that connects an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConnectView {
    /// What the person opens, once, in their own browser, signed in here.
    pub url: String,
    /// Until when.
    pub expires: Timestamp,
    /// At which server.
    pub server: String,
}
