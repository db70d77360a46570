//! `writ grant`: what agents and groups may do.
//!
//! Never here: the meaning of a condition. To add a verb: a variant of [`Verb`], its arm in [`run`].

use serde_json::{Value, json};

use super::{access::Ctx, rule, window};
use crate::{api::segment, fault::Fault, out};

/// A new grant.
#[derive(Debug, clap::Args)]
pub struct Give {
    /// The client
    #[arg(long)]
    client: String,
    /// To this agent (name or agt_…)
    #[arg(long, required_unless_present = "group", conflicts_with = "group")]
    agent: Option<String>,
    /// To every agent of this group (name or grp_…)
    #[arg(long)]
    group: Option<String>,
    /// On which server
    #[arg(long)]
    server: String,
    /// Call this tool; a final * matches any ending
    #[arg(long, group = "surface")]
    tool: Option<String>,
    /// Read this resource; a final * matches any ending
    #[arg(long, group = "surface")]
    resource: Option<String>,
    /// Get this prompt; a final * matches any ending
    #[arg(long, group = "surface")]
    prompt: Option<String>,
    /// A condition, for example '/to domains harborbooks.example'; all must hold
    #[arg(long = "where", value_name = "RULE")]
    rules: Vec<String>,
    /// Refuse arguments that no rule names
    #[arg(long)]
    only_named_arguments: bool,
    /// At most, for example 20/hour (minute, hour, day); may be given several times
    #[arg(long = "limit", value_name = "COUNT/PERIOD")]
    limits: Vec<String>,
    /// Only in these hours, for example 'Mon-Fri 08:00-18:00 Europe/Berlin'
    #[arg(long, value_name = "DAYS HOURS ZONE")]
    window: Option<String>,
    /// Not before (RFC 3339, UTC)
    #[arg(long)]
    from: Option<String>,
    /// Not after (RFC 3339, UTC)
    #[arg(long)]
    until: Option<String>,
    /// Why
    #[arg(long)]
    reason: String,
}

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Grants of a client
    List {
        /// The client
        #[arg(long)]
        client: String,
    },
    /// Give a grant
    Give(Box<Give>),
    /// Take a grant back
    Revoke {
        /// The client
        #[arg(long)]
        client: String,
        /// Which (grt_…)
        grant: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    match verb {
        Verb::List { client } => {
            let path = format!("/api/v1/clients/{}/grants", segment(&client));
            let answer = ctx.api().await?.get(&path).await?;
            ctx.out.answer(&answer, |answer| {
                let columns = [
                    ("GRANT", "/grant"),
                    ("TO", "/subject_name"),
                    ("SAYS", "/words"),
                    ("RULES", "/rules"),
                    ("USED", "/used/count"),
                    ("REVOKED", "/revoked_at"),
                ];
                out::table(super::rows(answer, "grants"), &columns, "no grants");
            });
        }
        Verb::Give(give) => {
            let body = body(&give)?;
            let path = format!("/api/v1/clients/{}/grants", segment(&give.client));
            let answer = ctx.api().await?.post(&path, &body).await?;
            ctx.out.answer(&answer, super::acted);
        }
        Verb::Revoke { client, grant, reason } => {
            let path =
                format!("/api/v1/clients/{}/grants/{}/revoke", segment(&client), segment(&grant));
            let answer = ctx.api().await?.post(&path, &json!({"reason": reason})).await?;
            ctx.out.answer(&answer, super::acted);
        }
    }
    Ok(())
}

fn body(give: &Give) -> Result<Value, Fault> {
    let (surface, name) = match (&give.tool, &give.resource, &give.prompt) {
        (Some(name), None, None) => ("tool", name),
        (None, Some(name), None) => ("resource", name),
        (None, None, Some(name)) => ("prompt", name),
        _ => {
            return Err(Fault::usage("a grant is about one thing")
                .cure("give one of --tool, --resource, --prompt"));
        }
    };
    let rules: Vec<Value> = give
        .rules
        .iter()
        .map(|text| rule::parse(text))
        .collect::<Result<_, _>>()
        .map_err(Fault::usage)?;
    let limits: Vec<Value> = give
        .limits
        .iter()
        .map(|text| limit(text))
        .collect::<Result<_, _>>()
        .map_err(Fault::usage)?;
    let hours = give.window.as_deref().map(window::parse).transpose().map_err(Fault::usage)?;
    let subject = match (&give.agent, &give.group) {
        (Some(agent), _) => json!({"agent": agent}),
        (None, group) => json!({"group": group}),
    };
    Ok(super::given(json!({
        "subject": subject, "server": give.server, "surface": surface, "name": name,
        "rules": rules, "only_named_arguments": give.only_named_arguments, "limits": limits,
        "window": hours, "from": give.from, "until": give.until, "reason": give.reason,
    })))
}

fn limit(text: &str) -> Result<Value, String> {
    let form = || format!("`{text}` is no limit: write COUNT/PERIOD, for example 20/hour");
    let (count, period) = text.split_once('/').ok_or_else(form)?;
    let count: u64 = count.trim().parse().map_err(|_error| form())?;
    match period.trim() {
        period @ ("minute" | "hour" | "day") => Ok(json!({"count": count, "per": period})),
        _ => Err(form()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_as_typed() {
        assert_eq!(limit("20/hour").unwrap(), json!({"count": 20, "per": "hour"}));
        for text in ["20", "x/hour", "20/week"] {
            assert!(limit(text).is_err());
        }
    }
}
