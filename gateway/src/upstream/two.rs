//! Servers of 2024-11-05 over HTTP, which have two addresses: a stream that begins with where to post, and that one, where
//! everything is answered with 202 and every answer comes on the stream.
//!
//! What a server has is learned as the later revisions say (2025-03-26, transports, backwards compatibility): `initialize` is
//! sent as it is, and if it is refused with 400, 404 or 405 the same address is asked for such a stream.
//! SECURITY: where to post is on the very same server; whatever else its stream says is no address.
//! Never here: what a message says, or the bytes of one changed except for ids that must not meet ([`super::routes`]).

use std::{
    collections::{BTreeMap, BTreeSet},
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header, uri::PathAndQuery};
use parking_lot::Mutex;
use tokio::time::timeout;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use writ_authority::State;
use writ_model::{Entropy, InstanceId, TenantId};

use super::{
    Answer, AnswerBody, BodyStream, Outgoing, Upstream,
    ear::Ear,
    http::{HttpUpstream, collect},
    notes,
    routes::{Routes, idle},
};
use crate::{
    config::Target,
    fair::{Of, Seat},
    forward::is_events,
    mcp::{
        header::{SESSION, is_json},
        parse::{Kind, Message},
        sse,
    },
    refusal::{self, Refusal},
};

/// LIMIT: streams of one server; together with the bound of their tenant.
const SESSIONS: usize = 1_024;
/// LIMIT: streams of one instance; its oldest gives way.
const PER_INSTANCE: usize = 16;
/// LIMIT: how long a server may take to say where to post.
const BEGIN: Duration = Duration::from_secs(10);
/// LIMIT: how long it may take to accept what is posted.
const POSTED: Duration = Duration::from_secs(30);
/// LIMIT: bytes of where to post.
const ENDPOINT: usize = 2 << 10;
/// LIMIT: bytes of what a server says to something that was posted; none of it is read.
const SAID: usize = 64 << 10;
/// What our ids of such sessions begin with: a server never sees one.
const OURS: &str = "writ-two-";

type Key = (InstanceId, String);

/// A server that may have two addresses.
#[derive(Debug)]
pub(crate) struct Two {
    http: HttpUpstream,
    /// It has.
    has: AtomicBool,
    sessions: Arc<Mutex<BTreeMap<Key, Arc<Talk>>>>,
    order: AtomicU64,
    entropy: Arc<dyn Entropy>,
    tasks: TaskTracker,
    dropped: Arc<AtomicU64>,
}

/// One stream, and what waits for something on it.
#[derive(Debug)]
struct Talk {
    order: u64,
    routes: Arc<Mutex<Routes>>,
    /// Where to post.
    to: Uri,
    stop: CancellationToken,
}

/// A stream that has begun.
struct Begun {
    source: BodyStream,
    events: sse::Events,
    to: Uri,
}

impl Two {
    pub(crate) fn new(http: HttpUpstream, entropy: Arc<dyn Entropy>, tasks: TaskTracker) -> Self {
        let (sessions, dropped) = Default::default();
        let (has, order) = (AtomicBool::new(false), AtomicU64::new(0));
        Self { http, has, sessions, order, entropy, tasks, dropped }
    }

    /// A session's first message, to a server with one address or with two.
    async fn greeted(&self, outgoing: Outgoing<'_>) -> Result<Answer, Refusal> {
        if self.has.load(Ordering::Relaxed) {
            if let Some(begun) = self.begins(&outgoing).await? {
                return self.welcomed(begun, outgoing).await;
            }
            // It is learned anew.
            self.has.store(false, Ordering::Relaxed);
        }
        let answer = self.http.send(outgoing.again()).await?;
        let refused =
            [StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED];
        if !refused.contains(&answer.status) {
            return Ok(answer);
        }
        match self.begins(&outgoing).await {
            Ok(Some(begun)) => {
                self.has.store(true, Ordering::Relaxed);
                tracing::info!(server = %self.http.target().authority, "the server has two addresses (2024-11-05)");
                self.welcomed(begun, outgoing).await
            }
            Err(why) if why.code == refusal::NO_ENDPOINT.code => Err(why),
            // Nothing of the kind: what it said stands.
            Ok(None) | Err(_) => Ok(answer),
        }
    }

