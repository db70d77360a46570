//! Contexts on SQLite: `contexts.db`. What an agent has read counts after a restart as well.
//!
//! Never here: a plain byte of what was read.

use std::{fmt, path::Path, sync::Arc};

use async_trait::async_trait;
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, Row, params};
use tokio::task;
use writ_model::{AgentId, InstanceId, TenantId, Timestamp};

use super::{OpenFault, open};
use crate::contexts::{
    After, ContextOf, Contexts, ContextsFault, Kept, MAX_CONTEXTS, MAX_LISTED, OfAgent, Since, fits,
};

const MIGRATIONS: &[&str] = &["
CREATE TABLE context (
  tenant   BLOB NOT NULL CHECK (length(tenant) = 16),
  agent    BLOB NOT NULL CHECK (length(agent) = 16),
  instance BLOB NOT NULL CHECK (length(instance) = 16),
  version  INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  expires  INTEGER NOT NULL,
  sealed   BLOB NOT NULL,
  PRIMARY KEY (tenant, agent, instance)
) STRICT;
CREATE INDEX context_expires ON context(tenant, expires);
"];
const SWEEP: &str = "DELETE FROM context WHERE tenant = ?1 AND expires <= ?2";
const COUNT: &str = "SELECT count(*) FROM context WHERE tenant = ?1";
const VERSION: &str =
    "SELECT version FROM context WHERE tenant = ?1 AND agent = ?2 AND instance = ?3";
const PUT: &str = "
INSERT INTO context (tenant, agent, instance, version, at, expires, sealed)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (tenant, agent, instance) DO UPDATE SET version = excluded.version, at = excluded.at,
  expires = excluded.expires, sealed = excluded.sealed";
const SINCE: &str = "
SELECT instance, version, at, CASE WHEN version = ?5 THEN x'' ELSE sealed END FROM context
WHERE tenant = ?1 AND agent = ?2 AND instance = ?3 AND expires > ?4";
const OF_AGENT: &str = "
SELECT instance, version, at, sealed FROM context
WHERE tenant = ?1 AND agent = ?2 AND expires > ?3 ORDER BY at DESC, version DESC LIMIT ?4";
const COUNT_OF_AGENT: &str =
    "SELECT count(*) FROM context WHERE tenant = ?1 AND agent = ?2 AND expires > ?3";
const OWNERS: &str = "SELECT agent, instance FROM context WHERE tenant = ?1 AND expires > ?2";
const REMOVE: &str = "DELETE FROM context WHERE tenant = ?1 AND instance = ?2";

/// Contexts in one SQLite file.
pub struct SqliteContexts {
    conn: Arc<Mutex<Connection>>,
}

impl fmt::Debug for SqliteContexts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SqliteContexts(…)")
    }
}

fn faulted(fault: impl fmt::Display) -> ContextsFault {
    ContextsFault::Faulted { why: fault.to_string() }
}

fn kept(row: &Row<'_>) -> rusqlite::Result<Kept> {
    let version: i64 = row.get(1)?;
    Ok(Kept {
        instance: InstanceId::from_bytes(row.get(0)?),
        version: version.cast_unsigned(),
        at: Timestamp::from_micros(row.get(2)?),
        sealed: row.get(3)?,
    })
}

impl SqliteContexts {
    /// Opens `contexts.db` in a data folder, making it if need be.
    ///
    /// # Errors
    /// If it cannot be opened or is of a newer release.
    pub fn open(folder: &Path) -> Result<Self, OpenFault> {
        let conn = open(&folder.join("contexts.db"), MIGRATIONS)?;
        Ok(Self { conn: Arc::new(Mutex::new(conn)) })
    }

    async fn run<T, W>(&self, work: W) -> Result<T, ContextsFault>
    where
        T: Send + 'static,
        W: FnOnce(&mut Connection) -> Result<T, ContextsFault> + Send + 'static,
    {
        let conn = Arc::clone(&self.conn);
        task::spawn_blocking(move || work(&mut conn.lock())).await.map_err(faulted)?
    }
}

#[async_trait]
impl Contexts for SqliteContexts {
    async fn since(
        &self,
        of: ContextOf,
        known: Option<u64>,
        now: Timestamp,
    ) -> Result<Since, ContextsFault> {
        let known_as = known.map(u64::cast_signed);
        let (tenant, agent) = (of.tenant.to_bytes(), of.agent.to_bytes());
        let values = (tenant, agent, of.instance.to_bytes(), now.micros(), known_as);
        let found = self
            .run(move |conn| conn.query_row(SINCE, values, kept).optional().map_err(faulted))
            .await?;
        Ok(match found {
            None => Since::Nothing,
            Some(kept) if Some(kept.version) == known => Since::Same,
            Some(kept) => Since::Newer(kept),
        })
    }

