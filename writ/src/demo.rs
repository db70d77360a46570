//! The demo: three clients, a dozen agents, four real MCP servers of our own, one story with measured times.
//!
//! Never here: a shortcut around the gateway, the token endpoint or the ledger: what the demo shows is what a user gets.
//! To add a scene: `story.rs`, and its line in `summary.rs` if a script should be able to check it.

pub mod actor;
pub mod agreement;
pub mod asking;
pub mod kill;
pub mod origins;
pub mod people;
pub mod proof;
pub mod rehearsing;
pub mod servers;
pub mod stage;
pub mod story;
pub mod summary;
pub mod watching;
pub mod witness;
pub mod world;
