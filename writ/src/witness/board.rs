//! What a witness tells whoever asks: the last checkpoint that it cosigned, with its cosignature. A provider that restores
//! its ledger asks here how much is missing.
//!
//! Never here: anything that is not in the signed checkpoint; so it needs no secret and no password, and whoever wants
//! others not to read it listens on an address that they cannot reach.

use std::{net::SocketAddr, sync::Arc};

use axum::{Router, extract::State, routing::get};
use http::{StatusCode, header};
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{backup::witnessed, fault::Fault};

/// The last checkpoint. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Board(Arc<Mutex<Option<String>>>);

impl Board {
    /// Puts another one up.
    pub fn put(&self, note: Option<String>) {
        *self.0.lock() = note;
    }

    /// The router.
    pub fn router(&self) -> Router {
        Router::new().route(witnessed::PATH, get(told)).with_state(self.clone())
    }

    /// Serves it until told to stop; the address it got.
    ///
    /// # Errors
    /// If nobody can listen there.
    pub async fn serve(
        &self,
        at: SocketAddr,
        stop: CancellationToken,
    ) -> Result<SocketAddr, Fault> {
        let taken = |error: std::io::Error| {
            Fault::unreachable(format!("the witness cannot listen on {at}: {error}"))
                .cure("free the port, or choose another with --listen")
        };
        let listener = TcpListener::bind(at).await.map_err(taken)?;
        let at = listener.local_addr().map_err(taken)?;
        let router = self.router();
        tokio::spawn(async move {
            let served =
                axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
            if let Err(error) = served.await {
                tracing::error!(%error, "the witness is not asked any more");
            }
        });
        Ok(at)
    }
}

async fn told(
    State(board): State<Board>,
) -> (StatusCode, [(header::HeaderName, &'static str); 2], String) {
    let headers =
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    match board.0.lock().clone() {
        Some(note) => (StatusCode::OK, headers, note),
        None => (StatusCode::NOT_FOUND, headers, "nothing was seen yet\n".to_owned()),
    }
}
