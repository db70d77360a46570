//! How clearly the person named where something stands: the file, the sender, the record, the folder.
//!
//! SECURITY: what is named is believed more; only the person's words name. Never here: where a value was found (the file
//! above). To add a way of naming: a case of [`named`], with what it may not be taken for.

use crate::{
    context::{Context, Source},
    words::{
        request::is_plain,
        tokens::{fold, parts},
    },
};

/// True if a field beside this one, in the same record, is in the person's words.
pub(crate) fn record_named(context: &Context, at: u32) -> bool {
    let Some((_, this, number)) = context.leaf(at) else { return false };
    (at.saturating_sub(8)..=at.saturating_add(8)).filter(|near| *near != at).any(|near| {
        context.leaf(near).is_some_and(|(_, other, same)| {
            let letters = || other.text.chars().filter(|letter| letter.is_alphabetic());
            same == number
                && other.record == this.record
                && other.field
                && !is_state(&other.key)
                && letters().nth(2).is_some()
                && {
                    let folded = fold(&other.text);
                    context.person.said(&folded)
                        || (is_title(&other.key)
                            && name_of(&folded)
                                .any(|word| word.len() >= 3 && context.person.word(word)))
                }
        })
    })
}

/// Fields that say how a record is, not which one it is: many have the same word there.
pub(crate) fn is_state(key: &str) -> bool {
    const STATES: &str = "status state type kind priority category role permission permissions visibility read frequency currency unit mode zustand art statut estado tipo rolle";
    STATES.split(' ').any(|one| one == key)
}

/// Fields in which whoever wrote a record stands.
pub(crate) fn is_sender(key: &str) -> bool {
    const SENDERS: &str = "sender from author reply_to replyto reply-to absender expediteur remitente von de owner by user username creator contact";
    SENDERS
        .split(' ')
        .any(|one| one == key || key.strip_prefix("from_").is_some_and(|_| one == "from"))
}

/// True if a field is that of a text's writer, and its name is in the person's words.
pub(crate) fn is_writer(context: &Context, at: u32) -> bool {
    let Some((_, leaf, _)) = context.leaf(at) else { return false };
    // `cperrin@…` is Perrin.
    let initial = |word: &str| {
        word.len() >= 5
            && [word.get(1..), word.get(..word.len() - 1)]
                .into_iter()
                .flatten()
                .any(|name| !is_plain(name) && context.person.word(name))
    };
    is_sender(&leaf.key)
        && name_of(&fold(&leaf.text))
            .any(|word| word.len() >= 3 && (context.person.word(word) || initial(word)))
}

/// LIMIT: bytes of a text whose writers are looked for in it.
const LETTER: usize = 4_096;

/// How clearly the person named the source of a leaf.
pub(crate) fn named(context: &Context, leaf: u32) -> u8 {
    let Some((source, this, number)) = context.leaf(leaf) else { return 0 };
    let person = &context.person;
    // What they named only to be told something of it is named for that.
    if source.chosen.iter().any(|(_, text)| person.only_aside(text)) {
        return 0;
    }
    if chosen_by_name(context, source, number) {
        return 3;
    }
    let pointed = person.request.refers || person.names_file;
    // A search for what the person named that gave one thing.
    if person.request.refers
        && source.records <= 1
        && source.chosen.iter().any(|(_, text)| names(context, text))
    {
        return 2;
    }
    let letter = || person.request.refers && !this.field && this.text.len() <= LETTER;
    if by_writer(context, source, number) || (letter() && headed(context, &this.text)) {
        return 2;
    }
    // A file by most of the words of its path.
    if source.document
        && pointed
        && source.chosen.iter().any(|(key, text)| !searches(key) && titled_so(context, text))
    {
        return 2;
    }
    // What lies in a folder that they named.
    if source.chosen.iter().any(|(key, text)| !searches(key) && lies_in(context, text)) {
        return 2;
    }
    // The record around it: its sender, its title.
    let near = leaf.saturating_sub(24)..=leaf.saturating_add(24);
    for at in near.filter(|at| pointed && *at != leaf) {
        let Some((_, other, same)) = context.leaf(at) else { continue };
        if same != number || other.record != this.record {
            continue;
        }
        let (sender, title) = (is_sender(&other.key), is_title(&other.key));
        if !sender && !title {
            continue;
        }
        let folded = fold(&other.text);
        // The very file or letter, though it was found by a search.
        let whole = folded.split(' ').nth(2).is_some() && person.verbatim(&folded);
        if title && (whole || thing(context, &folded)) {
            return 3;
        }
        if !person.request.refers {
            continue;
        }
        if is_writer(context, at) || (title && folded.len() <= 120 && titled_so(context, &folded)) {
            return 2;
        }
    }
    // A name said without a text being pointed at is whom the matter is about, not where it stands.
    let weakly = source.topics.meets(person.request.topics)
        || source.chosen.iter().any(|(_, text)| names(context, text));
    u8::from(weakly)
}

