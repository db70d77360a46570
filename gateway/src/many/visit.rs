//! [`Visit`]: one message at the endpoint whose caller is known, and how a part of it goes to one server: the same road as if
//! the agent had sent it there itself.
//!
//! Never here: a decision, or a second road. Whatever goes to a server goes through [`travel`].

use std::{future::poll_fn, pin::Pin, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use hyper::body::Body as _;
use tokio::time::timeout;
use writ_model::json::{self, Limits, Node};

use super::session::{Link, Session};
use crate::{
    answer::Asked,
    authorize::{Verdict, talk},
    body::ReplyBody,
    core::{Core, Served},
    forward::is_events,
    identify::Identified,
    inbound::Wire,
    mcp::{
        header::{LAST_EVENT, METHOD, NAME, Revision, SESSION, VERSION},
        method, parse, reply, sse,
    },
    refusal::{self, Refusal},
    resume,
    streams::Guard,
    travel::{Going, Letter, travel},
};

/// LIMIT: how long one server may take for its part of an answer that many servers give. Below what clients wait.
pub(super) const DEADLINE: Duration = Duration::from_secs(5);
/// LIMIT: bytes of one server's part of such an answer.
const PART: usize = 4 << 20;
/// What headers that repeat arguments begin with.
const PARAM: &str = "mcp-param-";

/// One message at the endpoint.
#[derive(Clone, Copy)]
pub(super) struct Visit<'a> {
    pub(super) core: &'a Arc<Core>,
    pub(super) who: &'a Identified,
    pub(super) wire: &'a Wire,
    pub(super) headers: &'a HeaderMap,
    pub(super) revision: Revision<'a>,
    pub(super) session: Option<&'a Arc<Session>>,
    /// The `_meta` of the message, without its progress token: what 2026-07-28 wants with every request.
    pub(super) meta: Option<&'a Bytes>,
}

/// Why there is no whole answer.
#[derive(Debug)]
pub(super) enum Stop {
    /// What one server was answered concerns all of them: the agent is ended.
    Said(Box<Response<ReplyBody>>),
    /// The gateway lets nothing through, or the message itself is wrong.
    Refused(Refusal),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Why one server has no part in an answer.
#[derive(Debug)]
pub(super) enum Miss {
    /// It has nothing of the kind.
    Lacks,
    /// It does not answer as it should.
    Out(Refusal),
    /// It concerns all servers.
    Stop(Stop),
}

/// What goes to one server.
#[derive(Debug)]
pub(super) struct Parcel<'p> {
    pub(super) body: &'p Bytes,
    /// What `Mcp-Name` has to say.
    pub(super) named: Option<&'p str>,
    pub(super) link: Option<&'p Link>,
    /// It is the agent's own call: the headers that repeat its arguments go along.
    pub(super) own: bool,
}

impl<'a> Visit<'a> {
    /// Servers for this client, in the order of their names.
    pub(super) fn served(&self) -> impl Iterator<Item = &'a Served> + use<'a> {
        let slug = self.who.view.state.founded.as_deref().map_or("", |founded| &*founded.slug);
        let all = self.core.servers.values();
        all.filter_map(move |server| server.of(slug)).filter(|server| server.upstream.is_some())
    }

