//! MCP as a client speaks it over Streamable HTTP: revisions 2025-11-25 (sessions) and 2026-07-28 (every request by
//! itself).
//!
//! Never here: what a tool does, or whether a call is allowed. To add a revision: a variant of [`Revision`], its headers
//! in `headers.rs`, its opening in `client.rs`.

pub mod client;
pub mod headers;
pub mod message;
pub mod params;
pub mod sse;

pub use client::{Client, McpFault};
pub use message::{Message, Shape};

/// The protocol revisions spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revision {
    /// `initialize`, then a session.
    V2025,
    /// No session: each request carries who asks and in which revision.
    V2026,
}

impl Revision {
    /// Its date, as it stands on the wire.
    pub const fn text(self) -> &'static str {
        match self {
            Self::V2025 => "2025-11-25",
            Self::V2026 => "2026-07-28",
        }
    }
}

/// `_meta` keys of revision 2026-07-28.
pub mod meta {
    /// The revision of this request.
    pub const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
    /// Name and version of the client.
    pub const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
    /// What the client can do.
    pub const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
    /// Name and version of the server, in results.
    pub const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
}

/// JSON-RPC error codes that we say or look for.
pub mod code {
    /// The body is no JSON.
    pub const PARSE: i64 = -32700;
    /// The body is no single JSON-RPC message.
    pub const INVALID_REQUEST: i64 = -32600;
    /// No such method.
    pub const METHOD_NOT_FOUND: i64 = -32601;
    /// The parameters do not fit.
    pub const INVALID_PARAMS: i64 = -32602;
    /// Something broke that the caller did not cause.
    pub const INTERNAL: i64 = -32603;
    /// Headers and body say different things (2026-07-28).
    pub const HEADER_MISMATCH: i64 = -32020;
    /// The revision is not spoken here (2026-07-28).
    pub const UNSUPPORTED_VERSION: i64 = -32022;
    /// What a door of ours says when it could not ask, or was told to stop.
    pub const DOOR: i64 = -32001;
}
