//! `writ wrap -- COMMAND`: enforcement between a desktop client and a local stdio server.
//!
//! ```text
//! client ──line──▶ ask the gateway: decide ──permitted──▶ server
//! client ◀─line─── tell it the outcome     ◀──line────── server
//! ```
//! Each request is decided before the server sees it. If the gateway cannot be asked, the request is refused; if it
//! says that the agent is ended, the server's whole process group is killed and the exit code is 4.
//! Never here: a decision. To ask one more thing: `wrap/gate.rs`.

pub mod child;
pub mod gate;
mod traffic;

use std::sync::Arc;

use tokio::io::{AsyncBufRead, AsyncWrite, BufReader};
use tokio_util::sync::CancellationToken;

use self::{
    child::Child,
    gate::{Gate, Life},
    traffic::Traffic,
};
use super::connect::lines::Outbox;
use crate::fault::{Exit, Fault};

/// Runs the server until the client leaves, the server ends, or the agent's authority does.
///
/// # Errors
/// [`Exit::Ended`] if the authority ended; otherwise if the server cannot be started or fails.
pub async fn run<R, W>(
    gate: Gate,
    command: &[String],
    stdio: (R, W),
    stop: CancellationToken,
) -> Result<(), Fault>
where
    R: AsyncBufRead + Unpin + Send + 'static,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let (input, output) = stdio;
    let (mut child, child_in, child_out) = Child::start(command)?;
    let (to_client, client_writer) = Outbox::new();
    let (to_server, server_writer) = Outbox::new();
    let writing = tokio::spawn(client_writer.run(output));
    tokio::spawn(server_writer.run(child_in));
    let traffic = Arc::new(Traffic::new(gate.clone(), to_client));
    let mut from_client = tokio::spawn(Arc::clone(&traffic).from_client(input, to_server));
    let mut from_server = tokio::spawn(Arc::clone(&traffic).from_server(BufReader::new(child_out)));
    let life = traffic.life();
    let ending = tokio::select! {
        ended = watch(&gate, &life) => Ending::Authority(ended),
        never = traffic.mind_the_word() => match never {},
        _left = &mut from_client => Ending::Client,
        status = child.wait() => Ending::Server(status),
        () = stop.cancelled() => Ending::Told,
    };
    let result = match ending {
        Ending::Authority(fault) => {
            child.kill();
            traffic.end(&fault).await;
            Err(fault)
        }
        Ending::Client => {
            // Clients that wait only a moment for this send a signal then; one that is not heeded becomes a kill, which
            // would leave the server behind.
            let graceful = tokio::select! {
                ended = child.wait_or_kill() => ended,
                () = stop.cancelled() => {
                    child.kill();
                    Ok(())
                }
            };
            let _read = tokio::time::timeout(child::GRACE, &mut from_server).await;
            graceful
        }
        Ending::Server(status) => {
            let _read = tokio::time::timeout(child::GRACE, &mut from_server).await;
            let fault = child::fault_of(status);
            let said =
                fault.clone().unwrap_or_else(|| Fault::unreachable("the wrapped server ended"));
            traffic.end(&said).await;
            fault.map_or(Ok(()), Err)
        }
        Ending::Told => {
            child.kill();
            Ok(())
        }
    };
    child.kill();
    from_client.abort();
    from_server.abort();
    drop(traffic);
    let _written = tokio::time::timeout(child::GRACE, writing).await;
    result
}

enum Ending {
    Authority(Fault),
    Client,
    Server(std::io::Result<std::process::ExitStatus>),
    Told,
}

/// Follows the gateway's word on this agent; returns when its authority is over.
async fn watch(gate: &Gate, life: &Life) -> Fault {
    loop {
        match gate.follow(life).await {
            Ok(reason) => {
                return Fault::new(Exit::Ended, format!("stopped by the gateway: {reason}"))
                    .cure("ask the people who answer for it; its badge in the console names them");
            }
            Err(fault) if fault.exit == Exit::Ended => return fault,
            Err(fault) => {
                life.lost();
                tracing::warn!(%fault, "the gateway's word on this agent is not to be had");
                gate.pause().await;
            }
        }
    }
}

#[cfg(test)]
mod tests;
