//! Where a value of a call came from: the person's words, a field, a text with what it orders, nowhere.
//!
//! Never here: what follows (`judge`). To add a way in which a value may come: its look-up in [`find`], its word in [`How`].

mod named;

use serde::{Deserialize, Serialize};

use self::named::searches;
pub(crate) use self::named::{
    has_sender, is_name, is_sender, is_state, is_writer, named, record_named,
};
use crate::{
    classify::{Origin, Role},
    context::{Context, Source},
    index,
    kinds::{Kinds, Topics},
    rules::Rules,
    values::{Sort, Typed, typed},
    words::tokens::{fold, parts},
};

/// How a value was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// As it stands, or in another notation.
    Whole,
    /// Made of parts that were found.
    Composed,
    /// By hashes of a text that was forgotten.
    Forgotten,
    /// Not at all: the agent made it, or read it where nobody looked.
    Nowhere,
}

/// Where a value first appeared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// The most trusted place that has it.
    pub origin: Origin,
    /// How it was found.
    pub how: How,
    /// The result that has it: what chose it, or the tool that gave it.
    pub source: Option<String>,
}

/// One value of a call.
#[derive(Debug, Clone)]
pub(crate) struct Atom {
    pub(crate) pointer: String,
    /// As it was written.
    pub(crate) shown: String,
    pub(crate) value: Typed,
    /// True if the value is typed by form; else it is a folded text.
    pub(crate) formed: bool,
    pub(crate) role: Role,
    /// True if it stands inside a longer text.
    pub(crate) inside: bool,
}

/// What is known of a value.
#[expect(clippy::struct_excessive_bools, reason = "independent findings, each used by itself")]
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    /// The person said it, or it is known.
    pub(crate) yours: bool,
    /// The field of a record that is it.
    pub(crate) field: Option<u32>,
    /// True if every field that is it stands in what others gave.
    pub(crate) foreign: bool,
    /// True if the person named the record of the field.
    pub(crate) meant: bool,
    /// True if only the sender's field of a record has it.
    pub(crate) sender: bool,
    /// Sentences that hold it.
    pub(crate) sentences: Vec<u32>,
    /// Kinds that the sentences around it order.
    pub(crate) ordered: Kinds,
    /// Kinds that the very sentences order.
    pub(crate) here: Kinds,
    /// What these orders are, without what doing them may take: around it, and in the very sentences.
    pub(crate) deeds: Kinds,
    pub(crate) deed: Kinds,
    /// What the sources of these sentences are about.
    pub(crate) about: Topics,
    /// True if it stands alone on a line of a list.
    pub(crate) listed: bool,
    /// Signs of speaking to the agent around it.
    pub(crate) signs: u8,
    /// How clearly the person named a source that holds it: 2 by itself, 1 by what it is about.
    pub(crate) named: u8,
    /// True if it was put together from a text's parts.
    pub(crate) composed: bool,
    /// True if it may be of a forgotten text.
    pub(crate) forgotten: bool,
}

impl Found {
    /// True if only text has it.
    pub(crate) fn only_text(&self) -> bool {
        !self.yours && self.field.is_none() && (!self.sentences.is_empty() || self.forgotten)
    }

    /// True if nothing has it.
    pub(crate) fn nowhere(&self) -> bool {
        !self.yours && self.field.is_none() && self.sentences.is_empty() && !self.forgotten
    }
}

/// LIMIT: values of one leaf that are traced; a longer text is content, whose first addresses and links count.
const VALUES: usize = 64;

/// The values of one leaf of the arguments.
pub(crate) fn atoms(pointer: &str, text: &str, role: Role, out: &mut Vec<Atom>) {
    let folded = fold(text);
    let folded = folded.trim();
    if folded.is_empty() {
        return;
    }
    let short = folded.len() <= 120 && !folded.contains('\n') && folded.split(' ').count() <= 8;
    let values: Vec<Typed> = typed(folded).into_iter().take(VALUES).collect();
    let leading = values.iter().filter(|value| value.sort.leads_out()).count();
    for value in &values {
        if value.sort.leads_out() || (short && values.len() == 1 && value.sort != Sort::Day) {
            let inside = parts(folded).count() > parts(value.text()).count() + 2;
            out.push(Atom {
                pointer: pointer.to_owned(),
                shown: if inside { value.text().to_owned() } else { text.trim().to_owned() },
                value: value.clone(),
                formed: true,
                role,
                inside,
            });
        }
    }
    if short && leading == 0 {
        let value = Typed { sort: Sort::Code, key: format!("t:{folded}") };
        out.push(Atom {
            pointer: pointer.to_owned(),
            shown: text.trim().to_owned(),
            value,
            formed: false,
            role,
            inside: false,
        });
    }
}

/// Looks a value up everywhere.
pub(crate) fn find(context: &Context, atom: &Atom, rules: &Rules) -> Found {
    let text = atom.value.text();
    let person = &context.person;
    context.findable();
    let mut found = Found { yours: rules.knows(text), ..Found::default() };
    if atom.formed {
        found.yours |= person.value(&atom.value);
        fields(context, &context.index.field(&atom.value.key), &mut found);
        found.sentences = context.index.word(&atom.value.key);
        if found.sentences.is_empty() && found.field.is_none() {
            found.sentences = context.index.phrase(text);
        }
        if !found.yours && found.field.is_none() && found.sentences.is_empty() {
            compose(context, &atom.value, &mut found);
        }
    } else {
        // A secret is named as it stands or not at all.
        found.yours |= if atom.role == Role::Credential {
            person.verbatim(text) && !generic(text)
        } else {
            person.said(text)
        };
        found.listed = context.index.listed(text);
        fields(context, &context.index.field(text), &mut found);
        found.sentences = context.index.phrase(text);
    }
    trusted(context, rules, &mut found);
    if found.nowhere() && context.forgotten(text) {
        let (ordered, signs) = context.forgotten_orders();
        (found.forgotten, found.ordered, found.signs) = (true, ordered, signs);
        found.deeds = ordered;
    }
    surroundings(context, &mut found);
    found
}

