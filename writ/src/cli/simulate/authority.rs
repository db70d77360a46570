//! Whose word counts besides where values came from: nobody's, grants from files, or a client's desk as of a moment.
//! Never here: a decision. To add a source: a variant with its arm in [`Authority::ask`].

use std::path::Path;

use serde_json::Value;
use writ_model::{Clock as _, Timestamp};

use super::{desk::OnDesk, granted::Granted};
use crate::{api::ApiClient, fault::Fault, system::SystemClock};

/// A call as authority is asked about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The agent's name.
    pub(super) agent: &'a str,
    pub(super) server: &'a str,
    pub(super) tool: &'a str,
    pub(super) arguments: &'a Value,
}

/// What authority says of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    /// `permit`, `hold` or `deny`.
    pub(super) effect: String,
    pub(super) code: String,
    pub(super) words: String,
}

impl Said {
    /// The decision, unless it may go on. What is no word of ours is a denial.
    pub(super) fn stops(&self) -> Option<&'static str> {
        match self.effect.as_str() {
            "permit" => None,
            "hold" => Some("hold"),
            _ => Some("deny"),
        }
    }
}

/// Whose word counts.
#[derive(Debug)]
pub(super) enum Authority {
    /// Every tool is granted.
    All,
    /// Grants from files.
    Granted(Box<Granted>),
    /// A client's grants and charter.
    Desk(Box<OnDesk>),
}

impl Authority {
    /// A client of this desk, at a moment or now.
    pub(super) fn desk(api: ApiClient, client: &str, at: Option<Timestamp>) -> Self {
        Self::Desk(Box::new(OnDesk::new(api, client, at)))
    }

    /// The grants in a folder, at a moment or now.
    ///
    /// # Errors
    /// If one of the files is no grant.
    pub(super) fn granted(folder: &Path, at: Option<Timestamp>) -> Result<Self, Fault> {
        let at = at.unwrap_or_else(|| SystemClock.now());
        Ok(Self::Granted(Box::new(Granted::read(folder, at)?)))
    }

    /// What it says of a call.
    ///
    /// # Errors
    /// If it cannot be asked.
    pub(super) async fn ask(&mut self, asked: &Asked<'_>) -> Result<Said, Fault> {
        match self {
            Self::All => {
                Ok(Said { effect: "permit".to_owned(), code: String::new(), words: String::new() })
            }
            Self::Granted(granted) => granted.ask(asked),
            Self::Desk(desk) => desk.ask(asked).await,
        }
    }
}
