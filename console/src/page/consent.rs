//! The way back to a client that asked to be let in: after a yes the browser goes on by itself, otherwise there is a button.
//! Never here: an address that the desk did not give for this very request.

use askama::Template;
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode, header};
use writ_desk::Back;

use crate::{
    page::render,
    shell::{Section, Shell},
};

const REFRESH: HeaderName = HeaderName::from_static("refresh");

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/consent-back.html")]
pub struct BackPage {
    /// Around it.
    pub shell: Shell,
    /// What people call the client.
    pub name: String,
    /// Its address, with the answer.
    pub to: String,
    /// Why it gets nothing, if it does not.
    pub why: Option<String>,
}

impl BackPage {
    fn of(shell: Shell, back: Back) -> Self {
        let Back { to, name, why } = back;
        Self { shell, name, to, why }
    }

    /// With a code, and without one.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        let page = |why: Option<&str>| Self {
            shell: Shell::sample("Back to “Desk Helper”", Section::Elsewhere),
            name: "Desk Helper".to_owned(),
            to: "/agents?code=sample".to_owned(),
            why: why.map(str::to_owned),
        };
        vec![("given", page(None)), ("refused", page(Some("the person refused")))]
    }
}

/// The page. After a yes it goes on by itself; a form's redirect would be stopped by our own `form-action`. SECURITY:
/// where nobody said yes it does not, or any link to us would lead on to any client's page, whoever registered it
/// (RFC 9700 section 4.11.2). The address has a code in it, so that no other request tells where it came from.
pub(crate) fn back(mut shell: Shell, back: Back) -> Response {
    let given = back.why.is_none();
    shell.title = format!("Back to “{}”", back.name);
    let refresh = HeaderValue::from_str(&format!("0; url={}", back.to));
    let mut response = render(StatusCode::OK, &BackPage::of(shell, back));
    let headers = response.headers_mut();
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if let Ok(refresh) = refresh
        && given
    {
        headers.insert(REFRESH, refresh);
    }
    response
}
