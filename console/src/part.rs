//! Parts that several pages show: what may be done to an agent, a refusal. Their HTML is in `part/parts.html`.
//!
//! Never here: a whole page.

use crate::{
    shell::ClientRef,
    show::{self, Mark, Said, Tone},
    view::Reach,
};

/// How an ending stands at a gateway, as a mark.
#[must_use]
pub fn reach(how: impl std::borrow::Borrow<Reach>) -> Mark {
    match how.borrow() {
        Reach::Confirmed => Mark::new(Tone::Go, "Confirmed"),
        Reach::LeaseExpired => Mark::new(Tone::Seen, "Lease expired"),
        Reach::Waiting => Mark::new(Tone::Wait, "Not yet"),
    }
}

/// How a button looks and behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// The one that is asked for.
    Main,
    /// Another.
    Plain,
    /// Ends something.
    End,
}

/// Something that may be done: a link to the form that does it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// Its words.
    pub label: &'static str,
    /// The form.
    pub href: String,
    /// How it looks.
    pub weight: Weight,
    /// For ending an agent: its name, which a long press types for the person.
    pub confirms: Option<String>,
    /// The client's name, which the dialog of a long press repeats.
    pub client: String,
}

impl Act {
    /// The one thing asked for.
    #[must_use]
    pub fn main(label: &'static str, href: String) -> Self {
        Self { label, href, weight: Weight::Main, confirms: None, client: String::new() }
    }

    /// Another thing that may be done.
    #[must_use]
    pub fn plain(label: &'static str, href: String) -> Self {
        Self { label, href, weight: Weight::Plain, confirms: None, client: String::new() }
    }

    /// Ending an agent, by a long press or by typing its name.
    #[must_use]
    pub fn end(client: &ClientRef, agent: &str, name: &str) -> Self {
        let href = crate::route::agent_terminate(&client.slug, agent);
        let (confirms, client) = (Some(name.to_owned()), client.name.clone());
        Self { label: "Terminate", href, weight: Weight::End, confirms, client }
    }

    /// The button's classes.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self.weight {
            Weight::Main => "button main",
            Weight::Plain => "button",
            Weight::End => "button end",
        }
    }
}

/// A refusal as a person reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Stable code.
    pub code: String,
    /// The field that is wrong; empty if none is.
    pub field: String,
    /// What is wrong, one sentence.
    pub what: String,
    /// What would cure it, one sentence.
    pub cure: String,
}

impl Refused {
    /// What is wrong, as people write it.
    #[must_use]
    pub fn said(&self) -> Said {
        Said(sentence(&self.what))
    }

    /// What would cure it, as people write it.
    #[must_use]
    pub fn cured(&self) -> Said {
        Said(sentence(&self.cure))
    }
}

/// A sentence about something with a name: if it begins with that name, the name keeps its letters.
#[must_use]
pub fn about(text: &str, name: &str) -> String {
    if !name.is_empty() && text.starts_with(name) { stated(text) } else { sentence(text) }
}

/// A sentence that keeps its first letter, with a full stop and its instants as people write them.
#[must_use]
pub fn stated(text: &str) -> String {
    let text = show::prose(text);
    let stop =
        if text.ends_with(['.', '!', '?', '”', '"', ':']) || text.is_empty() { "" } else { "." };
    format!("{text}{stop}")
}

/// A sentence with a capital letter and a full stop, instants in it as people write them. A first word that looks like
/// a name (`invoice-bot`) keeps its letters.
#[must_use]
pub fn sentence(text: &str) -> String {
    let text = stated(text);
    let word = text.split(' ').next().unwrap_or_default();
    let plain = word.chars().all(|letter| letter.is_ascii_alphabetic() || letter == '.');
    let mut letters = text.chars();
    let first = letters.next().map(|c| if plain { c.to_ascii_uppercase() } else { c });
    let first = first.map(String::from).unwrap_or_default();
    format!("{first}{}", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::{about, sentence, stated};

    #[test]
    fn sentences_begin_and_end() {
        assert_eq!(sentence("nobody audits it"), "Nobody audits it.");
        assert_eq!(
            sentence("Dana left on 2026-11-03T14:03:00.000000Z"),
            "Dana left on 3 Nov 2026, 14:03 UTC."
        );
        assert_eq!(sentence(""), "");
        assert_eq!(about("orders is not switched on", "orders"), "orders is not switched on.");
        assert_eq!(about("no grant covers it", "orders"), "No grant covers it.");
        assert_eq!(stated("orders was activated."), "orders was activated.");
    }
}
