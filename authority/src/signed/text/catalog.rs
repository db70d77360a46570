//! The text of an approval of what a server lists.
//! Never here: anything that depends on more than the request.

use writ_model::text::quote;

use super::Request;
use crate::{command::Command, fact::DefinitionApproved};

pub(super) fn title(request: &Request) -> String {
    match request.act.as_ref() {
        Command::ApproveDefinition(approved) => {
            format!("Let the {} {} be used", approved.thing.word(), quote(&approved.name))
        }
        _ => String::new(),
    }
}

pub(super) fn of(request: &Request, party: &str) -> Vec<String> {
    let Command::ApproveDefinition(approved) = request.act.as_ref() else {
        return Vec::new();
    };
    let DefinitionApproved { server, thing, name, from, to } = approved.as_ref();
    let mut out = vec![format!(
        "You let agents of {party} use the {} {} of the server {}, inside their grants, as it is defined now.",
        thing.word(),
        quote(name),
        quote(server)
    )];
    out.extend(request.said());
    out.push(match from {
        Some(from) => format!("The digest of its definition was {from}, and is {to}."),
        None => format!("The digest of its definition is {to}."),
    });
    out
}
