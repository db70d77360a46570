//! The corpus: values in the places where servers' answers have them, and what only looks like them.
//!
//! Never here: how a value is made (`values`). To add a place: a line in [`PLACES`], with the class's word before it.

use writ_sift::Class;

use super::values;

/// Seeded chance: the same seed gives the same corpus.
#[derive(Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed ^ 0x9e37_79b9_7f4a_7c15)
    }

    pub(crate) fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.next() % most.max(1)
    }

    pub(crate) fn pick<T: Copy + Default>(&mut self, all: &[T]) -> T {
        let at = usize::try_from(self.below(all.len() as u64)).unwrap_or(0);
        all.get(at).copied().unwrap_or_default()
    }

    pub(crate) fn letters(&mut self, alphabet: &str, count: usize) -> String {
        let all: Vec<char> = alphabet.chars().collect();
        (0..count).map(|_| self.pick(&all)).collect()
    }
}

/// A text with the values in it.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) body: String,
    pub(crate) values: Vec<(Class, usize, usize)>,
}

const WORDS: &[&str] = &[
    "the",
    "report",
    "was",
    "moved",
    "to",
    "another",
    "folder",
    "after",
    "review",
    "and",
    "customers",
    "asked",
    "about",
    "delivery",
    "of",
    "their",
    "orders",
    "in",
    "March",
    "version",
    "tokens",
    "used",
    "by",
    "model",
    "please",
    "call",
    "back",
    "before",
    "noon",
    "phone",
    "password",
    "policy",
    "changed",
    "secret",
    "garden",
    "birthday",
    "cake",
    "Straße",
    "für",
    "naïve",
    "“quoted”",
    "–",
    "key",
    "results",
    "public",
    "class",
];

/// A line without anything in it.
pub(crate) fn quiet(chance: &mut Chance) -> String {
    let count = 8 + chance.below(12);
    let words: Vec<&str> = (0..count).map(|_| chance.pick(WORDS)).collect();
    let number = chance.below(4_000);
    format!("{} {number}.", words.join(" "))
}

/// Words that begin nothing.
const PLAIN: &[&str] = &[
    "the",
    "report",
    "was",
    "moved",
    "to",
    "another",
    "folder",
    "after",
    "review",
    "and",
    "customers",
    "asked",
    "about",
    "delivery",
    "of",
    "their",
    "orders",
    "in",
    "March",
    "model",
    "please",
    "before",
    "noon",
    "changed",
    "garden",
    "cake",
    "Straße",
    "für",
    "naïve",
    "results",
    "public",
    "class",
    "which",
    "nobody",
    "expected",
];

/// A line of prose, with a number in every other.
pub(crate) fn prose(chance: &mut Chance) -> String {
    let words: Vec<&str> = (0..16).map(|_| chance.pick(PLAIN)).collect();
    let number =
        if chance.below(2) == 0 { format!(" {}", chance.below(4_000)) } else { String::new() };
    format!("{}{number}.", words.join(" "))
}

const ANY: &[&str] = &[
    "{\"value\": \"@\", \"ok\": true}",
    "see @ for more",
    "- @\n- next",
    "(@)",
    "a,@,b",
    "<td>@</td>",
    "> @",
    "{\\\"inner\\\": \\\"@\\\"}",
    "| @ | yes |",
    "Reply: @.",
];
const NAMED: &[&str] = &[
    "password = @",
    "DB_PASSWORD=@",
    "{\"client_secret\": \"@\"}",
    "apiKey: '@'",
    "--password @ --host db",
    "Your password is @",
    "<password>@</password>",
    "secret_key := \"@\"",
    "Passwort: @",
    "\\\"api_key\\\": \\\"@\\\"",
];
const PHONES: &[&str] =
    &["Tel. @", "phone: @", "\"mobile\": \"@\"", "call me: call @", "Fax @", "Handy: @"];
const BIRTHS: &[&str] = &[
    "born on @",
    "date of birth: @",
    "\"birth_date\": \"@\"",
    "DOB @",
    "Geburtsdatum: @",
    "né le @",
];
const NINOS: &[&str] = &["National Insurance number @", "NINO: @"];

/// So many texts, about half of them with a value.
pub(crate) fn corpus(seed: u64, count: usize) -> Vec<Text> {
    let mut chance = Chance::new(seed);
    (0..count).map(|_| one(&mut chance)).collect()
}

fn one(chance: &mut Chance) -> Text {
    let (head, tail) = (quiet(chance), quiet(chance));
    if chance.below(2) == 0 {
        let place = chance.pick(ANY);
        let body = place.replace('@', &values::lookalike(chance));
        return Text { body: format!("{head}\n{body}\n{tail}"), values: Vec::new() };
    }
    let (class, value, places) = match chance.below(14) {
        0 | 1 => (Class::Secret, values::key(chance), ANY),
        2 => (Class::Secret, values::password(chance), NAMED),
        3 => (Class::Secret, values::frame(chance), ANY),
        4 => (Class::Hidden, values::hidden(chance), ANY),
        5 => (Class::Unshown, values::unshown(chance), ANY),
        6 => (Class::Email, values::email(chance), ANY),
        7 => (Class::Phone, values::phone_abroad(chance), ANY),
        8 => (Class::Phone, values::phone(chance), PHONES),
        9 => (Class::Iban, values::iban(chance), ANY),
        10 => (Class::Card, values::card(chance), ANY),
        11 => (Class::NationalId, values::national_id(chance), ANY),
        12 if chance.below(4) == 0 => (Class::NationalId, values::nino(chance), NINOS),
        12 => (Class::BirthDate, values::date(chance), BIRTHS),
        _ => (Class::IpAddress, values::address(chance), ANY),
    };
    let place = chance.pick(places);
    let before = place.split('@').next().unwrap_or_default().len();
    let start = head.len() + 1 + before;
    let end = start + value.len();
    Text {
        body: format!("{head}\n{}\n{tail}", place.replace('@', &value)),
        values: vec![(class, start, end)],
    }
}
