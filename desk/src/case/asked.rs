//! What somebody asks for, in plain words: a call by what it counts as, how much and where to; its arguments, one quoted
//! row for each value. Pure.
//!
//! Never here: a rule, or an argument that is not quoted. To add a word for where money or mail goes: [`DESTINATIONS`].

use std::borrow::Cow;

use writ_authority::grant::Surface;
use writ_charter::{Action, Blast, Charter, Money, Reversibility};
use writ_model::{
    json::{Node, Value},
    text::{quote, shown},
};

use crate::view::{ActionSaid, ArgumentRow};

/// Arguments that say where something goes, in the order in which a reader wants to know.
const DESTINATIONS: [&str; 14] = [
    "iban",
    "account",
    "account_number",
    "beneficiary",
    "payee",
    "recipient",
    "recipients",
    "to",
    "destination",
    "address",
    "email",
    "host",
    "hostname",
    "user",
];
/// LIMIT: letters of where an argument stands.
const PLACE: usize = 600;
/// LIMIT: letters of one argument's row; all of it stands in the exact text.
const VALUE: usize = 2_000;

/// A class, of the charter's own or the catalogue.
pub(crate) fn action<'c>(charter: Option<&'c Charter>, class: &str) -> Option<&'c Action> {
    let own = charter.and_then(|charter| charter.actions.iter().find(|one| one.class == class));
    own.or_else(|| writ_charter::catalog().iter().find(|one| one.class == class))
}

/// In words that follow "it is".
pub(crate) const fn reversibility(word: Reversibility) -> &'static str {
    match word {
        Reversibility::Reversible => "easy to undo",
        Reversibility::Costly => "costly to undo",
        Reversibility::Irreversible => "impossible to undo",
    }
}

/// In words that follow "it reaches".
pub(crate) const fn blast(word: Blast) -> &'static str {
    match word {
        Blast::OneRecord => "one record",
        Blast::OnePerson => "one person",
        Blast::OneMachine => "one machine",
        Blast::OneAgent => "one agent",
        Blast::WholeClient => "the whole client",
        Blast::Outside => "people outside",
    }
}

/// The classes of an ask, in words.
pub(crate) fn actions(charter: Option<&Charter>, classes: &[String]) -> Vec<ActionSaid> {
    let known = classes.iter().map(|class| (class, action(charter, class)));
    known
        .map(|(class, known)| ActionSaid {
            class: class.clone(),
            sentence: known.map_or_else(|| quote(class), |one| own(one, &one.sentence)),
            reversibility: known.map_or("not known", |one| reversibility(one.reversibility)).into(),
            blast: known.map_or("not known", |one| blast(one.blast)).into(),
            harm: known.map(|one| own(one, &one.harm)).unwrap_or_default(),
        })
        .collect()
}

/// What a class says; of a client's own class it is somebody's own text.
fn own(known: &Action, text: &str) -> String {
    if known.class.starts_with("x.") { quote(text) } else { text.to_owned() }
}

/// A call, as the one sentence that somebody without IT knowledge decides on.
pub(crate) struct Spoken<'a> {
    pub(crate) agent: &'a str,
    pub(crate) actions: &'a [ActionSaid],
    pub(crate) amount: Option<&'a Money>,
    pub(crate) destination: Option<&'a ArgumentRow>,
    pub(crate) server: &'a str,
    pub(crate) surface: Surface,
    pub(crate) name: &'a str,
}

impl Spoken<'_> {
    /// `With a yes, “invoice-bot” releases a payment: 1200.00 EUR, iban “DE89…”. It uses tool “release_payment” on pay.`
    pub(crate) fn sentence(&self) -> String {
        let does: Vec<&str> = self.actions.iter().map(|one| one.sentence.as_str()).collect();
        let does = if does.is_empty() { "acts".to_owned() } else { does.join(", and ") };
        let mut facts = Vec::new();
        if let Some(money) = self.amount {
            facts.push(format!("{} {}", money.amount, money.currency));
        }
        if let Some(row) = self.destination {
            let name = row.at.trim_start_matches('/').replace('_', " ");
            facts.push(format!("{name} {}", bare(&row.value)));
        }
        let facts =
            if facts.is_empty() { String::new() } else { format!(": {}", facts.join(", ")) };
        let (agent, name) = (quote(self.agent), quote(self.name));
        let (surface, server) = (self.surface.word(), self.server);
        format!("With a yes, {agent} {does}{facts}. It uses {surface} {name} on {server}.")
    }
}

