//! [`Joined`]: answers of servers on their way to the agent: one server's, event by event as they come, or those of several as
//! one stream, each turned into what the agent of the endpoint understands.
//!
//! Never here: an event without a bound, or a stream that outlives those under it: each has its own guard and record, and is
//! cut by itself.

use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body as _, Frame};

use super::turn::{Sort, Turn, Turned};
use crate::{
    body::{Cut, ReplyBody},
    mcp::sse,
};

/// Before the id of an event of a stream that answers one request, and of one that listens to several servers.
const ANSWERING: &str = "p.";
const LISTENING: &str = "g.";

/// Where a reader goes on that was cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Resumes<'a> {
    pub(super) server: &'a str,
    /// The server's own event.
    pub(super) event: &'a str,
    /// It read the stream of all servers, not that of one request.
    pub(super) listening: bool,
}

/// What an event's id says.
pub(super) fn resumes(id: &str) -> Option<Resumes<'_>> {
    let (rest, listening) = match id.strip_prefix(ANSWERING) {
        Some(rest) => (rest, false),
        None => (id.strip_prefix(LISTENING)?, true),
    };
    let (server, event) = rest.split_once('.')?;
    crate::config::is_name(server).then_some(Resumes { server, event, listening })
}

/// One server's stream.
#[derive(Debug)]
struct Source {
    body: ReplyBody,
    events: sse::Events,
    turn: Turn,
}

/// Streams under way.
#[derive(Debug)]
pub(crate) struct Joined {
    open: Vec<Source>,
    ready: VecDeque<Bytes>,
    /// Of several: the last answer waits until all are over.
    several: bool,
    last: Option<Bytes>,
    /// Which is asked first: each in its turn.
    first: usize,
}

impl Joined {
    /// One server's answer, with what has been read of it.
    pub(super) fn one(body: ReplyBody, events: sse::Events, turn: Turn) -> Self {
        Self::of(vec![(body, events, turn)], Vec::new(), false)
    }

    /// Several servers' streams, after events of our own.
    pub(super) fn several(all: Vec<(ReplyBody, sse::Events, Turn)>, first: Vec<Bytes>) -> Self {
        Self::of(all, first, true)
    }

