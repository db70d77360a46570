//! What was read, made findable: values of fields, words of texts, sentences with what they order.
//!
//! Made when something is first looked for, and what a sentence orders when it is first asked for: most of what an agent
//! reads is never asked about. Never here: what follows from a finding (`trace`, `judge`). Everything here can be made
//! again from the leaves of a context, and is. To make something else findable: a table of [`Made`], its look-up.

pub(crate) mod places;
mod table;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use table::Table;

use crate::{
    classify::Origin,
    context::Source,
    leaves::Leaf,
    orders::{Order, order},
    values::{self, Sort, Typed, Word},
    words::tokens::{fold_into, holds, parts, sentences},
};

/// One sentence of a text.
#[derive(Debug, Clone, Copy)]
struct Sentence {
    /// The leaf that it stands in.
    leaf: u32,
    /// Itself, folded, in the text of the index.
    start: usize,
    end: usize,
    /// Its paragraph, counted within the leaf.
    paragraph: u32,
    /// True if it was written so that a person does not see it.
    hidden: bool,
    /// What it orders, once that was asked.
    order: Option<Order>,
}

/// Values and words, and where they stand.
#[derive(Debug, Clone, Default)]
struct Made {
    /// Leaves that are in here: the first ones.
    leaves: usize,
    /// Folded texts and the spellings of values; what the tables have stands in here.
    text: String,
    /// Fields: folded text or a value's spelling to leaves.
    fields: Table,
    /// Lines of texts that are one name, as lists have them.
    listed: Table,
    /// Sites of fields of own records: the host of an address or link.
    hosts: Table,
    /// Sites of anybody's fields.
    met: Table,
    /// Sentences in order.
    sentences: Vec<Sentence>,
    /// Words and values of texts to sentences.
    words: Table,
    /// Fields of records that no third party gave, with a value of a sort to which something can be sent.
    placed: BTreeMap<Sort, Vec<u32>>,
    /// Fields that are the address of a house, by their names.
    streets: Vec<u32>,
    /// Leaves with a whole link.
    links: Vec<u32>,
    /// Sources that are in here: the first ones.
    sources: usize,
    /// Sources that are places where secrets are kept, by their names.
    secrets: Vec<u32>,
}

/// What was read, findable. It is looked into while a context is only read, so that it is made behind a lock.
#[derive(Debug, Default)]
pub(crate) struct Index(Mutex<Made>);

impl Clone for Index {
    fn clone(&self) -> Self {
        Self(Mutex::new(self.made().clone()))
    }
}

impl Index {
    // Nothing panics with it; and a leaf counts as taken in once it is whole, so that it would be taken in again.
    fn made(&self) -> MutexGuard<'_, Made> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in the leaves that it does not have yet. They are only added at the end, or all of it is made again.
    pub(crate) fn complete(&self, leaves: &VecDeque<(u32, Leaf)>, sources: &[Source]) {
        let mut made = self.made();
        let mut folded = String::new();
        for (at, (source, leaf)) in leaves.iter().enumerate().skip(made.leaves) {
            fold_into(&leaf.text, &mut folded);
            let source = usize::try_from(*source).ok().and_then(|at| sources.get(at));
            let origin = source.map_or(Origin::ThirdParty, |one| one.origin);
            made.add((u32::try_from(at).unwrap_or(u32::MAX), origin), leaf, &folded);
            made.leaves = at + 1;
        }
        for (at, source) in sources.iter().enumerate().skip(made.sources) {
            if source.chosen.iter().any(|(_, text)| places::keeps_secrets(text)) {
                made.secrets.push(u32::try_from(at).unwrap_or(u32::MAX));
            }
            made.sources = at + 1;
        }
    }

    /// True if there is a sentence.
    pub(crate) fn has_text(&self) -> bool {
        !self.made().sentences.is_empty()
    }

