//! Names and numbers that both generations are told apart and translated by. Never here: logic beyond a look-up.

/// The stateless revision.
pub const STATELESS: &str = "2026-07-28";
/// Revisions with a session, oldest first.
pub const SESSION_BASED: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];
/// The newest revision with a session: what a session that nobody sees is opened with.
pub const NEWEST_SESSION: &str = "2025-11-25";

/// `_meta`: the revision of a request (SEP-2575).
pub const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
/// `_meta`: who the client says it is.
pub const META_CLIENT: &str = "io.modelcontextprotocol/clientInfo";
/// `_meta`: what the client can do.
pub const META_CAN: &str = "io.modelcontextprotocol/clientCapabilities";
/// `_meta`: from which level on the client wants to hear the log of a request.
pub const META_LEVEL: &str = "io.modelcontextprotocol/logLevel";
/// `_meta` of a result: who the server says it is.
pub const META_SERVER: &str = "io.modelcontextprotocol/serverInfo";
/// `_meta` of a notification: the request that opened the stream it is on.
pub const META_SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

/// JSON-RPC: no such method.
pub const RPC_METHOD: i64 = -32_601;
/// JSON-RPC: bad parameters.
pub const RPC_PARAMS: i64 = -32_602;
/// JSON-RPC: the other side's fault.
pub const RPC_INTERNAL: i64 = -32_603;
/// Up to 2025-11-25: no such resource.
pub const RPC_NO_RESOURCE: i64 = -32_002;
/// 2025-11-25: links have to be opened first.
pub const RPC_LINKS: i64 = -32_042;
/// 2026-07-28: headers and body disagree.
pub const RPC_HEADERS: i64 = -32_020;
/// 2026-07-28: the client lacks a capability.
pub const RPC_CAPABILITY: i64 = -32_021;
/// 2026-07-28: no such protocol version.
pub const RPC_VERSION: i64 = -32_022;

/// Log levels, as both generations name them (RFC 5424).
pub const LEVELS: [&str; 8] =
    ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

/// Methods whose result says how long it may be kept (SEP-2549).
pub const CACHEABLE: [&str; 6] = [
    "server/discover",
    "tools/list",
    "prompts/list",
    "resources/list",
    "resources/templates/list",
    "resources/read",
];

/// Methods whose answer may ask for input (SEP-2322).
pub const ASKING: [&str; 3] = ["tools/call", "prompts/get", "resources/read"];

/// Whether a revision with a session is at least this one.
pub fn since(revision: &str, first: &str) -> bool {
    SESSION_BASED.contains(&revision) && revision >= first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_are_ordered() {
        assert!(since("2025-11-25", "2025-06-18") && since("2025-06-18", "2025-06-18"));
        assert!(!since("2025-03-26", "2025-06-18") && !since("2031-01-01", "2025-06-18"));
    }
}
