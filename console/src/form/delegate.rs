//! Have an agent act for another one, for its life.
//! Never here: which agents may (`authority` says).

use axum::extract::Path;
use http::StatusCode;
use writ_desk::{AgentFilter, DeskError};

use super::{Choice, Field, FormPage, Given, Input};
use crate::{
    page::render,
    part::Refused,
    route,
    shell::{Section, Shell},
    view::{AgentRow, AgentView},
    visit::{self, Answer, Sent, Visit},
};

/// The form.
#[must_use]
pub fn form(
    mut shell: Shell,
    agent: &AgentView,
    others: &[AgentRow],
    given: &Given,
    refused: Option<Refused>,
) -> FormPage {
    let (slug, id, name) = (&agent.row.client.slug, &agent.row.agent, &agent.row.name);
    shell.title = format!("Have {name} act for another agent");
    let heading = shell.title.clone();
    let mut page =
        FormPage::new(shell, heading, route::agent_delegate(slug, id), "Have it act for that one");
    page.lead = format!(
        "{name} may then act only while that agent may, and ends when it ends. That is for life: nobody takes it back."
    );
    page.back = route::agent(slug, id);
    let fits = others.iter().filter(|one| one.agent != *id && one.life != "terminated");
    let choices = fits.map(|one| Choice::new(&one.agent.to_string(), &one.name, &one.purpose));
    page.fields = vec![
        Field::new("by", "For which agent", Input::Radio(choices.collect()), given).required(),
    ];
    page.refused(refused)
}

async fn page(
    visit: &Visit,
    (client, agent): (&str, &str),
    given: &Given,
    fault: Option<&DeskError>,
) -> Answer {
    let view = visit.tell(visit.desk.agent(&visit.who, client, agent).await)?;
    let filter = AgentFilter { client: Some(client.to_owned()), ..AgentFilter::default() };
    let others = visit.tell(visit.desk.agents(&visit.who, &filter).await)?;
    let shell = visit.shell_at(client, "", Section::Agents)?;
    let status = fault.map_or(StatusCode::OK, visit::status);
    Ok(render(status, &form(shell, &view, &others, given, fault.map(visit::refused))))
}

/// `GET /clients/{client}/agents/{agent}/delegate`
pub(crate) async fn show(visit: Visit, Path((client, agent)): Path<(String, String)>) -> Answer {
    page(&visit, (&client, &agent), &Given::default(), None).await
}

/// `POST /clients/{client}/agents/{agent}/delegate`
pub(crate) async fn take(Path((client, agent)): Path<(String, String)>, sent: Sent) -> Answer {
    let Sent { visit, given } = sent;
    match visit.desk.delegate(&visit.who, &client, &agent, given.one("by")).await {
        Ok(acted) => Ok(visit.done(&client, &acted, &route::agent(&client, &agent))),
        Err(fault) => match visit.goes_on(&fault) {
            Some(to) => Ok(to),
            None => page(&visit, (&client, &agent), &given, Some(&fault)).await,
        },
    }
}

pub(crate) fn samples() -> Vec<(&'static str, FormPage)> {
    use crate::page::sample;
    let shell = || Shell::sample_client("", Section::Agents);
    let (one, other) = (sample::agent_full(), sample::agent_empty());
    let refused = Refused {
        code: "AUTH-0050".to_owned(),
        field: "by".to_owned(),
        what: "mail-assistant would act for itself".to_owned(),
        cure: "Name an agent that does not act for it.".to_owned(),
    };
    let others = [other.row.clone()];
    vec![
        ("full", form(shell(), &one, &others, &Given::default(), None)),
        ("refused", form(shell(), &one, &[], &Given::default(), Some(refused))),
    ]
}