/// Text of a server that a person declared trustworthy counts as a field.
fn trusted(context: &Context, rules: &Rules, found: &mut Found) {
    if rules.trusted_servers.is_empty() {
        return;
    }
    let declared = |at: &u32| {
        let leaf = context.index.leaf_of(*at)?;
        let (source, _, _) = context.leaf(leaf)?;
        rules.trusted_servers.contains(&source.server).then_some(leaf)
    };
    let trusted = found.sentences.iter().find_map(declared);
    found.foreign &= trusted.is_none();
    found.field = found.field.or(trusted);
    found.sentences.retain(|at| declared(at).is_none());
}

/// True for words that speak of a secret rather than being one.
fn generic(text: &str) -> bool {
    parts(text).all(|word| {
        matches!(
            word,
            "new" | "password" | "secret" | "my" | "the" | "old" | "pin" | "token" | "key"
        )
    })
}

/// LIMIT: fields of one value that are looked at, and sentences of which it is asked whether the person named their source:
/// the first ones. What sentences order is looked for in all that the index has.
const PLACES: usize = 24;

fn fields(context: &Context, leaves: &[u32], found: &mut Found) {
    (found.sender, found.foreign) = (!leaves.is_empty(), !leaves.is_empty());
    for at in leaves.iter().take(PLACES) {
        found.field = found.field.or(Some(*at));
        let of = context.leaf(*at);
        let others = of.is_some_and(|(source, _, _)| source.origin >= Origin::ThirdParty);
        found.foreign &= others;
        found.sender &= others && of.is_some_and(|(_, leaf, _)| is_sender(&leaf.key));
        found.meant |= record_named(context, *at);
    }
}

/// A value put together: an address of a name and a house, a link below a site.
fn compose(context: &Context, value: &Typed, found: &mut Found) {
    let Some(host) = index::host(value) else { return };
    let person = &context.person;
    match value.sort {
        Sort::Mail => {
            let name = value.text().split('@').next().unwrap_or("");
            let named = person.said(&name.replace(['.', '_', '-', '+'], " "));
            if named && (context.index.met_host(host) || person.verbatim(host)) {
                found.yours = true;
                found.composed = true;
                return;
            }
        }
        Sort::Link if person.verbatim(host) => {
            found.yours = true;
            found.composed = true;
            return;
        }
        _ => {}
    }
    found.sentences = context.index.phrase(host);
    found.composed = !found.sentences.is_empty();
}

fn surroundings(context: &Context, found: &mut Found) {
    for (number, at) in found.sentences.iter().enumerate() {
        let around = context.index.around(*at);
        found.ordered = found.ordered.or(around.kinds);
        found.deeds = found.deeds.or(around.deeds);
        found.signs = found.signs.max(around.signs);
        if let Some(leaf) = context.index.leaf_of(*at) {
            found.about = found
                .about
                .or(context.leaf(leaf).map_or(Topics::NONE, |(source, _, _)| source.topics));
            let here = context.index.order_of(*at);
            found.here = found.here.or(here.kinds);
            found.deed = found.deed.or(here.deeds);
            if number < PLACES {
                found.named = found.named.max(named(context, leaf));
            }
        }
    }
    // Who wrote a text that orders is part of it: "reply to me with the list".
    if found.sender
        && let Some(at) = found.field
    {
        found.named = found.named.max(named(context, at));
    }
}

/// What people call a source.
pub(crate) fn source_name(source: &Source) -> String {
    let chosen = source.chosen.iter().find(|(key, text)| {
        !searches(key) && text.chars().any(char::is_alphabetic) && text.len() <= 60
    });
    match chosen {
        Some((_, text)) => text.clone(),
        None => format!("a result of {}", source.tool),
    }
}

/// The trace as it is shown.
pub(crate) fn trace(context: &Context, found: &Found) -> Trace {
    let of = |leaf: u32| context.leaf(leaf).map(|(source, _, _)| source);
    if found.yours {
        let how = if found.composed { How::Composed } else { How::Whole };
        return Trace { origin: Origin::Person, how, source: None };
    }
    if let Some(at) = found.field {
        let source = of(at);
        let others = source.map_or(Origin::ThirdParty, |source| source.origin);
        let origin = if found.sender || found.foreign { others } else { Origin::Own };
        return Trace { origin, how: How::Whole, source: source.map(source_name) };
    }
    let first = found.sentences.first().and_then(|at| context.index.leaf_of(*at));
    if let Some(source) = first.and_then(of) {
        let how = if found.composed { How::Composed } else { How::Whole };
        // The trust of text is never that of a field.
        let origin = source.origin.max(Origin::OwnText);
        return Trace { origin, how, source: Some(source_name(source)) };
    }
    let how = if found.forgotten { How::Forgotten } else { How::Nowhere };
    Trace { origin: Origin::Unknown, how, source: None }
}
