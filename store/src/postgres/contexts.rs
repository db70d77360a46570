//! Contexts on PostgreSQL: what an agent read through one gateway counts at every other one.
//!
//! Never here: a plain byte of what was read.

use async_trait::async_trait;
use tokio_postgres::Row;
use writ_model::{AgentId, InstanceId, TenantId, Timestamp};

use super::{Pg, PgFault, key, migrate::Step};
use crate::contexts::{After, ContextOf, Contexts, ContextsFault, Kept, MAX_CONTEXTS, Since, fits};

/// About the lock: it makes one tenant's writes come one after the other, so that two gateways together keep the bound and
/// neither overwrites the other one's. Its first number is this table's, so it meets no other lock.
pub(super) const STEP: Step = Step {
    name: "contexts",
    sql: r"
CREATE TABLE writ.context (
  tenant   bytea NOT NULL CHECK (length(tenant) = 16),
  agent    bytea NOT NULL CHECK (length(agent) = 16),
  instance bytea NOT NULL CHECK (length(instance) = 16),
  version  bigint NOT NULL,
  at       bigint NOT NULL,
  expires  bigint NOT NULL,
  sealed   bytea NOT NULL,
  PRIMARY KEY (tenant, agent, instance)
);
CREATE INDEX context_expires ON writ.context (tenant, expires);
ALTER TABLE writ.context ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON writ.context
  USING (tenant = decode(current_setting('writ.tenant', true), 'hex'));

CREATE FUNCTION writ.put_context(
  p_tenant bytea, p_agent bytea, p_instance bytea, p_before bigint, p_version bigint, p_at bigint,
  p_expires bigint, p_sealed bytea, p_most bigint
) RETURNS int LANGUAGE plpgsql AS $$
DECLARE there bigint;
BEGIN
  PERFORM set_config('writ.tenant', encode(p_tenant, 'hex'), true);
  PERFORM pg_advisory_xact_lock(860235, hashtext(encode(p_tenant, 'hex')));
  DELETE FROM writ.context c WHERE c.tenant = p_tenant AND c.expires <= p_at;
  SELECT c.version INTO there FROM writ.context c
  WHERE c.tenant = p_tenant AND c.agent = p_agent AND c.instance = p_instance;
  IF there IS DISTINCT FROM p_before THEN
    RETURN 0;
  END IF;
  IF there IS NULL
    AND (SELECT count(*) FROM writ.context c WHERE c.tenant = p_tenant) >= p_most THEN
    RETURN -1;
  END IF;
  INSERT INTO writ.context (tenant, agent, instance, version, at, expires, sealed)
  VALUES (p_tenant, p_agent, p_instance, p_version, p_at, p_expires, p_sealed)
  ON CONFLICT (tenant, agent, instance) DO UPDATE SET version = excluded.version,
    at = excluded.at, expires = excluded.expires, sealed = excluded.sealed;
  RETURN 1;
END $$;

CREATE FUNCTION writ.context_since(
  p_tenant bytea, p_agent bytea, p_instance bytea, p_known bigint, p_now bigint
) RETURNS TABLE (o_instance bytea, o_version bigint, o_at bigint, o_sealed bytea)
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('writ.tenant', encode(p_tenant, 'hex'), true);
  RETURN QUERY SELECT c.instance, c.version, c.at,
    CASE WHEN c.version = p_known THEN ''::bytea ELSE c.sealed END
  FROM writ.context c
  WHERE c.tenant = p_tenant AND c.agent = p_agent AND c.instance = p_instance
    AND c.expires > p_now;
END $$;

CREATE FUNCTION writ.contexts_of(p_tenant bytea, p_agent bytea, p_now bigint)
RETURNS TABLE (o_instance bytea, o_version bigint, o_at bigint, o_sealed bytea)
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('writ.tenant', encode(p_tenant, 'hex'), true);
  RETURN QUERY SELECT c.instance, c.version, c.at, c.sealed FROM writ.context c
  WHERE c.tenant = p_tenant AND c.agent = p_agent AND c.expires > p_now
  ORDER BY c.at DESC, c.version DESC;
END $$;
",
    needs: 0,
    rights: &[("context", "SELECT, INSERT, UPDATE, DELETE")],
    fleet: &[],
};

