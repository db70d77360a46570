//! What Writ does by itself: put on hold what nobody answers for any more (the wiring calls it on an interval), seal
//! recorded calls (a running gateway seals its own; this is for a store without one). Both are reconcilers: run them as
//! often as you like.

use writ_authority::{Command, fact::ActivitySealed, refusal};
use writ_lake::Batch;
use writ_model::{Actor, TenantId};

use crate::{
    Desk, DeskError,
    view::{Sealed, Swept},
};

impl Desk {
    /// Writes what a gateway has to say into a tenant's ledger: that an agent is cut, or the root of its records. Gives
    /// the line. For the wiring, which hands it to gateways.
    ///
    /// # Errors
    /// If it is another command, it is refused, or the store fails.
    pub async fn write_for_gateway(
        &self,
        tenant: TenantId,
        command: Command,
    ) -> Result<u64, DeskError> {
        if !matches!(command, Command::ConfirmTermination(_) | Command::SealActivity(_)) {
            return Err(DeskError::Refused(refusal::Refusal::internal(
                "command",
                "a gateway only confirms and seals",
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
        let lake = &self.inner.parts.lake;
        lake.flush().await?;
        let due = if last { lake.seal_due_finally() } else { lake.seal_due() };
        let mut done = Sealed::default();
        for batch in due {
            match self.seal(&batch).await {
                Ok(()) => {
                    done.seals += 1;
                    done.records += batch.count;
                }
                Err(fault) => {
                    done.failed += 1;
                    tracing::error!(tenant = %batch.run.tenant, first = batch.first,
                        last = batch.last, error = %fault, "a range of records is not sealed");
                }
            }
        }
        Ok(done)
    }

    async fn seal(&self, batch: &Batch) -> Result<(), DeskError> {
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
        let lake = &self.inner.parts.lake;
        let wrote = match self.act(run.tenant, Actor::system("sealer"), command).await {
            Ok(wrote) => wrote,
            Err(DeskError::Refused(refused)) if refused.code == refusal::SEAL => {
                return self.sealed_before(batch, refused.into()).await;
            }
            Err(fault) => return Err(fault),
        };
        let line = if wrote.facts.is_empty() {
            // Sealed before a crash that came before it was marked.
            wrote.view.state.seals.get(&(run.gateway, run.boot)).map_or(0, |seal| seal.line)
        } else {
            wrote.first
        };
        Ok(lake.mark_sealed(batch.clone(), line).await?)
    }

    /// The ledger has a seal that the lake does not know of and that ends inside this range: a crash came between the
    /// two. The lake is told; the rest of the range is sealed after the next start, which offers it alone.
    async fn sealed_before(&self, batch: &Batch, refused: DeskError) -> Result<(), DeskError> {
        let run = batch.run;
        let view = self.tenants().view(run.tenant).await?;
        let Some(known) = view.state.seals.get(&(run.gateway, run.boot)) else {
            return Err(refused);
        };
        let said = &known.seal;
        if said.first != batch.first || said.last >= batch.last {
            return Err(refused);
        }
        let (first, last) = (said.first, said.last);
        let earlier = Batch { run, first, last, count: said.count, root: said.root };
        self.inner.parts.lake.mark_sealed(earlier, known.line).await?;
        Err(refused)
    }

    /// Puts on hold every active agent whose answers have been incomplete for longer than the grace period.
    ///
    /// # Errors
    /// If nothing is founded. A client that cannot be swept is counted and logged; the next sweep tries again.
    pub async fn sweep(&self) -> Result<Swept, DeskError> {
        let mut done = Swept::default();
        for view in self.every_client().await? {
            done.clients += 1;
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
}
