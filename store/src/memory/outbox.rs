//! The outbox in memory: for tests and simulations.
//!
//! Never here: a rule that is not the port's (`outbox.rs`).

use std::collections::BTreeMap;

use async_trait::async_trait;
use parking_lot::Mutex;
use writ_model::{Digest, TenantId, Timestamp};

use crate::outbox::{
    Closed, Dates, Due, Item, MAX_ENDED, MAX_ROWS, MAX_WAITING, Mark, Outbox, OutboxFault, Outcome,
    Put, Row, Stage, Step, after, check, check_closed,
};

#[derive(Debug)]
struct Kept {
    item: Item,
    made: Timestamp,
    failures: u32,
    stage: Stage,
    why: Option<String>,
    ended: Option<Timestamp>,
    /// In which order rows were put: instants may be equal.
    order: u64,
}

#[derive(Debug, Default)]
struct Inner {
    rows: BTreeMap<(TenantId, Digest), Kept>,
    marks: BTreeMap<TenantId, Mark>,
    closed: BTreeMap<String, Closed>,
    order: u64,
}

impl Inner {
    fn of(&self, tenant: TenantId) -> impl Iterator<Item = (&Digest, &Kept)> {
        let all = (tenant, Digest([0; 32]))..=(tenant, Digest([255; 32]));
        self.rows.range(all).map(|((_, id), kept)| (id, kept))
    }

    fn put(&mut self, tenant: TenantId, step: Step) -> Result<Put, OutboxFault> {
        let mut mark = self.marks.get(&tenant).copied().unwrap_or_default();
        if let Some((expected, to)) = step.lines {
            let found = mark.lines;
            if found != expected {
                return Err(OutboxFault::Stale { tenant, expected, found });
            }
            mark.lines = Some(to);
        }
        let mut put = Put::default();
        let mut waiting = self.of(tenant).filter(|(_, kept)| kept.stage == Stage::Waiting).count();
        for item in step.items {
            let place = (tenant, item.id);
            if self.rows.contains_key(&place) {
                put.known += 1;
            } else if waiting >= MAX_WAITING {
                put.dropped += 1;
                mark.dropped = mark.dropped.saturating_add(1);
            } else {
                put.new += 1;
                waiting += 1;
                self.order += 1;
                let (made, order) = (step.at, self.order);
                let stage = Stage::Waiting;
                let kept = Kept { item, made, failures: 0, stage, why: None, ended: None, order };
                self.rows.insert(place, kept);
            }
        }
        self.marks.insert(tenant, mark);
        Ok(put)
    }

    /// Removes the rows that ended first, beyond what is kept.
    fn trim(&mut self, tenant: TenantId) {
        let mut ended: Vec<_> = self
            .of(tenant)
            .filter_map(|(id, kept)| kept.ended.map(|at| (at, kept.order, *id)))
            .collect();
        ended.sort_unstable();
        let over = ended.len().saturating_sub(MAX_ENDED);
        for (_, _, id) in ended.into_iter().take(over) {
            self.rows.remove(&(tenant, id));
        }
    }
}

/// An outbox that forgets everything with its process.
#[derive(Debug, Default)]
pub struct MemoryOutbox(Mutex<Inner>);

#[async_trait]
impl Outbox for MemoryOutbox {
    async fn mark(&self, tenant: TenantId) -> Result<Mark, OutboxFault> {
        Ok(self.0.lock().marks.get(&tenant).copied().unwrap_or_default())
    }

    async fn put(&self, tenant: TenantId, step: Step) -> Result<Put, OutboxFault> {
        check(&step)?;
        self.0.lock().put(tenant, step)
    }

    async fn due(&self, at: Timestamp, most: usize) -> Result<Vec<Due>, OutboxFault> {
        let inner = self.0.lock();
        let due = |kept: &&Kept| kept.stage == Stage::Waiting && kept.item.due <= at;
        let mut found: Vec<_> =
            inner.rows.iter().filter(|(_, kept)| due(kept)).map(|((t, _), k)| (*t, k)).collect();
        found.sort_by_key(|(_, kept)| (kept.item.due, kept.order));
        let row = |(tenant, kept): (TenantId, &Kept)| Due {
            tenant,
            item: kept.item.clone(),
            failures: kept.failures,
        };
        Ok(found.into_iter().take(most.min(MAX_ROWS)).map(row).collect())
    }

    async fn settle(
        &self,
        tenant: TenantId,
        id: Digest,
        outcome: Outcome,
        then: Step,
    ) -> Result<Option<Stage>, OutboxFault> {
        check(&then)?;
        let mut inner = self.0.lock();
        let place = (tenant, id);
        let Some(kept) = inner.rows.get(&place) else { return Ok(None) };
        if kept.stage != Stage::Waiting {
            return Ok(Some(kept.stage));
        }
        let dates = Dates {
            made: kept.made,
            due: kept.item.due,
            expires: kept.item.expires,
            failures: kept.failures,
        };
        let at = then.at;
        inner.put(tenant, then)?;
        let next = after(dates, outcome, at);
        let stage = next.stage;
        if let Some(kept) = inner.rows.get_mut(&place) {
            kept.item.due = next.due;
            (kept.stage, kept.failures, kept.why) = (stage, next.failures, next.why);
            if stage != Stage::Waiting {
                kept.ended = Some(at);
                kept.item.body.clear();
            }
        }
        inner.trim(tenant);
        Ok(Some(stage))
    }

    async fn defer(&self, channel: &str, until: Timestamp) -> Result<usize, OutboxFault> {
        let mut inner = self.0.lock();
        let mut moved = 0;
        for kept in inner.rows.values_mut() {
            let waits = kept.stage == Stage::Waiting && kept.item.channel == channel;
            if waits && kept.item.due < until {
                kept.item.due = until;
                moved += 1;
            }
        }
        Ok(moved)
    }

    async fn rows(&self, tenant: TenantId, most: usize) -> Result<Vec<Row>, OutboxFault> {
        let inner = self.0.lock();
        let mut found: Vec<_> = inner.of(tenant).map(|(_, kept)| kept).collect();
        found.sort_by_key(|kept| std::cmp::Reverse(kept.order));
        let row = |kept: &Kept| Row {
            id: kept.item.id,
            channel: kept.item.channel.clone(),
            recipient: kept.item.recipient.clone(),
            kind: kept.item.kind.clone(),
            line: kept.item.line,
            made: kept.made,
            due: kept.item.due,
            failures: kept.failures,
            stage: kept.stage,
            why: kept.why.clone(),
            ended: kept.ended,
        };
        Ok(found.into_iter().take(most.min(MAX_ROWS)).map(row).collect())
    }

    async fn close(&self, closed: Closed) -> Result<(), OutboxFault> {
        check_closed(&closed)?;
        self.0.lock().closed.entry(closed.channel.clone()).or_insert(closed);
        Ok(())
    }

    async fn closed(&self) -> Result<Vec<Closed>, OutboxFault> {
        Ok(self.0.lock().closed.values().take(MAX_ROWS).cloned().collect())
    }
}
