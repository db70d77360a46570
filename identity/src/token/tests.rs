//! Issue and verify, and the table of tokens that are refused.

use proptest::prelude::*;

use super::*;
use crate::{AgentKey, jws};

pub(crate) const ISS: &str = "https://desk.example";
pub(crate) const AUD: &str = "https://gateway.example/mcp";

pub(crate) fn now() -> Timestamp {
    Timestamp::from_micros(1_793_714_580_250_000)
}

pub(crate) fn key() -> SigningKey {
    SigningKey::from_seed([4; 32]).unwrap()
}

pub(crate) fn claims() -> Claims {
    Claims {
        iss: ISS.to_owned(),
        sub: AgentId::from_parts(now(), [1; 10]),
        client_id: InstanceId::from_parts(now(), [2; 10]),
        behalf: None,
        aud: AUD.to_owned(),
        iat: now(),
        exp: now() + Span::minutes(5),
        jti: TokenId::from_parts(now(), [3; 10]),
        tenant: TenantId::from_parts(now(), [4; 10]),
        epoch: 7,
        jkt: Some(Thumbprint([9; 32])),
        scope: None,
    }
}

#[test]
fn a_scope_narrows_to_the_servers_it_names() {
    let with = |scope: &str| Claims { scope: Some(scope.to_owned()), ..claims() };
    assert!(claims().reaches("mail"));
    for (scope, mail) in [
        ("mcp", true),
        ("mcp:mail", true),
        ("mcp:crm mcp:mail", true),
        ("mcp:crm", false),
        ("mcp:mailbox", false),
        ("mcp:", false),
        ("mail", false),
        ("MCP", false),
    ] {
        let text = issue(&key(), &with(scope)).unwrap();
        let read = check(&text).unwrap();
        let read = read.admit(AUD, now()).unwrap();
        assert_eq!((read.scope.as_deref(), read.reaches("mail")), (Some(scope), mail), "{scope}");
    }
    let empty = issue(&key(), &with("")).unwrap_err();
    assert_eq!(empty, TokenFault::Claim("scope"));
    assert!(issue(&key(), &with(&"x".repeat(MAX_SCOPE + 1))).is_err());
}

fn check(text: &str) -> Result<Verified, TokenFault> {
    check_at(text, now())
}

fn check_at(text: &str, now: Timestamp) -> Result<Verified, TokenFault> {
    verify(text, &PublicKeys::of_signing_key(&key()).unwrap(), &Expect { iss: ISS, now })
}

#[test]
fn what_is_issued_is_read_back() {
    let text = issue(&key(), &claims()).unwrap();
    let verified = check(&text).unwrap();
    let wanted = Claims {
        iat: whole_second(now()),
        exp: whole_second(now()) + Span::minutes(5),
        ..claims()
    };
    assert_eq!(verified.admit(AUD, now()), Ok(&wanted));
    assert_eq!(verified.ath(), &Digest::of(text.as_bytes()));
    assert_eq!(verified.admit("https://gateway.example/", now()), Err(TokenFault::Audience));
    assert_eq!(verified.admit(AUD, verified.expires()), Err(TokenFault::Expired));

    let bearer = issue(&key(), &Claims { jkt: None, ..claims() }).unwrap();
    assert_eq!(check(&bearer).unwrap().jkt(), None);
    assert!(text.len() < 1024, "{} bytes fit any header", text.len());
}

