//! A request of a stateless client, under way at a session-based server. What the server asks in the middle of it becomes an
//! answer that asks; the request itself waits here, and goes on when it is made again with what was asked for.
//!
//! SECURITY: the `requestState` that the client carries is a random name of what waits in this process, looked up under the
//! instance that presents it and for the same method and parameters; whatever else it says counts for nothing (SEP-2322).
//! Never here: the words of either generation (`writ_mcp::lower`), the session itself (`hidden.rs`).

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::StatusCode;
use parking_lot::Mutex;
use tokio::{sync::oneshot, time::timeout};
use writ_mcp::{
    ask::{self, AT_ONCE, Question},
    lower::{self, Declared},
    raise::whole,
};
use writ_model::{
    Digest, Entropy, InstanceId,
    json::{self, Limits, Node},
};

use super::{
    hidden::Hidden,
    wire::{Messages, pause},
};
use crate::{
    refusal::{self, Refusal},
    upstream::pipe::{Feed, Tap, Weighs},
};

/// LIMIT: requests that wait for their client, over all instances of one server, and of one; the oldest gives way.
const PARKED: usize = 1_024;
const PER_INSTANCE: usize = 32;
/// LIMIT: how long one waits: a person may have to read what is asked.
const WAITS: Duration = Duration::from_mins(10);
/// Questions that come so close together are asked at once.
const TOGETHER: Duration = Duration::from_millis(20);
/// What our `requestState` begins with.
const STATE: &str = "writ-call:";

/// What comes of a request, piece by piece.
#[derive(Debug)]
pub(super) enum Out {
    /// Said while it is under way.
    More(Vec<u8>),
    /// The answer, with `error.code` if it is one.
    Last(Vec<u8>, Option<i64>),
    /// The server does not know the session any more, and has not done anything.
    Gone,
}

impl Weighs for Out {
    fn weight(&self) -> usize {
        match self {
            Self::More(message) | Self::Last(message, _) => message.len(),
            Self::Gone => 0,
        }
    }
}

/// Where it goes.
pub(super) type Sink = Feed<Result<Out, Refusal>>;

/// A request that is made again.
#[derive(Debug)]
pub(super) struct Again {
    pub(super) id: Bytes,
    pub(super) declared: Declared,
    /// What was answered, by the question's key.
    pub(super) answers: BTreeMap<String, Vec<u8>>,
    pub(super) out: Sink,
}

#[derive(Debug)]
struct Waiting {
    order: u64,
    same: Digest,
    goes_on: oneshot::Sender<Again>,
}

/// The requests of one server that wait for their client.
#[derive(Debug, Default)]
pub(super) struct Parked {
    all: Mutex<BTreeMap<(InstanceId, String), Waiting>>,
    order: AtomicU64,
}

impl Parked {
    fn park(
        &self,
        (whose, same): (InstanceId, Digest),
        entropy: &dyn Entropy,
    ) -> (String, oneshot::Receiver<Again>) {
        let mut random = [0; 16];
        entropy.fill(&mut random);
        let state = format!("{STATE}{:032x}", u128::from_be_bytes(random));
        let (goes_on, wait) = oneshot::channel();
        let order = self.order.fetch_add(1, Ordering::Relaxed);
        let mut all = self.all.lock();
        let oldest = |of: Option<InstanceId>| {
            let those = all.iter().filter(|((who, _), _)| of.is_none_or(|of| of == *who));
            let (count, first) = those.fold((0, None), |(count, first), (key, one)| {
                let older = first.as_ref().is_none_or(|(order, _)| one.order < *order);
                (count + 1, if older { Some((one.order, key.clone())) } else { first })
            });
            (count, first.map(|(_, key)| key))
        };
        let gives_way = match (oldest(Some(whose)), oldest(None)) {
            ((count, oldest), _) if count >= PER_INSTANCE => oldest,
            (_, (count, oldest)) if count >= PARKED => oldest,
            _ => None,
        };
        if let Some(key) = gives_way {
            // Its request hears that nobody comes back, and is cancelled.
            all.remove(&key);
        }
        all.insert((whose, state.clone()), Waiting { order, same, goes_on });
        (state, wait)
    }

    fn left(&self, whose: InstanceId, state: &str) {
        self.all.lock().remove(&(whose, state.to_owned()));
    }

