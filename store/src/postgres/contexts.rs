//! Contexts on PostgreSQL: what an agent read through one gateway counts at every other one.
//!
//! Never here: a plain byte of what was read.

use async_trait::async_trait;
use tokio_postgres::Row;
use writ_model::{AgentId, InstanceId, TenantId, Timestamp};

use super::{Pg, PgFault, key, migrate::Step};
use crate::contexts::{
    After, ContextOf, Contexts, ContextsFault, Kept, MAX_CONTEXTS, MAX_LISTED, OfAgent, Since, fits,
};

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

/// What a page and a full table need: the newest contexts with their count, whose there are, and that ended ones go.
pub(super) const BOUNDED: Step = Step {
    name: "contexts bounded",
    sql: r"
CREATE FUNCTION writ.newest_contexts(p_tenant bytea, p_agent bytea, p_now bigint, p_most bigint)
RETURNS TABLE (
  o_instance bytea, o_version bigint, o_at bigint, o_sealed bytea, o_count bigint
) LANGUAGE plpgsql AS $$
DECLARE there bigint;
BEGIN
  PERFORM set_config('writ.tenant', encode(p_tenant, 'hex'), true);
  SELECT count(*) INTO there FROM writ.context c
  WHERE c.tenant = p_tenant AND c.agent = p_agent AND c.expires > p_now;
  RETURN QUERY SELECT c.instance, c.version, c.at, c.sealed, there FROM writ.context c
  WHERE c.tenant = p_tenant AND c.agent = p_agent AND c.expires > p_now
  ORDER BY c.at DESC, c.version DESC LIMIT p_most;
END $$;

CREATE FUNCTION writ.context_owners(p_tenant bytea, p_now bigint)
RETURNS TABLE (o_agent bytea, o_instance bytea) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('writ.tenant', encode(p_tenant, 'hex'), true);
  RETURN QUERY SELECT c.agent, c.instance FROM writ.context c
  WHERE c.tenant = p_tenant AND c.expires > p_now;
END $$;

CREATE FUNCTION writ.remove_contexts(p_tenant bytea, p_instances bytea[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE removed bigint;
BEGIN
  PERFORM set_config('writ.tenant', encode(p_tenant, 'hex'), true);
  PERFORM pg_advisory_xact_lock(860235, hashtext(encode(p_tenant, 'hex')));
  DELETE FROM writ.context c WHERE c.tenant = p_tenant AND c.instance = ANY (p_instances);
  GET DIAGNOSTICS removed = ROW_COUNT;
  RETURN removed;
END $$;
",
    needs: 0,
    rights: &[],
    fleet: &[],
};

const PUT: &str = "SELECT writ.put_context($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const SINCE: &str = "SELECT * FROM writ.context_since($1, $2, $3, $4, $5)";
const OF_AGENT: &str = "SELECT * FROM writ.newest_contexts($1, $2, $3, $4)";
const OWNERS: &str = "SELECT * FROM writ.context_owners($1, $2)";
const REMOVE: &str = "SELECT writ.remove_contexts($1, $2)";

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

fn id(row: &Row, at: usize) -> Result<[u8; 16], ContextsFault> {
    let bytes: Vec<u8> = row.try_get(at)?;
    Ok(<[u8; 16]>::try_from(bytes).map_err(|_short| PgFault::words("no id"))?)
}

fn kept(row: &Row) -> Result<Kept, ContextsFault> {
    let version: i64 = row.try_get(1)?;
    Ok(Kept {
        instance: InstanceId::from_bytes(id(row, 0)?),
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
    ) -> Result<OfAgent, ContextsFault> {
        let agent = agent.to_bytes().to_vec();
        let most = i64::try_from(MAX_LISTED).unwrap_or(i64::MAX);
        let rows = self.0.rows(OF_AGENT, &[&key(tenant), &agent, &now.micros(), &most]).await?;
        let count: i64 = rows.first().map_or(Ok(0), |row| row.try_get(4))?;
        let newest = rows.iter().map(kept).collect::<Result<_, _>>()?;
        Ok(OfAgent { count: usize::try_from(count).unwrap_or(usize::MAX), newest })
    }

    async fn owners(
        &self,
        tenant: TenantId,
        now: Timestamp,
    ) -> Result<Vec<(AgentId, InstanceId)>, ContextsFault> {
        let rows = self.0.rows(OWNERS, &[&key(tenant), &now.micros()]).await?;
        let owner =
            |row: &Row| Ok((AgentId::from_bytes(id(row, 0)?), InstanceId::from_bytes(id(row, 1)?)));
        rows.iter().map(owner).collect()
    }

    async fn remove(&self, tenant: TenantId, ended: &[InstanceId]) -> Result<usize, ContextsFault> {
        let ended: Vec<Vec<u8>> = ended.iter().map(|one| one.to_bytes().to_vec()).collect();
        let rows = self.0.rows(REMOVE, &[&key(tenant), &ended]).await?;
        let row = rows.first().ok_or_else(|| PgFault::words("no answer"))?;
        let removed: i64 = row.try_get(0)?;
        Ok(usize::try_from(removed).unwrap_or(0))
    }
}
