//! The contract of contexts, run against every adapter.
//!
//! To add an adapter: a module of its own in `suite!`. To add a rule: one function, one line there.

use std::sync::Arc;

use writ_model::{AgentId, InstanceId, Span, TenantId, Timestamp};

use super::{
    After, ContextOf, Contexts, ContextsFault, MAX_CONTEXT_BYTES, MAX_CONTEXTS, MAX_LISTED, Since,
};

type Shared = Arc<dyn Contexts>;

fn of(tenant: u8, agent: u8, instance: u16) -> ContextOf {
    let mut id = [7; 16];
    id[..2].copy_from_slice(&instance.to_be_bytes());
    ContextOf {
        tenant: TenantId::from_bytes([tenant; 16]),
        agent: AgentId::from_bytes([agent; 16]),
        instance: InstanceId::from_bytes(id),
    }
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000) + Span::minutes(minute)
}

fn after(version: Option<u64>, minute: i64) -> After {
    After { version, now: at(minute), expires: at(minute + 10) }
}

async fn what_is_put_comes_back_until_it_expires(all: Shared) {
    let bytes = vec![0, 1, 2, 255];
    let first = all.put(of(1, 1, 1), bytes.clone(), after(None, 0)).await.unwrap().unwrap();
    let Since::Newer(kept) = all.since(of(1, 1, 1), None, at(9)).await.unwrap() else {
        panic!("it is kept");
    };
    assert_eq!((kept.version, kept.sealed, kept.at), (first, bytes, at(0)));
    assert_eq!(kept.instance, of(1, 1, 1).instance);
    assert_eq!(all.since(of(1, 1, 1), Some(first), at(9)).await.unwrap(), Since::Same);
    for other in [of(2, 1, 1), of(1, 2, 1), of(1, 1, 2)] {
        assert_eq!(all.since(other, None, at(9)).await.unwrap(), Since::Nothing, "{other:?}");
    }
    assert_eq!(all.since(of(1, 1, 1), Some(first), at(10)).await.unwrap(), Since::Nothing);
    let again = all.put(of(1, 1, 1), vec![9], after(None, 11)).await.unwrap().unwrap();
    assert!(again > first, "one that was forgotten is never taken for a new one");
}

async fn of_two_writes_from_one_version_one_is_kept(all: Shared) {
    let first = all.put(of(1, 1, 1), vec![1], after(None, 0)).await.unwrap();
    assert_eq!(all.put(of(1, 1, 1), vec![2], after(None, 0)).await.unwrap(), None, "it began");
    let second = all.put(of(1, 1, 1), vec![3], after(first, 0)).await.unwrap();
    assert!(second > first, "in the same instant too");
    assert_eq!(all.put(of(1, 1, 1), vec![4], after(first, 1)).await.unwrap(), None);
    let Since::Newer(kept) = all.since(of(1, 1, 1), first, at(1)).await.unwrap() else {
        panic!("it is kept");
    };
    assert_eq!((Some(kept.version), kept.sealed), (second, vec![3]));
}

async fn an_agents_contexts_are_listed_the_last_written_first(all: Shared) {
    for (instance, minute) in [(1, 0), (2, 2), (3, 1)] {
        all.put(of(1, 1, instance), vec![1], after(None, minute)).await.unwrap().unwrap();
    }
    all.put(of(1, 2, 4), vec![1], after(None, 3)).await.unwrap().unwrap();
    let listed = |agent: u8, minute: i64| {
        let (all, of) = (Arc::clone(&all), of(1, agent, 0));
        async move {
            let all = all.of_agent(of.tenant, of.agent, at(minute)).await.unwrap();
            assert_eq!(all.count, all.newest.len());
            all.newest.into_iter().map(|kept| kept.instance).collect::<Vec<_>>()
        }
    };
    let instances = |ids: &[u16]| ids.iter().map(|id| of(1, 1, *id).instance).collect::<Vec<_>>();
    assert_eq!(listed(1, 5).await, instances(&[2, 3, 1]));
    assert_eq!(listed(1, 10).await, instances(&[2, 3]), "expired");
    assert_eq!(listed(2, 5).await, instances(&[4]));
    assert_eq!(listed(3, 5).await, instances(&[]));
}

