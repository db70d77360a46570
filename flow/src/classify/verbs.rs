//! What a tool does, by the verb of its description, then of its name.
//!
//! Never here: its arguments. The description comes first, so that a tool's name changes the confidence only; where the
//! description only looks and the name plainly acts, it acts.

mod named;

use named::{named, route, things_of};

use super::Tool;
use crate::{
    kinds::{Kinds, Topics},
    words::{
        lexicon::{self, Form, Verb},
        tokens::{fold, name_words, parts, sentences},
    },
};

/// What a definition says.
#[expect(clippy::struct_excessive_bools, reason = "independent findings, each used by itself")]
pub(super) struct Said {
    /// True if it only looks, nothing if no word tells.
    pub(super) reads: Option<bool>,
    /// True if its words are things only: it looks, unless its arguments say what goes where.
    pub(super) unsure: bool,
    /// True if no word acts, and the description is a phrase of things.
    pub(super) phrase: bool,
    /// True if the word that acts is a thing as often.
    pub(super) weak: bool,
    pub(super) kinds: Kinds,
    pub(super) topics: Topics,
    pub(super) document: bool,
    pub(super) words: Vec<String>,
    pub(super) confidence: u8,
    pub(super) reasons: Vec<String>,
}

/// One reading of a few words.
struct Reading {
    word: String,
    reads: bool,
    /// True if the word is a thing as often.
    weak: bool,
    /// True if only the arguments can tell if it acts.
    unsure: bool,
    kinds: Kinds,
    /// The words after the verb: what it is done to.
    object: Vec<String>,
}

/// LIMIT: words of a description that are read; what a tool does stands in its first sentence.
const MOST: usize = 60;
const FILLERS: &str = "this tool tools use used using function method allows allow lets enables enable helps you to the user users agent can be a an for will api endpoint helper utility it that which when and with your simple simply safely quickly automatically one of needed";
/// Nouns of money that leaves, rather than of papers about money.
const PAID: &str = "money payment payments transaction transactions transfer transfers funds payout payouts zahlung uberweisung geld virement pago dinero argent donation tip refund";
const LET_IN: &str = "user users member members participant participants collaborator collaborators guest guests attendee attendees invitee teammate person people somebody someone";
const SECRETS: &str = "password passwords passcode pin secret secrets token tokens credential credentials key keys 2fa mfa otp";
const ACCESS: &str = "permission permissions access role roles visibility acl sharing";
/// Names of what is only looked at, whatever stands before them.
const GIVES: &str = "history status overview info details summary statement balance profile roster feed catalog inventory listing stats statistics metrics reviews ratings verlauf ubersicht bewertungen umsatze kontostand historique resume historial resumen";
/// Words before a thing that say how it is, and acts only before an article.
const HOW: &str = "open opens clear clean complete live close free present current";
const ARTICLES: &str = "a an the new one your this that another";
/// What is read once it is open.
const OPENED: &str =
    "document documents file files message mail page attachment folder letter dokument datei";
const TEXTS: &str = "file dokument datei seite page website webpage url document content contents article pdf web attachment text html site post";

fn among(list: &str, word: &str) -> bool {
    list.split(' ').any(|one| one == word)
}

/// What the definition says that the tool does.
pub(super) fn said(tool: &Tool<'_>) -> Said {
    let name = name_words(tool.name);
    let folded = if route(tool.description) { String::new() } else { fold(tool.description) };
    let first =
        sentences(&folded).into_iter().find(|one| one.split(' ').count() > 1 || folded.len() < 40);
    let told: Vec<String> = parts(first.unwrap_or("")).take(MOST).map(str::to_owned).collect();
    let told_words = told.len();
    let by_description = described(&told);
    let of_things = things_of(&told);
    let by_name = named(&name);
    let mut words = name.clone();
    words.extend(told.iter().take(16).cloned());
    let object_topics = by_description.as_ref().map_or(Topics::NONE, |one| topics_of(&one.object));
    let topics = if object_topics.is_empty() {
        topics_of(&words)
    } else {
        object_topics.or(topics_of(&name))
    };
    // Whose contacts they are, and what else stands there, makes them no mailbox.
    let written = Topics::MAIL.or(Topics::CHAT);
    let listed = topics_of(&name);
    let contacts = listed.meets(Topics::CONTACT) && !listed.meets(written);
    let topics = if contacts { topics.without(written) } else { topics };
    let (chosen, confidence, reasons) = chosen(by_description, by_name, told_words);
    let Some(one) = chosen else {
        return Said {
            reads: None,
            // A word that is a thing we know: `accountInfo`, `history`.
            unsure: !topics.is_empty() || name.iter().any(|word| among(GIVES, word)) || of_things,
            phrase: of_things,
            weak: true,
            kinds: Kinds::NONE,
            topics,
            document: false,
            words,
            confidence,
            reasons,
        };
    };
    let document = one.reads
        && !among("list search find query count", &one.word)
        && one
            .object
            .iter()
            .take(6)
            .take_while(|word| *word != "with")
            .any(|word| among(TEXTS, word));
    let kinds = if one.reads { Kinds::NONE } else { widen(&one, topics, tool) };
    let kinds = if one.reads && visits(&one, tool) { Kinds::VISIT } else { kinds };
    Said {
        reads: Some(one.reads),
        unsure: one.unsure && !one.reads,
        phrase: false,
        weak: one.weak,
        kinds,
        topics,
        document,
        words,
        confidence,
        reasons,
    }
}

