//! The first person makes their first passkey, after they followed the link.
//! Never here: anybody else; people after them come by `join.rs`.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use http::{HeaderMap, StatusCode};
use writ_desk::SignedBy;

use crate::{
    page::{first::quiet, render},
    route,
    shell::{Shell, Signed},
    visit::{self, Console},
};

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/welcome.html")]
pub struct WelcomePage {
    /// Around it.
    pub shell: Shell,
    /// Their name.
    pub name: String,
}

/// `GET /welcome`
pub(crate) async fn show(State(console): State<Console>, headers: HeaderMap) -> Response {
    let session = match console.desk.session(&headers).await {
        Ok(Some(session)) => session,
        Ok(None) => return Redirect::to(&route::sign_in()).into_response(),
        Err(fault) => return visit::plainly(&fault),
    };
    if session.how != SignedBy::Link {
        return Redirect::to(&route::me()).into_response();
    }
    match console.desk.me(&session.who).await {
        Ok(me) => {
            let csrf = session.csrf.expose().clone();
            quiet(render(StatusCode::OK, &WelcomePage::of(me.person.name, csrf)))
        }
        Err(fault) => visit::plainly(&fault),
    }
}

impl WelcomePage {
    fn of(name: String, csrf: String) -> Self {
        let signed = Some(Signed { name: name.clone(), csrf });
        let shell = Shell { title: "Make your passkey".to_owned(), signed, ..Shell::default() };
        Self { shell, name }
    }

    /// The page.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        vec![("full", Self::of("Ines Ortega".to_owned(), "sample-token".to_owned()))]
    }
}
