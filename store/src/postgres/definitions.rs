//! Definitions on PostgreSQL: the gateway that saw one need not be the desk that shows it.
//!
//! Never here: a text under another digest than its own.

use async_trait::async_trait;
use writ_model::{Digest, TenantId};

use super::{Pg, PgFault, key, migrate::Step};
use crate::definitions::{Definitions, DefinitionsFault, MAX_DEFINITIONS, fits};

/// About the lock: as that of held requests, one tenant's writes come one after the other, so that the bound holds.
pub(super) const STEP: Step = Step {
    name: "definitions",
    sql: r"
CREATE TABLE writ.definitions (
  num    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant bytea NOT NULL CHECK (length(tenant) = 16),
  digest bytea NOT NULL CHECK (length(digest) = 32),
  body   bytea NOT NULL,
  UNIQUE (tenant, digest)
);
CREATE INDEX definitions_of ON writ.definitions (tenant, num);
ALTER TABLE writ.definitions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON writ.definitions
  USING (tenant = decode(current_setting('writ.tenant', true), 'hex'));

CREATE FUNCTION writ.keep_definitions(
  p_tenant bytea, p_digests bytea[], p_bodies bytea[], p_most bigint
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('writ.tenant', encode(p_tenant, 'hex'), true);
  PERFORM pg_advisory_xact_lock(860235, hashtext(encode(p_tenant, 'hex')));
  INSERT INTO writ.definitions (tenant, digest, body)
  SELECT p_tenant, n.digest, n.body
  FROM unnest(p_digests, p_bodies) WITH ORDINALITY AS n(digest, body, place)
  ORDER BY n.place
  ON CONFLICT (tenant, digest) DO NOTHING;
  DELETE FROM writ.definitions d WHERE d.tenant = p_tenant AND d.num IN (
    SELECT o.num FROM writ.definitions o WHERE o.tenant = p_tenant
    ORDER BY o.num DESC OFFSET p_most);
END $$;

CREATE FUNCTION writ.definition_of(p_tenant bytea, p_digest bytea) RETURNS bytea
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('writ.tenant', encode(p_tenant, 'hex'), true);
  RETURN (SELECT d.body FROM writ.definitions d
          WHERE d.tenant = p_tenant AND d.digest = p_digest);
END $$;
",
    needs: 0,
    rights: &[("definitions", "SELECT, INSERT, DELETE")],
    fleet: &[],
};

const KEEP: &str = "SELECT writ.keep_definitions($1, $2, $3, $4)";
const GET: &str = "SELECT writ.definition_of($1, $2)";

/// Definitions of all processes in one PostgreSQL database.
#[derive(Debug, Clone)]
pub struct PgDefinitions(Pg);

impl PgDefinitions {
    pub(super) fn new(pg: Pg) -> Self {
        Self(pg)
    }
}

impl From<PgFault> for DefinitionsFault {
    fn from(fault: PgFault) -> Self {
        Self::Faulted { why: fault.to_string() }
    }
}

impl From<tokio_postgres::Error> for DefinitionsFault {
    fn from(fault: tokio_postgres::Error) -> Self {
        PgFault::from(fault).into()
    }
}

#[async_trait]
impl Definitions for PgDefinitions {
    async fn keep(
        &self,
        tenant: TenantId,
        texts: Vec<(Digest, Vec<u8>)>,
    ) -> Result<(), DefinitionsFault> {
        fits(&texts)?;
        if texts.is_empty() {
            return Ok(());
        }
        let (digests, bodies): (Vec<Vec<u8>>, Vec<Vec<u8>>) =
            texts.into_iter().map(|(digest, body)| (digest.as_bytes().to_vec(), body)).unzip();
        let most = i64::try_from(MAX_DEFINITIONS).unwrap_or(i64::MAX);
        self.0.rows(KEEP, &[&key(tenant), &digests, &bodies, &most]).await?;
        Ok(())
    }

    async fn get(
        &self,
        tenant: TenantId,
        digest: Digest,
    ) -> Result<Option<Vec<u8>>, DefinitionsFault> {
        let rows = self.0.rows(GET, &[&key(tenant), &digest.as_bytes().to_vec()]).await?;
        let row = rows.first().ok_or_else(|| PgFault::words("no answer"))?;
        Ok(row.try_get(0)?)
    }
}
