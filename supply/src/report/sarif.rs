//! A scan as SARIF 2.1.0 (OASIS, 27 March 2020): one run, its rules with their cures, one result for each reason that weighs.
//!
//! Paths are told as they are, as addresses of files relative to where a viewer puts them. Never here: a secret.
//! To tell more of a result: a member in [`result`].

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    discover::{Reason, Verdict, rules},
    found::Found,
};

/// LIMIT: results of one document; viewers refuse more (GitHub: 25,000).
const MOST: usize = 25_000;

/// The document.
pub fn document(found: &Found, version: &str) -> Value {
    let mut used: BTreeMap<String, Value> = BTreeMap::new();
    let mut results = Vec::new();
    let files = found.files.iter().map(|file| (file.path.as_str(), file.finding, &file.reasons));
    let told: std::collections::BTreeSet<&str> =
        found.files.iter().map(|file| file.path.as_str()).collect();
    // What a file says of itself is not said again by its components.
    let components = found
        .components
        .iter()
        .filter(|one| !told.contains(one.path.as_str()) || one.target.is_some())
        .map(|one| (one.path.as_str(), one.finding, &one.reasons));
    for (path, finding, reasons) in files.chain(components) {
        for reason in reasons.iter().take(MOST.saturating_sub(results.len())) {
            used.entry(reason.rule.to_string()).or_insert_with(|| rule(&reason.rule));
            results.push(result(path, finding, reason));
        }
    }
    results.sort_by_key(Value::to_string);
    results.dedup();
    let unread: Vec<Value> = found
        .coverage
        .unread
        .iter()
        .map(|one| json!({"level": "warning", "message": {"text": literal(&format!("{}: {}", one.path, one.why))}}))
        .collect();
    json!({
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "writ scan", "version": version, "rules": used.into_values().collect::<Vec<_>>()}},
            "invocations": [{"executionSuccessful": !found.incomplete(), "toolExecutionNotifications": unread}],
            "results": results,
        }],
    })
}

fn rule(id: &str) -> Value {
    let title = rules::of(id).map_or("a rule about files of models", |rule| rule.title);
    json!({"id": id, "shortDescription": {"text": title}, "help": {"text": rules::cure(id)}})
}

fn result(path: &str, finding: Verdict, reason: &Reason) -> Value {
    let weight = match rules::of(&reason.rule) {
        Some(rule) => rule.weight,
        None => Some(finding),
    };
    let level = match weight {
        Some(Verdict::Malicious) => "error",
        Some(Verdict::Suspicious) => "warning",
        Some(Verdict::Clean | Verdict::Unknown) | None => "note",
    };
    let mut physical = json!({"artifactLocation": {"uri": address(path)}});
    if let Some(line) = line(&reason.at)
        && let Some(physical) = physical.as_object_mut()
    {
        physical.insert("region".to_owned(), json!({"startLine": line}));
    }
    json!({
        "ruleId": reason.rule,
        "level": level,
        "message": {"text": literal(&reason.sentence)},
        "locations": [{"physicalLocation": physical, "logicalLocations": [{"fullyQualifiedName": reason.at}]}],
    })
}

/// A text in which nothing is a link: what was quoted may be written like one (3.11.6).
fn literal(text: &str) -> String {
    if text.contains("](") { text.replace('[', "\\[").replace(']', "\\]") } else { text.to_owned() }
}

/// The line of a place, if it names one.
fn line(at: &str) -> Option<u64> {
    let rest = at.split("line ").nth(1)?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().filter(|line| *line > 0)
}

/// A path as an address (RFC 3986): what may not stand in one is written by its bytes.
fn address(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'\\' => out.push('/'),
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b'/'
            | b':'
            | b'@'
            | b'+' => {
                out.push(char::from(byte));
            }
            _ => {
                out.push('%');
                for half in [byte >> 4, byte & 15] {
                    out.push(
                        char::from_digit(u32::from(half), 16).unwrap_or('0').to_ascii_uppercase(),
                    );
                }
            }
        }
    }
    if out.starts_with('/') { format!("file://{out}") } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discover::{Component, FileVerdict, Kind};

    #[test]
    fn what_is_quoted_is_no_link() {
        assert_eq!(
            literal("it names `[here](https://x.example)`"),
            "it names `\\[here\\](https://x.example)`"
        );
        assert_eq!(literal("a[0] and (b)"), "a[0] and (b)");
    }

    #[test]
    fn results_name_rule_level_and_place() {
        let reasons =
            vec![Reason::new("key.plain", "A key.", "line 7"), Reason::new("rules.file", "x", "")];
        let found =
            Found {
                files: vec![FileVerdict::of("/a b/ü.md", "rules", reasons.clone())],
                components: vec![
                    Component::new(Kind::Rules, "x", "/a b/ü.md", "rules.file").because(reasons),
                    Component::new(Kind::Grant, "y", "g.json", "grant.ai")
                        .because(vec![Reason::new("grant.wide", "Wide.", "1")]),
                ],
                ..Found::default()
            };
        let document = document(&found, "0.0.0");
        let results = document["runs"][0]["results"].as_array().unwrap();
        assert_eq!(results.len(), 3);
        let key = results.iter().find(|one| one["ruleId"] == "key.plain").unwrap();
        assert_eq!(key["level"], "warning");
        let place = &key["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "file:///a%20b/%C3%BC.md");
        assert_eq!(place["region"]["startLine"], 7);
        assert_eq!(document["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap().len(), 3);
    }
}