    /// Asks for a stream; nothing if there is none, or it does not begin with where to post.
    async fn begins(&self, outgoing: &Outgoing<'_>) -> Result<Option<Begun>, Refusal> {
        let mut headers = HeaderMap::with_capacity(2);
        headers.insert(header::ACCEPT, HeaderValue::from_static("text/event-stream"));
        let (instance, share) = (outgoing.instance, outgoing.share);
        let (verb, body) = (Method::GET, Bytes::new());
        let asks = Outgoing { verb, headers, body, message: None, instance, share, session: None };
        let opening = async {
            let answer = self.http.exchange(None, &asks).await?;
            if !answer.status.is_success() || !is_events(&answer.headers) {
                return Ok(None);
            }
            let AnswerBody::Stream(mut source) = answer.body else { return Ok(None) };
            let mut events = sse::Events::default();
            let Some(first) = next(&mut source, &mut events).await? else { return Ok(None) };
            if sse::kind(&first) != Some(&b"endpoint"[..]) {
                return Ok(None);
            }
            let said = sse::data(&first).unwrap_or_default();
            let to = endpoint(&said, self.http.target()).ok_or(refusal::NO_ENDPOINT)?;
            Ok(Some(Begun { source, events, to }))
        };
        timeout(BEGIN, opening).await.unwrap_or(Ok(None))
    }

    /// Keeps a stream that has begun, and greets the server over it.
    async fn welcomed(&self, begun: Begun, outgoing: Outgoing<'_>) -> Result<Answer, Refusal> {
        let seat = outgoing.share.take(Of::Sessions).ok_or(refusal::SESSIONS_FULL)?;
        let (id, talk) = self.keeps(begun, outgoing.instance, seat)?;
        let answer = self.within(&talk, outgoing).await;
        let id = HeaderValue::from_str(&id).map_err(|_bad| refusal::BROKEN)?;
        match answer {
            Ok(mut answer) => {
                answer.headers.insert(SESSION.clone(), id);
                Ok(answer)
            }
            Err(why) => {
                talk.stop.cancel();
                Err(why)
            }
        }
    }

    fn keeps(
        &self,
        begun: Begun,
        instance: InstanceId,
        seat: Seat,
    ) -> Result<(String, Arc<Talk>), Refusal> {
        let mut random = [0; 16];
        self.entropy.fill(&mut random);
        let id = format!("{OURS}{:032x}", u128::from_be_bytes(random));
        let Begun { source, events, to } = begun;
        let talk = Arc::new(Talk {
            order: self.order.fetch_add(1, Ordering::Relaxed),
            routes: Routes::new(Arc::clone(&self.dropped)),
            to,
            stop: CancellationToken::new(),
        });
        let key = (instance, id.clone());
        {
            let mut sessions = self.sessions.lock();
            let own = sessions.iter().filter(|((whose, _), _)| *whose == instance);
            let own: Vec<_> = own.map(|(key, talk)| (talk.order, key.clone())).collect();
            if own.len() >= PER_INSTANCE
                && let Some((_, oldest)) = own.into_iter().min()
                && let Some(gone) = sessions.remove(&oldest)
            {
                gone.stop.cancel();
            }
            if sessions.len() >= SESSIONS {
                return Err(refusal::SESSIONS_FULL);
            }
            sessions.insert(key.clone(), Arc::clone(&talk));
        }
        let (all, kept) = (Arc::clone(&self.sessions), Arc::clone(&talk));
        self.tasks.spawn(async move {
            tokio::select! {
                () = kept.stop.cancelled() => {}
                () = read((source, events), &kept.routes) => {}
                () = idle(&kept.routes) => {}
            }
            kept.stop.cancel();
            kept.routes.lock().clear();
            all.lock().remove(&key);
            drop(seat);
        });
        Ok((id, talk))
    }

