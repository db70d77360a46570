//! The clauses of the charter as a table: what each says in full, where it comes from, what enforces it.
//! Never here: a clause's words (`writ_charter`).

use askama::Template;
use axum::extract::{Path, Query};
use http::StatusCode;
use serde::Deserialize;

use crate::{
    page::{charter, render},
    shell::{Section, Shell},
    show::Mark,
    view::{ClauseRow, VersionView},
    visit::{Answer, Visit},
};

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/clauses.html")]
pub struct ClausesPage {
    /// Around it.
    pub shell: Shell,
    /// The version; none if nothing is in force.
    pub version: Option<VersionView>,
}

/// Which version; stands in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Which {
    version: Option<String>,
}

/// `GET /clients/{client}/charter/clauses`
pub(crate) async fn show(
    visit: Visit,
    Path(client): Path<String>,
    Query(which): Query<Which>,
) -> Answer {
    let (desk, who) = (&visit.desk, &visit.who);
    let version = if let Some(wanted) = which.version.filter(|one| !one.is_empty()) {
        Some(visit.tell(desk.charter_version(who, &client, &wanted).await)?)
    } else {
        let all = visit.tell(desk.charter(who, &client).await)?;
        all.in_force.or(all.draft.map(|draft| draft.version))
    };
    let shell = visit.shell_at(&client, "Clauses", Section::Charter)?;
    Ok(render(StatusCode::OK, &ClausesPage { shell, version }))
}

impl ClausesPage {
    /// The client's short name.
    #[must_use]
    pub fn slug(&self) -> &str {
        self.shell.client.as_ref().map_or("", |one| one.slug.as_str())
    }

    /// A clause's mode.
    #[must_use]
    pub fn mode(one: &ClauseRow) -> Mark {
        charter::mode(one.mode)
    }

    /// Full, and nothing.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let shell = || Shell::sample_client("Clauses", Section::Charter);
        vec![
            ("full", Self { shell: shell(), version: Some(sample::version()) }),
            ("empty", Self { shell: shell(), version: None }),
        ]
    }
}
