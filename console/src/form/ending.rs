//! Ending many agents in one act: first which, then how many that are and who, then why and the client's name typed.
//! Never here: who may (`authority` refuses), a signature (the page of the signing asks for it).

use axum::{
    extract::{Path, Query},
    response::{IntoResponse as _, Redirect},
};
use http::StatusCode;
use serde::Deserialize;
use writ_desk::{DeskError, TerminationsBody, WhomBody};

use super::{Choice, Field, FormPage, Given, Input};
use crate::{
    page::render,
    part::Refused,
    route,
    shell::{Section, Shell},
    show,
    view::WouldEnd,
    visit::{self, Answer, Sent, Visit},
};

/// Which agents: stands in the address of the second step.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(crate) struct Which {
    whom: String,
    group: String,
    vendor: String,
}

impl Which {
    /// What the desk is asked; none if nothing was chosen yet.
    fn body(&self) -> Option<WhomBody> {
        let some = |text: &str| Some(text.trim().to_owned());
        match self.whom.as_str() {
            "all" => Some(WhomBody { all: true, ..WhomBody::default() }),
            "group" => Some(WhomBody { group: some(&self.group), ..WhomBody::default() }),
            "vendor" => Some(WhomBody { vendor: some(&self.vendor), ..WhomBody::default() }),
            _ => None,
        }
    }

    fn action(&self, client: &str) -> String {
        let pairs = [("whom", &*self.whom), ("group", &*self.group), ("vendor", &*self.vendor)];
        route::query(route::client_end(client), &pairs)
    }
}

/// The first step.
fn choose(mut shell: Shell, groups: Vec<Choice>, which: &Which) -> FormPage {
    let (slug, name) =
        shell.client.as_ref().map(|one| (one.slug.clone(), one.name.clone())).unwrap_or_default();
    let heading = format!("End many agents of {name}");
    shell.title.clone_from(&heading);
    let mut page = FormPage::new(shell, heading, route::client_end(&slug), "Show who that is");
    page.lead = String::from(
        "One act and one line in the ledger ends them all, with whatever acts for them. Nothing is ended yet: the \
                 next page says who it would be.",
    );
    page.asks = true;
    page.back = route::client_agents(&slug);
    let given = Given::start(&[
        ("whom", which.whom.as_str()),
        ("group", which.group.as_str()),
        ("vendor", which.vendor.as_str()),
    ]);
    let mut whom = vec![
        Choice::new("all", "Every agent", ""),
        Choice::new("vendor", "Every agent with a model of a vendor", "named below"),
    ];
    if !groups.is_empty() {
        whom.push(Choice::new("group", "Every agent of a group", "and of the groups below it"));
    }
    page.fields.push(Field::new("whom", "Which agents", Input::Radio(whom), &given));
    let vendor = Field::new("vendor", "Vendor", Input::Line, &given);
    page.fields.push(vendor.hint("A word of its models' names, for example claude or gpt."));
    if !groups.is_empty() {
        page.fields.push(Field::new("group", "Group", Input::Select(groups), &given));
    }
    page
}

/// The second step.
fn confirm(mut shell: Shell, which: &Which, would: &WouldEnd, given: &Given) -> FormPage {
    let (slug, name) =
        shell.client.as_ref().map(|one| (one.slug.clone(), one.name.clone())).unwrap_or_default();
    let heading = format!("End {} of {name}", show::plural(would.agents, "agent"));
    shell.title.clone_from(&heading);
    let mut page = FormPage::new(shell, heading, which.action(&slug), "End them all");
    page.lead = String::from(
        "They are ended for good, at every gateway: tokens refused, streams cut, processes stopped. This cannot be \
                 taken back. To stop everything for a while, freeze the client instead.",
    );
    page.ends = true;
    page.back = route::client_agents(&slug);
    let more = would.agents.saturating_sub(would.names.len());
    let mut names = would.names.join(", ");
    if more > 0 {
        names = format!("{names} and {} more", show::count(more));
    }
    page.facts.push(("Would be ended", names));
    let reason = Field::new("reason", "Why", Input::Words, given);
    page.fields.push(reason.hint("Stands in the ledger for good, with your name.").required());
    let typed = Field::new("name", "Type the client's name", Input::Line, given);
    page.fields.push(typed.hint("So that the right ones are ended.").required());
    page
}

