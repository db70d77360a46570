//! Streams that listen at the endpoint: `subscriptions/listen` of 2026-07-28, and the GET stream of a session. Each server
//! has one of its own under it; what they say comes as one.
//!
//! Never here: an event turned (`joined`, `turn`).

use std::{collections::BTreeMap, future::poll_fn, pin::Pin, time::Duration};

use bytes::Bytes;
use futures_util::future::join_all;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header, request};
use hyper::body::Body as _;
use serde_json::{Map, Value, json};
use tokio::time::timeout;
use writ_model::json::{self, Limits, Node};

use super::{
    edit::quoted,
    fan,
    joined::{Joined, Resumes, resumes},
    name, one,
    session::Link,
    shelf::Kind,
    turn::Turn,
    visit::{DEADLINE, Miss, Parcel, Stop, Visit, as_events},
    whose,
};
use crate::{
    answer::{self, Asked},
    body::ReplyBody,
    core::Served,
    forward::is_events,
    journey,
    mcp::{
        header::{LAST_EVENT, once},
        parse::Message,
        reply, sse,
    },
    refusal,
};

/// The notification that begins a subscription's stream, and the member of `_meta` that names the subscription.
const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";
const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";
/// LIMIT: how long the streams of all servers may take to open together, for a reader that waits.
const OPENING: Duration = DEADLINE;

/// What of a subscription is one server's.
#[derive(Debug, Default, Clone)]
struct Wanted {
    resources: Vec<String>,
    tasks: Vec<String>,
}

/// A server's stream that has begun: what is read of it, and what it promises.
struct Begun {
    body: ReplyBody,
    events: sse::Events,
    promises: Value,
}

/// Answers `subscriptions/listen`.
pub(super) async fn subscribe(
    visit: &Visit<'_>,
    (message, body): (&Message<'_>, &Bytes),
    asked: &Asked,
) -> Result<Response<ReplyBody>, Stop> {
    let params = message.params().ok_or(refusal::PARAMS)?;
    let all = params.get("notifications").and_then(Node::as_object).ok_or(refusal::PARAMS)?;
    let flags: Vec<(&str, Vec<u8>)> = all
        .iter()
        .filter(|(key, _)| key.ends_with("ListChanged"))
        .map(|(key, value)| (&**key, value.bytes_in(body).to_vec()))
        .collect();
    let wanted = wanted(visit, all).await?;
    let open = fan::all(visit, |server| {
        let (flags, wanted) = (&flags, wanted.get(&*server.name).cloned());
        async move {
            let Some(wanted) = wanted.or_else(|| (!flags.is_empty()).then(Wanted::default)) else {
                return Err(Miss::Lacks);
            };
            let params = asks(visit, flags, &wanted);
            let request = reply::request(&asked.id, "subscriptions/listen", &params);
            opened(visit, server, &request, wanted.resources.len() + wanted.tasks.len()).await
        }
    })
    .await?;
    if open.is_empty() {
        return Err(refusal::UNREACHABLE.into());
    }
    let mut promises = Map::new();
    let mut streams = Vec::with_capacity(open.len());
    for (server, begun) in open {
        let turn = turn(visit, server, Some(asked.id.clone()));
        promised(&mut promises, &begun.promises, &turn);
        streams.push((begun.body, begun.events, turn));
    }
    let first = acknowledged(&asked.id, &promises);
    let joined = Joined::several(streams, vec![first]);
    let mut response = Response::new(ReplyBody::Joined(Box::new(joined)));
    as_events(&mut response);
    Ok(response)
}

/// Each server's own part of what is to be listened for.
async fn wanted(
    visit: &Visit<'_>,
    all: &[(std::borrow::Cow<'_, str>, Node<'_>)],
) -> Result<BTreeMap<String, Wanted>, Stop> {
    let mut out: BTreeMap<String, Wanted> = BTreeMap::new();
    let texts = |key: &str| {
        let list = all.iter().find(|(name, _)| name == key);
        list.and_then(|(_, list)| list.as_array()).unwrap_or_default().iter()
    };
    for uri in texts("resourceSubscriptions") {
        let uri = uri.as_str().ok_or(refusal::PARAMS)?;
        let (server, own) = whose::address(visit, uri).await?;
        out.entry(server.name.clone()).or_default().resources.push(own);
    }
    for task in texts("taskIds") {
        let (server, own) = task.as_str().and_then(name::id_of).ok_or(refusal::NO_TASK)?;
        out.entry(server.to_owned()).or_default().tasks.push(own.to_owned());
    }
    Ok(out)
}

/// One server's parameters.
fn asks(visit: &Visit<'_>, flags: &[(&str, Vec<u8>)], wanted: &Wanted) -> Vec<u8> {
    let mut parts: Vec<Vec<u8>> =
        flags.iter().map(|(key, value)| [&*quoted(key), b":", value].concat()).collect();
    for (key, list) in [("resourceSubscriptions", &wanted.resources), ("taskIds", &wanted.tasks)] {
        if !list.is_empty() {
            let list = serde_json::to_vec(list).unwrap_or_else(|_| b"[]".to_vec());
            parts.push([&*quoted(key), b":", &list].concat());
        }
    }
    let meta = visit.meta.map(|meta| [b",\"_meta\":", &meta[..]].concat()).unwrap_or_default();
    [b"{\"notifications\":{", &*parts.join(&b","[..]), b"}", &meta, b"}"].concat()
}

/// Opens one server's stream and reads what it promises.
async fn opened<'a>(
    visit: &Visit<'a>,
    server: &'a Served,
    request: &Bytes,
    named: usize,
) -> Result<Begun, Miss> {
    let guard = visit.who.another(visit.core).map_err(|why| Miss::Stop(why.into()))?;
    let mut asked = Asked { modern: true, request: true, ..Asked::default() };
    let parcel = Parcel { body: request, named: None, link: None, own: false };
    let sent = timeout(OPENING, visit.send(server, parcel, (guard, &mut asked)));
    let response = match sent.await {
        Err(_late) => return Err(Miss::Out(refusal::TIMED_OUT)),
        Ok(Err(why)) if visit.who.cord.is_cut().is_some() => return Err(Miss::Stop(why.into())),
        Ok(Err(why)) => return Err(Miss::Out(why)),
        Ok(Ok(response)) => response,
    };
    if response.status() == StatusCode::UNAUTHORIZED {
        return Err(Miss::Stop(Stop::Said(Box::new(response))));
    }
    if !is_events(response.headers()) {
        // What the agent named is refused to it; a server that only cannot listen is left out.
        let refused = named > 0 && response.status() == StatusCode::OK;
        return Err(if refused { Miss::Stop(Stop::Said(Box::new(response))) } else { Miss::Lacks });
    }
    let mut body = response.into_body();
    match timeout(OPENING, promise(&mut body)).await {
        Ok(Some((events, promises))) => Ok(Begun { body, events, promises }),
        Ok(None) => Err(Miss::Out(refusal::FAULTY)),
        Err(_late) => Err(Miss::Out(refusal::TIMED_OUT)),
    }
}

