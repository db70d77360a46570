//! What passes back to an agent is kept in its context first: whole answers before they go on, events of a stream one by
//! one, each before it is released.
//!
//! Lists of tools and prompts are not kept: they are definitions, which the catalogue pins and flags. What a list of
//! resources or tasks says may be anybody's words.
//! Never here: a byte of an answer changed.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use serde_json::Value;
use writ_authority::{State, grant::Surface};
use writ_model::{
    Timestamp,
    json::{Limits, Node},
};
use writ_store::View;

use super::{
    Followed, classified, contexts,
    engine::{Class, Read, Tool},
    followed,
    kept::{INLINE, Reading, Whose},
    text,
};
use crate::{
    core::{Core, Served},
    forward::is_events,
    identify::Identified,
    mcp::{method::Wish, sse},
    refusal::{self, Refusal},
    tenancy::Tenancy,
    travel::{Going, Letter, begun_by},
    upstream::{Answer, AnswerBody, BodyStream, Pieces, http::collect},
};

/// Who hears, and of what.
struct Hearing {
    core: Arc<Core>,
    tenancy: Arc<Tenancy>,
    view: Arc<View<State>>,
    contexts: Vec<Whose>,
    now: Timestamp,
    followed: Followed,
    of: Of,
}

/// What answers.
struct Of {
    server: String,
    surface: Surface,
    name: String,
    class: Arc<Class>,
    arguments: Value,
    /// Something was done when it answers.
    acted: bool,
}

/// Keeps what answers a message, where the charter follows the agent's values.
pub(crate) async fn hear(
    going: &Going<'_>,
    letter: &Letter<'_>,
    answer: Result<Answer, Refusal>,
) -> Result<Answer, Refusal> {
    let Going { core, who, server, .. } = *going;
    let answer = answer?;
    let Some(followed) = followed(who) else { return Ok(answer) };
    let method = letter.message.method().unwrap_or("answer");
    // What a task comes to is what the tool gives whose call began it.
    let begun = match letter.wish {
        Wish::Talk { .. } | Wish::Listen { .. } => begun_by(going, letter.message),
        Wish::Use { .. } | Wish::List => None,
    };
    let used = match (letter.wish, &begun) {
        (Wish::Use { surface, name, arguments, .. }, _) => Some((surface, name, arguments)),
        (_, Some(tool)) => Some((Surface::Tool, &**tool, None)),
        (Wish::List, None) if DEFINED.contains(&method) => return Ok(answer),
        (Wish::List | Wish::Listen { .. } | Wish::Talk { .. }, None) => None,
    };
    let of = match used {
        Some((surface, name, arguments)) => {
            let class = classified(core, who, (&server.name, surface, name)).await;
            Of {
                server: server.name.clone(),
                surface,
                name: name.to_owned(),
                acted: class.acts(),
                class,
                arguments: arguments.map(Node::to_serde).unwrap_or_default(),
            }
        }
        None => Of::said(&server.name, method),
    };
    kept((core, who), (followed, of), answer).await
}

/// Methods whose answers are definitions.
const DEFINED: [&str; 2] = ["tools/list", "prompts/list"];

/// The same of a stream that answers nothing.
pub(crate) async fn listen(
    (core, who, server): (&Arc<Core>, &Identified, &Served),
    answer: Result<Answer, Refusal>,
) -> Result<Answer, Refusal> {
    let answer = answer?;
    let Some(followed) = followed(who) else { return Ok(answer) };
    kept((core, who), (followed, Of::said(&server.name, "notifications")), answer).await
}

impl Of {
    /// Something that a server says by itself.
    fn said(server: &str, method: &str) -> Self {
        Self {
            server: server.to_owned(),
            surface: Surface::Tool,
            name: method.to_owned(),
            class: Arc::new(Class::said(method)),
            arguments: Value::Null,
            acted: false,
        }
    }
}

async fn kept(
    (core, who): (&Arc<Core>, &Identified),
    (followed, of): (Followed, Of),
    answer: Answer,
) -> Result<Answer, Refusal> {
    let hearing = Arc::new(Hearing {
        core: Arc::clone(core),
        tenancy: Arc::clone(&who.caller.tenancy),
        view: Arc::clone(&who.view),
        contexts: contexts(who),
        now: who.now,
        followed,
        of,
    });
    let Answer { status, headers, body } = answer;
    let events = is_events(&headers);
    let body = match body {
        AnswerBody::Whole(bytes) if !events => {
            AnswerBody::Whole(Arc::clone(&hearing).keep(bytes).await?)
        }
        AnswerBody::Stream(source) if !events => {
            let bytes = tokio::select! {
                biased;
                why = who.cord.cut() => Err(why),
                bytes = collect(source, Limits::ANSWER.bytes) => bytes,
            };
            AnswerBody::Whole(Arc::clone(&hearing).keep(bytes?).await?)
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
    async fn keep(self: Arc<Self>, bytes: Bytes) -> Result<Bytes, Refusal> {
        if bytes.is_empty() {
            return Ok(bytes);
        }
        // Reading an answer of some megabytes would hold up other agents' calls.
        let message = if bytes.len() > INLINE {
            let bytes = bytes.clone();
            let read = tokio::task::spawn_blocking(move || text::read(&bytes)).await;
            read.map_err(|_panic| self.unkept(refusal::NO_CONTEXT))?
        } else {
            text::read(&bytes)
        };
        if message.odd && self.followed == Followed::Governed {
            return Err(self.unkept(refusal::BROKEN));
        }
        if message.is_empty() {
            return Ok(bytes);
        }
        let hearing = Arc::clone(&self);
        let reading: Reading = Arc::new(move |read: &mut Read| {
            let of = &hearing.of;
            let tool = Tool {
                server: &of.server,
                surface: of.surface,
                name: &of.name,
                class: &of.class,
                arguments: None,
            };
            read.heard((&tool, &of.arguments), &message);
            true
        });
        for whose in &self.contexts {
            let at = (*whose, self.now, &self.view.state);
            let kept = self.core.flows.keep(&self.tenancy, at, (&reading, bytes.len())).await;
            match kept {
                Err(refusal) if self.followed == Followed::Governed => {
                    return Err(self.unkept(refusal));
                }
                // Only reported: an answer is not kept back for that, and the log says what is missing.
                Ok(()) | Err(_) => {}
            }
        }
        Ok(bytes)
    }

    /// Why an answer does not go on: to whoever did something it says that it was done, so that it is not done twice.
    fn unkept(&self, refusal: Refusal) -> Refusal {
        if !self.of.acted {
            return refusal;
        }
        let words = format!("the call was made, and its answer is kept back: {}", refusal.words);
        refusal.saying(words).curing("look whether it was done before making it again".to_owned())
    }
}

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
