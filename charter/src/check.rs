//! Whether a charter is well formed: every problem at once, each with where, what, which rule, and what cures it.
//! Never here: whether it is wise, or whether the parties fit (`authority`). To add a rule: its check in `check/`, a row in
//! the tests' table.

use serde::{Deserialize, Serialize};

use writ_model::text::hidden;

use crate::{Action, Charter, action, catalog, family};

mod clause;
mod frame;

/// LIMIT: most problems told at once; who has more will not read them.
pub const MOST_PROBLEMS: usize = 256;
/// LIMIT: characters of a quoted value.
const QUOTED: usize = 64;

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bad {
    /// Where: `clauses[2].mode.quorum[0].n`.
    pub field: String,
    /// What stands there, quoted and cut.
    pub value: String,
    /// The rule it breaks.
    pub rule: String,
    /// What cures it.
    pub cure: String,
}

impl Charter {
    /// Whether it is well formed.
    ///
    /// # Errors
    /// Every problem, at most [`MOST_PROBLEMS`].
    pub fn check(&self) -> Result<(), Vec<Bad>> {
        let mut sheet = Sheet { own: &self.actions, bad: Vec::new() };
        sheet.frame(self);
        sheet.clauses(&self.clauses);
        let bytes = self.canonical().len();
        if bytes > Self::MOST_BYTES {
            sheet.add(
                "charter",
                &format!("{bytes} bytes"),
                &format!("a charter has at most {} canonical bytes", Self::MOST_BYTES),
                "say it shorter: join clauses, use families of actions, drop what decides nothing",
            );
        }
        sheet.done()
    }
}

/// Where the problems are gathered.
pub(crate) struct Sheet<'a> {
    own: &'a [Action],
    bad: Vec<Bad>,
}

impl<'a> Sheet<'a> {
    /// An empty sheet; `own` are the classes known besides the catalogue's.
    pub(crate) fn new(own: &'a [Action]) -> Self {
        Self { own, bad: Vec::new() }
    }

    /// What was found.
    pub(crate) fn done(self) -> Result<(), Vec<Bad>> {
        if self.bad.is_empty() { Ok(()) } else { Err(self.bad) }
    }

    /// Adds a problem with its value as it is to be shown.
    pub(crate) fn add(&mut self, field: &str, value: &str, rule: &str, cure: &str) {
        if self.bad.len() < MOST_PROBLEMS {
            let [field, value, rule, cure] = [field, value, rule, cure].map(str::to_owned);
            self.bad.push(Bad { field, value, rule, cure });
        }
    }

    /// Adds a problem with a text that came from outside.
    pub(crate) fn text(&mut self, field: &str, value: &str, rule: &str, cure: &str) {
        self.add(field, &quoted(value), rule, cure);
    }

    /// A text that people read: not blank, not too long, nothing in it that shows otherwise than it is.
    pub(crate) fn plain(&mut self, field: &str, value: &str, most: usize) {
        if value.trim().is_empty() {
            self.text(field, value, "a text is not blank", "write what it is");
        } else if value.trim() != value {
            self.text(field, value, "a text neither begins nor ends with a blank", "take it away");
        }
        if value.chars().nth(most).is_some() {
            let rule = format!("it has at most {most} characters");
            self.text(field, value, &rule, "say it shorter");
        }
        if value.chars().any(hidden) {
            self.text(
                field,
                value,
                "no character is invisible or turns the direction of writing",
                "type the text again by hand",
            );
        }
    }

    /// An optional text that people read.
    pub(crate) fn maybe(&mut self, field: &str, value: Option<&str>, most: usize) {
        if let Some(value) = value {
            self.plain(field, value, most);
        }
    }

    /// A list of at most so many different entries.
    pub(crate) fn list<T: PartialEq>(&mut self, field: &str, list: &[T], most: usize) {
        if list.len() > most {
            let rule = format!("at most {most} entries stand here");
            self.add(field, &format!("{} entries", list.len()), &rule, "leave some out");
        }
        let again = list.iter().enumerate().take(most);
        let twice = again.filter(|(at, one)| list.iter().take(*at).any(|known| known == *one));
        for at in twice.map(|(at, _)| at).collect::<Vec<_>>() {
            let field = format!("{field}[{at}]");
            self.add(&field, "the same again", "no entry stands twice", "leave one out");
        }
    }

    /// Short texts in a list.
    pub(crate) fn words(&mut self, field: &str, list: &[String], (most, longest): (usize, usize)) {
        self.list(field, list, most);
        for (at, one) in list.iter().enumerate().take(most) {
            self.plain(&format!("{field}[{at}]"), one, longest);
        }
    }

    /// A name of an action class.
    pub(crate) fn class(&mut self, field: &str, class: &str) {
        if !self.knows(class) {
            self.text(
                field,
                class,
                "it is a class of the catalogue or of the charter's own",
                "choose one of `GET /catalog`, or add a class `x.…` to `actions`",
            );
        }
    }

    /// A name or a family of action classes.
    pub(crate) fn pattern(&mut self, field: &str, pattern: &str) {
        let known = if pattern.ends_with('*') {
            let mut all = catalog().iter().chain(self.own);
            all.any(|one| family(pattern, &one.class))
        } else {
            self.knows(pattern)
        };
        if !known {
            self.text(
                field,
                pattern,
                "it names a class, a family with at least one class (`mail.*`), or all (`*`)",
                "choose one of `GET /catalog`, or add a class `x.…` to `actions`",
            );
        }
    }

    fn knows(&self, class: &str) -> bool {
        action(class).is_some() || self.own.iter().any(|own| own.class == class)
    }
}

/// A text as a message shows it: quoted, escaped, cut.
fn quoted(value: &str) -> String {
    let cut: String = value.chars().take(QUOTED).collect();
    let more = if value.chars().nth(QUOTED).is_some() { "…" } else { "" };
    format!("{cut:?}{more}")
}

/// A key: 2 to 40 of `a-z`, `0-9` and `-`.
pub(crate) fn is_key(text: &str) -> bool {
    (2..=40).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// An RFC 6901 pointer that is not the whole document.
pub(crate) fn is_pointer(text: &str) -> bool {
    let escapes = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    text.starts_with('/') && text.len() <= 200 && escapes && !text.chars().any(hidden)
}
