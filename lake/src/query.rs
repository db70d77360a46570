//! Reading: pages, one call, use of a grant, the leaves of a seal. Every question names its tenant, save the fleet's
//! page, which is for the provider.
//!
//! Never here: a write, or SQL text built from what was asked.

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Row, params};
use writ_model::{
    AgentId, BootId, CallId, Digest, GatewayId, GrantId, HoldId, Id, InstanceId, TenantId,
    Timestamp, ocsf::Disposition,
};

use crate::{
    fault::LakeFault,
    record::{Inputs, Record, effect_number, effect_of},
    seal::{Batch, Run, Seal},
    sql,
};

/// LIMIT: most records on one page.
pub const PAGE: usize = 500;

/// Which calls.
#[derive(Debug, Clone, Copy, Default)]
pub struct CallFilter {
    /// Only of this tenant. Nothing: the provider's page over all of them.
    pub tenant: Option<TenantId>,
    /// Only of this agent; its tenant must be given too.
    pub agent: Option<AgentId>,
    /// Only with this effect.
    pub effect: Option<Disposition>,
    /// Only what was observed and would else have been refused; its tenant must be given too.
    pub observed: bool,
    /// Only of this hold: when it was asked for, and when it was executed; its tenant must be given too.
    pub hold: Option<HoldId>,
    /// Only from this instant on.
    pub since: Option<Timestamp>,
    /// Only before this instant.
    pub until: Option<Timestamp>,
    /// Only older than this place (see [`Stored::place`]).
    pub before: Option<i64>,
    /// At most so many; cut to [`PAGE`].
    pub limit: usize,
}

/// A record and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// Its place in order of arrival: the cursor of a page.
    pub place: i64,
    /// The record.
    pub record: Record,
}

/// A page, newest first.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The records.
    pub calls: Vec<Stored>,
    /// `before` of the next page, if there may be one.
    pub next: Option<i64>,
}

/// How a grant was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Use {
    /// Permitted calls.
    pub count: u64,
    /// The first.
    pub first: Option<Timestamp>,
    /// The last.
    pub last: Option<Timestamp>,
}

pub(crate) fn page(db: &Connection, filter: &CallFilter) -> Result<Page, LakeFault> {
    let limit = filter.limit.clamp(1, PAGE);
    let before = filter.before.unwrap_or(i64::MAX);
    let effect = filter.effect.map_or(0, effect_number);
    let shown = i64::try_from(limit).unwrap_or(0);
    let what = LakeFault::sql("read a page");
    let read = |text: &str, values: &[&dyn rusqlite::ToSql]| {
        let mut statement = db.prepare_cached(text)?;
        let rows = statement.query_map(values, |row| Ok(stored(row)))?;
        rows.collect::<Result<Vec<_>, _>>()
    };
    let since = filter.since.map_or(i64::MIN, Timestamp::micros);
    let until = filter.until.map_or(i64::MAX, Timestamp::micros);
    let agent = filter.agent.map(Id::to_bytes);
    let Some(tenant) = filter.tenant.map(Id::to_bytes) else {
        let narrow = agent.is_some() || filter.observed || filter.hold.is_some();
        let rows = if narrow {
            Ok(Vec::new())
        } else {
            read(sql::PAGE_ALL, params![before, effect, shown, since, until])
        };
        return paged(rows.map_err(what)?, limit);
    };
    let base = (before, effect, shown, since, until, tenant);
    let narrowed = |text: &str, by: &dyn rusqlite::ToSql| {
        read(text, params![base.0, base.1, base.2, base.3, base.4, base.5, by])
    };
    let rows = match (filter.hold, filter.observed, agent) {
        (Some(hold), _, _) => narrowed(sql::PAGE_HOLD, &hold.to_bytes()),
        (None, true, agent) => narrowed(sql::PAGE_OBSERVED, &agent),
        (None, false, Some(agent)) => narrowed(sql::PAGE_AGENT, &agent),
        (None, false, None) => {
            read(sql::PAGE_TENANT, params![before, effect, shown, since, until, tenant])
        }
    };
    paged(rows.map_err(what)?, limit)
}

fn paged(rows: Vec<Result<Stored, LakeFault>>, limit: usize) -> Result<Page, LakeFault> {
    let calls = rows.into_iter().collect::<Result<Vec<_>, _>>()?;
    let next = calls.last().filter(|_| calls.len() == limit).map(|call| call.place);
    Ok(Page { calls, next })
}

