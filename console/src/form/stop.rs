//! Stops of a client and what lifts them: freeze, thaw, suspend, resume; and withdrawing a draft of the charter.
//! Never here: who may (`authority`); either party alone stops, only it lifts its own stop.

use axum::extract::{Path, Query};
use http::StatusCode;
use serde::Deserialize;
use writ_desk::DeskError;

use super::{Field, FormPage, Given, Input};
use crate::{
    page::render,
    part::Refused,
    route,
    shell::{Section, Shell},
    view::Acted,
    visit::{self, Answer, Sent, Visit},
};

/// Which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Everything of this client.
    Freeze,
    /// Lift one's own freeze.
    Thaw,
    /// A clause, or the whole charter.
    Suspend,
    /// Let it go on.
    Resume,
    /// Take a draft back.
    Withdraw,
}

/// Which clause; stands in the address, and in the form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Which {
    clause: Option<String>,
}

impl Stop {
    /// Every one, for tests.
    pub const ALL: [Self; 5] =
        [Self::Freeze, Self::Thaw, Self::Suspend, Self::Resume, Self::Withdraw];

    fn words(self, name: &str, clause: Option<&str>) -> (String, String, &'static str) {
        let what = clause.map_or_else(|| "the charter".to_owned(), |key| format!("clause {key}"));
        let text = |head: String, lead: &str, button| (head, lead.to_owned(), button);
        match self {
            Self::Freeze => text(
                format!("Freeze everything of {name}"),
                "Every call of every agent is refused at once and every stream is cut. Nothing can be started, widened or \
                 approved. Your party alone lifts it again, by signature; if the other party freezes too, both have to.",
                "Freeze everything",
            ),
            Self::Thaw => text(
                format!("Lift the freeze of {name}"),
                "Agents act again inside the charter and their grants, unless the other party has frozen everything too.",
                "Lift it",
            ),
            Self::Suspend => text(
                format!("Suspend {what} of {name}"),
                "What it covers is refused at once. Your party alone lets it go on again, by signature.",
                "Suspend it",
            ),
            Self::Resume => text(
                format!("Let {what} of {name} go on"),
                "What it covers happens again as it says. Only the party that suspended it can do this.",
                "Let it go on",
            ),
            Self::Withdraw => text(
                format!("Withdraw the draft of {name}"),
                "Nobody can sign it any more, and signatures on it count for nothing. What is in force stays so.",
                "Withdraw it",
            ),
        }
    }

    fn reasoned(self) -> bool {
        matches!(self, Self::Freeze | Self::Suspend | Self::Withdraw)
    }

    fn action(self, slug: &str) -> String {
        match self {
            Self::Freeze => route::freeze(slug),
            Self::Thaw => route::thaw(slug),
            Self::Suspend => route::suspend(slug),
            Self::Resume => route::resume(slug),
            Self::Withdraw => route::charter_withdraw(slug),
        }
    }
}

fn form(mut shell: Shell, stop: Stop, clause: Option<&str>, given: &Given) -> FormPage {
    let (slug, name) =
        shell.client.as_ref().map(|one| (one.slug.clone(), one.name.clone())).unwrap_or_default();
    let (heading, lead, submit) = stop.words(&name, clause);
    shell.title.clone_from(&heading);
    let action = clause.map_or_else(
        || stop.action(&slug),
        |key| route::query(stop.action(&slug), &[("clause", key)]),
    );
    let mut page = FormPage::new(shell, heading, action, submit);
    page.lead = lead;
    page.ends = stop.reasoned();
    page.back = route::charter(&slug);
    if stop.reasoned() {
        let field = Field::new("reason", "Why", Input::Words, given);
        page.fields.push(field.hint("Stands in the ledger for good, with your name.").required());
    }
    page
}

/// `GET` of a stop: its form.
pub(crate) fn show(visit: &Visit, client: &str, which: &Which, stop: Stop) -> Answer {
    let shell = visit.shell_at(client, "", Section::Charter)?;
    let page = form(shell, stop, which.clause.as_deref(), &Given::default());
    Ok(render(StatusCode::OK, &page))
}

/// `POST` of a stop: does it, goes to what must be signed, or shows the form again.
pub(crate) async fn take(
    Path(client): Path<String>,
    Query(which): Query<Which>,
    sent: Sent,
    stop: Stop,
) -> Answer {
    let Sent { visit, given } = sent;
    match done(&visit, stop, (&client, which.clause.clone()), &given).await {
        Ok(acted) => Ok(visit.done(&client, &acted, &route::charter(&client))),
        Err(fault) => {
            if let Some(to) = visit.goes_on(&fault) {
                return Ok(to);
            }
            let shell = visit.shell_at(&client, "", Section::Charter)?;
            let page = form(shell, stop, which.clause.as_deref(), &given);
            Ok(render(visit::status(&fault), &page.refused(Some(visit::refused(&fault)))))
        }
    }
}

async fn done(
    visit: &Visit,
    stop: Stop,
    (client, clause): (&str, Option<String>),
    given: &Given,
) -> Result<Acted, DeskError> {
    let (desk, who) = (&visit.desk, &visit.who);
    let reason = given.one("reason").to_owned();
    match stop {
        Stop::Freeze => desk.freeze(who, client, reason).await,
        Stop::Thaw => desk.thaw(who, client).await,
        Stop::Suspend => desk.suspend_delegation(who, client, clause, reason).await,
        Stop::Resume => desk.resume_delegation(who, client, clause).await,
        Stop::Withdraw => desk.withdraw_charter(who, client, reason).await,
    }
}

/// Each form, and one that was refused.
pub(crate) fn samples() -> Vec<(&'static str, FormPage)> {
    let names = ["freeze", "thaw", "suspend", "resume", "withdraw"];
    let shell = || Shell::sample_client("", Section::Charter);
    let empty = Given::default();
    let each = Stop::ALL.into_iter().zip(names);
    let mut out: Vec<_> =
        each.map(|(stop, name)| (name, form(shell(), stop, None, &empty))).collect();
    out.push(("suspend-clause", form(shell(), Stop::Suspend, Some("payments"), &empty)));
    let wrong = Refused {
        code: "AUTH-0040".to_owned(),
        field: String::new(),
        what: "the client suspended it, and only the client lets it go on".to_owned(),
        cure: "Ask an owner or approver of the client".to_owned(),
    };
    out.push(("refused", form(shell(), Stop::Resume, None, &empty).refused(Some(wrong))));
    out
}
