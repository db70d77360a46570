//! [`WebauthnCheck`]: the cryptographic check of a signed request, by `identity`. The desk asks it before a signature
//! enters a ledger; verifiers ask it again, for as long as the ledger lives.
//!
//! Never here: the rule on counters, or whether a key is live (`authority` holds both).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use writ_authority::{
    CheckAssertion, Passkey,
    signed::{Assertion, Seen},
};
use writ_identity::webauthn::{self, AssertionParts, RelyingParty};

/// LIMIT: characters of one base64url part; authenticators' parts are a few hundred bytes.
const PART: usize = 8_192;

/// Checks assertions as `WebAuthn` Level 3 section 7.2 says: type, challenge, origin, relying party, presence, user
/// verification, backup eligibility, signature.
#[derive(Debug, Clone, Copy, Default)]
pub struct WebauthnCheck;

impl CheckAssertion for WebauthnCheck {
    fn check(
        &self,
        key: &Passkey,
        challenge: &[u8],
        assertion: &Assertion,
    ) -> Result<Seen, String> {
        if assertion.credential != key.credential {
            return Err("it is by another credential than the passkey's".to_owned());
        }
        let rp = RelyingParty::of_origin(&key.origin).map_err(|fault| fault.to_string())?;
        if rp.rp_id != key.rp_id {
            return Err("the passkey's domain is not that of the origin it was made at".to_owned());
        }
        let data = part("authenticatorData", &assertion.authenticator_data)?;
        let client = part("clientDataJSON", &assertion.client_data)?;
        let signature = part("signature", &assertion.signature)?;
        let parts = AssertionParts {
            authenticator_data: &data,
            client_data_json: &client,
            signature: &signature,
        };
        let checked = webauthn::check(&rp, &key.jwk, challenge, &parts)
            .and_then(|checked| checked.must_be(key.synced))
            .map_err(|fault| fault.to_string())?;
        Ok(Seen { counter: checked.counter, backed_up: checked.backed_up })
    }
}

fn part(name: &str, text: &str) -> Result<Vec<u8>, String> {
    if text.len() > PART {
        return Err(format!("its {name} is too long"));
    }
    URL_SAFE_NO_PAD.decode(text).map_err(|_bad| format!("its {name} is not base64url"))
}
