//! The desk's witness doors from outside: a token for each request, and what came back.
//!
//! Never here: a judgment on what came back (`watch`).

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{FutureExt as _, future::BoxFuture};
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use serde_json::{Value, json};
use writ_desk::WITNESS_TYPE;
use writ_evidence::{WitnessKey, note::MAX_NOTE};
use writ_identity::{SigningKey, jws};
use writ_model::{Clock, Entropy, TenantId};

use crate::{
    api::{Body, Transport, problem},
    fault::Fault,
    net,
};

/// LIMIT: bytes of one answer with lines.
const LINES: usize = 32 << 20;
/// LIMIT: one request with its whole answer: the desk's longest wait, and lines over a slow line. A server that never ends
/// its answer would else keep the witness silent for good.
const PATIENCE: Duration = Duration::from_mins(2);
/// Seconds a token lives: one request.
const LIFE: i64 = 50;

/// Where the time and randomness of tokens come from.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

/// The desk, as a witness sees it.
#[derive(Debug)]
pub struct Remote {
    transport: Arc<dyn Transport>,
    /// What tokens are for: the desk's base address.
    audience: String,
    tenant: TenantId,
    sources: Sources,
}

impl Remote {
    /// The desk at this base address, over this transport, for this ledger.
    pub fn new(
        transport: Arc<dyn Transport>,
        audience: &str,
        tenant: TenantId,
        sources: Sources,
    ) -> Self {
        let audience = audience.trim_end_matches('/').to_owned();
        Self { transport, audience, tenant, sources }
    }

    /// The time, for cosignatures.
    pub fn seconds(&self) -> u64 {
        u64::try_from(self.sources.clock.now().seconds()).unwrap_or(0)
    }

    /// The checkpoint once the log is longer than `since`, or as it is after `wait` seconds.
    ///
    /// # Errors
    /// If the desk cannot be reached or does not know this witness.
    pub async fn checkpoint(&self, by: By<'_>, since: u64, wait: u64) -> Result<Bytes, Fault> {
        let path = format!("checkpoint?since={since}&wait={wait}");
        self.send(by, Method::GET, &path, (None, MAX_NOTE)).await
    }

    /// Lines from one on, at most up to another, as a run of entries.
    ///
    /// # Errors
    /// As [`Remote::checkpoint`].
    pub async fn entries(&self, by: By<'_>, from: u64, to: u64) -> Result<Bytes, Fault> {
        let path = format!("entries?from={from}&to={to}");
        self.send(by, Method::GET, &path, (None, LINES)).await
    }

    /// Gives a cosignature.
    ///
    /// # Errors
    /// As [`Remote::checkpoint`], and if the desk does not take it.
    pub async fn cosign(&self, by: By<'_>, size: u64, line: &str) -> Result<(), Fault> {
        let body = json!({"size": size, "line": line});
        self.send(by, Method::POST, "cosignature", (Some(&body), MAX_NOTE)).await.map(drop)
    }

    /// Says why nothing is cosigned.
    ///
    /// # Errors
    /// As [`Remote::checkpoint`].
    pub async fn disagree(&self, by: By<'_>, code: &str, what: &str) -> Result<(), Fault> {
        let body = json!({"code": code, "what": what});
        self.send(by, Method::POST, "disagreement", (Some(&body), MAX_NOTE)).await.map(drop)
    }

    /// Boxed here, so that tasks may own a watch.
    fn send<'a>(
        &'a self,
        by: By<'a>,
        method: Method,
        path: &str,
        (body, limit): (Option<&Value>, usize),
    ) -> BoxFuture<'a, Result<Bytes, Fault>> {
        let request = self.request(by, method, path, body);
        Box::pin(async move {
            let request = request?;
            let answered = async {
                let response = self.transport.send(request).await?;
                let status = response.status();
                Ok((status, whole(response.into_body(), limit).await?))
            };
            let answered = tokio::time::timeout(PATIENCE, answered).await;
            let (status, body) = answered.unwrap_or_else(|_elapsed| {
                Err(Fault::unreachable("the server did not end its answer in time"))
            })?;
            if status == StatusCode::UNAUTHORIZED {
                return Err(problem(status, &body).cure(format!(
                    "have the ledger name this witness: `writ witness name --client C --name N {}`",
                    by.public.to_text()
                )));
            }
            if status.is_success() { Ok(body) } else { Err(problem(status, &body)) }
        })
    }

    fn request(
        &self,
        by: By<'_>,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Request<Full<Bytes>>, Fault> {
        let host = self.audience.split_once("://").map_or("", |(_, host)| host);
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/witness/{}/{path}", self.tenant))
            .header(header::HOST, host)
            .header(header::AUTHORIZATION, self.token(by)?);
        let bytes = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        request.body(Full::new(bytes)).map_err(|error| Fault::usage(error.to_string()))
    }

    /// A token for one request.
    fn token(&self, by: By<'_>) -> Result<HeaderValue, Fault> {
        let mut random = [0_u8; 16];
        self.sources.entropy.fill(&mut random);
        let (now, key) = (self.sources.clock.now().seconds(), by.public.to_text());
        let claims = json!({
            "iss": key, "sub": key, "aud": self.audience, "iat": now, "exp": now + LIFE,
            "jti": writ_model::Digest::of(&random).to_string(),
        });
        let token = jws::sign(by.key, WITNESS_TYPE, claims.to_string().as_bytes())
            .map_err(|error| Fault::unreachable(format!("no token can be made: {error}")))?;
        let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|error| Fault::unreachable(error.to_string()))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// Which witness asks.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    /// Its private key.
    pub key: &'a SigningKey,
    /// Its public key.
    pub public: &'a WitnessKey,
}

/// Boxed by itself: the compiler does not see through a body's errors else.
fn whole(body: Body, limit: usize) -> BoxFuture<'static, Result<Bytes, Fault>> {
    Box::pin(Limited::new(body, limit).collect().map(|collected| match collected {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) => Err(Fault::unreachable(net::chain(error.as_ref()))),
    }))
}
