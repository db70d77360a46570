//! What was read, made findable: values of fields, words of texts, sentences with what they order.
//!
//! Never here: what follows from a finding (`trace`, `judge`). Everything here can be made again from the leaves of a
//! context, and is.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    kinds::Kinds,
    leaves::Leaf,
    orders::{Order, order},
    values::{Typed, typed},
    words::tokens::{fold, parts, sentences},
};

/// One sentence of a text.
#[derive(Debug, Clone)]
pub(crate) struct Sentence {
    /// The leaf that it stands in.
    pub(crate) leaf: u32,
    /// Itself, folded.
    pub(crate) text: Box<str>,
    /// What it orders.
    pub(crate) order: Order,
    /// Its paragraph, counted within the leaf.
    pub(crate) paragraph: u32,
}

/// Values and words, and where they stand.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    /// Fields: folded text or a value's spelling to leaves.
    fields: BTreeMap<Box<str>, Vec<u32>>,
    /// Lines of texts that are one name, as lists have them.
    listed: BTreeSet<Box<str>>,
    /// Sites of own fields: the host of an address or link.
    hosts: BTreeSet<Box<str>>,
    /// Sentences in order.
    pub(crate) sentences: Vec<Sentence>,
    /// Words and values of texts to sentences.
    words: BTreeMap<Box<str>, Vec<u32>>,
    /// Kinds that any text orders.
    pub(crate) ordered: Kinds,
    /// True if any text speaks to the agent or is hidden.
    pub(crate) marked: bool,
}

/// LIMIT: places that are kept of one word: the first ones; a word that is everywhere names nothing.
const PLACES: usize = 64;

fn put(map: &mut BTreeMap<Box<str>, Vec<u32>>, key: &str, at: u32) {
    if let Some(places) = map.get_mut(key) {
        if places.len() < PLACES && places.last() != Some(&at) {
            places.push(at);
        }
    } else {
        map.insert(key.into(), vec![at]);
    }
}

impl Index {
    /// Adds a leaf.
    pub(crate) fn add(&mut self, at: u32, leaf: &Leaf) {
        let folded = fold(&leaf.text);
        if leaf.field {
            self.add_field(at, &folded);
        }
        // A field of a few words may be a sentence too; what it orders counts.
        if !leaf.field || folded.split(' ').count() > 2 {
            self.add_text(at, &folded, leaf);
        }
    }

    fn add_field(&mut self, at: u32, folded: &str) {
        put(&mut self.fields, folded, at);
        let values = typed(folded);
        // A value counts as the field's own only if the field says nothing else.
        let words = parts(folded).count();
        let inside: usize = values
            .iter()
            .filter(|value| value.sort.leads_out())
            .map(|value| parts(value.text()).count())
            .sum();
        let named = values.iter().any(|value| value.sort.leads_out()) && words <= inside + 4;
        for value in values {
            if value.sort.leads_out() && !named {
                continue;
            }
            if let Some(host) = host(&value) {
                self.hosts.insert(host.into());
            }
            put(&mut self.fields, &value.key, at);
        }
    }

    fn add_text(&mut self, at: u32, folded: &str, leaf: &Leaf) {
        for line in folded.split('\n') {
            let name = line
                .rsplit(": ")
                .next()
                .unwrap_or(line)
                .trim_matches(|letter: char| !letter.is_alphanumeric());
            if name.split(' ').count() <= 6
                && !name.is_empty()
                && !line.trim_end().ends_with(['.', '!', '?'])
            {
                self.listed.insert(name.into());
            }
        }
        for (paragraph, sentence) in paragraphs(folded) {
            let Ok(number) = u32::try_from(self.sentences.len()) else { return };
            let mut found = order(sentence);
            if leaf.hidden {
                found.signs = found.signs.saturating_add(2);
            }
            self.ordered = self.ordered.or(found.kinds);
            self.marked |= found.signs >= 2;
            self.sentences.push(Sentence {
                leaf: at,
                text: sentence.into(),
                order: found,
                paragraph,
            });
            for word in parts(sentence) {
                put(&mut self.words, word, number);
            }
            for value in typed(sentence) {
                put(&mut self.words, &value.key, number);
            }
        }
        // A value may be broken over lines.
        if let Ok(last) = u32::try_from(self.sentences.len().saturating_sub(1)) {
            for value in typed(folded).into_iter().filter(|value| value.sort.leads_out()) {
                if !self.words.contains_key(value.key.as_str()) {
                    put(&mut self.words, &value.key, last);
                }
            }
        }
    }

