//! The contract of the ledger's port, run against every adapter.
//!
//! To add an adapter: a module of its own in `suite!`. To add a rule: one function, one line there.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use crate::{
    AppendError, Head, Hint, Ledger, MemoryLedger, Snapshot, SqliteLedger,
    ledger::{MAX_APPEND_LINES, MAX_LINE, MAX_READ_LINES},
    prove_consistency, prove_line, root_at,
};
use bytes::Bytes;
use writ_evidence::{
    leaf_hash,
    merkle::{TreeHead, empty_root, node_hash, verify_consistency, verify_inclusion},
};
use writ_model::{Digest, Entropy, TenantId, Timestamp};
use writ_testkit::{SeededEntropy, TempDir};

type Shared = Arc<dyn Ledger>;

fn tenant(n: u8) -> TenantId {
    TenantId::from_parts(Timestamp::from_micros(1_000_000), [n; 10])
}

fn lines(from: u64, count: u64) -> Vec<Bytes> {
    (from..from + count).map(|n| Bytes::from(format!("{{\"n\":{n}}}"))).collect()
}

fn naive(leaves: &[Bytes]) -> Digest {
    match leaves {
        [] => empty_root(),
        [only] => leaf_hash(only),
        many => {
            let (left, right) = many.split_at(many.len().next_power_of_two() / 2);
            node_hash(&naive(left), &naive(right))
        }
    }
}

async fn everything(ledger: &Shared, tenant: TenantId) -> Vec<Bytes> {
    let mut all = Vec::new();
    loop {
        let next = ledger.read(tenant, all.len() as u64, usize::MAX).await.unwrap();
        if next.is_empty() {
            return all;
        }
        all.extend(next);
    }
}

async fn lines_come_back_in_order_from_anywhere(ledger: Shared) {
    let mut size = 0;
    for count in [1, 2, 3, 300, 1] {
        let head = ledger.append(tenant(1), size, lines(size, count)).await.unwrap();
        size += count;
        assert_eq!(head, Head { size, root: naive(&lines(0, size)) });
        assert_eq!(ledger.head(tenant(1)).await.unwrap(), head);
    }
    assert_eq!(everything(&ledger, tenant(1)).await, lines(0, size));
    for from in [0, 1, 5, 306, 307, 1000, u64::MAX] {
        for max in [0, 1, 7, 4000] {
            let left = size.saturating_sub(from).min(max);
            let found = ledger.read(tenant(1), from, usize::try_from(max).unwrap()).await.unwrap();
            assert_eq!(found, lines(from.min(size), left), "{max} from {from}");
        }
    }
}

async fn a_stale_append_writes_nothing_and_tells_the_head(ledger: Shared) {
    let head = ledger.append(tenant(1), 0, lines(0, 5)).await.unwrap();
    for expected in [0, 4, 6, u64::MAX] {
        let fault = ledger.append(tenant(1), expected, lines(9, 2)).await.unwrap_err();
        assert_eq!(fault, AppendError::Stale { tenant: tenant(1), expected, head });
        assert_eq!(fault.code().to_string(), "STOR-0001");
    }
    assert_eq!(everything(&ledger, tenant(1)).await, lines(0, 5));
    assert_eq!(ledger.append(tenant(1), 5, Vec::new()).await, Ok(head));
    assert_eq!(ledger.append(tenant(2), 0, Vec::new()).await, Ok(Head::empty()));
    assert_eq!(ledger.heads().await.unwrap(), [(tenant(1), head)]);
}

async fn an_append_over_a_bound_writes_nothing(ledger: Shared) {
    let long = vec![Bytes::from(vec![b'x'; MAX_LINE + 1])];
    let many = lines(0, MAX_APPEND_LINES as u64 + 1);
    let heavy = vec![Bytes::from(vec![b'x'; MAX_LINE]); 200];
    for too_large in [long, many, heavy] {
        let mixed = [lines(0, 1), too_large].concat();
        let fault = ledger.append(tenant(1), 0, mixed).await.unwrap_err();
        assert!(matches!(fault, AppendError::TooLarge { .. }), "{fault}");
    }
    assert_eq!(ledger.head(tenant(1)).await.unwrap(), Head::empty());
    assert_eq!(everything(&ledger, tenant(1)).await, Vec::<Bytes>::new());
    let largest = vec![Bytes::from(vec![b'x'; MAX_LINE]); 139];
    let head = ledger.append(tenant(1), 0, largest.clone()).await.unwrap();
    let head = ledger.append(tenant(1), head.size, largest.clone()).await.unwrap();
    let most = lines(head.size, MAX_APPEND_LINES as u64);
    ledger.append(tenant(1), head.size, most.clone()).await.unwrap();
    // One read is bounded in bytes and in lines; together they give everything.
    assert!(ledger.read(tenant(1), 0, usize::MAX).await.unwrap().len() < 278);
    let tail = ledger.read(tenant(1), head.size, usize::MAX).await.unwrap();
    assert_eq!(tail.len(), MAX_READ_LINES.min(most.len()));
    assert_eq!(everything(&ledger, tenant(1)).await, [largest.clone(), largest, most].concat());
}

