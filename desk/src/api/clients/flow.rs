//! `/api/v1/clients/{c}/flow` and `/agents/{a}/flow`: where values come from.

use axum::{
    Json,
    extract::{Path, State},
    routing::get,
};

use super::super::{Endpoint, Guard, Needs};
use crate::{
    Desk, DeskError,
    door::Acting,
    view::flow::{ClassesView, FlowView},
};

pub(in crate::api) const TABLE: [Endpoint; 2] = [CLASSES, MAP];

const CLASSES: Endpoint = Endpoint {
    method: "GET",
    path: "/clients/{c}/flow",
    summary: "What the things that a client's servers list are taken for: whether each reads or acts, where what it gives \
        comes from, what its arguments are for, how sure that is, and whether the charter or a chosen template says so.",
    guard: Guard::Reads,
    needs: Needs::seat(),
    body: None,
    answer: r#"{"followed":true,"rows":[{"server":"mail","thing":"tool","name":"send_message","acts":"outward","reads":"own records","sensitivity":"internal","roles":[{"at":"/to","role":"destination"}],"confidence":100,"signed":true,"template":"@gongrzhe/server-gmail-autoauth-mcp","reasons":["the charter names what it counts as"]}]}"#,
    route: || get(classes),
};

async fn classes(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
) -> Result<Json<ClassesView>, DeskError> {
    Ok(Json(desk.flow_classes(&who, &c).await?))
}

const MAP: Endpoint = Endpoint {
    method: "GET",
    path: "/clients/{c}/agents/{a}/flow",
    summary: "The data map of an agent: where what it has read came from, where it acted, and what was held because of it.",
    guard: Guard::Reads,
    needs: Needs::seat(),
    body: None,
    answer: r#"{"client":{"tenant":"tnt_01j9z3k4m5n6p7q8r9s0t1v2w3","name":"Harbor Books","slug":"harbor-books"},"agent":"agt_01j9z3k4m5n6p7q8r9s0t1v2w3","agent_name":"front-desk","followed":"approve","contexts":[{"instance":"ins_01j9z3k4m5n6p7q8r9s0t1v2w3","at":"2026-11-03T14:03:00.000000Z","origin":"what others wrote","sensitivity":"internal","readable":true}],"from":[{"server":"mail","name":"read_message","origin":"what others wrote","times":3}],"to":[{"server":"mail","name":"send_message","went":4,"held":1,"refused":0}],"looked":8}"#,
    route: || get(map),
};

async fn map(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, a)): Path<(String, String)>,
) -> Result<Json<FlowView>, DeskError> {
    Ok(Json(desk.flow_map(&who, &c, &a).await?))
}
