//! Stateless clients on one session-based server: which hidden session a request goes to, and what comes back.
//!
//! Never here: a session itself (`hidden.rs`), a request under way (`call.rs`).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bytes::Bytes;
use http::StatusCode;
use parking_lot::Mutex;
use tokio::sync::OnceCell;
use writ_mcp::lower::{self, Declared};
use writ_model::{
    Clock, Digest, Entropy, InstanceId, Span, Timestamp,
    json::{self, Limits, Node},
};

use super::{
    call::{Again, Call, Out, Parked, same},
    hidden::{Begun, Hidden},
    listen,
    wire::{Pipe, Road, ahead, json, stream},
};
use crate::{
    fair::Of,
    mcp::sse,
    refusal::{self, Refusal},
    upstream::{Answer, pipe::Tap},
};

/// LIMIT: sessions over all instances of one server; together with the bound of their tenant.
const SESSIONS: usize = 4_096;
/// LIMIT: sessions of one instance, one for each name and set of capabilities it shows; its oldest gives way.
const PER_INSTANCE: usize = 8;
/// How long nobody may use a session.
const IDLE: Span = Span::minutes(30);

type Key = (InstanceId, Digest);

#[derive(Debug)]
struct Slot {
    cell: Arc<OnceCell<Arc<Hidden>>>,
    used: Timestamp,
}

/// The hidden sessions of one server.
#[derive(Debug)]
pub(super) struct Lowered {
    sessions: Mutex<BTreeMap<Key, Slot>>,
    parked: Arc<Parked>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// The server refuses `initialize`: it is no session-based one.
#[derive(Debug)]
pub(super) enum Fault {
    NotSessionBased,
    Refused(Refusal),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// A request, as it came.
pub(super) struct Request<'a> {
    pub(super) node: &'a Node<'a>,
    pub(super) body: &'a Bytes,
    pub(super) method: &'a str,
    pub(super) id: Bytes,
}

impl Lowered {
    pub(super) fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { sessions: Mutex::default(), parked: Arc::default(), clock, entropy }
    }

    /// Answers a request of a stateless client.
    ///
    /// # Errors
    /// If the server is no session-based one, or the request fails.
    pub(super) async fn answer(&self, road: Road, asks: &Request<'_>) -> Result<Answer, Fault> {
        let declared = Declared::of(asks.node, asks.body)
            .map_err(|why| refusal::PARAMS.saying(why.to_string()))?;
        if let Some(state) = asks.node.pointer("/params/requestState") {
            let state = state.as_str().ok_or(refusal::PARAMS)?;
            return Ok(self.goes_on(road.instance, asks, declared, state).await?);
        }
        let mut fresh = false;
        loop {
            let hidden = self.session(&road, &declared).await?;
            let id = &asks.id[..];
            match asks.method {
                "server/discover" => {
                    let said = json::parse(&hidden.greeting, &Limits::ANSWER);
                    let said = said.map_err(|_bad| refusal::BROKEN)?;
                    let result = said.get("result").unwrap_or(&said);
                    let answer = lower::discovered(result, &hidden.greeting, id);
                    return Ok(json(StatusCode::OK, answer));
                }
                "subscriptions/listen" => {
                    return Ok(listen::open(hidden, asks.node, asks.id.clone())?);
                }
                method if method.starts_with("tasks/") => return Err(refusal::METHOD.into()),
                _ => {}
            }
            if let Some(level) = declared.level {
                hidden.hears_log(level).await?;
            }
            match self.call(&hidden, asks, &declared).await? {
                Some(answer) => return Ok(answer),
                None if fresh => return Err(refusal::BROKEN.into()),
                None => {
                    // A session that the server has forgotten: once more in a new one, because nothing was done.
                    self.forget(&road, &declared, &hidden);
                    fresh = true;
                }
            }
        }
    }

    async fn call(
        &self,
        hidden: &Arc<Hidden>,
        asks: &Request<'_>,
        declared: &Declared,
    ) -> Result<Option<Answer>, Refusal> {
        let number = hidden.number();
        let heard = hidden.calls(number)?;
        let (out, pipe) = ahead();
        let call = Call {
            hidden: Arc::clone(hidden),
            parked: Arc::clone(&self.parked),
            entropy: Arc::clone(&self.entropy),
            number,
            method: asks.method.to_owned(),
            same: same(asks.node, asks.body),
            id: asks.id.clone(),
            declared: declared.clone(),
            out,
            heard,
            open: BTreeMap::new(),
            asked: 0,
        };
        drop(tokio::spawn(call.run(lower::request(asks.node, asks.body, number))));
        replied(pipe).await
    }

    async fn goes_on(
        &self,
        whose: InstanceId,
        asks: &Request<'_>,
        declared: Declared,
        state: &str,
    ) -> Result<Answer, Refusal> {
        let given = asks.node.pointer("/params/inputResponses");
        let given = given.and_then(Node::as_object).unwrap_or_default();
        let answers = given
            .iter()
            .map(|(key, answer)| (key.to_string(), answer.bytes_in(asks.body).to_vec()))
            .collect();
        let (out, pipe) = ahead();
        let again = Again { id: asks.id.clone(), declared, answers, out };
        self.parked.goes_on((whose, same(asks.node, asks.body)), state, again)?;
        replied(pipe).await?.ok_or(refusal::BROKEN)
    }

