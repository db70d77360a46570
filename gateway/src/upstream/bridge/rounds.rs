//! A request of a session-based client, under way at a stateless server: what the server asks becomes requests to the client
//! on the stream of its call, and with the answers the request is made again (SEP-2322), until there is an answer.
//!
//! Never here: the words of either generation (`writ_mcp`), the session itself (`guest.rs`).

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use http::StatusCode;
use tokio::time::timeout;
use writ_mcp::{
    ask::{self, Asks},
    raise,
    words::RPC_HEADERS,
};
use writ_model::json::{self, Limits, Node};

use super::{
    guest::{Asked, Guest, Guests, Running},
    wire::{Messages, Road, ahead, json, pause, stateless, stream},
};
use crate::{
    mcp::{params::News, sse},
    refusal::{self, Refusal},
    upstream::{Answer, pipe::Feed},
};

/// LIMIT: how often one request is made again; more is a server that goes round in circles.
const ROUNDS: u32 = 16;
/// LIMIT: how long a client may take to answer a question: a person may have to read it.
const ANSWER: Duration = Duration::from_mins(10);
/// How long a server that only wants to be asked again is left alone.
const AGAIN: Duration = Duration::from_millis(200);
/// LIMIT: pages of a list that is read to learn what a tool wants repeated.
const PAGES: usize = 32;

type Out = Feed<Result<Bytes, Refusal>>;

/// One request.
pub(super) struct Rounds {
    pub(super) guests: Arc<Guests>,
    pub(super) guest: Arc<Guest>,
    pub(super) road: Road,
    pub(super) running: Running,
    /// The client's own message, and its id in its own spelling.
    pub(super) body: Bytes,
    pub(super) id: Bytes,
    pub(super) made: u32,
}

/// What a message of the server's means.
enum Step {
    /// Said while the request is under way.
    Tell(Vec<u8>),
    /// Nothing to the client.
    Nothing,
    /// The answer.
    Done(Vec<u8>),
    /// It wants to know more first.
    Ask(Asks),
}

impl Rounds {
    /// Makes the request; gives its answer, or a stream with what comes before it.
    ///
    /// # Errors
    /// If the server cannot be reached or understood, or asks what cannot be asked.
    pub(super) async fn begin(self) -> Result<Answer, Refusal> {
        let cancelled = self.running.cancelled.clone();
        let first = async {
            let (messages, first) = self.made(None).await?;
            let step = self.means(&first)?;
            Ok((messages, step))
        };
        let (messages, step) = tokio::select! {
            biased;
            () = cancelled.cancelled() => return Err(refusal::CLIENT_LEFT),
            first = first => first?,
        };
        if let Step::Done(message) = step {
            return Ok(json(StatusCode::OK, message));
        }
        let (out, pipe) = ahead();
        drop(tokio::spawn(self.run(messages, step, out)));
        Ok(stream(pipe))
    }

    /// Runs until there is an answer, the client has left or cancelled, or the session is over.
    async fn run(mut self, messages: Messages, step: Step, out: Out) {
        let (stop, cancelled) = (self.guest.stop.clone(), self.running.cancelled.clone());
        let (gone, last) = (out.clone(), out.clone());
        let outcome = tokio::select! {
            biased;
            () = stop.cancelled() => Err(refusal::NO_SESSION),
            // Who cancels waits for no answer.
            () = cancelled.cancelled() => Ok(()),
            () = gone.closed() => Ok(()),
            outcome = self.talk(messages, step, out) => outcome,
        };
        if let Err(refusal) = outcome
            && last.send(Err(refusal)).await.is_err()
        {
            tracing::debug!("a client left before it was told that its request failed");
        }
    }

    async fn talk(&mut self, mut messages: Messages, first: Step, out: Out) -> Result<(), Refusal> {
        let mut step = first;
        loop {
            match step {
                Step::Tell(notice) => tell(&out, &notice).await?,
                Step::Nothing => {}
                Step::Done(answer) => return tell(&out, &answer).await,
                Step::Ask(asks) => {
                    let (next, first) = self.round(asks, &out).await?;
                    messages = next;
                    step = self.means(&first)?;
                    continue;
                }
            }
            let message = messages.next().await.ok_or(refusal::BROKEN)??;
            step = self.means(&message)?;
        }
    }

    /// Puts the questions to the client, and makes the request again with its answers.
    async fn round(&mut self, asks: Asks, out: &Out) -> Result<(Messages, Bytes), Refusal> {
        self.made += 1;
        if self.made > ROUNDS {
            return Err(refusal::ROUNDS);
        }
        if asks.questions.is_empty() {
            pause(AGAIN).await;
        }
        let mut waits: Vec<(String, Asked)> = Vec::with_capacity(asks.questions.len());
        for question in &asks.questions {
            let asked = self.guest.asks()?;
            let request = {
                let caller = self.guest.caller.lock();
                ask::request(question, &asked.id, (caller.can(), caller.revision))
            };
            let request = request.map_err(|why| refusal::UNASKABLE.saying(why.to_string()))?;
            waits.push((question.key.clone(), asked));
            tell(out, &request).await?;
        }
        let mut answers = BTreeMap::new();
        for (key, mut asked) in waits {
            let answer = timeout(ANSWER, &mut asked.answer).await;
            let Ok(Ok(answer)) = answer else { return Err(refusal::UNANSWERED) };
            answers.insert(key, result(&answer)?);
        }
        let responses = ask::responses(&answers);
        self.made(Some((&responses, asks.state.as_deref()))).await
    }

