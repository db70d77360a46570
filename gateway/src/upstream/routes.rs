//! Who waits for which message of a server that speaks to several in one stream of messages: requests by an id of our own, so
//! that callers' ids cannot meet; everything else by the subscription it belongs to, by progress token, or to the one who is
//! listening.
//!
//! Never here: IO.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::time::interval;
use writ_model::json::{self, Limits, Node};

use super::pipe::{Feed, Room, Tap, Weighs, pipe};
use crate::{
    mcp::parse::Message,
    refusal::{self, Refusal},
};

/// LIMIT: requests under way in one stream.
const WAITING: usize = 256;
/// LIMIT: messages kept for one slow reader; past it messages are dropped and counted, and the answer's stream is cut.
const NOTES: usize = 256;
/// LIMIT: kibibytes kept for all readers of one stream together: the largest answer and as much again.
const KIB: u32 = 32 << 10;
/// LIMIT: messages, and bytes of them, kept while nobody listens; the oldest leave first, and are counted.
const BACKLOG: usize = 64;
const BACKLOG_BYTES: usize = 1 << 20;
/// How often idleness is looked at, and LIMIT: for how long nobody may use it.
const LOOK: Duration = Duration::from_mins(1);
const IDLE_LOOKS: u32 = 30;

/// The member of `_meta` that says to which subscription a message belongs: the id of the request that began it, which the
/// process knows by our number.
const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

/// A message for one who waits.
#[derive(Debug)]
pub(super) enum Note {
    /// One of several.
    More(Bytes),
    /// The answer, with its error code if it is one.
    Last {
        /// The message, with the caller's own id.
        message: Bytes,
        /// `error.code`.
        error: Option<i64>,
    },
}

impl Weighs for Note {
    fn weight(&self) -> usize {
        match self {
            Self::More(message) | Self::Last { message, .. } => message.len(),
        }
    }
}

struct Waiting {
    id: Bytes,
    progress: Option<Bytes>,
    notes: Feed<Note>,
}

pub(super) struct Routes {
    next: u64,
    waiting: BTreeMap<u64, Waiting>,
    listener: Option<Feed<Note>>,
    backlog: VecDeque<Bytes>,
    /// Bytes of the backlog.
    kept: usize,
    room: Room,
    /// Messages that nobody got, of all streams of one server.
    dropped: Arc<AtomicU64>,
}

/// A request that waits; dropped, it waits no more.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) number: u64,
    routes: Arc<Mutex<Routes>>,
    /// Where a cancellation goes if the caller leaves first, for revisions in which leaving cancels.
    pub(super) cancel: Option<Feed<Bytes>>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let left = self.routes.lock().waiting.remove(&self.number).is_some();
        if left && let Some(cancel) = &self.cancel {
            let text = format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{}}}}}"#,
                self.number
            );
            if cancel.try_send(Bytes::from(text)).is_err() {
                tracing::debug!("a cancellation did not reach its process");
            }
        }
    }
}

impl std::fmt::Debug for Routes {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Routes({} waiting)", self.waiting.len())
    }
}