async fn tenants_never_see_each_other(ledger: Shared) {
    ledger.append(tenant(1), 0, lines(0, 700)).await.unwrap();
    let snapshot = Snapshot::seal(tenant(1), 700, 1, Bytes::from_static(b"state"));
    ledger.save_snapshot(tenant(1), snapshot.clone()).await.unwrap();
    for stranger in [tenant(0), tenant(2)] {
        assert_eq!(ledger.head(stranger).await.unwrap(), Head::empty());
        assert_eq!(ledger.read(stranger, 0, 10).await.unwrap(), Vec::<Bytes>::new());
        assert_eq!(ledger.load_snapshot(stranger).await.unwrap(), None);
        let wanted = writ_evidence::merkle::inclusion_needs(3, 700).unwrap();
        assert_eq!(ledger.subtrees(stranger, wanted).await.unwrap(), []);
        assert!(prove_line(&*ledger, stranger, 0, 700).await.is_err());
    }
    assert_eq!(ledger.load_snapshot(tenant(1)).await.unwrap(), Some(snapshot));
    // The same index in two tenants is two lines.
    ledger.append(tenant(2), 0, lines(5, 1)).await.unwrap();
    assert_eq!(ledger.read(tenant(2), 0, 9).await.unwrap(), lines(5, 1));
    assert_eq!(ledger.read(tenant(1), 0, 1).await.unwrap(), lines(0, 1));
    let heads = ledger.heads().await.unwrap();
    assert_eq!(
        heads.iter().map(|(t, h)| (*t, h.size)).collect::<Vec<_>>(),
        [(tenant(1), 700), (tenant(2), 1)]
    );
}