/// A row's JSON as a quotation: a text without its own marks.
fn bare(value: &str) -> String {
    let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    quote(inner.unwrap_or(value))
}

/// Where it goes, if one of the outermost arguments says so.
pub(crate) fn destination(arguments: &Node<'_>) -> Option<ArgumentRow> {
    let found = DESTINATIONS.iter().find_map(|name| {
        let node = arguments.get(name)?;
        matches!(node.value, Value::String(_) | Value::Array(_)).then_some((name, node))
    });
    found.map(|(name, node)| ArgumentRow { at: format!("/{name}"), value: said(node) })
}

/// One row for each value, in the order it was sent, and how many did not fit.
pub(crate) fn rows(arguments: &Node<'_>, most: usize) -> (Vec<ArgumentRow>, usize) {
    let (mut out, mut more) = (Vec::new(), 0);
    let mut waiting = vec![(String::new(), arguments)];
    while let Some((at, node)) = waiting.pop() {
        let inner: Vec<(String, &Node<'_>)> = match &node.value {
            Value::Object(members) if !members.is_empty() => {
                members.iter().map(|(key, node)| (format!("{at}/{}", escaped(key)), node)).collect()
            }
            Value::Array(items) if !items.is_empty() => {
                items.iter().enumerate().map(|(n, node)| (format!("{at}/{n}"), node)).collect()
            }
            _ if out.len() >= most => {
                more += 1;
                continue;
            }
            _ => {
                let place = shown(&at.chars().take(PLACE).collect::<String>());
                out.push(ArgumentRow { at: place, value: said(node) });
                continue;
            }
        };
        waiting.extend(inner.into_iter().rev());
    }
    (out, more)
}

/// A key as RFC 6901 writes it.
fn escaped(key: &str) -> Cow<'_, str> {
    if key.contains(['~', '/']) {
        Cow::Owned(key.replace('~', "~0").replace('/', "~1"))
    } else {
        Cow::Borrowed(key)
    }
}

/// A value as JSON, hidden letters written out, cut.
fn said(node: &Node<'_>) -> String {
    let whole = match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(yes) => yes.to_string(),
        Value::Number(text) => (*text).to_owned(),
        Value::String(text) => format!("\"{text}\""),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().take(8).map(said).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(_) => "{…}".to_owned(),
    };
    let mut out = shown(&whole.chars().take(VALUE).collect::<String>());
    if whole.chars().nth(VALUE).is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use writ_model::json::{Limits, parse};

    use super::*;

    #[test]
    fn arguments_become_rows_in_their_order_and_the_rest_is_counted() {
        let text = r#"{"iban":"DE89","lines":[{"net":12.5,"a/b":null},{}],"note":"a\u202eb"}"#;
        let node = parse(text.as_bytes(), &Limits::REQUEST).unwrap();
        let (all, more) = rows(&node, 10);
        let shown: Vec<(&str, &str)> =
            all.iter().map(|row| (row.at.as_str(), row.value.as_str())).collect();
        assert_eq!(
            shown,
            [
                ("/iban", "\"DE89\""),
                ("/lines/0/net", "12.5"),
                ("/lines/0/a~1b", "null"),
                ("/lines/1", "{}"),
                ("/note", "\"a\\u{202e}b\""),
            ]
        );
        assert_eq!(more, 0);
        assert_eq!((rows(&node, 2).0.len(), rows(&node, 2).1), (2, 3));
        assert_eq!(destination(&node).unwrap().value, "\"DE89\"");
    }

    #[test]
    fn a_sentence_says_what_how_much_and_where_to_and_quotes_what_an_agent_wrote() {
        let actions = actions(None, &["payment.release".to_owned()]);
        let money = Money { amount: "1200.00".to_owned(), currency: "EUR".to_owned() };
        let to = ArgumentRow { at: "/iban".to_owned(), value: "\"DE89”. Say yes\"".to_owned() };
        let spoken = Spoken {
            agent: "invoice-bot",
            actions: &actions,
            amount: Some(&money),
            destination: Some(&to),
            server: "pay",
            surface: Surface::Tool,
            name: "release_payment",
        };
        let said = spoken.sentence();
        assert!(said.contains("1200.00 EUR, iban “DE89\\u{201d}. Say yes”."), "{said}");
        assert!(said.ends_with("It uses tool “release_payment” on pay."), "{said}");
        assert!(said.starts_with("With a yes, “invoice-bot” releases a payment"), "{said}");
    }
}
