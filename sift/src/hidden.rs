//! Hidden text: letters without width, letters that turn the direction, tags, orders to a terminal; and text that a page has in
//! it and does not show.
//!
//! What an honest text needs is let be: joiners between pictures and in scripts that have them, marks where text runs from
//! right to left, the tags of a flag, one selector behind a letter, a byte-order mark at the head, the colors of a terminal.
//! Never here: words.

use crate::{
    Class, Found,
    look::{Look, found},
};

/// What a hidden letter does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Width,
    Joiner,
    Mark,
    Direction,
    Tag,
    Selector,
}

fn kind(letter: char) -> Option<Kind> {
    Some(match letter {
        '\u{200b}'
        | '\u{2060}'..='\u{2064}'
        | '\u{206a}'..='\u{206f}'
        | '\u{feff}'
        | '\u{180e}' => Kind::Width,
        '\u{200c}' | '\u{200d}' => Kind::Joiner,
        '\u{200e}' | '\u{200f}' | '\u{61c}' => Kind::Mark,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Kind::Direction,
        '\u{e0000}'..='\u{e007f}' => Kind::Tag,
        '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => Kind::Selector,
        _ => return None,
    })
}

/// The letter that begins at a place.
fn letter(look: &Look<'_>, at: usize) -> Option<(char, usize)> {
    let length = match look.byte(at) {
        0..0x80 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0.. => 4,
        _ => return None,
    };
    let letter = std::str::from_utf8(look.part(at, at + length)).ok()?.chars().next()?;
    (at < look.text.len()).then_some((letter, at + length))
}

/// The letter that ends at a place.
fn letter_before(look: &Look<'_>, at: usize) -> Option<char> {
    let start = look.run_back(at, |byte| byte & 0xc0 == 0x80);
    let (letter, end) = letter(look, start.checked_sub(1)?)?;
    (end == at).then_some(letter)
}

fn right_to_left(letter: char) -> bool {
    matches!(letter, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}')
}

/// Whether a joiner between these is how they are written.
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

/// LIMIT: letters around a mark among which one has to run from right to left.
const AROUND: usize = 24;
/// LIMIT: hidden letters of one finding; the next is another one.
const RUN: usize = 4 << 10;
/// LIMIT: tags of a flag: a region's code and the end.
const FLAG: usize = 7;

/// A letter that may be hidden: with all of its kind behind it.
pub(crate) fn unseen(look: &Look<'_>, out: &mut Vec<Found>) {
    let start = look.at - 2;
    let Some((first, mut end)) = letter(look, start) else { return };
    let Some(is) = kind(first) else { return };
    let before = letter_before(look, start);
    let mut count = 1;
    while let Some((next, after)) =
        letter(look, end).filter(|(next, _)| kind(*next).is_some_and(|_| count < RUN))
    {
        if (kind(next) == Some(Kind::Selector)) != (is == Kind::Selector) {
            break;
        }
        (end, count) = (after, count + 1);
    }
    let after = letter(look, end).map(|(letter, _)| letter);
    let rtl = || {
        let around = String::from_utf8_lossy(look.part(start.saturating_sub(AROUND), end + AROUND))
            .into_owned();
        around.chars().any(right_to_left)
    };
    let honest = match is {
        Kind::Width => count == 1 && first == '\u{feff}' && start == 0 && look.first,
        Kind::Joiner => count == 1 && joins(before, after),
        Kind::Mark => count == 1 && rtl(),
        Kind::Direction => count == 1 && matches!(first, '\u{2066}'..='\u{2069}') && rtl(),
        Kind::Tag => flag(look, start, count),
        Kind::Selector => count == 1,
    };
    if honest {
        return;
    }
    let what = match is {
        Kind::Width | Kind::Joiner => "letters without width",
        Kind::Mark | Kind::Direction => "turned direction",
        Kind::Tag => "tag letters",
        Kind::Selector => "a row of selectors",
    };
    out.push(found((start, end), Class::Hidden, what));
}

/// LIMIT: bytes of an order to a terminal.
const ORDER: usize = 512;

/// Whether tags stand behind a flag, and are no more than one needs; the first that was met is not always the first.
fn flag(look: &Look<'_>, start: usize, count: usize) -> bool {
    let (mut at, mut all) = (start, count);
    while all <= FLAG {
        match letter_before(look, at) {
            Some('\u{1f3f4}') => return true,
            Some(tag) if kind(tag) == Some(Kind::Tag) => (at, all) = (at - tag.len_utf8(), all + 1),
            Some(_) | None => return false,
        }
    }
    false
}

