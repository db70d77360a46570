//! Decisions waiting, over all clients.

use std::sync::Arc;

use writ_authority::queue;
use writ_model::Span;

use super::show;
use crate::{
    Desk, DeskError, Who,
    view::{QueueItem, QueueView},
};

impl Desk {
    /// Everything that waits for a person at the clients the asker is seated at: what decides itself first comes first,
    /// then what waits longest.
    ///
    /// # Errors
    /// If nothing is founded, or the store fails.
    pub async fn queue(&self, who: &Who) -> Result<QueueView, DeskError> {
        let at = self.now();
        let mut views = self.seats(who).await?;
        let clients = views.len();
        let provider = self.provider_view().await?;
        // The provider's own people wait in its own space.
        let mut lost = Vec::new();
        if crate::desk::seated(&provider.state, who) {
            lost = self.lost_gateways().await;
            views.push(Arc::clone(&provider));
        }
        let mut items: Vec<QueueItem> = Vec::new();
        for view in &views {
            let client = show::client(&view.state);
            let waiting = queue::waiting(&view.state, at).into_iter();
            let witnesses = self.witness_waiting(view, at).await?;
            let undelivered = self.undelivered(view, at).await?;
            let drill = super::drills::never_run(&view.state, at);
            let waiting = waiting.chain(witnesses).chain(undelivered).chain(drill);
            items.extend(waiting.map(|waiting| QueueItem { client: client.clone(), waiting }));
        }
        let client = show::client(&provider.state);
        items.extend(lost.into_iter().map(|waiting| QueueItem { client: client.clone(), waiting }));
        items.sort_by_key(|item| {
            let later = item.waiting.since + Span::days(365);
            (item.waiting.deadline.unwrap_or(later), item.waiting.since)
        });
        let total = items.len();
        items.truncate(Self::QUEUE);
        Ok(QueueView { at, items, total, clients })
    }
}
