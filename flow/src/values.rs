//! Values as they are compared, whatever they look like: addresses, links, account numbers, telephone numbers, amounts,
//! dates, codes.
//!
//! Never here: where a value came from. To add a kind of value: a file below `values`, a member of [`Sort`], its arm in
//! [`typed`], its cases.

pub(crate) mod dates;
pub(crate) mod hidden;
pub(crate) mod numbers;

use crate::words::tokens::chunks;

/// What a value is by its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sort {
    /// An address of mail.
    Mail,
    /// A link or the name of a site, without scheme, `www.` and a last slash.
    Link,
    /// An account number in the form of an IBAN, without spaces (ISO 13616; the checksum is not asked for).
    Account,
    /// A telephone number, digits only.
    Phone,
    /// An amount or another number, as plain decimals.
    Number,
    /// A day, `2026-11-22`, or without a year `--11-22`.
    Day,
    /// Letters and digits mixed, or many digits: an id, a code.
    Code,
}

impl Sort {
    /// True for what things are sent to.
    pub(crate) const fn leads_out(self) -> bool {
        matches!(self, Self::Mail | Self::Link | Self::Account | Self::Phone)
    }

    /// What people call it.
    pub(crate) const fn said(self) -> &'static str {
        match self {
            Self::Mail => "the address",
            Self::Link => "the link",
            Self::Account => "the account number",
            Self::Phone => "the telephone number",
            Self::Number => "the number",
            Self::Day => "the date",
            Self::Code => "the code",
        }
    }
}

/// A value in its one spelling.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Typed {
    pub(crate) sort: Sort,
    /// The spelling, with the sort's letter before it: `m:a@b.example`.
    pub(crate) key: String,
}

impl Typed {
    fn new(sort: Sort, text: &str) -> Self {
        let letter = match sort {
            Sort::Mail => "m:",
            Sort::Link => "u:",
            Sort::Account => "a:",
            Sort::Phone => "p:",
            Sort::Number => "n:",
            Sort::Day => "d:",
            Sort::Code => "c:",
        };
        let mut key = String::with_capacity(letter.len() + text.len());
        key.push_str(letter);
        key.push_str(text);
        Self { sort, key }
    }

    /// The spelling alone.
    pub(crate) fn text(&self) -> &str {
        self.key.get(2..).unwrap_or("")
    }
}

/// LIMIT: values of one text; a longer list is a table, whose cells are values by themselves.
const MOST: usize = 4_096;

/// A word with what it has of what values are made of: most words have nothing, and are no value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word<'a> {
    text: &'a str,
    /// Where it begins in its text.
    pub(crate) at: usize,
    marks: u8,
}

const DIGIT: u8 = 1;
const AT: u8 = 2;
/// A point or a colon.
const POINT: u8 = 4;

impl<'a> Word<'a> {
    fn new(whole: &str, text: &'a str) -> Self {
        let marks = text.bytes().fold(0, |marks, byte| {
            marks
                | match byte {
                    b'0'..=b'9' => DIGIT,
                    b'@' => AT,
                    b'.' | b':' => POINT,
                    _ => 0,
                }
        });
        Self { text, at: offset(whole, text), marks }
    }

    const fn has(&self, mark: u8) -> bool {
        self.marks & mark != 0
    }
}

/// Where a part of a text begins in it.
pub(crate) fn offset(whole: &str, part: &str) -> usize {
    part.as_ptr().addr().saturating_sub(whole.as_ptr().addr())
}

/// The words of a folded text.
pub(crate) fn words(text: &str) -> Vec<Word<'_>> {
    let mut all = Vec::with_capacity(text.len() / 6);
    all.extend(chunks(text).map(|word| Word::new(text, word)));
    all
}

/// The values in a folded text, in the order in which they stand; none twice in a row.
pub(crate) fn typed(text: &str) -> Vec<Typed> {
    let mut out = Vec::new();
    if some(text) {
        of(&words(text), &mut out);
    }
    out
}

/// True if there can be a value in a folded text.
pub(crate) fn some(text: &str) -> bool {
    text.bytes().any(|byte| matches!(byte, b'0'..=b'9' | b'@' | b'.' | b':'))
}

