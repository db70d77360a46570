//! One run of a backup: heads first, then the lines up to them, the vault's rows, the records; the manifest last.
//!
//! INVARIANT: rows are read after the heads, so that every key which a copied line needs is there; keys are made before
//! they are used. Every ledger's new lines, put on the edge that the last generation ended with, must lead to its root.
//! Never here: a pause of the server, or a file that an earlier generation needs.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Value, json};
use writ_evidence::{Frontier, leaf_hash};
use writ_lake::wire;
use writ_model::{Clock, Span, TenantId, Timestamp};
use writ_store::{Head, Space, root_at};

use super::{
    fault,
    folder::{Folder, Generation},
    manifest::{HeadAt, Kind, Manifest, Object, RecordsAt, VERSION},
    memory::{Last, Memory},
    pack::{self, Row},
    source::Source,
};
use crate::{fault::Fault, net};

/// LIMIT: bytes of lines, rows or records gathered into one file: a few dozen files for a million lines.
const GATHER: usize = 8 << 20;
/// How long generations stay: with one go the rows in it, so that a key that was destroyed is gone everywhere after this.
pub const KEEP: Span = Span::days(30);
/// LIMIT: generations that stay: two days of hourly runs, and a manifest of many clients is a megabyte.
const GENERATIONS: usize = 48;

/// What a run did.
#[derive(Debug, Clone)]
pub struct Done {
    /// The generation it wrote.
    pub manifest: Manifest,
    /// Lines that are new in it.
    pub lines: u64,
    /// Records that are new in it.
    pub records: u64,
    /// Bytes it wrote.
    pub bytes: u64,
    /// Files of generations that went.
    pub removed: usize,
    /// Whether records were copied anew, because the activity store is another one than before.
    pub records_anew: bool,
}

impl Done {
    /// For people and scripts.
    pub fn answer(&self, folder: &Folder) -> Value {
        json!({
            "backup": folder.id(), "to": folder.dir(), "generation": self.manifest.generation,
            "at": self.manifest.at, "ledgers": self.manifest.heads.len(),
            "lines": self.manifest.lines(), "new_lines": self.lines,
            "records": self.manifest.records.map(|records| records.count),
            "new_records": self.records, "records_anew": self.records_anew,
            "bytes": self.bytes, "removed": self.removed,
        })
    }
}

struct Writing<'a> {
    folder: &'a Folder,
    generation: u64,
    kind: Kind,
    number: usize,
    gathered: Vec<u8>,
    objects: Vec<Object>,
}

impl<'a> Writing<'a> {
    fn new(folder: &'a Folder, generation: u64, kind: Kind) -> Self {
        Self { folder, generation, kind, number: 0, gathered: Vec::new(), objects: Vec::new() }
    }

