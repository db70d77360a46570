//! Hunts in processes of their own: started, watched, judged. The process that hunts writes each input down before it tries it.
//!
//! Never here: how inputs are made.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    process::{Child, Command},
    time::Duration,
};

use anyhow::{Context as _, Result};
use serde_json::json;
use writ_model::Digest;

use super::{
    found, gate,
    hunt::{Found, Length, Made, Report, Target, Told, hunt, tried},
    kept, models, mutate, read, signed, wire,
};
use crate::{
    args::Args,
    bench::{child::pause, cpu::of_first_thread},
    budget::now,
    root::{root, target},
    shell::{make_folder, say},
};

/// Minutes for each reader, if nothing says otherwise: the issue's.
const MINUTES: u64 = 10;
/// LIMIT: how long a process may work past its time, in CPU time: a reader that does not end is a finding, and a machine on
/// which others have the processor is none.
const PATIENCE: Duration = Duration::from_mins(1);
/// LIMIT: how long past its time it may take by the clock on the wall, whatever it does.
const STANDSTILL: Duration = Duration::from_mins(15);
/// LIMIT: one input, in the file of the process that hunts: its length and its bytes.
const HEAD: usize = 8;

/// Every reader.
fn targets() -> impl Iterator<Item = &'static Target> {
    wire::TARGETS
        .iter()
        .chain(gate::TARGETS)
        .chain(signed::TARGETS)
        .chain(kept::TARGETS)
        .chain(found::TARGETS)
        .chain(read::TARGETS)
        .chain(models::TARGETS)
}

/// What they are called.
#[cfg(test)]
pub(super) fn names() -> Vec<&'static str> {
    targets().map(|target| target.name).collect()
}

/// The reader of this word.
///
/// # Errors
/// If there is none; the message names them.
fn named(name: &str) -> Result<&'static Target> {
    let words: Vec<&str> = targets().map(|one| one.name).collect();
    let found = targets().find(|one| one.name == name);
    found.with_context(|| format!("no reader `{name}`: say one of {}", words.join(", ")))
}

pub(super) fn run(args: &Args) -> Result<bool> {
    if args.has("--list") {
        for target in targets() {
            say(&format!("{}: {}", target.name, target.about))?;
        }
        return Ok(true);
    }
    let seconds = args.number("--seconds")?;
    let seconds = seconds.unwrap_or(args.number("--minutes")?.unwrap_or(MINUTES) * 60);
    let seed = args.number("--seed")?.unwrap_or_else(fresh);
    let length = Length { span: Duration::from_secs(seconds), tries: u64::MAX, seed };
    if args.has("--here") {
        return here(named(args.noun().unwrap_or_default())?, length);
    }
    let chosen = args.noun().map(named).transpose()?;
    let mut well = true;
    for target in targets().filter(|one| chosen.is_none_or(|chosen| chosen.name == one.name)) {
        well &= apart(target, length)?;
    }
    Ok(well)
}

/// Another row of numbers for each run; it is printed, so that it can be had again.
fn fresh() -> u64 {
    crate::bench::gateway::now().map_or(1, |at| at.micros().unsigned_abs())
}

/// Where a reader's files of a run are.
fn folder(target_name: &str) -> PathBuf {
    target().join("fuzz").join(target_name)
}

/// Findings that were cured, and must stay so.
fn regressions(name: &str) -> Result<Vec<Vec<u8>>> {
    let folder = root().join("xtask/fuzz").join(name);
    let Ok(entries) = fs::read_dir(&folder) else { return Ok(Vec::new()) };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).context("cannot read a regression")).collect()
}

/// Makes a reader ready and tries what was found before.
fn ready(target: &Target) -> Result<(Made, Option<Found>)> {
    let mut made =
        (target.make)().with_context(|| format!("cannot make `{}` ready", target.name))?;
    let before = regressions(target.name)?;
    for input in &before {
        if let Told::Broken(why) = tried(&made, input) {
            return Ok((made, Some(Found { why, inputs: vec![input.clone()] })));
        }
    }
    made.seeds.extend(before);
    Ok((made, None))
}

