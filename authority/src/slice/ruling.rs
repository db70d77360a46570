//! What a charter says of one thing on a server, read once: its classes, where its amount stands, and the clauses that
//! could ever speak of it.
//!
//! A judgment looks at every clause of the charter it is given, so it is given only those whose classes match: the others
//! cannot apply. A property test (`tests/charter/judged.rs`) judges with and without and compares.
//! Never here: the judgment (`writ_charter`), or a guess at an amount: what cannot be read exactly is not known.

use std::borrow::Cow;

use writ_charter::{
    Amount, AmountAt, Charter, Clause, Deed, Judgment, Suspended, family,
    money::{is_currency, plain_decimal},
};
use writ_model::{
    Timestamp,
    json::{Node, Value, decimal4},
};

use super::{Slice, context::Subject};

/// One thing, as a charter reads it.
#[derive(Debug)]
pub(crate) struct Ruling {
    /// Its classes, at least one.
    pub(crate) actions: Vec<String>,
    /// Where its amount and its currency stand, by every naming that says so.
    amounts: Vec<(String, Option<String>)>,
    tags: Option<Vec<String>>,
    data: Option<Vec<String>>,
    /// The charter with the clauses that could apply.
    charter: Charter,
}

impl Ruling {
    /// What a charter says of a thing.
    pub(crate) fn of(charter: &Charter, subject: &Subject<'_>) -> Self {
        let classes = charter.classify(subject.server, subject.surface.word(), subject.name);
        let could = |clause: &&Clause| {
            let covers = |pattern: &String| classes.actions.iter().any(|one| family(pattern, one));
            clause.traces() || clause.actions.iter().any(covers)
        };
        let clauses = charter.clauses.iter().filter(could).cloned().collect();
        let charter = Charter { clauses, counts_as: Vec::new(), ..charter.clone() };
        let own = |at: &AmountAt<'_>| (at.pointer.to_owned(), at.currency.map(str::to_owned));
        Self {
            actions: classes.actions.iter().map(|one| (*one).to_owned()).collect(),
            amounts: classes.amounts.iter().map(own).collect(),
            tags: classes.tags,
            data: classes.data,
            charter,
        }
    }

    /// How much money a call moves: nothing unless every place that is named can be read, in one currency; then the
    /// largest.
    pub(crate) fn amount(&self, arguments: Option<&Node<'_>>) -> Option<Amount> {
        let arguments = arguments?;
        let mut most: Option<Amount> = None;
        for (at, currency) in &self.amounts {
            let one = amount(arguments, at, currency.as_deref())?;
            most = match most {
                Some(most) if most.currency != one.currency => return None,
                Some(most) if most.value >= one.value => Some(most),
                Some(_) | None => Some(one),
            };
        }
        most
    }

    /// The deed to be judged.
    pub(crate) fn deed<'d>(
        &'d self,
        (slice, subject): (&'d Slice, &Subject<'d>),
        amount: Option<Amount>,
        at: Timestamp,
    ) -> Deed<'d> {
        Deed {
            actions: self.actions.iter().map(String::as_str).collect(),
            agent: Some(slice.judged_as),
            groups: &slice.groups,
            server: Some(subject.server),
            tags: self.tags.as_deref(),
            data: self.data.as_deref(),
            severity: None,
            confidence: None,
            amount,
            at,
        }
    }

    /// The judgment.
    pub(crate) fn judge(&self, suspended: &Suspended, deed: &Deed<'_>) -> Judgment {
        self.charter.judge(suspended, deed)
    }

    /// Whether the charter follows where this deed's values came from.
    pub(crate) fn traces(&self, deed: &Deed<'_>) -> bool {
        self.charter.traces(deed).is_some()
    }

    /// Whether it is refused whatever the arguments.
    pub(crate) fn refuses_for_sure(&self, deed: &Deed<'_>) -> bool {
        self.charter.refuses_for_sure(deed)
    }
}

/// Whether a place is in a list of several: what stands beside it is not known.
fn one_of_several(arguments: &Node<'_>, at: &str) -> bool {
    at.match_indices('/').any(|(end, _)| {
        let list = at.get(..end).and_then(|above| arguments.pointer(above));
        list.is_some_and(|node| matches!(&node.value, Value::Array(items) if items.len() > 1))
    })
}

