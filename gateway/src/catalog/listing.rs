//! Before a call: what the server shows is what is pinned. A call of something that nobody has listed here lately has the
//! gateway ask for the list itself, on the caller's behalf, so that not listing goes around no pin.
//!
//! Never here: whether the caller may use it; that is decided already.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::json;
use tokio::time::timeout;
use writ_authority::{
    State,
    fact::{THIRD, Thing},
    grant::Surface,
};
use writ_model::json::{self as reader, Limits};

use super::{FirstSight, Shows, judged, writing};
use crate::{
    authorize::{Verdict, talk},
    core::Core,
    forward::{Trip, forward, is_events, lists},
    identify::Identified,
    mcp::{
        header::{self, MODERN, Revision},
        list,
        method::Wish,
        parse, sse,
    },
    refusal::{self, Refusal},
    settle::By,
    standing::Answers,
    travel::{Going, Letter},
    upstream::{Answer, AnswerBody, Outgoing, http::collect},
};

/// LIMIT: pages of one list: more things than a ledger takes of a server.
const PAGES: usize = 64;
/// LIMIT: how long all of a listing may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// LIMIT: how long one listing waits for another of the same server, which may be somebody's whom it answers slowly.
const TOGETHER: Duration = Duration::from_secs(1);

/// Whether the definition of what a message uses is the pinned one.
///
/// # Errors
/// If it waits for a person, was refused, or is not listed at all.
pub(crate) async fn lets(
    going: &Going<'_>,
    letter: &Letter<'_>,
    session: Option<&str>,
) -> Result<(), Refusal> {
    let Going { core, server, who, .. } = *going;
    let Wish::Use { surface, name, .. } = letter.wish else { return Ok(()) };
    if core.catalog.off() {
        return Ok(());
    }
    let tenant = who.view.state.tenant;
    let shows = core.catalog.of(tenant, &server.name);
    let thing = Thing::of(surface);
    let shown = || shows.inner.lock().digest(thing, name, core.clock.now());
    let subject = (&*server.name, surface, name);
    let known = core.tenants.cached(tenant);
    let state = known.as_ref().map_or(&who.view.state, |view| &view.state);
    if surface == Surface::Resource {
        return resource(core, who, state, (subject, shown()));
    }
    if let Some(digest) = shown()
        && state.pin(&server.name, thing, name).is_some_and(|pin| pin.lets(digest))
    {
        return Ok(());
    }
    if state.format < THIRD && shows.inner.lock().fresh(thing, core.clock.now()) {
        // Nothing that could be pinned was listed, or older processes still run.
        return Ok(());
    }
    let asked = if shown().is_some() { Ok(()) } else { ask(going, thing, &shows, session).await };
    let written = writing::now(core, (tenant, &server.name), &shows).await;
    let view = core.tenants.view(tenant).await.map_err(|_fault| refusal::TENANT)?;
    if view.state.format < THIRD {
        // Older processes still run, and could not read a pin: nothing is held yet.
        return Ok(());
    }
    asked?;
    if !written {
        return Err(refusal::NOT_PINNED);
    }
    match shown() {
        Some(digest) => judged(core, who, &view.state, subject, Some(digest)),
        None => Err(refusal::NOT_LISTED.saying(format!(
            "the server {} lists no {} of this name",
            server.name,
            thing.word()
        ))),
    }
}

/// A resource may be read by an address that no list has; one that a list has is held like anything else.
fn resource(
    core: &Core,
    who: &Identified,
    state: &State,
    (subject, shown): ((&str, Surface, &str), Option<writ_model::Digest>),
) -> Result<(), Refusal> {
    if state.pin(subject.0, Thing::Resource, subject.2).is_none() {
        return Ok(());
    }
    judged(core, who, state, subject, shown)
}

/// The same for what somebody else lets through, who is not asked from here: under `writ wrap` the client's list comes by,
/// and is pinned then; of what nobody listed yet there is nothing to pin, so only who has every new thing looked at holds it.
///
/// # Errors
/// As [`lets`].
pub(crate) async fn lets_unseen(
    going: &Going<'_>,
    wish: &Wish<'_>,
    by: By<'_>,
) -> Result<(), Refusal> {
    let Wish::Use { surface, name, .. } = *wish else { return Ok(()) };
    let Going { core, who, .. } = *going;
    let server = &*going.server.name;
    let tenant = who.view.state.tenant;
    let known = core.tenants.cached(tenant);
    let state = known.as_ref().map_or(&who.view.state, |view| &view.state);
    if core.catalog.off() || state.format < THIRD {
        return Ok(());
    }
    let thing = Thing::of(surface);
    let shows = core.catalog.of(tenant, server);
    let shown = || shows.inner.lock().digest(thing, name, core.clock.now());
    let subject = (server, surface, name);
    if state.pin(server, thing, name).is_some() {
        return judged(core, who, state, subject, shown());
    }
    let listed = by == By::Wrap && matches!(surface, Surface::Tool | Surface::Prompt);
    if listed && shown().is_some() {
        // Its list went by a moment ago: what is written behind it comes first.
        let written = writing::now(core, (tenant, server), &shows).await;
        let view = core.tenants.view(tenant).await.map_err(|_fault| refusal::TENANT)?;
        if !written {
            return Err(refusal::NOT_PINNED);
        }
        return judged(core, who, &view.state, subject, shown());
    }
    if listed && core.catalog.first == FirstSight::Approve {
        return judged(core, who, state, subject, None);
    }
    Ok(())
}

