//! `GET /.well-known/oauth-authorization-server` (RFC 8414) and `GET /oauth/jwks`.

use axum::{Json, extract::State};
use serde_json::{Value, json};

use crate::{Desk, DeskError};

/// What the server can, as RFC 8414 section 2 names it.
pub(crate) async fn show(State(desk): State<Desk>) -> Json<Value> {
    let issuer = desk.issuer();
    Json(json!({
        "issuer": issuer,
        "token_endpoint": desk.token_endpoint(),
        "jwks_uri": format!("{issuer}/oauth/jwks"),
        "response_types_supported": [],
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["ES256", "EdDSA"],
        "dpop_signing_alg_values_supported": ["ES256", "EdDSA"],
        "protected_resources": [format!("{}/mcp", desk.gateway())],
        "service_documentation": "https://www.rfc-editor.org/rfc/rfc9449",
    }))
}

/// The keys that access tokens are signed with.
pub(crate) async fn keys(State(desk): State<Desk>) -> Result<Json<Value>, DeskError> {
    Ok(Json(desk.jwks()?.to_json()))
}
