//! A tenant's state as of an earlier line or moment: the ledger folded up to there.

use std::sync::Arc;

use writ_authority::{Entry, State};
use writ_model::{TenantId, Timestamp};
use writ_store::{FollowError, View, ledger::MAX_READ_LINES};

use crate::{Desk, DeskError};

/// Up to where.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    /// So many lines.
    Size(u64),
    /// The last line at or before this instant.
    Time(Timestamp),
}

impl Desk {
    /// The state up to there. Reads and folds the whole ledger if it is not the current one: about 200,000 lines a
    /// second.
    pub(crate) async fn past(
        &self,
        tenant: TenantId,
        until: Until,
    ) -> Result<Arc<View<State>>, DeskError> {
        let now = self.tenants().view(tenant).await?;
        let current = match until {
            Until::Size(size) => size == now.size,
            Until::Time(at) => now.state.last_at <= at,
        };
        if current {
            return Ok(now);
        }
        let bound = match until {
            Until::Size(size) => size.min(now.size),
            Until::Time(_) => now.size,
        };
        let mut view = View::<State>::empty(tenant);
        while view.size < bound {
            let wanted = usize::try_from(bound - view.size).unwrap_or(usize::MAX);
            let read = self.ledger().read(tenant, view.size, wanted.min(MAX_READ_LINES)).await?;
            let count = read.iter().take_while(|line| inside(until, line)).count();
            let lines = read.get(..count).unwrap_or_default();
            view.extend(lines).map_err(|bad| FollowError::BadLine { tenant, bad })?;
            if count < read.len() || read.is_empty() {
                break;
            }
        }
        Ok(Arc::new(view))
    }
}

fn inside(until: Until, line: &[u8]) -> bool {
    match until {
        Until::Size(_) => true,
        // A line that cannot be read is kept, so that folding says what is wrong with it.
        Until::Time(at) => Entry::from_line(line).map_or(true, |entry| entry.at <= at),
    }
}
