//! Which tenant an instance or an enrollment code belongs to: credentials carry no tenant until we have said so.
//!
//! Never here: a decision. The index only finds the tenant; its state then decides.
//! INVARIANT: kept by following sizes, so that an unknown id costs one comparison for each tenant, not a scan.

use std::collections::BTreeMap;

use writ_authority::State;
use writ_model::{Digest, InstanceId, TenantId};

/// What was read from the states so far.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    sizes: BTreeMap<TenantId, Seen>,
    instances: BTreeMap<InstanceId, TenantId>,
    codes: BTreeMap<Digest, TenantId>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    size: u64,
    instances: usize,
    codes: usize,
}

impl Directory {
    pub(crate) fn instance(&self, id: InstanceId) -> Option<TenantId> {
        self.instances.get(&id).copied()
    }

    pub(crate) fn code(&self, digest: Digest) -> Option<TenantId> {
        self.codes.get(&digest).copied()
    }

    /// Whether a state is newer than what was read of it.
    pub(crate) fn behind(&self, state: &State) -> bool {
        self.sizes.get(&state.tenant).is_none_or(|seen| seen.size < state.size)
    }

    /// Reads what is new in a state. Instances and codes are never removed from one.
    pub(crate) fn learn(&mut self, state: &State) {
        let tenant = state.tenant;
        let seen = self.sizes.get(&tenant).copied().unwrap_or_default();
        if state.instances.len() > seen.instances {
            self.instances.extend(state.instances.keys().map(|id| (*id, tenant)));
        }
        if state.codes.len() > seen.codes {
            self.codes.extend(state.codes.keys().map(|digest| (*digest, tenant)));
        }
        let (instances, codes) = (state.instances.len(), state.codes.len());
        self.sizes.insert(tenant, Seen { size: state.size, instances, codes });
    }
}
