//! What Writ does by itself: put on hold what nobody answers for any more (the wiring calls it on an interval), seal
//! recorded calls (a running gateway seals its own; this is for a store without one). Both are reconcilers: run them as
//! often as you like.

use writ_authority::{Command, command, fact::ActivitySealed, refusal};
use writ_lake::{Batch, Due, Part, Seal};
use writ_model::{Actor, TenantId};
use writ_store::{Space, secrets::NAMES_PAGE};

use crate::{
    Desk, DeskError, Who, oauth, upstreams,
    view::{Sealed, Swept},
};

impl Desk {
    /// Writes what a gateway has to say into a tenant's ledger: that an agent is cut, the root of its records, that a call
    /// waits, that an approval is used up, that people are told, what servers list. Gives the line. For the wiring, which hands it to gateways.
    ///
    /// # Errors
    /// If it is another command, it is refused, or the store fails.
    pub async fn write_for_gateway(
        &self,
        tenant: TenantId,
        command: Command,
    ) -> Result<u64, DeskError> {
        let gateways = matches!(
            command,
            Command::ConfirmTermination(_)
                | Command::ReachTermination(_)
                | Command::SealActivity(_)
                | Command::HoldCall(_)
                | Command::ConsumeApproval { .. }
                | Command::NotifyAct(_)
                | Command::SeeDefinitions(_)
        );
        if !gateways {
            return Err(DeskError::Refused(refusal::Refusal::internal(
                "command",
                "a gateway only confirms, seals, holds, uses up, tells and sees",
            )));
        }
        Ok(self.act(tenant, Actor::system("gateway"), command).await?.first)
    }

    /// Writes the root of every complete range of records in its tenant's ledger. With `last`, also of ranges behind
    /// gaps: at the end of a run and after a restart.
    ///
    /// # Errors
    /// If the lake cannot be flushed. A range that cannot be sealed is counted, logged, and offered again.
    pub async fn seal_activity(&self, last: bool) -> Result<Sealed, DeskError> {
        self.seal(Due { finally: last, ..Due::default() }).await
    }

    /// Writes the roots of one part of the clients: whoever goes through all parts in a minute seals each client once in
    /// it, and never all of them at one moment.
    ///
    /// # Errors
    /// As [`Desk::seal_activity`].
    pub async fn seal_part(&self, part: Part) -> Result<Sealed, DeskError> {
        self.seal(Due { part: Some(part), ..Due::default() }).await
    }

    /// Seals what was recorded at one client until now, for an export that is to hold it.
    ///
    /// # Errors
    /// If the asker may not export there, or the lake cannot be flushed.
    pub async fn seal_client(&self, who: &Who, client: &str) -> Result<Sealed, DeskError> {
        let view = self.seat(who, client).await?;
        let left = crate::oidc::as_left(&view.state, who);
        command::may_export(&left, &self.cx(view.tenant, who.actor()))?;
        // What a gateway has under way must not be taken for a gap.
        let finally = self.inner.fleet.read().gateways().is_empty();
        self.seal(Due { tenant: Some(view.tenant), finally, part: None }).await
    }

    async fn seal(&self, due: Due) -> Result<Sealed, DeskError> {
        let done = self.inner.parts.lake.seal(due, |batch| self.sealed(batch)).await?;
        Ok(Sealed { seals: done.seals, records: done.records, failed: done.failed })
    }

    /// Has a range written; the last seal of its run that the ledger then has. A refusal is no fault here: the range
    /// may stand there already, or a part of it.
    async fn sealed(&self, batch: Batch) -> Result<Option<Seal>, DeskError> {
        let run = batch.run;
        let seal = ActivitySealed {
            gateway: run.gateway,
            boot: run.boot,
            first: batch.first,
            last: batch.last,
            count: batch.count,
            root: batch.root,
        };
        let command = Command::SealActivity(seal);
        match self.act(run.tenant, Actor::system("sealer"), command).await {
            Ok(_) => {}
            Err(DeskError::Refused(why)) => {
                tracing::warn!(tenant = %run.tenant, %why, "a seal was not written");
            }
            Err(fault) => return Err(fault),
        }
        let view = self.tenants().view(run.tenant).await?;
        Ok(view.state.seals.get(&(run.gateway, run.boot)).map(|known| {
            let said = &known.seal;
            let (first, last, count) = (said.first, said.last, said.count);
            Seal { batch: Batch { run, first, last, count, root: said.root }, line: known.line }
        }))
    }

    /// Puts on hold every active agent whose answers have been incomplete for longer than the grace period, and ends what
    /// a restart left of drills.
    ///
    /// # Errors
    /// If nothing is founded. A client that cannot be swept is counted and logged; the next sweep tries again.
    pub async fn sweep(&self) -> Result<Swept, DeskError> {
        let mut done = Swept::default();
        // Also copies passkeys; what fails is logged there and tried again by the next sweep.
        if self.unseat_the_gone().await.is_err() {
            done.failed += 1;
        }
        if let Err(fault) = self.forget_the_erased().await {
            done.failed += 1;
            tracing::error!(error = %fault, "keys of erased people are not destroyed");
        }
        for view in self.every_client().await? {
            done.clients += 1;
            if let Err(fault) = self.sweep_drills(&view).await {
                done.failed += 1;
                tracing::error!(tenant = %view.tenant, error = %fault, "drills not swept");
            }
            if self.keeps_swept(view.tenant).await {
                if let Err(fault) = self.take_back_fallen(&view).await {
                    done.failed += 1;
                    tracing::error!(tenant = %view.tenant, error = %fault, "ended accounts not taken back");
                }
                if let Err(fault) = self.sweep_consents(&view).await {
                    done.failed += 1;
                    tracing::error!(tenant = %view.tenant, error = %fault, "consents not swept");
                }
            }
            match self.act(view.tenant, Actor::system("reconciler"), Command::Sweep).await {
                Ok(wrote) => done.held += wrote.facts.len(),
                Err(fault) => {
                    done.failed += 1;
                    tracing::error!(tenant = %view.tenant, error = %fault, "not swept");
                }
            }
        }
        Ok(done)
    }

    /// Whether a client keeps anything that accounts and consents may be swept of: one question for the five that most clients
    /// would answer with nothing. True if it cannot be asked: who then sweeps says why not.
    async fn keeps_swept(&self, tenant: TenantId) -> bool {
        let Ok(page) = self.inner.parts.vault.names(Space::Tenant(tenant), "", "").await else {
            return true;
        };
        let swept = |name: &String| {
            let mut all = upstreams::SWEPT.iter().chain(&oauth::SWEPT);
            all.any(|prefix| name.starts_with(prefix))
        };
        let any = page.len() >= NAMES_PAGE || page.iter().any(swept);
        if !any {
            self.forget_swept(tenant);
        }
        any
    }
}
