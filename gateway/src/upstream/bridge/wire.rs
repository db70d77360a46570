//! Exchanges that the bridge makes itself: what goes out with its headers, and what comes back as messages, whether it is one
//! JSON text or a stream of events.
//!
//! Never here: what a message says.

use std::{
    future::{pending, poll_fn},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use tokio::time::timeout;
use writ_model::{
    InstanceId,
    json::{self, Limits, Node},
};

use crate::{
    fair::Share,
    mcp::{
        header::{METHOD, MODERN, NAME, SESSION, VERSION},
        params::Params,
        parse, sse,
    },
    refusal::{self, Refusal},
    upstream::{
        Answer, AnswerBody, BodyStream, Outgoing, Pieces, Upstream,
        pipe::{Feed, Room, Tap, Weighs, pipe},
    },
};

/// LIMIT: messages, and kibibytes of them, on their way to one reader; a slow one slows its server.
const AHEAD: usize = 64;
const AHEAD_KIB: u32 = 4 << 10;

/// A pipe to one reader.
pub(super) fn ahead<T: Weighs>() -> (Feed<T>, Tap<T>) {
    pipe(AHEAD, &Room::new(AHEAD_KIB))
}

/// The way to a server, for one instance.
#[derive(Debug, Clone)]
pub(super) struct Road {
    pub(super) inner: Arc<dyn Upstream>,
    pub(super) instance: InstanceId,
    pub(super) share: Arc<Share>,
    /// Where messages are counted that nobody got.
    pub(super) dropped: Arc<AtomicU64>,
}

impl Road {
    /// A message of the server's is given up.
    pub(super) fn drops(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// Sends one message.
    ///
    /// # Errors
    /// If it cannot be sent, or no answer can be had.
    pub(super) async fn post(
        &self,
        headers: HeaderMap,
        session: Option<&str>,
        body: Vec<u8>,
    ) -> Result<Answer, Refusal> {
        let body = Bytes::from(body);
        // What is put around a request may take it past the bound of requests, but not of answers.
        let node = json::parse(&body, &Limits::ANSWER).map_err(Refusal::json)?;
        let message = parse::message(&node)?;
        let outgoing = Outgoing {
            verb: Method::POST,
            headers,
            body: body.clone(),
            message: Some(&message),
            instance: self.instance,
            share: &self.share,
            session,
        };
        self.inner.send(outgoing).await
    }

    /// GET or DELETE.
    ///
    /// # Errors
    /// As [`Road::post`].
    pub(super) async fn bare(
        &self,
        verb: Method,
        headers: HeaderMap,
        session: Option<&str>,
    ) -> Result<Answer, Refusal> {
        let body = Bytes::new();
        let (instance, share) = (self.instance, &self.share);
        let message = None;
        let outgoing = Outgoing { verb, headers, body, message, instance, share, session };
        self.inner.send(outgoing).await
    }
}

/// The headers of a message to a session-based server.
pub(super) fn of_session(session: Option<&str>, revision: Option<&str>) -> HeaderMap {
    let mut headers = plain();
    for (name, value) in [(&VERSION, revision), (&SESSION, session)] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            headers.insert(name.clone(), value);
        }
    }
    headers
}

/// The headers of a message to a stateless server, which repeat what its body says (SEP-2243).
pub(super) fn stateless(body: &[u8], params: &Params) -> HeaderMap {
    let mut headers = plain();
    headers.insert(VERSION.clone(), HeaderValue::from_static(MODERN));
    let Ok(node) = json::parse(body, &Limits::ANSWER) else { return headers };
    let text = |pointer| node.pointer(pointer).and_then(Node::as_str);
    let Some(method) = text("/method") else { return headers };
    put(&mut headers, METHOD.clone(), method);
    let name = match method {
        "tools/call" | "prompts/get" => text("/params/name"),
        "resources/read" => text("/params/uri"),
        _ => None,
    };
    if let Some(name) = name {
        put(&mut headers, NAME.clone(), name);
    }
    if let Some(tool) = name.filter(|_| method == "tools/call") {
        for (header, value) in params.of(tool, node.pointer("/params/arguments")) {
            if let Some(value) = value {
                put(&mut headers, header, &value);
            }
        }
    }
    headers
}

fn plain() -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let both = HeaderValue::from_static("application/json, text/event-stream");
    headers.insert(header::ACCEPT, both);
    headers
}

/// A text as a header: itself if it is visible ASCII without outer blanks, otherwise in base64.
fn put(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    let visible = text.bytes().all(|byte| (0x20..=0x7e).contains(&byte)) && text.trim() == text;
    let wrapped = text.starts_with("=?base64?") && text.ends_with("?=");
    let text = if visible && !wrapped {
        text.to_owned()
    } else {
        format!("=?base64?{}?=", STANDARD.encode(text))
    };
    if let Ok(value) = HeaderValue::from_str(&text) {
        headers.insert(name, value);
    }
}

/// The messages of an answer, one by one. Dropping it leaves the answer.
pub(super) struct Messages {
    stream: Option<BodyStream>,
    buffer: BytesMut,
    /// Nothing for one JSON text.
    events: Option<sse::Events>,
}

impl Messages {
    pub(super) fn of(answer: Answer) -> Self {
        let kind = answer.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let streams = kind.is_some_and(|kind| kind.trim_start().starts_with("text/event-stream"));
        let mut this = Self {
            stream: None,
            buffer: BytesMut::new(),
            events: streams.then(sse::Events::default),
        };
        match (answer.body, &mut this.events) {
            (AnswerBody::Stream(stream), _) => this.stream = Some(stream),
            (AnswerBody::Whole(bytes), None) => this.buffer = BytesMut::from(&bytes[..]),
            // As large as an answer may be at most: it has been collected.
            (AnswerBody::Whole(bytes), Some(events)) => drop(events.push(&bytes)),
        }
        this
    }

