//! The settings of judgment: how strict, what is known, what was declassified, what is denied.
//!
//! Never here: a judgment. To add a setting: a field with its default and its sentence here, its use in `judge`.

use serde::{Deserialize, Serialize};

/// LIMIT: known destinations, declassifications and denials of one agent; a longer list is a directory's.
const MOST: usize = 10_000;

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// How much has to speak for a call, 0 to 4: 0 holds what an order in a text asks for, 1 also what nobody asked for,
    /// 2 (as set) also destinations of others, 3 also links and addresses in what is said and payees in sources that the
    /// person named, 4 also every value that only a text of others has.
    pub strictness: u8,
    /// Payees, addresses, sites that are known: nothing is held because of them. As written, or `@firm.example` for all
    /// addresses of a house.
    pub known: Vec<String>,
    /// Servers whose results a person declared trustworthy, on record: their text counts as fields of own records.
    pub trusted_servers: Vec<String>,
    /// Origins of a destination that deny a call rather than hold it, by the kind of action.
    pub deny: Vec<crate::kinds::Kinds>,
}

impl Default for Rules {
    fn default() -> Self {
        Self { strictness: 2, known: Vec::new(), trusted_servers: Vec::new(), deny: Vec::new() }
    }
}

impl Rules {
    /// The settings at another strictness.
    #[must_use]
    pub fn at(strictness: u8) -> Self {
        Self { strictness: strictness.min(4), ..Self::default() }
    }

    /// True if this folded value is known.
    pub(crate) fn knows(&self, value: &str) -> bool {
        self.known.iter().take(MOST).any(|known| {
            let known = crate::words::tokens::fold(known);
            known == value || (known.starts_with('@') && value.ends_with(&known))
        })
    }
}
