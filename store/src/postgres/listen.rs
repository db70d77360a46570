//! The listener: tells the other processes that something was appended, and hears it from them.
//!
//! Never here: anything that must arrive. A hint is lost while there is no connection; polling is the truth.
//!
//! Why not NOTIFY in the append's own transaction: PostgreSQL holds one lock of the whole database from before such a
//! commit until after its flush, so commits of all tenants would queue one behind the other and none could share a
//! flush. Here the append is durable first, and one connection tells of all that became so meanwhile: its own commit is
//! not flushed at all.

use std::{
    future::poll_fn,
    mem,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{Notify, broadcast},
    time::{self, MissedTickBehavior},
};
use tokio_postgres::{AsyncMessage, Client, Connection, NoTls};
use tokio_util::sync::CancellationToken;
use writ_model::TenantId;

use super::{
    ANSWER, PgFault,
    options::{Target, Tls},
};
use crate::ledger::{Head, Hint, newest};

/// Hints are sent so far apart at least; the first of a burst goes at once. LIMIT: each wakes every process.
const PACE: Duration = Duration::from_millis(4);
/// How long after a lost connection the next one is tried.
const AGAIN: Duration = Duration::from_millis(250);

const LISTEN: &str = "SET synchronous_commit = off; LISTEN writ_heads";
const NOTIFY: &str = "NOTIFY writ_heads";
/// LIMIT: heads told by name in one burst; of more it is only said that something moved, and who follows asks for all.
const NAMED: usize = 16;

/// What was appended by this process and is not told yet.
#[derive(Debug, Default)]
pub(super) struct News {
    heads: Mutex<Vec<(TenantId, Head)>>,
    some: Notify,
    /// Something was taken from `heads` and may not have been told: then it is told that something moved.
    untold: AtomicBool,
}

impl News {
    /// An append that is durable.
    pub(super) fn add(&self, tenant: TenantId, head: Head) {
        {
            let mut heads = self.heads.lock();
            // One more than is named: that there are too many.
            if heads.len() <= NAMED {
                newest(&mut heads, tenant, head);
            }
        }
        self.some.notify_one();
    }

    /// What tells it; nothing if all is told. SECURITY: ids, digits and digests only: nothing in it can end a literal.
    fn statements(&self) -> Option<String> {
        let heads = mem::take(&mut *self.heads.lock());
        let lost = self.untold.swap(!heads.is_empty(), Ordering::Relaxed);
        if lost || heads.len() > NAMED {
            self.untold.store(true, Ordering::Relaxed);
            return Some(NOTIFY.to_owned());
        }
        let named = heads
            .iter()
            .map(|(tenant, Head { size, root })| format!("{NOTIFY}, '{tenant} {size} {root}'"));
        Some(named.collect::<Vec<_>>().join("; ")).filter(|told| !told.is_empty())
    }

    /// What [`News::statements`] gave was told.
    fn told(&self) {
        self.untold.store(false, Ordering::Relaxed);
    }
}

/// What another process told. Earlier releases name nothing.
fn hint(payload: &str) -> Hint {
    let named = || {
        let mut parts = payload.split(' ');
        let tenant = parts.next()?.parse().ok()?;
        let (size, root) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        parts.next().is_none().then_some(Hint::Head(tenant, Head { size, root }))
    };
    named().unwrap_or(Hint::Any)
}

/// Starts listening until it is told to stop.
pub(super) fn start(
    target: &Target,
    hints: broadcast::Sender<Hint>,
    news: Arc<News>,
    stop: CancellationToken,
) {
    let target = target.named("writ hints");
    drop(tokio::spawn(async move {
        let mut tries = time::interval(AGAIN);
        tries.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let listening = async {
            loop {
                tries.tick().await;
                if let Err(fault) = listen(&target, &hints, &news).await {
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
    news: &News,
) -> Result<(), PgFault> {
    match &target.tls {
        Tls::Plain => {
            let made = time::timeout(ANSWER, target.config.connect(NoTls)).await;
            let (client, connection) = made.map_err(late)??;
            both(client, connection, hints, news).await
        }
        Tls::Verified(tls) => {
            let made = time::timeout(ANSWER, target.config.connect(tls.clone())).await;
            let (client, connection) = made.map_err(late)??;
            both(client, connection, hints, news).await
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
    news: &News,
) -> Result<(), PgFault>
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    tokio::select! {
        heard = hear(connection, hints) => heard,
        told = tell(&client, hints, news) => told,
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
        if let AsyncMessage::Notification(told) = message? {
            // Nobody may be watching.
            drop(hints.send(hint(told.payload())));
        }
    }
    Ok(())
}

/// Tells the others whenever something was appended.
async fn tell(
    client: &Client,
    hints: &broadcast::Sender<Hint>,
    news: &News,
) -> Result<(), PgFault> {
    time::timeout(ANSWER, client.batch_execute(LISTEN)).await.map_err(late)??;
    // Something may have moved while nobody listened.
    drop(hints.send(Hint::Any));
    let mut pace = time::interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        let told = loop {
            match news.statements() {
                Some(told) => break told,
                None => news.some.notified().await,
            }
        };
        time::timeout(ANSWER, client.batch_execute(&told)).await.map_err(late)??;
        news.told();
    }
}

#[cfg(test)]
mod tests {
    use writ_model::{Digest, Timestamp};

    use super::*;

    #[test]
    fn what_is_told_is_what_is_heard_and_too_much_is_anything() {
        let tenant = TenantId::from_parts(Timestamp::from_micros(1), [7; 10]);
        let head = |size| Head { size, root: Digest::of(b"root") };
        let news = News::default();
        assert_eq!(news.statements(), None, "woken for nothing");
        let other = TenantId::from_parts(Timestamp::from_micros(1), [8; 10]);
        news.add(tenant, head(3));
        news.add(other, head(9));
        news.add(tenant, head(5));
        news.add(tenant, head(4));
        let told = news.statements().unwrap();
        let payloads: Vec<_> = told.split('\'').skip(1).step_by(2).map(hint).collect();
        assert_eq!(payloads, [Hint::Head(tenant, head(5)), Hint::Head(other, head(9))]);
        assert_eq!(news.statements().as_deref(), Some(NOTIFY), "nobody heard it: something moved");
        news.told();
        for at in 0..100 {
            news.add(TenantId::from_parts(Timestamp::from_micros(1), [at; 10]), head(1));
        }
        assert_eq!(news.heads.lock().len(), NAMED + 1);
        assert_eq!(news.statements().as_deref(), Some(NOTIFY));
        news.told();
        assert_eq!(news.statements(), None);
        let good = format!("{tenant} 3 {}", head(3).root);
        assert_eq!(hint(&good), Hint::Head(tenant, head(3)));
        for bad in
            ["", " ", "x 3 y", &format!("{good} 5"), good.trim_end_matches(char::is_alphanumeric)]
        {
            assert_eq!(hint(bad), Hint::Any, "{bad}");
        }
    }
}
