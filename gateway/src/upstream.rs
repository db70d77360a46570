//! Servers behind the gateway. Only `forward` speaks to them, and only with a permit in hand.
//!
//! Never here: the agent's credentials; what goes out is the body's own bytes and the protocol's headers.
//! To add a transport: a file with an [`Upstream`], a row in [`crate::config::Place`].

pub(crate) mod auth;
pub(crate) mod bridge;
mod ear;
pub(crate) mod http;
pub(crate) mod jobs;
mod notes;
mod pipe;
mod routes;
mod spoken;
pub(crate) mod stdio;
pub(crate) mod two;

use std::{
    collections::BTreeSet,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use ::http::{HeaderMap, Method, StatusCode};
use async_trait::async_trait;
use bytes::Bytes;
use writ_authority::State;
use writ_model::{InstanceId, TenantId};

use crate::{fair::Share, refusal::Refusal};

/// What goes out.
#[derive(Debug)]
pub(crate) struct Outgoing<'a> {
    /// POST, GET or DELETE.
    pub(crate) verb: Method,
    /// The protocol's headers, the upstream's own session id among them.
    pub(crate) headers: HeaderMap,
    /// The bytes that were decided on.
    pub(crate) body: Bytes,
    /// The message in it; none for GET and DELETE.
    pub(crate) message: Option<&'a crate::mcp::parse::Message<'a>>,
    /// For whom: a process of an instance never serves another.
    pub(crate) instance: InstanceId,
    /// The part of the gateway that its tenant has.
    pub(crate) share: &'a Arc<Share>,
    /// The upstream's session, if the caller is in one.
    pub(crate) session: Option<&'a str>,
}

/// What a client has to declare for tasks.
pub(crate) fn tasks_wanted() -> serde_json::Value {
    serde_json::json!({"extensions": {jobs::EXTENSION: {}}})
}

impl Outgoing<'_> {
    /// The same once more: what was refused may go out in another way.
    fn again(&self) -> Self {
        Self {
            verb: self.verb.clone(),
            headers: self.headers.clone(),
            body: self.body.clone(),
            message: self.message,
            instance: self.instance,
            share: self.share,
            session: self.session,
        }
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: StatusCode,
    /// Headers as the upstream sent them.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: AnswerBody,
}

/// A body that came back.
pub(crate) enum AnswerBody {
    /// All of it.
    Whole(Bytes),
    /// Piece by piece, as it arrives.
    Stream(BodyStream),
}

/// Pieces of a body; an error means that it was cut off.
pub(crate) type BodyStream = Pin<Box<dyn Pieces>>;

/// See [`BodyStream`].
pub(crate) trait Pieces: Send {
    /// The next piece; nothing at the end.
    fn poll_piece(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Refusal>>>;
}

impl std::fmt::Debug for AnswerBody {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(bytes) => write!(out, "Whole({} bytes)", bytes.len()),
            Self::Stream(_) => out.write_str("Stream"),
        }
    }
}

/// A server behind the gateway.
#[async_trait]
pub(crate) trait Upstream: Send + Sync + std::fmt::Debug {
    /// Sends one message and waits for the head of its answer.
    ///
    /// # Errors
    /// If it cannot be reached, or its answer cannot be understood.
    async fn send(&self, outgoing: Outgoing<'_>) -> Result<Answer, Refusal>;

    /// Revisions that it and we speak, as far as it has said.
    fn revisions(&self) -> Vec<&'static str>;

    /// The tool whose call began a task of this instance's; nothing if it has no such task here.
    fn began(&self, whose: InstanceId, task: &str) -> Option<Arc<str>>;

    /// Messages of its that nobody got, because whoever they were for did not read in time.
    fn dropped(&self) -> u64 {
        0
    }

    /// Ends what it runs for these instances; returns how many processes were ended.
    async fn end(&self, instances: &BTreeSet<InstanceId>) -> u64;

    /// Forgets every credential that a tenant's register does not let be used any more; all of them without a register.
    fn tidy(&self, _tenant: TenantId, _state: Option<&State>) {}

    /// Ends everything it runs.
    async fn close(&self);
}
