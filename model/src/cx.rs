//! [`Cx`]: the context every command and decision gets first. Instant, entropy, tenant and actor are values in it, so
//! that the same input gives the same bytes.
//!
//! Never here: a system clock or a system source of entropy; the binary hands those in.

use std::{fmt, sync::Arc};

use crate::{Actor, TenantId, Timestamp};

/// Where instants come from. The binary's reads the system; tests' stands still until told.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The current instant, never before an earlier answer of the same clock by more than the system's own steps.
    fn now(&self) -> Timestamp;
    /// Microseconds of a clock that never steps, for measuring spans and leases.
    fn monotonic_micros(&self) -> u64;
}

/// Where randomness comes from. The binary's is the system's; tests' is seeded.
pub trait Entropy: Send + Sync + fmt::Debug {
    /// Fills the slice with random bytes.
    fn fill(&self, out: &mut [u8]);
}

/// One act in one tenant by one actor at one instant.
#[derive(Debug, Clone)]
pub struct Cx {
    at: Timestamp,
    entropy: Arc<dyn Entropy>,
    tenant: TenantId,
    actor: Actor,
}

impl Cx {
    /// A context. `at` is fixed for its life: one act has one instant.
    pub fn new(at: Timestamp, entropy: Arc<dyn Entropy>, tenant: TenantId, actor: Actor) -> Self {
        Self { at, entropy, tenant, actor }
    }

    /// The instant of this act.
    pub fn now(&self) -> Timestamp {
        self.at
    }

    /// Whose space the act is in.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Who acts.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The same act in somebody else's name: what they asked for is done now.
    #[must_use]
    pub fn as_actor(&self, actor: Actor) -> Self {
        Self { actor, ..self.clone() }
    }

    /// The same act in another tenant: for making the first id of a tenant that does not exist yet.
    #[must_use]
    pub fn in_tenant(&self, tenant: TenantId) -> Self {
        Self { tenant, ..self.clone() }
    }

    /// Fills the slice with random bytes.
    pub fn fill(&self, out: &mut [u8]) {
        self.entropy.fill(out);
    }
}
