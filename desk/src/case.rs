//! Use-cases: what a person or a machine can ask of Writ, as async methods of [`crate::Desk`].
//!
//! Each resolves names within the asker's seats, lets `authority` decide, and returns a view. Never here: HTTP, a rule.
//! To add one: a method in the file of its noun.

pub(crate) mod agents;
pub(crate) mod answers;
pub(crate) mod calls;
pub(crate) mod clients;
pub(crate) mod enrollments;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod founding;
pub(crate) mod grants;
pub(crate) mod groups;
pub(crate) mod ledger;
pub(crate) mod life;
pub(crate) mod past;
pub(crate) mod people;
pub(crate) mod queue;
mod resolve;
mod show;
pub(crate) mod status;
pub(crate) mod timeline;
pub(crate) mod upkeep;
