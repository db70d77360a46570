//! Watch instead of blocking, block again, and make a grant of what was watched.
//! Never here: who may (`authority`), the signature (the page of the signing), or how wide the grant is (the desk).

use axum::extract::{Path, Query};
use http::StatusCode;
use serde::Deserialize;
use writ_authority::grant::Surface;
use writ_desk::{AgentFilter, DeskError, ObserveBody, ObservedSubject, ProposeBody};

use super::{Choice, Field, FormPage, Given, Input, grant::instant};
use crate::{
    page::{observe, render},
    part::Refused,
    route,
    shell::{Section, Shell},
    visit::{self, Answer, Sent, Visit},
};

/// Which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watch {
    /// Watch.
    Start,
    /// Block again.
    End,
}

/// Whom; stands in the address of an end, and in the start of a beginning.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Of {
    agent: String,
    group: String,
}

impl Of {
    fn subject(&self) -> ObservedSubject {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        ObservedSubject { agent: some(&self.agent), group: some(&self.group) }
    }

    /// `agent:…`, `group:…`, or nothing for the whole client.
    fn value(&self) -> String {
        match (self.agent.as_str(), self.group.as_str()) {
            ("", "") => String::new(),
            ("", group) => format!("group:{group}"),
            (agent, _) => format!("agent:{agent}"),
        }
    }

    /// SECURITY: what cannot be read is nobody, never everybody.
    fn parsed(value: &str) -> Result<Self, Refused> {
        let of =
            |agent: &str, group: &str| Self { agent: agent.to_owned(), group: group.to_owned() };
        match value.split_once(':') {
            Some(("agent", id)) if !id.is_empty() => Ok(of(id, "")),
            Some(("group", id)) if !id.is_empty() => Ok(of("", id)),
            None if value == "client" => Ok(Self::default()),
            _ => Err(Refused {
                code: "CONS-0002".to_owned(),
                field: "subject".to_owned(),
                what: format!("`{}` is nobody", writ_authority::refusal::cut(value)),
                cure: "Choose from the list.".to_owned(),
            }),
        }
    }
}

fn slug(shell: &Shell) -> (String, String) {
    shell.client.as_ref().map(|one| (one.slug.clone(), one.name.clone())).unwrap_or_default()
}

fn start_form(mut shell: Shell, subjects: Vec<Choice>, given: &Given) -> FormPage {
    let (slug, name) = slug(&shell);
    let heading = format!("Watch instead of blocking at {name}");
    shell.title.clone_from(&heading);
    let mut page = FormPage::new(shell, heading, route::observe_new(&slug), "Watch");
    "Until that day, calls that no grant and no clause allows are done all the same and written down as what they would \
     have been. What a clause refuses outright, a freeze, a suspension and an ended agent still stop them."
        .clone_into(&mut page.lead);
    page.back = route::observe(&slug);
    page.fields.push(Field::new("subject", "Whom", Input::Select(subjects), given));
    let until = Field::new("until", "Until", Input::Instant, given);
    page.fields.push(until.hint("UTC; at most ninety days.").required());
    let reason = Field::new("reason", "Why", Input::Words, given);
    page.fields.push(reason.hint("Stands in the ledger for good, with your name.").required());
    page
}

fn end_form(mut shell: Shell, of: &Of, named: &str) -> FormPage {
    let (slug, name) = slug(&shell);
    let whom = if named.is_empty() { format!("everything of {name}") } else { named.to_owned() };
    let heading = format!("Block again: {whom}");
    shell.title.clone_from(&heading);
    let path = route::observe_end(&slug);
    let action = route::query(path, &[("agent", &of.agent), ("group", &of.group)]);
    let mut page = FormPage::new(shell, heading, action, "Block again");
    "From the next call on, what no grant and no clause allows is refused."
        .clone_into(&mut page.lead);
    page.back = route::observe(&slug);
    page
}

async fn subjects(visit: &Visit, client: &str) -> Result<Vec<Choice>, DeskError> {
    let filter = AgentFilter { client: Some(client.to_owned()), ..AgentFilter::default() };
    let agents = visit.desk.agents(&visit.who, &filter).await?;
    let groups = visit.desk.groups(&visit.who, client).await?;
    let mut out: Vec<Choice> = agents
        .iter()
        .filter(|one| one.life != "terminated")
        .map(|one| Choice::new(&format!("agent:{}", one.agent), &one.name, ""))
        .collect();
    out.extend(groups.iter().map(|one| {
        let label = format!("every agent in {}", one.name);
        Choice::new(&format!("group:{}", one.group), &label, "")
    }));
    out.push(Choice::new("client", "every agent of this client", ""));
    Ok(out)
}

/// The name of whom an end is about, as the report says it.
async fn named(visit: &Visit, client: &str, of: &Of) -> Result<String, DeskError> {
    let report =
        visit.desk.observed(&visit.who, client, writ_desk::ObserveQuery::default()).await?;
    let wanted = if of.agent.is_empty() { &of.group } else { &of.agent };
    let found = report.observing.into_iter().find(|one| one.id == *wanted || one.name == *wanted);
    Ok(found.map_or_else(|| wanted.clone(), |one| one.name))
}

