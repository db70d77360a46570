//! [`Refused`]: a refused request, in OAuth's own form (RFC 6749 section 5.2).
//!
//! Never here: a reason for who has not proved to be the client, or a secret.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;
use writ_identity::Fault;

use crate::DeskError;

pub(super) const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// A refused request.
#[derive(Debug)]
pub(crate) struct Refused {
    /// OAuth's word.
    pub(super) error: &'static str,
    pub(super) why: String,
    /// A nonce that the client must use (RFC 9449 section 8).
    pub(super) nonce: Option<String>,
}

impl Refused {
    pub(super) fn new(error: &'static str, why: impl Into<String>) -> Self {
        Self { error, why: why.into(), nonce: None }
    }

    pub(super) fn request(why: impl Into<String>) -> Self {
        Self::new("invalid_request", why)
    }

    pub(super) fn client(why: impl Into<String>) -> Self {
        Self::new("invalid_client", why)
    }

    pub(super) fn grant(why: impl Into<String>) -> Self {
        Self::new("invalid_grant", why)
    }

    /// Not now; later it may work, with the same token.
    pub(super) fn later(why: impl Into<String>) -> Self {
        Self::new("temporarily_unavailable", why)
    }

    pub(super) fn of(fault: &dyn Fault) -> Self {
        let why = format!("{fault} ({}): {}", fault.code(), fault.cure());
        Self::new(fault.oauth_error(), why)
    }

    pub(super) fn server(why: &dyn std::fmt::Display) -> Self {
        tracing::error!(error = %why, "an OAuth request failed");
        Self::new("server_error", "this could not be done; try again in a moment")
    }

    /// What a command's refusal means for a grant.
    pub(super) fn of_desk(fault: &DeskError) -> Self {
        match fault {
            DeskError::Refused(refusal) => {
                Self::grant(format!("{refusal} ({}): {}", refusal.code, refusal.cure))
            }
            DeskError::NotInTurn | DeskError::Busy { .. } => Self::later(fault.to_string()),
            DeskError::Forbidden { what, cure, .. } => Self::grant(format!("{what}: {cure}")),
            other => Self::server(other),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match self.error {
            "invalid_client" => StatusCode::UNAUTHORIZED,
            "access_denied" => StatusCode::FORBIDDEN,
            "server_error" => StatusCode::INTERNAL_SERVER_ERROR,
            "temporarily_unavailable" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        };
        let body = json!({ "error": self.error, "error_description": plain(&self.why) });
        let mut response = (status, no_store(), body.to_string()).into_response();
        if let Some(nonce) = self.nonce.and_then(|nonce| HeaderValue::from_str(&nonce).ok()) {
            response.headers_mut().insert(DPOP_NONCE, nonce);
        }
        response
    }
}

/// Only the letters that RFC 6749 section 5.2 allows in a description.
pub(super) fn plain(text: &str) -> String {
    let fits = |letter: &char| matches!(letter, ' '..='~') && !matches!(letter, '"' | '\\');
    text.chars().map(|letter| if fits(&letter) { letter } else { '\'' }).collect()
}

pub(super) fn no_store() -> [(HeaderName, &'static str); 2] {
    [(header::CACHE_CONTROL, "no-store"), (header::CONTENT_TYPE, "application/json")]
}
