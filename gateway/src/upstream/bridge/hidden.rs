//! A session at a session-based server that its client, a stateless one, knows nothing of: opened on first use, shared by what
//! one instance asks in one name, and left when it is idle.
//!
//! Never here: a session of two instances; the words of either generation (`writ_mcp::lower`); a request under way (`call.rs`).

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Method, StatusCode};
use parking_lot::Mutex;
use tokio::{sync::watch, time::timeout};
use tokio_util::sync::CancellationToken;
use writ_mcp::{
    lower::{self, Declared, Wants},
    raise,
    words::{RPC_METHOD, SESSION_BASED},
};
use writ_model::json::{self, Limits, Node};

use super::wire::{Messages, Road, ahead, of_session, pause};
use crate::{
    fair::Seat,
    mcp::header::SESSION,
    refusal::{self, Refusal},
    upstream::pipe::{Feed, Room, Tap, pipe},
};

/// LIMIT: how long a server may take to begin a session or to answer what we ask on our own.
const BEGIN: Duration = Duration::from_secs(30);
/// LIMIT: how long what needs no answer may take.
const TELL: Duration = Duration::from_secs(5);
/// LIMIT: requests under way in one session.
const CALLS: usize = 256;
/// LIMIT: messages of the listening stream, and kibibytes of them, that wait for one call; more are counted and refused.
const HEARD: usize = 32;
const HEARD_KIB: u32 = 4 << 10;
/// The pause before a listening stream that ended is opened again; each later one is twice as long.
const PAUSE: Duration = Duration::from_secs(1);
/// LIMIT: the longest pause.
const LONGEST: Duration = Duration::from_mins(1);

/// One session.
#[derive(Debug)]
pub(super) struct Hidden {
    pub(super) road: Road,
    session: Option<String>,
    revision: String,
    /// The answer to `initialize`.
    pub(super) greeting: Bytes,
    can: Vec<u8>,
    numbers: AtomicU64,
    level: tokio::sync::Mutex<Option<&'static str>>,
    /// Requests under way, and whether each waits for its client.
    calls: Mutex<BTreeMap<u64, (Feed<Bytes>, bool)>>,
    listeners: Mutex<BTreeMap<u64, (Wants, Feed<Bytes>)>>,
    /// How many listeners each subscribed resource has.
    watched: tokio::sync::Mutex<BTreeMap<String, usize>>,
    hears: AtomicBool,
    /// Whether the listening stream is open, or there is none.
    settled: watch::Sender<bool>,
    pub(super) stop: CancellationToken,
    _seat: Seat,
}

/// What came of trying to begin one.
pub(super) enum Begun {
    /// A session.
    Session(Arc<Hidden>),
    /// The server refuses: it is no session-based one.
    Refused,
}

impl Hidden {
    /// Begins a session in a client's name.
    ///
    /// # Errors
    /// If the server cannot be reached or does not answer.
    pub(super) async fn begin(
        road: Road,
        declared: &Declared,
        seat: Seat,
    ) -> Result<Begun, Refusal> {
        let opening = async {
            let answer = road.post(of_session(None, None), None, declared.initialize(1)).await?;
            let session = answer.headers.get(&SESSION).and_then(|id| id.to_str().ok());
            let session = session.map(str::to_owned);
            let message = if answer.status.is_success() {
                answered(&mut Messages::of(answer), 1).await?
            } else {
                None
            };
            Ok((session, message))
        };
        let Ok(opened) = timeout(BEGIN, opening).await else { return Err(refusal::TIMED_OUT) };
        let (session, Some(greeting)) = opened? else { return Ok(Begun::Refused) };
        let revision = {
            let node = json::parse(&greeting, &Limits::ANSWER).map_err(|_bad| refusal::BROKEN)?;
            let named = node.pointer("/result/protocolVersion").and_then(Node::as_str);
            named.filter(|named| SESSION_BASED.contains(named)).map(str::to_owned)
        };
        let Some(revision) = revision else { return Ok(Begun::Refused) };
        let hidden = Arc::new(Self {
            road,
            session,
            revision,
            greeting,
            can: declared.can().to_vec(),
            numbers: AtomicU64::new(1),
            level: tokio::sync::Mutex::new(None),
            calls: Mutex::default(),
            listeners: Mutex::default(),
            watched: tokio::sync::Mutex::default(),
            hears: AtomicBool::new(false),
            settled: watch::Sender::new(false),
            stop: CancellationToken::new(),
            _seat: seat,
        });
        hidden.tell(lower::tell("notifications/initialized", b"{}")).await?;
        if declared.answers() {
            // What the server asks there before anybody listens would be lost.
            hidden.hear();
            hidden.settles().await;
        }
        Ok(Begun::Session(hidden))
    }

    /// What the client can that it was begun for.
    pub(super) fn can(&self) -> &[u8] {
        &self.can
    }

    /// Whether the server knows it by an id.
    pub(super) fn is_named(&self) -> bool {
        self.session.is_some()
    }

