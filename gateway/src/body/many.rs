//! [`Many`]: the answers to one batch as one stream of events. What is there as a whole goes first; of what is still under
//! way, whole events go as they come, so that no two of them run into each other.
//!
//! Never here: an event changed.

use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body as _, Frame};

use super::{Cut, ReplyBody};
use crate::mcp::sse;

/// Answers under way. LIMIT: as many as a batch may have messages.
#[derive(Debug)]
pub(crate) struct Many {
    ready: VecDeque<Bytes>,
    open: Vec<(ReplyBody, sse::Events)>,
    /// Which is asked first: each in its turn.
    turn: usize,
}

impl Many {
    /// Whole answers, and streams of events.
    pub(crate) fn new(told: &[Bytes], streams: Vec<ReplyBody>) -> Self {
        let ready = told.iter().map(|answer| sse::event(answer)).collect();
        let open = streams.into_iter().map(|stream| (stream, sse::Events::default())).collect();
        Self { ready, open, turn: 0 }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(Frame::data(event))));
            }
            if self.open.is_empty() {
                return Poll::Ready(None);
            }
            if !self.asked_all(cx)? {
                return Poll::Pending;
            }
        }
    }

    /// Asks each stream once; whether anything came of it.
    fn asked_all(&mut self, cx: &mut Context<'_>) -> Result<bool, Cut> {
        let mut moved = false;
        self.turn = self.turn.wrapping_add(1);
        let first = self.turn.checked_rem(self.open.len()).unwrap_or_default();
        self.open.rotate_left(first);
        let mut at = 0;
        while let Some((stream, events)) = self.open.get_mut(at) {
            match Pin::new(stream).poll_frame(cx) {
                Poll::Pending => at += 1,
                Poll::Ready(None) => {
                    moved = true;
                    drop(self.open.remove(at));
                }
                Poll::Ready(Some(frame)) => {
                    moved = true;
                    if let Ok(piece) = frame?.into_data() {
                        events.push(&piece).map_err(|_large| Cut)?;
                        while let Some(event) = events.next_event() {
                            self.ready.push_back(event);
                        }
                    }
                    at += 1;
                }
            }
        }
        Ok(moved)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test]
    async fn whole_answers_and_events_of_streams_are_one_stream() {
        let stream = |text: &str| ReplyBody::from(Bytes::copy_from_slice(text.as_bytes()));
        let told = vec![Bytes::from_static(b"{\"id\":1}")];
        let streams = vec![
            stream("data: a\n\nid: 3\ndata: b\n\ndata: half"),
            stream("event: message\ndata: {}\r\n\r\n"),
        ];
        let mut many = Many::new(&told, streams);
        let mut all = Vec::new();
        while let Some(frame) = poll_fn(|cx| many.poll(cx)).await {
            all.push(frame.unwrap().into_data().unwrap());
        }
        assert_eq!(&all[0][..], b"event: message\ndata: {\"id\":1}\n\n");
        let mut rest: Vec<_> = all[1..].iter().map(|event| &event[..]).collect();
        rest.sort_unstable();
        let wanted =
            [&b"data: a\n\n"[..], b"event: message\ndata: {}\r\n\r\n", b"id: 3\ndata: b\n\n"];
        assert_eq!(rest, wanted);
    }
}
