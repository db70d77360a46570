//! CPU time of another process, from the scheduler's own nanosecond counters.
//! Never here: wall-clock time as a measure of cost; on shared cores it says little.

use std::fs;

use anyhow::{Context as _, Result};

/// Nanoseconds on a CPU of every living thread of a process. Threads that ended are not in it: read it around a window
/// in which the process keeps its threads.
///
/// # Errors
/// If there is no such process.
pub(crate) fn nanos(pid: u32) -> Result<u64> {
    let folder = format!("/proc/{pid}/task");
    let mut sum = 0;
    for task in fs::read_dir(&folder).with_context(|| format!("no {folder}"))? {
        // A thread may end between the listing and the reading.
        let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else {
            continue;
        };
        let first = text.split_whitespace().next().unwrap_or("0");
        sum += first.parse::<u64>().with_context(|| format!("unreadable {folder}"))?;
    }
    Ok(sum)
}

/// Resident memory of a process in bytes.
///
/// # Errors
/// If there is no such process.
pub(crate) fn resident(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).with_context(|| format!("no {path}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
    let kilobytes = line.trim().trim_end_matches(" kB").trim();
    Ok(kilobytes.parse::<u64>().with_context(|| format!("unreadable {path}"))? * 1024)
}
