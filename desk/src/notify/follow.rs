//! Reading what the ledgers have gained: lines to rows, in one transaction with how far was read.
//!
//! Never here: a delivery. A ledger that cannot be read is left for the next step and harms no other.

use std::sync::Arc;

use writ_authority::{Entry, Fact, State};
use writ_model::{Side, Span, TenantId, Timestamp};
use writ_store::{
    View,
    outbox::{GIVE_UP, Item, OutboxFault, Step},
};

use super::{Notifier, Stepped, rows::Rows, tell};
use crate::{Desk, DeskError};

/// Lines of a ledger that was never read before: what happened in its last day is told, and a day has fewer.
const FIRST: u64 = 4_096;
/// Lines read at once.
const LINES: usize = 256;
/// Rows after which the lines read so far are put.
const ROWS: usize = 1_024;
/// Transactions of one ledger in one step: the others have their turn.
const TURNS: usize = 16;
/// How long a ledger that could not be read is left alone, so that one does not fill the log.
const AGAIN: Span = Span::minutes(1);

impl Notifier {
    pub(super) async fn follow(&self, desk: &Desk) -> Result<Stepped, DeskError> {
        let mut stepped = Stepped::default();
        for (tenant, head) in desk.ledger().heads().await? {
            let known = self.read.lock().get(&tenant).copied();
            if known.is_some_and(|read| read >= head.size) || self.waits(tenant, desk.now()) {
                continue;
            }
            if let Err(fault) = self.follow_one(desk, tenant, head.size, &mut stepped).await {
                self.stuck.lock().insert(tenant, desk.now() + AGAIN);
                tracing::error!(%tenant, error = %fault, "not told of yet");
            }
        }
        Ok(stepped)
    }

    /// Whether a ledger is left alone for now.
    fn waits(&self, tenant: TenantId, now: Timestamp) -> bool {
        let mut stuck = self.stuck.lock();
        let waits = stuck.get(&tenant).is_some_and(|until| now < *until);
        if !waits {
            stuck.remove(&tenant);
        }
        waits
    }

    async fn follow_one(
        &self,
        desk: &Desk,
        tenant: TenantId,
        size: u64,
        stepped: &mut Stepped,
    ) -> Result<(), DeskError> {
        let mark = self.outbox().mark(tenant).await?;
        let mut expected = mark.lines;
        let mut from = expected.unwrap_or_else(|| size.saturating_sub(FIRST));
        let mut rows = Rows::of(desk, self, tenant).await?;
        for _turn in 0..TURNS {
            if from >= size {
                break;
            }
            let mut view = desk.tenants().view(tenant).await?;
            if view.size < size {
                view = desk.tenants().advance(tenant).await?;
            }
            let (items, to) = read(desk, &mut rows, &view, from).await?;
            if to == from {
                break;
            }
            let step = Step { lines: Some((expected, to)), items, at: desk.now() };
            match self.outbox().put(tenant, step).await {
                Ok(put) => {
                    stepped.put += put.new;
                    if put.dropped > 0 {
                        tracing::warn!(%tenant, dropped = put.dropped, "too many messages wait");
                    }
                }
                Err(OutboxFault::Stale { found, .. }) => {
                    // Nobody else writes while we hold the data folder; read on from what is true.
                    tracing::warn!(%tenant, ?found, "the outbox was read on by somebody else");
                    break;
                }
                Err(fault) => return Err(fault.into()),
            }
            stepped.lines += to - from;
            (from, expected) = (to, Some(to));
        }
        self.read.lock().insert(tenant, from);
        Ok(())
    }
}

/// The rows of the next lines, and how far they reach.
async fn read(
    desk: &Desk,
    rows: &mut Rows<'_>,
    view: &Arc<View<State>>,
    from: u64,
) -> Result<(Vec<Item>, u64), DeskError> {
    let (state, now) = (&view.state, desk.now());
    let lines = desk.ledger().read(view.tenant, from, LINES).await?;
    let (mut items, mut to) = (Vec::new(), from);
    for line in &lines {
        if items.len() >= ROWS {
            break;
        }
        let index = to;
        to += 1;
        // The view could be folded, so every line of it can be read.
        let Ok(entry) = Entry::from_line(line) else { continue };
        forget(desk, state, &entry).await?;
        if entry.at + GIVE_UP <= now {
            continue;
        }
        let place = tell::Place { state, origin: &desk.inner.parts.origin, now };
        if let Some(telling) = tell::telling(place, index, &entry) {
            let side = |person| state.people.get(&person).map(|one| one.side);
            items.extend(rows.all(&telling, state.own_side(), side).await?);
        }
    }
    Ok((items, to))
}

/// Whoever leaves is not written to any more: their address is erased.
async fn forget(desk: &Desk, state: &State, entry: &Entry) -> Result<(), DeskError> {
    let left = match &entry.fact {
        Fact::PersonOffboarded { person, .. } => Some(*person),
        Fact::PersonLeft { person } => {
            let side = state.people.get(person).map(|one| one.side);
            (side == state.own_side() || side == Some(Side::Client)).then_some(*person)
        }
        _ => None,
    };
    // Somebody may have come back since.
    let back = |person| state.people.get(&person).is_some_and(|one| one.active());
    match left.filter(|person| !back(*person)) {
        Some(person) => desk.keep_address(state.tenant, person, None).await,
        None => Ok(()),
    }
}
