//! How far a scan is, for whoever waits at a terminal: one line on stderr that is written over, and taken away at the end.
//!
//! Never here: anything that is kept. To count something more: a member of [`Progress`].

use std::{
    io::{IsTerminal as _, Write as _},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use parking_lot::{Condvar, Mutex};

/// How often the line is written: as often as an eye follows.
const BEAT: Duration = Duration::from_millis(200);

/// What was seen until now.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) files: AtomicU64,
    pub(super) opened: AtomicU64,
    pub(super) found: AtomicU64,
    over: AtomicBool,
    lock: Mutex<()>,
    ended: Condvar,
}

impl Progress {
    /// Writes the line until [`Progress::end`], if there is a terminal.
    pub(super) fn show(&self, wanted: bool) {
        if !wanted || !std::io::stderr().is_terminal() {
            return;
        }
        let mut held = self.lock.lock();
        while !self.over.load(Ordering::Acquire) {
            let _beat = self.ended.wait_for(&mut held, BEAT);
            let count = |one: &AtomicU64| one.load(Ordering::Relaxed);
            let line = format!(
                "\r\x1b[2K{} files seen, {} opened, {} things found",
                count(&self.files),
                count(&self.opened),
                count(&self.found)
            );
            let _gone = std::io::stderr().lock().write_all(line.as_bytes());
        }
        let _gone = std::io::stderr().lock().write_all(b"\r\x1b[2K");
    }

    /// Ends the line.
    pub(super) fn end(&self) {
        let _held = self.lock.lock();
        self.over.store(true, Ordering::Release);
        self.ended.notify_all();
    }
}
