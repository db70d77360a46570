//! Streamable HTTP upstreams: kept-alive connections, the body's own bytes, answers passed on piece by piece.
//!
//! Never here: a redirect followed, a credential of the agent, a second try of a request that may have arrived.

use std::{
    collections::BTreeSet,
    future::{Future as _, poll_fn},
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
use tokio::{sync::Semaphore, time::timeout};
use tokio_util::{sync::WaitForCancellationFutureOwned, task::TaskTracker};
use writ_authority::State;
use writ_model::{InstanceId, TenantId};
use writ_reach::Dial;

use super::{
    Answer, AnswerBody, Outgoing, Pieces, Upstream,
    auth::{Broker, Judged, Ticket},
    ear::Ear,
};
use crate::{
    config::Target,
    forward::is_events,
    mcp::header::is_json,
    refusal::{self, Refusal},
};

/// LIMIT: idle connections kept per upstream.
const IDLE: usize = 256;
/// LIMIT: calls under way per upstream; more wait their turn.
const OPEN: usize = 1_024;
/// LIMIT: how long a call waits for its turn.
const TURN: Duration = Duration::from_secs(10);
/// LIMIT: how long a server may think before it answers; tools that need longer stream progress.
const THINK: Duration = Duration::from_mins(5);
/// Answers of known length up to this are taken whole: one write to the agent instead of two.
const SMALL: u64 = 64 << 10;
/// LIMIT: how long a small answer may trickle.
const TRICKLE: Duration = Duration::from_secs(30);
/// How often a request that never left is tried on another connection.
const TRIES: usize = 3;
/// LIMIT: how often a request goes out whose token the server refuses: without its nonce, with a token that is over, with one
/// that is not enough, without a nonce for a new key; and once more.
const ROUNDS: usize = 5;

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
    ear: Arc<Ear>,
    dial: Dial,
    broker: Option<Arc<Broker>>,
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
    pub(crate) fn new(
        target: Target,
        tasks: TaskTracker,
        (dial, broker): (Dial, Option<Arc<Broker>>),
    ) -> Result<Self, http::Error> {
        let uri = Uri::builder().path_and_query(target.path.clone()).build()?;
        let host = HeaderValue::from_str(target.authority.as_str())?;
        let turns = Arc::new(Semaphore::new(OPEN));
        let (idle, ear) = (Arc::default(), Arc::default());
        Ok(Self { target, uri, host, idle, turns, tasks, ear, dial, broker })
    }

    async fn connect(&self) -> Result<Sender, Refusal> {
        let (host, port) = self.target.host_port();
        let stream = self.dial.open(&host, port, self.target.tls).await.map_err(|fault| {
            tracing::debug!(error = %fault, code = %fault.code(), "an upstream is not reached");
            refusal::UNREACHABLE
        })?;
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
            let Some(mut sender) = known else {
                return self.connect().await;
            };
            if !sender.is_closed() && sender.ready().await.is_ok() {
                return Ok(sender);
            }
        }
    }

    /// Where it is.
    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// What is heard of it.
    pub(super) fn ear(&self) -> &Arc<Ear> {
        &self.ear
    }

    /// The request as it goes out without a credential.
    fn letter(&self, at: Option<&Uri>, outgoing: &Outgoing<'_>) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(outgoing.body.clone()));
        *request.method_mut() = outgoing.verb.clone();
        *request.uri_mut() = at.unwrap_or(&self.uri).clone();
        request.headers_mut().clone_from(&outgoing.headers);
        request.headers_mut().insert(header::HOST, self.host.clone());
        request
    }

    /// Sends a request to a protected server: with a token, and again where the server says that it refused the token.
    async fn let_in(
        &self,
        broker: &Arc<Broker>,
        (at, outgoing): (Option<&Uri>, &Outgoing<'_>),
    ) -> Result<(Response<Incoming>, Sender, Option<Ticket>), Refusal> {
        let (mut nonces, mut renewed, mut stepped) = (0, false, false);
        for _round in 0..ROUNDS {
            let ticket = broker.ticket(outgoing.share.tenant(), outgoing.instance).await?;
            let mut request = self.letter(at, outgoing);
            let target = (outgoing.verb.as_str(), &*broker.url(at));
            ticket.dress(broker, target, request.headers_mut())?;
            let (response, sender) = self.request(request).await?;
            match ticket.judge(response.status(), response.headers()) {
                Judged::Good => return Ok((response, sender, Some(ticket))),
                // Once for each key.
                Judged::Nonce if nonces < 2 => nonces += 1,
                Judged::Refused(challenge) if !renewed => {
                    renewed = true;
                    broker.renew(&ticket, challenge).await?;
                }
                Judged::More(challenge) if !stepped => {
                    stepped = true;
                    broker.step_up(&ticket, challenge).await?;
                }
                Judged::Nonce | Judged::Refused(_) | Judged::More(_) => break,
            }
        }
        Err(refusal::UPSTREAM_AUTH)
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

    /// One exchange, at its address or at another one of the same server. Nobody hears what is said.
    ///
    /// # Errors
    /// If it cannot be reached, refuses the gateway, or its answer has no form that is passed on.
    pub(super) async fn exchange(
        &self,
        at: Option<&Uri>,
        outgoing: &Outgoing<'_>,
    ) -> Result<Answer, Refusal> {
        let turns = Arc::clone(&self.turns);
        let turn = match turns.try_acquire_owned() {
            Ok(turn) => turn,
            Err(_) => match timeout(TURN, Arc::clone(&self.turns).acquire_owned()).await {
                Ok(Ok(turn)) => turn,
                Ok(Err(_)) | Err(_) => return Err(refusal::BUSY),
            },
        };
        let (response, sender, ticket) = if let Some(broker) = &self.broker {
            self.let_in(broker, (at, outgoing)).await?
        } else {
            let (response, sender) = self.request(self.letter(at, outgoing)).await?;
            (response, sender, None)
        };
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
        let give_back = Some((sender, Arc::clone(&self.idle)));
        let ended = ticket.map(|ticket| Box::pin(ticket.ended().cancelled_owned()));
        // Open streams are bounded for each tenant: here they would take the turns of everybody's calls.
        let turn = (!is_events(&head.headers)).then_some(turn);
        let stream = HttpBody { body, give_back, ended, _turn: turn };
        let body = match stream.body.size_hint().exact() {
            Some(length) if length <= SMALL => AnswerBody::Whole(whole(stream).await?),
            _ => AnswerBody::Stream(Box::pin(stream)),
        };
        Ok(Answer { status: head.status, headers: head.headers, body })
    }
}

#[async_trait]
impl Upstream for HttpUpstream {
    async fn send(&self, outgoing: Outgoing<'_>) -> Result<Answer, Refusal> {
        self.ear.agrees(&outgoing)?;
        self.ear.owns(&outgoing)?;
        let about = Ear::about(&outgoing);
        let mut answer = self.exchange(None, &outgoing).await?;
        if let Some(about) = about {
            let json = is_json(&answer.headers);
            answer.body = self.ear.listens(about, answer.body, json).await?;
        }
        Ok(answer)
    }

    fn revisions(&self) -> Vec<&'static str> {
        self.ear.revisions()
    }

    fn began(&self, whose: InstanceId, task: &str) -> Option<Arc<str>> {
        self.ear.began(whose, task)
    }

    async fn end(&self, instances: &BTreeSet<InstanceId>) -> u64 {
        self.ear.forget(instances);
        0
    }

    fn tidy(&self, tenant: TenantId, state: Option<&State>) {
        self.broker.iter().for_each(|broker| broker.tidy(tenant, state));
    }

    async fn close(&self) {
        self.broker.iter().for_each(|broker| broker.close());
        self.idle.0.lock().clear();
    }
}

/// A body on its way; the connection goes back when it is complete, and is closed if it is dropped before.
struct HttpBody {
    body: Incoming,
    give_back: Option<(Sender, Arc<Idle>)>,
    /// The account that let it in was ended.
    ended: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    _turn: Option<tokio::sync::OwnedSemaphorePermit>,
}

impl Pieces for HttpBody {
    fn poll_piece(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Refusal>>> {
        if let Some(ended) = &mut self.ended
            && ended.as_mut().poll(cx).is_ready()
        {
            self.give_back = None;
            return Poll::Ready(Some(Err(refusal::DISCONNECTED)));
        }
        loop {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    // Trailers have no place in MCP.
                    let Ok(data) = frame.into_data() else {
                        continue;
                    };
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
