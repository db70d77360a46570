//! The stream of decided calls: rows as the page shows them, as they are decided.
//!
//! Never here: what a row looks like (`page/calls/row.html`). A reader who falls behind misses rows; the page is the truth.

use std::convert::Infallible;

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{StreamExt as _, stream};
use http::StatusCode;
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};
use writ_desk::SESSION_IDLE;
use writ_model::ocsf::Disposition;

use crate::{
    page::calls::Row,
    shell::Shell,
    view::CallRow,
    visit::{Console, Visit},
};

/// LIMIT: streams at once: tabs of everybody who is signed in.
pub(crate) const STREAMS: usize = 128;

/// Which calls are wanted.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    client: Option<String>,
    agent: Option<String>,
    effect: Option<Disposition>,
}

impl Wanted {
    fn fits(&self, call: &CallRow) -> bool {
        self.client.as_ref().is_none_or(|slug| *slug == call.client.slug)
            && self.agent.as_ref().is_none_or(|id| *id == call.agent.to_string())
            && self.effect.is_none_or(|effect| effect == call.effect)
    }
}

/// `GET /calls/events`. Ends when an unused session would have, so that a forgotten page does not keep one alive.
pub(crate) async fn events(
    State(console): State<Console>,
    visit: Visit,
    Query(wanted): Query<Wanted>,
) -> Response {
    let Ok(permit) = console.streams.try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many live pages are open\n").into_response();
    };
    let fleet = wanted.client.is_none();
    let shell = visit.plain();
    let calls = Box::pin(visit.desk.live_calls(visit.who));
    let until = Instant::now() + SESSION_IDLE.to_std();
    let (desk, who) = (visit.desk.clone(), visit.who);
    let state = (calls, wanted, shell, (desk, who, permit));
    let events = stream::unfold(state, move |(mut calls, wanted, mut shell, held)| async move {
        loop {
            let call = timeout_at(until, calls.next()).await.ok().flatten()?;
            if wanted.fits(&call) {
                shell.now = shell.now.max(call.at);
                let row = row(&call, &shell, fleet);
                let (desk, who, _) = &held;
                let row = desk.page_for(who, &row).await.unwrap_or_default();
                let event = event(&call, &row);
                return Some((Ok::<_, Infallible>(event), (calls, wanted, shell, held)));
            }
        }
    });
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}

fn row(call: &CallRow, shell: &Shell, fleet: bool) -> String {
    Row { call, shell, fleet }.render().unwrap_or_default()
}

fn event(call: &CallRow, html: &str) -> Event {
    let line: String =
        html.chars().filter(|letter| !matches!(letter, '\n' | '\r' | '\0')).collect();
    Event::default().event("call").id(call.call.to_string()).data(line)
}
