//! Answers that take a while: a stream of progress notices and then the result, or nothing but keep-alive comments.
//!
//! Never here: a stream without an end: ticks are counted, and the other side may leave or cancel at any time.
//! To stream something else: another constructor beside [`running`].

use std::{sync::Arc, time::Duration};

use axum::body::{Body, Bytes};
use futures_util::stream;
use http::{HeaderValue, Response, header};
use serde_json::{Value, json};
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::{super::log::Received, House, KEEP_ALIVE, Runs, Shared};

/// Where a running call is; writes down how it ended when it goes.
struct Running {
    runs: Runs,
    tick: u32,
    id: Value,
    token: Option<Value>,
    cancel: CancellationToken,
    interval: Interval,
    received: Arc<Received>,
    place: (&'static str, &'static str),
    tool: String,
    answered: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        let how = if self.answered { "answered" } else { "cut" };
        self.received.stream_ended(self.place.0, self.place.1, &self.tool, how);
    }
}

/// The stream of a tool that runs for a while.
pub(super) fn running(
    shared: &Arc<Shared>,
    house: &House,
    message: &Value,
    runs: Runs,
    session: Option<&str>,
) -> Response<Body> {
    let id = message.get("id").cloned().unwrap_or_default();
    let state = Running {
        tick: 0,
        token: message.pointer("/params/_meta/progressToken").cloned(),
        cancel: shared.sessions.running(session, &id.to_string()),
        id,
        interval: every(runs.every),
        runs,
        received: Arc::clone(&shared.received),
        place: (shared.name, house.seed.slug),
        tool: message
            .pointer("/params/name")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        answered: false,
    };
    events(stream::unfold(state, async |mut state| {
        if state.answered {
            return None;
        }
        tokio::select! {
            () = state.cancel.cancelled() => return None,
            _instant = state.interval.tick() => {}
        }
        let event = state.step();
        Some((Ok::<_, std::convert::Infallible>(event), state))
    }))
}

impl Running {
    fn step(&mut self) -> Bytes {
        if self.tick == self.runs.ticks {
            self.answered = true;
            return event(&json!({"jsonrpc": "2.0", "id": self.id, "result": self.runs.result}));
        }
        self.tick += 1;
        let text = format!("{} {} of {}", self.runs.says, self.tick, self.runs.ticks);
        match &self.token {
            Some(token) => event(&json!({
                "jsonrpc": "2.0", "method": "notifications/progress",
                "params": {
                    "progressToken": token, "progress": self.tick, "total": self.runs.ticks,
                    "message": text,
                },
            })),
            None => Bytes::from(format!(": {text}\n\n")),
        }
    }
}

/// A stream that says nothing until the session ends.
pub(super) fn silent(cancel: CancellationToken) -> Response<Body> {
    let state = (cancel, every(KEEP_ALIVE));
    events(stream::unfold(state, async |(cancel, mut interval)| {
        tokio::select! {
            () = cancel.cancelled() => None,
            _instant = interval.tick() => {
                let comment = Bytes::from_static(b": here\n\n");
                Some((Ok::<_, std::convert::Infallible>(comment), (cancel, interval)))
            }
        }
    }))
}

fn every(period: Duration) -> Interval {
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

fn event(message: &Value) -> Bytes {
    Bytes::from(format!("event: message\ndata: {message}\n\n"))
}

fn events<S>(stream: S) -> Response<Body>
where
    S: futures_util::Stream<Item = Result<Bytes, std::convert::Infallible>> + Send + 'static,
{
    let mut response = Response::new(Body::from_stream(stream));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    response
}
