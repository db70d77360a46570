//! Denials by the charter, by a freeze, or by a person's no.
//! Never here: the value an agent sent; records must not carry what the sealed arguments keep.

use writ_charter::{Bound, Charter, Limit, Mode, Per, Why};
use writ_model::{Code, Side, Timestamp};

use super::Denied;
use crate::{
    decide::{Granted, OnHold, Permitted, bounds::Over, charter::Judged, people},
    refusal::cut,
    state::{Refused, State},
};

/// No charter is in force.
pub const NO_CHARTER: Code = Code("DENY-0020");
/// A party froze everything of this client.
pub const FROZEN: Code = Code("DENY-0021");
/// A party suspended what the charter delegates.
pub const SUSPENDED: Code = Code("DENY-0022");
/// No clause covers it.
pub const UNCOVERED: Code = Code("DENY-0023");
/// A clause refuses it.
pub const REFUSED: Code = Code("DENY-0024");
/// A person does it; see [`crate::decide::OnHold`].
pub const PROPOSED: Code = Code("DENY-0025");
/// A clause's limit is reached or cannot be read.
pub const CLAUSE_LIMIT: Code = Code("DENY-0026");
/// A clause limits money, and what the call moves cannot be read.
pub const AMOUNT: Code = Code("DENY-0027");
/// A person refused this very call.
pub const SAID_NO: Code = Code("DENY-0028");

/// A value of it came from what others wrote, and a rule says that such a call does not go.
pub const UNTRUSTED_VALUE: Code = Code("DENY-0029");

impl Denied {
    fn judged(
        state: &State,
        charter: &Charter,
        judged: &Judged<'_>,
        code: Code,
        (words, cure): (String, String),
    ) -> Self {
        let mut denied = Self::new(state, code, words, cure);
        denied.charter = Some((charter.charter, charter.version));
        denied.clauses.clone_from(&judged.said.clauses);
        denied.clause_reads.clone_from(&judged.reads);
        denied
    }

    /// The grant that would have permitted it, had the charter.
    pub(in crate::decide) fn under(mut self, granted: Option<Granted>) -> Self {
        if let Some(granted) = granted {
            self.grant = Some(granted.id);
            self.given_by = Some(granted.grant.given_by);
            self.reads = granted.reads;
        }
        self
    }

    pub(in crate::decide) fn no_charter(state: &State) -> Self {
        let words = format!("no charter of {} is in force", state.party_name());
        Self::new(state, NO_CHARTER, words, people::charter_cure(state))
    }

    pub(in crate::decide) fn uncovered(
        state: &State,
        charter: &Charter,
        judged: &Judged<'_>,
    ) -> Self {
        let what = match &judged.said.why {
            Why::Uncovered { action } => cut(action),
            Why::Clause(_) | Why::Suspended { .. } | Why::NotYet | Why::Over => {
                judged.actions.join(", ")
            }
        };
        let words = format!("no clause of the charter (version {}) covers {what}", charter.version);
        let signers = people::signers(state);
        let cure = format!("Propose a clause that does; {signers} sign it.");
        Self::judged(state, charter, judged, UNCOVERED, (words, cure))
    }

    fn refused(state: &State, charter: &Charter, judged: &Judged<'_>, key: &str) -> Self {
        let words = said_by(charter, &[key.to_owned()], "refuses it");
        let signers = people::signers(state);
        let cure =
            format!("Nobody may do it. Only a new version that {signers} sign changes the clause.");
        Self::judged(state, charter, judged, REFUSED, (words, cure))
    }

    /// What speaks against its values says that it should not go, where people would only have been asked.
    pub(in crate::decide) fn untrusted(
        state: &State,
        charter: &Charter,
        words: &str,
        judged: &Judged<'_>,
    ) -> Self {
        let cure = "Have a person do it, or give the value in their own words.".to_owned();
        Self::judged(state, charter, judged, UNTRUSTED_VALUE, (words.to_owned(), cure))
    }

