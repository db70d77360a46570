//! The person's own words, findable: which values they named, what they asked for.
//!
//! SECURITY: only what a person said gets here; matched by text, not by hash, so that nothing can be made to collide.
//! Never here: what was read.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    values::{Sort, Typed, typed},
    words::{
        request::{Request, asks_to_know, request},
        tokens::{fold, holds, parts, sentences},
    },
};

/// What the person said, indexed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Person {
    /// All of it, folded.
    text: String,
    /// Of it what follows an act and only asks to be told something: a source that is named there is named for that.
    asides: String,
    /// The rest of it.
    main: String,
    words: BTreeSet<Box<str>>,
    values: BTreeMap<String, Sort>,
    /// What they asked for.
    pub(crate) request: Request,
    /// True if they named a file.
    pub(crate) names_file: bool,
    /// True if anything is known of their words.
    pub(crate) spoke: bool,
}

impl Person {
    /// Adds words of theirs.
    pub(crate) fn add(&mut self, text: &str) {
        let folded = fold(text);
        self.spoke |= !folded.trim().is_empty();
        let asked = request(&folded);
        self.request.kinds = self.request.kinds.or(asked.kinds);
        self.request.topics = self.request.topics.or(asked.topics);
        self.request.delegated |= asked.delegated;
        // Of the last words: what they ask for may be said in a way that we do not know.
        self.request.understood = asked.understood && !asked.unclear;
        self.request.refers |= asked.refers;
        self.request.seeks |= asked.seeks;
        self.request.renews |= asked.renews;
        self.request.rebanks |= asked.rebanks;
        self.request.usual |= asked.usual;
        self.request.crowd |= asked.crowd;
        self.request.pays |= asked.pays;
        self.names_file |= crate::words::tokens::chunks(&folded).any(crate::values::is_file);
        self.words.extend(parts(&folded).map(Box::from));
        self.values.extend(typed(&folded).into_iter().map(|value| (value.key, value.sort)));
        let mut acts = false;
        for sentence in sentences(&folded) {
            let of = request(sentence);
            let aside = acts && of.kinds.is_empty() && !of.delegated && asks_to_know(sentence);
            acts |= !of.kinds.is_empty();
            let part = if aside { &mut self.asides } else { &mut self.main };
            part.push('\n');
            part.push_str(sentence);
        }
        self.text.push('\n');
        self.text.push_str(&folded);
    }

    /// True if they named it only where they ask to be told something, after what they want done.
    pub(crate) fn only_aside(&self, text: &str) -> bool {
        let last = text.trim_end_matches('/').rsplit(['/', '\\']).next().unwrap_or(text);
        let stem = last.rsplit_once('.').map_or(last, |(stem, _)| stem);
        stem.len() >= 3 && holds(&self.asides, stem) && !holds(&self.main, stem)
    }

    /// True if they call a thing their own where they name it: "I wrote a list, chores.md".
    pub(crate) fn calls_own(&self, text: &str) -> bool {
        const OWN: &str = "i my our we ich mein meine meinen meinem meiner wir unser unsere unseren je j mon ma mes nous notre nos yo mi mis nuestro nuestra nuestros io mio mia miei nostro nostra ik mijn ons onze jag min mitt jeg";
        // Who got it from somebody did not write it.
        const GOT: &str = "from got get gets sent sends received receive gave von bekam bekommen erhalten geschickt recu envoye recibi recibido enviado ricevuto";
        let last = text.trim_end_matches('/').rsplit(['/', '\\']).next().unwrap_or(text);
        let among = |list: &str, word: &str| list.split(' ').any(|one| one == word);
        last.len() >= 3
            && self.main.lines().any(|sentence| {
                holds(sentence, last)
                    && parts(sentence).any(|word| among(OWN, word))
                    && !parts(sentence).any(|word| among(GOT, word))
            })
    }

    /// True if they named a value of this sort: another one is not theirs.
    pub(crate) fn names(&self, sort: Sort) -> bool {
        self.values(sort).next().is_some()
    }

    /// The values of this sort that they named.
    pub(crate) fn values(&self, sort: Sort) -> impl Iterator<Item = Typed> {
        let of = self.values.iter().filter(move |(_, one)| **one == sort);
        of.map(move |(key, _)| Typed { sort, key: key.clone() })
    }

    /// True if they said this word.
    pub(crate) fn word(&self, word: &str) -> bool {
        self.words.contains(word)
            || word.strip_suffix('s').is_some_and(|one| self.words.contains(one))
    }

    /// True if they said this folded text, as it stands or by all its words.
    pub(crate) fn said(&self, text: &str) -> bool {
        holds(&self.text, text) || self.composed(text)
    }

    /// True if they said this text as it stands.
    pub(crate) fn verbatim(&self, text: &str) -> bool {
        holds(&self.text, text)
    }

    /// True if every word of it is theirs: LIMIT: up to twelve.
    fn composed(&self, text: &str) -> bool {
        let mut count = 0;
        for word in parts(text) {
            count += 1;
            let small = word.len() < 2
                || matches!(
                    word,
                    "the" | "and" | "for" | "with" | "of" | "to" | "at" | "in" | "on"
                );
            if count > 12 || (!small && !self.word(word)) {
                return false;
            }
        }
        count > 0
    }

    /// True if they named this value in any notation.
    pub(crate) fn value(&self, value: &Typed) -> bool {
        self.values.contains_key(&value.key) || self.verbatim(value.text())
    }
}
