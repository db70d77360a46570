//! The ledger on PostgreSQL: an append is one round trip and one commit, a poll is one query for all tenants.
//!
//! Never here: an update or removal of a line, a lock held while this process thinks.
//! INVARIANT: an append is checked against its tenant's head in the statement that writes it.

mod schema;

use std::{num::NonZeroUsize, ops::Range, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use lru::LruCache;
use parking_lot::Mutex;
use tokio::sync::broadcast;
use tokio_postgres::Row;
use writ_evidence::{Frontier, Subtree, leaf_hash};
use writ_model::{Digest, TenantId};

pub(super) use schema::STEP;

use super::{Pg, PgFault, int, key, turn};
use crate::ledger::{
    AppendError, Head, Hint, Ledger, MAX_READ_BYTES, MAX_READ_LINES, MAX_SUBTREES, Mark, Moved,
    ReadError, Snapshot, Turn, check_bounds,
};
use schema::TILE_HEIGHT;

/// Tenants whose log's edge is remembered, so that an append need not read it first. LIMIT: at most 2 KiB each.
const EDGES: NonZeroUsize = NonZeroUsize::new(4096).unwrap();
/// Hashes one query for subtrees reads at most, so that no proof holds much memory.
const HASHES: u64 = 16_384;

const APPEND: &str = "
SELECT done, frontier FROM writ.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
const READ: &str = "SELECT idx, body FROM writ.read_lines($1, $2, $3, $4)";
/// Fleet query: a head is no content.
const EDGE: &str = "SELECT frontier FROM writ.heads WHERE tenant = $1";
/// Fleet query.
const HEAD: &str = "SELECT size, root FROM writ.heads WHERE tenant = $1";
/// Fleet query: every tenant's head, no fact.
const HEADS: &str = "SELECT size, root, tenant FROM writ.heads ORDER BY tenant";
/// Fleet query: what moved since the oldest transaction that was not over when the follower last asked. A transaction
/// that was open then and commits late has a number at or above it, so it is told; one that was told may be again. The
/// first row is the new mark, of this statement's own snapshot, and what the number is a number of.
///
/// The upper bound is above every number and is there for the planner: of one bound it does not know it expects a third of
/// the rows and reads them all, of a range few, and takes the index. Every follower asks this many times a second.
pub(super) const SINCE: &str = "
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, NULL::bytea, NULL::bytea,
  current_setting('writ.era')
UNION ALL
SELECT size, root, tenant, NULL FROM writ.heads
WHERE moved >= (SELECT $1::text::xid8) AND moved <= '18446744073709551615'::xid8";
const SUBTREES: &str = "SELECT nth, hash FROM writ.read_hashes($1, $2, $3, $4)";
const SET_SNAPSHOT: &str = "SELECT writ.save_snapshot($1, $2, $3, $4, $5)";
const SNAPSHOT: &str = "SELECT size, version, digest, body FROM writ.load_snapshot($1)";

/// The ledger of all tenants in one PostgreSQL database.
#[derive(Debug, Clone)]
pub struct PgLedger {
    pg: Pg,
    edges: Arc<Mutex<LruCache<TenantId, Frontier>>>,
    turns: turn::Mine,
    run: Arc<Mutex<Run>>,
}

/// In which run of which cluster transaction numbers were last read: marks of another run cannot be compared.
#[derive(Debug, Default)]
struct Run {
    nth: u64,
    era: String,
    /// Connections made before the numbers were asked for.
    made: u64,
}

impl PgLedger {
    pub(super) fn new(pg: Pg) -> Self {
        let edges = Arc::new(Mutex::new(LruCache::new(EDGES)));
        Self { pg, edges, turns: turn::Mine::default(), run: Arc::default() }
    }

    /// The edge of a log as long as expected: remembered, or read.
    async fn edge(&self, tenant: TenantId, expected: u64) -> Result<Frontier, AppendError> {
        let known = self.edges.lock().get(&tenant).filter(|edge| edge.size() == expected).cloned();
        if let Some(edge) = known {
            return Ok(edge);
        }
        let rows = self.pg.rows(EDGE, &[&key(tenant)]).await?;
        let edge = match rows.first() {
            Some(row) => edge_of(row.try_get(0).map_err(PgFault::from)?)?,
            None => Frontier::new(),
        };
        self.edges.lock().put(tenant, edge.clone());
        Ok(edge)
    }

    async fn write(&self, planned: &Planned) -> Result<Row, AppendError> {
        let Planned { tenant, before, after, bodies, nodes } = planned;
        let turn = (!self.turns.has(*tenant)).then(|| turn::lock_of(*tenant));
        let levels: Vec<i16> = nodes.iter().map(|(at, _)| i16::from(at.level)).collect();
        let indexes: Vec<i64> = nodes.iter().map(|(at, _)| int(at.index)).collect();
        let hashes: Vec<&[u8]> = nodes.iter().map(|(_, hash)| &hash.as_bytes()[..]).collect();
        let rows = self
            .pg
            .rows(
                APPEND,
                &[
                    &key(*tenant),
                    &turn,
                    &int(before.size()),
                    &&before.root().as_bytes()[..],
                    &bodies,
                    &levels,
                    &indexes,
                    &hashes,
                    &int(after.size()),
                    &&after.root().as_bytes()[..],
                    &after.to_bytes(),
                ],
            )
            .await?;
        rows.into_iter().next().ok_or_else(|| PgFault::words("an append gave no answer").into())
    }

    /// The number of the run that an answer is of: a new one unless cluster and timeline are the last one's and no
    /// connection was made since that one was asked. What was asked meanwhile is of no run that anybody knows.
    fn run(&self, era: &str, made: u64) -> u64 {
        let mut run = self.run.lock();
        if run.era != era || run.made != made || self.pg.keeps_made() != made {
            *run = Run { nth: run.nth.saturating_add(1), era: era.to_owned(), made };
        }
        run.nth
    }

    /// What moved since a transaction; all heads if there is none.
    async fn since(&self, at: Option<u64>) -> Result<Moved, PgFault> {
        // Before the question: it may be asked on a new connection, whose server has begun its numbers again.
        let made = self.pg.keeps_made();
        let rows = self.pg.kept(SINCE, &[&at.unwrap_or(0).to_string()]).await?;
        let (mut heads, mut now) = (Vec::new(), None);
        for row in &rows {
            if let Some(tenant) = row.try_get::<_, Option<&[u8]>>(2)? {
                heads.push((tenant_of(tenant)?, head_of(row)?));
            } else {
                let run = self.run(row.try_get(3)?, made);
                now = Some(Mark { run, at: count(row, 0)? });
            }
        }
        let mark = now.ok_or_else(|| PgFault::words("no mark"))?;
        Ok(Moved { heads, whole: at.is_none(), mark })
    }

    /// Appends; whether there was anything to write.
    async fn put(
        &self,
        tenant: TenantId,
        expected: u64,
        lines: Vec<Bytes>,
    ) -> Result<(Head, bool), AppendError> {
        check_bounds(&lines)?;
        let before = self.edge(tenant, expected).await?;
        let head = Head { size: before.size(), root: before.root() };
        if head.size != expected {
            return Err(AppendError::Stale { tenant, expected, head });
        }
        if lines.is_empty() {
            // What is remembered may be old.
            let head = self.head(tenant).await?;
            let stale = head.size != expected;
            return if stale {
                Err(AppendError::Stale { tenant, expected, head })
            } else {
                Ok((head, false))
            };
        }
        let planned = Planned::new(tenant, before, &lines);
        let row = match self.write(&planned).await {
            Ok(row) => row,
            Err(fault) => {
                self.edges.lock().pop(&tenant);
                return Err(fault);
            }
        };
        let done: bool = row.try_get(0).map_err(PgFault::from)?;
        let edge = match row.try_get(1).map_err(PgFault::from)? {
            _ if done => planned.after,
            Some(edge) => edge_of(edge)?,
            // Somebody has the turn to write its first line.
            None => Frontier::new(),
        };
        let head = Head { size: edge.size(), root: edge.root() };
        self.edges.lock().put(tenant, edge);
        if !done {
            return Err(AppendError::Stale { tenant, expected, head });
        }
        Ok((head, true))
    }
}

/// An append as it will be written.
struct Planned {
    tenant: TenantId,
    before: Frontier,
    after: Frontier,
    bodies: Vec<Vec<u8>>,
    nodes: Vec<(Subtree, Digest)>,
}

impl Planned {
    fn new(tenant: TenantId, before: Frontier, lines: &[Bytes]) -> Self {
        let (mut after, mut nodes) = (before.clone(), Vec::new());
        for line in lines {
            after.push_with(leaf_hash(line), &mut |at, hash| {
                if at.level > 0 && at.level % TILE_HEIGHT == 0 {
                    nodes.push((at, hash));
                }
            });
        }
        let bodies = lines.iter().map(|line| line.to_vec()).collect();
        Self { tenant, before, after, bodies, nodes }
    }
}

#[async_trait]
impl Ledger for PgLedger {
    async fn append(
        &self,
        tenant: TenantId,
        expected: u64,
        lines: Vec<Bytes>,
    ) -> Result<Head, AppendError> {
        let (head, written) = self.put(tenant, expected, lines).await?;
        if written {
            self.pg.appended(tenant, head);
        }
        Ok(head)
    }

    async fn append_unhurried(
        &self,
        tenant: TenantId,
        expected: u64,
        lines: Vec<Bytes>,
    ) -> Result<Head, AppendError> {
        let (head, written) = self.put(tenant, expected, lines).await?;
        if written {
            self.pg.appended_here(tenant, head);
        }
        Ok(head)
    }

    async fn read(&self, tenant: TenantId, from: u64, max: usize) -> Result<Vec<Bytes>, ReadError> {
        let max = u64::try_from(max.min(MAX_READ_LINES)).unwrap_or(u64::MAX);
        // A range with both ends: no plan reads more of a long log than is given.
        let end = int(from.saturating_add(max));
        let bytes = i64::try_from(MAX_READ_BYTES).unwrap_or(i64::MAX);
        let rows = self.pg.rows(READ, &[&key(tenant), &int(from), &end, &bytes]).await?;
        let mut found = Vec::with_capacity(rows.len());
        for (row, wanted) in rows.iter().zip(from..) {
            if count(row, 0)? != wanted {
                let why = "the line is missing".to_owned();
                return Err(ReadError::Damaged { tenant, index: wanted, why });
            }
            let body: &[u8] = row.try_get(1).map_err(PgFault::from)?;
            found.push(Bytes::copy_from_slice(body));
        }
        Ok(found)
    }

    async fn head(&self, tenant: TenantId) -> Result<Head, ReadError> {
        let rows = self.pg.rows(HEAD, &[&key(tenant)]).await?;
        Ok(rows.first().map(head_of).transpose()?.unwrap_or_else(Head::empty))
    }

    async fn heads(&self) -> Result<Vec<(TenantId, Head)>, ReadError> {
        let rows = self.pg.rows(HEADS, &[]).await?;
        let heads = rows.iter().map(|row| {
            let tenant = row.try_get(2).map_err(PgFault::from)?;
            Ok((tenant_of(tenant)?, head_of(row)?))
        });
        Ok(heads.collect::<Result<_, PgFault>>()?)
    }

    async fn heads_since(&self, mark: Option<Mark>) -> Result<Moved, ReadError> {
        if let Some(mark) = mark {
            let moved = self.since(Some(mark.at)).await?;
            if moved.mark.run == mark.run {
                return Ok(moved);
            }
        }
        // The server crashed, another took over, or another database was put there: its transaction numbers may begin below
        // the mark, so everything is told again.
        Ok(self.since(None).await?)
    }

    async fn turn(&self, tenant: TenantId) -> Result<Turn, AppendError> {
        Ok(turn::take(&self.pg, tenant, &self.turns).await?)
    }

    fn watch(&self) -> broadcast::Receiver<Hint> {
        self.pg.hints()
    }

    async fn subtrees(
        &self,
        tenant: TenantId,
        wanted: Vec<Subtree>,
    ) -> Result<Vec<(Subtree, Digest)>, ReadError> {
        let mut found = Vec::new();
        let mut batch = Vec::new();
        let mut hashes = 0;
        for at in wanted.into_iter().take(MAX_SUBTREES) {
            let Some(below) = Below::of(at) else { continue };
            let more = below.span.end - below.span.start;
            if hashes + more > HASHES {
                self.hashes(tenant, &batch, &mut found).await?;
                batch.clear();
                hashes = 0;
            }
            hashes += more;
            batch.push(below);
        }
        self.hashes(tenant, &batch, &mut found).await?;
        Ok(found)
    }

    async fn save_snapshot(&self, tenant: TenantId, snapshot: Snapshot) -> Result<(), AppendError> {
        let Snapshot { size, version, digest, bytes } = &snapshot;
        let (digest, bytes) = (&digest.as_bytes()[..], &bytes[..]);
        let version = i64::from(*version);
        self.pg.rows(SET_SNAPSHOT, &[&key(tenant), &int(*size), &version, &digest, &bytes]).await?;
        Ok(())
    }

    async fn load_snapshot(&self, tenant: TenantId) -> Result<Option<Snapshot>, ReadError> {
        let rows = self.pg.rows(SNAPSHOT, &[&key(tenant)]).await?;
        Ok(rows.first().map(snapshot_of).transpose()?)
    }
}

/// A subtree and the stored hashes below it: at most 128 of nodes, or of as many lines.
struct Below {
    at: Subtree,
    level: u8,
    span: Range<u64>,
}

impl Below {
    fn of(at: Subtree) -> Option<Self> {
        let (level, above) = (at.level - at.level % TILE_HEIGHT, at.level % TILE_HEIGHT);
        let from = at.index.checked_shl(u32::from(above))?;
        let end = from.checked_add(1 << above)?;
        (from >> above == at.index).then_some(Self { at, level, span: from..end })
    }
}

impl PgLedger {
    /// The hashes of subtrees that are complete, in the order in which they are asked for.
    async fn hashes(
        &self,
        tenant: TenantId,
        wanted: &[Below],
        found: &mut Vec<(Subtree, Digest)>,
    ) -> Result<(), ReadError> {
        if wanted.is_empty() {
            return Ok(());
        }
        let levels: Vec<i16> = wanted.iter().map(|below| i16::from(below.level)).collect();
        let from: Vec<i64> = wanted.iter().map(|below| int(below.span.start)).collect();
        let end: Vec<i64> = wanted.iter().map(|below| int(below.span.end)).collect();
        let rows = self.pg.rows(SUBTREES, &[&key(tenant), &levels, &from, &end]).await?;
        let mut rows = rows.iter().peekable();
        for (nth, below) in (1_i64..).zip(wanted) {
            let mut edge = Frontier::new();
            while let Some(row) = rows.peek() {
                if row.try_get::<_, i64>(0).map_err(PgFault::from)? != nth {
                    break;
                }
                edge.push(digest_of(row.try_get(1).map_err(PgFault::from)?)?);
                rows.next();
            }
            if edge.size() == below.span.end - below.span.start {
                found.push((below.at, edge.root()));
            }
        }
        Ok(())
    }
}

fn head_of(row: &Row) -> Result<Head, PgFault> {
    Ok(Head { size: count(row, 0)?, root: digest_of(row.try_get(1)?)? })
}

fn snapshot_of(row: &Row) -> Result<Snapshot, PgFault> {
    let version: i64 = row.try_get(1)?;
    Ok(Snapshot {
        size: count(row, 0)?,
        version: u32::try_from(version).unwrap_or(u32::MAX),
        digest: digest_of(row.try_get(2)?)?,
        bytes: Bytes::from(row.try_get::<_, Vec<u8>>(3)?),
    })
}

fn count(row: &Row, column: usize) -> Result<u64, PgFault> {
    let value: i64 = row.try_get(column)?;
    u64::try_from(value).ok().ok_or_else(|| PgFault::words("a count below zero"))
}

fn digest_of(bytes: &[u8]) -> Result<Digest, PgFault> {
    let bytes = bytes.try_into().ok();
    bytes.map(Digest).ok_or_else(|| PgFault::words("a stored hash is not 32 bytes long"))
}

fn tenant_of(bytes: &[u8]) -> Result<TenantId, PgFault> {
    let bytes = bytes.try_into().ok();
    bytes.map(TenantId::from_bytes).ok_or_else(|| PgFault::words("a tenant is not 16 bytes long"))
}

fn edge_of(bytes: &[u8]) -> Result<Frontier, PgFault> {
    Frontier::from_bytes(bytes).ok_or_else(|| PgFault::words("the stored frontier is damaged"))
}

impl From<PgFault> for AppendError {
    fn from(fault: PgFault) -> Self {
        Self::Faulted { why: fault.to_string() }
    }
}

impl From<PgFault> for ReadError {
    fn from(fault: PgFault) -> Self {
        Self::Faulted { why: fault.to_string() }
    }
}

impl From<ReadError> for AppendError {
    fn from(fault: ReadError) -> Self {
        Self::Faulted { why: fault.to_string() }
    }
}
