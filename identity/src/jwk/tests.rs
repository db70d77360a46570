//! Published keys and thumbprints, and the table of keys that are refused.

use super::*;

const EC: &str = r#"{"kty":"EC","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA","crv":"P-256"}"#;
const ED: &str =
    r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

#[test]
fn published_thumbprints() {
    // RFC 9449 section 6.1 and RFC 8037 appendix A.3.
    for (key, print) in [
        (EC, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"),
        (ED, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
    ] {
        let key = Jwk::parse(key.as_bytes()).unwrap();
        assert_eq!(key.thumbprint().to_string(), print);
        assert_eq!(print.parse(), Ok(key.thumbprint()));
        assert_eq!(Jwk::parse(key.to_json().as_bytes()), Ok(key));
        let through_serde = serde_json::to_string(&key).unwrap();
        assert_eq!(serde_json::from_str::<Jwk>(&through_serde).unwrap(), key);
    }
}

#[test]
fn rfc_7638_section_3_1_example() {
    // The RFC's own key is RSA, which we do not speak: its hash input and its digest are checked, and its refusal.
    let input = r#"{"e":"AQAB","kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}"#;
    let print = Thumbprint(Digest::of(input.as_bytes()).0);
    assert_eq!(print.to_string(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    assert_eq!(Jwk::parse(input.as_bytes()), Err(JwkFault::UnknownType));
}

#[test]
fn refused_keys() {
    let with = |from: &str, to: &str| EC.replace(from, to);
    for (text, fault) in [
        (with("{", r#"{"d":"AA","#), JwkFault::Private),
        (with("{", r#"{"d":null,"#), JwkFault::Private),
        (r#"{"kty":"oct","k":"AA"}"#.to_owned(), JwkFault::Private),
        (with(r#""EC""#, r#""RSA""#), JwkFault::UnknownType),
        (with("P-256", "P-384"), JwkFault::UnknownType),
        (with(r#""EC""#, r#""OKP""#), JwkFault::UnknownType),
        (with("WBFs", "WBFs="), JwkFault::Coordinate),
        (with("WBFs", "WBF"), JwkFault::Coordinate),
        (with("\"y\"", "\"z\""), JwkFault::Coordinate),
        (with("{", r#"{"use":"enc","#), JwkFault::Use),
        (with("{", r#"{"alg":"EdDSA","#), JwkFault::Use),
        (with("{", r#"{"kty":"EC","#), JwkFault::NotObject),
        ("[]".to_owned(), JwkFault::NotObject),
        (String::new(), JwkFault::NotObject),
    ] {
        assert_eq!(Jwk::parse(text.as_bytes()), Err(fault), "{text}");
    }
    assert!(Jwk::parse(with("{", r#"{"use":"sig","alg":"ES256","x5c":[],"#).as_bytes()).is_ok());
    assert!(serde_json::from_str::<Jwk>(&with("{", r#"{"d":"AA","#)).is_err());
}

#[test]
fn sets_round_trip_and_refuse() {
    let keys = [Jwk::parse(EC.as_bytes()).unwrap(), Jwk::parse(ED.as_bytes()).unwrap()];
    let set = JwkSet::of(&[keys[0], keys[1], keys[0]]).unwrap();
    assert_eq!(set.iter().count(), 2);
    let text = set.to_json().to_string();
    assert_eq!(JwkSet::parse(text.as_bytes()), Ok(set.clone()));
    assert_eq!(set.get(&keys[1].thumbprint().to_string()), Some(&keys[1]));
    let twice = format!(r#"{{"keys":[{0},{0}]}}"#, EC.replace('{', r#"{"kid":"a","#));
    assert_eq!(JwkSet::parse(twice.as_bytes()), Err(JwkFault::Set));
    let private = format!(r#"{{"keys":[{}]}}"#, EC.replace('{', r#"{"d":"a","#));
    assert_eq!(JwkSet::parse(private.as_bytes()), Err(JwkFault::Private));
    let foreign = r#"{"keys":[{"kty":"RSA","kid":"r","n":"AA","e":"AQAB"}]}"#;
    assert_eq!(JwkSet::parse(foreign.as_bytes()), Ok(JwkSet::default()));
    assert_eq!(JwkSet::parse(b"{}"), Err(JwkFault::Set));
}
