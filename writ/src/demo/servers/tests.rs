//! The demo servers against our own client, in both revisions, over real sockets.

use std::sync::Arc;

use serde_json::{Value, json};
use writ_testkit::{FakeClock, SeededEntropy, TempDir};

use super::*;
use crate::{
    carry::{Carrier, Open},
    mcp::{Client, McpFault, Revision, client::Step},
    net::Http,
};

struct Scene {
    servers: Servers,
    folder: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let log = folder.path().join("upstream.ndjson");
        let clock = Arc::new(FakeClock::default());
        let entropy = Arc::new(SeededEntropy::new(1));
        let servers = Servers::start(&log, clock, entropy).await.unwrap();
        Self { servers, folder }
    }

    async fn client(&self, server: &str, revision: Revision) -> Client {
        let uri = self.servers.url(server, "harbor-books").unwrap().parse().unwrap();
        let carrier = Carrier::new(Http::new(), Arc::new(Open));
        Client::connect(carrier, uri, revision, "test").await.unwrap()
    }

    fn log(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join("upstream.ndjson")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[tokio::test]
async fn both_revisions_list_call_read_and_prompt() {
    let scene = Scene::new().await;
    for revision in [Revision::V2025, Revision::V2026] {
        let mail = scene.client("mail", revision).await;
        let tools = mail.request("tools/list", json!({})).await.unwrap();
        assert_eq!(tools["tools"].as_array().unwrap().len(), 3);
        assert_eq!(tools["tools"][2]["annotations"]["openWorldHint"], true);
        let read = mail.call_tool("read_message", json!({"id": 3})).await.unwrap();
        assert!(read["structuredContent"]["body"].as_str().unwrap().contains(seed::STRANGER));
        assert_eq!(read.get("resultType").is_some(), revision == Revision::V2026);
        let missing = mail.call_tool("send_message", json!({"to": "a@b.example"})).await.unwrap();
        assert_eq!(missing["isError"], true);
        let unknown = mail.call_tool("nothing", json!({})).await.unwrap_err();
        assert!(matches!(unknown, McpFault::Refused { code: -32602, .. }), "{unknown:?}");

        let customers = scene.client("customers", revision).await;
        let uri = json!({"uri": "customers://harbor-books/list"});
        let list = customers.request("resources/read", uri).await.unwrap();
        assert!(list["contents"][0]["text"].as_str().unwrap().contains("ada@lindqvist.example"));
        let prompt = json!({"name": "welcome_letter", "arguments": {"customer": "Åsa"}});
        let prompt = customers.request("prompts/get", prompt).await.unwrap();
        assert!(prompt["messages"][0]["content"]["text"].as_str().unwrap().contains("Åsa"));
        customers.close().await.unwrap();
        mail.close().await.unwrap();
    }
    assert!(scene.servers.house("harbor-books").unwrap().sent().is_empty());
}

#[tokio::test]
async fn a_long_call_streams_and_a_client_that_leaves_is_noticed() {
    let scene = Scene::new().await;
    for revision in [Revision::V2025, Revision::V2026] {
        let customers = scene.client("customers", revision).await;
        let params = json!({
            "name": "export_list", "arguments": {}, "_meta": {"progressToken": "p1"},
        });
        let mut export = customers.open("tools/call", params).await.unwrap();
        let mut notices = 0;
        let result = loop {
            match export.next().await.unwrap() {
                Step::Notice(notice) => {
                    assert_eq!(notice["params"]["progressToken"], "p1");
                    notices += 1;
                }
                Step::Answer(result) => break result,
            }
        };
        assert_eq!(notices, 4);
        assert_eq!(result["structuredContent"]["count"], 4);
    }
    let files = scene.client("files", Revision::V2026).await;
    let params = json!({"name": "watch", "arguments": {}, "_meta": {"progressToken": 7}});
    let mut watch = files.open("tools/call", params).await.unwrap();
    assert!(matches!(watch.next().await.unwrap(), Step::Notice(_)));
    drop(watch);
    drop(files);
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(10));
    for _ in 0..300 {
        ticks.tick().await;
        if scene.log().iter().any(|line| line["how"] == "cut") {
            return;
        }
    }
    panic!("the server never noticed: {:?}", scene.log());
}

#[tokio::test]
async fn the_log_has_what_was_received() {
    let scene = Scene::new().await;
    let pay = scene.client("payments", Revision::V2025).await;
    let order = json!({
        "payee_iban": "NL91ABNA0417164300", "amount": 95.0, "currency": "EUR", "reference": "HB-1042",
    });
    pay.call_tool("pay", order.clone()).await.unwrap();
    assert_eq!(scene.servers.house("harbor-books").unwrap().paid(), std::slice::from_ref(&order));
    let log = scene.log();
    let line = log.iter().find(|line| line["method"] == "tools/call").unwrap();
    assert_eq!(line["server"], "payments");
    assert_eq!(line["client"], "harbor-books");
    assert_eq!(line["name"], "pay");
    assert_eq!(line["arguments"], order);
    scene.servers.stop();
}

#[tokio::test]
async fn headers_that_disagree_and_lost_sessions_are_refused() {
    let scene = Scene::new().await;
    let uri: http::Uri = scene.servers.url("mail", "harbor-books").unwrap().parse().unwrap();
    let body = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "list_messages", "arguments": {}, "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        }},
    });
    for (headers, status) in [
        (vec![("mcp-method", "tools/call"), ("mcp-name", "list_messages")], 200),
        (vec![("mcp-method", "tools/list"), ("mcp-name", "list_messages")], 400),
        (vec![("mcp-method", "tools/call"), ("mcp-name", "send_message")], 400),
        (vec![("mcp-method", "tools/call")], 400),
    ] {
        let mut request = http::Request::post(uri.clone())
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", "2026-07-28");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.body(http_body_util::Full::from(body.to_string())).unwrap();
        assert_eq!(Http::new().send(request).await.unwrap().status(), status);
    }
    let request = http::Request::post(uri)
        .header("accept", "*/*")
        .header("mcp-session-id", "nobody")
        .body(http_body_util::Full::from(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#))
        .unwrap();
    assert_eq!(Http::new().send(request).await.unwrap().status(), 404);
}
