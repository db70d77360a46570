//! Hands the desk what it tells people with: the outbox, a mail server, webhooks and chats, all from the operator's file;
//! and makes it tell, step by step.
//!
//! Never here: what is told to whom. SECURITY: passwords and secret addresses are read once and printed nowhere.

use std::{future::pending, path::Path, sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use writ_desk::{Desk, DeskError, Form, NotifyParts, Way};
use writ_reach::{Bounds, Https, Place, Post, Smtp, SmtpSettings};
use writ_store::Outbox;

use super::{
    DRAIN, System,
    oidc::{MAX_ROOTS, read, secret},
};
use crate::{
    config::notify::{Notify, SmtpPart, WayForm, WayPart, WayPlace},
    fault::Fault,
};

/// How often there is looked for something to tell.
const STEP: Duration = Duration::from_millis(500);
/// LIMIT: bytes of an answer that is read; nothing of it is used but its status.
const ANSWER: usize = 64 << 10;

/// Lets the desk tell people.
///
/// # Errors
/// If a file or a setting cannot be used.
pub fn start(
    desk: &Desk,
    notify: &Notify,
    outbox: Arc<dyn Outbox>,
    (folder, system): (&Path, &System),
) -> Result<(), Fault> {
    let roots = match &notify.ca_file {
        Some(file) => Some(read(&folder.join(file), MAX_ROOTS)?),
        None => None,
    };
    let roots = roots.as_ref().map(|roots| roots.as_slice());
    let bounds = Bounds { body: ANSWER, ..Bounds::default() };
    let outside =
        Https::new(Arc::clone(&system.clock), roots, bounds).map_err(|fault| unusable(&fault))?;
    let post = match &notify.smtp {
        Some(part) => Some(mail(part, folder, roots)?),
        None => None,
    };
    let ways: Result<Vec<Way>, Fault> = notify.ways.iter().map(|part| way(part, folder)).collect();
    desk.set_notify(NotifyParts { outbox, outside: Arc::new(outside), post, ways: ways? });
    Ok(())
}

fn unusable(fault: &writ_reach::Fault) -> Fault {
    Fault::usage(fault.to_string()).code(fault.code().to_string())
}

fn mail(part: &SmtpPart, folder: &Path, roots: Option<&[u8]>) -> Result<Arc<dyn Post>, Fault> {
    let login = match &part.login {
        Some((user, file)) => Some((user.clone(), secret(&folder.join(file), "password")?)),
        None => None,
    };
    let settings = SmtpSettings {
        host: part.host.clone(),
        port: part.port,
        protection: part.protection,
        from: part.from.clone(),
        login,
        anchors: roots.map(<[u8]>::to_vec),
    };
    Ok(Arc::new(Smtp::new(settings).map_err(|fault| unusable(&fault))?))
}

fn way(part: &WayPart, folder: &Path) -> Result<Way, Fault> {
    let place = match &part.at {
        WayPlace::Url(place) => place.clone(),
        WayPlace::File(file) => {
            let text = secret(&folder.join(file), "address")?;
            // Without the address: it is a secret.
            Place::parse(text.expose()).map_err(|why| {
                Fault::usage(format!("the address in `{}`: {why}", file.display()))
                    .code(why.code().to_string())
            })?
        }
    };
    let form = match &part.form {
        WayForm::Webhook(kinds) => Form::Webhook { kinds: kinds.clone() },
        WayForm::Chat(chat) => Form::Chat(*chat),
    };
    Ok(Way { name: part.name.clone(), place, client: part.client.clone(), form })
}

/// Tells people until told to stop, whenever it is this process's turn. A step under way then has a moment to end, so that what it has sent is written down.
pub async fn run(desk: Desk, turn: impl Fn() -> bool, stop: CancellationToken) {
    let mut ticks = interval(STEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _at = ticks.tick() => {}
        }
        if !turn() {
            continue;
        }
        let drained = async {
            stop.cancelled().await;
            drop(timeout(DRAIN, pending::<()>()).await);
        };
        tokio::select! {
            told = Box::pin(desk.notify_step()) => match told {
                Ok(_) | Err(DeskError::Unfounded) => {}
                Err(error) => tracing::error!(%error, "nothing could be told"),
            },
            () = drained => return,
        }
    }
}
