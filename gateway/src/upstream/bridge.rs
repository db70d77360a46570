//! The bridge between the generations of MCP: in front of a server, so that deciding and recording see the client's own
//! message. Where both sides speak one generation it passes everything on as it is.
//!
//! A server's generation is learned from what it refuses: a session-based client's `initialize` is tried as it is, and
//! bridged if the server says that it is stateless; a stateless client's request is tried as it is, and bridged if the server
//! refuses it and greets a session-based one. What was learned is learned anew when it is refused.
//! Never here: the words of either generation (`writ_mcp`), a decision.

mod call;
mod follow;
mod guest;
mod hidden;
mod listen;
mod lowered;
mod rounds;
mod wire;

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tokio::time::timeout;
use writ_authority::State;
use writ_mcp::{lower, raise};
use writ_model::{
    Clock, Entropy, InstanceId, TenantId,
    json::{self, Limits, Node},
};

use self::{
    guest::{Guest, Guests, is_ours, welcome},
    lowered::{Fault, Lowered, Request},
    rounds::Rounds,
    wire::{Road, accepted, stateless},
};
use super::{Answer, AnswerBody, Outgoing, Upstream, http::collect};
use crate::{
    fair::Of,
    mcp::{
        header::{MODERN, SESSION, VERSION, revisions},
        params::Params,
        parse::{Kind, Message},
    },
    refusal::{self, Refusal},
};

/// LIMIT: bytes of a refusal that are looked at.
const REFUSAL: usize = 64 << 10;
/// LIMIT: how long a server may be silent before it counts as one that does not know the question.
const SILENT: Duration = Duration::from_secs(10);

/// What a server answers to stateless clients.
const UNKNOWN: u8 = 0;
const STATELESS: u8 = 1;
const SESSION_BASED: u8 = 2;