/// What words are about.
fn topics_of(words: &[String]) -> Topics {
    // Whose mail address it is, is no mail.
    let address =
        |at: usize| words.get(at + 1).is_some_and(|next| among("address addresses", next));
    words.iter().enumerate().fold(Topics::NONE, |all, (at, word)| {
        let of = lexicon::topics(word);
        all.or(if address(at) { of.without(Topics::MAIL) } else { of })
    })
}

/// What counts of what a description of so many words and a name say, how sure that is, and why.
fn chosen(
    by_description: Option<Reading>,
    by_name: Option<Reading>,
    told_words: usize,
) -> (Option<Reading>, u8, Vec<String>) {
    let mut reasons = Vec::new();
    let (chosen, confidence) = match (by_description, by_name) {
        // What is given may be told or handed over: the name says which.
        (Some(told), Some(named))
            if told.reads
                && !named.reads
                && (!named.weak || among("give gives gibt", &told.word)) =>
        {
            reasons.push(format!(
                "its name says “{}”, its description says “{}”",
                named.word, told.word
            ));
            (Some(named), 45)
        }
        (Some(mut told), Some(named)) => {
            // Of a description of a few words the name says what it means.
            let general = told.kinds.without(Kinds::INWARD).is_empty();
            if told_words < 4 && general && !told.reads && !named.reads {
                told.kinds = told.kinds.or(named.kinds);
                told.object.extend(named.object.iter().cloned());
            }
            reasons.push(format!("its description says “{}”", told.word));
            let agree = told.reads == named.reads;
            (Some(told), if agree { 90 } else { 60 })
        }
        (Some(told), None) => {
            reasons.push(format!("its description says “{}”", told.word));
            (Some(told), 75)
        }
        (None, Some(named)) => {
            reasons.push(format!("its name says “{}”", named.word));
            (Some(named), 60)
        }
        (None, None) => (None, 15),
    };
    (chosen, confidence, reasons)
}

/// The names of a tool's arguments.
fn arguments<'a>(tool: &Tool<'a>) -> impl Iterator<Item = &'a String> {
    let properties = tool.input_schema.and_then(|schema| schema.get("properties"));
    properties.and_then(serde_json::Value::as_object).into_iter().flat_map(|all| all.keys())
}

/// True if a reading tool goes to an address that its arguments name.
fn visits(one: &Reading, tool: &Tool<'_>) -> bool {
    let address = arguments(tool).any(|key| {
        name_words(key).iter().any(|word| among("url uri link href webpage website address", word))
    });
    address || one.object.iter().take(3).any(|word| word == "url")
}

