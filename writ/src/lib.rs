//! The one binary's parts: command line, wiring, doors for agents, the demo.
//!
//! Never here: a rule of the domain; those live in `authority`, and everything here asks for them.
//! To add a command: one file in `cli/`, its variant in `cli.rs`.

pub mod agent;
pub mod api;
pub mod backup;
pub mod book;
pub mod carry;
pub mod cli;
pub mod config;
pub mod demo;
pub mod drill;
pub mod fault;
pub mod host;
pub mod leave;
pub mod mcp;
pub mod metrics;
pub mod net;
pub mod out;
pub mod system;
pub mod telemetry;
pub mod witness;
