//! Words: how text is compared, what verbs and nouns mean as action, what a person asks for.
//!
//! Never here: values, sources, a judgment. To add a language: its rows in `lexicon`, its cases in `request`.

pub(crate) mod lexicon;
pub(crate) mod request;
pub(crate) mod tokens;
