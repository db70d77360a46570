//! What goes between client and server: each request decided first, each answer matched to its decision.
//!
//! Never here: a request that goes through because asking failed, or an answer that nobody asked for.
//! To treat one more kind of message: the match in `Traffic::take` or `Traffic::give`.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Value, json, value::RawValue};
use tokio::{io::AsyncBufRead, sync::Semaphore};
use tokio_util::task::TaskTracker;
use writ_model::{Clock as _, json::Limits};

use super::gate::{Gate, Life, Outcome};
use crate::{
    agent::connect::{
        error_of,
        lines::{self, Line, Outbox},
    },
    fault::Fault,
    mcp::{
        Message, Shape, code,
        message::{error_answer, error_object_answer},
    },
    system::SystemClock,
};

/// LIMIT: requests at the server or being decided at once.
const IN_FLIGHT: usize = 64;

/// A request between its decision and its answer; no call id while it is being decided.
#[derive(Debug, Clone, Default)]
struct Pending {
    call_id: Option<String>,
    filter: bool,
    method: String,
    since_us: u64,
}

#[derive(Debug)]
pub(super) struct Traffic {
    gate: Gate,
    to_client: Outbox,
    pending: Mutex<BTreeMap<String, Pending>>,
    slots: Arc<Semaphore>,
    tasks: TaskTracker,
    life: Life,
    /// Nothing passes: the agent is ended, or the gateway's word has been missing too long.
    shut: AtomicBool,
}

impl Traffic {
    pub(super) fn new(gate: Gate, to_client: Outbox) -> Self {
        Self {
            gate,
            to_client,
            pending: Mutex::default(),
            slots: Arc::new(Semaphore::new(IN_FLIGHT)),
            tasks: TaskTracker::new(),
            life: Life::default(),
            shut: AtomicBool::new(false),
        }
    }

    pub(super) fn life(&self) -> Life {
        self.life.clone()
    }

    /// Reads the client until it leaves, then waits for what is being decided.
    pub(super) async fn from_client<R: AsyncBufRead + Unpin>(
        self: Arc<Self>,
        mut input: R,
        to_server: Outbox,
    ) {
        loop {
            match lines::read(&mut input, lines::FROM_CLIENT).await {
                Ok(Line::Whole(line)) => self.take(line, &to_server).await,
                Ok(Line::TooLong) => {
                    let why = "the message is larger than 1 MiB";
                    self.say("", code::INVALID_REQUEST, why).await;
                }
                Ok(Line::End) | Err(_) => break,
            }
        }
        self.tasks.close();
        self.tasks.wait().await;
    }

    async fn take(self: &Arc<Self>, line: Bytes, to_server: &Outbox) {
        let message = match Message::read(&line) {
            Ok(message) => message,
            Err(unread) => return self.say("", unread.code, &unread.why).await,
        };
        if message.shape != Shape::Request {
            if !self.shut.load(Ordering::SeqCst) {
                to_server.put(line).await;
            }
            return;
        }
        let entry = Pending { method: message.method.clone(), ..Pending::default() };
        let reused = {
            let mut pending = self.pending.lock();
            let reused = pending.contains_key(&message.id);
            if !reused {
                pending.insert(message.id.clone(), entry);
            }
            reused
        };
        if reused {
            let why = "this id is in use: give each request one of its own";
            return self.say(&message.id, code::INVALID_REQUEST, why).await;
        }
        let Ok(slot) = Arc::clone(&self.slots).acquire_owned().await else { return };
        let (traffic, to_server) = (Arc::clone(self), to_server.clone());
        self.tasks.spawn(async move {
            traffic.decide(&message.id, line, &to_server).await;
            drop(slot);
        });
    }

