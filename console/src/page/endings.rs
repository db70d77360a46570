//! Acts that ended agents of a client, newest first; each leads to its receipt, gateway by gateway.
//! Never here: ending anything (`form/ending.rs`).

use askama::Template;
use axum::extract::Path;
use http::StatusCode;

use crate::{
    page::render,
    shell::{Section, Shell},
    view::EndingRow,
    visit::{Answer, Visit},
};

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/endings.html")]
pub struct EndingsPage {
    /// Around it.
    pub shell: Shell,
    /// The acts.
    pub rows: Vec<EndingRow>,
    /// The client's short name.
    pub slug: String,
}

/// `GET /clients/{client}/endings`
pub(crate) async fn show(visit: Visit, Path(client): Path<String>) -> Answer {
    let rows = visit.tell(visit.desk.endings(&visit.who, &client).await)?;
    let shell = visit.shell_at(&client, "Ended agents", Section::Agents)?;
    Ok(render(StatusCode::OK, &EndingsPage { shell, rows, slug: client }))
}

impl EndingsPage {
    /// With acts, and without any.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let shell = || Shell::sample_client("Ended agents", Section::Agents);
        let ending = sample::ending(true);
        let row = EndingRow {
            line: ending.line,
            at: ending.at,
            by: ending.by,
            what: ending.what,
            agents: ending.agents,
            reason: ending.reason,
        };
        let slug = || "harbor-books".to_owned();
        vec![
            ("full", Self { shell: shell(), rows: vec![row], slug: slug() }),
            ("empty", Self { shell: shell(), rows: Vec::new(), slug: slug() }),
        ]
    }
}
