//! [`Ear`]: what the gateway hears of a server from the answers that pass: which revisions it speaks, what its tools want
//! repeated in headers, which tasks it began for whom. What is asked of it is asked before a message goes out.
//!
//! Never here: an answer changed, or kept. To hear one more thing: a variant of [`About`] and what it is told.

use std::{
    collections::BTreeSet,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use parking_lot::RwLock;
use writ_model::{InstanceId, json::Limits};

use super::{
    AnswerBody, BodyStream, Outgoing, Pieces,
    http::collect,
    jobs::{self, Jobs},
    spoken::Spoken,
};
use crate::{
    mcp::{
        header::{MODERN, VERSION},
        params::{News, Params},
        sse,
    },
    refusal::{self, Refusal},
};

/// Answers up to this are read in place: about a millisecond.
const INLINE: usize = 256 << 10;

/// What is heard of one server.
#[derive(Debug, Default)]
pub(crate) struct Ear {
    spoken: Spoken,
    jobs: Jobs,
    params: RwLock<Params>,
}

/// What an answer is listened to for.
#[derive(Debug, Clone)]
pub(crate) enum About {
    /// What the server says of itself.
    Discovery,
    /// What its tools want.
    Tools,
    /// A task that it begins for this instance, which called this tool.
    Task(InstanceId, Arc<str>),
}

impl Ear {
    /// What the answer to a message is listened to for.
    pub(crate) fn about(outgoing: &Outgoing<'_>) -> Option<About> {
        let (message, revision) = (outgoing.message?, revision(outgoing));
        match message.method()? {
            "server/discover" if revision == MODERN => Some(About::Discovery),
            "tools/list" if revision == MODERN => Some(About::Tools),
            "tools/call" => jobs::may_begin(message, revision)
                .map(|tool| About::Task(outgoing.instance, tool.into())),
            _ => None,
        }
    }

    /// Whether the headers of a message repeat its arguments as the server's tools want it.
    ///
    /// # Errors
    /// With the header that does not.
    pub(crate) fn agrees(&self, outgoing: &Outgoing<'_>) -> Result<(), Refusal> {
        match outgoing.message.filter(|_| revision(outgoing) == MODERN) {
            Some(message) => self.params.read().agree(&outgoing.headers, message),
            None => Ok(()),
        }
    }

    /// Whether the tasks that a message names are the instance's that sends it.
    ///
    /// # Errors
    /// If one is not, or the server has none.
    pub(crate) fn owns(&self, outgoing: &Outgoing<'_>) -> Result<(), Refusal> {
        let Some(message) = outgoing.message else { return Ok(()) };
        let modern = revision(outgoing) == MODERN;
        if modern && jobs::is_of_tasks(message) && self.spoken.lacks_tasks() {
            return Err(refusal::METHOD);
        }
        self.jobs.admits(outgoing.instance, message, modern)
    }

    /// The tool whose call began a task of this instance's.
    pub(crate) fn began(&self, whose: InstanceId, task: &str) -> Option<Arc<str>> {
        self.jobs.tool(whose, task)
    }

    /// Revisions that the server and we speak.
    pub(crate) fn revisions(&self) -> Vec<&'static str> {
        self.spoken.known()
    }

    /// Forgets what it knew of instances that have ended.
    pub(crate) fn forget(&self, instances: &BTreeSet<InstanceId>) {
        self.jobs.forget(instances);
    }

    /// Listens to an answer before it goes on. One that is JSON is waited for as a whole, which its reader has to do anyway.
    ///
    /// # Errors
    /// If it is too large, or is cut off.
    pub(crate) async fn listens(
        self: &Arc<Self>,
        about: About,
        body: AnswerBody,
        json: bool,
    ) -> Result<AnswerBody, Refusal> {
        let body = match body {
            AnswerBody::Stream(inner) if json => {
                AnswerBody::Whole(collect(inner, Limits::ANSWER.bytes).await?)
            }
            AnswerBody::Stream(inner) => {
                let (ear, events) = (Arc::clone(self), sse::Events::default());
                return Ok(AnswerBody::Stream(Box::pin(Heard { inner, ear, about, events })));
            }
            whole @ AnswerBody::Whole(_) => whole,
        };
        if let AnswerBody::Whole(answer) = &body {
            let (ear, answer) = (Arc::clone(self), answer.clone());
            if answer.len() <= INLINE {
                ear.whole(&about, &answer, json);
            } else if tokio::task::spawn_blocking(move || ear.whole(&about, &answer, json))
                .await
                .is_err()
            {
                return Err(refusal::BROKEN);
            }
        }
        Ok(body)
    }

    fn whole(&self, about: &About, answer: &[u8], json: bool) {
        let mut events = sse::Events::default();
        if json {
            self.hears(about, answer);
        } else if events.push(answer).is_ok() {
            self.events(about, &mut events);
        }
    }

    fn events(&self, about: &About, events: &mut sse::Events) {
        while let Some(event) = events.next_event() {
            if let Some(data) = sse::data(&event).filter(|data| !data.is_empty()) {
                self.hears(about, &data);
            }
        }
    }

    fn hears(&self, about: &About, answer: &[u8]) {
        match about {
            About::Discovery => self.spoken.heard(answer),
            About::Tools => {
                let news = News::of(answer);
                self.params.write().learn(news);
            }
            About::Task(whose, tool) => self.jobs.heard(*whose, tool, answer),
        }
    }
}

/// The revision that a message is sent under; empty if none is said.
fn revision<'a>(outgoing: &'a Outgoing<'_>) -> &'a str {
    outgoing.headers.get(&VERSION).and_then(|version| version.to_str().ok()).unwrap_or_default()
}

/// A stream that is listened to: what an event says is known before the event goes on.
struct Heard {
    inner: BodyStream,
    ear: Arc<Ear>,
    about: About,
    events: sse::Events,
}

impl Pieces for Heard {
    fn poll_piece(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Refusal>>> {
        let piece = ready!(self.inner.as_mut().poll_piece(cx));
        if let Some(Ok(bytes)) = &piece {
            let this = &mut *self;
            if this.events.push(bytes).is_err() {
                return Poll::Ready(Some(Err(refusal::ANSWER_LARGE)));
            }
            this.ear.events(&this.about, &mut this.events);
        }
        Poll::Ready(piece)
    }
}
