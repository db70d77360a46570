//! The suite's own temporary folder, with all that its programs forget in it, and how much room the disk has.
//!
//! A run on a full disk fails in ways that say nothing of the disk; and a test that leaves its folder behind fills it.
//!
//! Never here: the folder of one test (`testkit::TempDir`).
//! To let something lie in it at the end without a word: [`mine`], with the reason.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, process::Command};

use anyhow::{Context as _, Result};

use crate::{
    root::target,
    shell::{captured, command, say, set_temporary},
    tally::Tally,
};

/// Megabytes below which a whole run is warned of: a clone was 9.1 GB after one (`du`), caches and temporary folders aside.
const NEEDED: u64 = 12_000;

/// What may be left behind, in megabytes: a killed program's few files are said, what would fill a disk is a failure.
const LEFT: u64 = 200;

/// A temporary folder for everything that this run starts.
pub(super) struct Room {
    folder: PathBuf,
    least: u64,
}

impl Room {
    /// Makes it, and says how much of the disk is free.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(super) fn new() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("writ-suite-{}", std::process::id()));
        // One of a run that was killed, with the same process id.
        drop(fs::remove_dir_all(&folder));
        fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        // The tests' PostgreSQL runs as another user, and has folders of its own in it.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o1777))
            .context("cannot open the temporary folder to other users")?;
        set_temporary(&folder);
        let room = Self { folder, least: free() };
        let less = if room.least < NEEDED { "; a whole run may fail for want of room" } else { "" };
        say(&format!("{} MB of the disk are free{less}", room.least))?;
        Ok(room)
    }

    /// Looks how much is free.
    pub(super) fn look(&mut self) {
        self.least = self.least.min(free());
    }

    /// Says what programs of ours left, fails if it is much, and removes everything.
    ///
    /// # Errors
    /// If nobody listens any more.
    pub(super) fn close(mut self) -> Result<Tally> {
        self.look();
        let names = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let left: Vec<String> = names.filter(|name| mine(name)).collect();
        let mut size = 0;
        for name in &left {
            let here =
                megabytes(command("du", &["-sm", &self.folder.join(name).to_string_lossy()]));
            say(&format!("# {name} was left in the temporary folder, {here} MB"))?;
            size += here;
        }
        let (count, least) = (left.len(), self.least);
        say(&format!(
            "{count} left, {size} MB together; at the tightest {least} MB of the disk were free"
        ))?;
        if let Err(fault) = fs::remove_dir_all(&self.folder) {
            // Somebody else's program may still be ending in it.
            say(&format!("# {} is not gone: {fault}", self.folder.display()))?;
        }
        Ok(Tally::default().closed(size <= LEFT))
    }
}

/// True for what a program of ours made. The template of PostgreSQL's folder serves all tests; others' programs tidy up as
/// they please.
fn mine(name: &str) -> bool {
    name.starts_with("writ-") && !name.starts_with("writ-postgres-")
}

/// Megabytes that are free where the build stands; 0 where nobody says.
fn free() -> u64 {
    let folder = target();
    let near = if folder.exists() { folder } else { PathBuf::from(".") };
    let near = near.to_string_lossy().into_owned();
    megabytes(command("df", &["--output=avail", "-BM", &near]))
}

/// The number that the last line of a program's words begins with; 0 where there is none.
fn megabytes(program: Command) -> u64 {
    let said = captured(program).unwrap_or_default();
    let last = said.lines().last().unwrap_or("").trim_start();
    let digits = last.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(last.len());
    last.get(..digits).and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_is_told_from_what_is_not() {
        assert!(mine("writ-test-12-0") && mine("writ-models-x"));
        assert!(!mine("writ-postgres-15-0-1") && !mine(".org.chromium.Chromium.x"));
        assert!(free() > 0);
    }
}
