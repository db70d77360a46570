//! What can go wrong with the lake. Never here: a refusal (the lake refuses nobody).

use writ_model::Code;

/// A fault of the lake.
#[derive(Debug, thiserror::Error)]
pub enum LakeFault {
    /// The file cannot be opened or brought to this build's form.
    #[error("activity store `{path}` cannot be opened")]
    Open {
        /// Which file.
        path: String,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// The file cannot be made with a mode of its own.
    #[error("activity store `{path}` cannot be made")]
    File {
        /// Which file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file was made by another release, whose tables differ.
    #[error("activity store `{path}` has form {form}, this build reads {}", crate::sql::FORM)]
    Form {
        /// Which file.
        path: String,
        /// Its form.
        form: i64,
    },
    /// A statement failed.
    #[error("activity store failed while it tried to {what}")]
    Sql {
        /// What was tried.
        what: &'static str,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// A stored value is not what was written.
    #[error("activity store row {pos}: column {column} is damaged")]
    Damaged {
        /// Which row.
        pos: i64,
        /// Which column.
        column: &'static str,
    },
    /// What the ledger seals is not what is kept here: records are lost or altered.
    #[error("activity store does not have the records that ledger line {line} seals")]
    Contradicted {
        /// Which line.
        line: u64,
    },
    /// The journal beside the store cannot be opened, read or written.
    #[error("the journal `{path}` cannot be used")]
    Journal {
        /// Which file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file of the journal was written by a newer release.
    #[error("the journal `{path}` cannot be read by this release")]
    JournalUnread {
        /// Which file.
        path: String,
        /// Why.
        #[source]
        source: crate::wire::WireFault,
    },
    /// A flush or a write of the journal failed, and no new file of it was flushed yet: nothing can be recorded.
    #[error("the journal of records cannot be written")]
    NotJournaled,
    /// The writer has stopped; nothing is recorded any more.
    #[error("activity store is closed")]
    Closed,
}

impl LakeFault {
    /// The stable code.
    pub const fn code(&self) -> Code {
        Code(match self {
            Self::Open { .. } | Self::File { .. } => "LAKE-0001",
            Self::Sql { .. } => "LAKE-0002",
            Self::Damaged { .. } => "LAKE-0003",
            Self::Closed => "LAKE-0004",
            Self::Contradicted { .. } => "LAKE-0005",
            Self::Form { .. } => "LAKE-0006",
            Self::Journal { .. } => "LAKE-0010",
            Self::JournalUnread { .. } => "LAKE-0011",
            Self::NotJournaled => "LAKE-0012",
        })
    }

    pub(crate) fn sql(what: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| Self::Sql { what, source }
    }
}
