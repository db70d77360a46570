//! `GET /.well-known/oauth-authorization-server` (RFC 8414), the same under OpenID Connect's name for it (which MCP has clients
//! ask as well), and `GET /oauth/jwks`.

use axum::{Json, extract::State};
use serde_json::{Value, json};

use super::scope;
use crate::{Desk, DeskError};

/// What the token endpoint takes.
pub(super) const GRANTS: [&str; 4] =
    ["authorization_code", "refresh_token", "client_credentials", super::exchange::GRANT];
const ALGORITHMS: [&str; 2] = ["ES256", "EdDSA"];

/// What the server can, as RFC 8414 section 2 names it.
pub(crate) async fn show(State(desk): State<Desk>) -> Json<Value> {
    let issuer = desk.issuer();
    let settings = desk.inner.oauth.settings();
    let mut about = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/oauth/authorize"),
        "token_endpoint": desk.token_endpoint(),
        "jwks_uri": format!("{issuer}/oauth/jwks"),
        "introspection_endpoint": format!("{issuer}/oauth/introspect"),
        "revocation_endpoint": format!("{issuer}/oauth/revoke"),
        "scopes_supported": scope::supported(),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": GRANTS,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "client_id_metadata_document_supported": settings.outside.is_some(),
        "dpop_signing_alg_values_supported": ALGORITHMS,
        "protected_resources": [format!("{}/mcp", desk.gateway())],
        "service_documentation": "https://www.rfc-editor.org/rfc/rfc9449",
    });
    if let Some(members) = about.as_object_mut() {
        for endpoint in ["token", "introspection", "revocation"] {
            let methods = json!(["private_key_jwt", "none"]);
            members.insert(format!("{endpoint}_endpoint_auth_methods_supported"), methods);
            let named = format!("{endpoint}_endpoint_auth_signing_alg_values_supported");
            members.insert(named, json!(ALGORITHMS));
        }
        if settings.registration {
            let at = format!("{issuer}/oauth/register");
            members.insert("registration_endpoint".to_owned(), at.into());
        }
    }
    Json(about)
}

/// The keys that access tokens are signed with.
pub(crate) async fn keys(State(desk): State<Desk>) -> Result<Json<Value>, DeskError> {
    Ok(Json(desk.jwks()?.to_json()))
}
