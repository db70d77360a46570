//! `writ bus`: who takes records from the bus that several processes share, and how a name ends whose process is gone for
//! good. What nobody takes any more would otherwise stay until the bus is full and every gateway refuses.
//!
//! Never here: what a message says. To add a verb: its arm in [`run`].

use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;
use serde_json::json;
use writ_model::{GatewayId, Timestamp};
use writ_store::{Bus, BusFault, Pg, Roster, Seen};

use super::access::Ctx;
use crate::{
    config::{self, Config},
    fault::Fault,
    host::{served, shared},
    out,
};

/// What every lake's name begins with; its process's id follows.
const LAKE: &str = "lake-";

/// What to do with it.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Who takes records from the bus, and how many messages wait for each
    List(List),
    /// End a name whose process is gone for good: nothing is kept for it any more
    Forget(Forget),
}

/// Which bus.
#[derive(Debug, clap::Args)]
pub struct List {
    /// The operator's file, which names the bus [default: writ.toml in the data folder]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Whose name.
#[derive(Debug, clap::Args)]
pub struct Forget {
    /// The name as `writ bus list` shows it, or the id of its process
    #[arg(value_name = "NAME")]
    name: String,
    /// The operator's file, which names the bus [default: writ.toml in the data folder]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What is known of the process that a name belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Process {
    /// It beats.
    Lives,
    /// It left or was lost within a day.
    Away,
    /// No process of its id is known.
    Gone,
    /// The name is no lake's.
    Other,
}

/// One who takes messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Taker {
    /// Its name on the bus.
    pub(super) name: String,
    /// Messages that it has not acknowledged.
    pub(super) waits: u64,
    /// Its process.
    pub(super) process: Process,
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    match verb {
        Verb::List(List { config }) => {
            let (bus, roster) = Box::pin(open(ctx, config)).await?;
            let takers = json!(takers(&*bus, &*roster).await?);
            ctx.out.answer(&takers, |takers| {
                let columns = [("NAME", "/name"), ("WAITING", "/waits"), ("PROCESS", "/process")];
                out::table(takers, &columns, "nobody takes anything");
            });
        }
        Verb::Forget(Forget { name, config }) => {
            let (bus, roster) = Box::pin(open(ctx, config)).await?;
            let name = forget(&*bus, &*roster, &name).await?;
            let told = json!({"forgotten": name});
            ctx.out.answer(&told, |told| out::fields(told, &[("forgotten", "/forgotten")]));
        }
    }
    Ok(())
}

async fn open(
    ctx: &Ctx,
    config: Option<PathBuf>,
) -> Result<(std::sync::Arc<dyn Bus>, Box<dyn Roster>), Fault> {
    let folder = ctx.globals.folder();
    let config = Config::read(&config.unwrap_or_else(|| folder.join(config::FILE)))?;
    reach(&folder, &config).await
}

/// The bus and the roster that the operator's file names.
///
/// # Errors
/// If it names none, or the database cannot be used.
pub(super) async fn reach(
    folder: &std::path::Path,
    config: &Config,
) -> Result<(std::sync::Arc<dyn Bus>, Box<dyn Roster>), Fault> {
    let bus = served::bus::connect(config, folder).await?;
    let part = config.cluster.store.as_ref().ok_or_else(|| {
        Fault::usage("the operator's file names no database").cure("give it [store] postgres")
    })?;
    let pg = Pg::connect(shared::options(part, folder)?).await;
    let pg =
        pg.map_err(|error| Fault::unreachable(error.to_string()).code(error.code().to_string()))?;
    Ok((bus, Box::new(pg.roster())))
}

fn silent(fault: &BusFault) -> Fault {
    Fault::unreachable(fault.to_string())
        .code(fault.code().to_string())
        .cure("see that the servers under [bus] run")
}

/// Everybody who takes messages.
///
/// # Errors
/// If the bus or the roster does not answer.
pub(super) async fn takers(bus: &dyn Bus, roster: &dyn Roster) -> Result<Vec<Taker>, Fault> {
    let names = bus.names().await.map_err(|fault| silent(&fault))?;
    let unread = |error: writ_store::RosterFault| Fault::unreachable(error.to_string());
    let (now, seen) = roster.list().await.map_err(unread)?;
    let mut takers = Vec::with_capacity(names.len());
    for name in names {
        let waits = bus.lag(&name).await.map_err(|fault| silent(&fault))?;
        let process = whose(&name, &seen, now);
        takers.push(Taker { name, waits, process });
    }
    Ok(takers)
}

