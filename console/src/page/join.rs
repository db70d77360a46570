//! Somebody invited, or somebody who lost their keys, makes a passkey and reads its fingerprint to a person who knows
//! them.
//! Never here: whether they are let in (others confirm the fingerprint), or a different answer for a code that was
//! used and one that never was.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use http::StatusCode;
use writ_desk::DeskError;

use crate::{
    page::{first::quiet, render},
    route,
    shell::Shell,
    visit::Console,
};

/// Which of the two doors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Invited.
    Join,
    /// Recovering.
    Recover,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/join.html")]
pub struct JoinPage {
    /// Around it.
    pub shell: Shell,
    /// Which door.
    pub door: Door,
    /// The link's code.
    pub code: String,
    /// Who asks for what, in sentences; nothing if the code opens nothing.
    pub says: Option<Vec<String>>,
}

async fn page(console: &Console, door: Door, code: String) -> Response {
    let asked = match door {
        Door::Join => console.desk.join_options(&code).await,
        Door::Recover => console.desk.recover_options(&code).await,
    };
    let status = match &asked {
        Ok(_) => StatusCode::OK,
        Err(DeskError::Busy { .. }) => StatusCode::SERVICE_UNAVAILABLE,
        Err(_) => StatusCode::NOT_FOUND,
    };
    let says = asked.ok().map(|asked| asked.says);
    quiet(render(status, &JoinPage::of(door, code, says)))
}

/// `GET /join/{code}`
pub(crate) async fn show(State(console): State<Console>, Path(code): Path<String>) -> Response {
    page(&console, Door::Join, code).await
}

/// `GET /recover/{code}`
pub(crate) async fn show_recover(
    State(console): State<Console>,
    Path(code): Path<String>,
) -> Response {
    page(&console, Door::Recover, code).await
}

impl JoinPage {
    fn of(door: Door, code: String, says: Option<Vec<String>>) -> Self {
        let title = if door == Door::Join { "You are invited" } else { "A new passkey" };
        let shell = Shell { title: title.to_owned(), ..Shell::default() };
        Self { shell, door, code, says }
    }

    /// The heading.
    #[must_use]
    pub fn heading(&self) -> &'static str {
        match self.door {
            Door::Join => "You are invited.",
            Door::Recover => "Make a new passkey.",
        }
    }

    /// The address of the desk's door.
    #[must_use]
    pub fn door(&self) -> String {
        match self.door {
            Door::Join => route::join(&self.code),
            Door::Recover => route::recover(&self.code),
        }
    }

    /// To whom the fingerprint is read.
    #[must_use]
    pub fn read_to(&self) -> &'static str {
        match self.door {
            Door::Join => "Read this to the person who invited you, on a call.",
            Door::Recover => {
                "Read this, on a call, to two people of your party who may confirm it."
            }
        }
    }

    /// How another link is had.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        match self.door {
            Door::Join => "Ask the person who invited you for a new one.",
            Door::Recover => {
                "Ask an owner or approver of your party to ask for the recovery again."
            }
        }
    }

    /// Both doors, open; one that opens nothing; one where the key is made.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        let code = || "K7QF-93TD-2RTV-HW3P-6CNB-0FJE-Y8AS".to_owned();
        let says = |list: &[&str]| Some(list.iter().map(|one| (*one).to_owned()).collect());
        let join = [
            "Ines Ortega of Northgate Managed IT invites Dana Cole to Harbor Books",
            "Dana Cole will be its owner and signs for Harbor Books; nobody at the provider can",
        ];
        let lost = ["Rosa Lind asked for a recovery of Dana Cole's keys at Harbor Books"];
        vec![
            ("full", Self::of(Door::Join, code(), says(&join))),
            ("recover", Self::of(Door::Recover, code(), says(&lost))),
            ("unknown", Self::of(Door::Join, code(), None)),
        ]
    }
}
