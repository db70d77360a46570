//! stdio to Streamable HTTP: each line of the client is one POST; answers, and what streams bring, are lines back.
//!
//! Never here: a message changed on its way, or a request sent twice because an answer was slow.
//! To carry one more thing the transport defines: `Bridge::answer` for what comes on a POST, `Bridge::listen` for GET.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header};
use hyper::body::Incoming;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::{
    io::{AsyncBufRead, AsyncWrite},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use writ_gateway::mcp::params::{News, Params};

use super::{
    error_of,
    lines::{self, Line, Outbox},
    refusal,
};
use crate::{
    carry::{Carrier, Parcel},
    fault::{Exit, Fault},
    mcp::{
        Message, Revision, Shape, client::is, code, headers, message::error_answer, params,
        sse::Events,
    },
    net,
};

/// LIMIT: requests on their way at once; one more waits in the pipe.
const IN_FLIGHT: usize = 64;
/// LIMIT: time for a message that needs no answer to be accepted, and for answers still out when the client leaves.
const SHORT: Duration = Duration::from_secs(30);
/// LIMIT: attempts to take up a broken stream again.
const RESUMES: usize = 3;
/// The pause before the GET stream is opened again.
const PAUSE: Duration = Duration::from_secs(1);

/// A request on its way.
#[derive(Debug, Clone)]
struct Flight {
    cancel: CancellationToken,
    stateless: bool,
}

#[derive(Debug)]
struct Bridge {
    carrier: Carrier,
    uri: Uri,
    outbox: Outbox,
    /// Session id and revision, as `initialize` settled them.
    session: Mutex<(Option<String>, Option<String>)>,
    /// What the listed tools want repeated in headers.
    params: Mutex<Params>,
    flights: Mutex<BTreeMap<String, Flight>>,
    slots: Arc<Semaphore>,
    tasks: TaskTracker,
    closing: CancellationToken,
    ended: Mutex<Option<Fault>>,
}

/// Carries lines until the client closes its end.
///
/// # Errors
/// [`Exit::Ended`] if this agent's authority ended meanwhile; otherwise if stdio fails.
pub async fn run<R, W>(carrier: Carrier, uri: Uri, mut input: R, output: W) -> Result<(), Fault>
where
    R: AsyncBufRead + Unpin,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let (outbox, writer) = Outbox::new();
    let bridge = Arc::new(Bridge {
        carrier,
        uri,
        outbox,
        session: Mutex::default(),
        params: Mutex::default(),
        flights: Mutex::default(),
        slots: Arc::new(Semaphore::new(IN_FLIGHT)),
        tasks: TaskTracker::new(),
        closing: CancellationToken::new(),
        ended: Mutex::default(),
    });
    let writing = tokio::spawn(writer.run(output));
    loop {
        let line = lines::read(&mut input, lines::FROM_CLIENT).await;
        match line.map_err(|error| Fault::unreachable(format!("cannot read stdin: {error}")))? {
            Line::End => break,
            Line::TooLong => {
                let why = "the message is larger than 1 MiB";
                bridge.say_error(code::INVALID_REQUEST, why).await;
            }
            Line::Whole(line) => bridge.take(line).await,
        }
    }
    bridge.close().await;
    let ended = bridge.ended.lock().take();
    drop(bridge);
    // The writer ends once the last task that could put a line is gone.
    let _stopped = tokio::time::timeout(SHORT, writing).await;
    ended.map_or(Ok(()), Err)
}

impl Bridge {
    async fn take(self: &Arc<Self>, line: Bytes) {
        let message = match Message::read(&line) {
            Ok(message) => message,
            Err(unread) => return self.say_error(unread.code, &unread.why).await,
        };
        if message.shape == Shape::Request {
            return self.launch(message, line).await;
        }
        if self.abandons(&message) {
            return;
        }
        match tokio::time::timeout(SHORT, self.post(&message, line)).await {
            Ok(Ok(response)) if response.status().is_success() => {
                if message.method == "notifications/initialized" {
                    let bridge = Arc::clone(self);
                    self.tasks.spawn(async move { bridge.listen().await });
                }
            }
            Ok(Ok(response)) => {
                tracing::warn!(method = message.method, status = %response.status(), "not accepted");
            }
            Ok(Err(fault)) => self.note(&fault),
            Err(_elapsed) => tracing::warn!(method = message.method, "not accepted in time"),
        }
    }

