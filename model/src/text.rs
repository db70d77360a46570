//! Somebody else's words inside ours: which letters hide, and quotation marks that nothing inside can close.
//!
//! SECURITY: what is signed, asked for and notified all say other people's text through this, so that no place shows a
//! letter that another one would have written out. Never here: our own sentences.

use crate::SealedName;

/// LIMIT: letters of one quotation; longer than anything that a command or a charter accepts, so that it cuts only what
/// is refused.
const QUOTE: usize = 600;

/// A letter that shows as nothing, or changes how others show: controls, separators of lines and paragraphs, zero-width
/// and direction characters (UAX #9, UTR #36), tags.
pub fn hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Somebody's own text between “ and ”: the marks themselves, and letters that hide, are written out.
pub fn quote(text: &str) -> String {
    // A sealed name holds no letter that could hide or close, and must stay whole to be opened.
    if SealedName::parse(text).is_some() {
        return format!("“{text}”");
    }
    let mut out = String::from("“");
    escape(text.chars().take(QUOTE), &mut out);
    let more = text.chars().count().saturating_sub(QUOTE);
    if more > 0 {
        out.push_str("… and ");
        out.push_str(&more.to_string());
        out.push_str(" more letters");
    }
    out.push('”');
    out
}

/// Somebody's own text as it stands between “ and ”: for a name that is put where a sealed one stood.
pub fn quotable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape(text.chars(), &mut out);
    out
}

fn escape(letters: impl Iterator<Item = char>, out: &mut String) {
    for letter in letters {
        if hidden(letter) || matches!(letter, '“' | '”' | '\\') {
            write_out(letter, out);
        } else {
            out.push(letter);
        }
    }
}

/// `\u{…}`, as [`char::escape_unicode`] has it; a text may be nothing but such letters.
fn write_out(letter: char, out: &mut String) {
    out.push_str("\\u{");
    let number = u32::from(letter);
    let digits = (32 - number.leading_zeros()).div_ceil(4).max(1);
    let digits = (0..digits).rev().map(|at| (number >> (4 * at)) & 15);
    out.extend(digits.filter_map(|digit| char::from_digit(digit, 16)));
    out.push('}');
}

/// A text as it is, letters that hide written out.
pub fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            // Most letters of most texts, without another look.
            ' '..='~' => out.push(letter),
            _ if hidden(letter) => write_out(letter, &mut out),
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_is_written_out_as_rust_does_it() {
        for letter in (0..=0x10_ffff).filter_map(char::from_u32) {
            let mut out = String::new();
            write_out(letter, &mut out);
            assert_eq!(out, letter.escape_unicode().to_string());
        }
    }

    #[test]
    fn nothing_inside_closes_a_quotation_or_hides_in_it() {
        assert_eq!(quote("month end"), "“month end”");
        assert_eq!(quote("a” approve “b"), "“a\\u{201d} approve \\u{201c}b”");
        assert_eq!(quote("a\u{202e}b\u{200b}\n\u{fff9}"), "“a\\u{202e}b\\u{200b}\\u{a}\\u{fff9}”");
        // What looks like one of our escapes is not taken for one.
        assert_eq!(quote("\\u{202e}"), "“\\u{5c}u{202e}”");
        assert_eq!(
            quote(&"x".repeat(QUOTE + 3)).chars().count(),
            QUOTE + "“… and 3 more letters”".chars().count()
        );
    }
}
