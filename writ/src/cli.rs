//! The command line: noun, then verb; `--json` everywhere.
//!
//! Never here: a rule, or an answer that the API does not give. Each noun is a file in `cli/`.
//! To add a command: its file, its variant in [`Command`], its arm in [`run`].

#![expect(clippy::doc_markdown, reason = "these comments are the help texts, shown as they are")]

use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};
use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{
    api::{ApiClient, segment},
    fault::{Exit, Fault},
    out,
    out::Out,
    system,
    telemetry::Talk,
};

pub mod access;
pub mod action;
pub mod agent;
pub mod approval;
pub mod away;
pub mod backup;
pub mod bus;
pub mod call;
pub mod catalog;
pub mod charter;
pub mod client;
pub mod completions;
pub mod connect;
pub mod consent;
pub mod console;
pub mod demo;
pub mod doctor;
pub mod drill;
pub mod enroll;
pub mod explain;
pub mod flow;
pub mod freeze;
pub mod gateway;
pub mod grant;
pub mod group;
pub mod key_policy;
pub mod ledger;
pub mod notify;
pub mod observe;
pub mod passkey;
pub mod person;
pub mod provider;
pub mod queue;
pub mod receipt;
pub mod restore;
pub mod rule;
pub mod scan;
pub mod serve;
pub mod session;
pub mod signing;
pub mod simulate;
pub mod status;
pub mod store;
pub mod template;
pub mod up;
pub mod upstream;
pub mod window;
pub mod witness;
pub mod wrap;

