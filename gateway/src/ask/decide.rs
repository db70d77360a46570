//! One question decided, and several in a row (`OpenID` `AuthZEN` Authorization API 1.0, sections 6 and 7).
//!
//! Never here: a second way of deciding: the question becomes a message, and `settle` decides that.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};
use writ_model::{
    InstanceId,
    json::{Limits, Node, parse as read},
};

use crate::{
    ask::{
        config::{DECISIONS, decided_for},
        question::{self, Home, Question, Subject, Tuple},
        right::{self, Asked},
        said::Said,
        who::{self, About, Asks, Named, Turn},
    },
    core::{Core, Served},
    inbound::Wire,
    mcp::{header::Revision, method, parse},
    pending::Unawaited,
    record::Called,
    refusal::{self, Refusal},
    resume,
    settle::{By, Settled, settle},
    standing,
    travel::{Going, Letter, called},
};

/// LIMIT: questions in one request. Each is a decision and a record.
const QUESTIONS: usize = 64;
/// The method that records of such decisions have.
pub(crate) const EVALUATION: &str = "access/evaluation";

/// A request that is answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) core: &'a Arc<Core>,
    pub(crate) asks: &'a Asks,
    pub(crate) wire: &'a Wire,
    pub(crate) body: &'a [u8],
    /// The asker says that it will tell how what it lets through has ended.
    pub(crate) tells: bool,
}

/// Answers one question.
///
/// # Errors
/// If it could not be asked: it is not one, or the asker may not, or nothing can be decided now.
pub(crate) async fn evaluation(asked: &Request<'_>, node: &Node<'_>) -> Result<Value, Refusal> {
    let said = one(asked, &Tuple::of(node, node), Turn::First).await?;
    Ok(said.json())
}

/// Answers several questions; without a list of them, or with an empty one, the one that the request is.
///
/// # Errors
/// If the request is not one, or nothing can be decided now.
pub(crate) async fn evaluations(asked: &Request<'_>, node: &Node<'_>) -> Result<Value, Refusal> {
    let list = match node.get("evaluations") {
        None => return evaluation(asked, node).await,
        Some(list) => list.as_array().ok_or_else(|| bad("evaluations"))?,
    };
    if list.is_empty() {
        return evaluation(asked, node).await;
    }
    if list.len() > QUESTIONS {
        return Err(refusal::QUESTIONS);
    }
    let stops = stops(node)?;
    let mut answers = Vec::with_capacity(list.len());
    for (at, own) in list.iter().enumerate() {
        let turn = if at == 0 { Turn::First } else { Turn::Later };
        let said = if own.as_object().is_none() {
            Said::wrong(&bad("evaluations"))
        } else {
            match one(asked, &Tuple::of(own, node), turn).await {
                Ok(said) => said,
                Err(refusal) => Said::wrong(&refusal),
            }
        };
        let decision = said.decision;
        answers.push(said.json());
        if stops == Some(decision) {
            break;
        }
    }
    Ok(json!({ "evaluations": answers }))
}

/// The decision after which no other is made (section 7.1.2.1).
fn stops(node: &Node<'_>) -> Result<Option<bool>, Refusal> {
    let options = match node.get("options") {
        None => return Ok(None),
        Some(options) if options.as_object().is_none() => return Err(bad("options")),
        Some(options) => options,
    };
    match options.get("evaluations_semantic").map(Node::as_str) {
        None | Some(Some("execute_all")) => Ok(None),
        Some(Some("deny_on_first_deny")) => Ok(Some(false)),
        Some(Some("permit_on_first_permit")) => Ok(Some(true)),
        Some(_) => Err(bad("options.evaluations_semantic")),
    }
}

fn bad(field: &str) -> Refusal {
    refusal::QUESTION.saying(format!("`{field}` is not of its form"))
}

async fn one(asked: &Request<'_>, tuple: &Tuple<'_>, turn: Turn) -> Result<Said, Refusal> {
    let Request { core, asks, wire, body, .. } = *asked;
    let sole = sole(asks);
    let home = Home { sole: sole.as_deref(), base: &core.base };
    let asked_for = question::question(tuple, body, home)?;
    let arguments = read(&asked_for.arguments, &Limits::REQUEST).map_err(Refusal::json)?;
    let question = Asked {
        server: &asked_for.server,
        method: EVALUATION,
        arguments: Some(&arguments),
        raw: &asked_for.arguments,
    };
    let right = right::may_ask(core, &asks.who, &question).await?;
    let own;
    let server = if let Some(server) = served(core, asks, &asked_for.server) {
        server
    } else {
        own = decided_for(&core.base, &asked_for.server);
        &own
    };
    let named = match asked_for.subject {
        Subject::Agent(name, instance) => Named::Agent(name, instance),
        Subject::Token(token) => Named::Token(token, server),
    };
    match who::about(core, asks, (named, wire), turn).await {
        Ok(Some(about)) => decided(asked, &about, server, &asked_for).await,
        Ok(None) => {
            let recording = right::record(core, &asks.who, &question, right).await?;
            let call = recording.call;
            recording.withheld(&refusal::NO_SUBJECT);
            Ok(Said::refused(&refusal::NO_SUBJECT, Some(call)))
        }
        // A credential that is no good is about the one that is asked about, not about the asker.
        Err(refusal) if refusal.oauth.is_some() => Ok(Said::refused(&refusal, None)),
        Err(refusal) => Err(refusal),
    }
}

