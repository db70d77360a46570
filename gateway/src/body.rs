//! Bodies that the gateway sends: whole ones, and streams that carry their guard and their record with them and end when
//! the agent does.
//!
//! Never here: buffering of a stream, save one event of it where lists are filtered.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard, WaitForCancellationFutureOwned};
use writ_authority::grant::Surface;
use writ_model::json::{self, Limits};

use crate::{
    mcp::{list, reply, sse},
    record::Recording,
    refusal::{self, Refusal},
    streams::Guard,
    upstream::BodyStream,
};

/// A body of the gateway's.
#[derive(Debug)]
pub(crate) enum ReplyBody {
    /// All of it.
    Whole(Option<Bytes>),
    /// Piece by piece.
    Stream(Box<StreamBody>),
}

/// A stream was cut in a place where no message can say so; the connection is closed.
#[derive(Debug, thiserror::Error)]
#[error("the stream was cut")]
pub(crate) struct Cut;

impl From<Bytes> for ReplyBody {
    fn from(bytes: Bytes) -> Self {
        Self::Whole((!bytes.is_empty()).then_some(bytes))
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Stream(stream) => stream.poll(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Self::Stream(_) => SizeHint::default(),
        }
    }
}

/// Whether a thing is listed, asked anew for each event: grants may change while a stream is open.
pub(crate) type Shows = Arc<dyn Fn(Surface, &str) -> bool + Send + Sync>;

/// How lists are shown to one caller.
#[derive(Clone)]
pub(crate) struct Lists {
    pub(crate) shows: Shows,
    /// Our own tool is offered.
    pub(crate) pending: bool,
}

impl Lists {
    pub(crate) fn filter(&self) -> list::Filter<'_> {
        list::Filter { shows: self.shows.as_ref(), pending: self.pending }
    }
}

/// A stream on its way to an agent.
pub(crate) struct StreamBody {
    source: BodyStream,
    /// Where lists may come, events are filtered; else they pass as they come and are only looked at.
    filter: Option<Lists>,
    /// The events so far, as long as the answer is awaited or lists may come.
    cut: Option<sse::Events>,
    ready: VecDeque<Bytes>,
    /// Held as long as the stream is open.
    guard: Guard,
    ended: Pin<Box<WaitForCancellationFutureOwned>>,
    recording: Option<Recording>,
    /// The id of the request that the stream answers; `null` for a listening stream.
    id: Bytes,
    events: bool,
    last_word: Option<Bytes>,
    /// Dropped with the stream: it has let go.
    _read: DropGuard,
    over: bool,
}

impl std::fmt::Debug for StreamBody {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("StreamBody").field("events", &self.events).finish_non_exhaustive()
    }
}

/// What a stream is made of.
pub(crate) struct Parts {
    pub(crate) source: BodyStream,
    pub(crate) filter: Option<Lists>,
    /// Counted as a stream already.
    pub(crate) guard: Guard,
    pub(crate) recording: Option<Recording>,
    pub(crate) id: Bytes,
    /// An event stream: endings are told in an event of their own.
    pub(crate) events: bool,
    /// Said when the agent is ended, instead of an error. A gateway that only lost touch ends nobody.
    pub(crate) last_word: Option<Bytes>,
    /// Closes the connection, for an agent that is ended and does not read.
    pub(crate) abort: CancellationToken,
}

impl StreamBody {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { source, filter, guard, recording, id, events, last_word, abort } = parts;
        let read = CancellationToken::new();
        drop(tokio::spawn(cut_unread(guard.flow().clone(), read.clone(), abort)));
        let ended = Box::pin(guard.flow().clone().cancelled_owned());
        let look = filter.is_some() || (events && recording.is_some());
        let cut = look.then(sse::Events::default);
        let ready = VecDeque::new();
        Self {
            source,
            filter,
            cut,
            ready,
            guard,
            ended,
            recording,
            id,
            events,
            last_word,
            _read: read.drop_guard(),
            over: false,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        loop {
            if !self.over && self.ended.as_mut().poll(cx).is_ready() {
                self.ready.clear();
                let why = self.guard.why_closed();
                if let Err(cut) = self.fail(&why) {
                    return Poll::Ready(Some(Err(cut)));
                }
            }
            if let Some(bytes) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            if self.over {
                return Poll::Ready(None);
            }
            let outcome = match ready!(self.source.as_mut().poll_piece(cx)) {
                Some(Ok(piece)) => self.take(piece),
                Some(Err(refusal)) => self.fail(&refusal),
                None => {
                    self.finish();
                    Ok(())
                }
            };
            if let Err(cut) = outcome {
                return Poll::Ready(Some(Err(cut)));
            }
        }
    }

