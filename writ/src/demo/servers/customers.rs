//! The customer server: search, an export that takes its time, a resource and a prompt.
//!
//! Never here: a rule about who may export; that is a grant's work. To add a tool: its definition, its arm in `call`.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    seed::House,
    service::{Effect, Outcome, Runs, Service, outcome, text, tool},
};

/// Time for one page of the export.
const PAGE: Duration = Duration::from_millis(15);

/// One customer list per client.
#[derive(Debug)]
pub(super) struct Customers;

fn list_uri(house: &House) -> String {
    format!("customers://{}/list", house.seed.slug)
}

impl Service for Customers {
    fn instructions(&self) -> &'static str {
        "The client's customers: search, export, and the list as a resource."
    }

    fn tools(&self) -> Vec<Value> {
        vec![
            tool(
                "search",
                "Customers whose name or address contains a text.",
                Effect::Reads,
                &[("query", "string", "Part of a name or an address", true)],
            ),
            tool("export_list", "The whole customer list.", Effect::Reads, &[]),
        ]
    }

    fn call(&self, house: &House, tool: &str, arguments: &Value) -> Option<Outcome> {
        Some(match tool {
            "search" => outcome(|| {
                let query = text(arguments, "query")?.to_lowercase();
                let mut found = house.customers();
                found.retain(|customer| customer.to_string().to_lowercase().contains(&query));
                Ok(json!({"customers": found}))
            }),
            "export_list" => {
                let customers = house.customers();
                Outcome::Runs(Runs {
                    ticks: u32::try_from(customers.len()).unwrap_or(1),
                    every: PAGE,
                    says: "exported page",
                    result: json!({"count": customers.len(), "customers": customers}),
                })
            }
            _ => return None,
        })
    }

    fn resources(&self, house: &House) -> Vec<Value> {
        vec![json!({
            "uri": list_uri(house), "name": "customers", "title": "Customer list",
            "mimeType": "application/json",
        })]
    }

    fn read(&self, house: &House, uri: &str) -> Option<(&'static str, String)> {
        let text = serde_json::to_string_pretty(&house.customers()).unwrap_or_default();
        (uri == list_uri(house)).then_some(("application/json", text))
    }

    fn prompts(&self) -> Vec<Value> {
        vec![json!({
            "name": "welcome_letter", "description": "A welcome letter for a new customer.",
            "arguments": [{"name": "customer", "description": "Whom to welcome", "required": true}],
        })]
    }

    fn prompt(&self, house: &House, name: &str, arguments: &Value) -> Option<String> {
        let customer =
            arguments.get("customer").and_then(Value::as_str).unwrap_or("our new customer");
        (name == "welcome_letter").then(|| {
            format!("Write a short, warm welcome letter from {} to {customer}.", house.seed.name)
        })
    }
}
