//! What a record says of a decision, and what a permitted call counts.
//!
//! Never here: a decision; a value that an agent sent.

use writ_authority::{Denied, Permitted, decide::OnHold};
use writ_charter::Limit as ClauseLimit;
use writ_lake::ClauseUse;

use crate::record::Decided;

/// Ten-thousandths that a call moves. What is not known or negative counts as nothing: where a limit asks for it, the
/// engine has refused.
pub(super) fn moved(permitted: &Permitted) -> u64 {
    permitted.amount().and_then(|amount| u64::try_from(amount.value).ok()).unwrap_or(0)
}

/// What a record says of a permit.
pub(crate) fn permit_words(permitted: &Permitted) -> Decided {
    let reason = permitted.reason();
    Decided {
        code: reason.code,
        words: reason.words.clone(),
        grant: reason.grant,
        given_by: reason.given_by,
        tree_size: permitted.tree_size(),
        reads: json(permitted.reads()),
        clauses: permitted.clauses().to_vec(),
        charter: permitted.charter().map(|(_, version)| version),
        clause_reads: json(permitted.clause_reads()),
        charged: charged(permitted),
        observed: permitted.observed(),
        hold: permitted.approval(),
        permitted: true,
    }
}

/// What a permitted call counts under clauses. A rehearsal counts nothing.
fn charged(permitted: &Permitted) -> Vec<ClauseUse> {
    if permitted.rehearsal() {
        return Vec::new();
    }
    let moved = moved(permitted);
    let uses = permitted.bounds().iter().filter_map(|bound| {
        let clause = bound.clause.clone();
        match &bound.limit {
            ClauseLimit::Count { .. } => {
                Some(ClauseUse { clause, currency: String::new(), money: 0 })
            }
            ClauseLimit::Money { most, .. } => {
                Some(ClauseUse { clause, currency: most.currency.clone(), money: moved })
            }
            ClauseLimit::Concurrent { .. } => None,
        }
    });
    let mut all: Vec<ClauseUse> = Vec::new();
    for one in uses {
        // An hour's and a day's limit of one clause count the same call.
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

/// What a record says of a denial.
pub(crate) fn denial_words(denied: &Denied) -> Decided {
    Decided {
        code: denied.code,
        words: denied.words.clone(),
        grant: denied.grant,
        given_by: denied.given_by,
        tree_size: denied.tree_size,
        reads: json(&denied.reads),
        clauses: denied.clauses.clone(),
        charter: denied.charter.map(|(_, version)| version),
        clause_reads: json(&denied.clause_reads),
        charged: Vec::new(),
        observed: None,
        hold: None,
        permitted: false,
    }
}

/// What a record says of a call that waits.
pub(crate) fn hold_words(held: &OnHold) -> Decided {
    Decided {
        code: held.code,
        words: held.words.clone(),
        grant: held.grant,
        given_by: held.given_by,
        tree_size: held.tree_size,
        reads: json(&held.reads),
        clauses: held.clauses().to_vec(),
        charter: Some(held.charter.1),
        clause_reads: json(&held.clause_reads),
        charged: Vec::new(),
        observed: None,
        hold: held.existing,
        permitted: false,
    }
}

fn json<T: serde::Serialize>(reads: &[T]) -> String {
    if reads.is_empty() {
        return String::new();
    }
    serde_json::to_string(reads).unwrap_or_default()
}
