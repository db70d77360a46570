//! Published signatures, and the table of texts that are refused.

use proptest::prelude::*;

use super::*;
use crate::SigningKey;

/// RFC 7515 appendix A.3.
const A3: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
const A3_KEY: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
/// RFC 8037 appendix A.1 and A.4.
const SEED: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
const A4: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

fn key(text: &str) -> PublicKey {
    PublicKey::from_jwk(&Jwk::parse(text.as_bytes()).unwrap()).unwrap()
}

#[test]
fn rfc_7515_a3_verifies() {
    let (header, payload) = verify(A3, &key(A3_KEY)).unwrap();
    assert_eq!(header.algorithm, Algorithm::Es256);
    let joe = b"{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
    assert_eq!(payload, joe);
}

#[test]
fn rfc_8037_a4_signs_and_verifies() {
    let signing = SigningKey::from_seed(b64::decode_32(SEED).unwrap()).unwrap();
    let public = PublicKey::from_jwk(&signing.jwk()).unwrap();
    let made = compose(&signing, r#"{"alg":"EdDSA"}"#, b"Example of Ed25519 signing").unwrap();
    assert_eq!(made, A4);
    assert_eq!(verify(A4, &public).unwrap().1, b"Example of Ed25519 signing");
}

#[test]
fn refused_texts() {
    let signing = SigningKey::from_seed([3; 32]).unwrap();
    let public = PublicKey::from_jwk(&signing.jwk()).unwrap();
    let with = |header: &str| compose(&signing, header, b"{}").unwrap();
    let good = with(r#"{"alg":"EdDSA","typ":"x"}"#);
    assert!(verify(&good, &public).is_ok());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let padded = format!("{signed}.{signature}==");
    let shorter = format!("{signed}.{}", signature.get(..82).unwrap());
    for (text, code) in [
        (with(r#"{"alg":"none"}"#), "IDEN-0005"),
        (with(r#"{"alg":"HS256"}"#), "IDEN-0005"),
        (with(r#"{"alg":"RS256"}"#), "IDEN-0005"),
        (with(r#"{"alg":"eddsa"}"#), "IDEN-0005"),
        (with(r#"{"alg":"ES256"}"#), "IDEN-0005"),
        (with(r#"{"alg":["EdDSA"]}"#), "IDEN-0005"),
        (with("{}"), "IDEN-0005"),
        (with(r#"{"alg":"EdDSA","alg":"EdDSA"}"#), "IDEN-0004"),
        (with(r#"{"alg":"EdDSA","x":1,"x":1}"#), "IDEN-0004"),
        (with(r#"{"alg":"EdDSA"} x"#), "IDEN-0004"),
        (with("[]"), "IDEN-0004"),
        (with(r#"{"alg":"EdDSA","crit":["b64"],"b64":false}"#), "IDEN-0006"),
        (with(r#"{"alg":"EdDSA","kid":7}"#), "IDEN-0009"),
        (with(&format!(r#"{{"alg":"EdDSA","kid":"{}"}}"#, "k".repeat(129))), "IDEN-0009"),
        (with(r#"{"alg":"EdDSA","jwk":{"kty":"RSA"}}"#), "IDEN-0008"),
        (format!("{good}.x"), "IDEN-0002"),
        (format!("x.{good}"), "IDEN-0002"),
        (signed.to_owned(), "IDEN-0002"),
        (format!(".{signature}"), "IDEN-0002"),
        (format!("{signed}."), "IDEN-0003"),
        (padded, "IDEN-0003"),
        (shorter, "IDEN-0003"),
        (format!("{good}\n"), "IDEN-0003"),
        (good.replacen("eyJ", "eyK", 1), "IDEN-0004"),
        (format!("{}.AAAA.{signature}", signed.split('.').next().unwrap()), "IDEN-0007"),
        (format!("{signed}.{}", "A".repeat(86)), "IDEN-0007"),
        ("a".repeat(MAX_JWS + 1), "IDEN-0001"),
        (String::new(), "IDEN-0002"),
    ] {
        let fault = verify(&text, &public).unwrap_err();
        assert_eq!(fault.code().0, code, "{text}: {fault}");
        assert!(!fault.cure().is_empty() && !fault.oauth_error().is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn never_panics(text in "\\PC{0,120}|[A-Za-z0-9_.-]{0,300}") {
        prop_assert!(verify(&text, &key(A3_KEY)).is_err());
    }

    #[test]
    fn any_flipped_character_is_refused(at in 0_usize..220, to in "[A-Za-z0-9_-]") {
        let mut text = A3.to_owned();
        if at < text.len() && text.get(at..=at) != Some(to.as_str()) {
            text.replace_range(at..=at, &to);
            prop_assert!(verify(&text, &key(A3_KEY)).is_err());
        }
    }
}
