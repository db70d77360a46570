//! `writ witness`: run one at the client, and say which ones watch a ledger.
//!
//! Never here: what a witness checks (`crate::witness`). To add a verb: a variant of [`Verb`], its arm in [`run`].

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::access::Ctx;
use crate::{
    api::{HttpTransport, OutsideTransport, Transport, segment},
    backup::restore::GAP,
    fault::Fault,
    net::Http,
    out::{self, Out},
    system::{SystemClock, SystemEntropy},
    witness::{Board, Home, Remote, Step, Stop, Watch, remote::Sources, watch::tenant_of},
};

/// Seconds that one question for a newer checkpoint stays open.
const WAIT: u64 = 25;
/// The first pause after a fault; it doubles up to the longest.
const PAUSE: Duration = Duration::from_secs(1);
/// LIMIT: bytes of the file of certificates.
const MAX_ROOTS: usize = 512 << 10;
/// LIMIT: the longest pause: a server that comes back is watched again within half a minute.
const LONGEST: Duration = Duration::from_secs(30);

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Make a witness's key in a new folder, and print its public half
    Init {
        /// The folder
        dir: PathBuf,
        /// What its key is called: harbor-books.example/witness
        #[arg(long)]
        name: String,
    },
    /// Watch a ledger: check every line, cosign what passes, stop at what does not
    Run(RunArgs),
    /// What a witness has seen
    Show {
        /// Its folder
        dir: PathBuf,
    },
    /// The witnesses of a client's ledger, and how far each has seen
    List {
        /// The client
        #[arg(long)]
        client: String,
    },
    /// Have a client's ledger watched by this witness
    Name {
        /// The client
        #[arg(long)]
        client: String,
        /// What it is called
        #[arg(long)]
        name: String,
        /// Its verifier key, as `init` prints it
        key: String,
    },
    /// Ask a witness no more
    Remove {
        /// The client
        #[arg(long)]
        client: String,
        /// Its id or name
        witness: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

/// Which ledger, and what of it is known from elsewhere.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// The folder that `init` made
    dir: PathBuf,
    /// The desk's address: https, or http on this machine
    #[arg(long, value_name = "URL")]
    server: String,
    /// Certificates (PEM) trusted beside Mozilla's
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// The ledger's verifier key, from the paper contract or the ledger's page
    #[arg(long, value_name = "KEY")]
    log_key: String,
    /// Fingerprint of the client's first key, from the paper contract; both, OLD,NEW, after a move
    #[arg(long, value_name = "FINGERPRINT")]
    root: Option<String>,
    /// Look once
    #[arg(long)]
    once: bool,
    /// Tell whoever asks at this address what was seen last: a provider that restores its ledger asks
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// The ledger was restored from a backup, and its owner has looked: put aside what was seen, and begin again
    #[arg(long)]
    after_restore: bool,
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    let at = |client: &str| format!("/api/v1/clients/{}/witnesses", segment(client));
    match verb {
        Verb::Init { dir, name } => {
            let home = Home::init(&dir, &name, &SystemEntropy)?;
            let answer = json!({"name": name, "key": home.public().to_text(), "folder": dir});
            ctx.out.answer(&answer, |answer| {
                out::fields(
                    answer,
                    &[("witness", "/name"), ("folder", "/folder"), ("key", "/key")],
                );
                out::line("Have the ledger name it: `writ witness name --client C --name N KEY`.");
            });
        }
        Verb::Run(args) => watch(ctx.out, args).await?,
        Verb::Show { dir } => {
            let answer = show(&Home::open(&dir)?)?;
            ctx.out.answer(&answer, |answer| {
                let fields = [
                    ("key", "/key"),
                    ("log", "/log_key"),
                    ("lines seen", "/size"),
                    ("client's first key", "/root"),
                    ("insisted on", "/root_insisted_on"),
                    ("cosignature sent", "/posted"),
                ];
                out::fields(answer, &fields);
                out::line(answer.get("checkpoint").and_then(Value::as_str).unwrap_or_default());
            });
        }
        Verb::List { client } => {
            let answer = ctx.api().await?.get(&at(&client)).await?;
            ctx.out.answer(&answer, |answer| {
                let columns = [
                    ("WITNESS", "/witness"),
                    ("NAME", "/name"),
                    ("SIDE", "/side"),
                    ("SEEN", "/seen_size"),
                    ("BEHIND", "/behind"),
                    ("AT", "/seen_at"),
                    ("DISAGREES", "/disagrees"),
                ];
                out::table(answer, &columns, "no witnesses: `writ witness init`, then `name`");
            });
        }
        Verb::Name { client, name, key } => {
            let body = json!({"name": name, "key": key});
            let answer = ctx.api().await?.post(&at(&client), &body).await?;
            ctx.out.answer(&answer, super::acted);
        }
        Verb::Remove { client, witness, reason } => {
            let path = format!("{}/{}/remove", at(&client), segment(&witness));
            let answer = ctx.api().await?.post(&path, &json!({"reason": reason})).await?;
            ctx.out.answer(&answer, super::acted);
        }
    }
    Ok(())
}

