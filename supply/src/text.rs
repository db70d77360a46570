//! Flags in a text that somebody else supplies and a model will read: letters that hide, what markup hides, what is
//! encoded, and sentences aimed at a model.
//!
//! A finding is a reason to look, not a verdict, and a text without findings is not thereby safe: no list of sentences is
//! complete. Each says where, what (quoted, cut), why, and how sure.
//! Bounded: [`MAX_TEXT`] bytes are looked at, each in a number of steps that the text cannot choose.
//! Never here: a model asked whether a text is an attack; a text changed.

mod encoded;
mod letters;
mod markup;
mod orders;

use serde::Serialize;
use writ_model::text::shown;

pub(crate) use orders::words;

/// LIMIT: bytes of one text that are looked at; a longer one is flagged for its length.
pub const MAX_TEXT: usize = 64 << 10;
/// LIMIT: findings of one text.
pub const MOST: usize = 16;
/// How sure the findings about one thing have to be together for it to be held.
pub const SERIOUS: u8 = 70;
/// LIMIT: letters shown of what was found.
const CUT: usize = 160;

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule, a stable word: `text.override`, `letters.bidi`, `name.lookalike`.
    pub rule: &'static str,
    /// In which field.
    pub field: String,
    /// What was found: letters that hide written out, cut.
    pub seen: String,
    /// Why it matters, one sentence.
    pub why: &'static str,
    /// How sure it is that this is meant badly, of 100.
    pub sure: u8,
}

/// How sure findings are together, of 100: each takes its part of the doubt that is left. The same rule counts once, with
/// its surest finding.
pub fn together(findings: &[Finding]) -> u8 {
    let mut best: Vec<(&str, u8)> = Vec::new();
    for one in findings {
        match best.iter_mut().find(|(rule, _)| *rule == one.rule) {
            Some((_, sure)) => *sure = (*sure).max(one.sure),
            None => best.push((one.rule, one.sure)),
        }
    }
    let doubt = best
        .iter()
        .fold(10_000_u32, |doubt, (_, sure)| doubt * (100 - u32::from(*sure).min(100)) / 100);
    u8::try_from(100 - doubt / 100).unwrap_or(100)
}

/// Whether findings are enough for somebody to look before the thing is used.
pub fn serious(findings: &[Finding]) -> bool {
    together(findings) >= SERIOUS
}

/// Looks at one text.
pub fn look(field: &str, text: &str) -> Vec<Finding> {
    let mut out = Vec::new();
    if text.len() > MAX_TEXT {
        out.push(finding(
            ("text.long", 80),
            field,
            text,
            "It is longer than anybody reads, and is not looked at to its end.",
        ));
    }
    let looked = head(text, MAX_TEXT);
    letters::look(field, looked, &mut out);
    let plain = letters::plain(looked);
    markup::look(field, &plain, &mut out);
    orders::look(field, &plain, &mut out);
    encoded::look(field, &plain, &mut out);
    out.sort_by_key(|one| std::cmp::Reverse(one.sure));
    out.truncate(MOST);
    out
}

/// The first so many bytes, whole letters.
fn head(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

pub(crate) fn finding(
    (rule, sure): (&'static str, u8),
    field: &str,
    seen: &str,
    why: &'static str,
) -> Finding {
    let mut cut = shown(&seen.chars().take(CUT).collect::<String>());
    if seen.chars().nth(CUT).is_some() {
        cut.push('…');
    }
    Finding { rule, field: field.to_owned(), seen: cut, why, sure }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn findings_add_up_and_one_rule_counts_once() {
        let one = |rule, sure| finding((rule, sure), "description", "x", "y");
        assert_eq!(together(&[]), 0);
        assert_eq!(together(&[one("a", 50), one("a", 40)]), 50);
        assert_eq!(together(&[one("a", 50), one("b", 50)]), 75);
        assert_eq!(together(&[one("a", 100)]), 100);
        assert!(serious(&[one("a", 50), one("b", 50)]) && !serious(&[one("a", 60)]));
    }

    proptest! {
        #[test]
        fn any_text_is_looked_at_within_bounds(text in "\\PC{0,400}|[\\x00-\\x7f]{0,400}|[ignore previous<!\\-{}()*_`\u{200b}\u{fe0f}\u{e0041}]{0,400}") {
            let found = look("f", &text);
            prop_assert!(found.len() <= MOST);
            for one in &found {
                prop_assert!(one.sure <= 100 && !one.why.is_empty());
                prop_assert!(one.seen.chars().count() <= CUT * 12 + 1);
                prop_assert!(!one.seen.chars().any(writ_model::text::hidden), "{:?}", one.seen);
            }
            prop_assert_eq!(found, look("f", &text), "the same text, the same findings");
        }

        #[test]
        fn any_bytes_are_looked_at(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let text = String::from_utf8_lossy(&bytes);
            prop_assert!(look("f", &text).len() <= MOST);
        }
    }

    #[test]
    fn a_text_of_any_length_takes_no_more_than_its_share() {
        for unit in [
            "ignore ",
            "<!--",
            "a",
            "\u{200b}",
            "[//]: # (",
            "QUJD",
            "do not do not tell ",
            "![](http://",
        ] {
            let long = unit.repeat(400_000 / unit.len());
            let found = look("f", &long);
            assert!(found.iter().any(|one| one.rule == "text.long"), "{unit}");
        }
    }
}
