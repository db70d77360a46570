//! The agreement on decision authority: the catalogue of decisions, charters and their clauses, the judgment of a deed,
//! differences in words, the letter to the owner.
//!
//! Pure: no IO, no clock, no entropy; the same input gives the same bytes. Never here: who signs, who approves, what is a
//! fact (`authority`), or how a page looks. To add a noun: one file, one type, its check in `check/`, its words in
//! `words.rs`, a row in `tests/cases.md` if it decides.

pub mod action;
pub mod calendar;
pub mod catalog;
pub mod charter;
pub mod check;
pub mod classify;
pub mod clause;
pub mod clock;
pub mod diff;
pub mod judge;
pub mod letter;
pub mod money;
pub mod template;
pub mod text;
mod words;

pub use action::{Action, Blast, Reversibility, family};
pub use calendar::{Calendar, Hours};
pub use catalog::{ANSWERS, CATALOG_VERSION, UNTRUSTED, action, catalog, reads};
pub use charter::{Charter, Naming, NotACharter, Parties};
pub use check::Bad;
pub use classify::{AmountAt, Classes, Reach};
pub use clause::{Clause, Limit, Mode, Per, Scope, Seat, Severity, Unless, Waits, When};
pub use clock::local;
pub use diff::{Change, Direction, diff};
pub use judge::{Bound, Deed, Judgment, Suspended, Why};
pub use letter::{Letter, letter};
pub use money::{Amount, Money};
pub use template::{Inherited, Template, flatten};
pub use text::{charter_text, clause_text};
pub use writ_model::{Role, Side};
