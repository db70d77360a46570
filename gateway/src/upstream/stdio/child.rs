//! One process: lines in, lines out, its errors to the log, an end that is waited for.
//!
//! Never here: an inherited environment, a line without a bound.

use std::{
    io,
    process::Stdio,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use bytes::Bytes;
use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{self, ChildStderr, ChildStdin, ChildStdout},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    config::Command,
    mcp::parse::Message,
    refusal::{self, Refusal},
    upstream::{
        pipe::{Feed, Room, Tap, pipe},
        routes::{Note, Routes, Ticket, idle},
    },
};

/// LIMIT: bytes of one line of a process: as large as an answer may be.
const LINE: usize = 16 << 20;
/// LIMIT: lines, and kibibytes of them, that wait to be written to a process.
const OUTBOX: usize = 64;
const OUTBOX_KIB: u32 = 4 << 10;
/// LIMIT: how long a process may refuse to read.
const WRITE: Duration = Duration::from_secs(30);
/// LIMIT: lines and bytes of a process's errors that reach the log; the rest is read and thrown away.
const LOGGED_LINES: usize = 200;
const LOGGED_BYTES: usize = 512;
/// A running process, as its callers hold it.
#[derive(Debug)]
pub(super) struct Child {
    outbox: Feed<Bytes>,
    routes: Arc<Mutex<Routes>>,
    stop: CancellationToken,
    gone: CancellationToken,
}

/// What runs it; ends when the process does.
pub(super) struct Work {
    process: process::Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    stderr: Option<ChildStderr>,
    inbox: Tap<Bytes>,
    routes: Arc<Mutex<Routes>>,
    stop: CancellationToken,
    gone: CancellationToken,
}

impl Child {
    /// Starts one; what nobody gets of it is counted there.
    pub(super) fn start(
        command: &Command,
        dropped: &Arc<AtomicU64>,
    ) -> io::Result<(Arc<Self>, Work)> {
        let mut process = process::Command::new(&command.program)
            .args(&command.arguments)
            .env_clear()
            .envs(&command.env)
            .current_dir(command.folder.as_deref().unwrap_or(std::path::Path::new("/")))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .process_group(0)
            .spawn()?;
        let lost = || io::Error::other("a pipe of the process is missing");
        let stdin = process.stdin.take().ok_or_else(lost)?;
        let stdout = process.stdout.take().ok_or_else(lost)?;
        let stderr = process.stderr.take();
        let (outbox, inbox) = pipe(OUTBOX, &Room::new(OUTBOX_KIB));
        let routes = Routes::new(Arc::clone(dropped));
        let (stop, gone) = (CancellationToken::new(), CancellationToken::new());
        let child =
            Self { outbox, routes: Arc::clone(&routes), stop: stop.clone(), gone: gone.clone() };
        let work = Work { process, stdin, stdout, stderr, inbox, routes, stop, gone };
        Ok((Arc::new(child), work))
    }

    /// Sends a request; the ticket must be held while its notes are read.
    pub(super) async fn ask(
        &self,
        message: &Message<'_>,
        body: &Bytes,
        leaving_cancels: bool,
    ) -> Result<(Ticket, Tap<Note>), Refusal> {
        let (mut ticket, notes, line) = Routes::asks(&self.routes, message, body)?;
        ticket.cancel = leaving_cancels.then(|| self.outbox.clone());
        self.put(line).await?;
        Ok((ticket, notes))
    }

    /// Sends what has no answer.
    pub(super) async fn tell(&self, message: &Message<'_>, body: &Bytes) -> Result<(), Refusal> {
        match Routes::tells(&self.routes, message, body)? {
            Some(line) => self.put(line).await,
            // It has been answered already.
            None => Ok(()),
        }
    }

    async fn put(&self, line: Bytes) -> Result<(), Refusal> {
        match timeout(WRITE, self.outbox.send(line)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(refusal::CHILD),
            Err(_) => Err(refusal::TIMED_OUT),
        }
    }

    pub(super) fn listen(&self) -> Tap<Note> {
        self.routes.lock().listen()
    }

    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    pub(super) async fn gone(&self) {
        self.gone.cancelled().await;
    }
}

impl Work {
    pub(super) async fn run(self) {
        let Self { mut process, stdin, stdout, stderr, inbox, routes, stop, gone } = self;
        tokio::select! {
            () = stop.cancelled() => {}
            () = write(stdin, inbox) => {}
            () = read(stdout, &routes) => {}
            () = log(stderr) => {}
            () = idle(&routes) => {}
        }
        // What the program started itself must end too: a launcher's server would outlive the launcher.
        let group = process.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        if let Some(Err(fault)) = group.map(|group| kill_process_group(group, Signal::KILL)) {
            tracing::debug!(error = %fault, "the process group had ended");
        }
        if let Err(fault) = process.kill().await {
            tracing::debug!(error = %fault, "the process had ended");
        }
        routes.lock().clear();
        gone.cancel();
    }
}

async fn write(mut stdin: ChildStdin, mut inbox: Tap<Bytes>) {
    while let Some(line) = inbox.recv().await {
        let put = async {
            stdin.write_all(&line).await?;
            stdin.write_all(b"\n").await?;
            stdin.flush().await
        };
        match timeout(WRITE, put).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return,
        }
    }
}

async fn read(stdout: ChildStdout, routes: &Mutex<Routes>) {
    let mut reader = BufReader::with_capacity(64 << 10, stdout);
    loop {
        match line(&mut reader, LINE).await {
            Ok(Some(line)) if line.is_empty() => {}
            Ok(Some(line)) => routes.lock().arrived(&Bytes::from(line)),
            Ok(None) => return,
            Err(fault) => {
                tracing::warn!(error = %fault, "a server's process cannot be read");
                return;
            }
        }
    }
}

/// Errors go to the log up to a bound; reading goes on, so that the process is not stopped by a full pipe.
async fn log(stderr: Option<ChildStderr>) {
    let Some(stderr) = stderr else { return std::future::pending().await };
    let mut reader = BufReader::new(stderr);
    let mut logged = 0;
    while let Ok(Some(text)) = line(&mut reader, LINE).await {
        if logged < LOGGED_LINES {
            logged += 1;
            let cut = text.get(..text.len().min(LOGGED_BYTES)).unwrap_or_default();
            tracing::info!(stderr = ?String::from_utf8_lossy(cut), "a server's process says");
        }
    }
    // Only its errors ended; it may go on.
    std::future::pending::<()>().await;
}

/// One line without its end; nothing at the end of the stream.
async fn line<R: tokio::io::AsyncBufRead + Unpin>(
    reader: &mut R,
    most: usize,
) -> io::Result<Option<Vec<u8>>> {
    let mut out = Vec::new();
    loop {
        let piece = reader.fill_buf().await?;
        if piece.is_empty() {
            return Ok((!out.is_empty()).then_some(out));
        }
        let end = piece.iter().position(|byte| *byte == b'\n');
        let taken = piece.get(..end.unwrap_or(piece.len())).unwrap_or_default();
        if out.len() + taken.len() > most {
            return Err(io::Error::other("a line is too long"));
        }
        out.extend_from_slice(taken);
        let used = taken.len() + usize::from(end.is_some());
        reader.consume(used);
        if end.is_some() {
            if out.last() == Some(&b'\r') {
                out.pop();
            }
            return Ok(Some(out));
        }
    }
}
