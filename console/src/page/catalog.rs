//! The catalogue: every decision that can be delegated, what it does, whether it can be undone, how far it reaches.
//! Never here: a row of it (`writ_charter::catalog`).

use askama::Template;
use http::StatusCode;

use crate::{
    page::render,
    shell::{Section, Shell},
    view::CatalogView,
    visit::{Answer, Visit},
};

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/catalog.html")]
pub struct CatalogPage {
    /// Around it.
    pub shell: Shell,
    /// The catalogue.
    pub catalog: CatalogView,
}

/// `GET /catalog`
pub(crate) async fn show(visit: Visit) -> Answer {
    let catalog = writ_desk::Desk::catalog();
    let shell = visit.shell("Decisions that can be delegated", Section::Charter);
    Ok(render(StatusCode::OK, &CatalogPage { shell, catalog }))
}

impl CatalogPage {
    /// The page.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        let shell = Shell::sample("Decisions that can be delegated", Section::Charter);
        vec![("full", Self { shell, catalog: crate::page::sample::catalog() })]
    }
}
