//! Which tenant something belongs to whose bearer does not say: an instance, an enrollment code, an invitation's or a
//! recovery's code, a passkey, a person.
//!
//! Never here: a decision. The index only finds the tenant; its state then decides.
//! INVARIANT: kept by following sizes, so that an unknown id costs one comparison for each tenant, not a scan.

use std::collections::BTreeMap;

use writ_authority::{Admitted, State};
use writ_model::{Digest, InstanceId, PersonId, TenantId};

/// What was read from the states so far.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    sizes: BTreeMap<TenantId, Seen>,
    instances: BTreeMap<InstanceId, TenantId>,
    codes: BTreeMap<Digest, TenantId>,
    joins: BTreeMap<Digest, TenantId>,
    credentials: BTreeMap<String, TenantId>,
    people: BTreeMap<PersonId, TenantId>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    size: u64,
    instances: usize,
    codes: usize,
    joins: usize,
    credentials: usize,
    people: usize,
}

impl Directory {
    pub(crate) fn instance(&self, id: InstanceId) -> Option<TenantId> {
        self.instances.get(&id).copied()
    }

    pub(crate) fn code(&self, digest: Digest) -> Option<TenantId> {
        self.codes.get(&digest).copied()
    }

    /// The tenant of an invitation's or a recovery's code.
    pub(crate) fn join(&self, digest: Digest) -> Option<TenantId> {
        self.joins.get(&digest).copied()
    }

    /// The tenant that admitted a passkey itself.
    pub(crate) fn credential(&self, credential: &str) -> Option<TenantId> {
        self.credentials.get(credential).copied()
    }

    /// The tenant where a person was seen first. People of the provider are to be looked for at the provider.
    pub(crate) fn person(&self, person: PersonId) -> Option<TenantId> {
        self.people.get(&person).copied()
    }

    /// Whether a state is newer than what was read of it.
    pub(crate) fn behind(&self, state: &State) -> bool {
        self.sizes.get(&state.tenant).is_none_or(|seen| seen.size < state.size)
    }

    /// Reads what is new in a state. Nothing of all this is ever removed from one.
    pub(crate) fn learn(&mut self, state: &State) {
        let tenant = state.tenant;
        let seen = self.sizes.get(&tenant).copied().unwrap_or_default();
        let now = Seen {
            size: state.size,
            instances: state.instances.len(),
            codes: state.codes.len(),
            joins: state.invitations.len() + state.recoveries.len(),
            credentials: state.credentials.len(),
            people: state.people.len(),
        };
        if now.instances > seen.instances {
            self.instances.extend(state.instances.keys().map(|id| (*id, tenant)));
        }
        if now.codes > seen.codes {
            self.codes.extend(state.codes.keys().map(|digest| (*digest, tenant)));
        }
        if now.joins > seen.joins {
            self.joins.extend(state.invitations.values().map(|one| (one.says.code, tenant)));
            self.joins.extend(state.recoveries.values().map(|one| (one.says.code, tenant)));
        }
        if now.credentials > seen.credentials {
            let own = state.passkeys.values().filter(|key| key.admitted != Admitted::Mirrored);
            self.credentials.extend(own.map(|key| (key.says.credential.clone(), tenant)));
        }
        if now.people > seen.people {
            for person in state.people.keys() {
                self.people.entry(*person).or_insert(tenant);
            }
        }
        self.sizes.insert(tenant, now);
    }
}
