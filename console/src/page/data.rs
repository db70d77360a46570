//! Where values come from: what each tool is taken for, and the data map of an agent.
//! Never here: a guess of our own (the desk's view has it), a value that was read.

use askama::Template;
use axum::extract::Path;
use http::StatusCode;
use writ_desk::view::flow::{ClassRow, ClassesView, ContextRow, FlowView, FromRow, RoleRow, ToRow};

use crate::{
    page::{render, sample},
    shell::{Section, Shell},
    show::{self, Mark, Tone},
    visit::{Answer, Visit},
};

/// What tools are taken for.
#[derive(Debug, Template)]
#[template(path = "page/data.html")]
pub struct DataPage {
    /// Around it.
    pub shell: Shell,
    /// What is listed.
    pub classes: ClassesView,
}

/// What flowed through an agent.
#[derive(Debug, Template)]
#[template(path = "page/data_map.html")]
pub struct MapPage {
    /// Around it.
    pub shell: Shell,
    /// What flowed.
    pub flow: FlowView,
}

/// `GET /clients/{client}/data`
pub(crate) async fn list(visit: Visit, Path(client): Path<String>) -> Answer {
    let classes = visit.tell(visit.desk.flow_classes(&visit.who, &client).await)?;
    let shell = visit.shell_at(&client, "Data", Section::Tools)?;
    Ok(render(StatusCode::OK, &DataPage { shell, classes }))
}

/// `GET /clients/{client}/agents/{agent}/data`
pub(crate) async fn map(visit: Visit, Path((client, agent)): Path<(String, String)>) -> Answer {
    let flow = visit.tell(visit.desk.flow_map(&visit.who, &client, &agent).await)?;
    let shell = visit.shell_at(&client, "Data", Section::Agents)?;
    Ok(render(StatusCode::OK, &MapPage { shell, flow }))
}

/// What using it changes, in one word.
#[must_use]
pub fn acts(row: &ClassRow) -> Mark {
    match row.acts.as_str() {
        "reads" => Mark::new(Tone::Go, "Reads"),
        "inward" => Mark::new(Tone::Seen, "Changes"),
        _ => Mark::new(Tone::Wait, "Reaches others"),
    }
}

/// What its arguments are for.
#[must_use]
pub fn roles(row: &ClassRow) -> String {
    let said = |one: &RoleRow| format!("{} {}", super::tools::plain(&one.at), one.role);
    row.roles.iter().map(said).collect::<Vec<_>>().join(", ")
}

impl DataPage {
    /// The client's short name.
    #[must_use]
    pub fn slug(&self) -> &str {
        self.shell.client.as_ref().map_or("", |one| one.slug.as_str())
    }

    /// Whether values are followed, in one sentence.
    #[must_use]
    pub fn lead(&self) -> &'static str {
        if self.classes.followed {
            "A clause of the charter follows where values come from."
        } else {
            "No clause of the charter follows where values come from: one that names origin.untrusted does."
        }
    }

    /// Guessed, signed; and nothing.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        let page = |classes| Self { shell: Shell::sample_client("Data", Section::Tools), classes };
        let row = |name: &str, acts: &str, signed| ClassRow {
            server: "mail".to_owned(),
            thing: "tool".to_owned(),
            name: name.to_owned(),
            acts: acts.to_owned(),
            reads: "what others wrote".to_owned(),
            sensitivity: "internal".to_owned(),
            roles: vec![RoleRow { at: "/to".to_owned(), role: "destination".to_owned() }],
            confidence: if signed { 100 } else { 80 },
            signed,
            template: (!signed).then(|| "@gongrzhe/server-gmail-autoauth-mcp".to_owned()),
            reasons: vec!["its name says “send”".to_owned()],
        };
        let rows = vec![row("read_message", "reads", false), row("send_message", "outward", true)];
        vec![
            ("full", page(ClassesView { followed: true, rows })),
            ("empty", page(ClassesView { followed: false, rows: Vec::new() })),
        ]
    }
}

impl MapPage {
    /// What becomes of a call with a value of others, in one sentence.
    #[must_use]
    pub fn lead(&self) -> String {
        match self.flow.followed.as_deref() {
            None => "No clause of the charter follows where its values come from.".to_owned(),
            Some("act") => {
                "Where its values come from is recorded, and nothing is stopped for it.".to_owned()
            }
            Some("notify-and-act") => {
                "People are told of a call with a value that others wrote.".to_owned()
            }
            Some(_) => "A call with a value that others wrote waits for people.".to_owned(),
        }
    }

    /// The chart.
    #[must_use]
    pub fn chart(&self) -> show::Svg {
        let plain = |server: &str, name: &str| {
            format!("{} · {}", super::tools::plain(server), super::tools::plain(name))
        };
        let from = |one: &FromRow| {
            let others = ["what others wrote", "unknown"].contains(&&*one.origin);
            (plain(&one.server, &one.name), others)
        };
        let to = |one: &ToRow| (plain(&one.server, &one.name), one.held > 0);
        let from: Vec<show::End> = self.flow.from.iter().map(from).collect();
        let to: Vec<show::End> = self.flow.to.iter().map(to).collect();
        show::flows(&from, &self.flow.agent_name, &to)
    }

    /// One that was held, and one of which nothing is known.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        let page = |flow| Self { shell: Shell::sample_client("Data", Section::Agents), flow };
        let empty = FlowView {
            client: sample::client_view(0),
            agent: sample::id(3),
            agent_name: "front-desk".to_owned(),
            followed: None,
            copies: 0,
            contexts: Vec::new(),
            from: Vec::new(),
            to: Vec::new(),
            looked: 0,
        };
        let full = FlowView {
            followed: Some("approve".to_owned()),
            copies: 1,
            contexts: vec![ContextRow {
                instance: sample::id(4),
                at: sample::at(12),
                origin: "what others wrote".to_owned(),
                sensitivity: "internal".to_owned(),
                readable: true,
            }],
            from: vec![FromRow {
                server: "mail".to_owned(),
                name: "read_message".to_owned(),
                origin: "what others wrote".to_owned(),
                times: 3,
            }],
            to: vec![ToRow {
                server: "mail".to_owned(),
                name: "send_message".to_owned(),
                went: 4,
                held: 1,
                refused: 0,
            }],
            looked: 8,
            ..empty.clone()
        };
        vec![("full", page(full)), ("empty", page(empty))]
    }
}
