//! The scene of a call that is asked for first: it waits, the shop's owner says yes on her phone, it runs once; what was
//! changed on the way does not run at all.
//!
//! Never here: a yes that does not go through the desk with a passkey. To play one more turn: a step in [`Story::asking`].

use serde_json::{Value, json};

use super::{
    actor::{Actor, held},
    stage::text,
    story::{Story, spoiled},
    world,
};
use crate::{
    api::{ApiClient, segment},
    fault::Fault,
    mcp::McpFault,
};

/// The payment that is asked for.
const AMOUNT: f64 = 340.0;
/// Whom it is for.
const PAYEE: &str = "NL20INGB0001234567";
/// Whom it is for after somebody changed it.
const ANOTHER: &str = "FR1420041010050500013M02606";

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// How often the approved payment was made: once is right.
    pub executed: u64,
    /// A changed one waited by itself, and was refused once a person had refused it.
    pub altered_refused: bool,
    /// The approval was good once: the same payment again waits again.
    pub used_once: bool,
}

fn order(payee: &str) -> Value {
    json!({"payee_iban": payee, "amount": AMOUNT, "currency": "EUR", "reference": "HB-77"})
}

impl Story<'_> {
    /// Plays it at the shop.
    ///
    /// # Errors
    /// If the desk refuses, or the call is answered in a way that cannot be played on.
    pub(super) async fn asking(&self, actor: &Actor) -> Result<Asked, Fault> {
        let client = actor.seed.client;
        let owner = world::client_owner(client);
        let phone = self.stage.api_as_owner_of(client).await?;
        let base = format!("/api/v1/clients/{client}/approvals");
        let pay = |payee| actor.tool("payments", "pay", order(payee));
        self.tell(
            "\n`bookkeeper` at the bookshop has to pay 340 EUR. The charter lets it ask first:",
        );
        let told = pay(PAYEE).await.map_err(|why| spoiled(actor, &why))?;
        let hold =
            held(&told).map(segment).ok_or_else(|| odd("the payment did not wait", &told))?;
        self.quote(&said(&told));
        let shown = phone.get(&format!("{base}/{hold}")).await?;
        let asked = shown.get("asked").cloned().unwrap_or_default();
        self.tell(&format!("{owner} reads it on her phone:"));
        self.quote(&text(&asked, "sentence"));
        let altered_refused = self.altered(actor, &phone, &base).await?;
        let yes = json!({"digest": text(&asked, "digest"), "words": "Yes, that is our paper"});
        phone.post(&format!("{base}/{hold}/approve"), &yes).await?;
        let done = pay(PAYEE).await.map_err(|why| spoiled(actor, &why))?;
        let paid = done.pointer("/structuredContent/paid") == Some(&Value::Bool(true));
        let again = pay(PAYEE).await;
        let used_once = paid && matches!(&again, Ok(told) if held(told).is_some());
        if let Ok(told) = &again
            && let Some(hold) = held(told).map(segment)
        {
            let words = json!({"words": "It was paid already"});
            phone.post(&format!("{base}/{hold}/refuse"), &words).await?;
        }
        let paid = self.servers.house(client).map(super::servers::House::paid).unwrap_or_default();
        let amount = |row: &&Value| row.get("amount").and_then(Value::as_f64) == Some(AMOUNT);
        let executed = u64::try_from(paid.iter().filter(amount).count()).unwrap_or(u64::MAX);
        self.tell(&format!(
            "She says yes, signed. The same call again pays, and no third one does: paid {executed} time."
        ));
        Ok(Asked { executed, altered_refused, used_once })
    }

    /// The same payment to another account: it waits by itself, is refused, and says so when it is tried again.
    async fn altered(&self, actor: &Actor, phone: &ApiClient, base: &str) -> Result<bool, Fault> {
        let told = actor.tool("payments", "pay", order(ANOTHER)).await;
        let told = told.map_err(|why| spoiled(actor, &why))?;
        let Some(hold) = held(&told).map(segment) else { return Ok(false) };
        let words = json!({"words": "Not to that account"});
        phone.post(&format!("{base}/{hold}/refuse"), &words).await?;
        match actor.tool("payments", "pay", order(ANOTHER)).await {
            Err(McpFault::Refused { message, .. }) => {
                self.tell("To another account she says no, and it is refused:");
                self.quote(&message);
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

/// The words of a result.
fn said(result: &Value) -> String {
    let words = result.pointer("/content/0/text").and_then(Value::as_str);
    words.unwrap_or_default().lines().next().unwrap_or_default().to_owned()
}

fn odd(what: &str, told: &Value) -> Fault {
    let told: String = told.to_string().chars().take(300).collect();
    Fault::refused(format!("{what}: {told}"))
}
