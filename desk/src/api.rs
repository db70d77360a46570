//! The REST API under `/api/v1`: one file per endpoint, at the path of its URL, and one table that the router, the
//! `OpenAPI` document and the coverage test are made of.
//!
//! Never here: what a use-case does (`case/`). To add an endpoint: its file, and its line in [`table`].

mod approvals;
mod calls;
mod catalog;
mod clients;
mod gateways;
mod logins;
mod me;
mod needs;
mod notifications;
mod openapi;
mod provider;
mod queue;
mod sign_in_link;
mod signings;
mod status;
pub(crate) mod web;

pub use needs::Needs;

pub(crate) use web::{Asked, Body, dress};

use axum::{Router, extract::DefaultBodyLimit, middleware, routing::MethodRouter};

use crate::Desk;

/// LIMIT: bytes of a request to this API: a grant with 32 rules of 256 values is the largest thing anybody sends.
const MAX_BODY: usize = 1 << 20;

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Whoever has a credential, also before anything is founded.
    Credential,
    /// Whoever holds the installation's own token; a page never does.
    CommandLine,
    /// A person, for reading what their seats show them.
    Reads,
    /// A person, for changing something; `authority` says whether their roles allow it.
    Changes,
    /// Whoever knocks: a door beside the API, without a session. What it is shown is the credential.
    Door,
}

/// One endpoint, as the table states it.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint {
    /// The method.
    pub method: &'static str,
    /// The path below `/api/v1`; of a door the path itself.
    pub path: &'static str,
    /// What it does, one sentence.
    pub summary: &'static str,
    /// Who may ask.
    pub guard: Guard,
    /// What beside a credential it takes: which parties' people, in which roles, and whether a signature.
    pub needs: Needs,
    /// A sample of its body, if it has one.
    pub body: Option<&'static str>,
    /// A sample of its answer.
    pub answer: &'static str,
    pub(crate) route: fn() -> MethodRouter<Desk>,
}

/// Every endpoint of the API.
pub fn table() -> Vec<Endpoint> {
    let mut all = vec![
        openapi::SHOW,
        status::SHOW,
        queue::SHOW,
        notifications::KEY,
        approvals::SHOW,
        catalog::SHOW,
        sign_in_link::MAKE,
    ];
    all.extend(me::table());
    all.extend(signings::TABLE);
    all.extend(provider::table());
    all.extend(calls::TABLE);
    all.extend(logins::TABLE);
    all.extend(gateways::TABLE);
    all.extend(clients::table());
    all
}

impl Desk {
    /// Everything the desk serves but pages: REST, OAuth, enrollment, sign-in, health. It has no fallback, so that the
    /// console can merge its own.
    pub fn router(&self) -> Router {
        let mut api = Router::new();
        for endpoint in table() {
            api = api.route(endpoint.path, (endpoint.route)());
        }
        let api = api
            .fallback(web::no_such_endpoint)
            .method_not_allowed_fallback(web::no_such_method)
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .layer(middleware::from_fn_with_state(self.clone(), dress));
        Router::new()
            .nest("/api/v1", api)
            .merge(crate::oauth::router())
            .merge(crate::witness::witness_doors(self))
            .merge(web::doors(self))
            .merge(crate::oidc::doors())
            .merge(crate::upstreams::doors())
            .layer(middleware::from_fn_with_state(self.clone(), crate::reveal))
            .with_state(self.clone())
    }
}
