//! Tokens and proofs against a desk and a gateway that check them.

use serde_json::json;
use writ_testkit::TempDir;

use super::*;
use crate::{
    agent::{
        enroll::{self, Ask},
        fake::Fake,
    },
    demo::servers::Servers,
    mcp::{Client, McpFault, Revision},
    system::{SystemClock, SystemEntropy},
};

async fn servers(folder: &TempDir) -> Servers {
    let log = folder.path().join("upstream.ndjson");
    Servers::start(&log, Arc::new(SystemClock), Arc::new(SystemEntropy)).await.unwrap()
}

#[tokio::test]
async fn a_code_becomes_an_instance_once() {
    let fake = Fake::start(None).await;
    let folder = TempDir::new().unwrap();
    let mut ask = Ask {
        desk: fake.base.clone(),
        code: "GOOD-CODE".to_owned(),
        label: "desktop".to_owned(),
        name: None,
    };
    let http = Http::new();
    let (made, path) = enroll::enroll_into(&http, &ask, folder.path()).await.unwrap();
    assert_eq!(KeyFile::open(&path).unwrap().instance, made.instance);
    ask.code = "OTHER".to_owned();
    let fault = enroll::enroll_into(&http, &ask, folder.path()).await.unwrap_err();
    assert_eq!(fault.exit, Exit::Refused);
    assert_eq!(fault.code.as_deref(), Some("DESK-0009"));
    assert_eq!(fault.cure.as_deref(), Some("ask for a new one"));
}

#[tokio::test]
async fn nonces_are_answered_and_one_token_serves_many_calls() {
    let folder = TempDir::new().unwrap();
    let servers = servers(&folder).await;
    let fake = Fake::start(Some(&servers)).await;
    for revision in [Revision::V2025, Revision::V2026] {
        let client =
            Client::connect(fake.carrier(), fake.uri("/mcp/files"), revision, "t").await.unwrap();
        for _ in 0..3 {
            client.call_tool("list_files", json!({})).await.unwrap();
        }
        // A gateway that restarted has other nonces.
        *fake.gateway_nonces.lock() = writ_identity::Nonces::new(&SystemEntropy);
        client.call_tool("list_files", json!({})).await.unwrap();
        client.close().await.unwrap();
    }
    let issued = fake.issued.lock().clone();
    assert_eq!(issued.len(), 2, "one for each holder: {issued:?}");
    assert!(issued[0].ends_with(&format!("-for-{}/mcp/files", fake.base)));
}

#[tokio::test]
async fn a_token_the_gateway_forgot_is_replaced_and_a_short_one_renewed() {
    let folder = TempDir::new().unwrap();
    let servers = servers(&folder).await;
    let fake = Fake::start(Some(&servers)).await;
    let client = Client::connect(fake.carrier(), fake.uri("/mcp/files"), Revision::V2026, "t");
    let client = client.await.unwrap();
    fake.issued.lock().clear();
    client.call_tool("list_files", json!({})).await.unwrap();
    assert_eq!(fake.issued.lock().len(), 1);
    *fake.life.lock() = 0;
    fake.issued.lock().clear();
    for wanted in 1..4 {
        client.call_tool("list_files", json!({})).await.unwrap();
        assert_eq!(fake.issued.lock().len(), wanted.max(1));
    }
}

#[tokio::test]
async fn an_ended_agent_gets_no_token() {
    let folder = TempDir::new().unwrap();
    let servers = servers(&folder).await;
    let fake = Fake::start(Some(&servers)).await;
    let client = Client::connect(fake.carrier(), fake.uri("/mcp/files"), Revision::V2026, "t");
    let client = client.await.unwrap();
    fake.ended.send_replace(Some("it misbehaved".to_owned()));
    let fault = client.call_tool("list_files", json!({})).await.unwrap_err();
    let McpFault::Unsent(fault) = fault else { panic!("{fault:?}") };
    assert_eq!(fault.exit, Exit::Ended);
    assert!(fault.what.contains("it misbehaved"), "{fault}");
}

#[test]
fn a_token_goes_to_its_own_gateway_only() {
    let resource = |uri: &str| resource_of(&uri.parse().unwrap(), "http://127.0.0.1:7421/");
    assert_eq!(
        resource("http://127.0.0.1:7421/mcp/mail?x=1").unwrap(),
        "http://127.0.0.1:7421/mcp/mail"
    );
    assert_eq!(
        resource("http://127.0.0.1:7421/pep/mail/decide").unwrap(),
        "http://127.0.0.1:7421/mcp/mail"
    );
    assert_eq!(resource("http://127.0.0.1:7421/other").unwrap(), "http://127.0.0.1:7421/mcp");
    for uri in [
        "http://127.0.0.1:7422/mcp/mail",
        "http://example.com/mcp/mail",
        "https://127.0.0.1:7421/mcp",
    ] {
        assert!(resource(uri).is_err(), "{uri}");
    }
    assert_eq!(form(&[("a", "b c"), ("u", "urn:x&y")]), "a=b%20c&u=urn%3Ax%26y");
}
