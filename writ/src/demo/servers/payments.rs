//! The payment server: lists invoices, pays.
//!
//! Never here: a limit on amounts; that is a grant's work. To add a tool: its definition in `tools`, its arm in `call`.

use serde_json::{Value, json};

use super::{
    seed::House,
    service::{Effect, Outcome, Service, outcome, text, tool},
};

/// One account per client.
#[derive(Debug)]
pub(super) struct Payments;

impl Service for Payments {
    fn instructions(&self) -> &'static str {
        "The client's account: list open invoices, and pay."
    }

    fn tools(&self) -> Vec<Value> {
        vec![
            tool("list_invoices", "Open invoices with payee and amount.", Effect::Reads, &[]),
            tool(
                "pay",
                "Makes a transfer at once.",
                Effect::Leaves,
                &[
                    ("payee_iban", "string", "Account of the payee", true),
                    ("amount", "number", "How much", true),
                    ("currency", "string", "ISO 4217 code", true),
                    ("reference", "string", "Text for the payee", true),
                ],
            ),
        ]
    }

    fn call(&self, house: &House, tool: &str, arguments: &Value) -> Option<Outcome> {
        Some(match tool {
            "list_invoices" => Outcome::Done(json!({"invoices": house.invoices()})),
            "pay" => outcome(|| pay(house, arguments)),
            _ => return None,
        })
    }
}

fn pay(house: &House, arguments: &Value) -> Result<Value, Outcome> {
    let amount = arguments.get("amount").filter(|amount| amount.is_number()).ok_or_else(|| {
        Outcome::Failed("argument `amount` is missing or not a number".to_owned())
    })?;
    let payment = json!({
        "payee_iban": text(arguments, "payee_iban")?,
        "amount": amount,
        "currency": text(arguments, "currency")?,
        "reference": text(arguments, "reference")?,
    });
    if !house.pay(payment.clone()) {
        return Err(Outcome::Failed("the order book is full".to_owned()));
    }
    Ok(json!({"paid": true, "payment": payment}))
}
