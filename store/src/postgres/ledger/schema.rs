//! The ledger's tables and the functions that make an append, a read and a proof one round trip each.
//!
//! Never here: a function that sees more than its caller may (none is a definer's).

use super::super::migrate::Step;

/// The level whose nodes are stored: a node over 256 lines is a hash of a level-1 tile.
pub(super) const TILE_HEIGHT: u8 = 8;

pub(in super::super) const STEP: Step = Step {
    name: "ledger",
    sql: SQL,
    needs: 0,
    rights: &[
        ("lines", "SELECT, INSERT"),
        ("nodes", "SELECT, INSERT"),
        // A poll reads every tenant's head; only the tenant's own can be written.
        ("heads", "SELECT, INSERT, UPDATE"),
        ("snapshots", "SELECT, INSERT, UPDATE"),
    ],
    fleet: &[],
};

/// About `append`: one statement outside a transaction is one round trip, one commit, one flush. It first looks whether
/// another process has the turn to write this log (a shared lock that only a turn's holder or a waiter denies), then moves
/// the head if it is the expected one, which locks it until the commit; a concurrent append waits there and then finds
/// another head. `moved` is the number of the transaction, for followers.
///
/// About `heads`: its rows are narrow, often updated, and every poll reads few of them by `moved`; vacuum must keep up,
/// and does so by count, not by share.
const SQL: &str = r"
CREATE TABLE writ.lines (
  tenant bytea NOT NULL CHECK (length(tenant) = 16),
  idx    bigint NOT NULL CHECK (idx >= 0),
  body   bytea NOT NULL,
  PRIMARY KEY (tenant, idx)
);
CREATE TABLE writ.heads (
  tenant   bytea PRIMARY KEY CHECK (length(tenant) = 16),
  size     bigint NOT NULL CHECK (size > 0),
  root     bytea NOT NULL CHECK (length(root) = 32),
  frontier bytea NOT NULL,
  moved    xid8 NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
CREATE INDEX heads_moved ON writ.heads (moved);
CREATE TABLE writ.nodes (
  tenant bytea NOT NULL CHECK (length(tenant) = 16),
  level  smallint NOT NULL,
  idx    bigint NOT NULL,
  hash   bytea NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (tenant, level, idx)
);
CREATE TABLE writ.snapshots (
  tenant  bytea PRIMARY KEY CHECK (length(tenant) = 16),
  size    bigint NOT NULL,
  version bigint NOT NULL,
  digest  bytea NOT NULL CHECK (length(digest) = 32),
  body    bytea NOT NULL
);

ALTER TABLE writ.lines ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE writ.heads ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE writ.nodes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE writ.snapshots ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON writ.lines USING (tenant = decode(current_setting('writ.tenant', true), 'hex'));
CREATE POLICY own ON writ.nodes USING (tenant = decode(current_setting('writ.tenant', true), 'hex'));
CREATE POLICY own ON writ.snapshots USING (tenant = decode(current_setting('writ.tenant', true), 'hex'));
CREATE POLICY seen ON writ.heads FOR SELECT USING (true);
CREATE POLICY made ON writ.heads FOR INSERT
  WITH CHECK (tenant = decode(current_setting('writ.tenant', true), 'hex'));
CREATE POLICY own ON writ.heads FOR UPDATE
  USING (tenant = decode(current_setting('writ.tenant', true), 'hex'));

CREATE FUNCTION writ.never() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a ledger line is never changed or removed';
END $$;
CREATE TRIGGER never BEFORE UPDATE OR DELETE OR TRUNCATE ON writ.lines
  FOR EACH STATEMENT EXECUTE FUNCTION writ.never();
CREATE TRIGGER never BEFORE UPDATE OR DELETE OR TRUNCATE ON writ.nodes
  FOR EACH STATEMENT EXECUTE FUNCTION writ.never();
CREATE FUNCTION writ.only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.size <= OLD.size OR NEW.tenant <> OLD.tenant THEN
    RAISE EXCEPTION 'a ledger only grows';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER only_grows BEFORE UPDATE ON writ.heads
  FOR EACH ROW EXECUTE FUNCTION writ.only_grows();
CREATE TRIGGER never_removed BEFORE DELETE OR TRUNCATE ON writ.heads
  FOR EACH STATEMENT EXECUTE FUNCTION writ.never();

CREATE FUNCTION writ.append(
  p_tenant bytea, p_turn bigint, p_expected bigint, p_before bytea, p_bodies bytea[],
  p_levels smallint[], p_indexes bigint[], p_hashes bytea[],
  p_size bigint, p_root bytea, p_frontier bytea,
  OUT done boolean, OUT frontier bytea
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  PERFORM set_config('writ.tenant', encode(p_tenant, 'hex'), true);
  done := false;
  IF p_turn IS NULL OR pg_try_advisory_xact_lock_shared(p_turn) THEN
    IF p_expected = 0 THEN
      INSERT INTO writ.heads (tenant, size, root, frontier, moved)
      VALUES (p_tenant, p_size, p_root, p_frontier, pg_current_xact_id())
      ON CONFLICT (tenant) DO NOTHING;
    ELSE
      UPDATE writ.heads
      SET size = p_size, root = p_root, frontier = p_frontier, moved = pg_current_xact_id()
      WHERE tenant = p_tenant AND size = p_expected AND root = p_before;
    END IF;
    done := FOUND;
  END IF;
  IF done THEN
    INSERT INTO writ.lines (tenant, idx, body)
    SELECT p_tenant, p_expected + nth - 1, body
    FROM unnest(p_bodies) WITH ORDINALITY AS line (body, nth);
    IF cardinality(p_hashes) > 0 THEN
      INSERT INTO writ.nodes (tenant, level, idx, hash)
      SELECT p_tenant, level, idx, hash
      FROM unnest(p_levels, p_indexes, p_hashes) AS node (level, idx, hash);
    END IF;
  ELSE
    SELECT head.frontier INTO frontier FROM writ.heads head WHERE head.tenant = p_tenant;
  END IF;
END $$;

CREATE FUNCTION writ.read_lines(p_tenant bytea, p_from bigint, p_end bigint, p_bytes bigint)
RETURNS TABLE (idx bigint, body bytea) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  line record;
  total bigint := 0;
BEGIN
  PERFORM set_config('writ.tenant', encode(p_tenant, 'hex'), true);
  FOR line IN
    SELECT l.idx, l.body FROM writ.lines l
    WHERE l.tenant = p_tenant AND l.idx >= p_from AND l.idx < p_end ORDER BY l.idx
  LOOP
    total := total + length(line.body);
    EXIT WHEN total > p_bytes AND line.idx > p_from;
    idx := line.idx;
    body := line.body;
    RETURN NEXT;
  END LOOP;
END $$;

CREATE FUNCTION writ.read_hashes(p_tenant bytea, p_levels smallint[], p_from bigint[], p_end bigint[])
RETURNS TABLE (nth bigint, hash bytea) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  PERFORM set_config('writ.tenant', encode(p_tenant, 'hex'), true);
  RETURN QUERY
  SELECT wanted.nth, found.hash
  FROM unnest(p_levels, p_from, p_end) WITH ORDINALITY AS wanted (level, from_idx, end_idx, nth),
  LATERAL (
    SELECT l.idx, sha256('\x00'::bytea || l.body) AS hash FROM writ.lines l
    WHERE wanted.level = 0 AND l.tenant = p_tenant
      AND l.idx >= wanted.from_idx AND l.idx < wanted.end_idx
    UNION ALL
    SELECT n.idx, n.hash FROM writ.nodes n
    WHERE wanted.level > 0 AND n.tenant = p_tenant AND n.level = wanted.level
      AND n.idx >= wanted.from_idx AND n.idx < wanted.end_idx
  ) found
  ORDER BY wanted.nth, found.idx;
END $$;

CREATE FUNCTION writ.save_snapshot(
  p_tenant bytea, p_size bigint, p_version bigint, p_digest bytea, p_body bytea
) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  PERFORM set_config('writ.tenant', encode(p_tenant, 'hex'), true);
  -- A lost snapshot costs a longer start and nothing else: no flush.
  PERFORM set_config('synchronous_commit', 'off', true);
  INSERT INTO writ.snapshots (tenant, size, version, digest, body)
  VALUES (p_tenant, p_size, p_version, p_digest, p_body)
  ON CONFLICT (tenant) DO UPDATE SET
    size = excluded.size, version = excluded.version, digest = excluded.digest, body = excluded.body;
END $$;

CREATE FUNCTION writ.load_snapshot(p_tenant bytea)
RETURNS TABLE (size bigint, version bigint, digest bytea, body bytea) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  PERFORM set_config('writ.tenant', encode(p_tenant, 'hex'), true);
  RETURN QUERY SELECT s.size, s.version, s.digest, s.body FROM writ.snapshots s
  WHERE s.tenant = p_tenant;
END $$;
";
