//! A database of a test's own, and what every adapter on PostgreSQL rests on.

mod beside;
mod losing;
mod racing;
mod refused;
mod seeing;

use writ_testkit::{Database, Postgres};

use super::*;

/// What a process is given to find this database.
pub(crate) fn options(url: String) -> PgOptions {
    PgOptions { url, password: None, ca: None, pool: 8 }
}

/// A migrated database of a test's own, as a process sees it. Its server is shared by the tests of this process.
pub(crate) async fn fresh() -> (Pg, Database) {
    let database = Postgres::shared().database().unwrap();
    (migrated(&database.url(), &database.owner_url()).await, database)
}

/// Migrates as the owner, and connects as a process does.
pub(crate) async fn migrated(url: &str, owner: &str) -> Pg {
    Pg::admin_migrate(options(owner.to_owned()), "writ_app").await.unwrap();
    Pg::connect(options(url.to_owned())).await.unwrap()
}

pub(crate) fn tenant(n: u8) -> TenantId {
    TenantId::from_parts(Timestamp::from_micros(1_000_000), [n; 10])
}
