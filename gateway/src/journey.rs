//! The road of a request, on one screen: inbound → identify → authorize → hold or release → forward → record. From
//! authorize on, a message that was held until now takes the same road: `travel.rs`.
//!
//! A denial and a permit are both recorded; a refusal before the decision is counted; a fault is never a permit.
//! Never here: a station's own logic.

mod batch;
mod old;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header, request};
use hyper::body::Incoming;
use tokio::time::timeout;
use tracing::Instrument as _;
use writ_model::json::Limits;

use crate::{
    answer::{self, Asked, Crowded},
    ask,
    authorize::{Verdict, permit_words, talk},
    body::ReplyBody,
    core::{Core, Served},
    flow,
    forward::{Trip, forward, reply},
    identify::{Identified, Presented, identify},
    inbound::{self, Route, Wire},
    many,
    mcp::{
        header::{self as names, Revision, SESSION},
        method::{self, Wish},
        parse,
    },
    pep,
    record::{Called, Recording},
    refusal::{self, Refusal},
    rehearse, resume, returned,
    standing::{self, Answers},
    streams::{Cord, Guard},
    trace,
    travel::{Going, Letter, barred, failed, known, travel},
    upstream::Outgoing,
};

/// Answers one request.
pub(crate) async fn answer(
    core: Arc<Core>,
    wire: Wire,
    request: Request<Incoming>,
) -> Response<ReplyBody> {
    core.counters.request();
    let (head, body) = request.into_parts();
    let mut body = Some(body);
    let span = trace::span(&head.headers);
    let mut response = routed(&core, &wire, &head, &mut body).instrument(span).await;
    // Whatever was refused before its body was read.
    if let Some(unread) = body {
        inbound::skip(unread).await;
    }
    let close = || (header::CONNECTION, HeaderValue::from_static("close"));
    if wire.line.odd() {
        // What else comes on it belongs to nobody knows which request.
        response.headers_mut().extend([close()]);
    }
    if response.extensions().get::<Crowded>().is_some() {
        let (wait, closes) = wire.line.shed(wire.peer.port());
        if closes {
            response.headers_mut().extend([close()]);
        }
        // Nothing to wait for but time; the end of the gateway ends the wait.
        drop(timeout(wait, core.halt.cancelled()).await);
    }
    response
}

async fn routed(
    core: &Arc<Core>,
    wire: &Wire,
    head: &request::Parts,
    body: &mut Option<Incoming>,
) -> Response<ReplyBody> {
    let asked = Asked::default();
    if wire.line.odd() {
        return answer::refused(core, None, &refusal::AMBIGUOUS, &asked);
    }
    if let Some(door) = ask::door(head.uri.path()) {
        return Box::pin(ask::answer(core, (door, wire), head, body)).await;
    }
    if let Err(refusal) = inbound::origin(&head.headers, &core.base) {
        return answer::refused(core, None, &refusal, &asked);
    }
    let find = |name: &str| core.servers.get(name);
    match inbound::route(head.uri.path()) {
        Route::Endpoint => Box::pin(many::answer(core, wire, head, body)).await,
        // What runs under `writ wrap` is not reached from here.
        Route::Mcp(name) => match find(name).filter(|server| server.upstream.is_some()) {
            Some(server) => Box::pin(mcp(core, server, wire, head, body)).await,
            None => answer::refused(core, None, &refusal::NO_SERVER, &asked),
        },
        Route::Stream(name) | Route::Message(name) => {
            match find(name).filter(|server| server.upstream.is_some()) {
                Some(server) => Box::pin(two(core, server, wire, head, body)).await,
                None => answer::refused(core, None, &refusal::NO_SERVER, &asked),
            }
        }
        Route::Pep(name, door) => match find(name) {
            Some(server) => Box::pin(pep::answer(core, server, (door, wire), head, body)).await,
            None => answer::refused(core, None, &refusal::NO_SERVER, &asked),
        },
        Route::Metadata(None) => answer::metadata(core, None, &head.method),
        Route::Metadata(Some(name)) => match find(name) {
            Some(server) => answer::metadata(core, Some(server), &head.method),
            None => answer::refused(core, None, &refusal::NO_SERVER, &asked),
        },
        Route::None => answer::refused(core, None, &refusal::NO_ROUTE, &asked),
    }
}

async fn mcp(
    core: &Arc<Core>,
    server: &Served,
    wire: &Wire,
    head: &request::Parts,
    body: &mut Option<Incoming>,
) -> Response<ReplyBody> {
    let mut asked = Asked::default();
    let presented = Presented {
        headers: &head.headers,
        verb: head.method.as_str(),
        url: &server.resource,
        wire,
    };
    let (who, guard, server) = match identify(core, server, presented).await {
        Ok(identified) => identified,
        Err(refusal) => return answer::refused(core, Some(server), &refusal, &asked),
    };
    trace::who(&who, &server.name);
    asked.nonce = who.aging;
    let outcome = match head.method {
        Method::POST => match arrived(head, body, &who.cord).await {
            Ok(body) => post(core, server, (&who, guard, wire), head, (body, &mut asked)).await,
            Err(refusal) => Err(refusal),
        },
        Method::GET | Method::DELETE => bare(core, server, (&who, guard, wire), head).await,
        _ => Err(refusal::WRONG_VERB),
    };
    match outcome {
        Ok(response) => answer::finished(core, response, &asked),
        Err(refusal) => answer::refused(core, Some(server), &refusal, &asked),
    }
}

