//! Invite a person; say which keys are taken; name a witness.
//! Never here: the link (it is shown once, on the page of people, after the invitation is signed).

use axum::{extract::Path, response::Response};
use http::StatusCode;
use writ_authority::KeyPolicy;
use writ_desk::{DeskError, NewInvitation, NewWitness};
use writ_model::{Role, Side};

use super::{Choice, Field, FormPage, Given, Input, people::roles};
use crate::{
    page::render,
    part::Refused,
    route,
    shell::{Section, Shell},
    visit::{self, Answer, Sent, Visit},
};

/// Which of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Make {
    /// An invitation.
    Invitation,
    /// The policy for keys.
    Policy,
    /// A witness.
    Witness,
}

fn party(shell: &Shell) -> (String, String) {
    shell.client.as_ref().map(|one| (one.slug.clone(), one.name.clone())).unwrap_or_default()
}

/// The form that invites. `first` is the client's very first person.
#[must_use]
pub fn invitation(
    mut shell: Shell,
    first: bool,
    given: &Given,
    refused: Option<Refused>,
) -> FormPage {
    let (slug, name) = party(&shell);
    let heading = if first {
        format!("Invite the first person of {name}")
    } else {
        format!("Invite to {name}")
    };
    shell.title.clone_from(&heading);
    let mut page = FormPage::new(shell, heading, route::invite(&slug), "Make the invitation");
    page.lead = if first {
        format!(
            "They will own {name}'s root key: from then on nobody but people of {name} can let others of {name} in. Only \
             one such invitation can be open."
        )
    } else {
        "You sign the invitation, then you get a link to send them. They make a passkey; you let them in by its \
         fingerprint, on a call."
            .to_owned()
    };
    page.back = route::people(&slug);
    page.fields = vec![
        Field::new("name", "Name", Input::Line, given).hint("As others know them.").required(),
        Field::new("roles", "Roles", Input::Boxes(roles()), given).hint(if first {
            "The first person is an owner, whatever else they are."
        } else {
            ""
        }),
    ];
    page.refused(refused)
}

/// The form that says which keys are taken.
#[must_use]
pub fn policy(mut shell: Shell, given: &Given, refused: Option<Refused>) -> FormPage {
    let (slug, name) = party(&shell);
    "Which keys are taken".clone_into(&mut shell.title);
    let heading = shell.title.clone();
    let mut page = FormPage::new(shell, heading, route::key_policy(&slug), "Set it");
    page.lead = format!(
        "For keys made from now on by people of {name}'s own side. Keys that are here already stay."
    );
    page.back = route::people(&slug);
    let kinds = vec![
        Choice::new(
            "any",
            "Any passkey",
            "also one that a phone copies to its owner's other devices",
        ),
        Choice::new(
            "device_bound",
            "Only keys that stay on one device",
            "security keys, and devices that do not copy",
        ),
        Choice::new("attested", "Only keys of these models", "their makers prove the model"),
    ];
    page.fields = vec![
        Field::new("kind", "Taken are", Input::Radio(kinds), given),
        Field::new("aaguids", "Models", Input::Lines, given)
            .hint("AAGUIDs of the models, one a line; only for the last choice. None means: of any model whose maker is known."),
    ];
    page.refused(refused)
}

/// The form that names a witness.
#[must_use]
pub fn witness(mut shell: Shell, given: &Given, refused: Option<Refused>) -> FormPage {
    let (slug, name) = party(&shell);
    "Name a witness".clone_into(&mut shell.title);
    let heading = shell.title.clone();
    let mut page = FormPage::new(shell, heading, route::witness_new(&slug), "Name it");
    page.lead = format!(
        "Its word is then asked for with every checkpoint of {name}'s ledger. If it is missing for an hour, or disagrees, a \
         decision waits for you."
    );
    page.back = route::witnesses(&slug);
    page.fields = vec![
        Field::new("name", "Name", Input::Line, given)
            .hint("The machine, as you know it: shop-till, office-nas.")
            .required(),
        Field::new("key", "Its key", Input::Lines, given)
            .hint("The whole line that writ witness init printed.")
            .required(),
    ];
    page.refused(refused)
}