async fn of_an_agent_with_many_copies_the_last_ones_are_told_and_all_are_counted(all: Shared) {
    let many = u16::try_from(MAX_LISTED).unwrap() + 3;
    for instance in 0..many {
        all.put(of(1, 1, instance), vec![1], after(None, i64::from(instance))).await.unwrap();
    }
    // Kept for ten minutes each, the first ones expired.
    let now = at(i64::from(many));
    let alive = all.of_agent(of(1, 1, 0).tenant, of(1, 1, 0).agent, now).await.unwrap();
    assert_eq!(alive.count, 9, "{alive:?}");
    let begin = After { version: None, now, expires: now + Span::minutes(10) };
    for instance in 100..100 + many {
        all.put(of(1, 1, instance), vec![1], begin).await.unwrap().unwrap();
    }
    let alive = all.of_agent(of(1, 1, 0).tenant, of(1, 1, 0).agent, now).await.unwrap();
    assert_eq!((alive.count, alive.newest.len()), (usize::from(many) + 9, MAX_LISTED));
    assert!(alive.newest.iter().all(|kept| kept.at == now), "{alive:?}");
}

async fn what_ended_copies_have_read_is_removed_and_nothing_else(all: Shared) {
    for one in [of(1, 1, 1), of(1, 1, 2), of(1, 2, 3), of(2, 1, 1)] {
        all.put(one, vec![1], after(None, 0)).await.unwrap().unwrap();
    }
    let (tenant, other) = (of(1, 1, 1).tenant, of(2, 1, 1).tenant);
    let mut owners = all.owners(tenant, at(1)).await.unwrap();
    owners.sort();
    let owner = |of: ContextOf| (of.agent, of.instance);
    assert_eq!(owners, [owner(of(1, 1, 1)), owner(of(1, 1, 2)), owner(of(1, 2, 3))]);
    let ended = [of(1, 1, 1).instance, of(1, 2, 3).instance, of(1, 1, 9).instance];
    assert_eq!(all.remove(tenant, &ended).await.unwrap(), 2);
    assert_eq!(all.owners(tenant, at(1)).await.unwrap(), [owner(of(1, 1, 2))]);
    assert_eq!(all.owners(other, at(1)).await.unwrap().len(), 1, "another tenant's");
    assert_eq!(all.owners(tenant, at(10)).await.unwrap(), [], "expired");
    assert_eq!(all.remove(tenant, &[]).await.unwrap(), 0);
}

async fn a_context_over_the_bound_is_not_kept(all: Shared) {
    let large = vec![0; MAX_CONTEXT_BYTES + 1];
    let fault = all.put(of(1, 1, 1), large, after(None, 0)).await.unwrap_err();
    assert!(matches!(fault, ContextsFault::TooLarge { .. }), "{fault}");
    assert_eq!(fault.code().0, "STOR-0086");
    all.put(of(1, 1, 1), vec![0; MAX_CONTEXT_BYTES], after(None, 0)).await.unwrap().unwrap();
}

async fn a_tenant_has_a_bounded_number_and_takes_no_place_of_another(all: Shared) {
    let mut first = None;
    for instance in 0..u16::try_from(MAX_CONTEXTS).unwrap() {
        let minute = i64::from(instance != 0);
        let made = all.put(of(1, 1, instance), vec![1], after(None, minute)).await.unwrap();
        first = first.or(made);
    }
    let more = of(1, 1, u16::MAX);
    let fault = all.put(more, vec![1], after(None, 2)).await.unwrap_err();
    assert_eq!(fault, ContextsFault::Full { bound: MAX_CONTEXTS });
    all.put(of(2, 1, 1), vec![1], after(None, 2)).await.unwrap().unwrap();
    assert!(all.put(of(1, 1, 0), vec![1], after(first, 2)).await.unwrap().is_some(), "no new one");
    assert!(all.put(more, vec![1], after(None, 11)).await.unwrap().is_some(), "others expired");
}

macro_rules! suite {
    ($($rule:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test]
            async fn $rule() {
                super::$rule(std::sync::Arc::new(crate::MemoryContexts::default())).await;
            })*
        }
        mod sqlite {
            $(#[tokio::test]
            async fn $rule() {
                let dir = writ_testkit::TempDir::new().unwrap();
                let all = crate::SqliteContexts::open(dir.path()).unwrap();
                super::$rule(std::sync::Arc::new(all)).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $rule() {
                let (pg, _database) = crate::postgres::tests::fresh().await;
                super::$rule(std::sync::Arc::new(pg.contexts())).await;
            })*
        }
    };
}

suite!(
    what_is_put_comes_back_until_it_expires,
    of_two_writes_from_one_version_one_is_kept,
    an_agents_contexts_are_listed_the_last_written_first,
    of_an_agent_with_many_copies_the_last_ones_are_told_and_all_are_counted,
    what_ended_copies_have_read_is_removed_and_nothing_else,
    a_context_over_the_bound_is_not_kept,
    a_tenant_has_a_bounded_number_and_takes_no_place_of_another,
);
