//! Signing in with a passkey.
//!
//! SECURITY: whatever is wrong with a passkey (unknown, revoked, its person gone, a bad signature) is answered the same.
//! Never here: HTTP (`doors.rs`), a session's rules (`session.rs`).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::Value;
use writ_authority::{CheckAssertion as _, passkey::Key, signed::Assertion};
use writ_identity::webauthn::{AssertionResponse, Requesting, request_options};
use writ_model::{Digest, Span};

use super::keys::challenge_of;
use crate::{
    Desk, DeskError, SignedBy, SignedIn, Via, Who, assertions::WebauthnCheck, ceremony::For, error,
    limit::Knock, view::OptionsView,
};

/// How long a browser may wait for a person to find their key.
const TIMEOUT: Span = Span::minutes(5);
/// LIMIT: letters of the page to go to: the longest is a client's authorization request.
const NEXT: usize = 2_048;

/// What a browser sends to sign in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInBody {
    /// What `PublicKeyCredential.toJSON()` gives.
    pub response: Value,
    /// The page to go to afterwards; anything that is no path of this server is left aside.
    #[serde(default)]
    pub next: Option<String>,
}

impl Desk {
    /// What the browser needs to sign somebody in, whoever it is.
    pub fn sign_in_options(&self) -> OptionsView {
        let (entropy, now) = (self.entropy().as_ref(), self.now());
        let challenge = self.inner.ceremonies.begin(For::SignIn, entropy, now);
        let options = request_options(&Requesting {
            rp: &self.inner.rp,
            challenge: &challenge,
            allow: &[],
            timeout: TIMEOUT,
        });
        OptionsView { challenge: URL_SAFE_NO_PAD.encode(challenge), options, says: Vec::new() }
    }

    /// Opens a session with a passkey. Gives the page to go to beside it: always a path of this server.
    ///
    /// # Errors
    /// One refusal for everything that can be wrong with the passkey; another if too many were wrong.
    pub async fn sign_in_with_passkey(
        &self,
        body: SignInBody,
        agent: &str,
    ) -> Result<(SignedIn, String), DeskError> {
        let response: AssertionResponse = serde_json::from_value(body.response).map_err(|why| {
            DeskError::bad("response", why.to_string(), "Send what the browser's passkey answers.")
        })?;
        let of = Some(Digest::of(&response.credential));
        self.may_knock(&response.credential)?;
        match self.proved(&response).await {
            Ok(key) => {
                let who = Who::new(key.says.person, Via::Console);
                let signed = self.open_session(who, SignedBy::Passkey(key.says.passkey), agent);
                Ok((signed, local_path(body.next.as_deref())))
            }
            Err(fault @ (DeskError::Fault { .. } | DeskError::Unfounded)) => Err(fault),
            Err(why) => {
                self.inner.guesses.wrong(Knock::Passkey, of, self.now());
                tracing::warn!(%why, "a passkey sign-in was refused");
                Err(DeskError::Forbidden {
                    code: error::PASSKEY,
                    what: "this passkey does not sign in here".to_owned(),
                    cure: "Use another passkey of yours, or ask a colleague for a recovery."
                        .to_owned(),
                })
            }
        }
    }

    /// Refuses what is over a bound: strangers together, a known key by itself.
    fn may_knock(&self, credential: &[u8]) -> Result<(), DeskError> {
        let (of, guesses) = (Digest::of(credential), &self.inner.guesses);
        if self.has_met(&URL_SAFE_NO_PAD.encode(credential)) {
            return guesses.allow_known(Knock::Passkey, of, self.now());
        }
        guesses.allow(Knock::Passkey, Some(of), self.now())
    }

    /// The live key of a person with a seat, whose signature over our own challenge this is.
    async fn proved(&self, response: &AssertionResponse) -> Result<std::sync::Arc<Key>, DeskError> {
        let no = |what: &str| DeskError::Unauthenticated { what: what.to_owned() };
        let challenge = challenge_of(&response.client_data_json)
            .and_then(|sent| self.inner.ceremonies.take(&sent, For::SignIn, self.now()))
            .ok_or_else(|| no("the challenge is not ours, or was used"))?;
        let credential = URL_SAFE_NO_PAD.encode(&response.credential);
        let home = self.tenant_of_credential(&credential).await?;
        let home = home.ok_or_else(|| no("the credential is unknown"))?;
        let view = self.tenants().view(home).await?;
        let state = &view.state;
        let known = state.credentials.get(&credential).and_then(|id| state.passkeys.get(id));
        let key = known.filter(|key| key.live()).ok_or_else(|| no("the passkey is revoked"))?;
        let person = key.says.person;
        // SECURITY: a key opens only what its person's own party admitted it for, whatever another ledger says of them.
        if self.home(person).await?.is_none_or(|own| own.tenant != home) {
            return Err(no("another party admitted this passkey"));
        }
        if response.user_handle.as_deref() != Some(person.to_string().as_str()) {
            return Err(no("the answer names another person, or none"));
        }
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let assertion = Assertion {
            credential,
            authenticator_data: encode(&response.authenticator_data),
            client_data: encode(&response.client_data_json),
            signature: encode(&response.signature),
        };
        let seen =
            WebauthnCheck.check(&key.says, &challenge, &assertion).map_err(|why| no(&why))?;
        if !self.has_a_seat(person).await? {
            return Err(no("the person has no live seat"));
        }
        self.counted(key, seen.counter).await?;
        Ok(std::sync::Arc::clone(key))
    }
}

/// A path of this server, or its first page. SECURITY: browsers read `//host` and `/\host` as another host, and drop
/// tabs and line ends before they read.
pub(crate) fn local_path(next: Option<&str>) -> String {
    let plain = |byte: u8| matches!(byte, b'!'..=b'~') && byte != b'\\';
    let local = next.filter(|next| {
        next.len() <= NEXT
            && next.starts_with('/')
            && !next.starts_with("//")
            && next.bytes().all(plain)
    });
    local.unwrap_or("/").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_server_are_gone_to() {
        for path in ["/", "/clients/harbor-books", "/sign/K7QF-93TD?x=1#y", "/a//b"] {
            assert_eq!(local_path(Some(path)), path);
        }
        let long = format!("/{}", "x".repeat(NEXT));
        for other in [
            "",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "evil",
            " /",
            "/\t/evil.example",
            "/\n/evil.example",
            "/ü",
            &long,
        ] {
            assert_eq!(local_path(Some(other)), "/", "{other:?}");
        }
        assert_eq!(local_path(None), "/");
    }
}
