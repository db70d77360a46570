//! `Mcp-Param-*` for clients that have no headers: whoever makes requests of a client's lines repeats in headers what the
//! schemas of the listed tools want.
//!
//! Never here: which arguments those are (the gateway's `mcp/params.rs` reads the schemas), or a message changed.

use http::HeaderMap;
use writ_gateway::mcp::params::Params;
use writ_model::json::{self, Limits};

use super::headers;

/// Adds the headers that a `tools/call` of this tool has to have.
pub fn put(params: &Params, tool: &str, call: &[u8], headers: &mut HeaderMap) {
    let Ok(node) = json::parse(call, &Limits::REQUEST) else { return };
    for (name, text) in params.of(tool, node.pointer("/params/arguments")) {
        if let Some(text) = text {
            headers::put(headers, name, &text);
        }
    }
}

#[cfg(test)]
mod tests {
    use writ_gateway::mcp::params::News;

    use super::*;

    #[test]
    fn a_line_becomes_a_request_with_headers() {
        let mut params = Params::default();
        params.learn(News::of(
            br#"{"id":1,"result":{"tools":[{"name":"send","inputSchema":{"properties":
                {"region":{"type":"string","x-mcp-header":"Region"},"urgent":{"type":"boolean","x-mcp-header":"Urgent"}}}}]}}"#,
        ));
        let call = r#"{"id":2,"method":"tools/call","params":{"name":"send","arguments":{"region":"Zürich","urgent":null}}}"#;
        let mut headers = HeaderMap::new();
        put(&params, "other", call.as_bytes(), &mut headers);
        assert!(headers.is_empty());
        put(&params, "send", call.as_bytes(), &mut headers);
        assert_eq!(headers.len(), 1);
        assert_eq!(headers["mcp-param-region"], "=?base64?WsO8cmljaA==?=");
    }
}
