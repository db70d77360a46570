//! The form that rehearses an ending. It never touches the agent itself: ending one for good is `act.rs`.
//! Never here: the drill, or which agent it takes if none is named (the desk).

use axum::{
    extract::Path,
    response::{IntoResponse as _, Redirect},
};
use http::StatusCode;
use writ_desk::{AgentFilter, DeskError, DrillBody};

use super::{Choice, Field, FormPage, Given, Input};
use crate::{
    page::render,
    part::Refused,
    route,
    shell::{Section, Shell},
    visit::{self, Answer, Sent, Visit},
};

fn form(mut shell: Shell, agents: Vec<Choice>, given: &Given) -> FormPage {
    let slug = shell.client.as_ref().map(|one| one.slug.clone()).unwrap_or_default();
    "Rehearse an ending".clone_into(&mut shell.title);
    let heading = "Rehearse an ending".to_owned();
    let mut page = FormPage::new(shell, heading, route::drill_new(&slug), "Rehearse it now");
    "A shadow of the agent is let in, misbehaves, is noticed and ended; each step is timed. The agent itself goes on and \
     nothing of the shadow reaches a server. It takes some seconds; the page waits for the result."
        .clone_into(&mut page.lead);
    page.back = route::drills(&slug);
    page.fields.push(Field::new("agent", "Of which agent", Input::Select(agents), given));
    page
}

async fn agents(visit: &Visit, client: &str) -> Result<Vec<Choice>, DeskError> {
    let filter = AgentFilter {
        client: Some(client.to_owned()),
        life: Some("active".to_owned()),
        ..AgentFilter::default()
    };
    let rows = visit.desk.agents(&visit.who, &filter).await?;
    let first = Choice::new("", "the one whose grants reach farthest", "");
    let each = rows.iter().map(|one| Choice::new(&one.agent.to_string(), &one.name, ""));
    Ok(std::iter::once(first).chain(each).collect())
}

/// `GET /clients/{client}/drills/new`
pub(crate) async fn show(visit: Visit, Path(client): Path<String>) -> Answer {
    let agents = visit.tell(agents(&visit, &client).await)?;
    let shell = visit.shell_at(&client, "", Section::Drills)?;
    Ok(render(StatusCode::OK, &form(shell, agents, &Given::default())))
}

/// `POST /clients/{client}/drills/new`: plays it, then shows it step by step.
pub(crate) async fn take(Path(client): Path<String>, sent: Sent) -> Answer {
    let Sent { visit, given } = sent;
    visit.place(&client)?;
    let body = DrillBody { agent: given.some("agent"), live: false };
    match Box::pin(visit.desk.run_drill(&visit.who, &client, body)).await {
        Ok(drill) => Ok(Redirect::to(&route::drill(&client, &drill.drill)).into_response()),
        Err(fault) => {
            let agents = visit.tell(agents(&visit, &client).await)?;
            let shell = visit.shell_at(&client, "", Section::Drills)?;
            let page = form(shell, agents, &given).refused(Some(visit::refused(&fault)));
            Ok(render(visit::status(&fault), &page))
        }
    }
}

/// The form, empty and refused.
pub(crate) fn samples() -> Vec<(&'static str, FormPage)> {
    let shell = || Shell::sample_client("", Section::Drills);
    let agents = || vec![Choice::new("", "the one whose grants reach farthest", "")];
    let wrong = Refused {
        code: "DESK-0021".to_owned(),
        field: String::new(),
        what: "no gateway runs".to_owned(),
        cure: "Start Writ with its gateway: `writ serve`.".to_owned(),
    };
    let empty = Given::default();
    vec![
        ("empty", form(shell(), agents(), &empty)),
        ("refused", form(shell(), agents(), &empty).refused(Some(wrong))),
    ]
}
