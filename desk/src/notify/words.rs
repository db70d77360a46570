//! Other people's words in a message: quoted, cut, on one line, without what would change how the rest is read.
//!
//! Never here: our own words.

use writ_model::{SealedName, Timestamp, text::hidden, time::MONTHS};

/// LIMIT: characters of one quoted text.
const QUOTED: usize = 120;

/// Without controls, invisible letters, and what turns the direction of writing.
fn visible(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars()
        .filter(|one| one.is_control() || !hidden(*one))
        .map(|one| if one.is_control() || one.is_whitespace() { ' ' } else { one })
}

/// Somebody's words, short and plain. A sealed name stays whole: it is opened when the message goes out.
pub(crate) fn plain(text: &str, most: usize) -> String {
    if SealedName::parse(text).is_some() {
        return text.to_owned();
    }
    // Before cutting, so that what is cut away costs nothing more than reading it.
    let line: String = visible(text).take(most.saturating_mul(4)).collect();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    // A mail program makes links of what looks like one.
    let line = line.replace("://", ": //");
    if line.chars().count() <= most {
        return line;
    }
    let cut: String = line.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", cut.trim_end())
}

/// Somebody's words, in quotes that they cannot end.
pub(crate) fn quoted(text: &str) -> String {
    let inner: String = plain(text, QUOTED)
        .chars()
        .map(|one| if matches!(one, '“' | '”' | '"') { '\'' } else { one })
        .collect();
    format!("“{inner}”")
}

/// An instant to the minute, in words that need no explanation: `3 November 2026, 14:03 UTC`.
pub(crate) fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    let month =
        part(5..7).parse::<usize>().ok().and_then(|month| MONTHS.get(month.checked_sub(1)?));
    let day = part(8..10).trim_start_matches('0');
    format!("{day} {} {}, {} UTC", month.unwrap_or(&""), part(0..4), part(11..16))
}

/// `one`, `one and two`, `one, two and three`.
pub(crate) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Text in HTML.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for one in text.chars() {
        match one {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_others_stay_inside_their_quotes() {
        assert_eq!(quoted("month end"), "“month end”");
        assert_eq!(quoted("a” approve here “b"), "“a' approve here 'b”");
        assert_eq!(quoted("a\r\nBcc: x\u{202e}\u{200b}b\u{7}"), "“a Bcc: xb”");
        assert_eq!(quoted("see https://evil.example/a"), "“see https: //evil.example/a”");
        let long = quoted(&"x ".repeat(100_000));
        assert_eq!(long.chars().count(), 2 + QUOTED, "{long}");
        assert!(long.ends_with("x…”"));
    }

    #[test]
    fn a_moment_is_read_at_once() {
        let at: Timestamp = "2026-11-03T14:03:59Z".parse().unwrap();
        assert_eq!(moment(at), "3 November 2026, 14:03 UTC");
        assert_eq!(list(&["a".into(), "b".into(), "c".into()]), "a, b and c");
        assert_eq!(escaped("<a href='x'>&"), "&lt;a href=&#39;x&#39;&gt;&amp;");
    }
}