fn whose(name: &str, seen: &[Seen], now: Timestamp) -> Process {
    let id = name.strip_prefix(LAKE).and_then(|id| id.parse::<GatewayId>().ok());
    let Some(id) = id else { return Process::Other };
    let mut runs = seen.iter().filter(|seen| seen.beat.member.gateway == id).peekable();
    if runs.peek().is_none() {
        return Process::Gone;
    }
    let lives = runs.any(|run| run.left.is_none() && now < run.over_at());
    if lives { Process::Lives } else { Process::Away }
}

/// Ends a name, unless its process lives; the name.
async fn forget(bus: &dyn Bus, roster: &dyn Roster, name: &str) -> Result<String, Fault> {
    let takers = takers(bus, roster).await?;
    let of = format!("{LAKE}{name}");
    let found = takers.into_iter().find(|taker| taker.name == name || taker.name == of);
    let Some(taker) = found else {
        return Err(Fault::refused(format!("nobody takes anything as `{}`", out::clean(name)))
            .cure("`writ bus list` shows the names"));
    };
    if taker.process == Process::Lives {
        let what =
            format!("the process of `{}` lives, and its lake would lose records", taker.name);
        return Err(Fault::refused(what).cure("stop that process first, if it shall not come back"));
    }
    bus.forget(&taker.name).await.map_err(|fault| silent(&fault))?;
    Ok(taker.name)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use writ_model::{BootId, Span, TenantId};
    use writ_store::{
        Beat, Bounds, LocalLog, Member, MemoryRoster, Message, Standing, roster::Role,
    };
    use writ_testkit::{FakeClock, TempDir};

    use super::*;

    fn beat(gateway: GatewayId) -> Beat {
        let member = Member {
            gateway,
            boot: BootId::from_bytes([1; 16]),
            roles: vec![Role::Soc],
            url: String::new(),
            version: "1".to_owned(),
            reads: 1,
            started_at: Timestamp::from_micros(1),
            staleness: Span::seconds(5),
        };
        Beat { member, applied: None, standing: Standing::Full, report: b"{}".to_vec() }
    }

    #[tokio::test]
    async fn only_who_is_gone_is_forgotten_and_nothing_is_kept_for_it() {
        let folder = TempDir::new().unwrap();
        let bus = LocalLog::open(&folder.path().join("bus.db"), Bounds::default()).unwrap();
        let clock = Arc::new(FakeClock::at(Timestamp::from_micros(1)));
        let roster = MemoryRoster::new(Arc::<FakeClock>::clone(&clock));
        let (here, gone) = (GatewayId::from_bytes([1; 16]), GatewayId::from_bytes([2; 16]));
        for gateway in [here, gone] {
            drop(bus.consume(&format!("{LAKE}{gateway}")).await.unwrap());
        }
        let body = Bytes::from_static(b"x");
        let tenant = TenantId::from_bytes([1; 16]);
        bus.publish(vec![Message { tenant, id: [1; 16], body }]).await.unwrap();
        roster.beat(beat(here)).await.unwrap();
        let found = takers(&bus, &roster).await.unwrap();
        let found: Vec<_> = found.into_iter().map(|one| (one.waits, one.process)).collect();
        assert_eq!(found, [(1, Process::Lives), (1, Process::Gone)]);
        let fault = forget(&bus, &roster, &here.to_string()).await.unwrap_err();
        assert!(fault.what.contains("lives"), "{fault:?}");
        assert!(forget(&bus, &roster, "nobody").await.is_err());
        let name = forget(&bus, &roster, &gone.to_string()).await.unwrap();
        assert_eq!(name, format!("{LAKE}{gone}"));
        assert_eq!(bus.names().await.unwrap(), [format!("{LAKE}{here}")]);
        clock.advance(Span::minutes(1));
        let left = takers(&bus, &roster).await.unwrap();
        assert_eq!(left[0].process, Process::Away);
        forget(&bus, &roster, &left[0].name).await.unwrap();
    }
}
