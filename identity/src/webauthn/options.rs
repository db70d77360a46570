//! What browsers are asked: the JSON that `PublicKeyCredential.parseCreationOptionsFromJSON` and
//! `parseRequestOptionsFromJSON` read (WebAuthn Level 3, sections 5.1.8 and 5.1.9).
//!
//! Never here: an option that weakens: verification of the person is required, keys are discoverable.

use serde_json::{Value, json};
use writ_model::Span;

use crate::{b64, webauthn::RelyingParty};

/// LIMIT: credentials that are named in one question: sixteen keys of a person, with room.
const MAX_CREDENTIALS: usize = 64;
/// The algorithms we accept, the preferred first (IANA COSE Algorithms): ES256, `EdDSA`, RS256.
pub(crate) const ALGORITHMS: [i64; 3] = [-7, -8, -257];

/// What a registration is asked with.
#[derive(Debug, Clone, Copy)]
pub struct Creation<'a> {
    /// Who asks.
    pub rp: &'a RelyingParty,
    /// The name that the browser shows for who asks.
    pub rp_name: &'a str,
    /// The person's id as text: becomes the user handle, at most 64 bytes (section 5.4.3).
    pub user_handle: &'a str,
    /// What the browser shows for the person, and under which the key is kept.
    pub user_name: &'a str,
    /// The challenge.
    pub challenge: &'a [u8],
    /// Credential ids, base64url, of keys that the person has already: no second one on the same authenticator.
    pub exclude: &'a [String],
    /// Whether the authenticator is to prove its model.
    pub attest: bool,
    /// How long the browser may wait.
    pub timeout: Span,
}

/// What an assertion is asked with.
#[derive(Debug, Clone, Copy)]
pub struct Requesting<'a> {
    /// Who asks.
    pub rp: &'a RelyingParty,
    /// The challenge.
    pub challenge: &'a [u8],
    /// Credential ids, base64url; none asks for any key of this relying party, for signing in.
    pub allow: &'a [String],
    /// How long the browser may wait.
    pub timeout: Span,
}

fn descriptors(ids: &[String]) -> Vec<Value> {
    ids.iter().take(MAX_CREDENTIALS).map(|id| json!({ "type": "public-key", "id": id })).collect()
}

fn millis(span: Span) -> i64 {
    span.as_micros() / 1000
}

/// `PublicKeyCredentialCreationOptionsJSON`.
pub fn creation_options(creation: &Creation<'_>) -> Value {
    let algorithms: Vec<_> =
        ALGORITHMS.iter().map(|alg| json!({ "type": "public-key", "alg": alg })).collect();
    json!({
        "rp": { "id": creation.rp.rp_id, "name": creation.rp_name },
        "user": {
            "id": b64::encode(creation.user_handle.as_bytes()),
            "name": creation.user_name,
            "displayName": creation.user_name,
        },
        "challenge": b64::encode(creation.challenge),
        "pubKeyCredParams": algorithms,
        "timeout": millis(creation.timeout),
        "excludeCredentials": descriptors(creation.exclude),
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": true,
            "userVerification": "required",
        },
        "attestation": if creation.attest { "direct" } else { "none" },
    })
}

/// `PublicKeyCredentialRequestOptionsJSON`.
pub fn request_options(request: &Requesting<'_>) -> Value {
    json!({
        "challenge": b64::encode(request.challenge),
        "timeout": millis(request.timeout),
        "rpId": request.rp.rp_id,
        "allowCredentials": descriptors(request.allow),
        "userVerification": "required",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_what_browsers_read() {
        let rp = RelyingParty::of_origin("http://localhost:7420").unwrap();
        let known = ["AQID".to_owned()];
        let creation = creation_options(&Creation {
            rp: &rp,
            rp_name: "Writ",
            user_handle: "per_1",
            user_name: "Ada",
            challenge: &[1; 32],
            exclude: &known,
            attest: true,
            timeout: Span::minutes(5),
        });
        assert_eq!(creation["user"]["id"], "cGVyXzE");
        assert_eq!(creation["timeout"], 300_000);
        assert_eq!(creation["authenticatorSelection"]["userVerification"], "required");
        assert_eq!(creation["attestation"], "direct");
        assert_eq!(creation["excludeCredentials"][0]["id"], "AQID");
        let request = request_options(&Requesting {
            rp: &rp,
            challenge: &[1; 32],
            allow: &[],
            timeout: Span::minutes(1),
        });
        assert_eq!(request["rpId"], "localhost");
        assert_eq!(request["userVerification"], "required");
        assert_eq!(request["allowCredentials"], json!([]));
    }
}