    /// Writes a file once there is enough for one.
    fn gathered(&mut self) -> Result<(), Fault> {
        if self.gathered.len() >= GATHER { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Fault> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let at = (self.kind, self.number);
        self.objects.push(self.folder.put(self.generation, at, &self.gathered)?);
        self.number += 1;
        self.gathered.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<Object>, Fault> {
        self.flush()?;
        Ok(self.objects)
    }
}

/// Writes one generation. `data` is the folder that remembers it.
///
/// # Errors
/// If the backup is not as this installation left it, a ledger does not go on from it, or something cannot be read or
/// written; the last generation is whole then.
pub async fn run(
    source: &Source,
    folder: &Folder,
    data: &std::path::Path,
    clock: &dyn Clock,
) -> Result<Done, Fault> {
    let mut memory = Memory::open(data)?;
    let before = folder.newest()?;
    remembered(folder, &memory, before.as_ref())?;
    let at = clock.now();
    let generation = before.as_ref().map_or(0, |before| before.manifest.generation) + 1;
    let mut lines = Writing::new(folder, generation, Kind::Lines);
    let heads = source.ledger.heads().await.map_err(|error| unread(&error))?;
    let old = before.as_ref().map(|before| before.manifest.heads.as_slice()).unwrap_or_default();
    let heads = all_lines(source, &mut lines, old, heads).await?;
    let mut rows = Writing::new(folder, generation, Kind::Rows);
    all_rows(source, &mut rows, &heads).await?;
    let mut records = Writing::new(folder, generation, Kind::Records);
    let known = before.as_ref().and_then(|before| before.manifest.records);
    let (records_at, anew) = all_records(source, &mut records, known)?;
    let kept = before.iter().flat_map(|before| &before.manifest.objects);
    let mut objects: Vec<Object> =
        kept.filter(|object| object.kind != Kind::Rows).cloned().collect();
    let new = [lines.finish()?, rows.finish()?, records.finish()?].concat();
    let bytes = new.iter().map(|object| object.bytes).sum();
    objects.extend(new);
    let manifest = Manifest {
        v: VERSION,
        generation,
        at,
        writ: env!("CARGO_PKG_VERSION").to_owned(),
        previous: before.as_ref().map(|before| before.digest),
        heads,
        records: records_at,
        objects,
    };
    let digest = folder.commit(&manifest)?;
    let dir = folder.dir().display().to_string();
    let last = Last { generation, manifest: digest, at, lines: manifest.lines(), dir };
    memory.keep(data, &folder.id(), last)?;
    let removed = folder.prune(&manifest, oldest(folder, at, generation)?)?;
    let was = before.as_ref().map_or(0, |before| before.manifest.lines());
    Ok(Done {
        lines: manifest.lines() - was,
        records: records_at.map_or(0, |now| now.count) - known.map_or(0, |known| known.count),
        manifest,
        bytes,
        removed,
        records_anew: anew,
    })
}

fn unread(error: &dyn std::error::Error) -> Fault {
    Fault::unreachable(format!("the store: {}", net::chain(error)))
        .cure("see `writ doctor`; the backup is as it was")
}

/// That the folder holds what this installation last wrote, or goes on from it.
fn remembered(folder: &Folder, memory: &Memory, now: Option<&Generation>) -> Result<(), Fault> {
    let Some(last) = memory.backups.get(&folder.id()) else { return Ok(()) };
    let found = now.map_or(0, |now| now.manifest.generation);
    if found < last.generation {
        let why = format!("its newest generation is {found}, and {} was written", last.generation);
        return Err(fault::rolled_back(folder.dir(), why));
    }
    let same = folder.generation(last.generation).map(|there| there.digest == last.manifest);
    // A generation that is older than what is kept is gone by itself.
    let gone = found > last.generation && !folder.generations()?.contains(&last.generation);
    if gone || same? {
        return Ok(());
    }
    let why = format!("generation {} is another one than was written", last.generation);
    Err(fault::rolled_back(folder.dir(), why))
}

async fn all_lines(
    source: &Source,
    out: &mut Writing<'_>,
    before: &[HeadAt],
    heads: Vec<(TenantId, Head)>,
) -> Result<Vec<HeadAt>, Fault> {
    let gone = before.iter().find(|old| heads.iter().all(|(tenant, _)| *tenant != old.tenant));
    if let Some(gone) = gone {
        return Err(fault::history(gone.tenant, "it is gone"));
    }
    let mut out_heads = Vec::with_capacity(heads.len());
    for (tenant, head) in heads {
        let at = before.binary_search_by(|old| old.tenant.cmp(&tenant));
        let old = at.ok().and_then(|at| before.get(at));
        out_heads.push(tenant_lines(source, out, (tenant, head), old).await?);
    }
    out_heads.sort_unstable_by_key(|head| head.tenant);
    Ok(out_heads)
}

/// The new lines of one tenant.
async fn tenant_lines(
    source: &Source,
    out: &mut Writing<'_>,
    (tenant, head): (TenantId, Head),
    old: Option<&HeadAt>,
) -> Result<HeadAt, Fault> {
    let mut edge = match old {
        Some(old) => edge_of(old)?,
        None => Frontier::new(),
    };
    if edge.size() > head.size {
        let why = format!("it has {} lines, and {} were backed up", head.size, edge.size());
        return Err(fault::history(tenant, why));
    }
    while edge.size() < head.size {
        let from = edge.size();
        let most = usize::try_from(head.size - from).unwrap_or(usize::MAX);
        let lines = source.ledger.read(tenant, from, most).await.map_err(|error| unread(&error))?;
        if lines.is_empty() {
            return Err(fault::root(tenant, head.size));
        }
        for run in chunks(&lines) {
            pack::put_run(&mut out.gathered, tenant, edge.size(), run);
            for line in run {
                edge.push(leaf_hash(line));
            }
            out.gathered()?;
        }
    }
    if edge.root() != head.root {
        return Err(differs(source, tenant, head, old).await);
    }
    let edge = STANDARD.encode(edge.to_bytes());
    Ok(HeadAt { tenant, size: head.size, root: head.root, edge })
}

/// Pieces of lines that each fit a file.
fn chunks(lines: &[Bytes]) -> Vec<&[Bytes]> {
    let (mut out, mut from, mut bytes) = (Vec::new(), 0, 0);
    for (at, line) in lines.iter().enumerate() {
        bytes += line.len();
        if bytes >= GATHER {
            out.extend(lines.get(from..=at));
            (from, bytes) = (at + 1, 0);
        }
    }
    out.extend(lines.get(from..).filter(|rest| !rest.is_empty()));
    out
}

/// Why the lines do not lead to the root: the old ones changed, or the new ones are damaged.
async fn differs(source: &Source, tenant: TenantId, head: Head, old: Option<&HeadAt>) -> Fault {
    let Some(old) = old else { return fault::root(tenant, head.size) };
    match root_at(source.ledger.as_ref(), tenant, old.size).await {
        Ok(root) if root == old.root => fault::root(tenant, head.size),
        Ok(_) => fault::history(tenant, format!("its first {} lines are others", old.size)),
        Err(error) => unread(&error),
    }
}

/// The tree's edge at a head of a manifest.
pub(super) fn edge_of(head: &HeadAt) -> Result<Frontier, Fault> {
    let edge = STANDARD.decode(&head.edge).ok().and_then(|bytes| Frontier::from_bytes(&bytes));
    edge.filter(|edge| edge.size() == head.size && edge.root() == head.root)
        .ok_or_else(|| fault::damaged("manifest", format!("the edge of {} is none", head.tenant)))
}

async fn all_rows(source: &Source, out: &mut Writing<'_>, heads: &[HeadAt]) -> Result<(), Fault> {
    pack::put_row(&mut out.gathered, &Row::Kek(source.kek.expose().clone()));
    let tenants = heads.iter().map(|head| Space::Tenant(head.tenant));
    for space in std::iter::once(Space::Installation).chain(tenants) {
        let mut after = String::new();
        loop {
            let page = source.rows.sealed(space, &after).await.map_err(|error| unread(&error))?;
            if let Some(wrapped) = page.wrapped.filter(|_| after.is_empty()) {
                pack::put_row(&mut out.gathered, &Row::Key(space, wrapped));
            }
            let Some((last, _)) = page.secrets.last() else { break };
            after.clone_from(last);
            for (name, sealed) in page.secrets {
                pack::put_row(&mut out.gathered, &Row::Secret(space, name, sealed));
                out.gathered()?;
            }
        }
    }
    Ok(())
}

/// The records after those that are in the backup. All of them, if the activity store is another one than before.
fn all_records(
    source: &Source,
    out: &mut Writing<'_>,
    known: Option<RecordsAt>,
) -> Result<(Option<RecordsAt>, bool), Fault> {
    let Some(lake) = &source.lake else { return Ok((known, false)) };
    let after = |place| lake.after(place).map_err(|error| unread(&error));
    let mut at = known;
    let mut place = 0;
    let mut anew = false;
    if let Some(known) = known {
        let there = after(known.place - 1)?;
        anew = there
            .first()
            .is_none_or(|one| one.place != known.place || one.record.call != known.call);
        place = if anew { 0 } else { known.place };
    }
    loop {
        let found = after(place)?;
        let Some(last) = found.last() else { return Ok((at, anew)) };
        place = last.place;
        let count = at.map_or(0, |at| at.count) + found.len() as u64;
        at = Some(RecordsAt { place, call: last.record.call, count });
        for one in &found {
            wire::encode(&one.record, &mut out.gathered).map_err(|error| unread(&error))?;
            out.gathered()?;
        }
    }
}

/// The oldest generation that stays.
fn oldest(folder: &Folder, now: Timestamp, newest: u64) -> Result<u64, Fault> {
    let since = now - KEEP;
    let all = folder.generations()?;
    for generation in all.iter().rev().take(GENERATIONS).rev().copied() {
        if generation >= newest || folder.generation(generation)?.manifest.at >= since {
            return Ok(generation);
        }
    }
    Ok(newest)
}
