//! Each step of sections 7.1 and 7.2 violated once, each refused with its own fault; and each refusal has its words.

use serde_json::json;

use super::*;
use crate::{
    Fault,
    fault::CODES,
    webauthn::cbor::{Value as Cbor, encode, parse},
};

type Turn = fn(&mut Knobs);

/// What both ceremonies check.
const SHARED: [(&str, Turn, WebauthnFault); 19] = [
    ("challenge", |k| k.challenge = Some(vec![8; 64]), WebauthnFault::Challenge),
    ("challenge, empty", |k| k.challenge = Some(vec![]), WebauthnFault::Challenge),
    ("challenge, nonce only", |k| k.challenge = Some(vec![9; 32]), WebauthnFault::Challenge),
    ("origin", |k| k.origin = Some("https://evil.example".to_owned()), WebauthnFault::Origin),
    ("port", |k| k.origin = Some("http://localhost:7421".to_owned()), WebauthnFault::Origin),
    ("scheme", |k| k.origin = Some("https://localhost:7420".to_owned()), WebauthnFault::Origin),
    ("slash", |k| k.origin = Some("http://localhost:7420/".to_owned()), WebauthnFault::Origin),
    ("crossOrigin", |k| k.cross_origin = Some(json!(true)), WebauthnFault::CrossOrigin),
    ("crossOrigin, text", |k| k.cross_origin = Some(json!("false")), WebauthnFault::CrossOrigin),
    ("topOrigin", |k| k.top_origin = Some(ORIGIN.to_owned()), WebauthnFault::CrossOrigin),
    ("rpIdHash", |k| k.rp_id = Some("evil.example".to_owned()), WebauthnFault::RpId),
    ("UP", |k| k.clear_flags = 1, WebauthnFault::NotPresent),
    ("UV", |k| k.clear_flags = 4, WebauthnFault::NotVerified),
    ("BS without BE", |k| k.clear_flags = 8, WebauthnFault::Backup),
    ("reserved bit 1", |k| k.set_flags = 2, WebauthnFault::Flags),
    ("reserved bit 5", |k| k.set_flags = 32, WebauthnFault::Flags),
    ("trailing bytes", |k| k.trailing = vec![0], WebauthnFault::AuthData),
    (
        "extensions that are none",
        |k| (k.set_flags, k.trailing) = (128, vec![0x01]),
        WebauthnFault::AuthData,
    ),
    (
        "bytes after extensions",
        |k| (k.set_flags, k.trailing) = (128, vec![0xa0, 0]),
        WebauthnFault::AuthData,
    ),
];

fn registration(turn: impl FnOnce(&mut Knobs)) -> Result<Registered, WebauthnFault> {
    let mut passkey = soft(1, SoftKind::Es256);
    turn(passkey.knobs());
    take(&registered(&mut passkey, true))
}

fn assertion(turn: impl FnOnce(&mut Knobs)) -> Result<Checked, WebauthnFault> {
    let mut passkey = soft(1, SoftKind::Es256);
    let jwk = passkey.jwk().unwrap();
    turn(passkey.knobs());
    check(&rp(), &jwk, &CHALLENGE, &asserted(&passkey).parts())
}

#[test]
fn section_7_1_and_7_2_shared_steps() {
    for (name, turn, fault) in SHARED {
        assert_eq!(registration(turn).unwrap_err(), fault, "registration: {name}");
        assert_eq!(assertion(turn).unwrap_err(), fault, "assertion: {name}");
    }
    let extensions = |k: &mut Knobs| (k.set_flags, k.trailing) = (128, vec![0xa0]);
    assert!(registration(extensions).is_ok());
    assert!(assertion(extensions).is_ok());
    let incomplete = |k: &mut Knobs| k.set_flags = 128;
    let early = WebauthnFault::Cbor(CborFault::Incomplete);
    assert_eq!(registration(incomplete).unwrap_err(), early);
    assert_eq!(assertion(incomplete).unwrap_err(), early);
    let absent = |k: &mut Knobs| k.cross_origin = Some(json!(null));
    assert!(registration(absent).is_ok() && assertion(absent).is_ok());
    let bound = |k: &mut Knobs| k.clear_flags = 8 | 16;
    assert!(!registration(bound).unwrap().synced);
    assert!(!assertion(bound).unwrap().synced);
}

