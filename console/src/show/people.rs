//! How keys and sessions look: a fingerprint in groups, a browser by the name people know it under.
//!
//! Never here: what a key may do. What a browser says of itself is cut and escaped; it proves nothing.

use std::fmt;

use askama::filters::HtmlSafe;
use writ_authority::refusal;

use super::escape;
use crate::view::people::{PasskeyRow, SessionRow};

/// Groups of a fingerprint in one line of a row.
const HALF: usize = 4;

/// A fingerprint in a row: two lines of groups at most, selected as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint(String);

impl fmt::Display for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups: Vec<&str> = self.0.split('-').collect();
        out.write_str("<span class=\"finger\">")?;
        for (at, half) in groups.chunks(HALF).enumerate() {
            let joint = if at > 0 { "-<wbr>" } else { "" };
            write!(out, "{joint}<span>{}</span>", escape(&half.join("-")))?;
        }
        out.write_str("</span>")
    }
}

/// A fingerprint as one reads it out on a call: every group on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spelled(String);

impl fmt::Display for Spelled {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<p class=\"fingerprint\">")?;
        for group in self.0.split('-') {
            write!(out, "<span>{}</span> ", escape(group))?;
        }
        out.write_str("</p>")
    }
}

impl HtmlSafe for Fingerprint {}
impl HtmlSafe for Spelled {}

/// A fingerprint in a row.
#[must_use]
pub fn fingerprint(text: &str) -> Fingerprint {
    Fingerprint(text.to_owned())
}

/// A fingerprint to read out.
#[must_use]
pub fn spelled(text: &str) -> Spelled {
    Spelled(text.to_owned())
}

/// A fingerprint as somebody typed what they heard, as ledgers write it: lower case, groups of four, `-` between.
#[must_use]
pub fn typed(text: &str) -> String {
    let letters: Vec<char> = text
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .map(|letter| match letter {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        })
        .take(64)
        .collect();
    let groups = letters.chunks(4).map(|group| group.iter().collect::<String>());
    groups.collect::<Vec<_>>().join("-")
}

/// Where a key lives.
#[must_use]
pub fn kind(key: &PasskeyRow) -> &'static str {
    if key.synced { "Synced" } else { "On one device" }
}

/// A session as a row shows it.
#[derive(Debug, Clone)]
pub struct SessionLine {
    /// The desk's row.
    pub row: SessionRow,
    /// The browser and the system, or what it says of itself, cut.
    pub device: String,
    /// How it was opened.
    pub by: &'static str,
    /// The form that ends it.
    pub end: String,
}

impl SessionLine {
    /// A row.
    #[must_use]
    pub fn of(row: SessionRow, end: String) -> Self {
        let by = match row.signed_in_by {
            "passkey" => "passkey",
            "oidc" => "the provider's login",
            _ => "the first link",
        };
        Self { device: device(&row.agent), by, end, row }
    }
}

/// `Firefox on Windows`; what is not known is shown as it came, cut.
#[must_use]
pub fn device(agent: &str) -> String {
    let first = |known: &[(&str, &'static str)]| {
        known.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    let browser = first(&[
        ("Firefox/", "Firefox"),
        ("Edg/", "Edge"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("CrOS", "ChromeOS"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        _ if agent.is_empty() => "a browser that does not say".to_owned(),
        _ => refusal::cut(agent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_heard_is_written_as_ledgers_do() {
        assert_eq!(typed(" K7QF 93td\n2RTV—hw3p "), "k7qf-93td-2rtv-hw3p");
        assert_eq!(typed("kO1l"), "k011");
        assert_eq!(typed(""), "");
    }

    #[test]
    fn fingerprints_stay_text() {
        assert_eq!(
            fingerprint("a-b-c-d-<e").to_string(),
            "<span class=\"finger\"><span>a-b-c-d</span>-<wbr><span>&lt;e</span></span>"
        );
        assert!(spelled("a-<b").to_string().contains("<span>&lt;b</span>"));
    }

    #[test]
    fn browsers_are_named() {
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36";
        assert_eq!(device(chrome), "Chrome on Linux");
        assert_eq!(device(""), "a browser that does not say");
        assert_eq!(device("curl/8"), "curl/8");
    }
}
