//! Connecting an account at a protected server, and ending one.
//! Never here: who may (`authority`), OAuth (the desk), a token.

use axum::extract::{Path, Query};
use http::StatusCode;
use serde::Deserialize;
use writ_desk::{AgentFilter, ConnectBody, DisconnectBody, view::UpstreamView};

use super::{Field, FormPage, Given, Input};
use crate::{
    page::{connections::LinkPage, render},
    part::Refused,
    route,
    shell::{Section, Shell},
    visit::{self, Answer, Sent, Visit, Wrong},
};

/// Whose account; stands in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Whose {
    agent: Option<String>,
    person: Option<String>,
}

fn slug(shell: &Shell) -> String {
    shell.client.as_ref().map(|one| one.slug.clone()).unwrap_or_default()
}

/// The form that asks for a link. Agents are known where each of them has an account.
fn connect(
    mut shell: Shell,
    server: &UpstreamView,
    agents: Vec<String>,
    given: &Given,
) -> FormPage {
    let slug = slug(&shell);
    let heading = format!("Connect an account at {}", server.server);
    shell.title.clone_from(&heading);
    let action = route::account_connect(&slug, &server.server);
    let mut page = FormPage::new(shell, heading, action, "Get my link");
    let lead = match server.account_of {
        "person" => {
            "You sign in there as yourself. The agents that are yours use the account; nobody else's do."
        }
        "agent" => "You sign in there. The one agent that you name uses the account.",
        _ => "You sign in there. Every agent of this client uses the account.",
    };
    lead.clone_into(&mut page.lead);
    page.back = route::connections(&slug);
    if server.account_of == "agent" {
        let field = Field::new("agent", "For which agent", Input::Known(agents), given);
        page.fields.push(field.hint("By its name in the register.").required());
    }
    page
}

/// The form that ends one.
fn end(mut shell: Shell, server: &str, whose: &Whose, given: &Given) -> FormPage {
    let slug = slug(&shell);
    let heading = format!("End the account at {server}");
    shell.title.clone_from(&heading);
    let of = |one: &Option<String>| one.clone().unwrap_or_default();
    let (agent, person) = (of(&whose.agent), of(&whose.person));
    let action = route::account_end(&slug, server);
    let action = route::query(action, &[("agent", &agent), ("person", &person)]);
    let mut page = FormPage::new(shell, heading, action, "End it");
    "No gateway shows its tokens from then on, and they are taken back where that can be done. Calls by it are cut."
        .clone_into(&mut page.lead);
    page.ends = true;
    page.back = route::connections(&slug);
    let field = Field::new("reason", "Why", Input::Words, given);
    page.fields.push(field.hint("Stands in the ledger for good, with your name.").required());
    page
}

async fn found(visit: &Visit, client: &str, server: &str) -> Result<UpstreamView, Wrong> {
    let all = visit.tell(visit.desk.upstreams(&visit.who, client).await)?;
    let named = all.into_iter().find(|one| one.server == server && one.consent);
    visit.tell(named.ok_or_else(|| writ_desk::DeskError::not_visible("server", server)))
}

async fn agents(visit: &Visit, client: &str) -> Result<Vec<String>, Wrong> {
    let living =
        AgentFilter { client: Some(client.to_owned()), life: Some("living".to_owned()), q: None };
    let all = visit.tell(visit.desk.agents(&visit.who, &living).await)?;
    Ok(all.into_iter().map(|one| one.name).collect())
}

/// `GET /clients/{client}/connections/{server}/connect`
pub(crate) async fn show_connect(
    visit: Visit,
    Path((client, server)): Path<(String, String)>,
) -> Answer {
    let server = found(&visit, &client, &server).await?;
    let known = agents(&visit, &client).await?;
    let shell = visit.shell_at(&client, "", Section::Connections)?;
    Ok(render(StatusCode::OK, &connect(shell, &server, known, &Given::default())))
}

