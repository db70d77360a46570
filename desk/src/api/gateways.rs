//! `/api/v1/operations` and `/api/v1/gateways`: the processes of this installation, and what is wanted of its gateways.

use axum::{
    Json,
    extract::{Path, State},
    routing::{get, post},
};
use serde::Deserialize;
use writ_model::TenantId;

use super::{
    Endpoint, Guard, Needs,
    web::{Asked, Body, Reason},
};
use crate::{
    Desk, DeskError,
    door::Acting,
    view::{GatewayWanted, GatewaysView, LedgersView, OperationsView},
};

pub(super) const TABLE: [Endpoint; 6] = [
    Endpoint {
        method: "GET",
        path: "/operations",
        summary: "The installation as it runs, for people of the provider: roles, leases, lag, queues, drops, formats, backup.",
        guard: Guard::Reads,
        needs: Needs::seat().of_provider(),
        body: None,
        answer: r#"{"at":"2026-11-03T14:03:00.000000Z","version":"0.1.0","processes":[],"gateways":[],"leases":[{"name":"soc","holder":null,"epoch":0,"since":null}],"queues":[],"drops":[],"refusals":[{"what":"DENY-0011","count":3}],"stores":[],"backup":null,"backup_age_us":null,"formats":{"newest":2,"reads":2,"below":[],"below_count":0,"unread":[],"unread_count":0,"clients":3},"restored":[],"restored_count":0}"#,
        route: || get(operations),
    },
    Endpoint {
        method: "GET",
        path: "/operations/ledgers",
        summary: "Clients' ledgers below the newest format, out of a backup, or not read here, for people of the provider; page by page: `after`.",
        guard: Guard::Reads,
        needs: Needs::seat().of_provider(),
        body: None,
        answer: r#"{"newest":2,"clients":2000,"ledgers":[{"client":{"tenant":"tnt_01j9z3k4m5n6p7q8r9s0t1v2w3","name":"Harbor Books","slug":"harbor-books"},"format":1,"unread":null,"restored":null}],"next":"tnt_01j9z3k4m5n6p7q8r9s0t1v2w3"}"#,
        route: || get(ledgers),
    },
    Endpoint {
        method: "GET",
        path: "/gateways",
        summary: "The gateways, for people of the provider: what each may do, how far it is behind, what is wanted of it.",
        guard: Guard::Reads,
        needs: Needs::seat().of_provider(),
        body: None,
        answer: r#"{"at":"2026-11-03T14:03:00.000000Z","gateways":[{"process":{"gateway":"gwy_01j9z3k4m5n6p7q8r9s0t1v2w3"},"standing":"full","lag_us":1200,"wanted":"serve","wanted_by":null,"halt":null,"streams":4,"counters":{"requests":17},"servers":[]}]}"#,
        route: || get(list),
    },
    Endpoint {
        method: "POST",
        path: "/gateways/{gw}/halt",
        summary: "Halts a gateway at once: it refuses everything and cuts what is open.",
        guard: Guard::Changes,
        needs: Needs::runs(),
        body: Some(r#"{"reason":"It answers oddly"}"#),
        answer: r#"{"gateway":"gwy_01j9z3k4m5n6p7q8r9s0t1v2w3","wanted":"halt","line":31,"says":"It is halted."}"#,
        route: || post(halt),
    },
    Endpoint {
        method: "POST",
        path: "/gateways/{gw}/drain",
        summary: "Drains a gateway: it takes nothing new, and what is open ends by itself.",
        guard: Guard::Changes,
        needs: Needs::runs(),
        body: None,
        answer: r#"{"gateway":"gwy_01j9z3k4m5n6p7q8r9s0t1v2w3","wanted":"drain","line":null,"says":"It takes nothing new, and ends what is open."}"#,
        route: || post(drain),
    },
    Endpoint {
        method: "POST",
        path: "/gateways/{gw}/serve",
        summary: "Lets a gateway serve again; one that was halted takes a signature.",
        guard: Guard::Changes,
        needs: Needs::runs().signed(),
        body: None,
        answer: r#"{"gateway":"gwy_01j9z3k4m5n6p7q8r9s0t1v2w3","wanted":"serve","line":33,"says":"It serves again."}"#,
        route: || post(serve),
    },
];

async fn operations(
    State(desk): State<Desk>,
    Acting(who): Acting,
) -> Result<Json<OperationsView>, DeskError> {
    Ok(Json(desk.operations(&who).await?))
}

/// Which page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct After {
    /// The last client of the page before.
    #[serde(default)]
    after: Option<TenantId>,
}

async fn ledgers(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Asked(query): Asked<After>,
) -> Result<Json<LedgersView>, DeskError> {
    Ok(Json(desk.ledgers(&who, query.after).await?))
}

async fn list(
    State(desk): State<Desk>,
    Acting(who): Acting,
) -> Result<Json<GatewaysView>, DeskError> {
    Ok(Json(desk.gateways(&who).await?))
}

async fn halt(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(gateway): Path<String>,
    Body(body): Body<Reason>,
) -> Result<Json<GatewayWanted>, DeskError> {
    Ok(Json(desk.halt_gateway(&who, &gateway, body.reason).await?))
}

async fn drain(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(gateway): Path<String>,
) -> Result<Json<GatewayWanted>, DeskError> {
    Ok(Json(desk.drain_gateway(&who, &gateway).await?))
}

async fn serve(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(gateway): Path<String>,
) -> Result<Json<GatewayWanted>, DeskError> {
    Ok(Json(desk.serve_gateway(&who, &gateway).await?))
}
