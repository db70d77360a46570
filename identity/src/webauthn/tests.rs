//! Passkeys: the specification's own vectors, a table in which each step is violated once, properties over bytes.

mod chains;
mod hostile;
mod properties;
mod vectors;

use serde_json::Value;
use writ_model::Span;

use super::*;

const ORIGIN: &str = "http://localhost:7420";
/// A challenge of a signing: nonce and digest.
const CHALLENGE: [u8; 64] = [9; 64];

fn rp() -> RelyingParty {
    RelyingParty::of_origin(ORIGIN).unwrap()
}

fn soft(seed: u8, kind: SoftKind) -> SoftPasskey {
    SoftPasskey::from_seed([seed; 32], kind)
}

fn creation(attest: bool) -> Value {
    creation_options(&Creation {
        rp: &rp(),
        rp_name: "Writ",
        user_handle: "per_1",
        user_name: "Ada",
        challenge: &CHALLENGE,
        exclude: &[],
        attest,
        timeout: Span::minutes(5),
    })
}

fn request() -> Value {
    request_options(&Requesting {
        rp: &rp(),
        challenge: &CHALLENGE,
        allow: &[],
        timeout: Span::minutes(5),
    })
}

fn registered(passkey: &mut SoftPasskey, attest: bool) -> RegistrationResponse {
    let answer = passkey.register(&creation(attest), ORIGIN).unwrap();
    RegistrationResponse::parse(answer.to_string().as_bytes()).unwrap()
}

fn asserted(passkey: &SoftPasskey) -> AssertionResponse {
    let answer = passkey.assert(&request(), ORIGIN).unwrap();
    AssertionResponse::parse(answer.to_string().as_bytes()).unwrap()
}

fn take(response: &RegistrationResponse) -> Result<Registered, WebauthnFault> {
    let (client, object) = (&response.client_data_json, &response.attestation_object);
    register(&rp(), &CHALLENGE, client, object, &Anchors::none())
}

#[test]
fn a_passkey_registers_and_signs() {
    for kind in [SoftKind::Es256, SoftKind::EdDsa] {
        for attest in [false, true] {
            let mut passkey = soft(1, kind);
            let response = registered(&mut passkey, attest);
            let found = take(&response).unwrap();
            assert_eq!(found.credential, response.credential);
            assert_eq!(found.jwk, passkey.jwk().unwrap());
            assert_eq!(found.aaguid, "00000000-0000-0000-0000-000000000000");
            assert_eq!((found.synced, found.backed_up, found.counter), (true, true, 0));
            let wanted =
                if attest { AttestationResult::SelfSigned } else { AttestationResult::None };
            assert_eq!(found.attestation, wanted);
            let answer = asserted(&passkey);
            assert_eq!(answer.user_handle.as_deref(), Some("per_1"));
            let seen = check(&rp(), &found.jwk, &CHALLENGE, &answer.parts()).unwrap();
            assert_eq!(seen, Checked { counter: 0, backed_up: true, synced: true });
            assert_eq!(seen.must_be(true), Ok(seen));
            assert_eq!(seen.must_be(false), Err(WebauthnFault::Backup));
        }
    }
}

#[test]
fn counters_grow_or_are_not_kept() {
    for (stored, seen, good) in
        [(0, 0, true), (0, 1, true), (7, 8, true), (7, 7, false), (7, 5, false), (7, 0, false)]
    {
        assert_eq!(counter_grew(stored, seen), good, "{stored} {seen}");
    }
}
