//! Agents, over all clients or of one: a ruled list that filters by typing, by life, and sorts.
//! Never here: who may see which agent (the desk's business).

use askama::Template;
use axum::extract::{Path, Query};
use http::StatusCode;
use serde::Deserialize;
use writ_desk::AgentFilter;

use crate::{
    page::render,
    part::Act,
    route,
    shell::{ClientRef, Section, Shell},
    view::AgentRow,
    visit::{Answer, Visit},
};

/// LIMIT: rows on one page: a page stays under 100 KB.
pub const PAGE: usize = 60;
/// Lives in the order of their filter, with their words.
const LIVES: [(&str, &str); 7] = [
    ("active", "Active"),
    ("held", "On hold"),
    ("quarantined", "Quarantined"),
    ("observed", "Observed"),
    ("proposed", "Proposed"),
    ("chartered", "Chartered"),
    ("terminated", "Terminated"),
];

/// What the reader wants to see; stands in the address.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Wanted {
    /// Words to look for in name, purpose and client.
    pub q: String,
    /// Only this life.
    pub life: String,
    /// `name` (default), `client`, `since`.
    pub sort: String,
    /// Rows to skip.
    pub from: usize,
}

/// One filter: its word, how many, its address, whether it is chosen.
#[derive(Debug)]
pub struct Choice {
    /// Its word.
    pub word: &'static str,
    /// How many rows it shows.
    pub count: usize,
    /// Its address.
    pub href: String,
    /// Whether it is chosen.
    pub on: bool,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/agents.html")]
pub struct AgentsPage {
    /// Around it.
    pub shell: Shell,
    /// What is wanted.
    pub wanted: Wanted,
    /// The rows of this page.
    pub rows: Vec<AgentRow>,
    /// Rows in all that fit.
    pub total: usize,
    /// Filters by life.
    pub choices: Vec<Choice>,
    /// The next page.
    pub next: Option<String>,
    base: String,
}

impl AgentsPage {
    /// The page of these agents.
    #[must_use]
    pub fn view(shell: Shell, mut rows: Vec<AgentRow>, wanted: Wanted) -> Self {
        let base = shell
            .client
            .as_ref()
            .map_or_else(route::agents, |client| route::client_agents(&client.slug));
        let words = wanted.q.to_lowercase();
        rows.retain(|row| {
            [&row.name, &row.purpose, &row.client.name]
                .iter()
                .any(|text| text.to_lowercase().contains(&words))
        });
        let choices = choices(&base, &rows, &wanted);
        match wanted.life.as_str() {
            "" => rows.retain(|row| row.life != "terminated"),
            life => rows.retain(|row| row.life == life),
        }
        match wanted.sort.as_str() {
            "client" => {
                rows.sort_by(|a, b| (&a.client.name, &a.name).cmp(&(&b.client.name, &b.name)));
            }
            "since" => rows.sort_by_key(|row| std::cmp::Reverse(row.life_since)),
            _ => rows.sort_by(|a, b| (&a.name, &a.client.name).cmp(&(&b.name, &b.client.name))),
        }
        let total = rows.len();
        let shown: Vec<_> = rows.into_iter().skip(wanted.from).take(PAGE).collect();
        let end = wanted.from.saturating_add(shown.len());
        let next = (end < total).then(|| {
            let from = end.to_string();
            let (q, life, sort) = (wanted.q.as_str(), wanted.life.as_str(), wanted.sort.as_str());
            route::query(&base, &[("q", q), ("life", life), ("sort", sort), ("from", &from)])
        });
        Self { shell, rows: shown, total, choices, next, base, wanted }
    }

    /// The address of this list in another order.
    #[must_use]
    pub fn sorted(&self, sort: &str) -> String {
        route::query(
            &self.base,
            &[("q", &self.wanted.q), ("life", &self.wanted.life), ("sort", sort)],
        )
    }

    /// What `aria-sort` says of a column.
    #[must_use]
    pub fn order(&self, sort: &str) -> Option<&'static str> {
        let by = if self.wanted.sort.is_empty() { "name" } else { self.wanted.sort.as_str() };
        (by == sort).then_some(if sort == "since" { "descending" } else { "ascending" })
    }

    /// Whose row it is.
    #[must_use]
    pub fn client(row: &AgentRow) -> ClientRef {
        ClientRef::of(&row.client)
    }

    /// The row's page.
    #[must_use]
    pub fn href(row: &AgentRow) -> String {
        route::agent(&row.client.slug, &row.agent)
    }

    /// Ending it, if it lives.
    #[must_use]
    pub fn end(row: &AgentRow) -> Option<Act> {
        let act = || Act::end(&ClientRef::of(&row.client), &row.agent.to_string(), &row.name);
        (row.life != "terminated").then(act)
    }

    /// Proposing one here.
    #[must_use]
    pub fn propose(&self) -> Option<String> {
        self.shell.client.as_ref().map(|client| route::agent_new(&client.slug))
    }

    /// The first thing that is missing.
    #[must_use]
    pub fn lack(row: &AgentRow) -> &str {
        row.missing.first().map_or("", String::as_str)
    }
}

/// `GET /agents`
pub(crate) async fn show(visit: Visit, Query(wanted): Query<Wanted>) -> Answer {
    let rows = visit.tell(visit.desk.agents(&visit.who, &AgentFilter::default()).await)?;
    let shell = visit.shell("Agents", Section::Agents);
    Ok(render(StatusCode::OK, &AgentsPage::view(shell, rows, wanted)))
}

/// `GET /clients/{client}/agents`
pub(crate) async fn show_client(
    visit: Visit,
    Path(client): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Answer {
    let shell = visit.shell_at(&client, "Agents", Section::Agents)?;
    let filter = AgentFilter { client: Some(client), ..AgentFilter::default() };
    let rows = visit.tell(visit.desk.agents(&visit.who, &filter).await)?;
    Ok(render(StatusCode::OK, &AgentsPage::view(shell, rows, wanted)))
}

fn choices(base: &str, rows: &[AgentRow], wanted: &Wanted) -> Vec<Choice> {
    let href = |life: &str| {
        route::query(base, &[("q", &wanted.q), ("life", life), ("sort", &wanted.sort)])
    };
    let living = rows.iter().filter(|row| row.life != "terminated").count();
    let all =
        Choice { word: "All living", count: living, href: href(""), on: wanted.life.is_empty() };
    let each = LIVES.iter().map(|(life, word)| Choice {
        word,
        count: rows.iter().filter(|row| row.life == *life).count(),
        href: href(life),
        on: wanted.life == *life,
    });
    std::iter::once(all).chain(each.filter(|one| one.count > 0 || one.on)).collect()
}

impl AgentsPage {
    /// The page, full, of one client, and empty.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let fleet = || Shell::sample("Agents", Section::Agents);
        let here = || Shell::sample_client("Agents", Section::Agents);
        let rows = sample::agents();
        let mine = rows.iter().filter(|row| row.client.slug == "harbor-books").cloned().collect();
        let wanted = Wanted { q: "nothing like this".to_owned(), ..Wanted::default() };
        let many = std::iter::repeat_with(|| rows.clone()).take(12).flatten().collect();
        vec![
            ("full", Self::view(fleet(), rows.clone(), Wanted::default())),
            (
                "client",
                Self::view(here(), mine, Wanted { sort: "since".to_owned(), ..Wanted::default() }),
            ),
            ("many", Self::view(fleet(), many, Wanted::default())),
            ("nothing-found", Self::view(fleet(), rows.clone(), wanted)),
            ("empty", Self::view(here(), Vec::new(), Wanted::default())),
        ]
    }
}