    /// The session for a request; begun if there is none.
    async fn session(&self, road: &Road, declared: &Declared) -> Result<Arc<Hidden>, Fault> {
        let key = (road.instance, Digest::of(&declared.key()));
        let cell = self.slot(key)?;
        let begin = async || -> Result<Arc<Hidden>, Fault> {
            let seat = road.share.take(Of::Sessions).ok_or(refusal::SESSIONS_FULL)?;
            match Hidden::begin(road.clone(), declared, seat).await? {
                Begun::Session(hidden) => Ok(hidden),
                Begun::Refused => Err(Fault::NotSessionBased),
            }
        };
        let begun = cell.get_or_try_init(begin).await.cloned();
        let mut sessions = self.sessions.lock();
        let kept = sessions.get(&key).is_some_and(|slot| Arc::ptr_eq(&slot.cell, &cell));
        match &begun {
            Err(_) if kept => drop(sessions.remove(&key)),
            // SECURITY: it was given up, or its agent ended, while it was begun: nobody else would end it.
            Ok(hidden) if !kept => {
                hidden.leave();
                return Err(refusal::SESSIONS_FULL.into());
            }
            _ => {}
        }
        begun
    }

    fn slot(&self, key: Key) -> Result<Arc<OnceCell<Arc<Hidden>>>, Refusal> {
        let now = self.clock.now();
        let mut sessions = self.sessions.lock();
        if let Some(slot) = sessions.get_mut(&key) {
            slot.used = now;
            return Ok(Arc::clone(&slot.cell));
        }
        // Sessions are begun seldom: that is when idle ones are looked for.
        sessions.retain(|_, slot| {
            let stays = slot.used + IDLE > now;
            if !stays {
                leave(slot);
            }
            stays
        });
        let own = sessions.iter().filter(|((whose, _), _)| *whose == key.0);
        let own: Vec<_> = own.map(|(key, slot)| (slot.used, *key)).collect();
        if own.len() >= PER_INSTANCE
            && let Some((_, oldest)) = own.into_iter().min()
            && let Some(slot) = sessions.remove(&oldest)
        {
            leave(&slot);
        }
        if sessions.len() >= SESSIONS {
            return Err(refusal::SESSIONS_FULL);
        }
        let cell = Arc::<OnceCell<_>>::default();
        sessions.insert(key, Slot { cell: Arc::clone(&cell), used: now });
        Ok(cell)
    }

    fn forget(&self, road: &Road, declared: &Declared, gone: &Arc<Hidden>) {
        let key = (road.instance, Digest::of(&declared.key()));
        let mut sessions = self.sessions.lock();
        let same = |slot: &Slot| slot.cell.get().is_some_and(|known| Arc::ptr_eq(known, gone));
        if sessions.get(&key).is_some_and(same) {
            sessions.remove(&key);
            gone.stop.cancel();
        }
    }

    /// Ends those of some instances, or all.
    pub(super) fn end(&self, instances: Option<&BTreeSet<InstanceId>>) {
        self.sessions.lock().retain(|(whose, _), slot| {
            let stays = instances.is_some_and(|gone| !gone.contains(whose));
            if !stays {
                leave(slot);
            }
            stays
        });
    }
}

fn leave(slot: &Slot) {
    if let Some(hidden) = slot.cell.get() {
        hidden.leave();
    }
}

/// What a request comes to: one answer, or a stream with what comes before it. Nothing if the session is gone.
async fn replied(mut pipe: Tap<Result<Out, Refusal>>) -> Result<Option<Answer>, Refusal> {
    let first = match pipe.recv().await.ok_or(refusal::BROKEN)?? {
        Out::Gone => return Ok(None),
        Out::Last(message, error) => return Ok(Some(json(status(error), message))),
        Out::More(notice) => notice,
    };
    let (out, events): (_, Pipe) = ahead();
    drop(tokio::spawn(async move {
        let mut next = Ok(Out::More(first));
        loop {
            let (event, last) = match next {
                Ok(Out::More(notice)) => (Ok(sse::event(&notice)), false),
                Ok(Out::Last(message, _)) => (Ok(sse::event(&message)), true),
                Ok(Out::Gone) => (Err(refusal::NO_SESSION), true),
                Err(refusal) => (Err(refusal), true),
            };
            if out.send(event).await.is_err() || last {
                return;
            }
            next = tokio::select! {
                biased;
                // Dropping the pipe tells the request that nobody waits for it.
                () = out.closed() => return,
                next = pipe.recv() => next.unwrap_or(Err(refusal::BROKEN)),
            };
        }
    }));
    Ok(Some(stream(events)))
}

/// The HTTP status that 2026-07-28 gives an error.
fn status(error: Option<i64>) -> StatusCode {
    match error {
        Some(-32_601) => StatusCode::NOT_FOUND,
        Some(-32_700 | -32_600 | -32_602) => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    }
}
