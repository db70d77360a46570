//! Say who answers: for an agent or a group.
//! Never here: who may (`authority` refuses).

use axum::extract::Path;
use http::StatusCode;
use writ_desk::{AnswersBody, DeskError};
use writ_model::{Role, Side};

use super::{Choice, Field, FormPage, Given, Input};
use crate::{
    page::render,
    part::Refused,
    route,
    shell::{Section, Shell},
    view::{AnswerView, AnswersView, PersonRow},
    visit::{self, Answer, Sent, Visit, Wrong},
};

/// For what, and where the form goes.
#[derive(Debug, Clone)]
pub struct For {
    /// `mail-assistant`, or `group Back office`.
    pub name: String,
    /// Where the form is sent.
    pub action: String,
    /// Where one goes who does nothing.
    pub back: String,
}

/// What the form starts with: what is set on the thing itself.
#[must_use]
pub fn start(answers: &AnswersView) -> Given {
    let own = |one: &&AnswerView| !one.inherited;
    let mut out = Vec::new();
    for (name, one) in [("authorizer", &answers.authorizer), ("auditor", &answers.auditor)] {
        let set = one.as_ref().filter(own);
        out.extend(set.map(|one| (name.to_owned(), one.person.person.to_string())));
    }
    let ends = answers.terminators.iter().filter(own);
    out.extend(ends.map(|one| ("terminators".to_owned(), one.person.person.to_string())));
    Given(out)
}

/// The form.
#[must_use]
pub fn form(
    mut shell: Shell,
    what: For,
    people: &[PersonRow],
    given: &Given,
    refused: Option<Refused>,
) -> FormPage {
    shell.title = format!("Who answers for {}", what.name);
    let heading = shell.title.clone();
    let mut page = FormPage::new(shell, heading, what.action, "Set who answers");
    "Three answers, by people seated here. Authorizer and auditor are two people; each side has somebody \
                 who can end it. What is left open is inherited from its group.".clone_into(&mut page.lead);
    page.back = what.back;
    let seated: Vec<_> = people.iter().filter(|one| one.left_at.is_none()).collect();
    let choice = |one: &&PersonRow| {
        let roles: Vec<_> = one.roles.iter().map(|role: &Role| role.to_string()).collect();
        let side = if one.side == Side::Provider { "provider" } else { "client" };
        Choice::new(&one.person.to_string(), &one.name, &format!("{side}, {}", roles.join(", ")))
    };
    let inherit = || std::iter::once(Choice::new("", "inherited", "from its group, or nobody"));
    let one = || Input::Radio(inherit().chain(seated.iter().map(choice)).collect());
    let boxes = Input::Boxes(seated.iter().map(choice).collect());
    page.fields = vec![
        Field::new("authorizer", "Who authorises it", one(), given),
        Field::new("auditor", "Who audits it", one(), given),
        Field::new("terminators", "Who can end it", boxes, given)
            .hint("At least one of each side."),
    ];
    page.refused(refused)
}

async fn for_agent(visit: &Visit, client: &str, agent: &str) -> Result<(For, AnswersView), Wrong> {
    let view = visit.tell(visit.desk.agent(&visit.who, client, agent).await)?;
    let action = route::agent_answers(client, &view.row.agent);
    let back = route::agent(client, &view.row.agent);
    Ok((For { name: view.row.name, action, back }, view.answers))
}

async fn for_group(visit: &Visit, client: &str, group: &str) -> Result<(For, AnswersView), Wrong> {
    let groups = visit.tell(visit.desk.groups(&visit.who, client).await)?;
    let mut found = groups.into_iter().filter(|one| one.group.to_string() == group);
    let found = visit.tell(found.next().ok_or_else(|| DeskError::not_visible("group", group)))?;
    let action = route::group_answers(client, &found.group);
    let name = format!("group {}", found.name);
    Ok((For { name, action, back: route::client(client) }, found.answers))
}

async fn page(
    visit: &Visit,
    client: &str,
    what: For,
    given: &Given,
    fault: Option<&DeskError>,
) -> Answer {
    let people = visit.tell(visit.desk.people(&visit.who, client).await)?;
    let shell = visit.shell_at(client, "", Section::Agents)?;
    let status = fault.map_or(StatusCode::OK, visit::status);
    Ok(render(status, &form(shell, what, &people, given, fault.map(visit::refused))))
}

fn body(given: &Given) -> AnswersBody {
    AnswersBody {
        authorizer: given.some("authorizer"),
        auditor: given.some("auditor"),
        terminators: given.all("terminators"),
    }
}

/// `GET /clients/{client}/agents/{agent}/accountability`
pub(crate) async fn show(visit: Visit, Path((client, agent)): Path<(String, String)>) -> Answer {
    let (what, answers) = for_agent(&visit, &client, &agent).await?;
    page(&visit, &client, what, &start(&answers), None).await
}

/// `POST /clients/{client}/agents/{agent}/accountability`
pub(crate) async fn take(Path((client, agent)): Path<(String, String)>, sent: Sent) -> Answer {
    let Sent { visit, given } = sent;
    let (what, _) = for_agent(&visit, &client, &agent).await?;
    match visit.desk.set_accountability(&visit.who, &client, &agent, body(&given)).await {
        Ok(acted) => Ok(visit.done(&client, &acted, &what.back)),
        Err(fault) => match visit.goes_on(&fault) {
            Some(to) => Ok(to),
            None => page(&visit, &client, what, &given, Some(&fault)).await,
        },
    }
}

/// `GET /clients/{client}/groups/{group}/accountability`
pub(crate) async fn show_group(
    visit: Visit,
    Path((client, group)): Path<(String, String)>,
) -> Answer {
    let (what, answers) = for_group(&visit, &client, &group).await?;
    page(&visit, &client, what, &start(&answers), None).await
}

/// `POST /clients/{client}/groups/{group}/accountability`
pub(crate) async fn take_group(
    Path((client, group)): Path<(String, String)>,
    sent: Sent,
) -> Answer {
    let Sent { visit, given } = sent;
    let (what, _) = for_group(&visit, &client, &group).await?;
    match visit.desk.set_group_accountability(&visit.who, &client, &group, body(&given)).await {
        Ok(acted) => Ok(visit.done(&client, &acted, &what.back)),
        Err(fault) => match visit.goes_on(&fault) {
            Some(to) => Ok(to),
            None => page(&visit, &client, what, &given, Some(&fault)).await,
        },
    }
}

pub(crate) fn samples() -> Vec<(&'static str, FormPage)> {
    use crate::page::sample;
    let shell = || Shell::sample_client("", Section::Agents);
    let what = || For {
        name: "mail-assistant".to_owned(),
        action: route::agent_answers("harbor-books", "agt_x"),
        back: route::agent("harbor-books", "agt_x"),
    };
    let given = start(&sample::agent_full().answers);
    vec![
        ("full", form(shell(), what(), &sample::people(), &given, None)),
        ("empty", form(shell(), what(), &[], &Given::default(), None)),
    ]
}
