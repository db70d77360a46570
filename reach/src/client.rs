//! [`Https`]: one connection for one request, everything about it bounded.
//!
//! Never here: a pool, a cookie, a redirect, a proxy (the environment is not read), compression.
//! SECURITY: with `http` only addresses of this machine are connected to, whatever the name resolves to.

use std::{
    future::Future,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    sync::Semaphore,
    time::timeout,
};
use tokio_rustls::TlsConnector;
use writ_model::{Clock, Span, Timestamp};

use crate::{Answer, Ask, Fault, Outside, Payload, Place, dial, tls};

/// LIMIT: requests under way at once: each holds a socket and a body; whoever comes later is refused, not queued.
const AT_ONCE: usize = 32;
/// LIMIT: addresses of one name that are tried.
const ADDRESSES: usize = 4;
/// LIMIT: header fields of an answer; what large providers send is below 40.
const HEADERS: usize = 100;
/// LIMIT: challenges of an answer that are looked at; servers send one, or one for each scheme they take.
const CHALLENGES: usize = 8;
const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
/// LIMIT: bytes of an answer's head.
const HEAD: usize = 32 << 10;

/// What one request may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// To find the host, connect to it and agree on TLS.
    pub connect: Duration,
    /// From the first byte to the last, connecting included.
    pub whole: Duration,
    /// Bytes of an answer's body.
    pub body: usize,
}

impl Default for Bounds {
    /// LIMIT: a person waits for these answers, so ten seconds; 256 KiB hold the largest metadata and key sets in use.
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), whole: Duration::from_secs(10), body: 256 << 10 }
    }
}

/// Asks over the network.
pub struct Https {
    tls: TlsConnector,
    bounds: Bounds,
    places: Semaphore,
    clock: Arc<dyn Clock>,
    public: bool,
}

impl std::fmt::Debug for Https {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Https({:?})", self.bounds)
    }
}

impl Https {
    /// A client that trusts Mozilla's roots and, if given, the certificates of a PEM text.
    ///
    /// # Errors
    /// [`Fault::Anchors`].
    pub fn new(
        clock: Arc<dyn Clock>,
        anchors: Option<&[u8]>,
        bounds: Bounds,
    ) -> Result<Self, Fault> {
        let tls = TlsConnector::from(Arc::new(tls::config(Arc::clone(&clock), anchors)?));
        Ok(Self { tls, bounds, places: Semaphore::new(AT_ONCE), clock, public: false })
    }

    /// The same for addresses that a server or a stranger names: only `https`, and only addresses that everybody on the
    /// Internet may reach. SECURITY: otherwise whoever writes such an address has us ask what only we can reach.
    #[must_use]
    pub fn public_only(self) -> Self {
        Self { public: true, ..self }
    }

    async fn exchange(&self, ask: Ask) -> Result<Answer, Fault> {
        let to = ask.to.clone();
        let request = request(ask)?;
        let late = || Fault::Late { host: to.host().to_owned() };
        let stream = timeout(self.bounds.connect, connect(&to, self.public))
            .await
            .map_err(|_late| late())??;
        if !to.tls() {
            return self.talk(&to, stream, request).await;
        }
        let failed = |why: String| Fault::Tls { host: to.host().to_owned(), why };
        let name = ServerName::try_from(to.host().to_owned())
            .map_err(|_name| failed("its name is no name".to_owned()))?;
        let stream = timeout(self.bounds.connect, self.tls.connect(name, stream))
            .await
            .map_err(|_late| late())?
            .map_err(|error| failed(error.to_string()))?;
        self.talk(&to, stream, request).await
    }

    async fn talk<S>(
        &self,
        to: &Place,
        stream: S,
        request: Request<Full<Bytes>>,
    ) -> Result<Answer, Fault>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let broken = |error: &hyper::Error| Fault::Broken {
            host: to.host().to_owned(),
            why: error.to_string(),
        };
        let (mut sender, connection) = http1::Builder::new()
            .max_headers(HEADERS)
            .max_buf_size(HEAD)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| broken(&error))?;
        let answer = async {
            let response = sender.send_request(request).await.map_err(|error| broken(&error))?;
            self.read(to, response).await
        };
        both(answer, connection).await
    }

    async fn read(&self, to: &Place, response: Response<Incoming>) -> Result<Answer, Fault> {
        let host = || to.host().to_owned();
        let status = response.status();
        if status.is_redirection() {
            return Err(Fault::Redirected { host: host(), status: status.as_u16() });
        }
        let media = response.headers().get(header::CONTENT_TYPE);
        let media = media.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let retry_after = response.headers().get(header::RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| value.to_str().ok());
        let retry_after = retry_after.and_then(|value| wait(value, self.clock.now()));
        let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
        let nonce = response.headers().get(NONCE).and_then(text);
        let challenges = response.headers().get_all(header::WWW_AUTHENTICATE).iter();
        let challenges: Vec<String> = challenges.filter_map(text).take(CHALLENGES).collect();
        let body = Limited::new(response.into_body(), self.bounds.body).collect().await;
        let body = body.map_err(|error| {
            if error.is::<LengthLimitError>() {
                Fault::TooLarge { host: host(), bound: self.bounds.body }
            } else {
                Fault::Broken { host: host(), why: error.to_string() }
            }
        })?;
        let (status, body) = (status.as_u16(), body.to_bytes());
        Ok(Answer { status, media, body, retry_after, nonce, challenges })
    }
}