    /// The server of this name.
    pub(super) fn server(&self, name: &str) -> Option<&'a Served> {
        self.served().find(|server| server.name == name)
    }

    /// Whether the agent may talk to a server at all.
    pub(super) fn may_talk(&self, server: &Served) -> bool {
        matches!(talk(self.core, self.who, &server.name), Verdict::Permit(_))
    }

    /// The servers that it may talk to.
    pub(super) fn open(&self) -> Vec<&'a Served> {
        self.served().filter(|server| self.may_talk(server)).collect()
    }

    /// Whether there are sessions in its revision.
    pub(super) fn greets(&self) -> bool {
        self.revision != Revision::Modern
    }

    /// The headers of a message to one server.
    pub(super) fn headers_for(&self, method: Option<&str>, parcel: &Parcel<'_>) -> HeaderMap {
        let modern = self.revision == Revision::Modern;
        let repeats = modern || self.headers.contains_key(&METHOD);
        let mut out: HeaderMap = HeaderMap::with_capacity(self.headers.len());
        for (name, value) in self.headers {
            let dropped = [&SESSION, &METHOD, &NAME, &LAST_EVENT].contains(&name);
            if !dropped && (parcel.own || !name.as_str().starts_with(PARAM)) {
                out.append(name.clone(), value.clone());
            }
        }
        let mut put = |name: &http::HeaderName, text: &str| {
            if let Ok(value) = HeaderValue::from_str(&header_text(text)) {
                out.insert(name.clone(), value);
            }
        };
        if let Some(method) = method.filter(|_| repeats) {
            put(&METHOD, method);
        }
        if let Some(name) = parcel.named.filter(|_| repeats) {
            put(&NAME, name);
        }
        if let Some(link) = parcel.link {
            put(&VERSION, &link.version);
            if let Some(session) = &link.session {
                put(&SESSION, session);
            }
        }
        out
    }

    /// Sends a message to one server along the usual road.
    pub(super) async fn send(
        &self,
        server: &'a Served,
        parcel: Parcel<'_>,
        (guard, asked): (Guard, &mut Asked),
    ) -> Result<Response<ReplyBody>, Refusal> {
        let node = parse::read(parcel.body)?;
        let message = parse::message(&node)?;
        let wish = method::wish(&message)?;
        let headers = self.headers_for(message.method(), &parcel);
        let session = parcel.link.and_then(|link| link.session.as_deref());
        let Self { core, who, wire, revision, .. } = *self;
        let going = Going { core, server, who, wire, headers: &headers, revision, session };
        let expects = resume::expected(&going, &message)?;
        let letter = Letter { message: &message, wish, body: parcel.body, expects };
        if resume::asks(&wish) {
            return Box::pin(resume::pending(&going, guard, &letter, asked)).await;
        }
        Box::pin(travel(&going, guard, &letter, asked)).await
    }

    /// Asks one server something of the endpoint's own and waits for its whole answer: the message, and our session with
    /// the server if it has begun one.
    pub(super) async fn ask(
        &self,
        server: &'a Served,
        (method, params): (&str, &[u8]),
        link: Option<&Link>,
    ) -> Result<(Bytes, Option<String>), Miss> {
        let number = self.core.many.next();
        let id = Bytes::from(format!("\"writ-{number}\""));
        let body = reply::request(&id, method, params);
        let all = async {
            let guard = self.who.another(self.core).map_err(|why| missed(self, why))?;
            let mut asked = Asked { modern: !self.greets(), ..Asked::default() };
            let parcel = Parcel { body: &body, named: None, link, own: false };
            let node = parse::read(&body).map_err(Miss::Out)?;
            asked.of(&parse::message(&node).map_err(Miss::Out)?, &body);
            let sent = self.send(server, parcel, (guard, &mut asked)).await;
            let response = sent.map_err(|why| missed(self, why))?;
            let (head, body) = response.into_parts();
            if head.status == StatusCode::UNAUTHORIZED {
                // Only the gateway itself says that: the agent's credential is worth nothing any more.
                return Err(Miss::Stop(Stop::Said(Box::new(Response::from_parts(head, body)))));
            }
            let session = head.headers.get(&SESSION).and_then(|id| id.to_str().ok());
            let session = session.map(str::to_owned);
            let told = answered(body, is_events(&head.headers), &id).await.map_err(Miss::Out)?;
            Ok((told, session))
        };
        let answer = timeout(DEADLINE, all).await;
        if let Some(why) = self.who.cord.is_cut() {
            return Err(Miss::Stop(why.into()));
        }
        let (told, session) = answer.map_err(|_late| Miss::Out(refusal::TIMED_OUT))??;
        checked(&told)?;
        Ok((told, session))
    }

    /// Tells one server something that has no answer.
    pub(super) async fn tell(
        &self,
        server: &'a Served,
        body: &Bytes,
        link: Option<&Link>,
    ) -> Result<(), Refusal> {
        let guard = self.who.another(self.core)?;
        let parcel = Parcel { body, named: None, link, own: false };
        let mut asked = Asked::default();
        let sent = self.send(server, parcel, (guard, &mut asked));
        match timeout(DEADLINE, sent).await {
            Ok(sent) => sent.map(drop),
            Err(_late) => Err(refusal::TIMED_OUT),
        }
    }
}

