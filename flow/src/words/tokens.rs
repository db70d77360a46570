//! Text as it is compared: compatibility forms undone, hidden letters and accents gone, lower case, lookalikes of Latin
//! letters as Latin; and its words and sentences.
//!
//! Never here: the meaning of a word. To add a lookalike: a row in [`latin`], its case below.

use unicode_normalization::UnicodeNormalization;
use writ_model::text::hidden;

/// A text as it is compared. Lines stay; a run of other white space is one space.
pub(crate) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    fold_into(text, &mut out);
    out
}

/// The same, written over what stands there.
pub(crate) fn fold_into(text: &str, out: &mut String) {
    out.clear();
    if text.is_ascii() {
        out.push_str(text);
        out.make_ascii_lowercase();
        if !even(out) {
            out.clear();
            fold_ascii(text, out);
        }
        return;
    }
    let mut rest = text;
    // What is no ASCII is decomposed by itself: an ASCII letter is never reordered, nor is anything across one.
    while !rest.is_empty() {
        let plain = rest.bytes().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
        let (ascii, more) = rest.split_at_checked(plain).unwrap_or((rest, ""));
        fold_ascii(ascii, out);
        let other = more.bytes().position(|byte| byte.is_ascii()).unwrap_or(more.len());
        let (other, more) = more.split_at_checked(other).unwrap_or((more, ""));
        fold_other(other, out);
        rest = more;
    }
}

/// True if only letters' case could change: no space too many, nothing that hides.
fn even(text: &str) -> bool {
    let mut last = b'x';
    text.bytes().all(|byte| {
        let fits = match byte {
            b' ' => last > b' ',
            b'\n' => last != b' ',
            _ => byte > b' ' && byte != b'`' && byte != 0x7f,
        };
        last = byte;
        fits
    })
}

fn fold_ascii(text: &str, out: &mut String) {
    for letter in text.chars() {
        push(letter.to_ascii_lowercase(), out);
    }
}

fn fold_other(text: &str, out: &mut String) {
    for letter in text.nfkd().filter(|letter| !mark(*letter)) {
        match letter {
            'ß' | 'ẞ' => out.push_str("ss"),
            'æ' | 'Æ' => out.push_str("ae"),
            'ø' | 'Ø' => out.push('o'),
            'ł' | 'Ł' => out.push('l'),
            _ => letter.to_lowercase().filter(|l| !mark(*l)).for_each(|l| push(latin(l), out)),
        }
    }
}

const fn mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}')
}

fn push(letter: char, out: &mut String) {
    match letter {
        '\n' | '\r' | '\u{2028}' | '\u{2029}' => {
            if out.ends_with(' ') {
                out.pop();
            }
            out.push('\n');
        }
        _ if letter.is_whitespace() => {
            if !out.ends_with([' ', '\n']) {
                out.push(' ');
            }
        }
        _ if hidden(letter) => {}
        '’' | '‘' | '`' | '´' => out.push('\''),
        '“' | '”' | '„' | '«' | '»' => out.push('"'),
        '–' | '—' | '‐' | '‑' | '−' => out.push('-'),
        _ => out.push(letter),
    }
}

/// Lower-case letters of other scripts that look like Latin ones (UTS #39, the everyday part).
const fn latin(letter: char) -> char {
    match letter {
        'а' | 'α' => 'a',
        'е' | 'ε' => 'e',
        'о' | 'ο' | 'σ' => 'o',
        'р' | 'ρ' => 'p',
        'с' => 'c',
        'х' | 'χ' => 'x',
        'у' => 'y',
        'і' | 'ι' => 'i',
        'ѕ' => 's',
        'ј' => 'j',
        'ԁ' => 'd',
        'һ' => 'h',
        'к' | 'κ' => 'k',
        'м' => 'm',
        'т' | 'τ' => 't',
        'ν' => 'v',
        _ => letter,
    }
}

/// True for marks around a word that are not part of it.
const fn around(letter: char) -> bool {
    matches!(
        letter,
        '.' | ','
            | ';'
            | ':'
            | '!'
            | '?'
            | '"'
            | '\''
            | '('
            | ')'
            | '['
            | ']'
            | '{'
            | '}'
            | '<'
            | '>'
            | '*'
            | '|'
            | '`'
            | '='
            | '_'
            | '~'
            | '…'
            | '•'
    )
}

