//! Forms: fields with their labels, hints, kept values and wrongs, and what was submitted. One template for all of them.
//!
//! Never here: a rule about a value (`authority` refuses, and its sentence is shown beside the field it names).
//! To add a form: a file below that builds a [`FormPage`] from what was submitted, and a body from the same; its lines in
//! `route.rs` and `router.rs`; its sample in `page.rs`.

use askama::Template;

use crate::{part::Refused, shell::Shell};

pub mod account;
pub mod act;
pub mod agent;
pub mod answers;
pub mod approve;
pub mod client;
pub mod consent;
pub mod delegate;
pub mod draft;
pub mod drill;
pub mod ending;
pub mod gateway;
pub mod grant;
pub mod invite;
pub mod observe;
pub mod own;
pub mod party;
pub mod people;
pub mod stop;
pub mod tool;

/// What was submitted, or what a form starts with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given(pub Vec<(String, String)>);

impl Given {
    /// A form's start.
    #[must_use]
    pub fn start(values: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self(values.iter().map(owned).collect())
    }

    /// The first value under a name, trimmed; empty if there is none.
    #[must_use]
    pub fn one(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    /// The same as an option.
    #[must_use]
    pub fn some(&self, name: &str) -> Option<String> {
        Some(self.one(name)).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// Every value under a name.
    #[must_use]
    pub fn all(&self, name: &str) -> Vec<String> {
        let mine = self.0.iter().filter(|(key, value)| key == name && !value.trim().is_empty());
        mine.map(|(_, value)| value.trim().to_owned()).collect()
    }

    /// A value split at commas and line ends.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<String> {
        split(self.one(name))
    }

    /// Whether a box was ticked.
    #[must_use]
    pub fn ticked(&self, name: &str, value: &str) -> bool {
        self.0.iter().any(|(key, given)| key == name && given == value)
    }
}

/// A text split at commas and line ends.
#[must_use]
pub fn split(text: &str) -> Vec<String> {
    let parts = text.split([',', '\n']).map(str::trim).filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

/// One thing to choose.
#[derive(Debug, Clone)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is read.
    pub label: String,
    /// What it means.
    pub hint: String,
    /// Whether it is chosen.
    pub on: bool,
}

impl Choice {
    /// A choice.
    #[must_use]
    pub fn new(value: &str, label: &str, hint: &str) -> Self {
        let (value, label, hint) = (value.to_owned(), label.to_owned(), hint.to_owned());
        Self { value, label, hint, on: false }
    }
}

/// A condition on an argument, as a row of a form.
#[derive(Debug, Clone, Default)]
pub struct RuleRow {
    /// Its number, from 1.
    pub number: usize,
    /// The argument's pointer.
    pub path: String,
    /// The kind of condition.
    pub kind: String,
    /// Its values.
    pub value: String,
    /// Whether the argument may be left out.
    pub optional: bool,
}

/// How a field is filled in.
#[derive(Debug, Clone)]
pub enum Input {
    /// One line.
    Line,
    /// One line, of a few known words.
    Known(Vec<String>),
    /// Several lines, said in words and signed.
    Words,
    /// Several lines.
    Lines,
    /// An instant, to the minute, in UTC.
    Instant,
    /// One of a list.
    Select(Vec<Choice>),
    /// One of a few.
    Radio(Vec<Choice>),
    /// Any of a few.
    Boxes(Vec<Choice>),
    /// Conditions on arguments.
    Rules(Vec<RuleRow>),
}

/// One field.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its label.
    pub label: &'static str,
    /// What helps to fill it in.
    pub hint: &'static str,
    /// What it holds.
    pub value: String,
    /// What is wrong with it.
    pub wrong: Option<String>,
    /// Whether it must be filled in.
    pub required: bool,
    /// How.
    pub input: Input,
}

