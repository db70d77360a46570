//! Definitions in memory: for tests, and where a restart may forget the words of a difference.
//!
//! Never here: a map without a bound.

use std::{collections::BTreeMap, fmt};

use async_trait::async_trait;
use parking_lot::Mutex;
use writ_model::{Digest, TenantId};

use crate::definitions::{Definitions, DefinitionsFault, MAX_DEFINITIONS, fits};

/// The texts of one tenant, and the order in which they came.
#[derive(Default)]
struct OfTenant {
    texts: BTreeMap<Digest, (u64, Vec<u8>)>,
    order: BTreeMap<u64, Digest>,
    next: u64,
}

/// Definitions in memory.
#[derive(Default)]
pub struct MemoryDefinitions(Mutex<BTreeMap<TenantId, OfTenant>>);

impl fmt::Debug for MemoryDefinitions {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "MemoryDefinitions({} tenants)", self.0.lock().len())
    }
}

#[async_trait]
impl Definitions for MemoryDefinitions {
    async fn keep(
        &self,
        tenant: TenantId,
        texts: Vec<(Digest, Vec<u8>)>,
    ) -> Result<(), DefinitionsFault> {
        fits(&texts)?;
        let mut all = self.0.lock();
        let own = all.entry(tenant).or_default();
        for (digest, text) in texts {
            if own.texts.contains_key(&digest) {
                continue;
            }
            own.texts.insert(digest, (own.next, text));
            own.order.insert(own.next, digest);
            own.next += 1;
        }
        while own.texts.len() > MAX_DEFINITIONS {
            let Some((_, oldest)) = own.order.pop_first() else { break };
            own.texts.remove(&oldest);
        }
        Ok(())
    }

    async fn get(
        &self,
        tenant: TenantId,
        digest: Digest,
    ) -> Result<Option<Vec<u8>>, DefinitionsFault> {
        let all = self.0.lock();
        Ok(all.get(&tenant).and_then(|own| own.texts.get(&digest)).map(|(_, text)| text.clone()))
    }
}
