//! [`PersonName`]: how a person is called, plain or sealed under a key of their own.
//!
//! A sealed name is a text of one fixed shape: it stands in facts, requests, reasons and messages where the name would, and
//! is opened only where a text leaves Writ for somebody who may read it ([`replace`]). Who destroys the key of a person
//! takes their name out of everything that was ever written, and changes no byte of it.
//! Never here: a key or an opened name (`store` seals and opens); a `Display`, so that the compiler finds every place that
//! says a name. To seal another kind of field: its word in [`Field`].

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{PersonId, TenantId};

/// How every sealed name begins: its kind and the version of its shape.
pub const MARK: &str = "sealed:1:";
/// LIMIT: bytes of a sealed name's body: salt, commitment, tag, and 80 letters of four bytes each, padded.
pub const MAX_BODY: usize = 512;
/// LIMIT: letters of a name, as `authority` takes them.
pub const LONGEST: usize = 80;
/// Characters of an id.
const ID: usize = 30;

/// What of a person is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// How they are called.
    Name,
}

impl Field {
    /// Its word, as it is authenticated.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
        }
    }
}

/// A name sealed under the key that one tenant keeps for one person: `sealed:1:tnt_…:prs_…:<base64url>:`.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedName {
    /// Whose ledger it stands in.
    pub tenant: TenantId,
    /// Whose name it is.
    pub person: PersonId,
    /// Salt, commitment, ciphertext and tag, as `store` lays them out.
    pub body: Vec<u8>,
}

/// A person's name as it is written down.
#[derive(Clone, PartialEq, Eq)]
pub enum PersonName {
    /// As it is: what ledgers from before sealed names hold.
    Plain(String),
    /// Sealed.
    Sealed(Box<SealedName>),
}

impl SealedName {
    /// The sealed name that this whole text is.
    pub fn parse(text: &str) -> Option<Self> {
        let (found, rest) = Self::at_start(text)?;
        rest.is_empty().then_some(found)
    }

    /// The sealed name that a text begins with, and what follows it.
    fn at_start(text: &str) -> Option<(Self, &str)> {
        let rest = text.strip_prefix(MARK)?;
        let (tenant, rest) = rest.split_at_checked(ID)?;
        let (person, rest) = rest.strip_prefix(':')?.split_at_checked(ID)?;
        let (body, rest) = rest.strip_prefix(':')?.split_once(':')?;
        if body.len() > MAX_BODY.div_ceil(3) * 4 {
            return None;
        }
        let (tenant, person) = (tenant.parse().ok()?, person.parse().ok()?);
        let body = URL_SAFE_NO_PAD.decode(body).ok().filter(|body| body.len() <= MAX_BODY)?;
        Some((Self { tenant, person, body }, rest))
    }

    /// As it stands in texts.
    pub fn text(&self) -> String {
        let body = URL_SAFE_NO_PAD.encode(&self.body);
        format!("{MARK}{}:{}:{body}:", self.tenant, self.person)
    }

    /// What stands for it where nobody can open it.
    pub fn unopened(&self) -> String {
        format!("a person whose name is sealed ({})", self.person)
    }
}

impl fmt::Debug for SealedName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SealedName({}, {})", self.tenant, self.person)
    }
}

impl PersonName {
    /// The words that stand in what is written: the plain name, or the sealed one, to be opened where the text is shown.
    /// Whoever calls this answers for that.
    pub fn written(&self) -> String {
        match self {
            Self::Plain(name) => name.clone(),
            Self::Sealed(sealed) => sealed.text(),
        }
    }

    /// The sealed name, if it is one.
    pub fn sealed(&self) -> Option<&SealedName> {
        match self {
            Self::Plain(_) => None,
            Self::Sealed(sealed) => Some(sealed),
        }
    }
}

impl fmt::Debug for PersonName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(_) => out.write_str("PersonName(…)"),
            Self::Sealed(sealed) => sealed.fmt(out),
        }
    }
}

impl From<String> for PersonName {
    fn from(text: String) -> Self {
        match SealedName::parse(&text) {
            Some(sealed) => Self::Sealed(Box::new(sealed)),
            None => Self::Plain(text),
        }
    }
}

impl From<&str> for PersonName {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl From<SealedName> for PersonName {
    fn from(sealed: SealedName) -> Self {
        Self::Sealed(Box::new(sealed))
    }
}

impl Serialize for PersonName {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&self.written())
    }
}

impl<'de> Deserialize<'de> for PersonName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(Self::from)
    }
}

/// Whether a text may hold a sealed name.
pub fn holds(text: &str) -> bool {
    text.contains(MARK)
}

/// Every sealed name in a text, in order; what only looks like one is left out.
pub fn all(text: &str) -> Vec<SealedName> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((_, from)) = split(rest) {
        rest = match SealedName::at_start(from) {
            Some((found, after)) => {
                out.push(found);
                after
            }
            None => from.strip_prefix(MARK).unwrap_or_default(),
        };
    }
    out
}

