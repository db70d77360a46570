//! What was seen goes into the ledger behind the answer that showed it; a call that needs it there waits for that.
//!
//! The text is kept before the line that names it, so that a person always has something to read.
//! Never here: whether it may be used.

use std::sync::Arc;

use writ_authority::{
    Command,
    fact::{DefinitionsSeen, Seen},
};
use writ_model::{Digest, TenantId};

use super::Shows;
use crate::core::Core;

/// LIMIT: definitions written at once: a few lines of a ledger.
const BATCH: usize = 256;

/// Writes what waits, behind the answer.
pub(super) fn behind(core: &Arc<Core>, tenant: TenantId, server: &str) {
    let (inner, server) = (Arc::clone(core), server.to_owned());
    drop(core.tasks.spawn(async move {
        let shows = inner.catalog.of(tenant, &server);
        if !now(&inner, (tenant, &server), &shows).await {
            // The next list sees the same again.
            tracing::debug!(%tenant, server, "a list is not written down yet");
        }
    }));
}

/// Writes what waits of one server; whether all of it is written.
pub(super) async fn now(core: &Core, (tenant, server): (TenantId, &str), shows: &Shows) -> bool {
    let _one_at_a_time = shows.writing.lock().await;
    loop {
        let batch: Vec<(Seen, Vec<u8>)> = {
            let shown = shows.inner.lock();
            shown.queue.iter().take(BATCH).cloned().collect()
        };
        if batch.is_empty() {
            return true;
        }
        let wrote = write(core, (tenant, server), &batch).await;
        let mut shown = shows.inner.lock();
        if let Err(why) = wrote {
            // Nothing of it is left to nobody: it is seen again with the next list, which is asked for at once. What is
            // forgotten and counts as listed would be refused as unknown for as long as a list counts.
            while let Some((seen, _)) = shown.queue.pop_front() {
                shown.forget(seen.thing, &seen.name);
                shown.listed.remove(&seen.thing);
            }
            tracing::warn!(%tenant, server, %why, event = "catalog.not_written");
            return false;
        }
        // Only at its end was something added meanwhile.
        drop(shown.queue.drain(..batch.len()));
    }
}

async fn write(
    core: &Core,
    (tenant, server): (TenantId, &str),
    batch: &[(Seen, Vec<u8>)],
) -> Result<(), String> {
    let texts: Vec<(Digest, Vec<u8>)> =
        batch.iter().map(|(seen, text)| (seen.digest, text.clone())).collect();
    core.definitions.keep(tenant, texts).await.map_err(|fault| fault.to_string())?;
    let seen: Vec<Seen> = batch.iter().map(|(seen, _)| seen.clone()).collect();
    let held = seen.iter().filter(|one| one.waits.is_some()).count();
    // The same name twice in one sighting: the second is another line's, decided after the first.
    let (first, again) = split(seen);
    for seen in [first, again] {
        if seen.is_empty() {
            continue;
        }
        let command = DefinitionsSeen { server: server.to_owned(), seen };
        core.scribe.write(tenant, Command::SeeDefinitions(Box::new(command))).await?;
    }
    if held > 0 {
        tracing::warn!(%tenant, server, held, event = "catalog.held");
    }
    Ok(())
}

/// First sights and everything else. A change of what is only being pinned is one once that is written.
fn split(seen: Vec<Seen>) -> (Vec<Seen>, Vec<Seen>) {
    let changed = |one: &Seen| one.waits == Some(writ_authority::fact::WhyHeld::Changed);
    seen.into_iter().partition(|one| !changed(one))
}
