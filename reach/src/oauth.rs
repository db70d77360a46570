//! OAuth 2.1 (draft-13) as the client of protected MCP servers: what a refusal says, where its authorization server is,
//! who we are there, and tokens by a person's consent, by our own credentials, by a workload's or an enterprise's word.
//!
//! Never here: storage, a retry of what may have acted, a token in a log or an error, a decision for whom a token is.
//! Every address that a server or its metadata names is asked through the [`Outside`] that is handed in: hand in one of
//! [`crate::Https::public_only`].
//! To add a grant: a variant of [`Grant`], its form in `grants.rs`, a row in the tests' tables.

pub mod challenge;
mod code;
mod discover;
mod fault;
mod grants;
mod kept;
mod key;
mod probe;
mod register;
mod token;

#[cfg(test)]
mod tests;

use std::{path::PathBuf, sync::Arc};

use writ_identity::AgentKey;
use writ_model::{Clock, Entropy, Secret};

use crate::{Outside, Place};

pub use challenge::{Challenge, MAX_SCOPES, Scheme};
pub use code::{Answered, Begun, begin, finish, way_back};
pub use discover::{Found, discover};
pub use fault::OauthFault;
pub use grants::{by_assertion, by_exchange, by_ourselves, refreshed, revoke};
pub use kept::Kept;
pub use key::ProofKey;
pub use probe::probe;
pub use register::{ClientAt, Method, document};

/// What every step needs: whom to ask, the time, randomness.
#[derive(Debug, Clone, Copy)]
pub struct Hands<'a> {
    /// Asks.
    pub outside: &'a dyn Outside,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Randomness.
    pub entropy: &'a dyn Entropy,
}

impl Hands<'_> {
    /// 256 bits as base64url: states, verifiers, ids of proofs.
    pub(crate) fn random(&self) -> String {
        let mut bytes = [0; 32];
        self.entropy.fill(&mut bytes);
        writ_identity::encode_base64url(&bytes)
    }
}

/// A server that lets in nobody without a token.
#[derive(Debug)]
pub struct Protected {
    /// What the operator says about it.
    pub settings: Settings,
    /// Whose tokens are shown.
    pub holders: Holders,
    /// Asks authorization servers.
    pub outside: Arc<dyn Outside>,
    /// Where the word of a workload, or an identity provider's word, stands: a file, read whenever a token is got. In its
    /// path `{client}`, `{agent}` and `{person}` stand for the client's short name and the ids.
    pub word: Option<PathBuf>,
}

/// For whom one token is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Holders {
    /// One for all agents of a client.
    Client,
    /// One for each agent.
    #[default]
    Agent,
    /// One for each person whose agents call.
    Person,
}

impl Holders {
    /// The word of the operator's file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Agent => "agent",
            Self::Person => "person",
        }
    }
}

/// What the operator says about a protected server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the server is.
    pub at: Place,
    /// How tokens are come by.
    pub grant: Grant,
    /// The one authorization server that is believed; without it, the first that the server names.
    pub issuer: Option<String>,
    /// Who we are there, if somebody registered us before. SECURITY: with [`Settings::issuer`], shown to no other (SEP-2352).
    pub client: Option<Registered>,
    /// Where our own metadata stand (Client ID Metadata Document), if authorization servers can reach them.
    pub document: Option<String>,
    /// Scopes to ask for instead of those that the server names.
    pub scopes: Option<Vec<String>>,
    /// Whether tokens are bound to a key of ours.
    pub dpop: Dpop,
    /// The authorization server takes PKCE with S256 though its metadata do not say so.
    pub assume_pkce: bool,
}

/// How tokens are come by.
#[derive(Debug, Clone)]
pub enum Grant {
    /// A person consents in their browser: authorization code with PKCE.
    Code,
    /// We are the client and nobody else is asked: `client_credentials`.
    Ourselves,
    /// A workload's own token is the word: `jwt-bearer` (RFC 7523; SEP-1933).
    Workload,
    /// An identity provider's word for a person is exchanged for a grant, and that for a token (SEP-990; ID-JAG).
    Enterprise(Box<Provider>),
}

impl Grant {
    /// The word of the operator's file.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Ourselves => "client_credentials",
            Self::Workload => "workload",
            Self::Enterprise(_) => "enterprise",
        }
    }
}

/// The enterprise's identity provider.
#[derive(Debug, Clone)]
pub struct Provider {
    /// Where it exchanges tokens.
    pub token: Place,
    /// Who we are there.
    pub client: Registered,
}

/// A registration that somebody made for us.
#[derive(Debug, Clone)]
pub struct Registered {
    /// Our `client_id`.
    pub id: String,
    /// How we prove it.
    pub proof: Proof,
}

/// How we prove who we are to an authorization server.
#[derive(Debug, Clone)]
pub enum Proof {
    /// Not at all: a public client.
    Nothing,
    /// By a shared secret.
    Secret(Secret<String>),
    /// By a signature (`private_key_jwt`).
    Key(Arc<AgentKey>),
}

/// Whether tokens are bound to a key of ours (RFC 9449).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dpop {
    /// Where the authorization server says that it can.
    #[default]
    Offered,
    /// Always; a token that is not bound is refused.
    Always,
    /// Never.
    Never,
}