async fn groups(visit: &Visit, client: &str) -> Result<Vec<Choice>, DeskError> {
    let rows = visit.desk.groups(&visit.who, client).await?;
    Ok(rows.iter().map(|one| Choice::new(&one.group.to_string(), &one.name, "")).collect())
}

/// `GET /clients/{client}/end`: which, or with a choice in the address, who that is.
pub(crate) async fn show(
    visit: Visit,
    Path(client): Path<String>,
    Query(which): Query<Which>,
) -> Answer {
    let shell = visit.shell_at(&client, "", Section::Agents)?;
    let Some(body) = which.body() else {
        let groups = visit.tell(groups(&visit, &client).await)?;
        return Ok(render(StatusCode::OK, &choose(shell, groups, &which)));
    };
    match visit.desk.would_end(&visit.who, &client, &body).await {
        Ok(would) => Ok(render(StatusCode::OK, &confirm(shell, &which, &would, &Given::default()))),
        Err(fault) => {
            let groups = visit.tell(groups(&visit, &client).await)?;
            let page = choose(shell, groups, &which).refused(Some(visit::refused(&fault)));
            Ok(render(visit::status(&fault), &page))
        }
    }
}

/// `POST /clients/{client}/end`: ends them, goes to what must be signed, or shows the form again.
pub(crate) async fn take(
    Path(client): Path<String>,
    Query(which): Query<Which>,
    sent: Sent,
) -> Answer {
    let Sent { visit, given } = sent;
    let name = visit.place(&client)?.name;
    let whom = which.body().unwrap_or_default();
    let would = visit.tell(visit.desk.would_end(&visit.who, &client, &whom).await)?;
    let again = |status, wrong| {
        let shell = visit.shell_at(&client, "", Section::Agents)?;
        Ok(render(status, &confirm(shell, &which, &would, &given).refused(Some(wrong))))
    };
    if given.one("name") != name {
        return again(StatusCode::UNPROCESSABLE_ENTITY, mistyped(&given, &name));
    }
    let body = TerminationsBody { whom, reason: given.one("reason").to_owned() };
    match visit.desk.terminate_many(&visit.who, &client, body).await {
        Ok(ending) => Ok(Redirect::to(&route::ending(&client, &ending.line)).into_response()),
        Err(fault) => match visit.goes_on(&fault) {
            Some(to) => Ok(to),
            None => again(visit::status(&fault), visit::refused(&fault)),
        },
    }
}

fn mistyped(given: &Given, name: &str) -> Refused {
    let typed = writ_authority::refusal::cut(given.one("name"));
    Refused {
        code: "CONS-0001".to_owned(),
        field: "name".to_owned(),
        what: format!("`{typed}` is not the name of this client"),
        cure: format!("Type {name}, letter for letter."),
    }
}

/// Both steps, and one that was refused.
pub(crate) fn samples() -> Vec<(&'static str, FormPage)> {
    let shell = || Shell::sample_client("", Section::Agents);
    let groups = || vec![Choice::new("grp_1", "Shop", "")];
    let which =
        Which { whom: "vendor".to_owned(), vendor: "claude".to_owned(), ..Which::default() };
    let names = ["Order clerk", "Night auditor", "Refund helper"];
    let would = WouldEnd { agents: 41, names: names.map(str::to_owned).to_vec() };
    let empty = Given::default();
    let wrong = mistyped(&Given::start(&[("name", "Harbour")]), "Harbor Books");
    vec![
        ("which", choose(shell(), groups(), &Which::default())),
        ("who", confirm(shell(), &which, &would, &empty)),
        ("refused", confirm(shell(), &which, &would, &empty).refused(Some(wrong))),
    ]
}
