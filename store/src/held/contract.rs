//! The contract of held requests, run against every adapter.
//!
//! To add an adapter: a module of its own in `suite!`. To add a rule: one function, one line there.

use std::sync::Arc;

use writ_model::{HoldId, Span, TenantId, Timestamp};
use writ_testkit::TempDir;

use super::{HeldFault, HeldRequest, MAX_HELD, MAX_HELD_BYTES};
use crate::{Held, Space, SqliteHeld, SqliteVault, Vault as _};

type Shared = Arc<dyn Held>;

fn of(tenant: u8, hold: u16) -> (TenantId, HoldId) {
    let mut id = [7; 16];
    id[..2].copy_from_slice(&hold.to_be_bytes());
    (TenantId::from_bytes([tenant; 16]), HoldId::from_bytes(id))
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000) + Span::minutes(minute)
}

async fn what_is_put_comes_back_until_it_expires_or_is_forgotten(held: Shared) {
    let bytes = vec![0, 1, 2, 255];
    held.put(of(1, 1), bytes.clone(), at(10), at(0)).await.unwrap();
    assert_eq!(held.get(of(1, 1), at(9)).await.unwrap(), Some(bytes.clone()));
    assert_eq!(held.get(of(1, 2), at(9)).await.unwrap(), None, "another hold");
    assert_eq!(held.get(of(2, 1), at(9)).await.unwrap(), None, "another tenant");
    assert_eq!(held.get(of(1, 1), at(10)).await.unwrap(), None, "expired");
    held.put(of(1, 1), b"new".to_vec(), at(20), at(0)).await.unwrap();
    assert_eq!(held.get(of(1, 1), at(10)).await.unwrap().unwrap(), b"new", "replaced");
    assert!(!held.forget(of(2, 1)).await.unwrap());
    assert!(held.forget(of(1, 1)).await.unwrap());
    assert!(!held.forget(of(1, 1)).await.unwrap());
    assert_eq!(held.get(of(1, 1), at(1)).await.unwrap(), None);
}

async fn a_request_over_the_bound_is_not_held(held: Shared) {
    let large = vec![0; MAX_HELD_BYTES + 1];
    let fault = held.put(of(1, 1), large, at(10), at(0)).await.unwrap_err();
    assert!(matches!(fault, HeldFault::TooLarge { .. }), "{fault}");
    assert_eq!(fault.code().0, "STOR-0025");
    held.put(of(1, 1), vec![0; MAX_HELD_BYTES], at(10), at(0)).await.unwrap();
}

async fn a_tenant_has_a_bounded_number_and_takes_no_place_of_another(held: Shared) {
    for hold in 0..u16::try_from(MAX_HELD).unwrap() {
        let expires = if hold == 0 { at(5) } else { at(10) };
        held.put(of(1, hold), vec![1], expires, at(0)).await.unwrap();
    }
    let more = of(1, u16::MAX);
    let fault = held.put(more, vec![1], at(10), at(0)).await.unwrap_err();
    assert_eq!(fault, HeldFault::Full { bound: MAX_HELD });
    held.put(of(1, 3), vec![2], at(10), at(0)).await.unwrap();
    held.put(of(2, 1), vec![1], at(10), at(0)).await.unwrap();
    held.put(more, vec![1], at(10), at(6)).await.unwrap();
    assert_eq!(held.get(of(1, 0), at(0)).await.unwrap(), None, "the expired one gave way");
}

macro_rules! suite {
    ($($rule:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test]
            async fn $rule() {
                super::$rule(std::sync::Arc::new(crate::MemoryHeld::default())).await;
            })*
        }
        mod sqlite {
            $(#[tokio::test]
            async fn $rule() {
                let dir = writ_testkit::TempDir::new().unwrap();
                super::$rule(std::sync::Arc::new(crate::SqliteHeld::open(dir.path()).unwrap())).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $rule() {
                let (pg, _database) = crate::postgres::tests::fresh().await;
                super::$rule(std::sync::Arc::new(pg.held())).await;
            })*
        }
    };
}

suite!(
    what_is_put_comes_back_until_it_expires_or_is_forgotten,
    a_request_over_the_bound_is_not_held,
    a_tenant_has_a_bounded_number_and_takes_no_place_of_another,
);

#[tokio::test]
async fn sqlite_keeps_them_over_a_restart_and_only_sealed() {
    let dir = TempDir::new().unwrap();
    let vault = SqliteVault::open(dir.path()).unwrap();
    let (tenant, hold) = of(1, 1);
    let sealer = vault.sealer(Space::Tenant(tenant)).await.unwrap();
    let request = HeldRequest {
        server: "mail".to_owned(),
        method: "tools/call".to_owned(),
        generation: "2025-11-25".to_owned(),
        headers: [("mcp-param-region".to_owned(), "eu".to_owned())].into(),
        origins: vec!["“ann@private.example” was first read in a mail".to_owned()],
        params: b"{\"name\" : \"send\",\n \"arguments\":{\"to\":\"ann@private.example\"}}".to_vec(),
    };
    let sealed = request.seal(&sealer, (tenant, hold)).unwrap();
    SqliteHeld::open(dir.path()).unwrap().put((tenant, hold), sealed, at(10), at(0)).await.unwrap();
    let held = SqliteHeld::open(dir.path()).unwrap();
    let sealed = held.get((tenant, hold), at(1)).await.unwrap().unwrap();
    assert_eq!(HeldRequest::open(&sealer, (tenant, hold), &sealed).unwrap(), request);
    for elsewhere in [of(1, 2), of(2, 1)] {
        assert!(HeldRequest::open(&sealer, elsewhere, &sealed).is_err(), "{elsewhere:?}");
    }
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let plain = bytes.windows(15).any(|part| part == b"private.example");
        assert!(!plain, "{} has a plain byte of it", path.display());
    }
}
