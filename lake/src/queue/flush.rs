//! The journal's part of the queue: a call that leaves, the thread that flushes for those who wait, the new file after a
//! fault, and old files that go.
//!
//! Never here: what stands in a file (`journal.rs`). To wait for one more thing: a [`Reply`] among `flushes`.

use std::{io, sync::Arc, time::Duration};

use parking_lot::Condvar;
use tokio::sync::oneshot;

use super::{Queue, Reply, Stage, Waiting, Work};
use crate::{fault::LakeFault, journal::Entry, record::Record};

/// For so long a flush waits for more who need it, where the one before served several: at a load where some always come, one
/// flush for all of them costs a fraction of one each. Who is alone waits for nobody.
const GATHER: Duration = Duration::from_millis(1);
/// Between two tries of a new file after a fault.
const RETRY: Duration = Duration::from_millis(200);

impl Queue {
    /// What earlier runs left is durable with the one who writes: their files go, and records may be given.
    ///
    /// # Errors
    /// If the calls without an end cannot be carried into a file of this run, an old file cannot be removed, or there is no
    /// thread to be had.
    pub fn begin(self: &Arc<Self>) -> io::Result<()> {
        self.waiting.lock().journal.settle()?;
        let queue = Arc::clone(self);
        let flushes = std::thread::Builder::new().name("journal".to_owned());
        *self.flushing.lock() = Some(flushes.spawn(move || queue.flush_for_those_who_wait())?);
        Ok(())
    }

    pub(super) fn leaves(&self, record: &Record, done: Option<Reply<()>>) -> Result<(), LakeFault> {
        let entry = Entry::leaving(record).map_err(|fault| {
            tracing::error!(code = fault.code().0, %fault, call = %record.call, "a call cannot be journaled");
            LakeFault::NotJournaled
        })?;
        let mut waiting = self.waiting.lock();
        if waiting.has_ended() {
            return Err(LakeFault::Closed);
        }
        let left = waiting.journal.leaves(record.call, entry);
        let left = self.journaled(&mut waiting, left);
        if left && let Some(done) = done {
            waiting.flushes.push(done);
            drop(waiting);
            self.flushed.notify_one();
        }
        if left { Ok(()) } else { Err(LakeFault::NotJournaled) }
    }

    /// Whether a write to the journal went well. If not, nothing goes out any more.
    pub(super) fn journaled(&self, waiting: &mut Waiting, written: io::Result<()>) -> bool {
        match written {
            Ok(()) => true,
            Err(fault) => {
                self.fails(waiting, &fault);
                false
            }
        }
    }

    fn fails(&self, waiting: &mut Waiting, fault: &io::Error) {
        if !self.is_broken() {
            tracing::error!(event = "gateway.journal_failed", %fault,
                "calls cannot be journaled and nothing is let through");
        }
        self.broken.store(true, std::sync::atomic::Ordering::Release);
        waiting.journal.broke();
        for done in waiting.flushes.drain(..) {
            drop(done.send(Err(LakeFault::NotJournaled)));
        }
        self.flushed.notify_one();
    }

    /// The thread that flushes: everything that was written before a flush is flushed by it, so those who come while it
    /// runs share the next one.
    fn flush_for_those_who_wait(&self) {
        let mut waiting = self.waiting.lock();
        let mut served = 0;
        while !waiting.has_ended() {
            if waiting.journal.is_broken() {
                drop(waiting);
                let healed = self.heal();
                waiting = self.waiting.lock();
                if !healed && !waiting.has_ended() {
                    self.flushed.wait_for(&mut waiting, RETRY);
                }
                continue;
            }
            if waiting.flushes.is_empty() {
                self.flushed.wait(&mut waiting);
                continue;
            }
            if served > 1 {
                // Nobody calls this: it ends by the time alone, and each who comes meanwhile wakes no one.
                Condvar::new().wait_for(&mut waiting, GATHER);
            }
            let waits = std::mem::take(&mut waiting.flushes);
            served = waits.len();
            let Some(flush) = waiting.journal.current().filter(|_| served > 0) else { continue };
            drop(waiting);
            let flushed = flush.run();
            waiting = self.waiting.lock();
            if let Err(fault) = &flushed {
                self.fails(&mut waiting, fault);
            } else {
                waiting.journal.named(flush.no);
            }
            drop(waiting);
            // Outside of the lock: who is woken takes it next.
            for done in waits {
                let told = if flushed.is_ok() { Ok(()) } else { Err(LakeFault::NotJournaled) };
                drop(done.send(told));
            }
            waiting = self.waiting.lock();
        }
    }

    /// After a fault: a new file, with all calls that run and all that could not be written, flushed before anything is
    /// trusted to it.
    fn heal(&self) -> bool {
        let begun = self.waiting.lock().journal.renew();
        let flushed = begun.and_then(|flush| flush.run().map(|()| flush.no));
        let mut waiting = self.waiting.lock();
        let trusted = flushed.and_then(|no| {
            waiting.journal.named(no);
            waiting.journal.trust()
        });
        match trusted {
            Ok(()) => {
                self.broken.store(false, std::sync::atomic::Ordering::Release);
                tracing::info!(event = "gateway.journal_back", "calls are journaled again");
                true
            }
            Err(fault) => {
                tracing::debug!(%fault, "the journal cannot be begun anew");
                false
            }
        }
    }

    /// Removes files of the journal that a work was the last of. `durable` makes what was kept survive the machine, where
    /// keeping it did not.
    pub fn retire(&self, work: &Work, durable: impl FnOnce() -> io::Result<()>) {
        let Some(up_to) = work.retires else { return };
        // What was carried out of them must not be less durable than it was.
        if let Err(fault) = durable().and_then(|()| self.carried()) {
            tracing::warn!(%fault, "old files of the journal stay");
            return;
        }
        let mut old = self.waiting.lock().journal.take_old(up_to).into_iter();
        while let Some(file) = old.next() {
            if let Err(fault) = file.remove() {
                tracing::warn!(%fault, "an old file of the journal could not be removed");
                let left = std::iter::once(file).chain(old).collect();
                return self.waiting.lock().journal.put_back(left);
            }
        }
    }

    /// Returns when what stands in the file that is written now is on the disk. Asked of the thread that flushes, as everybody does:
    /// the system tells of a fault once, and who is told has to be the one who refuses calls for it.
    fn carried(&self) -> io::Result<()> {
        let wait = {
            let mut waiting = self.waiting.lock();
            if waiting.journal.current().is_none() {
                return Ok(());
            }
            if waiting.journal.is_broken() {
                return Err(io::Error::other("the journal is broken"));
            }
            let (done, wait) = oneshot::channel();
            waiting.flushes.push(done);
            wait
        };
        self.flushed.notify_one();
        let flushed = wait.blocking_recv().map_err(|_gone| LakeFault::Closed).and_then(|told| told);
        flushed.map_err(io::Error::other)
    }

    /// Everything is kept, and survives the machine: the journal's files go. For the one who writes, at the end.
    pub fn finish(&self) {
        let flushing = self.flushing.lock().take();
        if flushing.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the journal's thread could not be waited for");
        }
        let mut waiting = self.waiting.lock();
        if waiting.stage == Stage::Late {
            return;
        }
        match waiting.journal.finish() {
            Ok(true) => {}
            Ok(false) => tracing::info!("the journal stays: some calls have no end yet"),
            Err(fault) => tracing::warn!(%fault, "the journal could not be removed"),
        }
    }
}
