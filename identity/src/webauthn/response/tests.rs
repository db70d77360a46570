//! Browsers' answers: what is read of them, and the table of those that are refused.

use serde_json::{Value, json};

use super::*;

fn registration() -> Value {
    json!({
        "id": "AQID", "rawId": "AQID", "type": "public-key",
        "authenticatorAttachment": null,
        "clientExtensionResults": { "credProps": { "rk": true } },
        "response": {
            "clientDataJSON": "e30", "attestationObject": "oA", "authenticatorData": "!!",
            "transports": ["internal"], "publicKey": "AA", "publicKeyAlgorithm": -7,
        },
    })
}

fn assertion() -> Value {
    json!({
        "id": "AQID", "rawId": "AQID", "type": "public-key", "clientExtensionResults": {},
        "response": {
            "clientDataJSON": "e30", "authenticatorData": "AQ", "signature": "Ag",
            "userHandle": "cGVyXzE",
        },
    })
}

fn with(mut value: Value, pointer: &str, member: Value) -> Vec<u8> {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let members = value.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if member.is_null() {
        members.remove(name);
    } else {
        members.insert(name.to_owned(), member);
    }
    value.to_string().into_bytes()
}

#[test]
fn what_browsers_send_is_read() {
    let read = RegistrationResponse::parse(registration().to_string().as_bytes()).unwrap();
    assert_eq!((read.credential, read.client_data_json), (vec![1, 2, 3], b"{}".to_vec()));
    assert_eq!(read.attestation_object, [0xa0]);
    let read = AssertionResponse::parse(assertion().to_string().as_bytes()).unwrap();
    assert_eq!(read.user_handle.as_deref(), Some("per_1"));
    assert_eq!((read.parts().authenticator_data, read.parts().signature), (&[1][..], &[2][..]));
    let through_serde: AssertionResponse = serde_json::from_value(assertion()).unwrap();
    assert_eq!(through_serde, read);
    for nothing in [Value::Null, json!(null)] {
        let bytes = with(assertion(), "/response/userHandle", nothing);
        assert_eq!(AssertionResponse::parse(&bytes).unwrap().user_handle, None);
    }
}

#[test]
fn refused_registrations() {
    let long = |bytes: usize| json!(b64::encode(&vec![1; bytes]));
    for (pointer, member, fault) in [
        ("/id", json!("AQIE"), WebauthnFault::CredentialId),
        ("/rawId", Value::Null, WebauthnFault::Member("response")),
        ("/type", json!("password"), WebauthnFault::Member("type")),
        ("/response", json!([]), WebauthnFault::Member("response")),
        ("/response/clientDataJSON", json!("e30="), WebauthnFault::Member("clientDataJSON")),
        ("/response/clientDataJSON", json!(7), WebauthnFault::Member("response")),
        (
            "/response/clientDataJSON",
            long(MAX_CLIENT_DATA + 1),
            WebauthnFault::TooLarge("clientDataJSON"),
        ),
        ("/response/attestationObject", Value::Null, WebauthnFault::Member("attestationObject")),
        (
            "/response/attestationObject",
            long(MAX_ATTESTATION + 1),
            WebauthnFault::TooLarge("attestationObject"),
        ),
    ] {
        let found = RegistrationResponse::parse(&with(registration(), pointer, member));
        assert_eq!(found.unwrap_err(), fault, "{pointer}");
    }
    let twice = registration().to_string().replacen('{', r#"{"id":"AQID","#, 1);
    let found = RegistrationResponse::parse(twice.as_bytes()).unwrap_err();
    assert_eq!(found, WebauthnFault::Member("response"));
    let large = RegistrationResponse::parse(&vec![b' '; LIMITS.bytes + 1]).unwrap_err();
    assert_eq!(large, WebauthnFault::TooLarge("response"));
}

#[test]
fn refused_assertions() {
    let long = |bytes: usize| json!(b64::encode(&vec![1; bytes]));
    let both = |bytes: usize| {
        let mut value = assertion();
        value["id"] = long(bytes);
        value["rawId"] = long(bytes);
        AssertionResponse::parse(value.to_string().as_bytes()).map(|_| ())
    };
    assert_eq!(both(MAX_CREDENTIAL_ID), Ok(()));
    assert_eq!(both(MAX_CREDENTIAL_ID + 1), Err(WebauthnFault::TooLarge("id")));
    assert_eq!(both(0), Err(WebauthnFault::CredentialId));
    for (pointer, member, fault) in [
        ("/response/signature", Value::Null, WebauthnFault::Member("signature")),
        ("/response/signature", long(MAX_SIGNATURE + 1), WebauthnFault::TooLarge("signature")),
        ("/response/authenticatorData", Value::Null, WebauthnFault::Member("authenticatorData")),
        (
            "/response/authenticatorData",
            long(MAX_AUTH_DATA + 1),
            WebauthnFault::TooLarge("authenticatorData"),
        ),
        ("/response/userHandle", long(65), WebauthnFault::TooLarge("userHandle")),
        ("/response/userHandle", json!("_w"), WebauthnFault::Member("userHandle")),
    ] {
        let found = AssertionResponse::parse(&with(assertion(), pointer, member));
        assert_eq!(found.unwrap_err(), fault, "{pointer}");
    }
}