    /// Revision 2026-07-28: leaving the response is the cancellation; there is no notice to send.
    fn abandons(&self, message: &Message) -> bool {
        let Some(cancels) = &message.cancels else { return false };
        let flight = self.flights.lock().get(cancels).cloned();
        match flight {
            Some(flight) if flight.stateless => {
                flight.cancel.cancel();
                true
            }
            _ => false,
        }
    }

    async fn launch(self: &Arc<Self>, message: Message, line: Bytes) {
        let Ok(slot) = Arc::clone(&self.slots).acquire_owned().await else { return };
        let flight = Flight {
            cancel: CancellationToken::new(),
            stateless: message.version.as_deref() == Some(Revision::V2026.text()),
        };
        self.flights.lock().insert(message.id.clone(), flight.clone());
        let bridge = Arc::clone(self);
        self.tasks.spawn(async move {
            tokio::select! {
                () = flight.cancel.cancelled() => {}
                () = bridge.exchange(&message, line) => {}
            }
            bridge.flights.lock().remove(&message.id);
            drop(slot);
        });
    }

    async fn exchange(&self, message: &Message, line: Bytes) {
        match self.post(message, line).await {
            Ok(response) => self.answer(message, response).await,
            Err(fault) => {
                self.note(&fault);
                self.say_fault(&message.id, &fault).await;
            }
        }
    }

    async fn post(&self, message: &Message, line: Bytes) -> Result<Response<Incoming>, Fault> {
        let (session, version) =
            if message.method == "initialize" { (None, None) } else { self.session.lock().clone() };
        let mut headers = headers::of_post(message, session.as_deref(), version.as_deref());
        if let Some(tool) = message.name.as_deref().filter(|_| is_modern(message, "tools/call")) {
            params::put(&self.params.lock(), tool, &line, &mut headers);
        }
        let parcel = Parcel { method: Method::POST, uri: self.uri.clone(), headers, body: line };
        self.carrier.send(&parcel).await
    }

    async fn answer(&self, message: &Message, response: Response<Incoming>) {
        let (parts, body) = response.into_parts();
        if parts.status == StatusCode::OK && is(&parts.headers, "text/event-stream") {
            return self.stream(message, &parts.headers, Events::new(body)).await;
        }
        let body = match net::whole(body, net::ANSWER).await {
            Ok(body) => body,
            Err(why) => {
                let fault = Fault::unreachable(why.to_string());
                return self.say_fault(&message.id, &fault).await;
            }
        };
        if parts.status == StatusCode::OK && is(&parts.headers, "application/json") {
            self.settle(message, &parts.headers, &body);
            self.outbox.put(body).await;
            return;
        }
        self.outbox.put(refusal(message, parts.status, &parts.headers, &body)).await;
    }

    /// Brings a stream's events until the answer came; takes a broken one up again where the server allows it.
    async fn stream(&self, message: &Message, head: &HeaderMap, mut events: Events) {
        let mut last = None;
        for attempt in 0..=RESUMES {
            while let Ok(Some(event)) = events.next().await {
                last = event.id.or(last);
                if event.data.is_empty() {
                    continue;
                }
                let answered = Message::read_answer(event.data.as_bytes());
                let done = answered.as_ref() == Some(&message.id);
                if done {
                    self.settle(message, head, event.data.as_bytes());
                }
                self.outbox.put(event.data).await;
                if done {
                    return;
                }
            }
            let again = match &last {
                Some(last) if attempt < RESUMES => self.open(Some(last)).await,
                _ => None,
            };
            match again {
                Some(again) => events = again,
                None => break,
            }
        }
        let fault = Fault::unreachable("the stream was cut before the answer came");
        self.say_fault(&message.id, &fault).await;
    }