impl Routes {
    /// None yet; what nobody gets is counted there.
    pub(super) fn new(dropped: Arc<AtomicU64>) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self {
            next: 0,
            waiting: BTreeMap::new(),
            listener: None,
            backlog: VecDeque::new(),
            kept: 0,
            room: Room::new(KIB),
            dropped,
        }))
    }

    /// A request as it goes out, under a number of ours, and what waits for its answer. The ticket must be held meanwhile.
    ///
    /// # Errors
    /// If too many wait.
    pub(super) fn asks(
        routes: &Arc<Mutex<Self>>,
        message: &Message<'_>,
        body: &Bytes,
    ) -> Result<(Ticket, Tap<Note>, Bytes), Refusal> {
        let id = message.id().ok_or(refusal::NOT_RPC)?;
        let progress = message
            .node
            .pointer("/params/_meta/progressToken")
            .map(|token| Bytes::copy_from_slice(token.bytes_in(body)));
        // Not a part of the body: what waits may wait long, and must not keep all that was read with it.
        let own = Bytes::copy_from_slice(id.bytes_in(body));
        let (ticket, notes) = Self::wait(routes, own, progress).ok_or(refusal::BUSY)?;
        let line = splice(body, id.start..id.end, ticket.number.to_string().as_bytes());
        Ok((ticket, notes, one_line(&line)))
    }

    /// What has no answer, as it goes out; nothing for a cancellation of what has been answered. A cancellation names our
    /// number instead of the caller's id.
    ///
    /// # Errors
    /// If it cancels nothing.
    pub(super) fn tells(
        routes: &Mutex<Self>,
        message: &Message<'_>,
        body: &Bytes,
    ) -> Result<Option<Bytes>, Refusal> {
        if message.method() != Some("notifications/cancelled") {
            return Ok(Some(one_line(body)));
        }
        let id = message.params().and_then(|params| params.get("requestId"));
        let id = id.ok_or(refusal::PARAMS)?;
        let number = routes.lock().number_of(id.bytes_in(body));
        Ok(number
            .map(|number| one_line(&splice(body, id.start..id.end, number.to_string().as_bytes()))))
    }

    /// A place for a request; nothing if there are too many.
    fn wait(
        routes: &Arc<Mutex<Self>>,
        id: Bytes,
        progress: Option<Bytes>,
    ) -> Option<(Ticket, Tap<Note>)> {
        let mut this = routes.lock();
        let (notes, read) = pipe(NOTES, &this.room);
        if this.waiting.len() >= WAITING {
            return None;
        }
        this.next += 1;
        let number = this.next;
        this.waiting.insert(number, Waiting { id, progress, notes });
        drop(this);
        Some((Ticket { number, routes: Arc::clone(routes), cancel: None }, read))
    }

    /// Our number of a caller's request.
    fn number_of(&self, id: &[u8]) -> Option<u64> {
        self.waiting.iter().find(|(_, waiting)| waiting.id == id).map(|(number, _)| *number)
    }

    /// From now on the one who listens, with what was kept meanwhile.
    pub(super) fn listen(&mut self) -> Tap<Note> {
        let (notes, read) = pipe(NOTES, &self.room);
        self.kept = 0;
        for message in std::mem::take(&mut self.backlog) {
            self.put(&notes, Note::More(message));
        }
        self.listener = Some(notes);
        read
    }

    /// Puts a message where it belongs, or counts it.
    fn put(&self, to: &Feed<Note>, note: Note) {
        if to.try_send(note).is_err() {
            self.drops();
        }
    }

    fn drops(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// Nobody is using it.
    fn quiet(&self) -> bool {
        self.waiting.is_empty() && self.listener.as_ref().is_none_or(Feed::is_closed)
    }

    /// One message of the server's.
    pub(super) fn arrived(&mut self, line: &Bytes) {
        let Ok(node) = json::parse(line, &Limits::ANSWER) else {
            self.drops();
            tracing::warn!(bytes = line.len(), "a server said something that is not JSON");
            return;
        };
        let method = node.get("method").is_some();
        match node.get("id") {
            Some(id) if !method => self.answered(line, &node, id),
            _ => self.told(line, &node),
        }
    }

    fn answered(&mut self, line: &Bytes, node: &Node<'_>, id: &Node<'_>) {
        let Some(waiting) = number(id).and_then(|number| self.waiting.remove(&number)) else {
            self.drops();
            return;
        };
        let error = node.get("error").and_then(|error| error.get("code")).and_then(Node::as_i64);
        let message = renamed(line, [Some(id), subscription(node, "result")], &waiting.id);
        self.put(&waiting.notes, Note::Last { message, error });
    }

    fn told(&mut self, line: &Bytes, node: &Node<'_>) {
        let named = subscription(node, "params");
        if let Some(waiting) = named.and_then(number).and_then(|number| self.waiting.get(&number)) {
            let message = renamed(line, [named, None], &waiting.id);
            self.put(&waiting.notes, Note::More(message));
            return;
        }
        let token = node.pointer("/params/progressToken").map(|token| token.bytes_in(line));
        let by_token = token.and_then(|token| {
            self.waiting.values().find(|waiting| waiting.progress.as_deref() == Some(token))
        });
        let only = (self.waiting.len() == 1).then(|| self.waiting.values().next()).flatten();
        let to = by_token
            .or(only)
            .map(|waiting| waiting.notes.clone())
            .or_else(|| self.listener.clone().filter(|listener| !listener.is_closed()))
            .or_else(|| self.waiting.values().next_back().map(|waiting| waiting.notes.clone()));
        if let Some(to) = to {
            self.put(&to, Note::More(line.clone()));
            return;
        }
        self.kept += line.len();
        self.backlog.push_back(line.clone());
        while self.backlog.len() > BACKLOG || self.kept > BACKLOG_BYTES {
            let Some(oldest) = self.backlog.pop_front() else { break };
            self.kept -= oldest.len();
            self.drops();
        }
    }

    /// The stream is over: everybody stops waiting.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
        self.listener = None;
    }
}

