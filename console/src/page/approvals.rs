//! What waits for a yes: over all clients and at one, what ends first first; who is away and who answers for them.
//! Never here: what was sent (that is on each one's own page).

use askama::Template;
use axum::extract::{Path, Query};
use http::StatusCode;
use serde::Deserialize;
use writ_desk::HoldQuery;

use crate::{
    page::{approval, render},
    route,
    shell::{Section, Shell},
    show::Mark,
    view::{HoldPage, HoldRow, HoldState},
    visit::{Answer, Visit},
};

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/approvals.html")]
pub struct ApprovalsPage {
    /// Around it.
    pub shell: Shell,
    /// What waits.
    pub holds: HoldPage,
    /// Whether what is over is shown too.
    pub all: bool,
}

/// What the reader wants to see; stands in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    state: Option<String>,
}

/// `GET /approvals`
pub(crate) async fn show(visit: Visit) -> Answer {
    let holds = visit.tell(visit.desk.approvals(&visit.who).await)?;
    let shell = visit.shell("Approvals", Section::Approvals);
    Ok(render(StatusCode::OK, &ApprovalsPage { shell, holds, all: false }))
}

/// `GET /clients/{client}/approvals`
pub(crate) async fn show_client(
    visit: Visit,
    Path(client): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Answer {
    let state = wanted.state.filter(|state| !state.is_empty());
    let all = state.is_some();
    let query = HoldQuery { state };
    let holds = visit.tell(visit.desk.approvals_at(&visit.who, &client, query).await)?;
    let shell = visit.shell_at(&client, "Approvals", Section::Approvals)?;
    Ok(render(StatusCode::OK, &ApprovalsPage { shell, holds, all }))
}

impl ApprovalsPage {
    /// A row's state.
    #[must_use]
    pub fn mark(one: &HoldRow) -> Mark {
        approval::mark(one.state)
    }

    /// Whether a row can still be answered.
    #[must_use]
    pub fn open(one: &HoldRow) -> bool {
        matches!(one.state, HoldState::Waiting | HoldState::Proposed)
    }

    /// The client's short name, on the page of one.
    #[must_use]
    pub fn slug(&self) -> &str {
        self.shell.client.as_ref().map_or("", |one| one.slug.as_str())
    }

    /// Where everything, over or not, is shown.
    #[must_use]
    pub fn whole(&self) -> String {
        route::query(route::client_approvals(self.slug()), &[("state", "all")])
    }

    /// One sentence.
    #[must_use]
    pub fn lead(&self) -> String {
        let open = self.holds.rows.iter().filter(|one| Self::open(one)).count();
        match (open, self.holds.yours) {
            (0, _) => "Nothing waits for anybody's yes.".to_owned(),
            (open, 0) => format!("{open} wait, none of them for you."),
            (1, 1) => "One waits, for you.".to_owned(),
            (open, yours) => {
                format!("{open} wait, {yours} of them for you; what ends first is first.")
            }
        }
    }

    /// Full, at one client with what is over, and empty.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let fleet = || Shell::sample("Approvals", Section::Approvals);
        let one = || Shell::sample_client("Approvals", Section::Approvals);
        vec![
            ("full", Self { shell: fleet(), holds: sample::holds(), all: false }),
            ("client", Self { shell: one(), holds: sample::holds(), all: true }),
            ("empty", Self { shell: fleet(), holds: sample::no_holds(), all: false }),
        ]
    }
}
