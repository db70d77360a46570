//! [`Confirm`]: how a gateway says that an ending has reached it. Where the ledger's writer is in the same process it is
//! written at once; elsewhere it is left where the ledger's writers find it.
//!
//! Never here: what was measured, or when a confirmation is due (`kill`).
//! To add a way: a type that implements [`Confirm`].

use std::sync::Arc;

use async_trait::async_trait;
use writ_authority::{Command, fact::Confirmation};
use writ_model::TenantId;

use crate::core::Scribe;

/// Has a confirmation brought into a tenant's ledger.
#[async_trait]
pub trait Confirm: std::fmt::Debug + Send + Sync {
    /// Writes it, or leaves it durably for who writes it; the same may be brought twice. A receipt may lack what could not be
    /// brought: then it says, without anything measured, that the gateway has read the line or that its lease has expired.
    ///
    /// # Errors
    /// In words, if it could neither be written nor left.
    async fn confirm(&self, tenant: TenantId, said: Confirmation) -> Result<(), String>;
}

/// Writes confirmations by the gateway's own scribe.
#[derive(Debug)]
pub struct Direct(pub Arc<dyn Scribe>);

#[async_trait]
impl Confirm for Direct {
    async fn confirm(&self, tenant: TenantId, said: Confirmation) -> Result<(), String> {
        let command = match said {
            Confirmation::One(said) => Command::ConfirmTermination(said),
            Confirmation::Many(said) => Command::ReachTermination(Box::new(said)),
        };
        self.0.write(tenant, command).await.map(|_line| ())
    }
}
