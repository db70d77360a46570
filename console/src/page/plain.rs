//! Pages without data of their own: keys, sign-in, sign-in refused, what went wrong.
//! Never here: a defect's own words; those stay in the log.

use askama::Template;
use axum::{extract::Query, response::Response};
use http::{StatusCode, Uri};
use serde::Deserialize;
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

/// How to sign in; also what follows signing out.
#[derive(Debug, Template)]
#[template(path = "page/plain/sign_in.html")]
pub struct SignInPage {
    /// Around it.
    pub shell: Shell,
    /// Whether the reader has just signed out.
    pub left: bool,
    /// Why signing in was refused, if it was.
    pub refused: Option<Refused>,
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

/// What brought the reader to the sign-in page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Came {
    left: String,
    refused: String,
}

/// `GET /sign-in`
pub(crate) async fn sign_in(Query(came): Query<Came>) -> Response {
    let why = match came.refused.as_str() {
        "" => None,
        "link" => Some("This sign-in link is unknown, used or expired."),
        "unfounded" => Some("This installation has no provider yet."),
        "busy" => Some("There were too many wrong links in the last minute."),
        "seat" => Some("The person this link is for has no live seat any more."),
        _ => Some("Signing in failed."),
    };
    let cure = match came.refused.as_str() {
        "unfounded" => "Found the provider first: writ provider found.",
        "busy" => "Wait a minute, then use the newest link.",
        "seat" => "Ask an owner of the provider to seat them.",
        _ => "Ask the server for a new one, as said below.",
    };
    let refused = why.map(|what| Refused {
        code: if came.refused == "link" { "DESK-0007".to_owned() } else { String::new() },
        field: String::new(),
        what: what.to_owned(),
        cure: cure.to_owned(),
    });
    let shell = Shell { title: "Sign in".to_owned(), ..Shell::default() };
    render(StatusCode::OK, &SignInPage { shell, left: !came.left.is_empty(), refused })
}

/// `GET /keys`
pub(crate) async fn keys(visit: Visit) -> Answer {
    Ok(render(StatusCode::OK, &KeysPage { shell: visit.shell("Keys", Section::Elsewhere) }))
}

/// Any other address.
pub(crate) async fn lost(visit: Visit, uri: Uri) -> Wrong {
    visit.wrong(&DeskError::not_visible("page", uri.path()))
}

impl KeysPage {
    /// The page.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        vec![("full", Self { shell: Shell::sample("Keys", Section::Elsewhere) })]
    }
}

impl SignInPage {
    /// The page, first seen, after a link was refused, and after signing out.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        let shell = || Shell { title: "Sign in".to_owned(), ..Shell::default() };
        let refused = Refused {
            code: "DESK-0007".to_owned(),
            field: String::new(),
            what: "This sign-in link is unknown, used or expired.".to_owned(),
            cure: "Ask the server for a new one.".to_owned(),
        };
        let page = |left, refused| Self { shell: shell(), left, refused };
        vec![
            ("first", page(false, None)),
            ("refused", page(false, Some(refused))),
            ("left", page(true, None)),
        ]
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
