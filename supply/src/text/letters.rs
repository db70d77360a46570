//! Letters that show as nothing or as something else: zero-width, tags, direction, controls, variation selectors.
//!
//! What an honest text needs is let be: joiners between pictures and in scripts that have them, one selector behind a
//! picture, the tags of a flag. Never here: words.

use super::{Finding, finding};

const TAG: std::ops::RangeInclusive<char> = '\u{e0000}'..='\u{e007f}';

/// What a letter is to the letters around it.
fn rule(
    before: Option<char>,
    letter: char,
    after: Option<char>,
) -> Option<(&'static str, u8, &'static str)> {
    let why = |rule, sure, why| Some((rule, sure, why));
    match letter {
        '\n' | '\t' | '\r' => None,
        '\u{1b}' | '\u{9b}' => {
            why("letters.ansi", 90, "A terminal takes it as an order: it can hide or rewrite what is shown.")
        }
        one if one.is_control() => {
            why("letters.control", 75, "It is a control character, which no description needs.")
        }
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            why("letters.bidi", 90, "It turns the direction of what follows: a person reads another text than a model does.")
        }
        '\u{200e}' | '\u{200f}' | '\u{61c}' => {
            (!before.into_iter().chain(after).any(right_to_left)).then_some((
                "letters.mark",
                40,
                "A mark of direction stands where no text runs from right to left.",
            ))
        }
        '\u{200c}' | '\u{200d}' => (!joins(before, after)).then_some((
            "letters.zero_width",
            75,
            "It has no width: it cuts words so that a search does not find them, or carries a message.",
        )),
        '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{180e}' | '\u{2061}'..='\u{2064}' | '\u{206a}'..='\u{206f}' => {
            why("letters.zero_width", 75, "It has no width: it cuts words so that a search does not find them, or carries a message.")
        }
        '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => {
            let alone = before.is_some_and(pictured) && !after.is_some_and(selects);
            (!alone).then_some((
                "letters.selector",
                90,
                "Variation selectors in a row, or behind plain letters, carry bytes that nobody sees.",
            ))
        }
        '\u{3164}' | '\u{115f}' | '\u{1160}' | '\u{ffa0}' | '\u{2800}' => {
            why("letters.blank", 60, "It is a letter that shows as nothing.")
        }
        '\u{ad}' => why("letters.soft_hyphen", 30, "A soft hyphen shows as nothing within a line."),
        '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}' => {
            why("letters.control", 60, "It is a separator or annotation that no description needs.")
        }
        '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10fffd}' => {
            why("letters.private", 40, "It means only what somebody agreed on in private.")
        }
        _ => None,
    }
}

