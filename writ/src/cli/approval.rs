//! `writ approval`: what waits for somebody's yes, and the answer to it.
//!
//! Never here: whether a yes counts, or a yes without the exact thing it is for: what is approved is the digest of what
//! is shown. To add a verb: a variant of [`Verb`], its arm in [`run`].

use serde_json::{Value, json};

use super::access::Ctx;
use crate::{
    api::{ApiClient, segment},
    fault::Fault,
    out,
};

/// Something that waits at a client.
#[derive(Debug, Clone, clap::Args)]
pub struct Which {
    /// The client
    #[arg(long)]
    client: String,
    /// Which (hld_…)
    hold: String,
}

impl Which {
    fn path(&self, rest: &str) -> String {
        format!("/api/v1/clients/{}/approvals/{}{rest}", segment(&self.client), segment(&self.hold))
    }
}

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// What waits, at all clients or at one; what expires first comes first
    List {
        /// Only at this client
        #[arg(long)]
        client: Option<String>,
        /// Only in this state: waiting, proposed, approved, done, refused, expired
        #[arg(long, requires = "client")]
        state: Option<String>,
    },
    /// Who asks, what exactly, why, until when, who must say yes
    Show(Which),
    /// Say yes, with your passkey
    Approve {
        /// Which
        #[command(flatten)]
        which: Which,
        /// A word about it
        #[arg(long)]
        words: Option<String>,
        /// Only if this is its digest, for example as a second device shows it
        #[arg(long)]
        digest: Option<String>,
    },
    /// Say no
    Refuse {
        /// Which
        #[command(flatten)]
        which: Which,
        /// Why
        #[arg(long)]
        words: String,
    },
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    let api = ctx.api().await?;
    match verb {
        Verb::List { client, state } => {
            let path = match client {
                Some(client) => format!("/api/v1/clients/{}/approvals", segment(&client)),
                None => "/api/v1/approvals".to_owned(),
            };
            let answer = api.get(&super::query(&path, &[("state", state)])).await?;
            ctx.out.answer(&answer, |answer| {
                let columns = [
                    ("CLIENT", "/client/slug"),
                    ("WHO ASKS", "/asker"),
                    ("WHAT", "/sentence"),
                    ("STATE", "/state"),
                    ("UNTIL", "/expires"),
                    ("WAITS FOR", "/waits_for"),
                    ("ID", "/hold"),
                ];
                out::table(super::rows(answer, "rows"), &columns, "nothing waits");
            });
        }
        Verb::Show(which) => {
            let answer = api.get(&which.path("")).await?;
            ctx.out.answer(&answer, shown);
        }
        Verb::Approve { which, words, digest } => {
            let answer = approve(&api, &which, words, digest).await?;
            ctx.out.answer(&answer, super::acted);
        }
        Verb::Refuse { which, words } => {
            let answer = api.post(&which.path("/refuse"), &json!({"words": words})).await?;
            ctx.out.answer(&answer, super::acted);
        }
    }
    Ok(())
}

/// Approves what is shown now, or what was seen before.
async fn approve(
    api: &ApiClient,
    which: &Which,
    words: Option<String>,
    digest: Option<String>,
) -> Result<Value, Fault> {
    let now = api.get(&which.path("")).await?;
    let there = now.pointer("/asked/digest").cloned().unwrap_or_default();
    if let Some(wanted) = digest.filter(|wanted| there.as_str() != Some(wanted)) {
        let there = out::clean(there.as_str().unwrap_or_default());
        return Err(Fault::refused(format!("what waits has the digest {there}, not {wanted}"))
            .cure("look at it again: `writ approval show`; nothing was approved"));
    }
    let body = super::given(json!({"digest": there, "words": words}));
    api.post(&which.path("/approve"), &body).await
}

/// Everything that somebody has to know before they answer.
fn shown(answer: &Value) {
    let fields = [
        ("what", "/asked/sentence"),
        ("who asks", "/asker/says"),
        ("on server", "/asked/server"),
        ("call", "/asked/name"),
        ("state", "/state_words"),
        ("asked at", "/since"),
        ("until", "/expires"),
        ("otherwise", "/otherwise"),
        ("may you say yes", "/you/approve"),
        ("why not", "/you/why_not"),
        ("cure", "/you/cure"),
        ("page", "/url"),
        ("digest", "/asked/digest"),
    ];
    out::fields(answer, &fields);
    let part = |at: &str| answer.pointer(at).unwrap_or(&Value::Null);
    let text = part("/asked/text").as_array().into_iter().flatten();
    text.for_each(|line| out::line(&out::clean(line.as_str().unwrap_or_default())));
    out::line("");
    out::table(
        part("/asked/arguments"),
        &[("ARGUMENT", "/at"), ("VALUE", "/value")],
        "no arguments",
    );
    for row in part("/asked/origins").as_array().into_iter().flatten() {
        out::line(&out::clean(row.as_str().unwrap_or_default()));
    }
    out::line("");
    let columns =
        [("BECAUSE OF", "/key"), ("TITLE", "/title"), ("MODE", "/mode"), ("VERSION", "/version")];
    out::table(part("/why"), &columns, "no clause");
    out::line("");
    let columns =
        [("MUST SAY YES", "/words"), ("OF", "/n"), ("HAVE", "/given"), ("COULD", "/could")];
    out::table(part("/quorum"), &columns, "nobody can approve this");
    for row in part("/answers").as_array().into_iter().flatten() {
        let text =
            |at: &str| out::clean(row.pointer(at).and_then(Value::as_str).unwrap_or_default());
        let said = [text("/person/name"), text("/answer"), text("/words")];
        out::line(said.join("  ").trim_end());
    }
    for row in part("/check_by").as_array().into_iter().flatten() {
        out::line(&out::clean(row.as_str().unwrap_or_default()));
    }
}
