//! What is true afterwards: the ledgers in the database and the records in a lake, read from outside, against what callers
//! and writers were told.
//!
//! Never here: trust in what a process says of itself, but for the list of gaps, which is what is compared.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::Instant,
};

use anyhow::{Context as _, Result};
use serde_json::Value;
use writ_authority::{Entry, Fact, State, fact::ActivitySealed};
use writ_evidence::merkle::{Frontier, leaf_hash};
use writ_lake::{Activity, Copier, Run};
use writ_model::{Digest, TenantId};
use writ_store::{Ledger, Pg, PgLedger, PgOptions, Tenants};

use super::writers::PREFIX;
use crate::cluster::Shared;

/// Lines that are read at once.
const PAGE: usize = 4_096;

/// The ledgers as they stand.
#[derive(Debug, Default)]
pub(crate) struct Ledgers {
    /// Those whose lines have the root that the database says, and whose facts can be replayed.
    pub(crate) verified: u64,
    /// What was wrong with others.
    pub(crate) wrong: Vec<String>,
    /// How often each proposal of a writer stands in one.
    pub(crate) proposed: BTreeMap<String, u64>,
    /// Roots of records.
    pub(crate) seals: Vec<(TenantId, ActivitySealed)>,
}

impl Ledgers {
    /// Reads all of them.
    ///
    /// # Errors
    /// If the database does not answer.
    pub(crate) fn read(shared: &Shared) -> Result<Self> {
        let runtime = tokio::runtime::Runtime::new().context("no runtime")?;
        runtime.block_on(async {
            let options =
                PgOptions { url: shared.postgres.url(), password: None, ca: None, pool: 2 };
            let ledger = Pg::connect(options).await?.ledger();
            let mut all = Self::default();
            let tenants = Tenants::<State>::new(Arc::new(ledger.clone()));
            for (tenant, _) in ledger.heads().await? {
                match all.tenant(&ledger, &tenants, tenant).await {
                    Ok(()) => all.verified += 1,
                    Err(why) => all.wrong.push(format!("{tenant}: {why:#}")),
                }
            }
            Ok(all)
        })
    }

    async fn tenant(
        &mut self,
        ledger: &PgLedger,
        tenants: &Tenants<State>,
        tenant: TenantId,
    ) -> Result<()> {
        let head = ledger.head(tenant).await?;
        let (mut tree, mut at) = (Frontier::new(), 0);
        while at < head.size {
            let lines = ledger.read(tenant, at, PAGE).await?;
            anyhow::ensure!(!lines.is_empty(), "it ends at line {at} of {}", head.size);
            let left = usize::try_from(head.size - at)?;
            for line in lines.iter().take(left) {
                tree.push(leaf_hash(line));
                match Entry::from_line(line).map_err(anyhow::Error::msg)?.fact {
                    Fact::AgentProposed(agent) if agent.name.starts_with(PREFIX) => {
                        *self.proposed.entry(agent.name).or_default() += 1;
                    }
                    Fact::ActivitySealed(seal) => self.seals.push((tenant, seal)),
                    _ => {}
                }
                at += 1;
            }
        }
        anyhow::ensure!(tree.root() == head.root, "its lines have another root than its head");
        let view = tenants.view(tenant).await.map_err(|why| anyhow::anyhow!("{why}"))?;
        anyhow::ensure!(view.size >= head.size, "its facts were not replayed to the end");
        Ok(())
    }

    /// Acknowledged proposals that are not there, and proposals that are there twice.
    pub(crate) fn against(&self, acknowledged: &BTreeSet<String>) -> (u64, u64) {
        let lost = acknowledged.iter().filter(|name| !self.proposed.contains_key(*name)).count();
        let doubled = self.proposed.values().filter(|times| **times > 1).count();
        (lost as u64, doubled as u64)
    }
}

/// The records of one lake.
#[derive(Debug, Default)]
pub(crate) struct Records {
    place: i64,
    /// How many.
    pub(crate) count: u64,
    /// How often each digest of arguments occurs.
    marks: BTreeMap<String, u64>,
    /// The hashes of the leaves of each run by number.
    runs: BTreeMap<Run, BTreeMap<u64, Digest>>,
}

