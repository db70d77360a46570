//! `/mcp`: every server that serves the agent's client behind one address. A message is answered here, asked of all servers
//! at once, or sent to the one that it names; whatever goes to a server takes the road of `travel`, so that deciding and
//! recording know nothing of the endpoint.
//!
//! Never here: a decision of its own, or a name that could mean two things.
//! To serve one more method: a line in [`request`] if all servers answer it, one in `whose` if it names one of them.

mod edit;
mod fan;
mod find;
mod greet;
mod joined;
mod list;
mod listen;
mod name;
mod one;
mod outage;
mod session;
mod shelf;
mod turn;
mod visit;
mod whose;

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use futures_util::future::join_all;
use http::{Method, Response, request};
use hyper::body::Incoming;
use serde_json::json;
use writ_authority::Denied;
use writ_model::{HoldId, InstanceId, json::Node};

pub(crate) use self::joined::Joined;
pub use self::outage::Outage;
use self::{
    outage::Outages,
    session::{Link, Session, Sessions},
    shelf::{Kind, Shelf},
    visit::{Stop, Visit},
};
use crate::{
    answer::{self, Asked},
    authorize::{Verdict, talk},
    body::ReplyBody,
    core::{Core, Served},
    health::Health,
    identify::{Identified, Presented, identify},
    inbound::Wire,
    journey,
    mcp::{
        header::{self as names, Revision, SESSION},
        held::PENDING,
        method::{self, Wish},
        parse::{self, Kind as Sort, Message},
    },
    record::Called,
    refusal::{self, Refusal},
    standing,
    streams::Guard,
    trace, travel,
};

/// What the endpoint remembers over the messages of one run.
#[derive(Debug)]
pub(crate) struct Many {
    /// The endpoint as a resource: the audience of tokens, the URL of proofs.
    served: Served,
    /// Tools that are listed before the rest has to be searched or turned to.
    listed: u32,
    sessions: Sessions,
    shelf: Shelf,
    outages: Outages,
    count: AtomicU64,
}

impl Many {
    pub(crate) fn new(base: &str, listed: u32) -> Self {
        let served = Served {
            // No server has such a name, and no scope of one server reaches it.
            name: String::new(),
            client: None,
            resource: format!("{base}/mcp"),
            metadata: format!("{base}/.well-known/oauth-protected-resource/mcp"),
            upstream: None,
            health: Health::default(),
            siblings: Vec::new(),
        };
        let (sessions, shelf) = (Sessions::default(), Shelf::default());
        let (outages, count) = (Outages::default(), AtomicU64::new(0));
        Self { served, listed, sessions, shelf, outages, count }
    }

    /// Forgets everything of running copies that have ended.
    pub(crate) fn evict(&self, whose: &BTreeSet<InstanceId>) {
        self.sessions.evict(whose);
        self.shelf.evict(whose);
        self.outages.evict(whose);
    }

    /// Servers that do not answer the endpoint as they should.
    pub(crate) fn outages(&self) -> Vec<Outage> {
        self.outages.all()
    }

    /// A number for a question of the endpoint's own.
    fn next(&self) -> u64 {
        self.count.fetch_add(1, Ordering::Relaxed)
    }
}

/// Answers one request at the endpoint.
pub(crate) async fn answer(
    core: &Arc<Core>,
    wire: &Wire,
    head: &request::Parts,
    body: &mut Option<Incoming>,
) -> Response<ReplyBody> {
    let mut asked = Asked::default();
    let served = &core.many.served;
    let (headers, verb) = (&head.headers, head.method.as_str());
    let presented = Presented { headers, verb, url: &served.resource, wire };
    let (who, guard, _) = match identify(core, served, presented).await {
        Ok(identified) => identified,
        Err(refusal) => return answer::refused(core, None, &refusal, &asked),
    };
    trace::who(&who, "mcp");
    asked.nonce = who.aging;
    let outcome = match head.method {
        Method::POST => match journey::arrived(head, body, &who.cord).await {
            Ok(body) => post((core, wire, head), (&who, guard), (&body, &mut asked)).await,
            Err(refusal) => Err(refusal.into()),
        },
        Method::GET | Method::DELETE => bare((core, wire, head), &who).await,
        _ => Err(refusal::WRONG_VERB.into()),
    };
    match outcome {
        Ok(response) => answer::finished(core, response, &asked),
        Err(Stop::Said(response)) => answer::finished(core, *response, &asked),
        Err(Stop::Refused(why)) => answer::refused(core, None, &why, &asked),
    }
}

