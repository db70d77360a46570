//! The roles of arguments, by the words of their names, then of their descriptions.
//!
//! Never here: a value. An argument without a word that we know has no role; its value's form decides when it is used.

use serde_json::Value;

use super::Role;
use crate::{
    kinds::Kinds,
    words::tokens::{fold, name_words, parts},
};

/// LIMIT: arguments of one tool, and levels below them; what is over has the role of what is above.
const MOST: usize = 128;
const DEPTH: usize = 3;

const WORDS: &[(Role, &str)] = &[
    (
        Role::Credential,
        "password passwd passcode secret token otp pin credential credentials apikey",
    ),
    (
        Role::Schedule,
        "date time datetime start end due when day days recurring deadline timezone until month year hour duration datum beginn ende fecha inicio debut fin expires expiry schedule at",
    ),
    (
        Role::Amount,
        "amount price total sum quantity cost budget qty fee betrag montant importe monto",
    ),
    (
        Role::Destination,
        "to recipient recipients receiver payee beneficiary iban account email emails cc bcc channel channels participants participant attendees attendee invitees invitee collaborator collaborators guest guests destination dest webhook endpoint phone recipient_email contact who whom empfanger an fur a para destinataire destinatario dropoff consignee ziel anschrift lieferanschrift lieferadresse",
    ),
    (
        Role::Content,
        "body text message content contents subject title description note notes comment html summary caption reason details data words utterance texto text betreff zweck nachricht asunto cuerpo objet corps motivo markdown memo purpose reference headline prompt",
    ),
    (
        Role::Selector,
        "id ids name file files path filename key hotel restaurant car company flight product item sku repo repository branch issue number uid uuid order event document folder ticket record table reservation user users username owner query",
    ),
];

/// The roles of a schema's properties.
pub(super) fn roles(schema: Option<&Value>, kinds: Kinds) -> Vec<(String, Role)> {
    let mut out = Vec::new();
    if let Some(schema) = schema {
        walk(schema, "", DEPTH, kinds, &mut out);
    }
    out
}

/// True if an argument may say what goes where: any that neither chooses a record nor narrows a search.
pub(super) fn decides(
    schema: Option<&Value>,
    roles: &[(String, Role)],
    about: impl Fn(&str) -> bool,
) -> bool {
    const NARROWS: &str = "q query term terms keyword keywords filter pattern limit count take top max page offset view kind type status state category topic city place location region country lang language class room board tag day anzahl begriff suche ort seite klasse monat";
    let names = schema.and_then(|all| all.get("properties")).and_then(Value::as_object);
    names.is_some_and(|all| {
        all.keys().any(|name| {
            let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
            let role = roles.iter().find(|(known, _)| *known == pointer).map(|(_, role)| *role);
            let chooses = matches!(role, Some(Role::Selector | Role::Schedule));
            let narrows = |word: &String| NARROWS.split(' ').any(|one| one == word);
            !chooses && !name_words(name).iter().any(|word| narrows(word) || about(word))
        })
    })
}

fn walk(schema: &Value, at: &str, depth: usize, kinds: Kinds, out: &mut Vec<(String, Role)>) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    for (name, property) in properties {
        if out.len() >= MOST {
            return;
        }
        let pointer = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
        let described = property.get("description").and_then(Value::as_str).unwrap_or("");
        if let Some(role) = role(name, described, kinds) {
            out.push((pointer.clone(), role));
        }
        if depth > 0 {
            walk(property, &pointer, depth - 1, kinds, out);
        }
    }
}

/// The role that a name or a description tells.
pub(crate) fn role(name: &str, description: &str, kinds: Kinds) -> Option<Role> {
    let words = name_words(name);
    let by_name = words.iter().rev().find_map(|word| word_role(word));
    let told = fold(description);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    special(&words, kinds).or(by_name).or_else(|| {
        let first: Vec<&str> = parts(&told).take(12).collect();
        special(&first, kinds).or_else(|| first.iter().find_map(|word| word_role(word)))
    })
}

fn word_role(word: &str) -> Option<Role> {
    let word = if word.len() > 4 {
        word.trim_end_matches(|letter: char| letter.is_ascii_digit())
    } else {
        word
    };
    WORDS.iter().find(|(_, list)| list.split(' ').any(|one| one == word)).map(|(role, _)| *role)
}

/// Names that mean one thing for one kind of action: a user is let in, but is selected elsewhere.
fn special(words: &[&str], kinds: Kinds) -> Option<Role> {
    let has = |list: &str| words.iter().any(|word| list.split(' ').any(|one| one == *word));
    if words.len() > 4 {
        return None;
    }
    if has("id ids") {
        let whose = kinds.meets(Kinds::SEND.or(Kinds::PAY))
            && has("recipient channel chat user account customer");
        return Some(if whose { Role::Destination } else { Role::Selector });
    }
    let people = kinds.meets(Kinds::INVITE.or(Kinds::SHARE).or(Kinds::SEND));
    if people
        && has(
            "user users username member members team group room person people with address addresses",
        )
    {
        return Some(Role::Destination);
    }
    if kinds.meets(Kinds::OUTWARD) && has("url uri link website") {
        return Some(Role::Destination);
    }
    if kinds.meets(Kinds::PAY) && has("bank target receiver") {
        return Some(Role::Destination);
    }
    None
}
