//! Acts on one thing, each with its consequence said before: activate, hold, release, quarantine, terminate, enroll, end an
//! instance, revoke a grant, a person leaves.
//! Never here: doing it (`router.rs` calls the desk).

use axum::{
    extract::Path,
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;
use writ_desk::DeskError;

use super::{Field, FormPage, Given, Input};
use crate::{
    page::{code::CodePage, render},
    part::Refused,
    route,
    shell::{Section, Shell},
    show::Mark,
    visit::{self, Answer, Sent, Visit, Wrong},
};

/// Which act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Switch an agent on.
    Activate,
    /// Make an agent wait.
    Hold,
    /// Let an agent go on.
    Release,
    /// Stop an agent on suspicion.
    Quarantine,
    /// End an agent.
    Terminate,
    /// Offer a code.
    Enroll,
    /// End one instance.
    EndInstance,
    /// Revoke a grant.
    Revoke,
    /// A person leaves.
    Leave,
}

impl Act {
    /// Every act, for tests.
    pub const ALL: [Self; 9] = [
        Self::Activate,
        Self::Hold,
        Self::Release,
        Self::Quarantine,
        Self::Terminate,
        Self::Enroll,
        Self::EndInstance,
        Self::Revoke,
        Self::Leave,
    ];

    /// Heading, consequence, button.
    fn words(self, name: &str, client: &str) -> (String, String, &'static str) {
        let text = |head: String, lead: String, button| (head, lead, button);
        match self {
            Self::Activate => text(
                format!("Activate {name}"),
                format!("From then on it may act for {client}, inside its grants and nowhere else."),
                "Activate",
            ),
            Self::Hold => text(
                format!("Put {name} on hold"),
                "Every call of it is refused until somebody releases it.".to_owned(),
                "Put on hold",
            ),
            Self::Release => text(
                format!("Release {name}"),
                format!("It may act for {client} again, inside its grants."),
                "Release",
            ),
            Self::Quarantine => text(
                format!("Quarantine {name}"),
                "Its tokens die, its streams are cut, every call is refused until somebody releases it."
                    .to_owned(),
                "Quarantine",
            ),
            Self::Terminate => text(
                format!("Terminate {name}"),
                "It is ended for good: its tokens are refused, its streams cut, its processes stopped, at every \
                 gateway. This cannot be taken back."
                    .to_owned(),
                "Terminate",
            ),
            Self::Enroll => text(
                format!("Enroll an instance of {name}"),
                "Makes a code that binds one key, made on the agent's own machine, to this agent. The code is shown \
                 once."
                    .to_owned(),
                "Make the code",
            ),
            Self::EndInstance => text(
                format!("End instance {name}"),
                "This running copy can do nothing more; the agent's others live.".to_owned(),
                "End it",
            ),
            Self::Revoke => text(
                format!("Revoke: {name}"),
                "From the next call on it is refused, unless another grant covers it.".to_owned(),
                "Revoke",
            ),
            Self::Leave => text(
                format!("{name} leaves"),
                format!(
                    "Their seat at {client} ends. Agents they answer for are put on hold after three days, unless \
                     somebody else is named."
                ),
                "End the seat",
            ),
        }
    }

    /// Whether a reason is asked for.
    #[must_use]
    pub fn reasoned(self) -> bool {
        !matches!(self, Self::Activate | Self::Release | Self::Enroll | Self::Leave)
    }

    /// Whether it ends something.
    #[must_use]
    pub fn ends(self) -> bool {
        matches!(self, Self::Terminate | Self::EndInstance | Self::Revoke | Self::Leave)
    }
}

