//! `writ demo`: the whole of it on a folder of its own, as a story.
//!
//! Never here: the story (`demo/story.rs`). To add an option: [`Args`].

use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use tokio_util::sync::CancellationToken;
use writ_model::Clock as _;

use super::access::{self, Ctx};
use crate::{
    config::{Config, DESK_PORT, GATEWAY_PORT, Place, Server},
    demo::{
        actor::Actor,
        servers::{ALL, CLIENTS, Servers},
        stage::{Guest, Stage},
        story::{self, Story, upstream_path},
        summary::Summary,
        world,
    },
    fault::{Exit, Fault},
    host::{Host, Store, System},
    net::Http,
    out,
    system::{self, SystemClock, SystemEntropy},
};

/// How often it is looked whether the guest has come.
const LOOK: Duration = Duration::from_millis(500);

/// How long to stay.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// End after the story instead of staying up
    #[arg(long)]
    once: bool,
}

/// Does it.
pub async fn run(ctx: &Ctx, args: Args) -> Result<(), Fault> {
    let began_us = SystemClock.monotonic_micros();
    let (folder, kept) = folder(ctx)?;
    let system = System { clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) };
    let store = Store::open(&folder)?;
    let log = upstream_path(&folder);
    let servers = Servers::start(&log, system.clock.clone(), system.entropy.clone()).await;
    let servers = servers.map_err(|error| Fault::file(&log, "open", &error))?;
    let host = Host::start(store, &config(&servers, args.once), &system).await?;
    let token = access::token(&folder)?;
    let stage = Stage::new(host.desk(), token, Http::new(), system.clone());
    let mut story = Story {
        out: ctx.out,
        host: &host,
        servers: &servers,
        stage,
        witnesses: None,
        system,
        folder: folder.clone(),
        began_us,
    };
    let result = match story.run().await {
        Ok((summary, actors)) => {
            let result = conclude(ctx, &summary);
            if result.is_ok() && !args.once {
                stay(ctx, &story.stage, host.desk().origin(), &actors).await;
            }
            result
        }
        Err(fault) => Err(fault),
    };
    drop(story);
    servers.stop();
    host.stop().await;
    if !kept {
        std::fs::remove_dir_all(&folder).map_err(|error| Fault::file(&folder, "remove", &error))?;
    }
    result
}

/// The data folder: the one named, which must be new, or a temporary one that goes at the end.
fn folder(ctx: &Ctx) -> Result<(PathBuf, bool), Fault> {
    let Some(folder) = ctx.globals.data.clone() else {
        let name = format!("writ-demo-{}", std::process::id());
        return Ok((system::temp_dir().join(name), false));
    };
    let empty = std::fs::read_dir(&folder).map_or(true, |mut entries| entries.next().is_none());
    if !empty {
        return Err(Fault::usage(format!("`{}` is not empty", folder.display()))
            .cure("name a new folder: the demo begins with an empty store"));
    }
    Ok((folder, true))
}

fn config(servers: &Servers, once: bool) -> Config {
    let mut entries = Vec::new();
    for seed in &CLIENTS {
        for server in ALL {
            if let Some(url) = servers.url(server, seed.slug) {
                entries.push(Server {
                    name: world::server_name(seed.slug, server),
                    client: Some(seed.slug.to_owned()),
                    template: None,
                    place: Place::Url(url),
                    auth: None,
                    ca_file: None,
                });
            }
        }
    }
    let port = |wanted: u16| if once { any() } else { free(wanted) };
    let (desk, gateway) = (port(DESK_PORT), port(GATEWAY_PORT));
    Config { desk, gateway, servers: entries, ..Config::default() }
}

fn any() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// The usual port if nobody has it, else any.
fn free(port: u16) -> SocketAddr {
    let usual = SocketAddr::from(([127, 0, 0, 1], port));
    if TcpListener::bind(usual).is_ok() { usual } else { any() }
}

fn conclude(ctx: &Ctx, summary: &Summary) -> Result<(), Fault> {
    let document = summary.document();
    ctx.out.answer(&document, |document| {
        out::line("");
        let fields = [
            ("calls permitted", "/calls_permitted"),
            ("calls denied", "/calls_denied"),
            ("denied calls that reached a server", "/denied_received_upstream"),
            ("stopped by where its value was read", "/origin_stopped"),
            ("clauses in force", "/charter_clauses"),
            ("loose ends between them and enforcement", "/charter_orphans"),
            ("approved payment made, times", "/held_executed"),
            ("blocked while only watched", "/observe_blocked"),
            ("would have been, and then were", "/observe_would_refuse"),
            ("drill, in all µs", "/drill_us"),
            ("ended within ms", "/kill_ms"),
            ("ledgers verified", "/ledger_verified"),
            ("receipts verified", "/receipts_verified"),
            ("lines no witness has seen", "/witness_lag_lines"),
            ("root of the bookshop's trust", "/root_fingerprint"),
            ("all in ms", "/elapsed_ms"),
        ];
        out::fields(document, &fields);
    });
    let failures = summary.failures();
    if failures.is_empty() {
        return Ok(());
    }
    let mut fault =
        Fault::new(Exit::Unverified, format!("the demo did not hold: {}", failures.join("; ")));
    fault.told = ctx.out.json;
    Err(fault)
}

async fn stay(ctx: &Ctx, stage: &Stage, console: &str, actors: &[Arc<Actor>]) {
    let stop = CancellationToken::new();
    super::on_signal(&stop);
    ctx.out.say("");
    match stage.invite_guest().await {
        Ok(guest) => {
            ctx.out.say("Look around: open this once in a browser and make a passkey of your own. You are a guest of");
            ctx.out.say(&format!(
                "{}, let in at once and seated at all three clients.",
                world::PROVIDER
            ));
            ctx.out.say(&format!("  {}", guest.link));
            ctx.out.say(&format!("Then sign in with it at {console}"));
            ctx.out.say("The agents go on with their work. Stop with Ctrl-C.");
            tokio::select! {
                () = stop.cancelled() => {}
                () = story::carry_on(actors) => {}
                () = let_in(ctx, stage, &guest) => {}
            }
        }
        Err(fault) => ctx.out.fault(&fault),
    }
}

/// Lets the guest in when they have made their passkey; then goes on waiting.
async fn let_in(ctx: &Ctx, stage: &Stage, guest: &Guest) {
    let mut ticks = tokio::time::interval(LOOK);
    loop {
        ticks.tick().await;
        match stage.admit_guest(guest).await {
            Ok(false) => {}
            Ok(true) => {
                ctx.out.say("You are in.");
                return std::future::pending().await;
            }
            Err(fault) => {
                ctx.out.fault(&fault);
                return std::future::pending().await;
            }
        }
    }
}