#[test]
fn section_7_1_steps_of_its_own() {
    let get = |k: &mut Knobs| k.ceremony = Some("webauthn.get".to_owned());
    assert_eq!(registration(get).unwrap_err(), WebauthnFault::Type);
    let spoiled = |k: &mut Knobs| k.spoil_attestation = true;
    assert_eq!(registration(spoiled).unwrap_err(), WebauthnFault::Attestation);
    // Without AT the attested data are bytes too many; without those, too, there is no key.
    assert_eq!(registration(|k| k.clear_flags = 64).unwrap_err(), WebauthnFault::AuthData);
    let data = [&asserted(&soft(1, SoftKind::Es256)).authenticator_data[..]].concat();
    let bare = object("none", Cbor::Map(vec![]), &data);
    assert_eq!(with_object(&bare).unwrap_err(), WebauthnFault::Flags);
}

#[test]
fn section_7_2_steps_of_its_own() {
    let create = |k: &mut Knobs| k.ceremony = Some("webauthn.create".to_owned());
    assert_eq!(assertion(create).unwrap_err(), WebauthnFault::Type);
    let other = |k: &mut Knobs| k.other_key = Some([2; 32]);
    assert_eq!(assertion(other).unwrap_err(), WebauthnFault::Signature);
    assert_eq!(assertion(|k| k.set_flags = 64).unwrap_err(), WebauthnFault::AuthData);
    assert_eq!(assertion(|k| k.counter = Some(u32::MAX)).unwrap().counter, u32::MAX);
    // Attested data do not belong into an assertion, even signed.
    let mut passkey = soft(1, SoftKind::Es256);
    let response = registered(&mut passkey, false);
    let cbor = parse(&response.attestation_object).unwrap();
    let data = cbor.get("authData").unwrap().as_bytes().unwrap();
    passkey.knobs().trailing = data[37..].to_vec();
    passkey.knobs().set_flags = 64;
    let jwk = passkey.jwk().unwrap();
    let found = check(&rp(), &jwk, &CHALLENGE, &asserted(&passkey).parts());
    assert_eq!(found.unwrap_err(), WebauthnFault::Flags);
}

#[test]
fn keys_other_challenges_and_sizes() {
    let passkey = soft(1, SoftKind::Es256);
    let (answer, jwk) = (asserted(&passkey), passkey.jwk().unwrap());
    let with = |jwk: &str, challenge: &[u8]| check(&rp(), jwk, challenge, &answer.parts());
    assert!(with(&jwk, &CHALLENGE).is_ok());
    assert_eq!(with(&jwk, &[]).unwrap_err(), WebauthnFault::Challenge);
    // Nothing is no challenge, even where both sides have none.
    let mut empty = soft(1, SoftKind::Es256);
    empty.knobs().challenge = Some(Vec::new());
    let found = check(&rp(), &jwk, &[], &asserted(&empty).parts());
    assert_eq!(found.unwrap_err(), WebauthnFault::Challenge);
    assert_eq!(with(&jwk, &CHALLENGE[..63]).unwrap_err(), WebauthnFault::Challenge);
    let other = soft(2, SoftKind::Es256).jwk().unwrap();
    assert_eq!(with(&other, &CHALLENGE).unwrap_err(), WebauthnFault::Signature);
    let other = soft(1, SoftKind::EdDsa).jwk().unwrap();
    assert_eq!(with(&other, &CHALLENGE).unwrap_err(), WebauthnFault::Signature);
    for bad in ["", "{}", &format!(" {jwk}"), &jwk.replace("\"y\"", "\"d\"")] {
        assert_eq!(with(bad, &CHALLENGE).unwrap_err(), WebauthnFault::Key, "{bad}");
    }
    let (large, parts) = (vec![0; 40 << 10], answer.parts());
    for (parts, fault) in [
        (
            AssertionParts { authenticator_data: &large, ..parts },
            WebauthnFault::TooLarge("authenticatorData"),
        ),
        (
            AssertionParts { client_data_json: &large, ..parts },
            WebauthnFault::TooLarge("clientDataJSON"),
        ),
        (AssertionParts { signature: &large, ..parts }, WebauthnFault::TooLarge("signature")),
    ] {
        assert_eq!(check(&rp(), &jwk, &CHALLENGE, &parts).unwrap_err(), fault);
    }
    let found = with_object(&large).unwrap_err();
    assert_eq!(found, WebauthnFault::TooLarge("attestationObject"));
}

