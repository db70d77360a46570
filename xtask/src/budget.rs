//! `cargo xtask budget`: how many packages are locked, and how long a cold release build takes.
//! Never here: run-time figures (`bench`).

use std::{collections::BTreeMap, fs, time::Instant};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::{
    args::Args,
    root::{root, target},
    shell::{cargo, make_folder, say, well},
};

/// LIMIT: beyond this nobody reads what is locked any more.
const PACKAGES_MAX: usize = 500;
/// LIMIT: nine minutes on two cores is what a contributor waits once.
const COLD_BUILD_SECONDS_MAX: f64 = 540.0;

/// Prints one JSON object last; false if a budget is broken.
///
/// # Errors
/// If the lock file cannot be read or the build fails.
pub(crate) fn run(args: &Args) -> Result<bool> {
    let lock = fs::read_to_string(root().join("Cargo.lock")).context("no Cargo.lock")?;
    let packages = lock.lines().filter(|line| *line == "[[package]]").count();
    let mut held = packages <= PACKAGES_MAX;
    let mut summary = vec![("packages", json!(packages)), ("packages_max", json!(PACKAGES_MAX))];
    if !args.has("--packages-only") {
        let seconds = cold_build(args)?;
        held &= seconds <= COLD_BUILD_SECONDS_MAX;
        summary.extend([
            ("cold_release_build_s", json!((seconds * 10.0).round() / 10.0)),
            ("cold_release_build_s_max", json!(COLD_BUILD_SECONDS_MAX)),
            ("jobs", json!(2)),
        ]);
    }
    summary.push(("held", json!(held)));
    let summary: BTreeMap<&str, Value> = summary.into_iter().collect();
    if args.has("--json") {
        say(&serde_json::to_string(&summary)?)?;
    } else {
        say(&serde_json::to_string_pretty(&summary)?)?;
    }
    Ok(held)
}

/// Builds the default binary into an empty folder; downloads are not in the time.
fn cold_build(args: &Args) -> Result<f64> {
    anyhow::ensure!(well(cargo(&["fetch", "--locked"])), "cargo fetch failed");
    let folder = target().join("budget");
    if folder.exists() {
        fs::remove_dir_all(&folder).context("cannot empty the budget folder")?;
    }
    make_folder(&folder)?;
    let mut build = cargo(&["build", "--release", "--locked", "--offline", "-p", "writ"]);
    build.env("CARGO_TARGET_DIR", &folder).env("CARGO_BUILD_JOBS", "2");
    if args.has("--timings") {
        build.arg("--timings");
    }
    let start = now();
    let built = well(build);
    let seconds = start.elapsed().as_secs_f64();
    if !args.has("--timings") {
        fs::remove_dir_all(&folder).context("cannot remove the budget folder")?;
    }
    anyhow::ensure!(built, "the release build failed");
    Ok(seconds)
}

/// The wall clock of measurements.
#[expect(clippy::disallowed_methods, reason = "measuring is this tool's purpose")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
