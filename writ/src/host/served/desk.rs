//! The role `desk`: API and console, by whichever process holds the lease of that name. Others stand by.
//!
//! What people have open (sessions, signings) lives in the one desk that serves; the next one has them sign in again.
//! Never here: sealing, sweeping (`soc.rs`). To hand the desk one more thing: [`open`], which the soc's desk uses too.

use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{
    Json,
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use parking_lot::Mutex;
use tokio::{
    task::JoinHandle,
    time::{MissedTickBehavior, interval, timeout},
};
use writ_desk::{Desk, DeskError};
use writ_store::keep::Post;

use super::{Common, TURN};
use crate::{
    cli::access::{SERVER_FILE, ServerFile},
    drill::Rehearser,
    fault::Fault,
    host::{
        self, DRAIN, Store, bind,
        fleet::RosterFleet,
        health::Health,
        keys, notify, oauth, oidc, serve,
        upstreams::{self, Around},
        write_server_file,
    },
};

/// The lease's name.
const POST: &str = "desk";
/// How often the keys are published again, should the roster have lost them.
const PUBLISH: Duration = Duration::from_mins(1);

/// The desk that serves.
#[derive(Debug)]
pub struct DeskRole {
    desk: Desk,
    at: SocketAddr,
    serving: Mutex<Option<JoinHandle<()>>>,
    server_file: PathBuf,
}

impl DeskRole {
    /// The desk.
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Where it listens.
    pub fn at(&self) -> SocketAddr {
        self.at
    }

    /// Ends it, once the process was told to stop: requests get a moment.
    pub async fn close(&self) {
        let serving = self.serving.lock().take();
        if let Some(mut serving) = serving
            && timeout(DRAIN, &mut serving).await.is_err()
        {
            // Live pages stay open for as long as somebody looks at them.
            serving.abort();
        }
        if let Err(error) = fs::remove_file(&self.server_file) {
            tracing::warn!(%error, "server file not removed");
        }
    }

    async fn start(common: &Common, store: &Store, post: &Arc<Post>) -> Result<Self, Fault> {
        let (listener, at) = bind(common.config.desk, "desk").await?;
        let desk = open(common, store, post).await?;
        let (vault, roster) = (&common.shared.vault, &common.shared.roster);
        keys::publish(&desk, vault.as_ref(), roster.as_ref()).await?;
        desk.set_rehearse(Arc::new(Rehearser::new(Arc::clone(&common.system.entropy))));
        let router = host::router(&desk).layer(from_fn_with_state(Arc::clone(post), in_turn));
        let serving = Mutex::new(Some(serve(listener, router, &common.stop)));
        let server_file = store.folder().join(SERVER_FILE);
        let gateway = desk.gateway();
        write_server_file(&server_file, &ServerFile::at(at, gateway))?;
        tracing::info!(event = "desk.serves", %at, "this process is the desk");
        Ok(Self { desk, at, serving, server_file })
    }
}

/// Refuses a request that comes when another process may be the desk: one that stood still answers nothing from then.
async fn in_turn(State(post): State<Arc<Post>>, request: Request, next: Next) -> Response {
    if post.holds().is_some() {
        return next.run(request).await;
    }
    let problem = DeskError::NotInTurn.problem(String::new());
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    (StatusCode::SERVICE_UNAVAILABLE, kind, Json(problem)).into_response()
}

/// A desk on this store, without a door: what its use-cases need is handed in. It writes while this process has the post.
///
/// # Errors
/// If the store or the vault fails, or the operator's file names what cannot be used.
pub async fn open(common: &Common, store: &Store, post: &Arc<Post>) -> Result<Desk, Fault> {
    let desk = store.desk(&common.places, &common.system).await?;
    let turn = Arc::clone(post);
    desk.set_turn(move || turn.holds().is_some());
    if let Some(part) = &common.config.oidc {
        oidc::start(&desk, part, store.folder(), &common.system)?;
    }
    oauth::start(&desk, &common.config.oauth, &common.system)?;
    let (system, origin) = (&common.system, common.places.origin.as_str());
    upstreams::start(&desk, &common.config, Around { folder: store.folder(), system, origin })?;
    if let Some(part) = &common.config.notify {
        let around = (store.folder(), &common.system);
        notify::start(&desk, part, common.shared.outbox(), around)?;
    }
    let roster = Arc::clone(&common.shared.roster);
    let folder = store.folder().to_owned();
    let fleet = RosterFleet::new(roster, common.config.base.clone()).backed_up(folder);
    let fleet = Arc::new(fleet);
    common.tasks.spawn(Arc::clone(&fleet).look(common.stop.clone()));
    desk.set_fleet(fleet);
    Ok(desk)
}

/// Serves the desk whenever it is this process's turn, and says so in `slot`. Returns when it serves, or stands by.
pub async fn start(
    common: &Arc<Common>,
    store: &Store,
    slot: &Arc<OnceLock<DeskRole>>,
    health: &Health,
) {
    let (roster, clock) = (Arc::clone(&common.shared.roster), Arc::clone(&common.system.clock));
    let post = Arc::new(Post::new(roster, POST, common.ids.1, clock));
    common.parts.add_post(POST, &post);
    let (asked, serves) = (Arc::clone(&post), Arc::clone(slot));
    health.role(POST, move || match (serves.get(), asked.holds()) {
        (Some(_), Some(_)) => Ok(()),
        (None, Some(_)) => Err("it starts".to_owned()),
        (_, None) => Err("another process is the desk; this one stands by".to_owned()),
    });
    let (keeping, stop) = (Arc::clone(&post), common.stop.clone());
    common.tasks.spawn(async move { keeping.run(stop).await });
    let (said, began) = tokio::sync::oneshot::channel();
    let turn = Turn { common: Arc::clone(common), store: store.clone(), slot: Arc::clone(slot) };
    common.tasks.spawn(turn.run(post, said));
    drop(timeout(TURN, began).await);
}

struct Turn {
    common: Arc<Common>,
    store: Store,
    slot: Arc<OnceLock<DeskRole>>,
}

impl Turn {
    async fn run(self, post: Arc<Post>, said: tokio::sync::oneshot::Sender<()>) {
        let mut epoch = post.epoch();
        let stop = self.common.stop.clone();
        let begun = async {
            while epoch.borrow_and_update().is_none() {
                if epoch.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = begun => {}
        }
        match DeskRole::start(&self.common, &self.store, &post).await {
            Ok(role) => drop(self.slot.set(role)),
            Err(why) => return self.common.lose(why),
        }
        // Whoever waits may have gone on.
        if said.send(()).is_err() {
            tracing::debug!("the start did not wait for its turn");
        }
        let lost = async {
            while epoch.borrow_and_update().is_some() {
                if epoch.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = lost => self.common.lose(
                Fault::unreachable("this process is not the desk any more: it lost the lease")
                    .cure("start it again; it stands by until it is its turn"),
            ),
            () = self.publish() => {}
        }
    }

    async fn publish(&self) {
        let mut ticks = interval(PUBLISH);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let Some(role) = self.slot.get() else { return };
            let (vault, roster) = (&self.common.shared.vault, &self.common.shared.roster);
            let told = keys::publish(&role.desk, vault.as_ref(), roster.as_ref()).await;
            if let Err(why) = told {
                tracing::warn!(event = "desk.keys_unpublished", error = %why, "tried again");
            }
        }
    }
}
