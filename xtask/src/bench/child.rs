//! A server started for a bench: logs to a file, found by its port, killed when dropped.

use std::{
    fs::File,
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::{LazyLock, mpsc},
    time::Duration,
};

use anyhow::{Context as _, Result};

use crate::budget::now;

/// LIMIT: a server that does not listen after this long will not.
const START_TIMEOUT: Duration = Duration::from_mins(1);

/// A running server process.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts it with its output in `log`.
    ///
    /// # Errors
    /// If it cannot be started.
    pub(crate) fn start(command: Command, log: &Path) -> Result<Self> {
        let mut command = bound(command);
        let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let errors = file.try_clone().context("cannot share a log file")?;
        let child = command
            .stdout(file)
            .stderr(errors)
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        Ok(Self { child, log: log.to_owned() })
    }

    /// Waits until something listens there, or the process ended.
    ///
    /// # Errors
    /// If it ended or never listened; the message carries the end of its log.
    pub(crate) fn listening(&mut self, address: SocketAddr) -> Result<()> {
        self.until(&mut || TcpStream::connect(address).is_ok())
    }

    /// Waits until this is so, or the process ended.
    ///
    /// # Errors
    /// If it ended or the time is up; the message carries the end of its log.
    pub(crate) fn until(&mut self, ready: &mut dyn FnMut() -> bool) -> Result<()> {
        let start = now();
        while start.elapsed() < START_TIMEOUT {
            if ready() {
                return Ok(());
            }
            if self.child.try_wait().context("cannot ask a server")?.is_some() {
                break;
            }
            pause(Duration::from_millis(20));
        }
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let tail: Vec<&str> = log.lines().rev().take(5).collect();
        anyhow::bail!("a server did not start: {}", tail.join(" | "))
    }

    /// Whether it has ended by itself.
    pub(crate) fn ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_some())
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop and waits.
    ///
    /// # Errors
    /// If it cannot be asked.
    pub(crate) fn stop(mut self) -> Result<()> {
        let pid = self.child.id().to_string();
        anyhow::ensure!(
            crate::shell::well(crate::shell::command("kill", &["-TERM", &pid])),
            "kill"
        );
        self.child.wait().context("cannot wait for a server")?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; nothing to do then.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The command, ended by the kernel when this program is: a bench that is killed drops nothing and would leave its servers behind.
/// Only of the first thread's children: such a one ends with the thread that started it.
fn bound(command: Command) -> Command {
    /// Whether this system's `setpriv` knows the option: not each does.
    static KNOWN: LazyLock<bool> = LazyLock::new(|| {
        let asked = crate::shell::command("setpriv", &["--pdeathsig", "KILL", "--", "true"]);
        crate::shell::captured(asked).is_ok()
    });
    let first = std::thread::current().name() == Some("main");
    if !first || !*KNOWN {
        return command;
    }
    let mut bound = Command::new("setpriv");
    bound.stdin(std::process::Stdio::null());
    bound.args(["--pdeathsig", "KILL", "--"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => bound.env(name, value),
            None => bound.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        bound.current_dir(folder);
    }
    bound
}

/// Waits. Benches and crash rounds are about real time.
pub(crate) fn pause(span: Duration) {
    if !span.is_zero() {
        let (keep, never) = mpsc::channel::<()>();
        never.recv_timeout(span).ok();
        drop(keep);
    }
}

/// A port that was free a moment ago.
///
/// # Errors
/// If the machine has none.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no free port")?;
    Ok(listener.local_addr()?.port())
}