#[test]
fn client_data_are_read_strictly() {
    let good = soft(1, SoftKind::Es256);
    let text = String::from_utf8(asserted(&good).client_data_json).unwrap();
    let read = |text: &str| {
        client_data::check(text.as_bytes(), Ceremony::Get, &CHALLENGE, ORIGIN).map(|_| ())
    };
    assert_eq!(read(&text), Ok(()));
    assert_eq!(read(&text.replacen('{', r#"{"new":[1,{"a":2}],"#, 1)), Ok(()));
    for (bad, is) in [
        (text.replacen('{', r#"{"origin":"http://localhost:7420","#, 1), "json"),
        (text.replacen('{', "{\"new\":1,\"new\":2,", 1), "json"),
        (format!("{text} x"), "json"),
        (format!("\u{feff}{text}"), "json"),
        (text.replace("type", "Type"), "type"),
        (text.replace("challenge", "Challenge"), "challenge"),
        (text.replace("origin", "0rigin"), "origin"),
        (text.replace(&format!("\"{ORIGIN}\""), "7"), "origin"),
        ("[]".to_owned(), "type"),
    ] {
        let fault = read(&bad).unwrap_err();
        let fits = match fault {
            WebauthnFault::ClientData(_) => is == "json",
            WebauthnFault::Member(name) => is == name,
            _ => false,
        };
        assert!(fits, "{bad}: {fault}");
    }
}

fn object(format: &str, statement: Cbor<'_>, data: &[u8]) -> Vec<u8> {
    encode(&Cbor::Map(vec![
        (Cbor::Text("fmt"), Cbor::Text(format)),
        (Cbor::Text("attStmt"), statement),
        (Cbor::Text("authData"), Cbor::Bytes(data)),
    ]))
}

fn with_object(object: &[u8]) -> Result<Registered, WebauthnFault> {
    let mut response = registered(&mut soft(1, SoftKind::Es256), false);
    response.attestation_object = object.to_vec();
    take(&response)
}

/// Authenticator data with this credential id and this COSE key.
fn data(id: &[u8], key: &Cbor<'_>) -> Vec<u8> {
    let mut out = asserted(&soft(1, SoftKind::Es256)).authenticator_data;
    out[32] |= 64;
    out.extend_from_slice(&[0; 16]);
    out.extend_from_slice(&u16::try_from(id.len()).unwrap().to_be_bytes());
    out.extend_from_slice(id);
    out.extend_from_slice(&encode(key));
    out
}

fn cose(members: &[(i64, Cbor<'static>)]) -> Cbor<'static> {
    Cbor::Map(members.iter().map(|(key, value)| (Cbor::Int(*key), value.clone())).collect())
}

#[test]
fn credential_ids_and_keys_that_are_refused() {
    use Cbor::{Bytes, Int, Text};
    let KeyOfOthers::P256 { x, y } =
        KeyOfOthers::parse_canonical(&soft(1, SoftKind::Es256).jwk().unwrap()).unwrap()
    else {
        panic!()
    };
    let (x, y): (&'static [u8], &'static [u8]) = (x.to_vec().leak(), y.to_vec().leak());
    let good = [(1, Int(2)), (3, Int(-7)), (-1, Int(1)), (-2, Bytes(x)), (-3, Bytes(y))];
    let with = |at: usize, value: Cbor<'static>| {
        let mut members = good.clone();
        members[at].1 = value;
        cose(&members)
    };
    let taken = |id: &[u8], key: &Cbor<'_>| {
        with_object(&object("none", Cbor::Map(vec![]), &data(id, key))).map(|_| ())
    };
    for id in [1, 16, MAX_CREDENTIAL_ID] {
        assert_eq!(taken(&vec![1; id], &cose(&good)), Ok(()), "{id}");
    }
    for id in [0, MAX_CREDENTIAL_ID + 1, 60_000] {
        let found = taken(&vec![1; id.min(30_000)], &cose(&good));
        assert_eq!(found, Err(WebauthnFault::CredentialId), "{id}");
    }
    let more = [&good[..], &[(2, Bytes(&[1]))]].concat();
    let fewer = &good[..4];
    let rsa = |bits: usize, e: &'static [u8]| {
        let n: &'static [u8] = vec![0xff; bits / 8].leak();
        cose(&[(1, Int(3)), (3, Int(-257)), (-1, Bytes(n)), (-2, Bytes(e))])
    };
    assert_eq!(taken(&[1], &rsa(2048, &[1, 0, 1])), Ok(()));
    for (key, fault) in [
        (Int(1), WebauthnFault::Key),
        (Cbor::Map(vec![]), WebauthnFault::Key),
        (with(0, Int(1)), WebauthnFault::Key),
        (with(1, Int(-8)), WebauthnFault::Key),
        (with(1, Text("ES256")), WebauthnFault::Key),
        (with(1, Int(-35)), WebauthnFault::Algorithm),
        (with(1, Int(-65535)), WebauthnFault::Algorithm),
        (with(1, Int(-37)), WebauthnFault::Algorithm),
        (with(2, Int(2)), WebauthnFault::Key),
        (with(3, Bytes(&[1; 32])), WebauthnFault::Key),
        (with(3, Bytes(&[1; 31])), WebauthnFault::Key),
        (with(4, Cbor::Bool(true)), WebauthnFault::Key),
        (cose(&more), WebauthnFault::Key),
        (cose(fewer), WebauthnFault::Key),
        (rsa(1024, &[1, 0, 1]), WebauthnFault::Key),
        (rsa(8192, &[1, 0, 1]), WebauthnFault::Key),
        (rsa(2048, &[3]), WebauthnFault::Key),
        (
            cose(&[(1, Int(1)), (3, Int(-8)), (-1, Int(6)), (-2, Bytes(&[0; 32]))]),
            WebauthnFault::Key,
        ),
        (
            cose(&[(1, Int(1)), (3, Int(-8)), (-1, Int(7)), (-2, Bytes(&[9; 32]))]),
            WebauthnFault::Key,
        ),
    ] {
        assert_eq!(taken(&[1], &key), Err(fault), "{key:?}");
    }
}

#[test]
fn attestation_objects_that_are_refused() {
    use Cbor::{Array, Bytes, Int, Map, Text};
    let mut passkey = soft(1, SoftKind::Es256);
    let whole = registered(&mut passkey, false).attestation_object;
    let cbor = parse(&whole).unwrap();
    let data = cbor.get("authData").unwrap().as_bytes().unwrap();
    let statement = |extra: Vec<(Cbor<'static>, Cbor<'static>)>| {
        let mut members = vec![(Text("alg"), Int(-7)), (Text("sig"), Bytes(&[1; 70]))];
        members.extend(extra);
        Map(members)
    };
    for (format, statement, fault) in [
        ("none", Map(vec![(Text("a"), Int(1))]), WebauthnFault::Attestation),
        ("none", Int(0), WebauthnFault::Attestation),
        ("packed", Map(vec![]), WebauthnFault::Attestation),
        ("packed", statement(vec![]), WebauthnFault::Attestation),
        ("packed", statement(vec![(Text("x5c"), Array(vec![]))]), WebauthnFault::Attestation),
        (
            "packed",
            statement(vec![(Text("x5c"), Array(vec![Bytes(&[0x30, 0])]))]),
            WebauthnFault::Attestation,
        ),
        ("packed", statement(vec![(Text("ecdaaKeyId"), Bytes(&[1]))]), WebauthnFault::Attestation),
        ("", Map(vec![]), WebauthnFault::Member("fmt")),
        ("white space", Map(vec![]), WebauthnFault::Member("fmt")),
        (&"a".repeat(33), Map(vec![]), WebauthnFault::Member("fmt")),
    ] {
        let found = with_object(&object(format, statement, data));
        assert_eq!(found.unwrap_err(), fault, "{format}");
    }
    // A member too many beside a signature that holds.
    let attested = registered(&mut passkey, true).attestation_object;
    let cbor = parse(&attested).unwrap();
    let signature = cbor.get("attStmt").and_then(|s| s.get("sig")?.as_bytes()).unwrap();
    for (extra, good) in [(vec![], true), (vec![(Text("ver"), Text("2"))], false)] {
        let mut members = vec![(Text("alg"), Int(-7)), (Text("sig"), Bytes(signature))];
        members.extend(extra);
        let mut response = registered(&mut passkey, true);
        response.attestation_object = object("packed", Map(members), data);
        let found = take(&response);
        let wanted = if good { None } else { Some(WebauthnFault::Attestation) };
        assert_eq!(found.err(), wanted);
    }
    let unknown = with_object(&object("tpm", statement(vec![]), data)).unwrap();
    assert_eq!(unknown.attestation, AttestationResult::Unchecked { format: "tpm".to_owned() });
    let four = encode(&Map(vec![
        (Text("fmt"), Text("none")),
        (Text("attStmt"), Map(vec![])),
        (Text("authData"), Bytes(data)),
        (Text("more"), Int(1)),
    ]));
    let member = WebauthnFault::Member("attestationObject");
    assert_eq!(with_object(&four).unwrap_err(), member);
    assert_eq!(with_object(&encode(&Int(1))).unwrap_err(), member);
    let trailing = [&whole[..], &[0]].concat();
    let found = with_object(&trailing).unwrap_err();
    assert_eq!(found, WebauthnFault::Cbor(CborFault::Trailing));
}

#[test]
fn every_refusal_has_its_words() {
    let faults = [
        WebauthnFault::TooLarge("a"),
        WebauthnFault::Member("a"),
        WebauthnFault::Type,
        WebauthnFault::Challenge,
        WebauthnFault::Origin,
        WebauthnFault::CrossOrigin,
        WebauthnFault::Cbor(CborFault::Kind),
        WebauthnFault::AuthData,
        WebauthnFault::RpId,
        WebauthnFault::NotPresent,
        WebauthnFault::NotVerified,
        WebauthnFault::Backup,
        WebauthnFault::Flags,
        WebauthnFault::Key,
        WebauthnFault::Algorithm,
        WebauthnFault::CredentialId,
        WebauthnFault::Attestation,
        WebauthnFault::Signature,
        WebauthnFault::RelyingParty,
        WebauthnFault::Anchor,
    ];
    for fault in faults {
        assert!(CODES.iter().any(|(code, _)| *code == fault.code().0), "{fault}");
        assert!(!fault.cure().is_empty() && !fault.oauth_error().is_empty());
        assert!(fault.to_string().starts_with(|first: char| first.is_lowercase() || first == 't'));
    }
}