fn show(home: &Home) -> Result<Value, Fault> {
    let key = home.public().to_text();
    let Some(seen) = home.seen()? else { return Ok(json!({"key": key, "size": 0})) };
    Ok(json!({
        "key": key,
        "log_key": seen.log_key,
        "size": seen.edge()?.size(),
        "root": seen.root,
        "root_insisted_on": seen.root_insisted_on,
        "posted": seen.posted,
        "checkpoint": seen.checkpoint,
    }))
}

fn transport(args: &RunArgs) -> Result<Arc<dyn Transport>, Fault> {
    if args.server.starts_with("http://") {
        return Ok(Arc::new(HttpTransport::new(Http::new(), &args.server)?));
    }
    let read = |file: &PathBuf| {
        let bytes = std::fs::read(file).map_err(|error| Fault::file(file, "read", &error))?;
        if bytes.len() <= MAX_ROOTS {
            return Ok(bytes);
        }
        Err(Fault::usage(format!("`{}` is larger than {MAX_ROOTS} bytes", file.display())))
    };
    let roots = args.ca_file.as_ref().map(read).transpose()?;
    Ok(Arc::new(OutsideTransport::new(Arc::new(SystemClock), &args.server, roots.as_deref())?))
}

async fn watch(out: Out, args: RunArgs) -> Result<(), Fault> {
    let tenant = tenant_of(&args.log_key)?;
    let transport = transport(&args)?;
    let sources = Sources { clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) };
    let remote = Remote::new(transport, &args.server, tenant, sources);
    let home = Home::open(&args.dir)?;
    let mut watch = Watch::open(home, remote, &args.log_key, args.root.as_deref())?;
    if args.root.is_none() {
        out.say("No --root: the first key of the client that this witness meets is believed.");
    }
    if args.after_restore {
        watch = watch.after_restore().await.map_err(ended)?;
    }
    let stop = CancellationToken::new();
    super::on_signal(&stop);
    let board = Board::default();
    board.put(watch.told().map_err(ended)?);
    if let Some(at) = args.listen {
        let at = board.serve(at, stop.clone()).await?;
        out.say(&format!("Asked at http://{at}{}", crate::backup::witnessed::PATH));
    }
    let (wait, mut pause) = (if args.once { 0 } else { WAIT }, PAUSE);
    loop {
        let round = tokio::select! {
            round = watch.round(wait) => round,
            () = stop.cancelled() => return Ok(()),
        };
        match round {
            Ok(step) => {
                told(out, &step);
                board.put(watch.told().map_err(ended)?);
                pause = PAUSE;
            }
            Err(stop @ Stop::Disagrees { .. }) => return Err(ended(stop)),
            Err(Stop::Fault(fault)) if args.once => return Err(fault),
            Err(Stop::Fault(fault)) => {
                out.fault(&fault);
                // Waits out the pause; an interrupt ends it early.
                if tokio::time::timeout(pause, stop.cancelled()).await.is_ok() {
                    return Ok(());
                }
                pause = (pause * 2).min(LONGEST);
            }
        }
        if args.once {
            return Ok(());
        }
    }
}

/// Why the witness ends.
fn ended(stop: Stop) -> Fault {
    match stop {
        Stop::Fault(fault) => fault,
        Stop::Disagrees { code, what } if code == GAP => Fault::unverified(what).code(code).cure(
            "nothing is cosigned any more: keep this folder, and ask the provider what was lost; then --after-restore",
        ),
        Stop::Disagrees { code, what } => Fault::unverified(what).code(code).cure(
            "nothing is cosigned any more: keep this folder, and tell the provider and your auditor",
        ),
    }
}

fn told(out: Out, step: &Step) {
    match step {
        Step::Same { size } if out.json => out::document(&json!({"size": size, "new": 0})),
        Step::Same { .. } => {}
        Step::Cosigned { size, new, receipts, root } => {
            let answer = json!({
                "cosigned": true, "size": size, "new": new, "receipts": receipts, "root": root,
            });
            out.answer(&answer, |_| {
                let root = root.as_deref().unwrap_or("none yet");
                out::line(&format!(
                    "cosigned {size} lines, {new} of them new; client's first key: {root}"
                ));
            });
        }
    }
}