/// Whether a refusal is about the server, or about the caller and the gateway and so about all servers.
fn missed(visit: &Visit<'_>, why: Refusal) -> Miss {
    let ours = [
        refusal::ENDED,
        refusal::NO_LEASE,
        refusal::READS_ONLY,
        refusal::HALTED,
        refusal::DRAINING,
        refusal::CROWDED,
        refusal::OLDER,
        refusal::TENANT,
        refusal::NOT_RECORDED,
    ];
    let stops = visit.who.cord.is_cut().is_some() || ours.iter().any(|one| one.code == why.code);
    if stops { Miss::Stop(why.into()) } else { Miss::Out(why) }
}

/// Whether a message is an answer with a result.
fn checked(told: &[u8]) -> Result<(), Miss> {
    let node = json::parse(told, &Limits::ANSWER).map_err(|_bad| Miss::Out(refusal::BROKEN))?;
    if node.get("result").is_some_and(|result| result.as_object().is_some()) {
        return Ok(());
    }
    let code = node.pointer("/error/code").and_then(Node::as_i64);
    if code == Some(i64::from(refusal::RPC_METHOD)) {
        return Err(Miss::Lacks);
    }
    Err(Miss::Out(refusal::FAULTY))
}

/// The answer to the request of this id out of a body.
async fn answered(mut body: ReplyBody, events: bool, id: &[u8]) -> Result<Bytes, Refusal> {
    let (mut all, mut cut) = (Vec::new(), sse::Events::default());
    let mut read = 0;
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let Ok(data) = frame.map_err(|_cut| refusal::BROKEN)?.into_data() else { continue };
        read += data.len();
        if read > PART {
            return Err(refusal::ANSWER_LARGE);
        }
        if !events {
            all.extend_from_slice(&data);
            continue;
        }
        cut.push(&data).map_err(|_large| refusal::ANSWER_LARGE)?;
        while let Some(event) = cut.next_event() {
            let data = sse::data(&event).filter(|data| answers(data, id));
            if let Some(data) = data {
                return Ok(Bytes::from(data));
            }
        }
    }
    if answers(&all, id) { Ok(Bytes::from(all)) } else { Err(refusal::FAULTY) }
}

/// Whether a message is an answer to the request of this id.
pub(super) fn answers(message: &[u8], id: &[u8]) -> bool {
    let read = |bytes| json::parse(bytes, &Limits::ANSWER).ok();
    let (Some(message), Some(asked)) = (read(message), read(id)) else { return false };
    message.get("method").is_none() && message.get("id").is_some_and(|id| id.value == asked.value)
}

/// A name as headers of 2026-07-28 carry it (SEP-2243): wrapped where a header could not hold it.
fn header_text(text: &str) -> String {
    let visible = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if visible && text.trim() == text && !text.starts_with("=?base64?") {
        return text.to_owned();
    }
    format!("=?base64?{}?=", STANDARD.encode(text))
}

/// `Content-Type` of event streams.
pub(super) fn as_events(response: &mut Response<ReplyBody>) {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_headers_are_wrapped_where_they_must_be() {
        for (text, wanted) in [
            ("send", "send"),
            ("file:///a b", "file:///a b"),
            ("sénd", "=?base64?c8OpbmQ=?="),
            (" send", "=?base64?IHNlbmQ=?="),
            ("=?base64?x?=", "=?base64?PT9iYXNlNjQ/eD89?="),
        ] {
            assert_eq!(header_text(text), wanted);
        }
    }

    #[tokio::test]
    async fn the_answer_is_found_in_a_body_and_nothing_else_is() {
        let body = |text: &'static str| ReplyBody::from(Bytes::from_static(text.as_bytes()));
        let good = "data: {\"id\":7,\"method\":\"x\"}\n\ndata: {\"id\":7,\"result\":{}}\n\n";
        let told = answered(body(good), true, b"7").await.unwrap();
        assert_eq!(&told[..], b"{\"id\":7,\"result\":{}}");
        let told = answered(body("{\"id\": 7,\"error\":{\"code\":-32601}}"), false, b"7").await;
        assert!(matches!(checked(&told.unwrap()), Err(Miss::Lacks)));
        for bad in ["{\"id\":8,\"result\":{}}", "<html>", "", "{\"id\":\"7\",\"result\":{}}"] {
            assert_eq!(answered(body(bad), false, b"7").await.unwrap_err().code.0, "GATE-0127");
        }
        for bad in ["{\"id\":7,\"result\":[]}", "{\"id\":7,\"error\":{\"code\":-32000}}"] {
            assert!(matches!(checked(bad.as_bytes()), Err(Miss::Out(_))), "{bad}");
        }
    }
}