/// The hunt itself, in this process.
fn here(target: &Target, length: Length) -> Result<bool> {
    let folder = folder(target.name);
    make_folder(&folder)?;
    let last = File::create(folder.join("last")).context("cannot write the input down")?;
    let (made, before) = ready(target)?;
    let mut unwritten = None;
    let report = match before {
        Some(found) => Report { found: Some(found), ..Report::default() },
        None => hunt(target, &made, length, &mut |input| {
            let length = u64::try_from(input.len()).unwrap_or(u64::MAX).to_be_bytes();
            let written = last.write_all_at(&[&length[..], input].concat(), 0);
            unwritten = unwritten.take().or(written.err());
        }),
    };
    anyhow::ensure!(unwritten.is_none(), "the inputs cannot be written down: {unwritten:?}");
    let files = keep(&folder, report.found.as_ref())?;
    say(&json!({
        "reader": target.name, "seed": length.seed, "tried": report.tried, "kept": report.kept, "ways": report.ways,
        "slowest_us": u64::try_from(report.slowest.as_micros()).unwrap_or(u64::MAX), "grew_mb": report.grew >> 20,
        "found": report.found.as_ref().map(|found| found.why.as_str()), "files": files,
    })
    .to_string())?;
    Ok(report.found.is_none())
}

/// Keeps what was found; the files.
fn keep(folder: &Path, found: Option<&Found>) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for input in found.iter().flat_map(|found| &found.inputs) {
        let name: String =
            Digest::of(input).to_string().chars().filter(char::is_ascii_alphanumeric).collect();
        let file =
            folder.join(format!("found-{}", name.chars().rev().take(16).collect::<String>()));
        fs::write(&file, input).context("cannot keep what was found")?;
        files.push(file);
    }
    Ok(files)
}

/// The hunt in a process of its own; false if it found something, or did not live to say so.
fn apart(target: &Target, length: Length) -> Result<bool> {
    say(&format!("# {}: {}", target.name, target.about))?;
    let mut again = Command::new(std::env::current_exe().context("where is this program")?);
    let (seconds, seed) = (length.span.as_secs().to_string(), length.seed.to_string());
    again.args(["fuzz", target.name, "--here", "--seconds", &seconds, "--seed", &seed]);
    let mut child = again.current_dir(root()).spawn().context("cannot start a process")?;
    let why = match ended(&mut child, length.span)? {
        Some(status) if status.code().is_some() => return told(target, status.success()),
        Some(status) => format!("the process was ended: {status}"),
        None => "it does not end".to_owned(),
    };
    let input = last(&folder(target.name))?;
    let files = keep(&folder(target.name), Some(&Found { why: why.clone(), inputs: vec![input] }))?;
    say(&json!({ "reader": target.name, "seed": length.seed, "found": why, "files": files })
        .to_string())?;
    told(target, false)
}

fn told(target: &Target, well: bool) -> Result<bool> {
    say(&format!("{} - fuzz {}", if well { "ok" } else { "not ok" }, target.name))?;
    Ok(well)
}

/// How a process ended; nothing if it had to be killed, because it did not end by itself after its time.
fn ended(child: &mut Child, span: Duration) -> Result<Option<std::process::ExitStatus>> {
    let since = now();
    let mut worked = None;
    while since.elapsed() < span + STANDSTILL {
        if let Some(status) = child.try_wait().context("cannot ask a process")? {
            return Ok(Some(status));
        }
        if since.elapsed() > span {
            let so_far = of_first_thread(child.id())?;
            if so_far.saturating_sub(*worked.get_or_insert(so_far)) > PATIENCE {
                break;
            }
        }
        pause(Duration::from_millis(50));
    }
    child.kill().context("cannot end a process")?;
    child.wait().context("cannot wait for a process")?;
    Ok(None)
}