/// Asks for the whole list of one kind, unless somebody just did.
async fn ask(
    going: &Going<'_>,
    thing: Thing,
    shows: &Shows,
    session: Option<&str>,
) -> Result<(), Refusal> {
    let Going { core, who, .. } = *going;
    let listing = async {
        // One asks for all, as long as that takes no longer than asking oneself.
        let _first = timeout(TOGETHER, shows.asking.lock()).await;
        let now = core.clock.now();
        if shows.inner.lock().fresh(thing, now) {
            return Ok(());
        }
        let unread = shows.inner.lock().unread(thing, who.caller.instance, now);
        if let Some(why) = unread {
            return Err(why);
        }
        let mut cursor = None;
        for page in 0..PAGES {
            cursor = self::page(going, (thing, page), cursor, session).await?;
            if cursor.is_none() {
                break;
            }
        }
        shows.inner.lock().listed.insert(thing, now);
        Ok(())
    };
    tokio::select! {
        biased;
        why = who.cord.cut() => Err(why),
        listed = timeout(PATIENCE, listing) => {
            let listed = listed.unwrap_or(Err(refusal::NOT_READ));
            if let Err(why) = &listed {
                let told = (core.clock.now(), why.clone());
                shows.inner.lock().not_read(thing, who.caller.instance, told);
            }
            listed
        }
    }
}

/// One page; the cursor of the next.
async fn page(
    going: &Going<'_>,
    (thing, page): (Thing, usize),
    cursor: Option<String>,
    session: Option<&str>,
) -> Result<Option<String>, Refusal> {
    let Going { core, server, who, wire, .. } = *going;
    // SECURITY: the list is asked for as the caller, who must be let talk to the server at all.
    let Verdict::Permit(pass) = talk(core, who, &server.name) else {
        return Err(refusal::NOT_READ);
    };
    let method = if thing == Thing::Prompt { "prompts/list" } else { "tools/list" };
    let id = format!("writ-list-{page}");
    let body = request(going.revision, method, &id, cursor);
    let node = parse::read(&body)?;
    let message = parse::message(&node)?;
    let trip = Trip {
        core,
        server,
        who,
        abort: &wire.abort,
        session: going.session,
        elicits: false,
        lists: true,
        answers: Answers::Read,
        resumes: false,
    };
    let outgoing = Outgoing {
        verb: Method::POST,
        headers: headers(going, method, session),
        body: body.clone(),
        message: Some(&message),
        instance: who.caller.instance,
        share: &who.share,
        session,
    };
    let answer = forward(&pass.permitted, &trip, outgoing).await?;
    let answer = whole(answer, &id).await?;
    // Every entry is looked at as it is for the caller; what would be shown is not needed.
    list::answer(&answer, lists(&trip).filter()).map_err(|_bad| refusal::NOT_READ)?;
    let node = reader::parse(&answer, &Limits::ANSWER).map_err(|_fault| refusal::NOT_READ)?;
    let result = node.get("result").ok_or(refusal::NOT_READ)?;
    Ok(result.get("nextCursor").and_then(reader::Node::as_str).map(str::to_owned))
}

fn request(revision: Revision<'_>, method: &str, id: &str, cursor: Option<String>) -> Bytes {
    let mut params = serde_json::Map::new();
    if let Some(cursor) = cursor {
        params.insert("cursor".to_owned(), cursor.into());
    }
    if revision == Revision::Modern {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientInfo": {"name": "writ", "version": env!("CARGO_PKG_VERSION")},
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        params.insert("_meta".to_owned(), meta);
    }
    let body = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
    Bytes::from(body.to_string())
}

/// The caller's headers, without what repeats its own body.
fn headers(going: &Going<'_>, method: &str, session: Option<&str>) -> HeaderMap {
    let mut own = BTreeMap::new();
    if going.revision == Revision::Modern {
        own.insert("mcp-method".to_owned(), method.to_owned());
    }
    header::resumed(going.headers, session, &own)
}

/// The JSON-RPC answer to the request of this id.
async fn whole(answer: Answer, id: &str) -> Result<Bytes, Refusal> {
    if !answer.status.is_success() {
        return Err(refusal::NOT_READ);
    }
    let events = is_events(&answer.headers);
    let source = match answer.body {
        AnswerBody::Whole(bytes) if !events => return Ok(bytes),
        AnswerBody::Whole(bytes) => return found(&mut read(&bytes)?, id).ok_or(refusal::NOT_READ),
        AnswerBody::Stream(source) if !events => {
            return collect(source, Limits::ANSWER.bytes).await;
        }
        AnswerBody::Stream(source) => source,
    };
    streamed(source, id).await
}

fn read(bytes: &[u8]) -> Result<sse::Events, Refusal> {
    let mut events = sse::Events::default();
    events.push(bytes).map_err(|_large| refusal::ANSWER_LARGE)?;
    Ok(events)
}

/// The first event that answers; a stream may stay open after it.
async fn streamed(mut source: crate::upstream::BodyStream, id: &str) -> Result<Bytes, Refusal> {
    let mut events = sse::Events::default();
    let mut bytes = 0;
    loop {
        let piece = std::future::poll_fn(|cx| source.as_mut().poll_piece(cx)).await;
        let piece = piece.ok_or(refusal::NOT_READ)??;
        bytes += piece.len();
        if bytes > Limits::ANSWER.bytes || events.push(&piece).is_err() {
            return Err(refusal::ANSWER_LARGE);
        }
        if let Some(answer) = found(&mut events, id) {
            return Ok(answer);
        }
    }
}

fn found(events: &mut sse::Events, id: &str) -> Option<Bytes> {
    while let Some(event) = events.next_event() {
        let Some(data) = sse::data(&event).filter(|data| !data.is_empty()) else { continue };
        let Ok(node) = reader::parse(&data, &Limits::ANSWER) else { continue };
        let answers = node.get("method").is_none()
            && node.get("id").and_then(reader::Node::as_str) == Some(id);
        if answers {
            return Some(Bytes::from(data));
        }
    }
    None
}
