//! `writ ledger`: browse the book, prove a line, export it, verify an export offline.
//!
//! Never here: the verification itself (`export.rs` drives `evidence`). To add a verb: a variant of [`Verb`].

use std::path::PathBuf;

use serde_json::Value;

use super::access::Ctx;
use crate::{
    api::segment,
    book::{export, verify},
    fault::Fault,
    out,
};

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Lines in plain words
    List {
        /// The client
        #[arg(long)]
        client: String,
        /// First line
        #[arg(long)]
        from: Option<u64>,
        /// At most so many
        #[arg(long)]
        limit: Option<u64>,
    },
    /// One line with its hash
    Show {
        /// The client
        #[arg(long)]
        client: String,
        /// Which line
        line: u64,
    },
    /// Proof that one line is in the book
    Prove {
        /// The client
        #[arg(long)]
        client: String,
        /// Which line
        line: u64,
    },
    /// The signed head of the book
    Checkpoint {
        /// The client
        #[arg(long)]
        client: String,
    },
    /// Write everything that is needed to verify the book into a folder (C2SP tlog-tiles)
    Export {
        /// The tenant: its id or short name
        #[arg(long)]
        tenant: String,
        /// A new folder
        dir: PathBuf,
    },
    /// Verify an export, offline
    Verify {
        /// The export
        dir: PathBuf,
        /// The verifier key to insist on [default: the one in line 0]
        #[arg(long)]
        key: Option<String>,
        /// Demand that this witness has cosigned (its verifier key); may be given more than once
        #[arg(long, value_name = "KEY")]
        witness: Vec<String>,
        /// Fingerprint of the client's first key, from the paper contract; both, OLD,NEW, after a move
        #[arg(long, value_name = "FINGERPRINT")]
        root: Option<String>,
    },
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    let ledger = |client: &str| format!("/api/v1/clients/{}/ledger", segment(client));
    match verb {
        Verb::List { client, from, limit } => {
            let text = |number: Option<u64>| number.map(|number| number.to_string());
            let path =
                super::query(&ledger(&client), &[("from", text(from)), ("limit", text(limit))]);
            let answer = ctx.api().await?.get(&path).await?;
            ctx.out.answer(&answer, |answer| {
                let columns = [("LINE", "/line"), ("AT", "/at"), ("BY", "/by"), ("SAYS", "/says")];
                out::table(super::rows(answer, "lines"), &columns, "no lines");
            });
        }
        Verb::Show { client, line } => {
            let answer = ctx.api().await?.get(&format!("{}/{line}", ledger(&client))).await?;
            ctx.out.answer(&answer, |answer| {
                let fields = [
                    ("line", "/line"),
                    ("at", "/at"),
                    ("by", "/by"),
                    ("says", "/says"),
                    ("leaf hash", "/leaf_hash"),
                    ("bytes", "/bytes"),
                ];
                out::fields(answer, &fields);
            });
        }
        Verb::Prove { client, line } => {
            let answer = ctx.api().await?.get(&format!("{}/{line}/proof", ledger(&client))).await?;
            ctx.out.answer(&answer, proof);
        }
        Verb::Checkpoint { client } => {
            let answer = ctx.api().await?.get(&format!("{}/checkpoint", ledger(&client))).await?;
            ctx.out.answer(&answer, |answer| {
                out::line(answer.get("note").and_then(Value::as_str).unwrap_or_default());
            });
        }
        Verb::Export { tenant, dir } => {
            let answer = export::export(&ctx.api().await?, &tenant, &dir).await?;
            ctx.out.answer(&answer, |answer| {
                let fields = [
                    ("exported", "/origin"),
                    ("lines", "/lines"),
                    ("root", "/root"),
                    ("seals", "/seals"),
                    ("records sealed now", "/sealed_now"),
                    ("ranges not sealed", "/not_sealed"),
                    ("files", "/files"),
                    ("folder", "/folder"),
                ];
                out::fields(answer, &fields);
            });
        }
        Verb::Verify { dir, key, witness, root } => {
            let insist =
                verify::Insist { key: key.as_deref(), witnesses: &witness, root: root.as_deref() };
            let verified = verify::verify_with(&dir, &insist, None)?;
            ctx.out.answer(&verified.answer, self::verified);
        }
    }
    Ok(())
}

fn verified(answer: &Value) {
    let fields = [
        ("verified", "/origin"),
        ("ledger of", "/name"),
        ("lines", "/lines"),
        ("from", "/first"),
        ("to", "/last"),
        ("root", "/root"),
        ("signed by", "/signers"),
        ("seals", "/seals"),
        ("records", "/records"),
        ("receipts", "/receipts"),
        ("passkeys", "/passkeys"),
        ("client people", "/client_people"),
        ("client's first key", "/client_root/fingerprint"),
        ("cosigned by", "/witnesses"),
        ("key", "/key"),
        ("moved to", "/moved/to"),
        ("in line", "/moved/line"),
    ];
    out::fields(answer, &fields);
    for one in answer.get("witnesses").and_then(Value::as_array).into_iter().flatten() {
        out::line(&cosigned(one));
    }
    let not = |member: &str| answer.get(member) == Some(&Value::Bool(false));
    if not("client_root_insisted_on") && answer.pointer("/client_root/fingerprint").is_some() {
        out::line(
            "Compare the client's first key with the paper contract, or insist on it: --root.",
        );
    }
    if not("key_insisted_on") {
        out::line(
            "The key is the one that line 0 names: compare it with one you have from elsewhere.",
        );
    }
}

/// How old what a witness has seen is, and whose witness it is: an older export with its cosignatures verifies too.
fn cosigned(row: &Value) -> String {
    let text = |name: &str| row.get(name).and_then(Value::as_str).map(out::clean);
    let (name, at) = (text("name").unwrap_or_default(), text("at").unwrap_or_default());
    let named = match text("named_by") {
        Some(side) => format!("the {side} named this witness"),
        None => "nobody named this witness in the ledger".to_owned(),
    };
    format!("{name} cosigned this at {at}; what came later is not in it; {named}.")
}

fn proof(answer: &Value) {
    out::fields(answer, &[("line", "/line"), ("of", "/size"), ("leaf hash", "/leaf_hash")]);
    for hash in answer.get("path").and_then(Value::as_array).into_iter().flatten() {
        out::line(&format!("           {}", hash.as_str().unwrap_or_default()));
    }
    out::fields(answer, &[("root     ", "/root")]);
    out::line("");
    out::line(answer.get("checkpoint").and_then(Value::as_str).unwrap_or_default());
}
