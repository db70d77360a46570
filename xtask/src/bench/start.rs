//! `cargo xtask bench start`: a gateway starts on a ledger of a million facts, and the clock runs until its first answer.
//!
//! The time is from the start of the process until a permitted call was answered, of a client that it has never seen. A
//! gateway knows only the clients that call, so the size of the whole does not count; that is what is shown.
//! Never here: a gateway that was warm before.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::json;

use super::{
    cpu,
    gateway::Proofs,
    population::Size,
    stats::{float, percentile, round},
};
use crate::{
    args::Args,
    budget::now,
    cluster::{
        Build, Shared,
        caller::{Door, Told},
        upstream::Upstream,
    },
    root::target,
    shell::say,
};

/// Clients, and lines of each: a million facts.
const TENANTS: u64 = 2_000;
const SIZE: Size = Size { agents: 9, grants: 49 };
/// Starts; each calls as another client.
const STARTS: usize = 5;
/// LIMIT: a gateway that has not served after this long has failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bar of the issue.
const MS_MAX: f64 = 2_000.0;

/// Runs it; false if a bar is missed.
///
/// # Errors
/// If the processes cannot be had.
pub(crate) fn run(args: &Args) -> Result<bool> {
    let tenants = args.number("--tenants")?.unwrap_or(TENANTS);
    let folder = target().join("bench/start");
    let (upstream, build) = (Upstream::start()?, Build::of(args));
    let shared = Shared::start(&folder, upstream.address, (1, build))?;
    let desk = shared.member("desk", "desk")?;
    let world = shared.populate(usize::try_from(tenants)?, SIZE)?;
    desk.server.stop()?;
    let facts = shared.facts()?;
    let desk = shared.member("desk", "desk")?;
    let url = shared.resource();
    let (mut micros, mut resident) = (Vec::new(), Vec::new());
    let step = world.clerks.len() / STARTS;
    let chosen: Vec<_> = world
        .clerks
        .into_iter()
        .step_by(step.max(1))
        .take(STARTS)
        .map(|one| one.enrolled)
        .collect();
    for (nth, caller) in shared.tokens(chosen)?.iter().enumerate() {
        let begun = now();
        let gateway = shared.begin(&format!("gateway-{nth}"), "gateway")?;
        let mut proofs = Proofs::new();
        let mut door = Door::new(gateway.address, &url);
        while door.call(caller, &mut proofs)?.1 != Told::Served {
            anyhow::ensure!(begun.elapsed() < PATIENCE, "the gateway never served");
            super::child::pause(Duration::from_millis(2));
        }
        micros.push(u64::try_from(begun.elapsed().as_micros())?);
        resident.push(cpu::resident(gateway.server.pid())?);
        gateway.server.stop()?;
    }
    desk.server.stop()?;
    let worst = round(float(percentile(&mut micros, 1.0)) / 1000.0, 1);
    let resident = resident.into_iter().max().context("no gateway was started")?;
    let held = worst <= MS_MAX && facts >= 1_000_000;
    let summary = json!({
        "build": build.folder(),
        "facts": facts, "tenants": tenants, "starts": STARTS,
        "first_call_ms_median": round(float(percentile(&mut micros, 0.5)) / 1000.0, 1),
        "first_call_ms_max": worst, "first_call_ms_bar": MS_MAX,
        "gateway_resident_mb_max": round(float(resident) / f64::from(1 << 20), 1),
        "held": held,
    });
    say(&summary.to_string())?;
    Ok(held)
}
