//! A loopback port in front of one gateway address: plain MCP over HTTP comes in, the same request with token and proof
//! goes on, and what comes back is streamed through.
//!
//! Whoever can reach the port acts as the agent: it is loopback only, answers only to loopback names (so that no web page
//! can reach it by a name of its own), and takes no request from a page of another origin.
//! Never here: another address than the one it was started for. To let one more header through: [`STRIPPED`].

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::{self, Body},
    extract::{Request, State},
};
use http::{HeaderMap, HeaderName, Method, Response, StatusCode, Uri, header};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{error_of, refusal};
use crate::{
    carry::{Carrier, Parcel},
    fault::{Exit, Fault},
    mcp::{Message, Shape, code, message::error_answer},
    net,
};

/// LIMIT: one request's body, as at the gateway.
const BODY: usize = 1 << 20;
/// Header fields that end here, in either direction: hop-by-hop ones, and all that is about credentials.
const STRIPPED: [HeaderName; 12] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    header::HOST,
    header::CONTENT_LENGTH,
    header::AUTHORIZATION,
    header::COOKIE,
    header::SET_COOKIE,
    HeaderName::from_static("dpop"),
    HeaderName::from_static("dpop-nonce"),
];

#[derive(Debug)]
struct Door {
    carrier: Carrier,
    target: Uri,
}

/// A port that listens.
#[derive(Debug)]
pub struct Listening {
    listener: TcpListener,
    address: SocketAddr,
}

impl Listening {
    /// Opens the port.
    ///
    /// # Errors
    /// If the address is not loopback or not free.
    pub async fn open(address: SocketAddr) -> Result<Self, Fault> {
        if !address.ip().is_loopback() {
            return Err(Fault::usage(format!("{address} is not loopback"))
                .cure("listen on 127.0.0.1:PORT; whoever reaches this port acts as the agent"));
        }
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| Fault::unreachable(format!("cannot listen on {address}: {error}")))?;
        let address =
            listener.local_addr().map_err(|error| Fault::unreachable(error.to_string()))?;
        Ok(Self { listener, address })
    }

    /// Where.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Carries requests until told to stop.
    ///
    /// # Errors
    /// If accepting fails.
    pub async fn serve(
        self,
        carrier: Carrier,
        target: Uri,
        stop: CancellationToken,
    ) -> Result<(), Fault> {
        let door = Arc::new(Door { carrier, target });
        let router = Router::new().fallback(pass).with_state(door);
        axum::serve(self.listener, router)
            .with_graceful_shutdown(stop.cancelled_owned())
            .await
            .map_err(|error| Fault::unreachable(error.to_string()))
    }
}

async fn pass(State(door): State<Arc<Door>>, request: Request) -> Response<Body> {
    let (parts, incoming) = request.into_parts();
    let uri =
        match admit(&parts.method, &parts.headers).and_then(|()| led(&parts.uri, &door.target)) {
            Ok(uri) => uri,
            Err(status) => return status_only(status),
        };
    let Ok(bytes) = body::to_bytes(incoming, BODY).await else {
        return status_only(StatusCode::PAYLOAD_TOO_LARGE);
    };
    let message = match parts.method {
        // A batch of 2025-03-26: the gateway reads it.
        Method::POST if bytes.trim_ascii_start().first() == Some(&b'[') => None,
        Method::POST => match Message::read(&bytes) {
            Ok(message) => Some(message),
            Err(unread) => {
                let body = error_answer("", unread.code, &unread.why, &serde_json::Value::Null);
                return json(StatusCode::BAD_REQUEST, body);
            }
        },
        _ => None,
    };
    let headers = through(&parts.headers);
    let parcel = Parcel { method: parts.method, uri, headers, body: bytes };
    let response = match door.carrier.send(&parcel).await {
        Ok(response) => response,
        Err(fault) => return failed(message.as_ref(), &fault),
    };
    let (parts, incoming) = response.into_parts();
    if parts.status == StatusCode::UNAUTHORIZED {
        // The client has no credentials of its own: a challenge would send it looking for some.
        return challenged(message.as_ref(), &parts.headers, incoming).await;
    }
    let mut response = Response::new(Body::new(incoming));
    *response.status_mut() = parts.status;
    *response.headers_mut() = through(&parts.headers);
    response
}

