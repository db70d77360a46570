//! The adapters beside the ledger: what a raw statement of the processes' role sees of them, and two processes at once.

use std::sync::Arc;

use writ_model::{Digest, HoldId, Secret, Span};
use writ_testkit::TempDir;

use super::*;
use crate::{
    Definitions, Held, HeldFault, Outbox, OutboxFault, Space, Vault,
    held::MAX_HELD,
    outbox::{Item, MAX_WAITING, Mark, Outcome, Step},
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000) + Span::seconds(second)
}

fn hex(tenant: TenantId) -> String {
    format!("{:032x}", u128::from_be_bytes(tenant.to_bytes()))
}

fn hold(n: u16) -> HoldId {
    let mut id = [7; 16];
    id[..2].copy_from_slice(&n.to_be_bytes());
    HoldId::from_bytes(id)
}

fn item(n: u64) -> Item {
    Item {
        id: Digest::of(&n.to_be_bytes()),
        channel: "mail".to_owned(),
        recipient: "prs_ann".to_owned(),
        kind: "approval_asked".to_owned(),
        line: Some(n),
        due: at(0),
        expires: at(3600),
        body: b"sealed".to_vec(),
    }
}

fn step(lines: Option<(Option<u64>, u64)>, items: Vec<Item>) -> Step {
    Step { lines, items, at: at(0) }
}

#[tokio::test]
async fn a_raw_statement_sees_only_its_tenants_rows() {
    let (pg, database) = fresh().await;
    let folder = TempDir::new().unwrap();
    let vault = pg.vault(folder.path()).await.unwrap();
    for n in [1, 2] {
        let of = tenant(n);
        vault.put(Space::Tenant(of), "name", Secret::new(vec![n])).await.unwrap();
        pg.held().put((of, hold(1)), vec![n], at(9), at(0)).await.unwrap();
        pg.outbox().put(of, step(Some((None, 1)), vec![item(1)])).await.unwrap();
        let text = vec![(Digest::of(b"{}"), b"{}".to_vec())];
        pg.definitions().keep(of, text).await.unwrap();
    }
    vault.put(Space::Installation, "signing", Secret::new(vec![3])).await.unwrap();
    let server = Postgres::shared();
    let own = hex(tenant(1));
    for role in ["writ_app", "writ_owner"] {
        for (table, column) in [
            ("secrets", "space"),
            ("keys", "space"),
            ("held", "tenant"),
            ("definitions", "tenant"),
            ("outbox_rows", "tenant"),
            ("outbox_marks", "tenant"),
        ] {
            let raw = |before: &str| {
                let all = format!(
                    "{before}; SELECT coalesce(string_agg(encode({column}, 'hex'), ' '), 'none')
                    FROM writ.{table}"
                );
                server.sql_as(role, database.name(), &all).unwrap()
            };
            let seen = raw(&format!("SET writ.tenant = '{own}'"));
            assert_eq!(seen, own, "{role} {table}");
            // Without a tenant: nothing, or the installation's own.
            let none = if column == "space" { "" } else { "none" };
            for before in ["SELECT 1 LIMIT 0", "SET writ.tenant = ''"] {
                assert_eq!(raw(before), none, "{role} {table} {before}");
            }
        }
    }
    let theft = format!(
        "SET writ.tenant = '{own}'; UPDATE writ.outbox_rows SET tenant = decode(repeat('02', 16), 'hex')"
    );
    let refused = server.sql_as("writ_app", database.name(), &theft).unwrap_err().to_string();
    assert!(refused.contains("row-level security"), "{refused}");
}

#[tokio::test]
async fn two_processes_together_keep_the_bounds() {
    let (one, database) = fresh().await;
    let two = Pg::connect(options(database.url())).await.unwrap();
    let fill =
        "INSERT INTO writ.held SELECT decode('$T', 'hex'), decode(lpad(to_hex(n), 32, '0'), 'hex'),
        9000000000000000, 'x' FROM generate_series(1, $N) n";
    let fill = fill.replace("$T", &hex(tenant(1))).replace("$N", &(MAX_HELD - 10).to_string());
    Postgres::shared().sql(database.name(), &fill).unwrap();
    let puts: Vec<_> = (0..20)
        .map(|n| {
            let held = if n % 2 == 0 { one.held() } else { two.held() };
            tokio::spawn(async move { held.put((tenant(1), hold(n)), vec![1], at(9), at(0)).await })
        })
        .collect();
    let mut kept = 0;
    for put in puts {
        match put.await.unwrap() {
            Ok(()) => kept += 1,
            Err(fault) => assert_eq!(fault, HeldFault::Full { bound: MAX_HELD }),
        }
    }
    assert_eq!(kept, 10);
    let many = |from: u64| step(None, (from..from + 3_000).map(item).collect());
    let (left, right) = (one.outbox(), two.outbox());
    let (left, right) =
        tokio::join!(left.put(tenant(1), many(0)), right.put(tenant(1), many(9_000)));
    let (left, right) = (left.unwrap(), right.unwrap());
    assert_eq!(
        (left.new + right.new, left.dropped + right.dropped),
        (MAX_WAITING, 6_000 - MAX_WAITING)
    );
    let mark = one.outbox().mark(tenant(1)).await.unwrap();
    assert_eq!(mark, Mark { lines: None, dropped: 6_000 - MAX_WAITING as u64 });
}

#[tokio::test]
async fn of_two_processes_at_one_line_or_row_one_does_it() {
    let (one, database) = fresh().await;
    let two = Pg::connect(options(database.url())).await.unwrap();
    let (left, right): (Arc<dyn Outbox>, Arc<dyn Outbox>) =
        (Arc::new(one.outbox()), Arc::new(two.outbox()));
    for n in 0..20 {
        let known = (n > 0).then_some(n);
        let make = |from| step(Some((known, n + 1)), vec![item(from)]);
        let (ours, theirs) =
            tokio::join!(left.put(tenant(1), make(n)), right.put(tenant(1), make(1_000 + n)));
        let stale = [&ours, &theirs]
            .into_iter()
            .filter(|put| matches!(put, Err(OutboxFault::Stale { .. })));
        assert_eq!(
            (stale.count(), ours.is_ok() || theirs.is_ok()),
            (1, true),
            "{ours:?} {theirs:?}"
        );
        // Both try the row that was made, and what follows is put once.
        let of = if ours.is_ok() { item(n).id } else { item(1_000 + n).id };
        let then = |from| step(None, vec![item(from)]);
        let (ours, theirs) = tokio::join!(
            left.settle(tenant(1), of, Outcome::Done, then(2_000 + n)),
            right.settle(tenant(1), of, Outcome::Moot("over".to_owned()), then(3_000 + n)),
        );
        assert_eq!(ours.unwrap(), theirs.unwrap(), "both hear of one end");
    }
    let waiting = left.due(at(9), 100).await.unwrap();
    assert_eq!(waiting.len(), 20);
}
