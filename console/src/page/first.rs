//! The link of the very first person: a button, so that a program that looks at links does not use it up.
//! Never here: whether the code is good before it is used; every code gets the same page.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse as _, Redirect, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use writ_desk::{Desk, DeskError};

use crate::{page::render, route, shell::Shell, visit::Console};

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/first.html")]
pub struct FirstPage {
    /// Around it.
    pub shell: Shell,
    /// The link's code.
    pub code: String,
}

impl FirstPage {
    fn of(code: String) -> Self {
        Self { shell: Shell { title: "First sign-in".to_owned(), ..Shell::default() }, code }
    }

    /// The page.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        vec![("full", Self::of("K7QF-93TD-2RTV-HW3P-6CNB-0FJE-Y8AS".to_owned()))]
    }
}

/// `GET /sign-in/{code}`
pub(crate) async fn show(Path(code): Path<String>) -> Response {
    quiet(render(StatusCode::OK, &FirstPage::of(code)))
}

/// `POST /sign-in/{code}`: uses the link up; what follows is making the first passkey.
pub(crate) async fn take(
    State(console): State<Console>,
    headers: HeaderMap,
    uri: Uri,
    Path(code): Path<String>,
) -> Response {
    if !from_our_page(&console.desk, &headers, &uri) {
        let text = "This request comes from another site's page.\n";
        return (StatusCode::FORBIDDEN, text).into_response();
    }
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let answer = match console.desk.follow(&code, agent.unwrap_or_default()).await {
        Ok(signed) => match HeaderValue::from_str(signed.set_cookie.expose()) {
            Ok(cookie) => {
                ([(header::SET_COOKIE, cookie)], Redirect::to(&route::welcome())).into_response()
            }
            Err(_unsendable) => refused("fault"),
        },
        Err(fault) => refused(why(&fault)),
    };
    quiet(answer)
}

/// SECURITY: there is no session yet, and so no token to repeat: only the browser's own word says whose page it was. A
/// request without that word is none of a browser's form.
fn from_our_page(desk: &Desk, headers: &HeaderMap, uri: &Uri) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let ours = match (origins.next(), origins.next()) {
        (Some(one), None) => one.to_str().is_ok_and(|origin| origin == desk.origin()),
        (None, _) | (Some(_), Some(_)) => false,
    };
    ours && desk.host_is_ours(headers, uri)
}

fn refused(why: &str) -> Response {
    Redirect::to(&route::query(route::sign_in(), &[("refused", why)])).into_response()
}

/// What the page of signing in is told; nothing of the code stays in the address.
fn why(fault: &DeskError) -> &'static str {
    match fault.code().0 {
        "DESK-0007" => "link",
        "DESK-0008" => "busy",
        "DESK-0009" => "unfounded",
        "DESK-0016" => "closed",
        "DESK-0018" => "seat",
        _ => "fault",
    }
}

/// Nothing of the code leaves with the next request. `no-referrer` would also take the `Origin` off the form, which is
/// what tells whose page it was.
pub(crate) fn quiet(mut response: Response) -> Response {
    let origin = HeaderValue::from_static("strict-origin");
    response.headers_mut().insert(header::REFERRER_POLICY, origin);
    response
}
