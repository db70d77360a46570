//! The desk from another machine: over https, as its operator's proxy serves it.
//!
//! Never here: plain http to another machine (`Place` refuses it), a redirect, a credential of people; a witness brings
//! its own. To reach another system outside: `writ-reach`.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Method, Request, Response, header};
use http_body_util::{BodyExt as _, Collected, Full};
use writ_model::{Clock, Secret};
use writ_reach::{Ask, Bounds, Https, Outside, Place};

use super::{Body, Transport};
use crate::fault::Fault;

/// LIMIT: a long poll waits 20 s for news, and a first reading of a long ledger takes its time.
const WHOLE: Duration = Duration::from_mins(1);
/// LIMIT: bytes of one answer: the most lines that are asked for at once.
const BODY: usize = 32 << 20;

/// Over https, or http on this machine.
#[derive(Debug)]
pub struct OutsideTransport {
    outside: Https,
    base: String,
}

impl OutsideTransport {
    /// To the desk at this address; `roots` are certificates (PEM) trusted beside Mozilla's.
    ///
    /// # Errors
    /// If the address may not be asked or the certificates cannot be used.
    pub fn new(clock: Arc<dyn Clock>, base: &str, roots: Option<&[u8]>) -> Result<Self, Fault> {
        let base = Place::parse(base).map_err(|fault| told(&fault))?.origin();
        let bounds = Bounds { whole: WHOLE, body: BODY, ..Bounds::default() };
        let outside = Https::new(clock, roots, bounds).map_err(|fault| told(&fault))?;
        Ok(Self { outside, base })
    }
}

/// In our own words, with the code that the documents explain.
fn told(fault: &writ_reach::Fault) -> Fault {
    let said = fault.to_string();
    let own = match fault {
        writ_reach::Fault::Address { .. } | writ_reach::Fault::Anchors { .. } => Fault::usage(said),
        _ => Fault::unreachable(said),
    };
    own.code(fault.code().to_string())
}

impl Transport for OutsideTransport {
    fn send(&self, request: Request<Full<Bytes>>) -> BoxFuture<'_, Result<Response<Body>, Fault>> {
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let path = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
            let to = Place::parse(&format!("{}{path}", self.base)).map_err(|fault| told(&fault))?;
            let sent =
                body.collect().await.map_or_else(|never| match never {}, Collected::to_bytes);
            let ask = match parts.method {
                Method::GET => Ask::get(to),
                Method::POST => Ask::json(to, sent.to_vec()),
                other => {
                    return Err(Fault::usage(format!("{other} is not sent to another machine")));
                }
            };
            let bearer =
                parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
            let ask = match bearer {
                Some(bearer) => ask.with_authorization(Secret::new(bearer.to_owned())),
                None => ask,
            };
            let answer = self.outside.ask(ask).await.map_err(|fault| told(&fault))?;
            let whole = Full::new(answer.body).map_err(|never| match never {}).boxed_unsync();
            Response::builder()
                .status(answer.status)
                .header(header::CONTENT_TYPE, answer.media)
                .body(whole)
                .map_err(|error| Fault::unreachable(error.to_string()))
        })
    }
}
