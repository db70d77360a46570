//! The outbox's tables.
//!
//! Never here: a statement.

use super::super::migrate::Step;

/// About `outbox_due`: what waits, without a word of what it says, so that one query finds what is due anywhere and one puts a
/// way off. A waiting row's time stands only there; a row that ended stands only in `outbox_rows`, with its last one.
pub(in super::super) const STEP: Step = Step {
    name: "outbox",
    sql: r"
CREATE TABLE writ.outbox_rows (
  num       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant    bytea NOT NULL CHECK (length(tenant) = 16),
  id        bytea NOT NULL CHECK (length(id) = 32),
  channel   text NOT NULL,
  recipient text NOT NULL,
  kind      text NOT NULL,
  line      bigint,
  made      bigint NOT NULL,
  due       bigint NOT NULL,
  expires   bigint NOT NULL,
  failures  bigint NOT NULL DEFAULT 0,
  stage     bigint NOT NULL DEFAULT 0,
  why       text,
  ended     bigint,
  body      bytea NOT NULL,
  UNIQUE (tenant, id)
);
CREATE INDEX outbox_rows_of ON writ.outbox_rows (tenant, stage, ended, num);
CREATE TABLE writ.outbox_due (
  tenant  bytea NOT NULL,
  id      bytea NOT NULL,
  num     bigint NOT NULL,
  channel text NOT NULL,
  due     bigint NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX outbox_due_at ON writ.outbox_due (due, num);
CREATE TABLE writ.outbox_marks (
  tenant  bytea PRIMARY KEY CHECK (length(tenant) = 16),
  lines   bigint,
  dropped bigint NOT NULL DEFAULT 0
);
CREATE TABLE writ.outbox_closed (
  channel text PRIMARY KEY,
  why     text NOT NULL,
  at      bigint NOT NULL
);
ALTER TABLE writ.outbox_rows ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE writ.outbox_marks ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON writ.outbox_rows
  USING (tenant = decode(current_setting('writ.tenant', true), 'hex'));
CREATE POLICY own ON writ.outbox_marks
  USING (tenant = decode(current_setting('writ.tenant', true), 'hex'));
",
    needs: 0,
    rights: &[
        ("outbox_rows", "SELECT, INSERT, UPDATE, DELETE"),
        ("outbox_due", "SELECT, INSERT, UPDATE, DELETE"),
        ("outbox_marks", "SELECT, INSERT, UPDATE"),
        ("outbox_closed", "SELECT, INSERT"),
    ],
    // Which row is due when, and by which way; and the ways that are closed: the provider's own.
    fleet: &["outbox_due", "outbox_closed"],
};