/// `GET` of either.
pub(crate) async fn show(
    visit: Visit,
    Path(client): Path<String>,
    Query(of): Query<Of>,
    watch: Watch,
) -> Answer {
    page(&visit, &client, (&of, watch), &Given::start(&[("subject", &of.value())]), None).await
}

async fn page(
    visit: &Visit,
    client: &str,
    (of, watch): (&Of, Watch),
    given: &Given,
    wrong: Option<(StatusCode, Refused)>,
) -> Answer {
    let form = match watch {
        Watch::Start => {
            let subjects = visit.tell(subjects(visit, client).await)?;
            start_form(visit.shell_at(client, "", Section::Observe)?, subjects, given)
        }
        Watch::End => {
            let name = visit.tell(named(visit, client, of).await)?;
            end_form(visit.shell_at(client, "", Section::Observe)?, of, &name)
        }
    };
    let (status, refused) = wrong.map_or((StatusCode::OK, None), |(code, one)| (code, Some(one)));
    Ok(render(status, &form.refused(refused)))
}

/// What a beginning says.
fn started(given: &Given) -> Result<ObserveBody, Refused> {
    let subject = Of::parsed(given.one("subject"))?.subject();
    let until = instant(given, "until")?.unwrap_or_default();
    let reason = given.one("reason").to_owned();
    Ok(ObserveBody { agent: subject.agent, group: subject.group, until, reason })
}

/// `POST` of either: does it, goes to what must be signed, or shows the form again.
pub(crate) async fn take(
    Path(client): Path<String>,
    Query(of): Query<Of>,
    sent: Sent,
    watch: Watch,
) -> Answer {
    let Sent { visit, given } = sent;
    visit.place(&client)?;
    let done = match watch {
        Watch::End => visit.desk.end_observe(&visit.who, &client, of.subject()).await,
        Watch::Start => match started(&given) {
            Err(refused) => {
                let wrong = Some((StatusCode::BAD_REQUEST, refused));
                return page(&visit, &client, (&of, watch), &given, wrong).await;
            }
            Ok(body) => visit.desk.set_observe(&visit.who, &client, body).await,
        },
    };
    match done {
        Ok(acted) => Ok(visit.done(&client, &acted, &route::observe(&client))),
        Err(fault) => {
            if let Some(to) = visit.goes_on(&fault) {
                return Ok(to);
            }
            let wrong = Some((visit::status(&fault), visit::refused(&fault)));
            page(&visit, &client, (&of, watch), &given, wrong).await
        }
    }
}

/// `POST /clients/{client}/observe/propose`: to the grant that is to be signed, or the report again with why not.
pub(crate) async fn propose(Path(client): Path<String>, sent: Sent) -> Answer {
    let Sent { visit, given } = sent;
    visit.place(&client)?;
    match proposed(&visit, &client, &given).await {
        Ok(acted) => Ok(visit.done(&client, &acted, &route::observe(&client))),
        Err(fault) => {
            if let Some(to) = visit.goes_on(&fault) {
                return Ok(to);
            }
            let (refused, status) = (visit::refused(&fault), visit::status(&fault));
            observe::again(&visit, &client, refused, status).await
        }
    }
}

async fn proposed(
    visit: &Visit,
    client: &str,
    given: &Given,
) -> Result<crate::view::Acted, DeskError> {
    let surfaces = [Surface::Tool, Surface::Resource, Surface::Prompt];
    let surface = surfaces.into_iter().find(|one| one.word() == given.one("surface"));
    let text = |name: &str| given.one(name).to_owned();
    let body = ProposeBody {
        agent: text("agent"),
        code: text("code"),
        server: text("server"),
        surface: surface.ok_or_else(|| {
            DeskError::bad(
                "surface",
                "this form does not say what was watched",
                "Open the report again.",
            )
        })?,
        // Not trimmed: it is the agent's own word, letter for letter.
        name: given
            .0
            .iter()
            .find(|(key, _)| key == "name")
            .map(|(_, one)| one.clone())
            .unwrap_or_default(),
        reason: given.some("reason"),
    };
    visit.desk.propose_observed(&visit.who, client, body).await
}

/// The forms, empty and refused.
pub(crate) fn samples() -> Vec<(&'static str, FormPage)> {
    let shell = || Shell::sample_client("", Section::Observe);
    let subjects = || vec![Choice::new("agent:agt_1", "invoice-bot", "")];
    let wrong = Refused {
        code: "AUTH-0046".to_owned(),
        field: "until".to_owned(),
        what: "that is later than ninety days from now".to_owned(),
        cure: "Name an earlier day".to_owned(),
    };
    let typed = Given::start(&[
        ("subject", "agent:agt_1"),
        ("until", "2028-01-01T00:00"),
        ("reason", "New payment server"),
    ]);
    let of = Of { agent: "agt_1".to_owned(), group: String::new() };
    vec![
        ("start", start_form(shell(), subjects(), &Given::default())),
        ("start-refused", start_form(shell(), subjects(), &typed).refused(Some(wrong))),
        ("end", end_form(shell(), &of, "invoice-bot")),
        ("end-all", end_form(shell(), &Of::default(), "")),
    ]
}
