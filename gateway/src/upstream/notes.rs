//! Answers made of what [`super::routes`] has for a request: one JSON text, or a stream with what comes before it.
//!
//! Never here: whose a message is.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio::time::timeout;

use super::{
    Answer, AnswerBody, Pieces,
    pipe::Tap,
    routes::{Note, Ticket},
};
use crate::{
    mcp::sse,
    refusal::{self, Refusal},
};

/// LIMIT: how long a server may be silent after a request.
const THINK: Duration = Duration::from_mins(5);

/// The answer to a request, as soon as anything of it is there; `gone` if the server goes before.
///
/// # Errors
/// If nothing comes, or the server is gone.
pub(super) async fn answered(
    ticket: Ticket,
    mut notes: Tap<Note>,
    (modern, gone): (bool, Refusal),
) -> Result<Answer, Refusal> {
    let first = match timeout(THINK, notes.recv()).await {
        Ok(Some(note)) => note,
        Ok(None) => return Err(gone),
        Err(_) => return Err(refusal::TIMED_OUT),
    };
    Ok(match first {
        Note::Last { message, error } => Answer {
            status: if modern { status(error) } else { StatusCode::OK },
            headers: content("application/json"),
            body: AnswerBody::Whole(message),
        },
        Note::More(message) => stream(Some(message), notes, Some((ticket, gone))),
    })
}

/// The stream of one who listens.
pub(super) fn listening(notes: Tap<Note>) -> Answer {
    stream(None, notes, None)
}

/// An answer to what expects none.
pub(super) fn empty(status: StatusCode) -> Answer {
    Answer { status, headers: HeaderMap::new(), body: AnswerBody::Whole(Bytes::new()) }
}

fn stream(first: Option<Bytes>, notes: Tap<Note>, asks: Option<(Ticket, Refusal)>) -> Answer {
    let pieces = Stream { first, notes, asks, over: false };
    Answer {
        status: StatusCode::OK,
        headers: content("text/event-stream"),
        body: AnswerBody::Stream(Box::pin(pieces)),
    }
}

/// The HTTP status that 2026-07-28 gives an error.
fn status(error: Option<i64>) -> StatusCode {
    match error {
        Some(-32_601) => StatusCode::NOT_FOUND,
        Some(-32_700 | -32_600 | -32_602 | -32_022..=-32_020) => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    }
}

fn content(kind: &'static str) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(2);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if kind == "text/event-stream" {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    headers
}

/// Messages of a server as an event stream.
struct Stream {
    first: Option<Bytes>,
    notes: Tap<Note>,
    /// Held so that dropping the stream ends the request; and what is said if the server is gone.
    asks: Option<(Ticket, Refusal)>,
    over: bool,
}

impl Pieces for Stream {
    fn poll_piece(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Refusal>>> {
        if self.over {
            return Poll::Ready(None);
        }
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(sse::event(&first))));
        }
        match ready!(self.notes.poll_recv(cx)) {
            Some(Note::More(message)) => Poll::Ready(Some(Ok(sse::event(&message)))),
            Some(Note::Last { message, .. }) => {
                self.over = true;
                Poll::Ready(Some(Ok(sse::event(&message))))
            }
            // A listening stream ends with its server; a request's must not end without an answer.
            None => Poll::Ready(self.asks.as_ref().map(|(_, gone)| Err(gone.clone()))),
        }
    }
}
