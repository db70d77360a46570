//! The gateway: identify → authorize → hold or release → forward → record, for MCP over streamable HTTP and stdio.
//!
//! Read `journey.rs` first: the road of a request is one screen, and each station is a file of its own.
//! Never here: a rule about who may do what (`authority`), detection, a desk's use-case, a global.
//! To add a protocol: a sibling of `mcp`, its routes in `inbound.rs`, its road beside `journey::mcp`.

mod answer;
mod authorize;
mod body;
pub mod config;
mod core;
pub mod counters;
mod flight;
mod forward;
mod gateway;
mod hold;
mod identify;
mod inbound;
mod journey;
mod kill;
pub mod limits;
pub mod mcp;
mod pep;
mod record;
pub mod refusal;
mod rehearse;
mod release;
mod resume;
mod seal;
mod serve;
mod session;
mod streams;
mod tenancy;
mod travel;
mod upstream;

pub use config::{BadServer, Command, Place, Server, Target};
pub use core::Scribe;
pub use counters::Counted;
pub use gateway::{Gateway, GatewayParts, Running, StartFault};