    /// Makes the request; if the server misses headers that a listed tool wants, once more with them.
    async fn made(
        &self,
        answers: Option<(&[u8], Option<&[u8]>)>,
    ) -> Result<(Messages, Bytes), Refusal> {
        let sent = self.sent(answers).await;
        let missing = match &sent {
            Err(refusal) => refusal.code == refusal::MISMATCH.code,
            Ok((_, first)) => error_code(first) == Some(RPC_HEADERS),
        };
        if !missing {
            return sent;
        }
        self.learn().await?;
        self.sent(answers).await
    }

    async fn sent(
        &self,
        answers: Option<(&[u8], Option<&[u8]>)>,
    ) -> Result<(Messages, Bytes), Refusal> {
        let node = json::parse(&self.body, &Limits::REQUEST).map_err(Refusal::json)?;
        // A request that is made again is another one, and has another id (SEP-2322).
        let id = match answers {
            None => self.id.to_vec(),
            Some(_) => format!("\"writ-again-{}\"", self.guest.number()).into_bytes(),
        };
        let body = self.guest.caller.lock().request(&node, &self.body, &id, answers);
        let lists = node.get("method").and_then(Node::as_str) == Some("tools/list");
        drop(node);
        let headers = stateless(&body, &self.guests.params.read());
        let mut messages = Messages::of(self.road.post(headers, None, body).await?);
        let first = messages.next().await.ok_or(refusal::BROKEN)??;
        if lists {
            let news = News::of(&first);
            self.guests.params.write().learn(news);
        }
        Ok((messages, first))
    }

    /// Reads which headers the server's tools want.
    async fn learn(&self) -> Result<(), Refusal> {
        let mut cursor: Option<String> = None;
        for _ in 0..PAGES {
            let id = format!("writ-list-{}", self.guest.number());
            let body = self.guest.caller.lock().tools(&id, cursor.as_deref());
            let headers = stateless(&body, &self.guests.params.read());
            let mut messages = Messages::of(self.road.post(headers, None, body).await?);
            let answer = loop {
                let message = messages.next().await.ok_or(refusal::BROKEN)??;
                let node = json::parse(&message, &Limits::ANSWER);
                if node.map_err(|_bad| refusal::BROKEN)?.get("method").is_none() {
                    break message;
                }
            };
            let news = News::of(&answer);
            self.guests.params.write().learn(news);
            let node = json::parse(&answer, &Limits::ANSWER).map_err(|_bad| refusal::BROKEN)?;
            let next = node.pointer("/result/nextCursor").and_then(Node::as_str);
            cursor = next.map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn means(&self, message: &Bytes) -> Result<Step, Refusal> {
        let node = json::parse(message, &Limits::ANSWER).map_err(|_bad| refusal::BROKEN)?;
        if node.get("method").is_some() {
            return Ok(raise::notice(&node, message).map_or(Step::Nothing, Step::Tell));
        }
        if let Some(result) = node.get("result") {
            let asks = ask::of_result(result, message)
                .map_err(|why| refusal::UNASKABLE.saying(why.to_string()))?;
            if let Some(asks) = asks {
                return Ok(Step::Ask(asks));
            }
        } else if node.get("error").is_none() {
            return Err(refusal::BROKEN);
        }
        Ok(Step::Done(raise::answer(&node, message, &self.id)))
    }
}

async fn tell(out: &Out, message: &[u8]) -> Result<(), Refusal> {
    out.send(Ok(sse::event(message))).await.map_err(|_left| refusal::CLIENT_LEFT)
}

/// The result in a client's answer to a question; an error ends the request, because SEP-2322 has no form for it.
fn result(answer: &Bytes) -> Result<Vec<u8>, Refusal> {
    let node = json::parse(answer, &Limits::REQUEST).map_err(Refusal::json)?;
    if let Some(result) = node.get("result") {
        return Ok(result.bytes_in(answer).to_vec());
    }
    let why = node.pointer("/error/message").and_then(Node::as_str).unwrap_or_default();
    let why: String = why.chars().take(200).collect();
    Err(refusal::UNANSWERED.saying(format!("the client did not answer the server: {why:?}")))
}

fn error_code(message: &Bytes) -> Option<i64> {
    json::parse(message, &Limits::ANSWER).ok()?.pointer("/error/code")?.as_i64()
}