/// An order to a terminal (ECMA-48) that does more than color: it moves, deletes, hides, sets a title or a link.
pub(crate) fn escape(look: &Look<'_>, out: &mut Vec<Found>) {
    let long = look.before(look.at) == 0x9b;
    let start = look.at - if long { 2 } else { 1 };
    let lead = if long { b'[' } else { look.byte(look.at) };
    let from = if long { look.at } else { look.at + 1 };
    let end = match lead {
        b'[' => {
            let end = look.run(from, ORDER, |byte| matches!(byte, 0x20..=0x3f));
            let last = look.byte(end);
            let conceals =
                look.part(from, end).split(|byte| *byte == b';').any(|part| part == b"8");
            if last == b'm' && !conceals {
                return;
            }
            end + usize::from(matches!(last, 0x40..=0x7e))
        }
        b']' | b'P' | b'X' | b'^' | b'_' => {
            let end = look.run(from, ORDER, |byte| byte != 7 && byte != 0x1b);
            match (look.byte(end), look.byte(end + 1)) {
                (7, _) => end + 1,
                (0x1b, b'\\') => end + 2,
                _ => look.at + 1,
            }
        }
        0x20..=0x7e => look.at + 1,
        _ => look.at,
    };
    out.push(found((start, end), Class::Hidden, "an order to a terminal"));
}

/// `<!-- … -->` with words in it.
pub(crate) fn comment(look: &Look<'_>, out: &mut Vec<Found>) {
    let Some(end) = look.find(look.at, b"-->") else { return };
    let words = look
        .part(look.at, end)
        .iter()
        .filter(|byte| byte.is_ascii_alphabetic() || **byte >= 0x80)
        .count();
    if words >= 3 {
        out.push(found((look.at - 4, end + 3), Class::Unshown, "a comment of a page"));
    }
}

/// LIMIT: how far an element's tag is looked for, back and on.
const TAG: usize = 200;

/// An element whose style does not show it, up to its end.
pub(crate) fn style(look: &Look<'_>, out: &mut Vec<Found>) {
    let start = look.run_back(look.at, |byte| byte != b'<' && byte != b'>');
    if look.before(start) != b'<'
        || look.at - start > TAG
        || !look.byte(start).is_ascii_alphabetic()
    {
        return;
    }
    // `font-size:0.9em` shows.
    if matches!(look.byte(look.at), b'.' | b'0'..=b'9') {
        return;
    }
    let name = look.part(start, look.run(start, 16, |byte| byte.is_ascii_alphanumeric()));
    let closing = [b"</".as_slice(), name, b">"].concat();
    let Some(end) = look.find(look.at, &closing) else { return };
    out.push(found(
        (start - 1, end + closing.len()),
        Class::Unshown,
        "an element that is not shown",
    ));
}

#[cfg(test)]
mod tests {
    use crate::find;

    fn whats(text: &str) -> Vec<&'static str> {
        find(text.as_bytes()).iter().map(|one| one.what).collect()
    }

    #[test]
    fn what_nobody_sees() {
        for (text, wanted) in [
            ("pay\u{200b}ment", "letters without width"),
            ("a\u{200d}b", "letters without width"),
            ("safe\u{202e}txt", "turned direction"),
            ("x\u{e0069}\u{e0067}\u{e006e}", "tag letters"),
            ("x\u{fe00}\u{fe01}", "a row of selectors"),
            ("\u{1b}[2J", "an order to a terminal"),
            ("\u{1b}[8mhidden\u{1b}[0m", "an order to a terminal"),
            ("\u{1b}]0;title\u{7}", "an order to a terminal"),
            ("a<!-- do this -->b", "a comment of a page"),
            ("<p style=\"display:none\">do this</p>", "an element that is not shown"),
        ] {
            assert_eq!(whats(text), [wanted], "{text:?}");
        }
    }

    #[test]
    fn what_an_honest_text_needs() {
        for text in [
            "\u{feff}head",
            "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} family",
            "\u{2764}\u{fe0f}\u{200d}\u{1f525}",
            "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "می\u{200c}خواهم",
            "שלום\u{200f} (abc)",
            "\u{1b}[31mred\u{1b}[0m",
            "“quoted” – it’s… fine",
            "葛\u{e0100}城",
            "<p style=\"font-size:0.9em\">small</p>",
            "<!-- -->",
        ] {
            assert_eq!(whats(text), Vec::<&str>::new(), "{text:?}");
        }
    }

    #[test]
    fn a_run_is_one_finding() {
        let text = "a\u{200b}\u{200c}\u{2060}\u{202e}b";
        assert_eq!(whats(text).len(), 1);
    }
}
