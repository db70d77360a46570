//! Where threads and processes may run: so that a load of ours does not take the time of what it loads.
//!
//! Asks `taskset` and `chrt`, which every Debian has; where one is missing or the machine has one core, it says so and the
//! figures are of a shared machine. Never here: a setting that outlives the process it is made for.

use std::{fs, process::Command};

use anyhow::{Context as _, Result};

/// Cores for what is measured, and for what loads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cores {
    /// The first core is for what is measured, the second for what loads it.
    Apart,
    /// There is one core, or no way to keep to one.
    Shared,
}

const MEASURED: &str = "0";
const LOADING: &str = "1";

impl Cores {
    /// What can be had here; from now on this process and all it starts run where loads run.
    pub(crate) fn part() -> Self {
        let several = std::thread::available_parallelism().is_ok_and(|cores| cores.get() > 1);
        let own = std::process::id().to_string();
        if several && well(&["taskset", "-apc", LOADING, &own]) {
            Self::Apart
        } else {
            Self::Shared
        }
    }

    /// How the figures name it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Apart => "apart",
            Self::Shared => "shared",
        }
    }

    /// Moves a process with all its threads to the core of what is measured.
    ///
    /// # Errors
    /// If it does not move.
    pub(crate) fn measures(self, pid: u32) -> Result<()> {
        let moved = self == Self::Shared || well(&["taskset", "-apc", MEASURED, &pid.to_string()]);
        anyhow::ensure!(moved, "process {pid} does not keep to its core");
        Ok(())
    }

    /// Moves the calling thread there.
    ///
    /// # Errors
    /// If it does not move.
    pub(crate) fn measures_me(self) -> Result<()> {
        let moved = self == Self::Shared || well(&["taskset", "-pc", MEASURED, &me()?]);
        anyhow::ensure!(moved, "a thread does not keep to its core");
        Ok(())
    }

    /// What the calling thread starts from now on runs where loads run.
    ///
    /// # Errors
    /// If it cannot.
    pub(crate) fn starts_others(self) -> Result<()> {
        let moved = self == Self::Shared || well(&["taskset", "-pc", LOADING, &me()?]);
        anyhow::ensure!(moved, "a thread does not keep to its core");
        Ok(())
    }

    /// Moves the calling thread to the other core, where it gives way to whatever else wants to run.
    ///
    /// # Errors
    /// If it cannot.
    pub(crate) fn loads_me(self) -> Result<()> {
        let me = me()?;
        let moves: [&[&str]; 2] =
            [&["taskset", "-pc", LOADING, &me], &["chrt", "--idle", "-p", "0", &me]];
        let back = self == Self::Shared || moves.iter().all(|words| well(words));
        anyhow::ensure!(back, "a thread cannot give way");
        Ok(())
    }
}

/// The calling thread's number.
fn me() -> Result<String> {
    let link = fs::read_link("/proc/thread-self").context("no /proc/thread-self")?;
    let name = link.file_name().and_then(|name| name.to_str()).context("a thread has no number")?;
    Ok(name.to_owned())
}

fn well(words: &[&str]) -> bool {
    let [program, rest @ ..] = words else { return false };
    Command::new(program).args(rest).output().is_ok_and(|output| output.status.success())
}
