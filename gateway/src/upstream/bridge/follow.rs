//! The listening stream of a session-based client on a stateless server: one `subscriptions/listen` for all that the session
//! wants to hear. When that changes, the new one is taken before the old one is left, so that nothing falls between.
//!
//! Never here: a question to the client; those are on the streams of its calls.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::time::timeout;
use writ_mcp::raise::{self, Filter};
use writ_model::json::{self, Limits};

use super::{
    guest::Guest,
    wire::{Messages, Road, ahead, pause, stateless, stream},
};
use crate::{
    mcp::{params::Params, sse},
    refusal::Refusal,
    upstream::{Answer, pipe::Feed},
};

/// LIMIT: how long a server may take to say that it listens.
const TAKEN: Duration = Duration::from_secs(5);
/// LIMIT: how long what is under way on the stream that is left is waited for.
const LEFT: Duration = Duration::from_millis(100);
/// The pause before a stream that ended is opened again; each later one is twice as long.
const PAUSE: Duration = Duration::from_secs(1);
/// LIMIT: the longest pause.
const LONGEST: Duration = Duration::from_mins(1);

type Out = Feed<Result<Bytes, Refusal>>;

/// Opens the listening stream of a session.
pub(super) fn open(guest: Arc<Guest>, road: Road) -> Answer {
    let (out, pipe) = ahead();
    let ended = guest.listens();
    drop(tokio::spawn(async move {
        let gone = out.clone();
        tokio::select! {
            biased;
            () = ended.cancelled() => {}
            () = gone.closed() => {}
            () = follow(&guest, &road, &out) => {}
        }
    }));
    stream(pipe)
}

/// Never returns while the client listens.
async fn follow(guest: &Guest, road: &Road, out: &Out) {
    let mut wants = guest.wants.subscribe();
    let (mut open, mut wait): (Option<Messages>, _) = (None, PAUSE);
    loop {
        let version = *wants.borrow_and_update();
        let filter = guest.filter();
        let fresh = if filter.is_empty() { None } else { taken(guest, road, &filter, out).await };
        if let Some(mut old) = open.take() {
            while let Ok(Some(Ok(message))) = timeout(LEFT, old.next()).await {
                tell(out, &message).await;
            }
        }
        let refused = fresh.is_none() && !filter.is_empty();
        open = fresh;
        guest.heard.send_replace(version);
        wait = if refused { (wait * 2).min(LONGEST) } else { PAUSE };
        let changed = listened(&mut open, &mut wants, (refused, wait), out).await;
        if !changed && !refused {
            pause(PAUSE).await;
        }
    }
}

/// Passes on what is said until something else is wanted (true), or the stream has ended or is to be tried again.
async fn listened(
    open: &mut Option<Messages>,
    wants: &mut tokio::sync::watch::Receiver<u64>,
    (refused, wait): (bool, Duration),
    out: &Out,
) -> bool {
    loop {
        let next = async {
            match open {
                Some(messages) => messages.next().await,
                None if refused => {
                    pause(wait).await;
                    None
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = wants.changed() => return changed.is_ok(),
            message = next => {
                let Some(Ok(message)) = message else {
                    *open = None;
                    return false;
                };
                tell(out, &message).await;
            }
        }
    }
}

/// A stream that the server has taken; nothing if it refuses.
async fn taken(guest: &Guest, road: &Road, filter: &Filter, out: &Out) -> Option<Messages> {
    let id = format!("writ-listen-{}", guest.number());
    let body = guest.caller.lock().listen(&id, filter);
    let headers = stateless(&body, &Params::default());
    let opening = async {
        let answer = road.post(headers, None, body).await.ok()?;
        if !answer.status.is_success() {
            return None;
        }
        let mut messages = Messages::of(answer);
        loop {
            let message = messages.next().await?.ok()?;
            let node = json::parse(&message, &Limits::ANSWER).ok()?;
            let method = node.get("method").and_then(json::Node::as_str);
            match method {
                Some("notifications/subscriptions/acknowledged") => {
                    drop(node);
                    return Some(messages);
                }
                Some(_) => {}
                // An answer ends it before it began.
                None => return None,
            }
            drop(node);
            tell(out, &message).await;
        }
    };
    timeout(TAKEN, opening).await.ok().flatten()
}

async fn tell(out: &Out, message: &Bytes) {
    let notice =
        json::parse(message, &Limits::ANSWER).ok().and_then(|node| raise::notice(&node, message));
    if let Some(notice) = notice
        && out.send(Ok(sse::event(&notice))).await.is_err()
    {
        tracing::debug!("a listener left");
    }
}
