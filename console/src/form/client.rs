//! Add a client.
//! Never here: what a short name may look like (`authority` says).

use super::{Field, FormPage, Given, Input};
use crate::{part::Refused, route, shell::Shell};

/// The form.
#[must_use]
pub fn form(shell: Shell, given: &Given, refused: Option<Refused>) -> FormPage {
    let mut page =
        FormPage::new(shell, "Add a client".to_owned(), route::client_new(), "Found its ledger");
    page.lead = "Founds the client's own ledger with a key of its own, and seats you there.".to_owned();
    page.back = route::clients();
    page.fields = vec![
        Field::new("name", "Name", Input::Line, given).hint("As the client calls itself.").required(),
        Field::new("slug", "Short name", Input::Line, given)
            .hint("For addresses: lower-case letters, digits, hyphens. It also draws the client's stripe.")
            .required(),
    ];
    page.refused(refused)
}

pub(crate) fn samples() -> Vec<(&'static str, FormPage)> {
    let shell = Shell::sample("Add a client", crate::shell::Section::Clients);
    vec![("empty", form(shell, &Given::default(), None))]
}
