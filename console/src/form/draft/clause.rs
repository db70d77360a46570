//! One clause as fields of a form, and back. What a clause seldom has stands as JSON in its last field.
//! Never here: whether the clause is well formed.

use serde_json::{Map, Value, json};
use writ_charter::{Clause, Hours, Limit, Mode, Money};

use crate::{
    form::{Given, split},
    part::Refused,
};

/// One clause, as it is typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClauseForm {
    /// Its key.
    pub key: String,
    /// Its title.
    pub title: String,
    /// Classes, with commas between.
    pub actions: String,
    /// Its mode's word.
    pub mode: String,
    /// Who says yes: `client owner 1, provider approver 1`.
    pub quorum: String,
    /// Limits: `3 a day, 500 EUR a day, 2 at once`.
    pub limits: String,
    /// `inside`, `outside` or nothing.
    pub hours: String,
    /// Only above so much: `100 EUR`.
    pub over: String,
    /// Everything else, as JSON.
    pub rest: String,
    /// Whether it is to be left out.
    pub removed: bool,
}

fn money(one: &Money) -> String {
    format!("{} {}", one.amount, one.currency)
}

fn limit(one: &Limit) -> String {
    match one {
        Limit::Count { most, per } => format!("{most} a {}", per.word()),
        Limit::Money { most, per } => format!("{} a {}", money(most), per.word()),
        Limit::Concurrent { most } => format!("{most} at once"),
    }
}

fn unread(field: &str, text: &str, cure: &str) -> Refused {
    Refused {
        code: "CONS-0002".to_owned(),
        field: field.to_owned(),
        what: format!("`{}` cannot be read", writ_authority::refusal::cut(text)),
        cure: cure.to_owned(),
    }
}

impl ClauseForm {
    /// The fields of a clause.
    #[must_use]
    pub fn of(clause: &Clause) -> Self {
        let quorum = match &clause.mode {
            Mode::Approve { quorum } => {
                let seat =
                    |one: &writ_charter::Seat| format!("{} {} {}", one.party, one.role, one.n);
                quorum.iter().map(seat).collect::<Vec<_>>().join(", ")
            }
            Mode::Refuse | Mode::Propose | Mode::NotifyAndAct | Mode::Act => String::new(),
        };
        let mut rest = serde_json::to_value(clause).unwrap_or_default();
        if let Some(rest) = rest.as_object_mut() {
            // What enforces it is found anew with each draft.
            for name in ["key", "title", "actions", "mode", "limits", "enforced_by"] {
                rest.remove(name);
            }
            let emptied = rest.get_mut("when").and_then(Value::as_object_mut).map(|when| {
                when.remove("hours");
                when.remove("amount_over");
                when.is_empty()
            });
            if emptied == Some(true) {
                rest.remove("when");
            }
        }
        let blank = rest.as_object().is_some_and(Map::is_empty);
        Self {
            key: clause.key.clone(),
            title: clause.title.clone(),
            actions: clause.actions.join(", "),
            mode: clause.mode.word().to_owned(),
            quorum,
            limits: clause.limits.iter().map(limit).collect::<Vec<_>>().join(", "),
            hours: match clause.when.hours {
                Some(Hours::Inside) => "inside".to_owned(),
                Some(Hours::Outside) => "outside".to_owned(),
                None => String::new(),
            },
            over: clause.when.amount_over.as_ref().map(money).unwrap_or_default(),
            rest: if blank { String::new() } else { rest.to_string() },
            removed: false,
        }
    }

    /// What was typed for the clause at this place.
    #[must_use]
    pub fn typed(given: &Given, at: usize) -> Self {
        let one = |name: &str| given.one(&format!("c{at}-{name}")).to_owned();
        Self {
            key: one("key"),
            title: one("title"),
            actions: one("actions"),
            mode: one("mode"),
            quorum: one("quorum"),
            limits: one("limits"),
            hours: one("hours"),
            over: one("over"),
            rest: one("rest"),
            removed: !one("remove").is_empty(),
        }
    }