/// The values among these words.
pub(crate) fn of(words: &[Word<'_>], out: &mut Vec<Typed>) {
    let mut account = 0;
    for (at, word) in words.iter().enumerate().filter(|(_, word)| word.marks != 0) {
        if out.len() >= MOST {
            break;
        }
        one(*word, (words, at), &mut account, out);
    }
    if words.iter().any(|word| word.has(DIGIT)) {
        dates::days(words, out);
    }
}

/// The values among these words that are made of several: they may be broken over sentences.
pub(crate) fn broken(words: &[Word<'_>], out: &mut Vec<Typed>) {
    let mut account = 0;
    for (at, word) in words.iter().enumerate().filter(|(_, word)| word.has(DIGIT)) {
        if out.len() >= MOST {
            break;
        }
        let alone = (word.has(AT) && mail(word.text).is_some())
            || (word.has(POINT) && link(word.text).is_some());
        if !alone {
            grouped((words, at), &mut account, out);
        }
    }
}

fn one(word: Word<'_>, place: (&[Word<'_>], usize), account: &mut usize, out: &mut Vec<Typed>) {
    if let Some(address) = Some(word.text).filter(|_| word.has(AT)).and_then(mail) {
        out.push(Typed::new(Sort::Mail, &address));
        return;
    }
    if let Some(link) = Some(word.text).filter(|_| word.has(POINT)).and_then(link) {
        out.push(Typed::new(Sort::Link, link));
        return;
    }
    if !word.has(DIGIT) {
        return;
    }
    grouped(place, account, out);
    let word = word.text;
    let mut plain = false;
    numbers::readings(word, |number| {
        plain = true;
        out.push(Typed::new(Sort::Number, number));
    });
    if word.len() < 5 {
        return;
    }
    let mut key = String::with_capacity(word.len() + 2);
    key.push_str("c:");
    key.extend(word.chars().filter(|letter| letter.is_alphanumeric()));
    let length = key.len() - 2;
    if length >= 5 && (!plain || length >= 6) {
        out.push(Typed { sort: Sort::Code, key });
    }
}

/// The values that begin at a place and may go on in the next words. The groups of an account number, which end at `ends`,
/// are no telephone number.
fn grouped((words, at): (&[Word<'_>], usize), ends: &mut usize, out: &mut Vec<Typed>) {
    let rest = words.get(at..).unwrap_or_default();
    if let Some((account, taken)) = account(rest) {
        out.push(Typed::new(Sort::Account, &account));
        *ends = at + taken;
    }
    if let Some((phone, _)) = phone(rest).filter(|(_, taken)| at + taken > *ends) {
        out.push(Typed::new(Sort::Phone, &phone));
    }
}

/// `mailto:` off, and what stands after the address.
fn mail(word: &str) -> Option<String> {
    let word = word.strip_prefix("mailto:").unwrap_or(word);
    let at = word.find('@')?;
    let (left, right) = (word.get(..at)?, word.get(at + 1..)?);
    let inner = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '-' | '_' | '+');
    let left = left.rsplit(|letter| !inner(letter)).next()?;
    let right = right.split(|letter| !inner(letter)).next()?.trim_end_matches(['.', '-', '_']);
    let host = right.contains('.') && right.len() > 3;
    (!left.is_empty() && host).then(|| format!("{left}@{right}"))
}

/// Endings of files, which are no sites; `.com` and `.io` are sites.
const FILES: &[&str] = &[
    "pdf", "txt", "doc", "docx", "xls", "xlsx", "csv", "tsv", "png", "jpg", "jpeg", "gif", "svg",
    "md", "json", "xml", "yaml", "yml", "html", "htm", "py", "js", "ts", "rs", "go", "java", "c",
    "h", "cpp", "sh", "zip", "gz", "tar", "ppt", "pptx", "odt", "ods", "ics", "eml", "log", "sql",
    "toml", "ini", "cfg", "conf", "mp3", "mp4", "wav", "mov", "key", "pem", "rtf", "bak", "lock",
    "env",
];

/// True if a word is the name of a file.
pub(crate) fn is_file(word: &str) -> bool {
    word.rsplit_once('.').is_some_and(|(name, ending)| !name.is_empty() && FILES.contains(&ending))
}

/// Nothing without a point or a colon.
fn link(word: &str) -> Option<&str> {
    // Words may stand directly before an address: `(https://…`, `[text](https://…`.
    let scheme = word.bytes().position(|byte| byte == b':').and_then(|_| word.find("://"));
    let (given, rest) = match scheme {
        Some(at) => (true, word.get(at + 3..)?),
        None => (word.starts_with("www."), word),
    };
    let rest = rest.split([')', ']', '}', '\'', '`']).next()?;
    let rest = rest
        .strip_prefix("www.")
        .unwrap_or(rest)
        .trim_end_matches(['/', '.', ',', '*', '_', '?', '!']);
    let host = rest.split(['/', '?', '#', ':']).next()?;
    let last = host.rsplit('.').next()?;
    // Without a scheme a dot between two words is often a missing space.
    if !given && !common(last) {
        return None;
    }
    let named = host.len() > last.len()
        && host.split('.').all(|label| !label.is_empty())
        && host.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '.' | '-'))
        && (2..=24).contains(&last.len())
        && last.chars().all(char::is_alphabetic);
    let site = named
        && (2..=12).contains(&last.len())
        && !FILES.contains(&last)
        && host.split('.').all(|label| label.len() > 1);
    let kept = if given { named || host.contains(':') || scheme.is_some() } else { site };
    (kept && !host.is_empty()).then_some(rest)
}

