//! Contexts in memory: for tests, and where a restart may forget what was read.
//!
//! Never here: a map without a bound.

use std::{collections::BTreeMap, fmt};

use async_trait::async_trait;
use parking_lot::Mutex;
use writ_model::{AgentId, InstanceId, TenantId, Timestamp};

use crate::contexts::{
    After, ContextOf, Contexts, ContextsFault, Kept, MAX_CONTEXTS, MAX_LISTED, OfAgent, Since, fits,
};

type OfTenant = BTreeMap<(AgentId, InstanceId), (Kept, Timestamp)>;

/// Contexts in memory.
#[derive(Default)]
pub struct MemoryContexts(Mutex<BTreeMap<TenantId, OfTenant>>);

impl fmt::Debug for MemoryContexts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "MemoryContexts({} tenants)", self.0.lock().len())
    }
}

#[async_trait]
impl Contexts for MemoryContexts {
    async fn since(
        &self,
        of: ContextOf,
        known: Option<u64>,
        now: Timestamp,
    ) -> Result<Since, ContextsFault> {
        let all = self.0.lock();
        let own = all.get(&of.tenant).and_then(|own| own.get(&(of.agent, of.instance)));
        Ok(match own.filter(|(_, until)| *until > now) {
            None => Since::Nothing,
            Some((kept, _)) if Some(kept.version) == known => Since::Same,
            Some((kept, _)) => Since::Newer(kept.clone()),
        })
    }

    async fn put(
        &self,
        of: ContextOf,
        sealed: Vec<u8>,
        after: After,
    ) -> Result<Option<u64>, ContextsFault> {
        fits(&sealed)?;
        let mut all = self.0.lock();
        let own = all.entry(of.tenant).or_default();
        own.retain(|_, (_, until)| *until > after.now);
        let key = (of.agent, of.instance);
        let there = own.get(&key).map(|(kept, _)| kept.version);
        if there != after.version {
            return Ok(None);
        }
        if there.is_none() && own.len() >= MAX_CONTEXTS {
            return Err(ContextsFault::Full { bound: MAX_CONTEXTS });
        }
        let version = after.next();
        let kept = Kept { instance: of.instance, version, sealed, at: after.now };
        own.insert(key, (kept, after.expires));
        Ok(Some(version))
    }

    async fn of_agent(
        &self,
        tenant: TenantId,
        agent: AgentId,
        now: Timestamp,
    ) -> Result<OfAgent, ContextsFault> {
        let all = self.0.lock();
        let own = all.get(&tenant).into_iter().flatten();
        let live = own.filter(|((of, _), (_, until))| *of == agent && *until > now);
        let mut newest: Vec<&Kept> = live.map(|(_, (kept, _))| kept).collect();
        newest.sort_by_key(|kept| std::cmp::Reverse((kept.at, kept.version)));
        let count = newest.len();
        Ok(OfAgent { count, newest: newest.into_iter().take(MAX_LISTED).cloned().collect() })
    }

    async fn owners(
        &self,
        tenant: TenantId,
        now: Timestamp,
    ) -> Result<Vec<(AgentId, InstanceId)>, ContextsFault> {
        let all = self.0.lock();
        let own = all.get(&tenant).into_iter().flatten();
        Ok(own.filter(|(_, (_, until))| *until > now).map(|(of, _)| *of).collect())
    }

    async fn remove(&self, tenant: TenantId, ended: &[InstanceId]) -> Result<usize, ContextsFault> {
        let mut all = self.0.lock();
        let Some(own) = all.get_mut(&tenant) else { return Ok(0) };
        let before = own.len();
        own.retain(|(_, instance), _| !ended.contains(instance));
        Ok(before - own.len())
    }
}
