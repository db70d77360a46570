//! Names that look like other names: mixed scripts, letters that stand for others, one letter more or less.
//!
//! The table of look-alikes is small and our own: letters that stand for a Latin letter in what people type (UTS 39 has
//! thousands; most of them show otherwise in the fonts of a console). Never here: whether two tools do the same.
//! To add a look-alike: a row in [`LOOKALIKES`].

/// Letters that show as the Latin one before them.
const LOOKALIKES: [(char, &str); 34] = [
    ('a', "аɑαａ𝐚𝑎𝒂"),
    ('b', "Ьｂ𝐛"),
    ('c', "сϲⅽｃ𝐜"),
    ('d', "ԁⅾｄ𝐝"),
    ('e', "еҽｅ℮𝐞ε"),
    ('f', "ｆ𝐟ƒ"),
    ('g', "ɡｇ𝐠ց"),
    ('h', "һｈ𝐡հ"),
    ('i', "іıⅰｉ𝐢ιɩ"),
    ('j', "јϳｊ𝐣"),
    ('k', "ｋ𝐤κк"),
    ('l', "ӏⅼｌ𝐥ǀ"),
    ('m', "ⅿｍ𝐦м"),
    ('n', "ｎ𝐧ոпη"),
    ('o', "оοｏ𝐨օ"),
    ('p', "рρｐ𝐩"),
    ('q', "ԛｑ𝐪գ"),
    ('r', "ｒ𝐫гꭇ"),
    ('s', "ѕｓ𝐬ꜱ"),
    ('t', "ｔ𝐭тτ"),
    ('u', "ｕ𝐮υսц"),
    ('v', "ѵνⅴｖ𝐯"),
    ('w', "ԝｗ𝐰ѡ"),
    ('x', "хⅹｘ𝐱χ"),
    ('y', "уｙ𝐲γү"),
    ('z', "ｚ𝐳ᴢ"),
    ('A', "АΑＡ"),
    ('E', "ЕΕＥ"),
    ('I', "ІΙＩ"),
    ('O', "ОΟＯ"),
    ('P', "РΡＰ"),
    ('S', "ЅＳ"),
    ('T', "ТΤＴ"),
    ('-', "‐‑‒–—−"),
];
/// Digits and letters that are taken for one another.
const ALIKE: [(char, char); 4] = [('0', 'o'), ('1', 'l'), ('5', 's'), ('i', 'l')];
/// The shortest name of which one letter more or less is no accident.
const SHORT: usize = 6;
/// LIMIT: letters of a name that are compared.
const LONG: usize = 128;

/// The Latin letter that a letter shows as; itself if none.
pub(crate) fn latin(letter: char) -> char {
    if letter.is_ascii() {
        return letter;
    }
    let row = LOOKALIKES.iter().find(|(_, others)| others.contains(letter));
    row.map_or(letter, |(latin, _)| *latin)
}

/// What a name shows as: two names with one of these look alike. Case, `_`, `-` and `.` count for nothing.
pub fn skeleton(name: &str) -> String {
    name.chars()
        .take(LONG)
        .filter(|letter| {
            !writ_model::text::hidden(*letter) && !matches!(letter, '_' | '-' | '.' | ' ')
        })
        .map(|letter| latin(letter).to_ascii_lowercase())
        .filter(|letter| !matches!(letter, '_' | '-' | '.'))
        .map(|letter| ALIKE.iter().find(|(from, _)| *from == letter).map_or(letter, |(_, to)| *to))
        .collect()
}

/// How two names are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// The same letters.
    Same,
    /// Other letters that show as the same ones.
    Lookalike,
    /// One letter more, less, other, or two of them turned round.
    OneOff,
}

/// How two names are alike, if they are.
pub fn likeness(one: &str, other: &str) -> Option<Likeness> {
    if one == other {
        return Some(Likeness::Same);
    }
    let (first, second) = (skeleton(one), skeleton(other));
    if first.is_empty() {
        return None;
    }
    if first == second {
        return Some(Likeness::Lookalike);
    }
    let long = first.chars().count().min(second.chars().count()) >= SHORT;
    (long && one_off(&first, &second)).then_some(Likeness::OneOff)
}

/// Damerau's distance of at most one, in one walk.
fn one_off(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let head = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let rest = one.len().min(other.len()) - head;
    let tail =
        one.iter().rev().zip(other.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let (left, right) = (one.len() - head - tail, other.len() - head - tail);
    let turned = || {
        let (a, b) = (one.get(head..head + 2), other.get(head..head + 2));
        matches!((a, b), (Some([a, b]), Some([c, d])) if a == d && b == c)
    };
    match (left, right) {
        (0 | 1, 0 | 1) => true,
        (2, 2) => turned(),
        _ => false,
    }
}

/// Whether a name mixes Latin with letters of another script that look like Latin ones, or has hidden ones.
pub fn deceives(name: &str) -> bool {
    let mixes = name.chars().any(|letter| !letter.is_ascii() && latin(letter) != letter);
    mixes || name.chars().any(writ_model::text::hidden)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_look_alike_are_told() {
        for (one, other, wanted) in [
            ("send_email", "send_email", Some(Likeness::Same)),
            ("send_email", "send_emaiI", Some(Likeness::Lookalike)),
            ("send_email", "sеnd_email", Some(Likeness::Lookalike)),
            ("send_email", "send-email", Some(Likeness::Lookalike)),
            ("send_email", "send_emial", Some(Likeness::OneOff)),
            ("send_email", "send_emails", Some(Likeness::OneOff)),
            ("send_email", "read_email", None),
            ("add", "ad", None),
            ("", "", Some(Likeness::Same)),
        ] {
            assert_eq!(likeness(one, other), wanted, "{one} {other}");
        }
        assert!(deceives("pаyment") && deceives("pay\u{200b}ment"));
        assert!(!deceives("payment") && !deceives("größe") && !deceives("支払い"));
    }

    proptest! {
        #[test]
        fn likeness_is_mutual_and_never_fails(one in "\\PC{0,40}", other in "\\PC{0,40}") {
            prop_assert_eq!(likeness(&one, &other), likeness(&other, &one));
            prop_assert_eq!(likeness(&one, &one), Some(Likeness::Same));
        }

        #[test]
        fn one_letter_less_is_one_off(name in "[b-hm-rt-z]{7,20}", at in 0_usize..7) {
            let mut less = name.clone();
            less.remove(at);
            prop_assert!(likeness(&name, &less).is_some());
        }
    }
}
