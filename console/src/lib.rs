//! The console: server-rendered pages over the desk's use-cases. It shows nothing that the API cannot give.
//!
//! Never here: a decision, a rule, a store. To add a page: see `page.rs`; a form: see `form.rs`.

pub mod asset;
pub mod flash;
pub mod form;
pub mod head;
mod live;
pub mod page;
pub mod part;
pub mod route;
mod router;
pub mod shell;
pub mod show;
mod visit;

pub use router::router;
pub(crate) use writ_desk::view;