    /// Lets a request go on. The state counts once.
    ///
    /// # Errors
    /// If none of this instance's waits under the state, or it was another one.
    pub(super) fn goes_on(
        &self,
        (whose, same): (InstanceId, Digest),
        state: &str,
        again: Again,
    ) -> Result<(), Refusal> {
        let key = (whose, state.to_owned());
        let waiting = {
            let mut all = self.all.lock();
            let fits = all.get(&key).is_some_and(|one| one.same == same);
            all.remove(&key).filter(|_| fits).ok_or(refusal::NO_CALL)?
        };
        waiting.goes_on.send(again).map_err(|_over| refusal::NO_CALL)
    }
}

/// What of a request has to be the same when it is made again.
pub(super) fn same(node: &Node<'_>, body: &[u8]) -> Digest {
    Digest::of(&lower::same(node, body))
}

/// One request.
pub(super) struct Call {
    pub(super) hidden: Arc<Hidden>,
    pub(super) parked: Arc<Parked>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) number: u64,
    pub(super) method: String,
    pub(super) same: Digest,
    pub(super) id: Bytes,
    pub(super) declared: Declared,
    pub(super) out: Sink,
    /// What the listening stream has for it.
    pub(super) heard: Tap<Bytes>,
    /// Questions without an answer, and the server's ids of them.
    pub(super) open: BTreeMap<String, (Vec<u8>, Question)>,
    pub(super) asked: u64,
}

/// Why a request is over before its answer.
enum Leave {
    /// The client left or did not come back.
    Left,
    /// It failed.
    Failed(Refusal),
    /// The server does not know the session.
    Gone,
}

impl From<Refusal> for Leave {
    fn from(refusal: Refusal) -> Self {
        Self::Failed(refusal)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.hidden.called(self.number);
    }
}

impl Call {
    /// Runs until there is an answer or nobody waits for one.
    pub(super) async fn run(mut self, body: Vec<u8>) {
        let stop = self.hidden.stop.clone();
        let outcome = tokio::select! {
            biased;
            () = stop.cancelled() => Err(Leave::Failed(refusal::NO_SESSION)),
            outcome = self.talk(body) => outcome,
        };
        let last = match outcome {
            Ok(()) => return,
            Err(Leave::Gone) => Some(Ok(Out::Gone)),
            Err(Leave::Failed(refusal)) => Some(Err(refusal)),
            Err(Leave::Left) => None,
        };
        let gone = matches!(last, Some(Ok(Out::Gone)));
        if let Some(last) = last
            && self.out.send(last).await.is_err()
        {
            tracing::debug!("a client left before it was told that its request failed");
        }
        if !gone && self.hidden.tell(lower::cancel(self.number)).await.is_err() {
            tracing::debug!("a server did not hear that a request is cancelled");
        }
    }

    async fn talk(&mut self, body: Vec<u8>) -> Result<(), Leave> {
        let hidden = Arc::clone(&self.hidden);
        let sending = hidden.send(body);
        tokio::pin!(sending);
        let mut messages: Option<Messages> = None;
        loop {
            let waits = messages.is_none();
            let next = async {
                match &mut messages {
                    Some(messages) => messages.next().await,
                    None => std::future::pending().await,
                }
            };
            let message = tokio::select! {
                biased;
                () = self.out.closed() => return Err(Leave::Left),
                Some(message) = self.heard.recv() => message,
                message = next => message.ok_or(refusal::BROKEN)??,
                answer = &mut sending, if waits => {
                    let answer = answer?;
                    if hidden.is_named() && answer.status == StatusCode::NOT_FOUND {
                        return Err(Leave::Gone);
                    }
                    messages = Some(Messages::of(answer));
                    continue;
                }
                () = pause(TOGETHER), if !self.open.is_empty() => {
                    self.wait().await?;
                    continue;
                }
            };
            if self.takes(&message).await? {
                return Ok(());
            }
        }
    }

