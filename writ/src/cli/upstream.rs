//! `writ upstream`: accounts at servers that let in nobody without a token.
//!
//! Never here: a token. To add a verb: a variant of [`Verb`], its arm in [`run`].

use serde_json::{Value, json};

use super::access::Ctx;
use crate::{api::segment, fault::Fault, out::line};

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Which servers take an account, and which accounts are connected
    List {
        /// The client
        #[arg(long)]
        client: String,
    },
    /// One server, with its accounts
    Show {
        /// The server's name
        server: String,
        /// The client
        #[arg(long)]
        client: String,
    },
    /// Get the link by which you connect an account in your browser
    Connect {
        /// The server's name
        server: String,
        /// The client
        #[arg(long)]
        client: String,
        /// The agent (name or agt_…), where each agent has an account
        #[arg(long)]
        agent: Option<String>,
    },
    /// End an account: no gateway uses it from then on
    Disconnect {
        /// The server's name
        server: String,
        /// The client
        #[arg(long)]
        client: String,
        /// The agent (name or agt_…), where each agent has an account
        #[arg(long)]
        agent: Option<String>,
        /// The person (name or prs_…), where each person has one; you, if left out
        #[arg(long)]
        person: Option<String>,
        /// Why, in words
        #[arg(long)]
        reason: String,
    },
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    let api = ctx.api().await?;
    let below = |client: &str| format!("/api/v1/clients/{}/upstreams", segment(client));
    match verb {
        Verb::List { client } => {
            let answer = api.get(&below(&client)).await?;
            ctx.out.answer(&answer, |answer| {
                let servers = answer.as_array().map(Vec::as_slice).unwrap_or_default();
                if servers.is_empty() {
                    line("no server takes an account");
                }
                servers.iter().for_each(said);
            });
        }
        Verb::Show { server, client } => {
            let all = api.get(&below(&client)).await?;
            let named = |one: &&Value| one.get("server").and_then(Value::as_str) == Some(&server);
            let one = all.as_array().and_then(|all| all.iter().find(named)).ok_or_else(|| {
                Fault::usage(format!("no server `{server}` takes an account of `{client}`"))
                    .cure("see which do: writ upstream list")
            })?;
            ctx.out.answer(one, said);
        }
        Verb::Connect { server, client, agent } => {
            let path = format!("{}/{}/connect", below(&client), segment(&server));
            let answer = api.post(&path, &json!({"agent": agent})).await?;
            ctx.out.answer(&answer, |answer| {
                let text = |key: &str| answer.get(key).and_then(Value::as_str).unwrap_or_default();
                let until = text("expires");
                line(&format!("open this in your browser, signed in as yourself, before {until}:"));
                line(&format!("  {}", text("url")));
            });
        }
        Verb::Disconnect { server, client, agent, person, reason } => {
            let path = format!("{}/{}/disconnect", below(&client), segment(&server));
            let body = json!({"agent": agent, "person": person, "reason": reason});
            let answer = api.post(&path, &body).await?;
            ctx.out.answer(&answer, super::acted);
        }
    }
    Ok(())
}

/// A server and its accounts, a line each.
fn said(server: &Value) {
    let text = |value: &Value, key: &str| -> String {
        value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let words = |value: &Value, key: &str| -> String {
        let list = value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
    };
    let consent = server.get("consent").and_then(Value::as_bool) == Some(true);
    let how = if consent {
        format!("one account for each {}", text(server, "account_of"))
    } else {
        format!("the gateway lets itself in ({})", text(server, "grant"))
    };
    line(&format!("{}  {}  {how}", text(server, "server"), text(server, "address")));
    let accounts = server.get("accounts").and_then(Value::as_array);
    for account in accounts.map(Vec::as_slice).unwrap_or_default() {
        let by = account.get("by").map(|by| text(by, "name")).unwrap_or_default();
        let wanted = words(account, "wanted");
        let more = if wanted.is_empty() { wanted } else { format!("; it wants more: {wanted}") };
        line(&format!(
            "  {}: {} by {by} at {} [{}]{more}",
            text(account, "holder"),
            text(account, "issuer"),
            text(account, "at"),
            words(account, "scopes"),
        ));
    }
}
