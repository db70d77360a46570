//! Seat a person of the provider; make a group.
//! Never here: which roles go together (`authority` says).

use axum::extract::Path;
use http::StatusCode;
use writ_desk::{DeskError, NewGroup, NewPerson};
use writ_model::Role;

use super::{Choice, Field, FormPage, Given, Input};
use crate::{
    page::render,
    part::Refused,
    route,
    shell::{Section, Shell},
    view::{GroupRow, PersonRow},
    visit::{self, Answer, Sent, Visit},
};

/// Roles: value, words, meaning.
const ROLES: [(&str, &str, &str); 4] = [
    ("engineer", "Engineer", "proposes, observes, names people, gives grants for the provider"),
    ("approver", "Approver", "says yes or no"),
    ("owner", "Owner", "answers for the party"),
    ("auditor", "Auditor", "reads and exports, never changes"),
];

/// The roles to choose from.
#[must_use]
pub fn roles() -> Vec<Choice> {
    ROLES.iter().map(|(value, label, hint)| Choice::new(value, label, hint)).collect()
}

/// The form that seats a person of the provider at a client. `known` are the provider's people, who keep their id.
#[must_use]
pub fn seat(
    mut shell: Shell,
    known: &[PersonRow],
    given: &Given,
    refused: Option<Refused>,
) -> FormPage {
    let slug = shell.client.as_ref().map(|one| one.slug.clone()).unwrap_or_default();
    "Seat a person of the provider".clone_into(&mut shell.title);
    let heading = shell.title.clone();
    let mut page = FormPage::new(shell, heading, route::person_new(&slug), "Seat them");
    "A seat lets a person act here, in their roles, and be named as somebody who answers. Somebody who is not on this list \
     is invited into the provider's own space first; people of the client are let in by the client."
        .clone_into(&mut page.lead);
    page.back = route::people(&slug);
    let known = known.iter().filter(|one| one.left_at.is_none());
    let known = known.map(|one| Choice::new(&one.person.to_string(), &one.name, ""));
    page.fields = vec![
        Field::new("person", "Who", Input::Select(known.collect()), given).required(),
        Field::new("roles", "Roles", Input::Boxes(roles()), given),
    ];
    page.refused(refused)
}

/// The form that makes a group.
#[must_use]
pub fn group(
    mut shell: Shell,
    groups: &[GroupRow],
    given: &Given,
    refused: Option<Refused>,
) -> FormPage {
    let slug = shell.client.as_ref().map(|one| one.slug.clone()).unwrap_or_default();
    "Make a group".clone_into(&mut shell.title);
    let mut page =
        FormPage::new(shell, "Make a group".to_owned(), route::group_new(&slug), "Make it");
    "Agents in it inherit its answers and its grants.".clone_into(&mut page.lead);
    page.back = route::client(&slug);
    let top = std::iter::once(Choice::new("", "no other group", ""));
    let groups = groups.iter().map(|one| Choice::new(&one.group.to_string(), &one.name, ""));
    page.fields = vec![
        Field::new("name", "Name", Input::Line, given).required(),
        Field::new("parent", "Inside", Input::Select(top.chain(groups).collect()), given)
            .hint("It inherits from there what it does not say itself."),
    ];
    page.refused(refused)
}

async fn seat_page(
    visit: &Visit,
    client: &str,
    given: &Given,
    fault: Option<&DeskError>,
) -> Answer {
    let known = visit.desk.provider(&visit.who).await.map(|view| view.people);
    let shell = visit.shell_at(client, "", Section::People)?;
    let page = seat(shell, &known.unwrap_or_default(), given, fault.map(visit::refused));
    Ok(render(fault.map_or(StatusCode::OK, visit::status), &page))
}

/// `GET /clients/{client}/people/new`
pub(crate) async fn show_seat(visit: Visit, Path(client): Path<String>) -> Answer {
    seat_page(&visit, &client, &Given::default(), None).await
}

/// `POST /clients/{client}/people/new`
pub(crate) async fn take_seat(Path(client): Path<String>, sent: Sent) -> Answer {
    let Sent { visit, given } = sent;
    let done = match person(&given) {
        Ok(body) => visit.desk.seat_person(&visit.who, &client, body).await,
        Err(fault) => Err(fault),
    };
    match done {
        Ok(acted) => Ok(visit.done(&client, &acted, &route::people(&client))),
        Err(fault) => match visit.goes_on(&fault) {
            Some(to) => Ok(to),
            None => seat_page(&visit, &client, &given, Some(&fault)).await,
        },
    }
}

fn person(given: &Given) -> Result<NewPerson, DeskError> {
    let bad = |field: &'static str| {
        move |what: String| DeskError::bad(field, what, "Choose from the list.")
    };
    let roles: Result<Vec<Role>, String> =
        given.all("roles").iter().map(|one| one.parse()).collect();
    let person = given.one("person").to_owned();
    Ok(NewPerson { person, roles: roles.map_err(bad("roles"))? })
}

async fn group_page(
    visit: &Visit,
    client: &str,
    given: &Given,
    fault: Option<&DeskError>,
) -> Answer {
    let groups = visit.tell(visit.desk.groups(&visit.who, client).await)?;
    let shell = visit.shell_at(client, "", Section::Clients)?;
    let page = group(shell, &groups, given, fault.map(visit::refused));
    Ok(render(fault.map_or(StatusCode::OK, visit::status), &page))
}

/// `GET /clients/{client}/groups/new`
pub(crate) async fn show_group(visit: Visit, Path(client): Path<String>) -> Answer {
    group_page(&visit, &client, &Given::default(), None).await
}

/// `POST /clients/{client}/groups/new`
pub(crate) async fn take_group(Path(client): Path<String>, sent: Sent) -> Answer {
    let Sent { visit, given } = sent;
    let body = NewGroup { name: given.one("name").to_owned(), parent: given.some("parent") };
    match visit.desk.create_group(&visit.who, &client, body).await {
        Ok(acted) => Ok(visit.done(&client, &acted, &route::client(&client))),
        Err(fault) => match visit.goes_on(&fault) {
            Some(to) => Ok(to),
            None => group_page(&visit, &client, &given, Some(&fault)).await,
        },
    }
}

pub(crate) fn samples() -> Vec<(&'static str, FormPage)> {
    use crate::page::sample;
    let shell = || Shell::sample_client("", Section::Clients);
    let given = Given::start(&[("roles", "engineer")]);
    vec![
        ("seat", seat(shell(), &sample::people(), &given, None)),
        ("seat-empty", seat(shell(), &[], &Given::default(), None)),
        ("group", group(shell(), &[], &Given::default(), None)),
    ]
}
