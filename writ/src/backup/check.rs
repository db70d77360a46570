//! `writ backup check`: opens every file of a generation, and recomputes every tenant's root from its lines.
//!
//! Never here: a store, or trust in a file because another one was whole. INVARIANT: a restore reads what was checked here
//! in the same order, and compares again.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Value, json};
use writ_authority::{Entry, Fact};
use writ_evidence::{Frontier, leaf_hash};
use writ_lake::wire;
use writ_model::{Digest, Secret, TenantId};
use writ_store::{Sealer, Space};

use super::{
    fault,
    folder::{Folder, Generation},
    manifest::{Kind, Manifest},
    pack::{self, Row},
    run::edge_of,
    source::KEK,
};
use crate::fault::Fault;

/// A generation that is whole.
#[derive(Debug)]
pub struct Checked {
    /// What it consists of.
    pub manifest: Manifest,
    /// The roots that were asked for, at these sizes.
    pub roots: BTreeMap<(TenantId, u64), Digest>,
    /// The key that signs each tenant's checkpoints, as its lines say.
    pub log_keys: BTreeMap<TenantId, String>,
    /// Wrapped keys that open, sealed secrets, records.
    pub counts: (u64, u64, u64),
    /// The key file's content.
    pub kek: Secret<Vec<u8>>,
}

impl Checked {
    /// For people and scripts.
    pub fn answer(&self, folder: &Folder) -> Value {
        let (keys, secrets, records) = self.counts;
        json!({
            "whole": true, "backup": folder.id(), "from": folder.dir(),
            "generation": self.manifest.generation, "at": self.manifest.at,
            "writ": self.manifest.writ, "ledgers": self.manifest.heads.len(),
            "lines": self.manifest.lines(), "keys": keys, "secrets": secrets, "records": records,
            "files": self.manifest.objects.len(),
        })
    }
}

/// What is read of a generation, in order.
pub(super) struct Walk<'a> {
    folder: &'a Folder,
    manifest: &'a Manifest,
    next: usize,
}

/// One file's content.
pub(super) enum Content {
    /// Runs of lines.
    Lines(Vec<u8>),
    /// Rows of the vault.
    Rows(Vec<Row>),
    /// Records.
    Records(Bytes),
}

impl<'a> Walk<'a> {
    pub(super) fn new(folder: &'a Folder, manifest: &'a Manifest) -> Self {
        Self { folder, manifest, next: 0 }
    }

    /// The next file's name and content; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<(&'a str, Content)>, Fault> {
        let Some(object) = self.manifest.objects.get(self.next) else { return Ok(None) };
        self.next += 1;
        let bytes = self.folder.get(object)?;
        let bad = |why: &str| fault::damaged(&object.name, why);
        let content = match object.kind {
            Kind::Lines => Content::Lines(bytes),
            Kind::Rows => Content::Rows(pack::rows(&bytes).map_err(bad)?),
            Kind::Records => Content::Records(Bytes::from(bytes)),
        };
        Ok(Some((&object.name, content)))
    }
}

/// Reads a generation whole: the newest, or this one. `wanted` are sizes at which roots are asked for.
///
/// # Errors
/// With the first thing that is damaged or does not add up.
pub fn check(
    folder: &Folder,
    generation: Option<u64>,
    wanted: &[(TenantId, u64)],
) -> Result<Checked, Fault> {
    let Generation { manifest, .. } = match generation {
        Some(generation) => folder.generation(generation)?,
        None => folder.newest()?.ok_or_else(|| {
            fault::none(folder.dir(), "no run of it has ended yet")
                .cure("run it: `writ backup run --to DIR`")
        })?,
    };
    let mut reading = Reading { wanted, ..Reading::default() };
    let mut walk = Walk::new(folder, &manifest);
    while let Some((name, content)) = walk.next()? {
        reading.take(name, content)?;
    }
    let Reading { edges, roots, log_keys, rows, keys, secrets, records, .. } = reading;
    for head in &manifest.heads {
        let edge = edges.get(&head.tenant).cloned().unwrap_or_default();
        if edge != edge_of(head)? {
            return Err(fault::root(head.tenant, head.size));
        }
    }
    let known = |tenant: &TenantId| manifest.heads.iter().any(|head| head.tenant == *tenant);
    if let Some(tenant) = edges.keys().find(|tenant| !known(tenant)) {
        return Err(fault::damaged("manifest", format!("{tenant} has lines and no head")));
    }
    let Some((kek, _)) = rows else {
        return Err(fault::damaged("rows", "the key file is not in it"));
    };
    let told = manifest.records.map_or(0, |records| records.count);
    if told != records {
        return Err(fault::damaged(
            "records",
            format!("{records} are there, and {told} were written"),
        ));
    }
    Ok(Checked { manifest, roots, log_keys, counts: (keys, secrets, records), kek })
}

