//! The listener: tells the other processes that something was appended, and hears it from them.
//!
//! Never here: anything that must arrive. A hint is lost while there is no connection; polling is the truth.
//!
//! Why not NOTIFY in the append's own transaction: PostgreSQL holds one lock of the whole database from before such a
//! commit until after its flush, so commits of all tenants would queue one behind the other and none could share a
//! flush. Here the append is durable first, and one connection tells of all that became so meanwhile: its own commit is
//! not flushed at all.

use std::{future::poll_fn, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{Notify, broadcast},
    time::{self, MissedTickBehavior},
};
use tokio_postgres::{AsyncMessage, Client, Connection, NoTls};
use tokio_util::sync::CancellationToken;

use super::{
    ANSWER, PgFault,
    options::{Target, Tls},
};
use crate::ledger::Hint;

/// Hints are sent so far apart at least; the first of a burst goes at once. LIMIT: each wakes every process.
const PACE: Duration = Duration::from_millis(4);
/// How long after a lost connection the next one is tried.
const AGAIN: Duration = Duration::from_millis(250);

const LISTEN: &str = "SET synchronous_commit = off; LISTEN writ_heads";
const NOTIFY: &str = "NOTIFY writ_heads";

/// Starts listening until it is told to stop.
pub(super) fn start(
    target: &Target,
    hints: broadcast::Sender<Hint>,
    appended: Arc<Notify>,
    stop: CancellationToken,
) {
    let target = target.named("writ hints");
    drop(tokio::spawn(async move {
        let mut tries = time::interval(AGAIN);
        tries.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let listening = async {
            loop {
                tries.tick().await;
                if let Err(fault) = listen(&target, &hints, &appended).await {
                    tracing::debug!(%fault, "hints are not heard for now; polling goes on");
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = listening => {}
        }
    }));
}

/// Listens on one connection until it is lost.
async fn listen(
    target: &Target,
    hints: &broadcast::Sender<Hint>,
    appended: &Notify,
) -> Result<(), PgFault> {
    match &target.tls {
        Tls::Plain => {
            let made = time::timeout(ANSWER, target.config.connect(NoTls)).await;
            let (client, connection) = made.map_err(late)??;
            both(client, connection, hints, appended).await
        }
        Tls::Verified(tls) => {
            let made = time::timeout(ANSWER, target.config.connect(tls.clone())).await;
            let (client, connection) = made.map_err(late)??;
            both(client, connection, hints, appended).await
        }
    }
}

fn late(_: time::error::Elapsed) -> PgFault {
    PgFault::words("no answer in time")
}

async fn both<S, T>(
    client: Client,
    connection: Connection<S, T>,
    hints: &broadcast::Sender<Hint>,
    appended: &Notify,
) -> Result<(), PgFault>
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    tokio::select! {
        heard = hear(connection, hints) => heard,
        told = tell(&client, hints, appended) => told,
    }
}

/// Drives the connection, and passes on what is heard.
async fn hear<S, T>(
    mut connection: Connection<S, T>,
    hints: &broadcast::Sender<Hint>,
) -> Result<(), PgFault>
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
        if let AsyncMessage::Notification(_) = message? {
            // Nobody may be watching.
            drop(hints.send(Hint::Any));
        }
    }
    Ok(())
}

/// Tells the others whenever something was appended.
async fn tell(
    client: &Client,
    hints: &broadcast::Sender<Hint>,
    appended: &Notify,
) -> Result<(), PgFault> {
    time::timeout(ANSWER, client.batch_execute(LISTEN)).await.map_err(late)??;
    // Something may have moved while nobody listened.
    drop(hints.send(Hint::Any));
    let mut pace = time::interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        appended.notified().await;
        time::timeout(ANSWER, client.batch_execute(NOTIFY)).await.map_err(late)??;
    }
}
