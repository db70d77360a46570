//! Tasks that a server began (2025-11-25's own, and the extension `io.modelcontextprotocol/tasks` of 2026-07-28), whose they
//! are, and which tool's call began each. To the server every agent is the gateway, so only the gateway can tell one agent's
//! task from another's.
//!
//! Never here: what a task does, or a decision about the call that began it. A task grants nothing that its call did not.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use parking_lot::Mutex;
use writ_model::{
    InstanceId,
    json::{self, Limits, Node},
};

use crate::{
    mcp::{elicit, header::MODERN, parse::Message},
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
/// LIMIT: bytes of the name of the tool that began it: more than any revision lets a tool have.
const NAME: usize = 1_024;
/// The revision whose own tasks, still an experiment there, begin with a member `task` of the call's parameters.
const EXPERIMENT: &str = "2025-11-25";

/// The tasks of one server.
#[derive(Debug, Default)]
pub(crate) struct Jobs(Mutex<Begun>);

#[derive(Debug, Default)]
struct Begun {
    of: BTreeMap<(InstanceId, String), Begin>,
    count: u64,
}

/// How a task began.
#[derive(Debug)]
struct Begin {
    /// Its number, in the order in which they began.
    number: u64,
    tool: Arc<str>,
}

impl Jobs {
    /// Whether the tasks that a message names are this instance's.
    ///
    /// # Errors
    /// If one is not, which is as if there were none; if a client of 2026-07-28 does not say that it understands tasks.
    pub(crate) fn admits(
        &self,
        whose: InstanceId,
        message: &Message<'_>,
        modern: bool,
    ) -> Result<(), Refusal> {
        let named = named(message)?;
        if modern && is_of_tasks(message) && !understands(message) {
            return Err(refusal::NO_TASKS);
        }
        if named.is_empty() {
            return Ok(());
        }
        let begun = self.0.lock();
        let own = |task: &&str| begun.of.contains_key(&(whose, (*task).to_owned()));
        if named.iter().all(own) { Ok(()) } else { Err(refusal::NO_TASK) }
    }

    /// The tool whose call began a task of this instance's; nothing if it has no such task.
    pub(crate) fn tool(&self, whose: InstanceId, task: &str) -> Option<Arc<str>> {
        let begun = self.0.lock();
        begun.of.get(&(whose, task.to_owned())).map(|begin| Arc::clone(&begin.tool))
    }

    /// Remembers the task that the answer to a call of this tool begins, if it begins one.
    pub(crate) fn heard(&self, whose: InstanceId, tool: &str, answer: &[u8]) {
        let Ok(node) = json::parse(answer, &Limits::ANSWER) else { return };
        let member = |key| node.pointer(key).and_then(Node::as_str);
        let task = if member("/result/resultType") == Some("task") {
            member("/result/taskId")
        } else {
            member("/result/task/taskId")
        };
        let Some(task) = task.filter(|task| task.len() <= ID && tool.len() <= NAME) else { return };
        self.0.lock().add((whose, task.to_owned()), tool);
    }

    /// Forgets the tasks of instances that have ended.
    pub(crate) fn forget(&self, instances: &BTreeSet<InstanceId>) {
        self.0.lock().of.retain(|(whose, _), _| !instances.contains(whose));
    }
}

impl Begun {
    fn add(&mut self, task: (InstanceId, String), tool: &str) {
        let own = (task.0, String::new());
        let own = self.of.range(own..).take_while(|((whose, _), _)| *whose == task.0);
        let own: Vec<(u64, String)> =
            own.map(|((_, id), begin)| (begin.number, id.clone())).collect();
        if own.len() >= PER_INSTANCE
            && let Some((_, oldest)) = own.into_iter().min()
        {
            self.of.remove(&(task.0, oldest));
        }
        if self.of.len() >= TASKS
            && let Some(oldest) = self.of.iter().min_by_key(|(_, begin)| begin.number)
        {
            let oldest = oldest.0.clone();
            self.of.remove(&oldest);
        }
        self.count += 1;
        self.of.insert(task, Begin { number: self.count, tool: tool.into() });
    }
}

/// The tasks that a message is about.
fn named<'a>(message: &Message<'a>) -> Result<Vec<&'a str>, Refusal> {
    let of = |key: &str| message.params().and_then(|params| params.get(key));
    match message.method() {
        Some("tasks/get" | "tasks/result" | "tasks/update" | "tasks/cancel") => {
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

/// Whether a message asks after a task, or after all of them.
pub(crate) fn is_of_tasks(message: &Message<'_>) -> bool {
    message.method().is_some_and(|method| method.starts_with("tasks/"))
}

/// The task that a message is about, if it is about one.
pub(crate) fn about<'a>(message: &Message<'a>) -> Option<&'a str> {
    let task = message.params().filter(|_| is_of_tasks(message))?.get("taskId")?;
    task.as_str()
}

