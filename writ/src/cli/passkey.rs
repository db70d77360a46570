//! `writ passkey`: the keys of the person who asks, or of a client's people.
//!
//! Never here: a key's making; that takes a browser. To add a verb: a variant of [`Verb`], its arm in [`run`].

use serde_json::json;

use super::access::Ctx;
use crate::{api::segment, fault::Fault, out};

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Your passkeys, or those of a client's people
    List {
        /// The client
        #[arg(long)]
        client: Option<String>,
    },
    /// Revoke a passkey: your own, or one of a client's people
    Revoke {
        /// Which (psk_…)
        passkey: String,
        /// The client, if it is not your own key
        #[arg(long)]
        client: Option<String>,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    let api = ctx.api().await?;
    let base = |client: Option<String>| match client {
        Some(client) => format!("/api/v1/clients/{}/passkeys", segment(&client)),
        None => "/api/v1/me/passkeys".to_owned(),
    };
    match verb {
        Verb::List { client } => {
            let answer = api.get(&base(client)).await?;
            ctx.out.answer(&answer, |answer| {
                let columns = [
                    ("PASSKEY", "/passkey"),
                    ("PERSON", "/person"),
                    ("LABEL", "/label"),
                    ("FINGERPRINT", "/fingerprint"),
                    ("SAYS", "/says"),
                    ("REVOKED", "/revoked_at"),
                ];
                out::table(super::rows(answer, "passkeys"), &columns, "no passkeys");
            });
        }
        Verb::Revoke { passkey, client, reason } => {
            let path = format!("{}/{}/revoke", base(client), segment(&passkey));
            let answer = api.post(&path, &json!({"reason": reason})).await?;
            ctx.out.answer(&answer, super::acted);
        }
    }
    Ok(())
}