impl Records {
    /// Reads what is new in a lake, beside whoever writes it.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn more(&mut self, lake: &Path) -> Result<()> {
        let copier = Copier::open(lake)?.context("there is no lake")?;
        loop {
            let found = copier.after(self.place)?;
            if found.is_empty() {
                return Ok(());
            }
            for stored in found {
                self.place = stored.place;
                self.count += 1;
                let record = stored.record;
                let leaf: Value = serde_json::from_slice(&record.ocsf)?;
                let mark = leaf.pointer("/unmapped/arguments_digest").and_then(Value::as_str);
                let mark = mark.context("a record without a digest of arguments")?;
                *self.marks.entry(mark.to_owned()).or_default() += 1;
                let run = Run { tenant: record.tenant, gateway: record.gateway, boot: record.boot };
                self.runs.entry(run).or_default().insert(record.seq, leaf_hash(&record.ocsf));
            }
        }
    }

    /// Served calls that have no record.
    pub(crate) fn lost<'a>(
        &'a self,
        served: &'a BTreeMap<String, (SocketAddr, Instant)>,
    ) -> impl Iterator<Item = &'a (SocketAddr, Instant)> {
        let gone = served.iter().filter(|(mark, _)| !self.marks.contains_key(*mark));
        gone.map(|(_, call)| call)
    }

    /// Calls with more than one record, of those that have words of their own.
    pub(crate) fn doubled(&self, shared_words: &BTreeSet<String>) -> u64 {
        let twice = self.marks.iter().filter(|(mark, times)| {
            **times > 1 && !shared_words.contains(*mark) && !mark.is_empty()
        });
        twice.count() as u64
    }

    /// Runs of gateways.
    pub(crate) fn runs(&self) -> u64 {
        self.runs.len() as u64
    }

    /// Numbers that are missing, run by run, as ranges.
    fn gaps(&self) -> BTreeSet<(Run, u64, u64)> {
        let mut gaps = BTreeSet::new();
        for (run, records) in &self.runs {
            let mut next = 0;
            for seq in records.keys() {
                if *seq > next {
                    gaps.insert((*run, next, seq - 1));
                }
                next = seq + 1;
            }
        }
        gaps
    }

    /// How many gaps there are, how many of them the lake reports, and how many it reports that are none. For a lake that
    /// nobody writes any more.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn gaps_reported(&self, lake: &Path) -> Result<(u64, u64, u64, u64)> {
        let runtime = tokio::runtime::Runtime::new().context("no runtime")?;
        let (reported, conflicts) = runtime.block_on(async {
            let lake = Activity::open(lake)?;
            let told = (lake.gaps().await?, lake.conflicts().await?);
            lake.close().await;
            Ok::<_, anyhow::Error>(told)
        })?;
        let reported: BTreeSet<_> =
            reported.into_iter().map(|gap| (gap.run, gap.first, gap.last)).collect();
        let there = self.gaps();
        let both = there.intersection(&reported).count() as u64;
        let only = reported.difference(&there).count() as u64;
        Ok((there.len() as u64, both, only, conflicts.len() as u64))
    }

    /// Seals whose root these records have, those whose root they do not have, and records that no seal covers.
    pub(crate) fn sealed(&self, seals: &[(TenantId, ActivitySealed)]) -> (u64, u64, u64) {
        let (mut good, mut bad, mut covered) = (0, 0, 0);
        for (tenant, seal) in seals {
            let run = Run { tenant: *tenant, gateway: seal.gateway, boot: seal.boot };
            let mut tree = Frontier::new();
            for (_, leaf) in
                self.runs.get(&run).iter().flat_map(|run| run.range(seal.first..=seal.last))
            {
                tree.push(*leaf);
            }
            if tree.size() == seal.count && tree.root() == seal.root {
                good += 1;
                covered += seal.count;
            } else {
                bad += 1;
            }
        }
        (good, bad, self.count.saturating_sub(covered))
    }
}