    fn take(&mut self, piece: Bytes) -> Result<(), Cut> {
        let Some(mut cut) = self.cut.take() else {
            self.ready.push_back(piece);
            return Ok(());
        };
        if cut.push(&piece).is_err() {
            return self.fail(&refusal::ANSWER_LARGE);
        }
        while let Some(event) = cut.next_event() {
            if self.recording.is_some() && answers(&event, &self.id) {
                // The answer is out: a client that leaves now leaves with it.
                self.record();
            }
            if let Some(lists) = &self.filter {
                match filtered(event, lists) {
                    Ok(event) => self.ready.push_back(event),
                    Err(list::Unreadable) => return self.fail(&refusal::BROKEN),
                }
            }
        }
        if self.filter.is_none() {
            self.ready.push_back(piece);
        }
        if self.filter.is_some() || self.recording.is_some() {
            self.cut = Some(cut);
        }
        Ok(())
    }

    fn record(&mut self) {
        if let Some(recording) = self.recording.take() {
            recording.answered();
        }
    }

    fn finish(&mut self) {
        self.over = true;
        self.record();
    }

    /// Ends the stream early: in its own words if it has any, else by closing the connection.
    fn fail(&mut self, why: &Refusal) -> Result<(), Cut> {
        self.over = true;
        let call = self.recording.as_ref().map(|recording| recording.call);
        if let Some(recording) = self.recording.take() {
            recording.failed(why);
        }
        if !self.events {
            return Err(Cut);
        }
        if let Some(word) = self.last_word.take().filter(|_| why.code == refusal::ENDED.code) {
            self.ready.push_back(word);
            return Ok(());
        }
        let data = reply::Data { call_id: call, ..reply::Data::new(why.code.0, &why.cure) };
        let message = reply::answer(&self.id, &reply::error(why.rpc, &why.words, data));
        self.ready.push_back(sse::event(&message));
        Ok(())
    }
}

/// How long an ended agent may take to read the last word before its connection is closed.
const LAST_WORD: Duration = Duration::from_millis(250);

/// A stream whose reader stands still is not asked for its next piece, so it cannot see that its agent was ended.
async fn cut_unread(ended: CancellationToken, read: CancellationToken, abort: CancellationToken) {
    tokio::select! {
        () = read.cancelled() => return,
        () = ended.cancelled() => {}
    }
    if timeout(LAST_WORD, read.cancelled()).await.is_err() {
        abort.cancel();
    }
}

/// Whether an event is the answer to the request of this id. Cheap for the many that are not.
fn answers(event: &Bytes, id: &[u8]) -> bool {
    let Some(data) = sse::data(event).filter(|data| !data.is_empty()) else { return false };
    let read = |bytes| json::parse(bytes, &Limits::ANSWER).ok();
    let (Some(message), Some(asked)) = (read(&data), read(id)) else { return false };
    message.get("method").is_none() && message.get("id").is_some_and(|id| id.value == asked.value)
}

/// An event with its lists filtered; the same bytes if nothing is cut.
fn filtered(event: Bytes, lists: &Lists) -> Result<Bytes, list::Unreadable> {
    let Some(data) = sse::data(&event).filter(|data| !data.is_empty()) else { return Ok(event) };
    let data = Bytes::from(data);
    let shown = list::answer(&data, lists.filter())?;
    Ok(if shown == data { event } else { sse::with_data(&event, &shown) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_known_by_its_id() {
        let event = |data: &str| Bytes::from(format!("id: 1\ndata: {data}\n\n"));
        for (data, id, wanted) in [
            (r#"{"id":"\u0061","result":{}}"#, r#""a""#, true),
            (r#"{"id":1,"error":{}}"#, "1", true),
            (r#"{"id":"1","result":{}}"#, "1", false),
            (r#"{"id":1,"method":"sampling/createMessage"}"#, "1", false),
            (r#"{"method":"notifications/progress"}"#, "1", false),
            ("not json", "1", false),
        ] {
            assert_eq!(answers(&event(data), id.as_bytes()), wanted, "{data}");
        }
    }

    #[tokio::test]
    async fn an_unread_stream_of_an_ended_agent_costs_the_connection() {
        let new = CancellationToken::new;
        let (ended, read, abort) = (new(), new(), new());
        ended.cancel();
        cut_unread(ended.clone(), read.clone(), abort.clone()).await;
        assert!(abort.is_cancelled());
        let (read, abort) = (new(), new());
        read.cancel();
        cut_unread(ended, read, abort.clone()).await;
        assert!(!abort.is_cancelled());
    }
}
