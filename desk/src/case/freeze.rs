//! Freezing a client: everything stops at once, by either party alone; each party lifts its own.
//!
//! Never here: who may (`authority`), or how streams are cut (`gateway`).

use writ_authority::Command;

use crate::{Desk, DeskError, Who, view::Acted};

impl Desk {
    /// Freezes everything of a client.
    ///
    /// # Errors
    /// If this party has frozen it already, or the actor may not.
    pub async fn freeze(
        &self,
        who: &Who,
        client: &str,
        reason: String,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        self.done(view.tenant, who, Command::Freeze { reason }).await
    }

    /// Lifts the freeze of one's own party; the other's stays.
    ///
    /// # Errors
    /// If this party has frozen nothing, or the actor may not.
    pub async fn thaw(&self, who: &Who, client: &str) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        self.done(view.tenant, who, Command::Thaw {}).await
    }
}
