//! Numbers that are missing in a run, and numbers under which two different records came: what nobody may overlook.
//!
//! A gap is kept with the records that show it, in the same transaction, and shrinks when what was missing arrives.
//! Never here: a judgement why it is missing, or a repair.

use rusqlite::{Connection, OptionalExtension, params};
use writ_model::{BootId, Digest, GatewayId, TenantId};

use crate::{fault::LakeFault, record::Record, seal::Run, sql};

/// LIMIT: gaps, and conflicts, that one answer names.
pub(crate) const MOST: i64 = 1_000;

/// Numbers of a run under which no record came although later ones did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The run.
    pub run: Run,
    /// The first missing number.
    pub first: u64,
    /// The last missing number.
    pub last: u64,
}

/// A number of a run under which another record came than the one that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conflict {
    /// The run.
    pub run: Run,
    /// The number.
    pub seq: u64,
}

/// One past the last number that came of a run.
pub(crate) fn reached(db: &Connection, run: i64) -> Result<u64, LakeFault> {
    db.prepare_cached(sql::REACHED)
        .and_then(|mut get| get.query_row([run], |row| row.get::<_, i64>(0)))
        .map(i64::unsigned_abs)
        .map_err(LakeFault::sql("find the end of a run"))
}

/// Takes note that a number came whose run had reached `next`; what it reaches now.
pub(crate) fn came(db: &Connection, run: i64, next: u64, seq: u64) -> Result<u64, LakeFault> {
    if seq == next {
        return Ok(next + 1);
    }
    if seq > next {
        put(db, run, next, seq - 1)?;
        return Ok(seq + 1);
    }
    let found: Option<(i64, i64)> = db
        .prepare_cached(sql::GAP_AT)
        .and_then(|mut get| {
            let at = params![run, seq.cast_signed()];
            get.query_row(at, |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })
        .map_err(LakeFault::sql("find a gap"))?;
    let found = found.map(|(first, last)| (first.unsigned_abs(), last.unsigned_abs()));
    if let Some((first, last)) = found.filter(|(_, last)| *last >= seq) {
        db.prepare_cached(sql::GAP_DROP)
            .and_then(|mut drop| drop.execute(params![run, first.cast_signed()]))
            .map_err(LakeFault::sql("close a gap"))?;
        if first < seq {
            put(db, run, first, seq - 1)?;
        }
        if seq < last {
            put(db, run, seq + 1, last)?;
        }
    }
    Ok(next)
}

fn put(db: &Connection, run: i64, first: u64, last: u64) -> Result<(), LakeFault> {
    db.prepare_cached(sql::GAP_PUT)
        .and_then(|mut put| put.execute(params![run, first.cast_signed(), last.cast_signed()]))
        .map(drop)
        .map_err(LakeFault::sql("keep a gap"))
}

/// Whether the record that stands under a number is this one. If it is not, that is kept and told.
pub(crate) fn same(db: &Connection, run: i64, record: &Record) -> Result<bool, LakeFault> {
    let seq = record.seq.cast_signed();
    let (call, ocsf) = (record.call.to_bytes(), record.ocsf.as_ref());
    let same: bool = db
        .prepare_cached(sql::SAME)
        .and_then(|mut get| {
            let told = params![run, seq, call, ocsf, record.inputs.arguments.as_ref()];
            get.query_row(told, |row| row.get(0))
        })
        .map_err(LakeFault::sql("compare a record"))?;
    if !same {
        let digest = Digest::of_parts(&[&call, ocsf]);
        tracing::error!(tenant = %record.tenant, gateway = %record.gateway, boot = %record.boot,
            seq = record.seq, call = %record.call, %digest,
            "another record came under a number that is taken; the first one is kept");
        db.prepare_cached(sql::CONFLICT_PUT)
            .and_then(|mut put| put.execute(params![run, seq, digest.as_bytes()]))
            .map_err(LakeFault::sql("keep a conflict"))?;
    }
    Ok(same)
}

fn run_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Run> {
    Ok(Run {
        tenant: TenantId::from_bytes(row.get(0)?),
        gateway: GatewayId::from_bytes(row.get(1)?),
        boot: BootId::from_bytes(row.get(2)?),
    })
}

pub(crate) fn gaps(db: &Connection) -> Result<Vec<Gap>, LakeFault> {
    db.prepare_cached(sql::GAPS)
        .and_then(|mut find| {
            find.query_map([MOST], |row| {
                let (first, last) = (row.get::<_, i64>(3)?, row.get::<_, i64>(4)?);
                let (first, last) = (first.unsigned_abs(), last.unsigned_abs());
                Ok(Gap { run: run_of(row)?, first, last })
            })?
            .collect()
        })
        .map_err(LakeFault::sql("list gaps"))
}

pub(crate) fn conflicts(db: &Connection) -> Result<Vec<Conflict>, LakeFault> {
    db.prepare_cached(sql::CONFLICTS)
        .and_then(|mut find| {
            find.query_map([MOST], |row| {
                let seq = row.get::<_, i64>(3)?.unsigned_abs();
                Ok(Conflict { run: run_of(row)?, seq })
            })?
            .collect()
        })
        .map_err(LakeFault::sql("list conflicts"))
}