    /// The next message; nothing at the end. Nothing is lost if it is not waited for to the end.
    pub(super) async fn next(&mut self) -> Option<Result<Bytes, Refusal>> {
        loop {
            if let Some(events) = &mut self.events {
                while let Some(event) = events.next_event() {
                    if let Some(data) = sse::data(&event).filter(|data| !data.is_empty()) {
                        return Some(Ok(Bytes::from(data)));
                    }
                }
            }
            let Some(stream) = &mut self.stream else {
                return (!self.buffer.is_empty()).then(|| Ok(self.buffer.split().freeze()));
            };
            let piece = match poll_fn(|cx| stream.as_mut().poll_piece(cx)).await {
                None => {
                    self.stream = None;
                    continue;
                }
                Some(Ok(piece)) => piece,
                Some(Err(refusal)) => {
                    (self.stream, self.buffer) = (None, BytesMut::new());
                    return Some(Err(refusal));
                }
            };
            let fits = if let Some(events) = &mut self.events {
                events.push(&piece).is_ok()
            } else {
                let fits = self.buffer.len() + piece.len() <= Limits::ANSWER.bytes;
                self.buffer.extend_from_slice(if fits { &piece } else { &[] });
                fits
            };
            if !fits {
                (self.stream, self.buffer) = (None, BytesMut::new());
                return Some(Err(refusal::ANSWER_LARGE));
            }
        }
    }
}

/// An answer of one JSON text.
pub(super) fn json(status: StatusCode, message: Vec<u8>) -> Answer {
    let mut headers = HeaderMap::with_capacity(2);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Answer { status, headers, body: AnswerBody::Whole(Bytes::from(message)) }
}

/// An answer to what expects none.
pub(super) fn accepted() -> Answer {
    let body = AnswerBody::Whole(Bytes::new());
    Answer { status: StatusCode::ACCEPTED, headers: HeaderMap::new(), body }
}

/// Lets time pass; whoever waits for something else beside it goes on at once.
pub(super) async fn pause(time: Duration) {
    drop(timeout(time, pending::<()>()).await);
}

/// What comes through a channel, as a stream of events.
pub(super) type Pipe = Tap<Result<Bytes, Refusal>>;

/// An answer that is a stream.
pub(super) fn stream(pipe: Pipe) -> Answer {
    let mut headers = HeaderMap::with_capacity(2);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    let body = AnswerBody::Stream(Box::pin(Reader(pipe)));
    Answer { status: StatusCode::OK, headers, body }
}

struct Reader(Pipe);

impl Pieces for Reader {
    fn poll_piece(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Refusal>>> {
        self.0.poll_recv(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::params::News;

    fn answer(kind: &'static str, body: AnswerBody) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        Answer { status: StatusCode::OK, headers, body }
    }

    async fn all(mut messages: Messages) -> Vec<String> {
        let mut out = Vec::new();
        while let Some(message) = messages.next().await {
            out.push(match message {
                Ok(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
                Err(refusal) => refusal.code.0.to_owned(),
            });
        }
        out
    }

    #[tokio::test]
    async fn messages_are_the_same_whole_or_in_pieces() {
        let events = "data: 1\n\n: ping\n\ndata: 2\n\n";
        let whole = |text: &'static str| AnswerBody::Whole(Bytes::from_static(text.as_bytes()));
        let pieces = |text: &str| {
            let (tx, rx) = ahead();
            for piece in text.as_bytes().chunks(5) {
                tx.try_send(Ok(Bytes::copy_from_slice(piece))).unwrap();
            }
            AnswerBody::Stream(Box::pin(Reader(rx)))
        };
        let kind = "text/event-stream";
        assert_eq!(all(Messages::of(answer(kind, whole(events)))).await, ["1", "2"]);
        assert_eq!(all(Messages::of(answer(kind, pieces(events)))).await, ["1", "2"]);
        let kind = "application/json; charset=utf-8";
        assert_eq!(all(Messages::of(answer(kind, whole("{\"a\":1}")))).await, ["{\"a\":1}"]);
        assert_eq!(all(Messages::of(answer(kind, pieces("{\"a\":1}")))).await, ["{\"a\":1}"]);
        assert!(all(Messages::of(answer(kind, whole("")))).await.is_empty());
        let (tx, rx) = ahead();
        tx.try_send(Ok(Bytes::from_static(b"{"))).unwrap();
        tx.try_send(Err(refusal::BROKEN)).unwrap();
        drop(tx);
        let cut = AnswerBody::Stream(Box::pin(Reader(rx)));
        assert_eq!(all(Messages::of(answer(kind, cut))).await, ["GATE-0052"]);
    }

    #[test]
    fn headers_repeat_the_body() {
        let mut params = Params::default();
        params.learn(News::of(
            br#"{"result":{"tools":[{"name":"send","inputSchema":{"properties":{"region":{"type":"string","x-mcp-header":"Region"}}}}]}}"#,
        ));
        let call = br#"{"method":"tools/call","params":{"name":"send","arguments":{"region":"Z\u00fcrich"}}}"#;
        let headers = stateless(call, &params);
        assert_eq!([headers[&METHOD].clone(), headers[&NAME].clone()], ["tools/call", "send"]);
        assert_eq!(headers["mcp-param-region"], "=?base64?WsO8cmljaA==?=");
        let read = stateless(br#"{"method":"resources/read","params":{"uri":" a://1"}}"#, &params);
        assert_eq!(read[&NAME], "=?base64?IGE6Ly8x?=");
        assert_eq!(of_session(Some("s"), None).get(&VERSION), None);
    }
}