/// Returns when nobody has used it for long.
pub(super) async fn idle(routes: &Mutex<Routes>) {
    let mut looks = interval(LOOK);
    let mut quiet = 0;
    while quiet < IDLE_LOOKS {
        looks.tick().await;
        quiet = if routes.lock().quiet() { quiet + 1 } else { 0 };
    }
}

/// To which subscription the parameters or the result of a message say that it belongs.
fn subscription<'n, 'a>(node: &'n Node<'a>, of: &str) -> Option<&'n Node<'a>> {
    node.get(of)?.get("_meta")?.get(SUBSCRIPTION)
}

/// Our number, as a process repeats it: as the number it got, or as text.
fn number(node: &Node<'_>) -> Option<u64> {
    match node.as_str() {
        Some(text) => text.parse().ok(),
        None => node.as_i64().and_then(|number| u64::try_from(number).ok()),
    }
}

/// The message with the caller's own id wherever the process has our number.
fn renamed(line: &Bytes, places: [Option<&Node<'_>>; 2], id: &[u8]) -> Bytes {
    let mut places: Vec<_> =
        places.into_iter().flatten().map(|node| node.start..node.end).collect();
    // From behind, so that what comes before stays where it is.
    places.sort_by_key(|place| std::cmp::Reverse(place.start));
    places.into_iter().fold(line.clone(), |line, place| splice(&line, place, id))
}

/// The text with other bytes in one place, on one line.
fn splice(text: &[u8], place: std::ops::Range<usize>, with: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(text.len() + with.len() + 1);
    out.extend_from_slice(text.get(..place.start).unwrap_or_default());
    out.extend_from_slice(with);
    out.extend_from_slice(text.get(place.end..).unwrap_or_default());
    Bytes::from(out)
}

/// The text on one line: outside of strings, JSON's line breaks are blanks; inside there are none.
fn one_line(text: &Bytes) -> Bytes {
    if !text.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
        return text.clone();
    }
    text.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Bytes {
        Bytes::copy_from_slice(text.as_bytes())
    }

    fn text(note: Option<Note>) -> String {
        let Some(Note::More(bytes) | Note::Last { message: bytes, .. }) = note else {
            return String::new();
        };
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[test]
    fn the_same_id_of_two_callers_does_not_meet() {
        let routes = Routes::new(Arc::default());
        let (one, mut first) = Routes::wait(&routes, line("1"), None).unwrap();
        let (two, mut second) = Routes::wait(&routes, line("1"), Some(line("\"t\""))).unwrap();
        let mut this = routes.lock();
        this.arrived(&line(&format!(r#"{{"id":{},"result":2}}"#, two.number)));
        this.arrived(&line(&format!(r#"{{"id":{},"result":1}}"#, one.number)));
        drop(this);
        assert_eq!(text(first.try_recv()), r#"{"id":1,"result":1}"#);
        assert_eq!(text(second.try_recv()), r#"{"id":1,"result":2}"#);
    }

    #[test]
    fn what_answers_nothing_goes_by_token_then_to_the_listener() {
        let routes = Routes::new(Arc::default());
        routes.lock().arrived(&line(r#"{"method":"early"}"#));
        let (_one, mut first) = Routes::wait(&routes, line("1"), Some(line("7"))).unwrap();
        let (_two, mut second) = Routes::wait(&routes, line("2"), Some(line("8"))).unwrap();
        let mut listener = routes.lock().listen();
        let mut this = routes.lock();
        this.arrived(&line(r#"{"method":"p","params":{"progressToken":8}}"#));
        this.arrived(&line(r#"{"method":"changed"}"#));
        this.arrived(&line(r#"{"id":99,"result":0}"#));
        this.arrived(&line("not json"));
        assert_eq!(this.dropped.load(Ordering::Relaxed), 2);
        drop(this);
        assert!(text(second.try_recv()).contains('8'));
        assert!(first.try_recv().is_none());
        assert_eq!(text(listener.try_recv()), r#"{"method":"early"}"#);
        assert_eq!(text(listener.try_recv()), r#"{"method":"changed"}"#);
    }

    #[test]
    fn what_belongs_to_a_subscription_goes_there_under_the_callers_id() {
        let routes = Routes::new(Arc::default());
        let (one, mut first) = Routes::wait(&routes, line("\"a\""), None).unwrap();
        let (two, mut second) = Routes::wait(&routes, line("7"), None).unwrap();
        let mut this = routes.lock();
        let meta = |id: &str| format!(r#"{{"io.modelcontextprotocol/subscriptionId":{id}}}"#);
        for id in [two.number.to_string(), format!("\"{}\"", two.number)] {
            let text = format!(r#"{{"method":"changed","params":{{"_meta":{}}}}}"#, meta(&id));
            this.arrived(&line(&text));
        }
        let number = one.number;
        let last =
            format!(r#"{{"id":{number},"result":{{"_meta":{}}}}}"#, meta(&number.to_string()));
        this.arrived(&line(&last));
        let nobody = format!(r#"{{"method":"changed","params":{{"_meta":{}}}}}"#, meta("99"));
        assert_eq!(this.dropped.load(Ordering::Relaxed), 0);
        drop(this);
        for _ in 0..2 {
            let wanted = format!(r#"{{"method":"changed","params":{{"_meta":{}}}}}"#, meta("7"));
            assert_eq!(text(second.try_recv()), wanted);
        }
        let wanted = format!(r#"{{"id":"a","result":{{"_meta":{}}}}}"#, meta("\"a\""));
        assert_eq!(text(first.try_recv()), wanted);
        drop(one);
        routes.lock().arrived(&line(&nobody));
        assert_eq!(text(second.try_recv()), nobody, "as it came, to the only one who waits");
    }

    #[test]
    fn a_dropped_ticket_waits_no_more_and_cancels() {
        let routes = Routes::new(Arc::default());
        let (to, mut sent) = pipe(4, &Room::new(4));
        let (mut ticket, _notes) = Routes::wait(&routes, line("1"), None).unwrap();
        ticket.cancel = Some(to);
        drop(ticket);
        assert!(routes.lock().quiet());
        assert!(text(sent.try_recv().map(Note::More)).contains("\"requestId\":1"));
    }

    #[test]
    fn what_waits_is_bounded_by_bytes_and_what_is_dropped_is_counted() {
        let dropped = Arc::new(AtomicU64::new(0));
        let routes = Routes::new(Arc::clone(&dropped));
        let counted = || dropped.load(Ordering::Relaxed);
        let large = |bytes: usize| {
            line(&format!(r#"{{"method":"x","params":{{"a":"{}"}}}}"#, "x".repeat(bytes)))
        };
        for _ in 0..3 {
            routes.lock().arrived(&large(BACKLOG_BYTES / 3));
        }
        assert_eq!(counted(), 1, "the oldest of the backlog leaves");
        let mut listener = routes.lock().listen();
        assert!(listener.try_recv().is_some() && listener.try_recv().is_some());
        assert!(listener.try_recv().is_none() && counted() == 1);
        let eight = large(8 << 20);
        for _ in 0..4 {
            routes.lock().arrived(&eight);
        }
        assert_eq!(counted(), 2, "three of them have room: each has a little more than its eight");
        assert_eq!(std::iter::from_fn(|| listener.try_recv()).count(), 3);
        routes.lock().arrived(&eight);
        assert!(listener.try_recv().is_some(), "there is room again");
    }

    #[test]
    fn line_breaks_become_blanks() {
        assert_eq!(&one_line(&line("{\n\"a\":\r\n1}"))[..], b"{ \"a\":  1}");
    }
}