    /// What comes in such a session.
    async fn within(&self, talk: &Talk, outgoing: Outgoing<'_>) -> Result<Answer, Refusal> {
        if outgoing.verb == Method::DELETE {
            talk.stop.cancel();
            return Ok(notes::empty(StatusCode::OK));
        }
        let Some(message) = outgoing.message else {
            return Ok(notes::listening(talk.routes.lock().listen()));
        };
        self.http.ear().agrees(&outgoing)?;
        self.http.ear().owns(&outgoing)?;
        let about = Ear::about(&outgoing);
        let Kind::Request { .. } = message.kind else {
            // Nothing goes out for a cancellation of what has been answered.
            if let Some(body) = Routes::tells(&talk.routes, message, &outgoing.body)? {
                self.post(talk, &outgoing, body).await?;
            }
            return Ok(notes::empty(StatusCode::ACCEPTED));
        };
        let (ticket, read, body) = Routes::asks(&talk.routes, message, &outgoing.body)?;
        self.post(talk, &outgoing, body).await?;
        let mut answer = notes::answered(ticket, read, (false, refusal::BROKEN)).await?;
        if let Some(about) = about {
            let json = is_json(&answer.headers);
            answer.body = self.http.ear().listens(about, answer.body, json).await?;
        }
        Ok(answer)
    }

    /// Posts a message where the stream said.
    async fn post(&self, talk: &Talk, outgoing: &Outgoing<'_>, body: Bytes) -> Result<(), Refusal> {
        if talk.stop.is_cancelled() {
            return Err(refusal::NO_SESSION);
        }
        let mut letter = Outgoing { body, session: None, ..outgoing.again() };
        letter.headers.remove(&SESSION);
        let sent = timeout(POSTED, self.http.exchange(Some(&talk.to), &letter)).await;
        let Answer { status, body, .. } = sent.map_err(|_late| refusal::TIMED_OUT)??;
        // What it says there is not the answer; read, its connection can be used again.
        if let AnswerBody::Stream(rest) = body {
            drop(timeout(BEGIN, collect(rest, SAID)).await);
        }
        match status {
            StatusCode::NOT_FOUND => {
                talk.stop.cancel();
                Err(refusal::NO_SESSION)
            }
            status if status.is_success() => Ok(()),
            _ => Err(refusal::BROKEN),
        }
    }

    fn ends(&self, gone: impl Fn(&InstanceId) -> bool) {
        for ((whose, _), talk) in self.sessions.lock().iter() {
            if gone(whose) {
                talk.stop.cancel();
            }
        }
    }
}

#[async_trait]
impl Upstream for Two {
    async fn send(&self, outgoing: Outgoing<'_>) -> Result<Answer, Refusal> {
        if let Some(session) = outgoing.session.filter(|session| session.starts_with(OURS)) {
            let key = (outgoing.instance, session.to_owned());
            let talk = self.sessions.lock().get(&key).cloned().ok_or(refusal::NO_SESSION)?;
            return self.within(&talk, outgoing).await;
        }
        let greets = outgoing.message.and_then(Message::method) == Some("initialize");
        if greets && outgoing.session.is_none() {
            return self.greeted(outgoing).await;
        }
        self.http.send(outgoing).await
    }

    fn revisions(&self) -> Vec<&'static str> {
        self.http.revisions()
    }

    fn began(&self, whose: InstanceId, task: &str) -> Option<Arc<str>> {
        self.http.began(whose, task)
    }

    fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    async fn end(&self, instances: &BTreeSet<InstanceId>) -> u64 {
        self.ends(|whose| instances.contains(whose));
        self.http.end(instances).await
    }

    fn tidy(&self, tenant: TenantId, state: Option<&State>) {
        self.http.tidy(tenant, state);
    }

    async fn close(&self) {
        self.ends(|_| true);
        self.http.close().await;
    }
}

