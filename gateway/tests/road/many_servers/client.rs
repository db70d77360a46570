//! An agent's client at the endpoint, which says exactly what it is told.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::world::{Agent, Headers, Reply, World};

pub(super) const PATH: &str = "/mcp";
/// Longer than any wait that a test means.
pub(super) const LONG: Duration = Duration::from_secs(30);

/// An agent's client at the endpoint.
pub(super) struct Client<'w> {
    pub(super) world: &'w World,
    pub(super) agent: &'w Agent,
    pub(super) session: String,
}

impl<'w> Client<'w> {
    /// One that has been greeted; the answer to its `initialize`.
    pub(super) async fn greeted(world: &'w World, agent: &'w Agent) -> (Self, Value) {
        let mut this = Self { world, agent, session: String::new() };
        let hello = json!({"protocolVersion": "2025-11-25", "capabilities": {"roots": {}},
            "clientInfo": {"name": "test", "version": "1"}});
        let reply = this.ask("initialize", hello).await;
        assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
        this.session = reply.header("mcp-session-id").to_owned();
        assert_eq!(this.session.len(), 32);
        let done = json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string();
        assert_eq!(this.says(&done).await.status, StatusCode::ACCEPTED);
        (this, reply.json()["result"].clone())
    }

    pub(super) async fn headers(&self, method: &str) -> Headers {
        // A nonce first.
        drop(self.world.headers(self.agent, method, "/mcp/alpha").await);
        let token = self.world.token(self.agent, &self.world.url(PATH));
        let mut headers = Headers::mcp();
        let proof = self.world.proof(&self.agent.key, method, &self.world.url(PATH), &token);
        headers.set("authorization", &format!("DPoP {token}"));
        headers.set("dpop", &proof);
        if !self.session.is_empty() {
            headers.set("mcp-session-id", &self.session);
            headers.set("mcp-protocol-version", "2025-11-25");
        }
        headers
    }

    pub(super) async fn says(&self, body: &str) -> Reply {
        let headers = self.headers("POST").await;
        let body = Bytes::copy_from_slice(body.as_bytes());
        let sent = self.world.send(Method::POST, PATH, &headers, body);
        timeout(LONG, sent).await.expect("an answer in time")
    }

    pub(super) async fn ask(&self, method: &str, params: Value) -> Reply {
        let body = json!({"jsonrpc": "2.0", "id": "a\u{e9}", "method": method, "params": params});
        self.says(&body.to_string()).await
    }

    pub(super) async fn result(&self, method: &str, params: Value) -> Value {
        let reply = self.ask(method, params).await;
        let value = reply.json();
        assert_eq!(value["id"], "aé");
        assert!(value.get("error").is_none(), "{value}");
        value["result"].clone()
    }

    pub(super) async fn call(&self, name: &str) -> Reply {
        self.ask("tools/call", json!({"name": name, "arguments": {"x": 1}})).await
    }

    /// A request in 2026-07-28.
    pub(super) async fn modern(
        &self,
        method: &str,
        mut params: Value,
        named: Option<&str>,
    ) -> (Headers, String) {
        let mut headers = self.headers("POST").await;
        headers.drop("mcp-session-id");
        headers.set("mcp-protocol-version", "2026-07-28");
        headers.set("mcp-method", method);
        if let Some(named) = named {
            headers.set("mcp-name", named);
        }
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {"extensions": {"io.modelcontextprotocol/tasks": {}}},
        });
        let body = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params});
        (headers, body.to_string())
    }

    pub(super) async fn modern_result(
        &self,
        method: &str,
        params: Value,
        named: Option<&str>,
    ) -> Value {
        let (headers, body) = self.modern(method, params, named).await;
        let reply = self.world.send(Method::POST, PATH, &headers, Bytes::from(body)).await;
        assert!(reply.json().get("result").is_some(), "{reply:?}");
        reply.json()["result"].clone()
    }
}
