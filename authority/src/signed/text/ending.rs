//! The text of endings, of agents that act for others, and of gateways that serve again.
//! Never here: anything that depends on more than the request.

use writ_model::text::quote;

use super::{Request, because};
use crate::command::{Command, Whom};

pub(super) fn title(request: &Request) -> String {
    match request.act.as_ref() {
        Command::TerminateMany { whom: Whom::Agents(list), .. } if list.len() == 1 => {
            "End 1 agent for good".to_owned()
        }
        Command::TerminateMany { whom: Whom::Agents(list), .. } => {
            format!("End {} agents for good", list.len())
        }
        Command::TerminateMany { whom, .. } => format!("End {} for good", these(request, whom, "")),
        Command::Delegate { agent, by } => {
            format!("Let {} act for {}", request.name(agent), request.name(by))
        }
        Command::ServeGateway { gateway } => format!("Let the gateway {gateway} serve again"),
        _ => String::new(),
    }
}

/// Agents by a rule, in words.
fn these(request: &Request, whom: &Whom, of: &str) -> String {
    match whom {
        Whom::All => format!("every agent{of}"),
        Whom::Group(id) => format!("every agent of the group {}{of}", request.name(id)),
        Whom::Vendor(word) => format!("every agent{of} with a model of {}", quote(word)),
        Whom::Agents(_) => format!("these agents{of}"),
    }
}

pub(super) fn of(request: &Request, party: &str) -> Vec<String> {
    match request.act.as_ref() {
        Command::Terminate { agent, reason } => {
            let name = request.name(agent);
            let mut out = vec![
                format!("You end {name} of {party} for good. It does not come back."),
                format!("Its id is {agent}."),
            ];
            out.extend(request.said());
            out.push(because(reason));
            out
        }
        Command::TerminateMany { whom, reason } => {
            let which = these(request, whom, &format!(" of {party}"));
            let mut out = vec![format!("You end {which} for good. None of them comes back.")];
            match whom {
                Whom::Agents(list) => {
                    out.extend(
                        list.iter().map(|id| format!("{}, with the id {id}.", request.name(id))),
                    );
                }
                Whom::Group(id) => {
                    out.push(format!("Groups below it are meant too. Its id is {id}."));
                }
                Whom::Vendor(_) => {
                    let rule =
                        "A model is meant if its name has these words in a row, in any case.";
                    out.push(rule.to_owned());
                }
                Whom::All => {}
            }
            if !matches!(whom, Whom::Agents(_)) {
                out.push("All are meant that there are when this is written.".to_owned());
            }
            out.push("What acts for one of them ends with it.".to_owned());
            out.push(because(reason));
            out
        }
        Command::Delegate { agent, by } => {
            let (one, other) = (request.name(agent), request.name(by));
            vec![
                format!("You say that {one} of {party} acts for {other}."),
                format!("It may act only while {other} may, and who ends {other} ends it too."),
                "This stays so for its life.".to_owned(),
                format!("Its id is {agent}; the other one's is {by}."),
            ]
        }
        Command::ServeGateway { gateway } => {
            let mut out = vec![format!("You let the gateway {gateway} of {party} serve again.")];
            out.extend(request.said());
            out
        }
        _ => Vec::new(),
    }
}
