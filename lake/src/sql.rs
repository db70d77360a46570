//! Every statement of the lake, by name. A test prepares each on a fresh file.
//! Never here: a statement built from text at run time.

/// Settings of every connection. NORMAL: see the crate's header. Pages of 8 KiB hold some records each and keep what an
/// insert into a large index rewrites small (measured: 13 µs a record with 4 KiB, 10 with 8, no better with 16).
pub(crate) const SETUP: &str = "
PRAGMA page_size = 8192;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA foreign_keys = ON;
PRAGMA temp_store = MEMORY;
PRAGMA wal_autocheckpoint = 4000;
PRAGMA cache_size = -16384;";

/// The form that [`TABLES`] makes; every change of a table is a new one.
pub(crate) const FORM: i64 = 3;
/// From form 2, of the release before charters.
pub(crate) const FROM_2: &str = "
BEGIN;
ALTER TABLE activity ADD COLUMN clauses TEXT NOT NULL DEFAULT '';
ALTER TABLE activity ADD COLUMN charter INTEGER NOT NULL DEFAULT 0;
ALTER TABLE activity ADD COLUMN clause_reads TEXT NOT NULL DEFAULT '';
ALTER TABLE activity ADD COLUMN charged TEXT NOT NULL DEFAULT '';
ALTER TABLE activity ADD COLUMN observed TEXT NOT NULL DEFAULT '';
ALTER TABLE activity ADD COLUMN hold BLOB;
PRAGMA user_version = 3;
COMMIT;";
pub(crate) const FORM_GET: &str = "PRAGMA user_version";

/// The tables. Tenants and agents are stored once in `names` and by number elsewhere: their indexes stay small.
pub(crate) const TABLES: &str = "
CREATE TABLE IF NOT EXISTS names(
  no INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE) STRICT;
CREATE TABLE IF NOT EXISTS runs(
  no INTEGER PRIMARY KEY, tenant BLOB NOT NULL, gateway BLOB NOT NULL, boot BLOB NOT NULL,
  sealed INTEGER NOT NULL DEFAULT 0, UNIQUE(tenant, gateway, boot)) STRICT;
CREATE TABLE IF NOT EXISTS activity(
  pos INTEGER PRIMARY KEY, run INTEGER NOT NULL, seq INTEGER NOT NULL, call BLOB NOT NULL,
  tenant INTEGER NOT NULL, agent INTEGER NOT NULL, instance BLOB NOT NULL, at INTEGER NOT NULL,
  server TEXT NOT NULL, method TEXT NOT NULL, surface TEXT NOT NULL, name TEXT NOT NULL,
  effect INTEGER NOT NULL, code TEXT NOT NULL, detail TEXT NOT NULL, allowance BLOB,
  latency INTEGER NOT NULL, tree_size INTEGER NOT NULL, epoch INTEGER NOT NULL,
  engine TEXT NOT NULL, reads TEXT NOT NULL, arguments BLOB NOT NULL, ocsf BLOB NOT NULL,
  clauses TEXT NOT NULL DEFAULT '', charter INTEGER NOT NULL DEFAULT 0,
  clause_reads TEXT NOT NULL DEFAULT '', charged TEXT NOT NULL DEFAULT '',
  observed TEXT NOT NULL DEFAULT '', hold BLOB) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS activity_run ON activity(run, seq);
CREATE INDEX IF NOT EXISTS activity_call ON activity(call);
CREATE INDEX IF NOT EXISTS activity_tenant ON activity(tenant);
CREATE INDEX IF NOT EXISTS activity_agent ON activity(agent);
CREATE INDEX IF NOT EXISTS activity_allowance ON activity(allowance, at)
  WHERE allowance IS NOT NULL;
