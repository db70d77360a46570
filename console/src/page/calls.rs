//! Live calls: what was decided, and why. A plain page without JavaScript; with it, new rows say so and wait.
//! Never here: the stream itself (`live.rs`).

use askama::{Template, filters::HtmlSafe};
use axum::extract::{Path, Query};
use http::StatusCode;
use serde::Deserialize;
use writ_desk::CallQuery;
use writ_model::ocsf::Disposition;

use crate::{
    page::render,
    route,
    shell::{ClientRef, Section, Shell},
    view::{CallPage, CallRow},
    visit::{Answer, Visit},
};

/// LIMIT: rows on one page: a page stays under 100 KB.
pub const PAGE: usize = 60;

/// What the reader wants to see; stands in the address.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Wanted {
    /// Only with this effect.
    pub effect: Option<Disposition>,
    /// Only of this agent.
    pub agent: Option<String>,
    /// Only older than this place.
    pub before: Option<i64>,
}

/// One row; also what the stream sends.
#[derive(Debug, Template)]
#[template(path = "page/calls/row.html")]
pub struct Row<'a> {
    /// The call.
    pub call: &'a CallRow,
    /// Around it.
    pub shell: &'a Shell,
    /// Whether its client is told.
    pub fleet: bool,
}

impl HtmlSafe for Row<'_> {}

impl Row<'_> {
    /// Whose it is.
    #[must_use]
    pub fn client(&self) -> ClientRef {
        ClientRef::of(&self.call.client)
    }

    /// Whether it was refused.
    #[must_use]
    pub fn refused(&self) -> bool {
        self.call.effect == Disposition::Blocked
    }
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/calls.html")]
pub struct CallsPage {
    /// Around it.
    pub shell: Shell,
    /// The calls.
    pub calls: CallPage,
    /// The agent's name, if only its calls are shown.
    pub agent: Option<String>,
    /// Filters by effect: word, address, whether chosen.
    pub choices: Vec<(&'static str, String, bool)>,
    /// The next page.
    pub next: Option<String>,
    /// Where new rows come from; none on older pages.
    pub events: Option<String>,
    base: String,
}

impl CallsPage {
    /// The page of these calls.
    #[must_use]
    pub fn view(shell: Shell, calls: CallPage, wanted: &Wanted) -> Self {
        let slug = shell.client.as_ref().map(|client| client.slug.clone());
        let base = slug.as_ref().map_or_else(route::calls, route::client_calls);
        let id = wanted.agent.clone().unwrap_or_default();
        let effect = wanted.effect.map(word).unwrap_or_default();
        let href = |effect: &str, before: &str| {
            route::query(&base, &[("agent", &id), ("effect", effect), ("before", before)])
        };
        let choices = [
            ("All", None),
            ("Permitted", Some(Disposition::Allowed)),
            ("Refused", Some(Disposition::Blocked)),
            ("Failed", Some(Disposition::Errored)),
        ];
        let choices = choices.into_iter().map(|(text, one)| {
            (text, href(one.map(word).unwrap_or_default(), ""), wanted.effect == one)
        });
        let choices = choices.collect();
        let next = calls.next.map(|place| href(effect, &place.to_string()));
        let agent = wanted.agent.as_ref().map(|id| {
            calls.calls.first().map_or_else(|| id.clone(), |call| call.agent_name.clone())
        });
        let events = wanted.before.is_none().then(|| {
            let client = slug.as_deref().unwrap_or_default();
            let query = [("client", client), ("agent", &id), ("effect", effect)];
            route::query(route::calls_events(), &query)
        });
        Self { shell, calls, agent, choices, next, events, base }
    }

    /// One row.
    #[must_use]
    pub fn row<'a>(&'a self, call: &'a CallRow) -> Row<'a> {
        Row { call, shell: &self.shell, fleet: self.shell.client.is_none() }
    }
}

/// `GET /calls`
pub(crate) async fn show(visit: Visit, Query(wanted): Query<Wanted>) -> Answer {
    let query = wanted.query(None);
    let calls = visit.tell(visit.desk.calls(&visit.who, &query).await)?;
    let shell = visit.shell("Live calls", Section::Calls);
    Ok(render(StatusCode::OK, &CallsPage::view(shell, calls, &wanted)))
}

/// `GET /clients/{client}/calls`
pub(crate) async fn show_client(
    visit: Visit,
    Path(client): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Answer {
    let shell = visit.shell_at(&client, "Calls", Section::Calls)?;
    let query = wanted.query(Some(client));
    let calls = visit.tell(visit.desk.calls(&visit.who, &query).await)?;
    Ok(render(StatusCode::OK, &CallsPage::view(shell, calls, &wanted)))
}

impl Wanted {
    fn query(&self, client: Option<String>) -> CallQuery {
        CallQuery {
            client,
            agent: self.agent.clone().filter(|agent| !agent.is_empty()),
            effect: self.effect,
            before: self.before,
            limit: Some(PAGE),
        }
    }
}

/// How an effect stands in an address.
#[must_use]
pub fn word(effect: Disposition) -> &'static str {
    match effect {
        Disposition::Allowed => "allowed",
        Disposition::Blocked => "blocked",
        Disposition::Errored => "errored",
    }
}

impl CallsPage {
    /// The page, full, of one client and agent, and empty.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let fleet = || Shell::sample("Live calls", Section::Calls);
        let here = || Shell::sample_client("Calls", Section::Calls);
        let mut many = sample::calls();
        many.calls = std::iter::repeat_n(many.calls, 5).flatten().collect();
        let agent = Some("agt_x".to_owned());
        let wanted = Wanted { agent, before: Some(7), effect: Some(Disposition::Blocked) };
        vec![
            ("full", Self::view(fleet(), sample::calls(), &Wanted::default())),
            ("many", Self::view(fleet(), many, &Wanted::default())),
            ("refused", Self::view(here(), sample::refused(), &wanted)),
            ("empty", Self::view(here(), CallPage::default(), &Wanted::default())),
        ]
    }
}