/// A server with a bridge in front of it.
#[derive(Debug)]
pub(crate) struct Bridge {
    inner: Arc<dyn Upstream>,
    name: String,
    /// On standard streams a refusal has no status, and may not come at all: there the first question is who it is.
    asks_first: bool,
    speaks: AtomicU8,
    /// It refused an `initialize`, and speaks the stateless revision.
    greets_nobody: AtomicBool,
    guests: Arc<Guests>,
    lowered: Lowered,
    /// Messages that nobody got.
    dropped: Arc<AtomicU64>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Bridge {
    /// In front of the server of this name.
    pub(crate) fn new(
        inner: Arc<dyn Upstream>,
        (name, asks_first): (&str, bool),
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self {
            inner,
            name: name.to_owned(),
            asks_first,
            speaks: AtomicU8::new(UNKNOWN),
            greets_nobody: AtomicBool::new(false),
            guests: Arc::default(),
            lowered: Lowered::new(Arc::clone(&clock), Arc::clone(&entropy)),
            dropped: Arc::default(),
            clock,
            entropy,
        }
    }

    fn road(&self, outgoing: &Outgoing<'_>) -> Road {
        let share = Arc::clone(outgoing.share);
        let (inner, dropped) = (Arc::clone(&self.inner), Arc::clone(&self.dropped));
        Road { inner, instance: outgoing.instance, share, dropped }
    }

    /// A stateless client's request.
    async fn stateless(&self, outgoing: Outgoing<'_>) -> Result<Answer, Refusal> {
        match self.speaks.load(Ordering::Relaxed) {
            STATELESS => {
                let answer = self.inner.send(outgoing).await?;
                if answer.status.is_client_error() {
                    // Looked at again when the next one is refused.
                    self.speaks.store(UNKNOWN, Ordering::Relaxed);
                }
                Ok(answer)
            }
            SESSION_BASED => match self.lower(&outgoing).await {
                Err(Fault::NotSessionBased) => {
                    self.speaks.store(UNKNOWN, Ordering::Relaxed);
                    self.inner.send(outgoing).await
                }
                Err(Fault::Refused(refusal)) => Err(refusal),
                Ok(answer) => Ok(answer),
            },
            _ => self.first(outgoing).await,
        }
    }

    /// A stateless client's request to a server of which nothing is known.
    async fn first(&self, outgoing: Outgoing<'_>) -> Result<Answer, Refusal> {
        let discovers = outgoing.message.and_then(Message::method) == Some("server/discover");
        if self.asks_first && !self.is_stateless(&outgoing).await? {
            return self.other(outgoing, None).await;
        }
        let answer = self.inner.send(outgoing.again()).await?;
        let about = if discovers { About::Discovery } else { About::Other };
        let (answer, refused) = looked_at(answer, about).await?;
        if !refused {
            if answer.status.is_success() && says_type(&answer) {
                self.speaks.store(STATELESS, Ordering::Relaxed);
            }
            return Ok(answer);
        }
        if !discovers && self.is_stateless(&outgoing).await? {
            return Ok(answer);
        }
        self.other(outgoing, Some(answer)).await
    }

    /// A request that was refused: through a session, if the server begins one.
    async fn other(
        &self,
        outgoing: Outgoing<'_>,
        refused: Option<Answer>,
    ) -> Result<Answer, Refusal> {
        match (self.lower(&outgoing).await, refused) {
            (Ok(answer), _) => {
                self.speaks.store(SESSION_BASED, Ordering::Relaxed);
                tracing::info!(server = %self.name, "the server is session-based: bridged for stateless clients");
                Ok(answer)
            }
            (Err(Fault::NotSessionBased), None) => self.inner.send(outgoing).await,
            (Err(Fault::NotSessionBased), Some(refused)) => Ok(refused),
            (Err(Fault::Refused(refusal)), _) => Err(refusal),
        }
    }

    /// Asks a server who it is.
    async fn is_stateless(&self, outgoing: &Outgoing<'_>) -> Result<bool, Refusal> {
        let Some(message) = outgoing.message else { return Ok(false) };
        let body = lower::probe(message.node, &outgoing.body, "writ-probe");
        let headers = stateless(&body, &Params::default());
        let asked = timeout(SILENT, self.road(outgoing).post(headers, None, body)).await;
        let Ok(answer) = asked else { return Ok(false) };
        let (answer, refused) = looked_at(answer?, About::Discovery).await?;
        let stateless = !refused && answer.status.is_success();
        if stateless {
            self.speaks.store(STATELESS, Ordering::Relaxed);
        }
        Ok(stateless)
    }

    async fn lower(&self, outgoing: &Outgoing<'_>) -> Result<Answer, Fault> {
        let message = outgoing.message.ok_or(refusal::NOT_RPC)?;
        let (Some(method), Some(id)) = (message.method(), message.id()) else {
            return Err(refusal::NOT_RPC.into());
        };
        let id = outgoing.body.slice(id.start..id.end);
        let request = Request { node: message.node, body: &outgoing.body, method, id };
        self.lowered.answer(self.road(outgoing), &request).await
    }

    /// A session-based client's `initialize`.
    async fn greeted(&self, outgoing: Outgoing<'_>) -> Result<Answer, Refusal> {
        if self.greets_nobody.load(Ordering::Relaxed) {
            if let Some(answer) = self.welcomed(&outgoing).await? {
                return Ok(answer);
            }
            self.greets_nobody.store(false, Ordering::Relaxed);
        }
        let answer = self.inner.send(outgoing.again()).await?;
        let (answer, refused) = looked_at(answer, About::Greeting).await?;
        if !refused {
            return Ok(answer);
        }
        // The refusal stands if the client does not say what there has to be said, or nobody else answers it.
        let Ok(Some(welcomed)) = self.welcomed(&outgoing).await else { return Ok(answer) };
        self.greets_nobody.store(true, Ordering::Relaxed);
        tracing::info!(server = %self.name, "the server is stateless: bridged for clients with sessions");
        // What it began for the greeting is of no use.
        if let Some(id) = answer.headers.get(&SESSION).and_then(|id| id.to_str().ok()) {
            let headers = wire::of_session(Some(id), None);
            if self.road(&outgoing).bare(Method::DELETE, headers, Some(id)).await.is_err() {
                tracing::debug!("a server did not hear that a session is over");
            }
        }
        Ok(welcomed)
    }

    /// The answer to `initialize` of a session that is kept here; nothing if the server is no stateless one.
    async fn welcomed(&self, outgoing: &Outgoing<'_>) -> Result<Option<Answer>, Refusal> {
        let Some(message) = outgoing.message else { return Ok(None) };
        let caller = raise::Caller::of(message.params(), &outgoing.body)
            .map_err(|why| refusal::PARAMS.saying(why.to_string()))?;
        let Some(welcome) = welcome(&self.road(outgoing), caller).await? else { return Ok(None) };
        let seat = outgoing.share.take(Of::Sessions).ok_or(refusal::SESSIONS_FULL)?;
        let mut random = [0; 16];
        self.entropy.fill(&mut random);
        let number = (outgoing.instance, u128::from_be_bytes(random));
        let guest = self.guests.admit(number, &welcome, seat, self.clock.now())?;
        let said = json::parse(&welcome.message, &Limits::ANSWER).map_err(Refusal::json)?;
        let result = said.get("result").unwrap_or(&said);
        let id = message.id_bytes(&outgoing.body);
        let about = (id, welcome.caller.revision, &*self.name);
        let mut answer =
            wire::json(StatusCode::OK, raise::initialized(result, &welcome.message, about));
        if let Ok(id) = HeaderValue::from_str(&guest.id) {
            answer.headers.insert(SESSION.clone(), id);
        }
        Ok(Some(answer))
    }

    /// What comes in a session that is kept here.
    async fn visited(&self, guest: Arc<Guest>, outgoing: Outgoing<'_>) -> Result<Answer, Refusal> {
        let road = self.road(&outgoing);
        if outgoing.verb == Method::DELETE {
            self.guests.remove(&guest.id);
            return Ok(wire::json(StatusCode::OK, b"{}".to_vec()));
        }
        let Some(message) = outgoing.message else { return Ok(follow::open(guest, road)) };
        let named = |key: &str| message.params().and_then(|params| params.get(key));
        let (method, id) = match message.kind {
            Kind::Request { method, id } => (method, outgoing.body.slice(id.start..id.end)),
            Kind::Notification { method: "notifications/cancelled" } => {
                if let Some(id) = named("requestId") {
                    guest.cancel(id.bytes_in(&outgoing.body));
                }
                return Ok(accepted());
            }
            // A stateless server has no use for the others.
            Kind::Notification { .. } => return Ok(accepted()),
            Kind::Response => {
                guest.answered(message.node, &outgoing.body);
                return Ok(accepted());
            }
        };
        match method {
            "ping" => {}
            "logging/setLevel" => {
                let level = named("level").and_then(Node::as_str).unwrap_or_default();
                if !guest.caller.lock().hears(level) {
                    return Err(refusal::PARAMS);
                }
            }
            "resources/subscribe" | "resources/unsubscribe" => {
                let uri = named("uri").and_then(Node::as_str).ok_or(refusal::PARAMS)?;
                guest.watch(uri, method == "resources/subscribe").await?;
            }
            "initialize" => return self.greeted(outgoing).await,
            method if method.starts_with("tasks/") => return Err(refusal::METHOD),
            _ => {
                let running = guest.runs(&id)?;
                let (guests, body) = (Arc::clone(&self.guests), outgoing.body.clone());
                let rounds = Rounds { guests, guest, road, running, body, id, made: 0 };
                return rounds.begin().await;
            }
        }
        Ok(wire::json(StatusCode::OK, Guest::empty(&id)))
    }
}

#[async_trait]
impl Upstream for Bridge {
    async fn send(&self, outgoing: Outgoing<'_>) -> Result<Answer, Refusal> {
        if let Some(session) = outgoing.session.filter(|session| is_ours(session)) {
            let guest = self.guests.known(session, outgoing.instance, self.clock.now());
            return self.visited(guest.ok_or(refusal::NO_SESSION)?, outgoing).await;
        }
        let Some(message) = outgoing.message else { return self.inner.send(outgoing).await };
        let modern = outgoing.headers.get(&VERSION).is_some_and(|version| version == MODERN);
        match message.kind {
            Kind::Request { .. } if modern => self.stateless(outgoing).await,
            Kind::Request { method: "initialize", .. } => self.greeted(outgoing).await,
            // Who cancels a bridged request closes its stream.
            Kind::Notification { .. }
                if modern && self.speaks.load(Ordering::Relaxed) == SESSION_BASED =>
            {
                Ok(accepted())
            }
            _ => self.inner.send(outgoing).await,
        }
    }