impl Field {
    /// A field with what was given for it.
    #[must_use]
    pub fn new(name: &'static str, label: &'static str, input: Input, given: &Given) -> Self {
        let mut field = Self {
            name,
            label,
            hint: "",
            value: given.one(name).to_owned(),
            wrong: None,
            required: false,
            input,
        };
        match &mut field.input {
            Input::Select(list) | Input::Radio(list) => {
                let value = field.value.clone();
                for one in list.iter_mut() {
                    one.on = one.value == value;
                }
                if !list.iter().any(|one| one.on)
                    && let Some(first) = list.first_mut()
                {
                    first.on = true;
                }
            }
            Input::Boxes(list) => {
                for one in list.iter_mut() {
                    one.on = given.ticked(name, &one.value);
                }
            }
            Input::Line
            | Input::Known(_)
            | Input::Words
            | Input::Lines
            | Input::Instant
            | Input::Rules(_) => {}
        }
        field
    }

    /// With a hint.
    #[must_use]
    pub fn hint(mut self, hint: &'static str) -> Self {
        self.hint = hint;
        self
    }

    /// Must be filled in.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// How its choices stand: in a row if none needs a hint, else one below the other.
    #[must_use]
    pub fn choices(&self) -> &'static str {
        match &self.input {
            Input::Radio(list) | Input::Boxes(list)
                if list.iter().all(|one| one.hint.is_empty()) =>
            {
                "choices inline"
            }
            _ => "choices",
        }
    }

    /// Whether the browser shall insist.
    #[must_use]
    pub fn insists(&self) -> &'static str {
        if self.required { " required" } else { "" }
    }
}

/// Kinds of conditions: value and words.
pub const CONDITIONS: [(&str, &str); 10] = [
    ("domains", "addresses of"),
    ("under", "paths inside"),
    ("one_of", "one of"),
    ("none_of", "none of"),
    ("like", "looks like"),
    ("at_most", "at most"),
    ("at_least", "at least"),
    ("is", "true or false"),
    ("size", "at most so long"),
    ("absent", "not given"),
];

/// A form.
#[derive(Debug, Template)]
#[template(path = "form.html")]
pub struct FormPage {
    /// Around it.
    pub shell: Shell,
    /// What it does.
    pub heading: String,
    /// What that means.
    pub lead: String,
    /// What one should know before.
    pub facts: Vec<(&'static str, String)>,
    /// Its fields.
    pub fields: Vec<Field>,
    /// Where it is sent.
    pub action: String,
    /// The words on its button.
    pub submit: &'static str,
    /// Whether it ends something.
    pub ends: bool,
    /// Whether it only asks: then it is sent as a query, and changes nothing.
    pub asks: bool,
    /// Where one goes who does not.
    pub back: String,
    /// Why it was refused.
    pub refused: Option<Refused>,
}

impl FormPage {
    /// A form without fields.
    #[must_use]
    pub fn new(shell: Shell, heading: String, action: String, submit: &'static str) -> Self {
        Self {
            shell,
            heading,
            lead: String::new(),
            facts: Vec::new(),
            fields: Vec::new(),
            action,
            submit,
            ends: false,
            asks: false,
            back: crate::route::decisions(),
            refused: None,
        }
    }

    /// Refused: the sentence stands above the form, and beside the field it names.
    #[must_use]
    pub fn refused(mut self, refused: Option<Refused>) -> Self {
        if let Some(refused) = &refused {
            let field = self.fields.iter_mut().find(|field| field.name == refused.field);
            if let Some(field) = field {
                field.wrong = Some(refused.what.clone());
            }
        }
        self.refused = refused;
        self
    }

    /// Whether any field is wide.
    #[must_use]
    pub fn wide(&self) -> bool {
        self.fields.iter().any(|field| matches!(field.input, Input::Rules(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_is_kept() {
        let given =
            Given::start(&[("a", " x "), ("b", "1"), ("b", "2"), ("c", "p, q\nr"), ("d", " ")]);
        assert_eq!(given.one("a"), "x");
        assert_eq!(given.all("b"), ["1", "2"]);
        assert_eq!(given.list("c"), ["p", "q", "r"]);
        assert_eq!(given.some("d"), None);
        assert!(given.ticked("b", "2") && !given.ticked("b", "3"));
        let boxes = Input::Boxes(vec![Choice::new("1", "One", ""), Choice::new("3", "Three", "")]);
        let Input::Boxes(list) = Field::new("b", "B", boxes, &given).input else { panic!() };
        assert_eq!(list.iter().map(|one| one.on).collect::<Vec<_>>(), [true, false]);
    }
}
