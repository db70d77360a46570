//! What another source says that the person named for the very thing ("to the target in their record", "the machine in the
//! client's card"), and what a text that speaks to the agent has put into a command.
//!
//! SECURITY: a field of what the person named, called as they called it, stands above what a text says in passing. Everything
//! here is only ever a reason to hold. Never here: what own records say of a name in the call (`sources`).
//! To add a likeness: in [`other_field`], its case in `tests::papers` with one beside it that goes.

use super::{Case, contains};
use crate::{
    classify::{Origin, Role},
    kinds::Kinds,
    orders::SIGN,
    trace::{Atom, Found, is_sender, is_state, named},
    values::{Sort, typed},
    words::tokens::{fold, name_words},
};

/// LIMIT: leaves that are looked at, the newest.
const LEAVES: u32 = 128;

/// True if a source that the person named has a field that they spoke of, which is what this argument is called or has a value
/// of the same form, and its value is another one than this, which only a text has.
pub(super) fn other_field(case: &Case<'_>, atom: &Atom, found: &Found) -> bool {
    let chooses = matches!(atom.role, Role::Content | Role::Schedule | Role::Amount);
    let text = atom.value.text();
    let telling = text.len() >= 6 && text.bytes().any(|byte| byte.is_ascii_digit());
    let mail = matches!(atom.value.sort, Sort::Mail | Sort::Account | Sort::Phone | Sort::Day);
    if chooses || atom.inside || !telling || mail || !found.only_text() {
        return false;
    }
    let context = case.context;
    let argument = name_words(atom.pointer.rsplit('/').next().unwrap_or_default());
    let own = found.sentences.first().and_then(|at| context.index.leaf_of(*at));
    let Some((_, _, own)) = own.and_then(|at| context.leaf(at)) else { return false };
    let last = context.last_leaf();
    (last.saturating_sub(LEAVES)..=last).any(|at| {
        let Some((_, leaf, source)) = context.leaf(at) else { return false };
        // Most fields are neither called so nor look so: that is told before anything is taken apart.
        let like = argument.iter().any(|word| leaf.key.to_ascii_lowercase().contains(word))
            || leaf.text.bytes().filter(|one| matches!(one, b'.' | b':')).count() >= 3;
        if source == own || !leaf.field || leaf.text.len() > 200 || !like || is_state(&leaf.key) {
            return false;
        }
        let key = name_words(&leaf.key);
        let general = |word: &str| contains("id name nr no type value text title date", word);
        let said = |word: &String| !general(word) && context.person.word(word);
        if !key.iter().any(said) {
            return false;
        }
        let called = key.iter().any(|word| said(word) && argument.contains(word));
        let other = fold(&leaf.text);
        let formed = form(&other).is_some_and(|marks| Some(marks) == form(text));
        (called || formed) && other != text && named(context, at) >= 2
    })
}

/// True if a record that the person chose by its name has an address of mail, and this one stands in another source only.
pub(super) fn other_address(case: &Case<'_>, atom: &Atom, found: &Found) -> bool {
    let context = case.context;
    let own = found.sentences.first().and_then(|at| context.index.leaf_of(*at));
    let Some((_, _, own)) = own.and_then(|at| context.leaf(at)) else { return false };
    atom.value.sort == Sort::Mail
        && found.only_text()
        && !context.person.request.renews
        && context.index.placed(Sort::Mail).into_iter().any(|at| {
            context.leaf(at).is_some_and(|(source, leaf, number)| {
                number != own
                    && source.origin <= Origin::Own
                    && source.records <= 1
                    && !is_sender(&leaf.key)
                    && typed(&fold(&leaf.text)).iter().all(|value| value.key != atom.value.key)
                    && named(context, at) >= 3
            })
        })
}

/// LIMIT: words of a command that are looked up.
const WORDS: usize = 64;

/// True if what is to be run has a telling word that only a text has which speaks to the agent, and the person has not.
pub(super) fn dictated(case: &Case<'_>) -> bool {
    let runs = case.class.kinds.is_empty() || case.class.kinds.meets(Kinds::RUN);
    let command = |key: &str| {
        name_words(key).iter().any(|word| {
            contains("cmd command commands script shell code args befehl comando", word)
        })
    };
    let texts = case.arguments.as_object().into_iter().flatten();
    runs && texts.filter(|(key, _)| command(key)).filter_map(|(_, one)| one.as_str()).any(|text| {
        let folded = fold(text);
        let words = folded.split([' ', '\n', '\'', '"', '`', '=', '<', '>', '(', ')', ';', '|']);
        let telling = |word: &&str| {
            word.len() >= 8 && word.bytes().any(|one| one.is_ascii_digit() || one == b'@')
        };
        words.filter(telling).take(WORDS).any(|word| {
            let index = &case.context.index;
            let told = |at: u32| index.around(at).signs >= SIGN;
            !case.context.person.verbatim(word)
                && index.field(word).is_empty()
                && index.phrase(word).into_iter().any(told)
        })
    })
}

/// The form of a value of digits with points or colons between, as addresses of machines are: none of other values.
fn form(text: &str) -> Option<Vec<char>> {
    let marks: Vec<char> = text.chars().filter(|letter| !letter.is_ascii_digit()).collect();
    (marks.len() >= 3 && marks.iter().all(|mark| matches!(mark, '.' | ':'))).then_some(marks)
}