    fn revisions(&self) -> Vec<&'static str> {
        let bridged = self.greets_nobody.load(Ordering::Relaxed)
            || self.speaks.load(Ordering::Relaxed) == SESSION_BASED;
        if bridged { revisions().collect() } else { self.inner.revisions() }
    }

    fn began(&self, whose: InstanceId, task: &str) -> Option<Arc<str>> {
        self.inner.began(whose, task)
    }

    fn dropped(&self) -> u64 {
        self.inner.dropped() + self.dropped.load(Ordering::Relaxed)
    }

    async fn end(&self, instances: &BTreeSet<InstanceId>) -> u64 {
        self.guests.end(Some(instances));
        self.lowered.end(Some(instances));
        self.inner.end(instances).await
    }

    fn tidy(&self, tenant: TenantId, state: Option<&State>) {
        self.inner.tidy(tenant, state);
    }

    async fn close(&self) {
        self.guests.end(None);
        self.lowered.end(None);
        self.inner.close().await;
    }
}

/// What an answer is of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    Greeting,
    Discovery,
    Other,
}

/// An answer, and whether it says that its server is of the other generation. Only small ones are looked at.
async fn looked_at(answer: Answer, about: About) -> Result<(Answer, bool), Refusal> {
    let Answer { status, headers, body } = answer;
    let body = match body {
        AnswerBody::Stream(stream) if status.is_client_error() => {
            AnswerBody::Whole(collect(stream, REFUSAL).await.unwrap_or_default())
        }
        body => body,
    };
    let refused = match &body {
        AnswerBody::Whole(bytes) if bytes.len() <= REFUSAL => {
            let text = if is_events(&headers) { data(bytes) } else { bytes.to_vec() };
            match about {
                // Whatever it is called: session-based servers refuse no greeting that is one.
                About::Greeting => status.is_client_error() || is_error(&text),
                About::Discovery => raise::is_refused(status.as_u16(), &text, true),
                About::Other => raise::is_refused(status.as_u16(), &text, false),
            }
        }
        AnswerBody::Whole(_) | AnswerBody::Stream(_) => false,
    };
    Ok((Answer { status, headers, body }, refused))
}

fn is_events(headers: &HeaderMap) -> bool {
    let kind = headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().starts_with("text/event-stream"))
}

fn is_error(message: &[u8]) -> bool {
    json::parse(message, &Limits::ANSWER).is_ok_and(|node| node.get("error").is_some())
}

/// What the first event with data says.
fn data(events: &Bytes) -> Vec<u8> {
    let mut all = crate::mcp::sse::Events::default();
    if all.push(events).is_err() {
        return Vec::new();
    }
    std::iter::from_fn(|| all.next_event())
        .find_map(|event| crate::mcp::sse::data(&event).filter(|data| !data.is_empty()))
        .unwrap_or_default()
}

/// Whether a result says of which type it is, as only stateless servers do.
fn says_type(answer: &Answer) -> bool {
    let AnswerBody::Whole(bytes) = &answer.body else { return false };
    let text: &[u8] = bytes;
    text.windows(12).any(|part| part == b"\"resultType\"")
}

#[cfg(test)]
mod tests;