/// The first verb that is not a filler.
fn described(words: &[String]) -> Option<Reading> {
    let first = words.first().map_or("", String::as_str);
    if let Some(one) = phrase(words).or_else(|| light(words)).or_else(|| last_infinitive(words)) {
        return Some(one);
    }
    // "Accounts paid before", "Notes of earlier talks": a thing is told, if it is not an act as a word.
    let second = words.get(1).map_or("", String::as_str);
    let known = lexicon::verb(first);
    let thing = known.is_none_or(|(verb, form)| verb.noun_too || form == Form::Past);
    if (among("of from for with who and about", second) && thing)
        || (among("that which", second) && known.is_none())
    {
        return Some(looks(first, words.iter().skip(1).take(7).cloned().collect()));
    }
    for (at, word) in words.iter().enumerate().take(12) {
        if among(FILLERS, word) && lexicon::deed(word).is_none() {
            continue;
        }
        let object: Vec<String> = words.iter().skip(at + 1).take(7).cloned().collect();
        let next = object.first().map_or("", String::as_str);
        // Open bills are no opening; a document that is opened is read; what is given is told, unless it is access.
        let how = among(HOW, word);
        let told = (among("open opens", word)
            && object.iter().take(2).any(|one| among(OPENED, one)))
            || (among("run runs", word)
                && object.iter().take(2).any(|one| among("query search report", one)));
        let gives = among("give gives gibt", word) && !object.iter().any(|one| among(ACCESS, one));
        if told || (gives && !object.iter().any(|one| one == "to")) {
            return Some(looks(word, object));
        }
        if gives || (how && !among(ARTICLES, next) && words.len() > 1) {
            continue;
        }
        // A verb in a base or third form first: `Adds a file`, `Send …`; `list` and `search` look.
        if lexicon::reads(word) {
            let weak = lexicon::verb(word).is_some();
            return Some(Reading {
                word: word.clone(),
                reads: true,
                weak,
                unsure: false,
                kinds: Kinds::NONE,
                object,
            });
        }
        if let Some((verb, form)) = lexicon::verb(word)
            && form != Form::Past
            && acts(verb, form, at, words)
        {
            let weak = verb.noun_too;
            return Some(Reading {
                word: word.clone(),
                reads: false,
                weak,
                unsure: false,
                kinds: verb.done,
                object,
            });
        }
    }
    None
}

/// "What guests say", "Who is in a room", "One flat with its lease": it tells.
fn phrase(words: &[String]) -> Option<Reading> {
    let first = words.first().map_or("", String::as_str);
    let second = words.get(1).map_or("", String::as_str);
    let asks = among("what which who whose where when how was wer wo wie welche", first);
    let of = || words.iter().skip(2).take(2).any(|word| among("of with", word));
    let thing = (among("one the all any every", first) || (among("a an", first) && of()))
        && !among(FILLERS, second)
        && !words.iter().skip(1).any(|word| among("is are will gets be been", word));
    let object = || words.iter().skip(1).take(7).cloned().collect();
    let mail = among("mail email", first) && among("address addresses", second);
    if mail {
        return Some(looks(second, object()));
    }
    (asks || thing).then(|| looks(first, object()))
}

/// Verbs that mean an act with what stands after them only: "lets somebody see", "passes a mail on", "writes to a tenant".
fn light(words: &[String]) -> Option<Reading> {
    const SOMEBODY: &str =
        "somebody someone others another people person anyone outsiders colleague colleagues";
    let at = words.iter().take(12).position(|word| !among(FILLERS, word) || among(LETS, word))?;
    let (word, after) = words.split_at(at).1.split_first()?;
    let next = after.first().map_or("", String::as_str);
    let has = |list: &str| after.iter().take(7).any(|one| among(list, one));
    let give = among("give gives", word);
    let kinds = if give && has(WORTH) {
        Kinds::PAY
    } else if (among(LETS, word) || give) && among(SOMEBODY, next) {
        Kinds::SHARE
    } else if (among("pass passes", word) && has("on along to"))
        || (among("write writes", word) && next == "to" && !has(TEXTS))
    {
        Kinds::SEND
    } else if among("set sets", word) && among("how what which whether who when where", next) {
        Kinds::UPDATE
    } else {
        return None;
    };
    let object = after.iter().take(7).cloned().collect();
    Some(Reading { word: word.clone(), reads: false, weak: false, unsure: false, kinds, object })
}

/// What is worth money: who gives it away, pays.
const WORTH: &str = "gift gifts giftcard voucher vouchers coupon coupons credit credits discount discounts refund refunds bonus percent certificate certificates gutschein gutscheine rabatt guthaben";
const LETS: &str = "let lets allow allows permit permits enable enables";

/// A verb at the end, as German has it: `Eintrag ändern`.
fn last_infinitive(words: &[String]) -> Option<Reading> {
    let (last, before) = words.split_last().filter(|_| (2..=4).contains(&words.len()))?;
    let exact = lexicon::verb(last).is_some() && !last.ends_with("open");
    if !last.ends_with("en") || last.len() < 5 || !(exact || lexicon::begun(last)) {
        return None;
    }
    let object = before.to_vec();
    if lexicon::reads(last) {
        return Some(looks(last, object));
    }
    let (verb, _) = lexicon::verb(last)?;
    let kinds = verb.done;
    Some(Reading { word: last.clone(), reads: false, weak: false, unsure: false, kinds, object })
}