    async fn put(
        &self,
        of: ContextOf,
        sealed: Vec<u8>,
        after: After,
    ) -> Result<Option<u64>, ContextsFault> {
        fits(&sealed)?;
        let tenant = of.tenant.to_bytes();
        let (agent, instance) = (of.agent.to_bytes(), of.instance.to_bytes());
        self.run(move |conn| {
            let tx = conn.transaction().map_err(faulted)?;
            tx.execute(SWEEP, params![tenant, after.now.micros()]).map_err(faulted)?;
            let there: Option<i64> = tx
                .query_row(VERSION, params![tenant, agent, instance], |row| row.get(0))
                .optional()
                .map_err(faulted)?;
            if there.map(i64::cast_unsigned) != after.version {
                return Ok(None);
            }
            let all: i64 =
                tx.query_row(COUNT, params![tenant], |row| row.get(0)).map_err(faulted)?;
            if there.is_none() && usize::try_from(all).unwrap_or(usize::MAX) >= MAX_CONTEXTS {
                return Err(ContextsFault::Full { bound: MAX_CONTEXTS });
            }
            let version = after.next();
            let (at, expires) = (after.now.micros(), after.expires.micros());
            let values =
                params![tenant, agent, instance, version.cast_signed(), at, expires, sealed];
            tx.execute(PUT, values).map_err(faulted)?;
            tx.commit().map_err(faulted)?;
            Ok(Some(version))
        })
        .await
    }

    async fn of_agent(
        &self,
        tenant: TenantId,
        agent: AgentId,
        now: Timestamp,
    ) -> Result<OfAgent, ContextsFault> {
        let (tenant, agent, now) = (tenant.to_bytes(), agent.to_bytes(), now.micros());
        let most = i64::try_from(MAX_LISTED).unwrap_or(i64::MAX);
        self.run(move |conn| {
            let count: i64 = conn
                .query_row(COUNT_OF_AGENT, (tenant, agent, now), |row| row.get(0))
                .map_err(faulted)?;
            let mut read = conn.prepare(OF_AGENT).map_err(faulted)?;
            let rows = read.query_map((tenant, agent, now, most), kept).map_err(faulted)?;
            let newest = rows.collect::<rusqlite::Result<Vec<Kept>>>().map_err(faulted)?;
            Ok(OfAgent { count: usize::try_from(count).unwrap_or(usize::MAX), newest })
        })
        .await
    }

    async fn owners(
        &self,
        tenant: TenantId,
        now: Timestamp,
    ) -> Result<Vec<(AgentId, InstanceId)>, ContextsFault> {
        let values = (tenant.to_bytes(), now.micros());
        self.run(move |conn| {
            let mut read = conn.prepare(OWNERS).map_err(faulted)?;
            let owner = |row: &Row<'_>| {
                let (agent, instance) = (row.get(0)?, row.get(1)?);
                Ok((AgentId::from_bytes(agent), InstanceId::from_bytes(instance)))
            };
            let rows = read.query_map(values, owner).map_err(faulted)?;
            rows.collect::<rusqlite::Result<Vec<_>>>().map_err(faulted)
        })
        .await
    }

    async fn remove(&self, tenant: TenantId, ended: &[InstanceId]) -> Result<usize, ContextsFault> {
        let tenant = tenant.to_bytes();
        let ended: Vec<[u8; 16]> = ended.iter().map(|one| one.to_bytes()).collect();
        self.run(move |conn| {
            let tx = conn.transaction().map_err(faulted)?;
            let mut removed = 0;
            for instance in ended {
                removed += tx.execute(REMOVE, params![tenant, instance]).map_err(faulted)?;
            }
            tx.commit().map_err(faulted)?;
            Ok(removed)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_prepares() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(MIGRATIONS[0]).unwrap();
        let all = [SWEEP, COUNT, VERSION, PUT, SINCE, OF_AGENT, COUNT_OF_AGENT, OWNERS, REMOVE];
        for statement in all {
            db.prepare(statement).unwrap_or_else(|fault| panic!("{statement}: {fault}"));
        }
    }
}
