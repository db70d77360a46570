//! The smallest grant that would have allowed some calls: rules that all of them satisfy, and how often they came. Pure.
//!
//! Never here: whether a grant would help at all (`observe.rs`), or what is signed.
//! SECURITY: the values are an agent's own; whoever signs the grant reads each of them, quoted.

use std::collections::{BTreeMap, BTreeSet};

use writ_authority::{ArgRule, Condition};
use writ_lake::Record;
use writ_model::{
    Secret, Span,
    json::{self, Limits, Node, Value},
};

/// LIMIT: values listed for one argument; more are bounded by their length.
const VALUES: usize = 16;
/// LIMIT: letters of a listed value.
const LISTED: u64 = 200;
/// LIMIT: rules of one grant.
const RULES: usize = 24;

/// Most of these in one day.
pub(super) fn most_in_a_day(records: &[&Record]) -> u64 {
    let mut days: BTreeMap<i64, u64> = BTreeMap::new();
    for record in records {
        *days.entry(record.at.micros().div_euclid(Span::days(1).as_micros())).or_default() += 1;
    }
    days.into_values().max().unwrap_or(1)
}

/// What one argument was seen as.
#[derive(Default)]
struct Values {
    seen: usize,
    texts: BTreeSet<String>,
    numbers: Vec<(i64, String)>,
    yes: Option<bool>,
    longest: u64,
    other: bool,
}

impl Values {
    fn take(&mut self, node: &Node<'_>) {
        self.seen += 1;
        match &node.value {
            Value::String(text) => {
                self.longest = self.longest.max(u64::try_from(text.chars().count()).unwrap_or(0));
                self.other |= !self.numbers.is_empty() || self.yes.is_some();
                if self.texts.len() <= VALUES {
                    self.texts.insert(text.to_string());
                }
            }
            Value::Number(text) => match json::decimal4(text) {
                Some(value) if self.texts.is_empty() && self.yes.is_none() => {
                    self.numbers.push((value, (*text).to_owned()));
                }
                _ => self.other = true,
            },
            Value::Bool(value) => {
                self.other |= self.yes.is_some_and(|yes| yes != *value)
                    || !self.texts.is_empty()
                    || !self.numbers.is_empty();
                self.yes = Some(*value);
            }
            Value::Null | Value::Array(_) | Value::Object(_) => self.other = true,
        }
    }

    /// The tightest conditions that all of it satisfies; nothing if it cannot be narrowed.
    fn conditions(&self) -> Vec<Condition> {
        if self.other {
            return Vec::new();
        }
        if let Some(yes) = self.yes {
            return vec![Condition::Is(yes)];
        }
        let least = self.numbers.iter().min_by_key(|(value, _)| *value);
        let most = self.numbers.iter().max_by_key(|(value, _)| *value);
        if let (Some((_, least)), Some((_, most))) = (least, most) {
            return vec![Condition::AtLeast(least.clone()), Condition::AtMost(most.clone())];
        }
        let listed = self.texts.len() <= VALUES && self.longest <= LISTED;
        match (listed, u32::try_from(self.longest)) {
            (true, _) => vec![Condition::OneOf(self.texts.iter().cloned().collect())],
            (false, Ok(size)) => vec![Condition::Size(size)],
            (false, Err(_)) => Vec::new(),
        }
    }
}

/// Rules that all of these satisfy, and whether nothing else may be given.
pub(super) fn rules(sent: &[Option<Secret<Vec<u8>>>]) -> (Vec<ArgRule>, bool) {
    let mut values: BTreeMap<String, Values> = BTreeMap::new();
    let mut named = true;
    for bytes in sent.iter().flatten() {
        let Ok(node) = json::parse(bytes.expose(), &Limits::REQUEST) else {
            return (Vec::new(), false);
        };
        let Value::Object(members) = &node.value else { return (Vec::new(), false) };
        for (name, node) in members {
            values.entry(name.to_string()).or_default().take(node);
        }
    }
    let mut rules = Vec::new();
    for (name, seen) in values {
        let conditions = seen.conditions();
        if conditions.is_empty() || rules.len() + conditions.len() > RULES {
            named = false;
            continue;
        }
        let path = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        let optional = seen.seen < sent.len();
        rules.extend(conditions.into_iter().map(|must| ArgRule {
            path: path.clone(),
            must,
            optional,
        }));
    }
    (rules, named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_grant_holds_what_was_seen_and_nothing_else() {
        let sent: Vec<_> = [
            r#"{"to":"ana@x.example","amount":12.5,"urgent":true,"note":"a","lines":[1]}"#,
            r#"{"to":"bo@x.example","amount":3,"urgent":true,"lines":[2]}"#,
        ]
        .iter()
        .map(|text| Some(Secret::new(text.as_bytes().to_vec())))
        .collect();
        let (rules, named) = rules(&sent);
        let said: Vec<String> = rules
            .iter()
            .map(|rule| format!("{} {} {}", rule.path, rule.must.words(), rule.optional))
            .collect();
        assert_eq!(
            said,
            [
                "/amount must be at least 3 false",
                "/amount must be at most 12.5 false",
                "/note must be one of a true",
                "/to must be one of ana@x.example, bo@x.example false",
                "/urgent must be true false",
            ]
        );
        assert!(!named, "a list cannot be narrowed, so other arguments stay allowed");
    }
}
