//! `writ signing`: an act that waits for a passkey, as a second screen shows it.
//!
//! Never here: the signature; a browser or a signer gives it. To add a verb: a variant of [`Verb`], its arm in [`run`].

use serde_json::{Value, json};

use super::access::Ctx;
use crate::{api::segment, fault::Fault, out};

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// The exact words that are signed, and their digest
    Show {
        /// Which: its short code (K7QF-93TD) or sig_…
        signing: String,
    },
    /// Refuse to sign it; the act is not done
    Refuse {
        /// Which: its short code (K7QF-93TD) or sig_…
        signing: String,
    },
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    // What waits lives in the server's memory: a store that stands still has nothing.
    let api = ctx.running().await?;
    let path = |signing: &str| format!("/api/v1/signings/{}", segment(signing));
    let answer = match verb {
        Verb::Show { signing } => api.get(&path(&signing)).await?,
        Verb::Refuse { signing } => {
            api.post(&format!("{}/refuse", path(&signing)), &json!({})).await?
        }
    };
    ctx.out.answer(&answer, |answer| {
        let fields = [
            ("signing", "/signing"),
            ("code", "/code"),
            ("title", "/title"),
            ("digest", "/digest"),
            ("at", "/client"),
            ("by", "/person"),
            ("state", "/state"),
            ("until", "/expires"),
            ("sign it at", "/url"),
        ];
        out::fields(answer, &fields);
        out::line("");
        for line in answer.get("text").and_then(Value::as_array).into_iter().flatten() {
            out::line(&out::clean(line.as_str().unwrap_or_default()));
        }
    });
    Ok(())
}
