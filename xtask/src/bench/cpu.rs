//! CPU time of another process, from the scheduler's own nanosecond counters.
//! Never here: wall-clock time as a measure of cost; on shared cores it says little.

#[cfg(feature = "fuzz")]
use std::time::Duration;
use std::{collections::BTreeMap, fs};

use anyhow::{Context as _, Result};

/// Nanoseconds on a CPU of every living thread of a process, by the threads' names. Threads that ended are not in it: read
/// it around a window in which the process keeps its threads.
///
/// # Errors
/// If there is no such process.
pub(crate) fn nanos_by_thread(pid: u32) -> Result<BTreeMap<String, u64>> {
    let folder = format!("/proc/{pid}/task");
    let mut threads = BTreeMap::new();
    for task in fs::read_dir(&folder).with_context(|| format!("no {folder}"))? {
        let task = task?.path();
        // A thread may end between the listing and the reading.
        let Ok(text) = fs::read_to_string(task.join("schedstat")) else { continue };
        let name = fs::read_to_string(task.join("comm")).unwrap_or_default();
        let first = text.split_whitespace().next().unwrap_or("0");
        let nanos: u64 = first.parse().with_context(|| format!("unreadable {folder}"))?;
        *threads.entry(name.trim().to_owned()).or_default() += nanos;
    }
    Ok(threads)
}

/// CPU time of the thread that asks.
///
/// # Errors
/// If the system does not tell.
#[cfg(feature = "fuzz")]
pub(crate) fn of_this_thread() -> Result<Duration> {
    nanos("/proc/thread-self/schedstat").map(Duration::from_nanos)
}

/// CPU time of the first thread of a process.
///
/// # Errors
/// If there is no such process.
#[cfg(feature = "fuzz")]
pub(crate) fn of_first_thread(pid: u32) -> Result<Duration> {
    nanos(&format!("/proc/{pid}/schedstat")).map(Duration::from_nanos)
}

/// The first number of a `schedstat`: nanoseconds on a processor.
#[cfg(feature = "fuzz")]
fn nanos(path: &str) -> Result<u64> {
    let text = fs::read_to_string(path).with_context(|| format!("no {path}"))?;
    let first = text.split_whitespace().next().unwrap_or_default();
    first.parse().with_context(|| format!("unreadable {path}"))
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