CREATE INDEX IF NOT EXISTS activity_charged ON activity(tenant, at) WHERE charged <> '';
CREATE INDEX IF NOT EXISTS activity_observed ON activity(tenant) WHERE observed <> '';
CREATE INDEX IF NOT EXISTS activity_hold ON activity(hold) WHERE hold IS NOT NULL;
CREATE TABLE IF NOT EXISTS seals(
  tenant BLOB NOT NULL, line INTEGER NOT NULL, run INTEGER NOT NULL, first INTEGER NOT NULL,
  last INTEGER NOT NULL, root BLOB NOT NULL, PRIMARY KEY(tenant, line)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS seals_run ON seals(run, first);
CREATE TABLE IF NOT EXISTS gaps(
  run INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  PRIMARY KEY(run, first)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mirrored(
  tenant BLOB NOT NULL PRIMARY KEY, up_to INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS conflicts(
  run INTEGER NOT NULL, seq INTEGER NOT NULL, digest BLOB NOT NULL,
  PRIMARY KEY(run, seq, digest)) STRICT, WITHOUT ROWID;
PRAGMA user_version = 3;";

pub(crate) const NAME_PUT: &str = "INSERT OR IGNORE INTO names(id) VALUES (?1)";
pub(crate) const NAME_GET: &str = "SELECT no FROM names WHERE id = ?1";
pub(crate) const RUN_PUT: &str =
    "INSERT OR IGNORE INTO runs(tenant, gateway, boot) VALUES (?1, ?2, ?3)";
pub(crate) const RUN_GET: &str =
    "SELECT no FROM runs WHERE tenant = ?1 AND gateway = ?2 AND boot = ?3";
pub(crate) const RUN_SEALED: &str = "UPDATE runs SET sealed = max(sealed, ?2) WHERE no = ?1";
pub(crate) const MIRRORED_PUT: &str = "INSERT INTO mirrored(tenant, up_to) VALUES (?1, ?2)
  ON CONFLICT(tenant) DO UPDATE SET up_to = excluded.up_to WHERE up_to <> excluded.up_to";
pub(crate) const MIRRORED: &str = "SELECT up_to FROM mirrored WHERE tenant = ?1";
pub(crate) const SEALED: &str = "SELECT sealed FROM runs WHERE no = ?1";
pub(crate) const RUNS_OPEN: &str = "SELECT no, tenant, gateway, boot, sealed FROM runs r
  WHERE EXISTS (SELECT 1 FROM activity a WHERE a.run = r.no AND a.seq >= r.sealed)";
pub(crate) const LEAVES: &str =
    "SELECT seq, ocsf FROM activity WHERE run = ?1 AND seq >= ?2 AND seq <= ?3 ORDER BY seq";
pub(crate) const PUT: &str = "INSERT INTO activity(run, seq, call, tenant, agent, instance, at,
  server, method, surface, name, effect, code, detail, allowance, latency, tree_size, engine, reads,
  arguments, ocsf, epoch, clauses, charter, clause_reads, charged, observed, hold)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
  ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28) ON CONFLICT(run, seq) DO NOTHING";
/// Whether what stands under a number is what came again.
pub(crate) const SAME: &str = "SELECT call = ?3 AND ocsf = ?4 AND arguments = ?5 FROM activity
  WHERE run = ?1 AND seq = ?2";
pub(crate) const CONFLICT_PUT: &str =
    "INSERT OR IGNORE INTO conflicts(run, seq, digest) VALUES (?1, ?2, ?3)";
pub(crate) const CONFLICTS: &str = "SELECT r.tenant, r.gateway, r.boot, c.seq FROM conflicts c
  JOIN runs r ON r.no = c.run ORDER BY c.run, c.seq LIMIT ?1";
/// One past the last number that came of a run.
pub(crate) const REACHED: &str = "SELECT coalesce(max(seq) + 1, 0) FROM activity WHERE run = ?1";
pub(crate) const GAP_PUT: &str =
    "INSERT OR REPLACE INTO gaps(run, first, last) VALUES (?1, ?2, ?3)";
pub(crate) const GAP_AT: &str =
    "SELECT first, last FROM gaps WHERE run = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1";
pub(crate) const GAP_DROP: &str = "DELETE FROM gaps WHERE run = ?1 AND first = ?2";
pub(crate) const GAPS: &str = "SELECT r.tenant, r.gateway, r.boot, g.first, g.last FROM gaps g
  JOIN runs r ON r.no = g.run ORDER BY g.run, g.first LIMIT ?1";
/// The first number that ever came of a run.
pub(crate) const BEGUN: &str = "SELECT min(seq) FROM activity WHERE run = ?1";
pub(crate) const SEAL_PUT: &str = "INSERT INTO seals(tenant, line, run, first, last, root)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(tenant, line) DO NOTHING";

macro_rules! select {
    ($from:literal) => {
        concat!(
            "SELECT a.pos, a.seq, a.call, t.id, g.id, a.instance, a.at, a.server, a.method, \
             a.surface, a.name, a.effect, a.code, a.detail, a.allowance, a.latency, a.tree_size, \
             a.engine, a.reads, a.arguments, a.ocsf, r.gateway, r.boot, a.epoch, a.clauses, a.charter, \
             a.clause_reads, a.charged, a.observed, a.hold FROM activity a \
             JOIN names t ON t.no = a.tenant JOIN names g ON g.no = a.agent \
             JOIN runs r ON r.no = a.run ",
            $from
        )
    };
}
/// Parameters of every page: ?1 before, ?2 effect or 0, ?3 limit, ?4 since, ?5 until; ?6 tenant; ?7 agent or hold.
pub(crate) const PAGE_ALL: &str = select!(
    "WHERE a.pos < ?1 AND (?2 = 0 OR a.effect = ?2) AND a.at >= ?4 AND a.at < ?5
     ORDER BY a.pos DESC LIMIT ?3"
);
pub(crate) const PAGE_TENANT: &str = select!(
    "WHERE a.tenant = (SELECT no FROM names WHERE id = ?6) AND a.pos < ?1
     AND (?2 = 0 OR a.effect = ?2) AND +a.at >= ?4 AND +a.at < ?5 ORDER BY a.pos DESC LIMIT ?3"
);
pub(crate) const PAGE_AGENT: &str = select!(
    "WHERE a.agent = (SELECT no FROM names WHERE id = ?7)
     AND +a.tenant = (SELECT no FROM names WHERE id = ?6) AND a.pos < ?1
     AND (?2 = 0 OR a.effect = ?2) AND +a.at >= ?4 AND +a.at < ?5 ORDER BY a.pos DESC LIMIT ?3"
);
/// Only what was observed; ?7 agent or nothing.
pub(crate) const PAGE_OBSERVED: &str = select!(
    "WHERE a.tenant = (SELECT no FROM names WHERE id = ?6) AND a.observed <> '' AND a.pos < ?1
     AND (?2 = 0 OR a.effect = ?2) AND +a.at >= ?4 AND +a.at < ?5
     AND (?7 IS NULL OR +a.agent = (SELECT no FROM names WHERE id = ?7))
     ORDER BY a.pos DESC LIMIT ?3"
);
pub(crate) const PAGE_HOLD: &str = select!(
    "WHERE a.hold = ?7 AND +a.tenant = (SELECT no FROM names WHERE id = ?6) AND a.pos < ?1
     AND (?2 = 0 OR a.effect = ?2) AND +a.at >= ?4 AND +a.at < ?5 ORDER BY a.pos DESC LIMIT ?3"
);
/// Fleet query: every record in order of arrival, for backups.
pub(crate) const COPY: &str = select!("WHERE a.pos > ?1 ORDER BY a.pos LIMIT ?2");
pub(crate) const BY_CALL: &str =
    select!("WHERE a.call = ?2 AND +a.tenant = (SELECT no FROM names WHERE id = ?1) LIMIT 1");
pub(crate) const GRANT_USE: &str = "SELECT count(*), min(a.at), max(a.at) FROM activity a
  WHERE a.allowance = ?1 AND a.at >= ?2";
pub(crate) const EFFECTS: &str = "SELECT a.effect, count(*) FROM activity a
  WHERE a.tenant = (SELECT no FROM names WHERE id = ?1) GROUP BY a.effect";
pub(crate) const SEAL_LINE: &str =
    "SELECT s.run, s.first, s.last, s.root, r.gateway, r.boot, s.line
  FROM seals s JOIN runs r ON r.no = s.run WHERE s.tenant = ?1 AND s.line = ?2";
pub(crate) const SEAL_OF: &str = "SELECT s.run, s.first, s.last, s.root, r.gateway, r.boot, s.line
  FROM seals s JOIN runs r ON r.no = s.run JOIN activity a ON a.run = s.run
  WHERE s.tenant = ?1 AND a.call = ?2 AND s.first <= a.seq AND s.last >= a.seq";
pub(crate) const SEAL_LINES: &str = "SELECT line FROM seals WHERE tenant = ?1 ORDER BY line";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_prepares() {
        let db = rusqlite::Connection::open_in_memory().unwrap();
        db.execute_batch(TABLES).unwrap();
        db.execute_batch(TABLES).unwrap();
        for statement in [
            NAME_PUT,
            NAME_GET,
            RUN_PUT,
            RUN_GET,
            RUN_SEALED,
            RUNS_OPEN,
            LEAVES,
            PUT,
            SEAL_PUT,
            PAGE_ALL,
            PAGE_TENANT,
            PAGE_AGENT,
            PAGE_OBSERVED,
            PAGE_HOLD,
            BY_CALL,
            COPY,
            GRANT_USE,
            EFFECTS,
            SEAL_LINE,
            SEAL_OF,
            SEAL_LINES,
            SAME,
            CONFLICT_PUT,
            CONFLICTS,
            REACHED,
            GAP_PUT,
            GAP_AT,
            GAP_DROP,
            GAPS,
            BEGUN,
            SEALED,
            MIRRORED,
            MIRRORED_PUT,
        ] {
            db.prepare(statement).unwrap_or_else(|fault| panic!("{statement}: {fault}"));
        }
    }
}