/// The session that a request names.
fn session(
    core: &Core,
    who: &Identified,
    head: &request::Parts,
) -> Result<Option<Arc<Session>>, Refusal> {
    let Some(ours) = names::once(&head.headers, &SESSION)? else { return Ok(None) };
    let known = core.many.sessions.find(ours, who.caller.instance, who.now);
    known.map(Some).ok_or(refusal::NO_SESSION)
}

/// A message.
async fn post(
    (core, wire, head): (&Arc<Core>, &Wire, &request::Parts),
    (who, guard): (&Identified, Guard),
    (body, asked): (&Bytes, &mut Asked),
) -> Result<Response<ReplyBody>, Stop> {
    let headers = &head.headers;
    let node = parse::read(body)?;
    let message = parse::message(&node)?;
    asked.of(&message, body);
    let revision =
        names::revision(headers).map_err(|refusal| asked.unsupported(headers, refusal))?;
    asked.modern = revision == Revision::Modern;
    names::agree(headers, revision, &message)?;
    method::served(&message, revision)?;
    let wish = method::wish(&message)?;
    standing::begins(core, &wish)?;
    let meta = meta(&message, body);
    let visit = Visit { core, who, wire, headers, revision, session: None, meta: meta.as_ref() };
    if let Some((server, why)) = barred(&visit)? {
        let called = travel::called(server, &message, &wish, revision, body);
        return Ok(travel::barred((core, server), who, (&called, &why), asked).await?);
    }
    // After the decision: an agent that was ended hears that, not that its session is gone.
    let session = session(core, who, head)?;
    let visit = Visit { session: session.as_ref(), ..visit };
    match message.kind {
        Sort::Request { method, .. } => {
            request(&visit, method, (&message, body), (guard, asked)).await
        }
        Sort::Notification { method } => {
            notification(&visit, method, (&message, body), (guard, asked)).await
        }
        Sort::Response => one::back(&visit, (node.get("id"), body), (guard, asked)).await,
    }
}

/// Why an agent may talk to no server: what the first of them tells it, and that is recorded there.
fn barred<'a>(visit: &Visit<'a>) -> Result<Option<(&'a Served, Box<Denied>)>, Refusal> {
    let mut denied = None;
    for server in visit.served() {
        match talk(visit.core, visit.who, &server.name) {
            Verdict::Deny(why) if denied.is_none() => denied = Some((server, why)),
            Verdict::Deny(_) => {}
            Verdict::Permit(_) | Verdict::Hold(_) | Verdict::CannotWait(..) => {
                visit.core.decided(visit.who);
                return Ok(None);
            }
        }
    }
    visit.core.decided(visit.who);
    denied.map(Some).ok_or(refusal::NO_SERVER)
}

/// `_meta` without its progress token: that is of the message, not of what is asked because of it.
fn meta(message: &Message<'_>, body: &[u8]) -> Option<Bytes> {
    let all = message.params()?.get("_meta")?.as_object()?;
    let kept = all.iter().filter(|(key, _)| key != "progressToken");
    let parts: Vec<Vec<u8>> = kept
        .map(|(key, value)| [&*edit::quoted(key), b":", value.bytes_in(body)].concat())
        .collect();
    Some(Bytes::from([b"{", &*parts.join(&b","[..]), b"}"].concat()))
}

async fn request(
    visit: &Visit<'_>,
    method: &str,
    (message, body): (&Message<'_>, &Bytes),
    (guard, asked): (Guard, &mut Asked),
) -> Result<Response<ReplyBody>, Stop> {
    match method {
        "initialize" => return greet::initialize(visit, message, (body, asked)).await,
        "server/discover" => return greet::discover(visit, asked).await,
        "subscriptions/listen" => return listen::subscribe(visit, (message, body), asked).await,
        _ => {}
    }
    if visit.greets() && visit.session.is_none() {
        return Err(refusal::NO_SESSION.into());
    }
    if let Some(kind) = Kind::of(method) {
        return list::answer(visit, kind, (message, asked)).await;
    }
    match method {
        "ping" => Ok(greet::told(asked, &json!({}))),
        "logging/setLevel" => {
            all(visit, body, |link| link.has("logging")).await;
            Ok(greet::told(asked, &json!({})))
        }
        // Each server lists its own; which one is meant, nothing says.
        "tasks/list" => Err(refusal::METHOD.into()),
        "tools/call" => match called(message) {
            Some(find::FIND) => find::answer(visit, (message, asked)).await,
            Some(PENDING) => pending(visit, (message, body), (guard, asked)).await,
            _ => one::request(visit, (message, body), (guard, asked)).await,
        },
        _ => one::request(visit, (message, body), (guard, asked)).await,
    }
}

fn called<'a>(message: &Message<'a>) -> Option<&'a str> {
    message.params()?.get("name")?.as_str()
}

