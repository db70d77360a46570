//! An action class: one kind of decision that can be delegated, with what it does to the world.
//! Never here: the classes themselves (`catalog.rs`), or what is decided on them (`judge.rs`).

use serde::{Deserialize, Serialize};

/// Whether what was done can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reversibility {
    /// Undone by one act, without a trace of harm.
    Reversible,
    /// Undone with work, money or lost hours.
    Costly,
    /// Never undone.
    Irreversible,
}

impl Reversibility {
    /// Every value, mildest first.
    pub const ALL: [Self; 3] = [Self::Reversible, Self::Costly, Self::Irreversible];

    /// Its word, as in the JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reversible => "reversible",
            Self::Costly => "costly",
            Self::Irreversible => "irreversible",
        }
    }

    /// What it means, completing "What was done …".
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Reversible => "can be undone",
            Self::Costly => "can be undone only at a cost",
            Self::Irreversible => "cannot be undone",
        }
    }
}

/// How far one act reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blast {
    /// One record, file or message.
    OneRecord,
    /// One person.
    OnePerson,
    /// One machine.
    OneMachine,
    /// One agent.
    OneAgent,
    /// Everything of the client.
    WholeClient,
    /// Others than the client.
    Outside,
}

impl Blast {
    /// Every value, smallest first.
    pub const ALL: [Self; 6] = [
        Self::OneRecord,
        Self::OnePerson,
        Self::OneMachine,
        Self::OneAgent,
        Self::WholeClient,
        Self::Outside,
    ];

    /// Its word, as in the JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::OneRecord => "one_record",
            Self::OnePerson => "one_person",
            Self::OneMachine => "one_machine",
            Self::OneAgent => "one_agent",
            Self::WholeClient => "whole_client",
            Self::Outside => "outside",
        }
    }

    /// What it means, completing "It reaches …".
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::OneRecord => "one record",
            Self::OnePerson => "one person",
            Self::OneMachine => "one machine",
            Self::OneAgent => "one agent",
            Self::WholeClient => "the whole company",
            Self::Outside => "people outside the company",
        }
    }
}

/// A class of decisions that can be delegated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// Its name, `noun.verb`; a charter's own begin with `x.`.
    pub class: String,
    /// What it does, completing "An agent …": `releases a payment`.
    pub sentence: String,
    /// Whether it can be taken back.
    pub reversibility: Reversibility,
    /// How far it reaches.
    pub blast: Blast,
    /// What typically goes wrong, one sentence.
    pub harm: String,
    /// It only stops something: people of either party may always do it alone, whatever the charter says.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub stop: bool,
}

/// Whether a pattern names a class: the class itself, `mail.*` for every class below `mail`, or `*` for all.
pub fn family(pattern: &str, class: &str) -> bool {
    match pattern.strip_suffix('*') {
        None => pattern == class,
        Some("") => true,
        Some(stem) => stem.ends_with('.') && class.len() > stem.len() && class.starts_with(stem),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_ends_at_its_dot() {
        for (pattern, class, wanted) in [
            ("mail.read", "mail.read", true),
            ("mail.read", "mail.reader", false),
            ("mail.*", "mail.read", true),
            ("mail.*", "mail.read.all", true),
            ("mail.*", "mail", false),
            ("mail.*", "mail.", false),
            ("mail.*", "mailbox.read", false),
            ("mail*", "mail.read", false),
            ("*", "anything", true),
            ("x.*", "x.shop.order", true),
            ("", "mail.read", false),
        ] {
            assert_eq!(family(pattern, class), wanted, "{pattern} {class}");
        }
    }
}