/// True for what many names of sites end with.
fn common(ending: &str) -> bool {
    matches!(
        ending,
        "com"
            | "org"
            | "net"
            | "io"
            | "dev"
            | "app"
            | "co"
            | "info"
            | "biz"
            | "eu"
            | "de"
            | "fr"
            | "es"
            | "uk"
            | "us"
            | "ch"
            | "at"
            | "nl"
            | "it"
            | "ai"
            | "xyz"
            | "online"
            | "site"
            | "shop"
            | "ru"
            | "cn"
            | "me"
            | "ly"
            | "example"
            | "test"
            | "invalid"
            | "link"
            | "to"
            | "cc"
            | "tech"
            | "cloud"
            | "bank"
            | "store"
    )
}

/// An IBAN, together or in groups: two letters, two digits, eleven to thirty more; and how many words it is.
fn account(words: &[Word<'_>]) -> Option<(String, usize)> {
    let between = |letter: char| matches!(letter, '-' | '.' | ':');
    // Most words with a digit begin with it.
    let first = words.first()?.text.trim_start_matches(between);
    if !first.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
        return None;
    }
    let (mut all, mut taken) = (String::new(), 0);
    for (at, word) in words.iter().take(9).enumerate() {
        let plain: String = word.text.chars().filter(|letter| !between(*letter)).collect();
        let fits = plain.chars().all(|letter| letter.is_ascii_alphanumeric());
        let digits = word.has(DIGIT);
        let group = at == 0 || (plain.len() <= 4 && (digits || plain.len() == 4));
        if !fits || !group || (at > 0 && !digits && all.len() > 8) {
            break;
        }
        all.push_str(&plain);
        taken = at + 1;
    }
    let bytes = all.as_bytes();
    let letters = bytes.iter().take(2).all(u8::is_ascii_alphabetic);
    let check = bytes.iter().skip(2).take(2).all(u8::is_ascii_digit);
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    ((15..=34).contains(&all.len()) && letters && check && digits >= 9).then_some((all, taken))
}

/// Seven to fifteen digits with a plus, brackets or separators (E.164), and how many words they are; a plain number is none.
fn phone(words: &[Word<'_>]) -> Option<(String, usize)> {
    let first = words.first()?.text;
    if !first.starts_with(['+', '0', '(']) && !first.contains('-') {
        return None;
    }
    let mut digits = String::new();
    let mut taken = 0;
    for word in words.iter().take(6).map(|word| word.text) {
        let fits = word.chars().all(|letter| {
            letter.is_ascii_digit() || matches!(letter, '+' | '-' | '(' | ')' | '.' | '/')
        });
        if !fits || digits.len() > 15 {
            break;
        }
        digits.extend(word.chars().filter(char::is_ascii_digit));
        taken += 1;
    }
    let signed = first.starts_with('+') || taken > 1 || first.matches('-').count() >= 2;
    let date = first.len() == 10
        && first.matches('-').count() == 2
        && first.split('-').next().is_some_and(|year| year.len() == 4);
    // Two groups with a hyphen are a number of a paper as often.
    let least = if first.starts_with(['+', '0', '(']) { 7 } else { 9 };
    ((least..=15).contains(&digits.len()) && signed && !date)
        .then(|| (digits.trim_start_matches('0').to_owned(), taken))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::tokens::fold;

    #[test]
    fn values_have_one_spelling() {
        for (text, key) in [
            ("write to <Anna.Berg@Firm.example>.", "m:anna.berg@firm.example"),
            ("mailto:a@b.example?subject=x", "m:a@b.example"),
            ("see [here](https://www.Firm.example/pay/) now", "u:firm.example/pay"),
            ("visit evil-site.com today", "u:evil-site.com"),
            ("IBAN: DE89 3704 0044 0532 0130 00 today", "a:de89370400440532013000"),
            ("DE89370400440532013000", "a:de89370400440532013000"),
            ("call +49 (30) 1234-567", "p:49301234567"),
            ("1.000,50 EUR", "n:1000.5"),
            ("$1,000.50", "n:1000.5"),
            ("order A-1042-B", "c:a1042b"),
            ("on 2026-11-22", "d:2026-11-22"),
            ("on Nov 22, 2026", "d:2026-11-22"),
        ] {
            let found = typed(&fold(text));
            assert!(found.iter().any(|value| value.key == key), "{text}: {found:?}");
        }
        // Its groups are no telephone number; one that stands behind it is.
        for (text, phones) in
            [("DE02 1203 0000 0000 2020 51", 0), ("DE02 1203 0000 0000 2020 51, 0176 1234567", 1)]
        {
            let found = typed(&fold(text));
            let all = found.iter().filter(|value| value.sort == Sort::Phone).count();
            assert_eq!(all, phones, "{text}: {found:?}");
        }
        // The number of a paper is none either.
        let paper = typed(&fold("invoice 25-10877"));
        assert!(paper.iter().all(|value| value.sort != Sort::Phone), "{paper:?}");
        for text in ["report.pdf", "well.then", "e.g. this", "12", "end.of"] {
            assert!(typed(text).iter().all(|value| !value.sort.leads_out()), "{text}");
        }
    }
}
