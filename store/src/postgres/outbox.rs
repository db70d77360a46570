//! The outbox on PostgreSQL: whoever delivers, a line makes its rows once.
//!
//! Never here: a rule that is not the port's (`outbox.rs`), an address or a word of a message in the clear.

mod schema;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use tokio_postgres::{Error, Row as Found};
use writ_model::{Digest, TenantId, Timestamp};

pub(super) use schema::STEP;

use super::{Pg, PgFault, Tx, int, key};
use crate::outbox::{
    Closed, Dates, Due, Item, MAX_ENDED, MAX_ROWS, MAX_WAITING, Mark, Outbox, OutboxFault, Outcome,
    Put, Row, Stage, Step, after, check, check_closed,
};

const MARK: &str = "SELECT lines, dropped FROM writ.outbox_marks WHERE tenant = $1";
/// The row that makes a tenant's puts come one after the other; it is there before it is locked.
const MAKE_MARK: &str =
    "INSERT INTO writ.outbox_marks (tenant) VALUES ($1) ON CONFLICT (tenant) DO NOTHING";
const LOCK_MARK: &str = "SELECT lines, dropped FROM writ.outbox_marks WHERE tenant = $1 FOR UPDATE";
const SET_MARK: &str = "UPDATE writ.outbox_marks SET lines = $2, dropped = $3 WHERE tenant = $1";
const KNOWN: &str = "SELECT id FROM writ.outbox_rows WHERE tenant = $1 AND id = ANY($2)";
const WAITING: &str = "SELECT count(*) FROM writ.outbox_rows WHERE tenant = $1 AND stage = 0";
const INSERT: &str = "
WITH new AS (
  INSERT INTO writ.outbox_rows (tenant, id, channel, recipient, kind, line, made, due, expires, body)
  SELECT $1, given.id, given.channel, given.recipient, given.kind, given.line, $2, given.due,
    given.expires, given.body
  FROM unnest($3::bytea[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[],
    $9::bigint[], $10::bytea[]) WITH ORDINALITY
    AS given (id, channel, recipient, kind, line, due, expires, body, nth)
  ORDER BY given.nth
  RETURNING tenant, id, num, channel, due
)
INSERT INTO writ.outbox_due (tenant, id, num, channel, due)
SELECT tenant, id, num, channel, due FROM new";
/// Fleet query: what is due anywhere, without a word of it.
const DUE: &str = "
SELECT tenant, id, due FROM writ.outbox_due WHERE due <= $1 ORDER BY due, num LIMIT $2";
const BODIES: &str = "
SELECT id, channel, recipient, kind, line, expires, body, failures FROM writ.outbox_rows
WHERE tenant = $1 AND id = ANY($2) AND stage = 0";
const ONE: &str = "
SELECT made, coalesce((SELECT w.due FROM writ.outbox_due w WHERE w.tenant = r.tenant AND w.id = r.id), due),
  expires, failures, stage
FROM writ.outbox_rows r WHERE tenant = $1 AND id = $2 FOR UPDATE";
const SETTLE: &str = "
UPDATE writ.outbox_rows SET stage = $3::bigint, due = $4, failures = $5, why = $6, ended = $7,
  body = CASE WHEN $3::bigint = 0 THEN body ELSE ''::bytea END
WHERE tenant = $1 AND id = $2";
const WAIT: &str = "UPDATE writ.outbox_due SET due = $3 WHERE tenant = $1 AND id = $2";
const END: &str = "DELETE FROM writ.outbox_due WHERE tenant = $1 AND id = $2";
const TRIM: &str = "
DELETE FROM writ.outbox_rows WHERE tenant = $1 AND num IN (
  SELECT num FROM writ.outbox_rows WHERE tenant = $1 AND stage > 0
  ORDER BY ended DESC, num DESC OFFSET $2)";
/// Fleet query: a way out is everybody's.
const DEFER: &str = "UPDATE writ.outbox_due SET due = $2 WHERE channel = $1 AND due < $2";
const ROWS: &str = "
SELECT id, channel, recipient, kind, line, made,
  coalesce((SELECT w.due FROM writ.outbox_due w WHERE w.tenant = r.tenant AND w.id = r.id), due),
  failures, stage, why, ended
FROM writ.outbox_rows r WHERE tenant = $1 ORDER BY num DESC LIMIT $2";
/// Fleet query: a way out is everybody's.
const CLOSE: &str = "
INSERT INTO writ.outbox_closed (channel, why, at) VALUES ($1, $2, $3)
ON CONFLICT (channel) DO NOTHING";
/// Fleet query: a way out is everybody's.
const CLOSED: &str =
    "SELECT channel, why, at FROM writ.outbox_closed ORDER BY channel COLLATE \"C\" LIMIT $1";

/// The outbox of all processes in one PostgreSQL database.
#[derive(Debug, Clone)]
pub struct PgOutbox(Pg);

impl PgOutbox {
    pub(super) fn new(pg: Pg) -> Self {
        Self(pg)
    }
}

impl From<PgFault> for OutboxFault {
    fn from(fault: PgFault) -> Self {
        Self::Faulted { why: fault.to_string() }
    }
}

impl From<Error> for OutboxFault {
    fn from(fault: Error) -> Self {
        PgFault::from(fault).into()
    }
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn instant(row: &Found, column: usize) -> Result<Timestamp, Error> {
    Ok(Timestamp::from_micros(row.try_get(column)?))
}

fn digest(row: &Found, column: usize) -> Result<Digest, Error> {
    // The table takes no other length.
    Ok(Digest(row.try_get::<_, Vec<u8>>(column)?.try_into().unwrap_or_default()))
}

fn tenant_of(row: &Found) -> Result<TenantId, Error> {
    let bytes: Vec<u8> = row.try_get(0)?;
    Ok(TenantId::from_bytes(bytes.try_into().unwrap_or_default()))
}

fn line(row: &Found, column: usize) -> Result<Option<u64>, Error> {
    Ok(row.try_get::<_, Option<i64>>(column)?.map(count))
}

/// At most so many rows, as PostgreSQL's integer.
fn limit(most: usize) -> i64 {
    i64::try_from(most.min(MAX_ROWS)).unwrap_or(i64::MAX)
}

fn mark(rows: &[Found]) -> Result<Mark, OutboxFault> {
    let Some(row) = rows.first() else { return Ok(Mark::default()) };
    Ok(Mark { lines: line(row, 0)?, dropped: count(row.try_get(1)?) })
}

async fn put(tx: &mut Tx, tenant: TenantId, step: &Step) -> Result<Put, OutboxFault> {
    let of = key(tenant);
    tx.run(MAKE_MARK, &[&of]).await?;
    let mut mark = mark(&tx.rows(LOCK_MARK, &[&of]).await?)?;
    if let Some((expected, to)) = step.lines {
        let found = mark.lines;
        if found != expected {
            return Err(OutboxFault::Stale { tenant, expected, found });
        }
        mark.lines = Some(to);
    }
    let mut done = Put::default();
    let new =
        if step.items.is_empty() { Vec::new() } else { sift(tx, &of, step, &mut done).await? };
    if !new.is_empty() {
        insert(tx, &of, step.at, &new).await?;
    }
    mark.dropped = mark.dropped.saturating_add(u64::try_from(done.dropped).unwrap_or(u64::MAX));
    if step.lines.is_some() || done.dropped > 0 {
        tx.run(SET_MARK, &[&of, &mark.lines.map(int), &int(mark.dropped)]).await?;
    }
    Ok(done)
}

/// Those items that are new and have room; the others are counted.
async fn sift<'a>(
    tx: &mut Tx,
    of: &Vec<u8>,
    step: &'a Step,
    done: &mut Put,
) -> Result<Vec<&'a Item>, OutboxFault> {
    let ids: Vec<&[u8]> = step.items.iter().map(|item| &item.id.as_bytes()[..]).collect();
    let mut known = BTreeSet::new();
    for row in tx.rows(KNOWN, &[of, &ids]).await? {
        known.insert(digest(&row, 0)?);
    }
    let rows = tx.rows(WAITING, &[of]).await?;
    let waiting: i64 = rows.first().ok_or_else(|| PgFault::words("no answer"))?.try_get(0)?;
    let room = MAX_WAITING.saturating_sub(usize::try_from(waiting).unwrap_or(usize::MAX));
    let mut new = Vec::new();
    for item in &step.items {
        if known.contains(&item.id) {
            done.known += 1;
        } else if new.len() >= room {
            done.dropped += 1;
        } else {
            known.insert(item.id);
            new.push(item);
        }
    }
    done.new = new.len();
    Ok(new)
}

