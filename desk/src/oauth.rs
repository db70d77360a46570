//! The OAuth 2.1 authorization server of agents: metadata (RFC 8414), keys (RFC 7517), and the token endpoint.
//!
//! Never here: people (they sign in at the console), a grant's content (a token says who, never what), bearer tokens.

mod metadata;
mod token;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};

use crate::Desk;

impl Desk {
    /// The token endpoint.
    pub(crate) fn token_endpoint(&self) -> String {
        format!("{}/oauth/token", self.issuer())
    }
}

/// The OAuth routes. They speak OAuth's own error form, so they stand outside the REST table.
pub(crate) fn router() -> Router<Desk> {
    Router::new()
        .route("/.well-known/oauth-authorization-server", get(metadata::show))
        .route("/oauth/jwks", get(metadata::keys))
        .route("/oauth/token", post(token::issue).layer(DefaultBodyLimit::max(token::MAX_FORM)))
}
