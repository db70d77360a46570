//! Clauses as rows: their text in full, and where each comes from.

use writ_authority::State;
use writ_charter::{Charter, Clause, Inherited, Suspended, clause_text};

use super::super::templates::Shelf;
use crate::view::ClauseRow;

/// What is said to come from the charter itself and from no template.
const CLIENT: &str = "client";

/// A charter's clauses, each beside the template it came from.
pub(crate) fn clauses(
    state: &State,
    charter: &Charter,
    shelf: &Shelf,
    suspended: &Suspended,
) -> Vec<ClauseRow> {
    let chain = charter.base.as_deref().map(|base| shelf.flat(base)).unwrap_or_default();
    let row = |clause: &Clause| {
        let beneath = chain.iter().find(|one| one.clause.key == clause.key);
        // What enforces a clause is filled in when it is proposed; a template does not know it.
        let bare = |clause: &Clause| Clause { enforced_by: Vec::new(), ..clause.clone() };
        let (from, overrides) = match beneath {
            Some(one) if bare(&one.clause) == bare(clause) => {
                (one.from.clone(), one.overrides.clone())
            }
            Some(one) => (CLIENT.to_owned(), Some(one.from.clone())),
            None => (CLIENT.to_owned(), None),
        };
        let stopped = suspended.all || suspended.clauses.contains(&clause.key);
        shown(Some(state), clause, (from, overrides), stopped)
    };
    charter.clauses.iter().map(row).collect()
}

/// A template's clauses with all it inherits.
pub(crate) fn inherited(all: &[Inherited]) -> Vec<ClauseRow> {
    let row = |one: &Inherited| {
        shown(None, &one.clause, (one.from.clone(), one.overrides.clone()), false)
    };
    all.iter().map(row).collect()
}

fn shown(
    state: Option<&State>,
    clause: &Clause,
    (from, overrides): (String, Option<String>),
    suspended: bool,
) -> ClauseRow {
    let names = |id: &str| state.and_then(|state| super::named(state, id));
    ClauseRow {
        key: clause.key.clone(),
        title: clause.title.clone(),
        mode: clause.mode.word(),
        text: clause_text(clause, &names),
        from,
        overrides,
        suspended,
        enforced_by: clause.enforced_by.clone(),
        clause: clause.clone(),
    }
}
