//! The lake through its public face: what is written is found, paged, counted and sealed, also after a restart.

#![cfg(test)]

use std::sync::Arc;

use bytes::Bytes;
use writ_evidence::merkle::{Frontier, leaf_hash};
use writ_lake::{Activity, CallFilter, Inputs, Record};
use writ_model::{
    AgentId, BootId, CallId, GatewayId, GrantId, InstanceId, TenantId, Timestamp, ocsf::Disposition,
};
use writ_testkit::TempDir;

fn record(tenant: u8, seq: u64) -> Record {
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
            engine: "e1".to_owned(),
            reads: "[]".to_owned(),
            arguments: Bytes::from_static(b"\x00sealed"),
        },
    }
}

async fn fill(lake: &Activity, tenant: u8, range: std::ops::Range<u64>) {
    for seq in range {
        lake.place().await.unwrap().write(record(tenant, seq));
    }
    lake.flush().await.unwrap();
}

fn root(tenant: u8, range: std::ops::Range<u64>) -> writ_model::Digest {
    let mut tree = Frontier::new();
    range.for_each(|seq| tree.push(leaf_hash(&record(tenant, seq).ocsf)));
    tree.root()
}

fn open(folder: &TempDir) -> Arc<Activity> {
    Activity::open(&folder.path().join("lake.db")).unwrap()
}

#[tokio::test]
async fn what_is_written_is_found_whole() {
    let folder = TempDir::new().unwrap();
    let lake = open(&folder);
    let mut live = lake.subscribe();
    fill(&lake, 1, 0..10).await;
    fill(&lake, 2, 0..4).await;
    let wanted = record(1, 3);
    let found = lake.call(wanted.tenant, wanted.call).await.unwrap().unwrap();
    assert_eq!(found.record, wanted);
    assert_eq!(*live.recv().await.unwrap(), record(1, 0));
    let other = TenantId::from_bytes([2; 16]);
    assert_eq!(lake.call(other, wanted.call).await.unwrap(), None, "another tenant finds nothing");
}

#[tokio::test]
async fn pages_filter_and_follow_each_other() {
    let folder = TempDir::new().unwrap();
    let lake = open(&folder);
    fill(&lake, 1, 0..10).await;
    fill(&lake, 2, 0..4).await;
    let tenant = Some(TenantId::from_bytes([1; 16]));
    let mut filter = CallFilter { tenant, limit: 4, ..CallFilter::default() };
    let mut seen = Vec::new();
    loop {
        let page = lake.page(filter).await.unwrap();
        seen.extend(page.calls.iter().map(|call| call.record.seq));
        let Some(next) = page.next else { break };
        filter.before = Some(next);
    }
    assert_eq!(seen, (0..10).rev().collect::<Vec<_>>());
    let count = |filter: CallFilter| {
        let lake = Arc::clone(&lake);
        async move { lake.page(filter).await.unwrap().calls.len() }
    };
    let all = CallFilter { limit: 100, ..CallFilter::default() };
    assert_eq!(count(all).await, 14);
    assert_eq!(count(CallFilter { tenant, effect: Some(Disposition::Blocked), ..all }).await, 3);
    let agent = Some(AgentId::from_bytes([100; 16]));
    assert_eq!(count(CallFilter { tenant, agent, ..all }).await, 5);
    assert_eq!(count(CallFilter { agent, ..all }).await, 0, "an agent without its tenant");
}

#[tokio::test]
async fn use_of_a_grant_is_counted() {
    let folder = TempDir::new().unwrap();
    let lake = open(&folder);
    fill(&lake, 1, 0..120).await;
    let grant = GrantId::from_bytes([9; 16]);
    let used = lake.grant_use(grant, Timestamp::from_micros(0)).await.unwrap();
    assert_eq!(
        (used.count, used.first, used.last),
        (80, Some(record(1, 0).at), Some(record(1, 118).at))
    );
    let minutes = lake.uses_since(grant, record(1, 60).at).await.unwrap();
    assert_eq!(minutes.iter().map(|(_, count)| count).sum::<u64>(), 40);
    let effects = lake.effects(TenantId::from_bytes([1; 16])).await.unwrap();
    assert_eq!(effects, [(Disposition::Allowed, 80), (Disposition::Blocked, 40)]);
}

#[tokio::test]
async fn seals_cover_ranges_and_survive_a_restart() {
    let folder = TempDir::new().unwrap();
    let lake = open(&folder);
    fill(&lake, 1, 0..5).await;
    fill(&lake, 2, 0..3).await;
    let due = lake.seal_due();
    assert_eq!(
        due.iter().map(|b| (b.first, b.last, b.root)).collect::<Vec<_>>(),
        [(0, 4, root(1, 0..5)), (0, 2, root(2, 0..3))]
    );
    lake.mark_sealed(due[0].clone(), 41).await.unwrap();
    fill(&lake, 1, 5..7).await;
    lake.close().await;
    assert!(lake.place().await.is_err(), "closed");
    drop(lake);

    let lake = open(&folder);
    let due = lake.seal_due();
    assert_eq!(
        due.iter().map(|b| (b.first, b.last, b.root)).collect::<Vec<_>>(),
        [(5, 6, root(1, 5..7)), (0, 2, root(2, 0..3))]
    );
    let tenant = TenantId::from_bytes([1; 16]);
    let (seal, leaves) = lake.seal_of(tenant, record(1, 2).call).await.unwrap().unwrap();
    assert_eq!((seal.line, seal.batch.root, leaves.len()), (41, root(1, 0..5), 5));
    assert_eq!(lake.seal_at(tenant, 41).await.unwrap().unwrap().1, leaves);
    assert_eq!(lake.seal_lines(tenant).await.unwrap(), [41]);
    assert!(lake.seal_of(tenant, record(1, 6).call).await.unwrap().is_none(), "not sealed yet");
    assert!(lake.seal_at(TenantId::from_bytes([2; 16]), 41).await.unwrap().is_none());
}

#[tokio::test]
async fn a_durable_record_is_there_when_it_is_acknowledged() {
    let folder = TempDir::new().unwrap();
    let lake = open(&folder);
    lake.place().await.unwrap().write_durable(record(1, 0)).await.unwrap();
    let found = lake.call(record(1, 0).tenant, record(1, 0).call).await.unwrap();
    assert!(found.is_some());
}
