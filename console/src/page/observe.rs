//! What was only watched: which calls would have been refused, why, how often, and the smallest grant that would allow them.
//! Never here: what would have been refused (the engine recorded it), or which grant is the smallest (the desk counts).

use askama::Template;
use axum::extract::{Path, Query};
use http::StatusCode;
use serde::Deserialize;
use writ_desk::ObserveQuery;

use crate::{
    form::{Given, grant::instant},
    page::render,
    part::Refused,
    route,
    shell::{Section, Shell},
    show::{Mark, Tone},
    view::{ObserveView, ObservingRow},
    visit::{self, Answer, Visit},
};

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/observe.html")]
pub struct ObservePage {
    /// Around it.
    pub shell: Shell,
    /// The report.
    pub report: ObserveView,
    /// The window's begin, as it was typed.
    pub from: String,
    /// The window's end, as it was typed.
    pub to: String,
    /// What could not be read or done.
    pub refused: Option<Refused>,
}

/// The window; stands in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Window {
    from: String,
    to: String,
}

/// `GET /clients/{client}/observe`
pub(crate) async fn show(
    visit: Visit,
    Path(client): Path<String>,
    Query(window): Query<Window>,
) -> Answer {
    let given = Given::start(&[("from", &window.from), ("to", &window.to)]);
    let read = instant(&given, "from").and_then(|from| Ok((from, instant(&given, "to")?)));
    let (query, mut refused) = match read {
        Ok((from, to)) => (ObserveQuery { from, to }, None),
        Err(refused) => (ObserveQuery::default(), Some(refused)),
    };
    let mut report = visit.desk.observed(&visit.who, &client, query).await;
    if let Err(fault) = &report
        && fault.status() < 404
        && refused.is_none()
    {
        refused = Some(visit::refused(fault));
        report = visit.desk.observed(&visit.who, &client, ObserveQuery::default()).await;
    }
    let report = visit.tell(report)?;
    let shell = visit.shell_at(&client, "Observe", Section::Observe)?;
    let status = if refused.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let page = ObservePage { shell, report, from: window.from, to: window.to, refused };
    Ok(render(status, &page))
}

/// The page again, with what was refused on it.
pub(crate) async fn again(
    visit: &Visit,
    client: &str,
    refused: Refused,
    code: StatusCode,
) -> Answer {
    let report = visit.desk.observed(&visit.who, client, ObserveQuery::default()).await;
    let report = visit.tell(report)?;
    let shell = visit.shell_at(client, "Observe", Section::Observe)?;
    let (from, to) = (String::new(), String::new());
    Ok(render(code, &ObservePage { shell, report, from, to, refused: Some(refused) }))
}

impl ObservePage {
    /// The client's short name.
    #[must_use]
    pub fn slug(&self) -> &str {
        self.report.client.slug.as_str()
    }

    /// Whether it still is watched.
    #[must_use]
    pub fn mark(one: &ObservingRow) -> Mark {
        if one.holds { Mark::new(Tone::Seen, "Watched") } else { Mark::new(Tone::Past, "Over") }
    }

    /// Where its end is.
    #[must_use]
    pub fn end(&self, one: &ObservingRow) -> String {
        let path = route::observe_end(self.slug());
        match one.kind {
            "agent" | "group" => route::query(path, &[(one.kind, one.id.as_str())]),
            _ => path,
        }
    }

    /// One sentence.
    #[must_use]
    pub fn lead(&self) -> String {
        let now = self.report.observing.iter().filter(|one| one.holds).count();
        let watched = match now {
            0 => "Nothing is only watched now: what is not allowed is refused.".to_owned(),
            1 => "One is only watched now.".to_owned(),
            many => format!("{many} are only watched now."),
        };
        let calls = crate::show::plural(self.report.refused, "call");
        format!("{watched} Enforcement would have refused {calls} in this window.")
    }

    /// Full, empty, and with a window that cannot be read.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let page = |report, refused: Option<Refused>| Self {
            shell: Shell::sample_client("Observe", Section::Observe),
            report,
            from: String::new(),
            to: String::new(),
            refused,
        };
        let wrong = Refused {
            code: "CONS-0002".to_owned(),
            field: "from".to_owned(),
            what: "`yesterday` cannot be read".to_owned(),
            cure: "Write it as 2026-11-03T14:03, in UTC.".to_owned(),
        };
        vec![
            ("full", page(sample::observed(true), None)),
            ("empty", page(sample::observed(false), None)),
            ("wrong", page(sample::observed(false), Some(wrong))),
        ]
    }
}