/// Where a request leads: to the target, or to one of its two addresses for clients of 2024-11-05, whose stream names the
/// second as it is at the gateway.
fn led(uri: &Uri, target: &Uri) -> Result<Uri, StatusCode> {
    let (path, base) = (uri.path(), target.path().trim_end_matches('/'));
    let rest = match path {
        "/" | "/mcp" => return Ok(target.clone()),
        "/sse" => "/sse".to_owned(),
        _ if path.strip_prefix(base) == Some("/message") => {
            format!("/message?{}", uri.query().unwrap_or_default())
        }
        _ => return Err(StatusCode::NOT_FOUND),
    };
    let mut parts = target.clone().into_parts();
    parts.path_and_query = format!("{base}{rest}").parse().ok();
    Uri::from_parts(parts).map_err(|_no_address| StatusCode::NOT_FOUND)
}

fn admit(method: &Method, headers: &HeaderMap) -> Result<(), StatusCode> {
    if !matches!(*method, Method::POST | Method::GET | Method::DELETE) {
        return Err(StatusCode::METHOD_NOT_ALLOWED);
    }
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    if !is_loopback(host) {
        return Err(StatusCode::FORBIDDEN);
    }
    match text(header::ORIGIN) {
        None => Ok(()),
        Some(origin) => {
            let host = origin.strip_prefix("http://").unwrap_or_default();
            if is_loopback(host) { Ok(()) } else { Err(StatusCode::FORBIDDEN) }
        }
    }
}

fn is_loopback(host: &str) -> bool {
    format!("http://{host}/").parse::<Uri>().is_ok_and(|uri| net::origin(&uri).is_ok())
}

fn through(headers: &HeaderMap) -> HeaderMap {
    let mut out = headers.clone();
    for name in &STRIPPED {
        out.remove(name);
    }
    out
}

fn failed(message: Option<&Message>, fault: &Fault) -> Response<Body> {
    let status = match fault.exit {
        Exit::Ended | Exit::Refused | Exit::Waits => StatusCode::FORBIDDEN,
        Exit::Done | Exit::Usage | Exit::Unreachable | Exit::Unverified => StatusCode::BAD_GATEWAY,
    };
    let (code, text, data) = error_of(fault);
    json(shown(message, status), error_answer(id(message), code, &text, &data))
}

/// An error that answers a request goes over 200, as the gateway's own denials do: clients that are in use (the
/// Python package `mcp` before 2, and what is built on it) take another status for a broken connection and wait for ever.
fn shown(message: Option<&Message>, status: StatusCode) -> StatusCode {
    let asked = message.is_some_and(|message| message.shape == Shape::Request);
    if asked && status == StatusCode::FORBIDDEN { StatusCode::OK } else { status }
}

async fn challenged(
    message: Option<&Message>,
    head: &HeaderMap,
    incoming: hyper::body::Incoming,
) -> Response<Body> {
    let bytes = net::whole(incoming, net::SMALL).await.unwrap_or_default();
    let body = match message.filter(|message| message.shape == Shape::Request) {
        Some(message) => refusal(message, StatusCode::UNAUTHORIZED, head, &bytes),
        None => {
            error_answer("", code::DOOR, "the gateway refused this agent", &serde_json::Value::Null)
        }
    };
    json(shown(message, StatusCode::FORBIDDEN), body)
}

fn id(message: Option<&Message>) -> &str {
    message.map(|message| message.id.as_str()).unwrap_or_default()
}

fn json(status: StatusCode, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response
}

fn status_only(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_leads_to_the_target_and_nowhere_else() {
        let target: Uri = "http://127.0.0.1:7421/mcp/mail".parse().unwrap();
        let to = |path: &str| led(&path.parse().unwrap(), &target).map(|uri| uri.to_string());
        let at = |rest: &str| Ok(format!("http://127.0.0.1:7421/mcp/mail{rest}"));
        for (path, wanted) in [
            ("/", at("")),
            ("/mcp", at("")),
            ("/sse", at("/sse")),
            ("/mcp/mail/message?sessionId=0a", at("/message?sessionId=0a")),
            ("/mcp/files/message?sessionId=0a", Err(StatusCode::NOT_FOUND)),
            ("/mcp/mail", Err(StatusCode::NOT_FOUND)),
            ("/mcp/mail/message/x", Err(StatusCode::NOT_FOUND)),
            ("/message", Err(StatusCode::NOT_FOUND)),
        ] {
            assert_eq!(to(path), wanted, "{path}");
        }
    }
}
