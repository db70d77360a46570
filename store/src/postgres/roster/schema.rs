//! The roster's tables.
//!
//! Never here: a statement.

use super::super::migrate::Step;

/// About these tables: all are fleet tables. They say which processes live and what is wanted of them; a note is one line for
/// a tenant's ledger on its way there, from a process that may be any tenant's to one that is all tenants'.
///
/// About `members`: its rows are updated several times a second and never indexed by what changes, so that an update stays
/// on its page; vacuum must keep up, and does so by count, not by share.
pub(in super::super) const STEP: Step = Step {
    name: "roster",
    sql: r"
CREATE FUNCTION writ.micros() RETURNS bigint LANGUAGE sql VOLATILE AS
  $$ SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint $$;
CREATE TABLE writ.members (
  gateway  bytea NOT NULL CHECK (length(gateway) = 16),
  boot     bytea NOT NULL CHECK (length(boot) = 16),
  member   bytea NOT NULL,
  applied  bigint,
  standing smallint NOT NULL,
  report   bytea NOT NULL,
  seen     bigint NOT NULL,
  entered  bigint NOT NULL,
  gone_at  bigint,
  PRIMARY KEY (gateway, boot)
) WITH (fillfactor = 40, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
  toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 2000);
CREATE TABLE writ.wanted (
  gateway   bytea PRIMARY KEY CHECK (length(gateway) = 16),
  wanted    smallint NOT NULL,
  wanted_by text NOT NULL
);
CREATE TABLE writ.notes (
  id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  digest bytea NOT NULL UNIQUE CHECK (length(digest) = 32),
  body   bytea NOT NULL
);
CREATE TABLE writ.holds (
  name   text PRIMARY KEY,
  holder bytea NOT NULL CHECK (length(holder) = 16),
  epoch  bigint NOT NULL,
  until  bigint NOT NULL
);
CREATE TABLE writ.notices (
  name  text PRIMARY KEY,
  value bytea NOT NULL
);
",
    needs: 0,
    rights: &[
        ("members", "SELECT, INSERT, UPDATE, DELETE"),
        ("wanted", "SELECT, INSERT, UPDATE, DELETE"),
        ("notes", "SELECT, INSERT, DELETE"),
        ("holds", "SELECT, INSERT, UPDATE"),
        ("notices", "SELECT, INSERT, UPDATE"),
    ],
    fleet: &["members", "wanted", "notes", "holds", "notices"],
};
