//! `Mcp-Param-*` of revision 2026-07-28: arguments that a tool's schema (`x-mcp-header`) wants repeated in headers. A client
//! on stdio has no headers, so whoever makes requests of its lines repeats them; what the schema says is known from the
//! answer to `tools/list` that the client got.
//!
//! Never here: a message changed. To repeat another type of value: [`text`].

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName};
use writ_model::json::{self, Limits, Node, Value};

use super::headers;

/// LIMIT: tools remembered; those listed after so many are called without, and their server says so.
const TOOLS: usize = 1_024;
/// LIMIT: how deep in its arguments a tool may have what is repeated.
const DEPTH: usize = 8;

/// Where in a call's parameters a value is, and in which header it is repeated.
type Repeated = Vec<(Vec<String>, HeaderName)>;

/// What the tools that were listed want repeated.
#[derive(Debug, Default)]
pub struct Params(BTreeMap<String, Repeated>);

impl Params {
    /// Learns from an answer to `tools/list`; from anything else it learns nothing.
    pub fn learn(&mut self, answer: &[u8]) {
        let Ok(node) = json::parse(answer, &Limits::ANSWER) else { return };
        let tools = node.pointer("/result/tools").and_then(Node::as_array).unwrap_or_default();
        for tool in tools {
            let Some(name) = tool.get("name").and_then(Node::as_str) else { continue };
            let mut found = Repeated::new();
            let fits = tool
                .get("inputSchema")
                .is_none_or(|schema| scan(schema, &mut Vec::new(), &mut found).is_some());
            self.0.remove(name);
            if fits && !found.is_empty() && self.0.len() < TOOLS {
                self.0.insert(name.to_owned(), found);
            }
        }
    }

    /// Adds the headers that a `tools/call` has to have.
    pub fn put(&self, tool: &str, call: &[u8], headers: &mut HeaderMap) {
        let Some(repeated) = self.0.get(tool) else { return };
        let Ok(node) = json::parse(call, &Limits::REQUEST) else { return };
        let Some(arguments) = node.pointer("/params/arguments") else { return };
        for (path, name) in repeated {
            let value = path.iter().try_fold(arguments, |node, key| node.get(key));
            if let Some(text) = value.and_then(text) {
                headers::put(headers, name.clone(), &text);
            }
        }
    }
}

/// Finds what a schema wants repeated; nothing if it wants what cannot be: then none of it is.
fn scan(schema: &Node<'_>, path: &mut Vec<String>, found: &mut Repeated) -> Option<()> {
    let properties = schema.get("properties").and_then(Node::as_object).unwrap_or_default();
    if path.len() >= DEPTH {
        return Some(());
    }
    for (key, property) in properties {
        path.push(key.clone().into_owned());
        if let Some(wanted) = property.get("x-mcp-header") {
            let simple = matches!(
                property.get("type").and_then(Node::as_str),
                Some("string" | "integer" | "boolean")
            );
            let name = wanted.as_str().filter(|name| simple && !name.is_empty())?;
            let name = format!("mcp-param-{name}").parse::<HeaderName>().ok()?;
            if found.iter().any(|(_, known)| *known == name) {
                return None;
            }
            found.push((path.clone(), name));
        }
        scan(property, path, found)?;
        path.pop();
    }
    Some(())
}

/// A value as a header repeats it; what is absent or null is not repeated.
fn text(value: &Node<'_>) -> Option<String> {
    match &value.value {
        Value::String(text) => Some(text.clone().into_owned()),
        Value::Number(text) => Some((*text).to_owned()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(properties: &str) -> Params {
        let mut params = Params::default();
        let answer = format!(
            r#"{{"id":1,"result":{{"tools":[{{"name":"send","inputSchema":{{"type":"object","properties":{properties}}}}},{{"name":"x"}}]}}}}"#
        );
        params.learn(answer.as_bytes());
        params
    }

    fn put(params: &Params, arguments: &str) -> Vec<(String, String)> {
        let call = format!(
            r#"{{"id":1,"method":"tools/call","params":{{"name":"send","arguments":{arguments}}}}}"#
        );
        let mut headers = HeaderMap::new();
        params.put("send", call.as_bytes(), &mut headers);
        let text = |value: &http::HeaderValue| value.to_str().unwrap().to_owned();
        let mut found: Vec<_> =
            headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        found.sort();
        found
    }

    #[test]
    fn what_the_schema_marks_is_repeated() {
        let params = learned(
            r#"{"region":{"type":"string","x-mcp-header":"Region"},
                "urgent":{"type":"boolean","x-mcp-header":"Urgent"},
                "to":{"type":"object","properties":{"floor":{"type":"integer","x-mcp-header":"Floor"}}},
                "plain":{"type":"string"}}"#,
        );
        let found =
            put(&params, r#"{"region":"Zürich","urgent":false,"to":{"floor":42},"plain":"a"}"#);
        let found: Vec<_> = found.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(
            found,
            [
                ("mcp-param-floor", "42"),
                ("mcp-param-region", "=?base64?WsO8cmljaA==?="),
                ("mcp-param-urgent", "false"),
            ]
        );
        let none = put(&params, r#"{"region":null,"to":7}"#);
        assert!(none.is_empty(), "{none:?}");
        assert!(put(&Params::default(), r#"{"region":"eu"}"#).is_empty(), "never listed");
    }

    #[test]
    fn a_tool_that_marks_what_cannot_be_repeated_has_nothing_repeated() {
        for bad in [
            r#"{"type":"string","x-mcp-header":""}"#,
            r#"{"type":"string","x-mcp-header":"My Region"}"#,
            r#"{"type":"string","x-mcp-header":7}"#,
            r#"{"type":"number","x-mcp-header":"Score"}"#,
            r#"{"type":"string","x-mcp-header":"region"}"#,
        ] {
            let params = learned(&format!(
                r#"{{"region":{{"type":"string","x-mcp-header":"Region"}},"other":{bad}}}"#
            ));
            assert!(put(&params, r#"{"region":"eu"}"#).is_empty(), "{bad}");
        }
    }

    #[test]
    fn a_list_that_comes_again_counts() {
        let mut params = learned(r#"{"region":{"type":"string","x-mcp-header":"Region"}}"#);
        params.learn(br#"{"id":2,"error":{"code":1,"message":""}}"#);
        assert_eq!(put(&params, r#"{"region":"eu"}"#).len(), 1);
        params.learn(br#"{"id":2,"result":{"tools":[{"name":"send"}]}}"#);
        assert!(put(&params, r#"{"region":"eu"}"#).is_empty());
    }
}