/// The input that a process was at.
fn last(folder: &Path) -> Result<Vec<u8>> {
    let bytes = fs::read(folder.join("last")).context("no input was written down")?;
    let (head, rest) = bytes.split_at_checked(HEAD).context("no input was tried")?;
    let length = u64::from_be_bytes(head.try_into().context("no length")?);
    let length = usize::try_from(length).unwrap_or(usize::MAX).min(mutate::MOST.max(rest.len()));
    Ok(rest.get(..length.min(rest.len())).unwrap_or_default().to_vec())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Inputs for each reader in the tests: a second or two of an unoptimised build.
    const TRIES: u64 = 12_000;
    /// Of files of models: each is read two or three times.
    const FILES: u64 = 2_000;

    /// A short hunt, the same each time.
    fn short(target: &Target) {
        let (made, before) = ready(target).unwrap();
        assert_eq!(before, None, "{}: a regression is back", target.name);
        let tries = if target.name.starts_with("model-") { FILES } else { TRIES };
        let length = Length { span: Duration::from_secs(20), tries, seed: 2026 };
        let report = hunt(target, &made, length, &mut |_| ());
        if let Some(found) = &report.found {
            let inputs = found.inputs.iter().map(|input| input.escape_ascii().to_string());
            panic!("{}: {}: {}", target.name, found.why, inputs.collect::<Vec<_>>().join(" | "));
        }
        assert!(report.ways > 1, "{}: all inputs are taken alike", target.name);
    }

    macro_rules! shorts {
        ($($test:ident: $name:literal),* $(,)?) => {
            $(#[test]
            fn $test() {
                short(named($name).unwrap());
            })*

            #[test]
            fn every_reader_has_a_short_hunt() {
                let here = BTreeSet::from([$($name),*]);
                assert_eq!(here, targets().map(|one| one.name).collect::<BTreeSet<_>>());
            }
        };
    }

    shorts! {
        hunt_json: "json", hunt_rpc: "rpc", hunt_sse: "sse", hunt_lists: "lists", hunt_schemas: "schemas",
        hunt_framing: "framing", hunt_outline: "outline", hunt_translation: "translation",
        hunt_definitions: "definitions", hunt_flags: "flags",
        hunt_configurations: "configurations", hunt_discovered: "discovered",
        hunt_model_pickle: "model-pickle", hunt_model_hidden: "model-hidden", hunt_model_zip: "model-zip",
        hunt_model_tar: "model-tar", hunt_model_squeezed: "model-squeezed", hunt_model_npy: "model-npy",
        hunt_model_hdf5: "model-hdf5", hunt_model_keras: "model-keras", hunt_model_skops: "model-skops",
        hunt_model_tensorflow: "model-tensorflow", hunt_model_onnx: "model-onnx",
        hunt_model_safetensors: "model-safetensors", hunt_model_gguf: "model-gguf", hunt_model_xml: "model-xml",
        hunt_model_json: "model-json", hunt_model_template: "model-template", hunt_model_python: "model-python",
        hunt_model_bytecode: "model-bytecode", hunt_model_any: "model-any",
        hunt_dpop: "dpop", hunt_assertion: "assertion", hunt_token: "token", hunt_id_token: "id-token",
        hunt_passkey_made: "passkey-made", hunt_passkey_used: "passkey-used",
        hunt_charter: "charter", hunt_line: "line", hunt_export: "export", hunt_backup: "backup", hunt_config: "config",
        hunt_results: "results",
    }

    #[test]
    fn what_is_no_reader_is_refused_with_the_list() {
        let words = named("nothing").err().unwrap().to_string();
        assert!(words.contains("json") && words.contains("passkey-used"), "{words}");
    }

    #[test]
    fn the_last_input_of_a_process_that_died_is_read_back() {
        let folder = writ_testkit::TempDir::new().unwrap();
        let path = folder.path().join("last");
        let file = File::create(&path).unwrap();
        for input in [&b"a longer one"[..], b"short"] {
            let length = u64::try_from(input.len()).unwrap().to_be_bytes();
            file.write_all_at(&[&length[..], input].concat(), 0).unwrap();
        }
        assert_eq!(last(folder.path()).unwrap(), b"short");
    }
}
