//! The gateway's own thread: one runtime with one worker, so that a call is accepted, decided, forwarded and answered
//! without hopping between threads. Disk, desk and pages live on the process's other threads.
//!
//! Never here: a rule, a request. To have more lanes: one listener per lane over a shared core (not needed before one
//! core is full; see `docs/adr/0007-one-thread-per-gateway.md`).

use std::{sync::Arc, thread};

use tokio::{runtime, sync::oneshot};
use tokio_util::sync::CancellationToken;
use writ_gateway::{Gateway, GatewayParts, Running};

use writ_store::{Lease, Standing, lease::Why};

use super::brake::{Brake, Mode, Wheels};
use crate::{fault::Fault, net};

/// A gateway that runs on its own thread until this is dropped.
#[derive(Debug)]
pub struct Lane {
    gateway: Arc<Running>,
    end: CancellationToken,
}

impl Lane {
    /// Starts a gateway on a thread of its own. It stands as the brake says before it accepts: one that was halted stays so.
    ///
    /// # Errors
    /// If the thread cannot be had, the address is taken, or a server is unusable.
    pub async fn start(parts: GatewayParts, brake: &Brake) -> Result<Self, Fault> {
        hold(brake.mode(), &parts.lease);
        let (told, started) = oneshot::channel();
        let end = CancellationToken::new();
        let ended = end.clone();
        let failed = |why: String| Fault::unreachable(format!("the gateway cannot start: {why}"));
        thread::Builder::new()
            .name("gateway".to_owned())
            .spawn(move || {
                let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
                    Ok(runtime) => runtime,
                    Err(error) => return drop(told.send(Err(error.to_string()))),
                };
                runtime.block_on(async move {
                    let result = Gateway::start(parts).await;
                    drop(told.send(result.map(Arc::new).map_err(|error| net::chain(&error))));
                    ended.cancelled().await;
                });
                runtime.shutdown_background();
            })
            .map_err(|error| failed(error.to_string()))?;
        let gateway = started.await.map_err(|_gone| failed("its thread ended".to_owned()))?;
        Ok(Self { gateway: gateway.map_err(failed)?, end })
    }

    /// The gateway.
    pub fn gateway(&self) -> &Arc<Running> {
        &self.gateway
    }
}

/// Lets a lease allow no more than this.
fn hold(mode: Mode, lease: &Lease) {
    match mode {
        Mode::Serving => {}
        Mode::Draining => lease.stop(Why::Drain),
        Mode::Halted => lease.stop(Why::Halt),
    }
}

/// Whether a gateway serves, or why not.
///
/// # Errors
/// With what it does instead.
pub fn ready(gateway: &Running) -> Result<(), String> {
    let metrics = gateway.metrics();
    match (metrics.stopped, gateway.standing()) {
        (Some(stopped), _) => Err(format!("it is {stopped}")),
        (None, _) if !metrics.journaled => Err("its records cannot be journaled".to_owned()),
        (None, Standing::Full) => Ok(()),
        (None, standing) => Err(format!("its lease lets it do: {}", standing.word())),
    }
}

/// What the brake stops: the lane's gateway.
#[derive(Debug)]
pub struct LaneWheels {
    gateway: Arc<Running>,
    lease: Arc<Lease>,
}

impl LaneWheels {
    /// The wheels of this gateway, which stands by this lease.
    pub fn new(gateway: Arc<Running>, lease: Arc<Lease>) -> Self {
        Self { gateway, lease }
    }
}

impl Wheels for LaneWheels {
    fn turn(&self, mode: Mode) {
        match mode {
            Mode::Serving => self.gateway.resume(),
            Mode::Draining => {
                if self.lease.stopped() == Some(Why::Halt) {
                    // A halt stays a halt for whoever does not take it back first.
                    self.lease.resume();
                }
                self.gateway.drain();
            }
            Mode::Halted => {
                let _counted = self.gateway.halt_now();
            }
        }
    }

    fn busy(&self) -> usize {
        self.gateway.busy()
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_held_back_as_far_as_the_brake_says() {
        let stopped = |mode| {
            let lease = Lease::always();
            hold(mode, &lease);
            lease.stopped()
        };
        assert_eq!(stopped(Mode::Serving), None);
        assert_eq!(stopped(Mode::Draining), Some(Why::Drain));
        assert_eq!(stopped(Mode::Halted), Some(Why::Halt));
    }
}
