//! Sealing: every range that waits is written in its tenant's ledger by whoever was handed in, and then marked here. One
//! place for gateway and desk, so that both recover in the same way from a crash between the two writes.
//!
//! Never here: the ledger, or a retry: what is not sealed is offered again.
//! To add a way in which ledger and lake may differ: an arm in [`Activity::seal_one`].

use std::{collections::BTreeSet, fmt::Display, sync::Arc};

use writ_evidence::merkle::{Frontier, leaf_hash};
use writ_model::TenantId;

use crate::{
    activity::Activity,
    fault::LakeFault,
    query,
    seal::{Batch, Run, Seal},
};

/// LIMIT: times a range is cut at what the ledger says. One seal of a run can be unmarked, so once is enough.
const CUTS: usize = 1;

/// Which ranges to seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Due {
    /// Only of this tenant.
    pub tenant: Option<TenantId>,
    /// Also what lies behind gaps: at the end of a run and after a restart.
    pub finally: bool,
    /// Only of a part of the tenants: sealing all of them at one moment would hold up everybody's calls.
    pub part: Option<Part>,
}

/// One of some equal parts of all tenants. A tenant is always in the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Which, from 0.
    pub nth: u64,
    /// Of how many; none has everybody.
    pub of: u64,
}

impl Part {
    /// Whether a tenant is in it. The end of an id is random.
    pub fn has(self, tenant: TenantId) -> bool {
        let [.., a, b, c, d] = tenant.to_bytes();
        let number = u64::from(u32::from_be_bytes([a, b, c, d]));
        number.checked_rem(self.of).is_none_or(|part| part == self.nth)
    }
}

impl Due {
    /// Whether a tenant's ranges are due.
    pub(crate) fn has(&self, tenant: TenantId) -> bool {
        self.tenant.is_none_or(|only| only == tenant)
            && self.part.is_none_or(|part| part.has(tenant))
    }
}

/// What one sealing did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sealed {
    /// Ranges that stand in the ledger and are marked.
    pub seals: usize,
    /// Records in them.
    pub records: u64,
    /// Ranges that could not be sealed; they are offered again.
    pub failed: usize,
}

#[derive(Debug, thiserror::Error)]
enum NotSealed {
    #[error("the ledger has another last seal of that run")]
    Ledger,
    #[error("the ledger could not be asked: {0}")]
    Unwritten(String),
    #[error(transparent)]
    Lake(#[from] LakeFault),
}

impl Activity {
    /// Seals what waits, oldest first in each run, one sealing at a time. `write` tries to have a range written in its
    /// tenant's ledger and gives the last seal that the ledger then has of that run, whether or not it is this one.
    ///
    /// # Errors
    /// If what was recorded cannot be flushed. A range that cannot be sealed is counted, logged, and offered again.
    pub async fn seal<W, F, E>(
        self: &Arc<Self>,
        due: Due,
        mut write: W,
    ) -> Result<Sealed, LakeFault>
    where
        W: FnMut(Batch) -> F + Send,
        F: Future<Output = Result<Option<Seal>, E>> + Send,
        E: Display + Send,
    {
        let _one_at_a_time = self.sealing.lock().await;
        self.flush().await?;
        let mut done = Sealed::default();
        // INVARIANT: at most one seal of a run is unmarked, because nothing later of that run is tried after a failure.
        let mut stuck: BTreeSet<Run> = BTreeSet::new();
        for batch in self.due(due) {
            let run = batch.run;
            if stuck.contains(&run) {
                done.failed += 1;
                continue;
            }
            let (first, last) = (batch.first, batch.last);
            if let Err(why) = self.seal_one(batch, &mut write, &mut done).await {
                done.failed += 1;
                stuck.insert(run);
                tracing::error!(tenant = %run.tenant, first, last, %why, "records are not sealed");
            }
        }
        Ok(done)
    }

    fn due(&self, due: Due) -> Vec<Batch> {
        self.tracker.lock().due(&due)
    }

    async fn seal_one<W, F, E>(
        self: &Arc<Self>,
        mut batch: Batch,
        write: &mut W,
        done: &mut Sealed,
    ) -> Result<(), NotSealed>
    where
        W: FnMut(Batch) -> F + Send,
        F: Future<Output = Result<Option<Seal>, E>> + Send,
        E: Display + Send,
    {
        for _ in 0..=CUTS {
            let said = write(batch.clone()).await;
            let said = said.map_err(|why| NotSealed::Unwritten(why.to_string()))?;
            let said = said.ok_or(NotSealed::Ledger)?;
            let rest = if said.batch == batch {
                self.mark_sealed(batch.clone(), said.line).await?;
                None
            } else if said.batch.first == batch.first && said.batch.last < batch.last {
                // A crash came after the ledger had this seal and before the lake was told; more came in since.
                Some(self.cut(&batch, &said).await?)
            } else {
                return Err(NotSealed::Ledger);
            };
            done.seals += 1;
            done.records += said.batch.count;
            match rest {
                Some(rest) => batch = rest,
                None => return Ok(()),
            }
        }
        Err(NotSealed::Ledger)
    }

    /// Marks the part of a range that the ledger has already, if its records are the sealed ones; gives the rest, which
    /// waits from now on in place of the range.
    async fn cut(self: &Arc<Self>, batch: &Batch, said: &Seal) -> Result<Batch, LakeFault> {
        let (run, last, whole) = (batch.run, said.batch.last, (batch.first, batch.last));
        let (sealed, rest) = self
            .read(move |db| {
                let (mut sealed, mut rest) = (Frontier::new(), Frontier::new());
                query::each_leaf(db, run, whole, &mut |seq, leaf| {
                    let tree = if seq <= last { &mut sealed } else { &mut rest };
                    tree.push(leaf_hash(leaf));
                })?;
                Ok((sealed, rest))
            })
            .await?;
        let (first, count) = (last + 1, batch.last - last);
        let same = sealed.size() == said.batch.count && sealed.root() == said.batch.root;
        if !same || rest.size() != count {
            return Err(LakeFault::Contradicted { line: said.line });
        }
        let rest = Batch { run, first, last: batch.last, count, root: rest.root() };
        self.mark_sealed(said.batch.clone(), said.line).await?;
        self.tracker.lock().replace(batch, rest.clone());
        Ok(rest)
    }
}