#[async_trait]
impl Outside for Https {
    async fn ask(&self, ask: Ask) -> Result<Answer, Fault> {
        let _place = self.places.try_acquire().map_err(|_full| Fault::Busy)?;
        let host = ask.to.host().to_owned();
        let whole = Box::pin(self.exchange(ask));
        timeout(self.bounds.whole, whole).await.map_err(|_late| Fault::Late { host })?
    }
}

/// Drives a connection until the answer is there; dropping it closes the socket.
async fn both<A, C>(answer: A, connection: C) -> A::Output
where
    A: Future,
    C: Future,
{
    tokio::pin!(answer);
    tokio::select! {
        biased;
        done = &mut answer => return done,
        _ended = connection => {}
    }
    answer.await
}

/// A `Retry-After`: seconds, or a date (RFC 9110 section 10.2.3).
fn wait(value: &str, now: Timestamp) -> Option<Span> {
    if let Ok(seconds) = value.trim().parse::<u32>() {
        return Some(Span::seconds(i64::from(seconds)));
    }
    let date = httpdate::parse_http_date(value).ok()?.duration_since(UNIX_EPOCH).ok()?;
    let date = Timestamp::from_micros(i64::try_from(date.as_micros()).ok()?);
    Some((date - now).max(Span::default()))
}

async fn connect(to: &Place, public: bool) -> Result<TcpStream, Fault> {
    let unreachable = |why: &dyn std::fmt::Display| Fault::Unreachable {
        host: to.host().to_owned(),
        why: why.to_string(),
    };
    let found = lookup_host((to.host(), to.port())).await.map_err(|error| unreachable(&error))?;
    let allowed = |address: &SocketAddr| {
        let public_only = to.tls() && dial::is_public(address.ip());
        let ours_too = to.tls() || address.ip().is_loopback();
        if public { public_only } else { ours_too }
    };
    let mut last = unreachable(&"its name has no address that may be asked");
    for address in found.filter(allowed).take(ADDRESSES) {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = unreachable(&error),
        }
    }
    Err(last)
}

fn request(ask: Ask) -> Result<Request<Full<Bytes>>, Fault> {
    let bad = |why| Fault::Address { why };
    let (method, kind, body) = match ask.send {
        Payload::Nothing => (Method::GET, None, Bytes::new()),
        Payload::Json(body) => {
            (Method::POST, Some("application/json"), Bytes::copy_from_slice(body.expose()))
        }
        Payload::Form(form) => {
            let body = Bytes::copy_from_slice(form.expose().as_bytes());
            (Method::POST, Some("application/x-www-form-urlencoded"), body)
        }
        Payload::Protobuf(body) => (Method::POST, Some("application/x-protobuf"), body),
    };
    let mut request = Request::builder()
        .method(method)
        .uri(ask.to.target())
        .header(header::HOST, ask.to.authority())
        .header(header::ACCEPT, "application/json")
        .header(header::USER_AGENT, "writ")
        .header(header::CONNECTION, "close")
        .body(Full::new(body))
        .map_err(|_bad| bad("it does not fit in a request"))?;
    let headers = request.headers_mut();
    for (name, value) in ask.headers {
        let value = HeaderValue::from_str(&value)
            .map_err(|_bad| bad("one of its header fields is no header field"))?;
        headers.insert(HeaderName::from_static(name), value);
    }
    if let Some(kind) = kind {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    if let Some(value) = ask.authorization {
        let mut value = HeaderValue::from_str(value.expose())
            .map_err(|_bad| bad("its authorization is no header value"))?;
        value.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, value);
    }
    Ok(request)
}