    /// Remembers what `initialize` settled, and what listed tools want.
    fn settle(&self, message: &Message, head: &HeaderMap, body: &[u8]) {
        if is_modern(message, "tools/list") {
            let news = News::of(body);
            self.params.lock().learn(news);
        }
        if message.method != "initialize" {
            return;
        }
        let answer: Value = serde_json::from_slice(body).unwrap_or_default();
        let version = answer.pointer("/result/protocolVersion").and_then(Value::as_str);
        let session = head.get(headers::SESSION).and_then(|value| value.to_str().ok());
        *self.session.lock() = (session.map(str::to_owned), version.map(str::to_owned));
    }

    /// The GET stream: what the server says by itself.
    async fn listen(&self) {
        let mut last: Option<String> = None;
        let mut failures = 0;
        while failures < RESUMES && !self.closing.is_cancelled() {
            let Some(mut events) = self.open(last.as_deref()).await else { return };
            loop {
                let event = tokio::select! {
                    () = self.closing.cancelled() => return,
                    event = events.next() => event,
                };
                let Ok(Some(event)) = event else { break };
                failures = 0;
                last = event.id.or(last);
                if !event.data.is_empty() {
                    self.outbox.put(event.data).await;
                }
            }
            failures += 1;
            let _paused = tokio::time::timeout(PAUSE, self.closing.cancelled()).await;
        }
    }

    async fn open(&self, last: Option<&str>) -> Option<Events> {
        let mut head = self.session_headers()?;
        if let Some(last) = last {
            headers::put(&mut head, headers::LAST_EVENT, last);
        }
        head.insert(header::ACCEPT, HeaderValue::from_static("text/event-stream"));
        let response = self.carrier.send(&self.bare(Method::GET, head)).await.ok()?;
        let streams =
            response.status() == StatusCode::OK && is(response.headers(), "text/event-stream");
        streams.then(|| Events::new(response.into_body()))
    }

    /// Waits for what is still out, then tells the server that the session is over.
    async fn close(&self) {
        self.closing.cancel();
        self.tasks.close();
        let _waited = tokio::time::timeout(SHORT, self.tasks.wait()).await;
        let Some(head) = self.session_headers() else { return };
        if let Err(fault) = self.carrier.send(&self.bare(Method::DELETE, head)).await {
            tracing::debug!(%fault, "session not closed");
        }
    }

    /// The headers of a request in the session; `None` if there is no session.
    fn session_headers(&self) -> Option<HeaderMap> {
        let (session, version) = self.session.lock().clone();
        let mut head = HeaderMap::new();
        headers::put(&mut head, headers::SESSION, &session?);
        if let Some(version) = version {
            headers::put(&mut head, headers::VERSION, &version);
        }
        Some(head)
    }

    fn bare(&self, method: Method, headers: HeaderMap) -> Parcel {
        Parcel { method, uri: self.uri.clone(), headers, body: Bytes::new() }
    }

    fn note(&self, fault: &Fault) {
        tracing::warn!(%fault, "not sent");
        if fault.exit == Exit::Ended {
            *self.ended.lock() = Some(fault.clone());
        }
    }

    async fn say_fault(&self, id: &str, fault: &Fault) {
        let (code, message, data) = error_of(fault);
        self.outbox.put(error_answer(id, code, &message, &data)).await;
    }

    async fn say_error(&self, code: i64, why: &str) {
        self.outbox.put(error_answer("", code, why, &Value::Null)).await;
    }
}

/// Whether a message is a request of this method in 2026-07-28.
fn is_modern(message: &Message, method: &str) -> bool {
    message.method == method && message.version.as_deref() == Some(Revision::V2026.text())
}

#[cfg(test)]
mod tests;
