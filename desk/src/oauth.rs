//! The OAuth 2.1 authorization server of agents: metadata (RFC 8414), keys (RFC 7517), the authorization and the token
//! endpoint, introspection (RFC 7662), revocation (RFC 7009), and registration (RFC 7591) where the operator allows it.
//!
//! Whoever consents makes a running copy of an agent, bound to the client's own key: what it may do is asked of the ledger
//! with each call, as for every other copy, and whatever ends a copy ends what was given here.
//! Never here: a way to sign in (people sign in at the console), a grant's content (a token says who and for which servers,
//! never what), bearer tokens, client secrets.
//! To add a grant: a file with its `answer`, its line in `token::answered`, its word in `metadata::GRANTS`.

mod authorize;
mod client;
mod code;
mod codes;
mod consent;
mod consented;
mod consents;
mod credentials;
mod cross;
mod document;
mod exchange;
mod family;
mod form;
mod holder;
mod introspect;
mod known;
mod metadata;
mod mint;
mod proof;
mod redirect;
mod refresh;
mod refused;
mod register;
mod request;
mod revoke;
mod scope;
mod sweep;
mod token;

use std::sync::{Arc, OnceLock};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use writ_reach::Outside;

use crate::Desk;

pub use consent::{Back, ConsentAgent, ConsentView, Looked};
pub(crate) use sweep::SWEPT;

/// What the operator says about clients of this server.
#[derive(Debug, Default)]
pub struct OauthSettings {
    /// Fetches clients' metadata documents. SECURITY: their addresses are written by strangers, so hand in one that
    /// reaches public addresses only. Without one, documents are not read.
    pub outside: Option<Arc<dyn Outside>>,
    /// Takes documents of this machine over `http` too: for trying clients out.
    pub loopback: bool,
    /// Lets clients register themselves (RFC 7591).
    pub registration: bool,
    /// Clients of the operator's file.
    pub clients: Vec<ListedClient>,
}

/// A client of the operator's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedClient {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Where answers to it may go.
    pub redirects: Vec<String>,
}

impl ListedClient {
    /// Whether it can be used; `Err` says why not.
    ///
    /// # Errors
    /// A sentence without its full stop.
    pub fn check(&self) -> Result<(), String> {
        let plain = |text: &str| {
            !text.is_empty() && text.len() <= 120 && !text.chars().any(writ_model::text::hidden)
        };
        if !plain(&self.id) || !plain(&self.name) {
            return Err("write a short id and a short name".to_owned());
        }
        match self.redirects.iter().find(|uri| !redirect::fits_listed(uri)) {
            Some(bad) => {
                let bad: String = bad.chars().take(80).collect();
                Err(format!("answers may not go to `{bad}`: write https, or http of this machine"))
            }
            None if self.redirects.is_empty() => Err("name its redirect_uris".to_owned()),
            None => Ok(()),
        }
    }
}

/// What this process knows of clients and codes. In memory: a restart forgets codes, and they are asked for again.
#[derive(Debug, Default)]
pub(crate) struct Oauth {
    settings: OnceLock<OauthSettings>,
    codes: codes::Codes,
    waiting: codes::Waiting,
    known: known::Known,
    families: family::Turns,
    swept: sweep::Swept,
}

impl Oauth {
    fn settings(&self) -> &OauthSettings {
        static NONE: OauthSettings = OauthSettings {
            outside: None,
            loopback: false,
            registration: false,
            clients: Vec::new(),
        };
        self.settings.get().unwrap_or(&NONE)
    }
}

impl Desk {
    /// Says which clients this server knows, and how it may look at others. Only the first call counts.
    pub fn set_oauth(&self, settings: OauthSettings) {
        if self.inner.oauth.settings.set(settings).is_err() {
            tracing::warn!("second settings of the authorization server were left out");
        }
    }

    /// The token endpoint.
    pub(crate) fn token_endpoint(&self) -> String {
        format!("{}/oauth/token", self.issuer())
    }
}

/// The OAuth routes. They speak OAuth's own error form, so they stand outside the REST table.
pub(crate) fn router() -> Router<Desk> {
    let form = || DefaultBodyLimit::max(form::MAX_FORM);
    Router::new()
        .route("/.well-known/oauth-authorization-server", cross::open(get(metadata::show)))
        .route("/.well-known/openid-configuration", cross::open(get(metadata::show)))
        .route("/oauth/jwks", cross::open(get(metadata::keys)))
        .route("/oauth/authorize", get(authorize::begin))
        .route("/oauth/token", cross::open(post(token::issue).layer(form())))
        .route("/oauth/introspect", post(introspect::tell).layer(form()))
        .route("/oauth/revoke", post(revoke::end).layer(form()))
        .route("/oauth/register", cross::open(post(register::take).layer(form())))
}