fn looks(word: &str, object: Vec<String>) -> Reading {
    Reading {
        word: word.to_owned(),
        reads: true,
        weak: true,
        unsure: false,
        kinds: Kinds::NONE,
        object,
    }
}

/// True if a verb of a description stands as one: a word that is a thing as often begins it and is done to something.
fn acts(verb: Verb, form: Form, at: usize, words: &[String]) -> bool {
    if !verb.noun_too {
        return true;
    }
    let next = words.get(at + 1).map_or("", String::as_str);
    let first = words.iter().take(at).all(|word| among(FILLERS, word));
    // "Star rating and guest reviews": the name of a thing.
    let compound = among("rating ratings listing listings booking bookings", next);
    match form {
        Form::Base => {
            first
                && !compound
                && !among(
                    "of in from by with newest node nodes id info details address addresses number numbers",
                    next,
                )
                && (!next.is_empty() || words.len() == 1)
        }
        _ => {
            first
                && among("a an the one to your new money goods mail people somebody someone", next)
        }
    }
}

/// True if a transfer is of something else than money: of goods, of a conversation to a person.
fn moves(tool: &Tool<'_>) -> bool {
    const MOVED: &str = "sku stock inventory warehouse warehouses item items product products quantity qty human agent agents operator call conversation chat ticket department ownership owner repo repository issue domain vm";
    let mut words = name_words(tool.name);
    words.extend(parts(&fold(tool.description)).take(MOST).map(str::to_owned));
    words.extend(arguments(tool).flat_map(|name| name_words(name)));
    let money = |word: &String| {
        !among("transfer transfers", word) && lexicon::topics(word).meets(Topics::MONEY)
    };
    words.iter().any(|word| among(MOVED, word)) && !words.iter().any(money)
}

/// The kinds of a verb with what it is done to: money that is sent is paid, people who are added are let in.
fn widen(one: &Reading, topics: Topics, tool: &Tool<'_>) -> Kinds {
    let near: Vec<&String> = one.object.iter().take(5).collect();
    let has = |list: &str| near.iter().any(|word| among(list, word));
    let mut kinds = one.kinds;
    let of_words = near.iter().take(2).any(|word| among("email mail message", word))
        || near.iter().take(3).any(|word| among("reminder reminders notice", word));
    if has(PAID) && !of_words {
        if kinds.meets(Kinds::SEND.or(Kinds::CREATE).or(Kinds::RUN)) {
            kinds = Kinds::PAY;
        } else if kinds.meets(Kinds::UPDATE) {
            kinds = kinds.or(Kinds::PAY);
        }
    }
    if kinds.meets(Kinds::PAY)
        && kinds.meets(Kinds::UPDATE)
        && among("transfer transfers", &one.word)
    {
        kinds =
            if topics.meets(Topics::MONEY) && !moves(tool) { Kinds::PAY } else { Kinds::UPDATE };
    }
    if has(WORTH) && kinds.meets(Kinds::CREATE.or(Kinds::SHARE).or(Kinds::RUN)) {
        kinds = kinds.or(Kinds::PAY);
    }
    // To book an expense is to write it down.
    if kinds == Kinds::BOOK && has("expense expenses cost costs spending ausgabe ausgaben") {
        kinds = Kinds::CREATE;
    }
    if has(LET_IN) && kinds.meets(Kinds::CREATE) && among("add adds register enroll let", &one.word)
    {
        kinds = Kinds::INVITE;
    }
    if has(SECRETS) && kinds.meets(Kinds::INWARD.or(Kinds::SEND)) {
        kinds = kinds.or(Kinds::SECRET);
    }
    if has(ACCESS) && among("stop stops end ends", &one.word) {
        kinds = Kinds::UPDATE.or(Kinds::REMOVE);
    }
    if has(ACCESS) && kinds.meets(Kinds::INWARD) {
        kinds = kinds.or(Kinds::SHARE);
    }
    // To write a message is to send it; to write a file is not.
    if kinds.meets(Kinds::SEND) && kinds.meets(Kinds::CREATE) {
        let spoken = topics.meets(Topics::MAIL.or(Topics::CHAT).or(Topics::ISSUE))
            && !has("draft drafts file note");
        kinds = if spoken { Kinds::SEND } else { Kinds::CREATE };
    }
    kinds
}
