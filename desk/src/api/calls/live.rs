//! `GET /api/v1/calls/live`: server-sent events; each `call` event is a row of `GET /api/v1/calls`.

use std::convert::Infallible;

use axum::{
    extract::State,
    response::sse::{Event, KeepAlive, Sse},
    routing::get,
};
use futures_util::{Stream, StreamExt as _};

use super::super::{Endpoint, Guard, Needs};
use crate::{Desk, door::Acting};

pub(in crate::api) const ENDPOINT: Endpoint = Endpoint {
    method: "GET",
    path: "/calls/live",
    summary: "New calls as server-sent events, as they are recorded.",
    guard: Guard::Reads,
    needs: Needs::seat(),
    body: None,
    answer: r#"{"call":"cal_01j9z3k4m5n6p7q8r9s0t1v2w3","effect":"blocked","code":"DENY-0012"}"#,
    route: || get(handle),
};

async fn handle(
    State(desk): State<Desk>,
    Acting(who): Acting,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let events = desk.live_calls(who).map(|call| {
        let event = Event::default().event("call").id(call.call.to_string());
        // A row always has a JSON form; a comment is sent rather than nothing.
        Ok(event.json_data(&call).unwrap_or_else(|_no_json| Event::default().comment("unreadable")))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}
