//! The client of the desk's REST API: over HTTP to the running server, or straight into the same router when the store
//! stands still.
//!
//! Never here: what a command means (`cli/`). To add a way to reach the desk: another [`Transport`].

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited, combinators::UnsyncBoxBody};
use serde_json::Value;
use writ_model::Secret;

use crate::{
    fault::{Exit, Fault},
    net,
};

pub mod held;
mod http_transport;
mod in_process;
mod outside_transport;
pub mod signer;
pub mod signing;

pub use http_transport::HttpTransport;
pub use in_process::InProcess;
pub use outside_transport::OutsideTransport;
pub use signer::Signer;
pub use signing::Signing;

/// LIMIT: one page or document of the API.
const DOCUMENT: usize = 32 << 20;
/// How long one question whether something was signed may stay open.
const WAIT: Duration = Duration::from_secs(25);
/// The least time between two such questions, so that a server that answers at once is not asked without a pause.
const BETWEEN: Duration = Duration::from_millis(250);
/// LIMIT: time to wait for a signature; the desk lets it expire after five minutes.
const PATIENCE: Duration = Duration::from_mins(6);

/// An error of a body.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;
/// A body that may be read piece by piece.
pub type Body = UnsyncBoxBody<Bytes, BodyError>;

/// A way to reach the desk.
pub trait Transport: Send + Sync + fmt::Debug {
    /// Sends one request, path only; the transport knows where.
    fn send(&self, request: Request<Full<Bytes>>) -> BoxFuture<'_, Result<Response<Body>, Fault>>;
}

/// What a request shows.
#[derive(Debug, Clone)]
pub enum Credential {
    /// The data folder's CLI token, as this person of the provider, or its first owner.
    Token {
        /// The token.
        token: Secret<String>,
        /// Who (`prs_…`).
        person: Option<String>,
    },
    /// A session at the console.
    Session {
        /// The cookie, `NAME=VALUE`.
        cookie: Secret<String>,
        /// What every changing request repeats.
        csrf: Secret<String>,
        /// The console's origin.
        origin: String,
    },
}

/// The desk, as commands see it.
#[derive(Debug, Clone)]
pub struct ApiClient {
    transport: Arc<dyn Transport>,
    credential: Credential,
    signer: Option<Arc<dyn Signer>>,
    /// A browser can reach this desk too.
    serves: bool,
}

impl ApiClient {
    /// Over this transport, with this credential. `serves` says that a browser can open the desk's pages.
    pub fn new(transport: Arc<dyn Transport>, credential: Credential, serves: bool) -> Self {
        Self { transport, credential, signer: None, serves }
    }

    /// Signs with this instead of asking for a browser.
    #[must_use]
    pub fn signing_with(mut self, signer: Option<Arc<dyn Signer>>) -> Self {
        self.signer = signer;
        self
    }

    /// `GET path`.
    ///
    /// # Errors
    /// If the desk cannot be reached or says no.
    pub async fn get(&self, path: &str) -> Result<Value, Fault> {
        self.ask(Method::GET, path, None).await
    }

