//! The contract of definitions, run against every adapter.
//!
//! To add an adapter: a module of its own in `suite!`. To add a rule: one function, one line there.

use std::sync::Arc;

use writ_model::{Digest, TenantId};

use super::{DefinitionsFault, MAX_DEFINITION_BYTES, MAX_DEFINITIONS};
use crate::Definitions;

type Shared = Arc<dyn Definitions>;

fn tenant(n: u8) -> TenantId {
    TenantId::from_bytes([n; 16])
}

fn text(n: usize) -> (Digest, Vec<u8>) {
    let text = format!(r#"{{"name":"tool-{n}"}}"#).into_bytes();
    (Digest::of(&text), text)
}

async fn what_is_kept_comes_back_to_its_tenant_alone(kept: Shared) {
    let (digest, bytes) = text(1);
    assert_eq!(kept.get(tenant(1), digest).await.unwrap(), None);
    kept.keep(tenant(1), vec![text(1), text(2), text(1)]).await.unwrap();
    kept.keep(tenant(1), vec![text(1)]).await.unwrap();
    kept.keep(tenant(1), Vec::new()).await.unwrap();
    assert_eq!(kept.get(tenant(1), digest).await.unwrap(), Some(bytes));
    assert_eq!(kept.get(tenant(1), text(2).0).await.unwrap(), Some(text(2).1));
    assert_eq!(kept.get(tenant(2), digest).await.unwrap(), None, "another tenant");
    assert_eq!(kept.get(tenant(1), text(3).0).await.unwrap(), None, "another digest");
}

async fn a_definition_over_the_bound_is_not_kept(kept: Shared) {
    let digest = Digest::of(b"large");
    let large = vec![0; MAX_DEFINITION_BYTES + 1];
    let fault = kept.keep(tenant(1), vec![text(1), (digest, large)]).await.unwrap_err();
    assert!(matches!(fault, DefinitionsFault::TooLarge { .. }), "{fault}");
    assert_eq!(fault.code().0, "STOR-0080");
    assert_eq!(kept.get(tenant(1), text(1).0).await.unwrap(), None, "all or nothing");
    let large = vec![0; MAX_DEFINITION_BYTES];
    kept.keep(tenant(1), vec![(digest, large)]).await.unwrap();
}

async fn a_tenant_has_a_bounded_number_and_the_oldest_gives_way(kept: Shared) {
    kept.keep(tenant(2), vec![text(0)]).await.unwrap();
    for from in (0..MAX_DEFINITIONS).step_by(1024) {
        let some = (from..from + 1024).map(text).collect();
        kept.keep(tenant(1), some).await.unwrap();
    }
    kept.keep(tenant(1), vec![text(MAX_DEFINITIONS)]).await.unwrap();
    assert_eq!(kept.get(tenant(1), text(0).0).await.unwrap(), None, "the oldest");
    for n in [1, MAX_DEFINITIONS - 1, MAX_DEFINITIONS] {
        assert!(kept.get(tenant(1), text(n).0).await.unwrap().is_some(), "{n}");
    }
    assert!(kept.get(tenant(2), text(0).0).await.unwrap().is_some(), "no place of another's");
}

macro_rules! suite {
    ($($rule:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test]
            async fn $rule() {
                super::$rule(std::sync::Arc::new(crate::MemoryDefinitions::default())).await;
            })*
        }
        mod sqlite {
            $(#[tokio::test]
            async fn $rule() {
                let dir = writ_testkit::TempDir::new().unwrap();
                let kept = crate::SqliteDefinitions::open(dir.path()).unwrap();
                super::$rule(std::sync::Arc::new(kept)).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $rule() {
                let (pg, _database) = crate::postgres::tests::fresh().await;
                super::$rule(std::sync::Arc::new(pg.definitions())).await;
            })*
        }
    };
}

suite!(
    what_is_kept_comes_back_to_its_tenant_alone,
    a_definition_over_the_bound_is_not_kept,
    a_tenant_has_a_bounded_number_and_the_oldest_gives_way,
);
