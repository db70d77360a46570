//! `writ drill`: the end of an agent rehearsed on a shadow of it, every step timed; the results listed, taken out,
//! verified offline.
//!
//! Never here: a step (`writ_desk` takes them) or a check of a file (`crate::book::drill`). To add a verb: a variant of
//! [`Verb`], its arm in [`run`].

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{access::Ctx, receipt};
use crate::{
    api::segment,
    book::{drill, verify::Insist},
    fault::{Exit, Fault},
    out,
};

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Rehearse the end of an agent gone wrong, on a shadow of it; exits 1 if it did not pass
    RogueAgent {
        /// The client
        #[arg(long)]
        client: String,
        /// Which agent (name or agt_…) [default: the one whose turn it is]
        #[arg(long)]
        agent: Option<String>,
    },
    /// The drills of a client, and when the next is due
    List {
        /// The client
        #[arg(long)]
        client: String,
    },
    /// One drill, step by step
    Show {
        /// The client
        #[arg(long)]
        client: String,
        /// Which (drl_…)
        drill: String,
    },
    /// One drill as a file that proves itself
    Export {
        /// The client
        #[arg(long)]
        client: String,
        /// Which (drl_…)
        drill: String,
        /// A new file [default: print it]
        file: Option<PathBuf>,
    },
    /// Verify a drill's file, offline
    Verify {
        /// The file
        file: PathBuf,
        /// The ledger's verifier key to insist on
        #[arg(long)]
        key: Option<String>,
        /// Demand that this witness has cosigned (its verifier key); may be given more than once
        #[arg(long, value_name = "KEY")]
        witness: Vec<String>,
    },
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    let at = |client: &str| format!("/api/v1/clients/{}/drills", segment(client));
    match verb {
        Verb::RogueAgent { client, agent } => {
            let body = super::given(json!({"agent": agent}));
            let answer = ctx.running().await?.post(&at(&client), &body).await?;
            ctx.out.answer(&answer, shown);
            passed(ctx, &answer)?;
        }
        Verb::List { client } => {
            let answer = ctx.api().await?.get(&at(&client)).await?;
            ctx.out.answer(&answer, |answer| {
                let columns = [
                    ("AT", "/begun_at"),
                    ("AGENT", "/agent_name"),
                    ("STATE", "/state"),
                    ("REFUSED EVERYWHERE AFTER µs", "/end_us"),
                    ("IN ALL µs", "/total_us"),
                    ("ID", "/drill"),
                ];
                out::table(super::rows(answer, "rows"), &columns, "no drill was run here yet");
                out::fields(answer, &[("next due", "/next_due"), ("overdue", "/overdue")]);
            });
        }
        Verb::Show { client, drill } => {
            let path = format!("{}/{}", at(&client), segment(&drill));
            let answer = ctx.api().await?.get(&path).await?;
            ctx.out.answer(&answer, shown);
        }
        Verb::Export { client, drill, file } => {
            let path = format!("{}/{}/file", at(&client), segment(&drill));
            let answer = ctx.api().await?.get(&path).await?;
            match file {
                Some(file) => {
                    receipt::write_new(&file, answer.to_string().as_bytes())?;
                    let told = json!({"drill": drill, "file": file});
                    ctx.out.answer(&told, |told| {
                        out::fields(told, &[("drill", "/drill"), ("in", "/file")]);
                    });
                }
                None => out::document(&answer),
            }
        }
        Verb::Verify { file, key, witness } => {
            let bytes = receipt::read(&file)?;
            let insist = Insist { key: key.as_deref(), witnesses: &witness, root: None };
            let answer = drill::verify(&bytes, &insist)?;
            ctx.out.answer(&answer, verified);
        }
    }
    Ok(())
}

fn passed(ctx: &Ctx, answer: &Value) -> Result<(), Fault> {
    if answer.get("state").and_then(Value::as_str) == Some("passed") {
        return Ok(());
    }
    let says = answer.get("says").and_then(Value::as_str).unwrap_or("the drill did not pass");
    let mut fault = Fault::new(Exit::Refused, out::clean(says));
    fault.told = ctx.out.json;
    Err(fault.cure("the step that failed says why; cure it and drill again"))
}

fn shown(answer: &Value) {
    let fields = [
        ("drill", "/drill"),
        ("of agent", "/agent_name"),
        ("because", "/chosen"),
        ("state", "/state"),
        ("begun", "/begun_at"),
        ("by", "/begun_by/name"),
        ("noticed after µs", "/notice_us"),
        ("refused everywhere after µs", "/end_us"),
        ("in all µs", "/total_us"),
        ("within a minute", "/within_mark"),
        ("within a second", "/within_ours"),
        ("gateways", "/gateways"),
        ("ledger line", "/line"),
    ];
    out::fields(answer, &fields);
    out::line(&out::clean(answer.get("says").and_then(Value::as_str).unwrap_or_default()));
    let columns = [
        ("STEP", "/title"),
        ("AT µs", "/at_us"),
        ("TOOK µs", "/took_us"),
        ("OK", "/ok"),
        ("WHAT", "/words"),
    ];
    out::table(answer.get("steps").unwrap_or(&Value::Null), &columns, "no steps");
}

fn verified(answer: &Value) {
    let fields = [
        ("verified", "/verified"),
        ("drill", "/drill"),
        ("passed", "/passed"),
        ("refused everywhere after µs", "/end_us"),
        ("in all µs", "/total_us"),
        ("begun in line", "/begun_line"),
        ("result in line", "/line"),
        ("of ledger", "/tenant"),
        ("cosigned by", "/witnesses"),
    ];
    out::fields(answer, &fields);
    for row in answer.get("not_checked").and_then(Value::as_array).into_iter().flatten() {
        out::line(&format!("- not checked: {}", row.as_str().unwrap_or_default()));
    }
}
