//! The desk's own router in this process, over a store that stands still: every command works without a server.
//!
//! Never here: a listener. Dropping the transport gives the folder back.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use tower::ServiceExt as _;

use super::{Body, BodyError, Transport};
use crate::{fault::Fault, host::Store};

/// Straight into the router.
#[derive(Debug, Clone)]
pub struct InProcess {
    router: axum::Router,
    /// Held so that nobody else opens the folder meanwhile.
    _store: Store,
}

impl InProcess {
    /// Over this router of a desk on this store.
    pub fn new(router: axum::Router, store: Store) -> Self {
        Self { router, _store: store }
    }
}

impl Transport for InProcess {
    fn send(&self, request: Request<Full<Bytes>>) -> BoxFuture<'_, Result<Response<Body>, Fault>> {
        Box::pin(async move {
            let request = request.map(axum::body::Body::new);
            let response = match self.router.clone().oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            Ok(response
                .map(|body| body.map_err(|error| Box::new(error) as BodyError).boxed_unsync()))
        })
    }
}
