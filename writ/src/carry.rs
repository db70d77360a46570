//! [`Carrier`]: sends a request with whatever credentials its [`Authorizer`] adds, and again if the other side asked for
//! a nonce or no longer knows the token. Scripted agents, `connect` and `wrap` all go through it.
//!
//! Never here: how a credential is made (`agent/holder.rs`), or a retry of a request that may have had an effect: only
//! 400 and 401 challenges are answered again, and those were refused before anything happened.
//! To add a kind of credential: another [`Authorizer`].

use std::{fmt, sync::Arc};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::Full;
use hyper::body::Incoming;

use crate::{
    fault::Fault,
    net::{Http, NetFault},
};

/// LIMIT: attempts at one request: the first, one for a new nonce, one for a new token.
const ATTEMPTS: usize = 3;

/// Adds credentials to requests.
pub trait Authorizer: Send + Sync + fmt::Debug {
    /// Adds the headers this request needs.
    fn authorize<'a>(
        &'a self,
        method: &'a Method,
        uri: &'a Uri,
        headers: &'a mut HeaderMap,
    ) -> BoxFuture<'a, Result<(), Fault>>;

    /// Learns from an answer's head; true if the same request is worth sending again.
    fn learn(&self, status: StatusCode, headers: &HeaderMap) -> bool;
}

/// No credentials: for a server that asks for none.
#[derive(Debug, Clone, Copy, Default)]
pub struct Open;

impl Authorizer for Open {
    fn authorize<'a>(
        &'a self,
        _method: &'a Method,
        _uri: &'a Uri,
        _headers: &'a mut HeaderMap,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn learn(&self, _status: StatusCode, _headers: &HeaderMap) -> bool {
        false
    }
}

/// A request, ready to be carried.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// `POST`, `GET` or `DELETE`.
    pub method: Method,
    /// Where to.
    pub uri: Uri,
    /// Its headers, without credentials.
    pub headers: HeaderMap,
    /// Its body, sent as it is.
    pub body: Bytes,
}

/// Sends requests with credentials. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Carrier {
    http: Http,
    authorizer: Arc<dyn Authorizer>,
}

impl Carrier {
    /// Over this pool, with these credentials.
    pub fn new(http: Http, authorizer: Arc<dyn Authorizer>) -> Self {
        Self { http, authorizer }
    }

    /// The pool.
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// Sends a request; answers challenges.
    ///
    /// # Errors
    /// If nothing answers, or credentials cannot be had. A status is not an error.
    pub async fn send(&self, parcel: &Parcel) -> Result<Response<Incoming>, Fault> {
        let mut attempt = 1;
        loop {
            let mut headers = parcel.headers.clone();
            headers.remove(header::AUTHORIZATION);
            self.authorizer.authorize(&parcel.method, &parcel.uri, &mut headers).await?;
            let mut request = Request::new(Full::new(parcel.body.clone()));
            *request.method_mut() = parcel.method.clone();
            *request.uri_mut() = parcel.uri.clone();
            *request.headers_mut() = headers;
            let response =
                self.http.send(request).await.map_err(|why| unsent(&parcel.uri, &why))?;
            let again = self.authorizer.learn(response.status(), response.headers());
            if !again || attempt == ATTEMPTS {
                return Ok(response);
            }
            attempt += 1;
        }
    }
}

/// The fault for a request that got no answer.
pub fn unsent(uri: &Uri, why: &NetFault) -> Fault {
    let place = uri.authority().map(http::uri::Authority::as_str).unwrap_or_default();
    let fault = Fault::unreachable(format!("no answer from {place}: {why}"));
    match why {
        NetFault::Unreachable(_) => {
            fault.cure("start the server with `writ up`, or check the address")
        }
        NetFault::Broken(_) | NetFault::TooSlow | NetFault::TooLarge(_) => fault,
    }
}
