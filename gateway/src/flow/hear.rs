//! What passes back to an agent is kept in its context first: whole answers before they go on, events of a stream one by
//! one, each before it is released.
//!
//! Lists are not kept: they are definitions, which the catalogue pins and flags.
//! Never here: a byte of an answer changed.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use serde_json::Value;
use writ_authority::grant::Surface;
use writ_model::{Timestamp, json::Limits};
use writ_store::ContextOf;

use super::{
    Followed, classified, contexts,
    engine::{Class, Read, Tool},
    followed, text,
};
use crate::{
    core::{Core, Served},
    forward::is_events,
    identify::Identified,
    mcp::{method::Wish, sse},
    refusal::{self, Refusal},
    tenancy::Tenancy,
    travel::{Going, Letter},
    upstream::{Answer, AnswerBody, BodyStream, Pieces, http::collect},
};

/// Who hears, and of what.
struct Hearing {
    core: Arc<Core>,
    tenancy: Arc<Tenancy>,
    contexts: Vec<ContextOf>,
    now: Timestamp,
    followed: Followed,
    server: String,
    surface: Surface,
    name: String,
    class: Arc<Class>,
    arguments: Value,
}

/// Keeps what answers a message, where the charter follows the agent's values.
pub(crate) async fn hear(
    going: &Going<'_>,
    letter: &Letter<'_>,
    answer: Result<Answer, Refusal>,
) -> Result<Answer, Refusal> {
    let (surface, name, arguments) = match letter.wish {
        Wish::Use { surface, name, arguments, .. } => (surface, name, arguments),
        Wish::List => return answer,
        Wish::Listen { .. } | Wish::Talk { .. } => {
            (Surface::Tool, letter.message.method().unwrap_or("answer"), None)
        }
    };
    let arguments = arguments.map(writ_model::json::Node::to_serde).unwrap_or_default();
    kept((going.core, going.who, going.server), (surface, name, arguments), answer?).await
}

/// The same of a stream that answers nothing.
pub(crate) async fn listen(
    (core, who, server): (&Arc<Core>, &Identified, &Served),
    answer: Result<Answer, Refusal>,
) -> Result<Answer, Refusal> {
    kept((core, who, server), (Surface::Tool, "notifications", Value::Null), answer?).await
}

async fn kept(
    (core, who, server): (&Arc<Core>, &Identified, &Served),
    (surface, name, arguments): (Surface, &str, Value),
    answer: Answer,
) -> Result<Answer, Refusal> {
    let Some(followed) = followed(who) else { return Ok(answer) };
    let hearing = Arc::new(Hearing {
        core: Arc::clone(core),
        tenancy: Arc::clone(&who.caller.tenancy),
        contexts: contexts(who),
        now: who.now,
        followed,
        server: server.name.clone(),
        surface,
        name: name.to_owned(),
        class: classified(core, who, (&server.name, surface, name)).await,
        arguments,
    });
    let Answer { status, headers, body } = answer;
    let events = is_events(&headers);
    let body = match body {
        AnswerBody::Whole(bytes) if !events => AnswerBody::Whole(hearing.keep(bytes).await?),
        AnswerBody::Stream(source) if !events => {
            let bytes = tokio::select! {
                biased;
                why = who.cord.cut() => Err(why),
                bytes = collect(source, Limits::ANSWER.bytes) => bytes,
            };
            AnswerBody::Whole(hearing.keep(bytes?).await?)
        }
        AnswerBody::Whole(bytes) => stream(hearing, Box::pin(Whole(Some(bytes)))),
        AnswerBody::Stream(source) => stream(hearing, source),
    };
    Ok(Answer { status, headers, body })
}

fn stream(hearing: Arc<Hearing>, inner: BodyStream) -> AnswerBody {
    let (events, keeping, over) = (sse::Events::default(), None, false);
    AnswerBody::Stream(Box::pin(Heard { inner, events, hearing, keeping, over }))
}

impl Hearing {
    /// Keeps what stands in a message; gives it back once it may go on.
    async fn keep(&self, bytes: Bytes) -> Result<Bytes, Refusal> {
        if bytes.is_empty() {
            return Ok(bytes);
        }
        // Reading an answer of some megabytes would hold up other agents' calls.
        let message = if bytes.len() > INLINE {
            let bytes = bytes.clone();
            let read = tokio::task::spawn_blocking(move || text::read(&bytes)).await;
            read.map_err(|_panic| refusal::NO_CONTEXT)?
        } else {
            text::read(&bytes)
        };
        let tool = Tool {
            server: &self.server,
            surface: self.surface,
            name: &self.name,
            class: &self.class,
            arguments: None,
        };
        let reading = |read: &mut Read| {
            read.heard((&tool, &self.arguments), &message);
        };
        let (flows, sealer) = (&self.core.flows, &self.tenancy.sealer);
        for of in &self.contexts {
            match flows.keep(sealer, (*of, self.now), &reading).await {
                Err(refusal) if self.followed == Followed::Governed => return Err(refusal),
                // Only reported: an answer is not kept back for that, and the log says what is missing.
                Ok(()) | Err(_) => {}
            }
        }
        Ok(bytes)
    }
}

/// Answers up to this are read in place: about a millisecond.
const INLINE: usize = 256 << 10;

/// A stream whose events are kept, one after the other.
struct Heard {
    inner: BodyStream,
    events: sse::Events,
    hearing: Arc<Hearing>,
    keeping: Option<Keeping>,
    over: bool,
}

type Keeping = Pin<Box<dyn Future<Output = Result<Bytes, Refusal>> + Send>>;

/// Keeps what an event carries; gives the event back as it came.
async fn event(hearing: Arc<Hearing>, event: Bytes) -> Result<Bytes, Refusal> {
    if let Some(data) = sse::data(&event).filter(|data| !data.is_empty()) {
        hearing.keep(Bytes::from(data)).await?;
    }
    Ok(event)
}

impl Pieces for Heard {
    fn poll_piece(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Refusal>>> {
        let this = &mut *self;
        loop {
            if let Some(keeping) = this.keeping.as_mut() {
                let kept = ready!(keeping.as_mut().poll(cx));
                this.keeping = None;
                this.over |= kept.is_err();
                return Poll::Ready(Some(kept));
            }
            if let Some(next) = this.events.next_event() {
                this.keeping = Some(Box::pin(event(Arc::clone(&this.hearing), next)));
                continue;
            }
            if this.over {
                // An event without its blank line is dropped by every reader, so that it is not let go either.
                return Poll::Ready(None);
            }
            match ready!(this.inner.as_mut().poll_piece(cx)) {
                Some(Ok(piece)) => {
                    if this.events.push(&piece).is_err() {
                        this.over = true;
                        return Poll::Ready(Some(Err(refusal::ANSWER_LARGE)));
                    }
                }
                Some(Err(refusal)) => return Poll::Ready(Some(Err(refusal))),
                None => this.over = true,
            }
        }
    }
}

/// A whole body of events as a stream of one piece.
struct Whole(Option<Bytes>);

impl Pieces for Whole {
    fn poll_piece(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Refusal>>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}
