//! The ledgers of all clients as the provider's people look at them: of which format each is, which came out of a backup, and
//! which this process cannot read. All are looked at, so that none of thousands is missed; rows are given page by page.
//!
//! Never here: what stands in a ledger. To tell one more thing of a ledger: a field of [`LedgerRow`].

use futures_util::{StreamExt as _, stream};
use writ_authority::{State, fact::NEWEST};
use writ_model::TenantId;
use writ_store::{FollowError, View};

use super::show;
use crate::{
    Desk, DeskError, Who,
    view::{ClientRef, FormatRow, FormatsView, LedgerRow, LedgersView, RestoredRow, UnreadRow},
};

/// LIMIT: ledgers that are loaded at once: each takes a connection of the store's until it is in memory.
const AT_ONCE: usize = 4;

/// What is to be told of the clients' ledgers, in the order of their ids.
pub(super) struct Looked {
    rows: Vec<LedgerRow>,
    /// How many clients there are.
    clients: usize,
}

impl Desk {
    /// LIMIT: rows of one page of ledgers.
    pub const LEDGERS: usize = 200;

    /// The ledgers that something is to be told of, of clients after the given one; for people of the provider.
    ///
    /// # Errors
    /// If the asker is not seated there.
    pub async fn ledgers(
        &self,
        who: &Who,
        after: Option<TenantId>,
    ) -> Result<LedgersView, DeskError> {
        let provider = self.own_space(who).await?;
        let Looked { rows, clients } = self.look_at_ledgers(&provider.state).await;
        let mut rest =
            rows.into_iter().filter(|row| after.is_none_or(|after| row.client.tenant > after));
        let ledgers: Vec<LedgerRow> = rest.by_ref().take(Self::LEDGERS).collect();
        let next = rest.next().and(ledgers.last()).map(|row| row.client.tenant);
        Ok(LedgersView { newest: NEWEST, clients, ledgers, next })
    }

    /// Looks at the ledger of every client.
    pub(super) async fn look_at_ledgers(&self, provider: &State) -> Looked {
        let views = stream::iter(provider.clients.values().cloned().map(|added| async move {
            let view = self.tenants().view(added.client).await;
            let client = ClientRef {
                tenant: added.client,
                name: added.name.clone(),
                slug: added.slug.clone(),
            };
            row(client, view.as_deref())
        }));
        let rows = views.buffered(AT_ONCE).filter_map(|row| async { row }).collect().await;
        Looked { rows, clients: provider.clients.len() }
    }
}

impl Looked {
    /// Those that came out of a backup.
    pub(super) fn restored(&self) -> impl Iterator<Item = &RestoredRow> {
        self.rows.iter().filter_map(|row| row.restored.as_ref())
    }

    /// Of which formats they are.
    pub(super) fn formats(&self, reads: u32) -> FormatsView {
        let below = || {
            let old = self.rows.iter().filter_map(|row| Some((row, row.format?)));
            old.filter(|(_, format)| *format < NEWEST)
        };
        let unread = || self.rows.iter().filter_map(|row| Some((row, row.unread.as_ref()?)));
        let format =
            |(row, format): (&LedgerRow, u32)| FormatRow { client: row.client.clone(), format };
        let refused = |(row, code): (&LedgerRow, &String)| UnreadRow {
            client: row.client.clone(),
            code: code.clone(),
        };
        FormatsView {
            newest: NEWEST,
            reads,
            below_count: below().count(),
            below: below().take(Desk::LEDGERS).map(format).collect(),
            unread_count: unread().count(),
            unread: unread().take(Desk::LEDGERS).map(refused).collect(),
            clients: self.clients,
        }
    }
}

/// What is to be told of one; nothing of one that is as it should be.
fn row(client: ClientRef, view: Result<&View<State>, &FollowError>) -> Option<LedgerRow> {
    match view {
        Ok(view) => {
            let (format, restored) = (view.state.format, restored(&view.state));
            let tells = format < NEWEST || restored.is_some();
            tells.then_some(LedgerRow { client, format: Some(format), unread: None, restored })
        }
        Err(fault) => {
            tracing::debug!(tenant = %client.tenant, error = %fault, "a client's ledger is not read");
            let unread = Some(fault.code().to_string());
            Some(LedgerRow { client, format: None, unread, restored: None })
        }
    }
}

/// A ledger that came out of a backup.
pub(super) fn restored(state: &State) -> Option<RestoredRow> {
    let (line, at, says) = state.restored.as_ref()?;
    let client = show::client(state);
    Some(RestoredRow {
        client,
        at: *at,
        backup_at: says.backup_at,
        gap: says.witnessed.map(|_| says.gap),
        held: state.held_by_restore(),
        line: *line,
    })
}
