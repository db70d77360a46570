//! How clearly the person named where something stands: the file, the sender, the record, the folder.
//!
//! SECURITY: what is named is believed more; only the person's words name. Never here: where a value was found (the file
//! above). To add a way of naming: a case of [`named`], with what it may not be taken for.

use crate::{
    classify::Origin,
    context::{Context, Source},
    kinds::Kinds,
    words::{
        lexicon,
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

/// True for a word of the person that is no act and no thing that we know: a name, as far as that can be told. Who writes
/// can call themselves `Bill` or `mail`, and a person who speaks of a bill means nobody.
pub(crate) fn is_name(context: &Context, word: &str) -> bool {
    let letters = word.chars().count() >= 3 && word.chars().all(char::is_alphabetic);
    letters
        && context.person.word(word)
        && !is_plain(word)
        && lexicon::verb(word).is_none()
        && !lexicon::reads(word)
        && lexicon::topics(word).is_empty()
}

/// True if the person asks for money to go, in whatever words.
fn money(context: &Context) -> bool {
    let request = &context.person.request;
    request.pays || request.kinds.meets(Kinds::PAY)
}

/// True if a field is that of a text's writer, and its name is in the person's words. SECURITY: a shown name is whatever the
/// writer likes; where money is asked for, the address has to have the name too.
pub(crate) fn is_writer(context: &Context, at: u32) -> bool {
    let Some((_, leaf, _)) = context.leaf(at) else { return false };
    // `cperrin@…` is Perrin.
    let initial = |word: &str| {
        word.len() >= 5
            && [word.get(1..), word.get(..word.len() - 1)]
                .into_iter()
                .flatten()
                .any(|name| is_name(context, name))
    };
    let sender = fold(&leaf.text);
    let address = sender.split_once('<').map_or(sender.as_str(), |(_, address)| address);
    let borne = |word: &str| !money(context) || address.contains(word);
    is_sender(&leaf.key)
        && name_of(&sender).any(|word| (is_name(context, word) || initial(word)) && borne(word))
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
    // Who writes the text writes its head: for money it says nothing.
    let letter = || {
        person.request.refers
            && !money(context)
            && !this.field
            && this.text.len() <= LETTER
            && !has_sender(context, leaf)
    };
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
        // How many are to be shown says nothing of which.
        if source.chosen.len() > 1 && counts(key) && text.bytes().all(|one| one.is_ascii_digit()) {
            continue;
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
                            || (kept(context, list) && titled_so(context, &text)))
                        && (thing(context, &text) || context.person.request.refers);
                    same == number
                        && other.record == this.record
                        && (titled
                            || (!other.field && kept(context, list) && described(context, &text)))
                })
            },
        )
    })
}

/// True if what a list calls its things may say which of them was meant: not for money where others wrote the list. Whoever sends
/// a letter chooses its subject.
fn kept(context: &Context, list: &Source) -> bool {
    list.document || list.origin <= Origin::OwnText || !money(context)
}

/// True if a sender stands beside a text in its record: then that is who wrote, whatever the text begins with.
pub(crate) fn has_sender(context: &Context, at: u32) -> bool {
    let Some((_, this, number)) = context.leaf(at) else { return false };
    (at.saturating_sub(24)..=at.saturating_add(24)).any(|near| {
        context.leaf(near).is_some_and(|(_, other, same)| {
            same == number && other.record == this.record && is_sender(&other.key)
        })
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
            .is_some_and(|(list, _, number)| number < from && kept(context, list));
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

/// True if a text begins as a letter is printed, `name <address>`, and the person named them: the address has a word of the name.
fn headed(context: &Context, text: &str) -> bool {
    let folded = fold(text);
    let first = folded.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let Some((before, rest)) = first.split_once('<') else { return false };
    // Several letters in one text: which of them has what, nobody can tell.
    let head = |line: &&str| line.contains('<') && line.contains('@') && line.contains('>');
    if folded.lines().filter(head).nth(1).is_some() {
        return false;
    }
    let local = rest.split('@').next().unwrap_or_default();
    let words = || parts(before.get(before.len().saturating_sub(80)..).unwrap_or(before));
    rest.contains('@')
        && words().any(|word| is_name(context, word))
        && words().any(|word| word.len() >= 3 && local.contains(word))
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

/// Names of how many are to be shown.
fn counts(key: &str) -> bool {
    const COUNTS: &str = "last first n max top size page pagesize page_size per_page amount_of anzahl nombre cuantos numero_max aantal";
    COUNTS.split(' ').any(|one| one == key)
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
