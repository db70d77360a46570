//! The roster on PostgreSQL. Its time is the database's clock.
//!
//! Never here: a rule that is not the port's (`roster.rs`).

mod schema;

use async_trait::async_trait;
use tokio_postgres::{Error, Row, types::ToSql};
use writ_model::{BootId, Digest, GatewayId, Span, Timestamp};

pub(super) use schema::STEP;

use super::{Pg, PgFault, Tx, int};
use crate::{
    lease::Standing,
    roster::{
        Beat, FORGET, FORGET_RUN, Heard, MAX_HOLDS, MAX_MEMBERS, MAX_NOTES, MAX_NOTICES,
        MOST_NOTES, Member, Note, Roster, RosterFault, Seen, Wanted, Wish, check_beat, check_hold,
        check_name, check_noted, check_notice, note_bytes, told,
    },
};

/// One round trip, and no wait for the disk: the next beat is only 250 ms away, and [`crate::lease::MARGIN`] covers what a
/// crash may lose. Where the server waits for a standby the beat waits too: a server that was cut off from its standby, which
/// may have taken over, then renews nobody's lease.
const BEAT: &str = "
UPDATE writ.members SET member = $3, applied = $4, standing = $5, report = $6,
  seen = writ.micros(), gone_at = NULL
WHERE gateway = $1 AND boot = $2
RETURNING seen, CASE
  WHEN EXISTS (SELECT FROM writ.notices WHERE name = 'restoring' AND value <> '') THEN 2::smallint
  ELSE (SELECT w.wanted FROM writ.wanted w WHERE w.gateway = $1) END,
  set_config('synchronous_commit', CASE current_setting('synchronous_standby_names')
    WHEN '' THEN 'off' ELSE current_setting('synchronous_commit') END, true)";
/// A run's first beat. It is durable: after a crash of the database nobody with a lease is unknown.
const ENTER: &str = "
INSERT INTO writ.members (gateway, boot, member, applied, standing, report, seen, entered)
SELECT $1, $2, $3, $4, $5, $6, n.at, n.at FROM (SELECT writ.micros() AS at) n
ON CONFLICT (gateway, boot) DO UPDATE SET member = excluded.member, applied = excluded.applied,
  standing = excluded.standing, report = excluded.report, seen = excluded.seen, gone_at = NULL
RETURNING seen, CASE
  WHEN EXISTS (SELECT FROM writ.notices WHERE name = 'restoring' AND value <> '') THEN 2::smallint
  ELSE (SELECT w.wanted FROM writ.wanted w WHERE w.gateway = $1) END";
/// Those who enter come one after the other, so that together they keep the bound; who beats does not wait.
const ALONE: &str = "SELECT pg_advisory_xact_lock(860235, 0)::text";
const SWEEP: &str = "
DELETE FROM writ.members m WHERE seen < writ.micros() - $1
  OR (seen < writ.micros() - $2 AND EXISTS (
    SELECT FROM writ.members n WHERE n.gateway = m.gateway AND n.seen > m.seen))";
const MEMBERS: &str = "SELECT count(*) FROM writ.members";
const LIST: &str = "
SELECT m.member, m.applied, m.standing, m.report, m.seen, w.wanted, w.wanted_by, m.gone_at,
  m.entered
FROM writ.members m LEFT JOIN writ.wanted w ON w.gateway = m.gateway
ORDER BY m.gateway, m.boot";
const FORGET_ONE: &str = "DELETE FROM writ.members WHERE gateway = $1 AND boot = $2";
const NOW: &str = "SELECT writ.micros()";
const LEAVE: &str =
    "UPDATE writ.members SET gone_at = writ.micros() WHERE gateway = $1 AND boot = $2";
/// A wish to serve, of a gateway that is gone, is none.
const SWEEP_WANTED: &str = "
DELETE FROM writ.wanted w WHERE wanted = 0
  AND NOT EXISTS (SELECT FROM writ.members m WHERE m.gateway = w.gateway)";
const WANT: &str = "
INSERT INTO writ.wanted (gateway, wanted, wanted_by)
SELECT $1, $2, $3 WHERE EXISTS (SELECT FROM writ.wanted WHERE gateway = $1)
  OR (SELECT count(*) FROM writ.wanted) < $4
