//! The limits of the clauses that apply: every one of them must hold, so that of two the smaller does.
//! Never here: the counting (the meter); what cannot be read or compared refuses.

use writ_charter::{Amount, Bound, Limit};

use super::{Case, ClauseRead, Counted, Denied, Rules, charter::Judged};

/// What is wrong with a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// It is used up.
    Reached,
    /// How far it is used cannot be read.
    Unread,
    /// What the call moves is not known, or is money of another currency.
    Amount,
}

/// Reads every counter that the clauses need, then says the first bound that does not hold.
pub(super) fn hold(
    case: &Case<'_>,
    rules: Rules<'_>,
    judged: &mut Judged<'_>,
) -> Result<(), Box<Denied>> {
    let (at, counters) = (case.moment.at, case.moment.counters);
    let mut first: Option<(usize, Over)> = None;
    for (place, bound) in judged.said.bounds.iter().enumerate() {
        let used = counters.clause_used(&bound.clause, &bound.limit, at);
        if let Some(used) = used {
            let (clause, counted) = (bound.clause.clone(), Counted::by(&bound.limit));
            judged.reads.push(ClauseRead { clause, counted, used });
        }
        let over = match used {
            None => Some(Over::Unread),
            Some(used) => exceeds(&bound.limit, used, judged.amount.as_ref()),
        };
        first = first.or(over.map(|over| (place, over)));
    }
    let Some((place, over)) = first else {
        return Ok(());
    };
    match judged.said.bounds.get(place) {
        Some(bound) => {
            let bound: Bound = bound.clone();
            Err(Box::new(Denied::bound(case.state, rules.charter, (&bound, over), judged)))
        }
        None => Err(Box::new(Denied::fault(case.state, "a bound is lost"))),
    }
}

/// Whether one more call would go over a limit.
fn exceeds(limit: &Limit, used: u64, amount: Option<&Amount>) -> Option<Over> {
    match limit {
        Limit::Count { most, .. } => (used >= *most).then_some(Over::Reached),
        Limit::Concurrent { most } => (used >= u64::from(*most)).then_some(Over::Reached),
        Limit::Money { most, .. } => {
            let same = amount.filter(|amount| amount.currency == most.currency);
            // A negative amount would make room for others.
            let moved = same.and_then(|amount| u64::try_from(amount.value).ok());
            let most = most.value().and_then(|value| u64::try_from(value).ok());
            match (moved, most) {
                (Some(moved), Some(most)) => match used.checked_add(moved) {
                    Some(sum) if sum <= most => None,
                    Some(_) | None => Some(Over::Reached),
                },
                (None, _) | (_, None) => Some(Over::Amount),
            }
        }
    }
}