/// `writ_pending`: whose the held call is, the register says.
async fn pending(
    visit: &Visit<'_>,
    (message, body): (&Message<'_>, &Bytes),
    (guard, asked): (Guard, &mut Asked),
) -> Result<Response<ReplyBody>, Stop> {
    let said = message.params().and_then(|params| params.get("arguments"));
    let hold = said.and_then(|said| said.get("hold_id")).and_then(Node::as_str);
    let hold = hold.and_then(|hold| hold.parse::<HoldId>().ok());
    let known = hold.and_then(|hold| visit.who.view.state.holds.get(&hold)?.call());
    let own = known.filter(|call| call.instance == visit.who.caller.instance);
    // Of an id that is nobody's the first server says so, as it would of one that is somebody else's.
    let server = own.and_then(|call| visit.server(&call.server));
    let server = server.or_else(|| visit.open().first().copied()).ok_or(refusal::NO_SERVER)?;
    one::plain(visit, server, body, (guard, asked)).await
}

async fn notification(
    visit: &Visit<'_>,
    method: &str,
    (message, body): (&Message<'_>, &Bytes),
    (guard, asked): (Guard, &mut Asked),
) -> Result<Response<ReplyBody>, Stop> {
    let said = |key| message.params().and_then(|params| params.get(key));
    match method {
        "notifications/cancelled" => {
            let id = said("requestId").ok_or(refusal::PARAMS)?;
            match one::went(visit, id, body) {
                Some(server) => one::told(visit, server, body, (guard, asked)).await,
                // Nothing of that id is under way at any server.
                None => Ok(one::accepted()),
            }
        }
        "notifications/progress" => {
            one::back(visit, (said("progressToken"), body), (guard, asked)).await
        }
        "notifications/roots/list_changed" => {
            all(visit, body, |_| true).await;
            Ok(one::accepted())
        }
        // Servers have been told that a session began when it did.
        _ => Ok(one::accepted()),
    }
}

/// Tells the servers of the session whom it concerns.
async fn all(visit: &Visit<'_>, body: &Bytes, concerns: impl Fn(&Link) -> bool) {
    let Some(session) = visit.session else { return };
    let links = session.links();
    let told = links.iter().filter(|(_, link)| concerns(link)).map(|(server, link)| async move {
        let server = visit.server(server)?;
        if let Err(why) = visit.tell(server, body, Some(link)).await {
            tracing::debug!(server = server.name, code = why.code.0, "a server was not told");
        }
        Some(())
    });
    join_all(told).await;
}

/// GET listens to a session, DELETE ends it.
async fn bare(
    (core, wire, head): (&Arc<Core>, &Wire, &request::Parts),
    who: &Identified,
) -> Result<Response<ReplyBody>, Stop> {
    let revision = names::revision(&head.headers)?;
    standing::begins(core, &Wish::Talk { recorded: head.method == Method::GET })?;
    let headers = &head.headers;
    let visit = Visit { core, who, wire, headers, revision, session: None, meta: None };
    if let Some((server, why)) = barred(&visit)? {
        let called = Called::bare(&server.name, head.method.as_str(), revision.text());
        let asked = Asked::default();
        return Ok(travel::barred((core, server), who, (&called, &why), &asked).await?);
    }
    let session = session(core, who, head)?;
    let visit = Visit { session: session.as_ref(), ..visit };
    if head.method == Method::GET {
        return listen::get(&visit).await;
    }
    let ours = names::once(headers, &SESSION)?.ok_or(refusal::WRONG_VERB)?;
    listen::end(&visit, ours).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_meta_of_a_message_goes_along_without_its_progress_token() {
        let body = br#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"a" : 1.0,"progressToken":7,"b":{"c":[]}}}}"#;
        let node = parse::read(body).unwrap();
        let message = parse::message(&node).unwrap();
        assert_eq!(meta(&message, body).unwrap(), &br#"{"a":1.0,"b":{"c":[]}}"#[..]);
    }
}