    fn suspended(
        state: &State,
        charter: &Charter,
        judged: &Judged<'_>,
        clause: Option<&str>,
    ) -> Self {
        let (words, cure) = suspension(state, clause);
        Self::judged(state, charter, judged, SUSPENDED, (words, cure))
    }

    pub(in crate::decide) fn said_no(
        state: &State,
        charter: &Charter,
        (refused, until): (&Refused, Timestamp),
        judged: &Judged<'_>,
    ) -> Self {
        let (who, said) = (state.person_name(refused.person), cut(&refused.words));
        let words = format!("{} refused this very call: {said}", cut(&who));
        let cure = format!("Do not repeat it. It could be asked again after {until}.");
        Self::judged(state, charter, judged, SAID_NO, (words, cure))
    }

    pub(in crate::decide) fn bound(
        state: &State,
        charter: &Charter,
        (bound, over): (&Bound, Over),
        judged: &Judged<'_>,
    ) -> Self {
        let said = bound_said(charter, bound, over);
        let code = if over == Over::Amount { AMOUNT } else { CLAUSE_LIMIT };
        Self::judged(state, charter, judged, code, said)
    }

    /// A clause's limit was reached between the decision and the reservation.
    #[must_use]
    pub fn clause_limit_reached(state: &State, permitted: &Permitted, bound: &Bound) -> Self {
        let (words, cure) = match &state.charter {
            Some(force) => bound_said(&force.charter, bound, Over::Reached),
            None => (limit_words(&bound.limit), String::new()),
        };
        Self::new(state, CLAUSE_LIMIT, words, cure).instead_of(permitted)
    }

    /// Stands on everything that a permit stood on.
    pub(in crate::decide) fn instead_of(mut self, permitted: &Permitted) -> Self {
        self.grant = permitted.reason().grant;
        self.given_by = permitted.reason().given_by;
        self.reads = permitted.reads().to_vec();
        self.clauses = permitted.clauses().to_vec();
        self.charter = permitted.charter();
        self.clause_reads = permitted.clause_reads().to_vec();
        self.tree_size = permitted.tree_size();
        self
    }

    /// A rehearsed call that would have been held: nobody is asked.
    pub(in crate::decide) fn rehearsed(held: OnHold) -> Self {
        Self {
            code: held.code,
            grant: held.grant,
            given_by: held.given_by,
            words: format!("rehearsed: {}", held.words),
            cure: "This is a rehearsal: nobody is asked.".to_owned(),
            reads: held.reads,
            clauses: held.call.clauses,
            charter: Some(held.charter),
            clause_reads: held.clause_reads,
            tree_size: held.tree_size,
        }
    }
}

/// Whether a party froze everything here.
pub(in crate::decide) fn frozen(state: &State) -> Result<(), Box<Denied>> {
    let Some(stop) = state.frozen() else {
        return Ok(());
    };
    let sides: Vec<Side> = state.freezes.keys().copied().collect();
    let words = format!(
        "the {} froze everything of {}: {}",
        stop.side,
        cut(state.party_name()),
        cut(&stop.reason)
    );
    let cure = format!("It can be lifted by {}.", people::lifters(state, &sides));
    Err(Box::new(Denied::new(state, FROZEN, words, cure)))
}

/// Whether a charter holds at an instant and is not suspended as a whole.
pub(in crate::decide) fn valid(
    state: &State,
    charter: &Charter,
    at: Timestamp,
) -> Result<(), Box<Denied>> {
    let deny = |code, words, cure| {
        let mut denied = Denied::new(state, code, words, cure);
        denied.charter = Some((charter.charter, charter.version));
        Err(Box::new(denied))
    };
    let version = charter.version;
    if let Some(from) = charter.from.filter(|from| at < *from) {
        let words = format!("the charter (version {version}) begins at {from}");
        return deny(NO_CHARTER, words, people::charter_cure(state));
    }
    if let Some(until) = charter.until.filter(|until| *until <= at) {
        let words = format!("the charter (version {version}) ended at {until}");
        return deny(NO_CHARTER, words, people::charter_cure(state));
    }
    if state.suspended().all {
        let (words, cure) = suspension(state, None);
        return deny(SUSPENDED, words, cure);
    }
    Ok(())
}

