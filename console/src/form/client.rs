//! Add a client.
//! Never here: what a short name may look like (`authority` says).

use axum::response::{IntoResponse as _, Redirect};
use http::StatusCode;
use writ_desk::NewClient;

use super::{Field, FormPage, Given, Input};
use crate::{
    page::render,
    part::Refused,
    route,
    shell::{Notice, Section, Shell},
    visit::{self, Answer, Sent, Visit},
};

/// The form.
#[must_use]
pub fn form(shell: Shell, given: &Given, refused: Option<Refused>) -> FormPage {
    let mut page =
        FormPage::new(shell, "Add a client".to_owned(), route::client_new(), "Found its ledger");
    "Founds the client's own ledger with a key of its own, and seats you there."
        .clone_into(&mut page.lead);
    page.back = route::clients();
    page.fields = vec![
        Field::new("name", "Name", Input::Line, given).hint("As the client calls itself.").required(),
        Field::new("slug", "Short name", Input::Line, given)
            .hint("For addresses: lower-case letters, digits, hyphens. It also draws the client's stripe.")
            .required(),
    ];
    page.refused(refused)
}

/// `GET /clients/new`
pub(crate) async fn show(visit: Visit) -> Answer {
    let shell = visit.shell("Add a client", Section::Clients);
    Ok(render(StatusCode::OK, &form(shell, &Given::default(), None)))
}

/// `POST /clients/new`
pub(crate) async fn take(sent: Sent) -> Answer {
    let Sent { visit, given } = sent;
    let body = NewClient { name: given.one("name").to_owned(), slug: given.one("slug").to_owned() };
    match visit.desk.add_client(&visit.who, body).await {
        Ok(row) => {
            let slug = row.client.slug;
            let what =
                format!("{}'s ledger is founded, and you are seated there.", row.client.name);
            let line = Some((0, route::line(&slug, "0")));
            visit.flashes.notice(&visit.session, Notice { what, line });
            Ok(Redirect::to(&route::client(&slug)).into_response())
        }
        Err(fault) => {
            if let Some(to) = visit.goes_on(&fault) {
                return Ok(to);
            }
            let shell = visit.shell("Add a client", Section::Clients);
            let page = form(shell, &given, Some(visit::refused(&fault)));
            Ok(render(visit::status(&fault), &page))
        }
    }
}

pub(crate) fn samples() -> Vec<(&'static str, FormPage)> {
    let shell = Shell::sample("Add a client", Section::Clients);
    vec![("empty", form(shell, &Given::default(), None))]
}
