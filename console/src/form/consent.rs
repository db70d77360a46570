//! What a client asks for when it wants to be let in: who it is, how it is known, and which agent it becomes, or none.
//! Never here: which agents somebody may choose, and where the answer goes (the desk says both).

use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, Uri};
use writ_desk::{ConsentView, DeskError, Looked};

use super::{Choice, Field, FormPage, Given, Input};
use crate::{
    page::{consent, render},
    part::Refused,
    route,
    shell::{Section, Shell},
    visit::{self, Answer, Sent, Visit},
};

/// The choice that refuses. It stands first, so that it is what happens when nothing is chosen.
const NONE: &str = "none";

/// The form.
#[must_use]
pub fn form(
    mut shell: Shell,
    asks: &ConsentView,
    query: &str,
    given: &Given,
    refused: Option<Refused>,
) -> FormPage {
    shell.title = format!("Let “{}” in?", asks.name);
    let heading = shell.title.clone();
    let action = format!("{}?{query}", route::consent());
    let mut page = FormPage::new(shell, heading, action, "Answer");
    page.lead = if asks.agents.is_empty() {
        format!(
            "“{}” asks to act as an agent. There is no active agent that you may have running copies of, so you can only refuse.",
            asks.name
        )
    } else {
        format!(
            "“{}” asks to act as an agent. Choose whose running copy it becomes: it may then do what that agent may do, each call \
             is decided and recorded as that agent's, and it ends when that agent or the copy is ended.",
            asks.name
        )
    };
    page.facts = vec![
        ("It calls itself", format!("“{}”", asks.name)),
        ("Known how", crate::part::sentence(&asks.known)),
        ("Its id", asks.client_id.clone()),
        ("The answer goes to", asks.answers_to.clone()),
        ("For", reach(asks)),
        ("How long", "Thirty days at most; its key stays on its machine.".to_owned()),
    ];
    let mut choices =
        vec![Choice::new(NONE, "None: refuse", "The client is told so, and gets nothing.")];
    choices.extend(asks.agents.iter().map(|one| {
        let value = format!("{}/{}", one.client.slug, one.agent);
        let label = format!("{} of {}", one.name, one.client.name);
        Choice::new(&value, &label, &may(&one.purpose, &one.may, one.more))
    }));
    page.fields = vec![Field::new("agent", "It acts as", Input::Radio(choices), given).required()];
    page.refused(refused)
}

/// What an agent may do, in one line.
fn may(purpose: &str, may: &[String], more: usize) -> String {
    let purpose = crate::part::sentence(purpose);
    if may.is_empty() {
        return format!("{purpose} It may do nothing there: it has no grant.");
    }
    let rest = if more > 0 { format!(", and {more} more") } else { String::new() };
    format!("{purpose} It may {}{rest}.", may.join(", "))
}

/// Which servers it is about.
fn reach(asks: &ConsentView) -> String {
    let named: Vec<&str> =
        asks.scope.split(' ').filter_map(|word| word.strip_prefix("mcp:")).collect();
    if named.is_empty() {
        format!("every server at {}", asks.resource)
    } else {
        format!("{} at {}", named.join(", "), asks.resource)
    }
}

/// `GET /consent`
pub(crate) async fn show(visit: Visit, uri: Uri) -> Answer {
    page(&visit, uri.query().unwrap_or_default(), &Given::default(), None).await
}

async fn page(visit: &Visit, query: &str, given: &Given, fault: Option<&DeskError>) -> Answer {
    let shell = visit.shell("", Section::Elsewhere);
    match visit.tell(visit.desk.consent(&visit.who, query).await)? {
        Looked::Back(back) => Ok(consent::back(shell, back)),
        Looked::Asks(asks) => {
            let status = fault.map_or(StatusCode::OK, visit::status);
            let form = form(shell, &asks, query, given, fault.map(visit::refused));
            Ok(render(status, &form).into_response())
        }
    }
}

/// `POST /consent`
pub(crate) async fn take(uri: Uri, sent: Sent) -> Answer {
    let Sent { visit, given } = sent;
    let query = uri.query().unwrap_or_default();
    match answered(&visit, query, given.one("agent")).await {
        Ok(answer) => Ok(answer),
        Err(fault) => match visit.goes_on(&fault) {
            Some(to) => Ok(to),
            None => page(&visit, query, &given, Some(&fault)).await,
        },
    }
}

async fn answered(visit: &Visit, query: &str, chosen: &str) -> Result<Response, DeskError> {
    let back = match chosen.split_once('/') {
        Some((client, agent)) => {
            visit.desk.give_consent(&visit.who, query, (client, agent)).await?
        }
        None if chosen == NONE => visit.desk.refuse_consent(query).await?,
        None => {
            let what = "nothing was chosen";
            return Err(DeskError::bad("agent", what, "Choose an agent, or refuse."));
        }
    };
    Ok(consent::back(visit.shell("", Section::Elsewhere), back))
}

pub(crate) fn samples() -> Vec<(&'static str, FormPage)> {
    use crate::page::sample;
    let shell = || Shell::sample("", Section::Elsewhere);
    let agent = sample::agent_full();
    let asks = |agents| ConsentView {
        client_id: "https://app.example/client.json".to_owned(),
        name: "Desk Helper".to_owned(),
        known: "app.example vouches for it, at https://app.example/client.json".to_owned(),
        answers_to: "this machine, where any program can say that it is this one".to_owned(),
        resource: "https://gateway.example/mcp/mail".to_owned(),
        scope: "mcp:mail".to_owned(),
        agents,
    };
    let choice = writ_desk::ConsentAgent {
        client: agent.row.client.clone(),
        agent: agent.row.agent,
        name: agent.row.name.clone(),
        purpose: agent.row.purpose.clone(),
        may: vec!["call tool send_message on mail".to_owned()],
        more: 2,
    };
    let refused = Refused {
        code: "AUTH-0010".to_owned(),
        field: "agent".to_owned(),
        what: "mail-assistant is quarantined".to_owned(),
        cure: "Choose an agent that is active.".to_owned(),
    };
    let form = |asks: &ConsentView, refused| {
        form(shell(), asks, "client_id=x", &Given::default(), refused)
    };
    vec![
        ("full", form(&asks(vec![choice.clone()]), None)),
        ("nobody", form(&asks(Vec::new()), None)),
        ("refused", form(&asks(vec![choice]), Some(refused))),
    ]
}
