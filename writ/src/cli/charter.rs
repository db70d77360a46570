//! `writ charter`: who decides what: drafted, read, compared, tried, signed by both parties, stopped.
//!
//! Never here: what a clause means (`writ_charter`), or a decision. To add a verb: a variant of [`Verb`], its arm in
//! [`run`]; what it shows is in `charter/show.rs`, what is drafted in `charter/draft.rs`.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::access::Ctx;
use crate::{
    api::{ApiClient, segment},
    fault::{Exit, Fault},
    out,
};

pub mod draft;
pub mod show;

/// A client's charter, or one version of it.
#[derive(Debug, Clone, clap::Args)]
pub struct Which {
    /// The client
    #[arg(long)]
    client: String,
    /// Which version: its number, or draft [default: what is in force, else the draft]
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
}

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Propose a charter: a template, what is different here, or a whole one from a file
    Draft(Box<draft::Args>),
    /// What is in force, what waits for signatures, what is stopped
    Show(Which),
    /// The charter as a letter to the client's owner
    Letter(Which),
    /// Every clause in full
    Clauses(Which),
    /// Sign the draft for your party; with both signatures it is in force
    Sign {
        /// The client
        #[arg(long)]
        client: String,
        /// Only if this is its digest, for example as the other party read it out
        #[arg(long)]
        digest: Option<String>,
    },
    /// Take the draft back
    Withdraw {
        /// The client
        #[arg(long)]
        client: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// What changes between two versions, in words
    Diff {
        /// The client
        #[arg(long)]
        client: String,
        /// The older [default: what is in force]
        #[arg(long, value_name = "VERSION")]
        from: Option<String>,
        /// The newer [default: the draft, else what is in force]
        #[arg(long, value_name = "VERSION")]
        to: Option<String>,
    },
    /// Decide the calls of the last days again under a version: what would have gone another way
    Replay {
        /// The client
        #[arg(long)]
        client: String,
        /// How many days
        #[arg(long)]
        days: Option<u32>,
        /// Under which version [default: the draft, else what is in force]
        #[arg(long, value_name = "VERSION")]
        to: Option<String>,
    },
    /// Is every clause enforced, and does everything that acts stand on a clause; exits 1 if not
    Check {
        /// The client
        #[arg(long)]
        client: String,
    },
    /// Suspend one clause, or all of it, at once: either party alone
    Suspend {
        /// The client
        #[arg(long)]
        client: String,
        /// Which clause [default: all of it]
        #[arg(long)]
        clause: Option<String>,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Resume what your party has suspended
    Resume {
        /// The client
        #[arg(long)]
        client: String,
        /// Which clause [default: all of it]
        #[arg(long)]
        clause: Option<String>,
    },
    /// The charter as an appendix to the contract, into a new file
    Pdf {
        /// Which
        #[command(flatten)]
        which: Which,
        /// A new file
        file: PathBuf,
    },
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    let api = ctx.api().await?;
    let at =
        |client: &str, rest: &str| format!("/api/v1/clients/{}/charter{rest}", segment(client));
    let (path, body) = match verb {
        Verb::Show(which) => return show::standing(ctx, &api, &which).await,
        Verb::Clauses(which) => return show::clauses(ctx, &api, &which).await,
        Verb::Letter(which) => {
            let path = super::query(&at(&which.client, "/letter"), &[("version", which.version)]);
            return asked(ctx, &api, &path, show::letter).await;
        }
        Verb::Diff { client, from, to } => {
            let path = super::query(&at(&client, "/diff"), &[("from", from), ("to", to)]);
            return asked(ctx, &api, &path, show::differences).await;
        }
        Verb::Replay { client, days, to } => {
            let days = days.map(|days| days.to_string());
            let path = super::query(&at(&client, "/replay"), &[("days", days), ("to", to)]);
            return asked(ctx, &api, &path, show::replayed).await;
        }
        Verb::Check { client } => return check(ctx, &api, &at(&client, "/check")).await,
        Verb::Pdf { which, file } => {
            let path = super::query(&at(&which.client, ".pdf"), &[("version", which.version)]);
            return super::save(ctx, &api, &path, &file).await;
        }
        Verb::Sign { client, digest } => return sign(ctx, &api, &client, digest).await,
        Verb::Draft(args) => return proposed(ctx, &api, &args).await,
        Verb::Withdraw { client, reason } => {
            (at(&client, "/draft/withdraw"), json!({"reason": reason}))
        }
        Verb::Suspend { client, clause, reason } => {
            let body = json!({"clause": clause, "reason": reason});
            (at(&client, "/suspend"), super::given(body))
        }
        Verb::Resume { client, clause } => {
            (at(&client, "/resume"), super::given(json!({"clause": clause})))
        }
    };
    let answer = api.post(&path, &body).await?;
    ctx.out.answer(&answer, super::acted);
    Ok(())
}

async fn asked(ctx: &Ctx, api: &ApiClient, path: &str, words: fn(&Value)) -> Result<(), Fault> {
    let answer = api.get(path).await?;
    ctx.out.answer(&answer, words);
    Ok(())
}

/// Proposes a draft, and says what was left out of it.
async fn proposed(ctx: &Ctx, api: &ApiClient, args: &draft::Args) -> Result<(), Fault> {
    let (mut answer, left) = draft::propose(api, args).await?;
    if let (Some(answer), false) = (answer.as_object_mut(), left.is_empty()) {
        answer.insert("left_out".to_owned(), json!(left));
    }
    ctx.out.answer(&answer, |answer| {
        super::acted(answer);
        out::fields(answer, &[("left out: nothing enforces it here", "/left_out")]);
    });
    Ok(())
}

/// Signs the draft as it stands now: the digest that is asked for is the one that is signed.
async fn sign(
    ctx: &Ctx,
    api: &ApiClient,
    client: &str,
    digest: Option<String>,
) -> Result<(), Fault> {
    let base = format!("/api/v1/clients/{}/charter", segment(client));
    let draft = api.get(&format!("{base}/versions/draft")).await?;
    let member = |name: &str| draft.get(name).cloned().unwrap_or_default();
    if let Some(wanted) = digest.filter(|wanted| member("digest").as_str() != Some(wanted)) {
        let what =
            format!("the draft's digest is {}, not {wanted}", out::clean(&text(&draft, "digest")));
        return Err(Fault::refused(what)
            .cure("read what has changed: `writ charter diff`; nothing was signed"));
    }
    let body = json!({"charter": member("charter"), "digest": member("digest")});
    let answer = api.post(&format!("{base}/sign"), &body).await?;
    let standing = api.get(&base).await?;
    ctx.out.answer(&answer, |answer| {
        super::acted(answer);
        show::missing(standing.pointer("/draft/missing").unwrap_or(&Value::Null));
    });
    Ok(())
}

/// One object last, and exit code 1 where anything is loose.
async fn check(ctx: &Ctx, api: &ApiClient, path: &str) -> Result<(), Fault> {
    let answer = api.get(path).await?;
    ctx.out.answer(&answer, show::checked);
    let count = |name: &str| answer.get(name).and_then(Value::as_u64);
    let (clauses, orphans) = (count("clauses"), count("orphans"));
    if clauses.is_some_and(|some| some > 0) && orphans == Some(0) {
        return Ok(());
    }
    let what = match (clauses, orphans) {
        (Some(0), Some(0)) => "no charter is in force".to_owned(),
        (_, Some(orphans)) => {
            format!("{orphans} loose ends between the charter and what enforces it")
        }
        _ => "the answer does not say how many loose ends there are".to_owned(),
    };
    let mut fault = Fault::new(Exit::Refused, what);
    fault.told = ctx.out.json;
    Err(fault.cure("each row above says what would tie it up"))
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
