//! Four small MCP servers over Streamable HTTP on loopback: mail, files, customers, payments, each for three clients
//! (`http://127.0.0.1:PORT/CLIENT/mcp`).
//!
//! They ask for no credentials and trust whoever reaches them, like most servers in the field: keeping agents from them
//! is the gateway's work. Never here: anything of Writ's own; they know only MCP.
//! To add a server: one file with its [`Service`], and its line in [`ALL`].

use std::{collections::BTreeMap, io, net::SocketAddr, path::Path, sync::Arc};

use axum::{Router, extract::DefaultBodyLimit, routing};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use writ_model::{Clock, Entropy};

mod customers;
mod files;
mod log;
mod mail;
mod payments;
mod protocol;
pub mod seed;
mod service;
mod session;

pub use log::Received;
pub use seed::{CLIENTS, House, Seed};
use service::Service;

/// The names of the servers, as grants and the operator's file write them.
pub const ALL: [&str; 4] = ["mail", "files", "customers", "payments"];
/// LIMIT: one request's body.
const BODY: usize = 1 << 20;

/// The running servers.
#[derive(Debug)]
pub struct Servers {
    addresses: BTreeMap<&'static str, SocketAddr>,
    stop: CancellationToken,
    tasks: TaskTracker,
    houses: Arc<BTreeMap<String, House>>,
}

impl Servers {
    /// Starts them on ports of the system's choice; what they receive goes to `log`.
    ///
    /// # Errors
    /// If a port or the log cannot be opened.
    pub async fn start(
        log: &Path,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> io::Result<Self> {
        let houses: BTreeMap<String, House> =
            CLIENTS.iter().map(|seed| (seed.slug.to_owned(), House::of(seed))).collect();
        let houses = Arc::new(houses);
        let received = Arc::new(Received::open(log, Arc::clone(&clock))?);
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let mut addresses = BTreeMap::new();
        let services: [(&'static str, Arc<dyn Service>); 4] = [
            ("mail", Arc::new(mail::Mail)),
            ("files", Arc::new(files::Files)),
            ("customers", Arc::new(customers::Customers)),
            ("payments", Arc::new(payments::Payments)),
        ];
        for (name, service) in services {
            let shared = Arc::new(protocol::Shared {
                name,
                service,
                houses: Arc::clone(&houses),
                received: Arc::clone(&received),
                sessions: session::Sessions::new(Arc::clone(&entropy)),
            });
            let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
            addresses.insert(name, listener.local_addr()?);
            let router = Router::new()
                .route(
                    "/{client}/mcp",
                    routing::post(protocol::post).get(protocol::get).delete(protocol::delete),
                )
                .layer(DefaultBodyLimit::max(BODY))
                .with_state(shared);
            let stopped = stop.clone().cancelled_owned();
            tasks.spawn(async move {
                // An accept loop that ends by itself ends the demo's usefulness, not its safety.
                if let Err(error) =
                    axum::serve(listener, router).with_graceful_shutdown(stopped).await
                {
                    tracing::error!(server = name, %error, "demo server ended");
                }
            });
        }
        tasks.close();
        Ok(Self { addresses, stop, tasks, houses })
    }

    /// Where a server answers for a client.
    pub fn url(&self, server: &str, client: &str) -> Option<String> {
        let address = self.addresses.get(server)?;
        Some(format!("http://{address}/{client}/mcp"))
    }

    /// What a client's servers hold now.
    pub fn house(&self, client: &str) -> Option<&House> {
        self.houses.get(client)
    }

    /// Stops accepting; open streams end with their connections.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits until every server has ended; call [`Servers::stop`] first.
    pub async fn ended(&self) {
        self.tasks.wait().await;
    }
}

#[cfg(test)]
mod tests;
