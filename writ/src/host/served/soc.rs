//! The role `soc`: seals records, sweeps, tells people, and writes down what gateways have confirmed, by whichever process
//! holds the lease of that name. Others stand by with a lake that is as full.
//!
//! It has a desk's use-cases without a door. Never here: HTTP. To do one more thing regularly: a tick in [`work`].

use std::{sync::Arc, time::Duration};

use tokio::time::{Interval, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use writ_desk::{Desk, DeskError};
use writ_lake::Part;
use writ_store::keep::Post;

use super::{Common, desk};
use crate::host::{SNAPSHOTS, SWEEP, Store, health::Health, keys, notify};

/// The lease's name.
const POST: &str = "soc";
/// How often what gateways confirmed is written down.
const COLLECT: Duration = Duration::from_millis(500);
/// How often records are sealed, if the operator's file does not say: at most one line a minute a client.
const SEAL: Duration = Duration::from_mins(1);
/// LIMIT: parts of the clients that are sealed one after the other in that time: one a second.
const PARTS: u64 = 60;
/// LIMIT: how long is sealed when this process is told to end: shorter than what its tasks are given.
const LAST: Duration = Duration::from_secs(5);
/// How often is looked whether there is a provider, and a desk that has made its keys.
const LOOK: Duration = Duration::from_secs(1);

/// Does its work whenever it is this process's turn.
pub fn start(common: &Arc<Common>, store: Store, health: &Health) {
    let (roster, clock) = (Arc::clone(&common.shared.roster), Arc::clone(&common.system.clock));
    let post = Arc::new(Post::new(roster, POST, common.ids.1, clock));
    common.parts.add_post(POST, &post);
    let asked = Arc::clone(&post);
    health.role(POST, move || match asked.holds() {
        Some(_) => Ok(()),
        None => Err("another process is the soc; this one stands by".to_owned()),
    });
    let (keeping, over) = (Arc::clone(&post), CancellationToken::new());
    let ended = over.clone();
    common.tasks.spawn(async move { keeping.run(ended).await });
    let common = Arc::clone(common);
    common.tasks.clone().spawn(async move {
        // The post is given back when the last thing is sealed.
        let _over = over.drop_guard();
        Box::pin(run(common, store, post)).await;
    });
}

async fn run(common: Arc<Common>, store: Store, post: Arc<Post>) {
    let stop = common.stop.clone();
    let Some(desk) = opened(&common, &store, &post).await else { return };
    if common.config.notify.is_some() {
        let turn = Arc::clone(&post);
        let told = notify::run(desk.clone(), move || turn.holds().is_some(), stop.clone());
        common.tasks.spawn(told);
    }
    tokio::select! {
        () = stop.cancelled() => last(&desk, &post).await,
        ((), ()) = async { tokio::join!(work(&common, &desk, &post), seal(&common, &desk, &post)) } => {}
    }
}

/// Seals what is here when this process is told to end. What is not sealed in that time, and what is still on the bus, whoever
/// takes over seals from its own lake.
async fn last(desk: &Desk, post: &Post) {
    match timeout(LAST, turn(post, desk.seal_activity(false))).await {
        Ok(Ok(()) | Err(DeskError::Unfounded)) => {}
        Ok(Err(error)) => {
            tracing::warn!(event = "soc.failed", %error, "the last records were not sealed here");
        }
        Err(_late) => tracing::info!("the last records were not all sealed here in time"),
    }
}

/// A desk without a door, once another process has made the keys that both need; none if told to stop before.
async fn opened(common: &Arc<Common>, store: &Store, post: &Arc<Post>) -> Option<Desk> {
    let mut looks = every(LOOK);
    loop {
        tokio::select! {
            () = common.stop.cancelled() => return None,
            _at = looks.tick() => {}
        }
        match keys::published(common.shared.roster.as_ref()).await {
            Ok(true) => match desk::open(common, store, post).await {
                Ok(desk) => return Some(desk),
                Err(why) => tracing::warn!(event = "soc.not_open", error = %why, "tried again"),
            },
            Ok(false) => {}
            Err(why) => tracing::warn!(event = "soc.not_open", error = %why, "tried again"),
        }
    }
}

fn every(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

async fn work(common: &Common, desk: &Desk, post: &Post) {
    let (mut looks, mut collects) = (every(LOOK), every(COLLECT));
    let (mut sweeps, mut snapshots) = (every(SWEEP), every(SNAPSHOTS));
    loop {
        let done = tokio::select! {
            _at = looks.tick() => desk.look_for_provider().await,
            _at = collects.tick() => turn(post, Box::pin(desk.collect())).await,
            _at = sweeps.tick() => turn(post, desk.sweep()).await,
            _at = snapshots.tick() => {
                common.shared.sequencer.tenants().save_snapshots().await;
                Ok(())
            }
        };
        match done {
            Ok(()) | Err(DeskError::Unfounded) => {}
            Err(error) => tracing::warn!(event = "soc.failed", %error, "tried again"),
        }
    }
}

/// Seals each client's records once in a period, a part of the clients at a time: all at one moment would take two cores
/// for seconds, from calls and from what else is done here.
async fn seal(common: &Common, desk: &Desk, post: &Post) {
    let period = common.config.cluster.seal_every.unwrap_or(SEAL);
    let of = period.as_secs().clamp(1, PARTS);
    let mut beats = every(period.div_f64(f64::from(u32::try_from(of).unwrap_or(1))));
    for nth in (0..of).cycle() {
        beats.tick().await;
        match turn(post, desk.seal_part(Part { nth, of })).await {
            Ok(()) | Err(DeskError::Unfounded) => {}
            Err(error) => tracing::warn!(event = "soc.failed", %error, "tried again"),
        }
    }
}

/// Does something if it is this process's turn.
async fn turn<T>(
    post: &Post,
    what: impl Future<Output = Result<T, DeskError>>,
) -> Result<(), DeskError> {
    match post.holds() {
        Some(_) => what.await.map(|_| ()),
        None => Ok(()),
    }
}
