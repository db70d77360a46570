//! Streamable HTTP upstreams: kept-alive connections, the body's own bytes, answers passed on piece by piece.
//!
//! Never here: a redirect followed, a credential of the agent, a second try of a request that may have arrived.

use std::{
    collections::BTreeSet,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::Full;
use hyper::{
    body::{Body, Incoming},
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::{net::TcpStream, sync::Semaphore, time::timeout};
use tokio_util::task::TaskTracker;
use writ_model::{InstanceId, json::Limits};

use super::{
    Answer, AnswerBody, Outgoing, Pieces, Upstream,
    jobs::{self, Jobs, Watched},
    spoken::Spoken,
};
use crate::{
    config::Target,
    mcp::{header::is_json, sse},
    refusal::{self, Refusal},
};

/// LIMIT: idle connections kept per upstream.
const IDLE: usize = 256;
/// LIMIT: connections open per upstream; more calls wait their turn.
const OPEN: usize = 1_024;
/// LIMIT: how long a call waits for its turn.
const TURN: Duration = Duration::from_secs(10);
/// LIMIT: how long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// LIMIT: how long a server may think before it answers; tools that need longer stream progress.
const THINK: Duration = Duration::from_mins(5);
/// Answers of known length up to this are taken whole: one write to the agent instead of two.
const SMALL: u64 = 64 << 10;
/// LIMIT: how long a small answer may trickle.
const TRICKLE: Duration = Duration::from_secs(30);
/// How often a request that never left is tried on another connection.
const TRIES: usize = 3;

type Sender = SendRequest<Full<Bytes>>;

/// One HTTP server.
#[derive(Debug)]
pub(crate) struct HttpUpstream {
    target: Target,
    uri: Uri,
    host: HeaderValue,
    idle: Arc<Idle>,
    turns: Arc<Semaphore>,
    tasks: TaskTracker,
    spoken: Spoken,
    jobs: Arc<Jobs>,
}

#[derive(Default)]
struct Idle(Mutex<Vec<Sender>>);

impl std::fmt::Debug for Idle {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Idle({})", self.0.lock().len())
    }
}

impl Idle {
    fn put(&self, sender: Sender) {
        let mut idle = self.0.lock();
        if !sender.is_closed() && idle.len() < IDLE {
            idle.push(sender);
        }
    }
}

impl HttpUpstream {
    /// An upstream at this address; connections are made on first use, on these tasks.
    ///
    /// # Errors
    /// If the address has no form that HTTP can carry.
    pub(crate) fn new(target: Target, tasks: TaskTracker) -> Result<Self, http::Error> {
        let uri = Uri::builder().path_and_query(target.path.clone()).build()?;
        let host = HeaderValue::from_str(target.authority.as_str())?;
        let turns = Arc::new(Semaphore::new(OPEN));
        let (idle, spoken, jobs) = (Arc::default(), Spoken::default(), Arc::default());
        Ok(Self { target, uri, host, idle, turns, tasks, spoken, jobs })
    }

    async fn connect(&self) -> Result<Sender, Refusal> {
        let (host, port) = self.target.host_port();
        let Ok(Ok(stream)) = timeout(CONNECT, TcpStream::connect((host, port))).await else {
            return Err(refusal::UNREACHABLE);
        };
        if let Err(fault) = stream.set_nodelay(true) {
            tracing::debug!(error = %fault, "no TCP_NODELAY");
        }
        let (sender, connection) = http1::Builder::new()
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|_fault| refusal::UNREACHABLE)?;
        self.tasks.spawn(async move {
            if let Err(fault) = connection.await {
                tracing::debug!(error = %fault, "upstream connection ended");
            }
        });
        Ok(sender)
    }

    /// A connection that can take a request.
    async fn ready(&self) -> Result<Sender, Refusal> {
        loop {
            let known = self.idle.0.lock().pop();
            let Some(mut sender) = known else { return self.connect().await };
            if !sender.is_closed() && sender.ready().await.is_ok() {
                return Ok(sender);
            }
        }
    }

    /// An answer in which a task may begin: remembered before the agent hears of it, so that it may ask after it at once.
    async fn watched(
        &self,
        whose: InstanceId,
        body: AnswerBody,
        json: bool,
    ) -> Result<AnswerBody, Refusal> {
        let (jobs, events) = (Arc::clone(&self.jobs), sse::Events::default());
        let inner = match body {
            AnswerBody::Stream(inner) if json => {
                AnswerBody::Whole(collect(inner, Limits::ANSWER.bytes).await?)
            }
            AnswerBody::Stream(inner) => {
                AnswerBody::Stream(Box::pin(Watched { inner, jobs, whose, events }))
            }
            whole @ AnswerBody::Whole(_) => whole,
        };
        if let AnswerBody::Whole(answer) = &inner {
            self.jobs.whole(whose, answer, json);
        }
        Ok(inner)
    }

    async fn request(
        &self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<(Response<Incoming>, Sender), Refusal> {
        for _ in 0..TRIES {
            let mut sender = self.ready().await?;
            match timeout(THINK, sender.try_send_request(request)).await {
                Err(_) => return Err(refusal::TIMED_OUT),
                Ok(Ok(response)) => return Ok((response, sender)),
                // Only a request that never left may be tried again: a call must not act twice.
                Ok(Err(mut fault)) => match fault.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(refusal::BROKEN),
                },
            }
        }
        Err(refusal::UNREACHABLE)
    }
}