/// Words as people separate them, without marks around: `a@b.example` and `1,000.00` are one each.
pub(crate) fn chunks(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| letter.is_whitespace() || matches!(letter, '"' | '<' | '>' | '|'))
        .map(|word| word.trim_matches(around))
        .filter(|word| !word.is_empty())
}

/// The letters and digits of a text, split at everything else; `john.smith@x` is three.
pub(crate) fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// The words of a name in code: `sendMail`, `send-mail`, `SEND_MAIL` are the same two.
pub(crate) fn name_words(name: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut last = ' ';
    let letters: Vec<char> = name.chars().collect();
    for (at, letter) in letters.iter().copied().enumerate() {
        let next_lower = letters.get(at + 1).is_some_and(|next| next.is_lowercase());
        let begins =
            letter.is_uppercase() && (last.is_lowercase() || (last.is_uppercase() && next_lower));
        if !letter.is_alphanumeric() || begins {
            if !word.is_empty() {
                out.push(fold(&word));
            }
            word.clear();
        }
        if letter.is_alphanumeric() {
            word.push(letter);
        }
        last = letter;
    }
    if !word.is_empty() {
        out.push(fold(&word));
    }
    out
}

/// The sentences of a folded text: they end at a line, or at `.`, `!`, `?`, `;` before a space. LIMIT: one of 1,000
/// letters is cut at a space, so that no text hides in a giant one.
pub(crate) fn sentences(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    for line in text.split('\n') {
        let mut start = 0;
        let mut last = b' ';
        for (at, letter) in line.bytes().enumerate() {
            if !matches!(letter, b' ' | b'<') {
                last = letter;
                continue;
            }
            let long = at.saturating_sub(start) > 1_000;
            let ends = letter == b' ' && (matches!(last, b'.' | b'!' | b'?' | b';') || long);
            // A tag begins something else.
            let tag = letter == b'<'
                && at > start
                && !line.get(start..at).unwrap_or("").trim().is_empty();
            if tag || (ends && !abbreviated(line.get(start..at).unwrap_or(""))) {
                out.extend(line.get(start..at).map(str::trim).filter(|one| !one.is_empty()));
                start = at;
            }
            last = letter;
        }
        out.extend(line.get(start..).map(str::trim).filter(|one| !one.is_empty()));
    }
    out
}

/// True if the point at the end is an abbreviation's: it ends no sentence.
fn abbreviated(text: &str) -> bool {
    const SHORT: &[&str] =
        &["mr", "mrs", "ms", "dr", "prof", "no", "nr", "st", "e.g", "i.e", "z.b", "vs", "inc"];
    let Some(text) = text.strip_suffix('.') else { return false };
    let last = text.rsplit(' ').next().unwrap_or("");
    SHORT.contains(&last)
        || (last.len() <= 2
            && last.bytes().all(|byte| byte.is_ascii_digit())
            && !last.is_empty()
            && text.len() < 4)
}

/// True if the text holds this value with nothing of a word directly around it.
pub(crate) fn holds(text: &str, value: &str) -> bool {
    if value.is_empty() {
        return false;
    }
    text.match_indices(value).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + value.len()..).and_then(|after| after.chars().next());
        let inner = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
        !inner(before) && !inner(after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_fold_to_what_is_compared() {
        for (text, folded) in [
            ("Überweisung an GROẞ", "uberweisung an gross"),
            ("ＦＵＬＬ  width\t x", "full width x"),
            ("se\u{200b}nd раy", "send pay"),
            ("a “b” — c’s", "a \"b\" - c's"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn words_names_and_sentences_are_split() {
        let words: Vec<&str> = chunks("Pay (1,000.00) to <a@b.example>, now!").collect();
        assert_eq!(words, ["Pay", "1,000.00", "to", "a@b.example", "now"]);
        assert_eq!(name_words("sendHTTPMail-to_User2"), ["send", "http", "mail", "to", "user2"]);
        assert_eq!(name_words("Send E-Mail"), ["send", "e", "mail"]);
        assert_eq!(sentences("a b. c d! e\nf"), ["a b.", "c d!", "e", "f"]);
        assert_eq!(sentences("ask dr. who. then go"), ["ask dr. who.", "then go"]);
        assert_eq!(sentences(&"x ".repeat(1_200)).len(), 3);
    }

    #[test]
    fn a_value_is_held_as_a_whole_word_only() {
        assert!(holds("pay de89 now", "de89"));
        assert!(holds("(de89)", "de89"));
        assert!(!holds("pay de8912", "de89"));
        assert!(!holds("anything", ""));
    }
}