/// `POST /clients/{client}/connections/{server}/connect`: shows the link. It is no redirect, because the link leads on to
/// another site, where no form of ours may be sent.
pub(crate) async fn take_connect(
    Path((client, server)): Path<(String, String)>,
    sent: Sent,
) -> Answer {
    let Sent { visit, given } = sent;
    let body = ConnectBody { agent: given.some("agent") };
    match visit.desk.connect_upstream(&visit.who, (&client, &server), body).await {
        Ok(link) => {
            let title = format!("Go on to {}", link.server);
            let shell = visit.shell_at(&client, &title, Section::Connections)?;
            let page = LinkPage { shell, server: link.server, url: link.url, until: link.expires };
            Ok(render(StatusCode::OK, &page))
        }
        Err(fault) => {
            if let Some(to) = visit.goes_on(&fault) {
                return Ok(to);
            }
            let server = found(&visit, &client, &server).await?;
            let known = agents(&visit, &client).await?;
            let shell = visit.shell_at(&client, "", Section::Connections)?;
            let page = connect(shell, &server, known, &given);
            Ok(render(visit::status(&fault), &page.refused(Some(visit::refused(&fault)))))
        }
    }
}

/// `GET /clients/{client}/connections/{server}/end`
pub(crate) async fn show_end(
    visit: Visit,
    Path((client, server)): Path<(String, String)>,
    Query(whose): Query<Whose>,
) -> Answer {
    let server = found(&visit, &client, &server).await?;
    let shell = visit.shell_at(&client, "", Section::Connections)?;
    Ok(render(StatusCode::OK, &end(shell, &server.server, &whose, &Given::default())))
}

/// `POST /clients/{client}/connections/{server}/end`
pub(crate) async fn take_end(
    Path((client, server)): Path<(String, String)>,
    Query(whose): Query<Whose>,
    sent: Sent,
) -> Answer {
    let Sent { visit, given } = sent;
    let reason = given.one("reason").to_owned();
    let body = DisconnectBody { agent: whose.agent.clone(), person: whose.person.clone(), reason };
    match visit.desk.disconnect_upstream(&visit.who, (&client, &server), body).await {
        Ok(acted) => Ok(visit.done(&client, &acted, &route::connections(&client))),
        Err(fault) => {
            if let Some(to) = visit.goes_on(&fault) {
                return Ok(to);
            }
            let shell = visit.shell_at(&client, "", Section::Connections)?;
            let page = end(shell, &server, &whose, &given);
            Ok(render(visit::status(&fault), &page.refused(Some(visit::refused(&fault)))))
        }
    }
}

/// Each form, and one that was refused.
pub(crate) fn samples() -> Vec<(&'static str, FormPage)> {
    let shell = || Shell::sample_client("", Section::Connections);
    let server = |account_of| UpstreamView {
        server: "mail".to_owned(),
        address: "https://mail.example".to_owned(),
        grant: "code",
        account_of,
        consent: true,
        accounts: Vec::new(),
    };
    let empty = Given::default();
    let known = vec!["invoice-bot".to_owned(), "mail-reader".to_owned()];
    let whose = Whose { agent: Some("invoice-bot".to_owned()), person: None };
    let wrong = Refused {
        code: "DESK-0004".to_owned(),
        field: "agent".to_owned(),
        what: "no agent `nobody` is visible to you here".to_owned(),
        cure: "Check the name".to_owned(),
    };
    vec![
        ("connect-agent", connect(shell(), &server("agent"), known.clone(), &empty)),
        ("connect-own", connect(shell(), &server("person"), Vec::new(), &empty)),
        ("connect-all", connect(shell(), &server("client"), Vec::new(), &empty)),
        ("refused", connect(shell(), &server("agent"), known, &empty).refused(Some(wrong))),
        ("end", end(shell(), "mail", &whose, &empty)),
    ]
}
