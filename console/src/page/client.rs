//! One client: its figures, what waits there, its people, its groups.
//! Never here: its agents (`agents.rs`) or its ledger (`ledger.rs`).

use askama::Template;
use axum::extract::Path;
use http::StatusCode;
use writ_desk::HoldQuery;
use writ_model::Role;

use crate::{
    page::{
        decisions::{self, Item},
        render,
    },
    shell::{ClientRef, Section, Shell},
    show::{Mark, Tone},
    view::{
        AnswerView, CharterView, ClientRow, GroupRow, HoldPage, HoldState, PersonRow, QueueItem,
    },
    visit::{Answer, Visit},
};

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/client.html")]
pub struct ClientPage {
    /// Around it.
    pub shell: Shell,
    /// The client.
    pub client: ClientRow,
    /// What waits here.
    pub items: Vec<Item>,
    /// Its people, those who left last.
    pub people: Vec<PersonRow>,
    /// Its groups.
    pub groups: Vec<GroupRow>,
    /// Its charter, and what is stopped.
    pub charter: CharterView,
    /// What waits for a yes.
    pub holds: HoldPage,
}

/// `GET /clients/{client}`
pub(crate) async fn show(visit: Visit, Path(client): Path<String>) -> Answer {
    let row = visit.client(&client)?.clone();
    let people = visit.tell(visit.desk.people(&visit.who, &client).await)?;
    let groups = visit.tell(visit.desk.groups(&visit.who, &client).await)?;
    let shell = visit.shell_at(&client, &row.client.name, Section::Clients)?;
    let charter = visit.tell(visit.desk.charter(&visit.who, &client).await)?;
    let holds = visit.desk.approvals_at(&visit.who, &client, HoldQuery::default()).await;
    let holds = visit.tell(holds)?;
    let queue = &visit.queue.items;
    let page = ClientPage::view((shell, row), queue, (people, groups), (charter, holds));
    Ok(render(StatusCode::OK, &page))
}

impl ClientPage {
    /// The page of a client.
    #[must_use]
    pub fn view(
        (shell, client): (Shell, ClientRow),
        queue: &[QueueItem],
        (mut people, groups): (Vec<PersonRow>, Vec<GroupRow>),
        (charter, holds): (CharterView, HoldPage),
    ) -> Self {
        let mine = queue.iter().filter(|one| one.client.tenant == client.client.tenant);
        let named = ClientRef::of(&client.client);
        let items = mine.map(|one| decisions::item(&named, &one.waiting, shell.now)).collect();
        people.sort_by(|a, b| (a.left_at, a.side, &a.name).cmp(&(b.left_at, b.side, &b.name)));
        Self { shell, client, items, people, groups, charter, holds }
    }

    /// How its charter stands.
    #[must_use]
    pub fn mark(&self) -> Mark {
        let (frozen, stopped) = (&self.charter.frozen, &self.charter.suspended);
        match &self.charter.in_force {
            _ if !frozen.is_empty() => Mark::new(Tone::Stop, "Frozen"),
            None => Mark::new(Tone::Wait, "None in force"),
            Some(_) if stopped.iter().any(|one| one.clause.is_none()) => {
                Mark::new(Tone::Wait, "Suspended")
            }
            Some(_) if !stopped.is_empty() => Mark::new(Tone::Wait, "Partly suspended"),
            Some(_) => Mark::new(Tone::Go, "In force"),
        }
    }

    /// What waits for a yes, of whoever's.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let open = |state| matches!(state, HoldState::Waiting | HoldState::Proposed);
        self.holds.rows.iter().filter(|one| open(one.state)).count()
    }

    /// Roles in words.
    #[must_use]
    pub fn roles(roles: &[Role]) -> String {
        roles.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    /// An answer in words.
    #[must_use]
    pub fn one(answer: Option<&AnswerView>) -> String {
        answer.map_or_else(|| "nobody".to_owned(), |one| one.person.name.clone())
    }

    /// Who can end, in words.
    #[must_use]
    pub fn enders(answers: &[AnswerView]) -> String {
        let names: Vec<_> = answers.iter().map(|one| one.person.name.as_str()).collect();
        if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
    }

    /// The page, full and new.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use writ_authority::queue::{Ask, Waiting};

        use crate::{page::sample, view};
        let shell = || Shell::sample_client("Harbor Books", Section::Clients);
        let row = |waiting| ClientRow {
            client: sample::client_view(1),
            since: Some(sample::at(90_000)),
            agents: 3,
            active: 2,
            waiting,
            people: 4,
            lines: 62,
        };
        let people = sample::people();
        let answers = sample::agent_full().answers;
        let group = GroupRow {
            group: sample::id(3),
            name: "Back office".to_owned(),
            parent: None,
            agents: 2,
            answers,
            missing: Vec::new(),
        };
        let mut bare = group.clone();
        "Experiments".clone_into(&mut bare.name);
        bare.answers = view::AnswersView::default();
        bare.missing = sample::agent_empty().missing;
        let waiting = Waiting {
            ask: Ask::Held,
            agent: Some(sample::id(8)),
            hold: None,
            name: "mail-assistant".to_owned(),
            since: sample::at(64),
            deadline: None,
            what: "mail-assistant is on hold: waiting for the new mailbox".to_owned(),
            why: Vec::new(),
            otherwise: "It stays on hold; every call is refused.".to_owned(),
            cure: Vec::new(),
        };
        let full = (sample::charter(true, true), sample::holds());
        let none = (sample::charter(false, false), sample::no_holds());
        let mut frozen = (sample::charter(true, false), sample::holds());
        (frozen.0.frozen, frozen.0.suspended) = sample::stops();
        let queue = [QueueItem { client: sample::client_view(1), waiting }];
        vec![
            ("full", Self::view((shell(), row(1)), &queue, (people, vec![group, bare]), full)),
            ("frozen", Self::view((shell(), row(0)), &[], (Vec::new(), Vec::new()), frozen)),
            ("empty", Self::view((shell(), row(0)), &[], (Vec::new(), Vec::new()), none)),
        ]
    }
}
