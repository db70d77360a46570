//! What a tool does, by its name alone; and descriptions that are no sentence: a route of HTTP, a phrase of things.
//!
//! Never here: a sentence of a description (the file above), or the name of one server's tool: only words of general
//! language. To add a form: a function here, its use above, a case of the tests.

use super::{GIVES, Reading, among, last_infinitive, looks};
use crate::{
    kinds::Kinds,
    words::lexicon::{self, Form},
};

/// What is only looked at, at the end of a name.
const LOOKS: &str = "search lookup find query suche suchen zoeken recherche buscar busqueda";

/// The verb of a name: the first word, unless that is a thing and a later word looks or acts.
pub(super) fn named(words: &[String]) -> Option<Reading> {
    if let Some(one) = last_infinitive(words) {
        return Some(one);
    }
    let mut weak: Option<Reading> = None;
    let last = words.last().map_or("", String::as_str);
    // `car_hire_search`, `reserveringen_zoeken`: what the last word says is done with the things before it.
    let thing_or_none = |word: &String| lexicon::verb(word).is_none_or(|(verb, _)| verb.noun_too);
    if words.len() > 1 && among(LOOKS, last) && words.iter().all(thing_or_none) {
        return Some(looks(last, words.to_vec()));
    }
    // `order_status` gives one, `set_status` acts.
    let plain = |word: &String| {
        let thing = || !lexicon::topics(word).is_empty();
        lexicon::verb(word).is_none_or(|(verb, _)| verb.noun_too && thing())
    };
    if among(GIVES, last) && words.iter().all(plain) {
        return Some(looks(last, words.to_vec()));
    }
    for (at, word) in words.iter().enumerate() {
        let object: Vec<String> = words
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != at)
            .map(|(_, word)| word.clone())
            .collect();
        let looks = lexicon::reads(word);
        if looks && weak.as_ref().is_none_or(|first| !lexicon::topics(&first.word).is_empty()) {
            return Some(Reading {
                word: word.clone(),
                reads: true,
                weak: false,
                unsure: false,
                kinds: Kinds::NONE,
                object,
            });
        }
        if let Some((verb, form)) = lexicon::verb(word)
            && (form == Form::Base
                || (form == Form::Third && !verb.noun_too && lexicon::topics(word).is_empty()))
            && !looks
            && (lexicon::deed(word).is_none() || verb.noun_too)
        {
            let thing = verb.noun_too && !lexicon::topics(word).is_empty();
            let reading = Reading {
                word: word.clone(),
                reads: false,
                weak: verb.noun_too,
                unsure: verb.noun_too && (at > 0 || words.len() == 1),
                kinds: verb.done,
                object,
            };
            if !thing {
                return Some(
                    weak.filter(|first| lexicon::topics(&first.word).is_empty()).unwrap_or(reading),
                );
            }
            weak = weak.or(Some(reading));
        }
    }
    // `orderById` gives one.
    if weak.is_some() && words.iter().any(|word| word == "by") {
        return weak.map(|one| Reading { reads: true, kinds: Kinds::NONE, ..one });
    }
    weak.or_else(|| things(words))
}

/// A name of things only: `do_payment`.
fn things(words: &[String]) -> Option<Reading> {
    if !words.iter().any(|word| among("do make perform new submit", word)) {
        return None;
    }
    let (word, kinds) = words.iter().find_map(|word| Some((word, lexicon::deed(word)?.0)))?;
    let kinds = [Kinds::PAY, Kinds::BUY, Kinds::BOOK, Kinds::INVITE, Kinds::SEND, Kinds::CREATE]
        .into_iter()
        .find(|one| kinds.meets(*one))?;
    Some(Reading {
        word: word.clone(),
        reads: false,
        weak: true,
        unsure: false,
        kinds,
        object: words.to_vec(),
    })
}

/// A description that is a route of HTTP and nothing else, `POST /users/search`: its method says how things are sent, not
/// what is done. Only a `GET` tells, and the other way round nothing.
pub(super) fn route(description: &str) -> bool {
    let mut words = description.split_whitespace();
    let method = words.next().unwrap_or_default();
    let path = words.next().unwrap_or_default();
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    method == "POST" && path.starts_with('/') && among(LOOKS, last) && words.next().is_none()
}

/// True if a description is a phrase of things, `Nightly rates of the given rooms`: nothing before its preposition is an
/// article, as it is after a verb that we do not know (`Frobs the rates of a room`), nor a single word, which may be one.
pub(super) fn things_of(words: &[String]) -> bool {
    let at = words.iter().take(7).position(|word| among("of for from", word));
    at.is_some_and(|at| {
        let before = words.iter().take(at);
        let does = |word: &String| {
            lexicon::deed(word).is_some()
                || lexicon::verb(word)
                    .is_some_and(|(verb, form)| form == Form::Base && !verb.noun_too)
        };
        at >= 2
            && !before.clone().any(does)
            && !before.clone().any(|word| {
                among("a an the one your this that to it is are some any all every new", word)
            })
            // The last of them is a thing of which there are several: a verb's object has more often an article.
            && before.clone().next_back().is_some_and(|word| word.ends_with('s'))
            && !words.first().is_some_and(|word| word.ends_with('s'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_and_a_phrase_of_things_are_no_sentence() {
        assert!(route("POST /users/search"));
        assert!(!route("POST /users/search sends a mail"));
        assert!(!route("PUT /orders/{id}/status") && !route("POST /orders"));
        assert!(!route("Posts a message"));
        let phrase =
            |text: &str| things_of(&text.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert!(phrase("nightly rates of the given rooms"));
        assert!(phrase("star rating and guest reviews for the given rooms"));
        for acts in
            ["frobs rates of a room", "frob the rates of a room", "frob rooms", "wires of a room"]
        {
            assert!(!phrase(acts), "{acts}");
        }
    }

    #[test]
    fn a_search_at_the_end_of_a_name_looks() {
        let reads = |text: &str| named(&text.split('_').map(str::to_owned).collect::<Vec<_>>());
        assert!(reads("car_hire_search").is_some_and(|one| one.reads));
        assert!(reads("delete_search").is_some_and(|one| !one.reads));
    }
}
