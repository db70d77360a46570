//! [`LedgerScribe`]: what the gateway has to say, decided by `authority` and appended by the tenant's one writer.
//!
//! The first line that needs a newer format has it raised, as a desk does (`docs/adr/0020`): once every process that the
//! roster knows reads it, or at once where this one is alone.
//! Never here: a fact that was not decided. To let another part write: its name as the actor.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use writ_authority::{
    Command, Refusal, State, command,
    fact::{FIRST, NEWEST},
    refusal::FORMAT,
};
use writ_gateway::Scribe;
use writ_model::{Actor, Cx, TenantId};
use writ_store::{Roster, Sequencer, SubmitError, View};

use super::System;

/// Writes for the gateway.
#[derive(Debug)]
pub struct LedgerScribe {
    sequencer: Sequencer<State>,
    system: System,
    /// The other processes, if there may be some.
    roster: Option<Arc<dyn Roster>>,
}

impl LedgerScribe {
    /// Over these writers, in the only process there is.
    pub fn new(sequencer: Sequencer<State>, system: System) -> Self {
        Self { sequencer, system, roster: None }
    }

    /// Among the processes of this roster.
    #[must_use]
    pub fn among(self, roster: &Arc<dyn Roster>) -> Self {
        Self { roster: Some(Arc::clone(roster)), ..self }
    }

    async fn once(&self, tenant: TenantId, command: Command) -> Result<u64, SubmitError<Refusal>> {
        let system = self.system.clone();
        let decide = move |view: &View<State>| -> Result<Vec<Bytes>, Refusal> {
            let actor = Actor::system("gateway");
            let cx = Cx::new(system.clock.now(), system.entropy.clone(), tenant, actor);
            let lines = command::lines(&view.state, command.clone(), &cx)?;
            Ok(lines.into_iter().map(|(_, line)| Bytes::from(line)).collect())
        };
        Ok(self.sequencer.submit(tenant, Box::new(decide)).await?.first)
    }

    /// Raises the format by one, if every process reads it.
    async fn raise(&self, tenant: TenantId) -> Result<(), String> {
        let view =
            self.sequencer.tenants().view(tenant).await.map_err(|fault| fault.to_string())?;
        let format = view.state.format + 1;
        if let Some(roster) = &self.roster {
            let (_, members) = roster.list().await.map_err(|fault| fault.to_string())?;
            let reads = |one: &writ_store::Seen| one.beat.member.reads.min(NEWEST) >= format;
            if members.iter().any(|one| one.left.is_none() && !reads(one)) {
                return Err(format!(
                    "older processes still run, which cannot read format {format}"
                ));
            }
        }
        self.once(tenant, Command::RaiseFormat { format }).await.map_err(|why| why.to_string())?;
        tracing::info!(event = "ledger.format_raised", %tenant, format, "a newer format is written from now on");
        Ok(())
    }
}

#[async_trait]
impl Scribe for LedgerScribe {
    async fn write(&self, tenant: TenantId, command: Command) -> Result<u64, String> {
        let mut done = self.once(tenant, command.clone()).await;
        for _format in FIRST..NEWEST {
            let needs = matches!(&done, Err(SubmitError::Refused(why)) if why.code == FORMAT);
            if !needs {
                break;
            }
            // Somebody else may have raised it meanwhile: then it is there.
            let raised = self.raise(tenant).await;
            done = self.once(tenant, command.clone()).await;
            if matches!(&done, Err(SubmitError::Refused(why)) if why.code == FORMAT) {
                raised?;
            }
        }
        done.map_err(|fault| match fault {
            SubmitError::Refused(refusal) => refusal.to_string(),
            other => other.to_string(),
        })
    }
}