/// The only server that somebody may ask about, if it is only one.
fn sole(asks: &Asks) -> Option<String> {
    let state = &asks.who.view.state;
    let grants = state.grants_of(&asks.who.caller.agent);
    let mut names: Vec<&str> = grants
        .iter()
        .map(|(_, given)| &given.says)
        .filter(|says| says.server == DECISIONS && says.holds_at(asks.who.now))
        .map(|says| says.name.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    match names.as_slice() {
        [one] if !one.ends_with('*') => Some((*one).to_owned()),
        _ => None,
    }
}

/// The server of this name that the operator's file has for the asker's client.
fn served<'c>(core: &'c Core, asks: &Asks, name: &str) -> Option<&'c Served> {
    let founded = asks.who.view.state.founded.as_deref()?;
    core.servers.get(name)?.of(&founded.slug)
}

/// Decides what somebody else would do.
async fn decided(
    asked: &Request<'_>,
    about: &About,
    server: &Served,
    asked_for: &Question<'_>,
) -> Result<Said, Refusal> {
    let Request { core, asks, wire, .. } = *asked;
    let node = parse::read(&asked_for.message)?;
    let message = parse::message(&node)?;
    let wish = match method::wish(&message) {
        Ok(wish) => wish,
        Err(refusal) => return Ok(Said::refused(&refusal, None)),
    };
    standing::begins(core, &wish)?;
    if resume::asks(&wish) {
        return Ok(Said::refused(&refusal::HOLD_FREE, None));
    }
    let (headers, who, revision) = (HeaderMap::new(), &about.who, Revision::Unsaid);
    let going = Going { core, server, who, wire, headers: &headers, revision, session: None };
    let letter = Letter { message: &message, wish, body: &asked_for.message, expects: None };
    let called = called(server, &message, &wish, revision, &asked_for.message);
    let method = if asked_for.mcp { called.method } else { EVALUATION };
    let called = Called { method, rpc_id: b"", ..called };
    let told = asked.tells.then_some(asks.who.caller.instance);
    settled(&going, &letter, &called, (&asks.who.caller.agent.described.name, told)).await
}

/// Has a message settled and says what came of it. `told`: who tells how it ended; without, its record ends here.
pub(crate) async fn settled(
    going: &Going<'_>,
    letter: &Letter<'_>,
    called: &Called<'_>,
    (asker, told): (&str, Option<InstanceId>),
) -> Result<Said, Refusal> {
    let note = match told {
        Some(_) => format!("asked by {asker}: "),
        None => format!("asked by {asker}, which does not report the outcome: "),
    };
    let Going { core, who, .. } = *going;
    match settle(going, letter, (called, By::Asker(&note))).await? {
        Settled::Talk => Ok(Said::yes(None, None)),
        Settled::Denied(no) => Ok(Said::denied(&no)),
        Settled::Held(waiting) => Ok(Said::held(&waiting)),
        Settled::Withheld(call, refusal) => {
            core.counters.refused(refusal.code);
            Ok(Said::refused(&refusal, Some(call)))
        }
        Settled::Permit(recording, flight) => {
            let call = recording.call;
            if let Some(by) = told {
                return match core.pending.wait(who, by, (*recording, flight)) {
                    Ok(()) => Ok(Said::yes(Some(call), Some(who.caller.instance))),
                    Err(Unawaited::Withheld(refusal) | Unawaited::Refused(refusal)) => {
                        Ok(Said::refused(&refusal, Some(call)))
                    }
                };
            }
            // The ending may have come between the decision and the answer.
            if let Some(why) = who.cord.is_cut() {
                recording.failed(&why);
                return Ok(Said::refused(&why, Some(call)));
            }
            recording.flies(flight).answered();
            Ok(Said::yes(Some(call), None))
        }
    }
}

/// How a call ended, told by who asked for it.
///
/// # Errors
/// If no such call waits for this asker.
pub(crate) fn outcome(asked: &Request<'_>, node: &Node<'_>) -> Result<Bytes, Refusal> {
    let text = |key: &str| node.get(key).and_then(Node::as_str);
    let call = text("call_id").and_then(|call| call.parse().ok()).ok_or_else(|| bad("call_id"))?;
    let instance =
        text("instance").and_then(|one| one.parse().ok()).ok_or_else(|| bad("instance"))?;
    let ok = match node.get("ok").map(|ok| &ok.value) {
        Some(writ_model::json::Value::Bool(ok)) => *ok,
        _ => return Err(bad("ok")),
    };
    let by = asked.asks.who.caller.instance;
    let pending = &asked.core.pending;
    let recording = pending.take(call, instance, by).ok_or(refusal::UNKNOWN_CALL)?;
    if ok {
        recording.answered();
    } else {
        recording.failed(&refusal::BROKEN);
    }
    Ok(Bytes::from_static(br#"{"recorded":true}"#))
}
