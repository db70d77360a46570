//! The vectors of the specification (WebAuthn Level 3, section 16, "Test Vectors"), in `vectors.txt`: vector, part, hex.
//! Many of them lack user verification, which we demand: those are refused for that alone, and everything else of them
//! is checked part by part. Those whose name begins with `own.` were made for these tests under the same root.

use std::collections::BTreeMap;

use writ_model::Timestamp;

use super::*;
use crate::{
    b64,
    webauthn::auth_data::{BS, UV},
};

const TEXT: &str = include_str!("vectors.txt");

pub(super) fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2).unwrap(), 16).unwrap())
        .collect()
}

fn all() -> BTreeMap<(&'static str, &'static str), Vec<u8>> {
    TEXT.lines()
        .map(|line| {
            let mut parts = line.split(' ');
            let mut next = || parts.next().unwrap();
            ((next(), next()), hex(next()))
        })
        .collect()
}

fn org() -> RelyingParty {
    RelyingParty::of_origin("https://example.org").unwrap()
}

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

/// Everything but user presence and verification.
struct Taken {
    key: KeyOfOthers,
    flags: u8,
    attestation: AttestationResult,
}

fn take(name: &'static str) -> Taken {
    let vectors = all();
    let part = |part| vectors[&(name, part)].as_slice();
    let anchors = Anchors::new(&[vectors[&("root", "-")].clone()]).unwrap().at(now());
    let (client, object) = (part("client"), part("object"));
    let origin = org().origin;
    let digest = client_data::check(client, Ceremony::Create, part("challenge"), &origin).unwrap();
    let parsed = attestation::read(object).unwrap();
    let data = auth_data::read(parsed.auth_data).unwrap();
    let attested = data.attested.as_ref().unwrap();
    let judged = attestation::judge(&parsed, attested, &digest, &anchors).unwrap();
    // The public door agrees, but for verification.
    let door = register(&org(), part("challenge"), client, object, &anchors);
    let flags = parsed.auth_data[32];
    if flags & UV == 0 {
        assert_eq!(door.unwrap_err(), WebauthnFault::NotVerified, "{name}");
    } else {
        let door = door.unwrap();
        assert_eq!(door.attestation, judged, "{name}");
        assert_eq!(door.jwk, attested.key.to_json(), "{name}");
        assert_eq!(door.backed_up, flags & BS != 0, "{name}");
        assert_eq!(door.credential, attested.credential, "{name}");
    }
    Taken { key: attested.key.clone(), flags, attestation: judged }
}

fn sign(name: &'static str, taken: &Taken) {
    let vectors = all();
    let part = |part| vectors[&(name, part)].as_slice();
    let answer = AssertionParts {
        authenticator_data: part("get.data"),
        client_data_json: part("get.client"),
        signature: part("get.signature"),
    };
    let challenge = part("get.challenge");
    let client =
        client_data::check(answer.client_data_json, Ceremony::Get, challenge, &org().origin);
    let signed = client_data::signed(answer.authenticator_data, &client.unwrap());
    assert!(taken.key.verify(EcdsaForm::Der, &signed, answer.signature), "{name}");
    let door = check(&org(), &taken.key.to_json(), challenge, &answer);
    if answer.authenticator_data[32] & UV == 0 {
        assert_eq!(door.unwrap_err(), WebauthnFault::NotVerified, "{name}");
    } else {
        door.unwrap().must_be(taken.flags & 8 != 0).unwrap();
    }
}

#[test]
fn section_16_vectors_verify() {
    let root = writ_model::Digest::of(&all()[&("root", "-")]);
    let checked = AttestationResult::Checked { root };
    for (name, alg, attestation) in [
        ("none.ES256", "ES256", AttestationResult::None),
        ("none.ES256.long-credential-id", "ES256", AttestationResult::None),
        ("packed-self.ES256", "ES256", AttestationResult::SelfSigned),
        ("packed.ES256", "ES256", checked.clone()),
        ("packed.RS256", "RS256", checked.clone()),
        ("packed.EdDSA", "EdDSA", checked),
        ("fido-u2f.ES256", "ES256", AttestationResult::Unchecked { format: "fido-u2f".to_owned() }),
    ] {
        let taken = take(name);
        assert_eq!(taken.key.alg(), alg, "{name}");
        assert_eq!(taken.attestation, attestation, "{name}");
        sign(name, &taken);
    }
}

#[test]
fn pages_within_pages_are_refused() {
    let vectors = all();
    for name in ["none.ES256.crossOrigin", "none.ES256.topOrigin"] {
        let part = |part| vectors[&(name, part)].as_slice();
        let anchors = Anchors::none();
        let (challenge, client) = (part("challenge"), part("client"));
        let found = register(&org(), challenge, client, part("object"), &anchors);
        assert_eq!(found.unwrap_err(), WebauthnFault::CrossOrigin, "{name}");
    }
}

#[test]
fn anchors_are_needed_and_have_dates() {
    let vectors = all();
    let part = |part| vectors[&("packed.RS256", part)].as_slice();
    let with = |anchors: &Anchors| {
        let (challenge, client) = (part("challenge"), part("client"));
        register(&org(), challenge, client, part("object"), anchors).unwrap()
    };
    let unchecked = AttestationResult::Unchecked { format: "packed".to_owned() };
    let anchors = Anchors::new(&[vectors[&("root", "-")].clone()]).unwrap();
    assert_eq!(with(&Anchors::none().at(now())).attestation, unchecked);
    assert_eq!(with(&anchors).attestation, unchecked);
    let early = anchors.at("2023-12-31T23:59:59Z".parse().unwrap());
    assert_eq!(with(&early).attestation, unchecked);
    let found = with(&anchors.at(now()));
    assert!(matches!(found.attestation, AttestationResult::Checked { .. }));
    assert_eq!(found.aaguid, "428f8878-298b-9862-a36a-d8c7527bfef2");
    assert_eq!(found.alg, "RS256");
    assert!(found.jwk.starts_with(r#"{"e":"AQAB","kty":"RSA","n":"A"#));
    assert_eq!(
        b64::encode(&found.credential),
        b64::encode(&hex("992a18acc83f67533600c1138a4b4c4bd236de13629cf025ed17cb00b00b74df"))
    );
}

#[test]
fn a_packed_statement_that_does_not_hold_refuses() {
    let vectors = all();
    let anchors = Anchors::new(&[vectors[&("root", "-")].clone()]).unwrap().at(now());
    let with = |name, object: &[u8]| {
        let part = |part| vectors[&(name, part)].as_slice();
        register(&org(), part("challenge"), part("client"), object, &anchors)
    };
    let good = &vectors[&("own.packed", "object")];
    let found = with("own.packed", good).unwrap();
    assert!(matches!(found.attestation, AttestationResult::Checked { .. }));
    // The statement's signature begins after `attStmt`, three members, `alg`, -7, `sig` and its length.
    let statement = good.windows(7).position(|window| window == b"attStmt").unwrap() + 7;
    for byte in 12..80 {
        let mut spoiled = good.clone();
        spoiled[statement + byte] ^= 1;
        assert!(with("own.packed", &spoiled).is_err(), "byte {byte}");
    }
    let unit = &vectors[&("own.packed-other-unit", "object")];
    let found = with("own.packed-other-unit", unit);
    assert_eq!(found.unwrap_err(), WebauthnFault::Attestation);
}
