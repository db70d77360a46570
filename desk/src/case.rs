//! Use-cases: what a person or a machine can ask of Writ, as async methods of [`crate::Desk`].
//!
//! Each resolves names within the asker's seats, lets `authority` decide, and returns a view. Never here: HTTP, a rule.
//! To add one: a method in the file of its noun.

pub(crate) mod after;
pub(crate) mod agents;
pub(crate) mod answers;
pub(crate) mod approvals;
mod asked;
pub(crate) mod away;
pub(crate) mod calls;
pub(crate) mod charter;
pub(crate) mod clients;
pub(crate) mod collect;
pub(crate) mod contact;
mod drilling;
pub(crate) mod drills;
pub(crate) mod endings;
pub(crate) mod enrollments;
pub(crate) mod explain;
mod explanation;
pub(crate) mod export;
pub(crate) mod format;
pub(crate) mod founding;
mod freeze;
pub(crate) mod grants;
pub(crate) mod groups;
pub(crate) mod held;
pub(crate) mod invitations;
mod joining;
pub(crate) mod keys;
pub(crate) mod ledger;
mod ledgers;
pub(crate) mod life;
mod me;
mod mirror;
pub(crate) mod moving;
pub(crate) mod observe;
pub(crate) mod operations;
pub(crate) mod past;
pub(crate) mod people;
mod policy;
pub(crate) mod queue;
pub(crate) mod receipts;
mod recoveries;
pub(crate) mod replay;
mod resolve;
pub(crate) mod show;
pub(crate) mod sign_in;
mod signings;
mod smallest;
pub(crate) mod status;
mod story;
pub(crate) mod templates;
pub(crate) mod timeline;
pub(crate) mod upkeep;
pub(crate) mod witnesses;
