//! Bodies that the gateway sends: whole ones, and streams that carry their guard and their record with them and end when
//! the agent does.
//!
//! Never here: buffering of a stream, save the event of it that is under way: what is in it is known when it has ended.

mod many;

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

pub(crate) use self::many::Many;
use crate::{
    core::Core,
    many::Joined,
    mcp::{
        list,
        outline::{self, Odd, Outline, Sort},
        reply, sse,
    },
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
    /// The answers to a batch.
    Many(Box<Many>),
    /// What servers behind the one endpoint send.
    Joined(Box<Joined>),
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
            Self::Many(many) => many.poll(cx),
            Self::Joined(joined) => joined.poll(cx),
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
            Self::Stream(_) | Self::Many(_) | Self::Joined(_) => SizeHint::default(),
        }
    }
}

/// Whether a thing is listed, asked anew for each event: grants may change while a stream is open.
pub(crate) type Shows = Arc<dyn Fn(Surface, &str) -> bool + Send + Sync>;

/// Whether an entry's definition may be shown.
pub(crate) type Pins = Arc<dyn Fn(&str, &[u8]) -> bool + Send + Sync>;

/// Whether a task is the caller's.
pub(crate) type Owns = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// How lists are shown to one caller.
#[derive(Clone)]
pub(crate) struct Lists {
    pub(crate) shows: Shows,
    pub(crate) pins: Pins,
    pub(crate) owns: Owns,
    /// Our own tool is offered.
    pub(crate) pending: bool,
}

impl Lists {
    pub(crate) fn filter(&self) -> list::Filter<'_> {
        list::Filter {
            shows: self.shows.as_ref(),
            pins: self.pins.as_ref(),
            owns: self.owns.as_ref(),
            pending: self.pending,
        }
    }
}

/// What a server's answer is looked at for: that it answers no other request than the one that was sent.
#[derive(Debug, Clone)]
pub(crate) struct Checks {
    /// Where those that do are counted, if their stream has begun.
    pub(crate) core: Arc<Core>,
    /// The server says by its status that the exchange failed.
    pub(crate) fails: bool,
}

impl Checks {
    /// Whether a message may be in the answer to the request of this id, and whether it is that answer.
    ///
    /// # Errors
    /// If it answers another request, or could be read in two ways.
    fn lets(&self, message: Result<Sort, Odd>, id: &[u8]) -> Result<bool, Refusal> {
        match message {
            Ok(sort) if sort.fits(id, self.fails) => Ok(sort.answers()),
            Ok(_) => Err(refusal::FOREIGN),
            Err(Odd) => Err(refusal::BROKEN),
        }
    }

    /// The same for a whole body.
    ///
    /// # Errors
    /// Likewise.
    pub(crate) fn whole(&self, body: &[u8], id: &[u8], events: bool) -> Result<(), Refusal> {
        if !events {
            return self.lets(outline::whole(body), id).map(drop);
        }
        let mut cut = sse::Events::default();
        cut.push(body).map_err(|_large| refusal::ANSWER_LARGE)?;
        while let Some(event) = cut.next_event() {
            self.event(&event, id)?;
        }
        self.event(&cut.rest(), id).map(drop)
    }

    fn event(&self, event: &[u8], id: &[u8]) -> Result<bool, Refusal> {
        match sse::data(event) {
            Some(data) => self.lets(outline::whole(&data), id),
            None => Ok(false),
        }
    }
}

/// A stream on its way to an agent.
pub(crate) struct StreamBody {
    source: BodyStream,
    /// Where lists may come, events are filtered.
    filter: Option<Lists>,
    /// Nothing where the answers to several requests come together.
    checks: Option<Checks>,
    /// The events so far, where they are filtered or looked at; elsewhere everything passes as it comes.
    cut: Option<sse::Events>,
    /// The one message so far, where no events come.
    outline: Option<Outline>,
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
    /// Nothing where the answers to several requests come together, or none comes.
    pub(crate) checks: Option<Checks>,
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
        let Parts { source, filter, checks, guard, recording, id, events, last_word, abort } =
            parts;
        let read = CancellationToken::new();
        drop(tokio::spawn(cut_unread(guard.flow().clone(), read.clone(), abort)));
        let ended = Box::pin(guard.flow().clone().cancelled_owned());
        let cut = (filter.is_some() || (events && checks.is_some())).then(sse::Events::default);
        let outline = (!events && checks.is_some()).then(Outline::default);
        let ready = VecDeque::new();
        Self {
            source,
            filter,
            checks,
            cut,
            outline,
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
                None => self.finish(),
            };
            if let Err(cut) = outcome {
                return Poll::Ready(Some(Err(cut)));
            }
        }
    }

    fn take(&mut self, piece: Bytes) -> Result<(), Cut> {
        let Some(mut cut) = self.cut.take() else {
            return match self.passes(&piece) {
                Ok(()) => {
                    self.ready.push_back(piece);
                    Ok(())
                }
                Err(why) => self.odd(&why),
            };
        };
        if cut.push(&piece).is_err() {
            return self.fail(&refusal::ANSWER_LARGE);
        }
        while let Some(event) = cut.next_event() {
            self.event(event)?;
            if self.over {
                return Ok(());
            }
        }
        self.cut = Some(cut);
        Ok(())
    }

    /// Whether a piece of an answer that is one message may go on: the one with its end in it only if it is the right one's,
    /// so that of any other nobody has a whole text.
    fn passes(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        let (Some(outline), Some(checks)) = (&mut self.outline, &self.checks) else {
            return Ok(());
        };
        match outline.push(piece).and_then(|()| outline.sort()).transpose() {
            None => Ok(()),
            Some(sort) => checks.lets(sort, &self.id).map(drop),
        }
    }

    /// Looks at an event and lets it go on.
    fn event(&mut self, event: Bytes) -> Result<(), Cut> {
        let checked = self.checks.as_ref().map_or(Ok(false), |one| one.event(&event, &self.id));
        let answers = match checked {
            Ok(answers) => answers,
            Err(why) => return self.odd(&why),
        };
        let event = match &self.filter {
            None => event,
            Some(lists) => match filtered(event, lists) {
                Ok(event) => event,
                Err(list::Unreadable) => return self.fail(&refusal::BROKEN),
            },
        };
        if answers {
            // The answer is out: a client that leaves now leaves with it.
            self.record();
        }
        self.ready.push_back(event);
        Ok(())
    }

    /// A message that may not go on ends the stream before it.
    fn odd(&mut self, why: &Refusal) -> Result<(), Cut> {
        if let Some(checks) = &self.checks {
            checks.core.counters.refused(why.code);
        }
        self.fail(why)
    }

    fn record(&mut self) {
        if let Some(recording) = self.recording.take() {
            recording.answered();
        }
    }

    fn finish(&mut self) -> Result<(), Cut> {
        // An event without its blank line: some read it nevertheless.
        if let Some(rest) = self.cut.take().map(|mut cut| cut.rest()).filter(|it| !it.is_empty()) {
            self.event(rest)?;
        }
        self.over = true;
        self.record();
        Ok(())
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
