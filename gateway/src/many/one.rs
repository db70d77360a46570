//! A message for one server: whose it is, its own name put back into the body (nothing else of it changes), the usual road,
//! and the answer turned.
//!
//! Never here: a decision. The road is `travel`'s.

use std::{future::poll_fn, pin::Pin, sync::Arc};

use bytes::Bytes;
use http::{Response, StatusCode};
use hyper::body::Body as _;
use writ_model::json::{Limits, Node};

use super::{
    edit::Edits,
    find, greet,
    joined::Joined,
    name,
    session::Link,
    shelf::Kind,
    turn::{Turn, Turned},
    visit::{Miss, Parcel, Stop, Visit, answers},
    whose,
};
use crate::{
    answer::{self, Asked},
    body::ReplyBody,
    core::Served,
    forward::is_events,
    mcp::{
        header::SESSION,
        held::PENDING,
        parse::{self, Message},
        reply::{self, Data},
        sse,
    },
    refusal::{self, Refusal},
    streams::Guard,
};

/// LIMIT: bytes of a progress token; of a longer one no progress is told.
const TOKEN: usize = 256;

/// A message on its way to one server.
struct Letter<'a> {
    server: &'a Served,
    body: Bytes,
    /// What `Mcp-Name` says.
    named: Option<String>,
    turn: Turn,
    /// The headers that repeat its arguments are those of this body.
    own: bool,
}

/// Takes a request that names one thing of one server along the road.
pub(super) async fn request(
    visit: &Visit<'_>,
    (message, body): (&Message<'_>, &Bytes),
    (guard, asked): (Guard, &mut Asked),
) -> Result<Response<ReplyBody>, Stop> {
    if let Some(call) = find::inner(message, body, &asked.id)? {
        // The call that `writ_call_tool` wraps, as if it had come by itself.
        let node = parse::read(&call)?;
        let message = parse::message(&node)?;
        let letter = addressed(visit, (&message, &call), (asked, false)).await?;
        return carried(visit, letter, (guard, asked)).await;
    }
    let letter = addressed(visit, (message, body), (asked, true)).await?;
    carried(visit, letter, (guard, asked)).await
}

/// Finds whose it is and puts the own name in.
async fn addressed<'a>(
    visit: &Visit<'a>,
    (message, body): (&Message<'_>, &Bytes),
    (asked, own): (&Asked, bool),
) -> Result<Letter<'a>, Stop> {
    let found = whose::find(visit, message).await?;
    let shown = found.at.as_str().unwrap_or_default();
    let mut edits = Edits::default();
    if shown != found.own {
        edits.text(found.at, &found.own);
    }
    let out = if edits.is_empty() { body.clone() } else { edits.made(body, (0, body.len())) };
    let method = message.method().unwrap_or_default();
    let token = message.params().and_then(|params| params.get("_meta"));
    let token = token.and_then(|meta| meta.get("progressToken"));
    let token = token.map(|token| token.bytes_in(body)).filter(|token| token.len() <= TOKEN);
    let token = token.map(Bytes::copy_from_slice);
    if let Some(session) = visit.session {
        // A copy: a part of the body would keep all of it.
        let id = Bytes::copy_from_slice(&asked.id);
        session.went(id, token.clone(), &found.server.name);
    }
    let reads = method == "resources/read";
    let turn = Turn {
        server: found.server.name.clone(),
        id: Some(asked.id.clone()),
        token,
        session: visit.session.cloned(),
        asked: reads.then(|| (shown.to_owned(), found.own.clone())),
        listed: visit.core.many.shelf.get(visit.who.caller.instance, Kind::Resources),
        resumes: false,
    };
    let repeats = ["tools/call", "prompts/get", "resources/read"].contains(&method)
        || method.starts_with("tasks/");
    let named = repeats.then_some(found.own);
    Ok(Letter { server: found.server, body: out, named, turn, own })
}

/// Sends it and turns its answer.
async fn carried(
    visit: &Visit<'_>,
    letter: Letter<'_>,
    (guard, asked): (Guard, &mut Asked),
) -> Result<Response<ReplyBody>, Stop> {
    let Letter { server, body, named, turn, own } = letter;
    let link = linked(visit, server).await?;
    let parcel = Parcel { body: &body, named: named.as_deref(), link: link.as_ref(), own };
    let answer = visit.send(server, parcel, (guard, asked)).await?;
    if answer.status() == StatusCode::NOT_FOUND
        && link.is_some_and(|link| link.session.is_some())
        && let Some(session) = visit.session
    {
        // The server's session is over, not the endpoint's: it is greeted again with the next message for it.
        session.lost(&server.name);
        return Ok(lost(asked));
    }
    Ok(turned(answer, turn).await?)
}

/// The session with a server, if there are sessions and the agent may talk to it; else it is refused on the road.
pub(super) async fn linked<'a>(
    visit: &Visit<'a>,
    server: &'a Served,
) -> Result<Option<Link>, Stop> {
    if !visit.greets() || !visit.may_talk(server) {
        return Ok(None);
    }
    match greet::link(visit, server).await {
        Ok(link) => Ok(Some(link)),
        Err(Miss::Stop(stop)) => Err(stop),
        Err(Miss::Lacks) => Err(refusal::FAULTY.into()),
        Err(Miss::Out(why)) => {
            let at = (why.code, visit.core.clock.now());
            visit.core.many.outages.failed(visit.whose(), &server.name, at);
            Err(why.into())
        }
    }
}

