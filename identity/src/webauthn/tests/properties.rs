//! Random bytes never panic and never verify; no bit of a good answer can be changed.

use proptest::prelude::*;

use super::*;
use crate::webauthn::certificate::Certificate;

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..most)
}

fn bits(part: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    (0..part.len() * 8).map(|bit| {
        let mut flipped = part.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        flipped
    })
}

#[test]
fn no_bit_of_an_assertion_can_be_changed() {
    for kind in [SoftKind::Es256, SoftKind::EdDsa] {
        let passkey = soft(3, kind);
        let (answer, jwk) = (asserted(&passkey), passkey.jwk().unwrap());
        let good = answer.parts();
        let refused = |parts: &AssertionParts<'_>| {
            assert!(check(&rp(), &jwk, &CHALLENGE, parts).is_err(), "{kind:?} {parts:?}");
        };
        assert!(check(&rp(), &jwk, &CHALLENGE, &good).is_ok());
        for authenticator_data in &mut bits(good.authenticator_data) {
            refused(&AssertionParts { authenticator_data: &authenticator_data, ..good });
        }
        for client_data_json in &mut bits(good.client_data_json) {
            refused(&AssertionParts { client_data_json: &client_data_json, ..good });
        }
        for signature in &mut bits(good.signature) {
            refused(&AssertionParts { signature: &signature, ..good });
        }
        for cut in 0..good.signature.len() {
            refused(&AssertionParts { signature: &good.signature[..cut], ..good });
        }
        let longer = [good.signature, &[0]].concat();
        refused(&AssertionParts { signature: &longer, ..good });
        for challenge in bits(&CHALLENGE) {
            assert!(check(&rp(), &jwk, &challenge, &good).is_err());
        }
    }
}

#[test]
fn no_bit_of_an_attested_registration_can_be_changed() {
    let mut passkey = soft(3, SoftKind::Es256);
    let response = registered(&mut passkey, true);
    let good = take(&response).unwrap();
    for attestation_object in bits(&response.attestation_object) {
        let spoiled = RegistrationResponse { attestation_object, ..response.clone() };
        match take(&spoiled) {
            Err(_) => {}
            // A bit of the format's name makes another format, which proves nothing.
            Ok(found) => {
                assert!(matches!(found.attestation, AttestationResult::Unchecked { .. }));
                assert_eq!(found.jwk, good.jwk);
            }
        }
    }
    for client_data_json in bits(&response.client_data_json) {
        let spoiled = RegistrationResponse { client_data_json, ..response.clone() };
        assert!(take(&spoiled).is_err());
    }
}

proptest! {
    #[test]
    fn random_registrations_are_refused(client in bytes(200), object in bytes(400)) {
        let anchors = Anchors::none();
        prop_assert!(register(&rp(), &CHALLENGE, &client, &object, &anchors).is_err());
        let mut response = registered(&mut soft(3, SoftKind::Es256), false);
        response.attestation_object = object;
        prop_assert!(take(&response).is_err());
    }

    #[test]
    fn random_authenticator_data_are_refused(data in bytes(300), tail in bytes(100)) {
        let mut response = registered(&mut soft(3, SoftKind::Es256), true);
        let at = response.attestation_object.len() - tail.len().min(100);
        response.attestation_object.truncate(at);
        response.attestation_object.extend_from_slice(&tail);
        if let Ok(found) = take(&response) {
            prop_assert_eq!(found.credential, response.credential);
        }
        prop_assert!(auth_data::read(&data).is_err() || data.len() == 37);
    }

    #[test]
    fn random_assertions_are_refused(data in bytes(80), client in bytes(200), sig in bytes(90)) {
        let passkey = soft(3, SoftKind::EdDsa);
        let (answer, jwk) = (asserted(&passkey), passkey.jwk().unwrap());
        let good = answer.parts();
        for parts in [
            AssertionParts { authenticator_data: &data, ..good },
            AssertionParts { client_data_json: &client, ..good },
            AssertionParts { signature: &sig, ..good },
        ] {
            prop_assert!(check(&rp(), &jwk, &CHALLENGE, &parts).is_err());
        }
    }

    #[test]
    fn random_certificates_are_refused(der in bytes(300), text in "\\PC{0,80}") {
        prop_assert!(Certificate::read(&der).is_none());
        prop_assert!(AssertionResponse::parse(text.as_bytes()).is_err());
        prop_assert!(RegistrationResponse::parse(text.as_bytes()).is_err());
        prop_assert!(KeyOfOthers::parse_canonical(&text).is_none());
    }
}