/// A text with other words for every sealed name in it.
pub fn replace(text: &str, mut words: impl FnMut(&SealedName) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = split(rest) {
        out.push_str(before);
        if let Some((found, after)) = SealedName::at_start(from) {
            out.push_str(&words(&found));
            rest = after;
        } else {
            out.push_str(MARK);
            rest = from.strip_prefix(MARK).unwrap_or_default();
        }
    }
    out.push_str(rest);
    out
}

/// Letters of a text, each sealed name counted as the longest that a name may be: a bound holds whatever is opened.
pub fn letters(text: &str) -> usize {
    if !holds(text) {
        return text.chars().count();
    }
    let names = all(text).len();
    replace(text, |_| String::new()).chars().count() + names * LONGEST
}

/// A text of at most so many letters. A longer one is cut with no name in it, so that none is cut in two.
pub fn cut(text: &str, most: usize) -> String {
    if letters(text) <= most {
        return text.to_owned();
    }
    unopened(text).chars().take(most).collect()
}

/// A text for somebody who can open nothing.
pub fn unopened(text: &str) -> String {
    replace(text, SealedName::unopened)
}

/// What is before the next mark, and the text from the mark on.
fn split(text: &str) -> Option<(&str, &str)> {
    text.split_at_checked(text.find(MARK)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sealed(body: Vec<u8>) -> SealedName {
        let (tenant, person) = (TenantId::from_bytes([1; 16]), PersonId::from_bytes([2; 16]));
        SealedName { tenant, person, body }
    }

    #[test]
    fn a_name_is_plain_or_sealed_and_comes_back_as_it_was_written() {
        let one = sealed(vec![7; 96]);
        assert_eq!(SealedName::parse(&one.text()), Some(one.clone()));
        assert_eq!(PersonName::from(one.text()), PersonName::from(one.clone()));
        assert_eq!(PersonName::from(one.text()).written(), one.text());
        for plain in ["Ann", "", "sealed:1:", "sealed:1:tnt_x:prs_y:AA:", "sealed:2:x"] {
            assert_eq!(PersonName::from(plain), PersonName::Plain(plain.to_owned()), "{plain}");
            assert_eq!(
                serde_json::to_string(&PersonName::from(plain)).unwrap(),
                format!("{plain:?}")
            );
        }
        let json = serde_json::to_string(&PersonName::from(one.clone())).unwrap();
        assert_eq!(serde_json::from_str::<PersonName>(&json).unwrap().sealed(), Some(&one));
        let text = one.text();
        for end in 0..text.len() {
            assert_eq!(SealedName::parse(text.get(..end).unwrap()), None, "{end}");
        }
        assert_eq!(SealedName::parse(&format!("{text} ")), None);
        assert_eq!(SealedName::parse(&sealed(vec![0; MAX_BODY + 1]).text()), None, "too long");
        assert!(SealedName::parse(&sealed(vec![0; MAX_BODY]).text()).is_some());
    }

    #[test]
    fn no_name_is_printed_for_debugging() {
        let plain = format!("{:?}", PersonName::from("Ann Mark"));
        assert!(!plain.contains("Ann"), "{plain}");
        let one = format!("{:?}", PersonName::from(sealed(vec![9; 96])));
        assert!(one.contains("prs_") && !one.contains("CQkJ"), "{one}");
    }

    #[test]
    fn names_are_found_in_texts_and_nothing_else_is_touched() {
        let (one, two) = (sealed(vec![1; 96]).text(), sealed(vec![2; 96]).text());
        let text = format!("“{one}”, sealed:1:nobody: and {two}left; {one}{two}");
        assert_eq!(all(&text).len(), 4);
        let shown = replace(&text, |name| format!("<{}>", name.body[0]));
        assert_eq!(shown, "“<1>”, sealed:1:nobody: and <2>left; <1><2>");
        assert!(!holds(&unopened(&one)) && unopened(&one).contains("prs_"));
        let text = format!("{one} left");
        assert_eq!((letters(&text), letters("left")), (LONGEST + 5, 4));
        assert_eq!(cut(&text, LONGEST + 5), text);
        assert_eq!(cut(&text, 12), "a person who");
        assert_eq!(replace("nothing", |_| String::new()), "nothing");
    }

    proptest! {
        #[test]
        fn any_text_around_names_survives(parts in prop::collection::vec(".{0,12}", 1..6)) {
            let name = sealed(vec![5; 96]).text();
            let joined = parts.join(&name);
            // A part may itself hold what looks like a mark, never a whole name.
            let shown = replace(&joined, |_| String::from("\u{1}"));
            prop_assert_eq!(shown, parts.join("\u{1}"));
            prop_assert_eq!(all(&joined).len(), parts.len() - 1);
        }
    }
}
