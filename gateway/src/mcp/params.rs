//! `Mcp-Param-*` of 2026-07-28 (SEP-2243): arguments that a tool's schema (`x-mcp-header`) wants repeated in headers. What the
//! schema says is known from the answers to `tools/list` that pass.
//!
//! Never here: a decision, which is made on the arguments; a message changed. To repeat another type of value: [`text`].

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName};
use writ_model::json::{self, Limits, Node, Value};

use crate::{
    mcp::{
        header::{decoded, once},
        parse::Message,
    },
    refusal::{self, Refusal},
};

/// LIMIT: tools remembered; those listed after so many are called as if they wanted nothing, and their server says so.
const TOOLS: usize = 4_096;
/// LIMIT: how deep in its arguments a tool may have what is repeated.
const DEPTH: usize = 8;

/// LIMIT: headers of one tool; one that wants more is called as if it wanted nothing.
const HEADERS: usize = 32;

/// Where in a call's arguments a value is, and in which header it is repeated.
type Repeated = Vec<(Vec<String>, HeaderName)>;

/// What the tools that were listed want repeated.
#[derive(Debug, Default)]
pub struct Params(BTreeMap<String, Repeated>);

/// What an answer to `tools/list` says of its tools; read before [`Params`] are locked, because it may be long.
#[derive(Debug, Default)]
pub struct News(Vec<(String, Repeated)>);

impl News {
    /// Reads an answer to `tools/list`; in anything else is no news.
    pub fn of(answer: &[u8]) -> Self {
        let Ok(node) = json::parse(answer, &Limits::ANSWER) else { return Self::default() };
        let tools = node.pointer("/result/tools").and_then(Node::as_array).unwrap_or_default();
        let of = |tool: &Node<'_>| {
            let name = tool.get("name").and_then(Node::as_str)?;
            let mut found = Repeated::new();
            let fits = tool
                .get("inputSchema")
                .is_none_or(|schema| scan(schema, &mut Vec::new(), &mut found).is_some());
            Some((name.to_owned(), if fits { found } else { Repeated::new() }))
        };
        // LIMIT: of more tools than are remembered nothing is kept.
        Self(tools.iter().take(TOOLS).filter_map(of).collect())
    }
}

impl Params {
    /// Takes in what a list says: of each tool what stands last counts.
    pub fn learn(&mut self, news: News) {
        for (name, found) in news.0 {
            self.0.remove(&name);
            if !found.is_empty() && self.0.len() < TOOLS {
                self.0.insert(name, found);
            }
        }
    }

    /// The headers that a tool wants with these arguments, and what each says; nothing if it is not to be there.
    pub fn of(
        &self,
        tool: &str,
        arguments: Option<&Node<'_>>,
    ) -> Vec<(HeaderName, Option<String>)> {
        let Some(repeated) = self.0.get(tool) else { return Vec::new() };
        let value = |path: &[String]| {
            path.iter().try_fold(arguments?, |node, key| node.get(key)).and_then(text)
        };
        repeated.iter().map(|(path, name)| (name.clone(), value(path))).collect()
    }

    /// Whether the headers of a call repeat its arguments, as far as its tool was listed.
    ///
    /// # Errors
    /// With the header that does not.
    pub fn agree(&self, headers: &HeaderMap, message: &Message<'_>) -> Result<(), Refusal> {
        if self.0.is_empty() || message.method() != Some("tools/call") {
            return Ok(());
        }
        let Some(params) = message.params() else { return Ok(()) };
        let tool = params.get("name").and_then(Node::as_str).unwrap_or_default();
        for (name, wanted) in self.of(tool, params.get("arguments")) {
            let sent = once(headers, &name)?;
            let said = sent.map(decoded);
            let fits = match (said, &wanted) {
                (None, None) => true,
                (Some(Some(said)), Some(wanted)) => said == *wanted || equal(&said, wanted),
                (None | Some(None), Some(_)) | (Some(_), None) => false,
            };
            if !fits {
                return Err(
                    refusal::MISMATCH.saying(format!("header {name} does not match the arguments"))
                );
            }
        }
        Ok(())
    }
}