async fn insert(
    tx: &mut Tx,
    of: &Vec<u8>,
    at: Timestamp,
    new: &[&Item],
) -> Result<(), OutboxFault> {
    let ids: Vec<&[u8]> = new.iter().map(|item| &item.id.as_bytes()[..]).collect();
    let texts = |of: fn(&Item) -> &String| new.iter().map(|item| of(item).as_str()).collect();
    let channels: Vec<&str> = texts(|item| &item.channel);
    let recipients: Vec<&str> = texts(|item| &item.recipient);
    let kinds: Vec<&str> = texts(|item| &item.kind);
    let lines: Vec<Option<i64>> = new.iter().map(|item| item.line.map(int)).collect();
    let dues: Vec<i64> = new.iter().map(|item| item.due.micros()).collect();
    let ends: Vec<i64> = new.iter().map(|item| item.expires.micros()).collect();
    let bodies: Vec<&[u8]> = new.iter().map(|item| &item.body[..]).collect();
    let at = at.micros();
    tx.run(INSERT, &[of, &at, &ids, &channels, &recipients, &kinds, &lines, &dues, &ends, &bodies])
        .await?;
    Ok(())
}

async fn settle(
    tx: &mut Tx,
    tenant: TenantId,
    id: Digest,
    outcome: Outcome,
    then: &Step,
) -> Result<Option<Stage>, OutboxFault> {
    let (of, row_id) = (key(tenant), id.as_bytes().to_vec());
    let rows = tx.rows(ONE, &[&of, &row_id]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let stage = Stage::of(row.try_get(4)?);
    if stage != Stage::Waiting {
        return Ok(Some(stage));
    }
    let dates = Dates {
        made: instant(row, 0)?,
        due: instant(row, 1)?,
        expires: instant(row, 2)?,
        failures: u32::try_from(row.try_get::<_, i64>(3)?).unwrap_or(u32::MAX),
    };
    put(tx, tenant, then).await?;
    let next = after(dates, outcome, then.at);
    let waits = next.stage == Stage::Waiting;
    let ended = (!waits).then_some(then.at.micros());
    let (number, due) = (next.stage.number(), next.due.micros());
    let failures = i64::from(next.failures);
    tx.run(SETTLE, &[&of, &row_id, &number, &due, &failures, &next.why, &ended]).await?;
    if waits {
        tx.run(WAIT, &[&of, &row_id, &due]).await?;
    } else {
        tx.run(END, &[&of, &row_id]).await?;
        tx.run(TRIM, &[&of, &i64::try_from(MAX_ENDED).unwrap_or(i64::MAX)]).await?;
    }
    Ok(Some(next.stage))
}

/// The rows of one tenant that are due then, as they stand. One that ended meanwhile is left out.
async fn bodies(
    pg: &Pg,
    tenant: TenantId,
    ids: &BTreeMap<Digest, Timestamp>,
) -> Result<BTreeMap<Digest, Due>, OutboxFault> {
    let mut tx = pg.tenant_tx(tenant).await?;
    let wanted: Vec<&[u8]> = ids.keys().map(|id| &id.as_bytes()[..]).collect();
    let mut found = BTreeMap::new();
    for row in tx.rows(BODIES, &[&key(tenant), &wanted]).await? {
        let id = digest(&row, 0)?;
        let item = Item {
            id,
            channel: row.try_get(1)?,
            recipient: row.try_get(2)?,
            kind: row.try_get(3)?,
            line: line(&row, 4)?,
            due: ids.get(&id).copied().unwrap_or_default(),
            expires: instant(&row, 5)?,
            body: row.try_get(6)?,
        };
        let failures = u32::try_from(row.try_get::<_, i64>(7)?).unwrap_or(u32::MAX);
        found.insert(id, Due { tenant, item, failures });
    }
    Ok(found)
}

fn row(row: &Found) -> Result<Row, Error> {
    Ok(Row {
        id: digest(row, 0)?,
        channel: row.try_get(1)?,
        recipient: row.try_get(2)?,
        kind: row.try_get(3)?,
        line: line(row, 4)?,
        made: instant(row, 5)?,
        due: instant(row, 6)?,
        failures: u32::try_from(row.try_get::<_, i64>(7)?).unwrap_or(u32::MAX),
        stage: Stage::of(row.try_get(8)?),
        why: row.try_get(9)?,
        ended: row.try_get::<_, Option<i64>>(10)?.map(Timestamp::from_micros),
    })
}

#[async_trait]
impl Outbox for PgOutbox {
    async fn mark(&self, tenant: TenantId) -> Result<Mark, OutboxFault> {
        mark(&self.0.tenant_tx(tenant).await?.rows(MARK, &[&key(tenant)]).await?)
    }

    async fn put(&self, tenant: TenantId, step: Step) -> Result<Put, OutboxFault> {
        check(&step)?;
        let mut tx = self.0.tenant_tx(tenant).await?;
        let done = put(&mut tx, tenant, &step).await?;
        tx.commit().await?;
        Ok(done)
    }

    async fn due(&self, at: Timestamp, most: usize) -> Result<Vec<Due>, OutboxFault> {
        let (mut order, mut of) = (Vec::new(), BTreeMap::<_, BTreeMap<_, _>>::new());
        for row in self.0.rows(DUE, &[&at.micros(), &limit(most)]).await? {
            let (tenant, id) = (tenant_of(&row)?, digest(&row, 1)?);
            order.push((tenant, id));
            of.entry(tenant).or_default().insert(id, instant(&row, 2)?);
        }
        let mut found = BTreeMap::new();
        for (tenant, ids) in of {
            found.insert(tenant, bodies(&self.0, tenant, &ids).await?);
        }
        let next = |(tenant, id)| found.get_mut(&tenant)?.remove(&id);
        Ok(order.into_iter().filter_map(next).collect())
    }

    async fn settle(
        &self,
        tenant: TenantId,
        id: Digest,
        outcome: Outcome,
        then: Step,
    ) -> Result<Option<Stage>, OutboxFault> {
        check(&then)?;
        let mut tx = self.0.tenant_tx(tenant).await?;
        let stage = settle(&mut tx, tenant, id, outcome, &then).await?;
        tx.commit().await?;
        Ok(stage)
    }

    async fn defer(&self, channel: &str, until: Timestamp) -> Result<usize, OutboxFault> {
        let moved = self.0.run(DEFER, &[&channel, &until.micros()]).await?;
        Ok(usize::try_from(moved).unwrap_or(usize::MAX))
    }

    async fn rows(&self, tenant: TenantId, most: usize) -> Result<Vec<Row>, OutboxFault> {
        let mut tx = self.0.tenant_tx(tenant).await?;
        let rows = tx.rows(ROWS, &[&key(tenant), &limit(most)]).await?;
        Ok(rows.iter().map(row).collect::<Result<_, _>>()?)
    }

    async fn close(&self, closed: Closed) -> Result<(), OutboxFault> {
        check_closed(&closed)?;
        let Closed { channel, why, at } = closed;
        self.0.run(CLOSE, &[&channel, &why, &at.micros()]).await?;
        Ok(())
    }

    async fn closed(&self) -> Result<Vec<Closed>, OutboxFault> {
        let rows = self.0.rows(CLOSED, &[&limit(MAX_ROWS)]).await?;
        let closed = |row: &Found| {
            Ok(Closed { channel: row.try_get(0)?, why: row.try_get(1)?, at: instant(row, 2)? })
        };
        Ok(rows.iter().map(closed).collect::<Result<_, Error>>()?)
    }
}
