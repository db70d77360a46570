//! The wrapped server's process: a group of its own, so that ending it ends what it started too.
//!
//! Never here: what goes through its pipes. To end it more gently: [`Child::wait_or_kill`].

use std::{io, process::ExitStatus, process::Stdio, time::Duration};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{ChildStdin, ChildStdout, Command};

use crate::fault::Fault;

/// LIMIT: time a server gets to end by itself once its input is closed.
pub const GRACE: Duration = Duration::from_secs(5);

/// A running server. Killed with its group when dropped.
#[derive(Debug)]
pub struct Child {
    process: tokio::process::Child,
    group: Option<Pid>,
}

impl Child {
    /// Starts it; its stderr is ours.
    ///
    /// # Errors
    /// If there is no such command or it cannot be started.
    pub fn start(command: &[String]) -> Result<(Self, ChildStdin, ChildStdout), Fault> {
        let (program, arguments) = command
            .split_first()
            .ok_or_else(|| Fault::usage("no command to wrap").cure("write it after `--`"))?;
        let mut process = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| {
                Fault::unreachable(format!("cannot start `{program}`: {error}"))
                    .cure("check the command after `--` and that it is on the PATH")
            })?;
        let group = process.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        match (process.stdin.take(), process.stdout.take()) {
            (Some(input), Some(output)) => Ok((Self { process, group }, input, output)),
            _ => Err(Fault::unreachable(format!("`{program}` has no stdio"))),
        }
    }

    /// Waits until it ends.
    ///
    /// # Errors
    /// If the system cannot say.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.process.wait().await
    }

    /// Waits a little; then ends it.
    ///
    /// # Errors
    /// If it failed by itself.
    pub async fn wait_or_kill(&mut self) -> Result<(), Fault> {
        match tokio::time::timeout(GRACE, self.wait()).await {
            Ok(status) => fault_of(status).map_or(Ok(()), Err),
            Err(_elapsed) => {
                self.kill();
                Ok(())
            }
        }
    }

    /// Ends it and all it started, at once.
    pub fn kill(&mut self) {
        if let Some(group) = self.group.take() {
            // The group may be gone already; there is nothing else to end then.
            let _gone = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What an exit status means for us.
pub fn fault_of(status: io::Result<ExitStatus>) -> Option<Fault> {
    match status {
        Ok(status) if status.success() => None,
        Ok(status) => Some(Fault::unreachable(format!("the wrapped server ended: {status}"))),
        Err(error) => Some(Fault::unreachable(format!("the wrapped server is lost: {error}"))),
    }
}
