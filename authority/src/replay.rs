//! Replay: what a charter would have said of calls that were decided under another one.
//!
//! SECURITY: a charter that is only tried permits nothing; what comes out is an explanation, never a permit.
//! Never here: fetching states and records (`desk`).

use std::collections::BTreeMap;

use writ_charter::{Bound, Charter, Limit};
use writ_model::{GrantId, Timestamp};

use crate::{
    decide::{
        Ask, Counted, CounterRead, Counters, Decision, Engine, Flow, Moment, Permitted, Rules,
        explain::{Explanation, explained},
    },
    grant::Period,
    state::State,
};

impl Engine {
    /// How an ask would be decided on a state if this charter were in force there. Its beginning and end, and the
    /// beginnings of its clauses, are not looked at: the question is what it says, not since when.
    pub fn would(
        &self,
        state: &State,
        charter: &Charter,
        ask: &Ask<'_>,
        moment: &Moment<'_>,
    ) -> Explanation {
        let decision = self.tried(state, &begun(charter), ask, (moment, None));
        explained(state, ask.agent, &decision, moment.at)
    }

    fn tried(
        &self,
        state: &State,
        charter: &Charter,
        ask: &Ask<'_>,
        moment: (&Moment<'_>, Option<Flow<'_>>),
    ) -> Decision {
        self.decide_by(state, Some(Rules { charter, known: None }), ask, moment)
    }
}

/// A charter as if it and its clauses had always held.
fn begun(charter: &Charter) -> Charter {
    let mut charter = Charter { from: None, until: None, ..charter.clone() };
    for clause in &mut charter.clauses {
        clause.from = None;
    }
    charter
}

/// Many calls, one after the other, under a charter that is tried: what it would have permitted counts for its limits.
#[derive(Debug)]
pub struct Replay<'e> {
    engine: &'e Engine,
    charter: Charter,
    tally: BTreeMap<(String, Counted, i64), u64>,
}

impl<'e> Replay<'e> {
    /// A replay that nothing was counted in yet.
    pub fn new(engine: &'e Engine, charter: &Charter) -> Self {
        Self { engine, charter: begun(charter), tally: BTreeMap::new() }
    }

    /// How the next call would be decided: on the state, with the grants' counters and what was known of its values at its
    /// moment. Calls come in the
    /// order in which they were made.
    pub fn would(
        &mut self,
        state: &State,
        ask: &Ask<'_>,
        at: Timestamp,
        (reads, flow): (&[CounterRead], Option<Flow<'_>>),
    ) -> Explanation {
        let counters = Then { tally: &self.tally, reads };
        let moment = Moment { at, counters: &counters };
        let decision = self.engine.tried(state, &self.charter, ask, (&moment, flow));
        if let Decision::Permit(permitted) = &decision {
            self.count(permitted, at);
        }
        explained(state, ask.agent, &decision, at)
    }

    fn count(&mut self, permitted: &Permitted, at: Timestamp) {
        for Bound { clause, limit } in permitted.bounds() {
            let moved = permitted.amount().and_then(|amount| u64::try_from(amount.value).ok());
            let more = match limit {
                Limit::Count { .. } => 1,
                Limit::Money { .. } => moved.unwrap_or_default(),
                // How long a call would have run is not known.
                Limit::Concurrent { .. } => 0,
            };
            let used = self.tally.entry(key(clause, limit, at)).or_default();
            *used = used.saturating_add(more);
        }
    }
}

fn key(clause: &str, limit: &Limit, at: Timestamp) -> (String, Counted, i64) {
    let counted = Counted::by(limit);
    let period = match &counted {
        Counted::Calls(per) | Counted::Money(per, _) => {
            at.micros().div_euclid(per.span().as_micros().max(1))
        }
        Counted::Running => 0,
    };
    (clause.to_owned(), counted, period)
}

/// Counters as they would have stood.
#[derive(Debug)]
struct Then<'t> {
    tally: &'t BTreeMap<(String, Counted, i64), u64>,
    reads: &'t [CounterRead],
}

impl Counters for Then<'_> {
    fn used(&self, grant: GrantId, per: Period, _: Timestamp) -> Option<u64> {
        self.reads.iter().find(|read| read.grant == grant && read.per == per).map(|read| read.used)
    }

    fn clause_used(&self, clause: &str, limit: &Limit, at: Timestamp) -> Option<u64> {
        Some(self.tally.get(&key(clause, limit, at)).copied().unwrap_or_default())
    }
}
