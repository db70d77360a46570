//! Pages: one file each with its view struct, how it is made, its samples. A template has its source's path.
//!
//! Never here: a rule. To add a page: its file, its line in `route.rs`, its line in [`samples`]; the tests then render it
//! with every sample and check links, headings and labels.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;

use crate::form;

pub mod agent;
pub mod agents;
pub mod call;
pub mod calls;
pub mod client;
pub mod clients;
pub mod code;
pub mod decisions;
pub mod find;
pub mod ledger;
pub mod line;
pub mod plain;
pub mod receipt;
pub mod sample;

/// A rendered page.
pub fn render(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(_fault) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Every page with every sample: its name and its HTML.
#[doc(hidden)]
#[must_use]
pub fn samples() -> Vec<(String, String)> {
    fn each<T: Template>(page: &str, samples: Vec<(&'static str, T)>) -> Vec<(String, String)> {
        let html = |one: T| one.render().unwrap_or_default();
        samples.into_iter().map(|(name, one)| (format!("{page}-{name}"), html(one))).collect()
    }
    let mut out = Vec::new();
    out.extend(each("agents", agents::AgentsPage::samples()));
    out.extend(each("agent", agent::AgentPage::samples()));
    out.extend(each("calls", calls::CallsPage::samples()));
    out.extend(each("call", call::CallDetail::samples()));
    out.extend(each("clients", clients::ClientsPage::samples()));
    out.extend(each("client", client::ClientPage::samples()));
    out.extend(each("ledger", ledger::BookPage::samples()));
    out.extend(each("line", line::LinePage::samples()));
    out.extend(each("receipt", receipt::ReceiptPage::samples()));
    out.extend(each("code", code::CodePage::samples()));
    out.extend(each("find", find::FindPage::samples()));
    out.extend(each("keys", plain::KeysPage::samples()));
    out.extend(each("sign-in", plain::SignInPage::samples()));
    out.extend(each("wrong", plain::WrongPage::samples()));
    out.extend(each("act", form::act::samples()));
    out.extend(each("propose", form::agent::samples()));
    out.extend(each("answers", form::answers::samples()));
    out.extend(each("add-client", form::client::samples()));
    out.extend(each("grant", form::grant::samples()));
    out.extend(each("people", form::people::samples()));
    out.extend(each("decisions", decisions::DecisionsPage::samples()));
    out
}