/// Authority in writing, and writing that binds.
#[derive(Debug, Parser)]
#[command(name = "writ", version, after_help = Exit::MEANINGS, disable_help_subcommand = true)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, clap::Args)]
pub struct Globals {
    /// One JSON document instead of words
    #[arg(long, global = true)]
    pub json: bool,
    /// The data folder [default: $WRIT_DATA_DIR, else ~/.local/share/writ]
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Who acts (prs_…) [default: the provider's first owner]
    #[arg(long = "as", global = true, value_name = "PERSON")]
    pub acting: Option<String>,
    /// Signs instead of a browser: reads WebAuthn request options on stdin, prints the assertion [default: $WRIT_SIGNER]
    #[arg(long, global = true, value_name = "PROGRAM")]
    pub signer: Option<String>,
}

impl Globals {
    /// The data folder.
    pub fn folder(&self) -> PathBuf {
        self.data.clone().unwrap_or_else(system::data_dir)
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// See all of it: three clients, a dozen agents, one that goes astray
    Demo(demo::Args),
    /// Start desk and gateway, and stay
    Up(up::Args),
    /// Be one of several processes on one operator's file: gateway, soc, desk
    Serve(serve::Args),
    /// The database that several processes share
    #[command(subcommand)]
    Store(store::Verb),
    /// The bus that several processes share
    #[command(subcommand)]
    Bus(bus::Verb),
    /// Make this machine one instance of an agent, with a key of its own
    Enroll(enroll::Args),
    /// Add token and proof for a client that cannot (stdio, or --listen)
    Connect(connect::Args),
    /// Put enforcement between a desktop client and a local stdio server
    Wrap(wrap::Args),
    /// The provider: found it, show it
    #[command(subcommand)]
    Provider(provider::Verb),
    /// The organisations served
    #[command(subcommand)]
    Client(client::Verb),
    /// People: invited, admitted, seated, recovered, gone
    #[command(subcommand)]
    Person(person::Verb),
    /// Passkeys
    #[command(subcommand)]
    Passkey(passkey::Verb),
    /// Sessions at the console
    #[command(subcommand)]
    Session(session::Verb),
    /// Acts that wait for a passkey
    #[command(subcommand)]
    Signing(signing::Verb),
    /// Which passkeys people may have
    #[command(subcommand)]
    KeyPolicy(key_policy::Verb),
    /// Decisions that can be delegated
    #[command(subcommand)]
    Action(action::Verb),
    /// Who decides what: drafted, signed by both parties, tried, suspended
    #[command(subcommand)]
    Charter(charter::Verb),
    /// What a charter can begin with
    #[command(subcommand)]
    Template(template::Verb),
    /// Stop everything of a client at once
    Freeze(freeze::Args),
    /// Lift the freeze of your own party
    Thaw(freeze::ThawArgs),
    /// What waits for somebody's yes
    #[command(subcommand)]
    Approval(approval::Verb),
    /// Who answers for you while you are away
    #[command(subcommand)]
    Away(away::Verb),
    /// Accounts at servers that let in nobody without a token
    #[command(subcommand)]
    Upstream(upstream::Verb),
    /// Programs that people let in
    #[command(subcommand)]
    Consent(consent::Verb),
    /// Watch without blocking, until a date
    #[command(subcommand)]
    Observe(observe::Verb),
    /// Rehearse the end of an agent, and prove that it worked
    #[command(subcommand)]
    Drill(drill::Verb),
    /// Messages about what waits: keys, tests, what was sent
    #[command(subcommand)]
    Notify(notify::Verb),
    /// Groups of agents that share accountability and grants
    #[command(subcommand)]
    Group(group::Verb),
    /// Agents: propose, activate, end, explain
    #[command(subcommand)]
    Agent(agent::Verb),
    /// What agents may do
    #[command(subcommand)]
    Grant(grant::Verb),
    /// What servers list: pinned, changed, flagged
    #[command(subcommand)]
    Catalog(catalog::Verb),
    /// Where values come from: what tools are taken for, what flowed through an agent
    #[command(subcommand)]
    Flow(flow::Verb),
    /// What agents did
    #[command(subcommand)]
    Call(call::Verb),
    /// Why it could do that then: who had said so, under which clause, what it had done before
    Explain(explain::Args),
    /// Decide recorded conversations again, without a network, by where their values came from
    Simulate(simulate::Args),
    /// The book: browse, prove, export, verify
    #[command(subcommand)]
    Ledger(ledger::Verb),
    /// What people signed: list, fetch, verify offline
    #[command(subcommand)]
    Receipt(receipt::Verb),
    /// Witnesses: run one at the client, name it, see how far it has seen
    #[command(subcommand)]
    Witness(witness::Verb),
    /// Decisions waiting for a person
    Queue(queue::Args),
    /// The gateways: list, halt, drain, serve again
    #[command(subcommand)]
    Gateway(gateway::Verb),
    /// The running server
    Status(status::Args),
    /// Where the console is, and the link to the first passkey
    Console(console::Args),
    /// Copies of everything, sealed, written while the server runs
    #[command(subcommand)]
    Backup(backup::Verb),
    /// Put a backup into an empty store: every agent is on hold until a person signs its release
    Restore(restore::Args),
    /// What AI runs here: clients, servers, skills, models, keys; nothing is run or sent
    Scan(Box<scan::Args>),
    /// Is this installation sound
    Doctor(doctor::Args),
    /// Shell completion
    Completions(completions::Args),
}

impl Command {
    /// How much is logged while it runs.
    pub fn talk(&self) -> Talk {
        match self {
            Self::Serve(_) => Talk::Events,
            _ => Talk::Warnings,
        }
    }
}

/// Does what needs no runtime, so that it opens no socket of its own; `None` for everything else.
pub fn alone(cli: &Cli) -> Option<Result<(), Fault>> {
    match &cli.command {
        Command::Scan(args) if !args.speaks() => {
            let out = Out { json: cli.globals.json };
            let ctx = access::Ctx { out, globals: cli.globals.clone() };
            Some(scan::alone(&ctx, args))
        }
        _ => None,
    }
}

/// Does what the command line says.
///
/// # Errors
/// [`Fault`] with the exit code.
pub async fn run(cli: Cli) -> Result<(), Fault> {
    let ctx = access::Ctx { out: Out { json: cli.globals.json }, globals: cli.globals };
    match cli.command {
        Command::Demo(args) => Box::pin(demo::run(&ctx, args)).await,
        Command::Up(args) => up::run(&ctx, args).await,
        Command::Serve(args) => Box::pin(serve::run(&ctx, args)).await,
        Command::Store(verb) => store::run(&ctx, verb).await,
        Command::Bus(verb) => Box::pin(bus::run(&ctx, verb)).await,
        Command::Enroll(args) => enroll::run(&ctx, args).await,
        Command::Connect(args) => connect::run(&ctx, args).await,
        Command::Wrap(args) => wrap::run(&ctx, args).await,
        Command::Provider(verb) => provider::run(&ctx, verb).await,
        Command::Client(verb) => Box::pin(client::run(&ctx, verb)).await,
        Command::Person(verb) => person::run(&ctx, verb).await,
        Command::Passkey(verb) => passkey::run(&ctx, verb).await,
        Command::Session(verb) => session::run(&ctx, verb).await,
        Command::Signing(verb) => signing::run(&ctx, verb).await,
        Command::KeyPolicy(verb) => key_policy::run(&ctx, verb).await,
        Command::Action(verb) => action::run(&ctx, verb).await,
        Command::Charter(verb) => charter::run(&ctx, verb).await,
        Command::Template(verb) => template::run(&ctx, verb).await,
        Command::Freeze(args) => freeze::run(&ctx, &args).await,
        Command::Thaw(args) => freeze::thaw(&ctx, &args).await,
        Command::Approval(verb) => approval::run(&ctx, verb).await,
        Command::Away(verb) => away::run(&ctx, verb).await,
        Command::Upstream(verb) => upstream::run(&ctx, verb).await,
        Command::Consent(verb) => consent::run(&ctx, verb).await,
        Command::Observe(verb) => observe::run(&ctx, verb).await,
        Command::Drill(verb) => drill::run(&ctx, verb).await,
        Command::Notify(verb) => notify::run(&ctx, verb).await,
        Command::Group(verb) => group::run(&ctx, verb).await,
        Command::Agent(verb) => agent::run(&ctx, verb).await,
        Command::Grant(verb) => grant::run(&ctx, verb).await,
        Command::Call(verb) => call::run(&ctx, verb).await,
        Command::Explain(args) => explain::run(&ctx, args).await,
        Command::Simulate(args) => Box::pin(simulate::run(&ctx, args)).await,
        Command::Ledger(verb) => ledger::run(&ctx, verb).await,
        Command::Receipt(verb) => receipt::run(&ctx, verb).await,
        Command::Catalog(verb) => catalog::run(&ctx, verb).await,
        Command::Flow(verb) => flow::run(&ctx, verb).await,
        Command::Witness(verb) => witness::run(&ctx, verb).await,
        Command::Queue(args) => queue::run(&ctx, &args).await,
        Command::Gateway(verb) => gateway::run(&ctx, verb).await,
        Command::Status(args) => status::run(&ctx, &args).await,
        Command::Console(args) => console::run(&ctx, &args).await,
        Command::Backup(verb) => Box::pin(backup::run(&ctx, verb)).await,
        Command::Restore(args) => Box::pin(restore::run(&ctx, args)).await,
        Command::Scan(args) => Box::pin(scan::run(&ctx, *args)).await,
        Command::Doctor(args) => doctor::run(&ctx, &args).await,
        Command::Completions(args) => {
            completions::run(&args);
            Ok(())
        }
    }
}

/// The rows of a list: the answer itself, or its member of this name.
pub(crate) fn rows<'a>(answer: &'a Value, name: &str) -> &'a Value {
    if answer.is_array() { answer } else { answer.get(name).unwrap_or(&Value::Null) }
}

