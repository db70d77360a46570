//! The ledger of one client: lines in plain words, newest page first, and the checkpoint that signs them.
//! Never here: a fact's meaning (the desk says it in words).

use askama::Template;

use crate::{
    route,
    shell::Shell,
    view::{CheckpointView, LedgerPage},
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
        Self { older, newer, shell, page, checkpoint }
    }

    /// A kind as people read it.
    #[must_use]
    pub fn kind(&self, kind: &str) -> String {
        kind.replace('_', " ")
    }

    /// The page, full and empty.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::{page::sample, shell::Section};
        let shell = || Shell::sample_client("Ledger", Section::Ledger);
        let mut bare = sample::ledger();
        bare.lines.clear();
        vec![
            ("full", Self::view(shell(), sample::ledger(), sample::checkpoint())),
            ("empty", Self::view(shell(), bare, sample::checkpoint())),
        ]
    }
}