    /// A number that no other request of the session has.
    pub(super) fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Sends a message in the session.
    ///
    /// # Errors
    /// If it cannot be sent.
    pub(super) async fn send(&self, body: Vec<u8>) -> Result<crate::upstream::Answer, Refusal> {
        let session = self.session.as_deref();
        self.road.post(of_session(session, Some(&self.revision)), session, body).await
    }

    /// Sends what needs no answer.
    ///
    /// # Errors
    /// If it cannot be sent, or is refused.
    pub(super) async fn tell(&self, body: Vec<u8>) -> Result<(), Refusal> {
        match timeout(TELL, self.send(body)).await {
            Ok(Ok(answer)) if answer.status.is_success() => Ok(()),
            Ok(Ok(_)) => Err(refusal::BROKEN),
            Ok(Err(refusal)) => Err(refusal),
            Err(_) => Err(refusal::TIMED_OUT),
        }
    }

    /// Makes a request of ours; says whether it had a result.
    async fn asks(&self, method: &str, params: &[u8]) -> Result<bool, Refusal> {
        let number = self.number();
        let asked = async {
            let answer = self.send(lower::own(method, number, params)).await?;
            answered(&mut Messages::of(answer), number).await
        };
        match timeout(BEGIN, asked).await {
            Ok(answer) => Ok(answer?.is_some()),
            Err(_) => Err(refusal::TIMED_OUT),
        }
    }

    /// Lets the server send its log from this level on, if it has one.
    pub(super) async fn hears_log(self: &Arc<Self>, level: &'static str) -> Result<(), Refusal> {
        let logs = json::parse(&self.greeting, &Limits::ANSWER)
            .is_ok_and(|node| node.pointer("/result/capabilities/logging").is_some());
        if !logs {
            return Ok(());
        }
        self.hear();
        let mut known = self.level.lock().await;
        if *known != Some(level) {
            let params = format!(r#"{{"level":"{level}"}}"#);
            self.asks("logging/setLevel", params.as_bytes()).await?;
            *known = Some(level);
        }
        Ok(())
    }

    /// A request begins: what the listening stream has for it comes here.
    ///
    /// # Errors
    /// If there are too many.
    pub(super) fn calls(&self, number: u64) -> Result<Tap<Bytes>, Refusal> {
        let mut calls = self.calls.lock();
        if calls.len() >= CALLS {
            return Err(refusal::BUSY);
        }
        let (tell, heard) = pipe(HEARD, &Room::new(HEARD_KIB));
        calls.insert(number, (tell, false));
        Ok(heard)
    }

    /// A request waits for its client, or goes on.
    pub(super) fn waits(&self, number: u64, waits: bool) {
        if let Some((_, known)) = self.calls.lock().get_mut(&number) {
            *known = waits;
        }
    }

    /// A request is over.
    pub(super) fn called(&self, number: u64) {
        self.calls.lock().remove(&number);
    }

    /// Answers a request of the server's.
    ///
    /// # Errors
    /// If the answer cannot be sent.
    pub(super) async fn answers(&self, id: &[u8], key: &str, value: &[u8]) -> Result<(), Refusal> {
        self.tell(raise::whole(id, key, value)).await
    }

    /// Somebody listens; what is heard comes here. Subscribes to what is wanted, and says what of it the server took.
    pub(super) async fn listens(
        self: &Arc<Self>,
        number: u64,
        mut wants: Wants,
        left: impl Fn() -> bool + Send,
    ) -> (Wants, Tap<Bytes>) {
        let (tell, heard) = ahead();
        self.listeners.lock().insert(number, (wants.clone(), tell));
        self.hear();
        self.settles().await;
        let mut watched = self.watched.lock().await;
        let mut taken = Vec::with_capacity(wants.uris.len());
        for uri in wants.uris {
            // Nothing more is asked of the server for who has left or was ended.
            if left() || self.stop.is_cancelled() {
                break;
            }
            let known = watched.get(&uri).copied().unwrap_or_default();
            let took = known > 0 || self.subscribes("resources/subscribe", &uri).await;
            if took {
                watched.insert(uri.clone(), known + 1);
                taken.push(uri);
            }
        }
        wants.uris = taken;
        if let Some((known, _)) = self.listeners.lock().get_mut(&number) {
            known.clone_from(&wants);
        }
        (wants, heard)
    }

    /// Nobody listens there any more.
    pub(super) async fn listened(&self, number: u64, wants: &Wants) {
        self.listeners.lock().remove(&number);
        let mut watched = self.watched.lock().await;
        for uri in &wants.uris {
            match watched.get_mut(uri) {
                Some(count) if *count > 1 => *count -= 1,
                Some(_) => {
                    watched.remove(uri);
                    self.subscribes("resources/unsubscribe", uri).await;
                }
                None => {}
            }
        }
    }

    async fn subscribes(&self, method: &str, uri: &str) -> bool {
        let params = serde_json::json!({ "uri": uri }).to_string();
        matches!(self.asks(method, params.as_bytes()).await, Ok(true))
    }

    /// Leaves the session.
    pub(super) fn leave(self: &Arc<Self>) {
        self.stop.cancel();
        if self.session.is_none() {
            return;
        }
        let this = Arc::clone(self);
        drop(tokio::spawn(async move {
            let session = this.session.as_deref();
            let headers = of_session(session, Some(&this.revision));
            if timeout(TELL, this.road.bare(Method::DELETE, headers, session)).await.is_err() {
                tracing::debug!("a server did not hear that a session is over");
            }
        }));
    }

    /// Opens the listening stream, once.
    fn hear(self: &Arc<Self>) {
        if self.hears.swap(true, Ordering::AcqRel) {
            return;
        }
        let (this, stop) = (Arc::clone(self), self.stop.clone());
        drop(tokio::spawn(async move {
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = this.listen() => {}
            }
        }));
    }

