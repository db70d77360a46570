//! The bank of shares on PostgreSQL: what all gateways have drawn, under row locks, and who has places, under the server's
//! own clock.
//!
//! Never here: a share that is spent before its draw is committed, a gateway's clock in a lease.

use async_trait::async_trait;
use tokio_postgres::Row;
use writ_model::{BootId, Span, TenantId, Timestamp};

use super::{Pg, PgFault, Tx, int, key, migrate::Step};
use crate::{
    memory::judge,
    meter::bank::{
        Bank, BankFault, Draw, Drawn, GRACE, Holder, MAX_WINDOWS, RECLAIM, Rest, Seated, Seats,
        Window,
    },
};

/// LIMIT: rows of one tenant that say who has places: clauses by gateways.
const MAX_SEATS: i64 = 65_536;
/// How long a run is remembered after its lease.
const FORGET: Span = Span::days(1);

pub(super) const STEP: Step = Step {
    name: "meter",
    sql: SQL,
    needs: 0,
    rights: &[
        ("drawn", "SELECT, INSERT, UPDATE, DELETE"),
        ("seats", "SELECT, INSERT, UPDATE, DELETE"),
        ("holders", "SELECT, INSERT, UPDATE, DELETE"),
    ],
    fleet: &["holders"],
};

/// `holders` says which run of a gateway has a lease on places until when; it has nothing of a tenant.
const SQL: &str = r"
CREATE TABLE writ.drawn (
  tenant bytea NOT NULL CHECK (length(tenant) = 16),
  key    bytea NOT NULL CHECK (length(key) = 33),
  length bigint NOT NULL CHECK (length > 0),
  start  bigint NOT NULL,
  ends   bigint NOT NULL,
  total  bigint NOT NULL CHECK (total >= 0),
  PRIMARY KEY (tenant, key, length, start)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
CREATE TABLE writ.seats (
  tenant bytea NOT NULL CHECK (length(tenant) = 16),
  key    bytea NOT NULL CHECK (length(key) = 33),
  boot   bytea NOT NULL CHECK (length(boot) = 16),
  epoch  bigint NOT NULL,
  taken  bigint NOT NULL CHECK (taken >= 0),
  PRIMARY KEY (tenant, key, boot)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
CREATE TABLE writ.holders (
  boot  bytea PRIMARY KEY CHECK (length(boot) = 16),
  epoch bigint NOT NULL,
  until timestamptz NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
ALTER TABLE writ.drawn ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE writ.seats ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON writ.drawn USING (tenant = decode(current_setting('writ.tenant', true), 'hex'));
CREATE POLICY own ON writ.seats USING (tenant = decode(current_setting('writ.tenant', true), 'hex'));
";

/// In the order of the key, so that two draws of the same windows never wait for each other in a circle.
const LOCK: &str = "
SELECT d.key, d.length, d.start, d.total FROM writ.drawn d
WHERE d.tenant = $1 AND (d.key, d.length, d.start) IN
  (SELECT * FROM unnest($2::bytea[], $3::bigint[], $4::bigint[]))
ORDER BY d.key, d.length, d.start FOR UPDATE";
const TOTALS: &str = "
SELECT d.key, d.length, d.start, d.total FROM writ.drawn d
WHERE d.tenant = $1 AND (d.key, d.length, d.start) IN
  (SELECT * FROM unnest($2::bytea[], $3::bigint[], $4::bigint[]))";
const MAKE: &str = "
INSERT INTO writ.drawn (tenant, key, length, start, ends, total)
SELECT $1, w.key, w.length, w.start, w.start + w.length, 0
FROM unnest($2::bytea[], $3::bigint[], $4::bigint[]) AS w(key, length, start)
ON CONFLICT DO NOTHING";
const COUNT: &str =
    "SELECT count(*) FROM (SELECT FROM writ.drawn WHERE tenant = $1 LIMIT $2) AS first";
const SET: &str = "
UPDATE writ.drawn d SET total = w.total
FROM unnest($2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[]) AS w(key, length, start, total)
WHERE d.tenant = $1 AND d.key = w.key AND d.length = w.length AND d.start = w.start";
const GIVE_BACK: &str = "
UPDATE writ.drawn d SET total = greatest(0, d.total - w.rest)
FROM unnest($2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[]) AS w(key, length, start, rest)
WHERE d.tenant = $1 AND d.key = w.key AND d.length = w.length AND d.start = w.start";
/// A gateway whose clock is ahead must not have windows forgotten that others are still in.
const EXPIRE: &str = "
DELETE FROM writ.drawn WHERE tenant = $1
  AND ends <= least($2, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) - $3";
const EXPIRE_SEATS: &str = "
DELETE FROM writ.seats s WHERE s.tenant = $1 AND NOT EXISTS (
  SELECT FROM writ.holders r WHERE r.boot = s.boot AND r.epoch = s.epoch AND r.until > clock_timestamp())";
/// Fleet statement: a run is no tenant's. An epoch is the instant of its beginning.
const RENEW: &str = "
WITH gone AS (
  DELETE FROM writ.holders WHERE boot <> $1 AND until < clock_timestamp() - $3 * interval '1 microsecond'
)
INSERT INTO writ.holders AS r (boot, epoch, until)
VALUES ($1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        clock_timestamp() + $2 * interval '1 microsecond')
ON CONFLICT (boot) DO UPDATE SET until = excluded.until,
  epoch = CASE WHEN r.until > clock_timestamp() THEN r.epoch
          ELSE greatest(r.epoch + 1, excluded.epoch) END
RETURNING epoch";
/// In the order of their numbers; another process waits until the transaction ends. The first number is only ours.
const ALONE: &str = "
SELECT pg_advisory_xact_lock(1465012820, n) FROM unnest($1::int[]) AS n";
const SEATED: &str = "
SELECT w.key,
  coalesce((SELECT sum(s.taken) FROM writ.seats s JOIN writ.holders r ON r.boot = s.boot
            WHERE s.tenant = $1 AND s.key = w.key AND s.boot <> $3
              AND r.epoch = s.epoch AND r.until > clock_timestamp()), 0)::bigint,
  EXISTS (SELECT FROM writ.holders r
          WHERE r.boot = $3 AND r.epoch = $4 AND r.until > clock_timestamp()),
  (SELECT count(*) FROM (SELECT FROM writ.seats s WHERE s.tenant = $1 LIMIT $5) AS first)
FROM unnest($2::bytea[]) AS w(key)";
const SIT: &str = "
INSERT INTO writ.seats (tenant, key, boot, epoch, taken)
SELECT $1, w.key, $4, $5, w.taken FROM unnest($2::bytea[], $3::bigint[]) AS w(key, taken)
ON CONFLICT (tenant, key, boot) DO UPDATE SET epoch = excluded.epoch, taken = excluded.taken";
const STAND: &str =
    "DELETE FROM writ.seats WHERE tenant = $1 AND key = ANY($2) AND boot = $3 AND taken = 0";

/// What is drawn and who has places, in one PostgreSQL database.
#[derive(Debug, Clone)]
pub struct PgBank {
    pg: Pg,
}

impl From<PgFault> for BankFault {
    fn from(fault: PgFault) -> Self {
        Self::Faulted { why: fault.to_string() }
    }
}

impl From<tokio_postgres::Error> for BankFault {
    fn from(fault: tokio_postgres::Error) -> Self {
        PgFault::from(fault).into()
    }
}

/// Windows as statements take them.
struct Columns {
    keys: Vec<Vec<u8>>,
    lengths: Vec<i64>,
    starts: Vec<i64>,
}

impl Columns {
    fn of(windows: impl Iterator<Item = Window> + Clone) -> Self {
        Self {
            keys: windows.clone().map(|one| one.key.to_bytes().to_vec()).collect(),
            lengths: windows.clone().map(|one| one.length.as_micros()).collect(),
            starts: windows.map(|one| one.start.micros()).collect(),
        }
    }
}

/// What a statement's rows say of windows, in their order; none of one that is not there.
fn totals(
    rows: &[Row],
    windows: impl Iterator<Item = Window>,
) -> Result<Vec<Option<u64>>, BankFault> {
    let mut known = Vec::with_capacity(rows.len());
    for row in rows {
        let place: (Vec<u8>, i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        known.push((place, u64::try_from(row.try_get::<_, i64>(3)?).unwrap_or(0)));
    }
    let of = |window: Window| {
        let place = (&window.key.to_bytes()[..], window.length.as_micros(), window.start.micros());
        known.iter().find(|((key, length, start), _)| (&key[..], *length, *start) == place)
    };
    Ok(windows.map(|window| of(window).map(|(_, total)| *total)).collect())
}

impl PgBank {
    pub(super) fn new(pg: Pg) -> Self {
        Self { pg }
    }

    /// Makes windows that are not there, unless the tenant has too many.
    async fn make(
        tx: &mut Tx,
        tenant: &[u8],
        now: Timestamp,
        all: &Columns,
    ) -> Result<(), BankFault> {
        tx.run(EXPIRE, &[&tenant, &now.micros(), &GRACE.as_micros()]).await?;
        let bound = i64::try_from(MAX_WINDOWS).unwrap_or(i64::MAX);
        let rows = tx.rows(COUNT, &[&tenant, &bound]).await?;
        let known: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
        if known >= bound {
            return Err(BankFault::Full { what: "windows", bound: MAX_WINDOWS });
        }
        tx.run(MAKE, &[&tenant, &all.keys, &all.lengths, &all.starts]).await?;
        Ok(())
    }
}

#[async_trait]
impl Bank for PgBank {
    async fn draw(
        &self,
        tenant: TenantId,
        now: Timestamp,
        draws: &[Draw],
    ) -> Result<Vec<Drawn>, BankFault> {
        let mut sorted: Vec<Window> = draws.iter().map(|draw| draw.window).collect();
        sorted.sort_unstable_by_key(|one| (one.key.to_bytes(), one.length, one.start));
        let all = Columns::of(sorted.into_iter());
        let tenant_key = key(tenant);
        let mut tx = self.pg.tenant_tx(tenant).await?;
        let windows = || draws.iter().map(|draw| draw.window);
        let lock: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
            &[&tenant_key, &all.keys, &all.lengths, &all.starts];
        let mut known = totals(&tx.rows(LOCK, lock).await?, windows())?;
        if known.iter().any(Option::is_none) {
            Self::make(&mut tx, &tenant_key, now, &all).await?;
            known = totals(&tx.rows(LOCK, lock).await?, windows())?;
        }
        let known: Option<Vec<u64>> = known.into_iter().collect();
        let known = known.ok_or_else(|| PgFault::words("a window was not made"))?;
        let out = judge(draws, &known);
        if out.iter().any(|outcome| outcome.now > 0) {
            let taken = || draws.iter().zip(&out).filter(|(_, outcome)| outcome.now > 0);
            let new = Columns::of(taken().map(|(draw, _)| draw.window));
            let totals: Vec<i64> = taken().map(|(_, outcome)| int(outcome.total)).collect();
            tx.run(SET, &[&tenant_key, &new.keys, &new.lengths, &new.starts, &totals]).await?;
            tx.commit().await?;
        }
        Ok(out)
    }

    async fn give_back(&self, tenant: TenantId, rests: &[Rest]) -> Result<(), BankFault> {
        let mut rests = rests.to_vec();
        rests.sort_unstable_by_key(|rest| {
            (rest.window.key.to_bytes(), rest.window.length, rest.window.start)
        });
        let all = Columns::of(rests.iter().map(|rest| rest.window));
        let amounts: Vec<i64> = rests.iter().map(|rest| int(rest.amount)).collect();
        let tenant_key = key(tenant);
        let mut tx = self.pg.tenant_tx(tenant).await?;
        // Locked in order first: an update alone takes rows as it finds them.
        tx.rows(LOCK, &[&tenant_key, &all.keys, &all.lengths, &all.starts]).await?;
        tx.run(GIVE_BACK, &[&tenant_key, &all.keys, &all.lengths, &all.starts, &amounts]).await?;
        Ok(tx.commit().await?)
    }

    async fn read(&self, tenant: TenantId, windows: &[Window]) -> Result<Vec<u64>, BankFault> {
        let all = Columns::of(windows.iter().copied());
        let mut tx = self.pg.tenant_tx(tenant).await?;
        let found = [&all.lengths, &all.starts];
        let rows = tx.rows(TOTALS, &[&key(tenant), &all.keys, &found[0], &found[1]]).await?;
        let known = totals(&rows, windows.iter().copied())?;
        Ok(known.into_iter().map(|total| total.unwrap_or(0)).collect())
    }

    async fn expire(&self, tenant: TenantId, now: Timestamp) -> Result<u64, BankFault> {
        let tenant_key = key(tenant);
        let mut tx = self.pg.tenant_tx(tenant).await?;
        let windows = tx.run(EXPIRE, &[&tenant_key, &now.micros(), &GRACE.as_micros()]).await?;
        let seats = tx.run(EXPIRE_SEATS, &[&tenant_key]).await?;
        tx.commit().await?;
        Ok(windows + seats)
    }

    async fn renew(&self, boot: BootId, _now: Timestamp) -> Result<u64, BankFault> {
        let (lasts, forget) = (micros(RECLAIM), micros(FORGET));
        let rows = self.pg.rows(RENEW, &[&boot.to_bytes().to_vec(), &lasts, &forget]).await?;
        let epoch: i64 = match rows.first() {
            Some(row) => row.try_get(0)?,
            None => return Err(PgFault::words("no lease").into()),
        };
        Ok(u64::try_from(epoch).unwrap_or(0))
    }

    async fn seat(
        &self,
        tenant: TenantId,
        _now: Timestamp,
        holder: Holder,
        seats: &[Seats],
    ) -> Result<Vec<Seated>, BankFault> {
        let (tenant_key, boot) = (key(tenant), holder.boot.to_bytes().to_vec());
        let epoch = int(holder.epoch);
        let mut locks: Vec<i32> = seats.iter().map(|seat| number(tenant, seat)).collect();
        locks.sort_unstable();
        let keys: Vec<Vec<u8>> = seats.iter().map(|seat| seat.key.to_bytes().to_vec()).collect();
        let mut tx = self.pg.tenant_tx(tenant).await?;
        tx.rows(ALONE, &[&locks]).await?;
        let rows = tx.rows(SEATED, &[&tenant_key, &keys, &boot, &epoch, &(MAX_SEATS + 1)]).await?;
        let mut out = Vec::with_capacity(seats.len());
        for seat in seats {
            let mut others = 0;
            for row in &rows {
                if !row.try_get::<_, bool>(2)? {
                    return Err(BankFault::Lapsed);
                }
                if row.try_get::<_, i64>(3)? > MAX_SEATS {
                    let bound = usize::try_from(MAX_SEATS).unwrap_or(usize::MAX);
                    return Err(BankFault::Full { what: "places", bound });
                }
                if row.try_get::<_, &[u8]>(0)? == seat.key.to_bytes() {
                    others = u64::try_from(row.try_get::<_, i64>(1)?).unwrap_or(0);
                }
            }
            out.push(Seated { fits: others.saturating_add(seat.mine) <= seat.most, others });
        }
        if out.iter().all(|one| one.fits) {
            let taken: Vec<i64> = seats.iter().map(|seat| int(seat.mine)).collect();
            tx.run(SIT, &[&tenant_key, &keys, &taken, &boot, &epoch]).await?;
            if taken.contains(&0) {
                tx.run(STAND, &[&tenant_key, &keys, &boot]).await?;
            }
            tx.commit().await?;
        }
        Ok(out)
    }
}

fn micros(span: Span) -> f64 {
    // Spans here are a day at most: exact.
    span.to_std().as_secs_f64() * 1_000_000.0
}

/// The number under which a key's places are locked. Two keys with one number only wait for each other.
fn number(tenant: TenantId, seat: &Seats) -> i32 {
    let bytes = tenant.to_bytes().into_iter().chain(seat.key.to_bytes());
    let hash = bytes
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    i32::from_be_bytes(hash.to_be_bytes())
}