#[test]
fn life_is_checked_on_both_sides() {
    for exp in [now() + Span::seconds(301), now(), now() - Span::seconds(1)] {
        let claims = Claims { exp, ..claims() };
        assert_eq!(issue(&key(), &claims), Err(TokenFault::Life));
        let header = format!(r#"{{"alg":"EdDSA","kid":"{}","typ":"at+jwt"}}"#, key().kid());
        let forged = compose(&key(), &header, write(&claims).as_bytes()).unwrap();
        assert_eq!(check(&forged).unwrap_err(), TokenFault::Life);
    }
    let text = issue(&key(), &claims()).unwrap();
    for (after, fault) in [
        (Span::seconds(0), None),
        (Span::seconds(-30), None),
        (Span::seconds(-31), Some(TokenFault::Future)),
        (Span::seconds(299), None),
        (Span::seconds(300), Some(TokenFault::Expired)),
        (Span::days(1), Some(TokenFault::Expired)),
    ] {
        assert_eq!(check_at(&text, now() + after).err(), fault, "{after:?}");
    }
}

fn refuses(rows: &[(String, &str)]) {
    for (text, code) in rows {
        let fault = check(text).unwrap_err();
        assert_eq!(fault.code().0, *code, "{fault}: {text}");
        assert_eq!(fault.oauth_error(), "invalid_token");
        assert!(!fault.cure().is_empty());
    }
}

#[test]
fn refused_for_header_or_signature() {
    let good = write(&claims());
    let sign = |typ: &str| jws::sign(&key(), typ, good.as_bytes()).unwrap();
    let headed =
        |key: &dyn crate::Signer, header: &str| compose(key, header, good.as_bytes()).unwrap();
    let (other, agent) =
        (SigningKey::from_seed([5; 32]).unwrap(), AgentKey::generate_p256().unwrap());
    let ours = |alg: &str| format!(r#"{{"alg":"{alg}","kid":"{}","typ":"at+jwt"}}"#, key().kid());
    let valid = sign(TYP);
    let altered = {
        let mut parts: Vec<_> = valid.split('.').map(str::to_owned).collect();
        let raised = good.replace("\"writ_epoch\":7", "\"writ_epoch\":8");
        parts[1] = crate::b64::encode(raised.as_bytes());
        parts.join(".")
    };
    assert!(check(&valid).is_ok());
    refuses(&[
        (sign("JWT"), "IDEN-0010"),
        (sign("dpop+jwt"), "IDEN-0010"),
        (jws::sign(&other, TYP, good.as_bytes()).unwrap(), "IDEN-0011"),
        (headed(&key(), r#"{"alg":"EdDSA","typ":"at+jwt"}"#), "IDEN-0011"),
        (headed(&other, &ours("EdDSA")), "IDEN-0007"),
        (headed(&agent, &ours("ES256")), "IDEN-0005"),
        (headed(&key(), &ours("none")), "IDEN-0005"),
        (headed(&key(), &ours("HS256")), "IDEN-0005"),
        (altered, "IDEN-0007"),
        (format!("{valid} "), "IDEN-0003"),
    ]);
}

#[test]
fn refused_for_a_claim() {
    let good = write(&claims());
    let with = |from: &str, to: &str| {
        let changed = good.replacen(from, to, 1);
        assert_ne!(changed, good, "{from}");
        jws::sign(&key(), TYP, changed.as_bytes()).unwrap()
    };
    let aud = format!("\"aud\":\"{AUD}\"");
    refuses(&[
        (with(ISS, "https://desk.example.evil"), "IDEN-0012"),
        (with("agt_", "ins_"), "IDEN-0013"),
        (with("\"sub\"", "\"subject\""), "IDEN-0013"),
        (with("tnt_", "agt_"), "IDEN-0013"),
        (with(&aud, &format!("\"aud\":[\"{AUD}\"]")), "IDEN-0013"),
        (with("\"writ_epoch\":7", "\"writ_epoch\":-7"), "IDEN-0013"),
        (with("\"writ_epoch\":7", "\"writ_epoch\":\"7\""), "IDEN-0013"),
        (with("\"jkt\"", "\"x5t#S256\""), "IDEN-0013"),
        (with("\"cnf\":{", "\"cnf\":7,\"cmf\":{"), "IDEN-0013"),
        (with("\"exp\":", "\"exp\":\"\",\"exq\":"), "IDEN-0013"),
        (with("{", "{\"iss\":\"https://desk.example\","), "IDEN-0004"),
        (with("{", "[{"), "IDEN-0004"),
        (jws::sign(&key(), TYP, format!("{good} {{}}").as_bytes()).unwrap(), "IDEN-0004"),
        (with(AUD, &"a".repeat(2000)), "IDEN-0013"),
        (with(AUD, &"a".repeat(7000)), "IDEN-0001"),
    ]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn random_text_never_panics(text in "\\PC{0,200}|[A-Za-z0-9_-]{1,60}\\.[A-Za-z0-9_-]{1,90}\\.[A-Za-z0-9_-]{86}") {
        prop_assert!(check(&text).is_err());
    }

    #[test]
    fn random_payloads_under_a_good_signature_never_panic(payload in "[{}\":,a-z0-9\\[\\]]{0,80}") {
        prop_assert!(check(&jws::sign(&key(), TYP, payload.as_bytes()).unwrap()).is_err());
    }
}
