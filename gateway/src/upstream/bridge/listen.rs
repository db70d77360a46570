//! `subscriptions/listen` of a stateless client on a session-based server: subscriptions of the hidden session and its listening
//! stream, told on the stream of this one request.
//!
//! Never here: what is told to another listener of the session; each hears what it asked for.

use std::sync::Arc;

use bytes::Bytes;
use writ_mcp::lower::{self, Wants};
use writ_model::json::{self, Limits, Node};

use super::{
    hidden::Hidden,
    wire::{ahead, stream},
};
use crate::{
    mcp::sse,
    refusal::{self, Refusal},
    upstream::{Answer, pipe::Shut},
};

/// Opens the stream.
///
/// # Errors
/// If what the server said of itself cannot be read.
pub(super) fn open(hidden: Arc<Hidden>, node: &Node<'_>, id: Bytes) -> Result<Answer, Refusal> {
    let wants = {
        let said =
            json::parse(&hidden.greeting, &Limits::ANSWER).map_err(|_bad| refusal::BROKEN)?;
        Wants::of(node, said.get("result").unwrap_or(&said))
    };
    let (out, pipe) = ahead();
    drop(tokio::spawn(async move {
        let (stop, gone) = (hidden.stop.clone(), out.clone());
        let number = hidden.number();
        let (wants, mut heard) = hidden.listens(number, wants, || gone.is_closed()).await;
        let told = async {
            out.send(Ok(sse::event(&wants.acknowledged(&id)))).await?;
            while let Some(message) = heard.recv().await {
                if let Ok(node) = json::parse(&message, &Limits::ANSWER) {
                    out.send(Ok(sse::event(&lower::tagged(&node, &message, &id)))).await?;
                }
            }
            Ok::<_, Shut>(())
        };
        tokio::select! {
            biased;
            () = gone.closed() => {}
            () = stop.cancelled() => {
                let last = sse::event(&lower::unlistened(&id));
                if gone.send(Ok(last)).await.is_err() {
                    tracing::debug!("a listener left before it was told that its session is over");
                }
            }
            told = told => if told.is_ok() {
                // It did not read: what it missed cannot be told it any more.
                drop(gone.send(Err(refusal::BUSY)).await);
            }
        }
        hidden.listened(number, &wants).await;
    }));
    Ok(stream(pipe))
}
