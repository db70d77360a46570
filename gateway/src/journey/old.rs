//! The transport of 2024-11-05: a stream that begins with where to post, answers 202 to what is posted there, and carries
//! every answer itself. What is posted takes the same road as any message; only its answer goes out elsewhere.
//!
//! Never here: a decision, or a message of another revision's form (batches, headers that repeat the body).

use std::{pin::Pin, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header, request};
use hyper::body::{Body as _, Incoming};
use tokio::sync::OwnedSemaphorePermit;
use writ_model::json::Limits;

use super::{bare, post};
use crate::{
    answer::{self, Asked},
    authorize::{Verdict, permit_words, talk},
    body::{Parts, ReplyBody, StreamBody},
    core::{Core, Served},
    forward::is_events,
    identify::{Identified, register},
    inbound::{self, Wire},
    mcp::{
        header::{self as names, LAST_EVENT, SESSION},
        method::Wish,
        parse, sse,
    },
    pep,
    record::{Called, Recording},
    refusal::{self, Refusal},
    rehearse,
    session::lines::Line,
    standing::{self, Answers},
    streams::Guard,
    travel::barred,
};

/// The revision whose transport it is; what is spoken over it may be a later one.
const REVISION: &str = "2024-11-05";

/// Answers a GET: opens a stream.
pub(super) async fn stream(
    core: &Arc<Core>,
    server: &Served,
    (who, mut guard, wire): (&Identified, Guard, &Wire),
    head: &request::Parts,
) -> Result<Response<ReplyBody>, Refusal> {
    if head.method != Method::GET {
        return Err(refusal::WRONG_VERB);
    }
    if !names::accepts(&head.headers, &["text/event-stream"]) {
        return Err(refusal::NOT_ACCEPTABLE);
    }
    standing::begins(core, &Wish::Talk { recorded: true })?;
    let called = Called::bare(&server.name, "GET", REVISION);
    let verdict = talk(core, who, &server.name);
    core.decided(who);
    let pass = match verdict {
        Verdict::Permit(pass) => pass,
        Verdict::Deny(denied) => {
            return barred((core, server), who, (&called, &denied), &Asked::default()).await;
        }
        // Talking to a server at all waits for nobody.
        Verdict::Hold(_) | Verdict::CannotWait(..) => return Err(refusal::CANNOT_WAIT),
    };
    standing::streams(core, &mut guard, Answers::Nothing)?;
    let words = permit_words(&pass.permitted);
    let recording = Recording::begin(core, &who.caller, &called, words, who.now).await?.listens();
    let id = Bytes::from_static(b"null");
    if pass.permitted.rehearsal() {
        return Ok(rehearse::listening(guard, Some(recording), wire, id));
    }
    let whose = (who.caller.instance, &*server.name, &who.share);
    let endpoint =
        |id: &str| format!("{}/mcp/{}/message?sessionId={id}", prefix(core), server.name);
    let (line, events) = core.sessions.lines().open(whose, core.entropy.as_ref(), endpoint)?;
    core.tasks.spawn(ended(
        Arc::clone(core),
        (who.clone(), wire.clone()),
        server.name.clone(),
        line,
    ));
    let body = StreamBody::new(Parts {
        source: Box::pin(events),
        filter: None,
        checks: None,
        guard,
        recording: Some(recording),
        id,
        events: true,
        last_word: None,
        abort: wire.abort.clone(),
    });
    Ok(pep::stream(ReplyBody::Stream(Box::new(body))))
}

/// The path before ours, where the gateway stands behind somebody who adds one.
fn prefix(core: &Core) -> String {
    let base = core.base.parse::<Uri>();
    base.map(|base| base.path().trim_end_matches('/').to_owned()).unwrap_or_default()
}

/// Answers a POST: 202, and the answer itself goes out on the stream.
pub(super) async fn message(
    core: &Arc<Core>,
    server: &Served,
    (who, guard, wire): (Identified, Guard, &Wire),
    head: &request::Parts,
    body: &mut Option<Incoming>,
) -> Result<Response<ReplyBody>, Refusal> {
    if head.method != Method::POST {
        return Err(refusal::WRONG_VERB);
    }
    if !names::is_json(&head.headers) {
        return Err(refusal::NOT_JSON);
    }
    let id = head.uri.query().and_then(|query| query.strip_prefix("sessionId="));
    let whose = (who.caller.instance, &*server.name);
    let line = id.and_then(|id| core.sessions.lines().find(id, whose));
    let Some(line) = line else { return gone(core, server, &who).await };
    let body = inbound::body(body.take(), &Limits::REQUEST, &who.cord).await?;
    // What is no message has no id to be answered under.
    let opens = parse::message(&parse::read(&body)?)?.method() == Some("notifications/initialized");
    let posted = Posted {
        core: Arc::clone(core),
        server: server.name.clone(),
        who,
        wire: wire.clone(),
        headers: head.headers.clone(),
        body,
        line: Arc::clone(&line),
        _turn: line.turn()?,
        opens,
    };
    core.tasks.spawn(async move {
        tokio::select! {
            () = line.closed() => {}
            () = Box::pin(posted.answered(guard)) => {}
        }
    });
    let mut response = answer::json(StatusCode::ACCEPTED, Bytes::new());
    response.headers_mut().clear();
    Ok(response)
}