#[derive(Default)]
struct Reading<'a> {
    wanted: &'a [(TenantId, u64)],
    edges: BTreeMap<TenantId, Frontier>,
    roots: BTreeMap<(TenantId, u64), Digest>,
    log_keys: BTreeMap<TenantId, String>,
    /// The key file's content, and what opens wrapped keys under it.
    rows: Option<(Secret<Vec<u8>>, Sealer)>,
    keys: u64,
    secrets: u64,
    records: u64,
}

impl Reading<'_> {
    fn take(&mut self, name: &str, content: Content) -> Result<(), Fault> {
        match content {
            Content::Lines(bytes) => {
                for run in pack::runs(&bytes).map_err(|why| fault::damaged(name, why))? {
                    self.run(name, &run)?;
                }
            }
            Content::Rows(rows) => {
                for row in rows {
                    self.row(name, row)?;
                }
            }
            Content::Records(bytes) => {
                let found = wire::decode(&bytes).map_err(|why| fault::damaged(name, why))?;
                self.records += found.len() as u64;
            }
        }
        Ok(())
    }

    fn run(&mut self, name: &str, run: &pack::Run<'_>) -> Result<(), Fault> {
        let edge = self.edges.entry(run.tenant).or_default();
        if edge.size() != run.from {
            let why = format!("lines of {} do not follow on line {}", run.tenant, edge.size());
            return Err(fault::damaged(name, why));
        }
        for line in &run.lines {
            if let Some(key) = log_key(edge.size(), line) {
                self.log_keys.insert(run.tenant, key);
            }
            edge.push(leaf_hash(line));
            if self.wanted.contains(&(run.tenant, edge.size())) {
                self.roots.insert((run.tenant, edge.size()), edge.root());
            }
        }
        Ok(())
    }

    fn row(&mut self, name: &str, row: Row) -> Result<(), Fault> {
        match row {
            Row::Kek(key) if key.len() == KEK && self.rows.is_none() => {
                let key = Secret::new(key);
                let sealer = Sealer::new(key.clone());
                let sealer = sealer.map_err(|error| Fault::unreachable(error.to_string()))?;
                self.rows = Some((key, sealer));
            }
            Row::Kek(_) => return Err(fault::damaged(name, "the key file in it is none")),
            Row::Key(space, wrapped) => {
                let kek = self.rows.as_ref();
                let (_, kek) =
                    kek.ok_or_else(|| fault::damaged(name, "a key before the key file"))?;
                writ_store::secrets::sealed::unwrap(kek, space, &wrapped).map_err(|_closed| {
                    let whose = match space {
                        Space::Installation => "the installation".to_owned(),
                        Space::Tenant(tenant) => tenant.to_string(),
                    };
                    fault::damaged(name, format!("the key of {whose} does not open"))
                })?;
                self.keys += 1;
            }
            Row::Secret(..) => self.secrets += 1,
        }
        Ok(())
    }
}

/// The key that signs checkpoints from a line on, if the line says so: the first, and one that moves the ledger.
fn log_key(index: u64, line: &[u8]) -> Option<String> {
    const MOVED: &[u8] = b"ledger_moved";
    if index > 0 && !line.windows(MOVED.len()).any(|part| part == MOVED) {
        return None;
    }
    match Entry::from_line(line).ok()?.fact {
        Fact::LedgerFounded(founded) => Some(founded.checkpoint_key.clone()),
        Fact::LedgerMoved(moved) => Some(moved.checkpoint_key),
        _ => None,
    }
}