/// Two spellings of one whole number.
fn equal(said: &str, wanted: &str) -> bool {
    matches!((said.parse::<i64>(), wanted.parse::<i64>()), (Ok(said), Ok(wanted)) if said == wanted)
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
            if found.len() >= HEADERS || found.iter().any(|(_, known)| *known == name) {
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
    use crate::mcp::parse;

    fn learned(properties: &str) -> Params {
        let mut params = Params::default();
        let answer = format!(
            r#"{{"id":1,"result":{{"tools":[{{"name":"send","inputSchema":{{"type":"object","properties":{properties}}}}},{{"name":"x"}}]}}}}"#
        );
        params.learn(News::of(answer.as_bytes()));
        params
    }

    fn verdict(params: &Params, arguments: &str, sent: &[(&str, &str)]) -> bool {
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"send","arguments":{arguments}}}}}"#
        );
        let node = parse::read(body.as_bytes()).unwrap();
        let message = parse::message(&node).unwrap();
        let headers: HeaderMap = sent
            .iter()
            .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
            .collect();
        let verdict = params.agree(&headers, &message);
        if let Err(refusal) = &verdict {
            assert_eq!(refusal.code.0, "GATE-0014");
        }
        verdict.is_ok()
    }

    const SCHEMA: &str = r#"{"region":{"type":"string","x-mcp-header":"Region"},
        "urgent":{"type":"boolean","x-mcp-header":"Urgent"},
        "to":{"type":"object","properties":{"floor":{"type":"integer","x-mcp-header":"Floor"}}},
        "plain":{"type":"string"}}"#;

    #[test]
    fn what_the_schema_marks_is_repeated() {
        let params = learned(SCHEMA);
        let node = parse::read(br#"{"region":"eu","urgent":false,"to":{"floor":42},"plain":"a"}"#);
        let node = node.unwrap();
        let of = |node| {
            let found = params.of("send", node).into_iter();
            let mut found: Vec<_> =
                found.map(|(name, text)| (name.to_string(), text.unwrap_or_default())).collect();
            found.sort();
            found
        };
        let pairs = |region: &str, urgent: &str, floor: &str| {
            [("floor", floor), ("region", region), ("urgent", urgent)]
                .map(|(name, text)| (format!("mcp-param-{name}"), text.to_owned()))
        };
        assert_eq!(of(Some(&node)), pairs("eu", "false", "42"));
        assert_eq!(of(None), pairs("", "", ""));
        assert!(params.of("x", Some(&node)).is_empty() && params.of("y", None).is_empty());
    }

    #[test]
    fn headers_repeat_the_arguments_or_are_refused() {
        let params = learned(SCHEMA);
        let region = |value| [("mcp-param-region", value)];
        for (arguments, sent, wanted) in [
            (r#"{"region":"eu"}"#, &region("eu")[..], true),
            (r#"{"region":"eu"}"#, &region("us"), false),
            (r#"{"region":"eu"}"#, &[], false),
            (r#"{"region":null}"#, &[], true),
            ("{}", &region("eu"), false),
            (r#"{"region":"Hello"}"#, &region("=?base64?SGVsbG8=?="), true),
            (r#"{"region":"Hello"}"#, &region("=?base64?SGVsbG8?="), false),
            (r#"{"region":"Hello"}"#, &region("=?base64?SGVs!!!bG8=?="), false),
            (r#"{"region":"SGVsbG8="}"#, &region("SGVsbG8="), true),
            (r#"{"to":{"floor":7}}"#, &[("mcp-param-floor", "07")], true),
            (r#"{"to":{"floor":7}}"#, &[("mcp-param-floor", "8")], false),
            (r#"{"urgent":true}"#, &[("mcp-param-urgent", "true")], true),
            (r#"{"plain":"a"}"#, &[("mcp-param-other", "b")], true),
        ] {
            assert_eq!(verdict(&params, arguments, sent), wanted, "{arguments} {sent:?}");
        }
        let twice = [("mcp-param-region", "eu"), ("mcp-param-region", "eu")];
        assert!(!verdict(&params, r#"{"region":"eu"}"#, &twice));
        assert!(verdict(&Params::default(), r#"{"region":"eu"}"#, &[]), "never listed");
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
            assert!(params.of("send", None).is_empty(), "{bad}");
        }
    }

    #[test]
    fn a_list_that_comes_again_counts() {
        let mut params = learned(r#"{"region":{"type":"string","x-mcp-header":"Region"}}"#);
        params.learn(News::of(br#"{"id":2,"error":{"code":1,"message":""}}"#));
        assert_eq!(params.of("send", None).len(), 1);
        params.learn(News::of(br#"{"id":2,"result":{"tools":[{"name":"send"}]}}"#));
        assert!(params.of("send", None).is_empty());
    }
}