    /// A message of the server's; whether it is the answer.
    async fn takes(&mut self, message: &Bytes) -> Result<bool, Leave> {
        let node = json::parse(message, &Limits::ANSWER).map_err(|_bad| refusal::BROKEN)?;
        let method = node.get("method").and_then(Node::as_str);
        match (method, node.get("id")) {
            (Some("ping"), Some(id)) => {
                let id = id.bytes_in(message).to_vec();
                drop(node);
                self.hidden.refuses(&id, true).await;
            }
            (Some(_), Some(id)) => {
                let id = id.bytes_in(message).to_vec();
                self.asked += 1;
                let key = format!("ask-{}", self.asked);
                let question = ask::of_request(&node, message, key.clone(), self.hidden.can());
                drop(node);
                match question {
                    Ok(question) if self.open.len() < AT_ONCE => {
                        self.open.insert(key, (id, question));
                    }
                    Ok(_) | Err(_) => self.hidden.refuses(&id, false).await,
                }
            }
            (Some("notifications/cancelled"), None) => {
                let gone = node.pointer("/params/requestId").map(|id| id.bytes_in(message));
                self.open.retain(|_, (id, _)| Some(&id[..]) != gone);
            }
            (Some(_), None) => {
                let notice = lower::notice(&node, message, &self.declared);
                drop(node);
                if let Some(notice) = notice {
                    self.says(Out::More(notice)).await?;
                }
            }
            (None, Some(id)) if id.as_i64() != i64::try_from(self.number).ok() => {}
            (None, _) => {
                let about = (&self.id[..], &*self.method, self.hidden.can());
                let answer = lower::answer(&node, message, about);
                drop(node);
                self.says(Out::Last(answer.message, answer.error)).await?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Asks the client, and waits until it comes back.
    async fn wait(&mut self) -> Result<(), Leave> {
        let whose = self.hidden.road.instance;
        let (state, goes_on) = self.parked.park((whose, self.same), self.entropy.as_ref());
        let questions: Vec<Question> = self.open.values().map(|(_, asked)| asked.clone()).collect();
        let asks = whole(&self.id, "result", &ask::result(&questions, Some(&state)));
        self.hidden.waits(self.number, true);
        let told = self.says(Out::Last(asks, None)).await;
        let again = match told {
            Ok(()) => timeout(WAITS, goes_on).await,
            Err(leave) => {
                self.parked.left(whose, &state);
                return Err(leave);
            }
        };
        self.parked.left(whose, &state);
        let Ok(Ok(again)) = again else { return Err(Leave::Left) };
        self.hidden.waits(self.number, false);
        let Again { id, declared, answers, out } = again;
        (self.id, self.declared, self.out) = (id, declared, out);
        for (key, answer) in answers {
            if let Some((id, _)) = self.open.remove(&key) {
                self.hidden.answers(&id, "result", &answer).await?;
            }
        }
        Ok(())
    }

    async fn says(&self, out: Out) -> Result<(), Leave> {
        self.out.send(Ok(out)).await.map_err(|_left| Leave::Left)
    }
}

#[cfg(test)]
mod tests {
    use writ_testkit::SeededEntropy;

    use super::*;

    fn again() -> Again {
        let body = br#"{"params":{"_meta":{"io.modelcontextprotocol/clientCapabilities":{}}}}"#;
        let node = json::parse(body, &Limits::REQUEST).unwrap();
        let declared = Declared::of(&node, body).unwrap();
        let out = crate::upstream::bridge::wire::ahead().0;
        Again { id: Bytes::from_static(b"1"), declared, answers: BTreeMap::new(), out }
    }

    #[test]
    fn a_state_is_its_instances_for_the_same_request_and_counts_once() {
        let (parked, entropy) = (Parked::default(), SeededEntropy::new(1));
        let [one, two] = [1, 2].map(|number| InstanceId::from_bytes([number; 16]));
        let (call, other) = (Digest::of(b"call"), Digest::of(b"other"));
        let refused = |who, state: &str| {
            parked.goes_on(who, state, again()).err().map(|refusal| refusal.code.0)
        };
        let (state, mut waits) = parked.park((one, call), &entropy);
        assert!(state.starts_with(STATE));
        assert_eq!(refused((two, call), &state), Some("GATE-0120"), "another instance");
        assert_eq!(refused((one, call), "writ-call:forged"), Some("GATE-0120"));
        assert_eq!(refused((one, call), &state), None);
        assert!(waits.try_recv().is_ok());
        assert_eq!(refused((one, call), &state), Some("GATE-0120"), "it counts once");
        let (state, mut waits) = parked.park((one, call), &entropy);
        assert_eq!(refused((one, other), &state), Some("GATE-0120"), "another request");
        assert!(waits.try_recv().is_err(), "and the one that waited is over");
    }

    #[test]
    fn the_oldest_of_too_many_gives_way() {
        let (parked, entropy) = (Parked::default(), SeededEntropy::new(1));
        let whose = InstanceId::from_bytes([1; 16]);
        let same = Digest::of(b"call");
        let mut all: Vec<_> =
            (0..=PER_INSTANCE).map(|_| parked.park((whose, same), &entropy)).collect();
        assert_eq!(parked.all.lock().len(), PER_INSTANCE);
        let closed: Vec<bool> = all
            .iter_mut()
            .map(|(_, waits)| matches!(waits.try_recv(), Err(oneshot::error::TryRecvError::Closed)))
            .collect();
        assert_eq!(closed.iter().filter(|closed| **closed).count(), 1);
        assert!(closed[0]);
    }
}
