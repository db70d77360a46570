//! Home: decisions waiting, most pressing first, and what was refused without asking anybody.
//! Never here: what waits and why (`writ_authority::queue`).

use askama::Template;
use axum::extract::Query;
use http::StatusCode;
use serde::Deserialize;
use writ_authority::queue::{Ask, Waiting};
use writ_desk::CallQuery;
use writ_model::{Timestamp, ocsf::Disposition};

use crate::{
    page::render,
    part::{Act, sentence},
    route,
    shell::{ClientRef, Section, Shell},
    show::{self, Mark, Said, Tone, When},
    view::{CallPage, QueueView},
    visit::{Answer, Visit},
};

/// LIMIT: refusals told on the home page; the rest are on the calls page.
pub const HANDLED: usize = 8;

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/decisions.html")]
pub struct DecisionsPage {
    /// Around it.
    pub shell: Shell,
    /// What waits.
    pub items: Vec<Item>,
    /// What was handled.
    pub handled: Vec<Handled>,
    /// How many wait in all.
    pub total: usize,
    /// How many clients were looked at.
    pub clients: usize,
}

/// One decision.
#[derive(Debug)]
pub struct Item {
    /// Whose.
    pub client: ClientRef,
    /// The name of the agent, the person or the party, and the page that has everything about it.
    pub about: (String, String),
    /// What kind.
    pub mark: Mark,
    /// Since when.
    pub since: When,
    /// When it decides itself.
    pub due: Option<When>,
    /// What is asked.
    pub what: Said,
    /// Why, each with what would cure it.
    pub why: Vec<(Said, Said)>,
    /// What happens if nobody answers.
    pub otherwise: Said,
    /// What may be done.
    pub acts: Vec<Act>,
}

/// A refusal that needed nobody.
#[derive(Debug)]
pub struct Handled {
    /// Whose.
    pub client: ClientRef,
    /// The agent's name.
    pub agent: String,
    /// What it tried: tool and server.
    pub tried: String,
    /// Why it was refused.
    pub why: Said,
    /// When.
    pub at: When,
    /// The call.
    pub href: String,
}

fn said(text: &str) -> Said {
    Said(sentence(text))
}

/// One decision as the page shows it.
#[must_use]
pub fn item(client: &ClientRef, waiting: &Waiting, now: Timestamp) -> Item {
    let slug = client.slug.as_str();
    let id = waiting.agent.map(|id| id.to_string()).unwrap_or_default();
    let mark = match waiting.ask {
        Ask::AnswerLost => Mark::new(Tone::Wait, "Answer lost"),
        Ask::Held => Mark::new(Tone::Wait, "On hold"),
        Ask::Quarantined => Mark::new(Tone::Wait, "Quarantined"),
        Ask::Observed => Mark::new(Tone::Seen, "Ungoverned"),
        Ask::Proposed => Mark::new(Tone::New, "Proposed"),
        Ask::Admit => Mark::new(Tone::Wait, "To be let in"),
        Ask::Recovery => Mark::new(Tone::Wait, "Lost keys"),
        Ask::WitnessMissing => Mark::new(Tone::Wait, "No witness"),
        Ask::NoCharter => Mark::new(Tone::Wait, "No charter"),
        Ask::CharterToSign => Mark::new(Tone::New, "To be signed"),
        Ask::Approval => Mark::new(Tone::Wait, "Asks for a yes"),
        Ask::Proposal => Mark::new(Tone::New, "For a person"),
        Ask::ReviewDue => Mark::new(Tone::Seen, "Review due"),
        Ask::Frozen => Mark::new(Tone::Wait, "Frozen"),
        Ask::Suspended => Mark::new(Tone::Wait, "Suspended"),
        Ask::ObserveEnding => Mark::new(Tone::Seen, "Observing ends"),
        Ask::DrillDue => Mark::new(Tone::Seen, "Drill due"),
        Ask::Undelivered => Mark::new(Tone::Wait, "Undelivered"),
        Ask::Restored => Mark::new(Tone::Wait, "Restored"),
        Ask::DefinitionHeld => Mark::new(Tone::Wait, "Tool changed"),
        Ask::GatewayHalted => Mark::new(Tone::Wait, "Gateway halted"),
        Ask::GatewayLost => Mark::new(Tone::Wait, "Gateway lost"),
    };
    let page = match waiting.ask {
        Ask::Admit | Ask::Recovery => route::people(slug),
        Ask::WitnessMissing => route::witnesses(slug),
        Ask::AnswerLost | Ask::Held | Ask::Quarantined | Ask::Observed | Ask::Proposed => {
            route::agent(slug, &id)
        }
        Ask::NoCharter | Ask::CharterToSign | Ask::ReviewDue | Ask::Frozen | Ask::Suspended => {
            route::charter(slug)
        }
        Ask::Approval | Ask::Proposal => held(slug, waiting),
        Ask::ObserveEnding => route::observe(slug),
        Ask::DrillDue => route::drills(slug),
        Ask::Undelivered => route::notifications(slug),
        Ask::Restored => route::client(slug),
        Ask::DefinitionHeld => route::tools(slug),
        Ask::GatewayHalted | Ask::GatewayLost => route::operations(),
    };
    Item {
        client: client.clone(),
        about: (waiting.name.clone(), page),
        mark,
        since: When::new(waiting.since, now),
        due: waiting.deadline.map(|at| When::new(at, now)),
        what: show::stated(&waiting.what),
        why: why(waiting),
        otherwise: said(&waiting.otherwise),
        acts: acts(client, &id, waiting),
    }
}