    /// The leaves whose field is this value.
    pub(crate) fn field(&self, value: &str) -> Vec<u32> {
        let made = self.made();
        made.fields.places(&made.text, value).into_iter().flatten().collect()
    }

    /// True if a line of a text is this name alone.
    pub(crate) fn listed(&self, name: &str) -> bool {
        let made = self.made();
        made.listed.has(&made.text, name)
    }

    /// True if a field of own records has an address or link of this site.
    pub(crate) fn own_host(&self, host: &str) -> bool {
        let made = self.made();
        made.hosts.has(&made.text, host)
    }

    /// True if a field of anybody's has an address or link of this site.
    pub(crate) fn met_host(&self, host: &str) -> bool {
        let made = self.made();
        made.met.has(&made.text, host)
    }

    /// Fields of records that no third party gave that have a value of this sort: mail, account or phone.
    pub(crate) fn placed(&self, sort: Sort) -> Vec<u32> {
        self.made().placed.get(&sort).cloned().unwrap_or_default()
    }

    /// Fields that are the address of a house.
    pub(crate) fn streets(&self) -> Vec<u32> {
        self.made().streets.clone()
    }

    /// Leaves with a whole link.
    pub(crate) fn links(&self) -> Vec<u32> {
        self.made().links.clone()
    }

    /// Sources that are places where secrets are kept.
    pub(crate) fn secrets(&self) -> Vec<u32> {
        self.made().secrets.clone()
    }

    /// The sentences that have this word or value.
    pub(crate) fn word(&self, word: &str) -> Vec<u32> {
        let made = self.made();
        made.words.places(&made.text, word).into_iter().flatten().collect()
    }

    /// The sentences that hold this folded text as whole words.
    pub(crate) fn phrase(&self, text: &str) -> Vec<u32> {
        self.made().phrase(text)
    }

    /// The leaf that a sentence stands in.
    pub(crate) fn leaf_of(&self, sentence: u32) -> Option<u32> {
        self.made().sentence(sentence).map(|one| one.leaf)
    }

    /// A sentence, folded.
    pub(crate) fn text_of(&self, sentence: u32) -> String {
        let made = self.made();
        made.sentence(sentence).map_or_else(String::new, |one| made.said(one).to_owned())
    }

    /// What a sentence orders by itself.
    pub(crate) fn order_of(&self, sentence: u32) -> Order {
        self.made().order(sentence)
    }

    /// What the sentences around one order together: two before, one after, of the same text.
    pub(crate) fn around(&self, sentence: u32) -> Order {
        self.made().around(sentence)
    }
}

impl Made {
    fn add(&mut self, (at, origin): (u32, Origin), leaf: &Leaf, folded: &str) {
        let base = self.text.len();
        self.text.push_str(folded);
        // A field of a few words may be a sentence too; what it orders counts.
        let says = !leaf.field || folded.split(' ').nth(2).is_some();
        let words = if values::some(folded) { values::words(folded) } else { Vec::new() };
        if leaf.field {
            self.add_field((at, origin), (base, folded), &words);
            if places::is_street(&leaf.key) {
                self.streets.push(at);
            }
        }
        if leaf.text.contains("://") {
            self.links.push(at);
        }
        if says {
            self.add_names((base, folded));
            self.add_text((at, leaf.hidden), (base, folded), &words);
        }
    }

