//! The suite's own temporary folder, with all that its programs forget in it, and how much room the disk has.
//!
//! A run on a full disk fails in ways that say nothing of the disk; and a test that leaves its folder behind fills it.
//!
//! Never here: the folder of one test (`testkit::TempDir`).
//! To let something lie in it at the end: [`mine`], with the reason.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use anyhow::{Context as _, Result};

use crate::{
    root::target,
    shell::{captured, command, say, set_temporary},
    tally::Tally,
};

/// What a whole run from a clean clone takes of the disk at its peak, in megabytes, with some to spare.
const NEEDED: u64 = 16_000;

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

    /// Counts a failure for each folder that a program of ours left, and removes everything.
    ///
    /// # Errors
    /// If nobody listens any more.
    pub(super) fn close(mut self) -> Result<Tally> {
        self.look();
        let names = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let left: Vec<String> = names.filter(|name| mine(name)).collect();
        let mut tally = Tally::default();
        for name in left.iter().take(20) {
            say(&format!("not ok - {name} was left in the temporary folder"))?;
        }
        let least = self.least;
        say(&format!(
            "{} folders left; at the tightest {least} MB of the disk were free",
            left.len()
        ))?;
        let removed = fs::remove_dir_all(&self.folder);
        tally.add(Tally::default().closed(left.is_empty() && removed.is_ok()));
        Ok(tally)
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
    let said = captured(command("df", &["--output=avail", "-BM", &near])).unwrap_or_default();
    let last = said.lines().last().unwrap_or("");
    last.trim().trim_end_matches('M').parse().unwrap_or(0)
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