/// True if the person named everything that chose a source: the file, the page, the ticket by its number.
fn chosen_by_name(context: &Context, source: &Source, number: u32) -> bool {
    let mut any = false;
    for (key, text) in &source.chosen {
        if source.searched || searches(key) {
            return false;
        }
        let record = by_record(context, source, text, number);
        if !record && !names(context, text) {
            return false;
        }
        // The name of a thing, not of a person whom the matter is about.
        any |= record || thing(context, text) || context.person.request.refers;
    }
    any
}

/// True if an id is that of a record whose name the person said.
fn by_record(context: &Context, source: &Source, id: &str, from: u32) -> bool {
    let others = |at: &&u32| context.leaf(**at).is_some_and(|(_, _, number)| number < from);
    let fields: Vec<u32> = context.index.field(id).iter().filter(others).copied().collect();
    if in_line(context, id, from) {
        return true;
    }
    if fields.is_empty() {
        // An id that nothing gave: the agent knew it for the file that the person named.
        // Not one that a number in the person's words is: they named that.
        return source.document
            && id.bytes().any(|byte| byte.is_ascii_digit())
            && id.len() <= 40
            && context.person.names_file;
    }
    fields.iter().take(4).any(|at| {
        let Some((list, this, number)) = context.leaf(*at) else { return false };
        // The one thing that was there when the agent looked for what the person named.
        let only = context.person.request.refers
            && list.records == 1
            && list.chosen.iter().any(|(_, text)| names(context, text));
        only || (at.saturating_sub(8)..=at.saturating_add(8)).filter(|near| near != at).any(
            |near| {
                context.leaf(near).is_some_and(|(_, other, same)| {
                    let text = fold(&other.text);
                    let titled = is_title(&other.key)
                        && (names(context, &text)
                            || surname(context, &other.key, &text)
                            || titled_so(context, &text))
                        && (thing(context, &text) || context.person.request.refers);
                    same == number
                        && other.record == this.record
                        && (titled || (!other.field && described(context, &text)))
                })
            },
        )
    })
}

/// True if a source was opened by the ids of letters whose writers the person named, where they pointed at a text.
fn by_writer(context: &Context, source: &Source, from: u32) -> bool {
    let written = |id: &str| {
        let index = &context.index;
        index.field(id).into_iter().take(4).any(|at| {
            let Some((_, this, number)) = context.leaf(at) else { return false };
            number < from
                && (at.saturating_sub(8)..=at.saturating_add(8)).any(|near| {
                    context.leaf(near).is_some_and(|(_, other, same)| {
                        same == number && other.record == this.record && is_writer(context, near)
                    })
                })
        })
    };
    context.person.request.refers
        && !source.searched
        && !source.chosen.is_empty()
        && source.chosen.iter().all(|(_, id)| written(id))
}

/// True if an id stands on a line of a list with two words at least by which the person called the thing.
fn in_line(context: &Context, id: &str, from: u32) -> bool {
    let index = &context.index;
    index.phrase(id).into_iter().take(4).any(|at| {
        let earlier = index
            .leaf_of(at)
            .and_then(|leaf| context.leaf(leaf))
            .is_some_and(|(_, _, number)| number < from);
        earlier && described(context, &index.text_of(at))
    })
}

