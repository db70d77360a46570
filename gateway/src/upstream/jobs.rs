//! Tasks that a server began (the extension `io.modelcontextprotocol/tasks` of 2026-07-28), and whose they are. To the server
//! every agent is the gateway, so only the gateway can tell one agent's task from another's.
//!
//! Never here: what a task does, or a decision about the call that began it. A task grants nothing that its call did not.

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use parking_lot::Mutex;
use writ_model::{
    InstanceId,
    json::{self, Limits, Node},
};

use super::{BodyStream, Pieces};
use crate::{
    mcp::{elicit, parse::Message, sse},
    refusal::{self, Refusal},
};

/// What a client declares that understands tasks, and a server that has them.
pub(crate) const EXTENSION: &str = "io.modelcontextprotocol/tasks";
/// LIMIT: tasks remembered for one instance; its oldest gives way.
const PER_INSTANCE: usize = 256;
/// LIMIT: tasks remembered for one server over all instances; the oldest gives way.
const TASKS: usize = 16_384;
/// LIMIT: bytes of a task's id: a few UUIDs.
const ID: usize = 256;

/// The tasks of one server.
#[derive(Debug, Default)]
pub(crate) struct Jobs(Mutex<Begun>);

#[derive(Debug, Default)]
struct Begun {
    /// The number of each task, in the order in which they began.
    of: BTreeMap<(InstanceId, String), u64>,
    count: u64,
}

impl Jobs {
    /// Whether the tasks that a message names are this instance's.
    ///
    /// # Errors
    /// If one is not, which is as if there were none; if the client does not say that it understands tasks.
    pub(crate) fn admits(&self, whose: InstanceId, message: &Message<'_>) -> Result<(), Refusal> {
        let named = named(message)?;
        if is_of_tasks(message) && !understands(message) {
            return Err(refusal::NO_TASKS);
        }
        if named.is_empty() {
            return Ok(());
        }
        let begun = self.0.lock();
        let own = |task: &&str| begun.of.contains_key(&(whose, (*task).to_owned()));
        if named.iter().all(own) { Ok(()) } else { Err(refusal::NO_TASK) }
    }

    /// Remembers the task that an answer begins, if it begins one.
    pub(crate) fn heard(&self, whose: InstanceId, answer: &[u8]) {
        let Ok(node) = json::parse(answer, &Limits::ANSWER) else { return };
        let member = |key| node.pointer(key).and_then(Node::as_str);
        let Some(task) = member("/result/taskId").filter(|task| task.len() <= ID) else { return };
        if member("/result/resultType") == Some("task") {
            self.0.lock().add((whose, task.to_owned()));
        }
    }

    /// Remembers the tasks that begin in an answer that is there as a whole, as JSON or as events.
    pub(crate) fn whole(&self, whose: InstanceId, answer: &[u8], json: bool) {
        let mut events = sse::Events::default();
        if json {
            self.heard(whose, answer);
        } else if events.push(answer).is_ok() {
            self.listened(whose, &mut events);
        }
    }

    /// Remembers the tasks that begin in the events that are there.
    fn listened(&self, whose: InstanceId, events: &mut sse::Events) {
        while let Some(event) = events.next_event() {
            if let Some(data) = sse::data(&event).filter(|data| !data.is_empty()) {
                self.heard(whose, &data);
            }
        }
    }

    /// Forgets the tasks of instances that have ended.
    pub(crate) fn forget(&self, instances: &BTreeSet<InstanceId>) {
        self.0.lock().of.retain(|(whose, _), _| !instances.contains(whose));
    }
}

impl Begun {
    fn add(&mut self, task: (InstanceId, String)) {
        let own = (task.0, String::new());
        let own = self.of.range(own..).take_while(|((whose, _), _)| *whose == task.0);
        let own: Vec<(u64, String)> = own.map(|((_, id), number)| (*number, id.clone())).collect();
        if own.len() >= PER_INSTANCE
            && let Some((_, oldest)) = own.into_iter().min()
        {
            self.of.remove(&(task.0, oldest));
        }
        if self.of.len() >= TASKS
            && let Some(oldest) = self.of.iter().min_by_key(|(_, number)| **number)
        {
            let oldest = oldest.0.clone();
            self.of.remove(&oldest);
        }
        self.count += 1;
        self.of.insert(task, self.count);
    }
}

/// The tasks that a message is about.
fn named<'a>(message: &Message<'a>) -> Result<Vec<&'a str>, Refusal> {
    let of = |key: &str| message.params().and_then(|params| params.get(key));
    match message.method() {
        Some("tasks/get" | "tasks/update" | "tasks/cancel") => {
            Ok(vec![of("taskId").and_then(Node::as_str).ok_or(refusal::PARAMS)?])
        }
        Some("subscriptions/listen") => {
            let Some(tasks) = of("notifications").and_then(|wanted| wanted.get("taskIds")) else {
                return Ok(Vec::new());
            };
            let tasks = tasks.as_array().filter(|tasks| tasks.len() <= PER_INSTANCE);
            let tasks = tasks.ok_or(refusal::PARAMS)?.iter();
            tasks.map(|task| task.as_str().ok_or(refusal::PARAMS)).collect()
        }
        _ => Ok(Vec::new()),
    }
}

/// Whether a message is one of the extension's own.
pub(crate) fn is_of_tasks(message: &Message<'_>) -> bool {
    matches!(message.method(), Some("tasks/get" | "tasks/update" | "tasks/cancel"))
}

