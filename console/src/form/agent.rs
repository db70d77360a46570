//! Propose an agent, or write down one that already runs.
//! Never here: what a name may look like (`authority` says).

use axum::{
    extract::{Path, Query},
    response::Response,
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use writ_desk::{DeskError, NewAgentBody};

use super::{Choice, Field, FormPage, Given, Input, grant};
use crate::{
    page::render,
    part::Refused,
    route,
    shell::{Section, Shell},
    view::{GroupRow, PersonRow},
    visit::{self, Answer, Sent, Visit, Wrong},
};

/// Kinds of identities: value, words, meaning.
const KINDS: [(&str, &str, &str); 5] = [
    ("ai_agent", "AI agent", "acts by a language model"),
    ("service_account", "Service account", ""),
    ("api_client", "API client", "a program with an API key"),
    ("workload", "Workload", ""),
    ("bot", "Bot", "a script without a model"),
];
const AUTONOMY: [(&str, &str, &str); 3] = [
    ("supervised", "Acts; a person watches", ""),
    ("suggests", "Suggests; a person acts", ""),
    ("autonomous", "Acts alone", ""),
];

/// The form.
#[must_use]
pub fn form(
    mut shell: Shell,
    people: &[PersonRow],
    groups: &[GroupRow],
    given: &Given,
    refused: Option<Refused>,
) -> FormPage {
    let slug = shell.client.as_ref().map(|one| one.slug.clone()).unwrap_or_default();
    "Propose an agent".clone_into(&mut shell.title);
    let action = route::agent_new(&slug);
    let mut page = FormPage::new(shell, "Propose an agent".to_owned(), action, "Write it down");
    "It may do nothing until people answer for it, somebody activates it, and a grant reaches it."
        .clone_into(&mut page.lead);
    page.back = route::client_agents(&slug);
    let choices = |list: &[(&str, &str, &str)]| {
        list.iter().map(|(value, label, hint)| Choice::new(value, label, hint)).collect()
    };
    let nobody = || std::iter::once(Choice::new("", "nobody named", ""));
    let owners = people.iter().filter(|one| one.left_at.is_none());
    let owners = owners.map(|one| Choice::new(&one.person.to_string(), &one.name, ""));
    let none = std::iter::once(Choice::new("", "no group", ""));
    let groups = groups.iter().map(|one| Choice::new(&one.group.to_string(), &one.name, ""));
    let observed = vec![Choice::new(
        "yes",
        "It runs already, ungoverned",
        "observed until somebody answers for it",
    )];
    page.fields = vec![
        Field::new("name", "Name", Input::Line, given)
            .hint("Unique here, for example invoice-bot.")
            .required(),
        Field::new("purpose", "Purpose", Input::Words, given)
            .hint("What it is for, one sentence.")
            .required(),
        Field::new("kind", "Kind", Input::Radio(choices(&KINDS)), given),
        Field::new("autonomy", "Autonomy", Input::Radio(choices(&AUTONOMY)), given),
        Field::new("owner", "Owner", Input::Select(nobody().chain(owners).collect()), given)
            .hint("Whose it is in daily work."),
        Field::new("group", "Group", Input::Select(none.chain(groups).collect()), given)
            .hint("Gives it the group's answers and grants."),
        Field::new("models", "Models", Input::Line, given)
            .hint("By their makers' names, separated by commas."),
        Field::new("data_classes", "Data", Input::Line, given)
            .hint("Classes of data it touches, separated by commas."),
        Field::new("observed", "Already running", Input::Boxes(observed), given),
        Field::new("deadline", "Govern it by", Input::Instant, given)
            .hint("UTC; only for one that runs already."),
    ];
    page.refused(refused)
}

/// What the form starts with; stands in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Start {
    name: String,
}

/// `GET /clients/{client}/agents/new`
pub(crate) async fn show(
    visit: Visit,
    Path(client): Path<String>,
    Query(start): Query<Start>,
) -> Answer {
    let given = Given::start(&[("name", &start.name)]);
    page(&visit, &client, &given, None, StatusCode::OK).await
}

async fn page(
    visit: &Visit,
    client: &str,
    given: &Given,
    refused: Option<Refused>,
    status: StatusCode,
) -> Result<Response, Wrong> {
    let people = visit.tell(visit.desk.people(&visit.who, client).await)?;
    let groups = visit.tell(visit.desk.groups(&visit.who, client).await)?;
    let shell = visit.shell_at(client, "", Section::Agents)?;
    Ok(render(status, &form(shell, &people, &groups, given, refused)))
}

/// `POST /clients/{client}/agents/new`
pub(crate) async fn take(Path(client): Path<String>, sent: Sent) -> Answer {
    let Sent { visit, given } = sent;
    let body = match body(&given) {
        Ok(body) => body,
        Err(wrong) => {
            return page(&visit, &client, &given, Some(wrong), StatusCode::UNPROCESSABLE_ENTITY)
                .await;
        }
    };
    match visit.desk.add_agent(&visit.who, &client, body).await {
        Ok(acted) => {
            let to = acted.id.as_ref().map(|id| route::agent(&client, id));
            Ok(visit.done(&client, &acted, &to.unwrap_or_else(|| route::client_agents(&client))))
        }
        Err(fault) => {
            if let Some(to) = visit.goes_on(&fault) {
                return Ok(to);
            }
            let wrong = Some(visit::refused(&fault));
            page(&visit, &client, &given, wrong, visit::status(&fault)).await
        }
    }
}

fn body(given: &Given) -> Result<NewAgentBody, Refused> {
    let word = |name: &str, default: &str| given.some(name).unwrap_or_else(|| default.to_owned());
    let body: Value = json!({
        "name": given.one("name"),
        "kind": word("kind", "ai_agent"),
        "purpose": given.one("purpose"),
        "owner": given.some("owner"),
        "group": given.some("group"),
        "models": given.list("models"),
        "data_classes": given.list("data_classes"),
        "autonomy": word("autonomy", "supervised"),
        "observed": given.ticked("observed", "yes"),
        "deadline": grant::instant(given, "deadline")?,
    });
    serde_json::from_value(body).map_err(|fault| {
        let cure = "Choose a kind and an autonomy from the lists.";
        visit::refused(&DeskError::bad("kind", fault.to_string(), cure))
    })
}

pub(crate) fn samples() -> Vec<(&'static str, FormPage)> {
    let shell = || Shell::sample_client("", Section::Agents);
    let given = Given::start(&[
        ("name", "Invoice Bot"),
        ("purpose", "Pays invoices."),
        ("kind", "bot"),
        ("observed", "yes"),
    ]);
    let refused = Refused {
        code: "AUTH-0005".to_owned(),
        field: "name".to_owned(),
        what: "name `Invoice Bot` has letters that are not allowed".to_owned(),
        cure: "Use lower-case letters, digits and hyphens.".to_owned(),
    };
    vec![
        ("empty", form(shell(), &[], &[], &Given::default(), None)),
        ("refused", form(shell(), &[], &[], &given, Some(refused))),
    ]
}