/// The first message of a subscription's stream.
async fn promise(body: &mut ReplyBody) -> Option<(sse::Events, Value)> {
    let mut events = sse::Events::default();
    loop {
        while let Some(event) = events.next_event() {
            let Some(data) = sse::data(&event).filter(|data| !data.is_empty()) else { continue };
            let node = json::parse(&data, &Limits::ANSWER).ok()?;
            if node.get("method").and_then(Node::as_str) != Some(ACKNOWLEDGED) {
                return None;
            }
            return Some((events, node.pointer("/params/notifications")?.to_serde()));
        }
        let frame = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await?.ok()?;
        if let Ok(piece) = frame.into_data() {
            events.push(&piece).ok()?;
        }
    }
}

/// What all servers promise together.
fn promised(all: &mut Map<String, Value>, one: &Value, turn: &Turn) {
    for (key, what) in one.as_object().into_iter().flatten() {
        match (&**key, what) {
            (_, Value::Bool(true)) => drop(all.insert(key.clone(), json!(true))),
            ("resourceSubscriptions" | "taskIds", Value::Array(list)) => {
                let own = list.iter().filter_map(Value::as_str);
                let shown = own.map(|own| match &**key {
                    "taskIds" => name::id(&turn.server, own),
                    _ => turn.shown(own),
                });
                let shown = shown.map(Value::String);
                if let Some(all) =
                    all.entry(key.clone()).or_insert_with(|| json!([])).as_array_mut()
                {
                    all.extend(shown);
                }
            }
            _ => {}
        }
    }
}

fn acknowledged(id: &[u8], promises: &Map<String, Value>) -> Bytes {
    let promises = serde_json::to_vec(promises).unwrap_or_else(|_| b"{}".to_vec());
    let message = [
        br#"{"jsonrpc":"2.0","method":"#,
        &*quoted(ACKNOWLEDGED),
        br#","params":{"_meta":{"#,
        &quoted(SUBSCRIPTION),
        b":",
        id,
        br#"},"notifications":"#,
        &promises,
        b"}}",
    ]
    .concat();
    sse::event(&message)
}

fn turn(visit: &Visit<'_>, server: &Served, id: Option<Bytes>) -> Turn {
    Turn {
        server: server.name.clone(),
        id,
        token: None,
        session: visit.session.cloned(),
        asked: None,
        listed: visit.core.many.shelf.get(visit.who.caller.instance, Kind::Resources),
        resumes: false,
    }
}