/// What is acted on.
#[derive(Debug, Clone)]
pub struct On {
    /// Its name.
    pub name: String,
    /// Where the form is sent.
    pub action: String,
    /// Where one goes who does nothing.
    pub back: String,
    /// What one should know before.
    pub facts: Vec<(&'static str, String)>,
}

/// The form of an act.
#[must_use]
pub fn form(
    mut shell: Shell,
    act: Act,
    on: On,
    given: &Given,
    refused: Option<Refused>,
) -> FormPage {
    let client = shell.client.as_ref().map(|one| one.name.clone()).unwrap_or_default();
    let (heading, lead, submit) = act.words(&on.name, &client);
    shell.title.clone_from(&heading);
    let mut page = FormPage::new(shell, heading, on.action, submit);
    page.lead = lead;
    page.ends = act.ends();
    page.back = on.back;
    page.facts = on.facts;
    if act.reasoned() {
        let reason = Field::new("reason", "Why", Input::Words, given);
        page.fields.push(reason.hint("Stands in the ledger for good, with your name.").required());
    }
    if act == Act::Terminate {
        let name = Field::new("name", "Type the agent's name", Input::Line, given);
        page.fields.push(name.hint("So that the right one is ended.").required());
    }
    page.refused(refused)
}

/// Whether the name typed is the agent's.
#[must_use]
pub fn name_is(given: &Given, name: &str) -> Option<Refused> {
    (given.one("name") != name).then(|| Refused {
        code: "CONS-0001".to_owned(),
        field: "name".to_owned(),
        what: format!(
            "`{}` is not the name of this agent",
            writ_authority::refusal::cut(given.one("name"))
        ),
        cure: format!("Type {name}, letter for letter."),
    })
}

/// What an act is on, as the desk knows it.
async fn on(visit: &Visit, act: Act, client: &str, thing: &str) -> Result<On, Wrong> {
    match act {
        Act::Activate
        | Act::Hold
        | Act::Release
        | Act::Quarantine
        | Act::Terminate
        | Act::Enroll => on_agent(visit, act, client, thing).await,
        Act::EndInstance => Ok(On {
            name: thing.to_owned(),
            action: route::instance_end(client, thing),
            back: route::client_agents(client),
            facts: Vec::new(),
        }),
        Act::Revoke => {
            let grants = visit.tell(visit.desk.grants(&visit.who, client).await)?;
            let found = grants.into_iter().find(|one| one.grant.to_string() == thing);
            let found = visit.tell(found.ok_or_else(|| DeskError::not_visible("grant", thing)))?;
            let back = match found.subject {
                writ_authority::fact::Subject::Agent(agent) => route::agent(client, &agent),
                writ_authority::fact::Subject::Group(_) => route::client(client),
            };
            let mut facts = vec![("Given to", found.subject_name)];
            facts.extend(found.rules.into_iter().map(|rule| ("If", rule.words)));
            facts.push(("Given by", found.given_by.name));
            facts.push(("Used", crate::show::plural(found.used.count, "time")));
            Ok(On { name: found.words, action: route::grant_revoke(client, thing), back, facts })
        }
        Act::Leave => {
            let people = visit.tell(visit.desk.people(&visit.who, client).await)?;
            let found = people.into_iter().find(|one| one.person.to_string() == thing);
            let found = visit.tell(found.ok_or_else(|| DeskError::not_visible("person", thing)))?;
            let back = route::people(client);
            let action = route::person_leave(client, thing);
            Ok(On { name: found.name, action, back, facts: Vec::new() })
        }
    }
}

async fn on_agent(visit: &Visit, act: Act, client: &str, agent: &str) -> Result<On, Wrong> {
    let view = visit.tell(visit.desk.agent(&visit.who, client, agent).await)?;
    let id = view.row.agent;
    let action = match act {
        Act::Activate => route::agent_activate(client, &id),
        Act::Hold => route::agent_hold(client, &id),
        Act::Release => route::agent_release(client, &id),
        Act::Quarantine => route::agent_quarantine(client, &id),
        Act::Enroll => route::agent_enroll(client, &id),
        Act::Terminate | Act::EndInstance | Act::Revoke | Act::Leave => {
            route::agent_terminate(client, &id)
        }
    };
    let answers = &view.answers;
    let answered =
        [("Authorised by", answers.authorizer.as_ref()), ("Audited by", answers.auditor.as_ref())];
    let mut facts = vec![
        ("Purpose", view.row.purpose.clone()),
        ("State", Mark::life(view.row.life).word().to_owned()),
    ];
    let named = |(word, one): (&'static str, Option<&crate::view::AnswerView>)| {
        (word, one.map_or_else(|| "nobody".to_owned(), |one| one.person.name.clone()))
    };
    facts.extend(answered.map(named));
    Ok(On { name: view.row.name, action, back: route::agent(client, &id), facts })
}

fn section(act: Act) -> Section {
    if act == Act::Leave { Section::People } else { Section::Agents }
}

/// `GET` of an act: its form.
pub(crate) async fn show(
    visit: Visit,
    Path((client, thing)): Path<(String, String)>,
    act: Act,
) -> Answer {
    let on = on(&visit, act, &client, &thing).await?;
    let shell = visit.shell_at(&client, "", section(act))?;
    if act == Act::Enroll
        && let Some(offer) = visit.flashes.take_offer(&visit.session)
    {
        let title = format!("Code for {}", offer.agent_name);
        let shell = Shell { title, ..shell };
        return Ok(render(StatusCode::OK, &CodePage::view(shell, offer, &client)));
    }
    Ok(render(StatusCode::OK, &form(shell, act, on, &Given::default(), None)))
}

/// `POST` of an act: does it, or shows the form again with the reason it was refused.
pub(crate) async fn take(
    Path((client, thing)): Path<(String, String)>,
    sent: Sent,
    act: Act,
) -> Answer {
    let Sent { visit, given } = sent;
    let on = on(&visit, act, &client, &thing).await?;
    if act == Act::Terminate
        && let Some(wrong) = name_is(&given, &on.name)
    {
        let shell = visit.shell_at(&client, "", section(act))?;
        let page = form(shell, act, on, &given, Some(wrong));
        return Ok(render(StatusCode::UNPROCESSABLE_ENTITY, &page));
    }
    match done(&visit, act, (&client, &thing), &given, &on).await {
        Ok(response) => Ok(response),
        Err(fault) => {
            if let Some(to) = visit.goes_on(&fault) {
                return Ok(to);
            }
            let shell = visit.shell_at(&client, "", section(act))?;
            let page = form(shell, act, on, &given, Some(visit::refused(&fault)));
            Ok(render(visit::status(&fault), &page))
        }
    }
}

async fn done(
    visit: &Visit,
    act: Act,
    (client, thing): (&str, &str),
    given: &Given,
    on: &On,
) -> Result<Response, DeskError> {
    let (desk, who) = (&visit.desk, &visit.who);
    let reason = given.one("reason").to_owned();
    let acted = match act {
        Act::Activate => desk.activate(who, client, thing).await?,
        Act::Hold => desk.hold(who, client, thing, reason).await?,
        Act::Release => desk.release(who, client, thing).await?,
        Act::Quarantine => desk.quarantine(who, client, thing, reason).await?,
        Act::EndInstance => desk.end_instance(who, client, thing, reason).await?,
        Act::Revoke => desk.revoke_grant(who, client, thing, reason).await?,
        Act::Leave => desk.person_leaves(who, client, thing).await?,
        Act::Terminate => {
            let receipt = desk.terminate(who, client, thing, reason).await?;
            let to = route::agent_receipt(client, &receipt.agent);
            return Ok(Redirect::to(&to).into_response());
        }
        Act::Enroll => {
            let offer = desk.offer_enrollment(who, client, thing).await?;
            visit.flashes.offer(&visit.session, offer);
            return Ok(Redirect::to(&on.action).into_response());
        }
    };
    Ok(visit.done(client, &acted, &on.back))
}

pub(crate) fn samples() -> Vec<(&'static str, FormPage)> {
    let on = |name: &str| On {
        name: name.to_owned(),
        action: route::agent_terminate("harbor-books", "agt_x"),
        back: route::agent("harbor-books", "agt_x"),
        facts: vec![("Purpose", "Reads the shop's mail and drafts answers.".to_owned())],
    };
    let shell = || Shell::sample_client("", Section::Agents);
    let given = Given::start(&[("reason", "Sent a list to a stranger"), ("name", "mail-asistant")]);
    let wrong = name_is(&given, "mail-assistant");
    let empty = Given::default();
    let names = [
        "activate",
        "hold",
        "release",
        "quarantine",
        "terminate",
        "enroll",
        "instance",
        "revoke",
        "leave",
    ];
    let mut out: Vec<_> = Act::ALL
        .into_iter()
        .zip(names)
        .map(|(act, name)| (name, form(shell(), act, on("mail-assistant"), &empty, None)))
        .collect();
    out.push((
        "terminate-refused",
        form(shell(), Act::Terminate, on("mail-assistant"), &given, wrong),
    ));
    out
}
