//! The console: server-rendered pages over the desk's use-cases. It shows nothing that the API cannot give.
//!
//! Never here: a decision, a rule, a store. To add a page: see `page.rs`.

pub mod asset;
pub mod form;
pub mod page;
pub mod part;
pub mod route;
pub mod shell;
pub mod show;
pub(crate) mod fleet;
pub mod view;