/// A document without its empty members: what is not given is left out, not said to be nothing.
fn given(mut document: Value) -> Value {
    if let Some(object) = document.as_object_mut() {
        object.retain(|_, value| !value.is_null());
    }
    document
}

/// What an act wrote, in words.
fn acted(answer: &Value) {
    for says in answer.get("says").and_then(Value::as_array).into_iter().flatten() {
        out::line(&out::clean(says.as_str().unwrap_or_default()));
    }
    out::fields(answer, &[("id", "/id"), ("line", "/line"), ("at", "/at")]);
}

/// Writes a document of the API into a new file.
async fn save(ctx: &access::Ctx, api: &ApiClient, path: &str, file: &Path) -> Result<(), Fault> {
    let none = || Fault::refused("there is no such document");
    let bytes = api.bytes(path).await?.ok_or_else(none)?;
    receipt::write_new(file, &bytes)?;
    let told = serde_json::json!({"file": file, "bytes": bytes.len()});
    ctx.out.answer(&told, |told| out::fields(told, &[("file", "/file"), ("bytes", "/bytes")]));
    Ok(())
}

/// A path with the parameters that are given.
fn query(path: &str, parameters: &[(&str, Option<String>)]) -> String {
    let given: Vec<String> = parameters
        .iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", segment(value.as_ref()?))))
        .collect();
    if given.is_empty() { path.to_owned() } else { format!("{path}?{}", given.join("&")) }
}

/// Cancels the token on an interrupt or a termination.
fn on_signal(stop: &CancellationToken) {
    let stop = stop.clone();
    tokio::spawn(async move {
        let terminated = signal(SignalKind::terminate());
        match terminated {
            Ok(mut terminated) => tokio::select! {
                _interrupted = tokio::signal::ctrl_c() => {}
                _signal = terminated.recv() => {}
            },
            Err(error) => {
                tracing::warn!(%error, "termination is not noticed");
                let _interrupted = tokio::signal::ctrl_c().await;
            }
        }
        stop.cancel();
    });
}

#[cfg(test)]
mod tests;
