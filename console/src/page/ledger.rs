//! The ledger of one client: lines in plain words, newest page first, and the checkpoint that signs them.
//! Never here: a fact's meaning (the desk says it in words).

use askama::Template;
use axum::extract::{Path, Query};
use http::StatusCode;
use serde::Deserialize;

use crate::{
    page::render,
    route,
    shell::{Section, Shell},
    view::{CheckpointView, LedgerPage},
    visit::{Answer, Visit},
};

/// LIMIT: lines on one page.
pub const PAGE: u64 = 100;

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/ledger.html")]
pub struct BookPage {
    /// Around it.
    pub shell: Shell,
    /// The lines, newest first.
    pub page: LedgerPage,
    /// The signed checkpoint.
    pub checkpoint: CheckpointView,
    /// Older and newer pages.
    pub older: Option<String>,
    /// The newer page.
    pub newer: Option<String>,
}

/// What the reader wants to see; stands in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    from: Option<u64>,
}

/// `GET /clients/{client}/ledger`
pub(crate) async fn show(
    visit: Visit,
    Path(client): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Answer {
    let checkpoint = visit.tell(visit.desk.checkpoint(&visit.who, &client).await)?;
    let from = wanted.from.unwrap_or_else(|| checkpoint.size.saturating_sub(PAGE));
    let limit = usize::try_from(PAGE).ok();
    let page = visit.desk.ledger_page(&visit.who, &client, Some(from), limit).await;
    let page = visit.tell(page)?;
    let shell = visit.shell_at(&client, "Ledger", Section::Ledger)?;
    Ok(render(StatusCode::OK, &BookPage::view(shell, page, checkpoint)))
}

impl BookPage {
    /// The page of these lines, which came oldest first from line `from`.
    #[must_use]
    pub fn view(shell: Shell, mut page: LedgerPage, checkpoint: CheckpointView) -> Self {
        page.lines.reverse();
        let slug = page.client.slug.as_str();
        let at = |from: u64| route::query(route::ledger(slug), &[("from", &from.to_string())]);
        let first = page.lines.last().map_or(0, |line| line.line);
        let last = page.lines.first().map_or(0, |line| line.line);
        let older = (first > 0).then(|| at(first.saturating_sub(PAGE)));
        let newer = (last + 1 < page.size).then(|| at(last + 1));
        Self { shell, page, checkpoint, older, newer }
    }

    /// A kind as people read it.
    #[must_use]
    pub fn kind(kind: &str) -> String {
        kind.replace('_', " ")
    }

    /// The page, full and empty.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let shell = || Shell::sample_client("Ledger", Section::Ledger);
        let mut bare = sample::ledger();
        bare.lines.clear();
        vec![
            ("full", Self::view(shell(), sample::ledger(), sample::checkpoint())),
            ("empty", Self::view(shell(), bare, sample::checkpoint())),
        ]
    }
}
