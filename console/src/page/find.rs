//! Search over clients, agents and pages: a plain page, and the index that the palette searches in.
//! Never here: searching in calls or lines (their own pages do).

use askama::Template;
use axum::{Json, extract::Query, response::IntoResponse as _};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use writ_desk::AgentFilter;

use crate::{
    page::render,
    route,
    shell::{Section, Shell},
    view::{AgentRow, ClientRow},
    visit::{Answer, Visit},
};

/// LIMIT: hits on the page; more words find fewer.
const HITS: usize = 50;

/// One thing that can be opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// What it is, and whose.
    pub what: String,
    /// Where.
    pub href: String,
}

impl Entry {
    fn new(name: &str, what: &str, href: String) -> Self {
        Self { name: name.to_owned(), what: what.to_owned(), href }
    }
}

/// Everything that can be opened by name.
#[must_use]
pub fn index(clients: &[ClientRow], agents: &[AgentRow]) -> Vec<Entry> {
    let mut out = vec![
        Entry::new("Decisions waiting", "page", route::decisions()),
        Entry::new("Agents", "page", route::agents()),
        Entry::new("Live calls", "page", route::calls()),
        Entry::new("Clients", "page", route::clients()),
        Entry::new("Add a client", "action", route::client_new()),
        Entry::new("My passkeys and sessions", "page", route::me()),
        Entry::new("Sign by short code", "page", route::sign()),
        Entry::new("Keyboard", "page", route::keys()),
    ];
    for one in clients {
        let (name, slug) = (&one.client.name, &one.client.slug);
        out.push(Entry::new(name, "client", route::client(slug)));
        out.push(Entry::new(&format!("{name}: ledger"), "ledger", route::ledger(slug)));
        out.push(Entry::new(&format!("{name}: calls"), "calls", route::client_calls(slug)));
        out.push(Entry::new(&format!("{name}: people"), "people", route::people(slug)));
        out.push(Entry::new(&format!("{name}: receipts"), "receipts", route::receipts(slug)));
        out.push(Entry::new(&format!("{name}: witnesses"), "witnesses", route::witnesses(slug)));
        let connections = format!("{name}: connections");
        out.push(Entry::new(&connections, "connections", route::connections(slug)));
        let propose = format!("{name}: propose an agent");
        out.push(Entry::new(&propose, "action", route::agent_new(slug)));
    }
    for one in agents {
        let what = format!("{} agent, {}", one.client.name, one.life);
        out.push(Entry::new(&one.name, &what, route::agent(&one.client.slug, &one.agent)));
    }
    out
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/find.html")]
pub struct FindPage {
    /// Around it.
    pub shell: Shell,
    /// What was asked.
    pub q: String,
    /// What was found.
    pub hits: Vec<Entry>,
}

/// What the reader looks for; stands in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    q: String,
}

/// `GET /find`
pub(crate) async fn show(visit: Visit, Query(wanted): Query<Wanted>) -> Answer {
    let agents = visit.tell(visit.desk.agents(&visit.who, &AgentFilter::default()).await)?;
    let index = index(&visit.clients, &agents);
    let shell = visit.shell("Find", Section::Elsewhere);
    Ok(render(StatusCode::OK, &FindPage::view(shell, index, wanted.q)))
}

/// `GET /find.json`
pub(crate) async fn entries(visit: Visit) -> Answer {
    let agents = visit.tell(visit.desk.agents(&visit.who, &AgentFilter::default()).await)?;
    Ok(Json(index(&visit.clients, &agents)).into_response())
}

impl FindPage {
    /// The page of what fits.
    #[must_use]
    pub fn view(shell: Shell, index: Vec<Entry>, q: String) -> Self {
        let words: Vec<String> = q.to_lowercase().split_whitespace().map(str::to_owned).collect();
        let fits = |one: &Entry| {
            let text = format!("{} {}", one.name, one.what).to_lowercase();
            words.iter().all(|word| text.contains(word))
        };
        let hits = index.into_iter().filter(fits).take(HITS).collect();
        Self { shell, q, hits }
    }

    /// The page, with hits and without.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let shell = || Shell::sample("Find", Section::Elsewhere);
        let found = || index(&[], &sample::agents());
        vec![
            ("full", Self::view(shell(), found(), "harbor".to_owned())),
            ("empty", Self::view(shell(), found(), "zebra".to_owned())),
        ]
    }
}
