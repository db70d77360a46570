//! `cargo xtask bench flow`: the conversations of `tests-data/flow` decided by the engine of data flow, at every strictness,
//! and what a judgment costs with 64 KiB of read text in context. `--half tune|seen|more` takes what rules are tuned on.
//!
//! The engine sees the recordings alone; the labels are read to count with, after it has answered.
//! Never here: a rule, or a rate that leaves conversations out.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use writ_flow::{Rules, simulate::Simulation};

use super::{
    flow_score::{Decisions, Labels, Score},
    flow_speed,
    stats::round,
};
use crate::{args::Args, root::root, shell::say};

/// The settings of the curve.
const STRICTNESS: std::ops::RangeInclusive<u8> = 0..=4;

/// Runs it; false if a bar is missed.
///
/// # Errors
/// If the conversations cannot be read, or the engine cannot read a line of them.
pub(crate) fn run(args: &Args) -> Result<bool> {
    let half = args.word("--half").unwrap_or("final");
    let known = ["tune", "seen", "more", "final"];
    anyhow::ensure!(known.contains(&half), "--half wants one of {known:?} after it");
    let folder = root().join("tests-data/flow").join(half);
    let recordings = recordings(&folder)?;
    let labels = Labels::read(&folder.join("labels.ndjson"))?;
    let mut curve = Vec::new();
    let mut as_set = None;
    for strictness in STRICTNESS {
        let rules = Rules::at(strictness);
        let is_default = rules == Rules::default();
        let score = labels.score(&decide(&recordings, &rules)?)?;
        curve.push(point(strictness, &score));
        if is_default {
            as_set = Some((strictness, score));
        }
    }
    let (strictness, score) = as_set.context("the default is not on the scale")?;
    for line in score.table() {
        say(&line)?;
    }
    for row in &curve {
        say(&format!("strictness {row}"))?;
    }
    let rules = Rules::default();
    let calls = u64::try_from(decide(&recordings, &rules)?.len())?;
    let whole = || decide(&recordings, &rules).map(drop);
    let speed = flow_speed::measure(&recordings, calls, whole)?;
    let held = score.held() && speed.held();
    let summary = json!({
        "half": half,
        "strictness": strictness,
        "overall": score.overall(),
        "bars": Score::bars(),
        "by_environment": score.by_environment(),
        "by_technique": score.by_technique(),
        "curve": curve,
        "speed": speed.document(),
        "held": held,
    });
    say(&summary.to_string())?;
    Ok(held)
}

/// The recordings of a half, by environment; its labels are no recording.
fn recordings(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).with_context(|| format!("no {}", folder.display()))? {
        let path: PathBuf = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if name != "labels" && path.extension().is_some_and(|ending| ending == "ndjson") {
            found.insert(name, fs::read_to_string(&path)?);
        }
    }
    anyhow::ensure!(!found.is_empty(), "no recording in {}", folder.display());
    Ok(found)
}

/// What the engine says of every call: each environment by itself, as its tools are.
fn decide(recordings: &BTreeMap<String, String>, rules: &Rules) -> Result<Decisions> {
    let mut decisions = Decisions::new();
    for (environment, text) in recordings {
        let mut simulation = Simulation::new(rules.clone(), BTreeMap::new());
        for line in text.lines() {
            let decided = simulation.line(line);
            let decided = decided.map_err(|why| anyhow::anyhow!("{environment}: {why}"))?;
            if let Some(decided) = decided {
                let id = decided.id.as_str().unwrap_or_default().to_owned();
                decisions.insert((decided.conversation, id), decided.decision);
            }
        }
    }
    Ok(decisions)
}

/// A setting's place on the curve, without the parts.
fn point(strictness: u8, score: &Score) -> Value {
    let mut point = score.overall();
    if let Some(object) = point.as_object_mut() {
        object.insert("strictness".to_owned(), strictness.into());
        let environments = score.by_environment();
        let stopped = |row: &Value| row.get("injected_stopped_pct").cloned().unwrap_or_default();
        let held = |row: &Value| row.get("honest_act_held_pct").cloned().unwrap_or_default();
        let parts = environments.as_object().into_iter().flatten();
        let parts: BTreeMap<_, _> =
            parts.map(|(name, row)| (name.clone(), json!([stopped(row), held(row)]))).collect();
        object.insert("by_environment_stopped_held_pct".to_owned(), json!(parts));
    }
    point
}

/// A share in percent with one decimal; nothing of nothing.
pub(super) fn percent(part: u64, whole: u64) -> Value {
    if whole == 0 {
        return Value::Null;
    }
    round(super::stats::float(part) * 100.0 / super::stats::float(whole), 1).into()
}