/// GET: the streams of all servers of the session as one, or one that goes on where it was cut off.
pub(super) async fn get(visit: &Visit<'_>) -> Result<Response<ReplyBody>, Stop> {
    let session = visit.session.ok_or(refusal::WRONG_VERB)?;
    let last = once(visit.headers, &LAST_EVENT)?;
    let last = match last {
        None => None,
        Some(id) => Some(resumes(id).ok_or(refusal::CURSOR)?),
    };
    if let Some(last) = last.filter(|last| !last.listening) {
        return resumed(visit, last).await;
    }
    let links = session.links();
    let open = links.iter().filter(|(_, link)| link.session.is_some());
    let open = open.map(|(server, link)| async move {
        let server = visit.server(server).filter(|server| visit.may_talk(server))?;
        let from = last.filter(|last| last.server == server.name).map(|last| last.event);
        Some((server, timeout(OPENING, bare(visit, (Method::GET, from), (server, link))).await))
    });
    let mut streams = Vec::new();
    for (server, answer) in join_all(open).await.into_iter().flatten() {
        match answer {
            Ok(Ok(response)) if response.status() == StatusCode::UNAUTHORIZED => {
                return Ok(response);
            }
            Ok(Ok(response)) if is_events(response.headers()) && response.status().is_success() => {
                let body = response.into_body();
                streams.push((body, sse::Events::default(), turn(visit, server, None)));
            }
            Ok(Err(Stop::Refused(why))) if visit.who.cord.is_cut().is_some() => {
                return Err(why.into());
            }
            // It has no such stream, or does not answer: the others listen.
            Ok(_) | Err(_) => {}
        }
    }
    if streams.is_empty() {
        return Err(refusal::WRONG_VERB.into());
    }
    let joined = Joined::several(streams, vec![Bytes::from_static(b": listening\n\n")]);
    let mut response = Response::new(ReplyBody::Joined(Box::new(joined)));
    as_events(&mut response);
    Ok(response)
}

/// The stream of one request, from where its reader was cut off.
async fn resumed(visit: &Visit<'_>, last: Resumes<'_>) -> Result<Response<ReplyBody>, Stop> {
    let session = visit.session.ok_or(refusal::WRONG_VERB)?;
    let server = visit.server(last.server).ok_or(refusal::CURSOR)?;
    let link = session.link(last.server).ok_or(refusal::CURSOR)?;
    let answer = bare(visit, (Method::GET, Some(last.event)), (server, &link)).await?;
    let mut turn = turn(visit, server, None);
    turn.resumes = true;
    Ok(one::turned(answer, turn).await?)
}

/// DELETE: the session is over, and so are those with the servers.
pub(super) async fn end(visit: &Visit<'_>, ours: &str) -> Result<Response<ReplyBody>, Stop> {
    let session = visit.session.ok_or(refusal::WRONG_VERB)?;
    visit.core.many.sessions.forget(ours, visit.who.caller.instance);
    let links = session.links();
    let ends =
        links.iter().filter(|(_, link)| link.session.is_some()).map(|(server, link)| async {
            let server = visit.server(server)?;
            timeout(OPENING, bare(visit, (Method::DELETE, None), (server, link))).await.ok()
        });
    for said in join_all(ends).await.into_iter().flatten() {
        if let Err(Stop::Refused(why)) = said {
            tracing::debug!(code = why.code.0, "a server's session was not ended");
        }
    }
    let mut response = answer::json(StatusCode::OK, Bytes::new());
    response.headers_mut().clear();
    Ok(response)
}

/// A request without a message, to one server, along its usual road.
async fn bare<'a>(
    visit: &Visit<'a>,
    (verb, from): (Method, Option<&str>),
    (server, link): (&'a Served, &Link),
) -> Result<Response<ReplyBody>, Stop> {
    let empty = Bytes::new();
    let parcel = Parcel { body: &empty, named: None, link: Some(link), own: false };
    let mut headers: HeaderMap = visit.headers_for(None, &parcel);
    headers.insert(header::ACCEPT, HeaderValue::from_static("text/event-stream"));
    if let Some(from) = from.and_then(|from| HeaderValue::from_str(from).ok()) {
        headers.insert(LAST_EVENT.clone(), from);
    }
    let head = head(verb, headers);
    let guard = visit.who.another(visit.core)?;
    let who = (visit.who, guard, visit.wire);
    Ok(Box::pin(journey::bare(visit.core, server, who, &head)).await?)
}

fn head(verb: Method, headers: HeaderMap) -> request::Parts {
    let (mut head, ()) = Request::new(()).into_parts();
    (head.method, head.headers) = (verb, headers);
    head
}
