//! [`PgFault`]: why the database cannot be used, with the cure.
//!
//! Never here: a row's content (PostgreSQL's DETAIL may hold one), a password.

use tokio_postgres::error::SqlState;
use writ_model::Code;

/// Bytes of a fault's words that are kept. LIMIT: a server's message may quote a whole statement.
const WORDS: usize = 300;

/// Why the database cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PgFault {
    /// The options cannot be used.
    #[error("the PostgreSQL options: {why}. {cure}")]
    Options {
        /// What is wrong.
        why: String,
        /// What to do.
        cure: &'static str,
    },
    /// No server answers there.
    #[error(
        "PostgreSQL cannot be reached: {why}. Check that it runs, [store] postgres, and its password"
    )]
    Unreachable {
        /// In the driver's words.
        why: String,
    },
    /// The server would lose what it acknowledged.
    #[error(
        "PostgreSQL runs with {setting} = {found}, and must with {wanted}, or it would lose what it acknowledged: ALTER SYSTEM SET {setting} = on, then reload"
    )]
    Setting {
        /// Which setting.
        setting: &'static str,
        /// What it is.
        found: String,
        /// What it must be.
        wanted: &'static str,
    },
    /// The server is too old.
    #[error("PostgreSQL {found} is too old: version {wanted} or newer is needed")]
    Version {
        /// Its version.
        found: i32,
        /// The oldest that is good enough.
        wanted: i32,
    },
    /// A newer release made a schema that this one cannot use.
    #[error(
        "the schema has version {found}, which needs a release that knows version {needs}; this one knows {known}: run the newer release"
    )]
    TooNew {
        /// The schema's version.
        found: u32,
        /// What a process must know.
        needs: u32,
        /// What this one knows.
        known: u32,
    },
    /// The schema is older than this release, and the role may not change it.
    #[error(
        "the schema has version {found}, and this release needs {known}: run `writ store migrate` as the owner of the database first"
    )]
    TooOld {
        /// The schema's version.
        found: u32,
        /// What this release needs.
        known: u32,
    },
    /// The role is not bound by row-level security.
    #[error(
        "the role {role} is not bound by row-level security: use a role that is neither superuser nor BYPASSRLS"
    )]
    Role {
        /// Which role.
        role: String,
    },
    /// The server waits for a standby that does not answer, with so many statements that no more are begun.
    #[error(
        "PostgreSQL waits for its standby with {waiting} statements: look at the standby, or let another one count in synchronous_standby_names; nothing is asked over a new connection until then"
    )]
    Waits {
        /// Statements that have waited for a second and more.
        waiting: i64,
    },
    /// A statement failed, or was not answered in time; whether it was done is unknown.
    #[error("PostgreSQL: {why}")]
    Faulted {
        /// In its words.
        why: String,
        /// Its SQLSTATE, if it answered.
        state: Option<SqlState>,
    },
}

impl PgFault {
    /// Its stable code.
    pub fn code(&self) -> Code {
        Code(match self {
            Self::Options { .. } => "STOR-0050",
            Self::Unreachable { .. } => "STOR-0051",
            Self::Setting { .. } => "STOR-0052",
            Self::Version { .. } => "STOR-0053",
            Self::TooNew { .. } => "STOR-0054",
            Self::TooOld { .. } => "STOR-0055",
            Self::Role { .. } => "STOR-0056",
            Self::Faulted { .. } => "STOR-0057",
            Self::Waits { .. } => "STOR-0058",
        })
    }

    /// A fault in words of ours.
    pub(crate) fn words(why: impl Into<String>) -> Self {
        Self::Faulted { why: why.into(), state: None }
    }

    /// Whether the server said this.
    pub(crate) fn is(&self, wanted: &SqlState) -> bool {
        matches!(self, Self::Faulted { state: Some(state), .. } if state == wanted)
    }
}

impl From<tokio_postgres::Error> for PgFault {
    fn from(fault: tokio_postgres::Error) -> Self {
        Self::Faulted { state: fault.code().cloned(), why: said(&fault) }
    }
}

/// What a driver's fault says, without the parts of a row.
pub(super) fn said(fault: &tokio_postgres::Error) -> String {
    let mut words = if let Some(db) = fault.as_db_error() {
        format!("{} ({})", db.message(), db.code().code())
    } else {
        let source = std::error::Error::source(fault);
        source.map_or_else(|| fault.to_string(), |source| format!("{fault}: {source}"))
    };
    let cut = (0..=WORDS).rev().find(|at| words.is_char_boundary(*at)).unwrap_or(0);
    words.truncate(cut);
    words
}