    /// Whether nothing was typed; a mode is always chosen.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        [&self.key, &self.title, &self.actions, &self.rest].iter().all(|text| text.is_empty())
    }

    /// The clause as JSON.
    ///
    /// # Errors
    /// If a field cannot be read.
    pub fn value(&self) -> Result<Value, Refused> {
        let mut out = if self.rest.is_empty() {
            Map::new()
        } else {
            let cure = "Write a JSON object, for example {\"scope\":{\"servers\":[\"bank\"]}}";
            serde_json::from_str(&self.rest).map_err(|_bad| unread("rest", &self.rest, cure))?
        };
        let mode = match self.mode.as_str() {
            "approve" => json!({ "approve": { "quorum": self.seats()? } }),
            "notify-and-act" => json!("notify_and_act"),
            word => json!(word),
        };
        let limits =
            split(&self.limits).iter().map(|one| bound(one)).collect::<Result<Vec<_>, _>>()?;
        out.insert("key".to_owned(), json!(self.key));
        out.insert("title".to_owned(), json!(self.title));
        out.insert("actions".to_owned(), json!(split(&self.actions)));
        out.insert("mode".to_owned(), mode);
        if !limits.is_empty() {
            out.insert("limits".to_owned(), json!(limits));
        }
        let mut when = match out.remove("when") {
            Some(Value::Object(when)) => when,
            None => Map::new(),
            // Never dropped: a condition that is not read would make the clause wider than it was typed.
            Some(_) => return Err(unread("rest", &self.rest, "Write `when` as a JSON object.")),
        };
        if !self.hours.is_empty() {
            when.insert("hours".to_owned(), json!(self.hours));
        }
        if !self.over.is_empty() {
            when.insert("amount_over".to_owned(), price("over", &self.over)?);
        }
        if !when.is_empty() {
            out.insert("when".to_owned(), Value::Object(when));
        }
        Ok(Value::Object(out))
    }

    fn seats(&self) -> Result<Vec<Value>, Refused> {
        let cure = "Write for example: client owner 1, provider approver 1";
        let seat = |text: &String| {
            let words: Vec<&str> = text.split_whitespace().collect();
            match words.as_slice() {
                [party, role] => Ok(json!({ "party": party, "role": role, "n": 1 })),
                [party, role, n] => {
                    let n: u8 = n.parse().map_err(|_bad| unread("quorum", text, cure))?;
                    Ok(json!({ "party": party, "role": role, "n": n }))
                }
                _ => Err(unread("quorum", text, cure)),
            }
        };
        split(&self.quorum).iter().map(seat).collect()
    }
}

fn price(field: &str, text: &str) -> Result<Value, Refused> {
    match text.split_whitespace().collect::<Vec<_>>().as_slice() {
        [amount, currency] => Ok(json!({ "amount": amount, "currency": currency })),
        _ => Err(unread(field, text, "Write for example: 100 EUR")),
    }
}

fn bound(text: &str) -> Result<Value, Refused> {
    let cure = "Write for example: 3 a day, 500 EUR a day, 2 at once";
    let bad = || unread("limits", text, cure);
    let number = |text: &str| text.parse::<u64>().map_err(|_bad| bad());
    match text.split_whitespace().collect::<Vec<_>>().as_slice() {
        [most, "at", "once"] => Ok(json!({ "concurrent": { "most": number(most)? } })),
        [most, "a" | "an" | "per", per @ ("hour" | "day")] => {
            Ok(json!({ "count": { "most": number(most)?, "per": per } }))
        }
        [amount, currency, "a" | "an" | "per", per @ ("hour" | "day")] => Ok(
            json!({ "money": { "most": { "amount": amount, "currency": currency }, "per": per } }),
        ),
        _ => Err(bad()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clause_comes_back_as_it_was() {
        for row in crate::page::sample::version().clauses {
            let mut clause = row.clause;
            clause.enforced_by.clear();
            let value = ClauseForm::of(&clause).value().unwrap();
            let back: Clause = serde_json::from_value(value).unwrap();
            assert_eq!(back, clause);
        }
    }

    #[test]
    fn what_cannot_be_read_says_how_to_write_it() {
        let form = |limits: &str, quorum: &str, over: &str| ClauseForm {
            key: "a-b".to_owned(),
            mode: "approve".to_owned(),
            limits: limits.to_owned(),
            quorum: quorum.to_owned(),
            over: over.to_owned(),
            ..ClauseForm::default()
        };
        let wrong = |one: ClauseForm| one.value().unwrap_err().field;
        assert_eq!(wrong(form("often", "", "")), "limits");
        assert_eq!(wrong(form("", "client", "")), "quorum");
        assert_eq!(wrong(form("", "", "100")), "over");
        let loose = ClauseForm { rest: r#"{"when": "never"}"#.to_owned(), ..form("", "", "") };
        assert_eq!(wrong(loose), "rest", "a condition is never dropped");
    }
}
