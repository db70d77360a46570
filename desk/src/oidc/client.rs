//! The token request (RFC 6749 section 4.1.3, RFC 7636 section 4.5): how we prove who we are, and the ID token out of the
//! answer. The access token beside it is dropped unread.
//!
//! Never here: a code, a verifier, a secret or an answer in a log.

use serde_json::json;
use writ_identity::{SigningKey, assertion::ASSERTION_TYPE, jws};
use writ_model::{
    Secret, Span,
    json::{self, Limits, Node},
};
use writ_reach::{Ask, Place};

use super::{
    Party, random,
    refused::{Refused, Why},
};
use crate::{Desk, keys};

/// How long an assertion of ours lives: one request.
const ASSERTION_LIFE: Span = Span::seconds(60);
/// LIMIT: bytes of an OAuth error word that reaches the log.
const WORD: usize = 40;

impl Party {
    /// Exchanges a code for the ID token, unverified yet.
    pub(super) async fn exchange(
        &self,
        desk: &Desk,
        token: &Place,
        code: &str,
        verifier: &Secret<String>,
    ) -> Result<Secret<String>, Refused> {
        let redirect = desk.oidc_redirect();
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &redirect),
            ("code_verifier", verifier.expose()),
        ];
        let client = &self.settings.client_id;
        let ask = if let Some(secret) = &self.settings.secret {
            let basic = writ_reach::basic(client, secret);
            Ask::form(token.clone(), &fields).with_authorization(basic)
        } else {
            let assertion = self.assertion(desk).await?;
            fields.push(("client_id", client));
            fields.push(("client_assertion_type", ASSERTION_TYPE));
            fields.push(("client_assertion", assertion.expose()));
            Ask::form(token.clone(), &fields)
        };
        let answer = self.outside.ask(ask).await?;
        let document = json::parse(&answer.body, &Limits::REQUEST)
            .map_err(|why| Refused::new(Why::Code, format!("its answer is not JSON: {why}")))?;
        let text = |name: &str| document.get(name).and_then(Node::as_str);
        if answer.status != 200 {
            let error = text("error").map_or_else(String::new, word);
            let log = format!("the token endpoint answered {} {error}", answer.status);
            return Err(Refused::new(Why::Code, log));
        }
        if !text("token_type").is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")) {
            return Err(Refused::new(Why::Code, "its answer has another token type"));
        }
        let id_token = text("id_token");
        let id_token =
            id_token.ok_or_else(|| Refused::new(Why::Token, "its answer holds no ID token"))?;
        Ok(Secret::new(id_token.to_owned()))
    }

    /// `private_key_jwt` (OpenID Connect Core section 9); its one audience is the issuer.
    async fn assertion(&self, desk: &Desk) -> Result<Secret<String>, Refused> {
        let key = desk.oidc_key().await?;
        let now = desk.now();
        let claims = json!({
            "iss": self.settings.client_id,
            "sub": self.settings.client_id,
            "aud": self.settings.issuer.as_str(),
            "iat": now.seconds(),
            "exp": (now + ASSERTION_LIFE).seconds(),
            "jti": random(desk.entropy().as_ref()),
        });
        let signed = jws::sign(&key, "JWT", claims.to_string().as_bytes());
        signed.map(Secret::new).map_err(|fault| Refused::new(Why::Unreachable, fault.to_string()))
    }
}

impl Desk {
    /// The key that proves who we are at the identity provider; made on first use.
    pub(super) async fn oidc_key(&self) -> Result<SigningKey, Refused> {
        let vault = self.inner.parts.vault.as_ref();
        Ok(keys::oidc_client_key(vault, self.entropy().as_ref()).await?)
    }
}

/// An OAuth error word as the log may have it.
pub(super) fn word(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '?' };
    text.chars().take(WORD).map(plain).collect()
}