/// Records after a place, oldest first.
pub(crate) fn copied(
    db: &Connection,
    values: &[&dyn rusqlite::ToSql],
) -> Result<Vec<Stored>, LakeFault> {
    let what = LakeFault::sql("copy records");
    let read = || {
        let mut statement = db.prepare_cached(sql::COPY)?;
        statement.query_map(values, |row| Ok(stored(row)))?.collect::<Result<Vec<_>, _>>()
    };
    read().map_err(what)?.into_iter().collect()
}

pub(crate) fn call(
    db: &Connection,
    tenant: TenantId,
    call: CallId,
) -> Result<Option<Stored>, LakeFault> {
    db.prepare_cached(sql::BY_CALL)
        .and_then(|mut find| {
            find.query_row([tenant.to_bytes(), call.to_bytes()], |row| Ok(stored(row))).optional()
        })
        .map_err(LakeFault::sql("find a call"))?
        .transpose()
}

pub(crate) fn grant_use(
    db: &Connection,
    grant: GrantId,
    since: Timestamp,
) -> Result<Use, LakeFault> {
    db.prepare_cached(sql::GRANT_USE)
        .and_then(|mut find| {
            find.query_row(params![grant.to_bytes(), since.micros()], |row| {
                Ok(Use {
                    count: row.get::<_, i64>(0)?.unsigned_abs(),
                    first: row.get::<_, Option<i64>>(1)?.map(Timestamp::from_micros),
                    last: row.get::<_, Option<i64>>(2)?.map(Timestamp::from_micros),
                })
            })
        })
        .map_err(LakeFault::sql("count a grant's use"))
}