/// The next event with data; nothing at the end.
async fn next(source: &mut BodyStream, events: &mut sse::Events) -> Result<Option<Bytes>, Refusal> {
    loop {
        while let Some(event) = events.next_event() {
            if sse::data(&event).is_some_and(|data| !data.is_empty()) {
                return Ok(Some(event));
            }
        }
        let Some(piece) = poll_fn(|cx| source.as_mut().poll_piece(cx)).await else {
            return Ok(None);
        };
        events.push(&piece?).map_err(|_large| refusal::ANSWER_LARGE)?;
    }
}

/// Gives everything on a stream to whom it belongs, until the stream is over.
async fn read((mut source, mut events): (BodyStream, sse::Events), routes: &Mutex<Routes>) {
    loop {
        match next(&mut source, &mut events).await {
            Ok(Some(event)) if sse::kind(&event).is_none_or(|kind| kind == b"message") => {
                let data = sse::data(&event).unwrap_or_default();
                routes.lock().arrived(&Bytes::from(data));
            }
            Ok(Some(_)) => {}
            Ok(None) => return,
            Err(why) => {
                tracing::debug!(
                    code = why.code.0,
                    "the stream of a server with two addresses broke"
                );
                return;
            }
        }
    }
}

/// Where to post, as a stream says it (WHATWG URL, of the stream's own address), if that is on the same server.
fn endpoint(said: &[u8], target: &Target) -> Option<Uri> {
    let said = std::str::from_utf8(said).ok()?.trim_ascii();
    if said.is_empty() || said.len() > ENDPOINT || said.starts_with("//") || said.contains('\\') {
        return None;
    }
    let path = if let Some((scheme, _)) = said.split_once("://") {
        let uri: Uri = said.parse().ok()?;
        let authority = uri.authority().filter(|one| !one.as_str().contains('@'))?;
        let usual = if target.tls { ("https", 443) } else { ("http", 80) };
        let port = |port: Option<u16>| port.unwrap_or(usual.1);
        let same = scheme.eq_ignore_ascii_case(usual.0)
            && authority.host().eq_ignore_ascii_case(target.authority.host())
            && port(authority.port_u16()) == port(target.authority.port_u16());
        uri.path_and_query().filter(|_| same).cloned()?
    } else if said.starts_with('/') {
        said.parse::<PathAndQuery>().ok()?
    } else {
        let own = target.path.path();
        let base = if said.starts_with('?') {
            own
        } else {
            own.rsplit_once('/').map_or("", |(folder, _)| folder)
        };
        let between = if said.starts_with('?') { "" } else { "/" };
        format!("{base}{between}{said}").parse::<PathAndQuery>().ok()?
    };
    let plain = path.path().split('/').all(|part| !matches!(part, "." | ".."));
    plain.then(|| Uri::from(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_to_post_is_on_the_same_server() {
        let target = Target::parse("http://Mail.example:8080/a/sse?x=1").unwrap();
        for (said, wanted) in [
            ("/message?sessionId=7", Some("/message?sessionId=7")),
            ("message?sessionId=7", Some("/a/message?sessionId=7")),
            ("?sessionId=7", Some("/a/sse?sessionId=7")),
            (" http://mail.example:8080/m ", Some("/m")),
            ("HTTP://mail.example:8080/m", Some("/m")),
            ("http://mail.example/m", None),
            ("https://mail.example:8080/m", None),
            ("http://evil.example:8080/m", None),
            ("http://mail.example:8080@evil.example/m", None),
            ("//evil.example/m", None),
            ("/\\evil.example/m", None),
            ("/a/../m", None),
            ("/a b", None),
            ("ftp://mail.example:8080/m", None),
            ("", None),
        ] {
            let found = endpoint(said.as_bytes(), &target).map(|uri| uri.to_string());
            assert_eq!(found.as_deref(), wanted, "{said}");
        }
        let long = format!("/{}", "x".repeat(ENDPOINT));
        assert_eq!(endpoint(long.as_bytes(), &target), None);
        let usual = Target::parse("https://mail.example/sse").unwrap();
        assert!(endpoint(b"https://mail.example:443/m", &usual).is_some());
    }
}
