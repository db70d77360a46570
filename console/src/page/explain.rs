//! Why an agent could do something at a moment: finds the call, which its own page explains; the explanation as JSON and PDF.
//! Never here: the explanation (the desk decides again from what was recorded).

use axum::{
    Json,
    extract::{Path, Query},
    response::{IntoResponse as _, Redirect},
};
use http::{StatusCode, header};
use serde::Deserialize;
use writ_desk::MomentQuery;

use crate::{
    form::{Field, FormPage, Given, Input, grant::instant},
    page::render,
    part::Refused,
    route,
    shell::{Section, Shell},
    visit::{self, Answer, Visit},
};

/// The moment; stands in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Moment {
    at: Option<String>,
    server: String,
    name: String,
}

fn form(mut shell: Shell, (agent, name): (&str, &str), given: &Given) -> FormPage {
    let slug = shell.client.as_ref().map(|one| one.slug.clone()).unwrap_or_default();
    let heading = format!("Why could {name} do that?");
    shell.title.clone_from(&heading);
    let mut page = FormPage::new(shell, heading, route::explain(&slug, agent), "Show me");
    "The last call at or before a moment, decided again from what stood then: the grant, the charter and its clauses, who \
     approved, who answered."
        .clone_into(&mut page.lead);
    page.asks = true;
    page.back = route::agent(&slug, agent);
    let at = Field::new("at", "At or before", Input::Instant, given);
    page.fields.push(at.hint("UTC; now if it is empty."));
    page.fields.push(Field::new("server", "Only on this server", Input::Line, given));
    page.fields.push(Field::new("name", "Only this tool, resource or prompt", Input::Line, given));
    page
}

/// `GET /clients/{client}/agents/{agent}/explain`: the form; with a moment, the call itself.
pub(crate) async fn show(
    visit: Visit,
    Path((client, agent)): Path<(String, String)>,
    Query(moment): Query<Moment>,
) -> Answer {
    let row = visit.tell(visit.desk.agent(&visit.who, &client, &agent).await)?.row;
    let (id, asked) = (row.agent.to_string(), moment.at.is_some());
    let given = Given::start(&[
        ("at", moment.at.as_deref().unwrap_or_default()),
        ("server", &moment.server),
        ("name", &moment.name),
    ]);
    let found = match (asked, instant(&given, "at")) {
        (false, _) => None,
        (true, Err(refused)) => Some(Err((StatusCode::BAD_REQUEST, refused))),
        (true, Ok(at)) => {
            let (server, name) = (given.some("server"), given.some("name"));
            let query = MomentQuery { at, server, name, format: None };
            let told = visit.desk.explain_moment(&visit.who, &client, &id, query).await;
            Some(told.map_err(|fault| (visit::status(&fault), visit::refused(&fault))))
        }
    };
    let shell = visit.shell_at(&client, "", Section::Agents)?;
    let page = form(shell, (&id, &row.name), &given);
    match found {
        Some(Ok(told)) => Ok(match told.recorded {
            Some(call) => Redirect::to(&route::call(&client, &call.call)).into_response(),
            None => render(StatusCode::OK, &page),
        }),
        Some(Err((code, refused))) => Ok(render(code, &page.refused(Some(refused)))),
        None => Ok(render(StatusCode::OK, &page)),
    }
}

/// `GET /clients/{client}/calls/{call}/explanation.json`
pub(crate) async fn json(visit: Visit, Path((client, call)): Path<(String, String)>) -> Answer {
    let told = visit.tell(visit.desk.explain_call(&visit.who, &client, &call).await)?;
    Ok(Json(told).into_response())
}

/// `GET /clients/{client}/calls/{call}/explanation.pdf`
pub(crate) async fn paper(visit: Visit, Path((client, call)): Path<(String, String)>) -> Answer {
    let told = visit.tell(visit.desk.explain_call(&visit.who, &client, &call).await)?;
    let bytes = visit.tell(visit.desk.explanation_paper(&visit.who, &told).await)?;
    let kind = [
        (header::CONTENT_TYPE, "application/pdf"),
        (header::CONTENT_DISPOSITION, "inline; filename=\"explanation.pdf\""),
    ];
    Ok((kind, bytes).into_response())
}

/// The form, empty and without such a call.
pub(crate) fn samples() -> Vec<(&'static str, FormPage)> {
    let shell = || Shell::sample_client("", Section::Agents);
    let of = ("agt_x", "invoice-bot");
    let given = Given::start(&[("at", "2026-11-03T14:03"), ("server", "bank")]);
    let wrong = Refused {
        code: "DESK-0003".to_owned(),
        field: String::new(),
        what: "there is no call by then of `invoice-bot`".to_owned(),
        cure: "Name a later moment".to_owned(),
    };
    vec![
        ("empty", form(shell(), of, &Given::default())),
        ("none", form(shell(), of, &given).refused(Some(wrong))),
    ]
}