async fn page(
    visit: &Visit,
    client: &str,
    make: Make,
    given: Option<&Given>,
    fault: Option<&DeskError>,
) -> Answer {
    let section = if make == Make::Witness { Section::Witnesses } else { Section::People };
    let shell = visit.shell_at(client, "", section)?;
    let (empty, refused) = (Given::default(), fault.map(visit::refused));
    let start = given.unwrap_or(&empty);
    let page = match make {
        Make::Invitation => {
            let people = visit.tell(visit.desk.people(&visit.who, client).await)?;
            let none = people.iter().all(|one| one.side == Side::Provider);
            let first = none && !shell.at_home();
            let owner = Given::start(&[("roles", "owner")]);
            let start = if first && given.is_none() { &owner } else { start };
            invitation(shell, first, start, refused)
        }
        Make::Policy => {
            let now = visit.tell(visit.desk.key_policy(&visit.who, client).await)?.policy;
            let now = said(&now);
            policy(shell, given.unwrap_or(&now), refused)
        }
        Make::Witness => witness(shell, start, refused),
    };
    Ok(render(fault.map_or(StatusCode::OK, visit::status), &page))
}

fn said(policy: &KeyPolicy) -> Given {
    match policy {
        KeyPolicy::Any => Given::start(&[("kind", "any")]),
        KeyPolicy::DeviceBound => Given::start(&[("kind", "device_bound")]),
        KeyPolicy::Attested { aaguids } => {
            Given::start(&[("kind", "attested"), ("aaguids", &aaguids.join("\n"))])
        }
    }
}

/// `GET` of any of the three.
pub(crate) async fn show(visit: Visit, Path(client): Path<String>, make: Make) -> Answer {
    page(&visit, &client, make, None, None).await
}

/// `POST` of any of the three.
pub(crate) async fn take(Path(client): Path<String>, sent: Sent, make: Make) -> Answer {
    let Sent { visit, given } = sent;
    match done(&visit, &client, make, &given).await {
        Ok(response) => Ok(response),
        Err(fault) => match visit.goes_on(&fault) {
            Some(to) => Ok(to),
            None => page(&visit, &client, make, Some(&given), Some(&fault)).await,
        },
    }
}

async fn done(
    visit: &Visit,
    client: &str,
    make: Make,
    given: &Given,
) -> Result<Response, DeskError> {
    let (desk, who) = (&visit.desk, &visit.who);
    let name = given.one("name").to_owned();
    let (acted, back) = match make {
        Make::Invitation => {
            let place = visit.home.as_ref().is_some_and(|home| home.slug == client);
            let side = if place { Side::Provider } else { Side::Client };
            let roles: Result<Vec<Role>, String> =
                given.all("roles").iter().map(|one| one.parse()).collect();
            let roles =
                roles.map_err(|what| DeskError::bad("roles", what, "Choose from the list."))?;
            let body = NewInvitation { name, side, roles };
            (desk.invite(who, client, body).await?.acted, route::people(client))
        }
        Make::Policy => {
            let policy = match given.one("kind") {
                "device_bound" => KeyPolicy::DeviceBound,
                "attested" => KeyPolicy::Attested { aaguids: given.list("aaguids") },
                _ => KeyPolicy::Any,
            };
            (desk.set_key_policy(who, client, policy).await?, route::people(client))
        }
        Make::Witness => {
            let body = NewWitness { name, key: given.one("key").to_owned(), side: None };
            (desk.name_witness(who, client, body).await?, route::witnesses(client))
        }
    };
    Ok(visit.done(client, &acted, &back))
}

pub(crate) fn samples() -> Vec<(&'static str, FormPage)> {
    let shell = || Shell::sample_client("", Section::People);
    let (owner, empty) =
        (Given::start(&[("name", "Dana Cole"), ("roles", "owner")]), Given::default());
    let models =
        Given::start(&[("kind", "attested"), ("aaguids", "ee882879-721c-4913-9775-3dfcce97072a")]);
    vec![
        ("first", invitation(shell(), true, &owner, None)),
        ("next", invitation(shell(), false, &empty, None)),
        ("policy", policy(shell(), &models, None)),
        ("witness", witness(Shell::sample_client("", Section::Witnesses), &empty, None)),
    ]
}
