//! Stdio upstreams: one process per agent instance and session, made from the operator's file only.
//!
//! Never here: a command, an argument or a variable that did not come from that file; two instances in one process.

mod child;
mod routes;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use parking_lot::Mutex;
use tokio::{sync::mpsc, time::timeout};
use tokio_util::task::TaskTracker;
use writ_model::{Entropy, InstanceId};

use self::{
    child::Child,
    routes::{Note, Ticket},
};
use super::{Answer, AnswerBody, Outgoing, Pieces, Upstream, spoken::Spoken};
use crate::{
    config::Command,
    fair::Of,
    mcp::{
        header::{MODERN, SESSION, VERSION},
        parse::{Kind, Message},
        sse,
    },
    refusal::{self, Refusal},
};

/// LIMIT: processes of one upstream.
const CHILDREN: usize = 256;
/// LIMIT: processes of one upstream for one instance: a few windows of one client.
const PER_INSTANCE: usize = 8;
/// LIMIT: how long a server may be silent after a request.
const THINK: Duration = Duration::from_mins(5);
/// LIMIT: how long a process may take to die after it was killed.
const DYING: Duration = Duration::from_secs(2);

type Children = Arc<Mutex<BTreeMap<(InstanceId, String), Arc<Child>>>>;

/// One stdio server.
#[derive(Debug)]
pub(crate) struct StdioUpstream {
    command: Command,
    children: Children,
    entropy: Arc<dyn Entropy>,
    tasks: TaskTracker,
    spoken: Spoken,
}

impl StdioUpstream {
    /// An upstream that runs this command.
    pub(crate) fn new(command: Command, entropy: Arc<dyn Entropy>, tasks: TaskTracker) -> Self {
        Self { command, children: Arc::default(), entropy, tasks, spoken: Spoken::default() }
    }

    fn known(&self, instance: InstanceId, session: &str) -> Option<Arc<Child>> {
        self.children.lock().get(&(instance, session.to_owned())).cloned()
    }

    fn start(&self, outgoing: &Outgoing<'_>, session: String) -> Result<Arc<Child>, Refusal> {
        let instance = outgoing.instance;
        let key = (instance, session);
        let mut children = self.children.lock();
        if let Some(child) = children.get(&key) {
            return Ok(Arc::clone(child));
        }
        let own = children.keys().filter(|(owner, _)| *owner == instance).count();
        if children.len() >= CHILDREN || own >= PER_INSTANCE {
            return Err(refusal::SESSIONS_FULL);
        }
        let seat = outgoing.share.take(Of::Children).ok_or(refusal::SESSIONS_FULL)?;
        let child = Child::start(&self.command).map_err(|fault| {
            tracing::error!(error = %fault, program = %self.command.program.display(),
                "a server's process did not start");
            refusal::CHILD
        })?;
        let (child, work) = child;
        children.insert(key.clone(), Arc::clone(&child));
        let all = Arc::clone(&self.children);
        self.tasks.spawn(async move {
            work.run().await;
            all.lock().remove(&key);
            drop(seat);
        });
        Ok(child)
    }

    async fn post(&self, outgoing: Outgoing<'_>) -> Result<Answer, Refusal> {
        let message = outgoing.message.ok_or(refusal::NOT_RPC)?;
        let modern = outgoing.headers.get(&VERSION).is_some_and(|version| version == MODERN);
        let mut begun = None;
        let child = match (outgoing.session, message.method()) {
            (Some(session), _) => {
                self.known(outgoing.instance, session).ok_or(refusal::NO_SESSION)?
            }
            (None, Some("initialize")) => {
                let id = self.session_id();
                begun = Some(id.clone());
                self.start(&outgoing, id)?
            }
            (None, _) if modern => self.start(&outgoing, String::new())?,
            (None, _) => return Err(refusal::NO_SESSION),
        };
        let mut answer = match message.kind {
            Kind::Request { .. } => ask(&child, message, &outgoing.body, modern).await?,
            Kind::Notification { .. } | Kind::Response => {
                child.tell(message, &outgoing.body).await?;
                Answer {
                    status: StatusCode::ACCEPTED,
                    headers: HeaderMap::new(),
                    body: AnswerBody::Whole(Bytes::new()),
                }
            }
        };
        if let AnswerBody::Whole(said) = &answer.body
            && outgoing.discovers()
        {
            self.spoken.heard(said);
        }
        if let Some(id) = begun.and_then(|id| HeaderValue::from_str(&id).ok()) {
            answer.headers.insert(SESSION.clone(), id);
        }
        Ok(answer)
    }

