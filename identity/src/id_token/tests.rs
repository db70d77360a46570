//! ID tokens by each algorithm, the table of those that are refused, and properties over text.

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{AgentKey, Signer, SigningKey, fault::CODES};

const ISSUER: &str = "https://login.example/tenant";
const CLIENT: &str = "writ-desk";
const NONCE: &str = "n-0S6_WzA2Mj";

fn now() -> Timestamp {
    Timestamp::from_micros(1_795_348_800_000_000)
}

fn expect() -> Expect<'static> {
    Expect { issuer: ISSUER, client_id: CLIENT, nonce: NONCE, max_age: None, now: now() }
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "00u1", "aud": CLIENT, "nonce": NONCE,
        "iat": now().seconds(), "exp": now().seconds() + 300,
        "auth_time": now().seconds() - 60, "email": "ada@harbor.example",
        "email_verified": true, "groups": ["writ-owners", 7, "all"], "amr": "pwd",
    })
}

fn with(claim: &str, value: Value) -> Value {
    let mut claims = claims();
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(claim);
    } else {
        claims[claim] = value;
    }
    claims
}

fn compact(header: &Value, payload: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let part = |value: &Value| b64::encode(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(header), part(payload));
    let signature = b64::encode(&sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// The Ed25519 key that the tables use, and a set with it.
fn ed() -> (SigningKey, ProviderKeys) {
    let key = SigningKey::from_seed([7; 32]).unwrap();
    let set = json!({ "keys": [member(&serde_json::to_value(key.jwk()).unwrap(), "k1")] });
    (key, ProviderKeys::parse(set.to_string().as_bytes()).unwrap())
}

fn member(jwk: &Value, kid: &str) -> Value {
    let mut jwk = jwk.clone();
    jwk["kid"] = kid.into();
    jwk["use"] = "sig".into();
    jwk
}

fn token(header: &Value, payload: &Value) -> String {
    compact(header, payload, |signed| ed().0.sign(signed).to_vec())
}

fn good_header() -> Value {
    json!({ "alg": "EdDSA", "kid": "k1", "typ": "JWT" })
}

fn judge(header: &Value, payload: &Value) -> Result<IdToken, IdTokenFault> {
    verify(&token(header, payload), &ed().1, &expect())
}

#[test]
fn a_good_token_says_who() {
    let found = judge(&good_header(), &claims()).unwrap();
    assert_eq!((found.issuer.as_str(), found.subject.as_str()), (ISSUER, "00u1"));
    assert_eq!(found.auth_time, Some(now() - Span::seconds(60)));
    assert_eq!((found.issued, found.expires), (now(), now() + Span::seconds(300)));
    assert_eq!(found.text("email", 100), Some("ada@harbor.example"));
    assert_eq!((found.text("email", 5), found.text("groups", 100)), (None, None));
    assert_eq!(found.texts("groups"), ["writ-owners", "all"]);
    assert_eq!(found.texts("amr"), ["pwd"]);
    assert!(found.texts("roles").is_empty());
    assert!(found.is_true("email_verified") && !found.is_true("email"));
    for good in [with("aud", json!([CLIENT])), with("azp", json!(CLIENT)), with("nbf", json!(1))] {
        assert!(judge(&good_header(), &good).is_ok(), "{good}");
    }
    let bare = json!({ "alg": "EdDSA" });
    assert!(judge(&bare, &claims()).is_ok());
}

#[test]
fn refused_for_a_claim() {
    use IdTokenFault::{Audience, Claim, Expired, Future, Issuer, Nonce};
    let at = |seconds: i64| json!(now().seconds() + seconds);
    for (claim, value, fault) in [
        ("iss", json!("https://login.example/tenant/"), Issuer),
        ("iss", json!("https://login.example/other"), Issuer),
        ("iss", Value::Null, Claim("iss")),
        ("sub", Value::Null, Claim("sub")),
        ("sub", json!(""), Claim("sub")),
        ("sub", json!("s".repeat(256)), Claim("sub")),
        ("sub", json!(7), Claim("sub")),
        ("aud", Value::Null, Claim("aud")),
        ("aud", json!("other"), Audience),
        ("aud", json!([]), Audience),
        ("aud", json!([CLIENT, "other"]), Audience),
        ("aud", json!(["other", CLIENT]), Audience),
        ("aud", json!({ "a": CLIENT }), Claim("aud")),
        ("azp", json!("other"), Audience),
        ("azp", json!(7), Audience),
        ("exp", Value::Null, Claim("exp")),
        ("exp", json!("1795348900"), Claim("exp")),
        ("exp", at(-120), Expired),
        ("iat", Value::Null, Claim("iat")),
        ("iat", at(-721), Expired),
        ("iat", at(121), Future),
        ("nbf", at(121), Future),
        ("nbf", json!("soon"), Claim("nbf")),
        ("auth_time", json!("soon"), Claim("auth_time")),
        ("nonce", Value::Null, Claim("nonce")),
        ("nonce", json!("n-0S6_WzA2Mk"), Nonce),
        ("nonce", json!("n-0S6_WzA2"), Nonce),
    ] {
        let found = judge(&good_header(), &with(claim, value.clone()));
        assert_eq!(found.unwrap_err(), fault, "{claim} {value}");
    }
    for (claim, value) in [("exp", at(-119)), ("iat", at(-720)), ("iat", at(120))] {
        assert!(judge(&good_header(), &with(claim, value.clone())).is_ok(), "{claim} {value}");
    }
    let none = Expect { nonce: "", ..expect() };
    let found = verify(&token(&good_header(), &claims()), &ed().1, &none);
    assert_eq!(found.unwrap_err(), Nonce);
}

#[test]
fn a_sign_in_there_can_be_too_long_ago() {
    let recent = Expect { max_age: Some(Span::minutes(5)), ..expect() };
    let with = |claims: &Value| verify(&token(&good_header(), claims), &ed().1, &recent);
    assert!(with(&claims()).is_ok());
    let old = now().seconds() - 300 - 121;
    for (value, fault) in
        [(json!(old), IdTokenFault::AuthTime), (Value::Null, IdTokenFault::Claim("auth_time"))]
    {
        assert_eq!(with(&self::with("auth_time", value)).unwrap_err(), fault);
    }
}

#[test]
fn refused_for_its_header() {
    use IdTokenFault::{Algorithm, UnknownKey};
    for (header, fault) in [
        (json!({ "alg": "none" }), Algorithm),
        (json!({ "alg": "HS256", "kid": "k1" }), Algorithm),
        (json!({ "alg": "PS256", "kid": "k1" }), Algorithm),
        (json!({ "alg": "RS384", "kid": "k1" }), Algorithm),
        (json!({ "alg": "eddsa", "kid": "k1" }), Algorithm),
        (json!({ "kid": "k1" }), Algorithm),
        (json!({ "alg": "EdDSA", "kid": "k1", "crit": ["b64"] }), Algorithm),
        (json!({ "alg": "EdDSA", "kid": "k1", "typ": "at+jwt" }), Algorithm),
        (json!({ "alg": "EdDSA", "kid": "k1", "typ": 7 }), Algorithm),
        (json!({ "alg": "EdDSA", "kid": "k2" }), UnknownKey),
        (json!({ "alg": "EdDSA", "kid": 7 }), UnknownKey),
        (json!({ "alg": "RS256", "kid": "k1" }), UnknownKey),
        (json!({ "alg": "ES256", "kid": "k1" }), UnknownKey),
        (json!([]), IdTokenFault::Shape),
    ] {
        assert_eq!(judge(&header, &claims()).unwrap_err(), fault, "{header}");
    }
}

#[test]
fn refused_texts() {
    let good = token(&good_header(), &claims());
    let twice = r#"{"iss":"a","iss":"b"}"#;
    let twice = compact(&good_header(), &json!(0), |_| vec![]).replacen(
        "MA",
        &b64::encode(twice.as_bytes()),
        1,
    );
    for (text, fault) in [
        (String::new(), IdTokenFault::Shape),
        (format!("{good}."), IdTokenFault::Shape),
        (format!("{good}="), IdTokenFault::Shape),
        (format!(" {good}"), IdTokenFault::Shape),
        (good.rsplit_once('.').unwrap().0.to_owned(), IdTokenFault::Shape),
        (format!("{}.", good.rsplit_once('.').unwrap().0), IdTokenFault::Signature),
        ("a".repeat(MAX_ID_TOKEN + 1), IdTokenFault::Shape),
        (twice, IdTokenFault::Signature),
    ] {
        assert_eq!(verify(&text, &ed().1, &expect()).unwrap_err(), fault, "{text}");
    }
    let list = token(&good_header(), &json!([]));
    assert_eq!(verify(&list, &ed().1, &expect()).unwrap_err(), IdTokenFault::Shape);
}

#[test]
fn any_flipped_character_is_refused() {
    let good = token(&good_header(), &claims());
    let keys = ed().1;
    for at in 0..good.len() {
        let mut bytes = good.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let text = String::from_utf8(bytes).unwrap();
        assert!(verify(&text, &keys, &expect()).is_err(), "character {at}");
    }
}

#[test]
fn rsa_and_p256_providers() {
    let rsa = KeyPair::generate(KeySize::Rsa2048).unwrap();
    // RSAPublicKey (RFC 8017 appendix A.1.1): after nine bytes of tags and lengths the modulus of 2048 bits.
    let n = rsa.public_key().as_ref()[9..265].to_vec();
    let rsa_jwk = json!({ "kty": "RSA", "n": b64::encode(&n), "e": "AQAB", "alg": "RS256" });
    let p256 = AgentKey::generate_p256().unwrap();
    let p256_jwk = serde_json::to_value(Signer::jwk(&p256)).unwrap();
    let set = json!({ "keys": [
        member(&rsa_jwk, "r"), member(&p256_jwk, "p"),
        { "kty": "RSA", "use": "enc", "kid": "r", "n": b64::encode(&n), "e": "AQAB" },
        { "kty": "EC", "crv": "P-384", "kid": "x", "x": "AA", "y": "AA" },
        { "kty": "RSA", "alg": "RS512", "kid": "y", "n": b64::encode(&n), "e": "AQAB" },
        { "kty": "RSA", "kid": "z", "n": b64::encode(&n[..128]), "e": "AQAB" },
    ]});
    let keys = ProviderKeys::parse(set.to_string().as_bytes()).unwrap();
    assert_eq!((keys.len(), keys.is_empty()), (2, false));
    let with_rsa = |padding: &'static dyn aws_lc_rs::signature::RsaEncoding, signed: &[u8]| {
        let mut out = vec![0; rsa.public_modulus_len()];
        rsa.sign(padding, &SystemRandom::new(), signed, &mut out).unwrap();
        out
    };
    let rs = |kid: &str| json!({ "alg": "RS256", "kid": kid });
    let good = compact(&rs("r"), &claims(), |signed| with_rsa(&RSA_PKCS1_SHA256, signed));
    assert_eq!(verify(&good, &keys, &expect()).unwrap().subject, "00u1");
    let other = compact(&rs("r"), &claims(), |signed| with_rsa(&RSA_PKCS1_SHA384, signed));
    assert_eq!(verify(&other, &keys, &expect()).unwrap_err(), IdTokenFault::Signature);
    let unused = compact(&rs("y"), &claims(), |signed| with_rsa(&RSA_PKCS1_SHA256, signed));
    assert_eq!(verify(&unused, &keys, &expect()).unwrap_err(), IdTokenFault::UnknownKey);
    let es = json!({ "alg": "ES256", "kid": "p" });
    let good = compact(&es, &claims(), |signed| p256.sign(signed).unwrap().to_vec());
    assert!(verify(&good, &keys, &expect()).is_ok());
    // The public key of one algorithm is no secret of another (RFC 8725 section 2.1).
    let confused = compact(&json!({ "alg": "HS256", "kid": "r" }), &claims(), |_| n.clone());
    assert_eq!(verify(&confused, &keys, &expect()).unwrap_err(), IdTokenFault::Algorithm);
}

#[test]
fn key_sets_that_are_refused() {
    let key = serde_json::to_value(ed().0.jwk()).unwrap();
    let mut private = member(&key, "k");
    private["d"] = "AA".into();
    let many: Vec<_> = (0..=MAX_PROVIDER_KEYS).map(|at| member(&key, &at.to_string())).collect();
    for set in [
        json!([]),
        json!({}),
        json!({ "keys": {} }),
        json!({ "keys": [member(&key, "k"), member(&key, "k")] }),
        json!({ "keys": [private] }),
        json!({ "keys": [{ "kty": "oct", "k": "AA" }] }),
        json!({ "keys": many }),
    ] {
        let found = ProviderKeys::parse(set.to_string().as_bytes());
        assert_eq!(found.unwrap_err(), IdTokenFault::KeySet, "{set}");
    }
    let large = vec![b' '; MAX_KEY_SET + 1];
    assert_eq!(ProviderKeys::parse(&large).unwrap_err(), IdTokenFault::KeySet);
    // Two that fit a token without `kid` are one too many.
    let other = serde_json::to_value(SigningKey::from_seed([8; 32]).unwrap().jwk()).unwrap();
    let two = json!({ "keys": [member(&key, "k1"), member(&other, "k2")] });
    let two = ProviderKeys::parse(two.to_string().as_bytes()).unwrap();
    let bare = token(&json!({ "alg": "EdDSA" }), &claims());
    assert_eq!(verify(&bare, &two, &expect()).unwrap_err(), IdTokenFault::UnknownKey);
    let named = token(&good_header(), &claims());
    assert!(verify(&named, &two, &expect()).is_ok());
}

#[test]
fn every_refusal_has_its_words() {
    for fault in [
        IdTokenFault::Shape,
        IdTokenFault::Algorithm,
        IdTokenFault::UnknownKey,
        IdTokenFault::Signature,
        IdTokenFault::Claim("sub"),
        IdTokenFault::Issuer,
        IdTokenFault::Audience,
        IdTokenFault::Expired,
        IdTokenFault::Future,
        IdTokenFault::Nonce,
        IdTokenFault::AuthTime,
        IdTokenFault::KeySet,
    ] {
        assert!(CODES.iter().any(|(code, _)| *code == fault.code().0), "{fault}");
        assert!(!fault.cure().is_empty() && fault.oauth_error() == "access_denied");
    }
}

proptest! {
    #[test]
    fn random_text_never_panics_and_never_verifies(text in "\\PC{0,120}", set in "\\PC{0,120}") {
        prop_assert!(verify(&text, &ed().1, &expect()).is_err());
        prop_assert!(ProviderKeys::parse(set.as_bytes()).is_err());
    }

    #[test]
    fn random_claims_under_a_good_signature_never_panic(
        name in "iss|sub|aud|exp|iat|nonce|azp|nbf|auth_time",
        value in prop_oneof![
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "\\PC{0,20}".prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            proptest::collection::vec("[a-z-]{0,9}", 0..3).prop_map(Value::from),
        ],
    ) {
        if let Ok(found) = judge(&good_header(), &with(&name, value)) {
            prop_assert_eq!(found.issuer, ISSUER);
        }
    }
}