#[async_trait]
impl Upstream for HttpUpstream {
    async fn send(&self, outgoing: Outgoing<'_>) -> Result<Answer, Refusal> {
        let turns = Arc::clone(&self.turns);
        let turn = match turns.try_acquire_owned() {
            Ok(turn) => turn,
            Err(_) => match timeout(TURN, Arc::clone(&self.turns).acquire_owned()).await {
                Ok(Ok(turn)) => turn,
                Ok(Err(_)) | Err(_) => return Err(refusal::BUSY),
            },
        };
        if let Some(message) = outgoing.message {
            if jobs::is_of_tasks(message) && self.spoken.lacks_tasks() {
                return Err(refusal::METHOD);
            }
            self.jobs.admits(outgoing.instance, message)?;
        }
        let discovers = outgoing.discovers();
        let begins = outgoing.message.is_some_and(jobs::may_begin).then_some(outgoing.instance);
        let mut request = Request::new(Full::new(outgoing.body));
        *request.method_mut() = outgoing.verb;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = outgoing.headers;
        request.headers_mut().insert(header::HOST, self.host.clone());
        let (response, sender) = self.request(request).await?;
        let (head, body) = response.into_parts();
        if matches!(
            head.status,
            StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED
        ) {
            return Err(refusal::UPSTREAM_AUTH);
        }
        if head.status.is_redirection() {
            return Err(refusal::BROKEN);
        }
        let stream =
            HttpBody { body, give_back: Some((sender, Arc::clone(&self.idle))), _turn: turn };
        let body = match stream.body.size_hint().exact() {
            Some(length) if length <= SMALL => AnswerBody::Whole(whole(stream).await?),
            None if discovers && is_json(&head.headers) => AnswerBody::Whole(whole(stream).await?),
            _ => AnswerBody::Stream(Box::pin(stream)),
        };
        if let AnswerBody::Whole(answer) = &body
            && discovers
        {
            self.spoken.heard(answer);
        }
        let body = match begins {
            Some(whose) => self.watched(whose, body, is_json(&head.headers)).await?,
            None => body,
        };
        Ok(Answer { status: head.status, headers: head.headers, body })
    }

    fn revisions(&self) -> Vec<&'static str> {
        self.spoken.known()
    }

    async fn end(&self, instances: &BTreeSet<InstanceId>) -> u64 {
        self.jobs.forget(instances);
        0
    }

    async fn close(&self) {
        self.idle.0.lock().clear();
    }
}

/// A body on its way; the connection goes back when it is complete, and is closed if it is dropped before.
struct HttpBody {
    body: Incoming,
    give_back: Option<(Sender, Arc<Idle>)>,
    _turn: tokio::sync::OwnedSemaphorePermit,
}

impl Pieces for HttpBody {
    fn poll_piece(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Refusal>>> {
        loop {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    // Trailers have no place in MCP.
                    let Ok(data) = frame.into_data() else { continue };
                    if !data.is_empty() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
                Some(Err(_)) => {
                    self.give_back = None;
                    return Poll::Ready(Some(Err(refusal::BROKEN)));
                }
                None => {
                    if let Some((sender, idle)) = self.give_back.take() {
                        idle.put(sender);
                    }
                    return Poll::Ready(None);
                }
            }
        }
    }
}

async fn whole(stream: HttpBody) -> Result<Bytes, Refusal> {
    let collect = collect(Box::pin(stream), usize::try_from(SMALL).unwrap_or(usize::MAX));
    match timeout(TRICKLE, collect).await {
        Ok(body) => body,
        Err(_) => Err(refusal::TIMED_OUT),
    }
}

/// All of a body, if it is no larger than `most`.
pub(crate) async fn collect(mut body: super::BodyStream, most: usize) -> Result<Bytes, Refusal> {
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(piece) = poll_fn(|cx| body.as_mut().poll_piece(cx)).await {
        let piece = piece?;
        if first.len() + all.len() + piece.len() > most {
            return Err(refusal::ANSWER_LARGE);
        }
        if first.is_empty() && all.is_empty() {
            first = piece;
        } else {
            if all.is_empty() {
                all.extend_from_slice(&first);
                first = Bytes::new();
            }
            all.extend_from_slice(&piece);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}