/// True if a line has two words at least by which the person spoke of something.
fn described(context: &Context, line: &str) -> bool {
    let said = |word: &&str| {
        word.len() >= 4
            && context.person.word(word)
            && !is_plain(word)
            && !word.bytes().all(|byte| byte.is_ascii_digit())
    };
    line.len() <= 200 && parts(line).filter(said).nth(1).is_some()
}

/// True if a text begins as a letter does, `name <address>`, and all whom it has so are named by the person.
fn headed(context: &Context, text: &str) -> bool {
    let folded = fold(text);
    let mut any = false;
    for (at, _) in folded.match_indices('<') {
        let address = folded.get(at + 1..).and_then(|rest| rest.split('>').next());
        if !address.is_some_and(|inner| inner.contains('@') && !inner.contains(' ')) {
            continue;
        }
        let before = folded.get(..at).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or(before);
        let words: Vec<&str> = parts(line).collect();
        let said = |word: &&&str| word.len() >= 3 && !is_plain(word) && context.person.word(word);
        any = true;
        if words.iter().rev().take(3).find(said).is_none() {
            return false;
        }
    }
    any
}

/// True if somebody's name is said by a part of it.
fn surname(context: &Context, key: &str, text: &str) -> bool {
    key == "name"
        && text.split(' ').count() <= 3
        && name_of(text).any(|word| word.len() >= 3 && context.person.word(word))
}

/// True if a name that the person said as it stands is that of a thing, not of somebody whom the matter is about.
fn thing(context: &Context, text: &str) -> bool {
    let last = text.trim_end_matches('/').rsplit(['/', '\\']).next().unwrap_or(text);
    let marked = |name: &str| {
        name.chars()
            .any(|letter| letter.is_ascii_digit() || matches!(letter, '.' | '/' | '_' | '-' | '#'))
    };
    [text, last].into_iter().any(|name| marked(name) && context.person.verbatim(name))
}

fn is_title(key: &str) -> bool {
    const TITLES: &str =
        "subject title name filename file file_name path document topic betreff objet asunto";
    TITLES.split(' ').any(|one| one == key)
}

pub(super) fn searches(key: &str) -> bool {
    const SEARCHES: &str =
        "query q search keyword keywords term terms text filter limit count folder label";
    SEARCHES.split(' ').any(|one| one == key)
}

/// The words of a sender that name somebody: not those of the house in an address.
fn name_of(folded: &str) -> impl Iterator<Item = &str> {
    folded
        .split([' ', ',', '<', '>', ';'])
        .flat_map(|word| parts(word.split('@').next().unwrap_or(word)))
        .filter(|word| {
            !matches!(
                *word,
                "info"
                    | "mail"
                    | "the"
                    | "team"
                    | "support"
                    | "noreply"
                    | "service"
                    | "office"
                    | "reply"
                    | "billing"
                    | "com"
                    | "de"
            )
        })
}

/// True if the person's words have this text, or its words if one at least is no common one.
fn names(context: &Context, text: &str) -> bool {
    let letters = text.chars().filter(|letter| letter.is_alphabetic()).count();
    if letters < 3 {
        return text.len() >= 2 && context.person.verbatim(text);
    }
    // `bill.txt`, a path or an address by its last part too.
    let last = text.trim_end_matches('/').rsplit(['/', '\\']).next().unwrap_or(text);
    context.person.said(text)
        || context.person.said(last)
        || last
            .rsplit_once('.')
            .is_some_and(|(stem, _)| stem.len() >= 4 && context.person.said(stem))
}

/// True for a path in a folder that the person named as it stands.
fn lies_in(context: &Context, path: &str) -> bool {
    let folder = path.trim_end_matches('/').rsplit_once('/').map_or("", |(folder, _)| folder);
    let site = path.contains("://");
    !site && folder.contains('/') && folder.len() >= 5 && context.person.verbatim(folder)
}

/// True if most of the longer words of a title are the person's, two at least or the only one.
fn titled_so(context: &Context, folded: &str) -> bool {
    let word = |word: &&str| word.len() >= 4 && !word.bytes().all(|byte| byte.is_ascii_digit());
    let long: Vec<&str> = parts(folded).filter(word).collect();
    let said = long.iter().filter(|word| context.person.word(word)).count();
    said > 0 && said * 2 >= long.len() && (said >= 2 || long.len() == 1)
}
