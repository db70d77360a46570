//! Pages without data of their own: keys, what went wrong.
//! Never here: a defect's own words; those stay in the log.

use askama::Template;
use http::{StatusCode, Uri};
use writ_desk::DeskError;

use crate::{
    page::render,
    part::Refused,
    shell::{Section, Shell},
    visit::{Answer, Visit, Wrong},
};

/// Keys.
#[derive(Debug, Template)]
#[template(path = "page/plain/keys.html")]
pub struct KeysPage {
    /// Around it.
    pub shell: Shell,
}

/// What went wrong, for somebody signed in.
#[derive(Debug, Template)]
#[template(path = "page/plain/wrong.html")]
pub struct WrongPage {
    /// Around it.
    pub shell: Shell,
    /// One line that is the same for every error of its kind.
    pub heading: String,
    /// What is wrong and what would cure it.
    pub refused: Refused,
}

/// `GET /keys`
pub(crate) async fn keys(visit: Visit) -> Answer {
    Ok(render(StatusCode::OK, &KeysPage { shell: visit.shell("Keyboard", Section::Elsewhere) }))
}

/// Any other address.
pub(crate) async fn lost(visit: Visit, uri: Uri) -> Wrong {
    visit.wrong(&DeskError::not_visible("page", uri.path()))
}

impl KeysPage {
    /// The page.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        vec![("full", Self { shell: Shell::sample("Keyboard", Section::Elsewhere) })]
    }
}

impl WrongPage {
    /// Not found, and not allowed.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        let page = |heading: &str, code: &str, what: &str, cure: &str| Self {
            shell: Shell::sample(heading, Section::Elsewhere),
            heading: heading.to_owned(),
            refused: Refused {
                code: code.to_owned(),
                field: String::new(),
                what: what.to_owned(),
                cure: cure.to_owned(),
            },
        };
        vec![
            (
                "not-found",
                page(
                    "Not found",
                    "DESK-0004",
                    "No agent `invoice-bod` that you can see.",
                    "Check the name, and that you are seated at this client.",
                ),
            ),
            (
                "forged",
                page(
                    "Not allowed",
                    "DESK-0005",
                    "This request does not repeat its session's token.",
                    "Open the page again and repeat it there.",
                ),
            ),
        ]
    }
}
