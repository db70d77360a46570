//! Create and verify, and the tables of assertions that are refused.

use proptest::prelude::*;

use super::*;
use crate::jws::compose;

const ISS: &str = "https://desk.example";
const TOKEN: &str = "https://desk.example/oauth/token";

fn now() -> Timestamp {
    Timestamp::from_micros(1_793_714_580_250_000)
}

fn client() -> InstanceId {
    InstanceId::from_parts(now(), [2; 10])
}

fn expect() -> Expect<'static> {
    Expect { client: client(), audiences: &[ISS, TOKEN], now: now() }
}

/// A client, its key, and a payload that is good until a row changes it.
struct Bed {
    key: AgentKey,
    public: PublicKey,
    good: String,
}

impl Bed {
    fn new() -> Self {
        let key = AgentKey::generate_p256().unwrap();
        let public = PublicKey::from_jwk(&key.jwk()).unwrap();
        let (id, exp) = (client(), now().seconds() + 300);
        let good = format!(r#"{{"iss":"{id}","sub":"{id}","aud":"{ISS}","exp":{exp},"jti":"j"}}"#);
        Self { key, public, good }
    }

    fn headed(&self, header: &str) -> String {
        compose(&self.key, header, self.good.as_bytes()).unwrap()
    }

    fn with(&self, from: &str, to: &str) -> String {
        let changed = self.good.replacen(from, to, 1);
        assert_ne!(changed, self.good, "{from}");
        jws::sign(&self.key, "JWT", changed.as_bytes()).unwrap()
    }

    fn until(&self, exp: i64) -> String {
        self.with(&(now().seconds() + 300).to_string(), &exp.to_string())
    }

    #[track_caller]
    fn accepts(&self, text: &str) {
        assert!(verify(text, &self.public, &expect()).is_ok(), "{text}");
    }

    fn refuses(&self, rows: &[(String, &str)]) {
        for (text, code) in rows {
            let fault = verify(text, &self.public, &expect()).unwrap_err();
            assert_eq!(fault.code().0, *code, "{fault}: {text}");
            assert_eq!(fault.oauth_error(), "invalid_client");
            assert!(!fault.cure().is_empty());
        }
    }
}

#[test]
fn what_is_created_is_accepted() {
    let bed = Bed::new();
    for audience in [ISS, TOKEN] {
        let made = create(&bed.key, client(), audience, now(), "j1").unwrap();
        assert_eq!(claimed_client(&made), Ok(client()));
        let assertion = verify(&made, &bed.public, &expect()).unwrap();
        assert_eq!((assertion.client, assertion.jti.as_str()), (client(), "j1"));
        // The mark outlives the last instant at which the assertion is accepted.
        let last = assertion.keep_until - Span::micros(1);
        assert!(verify(&made, &bed.public, &Expect { now: last, ..expect() }).is_ok());
        let after = Expect { now: assertion.keep_until, ..expect() };
        assert_eq!(verify(&made, &bed.public, &after), Err(AssertionFault::Expired));
    }
}

#[test]
fn refused_for_header_or_signature() {
    let bed = Bed::new();
    let sign = |key: &AgentKey, typ| jws::sign(key, typ, bed.good.as_bytes()).unwrap();
    bed.accepts(&sign(&bed.key, "JWT"));
    bed.accepts(&sign(&bed.key, "client-authentication+jwt"));
    bed.accepts(&bed.headed(r#"{"alg":"ES256"}"#));
    bed.refuses(&[
        (sign(&AgentKey::generate_p256().unwrap(), "JWT"), "IDEN-0007"),
        (bed.headed(r#"{"alg":"EdDSA"}"#), "IDEN-0005"),
        (bed.headed(r#"{"alg":"none"}"#), "IDEN-0005"),
        (bed.headed(r#"{"alg":"HS256"}"#), "IDEN-0005"),
        (sign(&bed.key, "at+jwt"), "IDEN-0045"),
        (sign(&bed.key, "dpop+jwt"), "IDEN-0045"),
    ]);
}

#[test]
fn refused_for_a_claim() {
    let bed = Bed::new();
    let (id, seconds) = (client().to_string(), now().seconds());
    let other = InstanceId::from_parts(now(), [8; 10]).to_string();
    let sub = |id: &str| format!(r#""sub":"{id}""#);
    let aud = format!(r#""aud":"{ISS}""#);
    bed.accepts(&bed.with(&aud, &format!(r#""aud":["{ISS}"]"#)));
    bed.accepts(&bed.with("{", &format!(r#"{{"nbf":{seconds},"iat":{seconds},"#)));
    bed.refuses(&[
        (bed.with(&id, &other), "IDEN-0041"),
        (bed.with(&sub(&id), &sub(&other)), "IDEN-0041"),
        (bed.with(r#""iss""#, r#""isx""#), "IDEN-0040"),
        (bed.with(ISS, "https://other.example"), "IDEN-0042"),
        (bed.with(&aud, &format!(r#""aud":["{ISS}","{TOKEN}"]"#)), "IDEN-0042"),
        (bed.with(&aud, r#""aud":7"#), "IDEN-0040"),
        (bed.with(r#""exp""#, r#""exq""#), "IDEN-0040"),
        (bed.until(seconds - 60), "IDEN-0043"),
        (bed.until(seconds + 400), "IDEN-0044"),
        (bed.with("{", &format!(r#"{{"nbf":{},"#, seconds + 100)), "IDEN-0044"),
        (bed.with("{", &format!(r#"{{"iat":{},"#, seconds + 100)), "IDEN-0044"),
        (bed.with("{", r#"{"iat":"x","#), "IDEN-0040"),
        (bed.with(r#""jti":"j""#, r#""jti":"""#), "IDEN-0040"),
        (bed.with(r#","jti":"j""#, ""), "IDEN-0040"),
        (bed.with(r#""j""#, &format!("\"{}\"", "j".repeat(145))), "IDEN-0040"),
        (bed.with("{", r#"{"jti":"k","#), "IDEN-0004"),
        (bed.with("}", "} x"), "IDEN-0004"),
        (bed.with(r#""j""#, &format!("\"{}\"", "j".repeat(4000))), "IDEN-0001"),
    ]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn never_panics(text in "\\PC{0,200}|[A-Za-z0-9_.-]{0,300}") {
        let key = crate::SigningKey::from_seed([1; 32]).unwrap();
        let public = PublicKey::from_jwk(&key.jwk()).unwrap();
        prop_assert!(verify(&text, &public, &expect()).is_err());
        prop_assert!(claimed_client(&text).is_err());
    }
}
