//! Conditions on arguments: what a grant says about one value of a call.
//!
//! Each condition has three forms that must agree: its words, its plain evaluation here (for explanations), and its Cedar
//! text (`slice/cedar.rs`, which decides). A property test compares the last two.
//! To add one: a variant, its words, its check, its feature and Cedar text, a row in the differential test.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use writ_model::json::{Node, Value, decimal4};

/// A condition on the value at a JSON Pointer below the call's arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArgRule {
    /// RFC 6901 pointer, for example `/to`.
    pub path: String,
    /// What must hold.
    pub must: Condition,
    /// The argument may be left out.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub optional: bool,
}

/// What a value must be. A value that cannot be compared exactly does not satisfy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// A string that is one of these, letter for letter.
    OneOf(Vec<String>),
    /// A string that is none of these.
    NoneOf(Vec<String>),
    /// A string that matches one of these patterns; `*` stands for any letters.
    Like(Vec<String>),
    /// A number of at most this, a decimal with up to four places.
    AtMost(String),
    /// A number of at least this, a decimal with up to four places.
    AtLeast(String),
    /// `true` or `false`.
    Is(bool),
    /// A path inside one of these folders, `..` and `.` resolved; relative paths and `~` do not satisfy.
    Under(Vec<String>),
    /// A mail address, or a list or comma-separated row of them, each in one of these domains.
    Domains(Vec<String>),
    /// A string of at most this many characters, or a list of at most this many items.
    Size(u32),
    /// Not given at all.
    Absent,
}

impl Condition {
    /// What must hold, in words that follow the argument's name.
    pub fn words(&self) -> String {
        let row = |list: &[String]| list.join(", ");
        match self {
            Self::OneOf(list) => format!("must be one of {}", row(list)),
            Self::NoneOf(list) => format!("must be none of {}", row(list)),
            Self::Like(list) => format!("must look like {}", row(list)),
            Self::AtMost(limit) => format!("must be at most {limit}"),
            Self::AtLeast(limit) => format!("must be at least {limit}"),
            Self::Is(wanted) => format!("must be {wanted}"),
            Self::Under(list) => format!("must be inside {}", row(list)),
            Self::Domains(list) => format!("must be addresses of {}", row(list)),
            Self::Size(most) => format!("must have at most {most} characters or items"),
            Self::Absent => "must not be given".to_owned(),
        }
    }

    /// Whether a value satisfies it; plain evaluation, for explanations and as the second opinion in tests.
    pub fn holds(&self, value: Option<&Node<'_>>) -> bool {
        let Some(node) = value else {
            return matches!(self, Self::Absent);
        };
        let text = node.as_str();
        match self {
            Self::OneOf(list) => text.is_some_and(|text| list.iter().any(|one| one == text)),
            Self::NoneOf(list) => text.is_some_and(|text| list.iter().all(|one| one != text)),
            Self::Like(list) => text.is_some_and(|text| list.iter().any(|one| like(one, text))),
            Self::AtMost(limit) => {
                compare(node, limit).is_some_and(|(value, limit)| value <= limit)
            }
            Self::AtLeast(limit) => {
                compare(node, limit).is_some_and(|(value, limit)| value >= limit)
            }
            Self::Is(wanted) => node.value == Value::Bool(*wanted),
            Self::Under(list) => normal_path(node).is_some_and(|path| {
                list.iter().any(|root| {
                    path.strip_prefix(root.trim_end_matches('/'))
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                })
            }),
            Self::Domains(list) => domains(node)
                .is_some_and(|found| found.iter().all(|one| list.iter().any(|d| d == one))),
            Self::Size(most) => size(node).is_some_and(|size| size <= u64::from(*most)),
            Self::Absent => false,
        }
    }
}

fn compare(node: &Node<'_>, limit: &str) -> Option<(i64, i64)> {
    Some((number(node)?, decimal4(limit)?))
}

/// The exact number of a value in ten-thousandths.
pub(crate) fn number(node: &Node<'_>) -> Option<i64> {
    match node.value {
        Value::Number(text) => decimal4(text),
        _ => None,
    }
}

/// The size that [`Condition::Size`] compares.
pub(crate) fn size(node: &Node<'_>) -> Option<u64> {
    match &node.value {
        Value::String(text) => u64::try_from(text.chars().count()).ok(),
        Value::Array(items) => u64::try_from(items.len()).ok(),
        _ => None,
    }
}

/// `*` matches any run of characters; everything else itself.
fn like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

