//! The RFC's own proofs, the road with a kept key, and the table of proofs that are refused.

use proptest::prelude::*;

use super::*;
use crate::{SigningKey, scrub::tests::Seeded};

/// RFC 9449 section 4.1, and its key's thumbprint from section 6.1.
const FIGURE_2: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
const PRINT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
/// RFC 9449 section 7.1: the proof and the token of its request.
const FIGURE_12: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";
const TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";

const URL: &str = "https://gateway.example/mcp";

fn seconds(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn now() -> Timestamp {
    Timestamp::from_micros(1_793_714_580_250_000)
}

fn expect<'a>(method: &'a str, url: &'a str, now: Timestamp) -> Expect<'a> {
    Expect { method, url, now, nonce: NonceRule::NotAsked, ath: None, jkt: None, key: None }
}

#[test]
fn the_proofs_of_rfc_9449_verify() {
    let first = verify(
        FIGURE_2,
        &expect("POST", "https://server.example.com/token", seconds(1_562_262_616)),
    )
    .unwrap();
    assert_eq!((first.jkt.to_string().as_str(), first.jti.as_str()), (PRINT, "-BwC3ESc6acc2lTc"));
    assert_eq!(first.iat, seconds(1_562_262_616));

    let ath = Digest::of(TOKEN.as_bytes());
    let resource = "https://resource.example.org/protectedresource?query=1";
    let second = Expect {
        ath: Some(&ath),
        jkt: Some(&first.jkt),
        ..expect("GET", resource, seconds(1_562_262_640))
    };
    assert_eq!(verify(FIGURE_12, &second).unwrap().jti, "e1j3V_bKic8-LAEB");
    let stranger = Thumbprint([1; 32]);
    let other = Expect { jkt: Some(&stranger), ..second };
    assert_eq!(verify(FIGURE_12, &other).unwrap_err(), DpopFault::Key);
}

/// An agent's key, a boot's nonces, and a proof that is good until a row changes it.
struct Bed {
    key: AgentKey,
    nonces: Nonces,
    ath: Digest,
    header: String,
    good: String,
}

impl Bed {
    fn new() -> Self {
        let (key, nonces, ath) = (
            AgentKey::generate_p256().unwrap(),
            Nonces::new(&Seeded::new(1)),
            Digest::of(b"token"),
        );
        let header = format!(r#"{{"typ":"dpop+jwt","alg":"ES256","jwk":{}}}"#, key.jwk().to_json());
        let good = format!(
            r#"{{"jti":"j","htm":"POST","htu":"{URL}","iat":{},"ath":"{}","nonce":"{}"}}"#,
            now().seconds(),
            b64::encode(&ath.0),
            nonces.current(now())
        );
        Self { key, nonces, ath, header, good }
    }

    fn expect(&self) -> Expect<'_> {
        let nonce = NonceRule::Asked(&self.nonces);
        Expect { nonce, ath: Some(&self.ath), ..expect("POST", URL, now()) }
    }

    fn made(&self, key: &AgentKey, jti: &str) -> String {
        let nonce = self.nonces.current(now() - Span::minutes(2));
        let prove_it = Prove {
            method: "POST",
            url: "https://gateway.example/mcp?x=1#y",
            now: now(),
            access_token: Some("token"),
            nonce: Some(&nonce),
            jti,
        };
        prove(key, &prove_it).unwrap()
    }

    fn headed(&self, header: &str) -> String {
        compose(&self.key, header, self.good.as_bytes()).unwrap()
    }

    fn head(&self, from: &str, to: &str) -> String {
        self.headed(&swap(&self.header, from, to))
    }

    fn with(&self, from: &str, to: &str) -> String {
        compose(&self.key, &self.header, swap(&self.good, from, to).as_bytes()).unwrap()
    }

    fn iat(&self, after: i64) -> String {
        let at = now().seconds();
        self.with(&format!("\"iat\":{at}"), &format!("\"iat\":{}", at + after))
    }

    fn refuses(&self, rows: &[(String, &str)]) {
        for (text, code) in rows {
            let fault = verify(text, &self.expect()).unwrap_err();
            assert_eq!(fault.code().0, *code, "{fault}: {text}");
            let nonce = ["IDEN-0026", "IDEN-0027", "IDEN-0028"].contains(code);
            assert_eq!(fault.oauth_error() == "use_dpop_nonce", nonce);
            assert!(!fault.cure().is_empty());
        }
    }
}

fn swap(text: &str, from: &str, to: &str) -> String {
    let changed = text.replacen(from, to, 1);
    assert_ne!(changed, text, "{from}");
    changed
}

#[test]
fn what_is_made_is_accepted_by_each_road() {
    let bed = Bed::new();
    let jkt = bed.key.thumbprint();
    let base = Expect { jkt: Some(&jkt), ..bed.expect() };
    let first = verify(&bed.made(&bed.key, "a"), &base).unwrap();
    assert_eq!((first.jkt, first.nonce), (jkt, Some(NonceState::Aging)));
    assert_eq!(first.keep_until() - first.iat, IAT_WINDOW);

    let kept = Expect { key: Some(&first.key), ..base };
    let second = verify(&bed.made(&bed.key, "b"), &kept).unwrap();
    assert!(Arc::ptr_eq(&first.key, &second.key) && second.jti == "b");
    let alone = Expect { jkt: None, ..kept };
    assert_eq!(verify(&bed.made(&bed.key, "c"), &alone).unwrap().jkt, jkt);

    // The same key in a header of another order: read again, decoded no more.
    let jwk = bed.key.jwk().to_json();
    let reordered = format!(r#"{{"alg":"ES256","jwk":{jwk},"typ":"dpop+jwt"}}"#);
    let third = verify(&bed.headed(&reordered), &kept).unwrap();
    assert!(Arc::ptr_eq(&first.key, &third.key));
}

#[test]
fn a_kept_key_helps_nobody_else() {
    let (bed, thief) = (Bed::new(), AgentKey::generate_p256().unwrap());
    let jkt = bed.key.thumbprint();
    let base = Expect { jkt: Some(&jkt), ..bed.expect() };
    let first = verify(&bed.made(&bed.key, "a"), &base).unwrap();
    let kept = Expect { key: Some(&first.key), ..base };
    let stolen = bed.made(&thief, "b");
    for expect in [base, kept, Expect { jkt: None, ..kept }] {
        assert_eq!(verify(&stolen, &expect).unwrap_err(), DpopFault::Key);
    }
    let own = thief.thumbprint();
    assert_eq!(verify(&stolen, &Expect { jkt: Some(&own), ..kept }).unwrap().jkt, own);

    // The kept header, word for word, with another's signature.
    let made = bed.made(&bed.key, "c");
    let (signed, _) = made.rsplit_once('.').unwrap();
    let signature = b64::encode(&thief.sign(signed.as_bytes()).unwrap());
    let fault = verify(&format!("{signed}.{signature}"), &kept).unwrap_err();
    assert_eq!(fault, DpopFault::Jws(JwsFault::Signature));
}

#[test]
fn refused_for_header_or_signature() {
    let bed = Bed::new();
    let jwk = bed.key.jwk().to_json();
    let valid = bed.headed(&bed.header);
    assert!(verify(&valid, &bed.expect()).is_ok());
    let ed = SigningKey::from_seed([3; 32]).unwrap();
    let ed_header = format!(r#"{{"typ":"dpop+jwt","alg":"EdDSA","jwk":{}}}"#, ed.jwk().to_json());
    let ed_proof = compose(&ed, &ed_header, bed.good.as_bytes()).unwrap();
    assert!(verify(&ed_proof, &bed.expect()).is_ok());
    let off_curve = Jwk::P256 { x: [1; 32], y: [1; 32] }.to_json();
    let stranger = AgentKey::generate_p256().unwrap();
    bed.refuses(&[
        (bed.head("dpop+jwt", "JWT"), "IDEN-0020"),
        (bed.head("\"typ\":\"dpop+jwt\",", ""), "IDEN-0020"),
        (bed.head("ES256", "none"), "IDEN-0005"),
        (bed.head("ES256", "HS256"), "IDEN-0005"),
        (bed.head("ES256", "EdDSA"), "IDEN-0005"),
        (bed.head(&jwk, &ed.jwk().to_json()), "IDEN-0005"),
        (bed.head("\"jwk\"", "\"jwx\""), "IDEN-0021"),
        (bed.head("\"kty\":\"EC\"", "\"kty\":\"EC\",\"d\":\"AA\""), "IDEN-0008"),
        (bed.head(&jwk, "{\"kty\":\"oct\",\"k\":\"AA\"}"), "IDEN-0008"),
        (bed.head(&jwk, &off_curve), "IDEN-0008"),
        (compose(&stranger, &bed.header, bed.good.as_bytes()).unwrap(), "IDEN-0007"),
        (bed.head("{\"typ\"", "{\"alg\":\"ES256\",\"typ\""), "IDEN-0004"),
        (bed.head("{\"typ\"", "{\"crit\":[],\"typ\""), "IDEN-0006"),
        (format!("{valid},{valid}"), "IDEN-0002"),
        (format!("{valid} "), "IDEN-0003"),
    ]);
}

#[test]
fn refused_for_a_claim() {
    let bed = Bed::new();
    let (ath, nonce) = (b64::encode(&bed.ath.0), bed.nonces.current(now()));
    let elder = Nonces::new(&Seeded::new(2)).current(now());
    let jti = |text: &str| bed.with("\"jti\":\"j\"", &format!("\"jti\":{text}"));
    assert!(verify(&bed.iat(-59), &bed.expect()).is_ok());
    assert!(verify(&bed.iat(60), &bed.expect()).is_ok());
    bed.refuses(&[
        (bed.with("{", "{\"htm\":\"POST\","), "IDEN-0004"),
        (bed.with("}", "}{}"), "IDEN-0004"),
        (jti("\"\""), "IDEN-0022"),
        (jti("7"), "IDEN-0022"),
        (jti(&format!("\"{}\"", "j".repeat(145))), "IDEN-0022"),
        (bed.with("\"jti\"", "\"jxi\""), "IDEN-0022"),
        (bed.with("\"htm\"", "\"hxm\""), "IDEN-0022"),
        (bed.with("\"htu\"", "\"hxu\""), "IDEN-0022"),
        (bed.with("\"iat\":", "\"iat\":\"x\",\"ixt\":"), "IDEN-0022"),
        (bed.with("POST", "GET"), "IDEN-0023"),
        (bed.with("POST", "post"), "IDEN-0023"),
        (bed.with(URL, "https://gateway.example/other"), "IDEN-0024"),
        (bed.with(URL, "http://gateway.example/mcp"), "IDEN-0024"),
        (bed.iat(-60), "IDEN-0025"),
        (bed.iat(61), "IDEN-0025"),
        (bed.with("\"nonce\"", "\"nxnce\""), "IDEN-0026"),
        (bed.with(&nonce, &bed.nonces.current(now() - Span::minutes(4))), "IDEN-0027"),
        (bed.with(&nonce, &elder), "IDEN-0028"),
        (bed.with(&nonce, &"n".repeat(65)), "IDEN-0022"),
        (bed.with("\"ath\"", "\"axh\""), "IDEN-0029"),
        (bed.with(&ath, &b64::encode(&[1; 32])), "IDEN-0029"),
        (bed.with(URL, &"u".repeat(4000)), "IDEN-0001"),
    ]);
}

#[test]
fn exactly_one_header_field() {
    assert_eq!(single(["a"]), Ok("a"));
    assert_eq!(single::<&str>([]), Err(DpopFault::Missing));
    assert_eq!(single(["a", "a"]), Err(DpopFault::Several));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn never_panics(text in "\\PC{0,200}|[A-Za-z0-9_.-]{0,400}") {
        prop_assert!(verify(&text, &expect("POST", URL, now())).is_err());
    }

    #[test]
    fn any_flipped_character_is_refused(at in 0_usize..500, to in "[A-Za-z0-9_-]") {
        let mut text = FIGURE_2.to_owned();
        if at < text.len() && text.get(at..=at) != Some(to.as_str()) {
            text.replace_range(at..=at, &to);
            let url = "https://server.example.com/token";
            prop_assert!(verify(&text, &expect("POST", url, seconds(1_562_262_616))).is_err());
        }
    }
}

/// Both kinds of agent key survive their document and prove; the token's key binding tells them apart.
#[test]
fn either_kind_of_agent_key_proves() {
    let nonces = Nonces::new(&Seeded::new(3));
    for key in [AgentKey::generate().unwrap(), AgentKey::generate_p256().unwrap()] {
        let again = AgentKey::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap();
        assert_eq!(again.thumbprint(), key.thumbprint());
        let now = now();
        let nonce = nonces.current(now);
        let url = "http://127.0.0.1:7421/mcp/mail";
        let wish =
            Prove { method: "POST", url, now, access_token: None, nonce: Some(&nonce), jti: "j" };
        let proof = prove(&again, &wish).unwrap();
        let wanted = |jkt| Expect {
            method: "POST",
            url,
            now,
            nonce: NonceRule::Asked(&nonces),
            ath: None,
            jkt: Some(jkt),
            key: None,
        };
        let mine = key.thumbprint();
        assert_eq!(verify(&proof, &wanted(&mine)).unwrap().jkt, mine);
        let other = AgentKey::generate().unwrap().thumbprint();
        assert!(verify(&proof, &wanted(&other)).is_err());
    }
}