/// An amount that is not negative: a number, or a plain decimal as text; the only one where it stands in a list.
fn amount(arguments: &Node<'_>, at: &str, currency: Option<&str>) -> Option<Amount> {
    if one_of_several(arguments, at) {
        return None;
    }
    let value = match &arguments.pointer(at)?.value {
        Value::Number(text) => decimal4(text)?,
        Value::String(text) => plain_decimal(text)?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let currency = match currency? {
        place if place.starts_with('/') => Cow::Borrowed(arguments.pointer(place)?.as_str()?),
        code => Cow::Borrowed(code),
    };
    // Some services write their codes in small letters.
    let currency = currency.to_ascii_uppercase();
    (value >= 0 && is_currency(&currency)).then_some(Amount { value, currency })
}

#[cfg(test)]
mod tests {
    use writ_charter::{Naming, Parties};
    use writ_model::{
        CharterId, TenantId,
        json::{Limits, parse},
    };

    use super::*;
    use crate::grant::Surface;

    fn ruling(namings: &[(Option<&str>, Option<&str>)]) -> Ruling {
        let parties = Parties { provider: "P".to_owned(), client: "C".to_owned() };
        let (charter, tenant) = (CharterId::from_bytes([1; 16]), TenantId::from_bytes([2; 16]));
        let mut charter = Charter::new(charter, 1, tenant, parties);
        charter.counts_as = namings
            .iter()
            .map(|(amount, currency)| Naming {
                server: "*".to_owned(),
                surface: "tool".to_owned(),
                name: "pay*".to_owned(),
                action: "payment.release".to_owned(),
                amount: amount.map(str::to_owned),
                currency: currency.map(str::to_owned),
                tags: Vec::new(),
                data: Vec::new(),
            })
            .collect();
        let (server, surface, name) = ("bank", Surface::Tool, "pay");
        Ruling::of(&charter, &Subject { server, surface, name, arguments: None })
    }

    fn read(ruling: &Ruling, arguments: &str) -> Option<(i64, String)> {
        let node = parse(arguments.as_bytes(), &Limits::REQUEST).unwrap();
        ruling.amount(Some(&node)).map(|amount| (amount.value, amount.currency))
    }

    #[test]
    fn an_amount_is_read_exactly_or_not_at_all() {
        let one = ruling(&[(Some("/a"), Some("EUR"))]);
        let euro = |value| Some((value, "EUR".to_owned()));
        for (arguments, wanted) in [
            (r#"{"a":12.5}"#, euro(125_000)),
            (r#"{"a":"12.50"}"#, euro(125_000)),
            (r#"{"a":0}"#, euro(0)),
            (r#"{"a":1e3}"#, euro(10_000_000)),
            (r#"{"a":-1}"#, None),
            (r#"{"a":"-1"}"#, None),
            (r#"{"a":"1e3"}"#, None),
            (r#"{"a":"1,000"}"#, None),
            (r#"{"a":" 1"}"#, None),
            (r#"{"a":""}"#, None),
            (r#"{"a":0.00001}"#, None),
            (r#"{"a":9999999999999999999}"#, None),
            (r#"{"a":null}"#, None),
            (r#"{"a":[5]}"#, None),
            (r#"{"b":5}"#, None),
            ("[]", None),
        ] {
            assert_eq!(read(&one, arguments), wanted, "{arguments}");
        }
        assert_eq!(one.amount(None), None);
    }

    #[test]
    fn of_a_list_of_several_no_amount_is_known() {
        let list = ruling(&[(Some("/items/0/a"), Some("EUR"))]);
        let one = r#"{"items":[{"a":1}]}"#;
        assert_eq!(read(&list, one), Some((10_000, "EUR".to_owned())));
        assert_eq!(read(&list, r#"{"items":[{"a":1},{"a":999999}]}"#), None);
        assert_eq!(
            read(&list, r#"{"items":{"0":{"a":1},"1":{"a":2}}}"#).map(|(n, _)| n),
            Some(10_000)
        );
        let deep = ruling(&[(Some("/runs/0/items/0/a"), Some("EUR"))]);
        assert_eq!(read(&deep, r#"{"runs":[{"items":[{"a":1}]},{"items":[]}]}"#), None);
        assert_eq!(read(&ruling(&[(Some("/0/a"), Some("EUR"))]), r#"[{"a":1},{"a":2}]"#), None);
    }

    #[test]
    fn a_currency_stands_in_the_charter_or_in_the_call() {
        let named = ruling(&[(Some("/a"), Some("/c"))]);
        assert_eq!(read(&named, r#"{"a":1,"c":"usd"}"#), Some((10_000, "USD".to_owned())));
        for bad in
            [r#"{"a":1}"#, r#"{"a":1,"c":"dollars"}"#, r#"{"a":1,"c":7}"#, r#"{"a":1,"c":"U$D"}"#]
        {
            assert_eq!(read(&named, bad), None, "{bad}");
        }
        assert_eq!(read(&ruling(&[(Some("/a"), None)]), r#"{"a":1}"#), None);
        assert_eq!(read(&ruling(&[(None, Some("EUR"))]), r#"{"a":1}"#), None);
    }

    #[test]
    fn of_two_places_the_larger_counts_and_both_must_be_read() {
        let two = ruling(&[(Some("/a"), Some("EUR")), (Some("/b"), Some("/c"))]);
        assert_eq!(read(&two, r#"{"a":1,"b":2,"c":"EUR"}"#), Some((20_000, "EUR".to_owned())));
        assert_eq!(read(&two, r#"{"a":3,"b":2,"c":"EUR"}"#), Some((30_000, "EUR".to_owned())));
        assert_eq!(read(&two, r#"{"a":3,"b":2,"c":"USD"}"#), None);
        assert_eq!(read(&two, r#"{"a":3,"c":"EUR"}"#), None);
    }
}
