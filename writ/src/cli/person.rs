//! `writ person`: who is seated at a client, for which side, in which roles.
//!
//! Never here: a password. To add a verb: a variant of [`Verb`], its arm in [`run`].

use serde_json::json;

use super::access::Ctx;
use crate::{api::segment, fault::Fault, out};

/// Columns of a list of people.
pub const COLUMNS: [(&str, &str); 5] = [
    ("PERSON", "/person"),
    ("NAME", "/name"),
    ("SIDE", "/side"),
    ("ROLES", "/roles"),
    ("LEFT", "/left_at"),
];

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Everybody who has or had a seat
    List {
        /// The client
        #[arg(long)]
        client: String,
    },
    /// Seat a person
    Add {
        /// The client
        #[arg(long)]
        client: String,
        /// Their name [default: the one they have at the provider]
        #[arg(long, required_unless_present = "person")]
        name: Option<String>,
        /// Who, if they are seated elsewhere already (prs_…)
        #[arg(long)]
        person: Option<String>,
        /// For which party: provider or client
        #[arg(long)]
        side: String,
        /// In which role: engineer, approver, owner, auditor; may be given several times
        #[arg(long = "role", required = true)]
        roles: Vec<String>,
    },
    /// Take a person's seat away
    Leave {
        /// The client
        #[arg(long)]
        client: String,
        /// Who (prs_…)
        person: String,
    },
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    let api = ctx.api().await?;
    match verb {
        Verb::List { client } => {
            let path = format!("/api/v1/clients/{}/people", segment(&client));
            let answer = api.get(&path).await?;
            ctx.out.answer(&answer, |answer| {
                out::table(super::rows(answer, "people"), &COLUMNS, "nobody is seated");
            });
        }
        Verb::Add { client, name, person, side, roles } => {
            let path = format!("/api/v1/clients/{}/people", segment(&client));
            let body =
                super::given(json!({"name": name, "person": person, "side": side, "roles": roles}));
            let answer = api.post(&path, &body).await?;
            ctx.out.answer(&answer, super::acted);
        }
        Verb::Leave { client, person } => {
            let path =
                format!("/api/v1/clients/{}/people/{}/leave", segment(&client), segment(&person));
            let answer = api.post(&path, &json!({})).await?;
            ctx.out.answer(&answer, super::acted);
        }
    }
    Ok(())
}