fn selects(letter: char) -> bool {
    matches!(letter, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Whether a selector behind it is usual: pictures, symbols, digits of keycaps, Han.
fn pictured(letter: char) -> bool {
    matches!(letter, '0'..='9' | '#' | '*' | '\u{a9}' | '\u{ae}' | '\u{203c}'..='\u{3299}'
        | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{1f000}'..='\u{1faff}' | '\u{20000}'..='\u{323af}')
}

fn right_to_left(letter: char) -> bool {
    matches!(letter, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
}

/// Scripts whose letters join, and pictures that are put together.
fn joins(before: Option<char>, after: Option<char>) -> bool {
    let script = |letter: char| {
        right_to_left(letter)
            || matches!(letter, '\u{900}'..='\u{dff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
    };
    let picture = |letter: char| matches!(letter, '\u{fe0f}' | '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}');
    match (before, after) {
        (Some(before), Some(after)) => {
            (script(before) && (script(after) || after.is_whitespace()))
                || (picture(before) && picture(after))
        }
        (Some(before), None) => script(before),
        (None, _) => false,
    }
}

/// One finding for each rule, with the words around its first place and how often it was broken.
pub(super) fn look(field: &str, text: &str, out: &mut Vec<Finding>) {
    if text.is_ascii()
        && !text
            .bytes()
            .any(|byte| byte.is_ascii_control() && !matches!(byte, b'\n' | b'\r' | b'\t'))
    {
        return;
    }
    let letters: Vec<char> = text.chars().collect();
    let mut seen: Vec<(&'static str, u8, &'static str, usize, usize)> = Vec::new();
    let mut note = |(rule, sure, why): (&'static str, u8, &'static str), at: usize| match seen
        .iter_mut()
        .find(|(known, ..)| *known == rule)
    {
        Some((_, known, _, _, count)) => {
            *known = (*known).max(sure);
            *count += 1;
        }
        None => seen.push((rule, sure, why, at, 1)),
    };
    let mut at = 0;
    while let Some(letter) = letters.get(at).copied() {
        if TAG.contains(&letter) {
            let run = letters.iter().skip(at).take_while(|one| TAG.contains(one)).count();
            let flag =
                at.checked_sub(1).and_then(|before| letters.get(before)) == Some(&'\u{1f3f4}');
            if !(flag && run <= 7) {
                let why = "Tags are letters that nobody sees and models read.";
                note(("letters.tag", 100, why), at);
            }
            at += run;
            continue;
        }
        let before = at.checked_sub(1).and_then(|before| letters.get(before)).copied();
        if let Some(found) = rule(before, letter, letters.get(at + 1).copied()) {
            note(found, at);
        }
        at += 1;
    }
    for (rule, sure, why, at, count) in seen {
        let near: String = letters.iter().skip(at.saturating_sub(16)).take(48).collect();
        let near = if count > 1 { format!("{count} times, first in: {near}") } else { near };
        out.push(finding((rule, sure), field, &near, why));
    }
}

/// The text as a model may read it: without letters that have no width, tags as the letters that they stand for, letters
/// that look like Latin ones as those.
pub(super) fn plain(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    text.chars()
        .filter_map(|letter| match letter {
            '\u{e0020}'..='\u{e007e}' => char::from_u32(u32::from(letter) - 0xe_0000),
            '\n' | '\t' | '\r' => Some(letter),
            one if writ_model::text::hidden(one) && !one.is_control() => None,
            one if selects(one) => None,
            one => Some(crate::names::latin(one)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Vec<&'static str> {
        let mut out = Vec::new();
        look("f", text, &mut out);
        out.into_iter().map(|one| one.rule).collect()
    }

    #[test]
    fn what_hides_is_found() {
        for (text, wanted) in [
            ("read\u{200b} files", "letters.zero_width"),
            ("a\u{200d}b", "letters.zero_width"),
            ("safe \u{202e}txt.exe", "letters.bidi"),
            ("a\u{2066}b\u{2069}", "letters.bidi"),
            ("add\u{e0049}\u{e0047}", "letters.tag"),
            ("red \u{1b}[8mhidden\u{1b}[0m", "letters.ansi"),
            ("x\u{fe01}\u{fe02}\u{e0101}", "letters.selector"),
            ("bell\u{7}", "letters.control"),
            ("a\u{3164}b", "letters.blank"),
        ] {
            assert_eq!(rules(text), [wanted], "{text:?}");
        }
    }

    #[test]
    fn what_honest_texts_need_is_let_be() {
        for text in [
            "Family: 👨\u{200d}👩\u{200d}👧 and ❤\u{fe0f} and 1\u{fe0f}\u{20e3}",
            "England 🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "نمی\u{200c}خواهم",
            "שלום\u{200f}!",
            "क्\u{200d}ष",
            "Über Größe, naïve, 日本語, Ελληνικά",
            "line\n\tindented\r\n",
        ] {
            assert_eq!(rules(text), Vec::<&str>::new(), "{text:?}");
        }
    }

    #[test]
    fn what_a_model_reads_is_brought_to_light() {
        assert_eq!(plain("i\u{200b}gn\u{e006f}re"), "ignore");
        assert_eq!(plain("іgnоrе"), "ignore", "Cyrillic letters");
    }
}