/// The words for a call whose server has lost its session: over 200, because to a client a 404 would end the endpoint's own.
fn lost(asked: &Asked) -> Response<ReplyBody> {
    let why = refusal::NO_SESSION
        .saying("the server has lost its session with this address".to_owned())
        .curing("make the call again: the server is greeted anew".to_owned());
    let data = Data { call_id: asked.call, ..Data::new(why.code.0, &why.cure) };
    let error = reply::error(why.rpc, &why.words, data);
    answer::json(StatusCode::OK, reply::answer(&asked.id, &error))
}

/// A server's answer, turned.
pub(super) async fn turned(
    answer: Response<ReplyBody>,
    turn: Turn,
) -> Result<Response<ReplyBody>, Refusal> {
    let (mut head, body) = answer.into_parts();
    // The server's session is behind ours.
    head.headers.remove(&SESSION);
    if is_events(&head.headers) {
        let joined = Joined::one(body, sse::Events::default(), turn);
        return Ok(Response::from_parts(head, ReplyBody::Joined(Box::new(joined))));
    }
    let whole = collected(body).await?;
    let Some(id) = turn.id.as_ref().filter(|_| !whole.is_empty()) else {
        return Ok(Response::from_parts(head, ReplyBody::from(whole)));
    };
    let out = match turn.message(&whole).0 {
        Turned::Same => whole,
        Turned::Other(other) => other,
        // Refusals of the gateway's own say `null` where the id could not be read.
        Turned::Nothing if answers(&whole, b"null") && !head.status.is_success() => whole,
        Turned::Nothing => {
            tracing::debug!(id = ?id, server = turn.server, "an answer to another request");
            return Err(refusal::FAULTY);
        }
    };
    Ok(Response::from_parts(head, ReplyBody::from(out)))
}

/// All of a body.
pub(super) async fn collected(mut body: ReplyBody) -> Result<Bytes, Refusal> {
    if let ReplyBody::Whole(bytes) = &mut body {
        return Ok(bytes.take().unwrap_or_default());
    }
    let mut all = Vec::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let Ok(data) = frame.map_err(|_cut| refusal::BROKEN)?.into_data() else { continue };
        if all.len() + data.len() > Limits::ANSWER.bytes {
            return Err(refusal::ANSWER_LARGE);
        }
        all.extend_from_slice(&data);
    }
    Ok(Bytes::from(all))
}

/// What the agent answers to a server's request, or says of one: under the id that the server made up.
pub(super) async fn back(
    visit: &Visit<'_>,
    (at, body): (Option<&Node<'_>>, &Bytes),
    (guard, asked): (Guard, &mut Asked),
) -> Result<Response<ReplyBody>, Stop> {
    let known = at.and_then(|at| {
        let (server, written) = name::id_of(at.as_str()?)?;
        Some((at, visit.server(server)?, written.to_owned()))
    });
    let (at, server, written) = known.ok_or(refusal::UNKNOWN_NAME)?;
    let mut edits = Edits::default();
    edits.put(at, written.into_bytes());
    told(visit, server, &edits.made(body, (0, body.len())), (guard, asked)).await
}

/// Something that has no answer, for one server.
pub(super) async fn told<'a>(
    visit: &Visit<'a>,
    server: &'a Served,
    body: &Bytes,
    (guard, asked): (Guard, &mut Asked),
) -> Result<Response<ReplyBody>, Stop> {
    let link = linked(visit, server).await?;
    let parcel = Parcel { body, named: None, link: link.as_ref(), own: false };
    let mut response = visit.send(server, parcel, (guard, asked)).await?;
    response.headers_mut().remove(&SESSION);
    Ok(response)
}

/// Nobody is told.
pub(super) fn accepted() -> Response<ReplyBody> {
    let mut response = answer::json(StatusCode::ACCEPTED, Bytes::new());
    response.headers_mut().clear();
    response
}

/// The server to which a request of this id went.
pub(super) fn went<'a>(visit: &Visit<'a>, id: &Node<'_>, body: &[u8]) -> Option<&'a Served> {
    let session: &Arc<_> = visit.session?;
    visit.server(&session.asked_of(id.bytes_in(body))?)
}

/// A message that names nothing of a server's own, for one server.
pub(super) async fn plain<'a>(
    visit: &Visit<'a>,
    server: &'a Served,
    body: &Bytes,
    (guard, asked): (Guard, &mut Asked),
) -> Result<Response<ReplyBody>, Stop> {
    let turn = Turn {
        server: server.name.clone(),
        id: Some(asked.id.clone()),
        token: None,
        session: visit.session.cloned(),
        asked: None,
        listed: visit.core.many.shelf.get(visit.who.caller.instance, Kind::Resources),
        resumes: false,
    };
    let letter =
        Letter { server, body: body.clone(), named: Some(PENDING.to_owned()), turn, own: false };
    carried(visit, letter, (guard, asked)).await
}