async fn of_concurrent_appends_to_one_head_one_wins(ledger: Shared) {
    let mut tasks = Vec::new();
    for n in 0..32_u64 {
        let ledger = Arc::clone(&ledger);
        tasks.push(tokio::spawn(async move {
            // Half of them share a tenant and a head, the other half have a tenant each.
            let own = tenant(if n % 2 == 0 { 1 } else { 100 + u8::try_from(n).unwrap() });
            (n, ledger.append(own, 0, lines(n * 10, 3)).await)
        }));
    }
    let mut winners = Vec::new();
    for task in tasks {
        let (n, outcome) = task.await.unwrap();
        match outcome {
            Ok(head) => assert_eq!((head.size, n % 2 == 1 || winners.is_empty()), (3, true)),
            Err(AppendError::Stale { head, .. }) => assert_eq!((head.size, n % 2), (3, 0)),
            Err(other) => panic!("{other}"),
        }
        if n % 2 == 0 && ledger.read(tenant(1), 0, 9).await.unwrap() == lines(n * 10, 3) {
            winners.push(n);
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(ledger.heads().await.unwrap().len(), 17);
}

async fn watchers_are_told_what_moved(ledger: Shared) {
    let mut moves = ledger.watch();
    ledger.append(tenant(1), 0, lines(0, 2)).await.unwrap();
    assert!(ledger.append(tenant(1), 0, lines(0, 2)).await.is_err());
    ledger.append(tenant(1), 2, Vec::new()).await.unwrap();
    ledger.append(tenant(2), 0, lines(0, 1)).await.unwrap();
    let mut told = Vec::new();
    while told.len() < 2 {
        match moves.recv().await.unwrap() {
            Hint::Any | Hint::Head(..) => {}
            Hint::Tenant(tenant, size) => told.push((tenant, size)),
        }
    }
    assert_eq!(told, [(tenant(1), 2), (tenant(2), 1)]);
}

async fn whoever_asks_by_mark_misses_no_move(ledger: Shared) {
    let all = ledger.heads_since(None).await.unwrap();
    assert_eq!(all.heads, []);
    let mut mark = all.mark;
    let (mut sizes, mut known) = ([0_u64; 4], BTreeMap::new());
    for round in 0..12_u8 {
        for n in (0..4).filter(|n| round % (n + 1) == 0) {
            let size = &mut sizes[usize::from(n)];
            *size = ledger.append(tenant(n), *size, lines(*size, 1)).await.unwrap().size;
        }
        let moved = ledger.heads_since(Some(mark)).await.unwrap();
        mark = moved.mark;
        known.extend(moved.heads);
        let mut heads = ledger.heads().await.unwrap();
        heads.sort_unstable_by_key(|(tenant, _)| *tenant);
        assert_eq!(known.clone().into_iter().collect::<Vec<_>>(), heads, "round {round}");
    }
    let everything = ledger.heads_since(None).await.unwrap().heads;
    assert_eq!(everything.into_iter().collect::<BTreeMap<_, _>>(), known);
}

async fn a_turn_is_given_back_and_fences_nothing(ledger: Shared) {
    let turn = ledger.turn(tenant(1)).await.unwrap();
    let head = ledger.append(tenant(1), 0, lines(0, 1)).await.unwrap();
    let fault = ledger.append(tenant(1), 0, lines(0, 1)).await.unwrap_err();
    assert_eq!(fault, AppendError::Stale { tenant: tenant(1), expected: 0, head });
    let other = ledger.turn(tenant(2)).await.unwrap();
    drop(turn);
    let again = ledger.turn(tenant(1)).await.unwrap();
    ledger.append(tenant(1), 1, lines(1, 1)).await.unwrap();
    drop((again, other));
    // Given back is had again. Without one an append may be told `Stale` until the one before is wholly gone.
    let last = ledger.turn(tenant(1)).await.unwrap();
    ledger.append(tenant(1), 2, lines(2, 1)).await.unwrap();
    drop(last);
}

async fn every_line_and_every_prefix_is_proven(ledger: Shared) {
    let all = lines(0, 1100);
    ledger.append(tenant(1), 0, all.clone()).await.unwrap();
    let random = SeededEntropy::new(3);
    for (index, size) in [(0, 1), (0, 1100), (1099, 1100), (255, 256), (256, 257), (511, 1024)]
        .into_iter()
        .chain((0..40).map(|_| {
            let mut bytes = [0; 4];
            random.fill(&mut bytes);
            let size = 1 + u64::from(u16::from_be_bytes([bytes[0], bytes[1]])) % 1100;
            (u64::from(u16::from_be_bytes([bytes[2], bytes[3]])) % size, size)
        }))
    {
        let count = usize::try_from(size).unwrap();
        let root = naive(&all[..count]);
        let proof = prove_line(&*ledger, tenant(1), index, size).await.unwrap();
        assert_eq!(proof.root, root);
        let leaf = leaf_hash(&all[usize::try_from(index).unwrap()]);
        assert_eq!(verify_inclusion(&leaf, index, size, &proof.path, &root), Ok(()));
        let old = TreeHead {
            size: index + 1,
            root: root_at(&*ledger, tenant(1), index + 1).await.unwrap(),
        };
        assert_eq!(old.root, naive(&all[..=usize::try_from(index).unwrap()]));
        let path = prove_consistency(&*ledger, tenant(1), old.size, size).await.unwrap();
        assert_eq!(verify_consistency(&old, &TreeHead { size, root }, &path), Ok(()));
    }
    assert!(prove_line(&*ledger, tenant(1), 0, 1101).await.is_err(), "longer than the log");
    assert!(prove_line(&*ledger, tenant(1), 1100, 1100).await.is_err(), "no such line");
}

async fn any_two_sizes_are_shown_consistent_and_nothing_else_is(ledger: Shared) {
    let all = lines(0, 300);
    ledger.append(tenant(1), 0, all.clone()).await.unwrap();
    let sizes = [1, 2, 3, 7, 8, 127, 128, 129, 255, 256, 257, 299, 300];
    let at = |size: u64| TreeHead { size, root: naive(&all[..usize::try_from(size).unwrap()]) };
    for old in sizes {
        for new in sizes.into_iter().filter(|new| *new >= old) {
            let proof = prove_consistency(&*ledger, tenant(1), old, new).await.unwrap();
            assert_eq!(verify_consistency(&at(old), &at(new), &proof), Ok(()), "{old} to {new}");
            let mut other = at(old);
            other.root.0[0] ^= 1;
            assert!(verify_consistency(&other, &at(new), &proof).is_err(), "{old} to {new}");
            for n in 0..proof.len() {
                let mut flipped = proof.clone();
                flipped[n].0[31] ^= 0x80;
                assert!(verify_consistency(&at(old), &at(new), &flipped).is_err());
            }
        }
    }
    for (old, new) in [(0, 5), (6, 5), (1, 301), (301, 301)] {
        let proof = prove_consistency(&*ledger, tenant(1), old, new).await;
        assert!(proof.is_err(), "{old} to {new}");
    }
    assert!(prove_consistency(&*ledger, tenant(2), 1, 5).await.is_err(), "another tenant's");
}

async fn a_snapshot_replaces_the_one_before(ledger: Shared) {
    assert_eq!(ledger.load_snapshot(tenant(1)).await.unwrap(), None);
    for n in 1..4 {
        let snapshot = Snapshot::seal(tenant(1), u64::from(n), n, Bytes::from(vec![7; 9000]));
        ledger.save_snapshot(tenant(1), snapshot.clone()).await.unwrap();
        assert_eq!(ledger.load_snapshot(tenant(1)).await.unwrap(), Some(snapshot));
    }
    assert_eq!(ledger.heads().await.unwrap(), [], "a snapshot alone is no tenant");
    let other = Snapshot::seal(tenant(2), 1, 1, Bytes::new());
    assert!(other.holds_for(tenant(2)) && !other.holds_for(tenant(1)));
}

macro_rules! suite {
    ($($rule:ident),* $(,)?) => {
        mod sqlite {
            use super::*;
            $(#[tokio::test]
            async fn $rule() {
                let dir = TempDir::new().unwrap();
                super::$rule(Arc::new(SqliteLedger::open(dir.path()).unwrap())).await;
            })*
        }
        mod memory {
            use super::*;
            $(#[tokio::test]
            async fn $rule() {
                super::$rule(Arc::new(MemoryLedger::new())).await;
            })*
        }
        mod postgres {
            use super::*;
            $(#[tokio::test]
            async fn $rule() {
                let (pg, _) = crate::postgres::tests::fresh().await;
                super::$rule(Arc::new(pg.ledger())).await;
            })*
        }
    };
}

suite!(
    lines_come_back_in_order_from_anywhere,
    a_stale_append_writes_nothing_and_tells_the_head,
    an_append_over_a_bound_writes_nothing,
    tenants_never_see_each_other,
    of_concurrent_appends_to_one_head_one_wins,
    watchers_are_told_what_moved,
    whoever_asks_by_mark_misses_no_move,
    a_turn_is_given_back_and_fences_nothing,
    every_line_and_every_prefix_is_proven,
    any_two_sizes_are_shown_consistent_and_nothing_else_is,
    a_snapshot_replaces_the_one_before,
);

/// For adapters that keep: what was acknowledged is there after reopening.
async fn check_reopened<L: Ledger>(open: impl Fn(&Path) -> L) {
    let dir = TempDir::new().unwrap();
    let snapshot = Snapshot::seal(tenant(2), 1, 1, Bytes::from_static(b"s"));
    for round in 0..4 {
        let ledger = open(dir.path());
        for n in [1, 2] {
            let before = ledger.head(tenant(n)).await.unwrap();
            assert_eq!(before, Head { size: round * 300, root: naive(&lines(0, round * 300)) });
            ledger.append(tenant(n), before.size, lines(before.size, 300)).await.unwrap();
        }
        if round == 0 {
            ledger.save_snapshot(tenant(2), snapshot.clone()).await.unwrap();
        }
        assert_eq!(ledger.load_snapshot(tenant(2)).await.unwrap(), Some(snapshot.clone()));
        let size = ledger.head(tenant(1)).await.unwrap().size;
        assert!(prove_line(&ledger, tenant(1), round * 200, size).await.is_ok());
    }
}

#[tokio::test]
async fn sqlite_keeps_everything_over_a_restart() {
    check_reopened(|path| SqliteLedger::open(path).unwrap()).await;
}