    async fn decide(&self, id: &str, line: Bytes, to_server: &Outbox) {
        let word = match self.gate.decide(line.clone()).await {
            Ok(word) => word,
            Err(fault) => {
                if self.pending.lock().remove(id).is_some() {
                    self.say_fault(id, &fault).await;
                }
                return;
            }
        };
        if !word.permit {
            if self.pending.lock().remove(id).is_some() {
                let error = if word.error.is_object() {
                    word.error
                } else {
                    json!({"code": code::DOOR, "message": "refused by the gateway"})
                };
                self.to_client.put(error_object_answer(id, &error)).await;
            }
            return;
        }
        let known = match self.pending.lock().get_mut(id) {
            Some(pending) if !self.shut.load(Ordering::SeqCst) => {
                pending.call_id.clone_from(&word.call_id);
                pending.filter = word.filter;
                pending.since_us = SystemClock.monotonic_micros();
                true
            }
            _ => false,
        };
        if known {
            to_server.put(line).await;
        }
    }

    /// Reads the server until its output ends.
    pub(super) async fn from_server<R: AsyncBufRead + Unpin>(self: Arc<Self>, mut output: R) {
        loop {
            match lines::read(&mut output, lines::FROM_SERVER).await {
                Ok(Line::Whole(line)) => self.give(line).await,
                Ok(Line::TooLong) => tracing::warn!("server line dropped: larger than 16 MiB"),
                Ok(Line::End) | Err(_) => return,
            }
        }
    }

    async fn give(&self, line: Bytes) {
        let message = match Message::read_within(&line, &Limits::ANSWER) {
            Ok(message) => message,
            Err(unread) => {
                tracing::warn!(why = unread.why, "server line dropped: not MCP");
                return;
            }
        };
        if message.shape != Shape::Response {
            if !self.shut.load(Ordering::SeqCst) {
                self.to_client.put(line).await;
            }
            return;
        }
        let Some(pending) = self.pending.lock().remove(&message.id) else {
            tracing::warn!("server answer dropped: nobody waits for it");
            return;
        };
        let bytes = line.len();
        let ok = Self::is_result(&line);
        let answer = if pending.filter && ok {
            self.filtered(&message.id, &pending, line).await
        } else {
            line
        };
        self.to_client.put(answer).await;
        if let Some(call_id) = pending.call_id {
            let duration_us = SystemClock.monotonic_micros().saturating_sub(pending.since_us);
            self.gate.outcome(&Outcome { call_id, ok, bytes, duration_us }).await;
        }
    }

    fn is_result(line: &[u8]) -> bool {
        #[derive(serde::Deserialize)]
        struct Probe<'a> {
            #[serde(borrow)]
            result: Option<&'a RawValue>,
        }
        serde_json::from_slice::<Probe<'_>>(line).is_ok_and(|probe| probe.result.is_some())
    }

    async fn filtered(&self, id: &str, pending: &Pending, line: Bytes) -> Bytes {
        let mut answer: Value = serde_json::from_slice(&line).unwrap_or_default();
        let result = answer.get("result").cloned().unwrap_or_default();
        match self.gate.filter(&pending.method, &result).await {
            Ok(kept) => {
                if let Some(slot) = answer.get_mut("result") {
                    *slot = kept;
                }
                Bytes::from(answer.to_string())
            }
            Err(fault) => {
                let (code, message, data) = error_of(&fault);
                Bytes::from(error_answer(id, code, &message, &data))
            }
        }
    }

    /// Shuts while the gateway's word is missing too long, opens when it is back; never returns.
    pub(super) async fn mind_the_word(&self) -> std::convert::Infallible {
        loop {
            self.life.stale().await;
            let fault = Fault::unreachable("the gateway's word on this agent is missing")
                .cure("start it with `writ up`; until it answers, every request is refused");
            self.end(&fault).await;
            self.life.until(true).await;
            self.shut.store(false, Ordering::SeqCst);
        }
    }

    /// Nothing passes any more; whoever waits is told why.
    pub(super) async fn end(&self, fault: &Fault) {
        self.shut.store(true, Ordering::SeqCst);
        let waiting = std::mem::take(&mut *self.pending.lock());
        for id in waiting.keys() {
            self.say_fault(id, fault).await;
        }
    }

    async fn say_fault(&self, id: &str, fault: &Fault) {
        let (code, message, data) = error_of(fault);
        self.to_client.put(error_answer(id, code, &message, &data)).await;
    }

    async fn say(&self, id: &str, code: i64, why: &str) {
        self.to_client.put(error_answer(id, code, why, &Value::Null)).await;
    }
}
