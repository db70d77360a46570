//! What a charter changes, what it would have decided, and whether it is enforced: three pages to read before signing.
//! Never here: deciding (`writ_authority`).

use askama::Template;
use axum::extract::{Path, Query};
use http::StatusCode;
use serde::Deserialize;
use writ_desk::ReplayQuery;

use crate::{
    page::render,
    shell::{Section, Shell},
    view::{DiffView, ReplayView, TraceView},
    visit::{Answer, Visit},
};

/// Two versions in words.
#[derive(Debug, Template)]
#[template(path = "page/compare.html")]
pub struct ComparePage {
    /// Around it.
    pub shell: Shell,
    /// The difference.
    pub diff: DiffView,
}

/// Which two; stands in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Two {
    from: Option<String>,
    to: Option<String>,
}

/// `GET /clients/{client}/charter/compare`
pub(crate) async fn compare(
    visit: Visit,
    Path(client): Path<String>,
    Query(two): Query<Two>,
) -> Answer {
    let some = |one: Option<String>| one.filter(|one| !one.is_empty());
    let (from, to) = (some(two.from), some(two.to));
    let diff = visit.desk.charter_diff(&visit.who, &client, from.as_deref(), to.as_deref()).await;
    let diff = visit.tell(diff)?;
    let shell = visit.shell_at(&client, "Compare", Section::Charter)?;
    Ok(render(StatusCode::OK, &ComparePage { shell, diff }))
}

impl ComparePage {
    /// With changes, and without.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let shell = || Shell::sample_client("Compare", Section::Charter);
        let mut none = sample::diff();
        none.changes.clear();
        vec![
            ("full", Self { shell: shell(), diff: sample::diff() }),
            ("empty", Self { shell: shell(), diff: none }),
        ]
    }
}

/// What a version would have decided.
#[derive(Debug, Template)]
#[template(path = "page/replay.html")]
pub struct ReplayPage {
    /// Around it.
    pub shell: Shell,
    /// What it would have decided.
    pub replay: ReplayView,
    /// Of how many days.
    pub days: u16,
}

/// `GET /clients/{client}/charter/replay`
pub(crate) async fn replay(
    visit: Visit,
    Path(client): Path<String>,
    Query(query): Query<ReplayQuery>,
) -> Answer {
    let days = query.days.unwrap_or(DAYS);
    let replay = visit.tell(visit.desk.charter_replay(&visit.who, &client, query).await)?;
    let shell = visit.shell_at(&client, "What it would have decided", Section::Charter)?;
    Ok(render(StatusCode::OK, &ReplayPage { shell, replay, days }))
}

/// Days that the form begins with.
const DAYS: u16 = 7;

impl ReplayPage {
    /// With differences, and without.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let shell = || Shell::sample_client("What it would have decided", Section::Charter);
        let mut same = sample::replay();
        same.differs.clear();
        (same.others, same.same) = (0, same.looked);
        vec![
            ("full", Self { shell: shell(), replay: sample::replay(), days: DAYS }),
            ("empty", Self { shell: shell(), replay: same, days: DAYS }),
        ]
    }
}

/// Whether every clause is enforced and everything that acts stands on one.
#[derive(Debug, Template)]
#[template(path = "page/check.html")]
pub struct CheckPage {
    /// Around it.
    pub shell: Shell,
    /// What was found.
    pub trace: TraceView,
}

/// `GET /clients/{client}/charter/check`
pub(crate) async fn check(visit: Visit, Path(client): Path<String>) -> Answer {
    let trace = visit.tell(visit.desk.charter_check(&visit.who, &client).await)?;
    let shell = visit.shell_at(&client, "Clauses and what enforces them", Section::Charter)?;
    Ok(render(StatusCode::OK, &CheckPage { shell, trace }))
}

impl CheckPage {
    /// Without a loose end, with one, and without a charter.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let page = |trace| Self {
            shell: Shell::sample_client("Clauses and what enforces them", Section::Charter),
            trace,
        };
        let mut none = sample::trace(0);
        (none.version, none.clauses, none.points) = (None, 0, 0);
        none.rows.clear();
        vec![
            ("full", page(sample::trace(0))),
            ("orphans", page(sample::trace(1))),
            ("empty", page(none)),
        ]
    }
}