    /// `POST path` with a document.
    ///
    /// # Errors
    /// As [`ApiClient::get`].
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Fault> {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// `GET path` as bytes; `None` if there is no such thing.
    ///
    /// # Errors
    /// As [`ApiClient::get`].
    pub async fn bytes(&self, path: &str) -> Result<Option<Bytes>, Fault> {
        let response = self.send(Method::GET, path, None).await?;
        let status = response.status();
        let body = whole(response.into_body()).await?;
        match status {
            StatusCode::OK => Ok(Some(body)),
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(problem(status, &body)),
        }
    }

    /// `GET path` as a stream.
    ///
    /// # Errors
    /// As [`ApiClient::get`].
    pub async fn stream(&self, path: &str) -> Result<Body, Fault> {
        let response = self.send(Method::GET, path, None).await?;
        let status = response.status();
        if status == StatusCode::OK {
            return Ok(response.into_body());
        }
        Err(problem(status, &whole(response.into_body()).await?))
    }

    /// `POST path` up to the point where a signature is asked for: what was asked for, or the answer if none was.
    ///
    /// # Errors
    /// As [`ApiClient::get`].
    pub async fn prepare(&self, path: &str, body: &Value) -> Result<Result<Signing, Value>, Fault> {
        let (status, answer) = self.exchange(Method::POST, path, Some(body)).await?;
        match Signing::of_problem(status, &answer) {
            Some(signing) => Ok(Ok(signing)),
            None => document(status, &answer).map(Err),
        }
    }

    /// Gives the assertion for an act that waits; the act's own answer.
    ///
    /// # Errors
    /// If it is not accepted, or the act is refused.
    pub async fn complete(&self, signing: &Signing, assertion: &Value) -> Result<Value, Fault> {
        let (status, answer) =
            self.exchange(Method::POST, &signing.path(), Some(assertion)).await?;
        document(status, &answer)
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Fault> {
        let (status, answer) = self.exchange(method, path, body).await?;
        match Signing::of_problem(status, &answer) {
            Some(signing) => self.signed(&signing).await,
            None => document(status, &answer),
        }
    }

    /// Has an act signed, here or in a browser, and gives its answer.
    async fn signed(&self, signing: &Signing) -> Result<Value, Fault> {
        if let Some(signer) = &self.signer {
            let assertion = signer.sign(signing).await?;
            return self.complete(signing, &assertion).await;
        }
        if !self.serves {
            return Err(Fault::refused(format!(
                "this needs a signature, and no server runs to sign it at: {}",
                crate::out::clean(&signing.title)
            ))
            .code(signing::NEEDS_SIGNATURE)
            .cure(
                "start the server with `writ up` and ask again, or name a signer: --signer PROGRAM",
            ));
        }
        signing.invite();
        match tokio::time::timeout(PATIENCE, self.concluded(signing)).await {
            Ok(concluded) => concluded,
            Err(_elapsed) => {
                Err(Fault::refused("nobody signed it in time").code(signing::NEEDS_SIGNATURE))
            }
        }
    }

    /// Waits until it is signed, refused or expired.
    async fn concluded(&self, signing: &Signing) -> Result<Value, Fault> {
        let path = format!("{}?wait={}", signing.path(), WAIT.as_secs());
        let mut between = tokio::time::interval(BETWEEN);
        loop {
            between.tick().await;
            let (status, answer) = self.exchange(Method::GET, &path, None).await?;
            let view = document(status, &answer)?;
            let now = Signing::read(&view)
                .ok_or_else(|| Fault::unreachable("the answer is not a signing"))?;
            if let Some(answer) = now.concluded()? {
                return Ok(answer);
            }
        }
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Bytes), Fault> {
        let response = self.send(method, path, body).await?;
        let status = response.status();
        Ok((status, whole(response.into_body()).await?))
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response<Body>, Fault> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in self.credential.headers() {
            request = request.header(name, value);
        }
        let bytes = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        let request =
            request.body(Full::new(bytes)).map_err(|error| Fault::usage(error.to_string()))?;
        self.transport.send(request).await
    }
}

impl Credential {
    fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let secret = |text: &str| {
            let mut value = HeaderValue::from_str(text).ok()?;
            value.set_sensitive(true);
            Some(value)
        };
        let headers = match self {
            Self::Token { token, person } => [
                (header::AUTHORIZATION, secret(&format!("Bearer {}", token.expose()))),
                (
                    HeaderName::from_static("writ-person"),
                    person.as_ref().and_then(|person| HeaderValue::from_str(person).ok()),
                ),
                (header::ORIGIN, None),
            ],
            Self::Session { cookie, csrf, origin } => [
                (header::COOKIE, secret(cookie.expose())),
                (HeaderName::from_static("writ-csrf"), secret(csrf.expose())),
                (header::ORIGIN, HeaderValue::from_str(origin).ok()),
            ],
        };
        headers.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

fn document(status: StatusCode, body: &[u8]) -> Result<Value, Fault> {
    if let Some(held) = held::of_answer(status, body) {
        return Err(held);
    }
    if !status.is_success() {
        return Err(problem(status, body));
    }
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(body)
        .map_err(|error| Fault::unreachable(format!("the answer is not JSON: {error}")))
}

async fn whole(body: Body) -> Result<Bytes, Fault> {
    match Limited::new(body, DOCUMENT).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Fault::unreachable(format!("the answer is larger than {DOCUMENT} bytes")))
        }
        Err(error) => Err(Fault::unreachable(net::chain(error.as_ref()))),
    }
}

/// The fault of an RFC 9457 problem document, or of whatever came instead of one.
pub fn problem(status: StatusCode, body: &[u8]) -> Fault {
    let exit = if status.is_server_error() { Exit::Unreachable } else { Exit::Refused };
    let Ok(problem) = serde_json::from_slice::<Value>(body) else {
        return Fault::new(exit, format!("the server answered {status}"));
    };
    let text = |name: &str| problem.get(name).and_then(Value::as_str).map(str::to_owned);
    let what = text("detail")
        .or_else(|| text("title"))
        .unwrap_or_else(|| format!("the server answered {status}"));
    let cure = wrongs(&problem).or_else(|| text("cure"));
    Fault { code: text("code"), cure, ..Fault::new(exit, what) }
}

/// Everything that is wrong with a document, where the server lists it: field, rule and cure of each, one a line.
fn wrongs(problem: &Value) -> Option<String> {
    let rows = problem.get("wrongs").and_then(Value::as_array)?;
    let lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
            let line = format!("{}: {}. {}", text("field"), text("rule"), text("cure"));
            crate::out::clean(line.trim_end())
        })
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n      "))
}

/// A text as one path segment or query value.
pub fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let hex = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
            out.push('%');
            out.push(hex(byte >> 4).to_ascii_uppercase());
            out.push(hex(byte & 15).to_ascii_uppercase());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_become_faults_with_code_and_cure() {
        let body = br#"{"code":"AUTH-0007","title":"not active","detail":"auditor is missing","cure":"set one"}"#;
        let fault = problem(StatusCode::CONFLICT, body);
        assert_eq!(fault.exit, Exit::Refused);
        assert_eq!(fault.to_string(), "auditor is missing [AUTH-0007]");
        assert_eq!(fault.cure.as_deref(), Some("set one"));
        let body = br#"{"code":"AUTH-0035","detail":"2 things","cure":"c","wrongs":[
            {"field":"clauses[0].mode","value":"x","rule":"is no mode","cure":"Write one."},
            {"field":"calendar.zone","value":"y","rule":"is no zone","cure":"Write one."}]}"#;
        let cure = problem(StatusCode::UNPROCESSABLE_ENTITY, body).cure.unwrap();
        assert!(cure.starts_with("clauses[0].mode: is no mode. Write one.\n"), "{cure}");
        let fault = problem(StatusCode::BAD_GATEWAY, b"<html>");
        assert_eq!(fault.exit, Exit::Unreachable);
    }

    #[test]
    fn segments_cannot_leave_their_place() {
        assert_eq!(segment("cole-bakery"), "cole-bakery");
        assert_eq!(segment("../a b?c#d%"), "..%2Fa%20b%3Fc%23d%25");
    }
}
