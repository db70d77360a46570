//! What each method asks for. A method that is not here is refused.
//!
//! Never here: a wildcard that lets a new method through unjudged.

use std::borrow::Cow;

use writ_authority::grant::Surface;
use writ_model::json::Node;

use crate::{
    mcp::{
        header::Revision,
        parse::{Kind, Message},
    },
    refusal::{self, Refusal},
};

/// What a message asks for.
#[derive(Debug, Clone, Copy)]
pub enum Wish<'a> {
    /// To use one thing.
    Use {
        /// Which kind of thing.
        surface: Surface,
        /// Its name or address.
        name: &'a str,
        /// Arguments, if the method has them.
        arguments: Option<&'a Node<'a>>,
        /// Counts against limits. Completing an argument of a thing does not use the thing.
        counts: bool,
    },
    /// To see what there is; the answer is filtered.
    List,
    /// To hear of changes of these resources, and of lists.
    Listen {
        /// The `resourceSubscriptions` array.
        resources: Option<&'a Node<'a>>,
    },
    /// To talk to the server at all.
    Talk {
        /// Worth a record of its own.
        recorded: bool,
    },
}

/// Requests that 2026-07-28 has no more: it has no session that they could be about, and its tasks are another extension.
const GONE: [&str; 7] = [
    "initialize",
    "ping",
    "logging/setLevel",
    "resources/subscribe",
    "resources/unsubscribe",
    "tasks/list",
    "tasks/result",
];
/// The revision that has tasks of its own, as an experiment.
const WITH_TASKS: Revision<'static> = Revision::Handshake("2025-11-25");

/// Whether the revision has the method.
///
/// # Errors
/// If it has it no more, or not yet.
pub fn served(message: &Message<'_>, revision: Revision<'_>) -> Result<(), Refusal> {
    let modern = revision == Revision::Modern;
    let tasks = modern || revision == WITH_TASKS;
    let served = match message.kind {
        Kind::Request { method: "tasks/update", .. } => modern,
        Kind::Request { method, .. } if method.starts_with("tasks/") && !tasks => false,
        Kind::Request { method, .. } => !modern || !GONE.contains(&method),
        Kind::Notification { method: "notifications/tasks/status" } => revision == WITH_TASKS,
        Kind::Notification { .. } | Kind::Response => true,
    };
    if served { Ok(()) } else { Err(refusal::METHOD) }
}

/// What a message asks for.
///
/// # Errors
/// If the method is unknown or its parameters do not name what they must.
pub fn wish<'a>(message: &Message<'a>) -> Result<Wish<'a>, Refusal> {
    match message.kind {
        Kind::Request { method, .. } => request(method, message.params()),
        Kind::Notification { method } => match method {
            "notifications/initialized"
            | "notifications/cancelled"
            | "notifications/progress"
            | "notifications/roots/list_changed"
            | "notifications/tasks/status"
            | "notifications/elicitation/complete" => Ok(Wish::Talk { recorded: false }),
            _ => Err(refusal::METHOD),
        },
        Kind::Response => Ok(Wish::Talk { recorded: false }),
    }
}

fn request<'a>(method: &str, params: Option<&'a Node<'a>>) -> Result<Wish<'a>, Refusal> {
    let uses = |surface, key, arguments| {
        let name = params.and_then(|params| text(params, key)).ok_or(refusal::PARAMS)?;
        Ok(Wish::Use { surface, name, arguments, counts: true })
    };
    match method {
        "tools/call" => uses(Surface::Tool, "name", arguments(params)?),
        "prompts/get" => uses(Surface::Prompt, "name", arguments(params)?),
        "resources/read" | "resources/subscribe" => uses(Surface::Resource, "uri", None),
        "completion/complete" => completion(params),
        "tools/list"
        | "resources/list"
        | "resources/templates/list"
        | "prompts/list"
        | "tasks/list" => Ok(Wish::List),
        "subscriptions/listen" => listen(params),
        // Whose a task is, the server's side of the gateway knows; the call that began it was decided on.
        "initialize" | "server/discover" | "tasks/get" | "tasks/result" | "tasks/update"
        | "tasks/cancel" => Ok(Wish::Talk { recorded: true }),
        "ping" | "logging/setLevel" | "resources/unsubscribe" => Ok(Wish::Talk { recorded: false }),
        _ => Err(refusal::METHOD),
    }
}