    fn session_id(&self) -> String {
        let mut random = [0; 16];
        self.entropy.fill(&mut random);
        format!("{:032x}", u128::from_be_bytes(random))
    }
}

async fn ask(
    child: &Arc<Child>,
    message: &Message<'_>,
    body: &Bytes,
    modern: bool,
) -> Result<Answer, Refusal> {
    let (ticket, mut notes) = child.ask(message, body, modern).await?;
    let first = match timeout(THINK, notes.recv()).await {
        Ok(Some(note)) => note,
        Ok(None) => return Err(refusal::CHILD),
        Err(_) => return Err(refusal::TIMED_OUT),
    };
    Ok(match first {
        Note::Last { message, error } => Answer {
            status: if modern { status(error) } else { StatusCode::OK },
            headers: content("application/json"),
            body: AnswerBody::Whole(message),
        },
        Note::More(message) => Answer {
            status: StatusCode::OK,
            headers: content("text/event-stream"),
            body: AnswerBody::Stream(Box::pin(Stream {
                first: Some(message),
                notes,
                ticket: Some(ticket),
                over: false,
            })),
        },
    })
}

/// The HTTP status that 2026-07-28 gives an error.
fn status(error: Option<i64>) -> StatusCode {
    match error {
        Some(-32_601) => StatusCode::NOT_FOUND,
        Some(-32_700 | -32_600 | -32_602 | -32_022..=-32_020) => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    }
}

fn content(kind: &'static str) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(2);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if kind == "text/event-stream" {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    headers
}

#[async_trait]
impl Upstream for StdioUpstream {
    async fn send(&self, outgoing: Outgoing<'_>) -> Result<Answer, Refusal> {
        if outgoing.verb == Method::POST {
            return self.post(outgoing).await;
        }
        let session = outgoing.session.ok_or(refusal::WRONG_VERB)?;
        let child = self.known(outgoing.instance, session).ok_or(refusal::NO_SESSION)?;
        if outgoing.verb == Method::DELETE {
            child.stop();
            return Ok(Answer {
                status: StatusCode::OK,
                headers: HeaderMap::new(),
                body: AnswerBody::Whole(Bytes::new()),
            });
        }
        let notes = child.listen();
        Ok(Answer {
            status: StatusCode::OK,
            headers: content("text/event-stream"),
            body: AnswerBody::Stream(Box::pin(Stream {
                first: None,
                notes,
                ticket: None,
                over: false,
            })),
        })
    }

    fn revisions(&self) -> Vec<&'static str> {
        self.spoken.known()
    }

    async fn end(&self, instances: &BTreeSet<InstanceId>) -> u64 {
        let ending: Vec<_> = self
            .children
            .lock()
            .iter()
            .filter(|((owner, _), _)| instances.contains(owner))
            .map(|(_, child)| Arc::clone(child))
            .collect();
        for child in &ending {
            child.stop();
        }
        for child in &ending {
            if timeout(DYING, child.gone()).await.is_err() {
                tracing::error!("a server's process does not die");
            }
        }
        ending.len() as u64
    }

    async fn close(&self) {
        let ending: Vec<_> = self.children.lock().values().cloned().collect();
        for child in &ending {
            child.stop();
        }
        for child in &ending {
            if timeout(DYING, child.gone()).await.is_err() {
                tracing::error!("a server's process does not die");
            }
        }
    }
}

/// Messages of a process as an event stream.
struct Stream {
    first: Option<Bytes>,
    notes: mpsc::Receiver<Note>,
    /// Held so that dropping the stream ends the request.
    ticket: Option<Ticket>,
    over: bool,
}

impl Pieces for Stream {
    fn poll_piece(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Refusal>>> {
        if self.over {
            return Poll::Ready(None);
        }
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(sse::event(&first))));
        }
        match std::task::ready!(self.notes.poll_recv(cx)) {
            Some(Note::More(message)) => Poll::Ready(Some(Ok(sse::event(&message)))),
            Some(Note::Last { message, .. }) => {
                self.over = true;
                Poll::Ready(Some(Ok(sse::event(&message))))
            }
            // A listening stream ends with its process; a request's must not end without an answer.
            None if self.ticket.is_some() => Poll::Ready(Some(Err(refusal::CHILD))),
            None => Poll::Ready(None),
        }
    }
}
