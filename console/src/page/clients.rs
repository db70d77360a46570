//! Clients: one row each, with what waits there.
//! Never here: adding one (`form/client.rs`).

use askama::Template;
use http::StatusCode;

use crate::{
    page::render,
    route,
    shell::{ClientRef, Section, Shell},
    view::ClientRow,
    visit::{Answer, Visit},
};

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/clients.html")]
pub struct ClientsPage {
    /// Around it.
    pub shell: Shell,
    /// The clients.
    pub rows: Vec<ClientRow>,
}

/// `GET /clients`
pub(crate) async fn show(visit: Visit) -> Answer {
    let shell = visit.shell("Clients", Section::Clients);
    Ok(render(StatusCode::OK, &ClientsPage::view(shell, visit.clients)))
}

impl ClientsPage {
    /// The page of these clients.
    #[must_use]
    pub fn view(shell: Shell, rows: Vec<ClientRow>) -> Self {
        Self { shell, rows }
    }

    /// Whose row it is.
    #[must_use]
    pub fn client(row: &ClientRow) -> ClientRef {
        ClientRef::of(&row.client)
    }

    /// Where its decisions are.
    #[must_use]
    pub fn waiting(row: &ClientRow) -> String {
        route::query(route::decisions(), &[("client", &row.client.slug)])
    }

    /// The page, full and empty.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let shell = || Shell::sample("Clients", Section::Clients);
        let row = |at: usize| ClientRow {
            client: sample::client_view(at),
            since: Some(sample::at(60_000)),
            agents: 4,
            active: 3 - at,
            waiting: at * 2,
            people: 5 + at,
            lines: 61 * (u64::try_from(at).unwrap_or(0) + 1) * 17,
        };
        vec![
            ("full", Self::view(shell(), (0..3).map(row).collect())),
            ("empty", Self::view(shell(), Vec::new())),
        ]
    }
}