    /// The leaves whose field is this value.
    pub(crate) fn field(&self, value: &str) -> &[u32] {
        self.fields.get(value).map_or(&[], Vec::as_slice)
    }

    /// True if a line of a text is this name alone.
    pub(crate) fn listed(&self, name: &str) -> bool {
        self.listed.contains(name)
    }

    /// True if a field of own records has an address or link of this site.
    pub(crate) fn own_host(&self, host: &str) -> bool {
        self.hosts.contains(host)
    }

    /// The sentences that have this word or value.
    pub(crate) fn word(&self, word: &str) -> &[u32] {
        self.words.get(word).map_or(&[], Vec::as_slice)
    }

    /// The sentences that hold this folded text as whole words.
    pub(crate) fn phrase(&self, text: &str) -> Vec<u32> {
        let mut rarest: Option<&[u32]> = None;
        for word in parts(text).take(24) {
            let places = self.word(word);
            if places.is_empty() {
                return Vec::new();
            }
            if rarest.is_none_or(|known| places.len() < known.len()) {
                rarest = Some(places);
            }
        }
        let single = parts(text).nth(1).is_none() && text.chars().all(char::is_alphanumeric);
        let places = rarest.unwrap_or_default();
        if single {
            return places.to_vec();
        }
        let held = |at: &&u32| {
            usize::try_from(**at)
                .ok()
                .and_then(|at| self.sentences.get(at))
                .is_some_and(|one| crate::words::tokens::holds(&one.text, text))
        };
        places.iter().filter(held).copied().collect()
    }

    /// A sentence by its number.
    pub(crate) fn sentence(&self, at: u32) -> Option<&Sentence> {
        self.sentences.get(usize::try_from(at).ok()?)
    }

    /// What the sentences around one order together: two before, one after, of the same text.
    pub(crate) fn around(&self, at: u32) -> Order {
        let mut all = Order::default();
        let Some(here) = self.sentence(at) else { return all };
        for near in at.saturating_sub(3)..=at.saturating_add(1) {
            let follows = |one: &&Sentence| {
                one.leaf == here.leaf && (near <= at || one.paragraph == here.paragraph)
            };
            if let Some(one) = self.sentence(near).filter(follows) {
                all.kinds = all.kinds.or(one.order.kinds);
            }
        }
        // What speaks to the agent does so from there on, up to its closing tag.
        for near in (at.saturating_sub(8)..=at).rev() {
            let Some(one) = self.sentence(near).filter(|one| one.leaf == here.leaf) else { break };
            all.signs = all.signs.max(one.order.signs);
            if one.text.starts_with("</") {
                break;
            }
        }
        all
    }
}

/// Sentences with the number of their paragraph.
fn paragraphs(text: &str) -> Vec<(u32, &str)> {
    let numbered = text.split("\n\n").zip(0_u32..);
    numbered
        .flat_map(|(part, number)| sentences(part).into_iter().map(move |one| (number, one)))
        .collect()
}

/// The host of an address or a link.
pub(crate) fn host(value: &Typed) -> Option<&str> {
    use crate::values::Sort;
    match value.sort {
        Sort::Mail => value.text().split_once('@').map(|(_, host)| host),
        Sort::Link => value.text().split(['/', '?', '#', ':']).next(),
        _ => None,
    }
}