pub(crate) fn effects(
    db: &Connection,
    tenant: TenantId,
) -> Result<Vec<(Disposition, u64)>, LakeFault> {
    let rows: Vec<(i64, i64)> = db
        .prepare_cached(sql::EFFECTS)
        .and_then(|mut find| {
            find.query_map([tenant.to_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })
        .map_err(LakeFault::sql("count effects"))?;
    Ok(rows
        .into_iter()
        .filter_map(|(number, count)| Some((effect_of(number)?, count.unsigned_abs())))
        .collect())
}

pub(crate) fn seal_lines(db: &Connection, tenant: TenantId) -> Result<Vec<u64>, LakeFault> {
    db.prepare_cached(sql::SEAL_LINES)
        .and_then(|mut find| {
            find.query_map([tenant.to_bytes()], |row| Ok(row.get::<_, i64>(0)?.unsigned_abs()))?
                .collect()
        })
        .map_err(LakeFault::sql("list seals"))
}

/// The seal of a ledger line and its leaves in order.
pub(crate) fn seal_at(
    db: &Connection,
    tenant: TenantId,
    line: u64,
) -> Result<Option<(Seal, Vec<Bytes>)>, LakeFault> {
    let values = params![tenant.to_bytes(), line.cast_signed()];
    seal(db, tenant, sql::SEAL_LINE, values)
}

/// The seal that covers a call, its leaves in order.
pub(crate) fn seal_of(
    db: &Connection,
    tenant: TenantId,
    call: CallId,
) -> Result<Option<(Seal, Vec<Bytes>)>, LakeFault> {
    seal(db, tenant, sql::SEAL_OF, params![tenant.to_bytes(), call.to_bytes()])
}

fn seal(
    db: &Connection,
    tenant: TenantId,
    text: &str,
    values: &[&dyn rusqlite::ToSql],
) -> Result<Option<(Seal, Vec<Bytes>)>, LakeFault> {
    let what = LakeFault::sql("find a seal");
    let found = db
        .prepare_cached(text)
        .and_then(|mut find| {
            find.query_row(values, |row| {
                let (first, last) = (row.get::<_, i64>(1)?, row.get::<_, i64>(2)?);
                let seal = Seal {
                    batch: Batch {
                        run: Run {
                            tenant,
                            gateway: GatewayId::from_bytes(row.get(4)?),
                            boot: BootId::from_bytes(row.get(5)?),
                        },
                        first: first.unsigned_abs(),
                        last: last.unsigned_abs(),
                        count: (last - first + 1).unsigned_abs(),
                        root: Digest(row.get(3)?),
                    },
                    line: row.get::<_, i64>(6)?.unsigned_abs(),
                };
                Ok((row.get::<_, i64>(0)?, seal))
            })
            .optional()
        })
        .map_err(what)?;
    let Some((run, seal)) = found else { return Ok(None) };
    let leaves = leaves(db, run, seal.batch.first, seal.batch.last)?;
    Ok(Some((seal, leaves.into_iter().map(|(_, leaf)| leaf).collect())))
}

/// (sequence number, OCSF bytes) of a run's range.
pub(crate) fn leaves(
    db: &Connection,
    run: i64,
    first: u64,
    last: u64,
) -> Result<Vec<(u64, Bytes)>, LakeFault> {
    db.prepare_cached(sql::LEAVES)
        .and_then(|mut find| {
            find.query_map(params![run, first.cast_signed(), last.cast_signed()], |row| {
                Ok((row.get::<_, i64>(0)?.unsigned_abs(), Bytes::from(row.get::<_, Vec<u8>>(1)?)))
            })?
            .collect()
        })
        .map_err(LakeFault::sql("read leaves"))
}

/// The number under which a run is kept, if anything of it is.
pub(crate) fn run_number(db: &Connection, run: Run) -> Result<Option<i64>, LakeFault> {
    let key = (run.tenant.to_bytes(), run.gateway.to_bytes(), run.boot.to_bytes());
    db.prepare_cached(sql::RUN_GET)
        .and_then(|mut get| get.query_row(key, |row| row.get(0)).optional())
        .map_err(LakeFault::sql("find a run"))
}

/// Whether a ledger line's seal is kept: the run it is of.
pub(crate) fn seal_line(
    db: &Connection,
    tenant: TenantId,
    line: u64,
) -> Result<Option<i64>, LakeFault> {
    db.prepare_cached(sql::SEAL_LINE)
        .and_then(|mut get| {
            let at = params![tenant.to_bytes(), line.cast_signed()];
            get.query_row(at, |row| row.get(0)).optional()
        })
        .map_err(LakeFault::sql("find a seal"))
}

/// Each (sequence number, OCSF bytes) of a run's range, in order.
pub(crate) fn each_leaf(
    db: &Connection,
    run: Run,
    (first, last): (u64, u64),
    each: &mut dyn FnMut(u64, &[u8]),
) -> Result<(), LakeFault> {
    let number = run_number(db, run)?;
    let mut find = db.prepare_cached(sql::LEAVES).map_err(LakeFault::sql("read leaves"))?;
    let mut rows = find
        .query(params![number, first.cast_signed(), last.cast_signed()])
        .map_err(LakeFault::sql("read leaves"))?;
    while let Some(row) = rows.next().map_err(LakeFault::sql("read leaves"))? {
        let seq: i64 = row.get(0).map_err(LakeFault::sql("read leaves"))?;
        let leaf = row.get_ref(1).and_then(|leaf| Ok(leaf.as_blob()?));
        each(seq.unsigned_abs(), leaf.map_err(LakeFault::sql("read leaves"))?);
    }
    Ok(())
}

fn stored(row: &Row<'_>) -> Result<Stored, LakeFault> {
    let place = row.get(0).map_err(LakeFault::sql("read a row"))?;
    let record = record(row).map_err(LakeFault::sql("read a row"))?;
    let record = record.ok_or(LakeFault::Damaged { pos: place, column: "effect" })?;
    Ok(Stored { place, record })
}

fn record(row: &Row<'_>) -> rusqlite::Result<Option<Record>> {
    let number = |at: usize| row.get::<_, i64>(at).map(i64::unsigned_abs);
    let Some(effect) = effect_of(row.get(11)?) else { return Ok(None) };
    Ok(Some(Record {
        seq: number(1)?,
        call: CallId::from_bytes(row.get(2)?),
        tenant: TenantId::from_bytes(row.get(3)?),
        agent: AgentId::from_bytes(row.get(4)?),
        instance: InstanceId::from_bytes(row.get(5)?),
        at: Timestamp::from_micros(row.get(6)?),
        server: row.get(7)?,
        method: row.get(8)?,
        surface: row.get(9)?,
        name: row.get(10)?,
        effect,
        code: row.get(12)?,
        detail: row.get(13)?,
        grant: row.get::<_, Option<[u8; 16]>>(14)?.map(Id::from_bytes),
        latency_us: number(15)?,
        inputs: Inputs {
            tree_size: number(16)?,
            epoch: number(23)?,
            engine: row.get(17)?,
            reads: row.get(18)?,
            arguments: Bytes::from(row.get::<_, Vec<u8>>(19)?),
            clauses: row.get(24)?,
            charter: row.get(25)?,
            clause_reads: row.get(26)?,
            charged: row.get(27)?,
            observed: row.get(28)?,
            hold: row.get::<_, Option<[u8; 16]>>(29)?.map(Id::from_bytes),
        },
        ocsf: Bytes::from(row.get::<_, Vec<u8>>(20)?),
        gateway: GatewayId::from_bytes(row.get(21)?),
        boot: BootId::from_bytes(row.get(22)?),
    }))
}
