//! A decision point for others: another gateway asks, Writ decides and records, by the same road as everything else.
//!
//! Two doors: the `OpenID` `AuthZEN` Authorization API 1.0 (`/access/v1/…`), and Envoy's HTTP `ext_authz` (`/ext_authz/…`).
//! A question becomes a message (`question`, `envoy`), who asks is proved (`who`) and needs a grant on the server
//! `decisions` (`right`), and `crate::settle` decides.
//! SECURITY: a success lets something through, so whatever is no permit is answered as none.
//! Never here: a second way of deciding.
//! To add a door: its path in [`door`], its file in `ask/`.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Response, StatusCode, request};
use hyper::body::Incoming;
use serde_json::json;
use writ_model::json::{Limits, parse};

use crate::{
    answer::{self, Asked},
    ask::{
        config::{Askers, BadAsker, DECISIONS, checked, decided_for},
        decide::Request,
    },
    body::ReplyBody,
    core::{Core, Served},
    inbound::{self, Wire},
    mcp::header as names,
    refusal::{self, Refusal},
    trace,
};

pub mod config;
mod decide;
mod envoy;
mod question;
mod right;
mod said;
mod search;
mod template;
mod who;

/// The header by which an asker says that it will tell how what it lets through ended: `Writ-Outcome: follows`.
const OUTCOME: &str = "writ-outcome";

/// What the doors need for the length of a run.
#[derive(Debug)]
pub(crate) struct Doors {
    /// What tokens of those who ask are for.
    pub(crate) own: Served,
    pub(crate) askers: Askers,
}

impl Doors {
    /// The doors for these askers.
    ///
    /// # Errors
    /// With every unusable entry.
    pub(crate) fn new(askers: Vec<config::Asker>, base: &str) -> Result<Self, Vec<BadAsker>> {
        Ok(Self { own: decided_for(base, DECISIONS), askers: checked(askers, base)? })
    }
}

/// A door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door<'a> {
    /// `/access/v1/{what}`
    Access(&'a str),
    /// `/.well-known/authzen-configuration`
    Metadata,
    /// `/ext_authz/{road}{path}`
    Road(&'a str, &'a str),
}

/// The door that an address means, if it is one.
pub(crate) fn door(path: &str) -> Option<Door<'_>> {
    if let Some(what) = path.strip_prefix("/access/v1/") {
        return Some(Door::Access(what));
    }
    if path == "/.well-known/authzen-configuration" {
        return Some(Door::Metadata);
    }
    let rest = path.strip_prefix("/ext_authz/")?;
    let end = rest.find('/').unwrap_or(rest.len());
    let (road, path) = rest.split_at_checked(end)?;
    Some(Door::Road(road, path))
}

/// Answers at a door.
pub(crate) async fn answer(
    core: &Arc<Core>,
    (door, wire): (Door<'_>, &Wire),
    head: &request::Parts,
    body: &mut Option<Incoming>,
) -> Response<ReplyBody> {
    let mut response = match door {
        Door::Metadata if head.method == Method::GET => metadata(core),
        Door::Metadata => said::refused(core, &refusal::WRONG_VERB),
        Door::Access(what) => {
            let outcome = Box::pin(access(core, (what, wire), head, body)).await;
            outcome.unwrap_or_else(|refusal| said::refused(core, &refusal))
        }
        Door::Road(road, path) => {
            return Box::pin(envoy::answer(core, (road, path), wire, head, body)).await;
        }
    };
    said::echoed(&head.headers, &mut response);
    response
}

/// The Authorization API (section 10.1).
async fn access(
    core: &Arc<Core>,
    (what, wire): (&str, &Wire),
    head: &request::Parts,
    body: &mut Option<Incoming>,
) -> Result<Response<ReplyBody>, Refusal> {
    inbound::origin(&head.headers, &core.base)?;
    let sought = search::Of::named(what);
    if sought.is_none() && !["evaluation", "evaluations", "outcome"].contains(&what) {
        return Err(refusal::NO_ROUTE);
    }
    if head.method != Method::POST {
        return Err(refusal::WRONG_VERB);
    }
    let asks = who::asker(core, head, wire).await?;
    trace::who(&asks.who, DECISIONS);
    if !names::is_json(&head.headers) {
        return Err(refusal::NOT_JSON.bad_request());
    }
    let body = inbound::body(body.take(), &Limits::REQUEST, &asks.who.cord).await?;
    let node = parse(&body, &Limits::REQUEST).map_err(Refusal::json)?;
    if node.as_object().is_none() {
        return Err(refusal::QUESTION);
    }
    let tells = head.headers.get(OUTCOME).is_some_and(|word| word == "follows");
    let asked = Request { core, asks: &asks, wire, body: &body, tells };
    let response = match (sought, what) {
        (Some(of), _) => said::answer(&search::search(&asked, of, &node).await?),
        (None, "evaluation") => said::answer(&decide::evaluation(&asked, &node).await?),
        (None, "evaluations") => said::answer(&decide::evaluations(&asked, &node).await?),
        (None, _) => answer::json(StatusCode::OK, decide::outcome(&asked, &node)?),
    };
    let aging = Asked { nonce: asks.who.aging, ..Asked::default() };
    Ok(answer::finished(core, response, &aging))
}

/// Where everything is (section 9). The identifier of this decision point is the gateway's address.
fn metadata(core: &Core) -> Response<ReplyBody> {
    let at = |path: &str| format!("{}/access/v1/{path}", core.base);
    let body = json!({
        "policy_decision_point": core.base,
        "access_evaluation_endpoint": at("evaluation"),
        "access_evaluations_endpoint": at("evaluations"),
        "search_subject_endpoint": at("search/subject"),
        "search_resource_endpoint": at("search/resource"),
        "search_action_endpoint": at("search/action"),
    });
    answer::json(StatusCode::OK, Bytes::from(body.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doors_have_one_spelling() {
        for (path, wanted) in [
            ("/access/v1/evaluation", Some(Door::Access("evaluation"))),
            ("/access/v1/search/subject", Some(Door::Access("search/subject"))),
            ("/access/v2/evaluation", None),
            ("/.well-known/authzen-configuration", Some(Door::Metadata)),
            ("/.well-known/authzen-configuration/x", None),
            ("/ext_authz/shop/todos/7", Some(Door::Road("shop", "/todos/7"))),
            ("/ext_authz/shop", Some(Door::Road("shop", ""))),
            ("/ext_authz//todos", Some(Door::Road("", "/todos"))),
            ("/ext_authz", None),
            ("/mcp/shop", None),
        ] {
            assert_eq!(door(path), wanted, "{path}");
        }
    }
}
