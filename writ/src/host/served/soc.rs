//! The role `soc`: seals records, sweeps, tells people, and writes down what gateways have confirmed, by whichever process
//! holds the lease of that name. Others stand by with a lake that is as full.
//!
//! It has a desk's use-cases without a door. Never here: HTTP. To do one more thing regularly: a tick in [`work`].

use std::{sync::Arc, time::Duration};

use tokio::time::{Interval, MissedTickBehavior, interval};
use writ_desk::{Desk, DeskError};
use writ_store::keep::Post;

use super::{Common, desk};
use crate::host::{SNAPSHOTS, SWEEP, Store, health::Health, keys, notify};

/// The lease's name.
const POST: &str = "soc";
/// How often what gateways confirmed is written down.
const COLLECT: Duration = Duration::from_millis(500);
/// How often records are sealed, if the operator's file does not say: at most one line a minute a client.
const SEAL: Duration = Duration::from_mins(1);
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
    let (keeping, stop) = (Arc::clone(&post), common.stop.clone());
    common.tasks.spawn(async move { keeping.run(stop).await });
    common.tasks.spawn(run(Arc::clone(common), store, post));
}

async fn run(common: Arc<Common>, store: Store, post: Arc<Post>) {
    let stop = common.stop.clone();
    let Some(desk) = opened(&common, &store).await else { return };
    if common.config.notify.is_some() {
        let turn = Arc::clone(&post);
        let told = notify::run(desk.clone(), move || turn.holds().is_some(), stop.clone());
        common.tasks.spawn(told);
    }
    tokio::select! {
        () = stop.cancelled() => {}
        () = work(&common, &desk, &post) => {}
    }
}

/// A desk without a door, once another process has made the keys that both need; none if told to stop before.
async fn opened(common: &Arc<Common>, store: &Store) -> Option<Desk> {
    let mut looks = every(LOOK);
    loop {
        tokio::select! {
            () = common.stop.cancelled() => return None,
            _at = looks.tick() => {}
        }
        match keys::published(common.shared.roster.as_ref()).await {
            Ok(true) => match desk::open(common, store).await {
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
    let seals = common.config.cluster.seal_every.unwrap_or(SEAL);
    let (mut looks, mut collects, mut seals) = (every(LOOK), every(COLLECT), every(seals));
    let (mut sweeps, mut snapshots) = (every(SWEEP), every(SNAPSHOTS));
    loop {
        let done = tokio::select! {
            _at = looks.tick() => desk.look_for_provider().await,
            _at = collects.tick() => turn(post, Box::pin(desk.collect())).await,
            _at = seals.tick() => turn(post, desk.seal_activity(false)).await,
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
