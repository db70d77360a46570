//! [`Health`]: how one server answers this gateway, for the page *Operations*: how often, how fast, and what went wrong last.
//!
//! Never here: who called or what was asked; a decision (a server in trouble is still called). To show one more thing: a
//! field of [`ServerHealth`], read in [`Health::now`].

use std::sync::atomic::{AtomicU64, Ordering};

use http::StatusCode;
use parking_lot::Mutex;
use writ_model::{Code, Timestamp};

use crate::{
    core::Served,
    metrics::{Histogram, Latencies},
    refusal::Refusal,
};

/// What is kept of one server.
#[derive(Debug, Default)]
pub(crate) struct Health {
    failed: AtomicU64,
    latency: Histogram,
    last: Mutex<Last>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Last {
    answered: Option<Timestamp>,
    failed: Option<(Timestamp, Code)>,
}

/// How one server answers one gateway since that began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerHealth {
    /// Its name in the operator's file.
    pub name: String,
    /// The client it is for, by short name; none for every client.
    pub client: Option<String>,
    /// Revisions of MCP that it was heard to speak; empty if nobody asked yet.
    pub revisions: Vec<&'static str>,
    /// From a message's leaving to the head of its answer.
    pub latency: Latencies,
    /// Messages that it did not answer, or not as it must.
    pub failed: u64,
    /// When it last answered.
    pub answered_at: Option<Timestamp>,
    /// When it last failed, and how.
    pub failed_at: Option<(Timestamp, Code)>,
}

impl Health {
    /// A message was answered, after so many microseconds.
    pub(crate) fn answered(&self, at: Timestamp, micros: u64) {
        self.latency.took(micros);
        self.last.lock().answered = Some(at);
    }

    /// A message was not answered. What the gateway or the agent ended is no fault of the server.
    pub(crate) fn failed(&self, at: Timestamp, why: &Refusal) {
        if matches!(why.status, StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT) {
            self.failed.fetch_add(1, Ordering::Relaxed);
            self.last.lock().failed = Some((at, why.code));
        }
    }

    /// What is known now.
    pub(crate) fn now(&self, server: &Served) -> ServerHealth {
        let last = *self.last.lock();
        ServerHealth {
            name: server.name.clone(),
            client: server.client.clone(),
            revisions: server.upstream.as_ref().map(|one| one.revisions()).unwrap_or_default(),
            latency: self.latency.now(),
            failed: self.failed.load(Ordering::Relaxed),
            answered_at: last.answered,
            failed_at: last.failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal;

    #[test]
    fn a_server_is_blamed_for_what_it_did() {
        let health = Health::default();
        let at = Timestamp::from_micros(7);
        health.answered(at, 300);
        health.failed(at, &refusal::ENDED);
        assert_eq!((health.failed.load(Ordering::Relaxed), health.latency.now().total()), (0, 1));
        health.failed(at, &refusal::BROKEN);
        assert_eq!(health.last.lock().failed, Some((at, refusal::BROKEN.code)));
        assert_eq!(health.failed.load(Ordering::Relaxed), 1);
    }
}