/// What of a judgment nothing may pass: a charter that does not hold, a suspension, a clause that refuses. A judgment
/// names these before a class that no clause covers.
pub(in crate::decide) fn standing(
    state: &State,
    charter: &Charter,
    judged: &Judged<'_>,
) -> Result<(), Box<Denied>> {
    let said = &judged.said;
    match &said.why {
        Why::Suspended { clause } => {
            Err(Box::new(Denied::suspended(state, charter, judged, clause.as_deref())))
        }
        Why::NotYet | Why::Over => {
            let words = if said.why == Why::Over { "is over" } else { "has not begun" };
            let words = format!("the charter (version {}) {words}", charter.version);
            let said = (words, people::charter_cure(state));
            Err(Box::new(Denied::judged(state, charter, judged, NO_CHARTER, said)))
        }
        Why::Clause(key) if said.mode == Mode::Refuse => {
            Err(Box::new(Denied::refused(state, charter, judged, key)))
        }
        Why::Clause(_) | Why::Uncovered { .. } => Ok(()),
    }
}

fn suspension(state: &State, clause: Option<&str>) -> (String, String) {
    let named = |stop: &&std::sync::Arc<crate::state::Stop>| {
        stop.clause.as_deref() == clause || stop.clause.is_none()
    };
    let stops: Vec<_> = state.suspensions.values().filter(named).collect();
    let sides: Vec<Side> = stops.iter().map(|stop| stop.side).collect();
    let who = stops.first().map_or_else(
        || "a party".to_owned(),
        |stop| format!("the {} ({})", stop.side, cut(&stop.reason)),
    );
    let what = clause.map_or_else(|| "all it delegates".to_owned(), |key| format!("clause {key}"));
    let cure = format!("It can be resumed by {}.", people::lifters(state, &sides));
    (format!("{who} suspended {what}"), cure)
}

/// A sentence about the first of these clauses: `clause “Payments” of the charter (version 3) refuses it`.
pub(in crate::decide) fn said_by(charter: &Charter, keys: &[String], says: &str) -> String {
    let key = keys.first().map(String::as_str).unwrap_or_default();
    let title = charter.clauses.iter().find(|clause| clause.key == key).map(|one| cut(&one.title));
    let title = title.unwrap_or_else(|| cut(key));
    format!("clause “{title}” of the charter (version {}) {says}", charter.version)
}

fn limit_words(limit: &Limit) -> String {
    let each = |per: &Per| match per {
        Per::Hour => "an hour",
        Per::Day => "a day",
    };
    match limit {
        Limit::Count { most, per } => format!("{most} calls {}", each(per)),
        Limit::Money { most, per } => format!("{} {}", most.words(), each(per)),
        Limit::Concurrent { most } => format!("{most} calls at a time"),
    }
}

fn bound_said(charter: &Charter, bound: &Bound, over: Over) -> (String, String) {
    let most = limit_words(&bound.limit);
    let says = match over {
        Over::Reached => format!("allows {most}: this would be more"),
        Over::Unread => format!("allows {most}, and how much was used cannot be read"),
        Over::Amount => format!("allows {most}, and what this call moves cannot be read"),
    };
    let cure = match (over, &bound.limit) {
        (Over::Unread, _) => "Try again shortly.".to_owned(),
        (Over::Amount, _) => {
            "Send the amount where the charter says it stands, as a plain number with at most four \
             decimals, in the currency of the limit."
                .to_owned()
        }
        (Over::Reached, Limit::Concurrent { .. }) => {
            "Try again when one of the calls that run is done.".to_owned()
        }
        (Over::Reached, Limit::Count { .. } | Limit::Money { .. }) => {
            "Wait for the next period, or have the limit changed in a new version.".to_owned()
        }
    };
    (said_by(charter, std::slice::from_ref(&bound.clause), &says), cure)
}
