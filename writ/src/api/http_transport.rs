//! The desk over HTTP, where `server.json` says it listens.
//!
//! Never here: a server other than this machine's.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt as _, Full};

use super::{Body, BodyError, Transport};
use crate::{
    carry::unsent,
    fault::Fault,
    net::{self, Http},
};

/// Over HTTP.
#[derive(Debug, Clone)]
pub struct HttpTransport {
    http: Http,
    base: String,
}

impl HttpTransport {
    /// To the desk at this base address.
    ///
    /// # Errors
    /// If it is not an http address of this machine.
    pub fn new(http: Http, base: &str) -> Result<Self, Fault> {
        let uri: Uri =
            base.parse().map_err(|_invalid| Fault::usage(format!("`{base}` is not an address")))?;
        let base = net::origin(&uri).map_err(Fault::usage)?;
        Ok(Self { http, base })
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: Request<Full<Bytes>>) -> BoxFuture<'_, Result<Response<Body>, Fault>> {
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let path = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
            parts.uri = format!("{}{path}", self.base)
                .parse()
                .map_err(|_invalid| Fault::usage(format!("`{path}` is not a path")))?;
            let uri = parts.uri.clone();
            let response = self
                .http
                .send(Request::from_parts(parts, body))
                .await
                .map_err(|why| unsent(&uri, &why))?;
            Ok(response
                .map(|body| body.map_err(|error| Box::new(error) as BodyError).boxed_unsync()))
        })
    }
}