ON CONFLICT (gateway) DO UPDATE SET wanted = excluded.wanted, wanted_by = excluded.wanted_by
WHERE $5 OR writ.wanted.wanted < 2";
const IS_HALTED: &str = "SELECT FROM writ.wanted WHERE gateway = $1 AND wanted >= 2";
const IS_MEMBER: &str = "SELECT FROM writ.members WHERE gateway = $1 LIMIT 1";
const ADD_NOTE: &str = "
INSERT INTO writ.notes (digest, body)
SELECT $1, $2 WHERE (SELECT count(*) FROM writ.notes) < $3
ON CONFLICT (digest) DO NOTHING";
const HAS_NOTE: &str = "SELECT FROM writ.notes WHERE digest = $1";
const NOTES: &str = "SELECT id, body FROM writ.notes WHERE id > $1 ORDER BY id LIMIT $2";
const NOTED: &str = "DELETE FROM writ.notes WHERE id = ANY($1)";
/// The row is locked before it is compared, and the clock is read after.
const HOLD: &str = "
INSERT INTO writ.holds AS h (name, holder, epoch, until)
SELECT $1, $2, 1, writ.micros() + $3 WHERE EXISTS (SELECT FROM writ.holds WHERE name = $1)
  OR (SELECT count(*) FROM writ.holds) < $4
ON CONFLICT (name) DO UPDATE SET holder = $2, until = writ.micros() + $3,
  epoch = h.epoch + CASE WHEN h.until <= writ.micros() THEN 1 ELSE 0 END
WHERE h.holder = $2 OR h.until <= writ.micros()
RETURNING epoch";
const HAS_HOLD: &str = "SELECT FROM writ.holds WHERE name = $1";
const GIVE_BACK: &str = "
UPDATE writ.holds SET until = least(until, writ.micros()) WHERE name = $1 AND holder = $2";
const PUBLISH: &str = "
INSERT INTO writ.notices (name, value)
SELECT $1, $2 WHERE EXISTS (SELECT FROM writ.notices WHERE name = $1)
  OR (SELECT count(*) FROM writ.notices) < $3
ON CONFLICT (name) DO UPDATE SET value = excluded.value";
const PUBLISHED: &str = "SELECT value FROM writ.notices WHERE name = $1";

/// The roster of all processes in one PostgreSQL database.
#[derive(Debug, Clone)]
pub struct PgRoster(Pg);

impl PgRoster {
    pub(super) fn new(pg: Pg) -> Self {
        Self(pg)
    }

    async fn wish(
        &self,
        gateway: GatewayId,
        wanted: Wanted,
        by: String,
        lifts: bool,
    ) -> Result<Wish, RosterFault> {
        check_name(&by)?;
        let gateway = gateway.to_bytes().to_vec();
        if self.0.rows(IS_MEMBER, &[&gateway]).await?.is_empty() {
            return Ok(Wish::Unknown);
        }
        self.0.run(SWEEP_WANTED, &[]).await?;
        let wanted: i16 = match wanted {
            Wanted::Serve => 0,
            Wanted::Drain => 1,
            Wanted::Halt => 2,
        };
        // One statement compares and writes: a halt that comes in between is not overwritten.
        let done = self.0.run(WANT, &[&gateway, &wanted, &by, &most(MAX_MEMBERS), &lifts]).await?;
        if done > 0 {
            return Ok(Wish::Heard);
        }
        if !lifts && !self.0.rows(IS_HALTED, &[&gateway]).await?.is_empty() {
            return Ok(Wish::Halted);
        }
        Err(RosterFault::Full { what: "wishes", bound: MAX_MEMBERS })
    }

    /// A run's first beat.
    async fn enter(&self, beat: &Beat, member: &Vec<u8>) -> Result<Heard, RosterFault> {
        let mut tx = self.0.fleet_tx().await?;
        tx.rows(ALONE, &[]).await?;
        tx.run(SWEEP, &[&FORGET.as_micros(), &FORGET_RUN.as_micros()]).await?;
        let there: i64 = one(&tx.rows(MEMBERS, &[]).await?)?.try_get(0)?;
        if usize::try_from(there).unwrap_or(usize::MAX) >= MAX_MEMBERS {
            make_room(&mut tx).await?;
        }
        let (gateway, boot) = who(&beat.member);
        let (applied, standing) = (beat.applied.map(Timestamp::micros), number(beat.standing));
        let params: &[&(dyn ToSql + Sync)] =
            &[&gateway, &boot, member, &applied, &standing, &beat.report];
        let heard = heard(one(&tx.rows(ENTER, params).await?)?)?;
        tx.commit().await?;
        Ok(heard)
    }
}