    fn of(all: Vec<(ReplyBody, sse::Events, Turn)>, ready: Vec<Bytes>, several: bool) -> Self {
        let source = |(body, events, turn)| Source { body, events, turn };
        let open: Vec<Source> = all.into_iter().map(source).collect();
        let mut this = Self { open, ready: ready.into(), several, last: None, first: 0 };
        // What was read before stands before what comes.
        let mut open = std::mem::take(&mut this.open);
        for source in &mut open {
            this.told(source);
        }
        this.open = open;
        this
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(Frame::data(event))));
            }
            if self.open.is_empty() {
                return match self.last.take() {
                    Some(event) => Poll::Ready(Some(Ok(Frame::data(event)))),
                    None => Poll::Ready(None),
                };
            }
            match self.asked_all(cx) {
                Err(cut) => return Poll::Ready(Some(Err(cut))),
                Ok(false) => return Poll::Pending,
                Ok(true) => {}
            }
        }
    }

    /// Asks each stream once; whether anything came of it.
    fn asked_all(&mut self, cx: &mut Context<'_>) -> Result<bool, Cut> {
        let mut moved = false;
        let mut open = std::mem::take(&mut self.open);
        self.first = self.first.wrapping_add(1);
        let first = self.first.checked_rem(open.len()).unwrap_or_default();
        open.rotate_left(first);
        for mut source in open {
            match Pin::new(&mut source.body).poll_frame(cx) {
                Poll::Pending => {}
                Poll::Ready(Some(Ok(frame))) => {
                    moved = true;
                    if let Ok(piece) = frame.into_data() {
                        if source.events.push(&piece).is_err() {
                            self.lost()?;
                            continue;
                        }
                        self.told(&mut source);
                    }
                }
                Poll::Ready(Some(Err(Cut))) => {
                    moved = true;
                    self.lost()?;
                    continue;
                }
                Poll::Ready(None) => {
                    moved = true;
                    continue;
                }
            }
            self.open.push(source);
        }
        Ok(moved)
    }

    /// A stream broke in a place where nothing can say so: the only one takes the connection with it, one of several leaves
    /// the others.
    fn lost(&self) -> Result<(), Cut> {
        if self.several { Ok(()) } else { Err(Cut) }
    }

    /// Turns the whole events of a stream.
    fn told(&mut self, source: &mut Source) {
        while let Some(event) = source.events.next_event() {
            let data = sse::data(&event).filter(|data| !data.is_empty());
            let (data, sort) = match data {
                // An event without a message: it keeps the connection, or says where to go on.
                None => (None, Sort::Other),
                Some(data) => match source.turn.message(&data) {
                    (Turned::Nothing, _) => continue,
                    (Turned::Same, sort) => (Some(Bytes::from(data)), sort),
                    (Turned::Other(other), sort) => (Some(other), sort),
                },
            };
            let event = self.event(&event, data.as_deref(), &source.turn.server);
            if self.several && sort == Sort::Answer {
                self.last = Some(event);
            } else {
                self.ready.push_back(event);
            }
        }
    }

    /// The event with this data, and with an id that says whose it is.
    fn event(&self, event: &[u8], data: Option<&[u8]>, server: &str) -> Bytes {
        let kind = if self.several { LISTENING } else { ANSWERING };
        let mut out = Vec::with_capacity(event.len() + 32);
        for line in event.split(|byte| matches!(byte, b'\n' | b'\r')) {
            if line.is_empty() || line == b"data" || (data.is_some() && line.starts_with(b"data:"))
            {
                continue;
            }
            match line.strip_prefix(b"id:") {
                Some(id) => {
                    let id = id.strip_prefix(b" ").unwrap_or(id);
                    for part in [b"id: ", kind.as_bytes(), server.as_bytes(), b".", id] {
                        out.extend_from_slice(part);
                    }
                }
                None => out.extend_from_slice(line),
            }
            out.push(b'\n');
        }
        for line in data.into_iter().flat_map(|data| data.split(|byte| *byte == b'\n')) {
            out.extend_from_slice(b"data: ");
            out.extend_from_slice(line);
            out.push(b'\n');
        }
        out.push(b'\n');
        Bytes::from(out)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    fn turn(server: &str, id: Option<&'static str>) -> Turn {
        Turn {
            server: server.to_owned(),
            id: id.map(|id| Bytes::from_static(id.as_bytes())),
            token: None,
            session: None,
            asked: None,
            listed: None,
            resumes: false,
        }
    }

    fn body(text: &str) -> ReplyBody {
        ReplyBody::from(Bytes::copy_from_slice(text.as_bytes()))
    }

    async fn all(mut joined: Joined) -> Vec<String> {
        let mut out = Vec::new();
        while let Some(frame) = poll_fn(|cx| joined.poll(cx)).await {
            let data = frame.unwrap().into_data().unwrap();
            out.push(String::from_utf8(data.to_vec()).unwrap());
        }
        out
    }

    #[tokio::test]
    async fn one_servers_events_keep_their_order_and_say_whose_they_are() {
        let text = "id: 1\ndata:\n\nevent: message\r\nid: 2\r\ndata: {\"id\":3,\"method\":\"roots/list\"}\r\n\r\n: beat\n\ndata: garbage\n\ndata: {\"id\":7,\"result\":{}}\n\n";
        let out =
            all(Joined::one(body(text), sse::Events::default(), turn("mail", Some("7")))).await;
        let wanted = [
            "id: p.mail.1\ndata:\n\n",
            "event: message\nid: p.mail.2\ndata: {\"id\":\"mail__3\",\"method\":\"roots/list\"}\n\n",
            ": beat\n\n",
            "data: {\"id\":7,\"result\":{}}\n\n",
        ];
        assert_eq!(out, wanted);
        let back = Resumes { server: "mail", event: "2", listening: false };
        assert_eq!(resumes("p.mail.2"), Some(back));
        assert_eq!(
            resumes("g.mail.a.b").map(|one| (one.event, one.listening)),
            Some(("a.b", true))
        );
        assert_eq!((resumes("2"), resumes("p.Mail.2"), resumes("p.mail")), (None, None, None));
    }

    #[tokio::test]
    async fn several_are_over_when_all_are_and_answer_once() {
        let event = |id: u32| format!("id: {id}\ndata: {{\"method\":\"x\"}}\n\n");
        let end = "data: {\"id\":7,\"result\":{}}\n\n";
        let streams = ["mail", "files"].map(|server| {
            (body(&format!("{}{end}", event(1))), sse::Events::default(), turn(server, Some("7")))
        });
        let first = vec![Bytes::from_static(b"data: first\n\n")];
        let mut out = all(Joined::several(streams.into(), first)).await;
        assert_eq!(out.remove(0), "data: first\n\n");
        assert_eq!(out.pop().unwrap(), end, "one answer, at the end");
        out.sort_unstable();
        let wanted =
            ["files", "mail"].map(|of| format!("id: g.{of}.1\ndata: {{\"method\":\"x\"}}\n\n"));
        assert_eq!(out, wanted);
    }
}
