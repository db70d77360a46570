//! [`LedgerScribe`]: what the gateway has to say, decided by `authority` and appended by the tenant's one writer.
//!
//! Never here: a fact that was not decided. To let another part write: its name as the actor.

use async_trait::async_trait;
use bytes::Bytes;
use writ_authority::{Command, Refusal, State, command};
use writ_gateway::Scribe;
use writ_model::{Actor, Cx, TenantId};
use writ_store::{Sequencer, SubmitError, View};

use super::System;

/// Writes for the gateway.
#[derive(Debug)]
pub struct LedgerScribe {
    sequencer: Sequencer<State>,
    system: System,
}

impl LedgerScribe {
    /// Over these writers.
    pub fn new(sequencer: Sequencer<State>, system: System) -> Self {
        Self { sequencer, system }
    }
}

#[async_trait]
impl Scribe for LedgerScribe {
    async fn write(&self, tenant: TenantId, command: Command) -> Result<u64, String> {
        let system = self.system.clone();
        let decide = move |view: &View<State>| -> Result<Vec<Bytes>, Refusal> {
            let actor = Actor::system("gateway");
            let cx = Cx::new(system.clock.now(), system.entropy.clone(), tenant, actor);
            let lines = command::lines(&view.state, command.clone(), &cx)?;
            Ok(lines.into_iter().map(|(_, line)| Bytes::from(line)).collect())
        };
        match self.sequencer.submit(tenant, Box::new(decide)).await {
            Ok(committed) => Ok(committed.first),
            Err(SubmitError::Refused(refusal)) => Err(refusal.to_string()),
            Err(fault) => Err(fault.to_string()),
        }
    }
}