/// Forgets the member that is lost the longest.
async fn make_room(tx: &mut Tx) -> Result<(), RosterFault> {
    let now = instant(one(&tx.rows(NOW, &[]).await?)?, 0)?;
    let all = members(&tx.rows(LIST, &[]).await?)?;
    let lost = all.iter().filter(|seen| seen.over_at() < now).min_by_key(|seen| seen.seen);
    let Some(lost) = lost else {
        return Err(RosterFault::Full { what: "members", bound: MAX_MEMBERS });
    };
    let (gateway, boot) = who(&lost.beat.member);
    tx.run(FORGET_ONE, &[&gateway, &boot]).await?;
    Ok(())
}

fn one(rows: &[Row]) -> Result<&Row, PgFault> {
    rows.first().ok_or_else(|| PgFault::words("no answer"))
}

fn who(member: &Member) -> (Vec<u8>, Vec<u8>) {
    (member.gateway.to_bytes().to_vec(), member.boot.to_bytes().to_vec())
}

/// A bound as PostgreSQL's integer.
fn most(bound: usize) -> i64 {
    i64::try_from(bound).unwrap_or(i64::MAX)
}

fn number(standing: Standing) -> i16 {
    match standing {
        Standing::Nothing => 0,
        Standing::Reading => 1,
        Standing::Full => 2,
    }
}

fn standing(number: i16) -> Standing {
    match number {
        2 => Standing::Full,
        1 => Standing::Reading,
        _ => Standing::Nothing,
    }
}

/// A wish that a newer release made and this one does not know is one to halt.
fn wanted(number: Option<i16>) -> Wanted {
    match number {
        None | Some(0) => Wanted::Serve,
        Some(1) => Wanted::Drain,
        Some(_) => Wanted::Halt,
    }
}

fn instant(row: &Row, column: usize) -> Result<Timestamp, Error> {
    Ok(Timestamp::from_micros(row.try_get(column)?))
}

fn heard(row: &Row) -> Result<Heard, RosterFault> {
    Ok(Heard { at: instant(row, 0)?, wanted: wanted(row.try_get(1)?) })
}

fn json(fault: &serde_json::Error) -> RosterFault {
    RosterFault::Faulted { why: format!("a row is not of its form: {fault}") }
}

fn seen(row: &Row) -> Result<Seen, RosterFault> {
    let member: Vec<u8> = row.try_get(0)?;
    let moment = |column| -> Result<_, Error> {
        Ok(row.try_get::<_, Option<i64>>(column)?.map(Timestamp::from_micros))
    };
    let beat = Beat {
        member: serde_json::from_slice(&member).map_err(|fault| json(&fault))?,
        applied: moment(1)?,
        standing: standing(row.try_get(2)?),
        report: row.try_get(3)?,
    };
    let (seen, wanted) = (instant(row, 4)?, wanted(row.try_get(5)?));
    let (left, entered) = (moment(7)?, instant(row, 8)?);
    Ok(Seen { beat, seen, entered, wanted, wanted_by: row.try_get(6)?, left })
}

fn members(rows: &[Row]) -> Result<Vec<Seen>, RosterFault> {
    rows.iter().map(seen).collect()
}

impl From<PgFault> for RosterFault {
    fn from(fault: PgFault) -> Self {
        Self::Faulted { why: fault.to_string() }
    }
}

impl From<Error> for RosterFault {
    fn from(fault: Error) -> Self {
        PgFault::from(fault).into()
    }
}

#[async_trait]
impl Roster for PgRoster {
    async fn beat(&self, beat: Beat) -> Result<Heard, RosterFault> {
        check_beat(&beat)?;
        let member = serde_json::to_vec(&beat.member).map_err(|fault| json(&fault))?;
        let (gateway, boot) = who(&beat.member);
        let (applied, standing) = (beat.applied.map(Timestamp::micros), number(beat.standing));
        let params: &[&(dyn ToSql + Sync)] =
            &[&gateway, &boot, &member, &applied, &standing, &beat.report];
        match self.0.kept(BEAT, params).await?.first() {
            Some(row) => heard(row),
            None => self.enter(&beat, &member).await,
        }
    }

