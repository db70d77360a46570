//! The system calls of the victim: each acknowledgement comes after a flush of what it acknowledges.
//!
//! One tenant appends one after the other, so between two acknowledgements there must be a write to the ledger's files and
//! after it a finished `fsync` or `fdatasync`.

use std::{fs, path::Path, process::Stdio};

use anyhow::{Context as _, Result};

use crate::{
    setup,
    shell::{command, say, well},
    tally::Tally,
};

/// Acknowledgements that are traced.
const ACKS: &str = "40";

/// Traces the victim and judges the trace.
///
/// # Errors
/// If there is no strace, or the victim fails.
pub(crate) fn run(victim: &Path, folder: &Path) -> Result<Tally> {
    setup::apt("strace", "strace")?;
    let (data, log) = (folder.join("traced"), folder.join("trace.log"));
    if data.exists() {
        fs::remove_dir_all(&data).context("cannot empty the traced folder")?;
    }
    let calls = "trace=write,pwrite64,writev,pwritev,fsync,fdatasync";
    let (log, victim, data) =
        (log.to_string_lossy(), victim.to_string_lossy(), data.to_string_lossy());
    let args = ["-f", "-y", "-s", "12", "-e", calls, "-o", &log, &victim, &data, "1", ACKS];
    let mut strace = command("strace", &args);
    strace.stdout(Stdio::null());
    anyhow::ensure!(well(strace), "strace or the victim failed");
    let text = fs::read_to_string(log.as_ref()).context("no trace")?;
    let line = match judge(&text) {
        Ok(acks) if acks.to_string() == ACKS => {
            format!("ok - trace: {acks} acknowledgements, each after its flush to disk")
        }
        Ok(acks) => format!("not ok - trace: {acks} acknowledgements seen, {ACKS} were printed"),
        Err(why) => format!("not ok - trace: {why}"),
    };
    let mut tally = Tally::default();
    tally.read_line(&line);
    say(&line)?;
    Ok(tally)
}

/// Where the ledger is between two acknowledgements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing was written since the last acknowledgement.
    Idle,
    /// Written, not flushed.
    Dirty,
    /// Written and flushed.
    Flushed,
}

/// How many acknowledgements the trace shows, or the first one that came too early.
fn judge(trace: &str) -> Result<u64, String> {
    let (mut stage, mut acks) = (Stage::Idle, 0);
    for line in trace.lines() {
        // `PID call(fd<path>, …) = result`; a call that another thread interrupts ends on a `resumed` line.
        let call = line.split_once(' ').map_or("", |(_, call)| call.trim_start());
        let is = |names: &[&str]| names.iter().any(|name| call.starts_with(&format!("{name}(")));
        let flushed = |name: &str| {
            let whole = call.starts_with(&format!("{name}(")) && call.contains("ledger.db");
            let resumed = call.starts_with(&format!("<... {name} resumed>"));
            (whole && !call.contains("unfinished") || resumed) && call.ends_with("= 0")
        };
        if is(&["write", "pwrite64", "writev", "pwritev"]) && call.contains("ledger.db") {
            stage = Stage::Dirty;
        } else if stage == Stage::Dirty && (flushed("fsync") || flushed("fdatasync")) {
            stage = Stage::Flushed;
        } else if call.contains("\"ack ") {
            acks += 1;
            if stage != Stage::Flushed {
                return Err(format!("acknowledgement {acks} came while the ledger was {stage:?}"));
            }
            stage = Stage::Idle;
        }
    }
    Ok(acks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledgement_before_its_flush_is_seen() {
        let write = "7 pwrite64(9</d/ledger.db-wal>, \"x\"..., 4096, 32) = 4096\n";
        let flush = "7 fdatasync(9</d/ledger.db-wal>) = 0\n";
        let split = "7 fdatasync(9</d/ledger.db-wal> <unfinished ...>\n8 write(5</d/o>, \"\") = 1\n7 <... fdatasync resumed>) = 0\n";
        let half = "7 fdatasync(9</d/ledger.db-wal> <unfinished ...>\n";
        let other = "7 fdatasync(9</d/other.db>) = 0\n";
        let failed = "7 fdatasync(9</d/ledger.db-wal>) = -1 EIO (Input/output error)\n";
        let ack = "8 write(1<pipe:[1]>, \"ack tnt_1\"..., 90) = 90\n";
        let told = |parts: &[&str]| judge(&parts.concat());
        assert_eq!(told(&[write, flush, ack, write, write, flush, ack]), Ok(2));
        assert_eq!(told(&[write, split, ack]), Ok(1));
        for early in [&[write, ack][..], &[ack], &[flush, write, ack], &[write, half, ack]] {
            assert!(told(early).is_err(), "{early:?}");
        }
        assert!(told(&[write, other, ack]).is_err());
        assert!(told(&[write, failed, ack]).is_err());
        assert!(told(&[write, flush, ack, ack]).is_err());
    }
}
