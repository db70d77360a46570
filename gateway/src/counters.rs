//! What the gateway counts: every refusal by its code, every decided call by its effect.
//!
//! Never here: a label that an attacker chooses; codes are a bounded set.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

use parking_lot::Mutex;
use writ_model::Code;

use crate::metrics::Histogram;

/// Counters of one run.
#[derive(Debug, Default)]
pub struct Counters {
    requests: AtomicU64,
    allowed: AtomicU64,
    blocked: AtomicU64,
    errored: AtomicU64,
    forwarded: AtomicU64,
    refused: Mutex<BTreeMap<&'static str, u64>>,
    pub(crate) decision: Histogram,
    pub(crate) call: Histogram,
}

/// The counters at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counted {
    /// HTTP requests.
    pub requests: u64,
    /// Calls permitted and answered.
    pub allowed: u64,
    /// Calls refused by decision.
    pub blocked: u64,
    /// Calls permitted whose answer failed or was cut.
    pub errored: u64,
    /// Messages that were sent to a server.
    pub forwarded: u64,
    /// Messages of servers that nobody got, because whoever they were for did not read in time.
    pub dropped: u64,
    /// Refusals before a decision, by code.
    pub refused: BTreeMap<&'static str, u64>,
}

impl Counters {
    pub(crate) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn forwarded(&self) {
        self.forwarded.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn refused(&self, code: Code) {
        *self.refused.lock().entry(code.0).or_default() += 1;
    }

    /// A request was decided on so many microseconds after it came.
    pub(crate) fn decided(&self, micros: u64) {
        self.decision.took(micros);
    }

    /// A call's record was written so many microseconds after its decision.
    pub(crate) fn recorded(&self, effect: writ_model::ocsf::Disposition, micros: u64) {
        use writ_model::ocsf::Disposition;
        let counter = match effect {
            Disposition::Allowed => &self.allowed,
            Disposition::Blocked => &self.blocked,
            Disposition::Errored => &self.errored,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        self.call.took(micros);
    }

    /// All of them now, with what upstreams have dropped.
    pub fn now(&self, dropped: u64) -> Counted {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counted {
            requests: read(&self.requests),
            allowed: read(&self.allowed),
            blocked: read(&self.blocked),
            errored: read(&self.errored),
            forwarded: read(&self.forwarded),
            dropped,
            refused: self.refused.lock().clone(),
        }
    }
}
