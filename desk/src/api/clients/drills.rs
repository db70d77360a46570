//! `/api/v1/clients/{c}/drills` and below

use axum::{
    Json,
    extract::{Path, State},
    routing::{get, post},
};

use super::super::{Endpoint, Guard, Needs, web::Body};
use crate::{
    AsWritten, Desk, DeskError, DrillBody,
    door::Acting,
    view::{DrillFile, DrillPage, DrillView},
};

const DRILLED: &str = r#"{"client":{"tenant":"tnt_01j9z3k4m5n6p7q8r9s0t1v2w3","name":"Harbor Books","slug":"harbor-books"},"drill":"drl_01j9z3k4m5n6p7q8r9s0t1v2w3","agent":"agt_01j9z3k4m5n6p7q8r9s0t1v2w3","agent_name":"invoice-bot","live":false,"state":"passed","says":"It was refused everywhere 0.04 seconds after the decision.","begun_at":"2026-11-03T14:03:00.000000Z","steps":[{"step":"revoke","title":"Ended","words":"The shadow was ended.","at_us":120000,"took_us":9000,"ok":true}],"end_us":41000,"mark_us":60000000,"ours_us":1000000,"line":42}"#;

pub(in crate::api) const TABLE: [Endpoint; 4] = [
    Endpoint {
        method: "GET",
        path: "/clients/{c}/drills",
        summary: "The drills of a client, newest first, and when the next is due.",
        guard: Guard::Reads,
        needs: Needs::seat(),
        body: None,
        answer: r#"{"client":{"tenant":"tnt_01j9z3k4m5n6p7q8r9s0t1v2w3","name":"Harbor Books","slug":"harbor-books"},"at":"2026-11-03T14:03:00.000000Z","rows":[],"next_due":null,"overdue":false,"would_take":null}"#,
        route: || get(list),
    },
    Endpoint {
        method: "POST",
        path: "/clients/{c}/drills",
        summary: "Rehearses the end of an agent on a shadow of it, and times every step.",
        guard: Guard::Changes,
        needs: Needs::works(),
        body: Some(r#"{"agent":"invoice-bot"}"#),
        answer: DRILLED,
        route: || post(run),
    },
    Endpoint {
        method: "GET",
        path: "/clients/{c}/drills/{d}",
        summary: "One drill, step by step.",
        guard: Guard::Reads,
        needs: Needs::seat(),
        body: None,
        answer: DRILLED,
        route: || get(show),
    },
    Endpoint {
        method: "GET",
        path: "/clients/{c}/drills/{d}/file",
        summary: "One drill as a file that is verified offline.",
        guard: Guard::Reads,
        needs: Needs::seat(),
        body: None,
        answer: r#"{"v":1,"tenant":"tnt_01j9z3k4m5n6p7q8r9s0t1v2w3","origin":"writ-ledger/tnt_01j9z3k4m5n6p7q8r9s0t1v2w3","result":{},"line":{},"begun":{},"founding":{},"ended":[],"checkpoint":"","size":43}"#,
        route: || get(file),
    },
];

async fn list(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
) -> Result<Json<DrillPage>, DeskError> {
    Ok(Json(desk.drills(&who, &c).await?))
}

async fn run(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path(c): Path<String>,
    Body(body): Body<DrillBody>,
) -> Result<Json<DrillView>, DeskError> {
    Ok(Json(desk.run_drill(&who, &c, body).await?))
}

async fn show(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, d)): Path<(String, String)>,
) -> Result<Json<DrillView>, DeskError> {
    Ok(Json(desk.drill(&who, &c, &d).await?))
}

async fn file(
    State(desk): State<Desk>,
    Acting(who): Acting,
    Path((c, d)): Path<(String, String)>,
) -> Result<(AsWritten, Json<DrillFile>), DeskError> {
    Ok((AsWritten, Json(desk.drill_file(&who, &c, &d).await?)))
}
