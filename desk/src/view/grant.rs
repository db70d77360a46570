//! Grants in words, beside how they were used.

use serde::Serialize;
use writ_authority::{
    condition::Condition,
    fact::Subject,
    grant::{Limit, Surface, Window},
};
use writ_model::{GrantId, Timestamp};

use super::PersonRef;

/// A condition on one argument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleView {
    /// JSON Pointer below the call's arguments.
    pub path: String,
    /// What must hold, as it was written.
    pub must: Condition,
    /// The same in words: `/to must be addresses of harborbooks.example`.
    pub words: String,
    /// The argument may be left out.
    pub optional: bool,
}

/// How a grant was used, counted from activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct UseView {
    /// Permitted calls under it.
    pub count: u64,
    /// The first.
    pub first: Option<Timestamp>,
    /// The last.
    pub last: Option<Timestamp>,
}

/// A grant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GrantView {
    /// Which.
    pub grant: GrantId,
    /// To whom.
    pub subject: Subject,
    /// That agent's or group's name.
    pub subject_name: String,
    /// Whether it reaches the agent asked about through a group.
    pub inherited: bool,
    /// On which server.
    pub server: String,
    /// Which kind of thing.
    pub surface: Surface,
    /// Its name or pattern.
    pub name: String,
    /// What it allows, one phrase: `call tool send_message on mail`.
    pub words: String,
    /// Under which conditions on arguments.
    pub rules: Vec<RuleView>,
    /// Whether arguments that no rule names are refused.
    pub only_named_arguments: bool,
    /// When in the week.
    pub window: Option<Window>,
    /// The same in words.
    pub window_words: Option<String>,
    /// How often.
    pub limits: Vec<Limit>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Not after.
    pub until: Option<Timestamp>,
    /// Who gave it.
    pub given_by: PersonRef,
    /// When.
    pub given_at: Timestamp,
    /// Why.
    pub reason: String,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
    /// The ledger line that gave it.
    pub line: u64,
    /// How it was used.
    pub used: UseView,
}
