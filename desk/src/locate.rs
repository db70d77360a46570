//! Which tenant something belongs to whose bearer does not say: an instance, an enrollment code, an invitation's or a
//! recovery's code, a passkey, a person.
//!
//! Never here: a decision. The index only finds the tenant; its state then decides.
//! INVARIANT: kept by following sizes, so that an unknown id costs one comparison for each tenant, not a scan.

use std::{collections::BTreeMap, sync::Arc};

use writ_authority::{Admitted, State};
use writ_model::{Digest, InstanceId, PersonId, TenantId};
use writ_store::View;

use crate::{Desk, DeskError};

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

impl Desk {
    /// The tenant of an instance.
    pub(crate) async fn tenant_of_instance(
        &self,
        id: InstanceId,
    ) -> Result<Option<TenantId>, DeskError> {
        self.located(|directory| directory.instance(id)).await
    }

    /// The tenant of an enrollment code.
    pub(crate) async fn tenant_of_code(
        &self,
        digest: Digest,
    ) -> Result<Option<TenantId>, DeskError> {
        self.located(|directory| directory.code(digest)).await
    }

    /// Looks something up in the directory, once more after reading what is new.
    async fn located(
        &self,
        look: impl Fn(&Directory) -> Option<TenantId>,
    ) -> Result<Option<TenantId>, DeskError> {
        let known = look(&self.inner.directory.lock());
        if known.is_some() {
            return Ok(known);
        }
        self.learn().await?;
        Ok(look(&self.inner.directory.lock()))
    }

    /// The tenant of an invitation's or a recovery's code.
    pub(crate) async fn tenant_of_join(
        &self,
        digest: Digest,
    ) -> Result<Option<TenantId>, DeskError> {
        self.located(|directory| directory.join(digest)).await
    }

    /// The tenant whose people a passkey's owner is of.
    pub(crate) async fn tenant_of_credential(
        &self,
        credential: &str,
    ) -> Result<Option<TenantId>, DeskError> {
        self.located(|directory| directory.credential(credential)).await
    }

    /// Whether a credential is one that was read in a ledger already; nothing is read for it.
    pub(crate) fn has_met(&self, credential: &str) -> bool {
        self.inner.directory.lock().credential(credential).is_some()
    }

    /// The state of the space that a person's passkeys are admitted in: the provider's for its people, their client's
    /// for everybody else.
    pub(crate) async fn home(
        &self,
        person: PersonId,
    ) -> Result<Option<Arc<View<State>>>, DeskError> {
        let provider = self.provider_view().await?;
        if provider.state.people.contains_key(&person) {
            return Ok(Some(provider));
        }
        match self.located(|directory| directory.person(person)).await? {
            Some(tenant) => Ok(Some(self.tenants().view(tenant).await?)),
            None => Ok(None),
        }
    }

    async fn learn(&self) -> Result<(), DeskError> {
        let mut views = vec![self.provider_view().await?];
        views.extend(self.every_client().await?);
        for view in views {
            let mut directory = self.inner.directory.lock();
            if directory.behind(&view.state) {
                directory.learn(&view.state);
            }
        }
        Ok(())
    }
}
