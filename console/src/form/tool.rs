//! Yes or no to a definition of a server's tool. The digest of what was read goes with the form, so that another one that
//! came meanwhile is not meant.
//! Never here: who may (`authority`), what differs (`page/tools.rs` shows it).

use axum::extract::{Path, Query};
use http::StatusCode;
use writ_desk::{ApproveToolBody, DeskError, RefuseToolBody, view::ToolRow};
use writ_model::Digest;

use super::{Field, FormPage, Given, Input};
use crate::{
    page::{render, tools::plain},
    part::Refused,
    route,
    shell::{Section, Shell},
    view::Acted,
    visit::{self, Answer, Sent, Visit},
};

/// The form of a yes, or of a no.
fn form(mut shell: Shell, row: &ToolRow, yes: bool, given: &Given) -> FormPage {
    let slug = shell.client.as_ref().map(|one| one.slug.clone()).unwrap_or_default();
    let name = plain(&row.name);
    let (heading, lead, button, action) = if yes {
        let lead = "From then on agents with a grant use it as it is defined now. Read what changed and what is flagged first.";
        let action = route::tool_approve(&slug, &row.id);
        (format!("Approve {name} of {}", row.server), lead, "Approve it", action)
    } else {
        let lead = "It is neither listed nor called as it is defined now. If its server takes the change back, it goes on as it was.";
        let action = route::tool_refuse(&slug, &row.id);
        (format!("Refuse {name} of {}", row.server), lead, "Refuse it", action)
    };
    shell.title.clone_from(&heading);
    let mut page = FormPage::new(shell, heading, action, button);
    lead.clone_into(&mut page.lead);
    page.ends = !yes;
    page.back = route::tool(&slug, &row.id);
    // SECURITY: never what waits now; the page that was read says it in its link.
    let field = Field::new("digest", "Digest of what you read", Input::Line, given);
    page.fields
        .push(field.hint("Another definition that comes meanwhile is not meant.").required());
    if !yes {
        let field = Field::new("reason", "Why", Input::Words, given);
        page.fields.push(field.hint("Stands in the ledger for good, with your name.").required());
    }
    page
}

/// What the page said that was read.
#[derive(Debug, Default, serde::Deserialize)]
pub(crate) struct Read {
    #[serde(default)]
    digest: String,
}

async fn show(visit: Visit, (client, id): (&str, &str), read: Read, yes: bool) -> Answer {
    let tool = visit.tell(visit.desk.tool(&visit.who, client, id).await)?;
    let shell = visit.shell_at(client, "", Section::Tools)?;
    let given = Given(vec![("digest".to_owned(), read.digest)]);
    Ok(render(StatusCode::OK, &form(shell, &tool.row, yes, &given)))
}

async fn take(client: &str, id: &str, sent: Sent, yes: bool) -> Answer {
    let Sent { visit, given } = sent;
    match done(&visit, (client, id), &given, yes).await {
        Ok(acted) => Ok(visit.done(client, &acted, &route::tools(client))),
        Err(fault) => {
            if let Some(to) = visit.goes_on(&fault) {
                return Ok(to);
            }
            let tool = visit.tell(visit.desk.tool(&visit.who, client, id).await)?;
            let shell = visit.shell_at(client, "", Section::Tools)?;
            let page = form(shell, &tool.row, yes, &given);
            Ok(render(visit::status(&fault), &page.refused(Some(visit::refused(&fault)))))
        }
    }
}

async fn done(
    visit: &Visit,
    (client, id): (&str, &str),
    given: &Given,
    yes: bool,
) -> Result<Acted, DeskError> {
    let (desk, who) = (&visit.desk, &visit.who);
    let digest: Digest =
        given.one("digest").parse().map_err(|why: writ_model::digest::BadDigest| {
            DeskError::bad("digest", why.to_string(), "Go back and read it again.")
        })?;
    if yes {
        return desk.approve_tool(who, client, id, ApproveToolBody { digest }).await;
    }
    let reason = given.one("reason").to_owned();
    desk.refuse_tool(who, client, id, RefuseToolBody { digest, reason }).await
}

/// `GET /clients/{client}/tools/{tool}/approve`
pub(crate) async fn show_approve(
    visit: Visit,
    Path((client, id)): Path<(String, String)>,
    Query(read): Query<Read>,
) -> Answer {
    show(visit, (&client, &id), read, true).await
}

/// `GET /clients/{client}/tools/{tool}/refuse`
pub(crate) async fn show_refuse(
    visit: Visit,
    Path((client, id)): Path<(String, String)>,
    Query(read): Query<Read>,
) -> Answer {
    show(visit, (&client, &id), read, false).await
}

/// `POST /clients/{client}/tools/{tool}/approve`
pub(crate) async fn take_approve(Path((client, id)): Path<(String, String)>, sent: Sent) -> Answer {
    take(&client, &id, sent, true).await
}

/// `POST /clients/{client}/tools/{tool}/refuse`
pub(crate) async fn take_refuse(Path((client, id)): Path<(String, String)>, sent: Sent) -> Answer {
    take(&client, &id, sent, false).await
}

/// A yes, a no, and a no that was refused.
pub(crate) fn samples() -> Vec<(&'static str, FormPage)> {
    let rows = crate::page::tools::sample_rows();
    let Some(row) = rows.first() else { return Vec::new() };
    let shell = || Shell::sample_client("", Section::Tools);
    let empty = Given::default();
    let wrong = Refused {
        code: "AUTH-0054".to_owned(),
        field: "digest".to_owned(),
        what: "no such definition of the tool `send_message` is here".to_owned(),
        cure: "Look at it as it is now, and decide on that".to_owned(),
    };
    vec![
        ("approve", form(shell(), row, true, &empty)),
        ("refuse", form(shell(), row, false, &empty)),
        ("refused", form(shell(), row, false, &empty).refused(Some(wrong))),
    ]
}