/// The transport of two addresses.
async fn two(
    core: &Arc<Core>,
    server: &Served,
    wire: &Wire,
    head: &request::Parts,
    body: &mut Option<Incoming>,
) -> Response<ReplyBody> {
    let mut asked = Asked::default();
    let path = head.uri.path();
    let url = format!("{}{path}", core.base);
    let presented =
        Presented { headers: &head.headers, verb: head.method.as_str(), url: &url, wire };
    let (who, guard, server) = match identify(core, server, presented).await {
        Ok(identified) => identified,
        Err(refusal) => return answer::refused(core, Some(server), &refusal, &asked),
    };
    trace::who(&who, &server.name);
    asked.nonce = who.aging;
    let outcome = if path.ends_with("/sse") {
        old::stream(core, server, (&who, guard, wire), head).await
    } else {
        old::message(core, server, (who, guard, wire), head, body).await
    };
    match outcome {
        Ok(response) => answer::finished(core, response, &asked),
        Err(refusal) => answer::refused(core, Some(server), &refusal, &asked),
    }
}

/// The body of a POST, if it and its answer have forms that MCP knows.
pub(crate) async fn arrived(
    head: &request::Parts,
    body: &mut Option<Incoming>,
    cord: &Cord,
) -> Result<Bytes, Refusal> {
    if !names::is_json(&head.headers) {
        return Err(refusal::NOT_JSON);
    }
    if !names::accepts(&head.headers, &["application/json", "text/event-stream"]) {
        return Err(refusal::NOT_ACCEPTABLE);
    }
    inbound::body(body.take(), &Limits::REQUEST, cord).await
}

/// A message.
async fn post(
    core: &Arc<Core>,
    server: &Served,
    (who, guard, wire): (&Identified, Guard, &Wire),
    head: &request::Parts,
    (body, asked): (Bytes, &mut Asked),
) -> Result<Response<ReplyBody>, Refusal> {
    let node = parse::read(&body)?;
    if let Some(items) = node.as_array().filter(|_| batch::is_taken(&head.headers)) {
        let who = (who, guard, wire);
        return Box::pin(batch::answer(core, server, who, head, (items, &body))).await;
    }
    let message = parse::message(&node)?;
    asked.of(&message, &body);
    let revision = names::revision(&head.headers)
        .map_err(|refusal| asked.unsupported(&head.headers, refusal))?;
    asked.modern = revision == Revision::Modern;
    names::agree(&head.headers, revision, &message)?;
    method::served(&message, revision)?;
    let wish = method::wish(&message)?;
    standing::begins(core, &wish)?;
    let session = names::once(&head.headers, &SESSION)?;
    let headers = &head.headers;
    let going = Going { core, server, who, wire, headers, revision, session };
    let expects = resume::expected(&going, &message)?;
    let letter = Letter { message: &message, wish, body: &body, expects };
    if resume::asks(&wish) {
        return Box::pin(resume::pending(&going, guard, &letter, asked)).await;
    }
    Box::pin(travel(&going, guard, &letter, asked)).await
}

/// GET listens to a session, DELETE ends it; neither has a message.
pub(crate) async fn bare(
    core: &Arc<Core>,
    server: &Served,
    (who, mut guard, wire): (&Identified, Guard, &Wire),
    head: &request::Parts,
) -> Result<Response<ReplyBody>, Refusal> {
    let listening = head.method == Method::GET;
    if listening && !names::accepts(&head.headers, &["text/event-stream"]) {
        return Err(refusal::NOT_ACCEPTABLE);
    }
    let revision = names::revision(&head.headers)?;
    let ours = names::once(&head.headers, &SESSION)?;
    let wish = Wish::Talk { recorded: listening };
    // Ending a session begins nothing.
    standing::begins(core, &wish)?;
    let called = Called::bare(&server.name, head.method.as_str(), revision.text());
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
    if listening {
        standing::streams(core, &mut guard, Answers::Nothing)?;
    }
    let known = known(core, server, who, ours)?;
    let session = known.as_ref().map(|known| known.upstream.clone());
    let words = permit_words(&pass.permitted);
    let recording = Recording::begin(core, &who.caller, &called, words, who.now).await?;
    let recording = Some(if listening { recording.listens() } else { recording });
    if pass.permitted.rehearsal() {
        if listening {
            return Ok(rehearse::listening(guard, recording, wire, Bytes::from_static(b"null")));
        }
        rehearse::settle(recording);
        return Ok(answer::json(StatusCode::OK, Bytes::from_static(b"{}")));
    }
    let outgoing = Outgoing {
        verb: head.method.clone(),
        headers: names::outgoing(&head.headers, session.as_deref()),
        body: Bytes::new(),
        message: None,
        instance: who.caller.instance,
        share: &who.share,
        session: session.as_deref(),
    };
    let trip = Trip {
        core,
        server,
        who,
        abort: &wire.abort,
        session: ours,
        elicits: false,
        lists: listening,
        resumes: true,
        answers: Answers::Nothing,
    };
    let answer = forward(&pass.permitted, &trip, outgoing).await;
    let answer = returned::sift((core, who, server), None, recording.as_ref(), answer).await;
    let outcome = match flow::listen((core, who, server), answer).await {
        Ok(answer) => {
            if let Some(ours) = ours.filter(|_| !listening && answer.status.is_success()) {
                core.sessions.forget(ours, who.caller.instance);
            }
            reply(&trip, answer, Bytes::from_static(b"null"), guard, recording).await
        }
        Err(refusal) => Err((refusal, recording)),
    };
    outcome.map_err(|(refusal, recording)| failed(&mut Asked::default(), refusal, recording))
}
