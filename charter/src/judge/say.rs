//! A judgment in one sentence. Never here: a reason that did not decide.

use super::{Said, Why};
use crate::{Charter, Mode, words};

impl Charter {
    pub(super) fn say(&self, why: &Why, mode: &Mode, first: Option<&Said<'_>>) -> String {
        match (why, first) {
            (Why::Clause(_), Some(said)) => {
                let unsure = if said.sure {
                    ""
                } else {
                    " Not all that its conditions ask is known, and what is not known counts against."
                };
                format!("Clause {} {}{unsure}", named(said), clause(mode))
            }
            (Why::Clause(key), None) => format!("Clause {key} decides."),
            (Why::Uncovered { action }, _) if action.is_empty() => {
                "It counts as nothing that the charter knows, so it is refused.".to_owned()
            }
            (Why::Uncovered { action }, _) => format!(
                "No clause lets anybody do this: {} ({action}). What no clause covers is refused.",
                words::deed(action, Some(self), &|_| None)
            ),
            (Why::Suspended { clause: None }, _) => {
                "The whole delegation is suspended, so everything is refused.".to_owned()
            }
            (Why::Suspended { clause: Some(key) }, _) => {
                format!("Clause {key} is suspended, and a suspended clause refuses what it covers.")
            }
            (Why::NotYet, _) => {
                "The charter is not valid yet, so everything is refused.".to_owned()
            }
            (Why::Over, _) => {
                "The charter is no longer valid, so everything is refused.".to_owned()
            }
        }
    }
}

fn named(said: &Said<'_>) -> String {
    format!("{} ({})", said.clause.key, writ_model::text::quote(&said.clause.title))
}

fn clause(mode: &Mode) -> String {
    match mode {
        Mode::Refuse => "refuses this.".to_owned(),
        Mode::Propose => "leaves this to a person.".to_owned(),
        Mode::Approve { quorum } => {
            format!("lets this be done once {} said yes.", words::quorum(quorum))
        }
        Mode::NotifyAndAct => "lets this be done at once, and people are told.".to_owned(),
        Mode::Act => "lets this be done at once.".to_owned(),
    }
}
