//! [`Writers`]: people's commands at the desk all the while, and which of them were acknowledged.
//!
//! A proposal of an agent needs no signature. None is sent twice: one that was not answered may or may not stand in the
//! ledger, one that was answered must, and none may stand there twice.
//! Never here: a look into the ledger.

use std::{
    collections::BTreeSet,
    fs,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context as _, Result};

use crate::{
    bench::{child::pause, load::Line},
    cluster::Shared,
};

/// What the names of proposed agents begin with.
pub(crate) const PREFIX: &str = "chaos-";

/// The desk, as a command of the operator reaches it.
#[derive(Debug, Clone)]
pub(crate) struct Pen {
    desk: SocketAddr,
    token: PathBuf,
    clients: Vec<String>,
}

impl Pen {
    /// For these clients.
    pub(crate) fn of(shared: &Shared, clients: Vec<String>) -> Self {
        Self { desk: shared.desk, token: shared.folder.join("desk/cli.token"), clients }
    }

    /// Proposes an agent; the status of the answer.
    ///
    /// # Errors
    /// If nobody answers.
    pub(crate) fn propose(&self, line: &mut Option<Line>, nth: u64) -> Result<u16> {
        if line.is_none() {
            *line = Some(Line::open(self.desk)?);
        }
        let token = fs::read_to_string(&self.token).context("no cli.token")?;
        let at = usize::try_from(nth)? % self.clients.len().max(1);
        let client = self.clients.get(at).context("there are no clients")?;
        let body = format!(r#"{{"name":"{PREFIX}{nth}","kind":"bot","purpose":"reads"}}"#);
        let request = format!(
            "POST /api/v1/clients/{client}/agents HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.desk,
            token.trim(),
            body.len()
        );
        let answer = line.as_mut().context("no line")?.ask(request.as_bytes());
        if answer.is_err() {
            *line = None;
        }
        Ok(answer?.status)
    }
}

/// Writers at work.
#[derive(Debug)]
pub(crate) struct Writers {
    stop: Arc<AtomicBool>,
    lanes: Vec<JoinHandle<BTreeSet<String>>>,
}

impl Writers {
    /// So many, each with a pause between two commands.
    pub(crate) fn start(pen: &Pen, many: usize, every: Duration) -> Self {
        let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let lanes = (0..many).map(|_| {
            let (pen, stop, count) = (pen.clone(), Arc::clone(&stop), Arc::clone(&count));
            thread::spawn(move || write(&pen, every, (&stop, &count)))
        });
        Self { lanes: lanes.collect(), stop }
    }

    /// Ends them: the names whose proposal was acknowledged.
    ///
    /// # Errors
    /// If one fell over.
    pub(crate) fn end(self) -> Result<BTreeSet<String>> {
        self.stop.store(true, Ordering::SeqCst);
        let mut all = BTreeSet::new();
        for lane in self.lanes {
            all.extend(lane.join().map_err(|_panic| anyhow::anyhow!("a writer fell over"))?);
        }
        Ok(all)
    }
}

fn write(pen: &Pen, every: Duration, (stop, count): (&AtomicBool, &AtomicU64)) -> BTreeSet<String> {
    let (mut acknowledged, mut line) = (BTreeSet::new(), None);
    while !stop.load(Ordering::SeqCst) {
        pause(every);
        let nth = count.fetch_add(1, Ordering::SeqCst);
        if let Ok(200..=299) = pen.propose(&mut line, nth) {
            acknowledged.insert(format!("{PREFIX}{nth}"));
        }
    }
    acknowledged
}
