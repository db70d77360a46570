//! What servers' texts carry that an agent should not read as it stands: secrets, personal data by class, hidden text. It is
//! found in one pass and taken out where a rule says so, whatever the pieces a text comes in.
//!
//! Never here: IO, a clock, a rule about who may read what (the charter has those), a found value in an error or a name.
//! To add a class: a variant of [`Class`], its detector, rows in the generator of `sift/examples/measure.rs`, the charter's
//! catalog. To add a vendor's key: a row in `sift/data/secrets.tsv`.

mod anchors;
mod find;
mod hidden;
mod look;
mod message;
mod person;
mod secret;
mod stream;

pub use find::find;
pub use message::{Sifted, Unreadable, message, text};
pub use stream::Sifter;

/// What is found, as far as a rule can tell it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Keys, tokens, passwords, private keys.
    Secret,
    /// Letters that nobody sees, and orders to a terminal.
    Hidden,
    /// Text of a page that is in it and not shown.
    Unshown,
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// An account number in the form of ISO 13616.
    Iban,
    /// The number of a payment card.
    Card,
    /// A number that a state gives to a person.
    NationalId,
    /// A date that the text calls a date of birth.
    BirthDate,
    /// An address of the Internet Protocol that can be somebody's.
    IpAddress,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 10] = [
        Self::Secret,
        Self::Hidden,
        Self::Unshown,
        Self::Email,
        Self::Phone,
        Self::Iban,
        Self::Card,
        Self::NationalId,
        Self::BirthDate,
        Self::IpAddress,
    ];

    /// Its stable word, in records and masks.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Hidden => "hidden",
            Self::Unshown => "unshown",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Iban => "iban",
            Self::Card => "card",
            Self::NationalId => "national_id",
            Self::BirthDate => "birth_date",
            Self::IpAddress => "ip_address",
        }
    }

    /// Its place in [`Self::ALL`].
    const fn place(self) -> usize {
        self as usize
    }
}

/// What becomes of something that is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It stays, and is counted.
    Keep,
    /// Words stand in its place.
    Mask,
    /// Nothing of the text goes on.
    Refuse,
}

/// What becomes of each class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ways([Way; Class::ALL.len()]);

impl Default for Ways {
    /// Secrets and hidden text are masked, everything else stays.
    fn default() -> Self {
        Self::all(Way::Keep).with(Class::Secret, Way::Mask).with(Class::Hidden, Way::Mask)
    }
}

impl Ways {
    /// The same for every class.
    pub const fn all(way: Way) -> Self {
        Self([way; Class::ALL.len()])
    }

    /// Another one for this class.
    #[must_use]
    pub fn with(mut self, class: Class, way: Way) -> Self {
        if let Some(slot) = self.0.get_mut(class.place()) {
            *slot = way;
        }
        self
    }

    /// What becomes of a class; refused if that were not known.
    pub fn of(&self, class: Class) -> Way {
        self.0.get(class.place()).copied().unwrap_or(Way::Refuse)
    }
}

/// How many of each class were found, and how many were masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts([(u32, u32); Class::ALL.len()]);

impl Counts {
    /// One more.
    fn note(&mut self, class: Class, masked: bool) {
        if let Some((found, out)) = self.0.get_mut(class.place()) {
            *found = found.saturating_add(1);
            *out = out.saturating_add(u32::from(masked));
        }
    }

    /// These as well.
    pub fn add(&mut self, other: &Self) {
        for ((found, out), (more, masked)) in self.0.iter_mut().zip(other.0) {
            *found = found.saturating_add(more);
            *out = out.saturating_add(masked);
        }
    }

    /// Classes of which there were any: found, masked.
    pub fn iter(&self) -> impl Iterator<Item = (Class, u32, u32)> + '_ {
        let all = Class::ALL.into_iter().zip(self.0);
        all.filter(|(_, (found, _))| *found > 0).map(|(class, (found, out))| (class, found, out))
    }

    /// Nothing was found.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

/// One thing that was found: a span of bytes, always of whole letters, and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Its class.
    pub class: Class,
    /// What it is, in words: `GitHub token`.
    pub what: &'static str,
}

impl Found {
    /// Its part of the text in which it was found.
    pub fn of<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    /// What stands in its place: what it was and how long, never a part of it.
    fn mask(&self, value: &[u8]) -> String {
        // Letters, not bytes: what is no UTF-8 counts byte by byte.
        let letters = value.iter().filter(|byte| (**byte & 0xc0) != 0x80).count();
        let word = match self.class {
            Class::Secret => "secret",
            Class::Hidden | Class::Unshown => "hidden text",
            Class::Email
            | Class::Phone
            | Class::Iban
            | Class::Card
            | Class::NationalId
            | Class::BirthDate
            | Class::IpAddress => "personal data",
        };
        let plural = if letters == 1 { "" } else { "s" };
        format!("[{word}: {}, {letters} character{plural}]", self.what)
    }
}