/// There is no such stream: an agent that was ended hears that, not that its stream is gone.
async fn gone(
    core: &Arc<Core>,
    server: &Served,
    who: &Identified,
) -> Result<Response<ReplyBody>, Refusal> {
    let Verdict::Deny(denied) = talk(core, who, &server.name) else {
        return Err(refusal::NO_SESSION);
    };
    let called = Called::bare(&server.name, "POST", REVISION);
    barred((core, server), who, (&called, &denied), &Asked::default()).await
}

/// A message that was posted, and all that it needs until it is answered.
struct Posted {
    core: Arc<Core>,
    server: String,
    who: Identified,
    wire: Wire,
    headers: HeaderMap,
    body: Bytes,
    line: Arc<Line>,
    _turn: OwnedSemaphorePermit,
    /// Now the server may speak by itself.
    opens: bool,
}

impl Posted {
    /// Takes the message along its road and puts its answer on the stream.
    async fn answered(self, guard: Guard) {
        let Self { core, who, wire, line, .. } = &self;
        let Some(server) = own(core, who, &self.server) else { return };
        let mut asked = Asked::default();
        let head = head(Method::POST, &self.headers, line);
        let road = post(core, server, (who, guard, wire), &head, (self.body.clone(), &mut asked));
        let response = match Box::pin(road).await {
            Ok(response) => response,
            Err(refusal) => answer::refused(core, Some(server), &refusal, &asked),
        };
        let session = response.headers().get(&SESSION).and_then(|id| id.to_str().ok());
        if let Some(session) = session {
            line.begins(session);
        }
        let taken = response.status().is_success();
        if asked.request {
            put(line, response).await;
        }
        if self.opens && taken {
            listen(core, server, (who, wire), &self.headers, line).await;
        }
    }
}

/// What the server says by itself, for as long as the stream is open. Many say nothing.
async fn listen(
    core: &Arc<Core>,
    server: &Served,
    (who, wire): (&Identified, &Wire),
    headers: &HeaderMap,
    line: &Line,
) {
    let Ok(guard) = who.another(core) else { return };
    let head = head(Method::GET, headers, line);
    if let Ok(response) = Box::pin(bare(core, server, (who, guard, wire), &head)).await
        && response.status().is_success()
        && is_events(response.headers())
    {
        put(line, response).await;
    }
}

/// Ends the server's session when nobody reads the stream any more, as a client of a later transport would.
async fn ended(
    core: Arc<Core>,
    (mut who, wire): (Identified, Wire),
    name: String,
    line: Arc<Line>,
) {
    tokio::select! {
        () = line.closed() => {}
        () = core.halt.cancelled() => return,
    }
    let Some(session) = line.session() else { return };
    let tenant = who.view.state.tenant;
    let Ok(view) = register(&core, tenant).await else { return };
    (who.view, who.now) = (view, core.clock.now());
    let (Some(server), Ok(guard)) = (own(&core, &who, &name), who.another(&core)) else { return };
    let head = head(Method::DELETE, &HeaderMap::new(), &line);
    if let Err(why) = Box::pin(bare(&core, server, (&who, guard, &wire), &head)).await {
        tracing::debug!(code = why.code.0, "a session of a closed stream was not ended");
        core.sessions.forget(&session, who.caller.instance);
    }
}

/// The server that the caller means by a name.
fn own<'a>(core: &'a Core, who: &Identified, name: &str) -> Option<&'a Served> {
    let founded = who.view.state.founded.as_deref()?;
    core.servers.get(name)?.of(&founded.slug)
}

/// A request of the later transport, in the session that was begun on the stream.
fn head(verb: Method, headers: &HeaderMap, line: &Line) -> request::Parts {
    let (mut head, ()) = Request::new(()).into_parts();
    head.method = verb;
    head.headers = headers.clone();
    let accept = HeaderValue::from_static("application/json, text/event-stream");
    head.headers.insert(header::ACCEPT, accept);
    head.headers.remove(&SESSION);
    head.headers.remove(&LAST_EVENT);
    if let Some(session) = line.session().and_then(|id| HeaderValue::from_str(&id).ok()) {
        head.headers.insert(SESSION.clone(), session);
    }
    head
}

/// Puts an answer on the stream: its events, or all of it as one.
async fn put(line: &Line, response: Response<ReplyBody>) {
    let (head, mut body) = response.into_parts();
    let streams = is_events(&head.headers);
    let (mut events, mut all) = (sse::Events::default(), Vec::new());
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let Ok(frame) = frame else { return };
        let Ok(piece) = frame.into_data() else { continue };
        if !streams {
            if all.len() + piece.len() > Limits::ANSWER.bytes {
                return;
            }
            all.extend_from_slice(&piece);
            continue;
        }
        if events.push(&piece).is_err() {
            return;
        }
        while let Some(event) = events.next_event() {
            if !line.put(event).await {
                return;
            }
        }
    }
    // What is cut here is told by nobody: its reader stands still, and its stream is closed with it.
    if !all.is_empty() && !line.put(sse::event(&all)).await {
        tracing::debug!("an answer found no reader");
    }
}
