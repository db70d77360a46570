//! The receipt of an ending: the clock, the gateways one by one, the line in the book.
//! Never here: waiting for gateways (the desk waits).

use askama::Template;
use axum::extract::Path;
use http::StatusCode;

use crate::{
    page::render,
    shell::{Section, Shell},
    show,
    view::Receipt,
    visit::{Answer, Visit},
};

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/receipt.html")]
pub struct ReceiptPage {
    /// Around it.
    pub shell: Shell,
    /// The receipt.
    pub receipt: Receipt,
    /// The client's short name.
    pub slug: String,
}

/// `GET /clients/{client}/agents/{agent}/receipt`
pub(crate) async fn show(visit: Visit, Path((client, agent)): Path<(String, String)>) -> Answer {
    let receipt = visit.tell(visit.desk.receipt(&visit.who, &client, &agent).await)?;
    let title = format!("{} is ended", receipt.agent_name);
    let shell = visit.shell_at(&client, &title, Section::Agents)?;
    Ok(render(StatusCode::OK, &ReceiptPage::view(shell, receipt, &client)))
}

impl ReceiptPage {
    /// The page of a receipt.
    #[must_use]
    pub fn view(shell: Shell, receipt: Receipt, slug: &str) -> Self {
        Self { shell, receipt, slug: slug.to_owned() }
    }

    /// From the line to the last byte refused, over every gateway that confirmed: number and unit.
    #[must_use]
    pub fn took(&self) -> Option<(String, String)> {
        let measured = self.receipt.targets.iter().filter_map(|one| one.measured);
        let micros = measured.map(|one| one.tokens_refused_us.max(one.last_cut_us));
        let text = show::micros(micros.max()?);
        let (number, unit) = text.split_once(' ')?;
        Some((number.to_owned(), unit.to_owned()))
    }

    /// Gateways that it reached, of all.
    #[must_use]
    pub fn confirmed(&self) -> String {
        let done = self.receipt.reached();
        format!("{done} of {}", show::plural(done + self.receipt.waiting_for.len(), "gateway"))
    }

    /// The page, complete and still waiting.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let shell = || Shell::sample_client("Receipt", Section::Agents);
        let mut nobody = sample::receipt(false);
        nobody.targets.clear();
        vec![
            ("full", Self::view(shell(), sample::receipt(true), "harbor-books")),
            ("waiting", Self::view(shell(), sample::receipt(false), "harbor-books")),
            ("empty", Self::view(shell(), nobody, "harbor-books")),
        ]
    }
}
