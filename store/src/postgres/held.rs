//! Held requests on PostgreSQL: the gateway that goes on with one need not be the one that held it.
//!
//! Never here: a plain byte of a request.

use async_trait::async_trait;
use writ_model::{HoldId, TenantId, Timestamp};

use super::{Pg, PgFault, key, migrate::Step};
use crate::held::{Held, HeldFault, MAX_HELD, fits};

/// About the lock: it makes one tenant's puts come one after the other, so that two gateways together keep the bound. Its
/// first number is this table's, so it meets no other lock.
pub(super) const STEP: Step = Step {
    name: "held",
    sql: r"
CREATE TABLE writ.held (
  tenant  bytea NOT NULL CHECK (length(tenant) = 16),
  hold    bytea NOT NULL CHECK (length(hold) = 16),
  expires bigint NOT NULL,
  sealed  bytea NOT NULL,
  PRIMARY KEY (tenant, hold)
);
CREATE INDEX held_expires ON writ.held (tenant, expires);
ALTER TABLE writ.held ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON writ.held USING (tenant = decode(current_setting('writ.tenant', true), 'hex'));

CREATE FUNCTION writ.hold(
  p_tenant bytea, p_hold bytea, p_expires bigint, p_sealed bytea, p_now bigint, p_most bigint
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('writ.tenant', encode(p_tenant, 'hex'), true);
  PERFORM pg_advisory_xact_lock(860234, hashtext(encode(p_tenant, 'hex')));
  DELETE FROM writ.held h WHERE h.tenant = p_tenant AND h.expires <= p_now;
  IF (SELECT count(*) FROM writ.held h WHERE h.tenant = p_tenant AND h.hold <> p_hold) >= p_most THEN
    RETURN false;
  END IF;
  INSERT INTO writ.held (tenant, hold, expires, sealed)
  VALUES (p_tenant, p_hold, p_expires, p_sealed)
  ON CONFLICT (tenant, hold) DO UPDATE SET expires = excluded.expires, sealed = excluded.sealed;
  RETURN true;
END $$;

CREATE FUNCTION writ.held_of(p_tenant bytea, p_hold bytea, p_now bigint) RETURNS bytea
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('writ.tenant', encode(p_tenant, 'hex'), true);
  RETURN (SELECT h.sealed FROM writ.held h
          WHERE h.tenant = p_tenant AND h.hold = p_hold AND h.expires > p_now);
END $$;

CREATE FUNCTION writ.forget_held(p_tenant bytea, p_hold bytea) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('writ.tenant', encode(p_tenant, 'hex'), true);
  DELETE FROM writ.held h WHERE h.tenant = p_tenant AND h.hold = p_hold;
  RETURN FOUND;
END $$;
",
    needs: 0,
    rights: &[("held", "SELECT, INSERT, UPDATE, DELETE")],
    fleet: &[],
};

const PUT: &str = "SELECT writ.hold($1, $2, $3, $4, $5, $6)";
const GET: &str = "SELECT writ.held_of($1, $2, $3)";
const FORGET: &str = "SELECT writ.forget_held($1, $2)";

/// Held requests of all processes in one PostgreSQL database.
#[derive(Debug, Clone)]
pub struct PgHeld(Pg);

impl PgHeld {
    pub(super) fn new(pg: Pg) -> Self {
        Self(pg)
    }
}

impl From<PgFault> for HeldFault {
    fn from(fault: PgFault) -> Self {
        Self::Faulted { why: fault.to_string() }
    }
}

impl From<tokio_postgres::Error> for HeldFault {
    fn from(fault: tokio_postgres::Error) -> Self {
        PgFault::from(fault).into()
    }
}

#[async_trait]
impl Held for PgHeld {
    async fn put(
        &self,
        (tenant, hold): (TenantId, HoldId),
        sealed: Vec<u8>,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), HeldFault> {
        fits(&sealed)?;
        let hold = hold.to_bytes().to_vec();
        let most = i64::try_from(MAX_HELD).unwrap_or(i64::MAX);
        let (expires, now) = (expires.micros(), now.micros());
        let rows = self.0.rows(PUT, &[&key(tenant), &hold, &expires, &sealed, &now, &most]).await?;
        let row = rows.first().ok_or_else(|| PgFault::words("no answer"))?;
        if row.try_get(0)? { Ok(()) } else { Err(HeldFault::Full { bound: MAX_HELD }) }
    }

    async fn get(
        &self,
        (tenant, hold): (TenantId, HoldId),
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, HeldFault> {
        let hold = hold.to_bytes().to_vec();
        let rows = self.0.rows(GET, &[&key(tenant), &hold, &now.micros()]).await?;
        let row = rows.first().ok_or_else(|| PgFault::words("no answer"))?;
        Ok(row.try_get(0)?)
    }

    async fn forget(&self, (tenant, hold): (TenantId, HoldId)) -> Result<bool, HeldFault> {
        let rows = self.0.rows(FORGET, &[&key(tenant), &hold.to_bytes().to_vec()]).await?;
        let row = rows.first().ok_or_else(|| PgFault::words("no answer"))?;
        Ok(row.try_get(0)?)
    }
}
