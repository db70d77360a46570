//! The mail server: reads a mailbox, sends mail.
//!
//! Never here: a filter on what mail says. A poisoned mail is delivered as it is; it is data.
//! To add a tool: its definition in `tools`, its arm in `call`.

use serde_json::{Value, json};

use super::{
    seed::House,
    service::{Effect, Outcome, Service, outcome, text, tool},
};

/// One mailbox per client.
#[derive(Debug)]
pub(super) struct Mail;

impl Service for Mail {
    fn instructions(&self) -> &'static str {
        "The client's shared mailbox: list, read, and send mail."
    }

    fn tools(&self) -> Vec<Value> {
        vec![
            tool(
                "list_messages",
                "Mails in the inbox: number, sender, subject.",
                Effect::Reads,
                &[],
            ),
            tool(
                "read_message",
                "One mail with its text.",
                Effect::Reads,
                &[("id", "integer", "Number from list_messages", true)],
            ),
            tool(
                "send_message",
                "Sends a mail from the client's address.",
                Effect::Leaves,
                &[
                    ("to", "string", "Recipient's address", true),
                    ("subject", "string", "Subject line", true),
                    ("body", "string", "Text of the mail", true),
                ],
            ),
        ]
    }

    fn call(&self, house: &House, tool: &str, arguments: &Value) -> Option<Outcome> {
        Some(match tool {
            "list_messages" => Outcome::Done(json!({"messages": house.mails()})),
            "read_message" => {
                let id = arguments.get("id").and_then(Value::as_u64).unwrap_or_default();
                match house.mail(usize::try_from(id).unwrap_or_default()) {
                    Some(mail) => Outcome::Done(mail),
                    None => Outcome::Failed(format!("there is no mail {id}")),
                }
            }
            "send_message" => outcome(|| send(house, arguments)),
            _ => return None,
        })
    }
}

fn send(house: &House, arguments: &Value) -> Result<Value, Outcome> {
    let to = text(arguments, "to")?;
    let mail = json!({
        "from": format!("office@{}", house.seed.domain),
        "to": to,
        "subject": text(arguments, "subject")?,
        "body": text(arguments, "body")?,
    });
    if !house.send(mail) {
        return Err(Outcome::Failed("the outbox is full".to_owned()));
    }
    Ok(json!({"sent": true, "to": to}))
}