/// An absolute path with `.` and `..` resolved and repeated slashes joined; nothing for anything that a server might
/// read in another way: relative, `~`, backslashes, control characters, percent-encoding, or above the root.
pub(crate) fn normal_path(node: &Node<'_>) -> Option<String> {
    let text = node.as_str()?;
    let text = text.strip_prefix("file://").unwrap_or(text);
    let odd = |c: char| c.is_control() || matches!(c, '\\' | '%' | '~' | '*' | '?' | '\0');
    if !text.starts_with('/') || text.chars().any(odd) {
        return None;
    }
    let mut out: Vec<&str> = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                out.pop()?;
            }
            part => out.push(part),
        }
    }
    Some(format!("/{}", out.join("/")))
}

/// The domains of every address in a value, lower case; nothing if any part is not plainly `local@domain`.
pub(crate) fn domains(node: &Node<'_>) -> Option<Vec<String>> {
    let texts: Vec<Cow<'_, str>> = match &node.value {
        Value::String(text) => text.split([',', ';']).map(|t| Cow::Owned(t.to_owned())).collect(),
        Value::Array(items) => items
            .iter()
            .map(|item| item.as_str().map(|t| Cow::Owned(t.to_owned())))
            .collect::<Option<_>>()?,
        _ => return None,
    };
    if texts.is_empty() {
        return None;
    }
    let mut found: Vec<String> =
        texts.iter().map(|text| domain(text.trim())).collect::<Option<_>>()?;
    found.sort_unstable();
    found.dedup();
    Some(found)
}

fn domain(text: &str) -> Option<String> {
    let address = match text.rsplit_once('<') {
        Some((name, rest)) if !name.contains(['<', '>', '@']) => rest.strip_suffix('>')?,
        Some(_) => return None,
        None => text,
    };
    let (local, domain) = address.split_once('@')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+');
    let good = !local.is_empty()
        && local.chars().all(plain)
        && domain.contains('.')
        && domain.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
        && !domain.starts_with(['.', '-'])
        && !domain.ends_with(['.', '-']);
    good.then(|| domain.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use writ_model::json::{Limits, parse};

    use super::*;

    fn holds(condition: &Condition, json: &str) -> bool {
        condition.holds(Some(&parse(json.as_bytes(), &Limits::REQUEST).unwrap()))
    }

    fn list(items: &[&str]) -> Vec<String> {
        items.iter().map(|item| (*item).to_owned()).collect()
    }

    #[test]
    fn paths_cannot_climb_out() {
        let under = Condition::Under(list(&["/srv/books"]));
        for good in ["/srv/books", "/srv/books/a", "/srv/./books//x/../y", "file:///srv/books/a"] {
            assert!(holds(&under, &format!("{good:?}")), "{good}");
        }
        for bad in [
            "/srv/booksX",
            "/srv/books/../secret",
            "srv/books/a",
            "~/a",
            "/srv/books/%2e%2e/x",
            "/srv/books\\..\\x",
            "/..",
            "",
            "/srv",
        ] {
            assert!(!holds(&under, &format!("{bad:?}")), "{bad}");
        }
    }

    #[test]
    fn every_address_must_be_inside() {
        let inside = Condition::Domains(list(&["harborbooks.example"]));
        for good in [
            r#""ana@harborbooks.example""#,
            r#""Ana <ana@HarborBooks.example>""#,
            r#"["a@harborbooks.example","b@harborbooks.example"]"#,
            r#""a@harborbooks.example, b@harborbooks.example""#,
        ] {
            assert!(holds(&inside, good), "{good}");
        }
        for bad in [
            r#""eve@evil.example""#,
            r#""ana@harborbooks.example, eve@evil.example""#,
            r#""ana@harborbooks.example.evil.example""#,
            r#""ana@harborbooks.example <eve@evil.example>""#,
            r#""eve@evil.example@harborbooks.example""#,
            r#""\"a b\"@harborbooks.example""#,
            "[]",
            "7",
            r#""""#,
            r#"["a@harborbooks.example", 7]"#,
        ] {
            assert!(!holds(&inside, bad), "{bad}");
        }
    }

    #[test]
    fn patterns_and_numbers() {
        let pattern = Condition::Like(list(&["inv-*-2026", "memo"]));
        assert!(holds(&pattern, r#""inv-7-2026""#) && holds(&pattern, r#""memo""#));
        assert!(!holds(&pattern, r#""inv-2026""#) && !holds(&pattern, r#""memo2""#));
        let most = Condition::AtMost("500".to_owned());
        assert!(holds(&most, "500.0") && holds(&most, "-3") && holds(&most, "5e2"));
        assert!(!holds(&most, "500.01") && !holds(&most, r#""5""#) && !holds(&most, "0.00001"));
        assert!(Condition::Absent.holds(None) && !holds(&Condition::Absent, "null"));
    }
}
