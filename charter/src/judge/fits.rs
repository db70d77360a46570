//! Whether a clause fits a deed: yes, no, or unknown (Kleene's three values; `And` is the least, `Or` the greatest).
//! To add a condition: its function below, its line in [`View::conditions`]. What is not known is [`Fits::Unknown`].

use std::cell::OnceCell;

use crate::{Charter, Clause, Deed, Hours, Scope, When};

/// A three-valued answer; ordered so that the least is "and", the greatest "or".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fits {
    No,
    Unknown,
    Yes,
}

impl Fits {
    fn of(known: Option<bool>) -> Self {
        match known {
            Some(true) => Self::Yes,
            Some(false) => Self::No,
            None => Self::Unknown,
        }
    }

    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }
}

/// One deed before one charter.
pub(super) struct View<'a, 'd> {
    charter: &'a Charter,
    deed: &'a Deed<'d>,
    /// Reading a zone costs more than all clauses together, so it waits until one asks.
    hours: OnceCell<Option<Hours>>,
}

impl<'a, 'd> View<'a, 'd> {
    pub(super) fn new(charter: &'a Charter, deed: &'a Deed<'d>) -> Self {
        Self { charter, deed, hours: OnceCell::new() }
    }

    /// Whether a clause fits one class of the deed.
    pub(super) fn fits(&self, clause: &Clause, class: &str) -> Fits {
        if !clause.names(class) || !clause.holds_at(self.deed.at) {
            return Fits::No;
        }
        let fits = self.both(&clause.scope, &clause.when, class);
        clause.unless.iter().fold(fits, |fits, unless| match fits {
            Fits::No => Fits::No,
            fits => fits.min(self.both(&unless.scope, &unless.when, class).not()),
        })
    }

    fn both(&self, scope: &Scope, when: &When, class: &str) -> Fits {
        match self.scope(scope) {
            Fits::No => Fits::No,
            fits => fits.min(self.conditions(when, class)),
        }
    }

    fn scope(&self, scope: &Scope) -> Fits {
        let deed = self.deed;
        let sure = (scope.agents.is_empty()
            || deed.agent.is_some_and(|id| scope.agents.contains(&id)))
            && (scope.groups.is_empty() || scope.groups.iter().any(|id| deed.groups.contains(id)))
            && (scope.servers.is_empty()
                || deed.server.is_some_and(|name| scope.servers.iter().any(|one| one == name)));
        if !sure {
            return Fits::No;
        }
        listed(&scope.tags, deed.tags).min(listed(&scope.data, deed.data))
    }

    fn conditions(&self, when: &When, class: &str) -> Fits {
        let deed = self.deed;
        let mut fits = Fits::Yes;
        if let Some(least) = when.severity {
            fits = fits.min(Fits::of(deed.severity.map(|known| known >= least)));
        }
        if let Some(least) = when.confidence {
            fits = fits.min(Fits::of(deed.confidence.map(|known| known >= least)));
        }
        if !when.reversibility.is_empty() {
            let known = self.charter.action(class).map(|action| action.reversibility);
            fits = fits.min(Fits::of(known.map(|one| when.reversibility.contains(&one))));
        }
        if let Some(limit) = &when.amount_over {
            let same = deed.amount.as_ref().filter(|amount| amount.currency == limit.currency);
            let over = same.and_then(|amount| Some(amount.value > limit.value()?));
            fits = fits.min(Fits::of(over));
        }
        match when.hours {
            Some(wanted) if fits != Fits::No => {
                fits.min(Fits::of(self.hours().map(|known| known == wanted)))
            }
            _ => fits,
        }
    }

    fn hours(&self) -> Option<Hours> {
        *self.hours.get_or_init(|| self.charter.calendar.hours(self.deed.at))
    }
}

/// Whether one of the known is among the wanted; none wanted is any.
fn listed(wanted: &[String], known: Option<&[String]>) -> Fits {
    if wanted.is_empty() {
        return Fits::Yes;
    }
    Fits::of(known.map(|known| known.iter().any(|one| wanted.contains(one))))
}
