//! Facts about the charter in plain words: drafts, signatures, what is in force, suspensions, freezes, templates.

use writ_authority::{Fact, State};
use writ_model::CharterId;

use super::{capital, sentence, side};

/// What became so; nothing if it is not about the charter.
pub(super) fn fact(state: &State, fact: &Fact) -> Option<String> {
    Some(match fact {
        Fact::CharterProposed { charter } => {
            let count = charter.clauses.len();
            format!(
                "Version {} of the charter was proposed, with {}.",
                charter.version,
                clauses(count)
            )
        }
        Fact::CharterWithdrawn { reason, .. } => {
            format!("The draft of the charter was withdrawn: {}", sentence(reason))
        }
        Fact::CharterSigned { charter, person, side: of, .. } => format!(
            "{} signed {} for the {}.",
            state.person_name(*person),
            of_charter(state, *charter),
            side(*of)
        ),
        Fact::CharterInForce { charter, .. } => {
            format!(
                "{} is in force: everybody has signed it.",
                capital(&of_charter(state, *charter))
            )
        }
        Fact::DelegationSuspended { clause, side: of, reason } => format!(
            "The {} suspended {}: {}",
            side(*of),
            what(state, clause.as_deref()),
            sentence(reason)
        ),
        Fact::DelegationResumed { clause, side: of } => {
            format!("The {} resumed {}.", side(*of), what(state, clause.as_deref()))
        }
        Fact::ClientFrozen { side: of, reason } => {
            format!("The {} froze everything: {}", side(*of), sentence(reason))
        }
        Fact::ClientThawed { side: of } => format!("The {} lifted its freeze.", side(*of)),
        Fact::TemplateSet { template } => {
            let on = template.parent.as_ref().map(|name| format!(", on top of “{name}”"));
            format!("The template “{}” was written{}.", template.name, on.unwrap_or_default())
        }
        _ => return None,
    })
}

fn clauses(count: usize) -> String {
    if count == 1 { "one clause".to_owned() } else { format!("{count} clauses") }
}

/// `version 3 of the charter`, where it is still known.
fn of_charter(state: &State, id: CharterId) -> String {
    match crate::case::charter::versions::number_of(state, id) {
        Some(version) => format!("version {version} of the charter"),
        None => format!("the charter {id}"),
    }
}

/// A clause by its title, or everything.
pub(crate) fn what(state: &State, clause: Option<&str>) -> String {
    let Some(key) = clause else { return "everything that the charter delegates".to_owned() };
    let known = state.charter.as_ref().and_then(|now| {
        let mut all = now.charter.clauses.iter();
        all.find(|one| one.key == key).map(|one| one.title.clone())
    });
    known.map_or_else(
        || format!("the clause “{key}”"),
        |title| format!("the clause “{title}” ({key})"),
    )
}