/// Arguments, which are an object wherever they are.
fn arguments<'a>(params: Option<&'a Node<'a>>) -> Result<Option<&'a Node<'a>>, Refusal> {
    match params.and_then(|params| params.get("arguments")) {
        Some(arguments) if arguments.as_object().is_none() => Err(refusal::PARAMS),
        arguments => Ok(arguments),
    }
}

/// What can be listened for.
const HEARD: [&str; 5] = [
    "toolsListChanged",
    "promptsListChanged",
    "resourcesListChanged",
    "resourceSubscriptions",
    "taskIds",
];
/// LIMIT: resources named in one subscription.
const RESOURCES: usize = 256;

fn listen<'a>(params: Option<&'a Node<'a>>) -> Result<Wish<'a>, Refusal> {
    let wanted = params.and_then(|params| params.get("notifications")).ok_or(refusal::PARAMS)?;
    // What is not known could name what nobody decided on.
    let known = |(key, _): &(Cow<'_, str>, Node<'_>)| HEARD.contains(&&**key);
    if !wanted.as_object().is_some_and(|all| all.iter().all(known)) {
        return Err(refusal::PARAMS);
    }
    let resources = wanted.get("resourceSubscriptions");
    let fits = resources.is_none_or(|node| {
        node.as_array().is_some_and(|uris| {
            uris.len() <= RESOURCES && uris.iter().all(|uri| uri.as_str().is_some())
        })
    });
    if fits { Ok(Wish::Listen { resources }) } else { Err(refusal::PARAMS) }
}

/// `completion/complete` is judged as what it refers to.
fn completion<'a>(params: Option<&'a Node<'a>>) -> Result<Wish<'a>, Refusal> {
    let about = params.and_then(|params| params.get("ref")).ok_or(refusal::PARAMS)?;
    let (surface, key) = match text(about, "type") {
        Some("ref/prompt") => (Surface::Prompt, "name"),
        Some("ref/resource") => (Surface::Resource, "uri"),
        _ => return Err(refusal::PARAMS),
    };
    let name = text(about, key).ok_or(refusal::PARAMS)?;
    Ok(Wish::Use { surface, name, arguments: None, counts: false })
}

fn text<'a>(node: &'a Node<'a>, key: &str) -> Option<&'a str> {
    node.get(key).and_then(|value| value.as_str())
}

/// The list method's key in its result, and what kind of thing it lists.
pub const LISTS: &[(&str, &str, Surface)] = &[
    ("tools", "name", Surface::Tool),
    ("resources", "uri", Surface::Resource),
    ("resourceTemplates", "uriTemplate", Surface::Resource),
    ("prompts", "name", Surface::Prompt),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::parse;

    #[test]
    fn a_revision_serves_the_methods_that_it_has() {
        let experiment = WITH_TASKS;
        let old = Revision::Handshake("2025-06-18");
        for (method, revision, wanted) in [
            ("resources/subscribe", Revision::Unsaid, true),
            ("resources/subscribe", Revision::Modern, false),
            ("initialize", Revision::Modern, false),
            ("server/discover", Revision::Modern, true),
            ("tools/call", Revision::Modern, true),
            ("tasks/get", Revision::Modern, true),
            ("tasks/get", experiment, true),
            ("tasks/get", old, false),
            ("tasks/get", Revision::Unsaid, false),
            ("tasks/result", experiment, true),
            ("tasks/result", Revision::Modern, false),
            ("tasks/list", experiment, true),
            ("tasks/list", Revision::Modern, false),
            ("tasks/list", old, false),
            ("tasks/update", Revision::Modern, true),
            ("tasks/update", experiment, false),
        ] {
            let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}"}}"#);
            let node = parse::read(body.as_bytes()).unwrap();
            let message = parse::message(&node).unwrap();
            assert_eq!(served(&message, revision).is_ok(), wanted, "{method} {revision:?}");
        }
        let told = br#"{"jsonrpc":"2.0","method":"notifications/tasks/status"}"#;
        let node = parse::read(told).unwrap();
        let message = parse::message(&node).unwrap();
        assert!(served(&message, experiment).is_ok() && served(&message, old).is_err());
    }
}
