//! `[metrics] listen`: `/healthz` (the process lives), `/readyz` (each role serves, or why not), `/metrics`.
//!
//! Never here: a secret, a client's name, what is measured (sources bring it). To measure one more part: [`Health::source`].

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use parking_lot::RwLock;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    fault::Fault,
    metrics::{self, Page},
};

type Source = Box<dyn Fn(&mut Page) + Send + Sync>;
type Question = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// What a process says about itself. Cheap to clone.
#[derive(Clone, Default)]
pub struct Health {
    sources: Arc<RwLock<Vec<Source>>>,
    roles: Arc<RwLock<Vec<(&'static str, Question)>>>,
}

impl std::fmt::Debug for Health {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Health({} roles)", self.roles.read().len())
    }
}

impl Health {
    /// Adds what measures a part.
    pub fn source(&self, source: impl Fn(&mut Page) + Send + Sync + 'static) {
        self.sources.write().push(Box::new(source));
    }

    /// Adds a role and the question whether it serves; the answer says why not.
    pub fn role(
        &self,
        role: &'static str,
        serves: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) {
        self.roles.write().push((role, Box::new(serves)));
    }

    /// Everything measured now.
    pub fn page(&self) -> String {
        let mut page = Page::default();
        for source in self.sources.read().iter() {
            source(&mut page);
        }
        let help = "Whether the role serves (1), and what /readyz says.";
        for (role, serves) in self.roles.read().iter() {
            let up = if serves().is_ok() { 1.0 } else { 0.0 };
            page.gauge("writ_role_ready", help, &[("role", role)], up);
        }
        page.text()
    }

    fn ready(&self) -> (StatusCode, Json<serde_json::Value>) {
        let roles = self.roles.read();
        let mut all = true;
        let rows: Vec<serde_json::Value> = roles
            .iter()
            .map(|(role, serves)| match serves() {
                Ok(()) => json!({"role": role, "ready": true}),
                Err(why) => {
                    all = false;
                    json!({"role": role, "ready": false, "why": why})
                }
            })
            .collect();
        // A process without roles has not started yet.
        let ready = all && !rows.is_empty();
        let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        (status, Json(json!({"ready": ready, "roles": rows})))
    }

    fn router(&self) -> Router {
        Router::new()
            .route("/healthz", get(|| async { "ok\n" }))
            .route("/readyz", get(|State(health): State<Self>| async move { health.ready() }))
            .route("/metrics", get(|State(health): State<Self>| async move { health.measured() }))
            .with_state(self.clone())
    }

    fn measured(&self) -> impl IntoResponse + use<> {
        ([(header::CONTENT_TYPE, metrics::MEDIA)], self.page())
    }

    /// Serves it until told to stop; where it listens.
    ///
    /// # Errors
    /// If the address is taken.
    pub async fn serve(
        &self,
        listen: SocketAddr,
        stop: CancellationToken,
    ) -> Result<(SocketAddr, JoinHandle<()>), Fault> {
        let (listener, at) = super::bind(listen, "metrics").await?;
        let router = self.router();
        let serving = tokio::spawn(async move {
            let served =
                axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await;
            if let Err(error) = served {
                tracing::error!(event = "metrics.ended", %error, "metrics are not served any more");
            }
        });
        Ok((at, serving))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use axum::body::Body;
    use http::Request;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    async fn ask(health: &Health, path: &str) -> (u16, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = health.router().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_process_is_ready_when_each_role_is() {
        let health = Health::default();
        assert_eq!(ask(&health, "/healthz").await, (200, "ok\n".to_owned()));
        assert_eq!(ask(&health, "/readyz").await.0, 503, "no role yet");
        let leased = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&leased);
        health.role("gateway", move || {
            if asked.load(Ordering::SeqCst) { Ok(()) } else { Err("no lease".to_owned()) }
        });
        health.role("desk", || Ok(()));
        let (status, body) = ask(&health, "/readyz").await;
        assert_eq!(status, 503);
        assert!(body.contains("\"why\":\"no lease\""), "{body}");
        let (_, text) = ask(&health, "/metrics").await;
        assert!(text.contains("writ_role_ready{role=\"gateway\"} 0\n"), "{text}");
        leased.store(true, Ordering::SeqCst);
        assert_eq!(ask(&health, "/readyz").await.0, 200);
        health.source(|page| page.counter("writ_x_total", "X.", &[], 4));
        assert!(ask(&health, "/metrics").await.1.contains("writ_x_total 4\n"));
    }
}
