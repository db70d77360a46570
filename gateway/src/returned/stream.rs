//! Streams of events, sifted one by one: an event goes on when all of it was looked at.
//!
//! A value that stands in two messages is two halves of nothing here: each message is a text of its own.
//! Never here: what becomes of what is found.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;

use super::Returning;
use crate::{
    mcp::sse,
    refusal::{self, Refusal},
    upstream::{AnswerBody, BodyStream, Pieces},
};

/// A body of events, sifted as it comes.
pub(super) fn events(returning: Returning, body: AnswerBody) -> AnswerBody {
    let inner: BodyStream = match body {
        AnswerBody::Stream(source) => source,
        AnswerBody::Whole(bytes) => Box::pin(Whole(Some(bytes))),
    };
    let events = sse::Events::default();
    AnswerBody::Stream(Box::pin(Sifting { inner, events, returning, under_way: None, over: false }))
}

struct Sifting {
    inner: BodyStream,
    events: sse::Events,
    returning: Returning,
    under_way: Option<UnderWay>,
    over: bool,
}

type UnderWay = Pin<Box<dyn Future<Output = Result<Bytes, Refusal>> + Send>>;

/// An event as it may go on: the same bytes if nothing in it changes.
async fn event(returning: Returning, event: Bytes) -> Result<Bytes, Refusal> {
    let Some(data) = sse::data(&event).filter(|data| !data.is_empty()) else { return Ok(event) };
    let data = Bytes::from(data);
    let sifted = returning.sifted(data.clone()).await?;
    Ok(if sifted == data { event } else { sse::with_data(&event, &sifted) })
}

impl Pieces for Sifting {
    fn poll_piece(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Refusal>>> {
        let this = &mut *self;
        loop {
            if let Some(under_way) = this.under_way.as_mut() {
                let sifted = ready!(under_way.as_mut().poll(cx));
                this.under_way = None;
                this.over |= sifted.is_err();
                return Poll::Ready(Some(sifted));
            }
            if this.over {
                return Poll::Ready(None);
            }
            if let Some(next) = this.events.next_event() {
                this.under_way = Some(Box::pin(event(this.returning.clone(), next)));
                continue;
            }
            match ready!(this.inner.as_mut().poll_piece(cx)) {
                Some(Ok(piece)) => {
                    if this.events.push(&piece).is_err() {
                        this.over = true;
                        return Poll::Ready(Some(Err(refusal::ANSWER_LARGE)));
                    }
                }
                Some(Err(refusal)) => return Poll::Ready(Some(Err(refusal))),
                None => {
                    this.over = true;
                    // An event without its blank line: some read it nevertheless, and it is looked at like the others.
                    let rest = this.events.rest();
                    if !rest.is_empty() {
                        this.under_way = Some(Box::pin(event(this.returning.clone(), rest)));
                    }
                }
            }
        }
    }
}

/// A whole body of events as a stream of one piece.
struct Whole(Option<Bytes>);

impl Pieces for Whole {
    fn poll_piece(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Refusal>>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}
