//! What the demo's parties agree on: what counts as what at each client, and the clauses that both sign.
//!
//! Never here: how it is signed (`stage.rs`). All of it is made up. To add a clause: in [`clauses`].

use serde_json::{Value, json};

use super::world;

/// Payments above this are asked for first.
pub const ASK_ABOVE: &str = "200";
/// Where nobody may only watch: its clause refuses, whoever asks.
pub const NEVER_WATCHED: &str = "juniper-dental";

/// What counts as what: one line for each thing that the demo's servers offer.
const COUNTS_AS: &[(&str, &str, &str, &str)] = &[
    ("mail", "tool", "list_messages", "mail.read"),
    ("mail", "tool", "read_message", "mail.read"),
    ("mail", "tool", "send_message", "mail.send"),
    ("customers", "tool", "search", "data.read"),
    ("customers", "tool", "export_list", "data.read"),
    ("customers", "resource", "customers://*", "data.read"),
    ("files", "tool", "list_files", "file.read"),
    ("files", "tool", "read_file", "file.read"),
    ("files", "tool", "watch", "file.read"),
    ("files", "tool", "write_file", "file.write"),
    ("payments", "tool", "list_invoices", "data.read"),
    ("payments", "tool", "pay", "payment.release"),
];

/// What a client's things count as.
fn counts_as(client: &str) -> Value {
    COUNTS_AS
        .iter()
        .map(|(server, surface, name, action)| {
            let mut naming = json!({
                "server": world::server_name(client, server), "surface": surface, "name": name,
                "action": action,
            });
            if let (Some(naming), "payment.release") = (naming.as_object_mut(), *action) {
                naming.insert("amount".to_owned(), json!("/amount"));
                naming.insert("currency".to_owned(), json!("/currency"));
            }
            naming
        })
        .collect()
}

/// What is agreed with a client: the document that a draft is made of.
pub fn draft(client: &str) -> Value {
    json!({
        "clauses": clauses(client),
        "counts_as": counts_as(client),
        "calendar": {
            "zone": "Europe/Berlin", "days": [1, 2, 3, 4, 5], "from_minute": 480, "to_minute": 1080,
        },
        "contract_ref": "MSA 2026-11, annex 2",
    })
}

fn clauses(client: &str) -> Value {
    let owner = json!({"approve": {"quorum": [{"party": "client", "role": "owner", "n": 1}]}});
    let mut out = vec![
        json!({
            "key": "daily-work", "title": "Daily work: mail, files, customers",
            "actions": ["mail.read", "mail.send", "data.read", "file.*", "prompt.get"], "mode": "act",
        }),
        json!({
            "key": "small-payments", "title": "Small payments", "actions": ["payment.release"],
            "mode": "act",
            "limits": [{"money": {"most": {"amount": "2000", "currency": "EUR"}, "per": "day"}}],
        }),
        json!({
            "key": "larger-payments", "title": "Larger payments are asked for first",
            "actions": ["payment.release"], "mode": owner,
            "when": {"amount_over": {"amount": ASK_ABOVE, "currency": "EUR"}},
            "waits": {"expires_minutes": 240, "escalate_minutes": 60},
        }),
        json!({
            "key": "running-agents", "title": "Switching agents on, and what they may do",
            "actions": ["agent.activate", "agent.release", "agent.widen", "agent.answers", "credential.issue"],
            "mode": "act",
        }),
        json!({
            "key": "evidence", "title": "Taking the evidence out", "actions": ["evidence.export"],
            "mode": "act",
        }),
    ];
    out.push(json!({
        "key": "origins", "title": "What others wrote is looked at before it is done",
        "actions": ["origin.untrusted"],
        "mode": {"approve": {"quorum": [{"party": "client", "role": "owner", "n": 1}]}},
        "waits": {"expires_minutes": 240, "escalate_minutes": 60},
    }));
    let watched = if client == NEVER_WATCHED { "refuse" } else { "act" };
    out.push(json!({
        "key": "only-watching", "title": "Watching without blocking", "actions": ["agent.observe"],
        "mode": watched,
    }));
    out.into()
}
