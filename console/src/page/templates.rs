//! Templates of charters: which there are, what each inherits and overrides. Never here: what is in force at a client.

use askama::Template;
use axum::extract::Path;
use http::StatusCode;

use crate::{
    page::{charter, render},
    shell::{Section, Shell},
    show::Mark,
    view::{ClauseRow, TemplateRow, TemplateView},
    visit::{Answer, Visit},
};

/// All of them.
#[derive(Debug, Template)]
#[template(path = "page/templates.html")]
pub struct TemplatesPage {
    /// Around it.
    pub shell: Shell,
    /// The templates.
    pub rows: Vec<TemplateRow>,
}

/// One.
#[derive(Debug, Template)]
#[template(path = "page/template.html")]
pub struct TemplatePage {
    /// Around it.
    pub shell: Shell,
    /// The template.
    pub template: TemplateView,
}

/// `GET /templates`
pub(crate) async fn show(visit: Visit) -> Answer {
    let rows = visit.tell(visit.desk.templates().await)?;
    let shell = visit.shell("Templates", Section::Charter);
    Ok(render(StatusCode::OK, &TemplatesPage { shell, rows }))
}

/// `GET /templates/{name}`
pub(crate) async fn one(visit: Visit, Path(name): Path<String>) -> Answer {
    let template = visit.tell(visit.desk.template(&name).await)?;
    let shell = visit.shell(&format!("Template {}", template.row.name), Section::Charter);
    Ok(render(StatusCode::OK, &TemplatePage { shell, template }))
}

impl TemplatesPage {
    /// Full, and none of one's own.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        let shell = || Shell::sample("Templates", Section::Charter);
        let mut built_in = crate::page::sample::templates();
        built_in.retain(|one| one.built_in);
        vec![
            ("full", Self { shell: shell(), rows: crate::page::sample::templates() }),
            ("empty", Self { shell: shell(), rows: built_in }),
        ]
    }
}

impl TemplatePage {
    /// A clause's mode.
    #[must_use]
    pub fn mode(one: &ClauseRow) -> Mark {
        charter::mode(one.mode)
    }

    /// One that overrides.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        let shell = Shell::sample("Template retail", Section::Charter);
        vec![("full", Self { shell, template: crate::page::sample::template() })]
    }
}