/// Whether the answer to a message may begin a task: only to a client that says it understands one.
pub(crate) fn may_begin(message: &Message<'_>) -> bool {
    message.method() == Some("tools/call") && understands(message)
}

/// Whether the client says with a message that it understands tasks.
fn understands(message: &Message<'_>) -> bool {
    elicit::capabilities(message)
        .and_then(|can| can.get("extensions"))
        .is_some_and(|extensions| extensions.get(EXTENSION).is_some())
}

/// A stream of events in which a task may begin. It is remembered before its event goes on.
pub(crate) struct Watched {
    pub(crate) inner: BodyStream,
    pub(crate) jobs: Arc<Jobs>,
    pub(crate) whose: InstanceId,
    pub(crate) events: sse::Events,
}

impl Pieces for Watched {
    fn poll_piece(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Refusal>>> {
        let piece = ready!(self.inner.as_mut().poll_piece(cx));
        if let Some(Ok(bytes)) = &piece {
            if self.events.push(bytes).is_err() {
                return Poll::Ready(Some(Err(refusal::ANSWER_LARGE)));
            }
            let this = &mut *self;
            this.jobs.listened(this.whose, &mut this.events);
        }
        Poll::Ready(piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::parse;

    fn instance(number: u8) -> InstanceId {
        InstanceId::from_bytes([number; 16])
    }

    fn begins(jobs: &Jobs, whose: u8, task: &str) {
        let answer = format!(
            r#"{{"id":1,"result":{{"resultType":"task","taskId":"{task}","status":"working"}}}}"#
        );
        jobs.heard(instance(whose), answer.as_bytes());
    }

    fn admits(jobs: &Jobs, whose: u8, method: &str, params: &str) -> &'static str {
        let meta = r#"{"_meta":{"io.modelcontextprotocol/clientCapabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}},"#;
        says(jobs, whose, method, &params.replacen('{', meta, 1))
    }

    fn says(jobs: &Jobs, whose: u8, method: &str, params: &str) -> &'static str {
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        let node = parse::read(body.as_bytes()).unwrap();
        let message = parse::message(&node).unwrap();
        jobs.admits(instance(whose), &message).map_or_else(|refusal| refusal.code.0, |()| "ok")
    }

    #[test]
    fn a_task_is_its_instances_alone() {
        let jobs = Jobs::default();
        begins(&jobs, 1, "one");
        jobs.heard(instance(1), br#"{"id":1,"result":{"resultType":"complete","taskId":"two"}}"#);
        for (whose, method, params, wanted) in [
            (1, "tasks/get", r#"{"taskId":"one"}"#, "ok"),
            (1, "tasks/cancel", r#"{"taskId":"one"}"#, "ok"),
            (1, "tasks/get", r#"{"taskId":"two"}"#, "GATE-0111"),
            (2, "tasks/get", r#"{"taskId":"one"}"#, "GATE-0111"),
            (2, "tasks/update", r#"{"taskId":"one","inputResponses":{}}"#, "GATE-0111"),
            (1, "tasks/get", r#"{"taskId":1}"#, "GATE-0017"),
            (1, "subscriptions/listen", r#"{"notifications":{"taskIds":["one"]}}"#, "ok"),
            (2, "subscriptions/listen", r#"{"notifications":{"taskIds":["one"]}}"#, "GATE-0111"),
            (2, "subscriptions/listen", r#"{"notifications":{}}"#, "ok"),
            (2, "subscriptions/listen", r#"{"notifications":{"taskIds":"one"}}"#, "GATE-0017"),
            (2, "tools/call", r#"{"taskId":"one"}"#, "ok"),
        ] {
            assert_eq!(admits(&jobs, whose, method, params), wanted, "{whose} {method} {params}");
        }
        let undeclared = says(&jobs, 1, "tasks/get", r#"{"taskId":"one"}"#);
        assert_eq!(undeclared, "GATE-0112", "it does not say that it understands tasks");
        jobs.forget(&BTreeSet::from([instance(1)]));
        assert_eq!(admits(&jobs, 1, "tasks/get", r#"{"taskId":"one"}"#), "GATE-0111");
    }

    #[test]
    fn the_oldest_of_too_many_gives_way_to_its_own() {
        let jobs = Jobs::default();
        begins(&jobs, 2, "other");
        for number in 0..=PER_INSTANCE {
            begins(&jobs, 1, &format!("t{number}"));
        }
        let get = |whose, task: &str| {
            admits(&jobs, whose, "tasks/get", &format!(r#"{{"taskId":"{task}"}}"#))
        };
        assert_eq!((get(1, "t0"), get(1, "t1"), get(2, "other")), ("GATE-0111", "ok", "ok"));
        assert_eq!(get(1, &format!("t{PER_INSTANCE}")), "ok");
    }

    #[test]
    fn only_a_client_that_understands_tasks_is_listened_for() {
        for (method, meta, wanted) in [
            ("tools/call", r#"{"extensions":{"io.modelcontextprotocol/tasks":{}}}"#, true),
            ("tools/call", r#"{"extensions":{}}"#, false),
            ("prompts/get", r#"{"extensions":{"io.modelcontextprotocol/tasks":{}}}"#, false),
        ] {
            let body = format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{"_meta":{{"io.modelcontextprotocol/clientCapabilities":{meta}}}}}}}"#
            );
            let node = parse::read(body.as_bytes()).unwrap();
            assert_eq!(may_begin(&parse::message(&node).unwrap()), wanted, "{method} {meta}");
        }
    }
}
