//! The gateway: identify → authorize → hold or release → forward → record, for MCP over streamable HTTP and stdio.
//!
//! Read `journey.rs` first: the road of a request is one screen, and each station is a file of its own.
//! Never here: a rule about who may do what (`authority`), detection, a desk's use-case, a global.
//! To add a protocol: a sibling of `mcp`, its routes in `inbound.rs`, its road beside `journey::mcp`.

mod answer;
pub mod ask;
mod authorize;
mod behalf;
mod body;
pub mod bus;
mod catalog;
pub mod config;
pub mod confirm;
mod core;
pub mod counters;
pub mod fair;
mod flight;
mod flow;
mod forward;
mod gateway;
pub mod halt;
mod health;
mod hold;
mod identify;
mod inbound;
mod journey;
mod kill;
pub mod limits;
mod many;
pub mod mcp;
pub mod metrics;
mod pending;
mod pep;
mod record;
pub mod recorder;
pub mod refusal;
mod rehearse;
mod release;
mod resume;
mod returned;
mod seal;
mod serve;
mod session;
mod settle;
mod standing;
mod streams;
mod tenancy;
mod trace;
mod travel;
mod unfinished;
mod upstream;

pub use catalog::FirstSight;
pub use config::{BadServer, Command, Holders, Place, Protected, Server, Target};
pub use confirm::{Confirm, Direct};
pub use core::Scribe;
pub use counters::Counted;
pub use fair::TenantBounds;
pub use gateway::{Gateway, GatewayParts, Running, StartFault};
pub use halt::Stopped;
pub use health::ServerHealth;
pub use inbound::framing::{Followed, followed};
pub use many::Outage;
pub use metrics::{Latencies, Metrics};
pub use recorder::{Book, InLake, Recorder};
