//! Runs other programs: echoed line by line, counted, or captured.
//! Never here: a shell; arguments are never joined into text.

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader, Write as _, pipe, stdout},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use anyhow::{Context as _, Result};

use crate::{root::root, tally::Tally};

/// The temporary folder of what is started from here, if it is another than the system's.
static TEMPORARY: OnceLock<PathBuf> = OnceLock::new();

/// From now on what is started has this temporary folder. The first word holds.
pub(crate) fn set_temporary(folder: &Path) {
    drop(TEMPORARY.set(folder.to_owned()));
}

/// A command that runs in the repository's root with two build jobs and plain output.
pub(crate) fn command(program: impl AsRef<OsStr>, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(root()).stdin(Stdio::null());
    command.env("CARGO_TERM_COLOR", "never").env("NEXTEST_COLOR", "never");
    if let Some(folder) = TEMPORARY.get() {
        command.env("TMPDIR", folder);
    }
    if std::env::var_os("CARGO_BUILD_JOBS").is_none() {
        command.env("CARGO_BUILD_JOBS", "2");
    }
    command
}

/// Runs it, echoes what it says, counts its tests. A program that cannot be started has failed.
///
/// # Errors
/// If no pipe can be made.
pub(crate) fn counted(mut command: Command) -> Result<Tally> {
    let (reader, writer) = pipe().context("no pipe")?;
    let errors = writer.try_clone().context("no second end of a pipe")?;
    let spawned = command.stdout(writer).stderr(errors).spawn();
    let program = command.get_program().to_owned();
    // The command still owns the writing ends; dropping it lets the reader see the end.
    drop(command);
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => {
            say(&format!("cannot start {}: {error}", program.display()))?;
            return Ok(Tally::default().closed(false));
        }
    };
    let mut tally = Tally::default();
    let mut lines = BufReader::new(reader);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).context("cannot read a program's output")? > 0 {
        let text = String::from_utf8_lossy(&line);
        tally.read_line(&text);
        say(text.trim_end_matches('\n'))?;
        line.clear();
    }
    let status = child.wait().context("cannot wait for a program")?;
    Ok(tally.closed(status.success()))
}

/// Runs it with inherited output.
pub(crate) fn well(mut command: Command) -> bool {
    command.status().is_ok_and(|status| status.success())
}

/// Builds all programs and examples beside the tests: without those the features of dependencies are others, and all of
/// them are compiled once more.
///
/// # Errors
/// If they do not build.
pub(crate) fn programs() -> Result<()> {
    let scope =
        ["build", "--workspace", "--all-features", "--locked", "--bins", "--examples", "--tests"];
    anyhow::ensure!(well(cargo(&scope)), "the programs do not build");
    Ok(())
}

/// Builds this program anew, optimized and with this feature, and runs it with these words; whether it ended well.
///
/// # Errors
/// If it cannot be started.
#[cfg(not(feature = "fuzz"))]
pub(crate) fn again(feature: &str, words: &[String]) -> Result<bool> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let build = ["run", "--quiet", "--release", "--locked", "-p", "xtask", "--features", feature];
    ended_well(cargo(&[&build[..], &["--"], &words].concat()))
}

/// Runs it with inherited output.
///
/// # Errors
/// If it cannot be started.
#[cfg(not(feature = "fuzz"))]
pub(crate) fn ended_well(mut command: Command) -> Result<bool> {
    let status = command.status();
    let program = command.get_program().display().to_string();
    Ok(status.with_context(|| format!("cannot start {program}"))?.success())
}

/// What it printed on its standard output, if it ended well.
///
/// # Errors
/// If it cannot be started or ends badly; the message carries the end of what it said.
pub(crate) fn captured(mut command: Command) -> Result<String> {
    let program = command.get_program().to_owned();
    let output = command.output().with_context(|| format!("cannot start {}", program.display()))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(
        output.status.success(),
        "{} ended with {}: {}",
        program.display(),
        output.status,
        errors.lines().last().unwrap_or("no word")
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program of this name can be started from here.
pub(crate) fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// One line on the standard output, now.
///
/// # Errors
/// If nobody listens any more.
pub(crate) fn say(line: &str) -> Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).context("standard output is closed")
}

/// `cargo` with these arguments.
pub(crate) fn cargo(args: &[&str]) -> Command {
    command(env!("CARGO"), args)
}

/// A folder made with its parents.
///
/// # Errors
/// If it cannot be made.
pub(crate) fn make_folder(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).with_context(|| format!("cannot make {}", path.display()))
}