/// The tool that a message calls in such a way that the answer may begin a task: only for a client that says that it
/// understands one.
pub(crate) fn may_begin<'a>(message: &Message<'a>, revision: &str) -> Option<&'a str> {
    if message.method() != Some("tools/call") {
        return None;
    }
    let asked = match revision {
        MODERN => understands(message),
        EXPERIMENT => message.params()?.get("task")?.as_object().is_some(),
        _ => false,
    };
    message.params()?.get("name")?.as_str().filter(|_| asked)
}

/// Whether the client says with a message that it understands tasks.
fn understands(message: &Message<'_>) -> bool {
    elicit::capabilities(message)
        .and_then(|can| can.get("extensions"))
        .is_some_and(|extensions| extensions.get(EXTENSION).is_some())
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
        jobs.heard(instance(whose), "send", answer.as_bytes());
    }

    fn admits(jobs: &Jobs, whose: u8, method: &str, params: &str) -> &'static str {
        let meta = r#"{"_meta":{"io.modelcontextprotocol/clientCapabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}},"#;
        says(jobs, whose, method, &params.replacen('{', meta, 1))
    }

    fn says(jobs: &Jobs, whose: u8, method: &str, params: &str) -> &'static str {
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        let node = parse::read(body.as_bytes()).unwrap();
        let message = parse::message(&node).unwrap();
        jobs.admits(instance(whose), &message, true)
            .map_or_else(|refusal| refusal.code.0, |()| "ok")
    }

    #[test]
    fn a_task_is_its_instances_alone() {
        let jobs = Jobs::default();
        begins(&jobs, 1, "one");
        let complete = br#"{"id":1,"result":{"resultType":"complete","taskId":"two"}}"#;
        jobs.heard(instance(1), "send", complete);
        for (whose, method, params, wanted) in [
            (1, "tasks/get", r#"{"taskId":"one"}"#, "ok"),
            (1, "tasks/cancel", r#"{"taskId":"one"}"#, "ok"),
            (1, "tasks/get", r#"{"taskId":"two"}"#, "GATE-0111"),
            (2, "tasks/get", r#"{"taskId":"one"}"#, "GATE-0111"),
            (2, "tasks/update", r#"{"taskId":"one","inputResponses":{}}"#, "GATE-0111"),
            (1, "tasks/get", r#"{"taskId":1}"#, "GATE-0017"),
            (1, "tasks/result", r#"{"taskId":"one"}"#, "ok"),
            (2, "tasks/result", r#"{"taskId":"one"}"#, "GATE-0111"),
            (2, "tasks/list", r#"{"cursor":"a"}"#, "ok"),
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
    fn a_task_knows_the_tool_that_began_it_in_either_form() {
        let jobs = Jobs::default();
        begins(&jobs, 1, "one");
        let experiment = br#"{"id":1,"result":{"task":{"taskId":"two","status":"working"}}}"#;
        jobs.heard(instance(1), "pay", experiment);
        let third = br#"{"id":1,"result":{"task":{"taskId":"three","status":"working"}}}"#;
        jobs.heard(instance(1), &"n".repeat(NAME + 1), third);
        let tool = |whose, task: &str| jobs.tool(instance(whose), task);
        assert_eq!(tool(1, "one").as_deref(), Some("send"));
        assert_eq!(tool(1, "two").as_deref(), Some("pay"));
        assert_eq!((tool(2, "one"), tool(1, "three")), (None, None));
    }

    #[test]
    fn only_a_client_that_understands_tasks_is_listened_for() {
        let tasks = r#""_meta":{"io.modelcontextprotocol/clientCapabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}}"#;
        let none = r#""_meta":{"io.modelcontextprotocol/clientCapabilities":{"extensions":{}}}"#;
        for (revision, method, more, wanted) in [
            (MODERN, "tools/call", tasks, Some("send")),
            (MODERN, "tools/call", none, None),
            (MODERN, "tools/call", r#""task":{}"#, None),
            (MODERN, "prompts/get", tasks, None),
            (EXPERIMENT, "tools/call", r#""task":{"ttl":5}"#, Some("send")),
            (EXPERIMENT, "tools/call", r#""task":true"#, None),
            (EXPERIMENT, "tools/call", tasks, None),
            ("2025-06-18", "tools/call", r#""task":{}"#, None),
        ] {
            let body = format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{"name":"send",{more}}}}}"#
            );
            let node = parse::read(body.as_bytes()).unwrap();
            let message = parse::message(&node).unwrap();
            assert_eq!(may_begin(&message, revision), wanted, "{revision} {method} {more}");
        }
    }
}
