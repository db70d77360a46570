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
pub mod approval;
pub mod approvals;
pub mod call;
pub mod calls;
pub mod catalog;
pub mod charter;
pub mod clauses;
pub mod client;
pub mod clients;
pub mod code;
pub mod connections;
pub mod consent;
pub mod data;
pub mod decisions;
pub mod drills;
pub mod ending;
pub mod endings;
pub mod explain;
pub mod find;
pub mod first;
pub mod join;
pub mod ledger;
pub mod line;
pub mod me;
pub mod notifications;
pub mod observe;
pub mod operations;
pub mod past;
pub mod people;
pub mod plain;
pub mod receipt;
pub mod receipts;
pub mod root;
pub mod sample;
pub mod sign_in;
pub mod signed;
pub mod signing;
pub mod templates;
pub mod tools;
pub mod welcome;
pub mod witnesses;

/// A rendered page.
pub fn render(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(_fault) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn each<T: Template>(page: &str, samples: Vec<(&'static str, T)>) -> Vec<(String, String)> {
    let html = |one: T| one.render().unwrap_or_default();
    samples.into_iter().map(|(name, one)| (format!("{page}-{name}"), html(one))).collect()
}

/// Every page with every sample: its name and its HTML.
#[doc(hidden)]
#[must_use]
pub fn samples() -> Vec<(String, String)> {
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
    out.extend(each("sign-in", sign_in::SignInPage::samples()));
    out.extend(each("first", first::FirstPage::samples()));
    out.extend(each("welcome", welcome::WelcomePage::samples()));
    out.extend(each("join", join::JoinPage::samples()));
    out.extend(each("me", me::MePage::samples()));
    out.extend(each("signing", signing::SigningPage::samples()));
    out.extend(each("sign", signing::CodePage::samples()));
    out.extend(each("do-not-sign", signing::refusals()));
    out.extend(each("people-of", people::PeoplePage::samples()));
    out.extend(each("root", root::RootPage::samples()));
    out.extend(each("witnesses", witnesses::WitnessesPage::samples()));
    out.extend(each("tools", tools::ToolsPage::samples()));
    out.extend(each("tool", tools::ToolPage::samples()));
    out.extend(each("data", data::DataPage::samples()));
    out.extend(each("data-map", data::MapPage::samples()));
    out.extend(each("connections", connections::ConnectionsPage::samples()));
    out.extend(each("connected", connections::LinkPage::samples()));
    out.extend(each("receipts", receipts::ReceiptsPage::samples()));
    out.extend(each("signed", signed::SignedPage::samples()));
    out.extend(each("approval", approval::ApprovalPage::samples()));
    out.extend(each("approvals", approvals::ApprovalsPage::samples()));
    out.extend(each("charter", charter::CharterPage::samples()));
    out.extend(each("clauses", clauses::ClausesPage::samples()));
    out.extend(each("catalog", catalog::CatalogPage::samples()));
    out.extend(each("compare", past::ComparePage::samples()));
    out.extend(each("replay", past::ReplayPage::samples()));
    out.extend(each("check", past::CheckPage::samples()));
    out.extend(each("templates", templates::TemplatesPage::samples()));
    out.extend(each("template", templates::TemplatePage::samples()));
    out.extend(each("observe", observe::ObservePage::samples()));
    out.extend(each("drills", drills::DrillsPage::samples()));
    out.extend(each("drill", drills::OnePage::samples()));
    out.extend(each("notifications", notifications::ToldPage::samples()));
    out.extend(each("explain", explain::samples()));
    out.extend(each("wrong", plain::WrongPage::samples()));
    out.extend(each("consent-back", consent::BackPage::samples()));
    out.extend(each("operations", operations::OperationsPage::samples()));
    out.extend(each("ending", ending::EndingPage::samples()));
    out.extend(each("endings", endings::EndingsPage::samples()));
    out.extend(each("decisions", decisions::DecisionsPage::samples()));
    out.extend(forms());
    out
}

/// Every form with every sample.
fn forms() -> Vec<(String, String)> {
    let mut out = Vec::new();
    out.extend(each("decide-tool", form::tool::samples()));
    out.extend(each("account", form::account::samples()));
    out.extend(each("watch", form::observe::samples()));
    out.extend(each("rehearse", form::drill::samples()));
    out.extend(each("stop", form::stop::samples()));
    out.extend(each("draft", form::draft::samples()));
    out.extend(each("answer", form::approve::samples()));
    out.extend(each("party", form::party::samples()));
    out.extend(each("invite", form::invite::samples()));
    out.extend(each("own", form::own::samples()));
    out.extend(each("act", form::act::samples()));
    out.extend(each("propose", form::agent::samples()));
    out.extend(each("answers", form::answers::samples()));
    out.extend(each("delegate", form::delegate::samples()));
    out.extend(each("consent", form::consent::samples()));
    out.extend(each("add-client", form::client::samples()));
    out.extend(each("grant", form::grant::samples()));
    out.extend(each("people", form::people::samples()));
    out.extend(each("gateway", form::gateway::samples()));
    out.extend(each("end-many", form::ending::samples()));
    out
}