    async fn list(&self) -> Result<(Timestamp, Vec<Seen>), RosterFault> {
        let all = members(&self.0.rows(LIST, &[]).await?)?;
        // After the rows: no beat is seen in the future.
        let now = instant(one(&self.0.rows(NOW, &[]).await?)?, 0)?;
        Ok((now, told(all, now)))
    }

    async fn want(
        &self,
        gateway: GatewayId,
        wanted: Wanted,
        by: String,
    ) -> Result<bool, RosterFault> {
        Ok(self.wish(gateway, wanted, by, true).await? == Wish::Heard)
    }

    async fn want_unless_halted(
        &self,
        gateway: GatewayId,
        wanted: Wanted,
        by: String,
    ) -> Result<Wish, RosterFault> {
        self.wish(gateway, wanted, by, false).await
    }

    async fn leave(&self, gateway: GatewayId, boot: BootId) -> Result<(), RosterFault> {
        let (gateway, boot) = (gateway.to_bytes().to_vec(), boot.to_bytes().to_vec());
        self.0.run(LEAVE, &[&gateway, &boot]).await?;
        Ok(())
    }

    async fn note(&self, note: Note) -> Result<(), RosterFault> {
        let body = note_bytes(&note)?;
        let digest = Digest::of(&body).as_bytes().to_vec();
        let done = self.0.run(ADD_NOTE, &[&digest, &body, &most(MAX_NOTES)]).await?;
        if done == 0 && self.0.rows(HAS_NOTE, &[&digest]).await?.is_empty() {
            return Err(RosterFault::Full { what: "notes", bound: MAX_NOTES });
        }
        Ok(())
    }

    async fn notes(&self, after: u64, most: usize) -> Result<Vec<(u64, Note)>, RosterFault> {
        let (most, mut last) = (most.min(MOST_NOTES), int(after));
        let mut notes = Vec::new();
        // Page by page, so that those that are passed over hide none: at most [`MAX_NOTES`] wait.
        while notes.len() < most {
            let page = i64::try_from(most - notes.len()).unwrap_or(i64::MAX);
            let rows = self.0.rows(NOTES, &[&last, &page]).await?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                let (id, body): (i64, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
                last = id;
                match serde_json::from_slice(&body) {
                    Ok(note) => notes.push((u64::try_from(id).unwrap_or(0), note)),
                    Err(why) => tracing::warn!(id, %why, "a note waits for a newer release"),
                }
            }
        }
        Ok(notes)
    }

    async fn noted(&self, ids: &[u64]) -> Result<(), RosterFault> {
        check_noted(ids)?;
        let ids: Vec<i64> = ids.iter().copied().map(int).collect();
        self.0.run(NOTED, &[&ids]).await?;
        Ok(())
    }

    async fn hold(
        &self,
        name: &str,
        holder: BootId,
        span: Span,
    ) -> Result<Option<u64>, RosterFault> {
        check_hold(name, span)?;
        let (holder, span) = (holder.to_bytes().to_vec(), span.as_micros());
        let rows = self.0.kept(HOLD, &[&name, &holder, &span, &most(MAX_HOLDS)]).await?;
        if let Some(row) = rows.first() {
            return Ok(Some(u64::try_from(row.try_get::<_, i64>(0)?).unwrap_or(0)));
        }
        if self.0.rows(HAS_HOLD, &[&name]).await?.is_empty() {
            return Err(RosterFault::Full { what: "named leases", bound: MAX_HOLDS });
        }
        Ok(None)
    }

    async fn give_back(&self, name: &str, holder: BootId) -> Result<(), RosterFault> {
        self.0.run(GIVE_BACK, &[&name, &holder.to_bytes().to_vec()]).await?;
        Ok(())
    }

    async fn publish(&self, key: &str, value: Vec<u8>) -> Result<(), RosterFault> {
        check_notice(key, &value)?;
        if self.0.run(PUBLISH, &[&key, &value, &most(MAX_NOTICES)]).await? == 0 {
            return Err(RosterFault::Full { what: "notices", bound: MAX_NOTICES });
        }
        Ok(())
    }

    async fn published(&self, key: &str) -> Result<Option<Vec<u8>>, RosterFault> {
        let rows = self.0.rows(PUBLISHED, &[&key]).await?;
        Ok(rows.first().map(|row| row.try_get(0)).transpose()?)
    }
}
