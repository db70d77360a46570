//! The sentence of a ground: the value quoted, where it came from, what is missing.
//!
//! SECURITY: what others wrote stands between marks that nothing inside can close. Never here: a decision. To add a ground:
//! its code, its sentence, its row in `docs/errors.md`.

use writ_model::text::quote;

use crate::{
    classify::{Origin, Role},
    judge::{Case, Reason},
    trace::{Atom, Found, trace},
};

/// LIMIT: letters of a value in a sentence.
const SHOWN: usize = 80;

const fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Person => "your words",
        Origin::Own => "own records",
        Origin::OwnText => "free text in own records",
        Origin::ThirdParty => "third party",
        Origin::Unknown => "unknown",
    }
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::Destination => "destination",
        Role::Amount => "amount",
        Role::Content => "content",
        Role::Selector => "choice",
        Role::Credential => "secret",
        Role::Schedule => "time",
        Role::Other => "value",
    }
}

fn short(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return quote(text);
    }
    quote(&format!("{}…", text.chars().take(SHOWN).collect::<String>()))
}

/// The ground of one value.
pub(crate) fn value(case: &Case<'_>, atom: &Atom, found: &Found, code: &str) -> Reason {
    let trace = trace(case.context, found);
    let said = short(&atom.shown);
    let what = if atom.formed && atom.value.sort.leads_out() {
        format!("{} {said}", atom.value.sort.said())
    } else {
        format!("the {} {said}", role(atom.role))
    };
    let place = match &trace.source {
        Some(source) => format!("{} ({})", short(source), origin(trace.origin)),
        None if case.context.is_blind() => "what cannot be looked into".to_owned(),
        None => "a text that is no longer kept".to_owned(),
    };
    let act = case.class.kinds.said();
    let sentence = match code {
        "FLOW-0012" => format!(
            "{what} was first read in {place}, is not in your words nor among your own records"
        ),
        "FLOW-0013" => format!(
            "{what} stands in {place} where the text orders to {act}, and is not in your words"
        ),
        "FLOW-0014" => format!("{what} was first read in {place}, which you did not name"),
        "FLOW-0015" => format!(
            "{what} in what would be said was first read in {place}, which you did not name"
        ),
        "FLOW-0016" => format!(
            "{what} stands in {place} where the text is hidden or speaks to the agent itself"
        ),
        "FLOW-0018" => {
            format!("{what} would carry out what was read, to a site that you did not name")
        }
        "FLOW-0020" => format!(
            "{what} is in nothing that was read, not in your words nor among your own records"
        ),
        _ => format!("{what} is from {place}"),
    };
    Reason {
        code: code.to_owned(),
        sentence: sentence_case(&sentence),
        pointer: Some(atom.pointer.clone()),
        value: Some(said),
        origin: Some(trace.origin),
        source: trace.source,
    }
}

/// The ground that nobody asked.
pub(crate) fn never_asked(case: &Case<'_>) -> Reason {
    let act = case.class.kinds.said();
    Reason {
        code: "FLOW-0011".to_owned(),
        sentence: format!(
            "Nothing in your words asks to {act}, and words of others have been read."
        ),
        pointer: None,
        value: None,
        origin: Some(case.context.label().origin),
        source: None,
    }
}

/// The ground that a secret would go on.
pub(crate) fn secret(case: &Case<'_>, source: &str) -> Reason {
    Reason {
        code: "FLOW-0022".to_owned(),
        sentence: format!(
            "A secret that was read in {} would be written elsewhere, and your words speak of none.",
            short(source)
        ),
        pointer: None,
        value: None,
        origin: Some(case.context.label().origin),
        source: Some(source.to_owned()),
    }
}

/// The ground that not everything was traced.
pub(crate) fn untraced() -> Reason {
    Reason {
        code: "FLOW-0021".to_owned(),
        sentence: "It has more values, or deeper ones, than are traced.".to_owned(),
        pointer: None,
        value: None,
        origin: Some(Origin::Unknown),
        source: None,
    }
}

fn sentence_case(text: &str) -> String {
    let mut letters = text.chars();
    let first =
        letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