    /// Returns when the listening stream is open, or cannot be had.
    async fn settles(&self) {
        let mut settled = self.settled.subscribe();
        if timeout(TELL, settled.wait_for(|settled| *settled)).await.is_err() {
            tracing::debug!("a server's listening stream is not open in time");
        }
    }

    async fn listen(&self) {
        let session = self.session.as_deref();
        let mut wait = PAUSE;
        loop {
            let headers = of_session(session, Some(&self.revision));
            match self.road.bare(Method::GET, headers, session).await {
                Ok(answer) if answer.status.is_success() => {
                    self.settled.send_replace(true);
                    wait = PAUSE;
                    let mut messages = Messages::of(answer);
                    while let Some(Ok(message)) = messages.next().await {
                        self.heard(&message).await;
                    }
                }
                // It has no such stream; that is allowed.
                Ok(answer) if answer.status == StatusCode::METHOD_NOT_ALLOWED => {
                    self.settled.send_replace(true);
                    return;
                }
                Ok(_) | Err(_) => {}
            }
            self.settled.send_replace(true);
            pause(wait).await;
            wait = (wait * 2).min(LONGEST);
        }
    }

    /// A message of the listening stream: what asks goes to the oldest call that the server is at work on, because it does not
    /// say which one it is for.
    async fn heard(&self, message: &Bytes) {
        let Ok(node) = json::parse(message, &Limits::ANSWER) else { return };
        let Some(method) = node.get("method").and_then(Node::as_str) else { return };
        let token = node.pointer("/params/progressToken").and_then(Node::as_i64);
        let of_token = token.and_then(|token| u64::try_from(token).ok());
        let call = {
            let calls = self.calls.lock();
            let of_token = of_token.and_then(|number| calls.get(&number));
            let runs = || calls.values().find(|(_, waits)| !waits);
            let call = of_token.or_else(runs).or_else(|| calls.values().next());
            call.map(|(call, _)| call.clone())
        };
        let taken = |call: Option<Feed<Bytes>>| {
            let taken = call.is_some_and(|call| call.try_send(message.clone()).is_ok());
            if !taken {
                self.road.drops();
            }
            taken
        };
        match node.get("id") {
            Some(id) => {
                let id = id.bytes_in(message).to_vec();
                let pings = method == "ping";
                drop(node);
                if pings || !taken(call) {
                    self.refuses(&id, pings).await;
                }
            }
            None if matches!(method, "notifications/progress" | "notifications/message") => {
                if !taken(call) {
                    tracing::debug!("a server's notice was for no call");
                }
            }
            None => self.spread(&node, message),
        }
    }

    /// Answers a `ping`, or says that nobody is there to be asked.
    pub(super) async fn refuses(&self, id: &[u8], pings: bool) {
        let error = serde_json::json!({
            "code": RPC_METHOD,
            "message": "no call of the client is under way in which it could be asked this",
        });
        let error = error.to_string();
        let (key, value) = if pings { ("result", "{}") } else { ("error", &*error) };
        if self.answers(id, key, value.as_bytes()).await.is_err() {
            tracing::debug!("a server did not take an answer");
        }
    }

    fn spread(&self, node: &Node<'_>, message: &Bytes) {
        // Who does not read is cut off, and begins anew.
        self.listeners.lock().retain(|_, (wants, tell)| {
            let reads = !wants.takes(node) || tell.try_send(message.clone()).is_ok();
            if !reads {
                self.road.drops();
            }
            reads
        });
    }
}

/// The answer to one of our requests, if it has a result; nothing if it is an error, or there is none.
async fn answered(messages: &mut Messages, number: u64) -> Result<Option<Bytes>, Refusal> {
    let wanted = i64::try_from(number).ok();
    while let Some(message) = messages.next().await {
        let message = message?;
        let Ok(node) = json::parse(&message, &Limits::ANSWER) else { return Ok(None) };
        if node.get("method").is_some() {
            continue;
        }
        let ours = node.get("id").and_then(Node::as_i64) == wanted;
        let has = ours && node.get("result").is_some();
        drop(node);
        return Ok(has.then_some(message));
    }
    Ok(None)
}