/// The page of what waits for a yes.
fn held(slug: &str, waiting: &Waiting) -> String {
    waiting.hold.map_or_else(
        || route::client_approvals(slug),
        |hold| route::approval(slug, &hold.to_string()),
    )
}

/// Reasons with their cures; the two lists of the queue go side by side.
fn why(waiting: &Waiting) -> Vec<(Said, Said)> {
    let cures = waiting.cure.iter().map(String::as_str).chain(std::iter::repeat(""));
    waiting.why.iter().zip(cures).map(|(why, cure)| (said(why), said(cure))).collect()
}

fn acts(client: &ClientRef, id: &str, waiting: &Waiting) -> Vec<Act> {
    let slug = client.slug.as_str();
    let answered = waiting.why.is_empty();
    let name = Act::main("Name people", route::agent_answers(slug, id));
    let end = Act::end(client, id, &waiting.name);
    match waiting.ask {
        Ask::AnswerLost => vec![name, Act::plain("Hold", route::agent_hold(slug, id)), end],
        Ask::Held | Ask::Quarantined if answered => {
            vec![Act::main("Release", route::agent_release(slug, id)), end]
        }
        Ask::Observed => {
            let href = route::query(route::agent_new(slug), &[("name", &waiting.name)]);
            vec![Act::main("Propose", href), end]
        }
        Ask::Proposed if answered => {
            vec![Act::main("Activate", route::agent_activate(slug, id)), end]
        }
        Ask::Held | Ask::Quarantined | Ask::Proposed => vec![name, end],
        Ask::Admit => vec![Act::main("Let in", route::people(slug))],
        Ask::Recovery => vec![Act::main("Confirm", route::people(slug))],
        Ask::WitnessMissing => vec![Act::main("Witnesses", route::witnesses(slug))],
        Ask::NoCharter => vec![Act::main("Write one", route::charter_draft(slug))],
        Ask::CharterToSign => {
            let draft = route::query(route::charter(slug), &[("version", "draft")]);
            vec![Act::main("Read and sign", draft)]
        }
        Ask::Approval => vec![Act::main("Read and answer", held(slug, waiting))],
        Ask::Proposal => vec![Act::main("Read it", held(slug, waiting))],
        Ask::ReviewDue => vec![
            Act::main("Read it", route::charter(slug)),
            Act::plain("Write the next one", route::charter_draft(slug)),
        ],
        Ask::Frozen | Ask::Suspended => vec![Act::main("Look", route::charter(slug))],
        Ask::ObserveEnding => vec![
            Act::main("What was seen", route::observe(slug)),
            Act::plain("Watch on", route::observe_new(slug)),
        ],
        Ask::DrillDue => vec![
            Act::main("Rehearse it", route::drill_new(slug)),
            Act::plain("Drills", route::drills(slug)),
        ],
        Ask::Undelivered => vec![Act::main("Look", route::notifications(slug))],
        Ask::Restored => vec![Act::main("Look", route::client(slug))],
        Ask::DefinitionHeld => vec![Act::main("Read it", route::tools(slug))],
        Ask::GatewayHalted | Ask::GatewayLost => {
            vec![Act::main("Look", route::operations())]
        }
    }
}

/// What the reader wants to see; stands in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    client: Option<String>,
}

/// `GET /`
pub(crate) async fn show(visit: Visit, Query(wanted): Query<Wanted>) -> Answer {
    let client = wanted.client.filter(|slug| !slug.is_empty());
    let title = "Decisions waiting";
    let mut queue = visit.queue.clone();
    let shell = match &client {
        None => visit.shell(title, Section::Decisions),
        Some(slug) => {
            queue.items.retain(|item| item.client.slug == *slug);
            (queue.total, queue.clients) = (queue.items.len(), 1);
            visit.shell_at(slug, title, Section::Decisions)?
        }
    };
    let query = CallQuery {
        effect: Some(Disposition::Blocked),
        limit: Some(HANDLED),
        client,
        ..CallQuery::default()
    };
    let refused = visit.tell(visit.desk.calls(&visit.who, &query).await)?;
    Ok(render(StatusCode::OK, &DecisionsPage::view(shell, &queue, &refused)))
}

impl DecisionsPage {
    /// The page of a queue, and of the last refusals.
    #[must_use]
    pub fn view(shell: Shell, queue: &QueueView, refused: &CallPage) -> Self {
        let now = shell.now;
        let items =
            queue.items.iter().map(|one| item(&ClientRef::of(&one.client), &one.waiting, now));
        let handled = refused.calls.iter().take(HANDLED).map(|call| Handled {
            client: ClientRef::of(&call.client),
            agent: call.agent_name.clone(),
            tried: format!("{} on {}", show::thing(call), call.server),
            why: show::reason(call),
            at: When::new(call.at, now),
            href: route::call(&call.client.slug, &call.call),
        });
        Self {
            items: items.collect(),
            handled: handled.collect(),
            total: queue.total,
            clients: queue.clients,
            shell,
        }
    }

    /// The page, full and empty.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample::now;
        let items = crate::page::sample::waiting().into_iter().map(|(at, one)| {
            crate::view::QueueItem { client: crate::page::sample::client_view(at), waiting: one }
        });
        let items: Vec<_> = items.collect();
        let total = items.len();
        let queue = QueueView { at: now(), items, total, clients: 3 };
        let none = QueueView { at: now(), items: Vec::new(), total: 0, clients: 3 };
        let shell = || Shell::sample("Decisions waiting", Section::Decisions);
        let refused = crate::page::sample::refused();
        let mut calm = shell();
        calm.waiting = 0;
        vec![
            ("full", Self::view(shell(), &queue, &refused)),
            ("empty", Self::view(calm, &none, &CallPage::default())),
        ]
    }
}
