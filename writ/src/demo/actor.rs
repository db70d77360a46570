//! [`Actor`]: a scripted agent: a real MCP client with a real key, doing what its script says and counting what it is
//! told.
//!
//! Never here: knowledge of what will be permitted. To let an agent do one more thing: a method of [`Actor`].

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::{Value, json};

use super::world::{self, Act, AgentSeed, What};
use crate::{
    agent::Holder,
    carry::Carrier,
    demo::servers::Seed,
    fault::Fault,
    mcp::{Client, McpFault, Revision, client::Exchange},
    net::Http,
};

/// What all agents together were told.
#[derive(Debug, Default)]
pub struct Tally {
    /// Calls answered.
    pub permitted: AtomicU64,
    /// Calls refused.
    pub denied: AtomicU64,
    /// Calls that got neither: cut off, or not sent any more.
    pub lost: AtomicU64,
    /// Calls that wait for somebody's yes, or waited in vain.
    pub held: AtomicU64,
}

impl Tally {
    /// Permitted, denied and lost calls now.
    pub fn now(&self) -> (u64, u64, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::SeqCst);
        (read(&self.permitted), read(&self.denied) + read(&self.held), read(&self.lost))
    }
}

/// The gateway's own tool: what became of a call that waits.
pub const PENDING: &str = "writ_pending";

/// What a gateway says of a call that waits: the hold's id.
pub fn held(result: &Value) -> Option<&str> {
    result.pointer("/_meta/writ~1hold/hold_id").and_then(Value::as_str)
}

/// A scripted agent.
#[derive(Debug)]
pub struct Actor {
    /// Who it is.
    pub seed: &'static AgentSeed,
    /// Its key at work.
    pub holder: Arc<Holder>,
    clients: BTreeMap<&'static str, Client>,
    tally: Arc<Tally>,
}

impl Actor {
    /// Connects to the servers its work is on.
    ///
    /// # Errors
    /// If one does not open.
    pub async fn connect(
        seed: &'static AgentSeed,
        holder: Arc<Holder>,
        revision: Revision,
        tally: Arc<Tally>,
    ) -> Result<Self, Fault> {
        let mut clients = BTreeMap::new();
        for server in seed.desk.servers() {
            let name = world::server_name(seed.client, server);
            let uri = format!("{}/mcp/{name}", holder.file().instance.gateway);
            let uri = uri.parse().map_err(|_bad| Fault::usage(format!("`{uri}` is no address")))?;
            let carrier = Carrier::new(Http::new(), holder.clone());
            let client = Client::connect(carrier, uri, revision, seed.name).await;
            let client =
                client.map_err(|why| Fault::refused(format!("{} at {name}: {why}", seed.name)))?;
            clients.insert(*server, client);
        }
        Ok(Self { seed, holder, clients, tally })
    }

    fn client(&self, server: &str) -> Result<&Client, McpFault> {
        self.clients.get(server).ok_or_else(|| {
            McpFault::Unsent(Fault::usage(format!("{} does not speak to {server}", self.seed.name)))
        })
    }

    fn count_answer(&self, result: &Result<Value, McpFault>) {
        match result {
            Ok(answer) if held(answer).is_some() => {
                self.tally.held.fetch_add(1, Ordering::SeqCst);
            }
            _ => self.count(result),
        }
    }

    fn count<T>(&self, result: &Result<T, McpFault>) {
        match result {
            Ok(_) => self.tally.permitted.fetch_add(1, Ordering::SeqCst),
            Err(McpFault::Refused { .. }) => self.tally.denied.fetch_add(1, Ordering::SeqCst),
            Err(_) => self.tally.lost.fetch_add(1, Ordering::SeqCst),
        };
    }

    /// Calls a tool.
    ///
    /// # Errors
    /// As the gateway or the server says.
    pub async fn tool(
        &self,
        server: &str,
        name: &str,
        arguments: Value,
    ) -> Result<Value, McpFault> {
        let result = self.client(server)?.call_tool(name, arguments).await;
        self.count_answer(&result);
        result
    }

    /// Does one thing of a normal day.
    ///
    /// # Errors
    /// As [`Actor::tool`].
    pub async fn act(&self, act: &Act, client: &Seed) -> Result<Value, McpFault> {
        let (method, params) = match &act.what {
            What::Tool(name, arguments) => {
                return self.tool(act.server, name, arguments(client)).await;
            }
            What::Resource => {
                let uri = format!("customers://{}/list", client.slug);
                ("resources/read", json!({"uri": uri}))
            }
            What::Prompt(name, arguments) => {
                ("prompts/get", json!({"name": name, "arguments": arguments(client)}))
            }
        };
        let result = self.client(act.server)?.request(method, params).await;
        self.count(&result);
        result
    }

    /// The names of the tools a server shows it.
    ///
    /// # Errors
    /// As [`Actor::tool`].
    pub async fn tools(&self, server: &str) -> Result<Vec<String>, McpFault> {
        let list = self.client(server)?.request("tools/list", json!({})).await?;
        let tools = list.get("tools").and_then(Value::as_array).into_iter().flatten();
        Ok(tools.filter_map(|tool| tool.get("name")?.as_str().map(str::to_owned)).collect())
    }

    /// Starts a call that streams.
    ///
    /// # Errors
    /// As [`Actor::tool`].
    pub async fn stream(
        &self,
        server: &str,
        name: &str,
        arguments: Value,
    ) -> Result<Exchange, McpFault> {
        let params = json!({
            "name": name, "arguments": arguments, "_meta": {"progressToken": "demo"},
        });
        let result = self.client(server)?.open("tools/call", params).await;
        self.count(&result);
        result
    }
}