const PUT: &str = "SELECT writ.put_context($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const SINCE: &str = "SELECT * FROM writ.context_since($1, $2, $3, $4, $5)";
const OF_AGENT: &str = "SELECT * FROM writ.contexts_of($1, $2, $3)";

/// Contexts of all processes in one PostgreSQL database.
#[derive(Debug, Clone)]
pub struct PgContexts(Pg);

impl PgContexts {
    pub(super) fn new(pg: Pg) -> Self {
        Self(pg)
    }
}

impl From<PgFault> for ContextsFault {
    fn from(fault: PgFault) -> Self {
        Self::Faulted { why: fault.to_string() }
    }
}

impl From<tokio_postgres::Error> for ContextsFault {
    fn from(fault: tokio_postgres::Error) -> Self {
        PgFault::from(fault).into()
    }
}

fn kept(row: &Row) -> Result<Kept, ContextsFault> {
    let (instance, version): (Vec<u8>, i64) = (row.try_get(0)?, row.try_get(1)?);
    let instance = <[u8; 16]>::try_from(instance).map_err(|_short| PgFault::words("no id"))?;
    Ok(Kept {
        instance: InstanceId::from_bytes(instance),
        version: version.cast_unsigned(),
        at: Timestamp::from_micros(row.try_get(2)?),
        sealed: row.try_get(3)?,
    })
}

#[async_trait]
impl Contexts for PgContexts {
    async fn since(
        &self,
        of: ContextOf,
        known: Option<u64>,
        now: Timestamp,
    ) -> Result<Since, ContextsFault> {
        let (agent, instance) = (of.agent.to_bytes().to_vec(), of.instance.to_bytes().to_vec());
        let (known_as, now) = (known.map(u64::cast_signed), now.micros());
        let rows =
            self.0.rows(SINCE, &[&key(of.tenant), &agent, &instance, &known_as, &now]).await?;
        let Some(row) = rows.first() else { return Ok(Since::Nothing) };
        let kept = kept(row)?;
        Ok(if Some(kept.version) == known { Since::Same } else { Since::Newer(kept) })
    }

    async fn put(
        &self,
        of: ContextOf,
        sealed: Vec<u8>,
        after: After,
    ) -> Result<Option<u64>, ContextsFault> {
        fits(&sealed)?;
        let (agent, instance) = (of.agent.to_bytes().to_vec(), of.instance.to_bytes().to_vec());
        let version = after.next();
        let (before, made) = (after.version.map(u64::cast_signed), version.cast_signed());
        let (at, expires) = (after.now.micros(), after.expires.micros());
        let most = i64::try_from(MAX_CONTEXTS).unwrap_or(i64::MAX);
        let tenant = key(of.tenant);
        let rows = self
            .0
            .rows(PUT, &[&tenant, &agent, &instance, &before, &made, &at, &expires, &sealed, &most])
            .await?;
        let row = rows.first().ok_or_else(|| PgFault::words("no answer"))?;
        let said: i32 = row.try_get(0)?;
        match said {
            1 => Ok(Some(version)),
            0 => Ok(None),
            _ => Err(ContextsFault::Full { bound: MAX_CONTEXTS }),
        }
    }

    async fn of_agent(
        &self,
        tenant: TenantId,
        agent: AgentId,
        now: Timestamp,
    ) -> Result<Vec<Kept>, ContextsFault> {
        let agent = agent.to_bytes().to_vec();
        let rows = self.0.rows(OF_AGENT, &[&key(tenant), &agent, &now.micros()]).await?;
        rows.iter().map(kept).collect()
    }
}
