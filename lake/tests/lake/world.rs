//! What the lake's tests stand on: records of every shape, and a ledger as far as seals go.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use writ_evidence::merkle::{Frontier, leaf_hash};
use writ_lake::{Activity, Batch, Due, Inputs, LakeFault, Record, Run, Seal, Sealed};
use writ_model::{
    AgentId, BootId, CallId, GatewayId, GrantId, HoldId, InstanceId, TenantId, Timestamp,
    ocsf::Disposition,
};
use writ_testkit::TempDir;

pub(crate) fn record(tenant: u8, seq: u64) -> Record {
    let mut call = [0; 16];
    call[0] = tenant;
    call[8..].copy_from_slice(&seq.to_be_bytes());
    let denied = seq % 3 == 2;
    Record {
        call: CallId::from_bytes(call),
        tenant: TenantId::from_bytes([tenant; 16]),
        gateway: GatewayId::from_bytes([7; 16]),
        boot: BootId::from_bytes([8; 16]),
        seq,
        at: Timestamp::from_micros(1_800_000_000_000_000 + i64::try_from(seq).unwrap() * 1_000_000),
        agent: AgentId::from_bytes([100 + (seq % 2) as u8; 16]),
        instance: InstanceId::from_bytes([5; 16]),
        server: "mail".to_owned(),
        method: "tools/call".to_owned(),
        surface: "tool".to_owned(),
        name: "send".to_owned(),
        effect: if denied { Disposition::Blocked } else { Disposition::Allowed },
        code: "AUTH-0001".to_owned(),
        detail: "because".to_owned(),
        grant: (!denied).then(|| GrantId::from_bytes([9; 16])),
        latency_us: 1234,
        ocsf: Bytes::from(format!("{{\"tenant\":{tenant},\"seq\":{seq}}}")),
        inputs: Inputs {
            tree_size: 12,
            epoch: seq % 2,
            engine: "e1".to_owned(),
            reads: "[]".to_owned(),
            arguments: Bytes::from_static(b"\x00sealed"),
            clauses: r#"["pay","all"]"#.to_owned(),
            charter: 3,
            clause_reads: "[]".to_owned(),
            charged: if seq.is_multiple_of(2) {
                r#"[{"clause":"all"},{"clause":"pay","currency":"EUR","money":25000}]"#.to_owned()
            } else {
                String::new()
            },
            observed: if seq % 4 == 3 { "DENY-0011".to_owned() } else { String::new() },
            hold: (seq % 5 == 4).then(|| HoldId::from_bytes([u8::try_from(seq).unwrap(); 16])),
        },
    }
}

pub(crate) async fn fill(lake: &Activity, tenant: u8, range: std::ops::Range<u64>) {
    for seq in range {
        lake.place(record(tenant, seq).tenant).await.unwrap().write(record(tenant, seq));
    }
    lake.flush().await.unwrap();
}

pub(crate) fn root(tenant: u8, range: std::ops::Range<u64>) -> writ_model::Digest {
    let mut tree = Frontier::new();
    range.for_each(|seq| tree.push(leaf_hash(&record(tenant, seq).ocsf)));
    tree.root()
}

pub(crate) fn open(folder: &TempDir) -> Arc<Activity> {
    Activity::open(&folder.path().join("lake.db")).unwrap()
}

/// A ledger as far as seals go: the last seal of each run, and the next line.
#[derive(Default)]
pub(crate) struct Book(pub(crate) Mutex<(BTreeMap<Run, Seal>, u64)>);

impl Book {
    pub(crate) fn write(&self, batch: &Batch) -> Option<Seal> {
        let mut book = self.0.lock().unwrap();
        let (seals, next) = &mut *book;
        if seals.get(&batch.run).is_none_or(|known| known.batch.last < batch.first) {
            seals.insert(batch.run, Seal { batch: batch.clone(), line: *next });
            *next += 1;
        }
        seals.get(&batch.run).cloned()
    }

    pub(crate) async fn seal(&self, lake: &Arc<Activity>, due: Due) -> Sealed {
        let write = |batch: Batch| std::future::ready(Ok::<_, LakeFault>(self.write(&batch)));
        lake.seal(due, write).await.unwrap()
    }
}

pub(crate) fn range(tenant: u8, seqs: std::ops::Range<u64>) -> Batch {
    let id = [tenant; 16];
    let run = Run {
        tenant: TenantId::from_bytes(id),
        gateway: record(1, 0).gateway,
        boot: record(1, 0).boot,
    };
    let (first, last, count) = (seqs.start, seqs.end - 1, seqs.end - seqs.start);
    Batch { run, first, last, count, root: root(tenant, seqs) }
}

pub(crate) const ALL: Due = Due { tenant: None, finally: false, part: None };

/// Every record, by boot and number.
pub(crate) async fn all(lake: &Arc<Activity>) -> Vec<Record> {
    let mut filter = writ_lake::CallFilter { limit: 500, ..writ_lake::CallFilter::default() };
    let mut found = Vec::new();
    loop {
        let page = lake.page(filter).await.unwrap();
        found.extend(page.calls.into_iter().map(|call| call.record));
        let Some(next) = page.next else { break };
        filter.before = Some(next);
    }
    found.sort_by_key(|record: &Record| (record.boot, record.seq));
    found
}
