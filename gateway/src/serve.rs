//! The accept loop: HTTP/1.1, bounded connections, slow headers cut off, tracked tasks, a graceful end.
//!
//! Never here: a look into a request.

use std::{convert::Infallible, pin::pin, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    core::Core,
    inbound::{Wire, framing::Framed},
    journey,
};

/// LIMIT: connections open at once; more wait in the kernel's backlog.
const CONNECTIONS: usize = 16_384;
/// LIMIT: how long a request's headers may take, and how long an idle connection stays open.
const HEADERS: Duration = Duration::from_mins(1);
/// LIMIT: bytes of one request's headers: a token, a proof and the protocol's own, with room.
const HEAD_BYTES: usize = 64 << 10;
/// LIMIT: headers of one request.
const HEAD_COUNT: usize = 64;
/// How long calls may finish when the gateway halts.
const DRAIN: Duration = Duration::from_secs(5);
/// After a failed accept (no more file descriptors): time for some to be closed.
const PAUSE: Duration = Duration::from_millis(50);

/// Accepts until the gateway halts.
pub(crate) async fn accept(core: Arc<Core>, listener: TcpListener) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let accepted = tokio::select! {
            () = core.halt.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                core.tasks.spawn(connection(Arc::clone(&core), stream, peer, place));
            }
            Err(fault) => {
                tracing::warn!(error = %fault, "a connection was not accepted");
                // Nothing to wait for but time; a cancelled halt ends the pause.
                if timeout(PAUSE, core.halt.cancelled()).await.is_ok() {
                    return;
                }
            }
        }
    }
}

async fn connection(
    core: Arc<Core>,
    stream: TcpStream,
    peer: std::net::SocketAddr,
    _place: OwnedSemaphorePermit,
) {
    if let Err(fault) = stream.set_nodelay(true) {
        tracing::debug!(error = %fault, "no TCP_NODELAY");
    }
    let halt = core.halt.clone();
    let wire = Wire { peer, abort: CancellationToken::new(), line: Arc::default() };
    let (abort, line) = (wire.abort.clone(), Arc::clone(&wire.line));
    let service = service_fn(move |request| {
        let (core, wire) = (Arc::clone(&core), wire.clone());
        // Boxed apart: hyper keeps a place for the service's future as long as the connection lives, and a stream lives long.
        async move { Ok::<_, Infallible>(Box::pin(journey::answer(core, wire, request)).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEAD_COUNT)
        .serve_connection(TokioIo::new(Framed::new(stream, line)), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = abort.cancelled() => return,
        () = halt.cancelled() => {
            connection.as_mut().graceful_shutdown();
            timeout(DRAIN, connection).await.ok()
        }
    };
    if let Some(Err(fault)) = ended {
        tracing::debug!(error = %fault, "a connection ended");
    }
}
