//! Money, exactly: a decimal of at most four places and a currency. Never here: floating point, or a rate of exchange.

use serde::{Deserialize, Serialize};
use writ_model::json::decimal4;

/// An amount as people write it in a charter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// A decimal of at most four places, without a sign: `1500.00`.
    pub amount: String,
    /// ISO 4217, three capitals.
    pub currency: String,
}

/// An amount as it is compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    /// Ten-thousandths of the currency's unit.
    pub value: i64,
    /// ISO 4217, three capitals.
    pub currency: String,
}

/// LIMIT: digits of an amount; 14 before the point and 4 after it fit in 64 bits.
const DIGITS: usize = 18;

/// The exact value of a plain decimal (`12`, `12.5`; no sign, no exponent, no spaces) in ten-thousandths.
pub fn plain_decimal(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').map_or((text, None), |(w, p)| (w, Some(p)));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let good = digits(whole)
        && part.is_none_or(|part| digits(part) && part.len() <= 4)
        && text.len() <= DIGITS + 1
        && (whole.len() == 1 || !whole.starts_with('0'));
    good.then(|| decimal4(text)).flatten()
}

/// Whether a text has the form of an ISO 4217 code.
pub fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

impl Money {
    /// So much of a currency.
    pub fn new(amount: &str, currency: &str) -> Self {
        Self { amount: amount.to_owned(), currency: currency.to_owned() }
    }

    /// Its value in ten-thousandths; nothing if it is not well formed.
    pub fn value(&self) -> Option<i64> {
        plain_decimal(&self.amount)
    }

    /// As it is compared; nothing if it is not well formed.
    pub fn exact(&self) -> Option<Amount> {
        let value = self.value().filter(|_| is_currency(&self.currency))?;
        Some(Amount { value, currency: self.currency.clone() })
    }

    /// As people say it: `1500.00 EUR`.
    pub fn words(&self) -> String {
        format!("{} {}", self.amount, self.currency)
    }
}

impl Amount {
    /// As people write it, with two places or as many as it needs.
    pub fn money(&self) -> Money {
        let (whole, part) =
            (self.value.unsigned_abs() / 10_000, self.value.unsigned_abs() % 10_000);
        let mut amount = format!("{whole}.{part:04}");
        while amount.ends_with('0') && !amount.ends_with(".00") && !two_places(&amount) {
            amount.pop();
        }
        if self.value < 0 {
            amount.insert(0, '-');
        }
        Money { amount, currency: self.currency.clone() }
    }
}

fn two_places(text: &str) -> bool {
    text.split_once('.').is_some_and(|(_, part)| part.len() <= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_decimals_are_exact_or_nothing() {
        for (text, wanted) in [
            ("0", Some(0)),
            ("12", Some(120_000)),
            ("12.5", Some(125_000)),
            ("12.3456", Some(123_456)),
            ("99999999999999.9999", Some(999_999_999_999_999_999)),
            ("12.34567", None),
            ("-1", None),
            ("+1", None),
            ("1e3", None),
            (" 1", None),
            ("1.", None),
            (".5", None),
            ("007", None),
            ("", None),
            ("1,5", None),
            ("999999999999999999999", None),
        ] {
            assert_eq!(plain_decimal(text), wanted, "{text}");
        }
    }

    #[test]
    fn amounts_print_as_people_write_them() {
        for (value, wanted) in [
            (0, "0.00"),
            (10_000, "1.00"),
            (125_000, "12.50"),
            (123_456, "12.3456"),
            (123_450, "12.345"),
            (-5_000, "-0.50"),
        ] {
            assert_eq!(Amount { value, currency: "EUR".into() }.money().amount, wanted);
        }
    }

    #[test]
    fn a_currency_is_three_capitals() {
        assert!(is_currency("EUR"));
        for bad in ["eur", "EURO", "EU", "E1R", ""] {
            assert!(!is_currency(bad));
        }
    }
}
