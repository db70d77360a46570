//! Sign in with a passkey; also what follows signing out, and what a refused door says.
//! Never here: the ceremony (`asset/passkey.js` asks the browser, the desk checks), or an address that is not our own.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use http::StatusCode;
use serde::Deserialize;

use crate::{page::render, part::Refused, route, shell::Shell, visit::Console};

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/sign_in.html")]
pub struct SignInPage {
    /// Around it.
    pub shell: Shell,
    /// Whether the reader has just signed out.
    pub left: bool,
    /// Why signing in was refused, if it was.
    pub refused: Option<Refused>,
    /// Where to go afterwards.
    pub next: Option<String>,
    /// The provider's own identity provider, if one is configured.
    pub oidc: Option<String>,
}

/// What brought the reader here.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Came {
    left: String,
    refused: String,
    next: String,
}

/// `GET /sign-in`
pub(crate) async fn show(State(console): State<Console>, Query(came): Query<Came>) -> Response {
    let shell = Shell { title: "Sign in".to_owned(), ..Shell::default() };
    let page = SignInPage {
        shell,
        left: !came.left.is_empty(),
        refused: refused(&came.refused),
        next: route::local(&came.next),
        oidc: console.desk.oidc_name(),
    };
    render(StatusCode::OK, &page)
}

/// The words for what a door said when it sent the reader here.
fn refused(why: &str) -> Option<Refused> {
    if let Some((what, cure)) = writ_desk::oidc_refusal(why) {
        let (code, what, cure) = (why.to_owned(), what.to_owned(), cure.to_owned());
        return Some(Refused { code, field: String::new(), what, cure });
    }
    let (code, what, cure) = match why {
        "" => return None,
        "link" => (
            "DESK-0007",
            "This sign-in link is unknown, used or expired.",
            "Ask the server for a new one, as said below.",
        ),
        "closed" => (
            "DESK-0016",
            "The first person has a passkey already, so no link signs anybody in any more.",
            "Sign in with your passkey, or ask to be invited.",
        ),
        "unfounded" => (
            "DESK-0009",
            "This installation has no provider yet.",
            "Found the provider first: writ provider found.",
        ),
        "busy" => (
            "DESK-0008",
            "There were too many wrong links in the last minute.",
            "Wait a minute, then use the newest link.",
        ),
        "seat" => (
            "DESK-0001",
            "The person this link is for has no live seat any more.",
            "Ask an owner of the provider to seat them.",
        ),
        _ => ("", "Signing in failed.", "Try again."),
    };
    let (code, what, cure) = (code.to_owned(), what.to_owned(), cure.to_owned());
    Some(Refused { code, field: String::new(), what, cure })
}

impl SignInPage {
    /// Where the identity provider's road begins.
    #[must_use]
    pub fn oidc_href(&self) -> String {
        route::query("/oidc/sign-in", &[("next", self.next.as_deref().unwrap_or_default())])
    }

    /// The page, first seen, with an identity provider, after a link was refused, and after signing out.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        let page = |left, why, oidc: Option<&str>| Self {
            shell: Shell { title: "Sign in".to_owned(), ..Shell::default() },
            left,
            refused: refused(why),
            next: route::local("/clients/harbor-books/people"),
            oidc: oidc.map(str::to_owned),
        };
        vec![
            ("first", page(false, "", None)),
            ("oidc", page(false, "", Some("Northgate Entra ID"))),
            ("refused", page(false, "link", None)),
            ("left", page(true, "", None)),
        ]
    }
}
