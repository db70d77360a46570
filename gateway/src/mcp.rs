//! MCP as it is on the wire: messages, methods, headers, lists, streams.
//!
//! Never here: who may do what, or IO.
//! To add a method: a row in [`method`]; to add a revision: a line in [`header::HANDSHAKE`] and what it demands of headers.

pub mod elicit;
pub mod header;
pub mod held;
pub mod list;
pub mod method;
pub mod outline;
pub mod params;
pub mod parse;
pub mod reply;
pub mod sse;
