//! The software passkey is what it says of itself, and comes back from its text.

use writ_model::Span;

use super::*;
use crate::{
    scrub::tests::Seeded,
    webauthn::{Creation, RelyingParty, Requesting, creation_options, request_options},
};

const ORIGIN: &str = "http://localhost:7420";

fn creation(exclude: &[String]) -> Json {
    creation_options(&Creation {
        rp: &RelyingParty::of_origin(ORIGIN).unwrap(),
        rp_name: "Writ",
        user_handle: "per_1",
        user_name: "Ada",
        challenge: &[3; 32],
        exclude,
        attest: false,
        timeout: Span::minutes(5),
    })
}

fn request(allow: &[String]) -> Json {
    request_options(&Requesting {
        rp: &RelyingParty::of_origin(ORIGIN).unwrap(),
        challenge: &[4; 64],
        allow,
        timeout: Span::minutes(5),
    })
}

#[test]
fn it_comes_back_from_its_text() {
    for kind in [SoftKind::Es256, SoftKind::EdDsa] {
        let mut passkey = SoftPasskey::generate(&Seeded::new(5), kind);
        passkey.register(&creation(&[]), ORIGIN).unwrap();
        let again = SoftPasskey::load(passkey.save().expose()).unwrap();
        assert_eq!(again.jwk(), passkey.jwk());
        assert_eq!(again.credential(), passkey.credential());
        assert_eq!(again.seed().expose(), passkey.seed().expose());
        let answer = again.assert(&request(&[]), ORIGIN).unwrap();
        assert_eq!(answer["response"]["userHandle"], b64::encode(b"per_1"));
        assert!(!format!("{again:?}").contains(passkey.save().expose()));
    }
    let other = SoftPasskey::generate(&Seeded::new(6), SoftKind::Es256);
    assert_ne!(other.jwk(), SoftPasskey::generate(&Seeded::new(5), SoftKind::Es256).jwk());
    for bad in ["", "writ-soft-passkey-1:ES256:AA:", "writ-soft-passkey-2:ES256::", "a:b:c:d:e"] {
        assert_eq!(SoftPasskey::load(bad).unwrap_err(), SoftFault::Material, "{bad}");
    }
}

#[test]
fn it_answers_only_what_it_is_asked() {
    let mut passkey = SoftPasskey::generate(&Seeded::new(5), SoftKind::EdDsa);
    let (own, other) = (b64::encode(&passkey.credential()), "AQID".to_owned());
    let mut only_rsa = creation(&[]);
    only_rsa["pubKeyCredParams"] = json!([{ "type": "public-key", "alg": -257 }]);
    for (options, fault) in [
        (creation(&[other.clone(), own.clone()]), SoftFault::Excluded),
        (only_rsa, SoftFault::NotAsked),
        (json!({}), SoftFault::Options("challenge")),
        (json!({ "challenge": "AA" }), SoftFault::Options("rp.id")),
    ] {
        assert_eq!(passkey.register(&options, ORIGIN).unwrap_err(), fault);
    }
    assert!(passkey.assert(&request(&[other.clone(), own]), ORIGIN).is_ok());
    assert_eq!(passkey.assert(&request(&[other]), ORIGIN).unwrap_err(), SoftFault::NotAsked);
    let fault = passkey.assert(&json!({ "challenge": 7 }), ORIGIN).unwrap_err();
    assert_eq!(fault, SoftFault::Options("challenge"));
}
