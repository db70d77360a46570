//! HTTP/1.1 as a client: one connection pool, a bound on every wait and every body.
//!
//! Never here: credentials (`agent/holder.rs` adds them), MCP (`mcp/`), or TLS: until the transport issue this
//! machine's loopback is the only place a request goes.
//! To add a bound: a constant below with its reason.

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

/// LIMIT: a loopback connection is made in microseconds; five seconds means nobody listens.
const CONNECT: Duration = Duration::from_secs(5);
/// LIMIT: the head of an answer; tools may compute for minutes before they say anything.
const HEAD: Duration = Duration::from_mins(10);
/// LIMIT: idle connections kept for one host.
const IDLE: usize = 8;
/// LIMIT: a whole answer read into memory (files and lists come back whole).
pub const ANSWER: usize = 16 << 20;
/// LIMIT: a small document: token answers, metadata, problems.
pub const SMALL: usize = 64 << 10;

/// A pool of connections. Cheap to clone.
#[derive(Clone)]
pub struct Http(Client<HttpConnector, Full<Bytes>>);

/// Why an exchange did not happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetFault {
    /// Nothing answered at the address.
    Unreachable(String),
    /// The connection broke before the answer was whole.
    Broken(String),
    /// The answer did not begin in time.
    TooSlow,
    /// The answer is larger than the limit given.
    TooLarge(usize),
}

impl fmt::Display for NetFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => write!(out, "nothing answers there: {why}"),
            Self::Broken(why) => write!(out, "the connection broke: {why}"),
            Self::TooSlow => write!(out, "no answer within {} s", HEAD.as_secs()),
            Self::TooLarge(limit) => write!(out, "the answer is larger than {limit} bytes"),
        }
    }
}

impl std::error::Error for NetFault {}

impl fmt::Debug for Http {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Http")
    }
}

impl Default for Http {
    fn default() -> Self {
        Self::new()
    }
}

impl Http {
    /// A new pool.
    pub fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT));
        connector.set_nodelay(true);
        Self(Client::builder(TokioExecutor::new()).pool_max_idle_per_host(IDLE).build(connector))
    }

    /// Sends a request and waits for the head of its answer.
    ///
    /// # Errors
    /// [`NetFault`], never for a status.
    pub async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, NetFault> {
        match tokio::time::timeout(HEAD, self.0.request(request)).await {
            Err(_elapsed) => Err(NetFault::TooSlow),
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) if error.is_connect() => Err(NetFault::Unreachable(chain(&error))),
            Ok(Err(error)) => Err(NetFault::Broken(chain(&error))),
        }
    }
}

/// Reads a body whole.
///
/// # Errors
/// If it is larger than the limit, or the connection breaks.
pub async fn whole(body: Incoming, limit: usize) -> Result<Bytes, NetFault> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            Err(NetFault::TooLarge(limit))
        }
        Err(error) => Err(NetFault::Broken(chain(error.as_ref()))),
    }
}

/// An error and its causes in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// Scheme, host and port of an address, `http://127.0.0.1:7421`.
///
/// # Errors
/// In words, if it is not an `http` address on this machine's loopback.
pub fn origin(uri: &Uri) -> Result<String, String> {
    match uri.scheme_str() {
        Some("http") => {}
        Some(other) => {
            return Err(format!("`{other}` addresses are not supported yet: use http on loopback"));
        }
        None => {
            return Err(format!("`{uri}` is not an address: write http://127.0.0.1:PORT/PATH"));
        }
    }
    let host = uri.host().unwrap_or_default();
    let loopback = host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback());
    if !loopback {
        return Err(format!("`{host}` is not this machine: plain http is for loopback only"));
    }
    Ok(format!("http://{}", uri.authority().map(http::uri::Authority::as_str).unwrap_or_default()))
}