    fn add_field(
        &mut self,
        (at, origin): (u32, Origin),
        (base, folded): (usize, &str),
        words: &[Word<'_>],
    ) {
        let own = origin <= Origin::OwnText;
        let whole = (base, base + folded.len());
        self.fields.put(&self.text, whole, table::hash(folded.as_bytes()), at);
        let mut found = Vec::new();
        values::of(words, &mut found);
        // A value counts as the field's own only if the field says nothing else.
        let leading = || found.iter().filter(|value| value.sort.leads_out());
        let named = leading().next().is_some() && {
            let inside: usize = leading().map(|value| parts(value.text()).count()).sum();
            // Groups of digits are of the value: `DE89 3704 0044 …`.
            let digits = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
            parts(folded).filter(|part| !digits(part)).count() <= inside + 4
        };
        for value in found {
            // A record of nobody knows whom still says that there is another account: a doubt, never trust.
            let doubt = value.sort == Sort::Account && origin != Origin::ThirdParty;
            let placed = own || doubt;
            if placed && matches!(value.sort, Sort::Mail | Sort::Account | Sort::Phone) {
                let here = self.placed.entry(value.sort).or_default();
                if here.last() != Some(&at) {
                    here.push(at);
                }
            }
            if value.sort.leads_out() && !named {
                continue;
            }
            if let Some(host) = host(&value) {
                if own {
                    put(&mut self.hosts, &mut self.text, host, 0);
                }
                put(&mut self.met, &mut self.text, host, 0);
            }
            put(&mut self.fields, &mut self.text, &value.key, at);
        }
    }

    fn add_names(&mut self, (base, folded): (usize, &str)) {
        for line in folded.split('\n') {
            let name = line
                .rsplit(": ")
                .next()
                .unwrap_or(line)
                .trim_matches(|letter: char| !letter.is_alphanumeric());
            if !name.is_empty()
                && !line.trim_end().ends_with(['.', '!', '?'])
                && name.split(' ').nth(6).is_none()
            {
                let start = base + values::offset(folded, name);
                let place = (start, start + name.len());
                self.listed.put(&self.text, place, table::hash(name.as_bytes()), 0);
            }
        }
    }

    fn add_text(
        &mut self,
        (at, hidden): (u32, bool),
        (base, folded): (usize, &str),
        mut words: &[Word<'_>],
    ) {
        let all = words;
        let first = self.sentences.len();
        let mut found = Vec::new();
        let (one, many);
        let texts = if let Some(text) = single(folded) {
            one = [(0, text)];
            one.as_slice()
        } else {
            many = paragraphs(folded);
            many.as_slice()
        };
        for &(paragraph, sentence) in texts {
            let Ok(number) = u32::try_from(self.sentences.len()) else { return };
            let inner = values::offset(folded, sentence);
            let (start, end) = (base + inner, base + inner + sentence.len());
            let place = Sentence { leaf: at, start, end, paragraph, hidden, order: None };
            self.sentences.push(place);
            let (text, table) = (&self.text, &mut self.words);
            each_word(sentence, |(from, to), hash| {
                table.put(text, (start + from, start + to), hash, number);
            });
            // No word goes over a sentence's end.
            let here = words.partition_point(|word| word.at < inner + sentence.len());
            let (mine, rest) = words.split_at_checked(here).unwrap_or((words, &[]));
            values::of(mine, &mut found);
            words = rest;
            for value in found.drain(..) {
                put(&mut self.words, &mut self.text, &value.key, number);
            }
        }
        let Some(last) = self.sentences.len().checked_sub(1).filter(|last| *last > first) else {
            return;
        };
        // A value may be broken over sentences.
        values::broken(all, &mut found);
        let last = u32::try_from(last).unwrap_or(u32::MAX);
        for value in found {
            if !self.words.has(&self.text, &value.key) {
                put(&mut self.words, &mut self.text, &value.key, last);
            }
        }
    }

    fn sentence(&self, at: u32) -> Option<&Sentence> {
        self.sentences.get(usize::try_from(at).ok()?)
    }

    fn said(&self, sentence: &Sentence) -> &str {
        self.text.get(sentence.start..sentence.end).unwrap_or_default()
    }

    fn phrase(&self, text: &str) -> Vec<u32> {
        let mut rarest: Option<table::Places<'_>> = None;
        for word in parts(text).take(24) {
            let Some(places) = self.words.places(&self.text, word) else { return Vec::new() };
            if rarest.as_ref().is_none_or(|known| places.count < known.count) {
                rarest = Some(places);
            }
        }
        let places = rarest.into_iter().flatten();
        if parts(text).nth(1).is_none() && text.chars().all(char::is_alphanumeric) {
            return places.collect();
        }
        let held = |at: &u32| self.sentence(*at).is_some_and(|one| holds(self.said(one), text));
        places.filter(held).collect()
    }

    fn order(&mut self, at: u32) -> Order {
        let Some(here) = self.sentence(at).copied() else { return Order::default() };
        if let Some(known) = here.order {
            return known;
        }
        let mut found = order(self.said(&here));
        if here.hidden {
            found.signs = found.signs.saturating_add(crate::orders::PLAIN);
        }
        let place = usize::try_from(at).ok().and_then(|at| self.sentences.get_mut(at));
        if let Some(place) = place {
            place.order = Some(found);
        }
        found
    }

    fn around(&mut self, at: u32) -> Order {
        let mut all = Order::default();
        let Some(here) = self.sentence(at).copied() else { return all };
        for near in at.saturating_sub(3)..=at.saturating_add(1) {
            let follows = |one: &&Sentence| {
                one.leaf == here.leaf && (near <= at || one.paragraph == here.paragraph)
            };
            if self.sentence(near).as_ref().is_some_and(follows) {
                let order = self.order(near);
                all.kinds = all.kinds.or(order.kinds);
                all.deeds = all.deeds.or(order.deeds);
            }
        }
        // What speaks to the agent does so from there on, up to its closing tag.
        for near in (at.saturating_sub(8)..=at).rev() {
            let Some(one) = self.sentence(near).copied().filter(|one| one.leaf == here.leaf) else {
                break;
            };
            all.signs = all.signs.max(self.order(near).signs);
            if self.said(&one).starts_with("</") {
                break;
            }
        }
        all
    }
}

/// Adds a place of a key that stands nowhere yet.
fn put(table: &mut Table, text: &mut String, key: &str, place: u32) {
    let start = text.len();
    text.push_str(key);
    if !table.put(text, (start, text.len()), table::hash(key.as_bytes()), place) {
        text.truncate(start);
    }
}

/// The letters and digits of a text, as [`parts`] splits them: from where to where, with their hash.
fn each_word(text: &str, mut each: impl FnMut((usize, usize), u32)) {
    let (mut start, mut sum) = (0, table::SEED);
    for (at, letter) in text.char_indices() {
        if letter.is_ascii_alphanumeric() {
            sum = table::step(sum, letter as u8);
        } else if !letter.is_ascii() && letter.is_alphanumeric() {
            let bytes = text.as_bytes().iter().skip(at).take(letter.len_utf8());
            sum = bytes.fold(sum, |sum, byte| table::step(sum, *byte));
        } else {
            if at > start {
                each((start, at), table::finish(sum));
            }
            (start, sum) = (at + letter.len_utf8(), table::SEED);
        }
    }
    if text.len() > start {
        each((start, text.len()), table::finish(sum));
    }
}

/// The text, if it is one sentence, as most are: it has nothing that could end one.
fn single(text: &str) -> Option<&str> {
    let ends = |byte| matches!(byte, b'\n' | b'.' | b'!' | b'?' | b';' | b'<');
    let one = text.len() <= 1_000 && !text.bytes().any(ends);
    Some(text.trim()).filter(|text| one && !text.is_empty())
}

/// Sentences with the number of their paragraph.
fn paragraphs(text: &str) -> Vec<(u32, &str)> {
    let mut all = Vec::new();
    for (part, number) in text.split("\n\n").zip(0_u32..) {
        all.extend(sentences(part).into_iter().map(|one| (number, one)));
    }
    all
}

/// The host of an address or a link.
pub(crate) fn host(value: &Typed) -> Option<&str> {
    match value.sort {
        Sort::Mail => value.text().split_once('@').map(|(_, host)| host),
        Sort::Link => value.text().split(['/', '?', '#', ':']).next(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
