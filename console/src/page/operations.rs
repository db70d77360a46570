//! Operations: which processes run, what each may still do, what waits, what was dropped and refused, formats, the backup.
//! Never here: anything about what a client's agents do.

use askama::Template;
use http::StatusCode;
use writ_model::Timestamp;

use crate::{
    page::render,
    shell::{Section, Shell},
    show::{self, Mark, Tone},
    view::{GatewayRow, OperationsView, ProcessRow, QueueRow, ServerStatus, Standing, Wanted},
    visit::{Answer, Visit},
};

/// A backup older than this is told of in red: two nights without one.
const OLD_BACKUP_US: u64 = 48 * 3_600 * 1_000_000;

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/operations.html")]
pub struct OperationsPage {
    /// Around it.
    pub shell: Shell,
    /// What runs.
    pub runs: OperationsView,
}

/// `GET /operations`
pub(crate) async fn show(visit: Visit) -> Answer {
    let runs = visit.tell(visit.desk.operations(&visit.who).await)?;
    let shell = visit.shell("Operations", Section::Operations);
    Ok(render(StatusCode::OK, &OperationsPage { shell, runs }))
}

impl OperationsPage {
    /// What a gateway may do, as a mark.
    #[must_use]
    pub fn standing(one: &GatewayRow) -> Mark {
        if one.process.left.is_some() {
            return Mark::new(Tone::Past, "Left");
        }
        if !one.process.alive {
            return Mark::new(Tone::Fail, "Lost");
        }
        match (one.wanted, one.standing) {
            (Wanted::Halt, _) => Mark::new(Tone::Stop, "Halted"),
            (Wanted::Drain, _) => Mark::new(Tone::Wait, "Draining"),
            (Wanted::Serve, Standing::Full) => Mark::new(Tone::Go, "Serves"),
            (Wanted::Serve, Standing::Reading) => Mark::new(Tone::Wait, "Reads only"),
            (Wanted::Serve, Standing::Nothing) => Mark::new(Tone::Fail, "Refuses all"),
        }
    }

    /// Who stopped it and why, or what its state means.
    #[must_use]
    pub fn because(one: &GatewayRow) -> Option<String> {
        if let Some(halt) = &one.halt {
            return Some(format!("{}: {}", halt.by, halt.reason));
        }
        match (one.process.alive, one.wanted, one.standing) {
            (false, ..) if one.process.left.is_none() => {
                Some("Not heard any more: its lease runs out by itself.".to_owned())
            }
            (true, Wanted::Serve, Standing::Reading) => {
                Some("It has not read the ledger for over a second.".to_owned())
            }
            (true, Wanted::Serve, Standing::Nothing) => {
                Some("It has not read the ledger for too long.".to_owned())
            }
            (true, Wanted::Halt | Wanted::Drain, _) => one.wanted_by.clone(),
            _ => None,
        }
    }

    /// The servers behind living gateways, each with its gateway; those in trouble first.
    #[must_use]
    pub fn servers(&self) -> Vec<(&GatewayRow, &ServerStatus)> {
        let living = self.runs.gateways.iter().filter(|one| one.process.alive);
        let mut all: Vec<_> =
            living.flat_map(|one| one.servers.iter().map(move |server| (one, server))).collect();
        all.sort_by_key(|(_, server)| Self::failing(server).is_none());
        all
    }

    /// How a server does, as a mark.
    #[must_use]
    pub fn answering(one: &ServerStatus) -> Mark {
        match &one.answers {
            None if one.kind == "wrapped" => Mark::new(Tone::Past, "Elsewhere"),
            None => Mark::new(Tone::Past, "Not called yet"),
            Some(_) if Self::failing(one).is_some() => Mark::new(Tone::Fail, "Fails"),
            Some(_) => Mark::new(Tone::Go, "Answers"),
        }
    }

    /// What went wrong and when, if that was the last thing that happened.
    #[must_use]
    pub fn failing(one: &ServerStatus) -> Option<(&str, Timestamp)> {
        let answers = one.answers.as_ref()?;
        let failed_at = answers.failed_at.filter(|_| answers.failed_at > answers.answered_at)?;
        Some((answers.failure.as_deref()?, failed_at))
    }

    /// A bound of latencies, in words.
    #[must_use]
    pub fn within(micros: Option<u64>) -> String {
        micros.map_or_else(|| "over 10 s".to_owned(), show::micros)
    }

    /// What a process is, in one word.
    #[must_use]
    pub fn there(one: &ProcessRow) -> Mark {
        match (one.alive, one.left) {
            (true, _) => Mark::new(Tone::Go, "Alive"),
            (false, Some(_)) => Mark::new(Tone::Past, "Left"),
            (false, None) => Mark::new(Tone::Fail, "Lost"),
        }
    }

    /// A process's roles in words.
    #[must_use]
    pub fn roles(one: &ProcessRow) -> String {
        one.roles.iter().map(|role| role.word()).collect::<Vec<_>>().join(", ")
    }

    /// What waits in a queue, with its room.
    #[must_use]
    pub fn waiting(one: &QueueRow) -> String {
        match one.limit {
            Some(limit) => format!("{} of {}", show::count(one.waiting), show::count(limit)),
            None => show::count(one.waiting),
        }
    }

    /// Gateways that serve now.
    #[must_use]
    pub fn serving(&self) -> String {
        let all = self.runs.gateways.iter().filter(|one| one.process.left.is_none()).count();
        let serves = |one: &&GatewayRow| {
            one.process.alive && one.wanted == Wanted::Serve && one.standing == Standing::Full
        };
        let now = self.runs.gateways.iter().filter(serves).count();
        format!("{now} of {} serve", show::plural(all, "gateway"))
    }

    /// Whether the last backup is too old, or none is known.
    #[must_use]
    pub fn backup_is_old(&self) -> bool {
        self.runs.backup_age_us.is_none_or(|age| age > OLD_BACKUP_US)
    }

    /// One process in order, several of which two are in trouble.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let shell = || Shell::sample("Operations", Section::Operations);
        vec![
            ("full", Self { shell: shell(), runs: sample::operations(true) }),
            ("one", Self { shell: shell(), runs: sample::operations(false) }),
        ]
    }
}
