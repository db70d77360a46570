//! The one binary's parts: command line, wiring, doors for agents, the demo.
//!
//! Never here: a rule of the domain; those live in `authority`, and everything here asks for them.
//! Without the feature `server` the binary is `writ scan` alone, for any system Rust knows: what it needs is not gated here.
//! To add a command: one file in `cli/`, its variant in `cli.rs`.

#[cfg(feature = "server")]
pub mod agent;
#[cfg(feature = "server")]
pub mod api;
#[cfg(feature = "server")]
pub mod backup;
#[cfg(feature = "server")]
pub mod book;
#[cfg(feature = "server")]
pub mod carry;
#[cfg(feature = "server")]
pub mod cli;
#[cfg(not(feature = "server"))]
#[path = "cli/alone.rs"]
pub mod cli;
#[cfg(feature = "server")]
pub mod config;
#[cfg(feature = "server")]
pub mod demo;
#[cfg(feature = "server")]
pub mod drill;
pub mod fault;
#[cfg(feature = "server")]
pub mod host;
#[cfg(feature = "server")]
pub mod leave;
#[cfg(feature = "server")]
pub mod mcp;
#[cfg(feature = "server")]
pub mod metrics;
#[cfg(feature = "server")]
pub mod net;
pub mod out;
pub mod system;
#[cfg(feature = "server")]
pub mod telemetry;
#[cfg(feature = "server")]
pub mod witness;
