//! Beginning: the address that somebody is sent to, and the cookie that ties the answer to their browser.
//!
//! Never here: an address of another site to come back to (`next` is a local path).

use writ_model::Secret;

use super::{
    Party,
    pending::{LIFE, Purpose},
    refused::Refused,
};
use crate::{Desk, case::sign_in::local_path};

/// The cookie of a sign-in under way.
pub(super) const COOKIE: &str = "writ_oidc";

/// Where to send somebody, and what to give their browser.
#[derive(Debug)]
pub(crate) struct Away {
    /// The identity provider's page. It holds no secret: state and nonce are worth nothing without the cookie.
    pub(crate) to: String,
    /// The value of `Set-Cookie`.
    pub(crate) set_cookie: Secret<String>,
}

impl Party {
    pub(super) async fn begin(&self, desk: &Desk, purpose: Purpose) -> Result<Away, Refused> {
        let outside = self.outside.as_ref();
        let metadata = self.known.metadata(&self.settings, outside, desk.now()).await?;
        let begun = self.pending.begin(purpose, desk.entropy().as_ref(), desk.now());
        let redirect = desk.oidc_redirect();
        let mut scope = "openid".to_owned();
        for more in &self.settings.scopes {
            scope.push(' ');
            scope.push_str(more);
        }
        let strength = &self.settings.strength;
        let (acr, max_age) = (strength.acr.join(" "), strength.max_age.unwrap_or_default());
        let max_age = max_age.to_std().as_secs().to_string();
        let mut query = vec![
            ("response_type", "code"),
            ("client_id", &self.settings.client_id),
            ("redirect_uri", &redirect),
            ("scope", &scope),
            ("state", &begun.state),
            ("nonce", &begun.nonce),
            ("code_challenge", &begun.challenge),
            ("code_challenge_method", "S256"),
        ];
        if !acr.is_empty() {
            query.push(("acr_values", &acr));
        }
        if strength.max_age.is_some() {
            query.push(("max_age", &max_age));
        }
        let query = writ_reach::encode(&query);
        let base = metadata.authorization.as_str();
        let joint = if base.contains('?') { '&' } else { '?' };
        Ok(Away {
            to: format!("{base}{joint}{query}"),
            set_cookie: Secret::new(cookie(desk, begun.cookie.expose(), LIFE.to_std().as_secs())),
        })
    }
}

/// SECURITY: `Lax`, because the identity provider's redirect comes from another site and must bring it along; it signs
/// nobody in, it only says which browser began.
pub(super) fn cookie(desk: &Desk, value: &str, seconds: u64) -> String {
    let secure = if desk.inner.parts.origin.starts_with("https://") { "; Secure" } else { "" };
    format!("{COOKIE}={value}; HttpOnly; SameSite=Lax; Path=/oidc; Max-Age={seconds}{secure}")
}

/// A path of this server to go on to, fit for a `Refresh` header; `/` for everything else.
pub(super) fn local(next: &str) -> String {
    let path = local_path(Some(next));
    if path.contains(['"', '\'', '<', '>', ';', ',']) { "/".to_owned() } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_local_paths_are_gone_on_to() {
        for path in ["/", "/queue", "/clients/harbor-books?x=1#y"] {
            assert_eq!(local(path), path);
        }
        let long = format!("/{}", "x".repeat(2_048));
        for path in [
            "",
            "queue",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "/a b",
            "/a\r\nSet-Cookie: x",
            "/ü",
            "/a;url=//evil.example",
            &long,
        ] {
            assert_eq!(local(path), "/", "{path}");
        }
    }
}
