//! Authenticators of these tests: a keyed hash instead of a signature, and the check that goes with it. What is checked
//! is everything around the cryptography, which is handed in.
//! Never here: a test.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use writ_authority::{Assertion, Attestation, CheckAssertion, Passkey, Receipt, Request, Seen};
use writ_model::{Digest, PasskeyId, PersonId, SigningId};

use crate::kit::START;

pub(crate) const ORIGIN: &str = "https://desk.example";

/// A passkey and what only its device knows.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    pub(crate) key: Passkey,
    pub(crate) counter: u32,
}

fn secret(jwk: &str) -> Digest {
    Digest::of_parts(&[b"known to the device alone", jwk.as_bytes()])
}

impl Device {
    /// The `number`th device of these tests.
    pub(crate) fn new(number: u8, person: PersonId, label: &str) -> Self {
        let letters = |salt: &[u8]| {
            BASE64.encode(Digest::of_parts(&[salt, &[number], label.as_bytes()]).as_bytes())
        };
        let jwk = format!(
            r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#,
            letters(b"x"),
            letters(b"y")
        );
        let key = Passkey {
            passkey: PasskeyId::from_parts(START, [number; 10]),
            person,
            label: label.to_owned(),
            credential: letters(b"credential"),
            jwk,
            alg: "ES256".to_owned(),
            rp_id: "desk.example".to_owned(),
            origin: ORIGIN.to_owned(),
            aaguid: "00000000-0000-0000-0000-000000000000".to_owned(),
            synced: false,
            backed_up: false,
            attestation: Attestation::None,
            counter: 0,
        };
        Self { key, counter: 0 }
    }

    /// Signs a request, counting up.
    pub(crate) fn sign(&mut self, request: Request) -> Receipt {
        self.counter += 1;
        self.sign_at(request, self.counter)
    }

    /// Signs a request with this counter.
    pub(crate) fn sign_at(&self, request: Request, counter: u32) -> Receipt {
        let (key, digest) = (self.key.passkey.to_bytes(), request.digest().unwrap());
        let parts: [&[u8]; 3] = [&key, digest.as_bytes(), &counter.to_be_bytes()];
        let nonce = *Digest::of_parts(&parts).as_bytes();
        let challenge = request.challenge(&nonce).unwrap();
        let mut data = Digest::of(self.key.rp_id.as_bytes()).as_bytes().to_vec();
        data.push(0x05);
        data.extend_from_slice(&counter.to_be_bytes());
        let mut receipt = Receipt {
            signing: SigningId::from_parts(request.made, *first_ten(&nonce)),
            request,
            nonce: BASE64.encode(nonce),
            passkey: self.key.passkey,
            assertion: Assertion {
                credential: self.key.credential.clone(),
                authenticator_data: BASE64.encode(&data),
                client_data: BASE64.encode(&challenge),
                signature: String::new(),
            },
        };
        receipt.assertion.signature = self.signature(&receipt.assertion);
        receipt
    }

    fn signature(&self, assertion: &Assertion) -> String {
        signature(&self.key.jwk, assertion)
    }
}

fn first_ten(bytes: &[u8; 32]) -> &[u8; 10] {
    bytes.first_chunk().unwrap()
}

fn signature(jwk: &str, assertion: &Assertion) -> String {
    let secret = secret(jwk);
    let parts: [&[u8]; 3] = [
        secret.as_bytes(),
        assertion.authenticator_data.as_bytes(),
        assertion.client_data.as_bytes(),
    ];
    BASE64.encode(Digest::of_parts(&parts).as_bytes())
}

/// The check that goes with [`Device`].
#[derive(Debug)]
pub(crate) struct Hashes;

impl CheckAssertion for Hashes {
    fn check(
        &self,
        key: &Passkey,
        challenge: &[u8],
        assertion: &Assertion,
    ) -> Result<Seen, String> {
        if assertion.client_data != BASE64.encode(challenge) {
            return Err("another challenge was signed".to_owned());
        }
        if assertion.signature != signature(&key.jwk, assertion) {
            return Err("the signature does not verify".to_owned());
        }
        let data =
            BASE64.decode(&assertion.authenticator_data).map_err(|fault| fault.to_string())?;
        let counter = data.get(33..37).ok_or("too short")?;
        Ok(Seen { counter: u32::from_be_bytes(counter.try_into().unwrap()), backed_up: false })
    }
}
