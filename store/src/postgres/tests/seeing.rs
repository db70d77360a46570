//! Row-level security: what the processes' role may see and do with raw statements, whatever an adapter forgets.

use bytes::Bytes;

use super::*;
use crate::{Ledger, Snapshot};

async fn two_tenants() -> (Pg, Database) {
    let (pg, database) = fresh().await;
    let ledger = pg.ledger();
    for n in [1, 2] {
        let lines = vec![Bytes::from(vec![n]); 300];
        ledger.append(tenant(n), 0, lines).await.unwrap();
        let snapshot = Snapshot::seal(tenant(n), 300, 1, Bytes::new());
        ledger.save_snapshot(tenant(n), snapshot).await.unwrap();
    }
    (pg, database)
}

fn hex(tenant: TenantId) -> String {
    format!("{:032x}", u128::from_be_bytes(tenant.to_bytes()))
}

#[tokio::test]
async fn no_statement_sees_another_tenants_rows() {
    let (_pg, database) = two_tenants().await;
    let server = Postgres::shared();
    for role in ["writ_app", "writ_owner"] {
        for (table, rows) in [("lines", 300), ("nodes", 1), ("snapshots", 1)] {
            let count = format!("SELECT count(*), count(DISTINCT tenant) FROM writ.{table}");
            let raw = |before: &str| {
                server.sql_as(role, database.name(), &format!("{before};{count}")).unwrap()
            };
            assert_eq!(raw("SELECT 1"), "1\n0|0", "without a tenant");
            let one = format!("SET writ.tenant = '{}'", hex(tenant(1)));
            assert_eq!(raw(&one), format!("{rows}|1"), "{role} {table}");
            for strange in ["", "00", "zz"] {
                let strange = format!("SET writ.tenant = '{strange}';{count}");
                let seen = server.sql_as(role, database.name(), &strange);
                assert!(seen.is_err() || seen.unwrap() == "0|0", "{strange}");
            }
        }
        let heads = "SELECT count(*) FROM writ.heads";
        assert_eq!(server.sql_as(role, database.name(), heads).unwrap(), "2", "the fleet query");
    }
}

const COUNT: &str = "SELECT count(*) FROM writ.lines";

#[tokio::test]
async fn no_statement_writes_another_tenants_rows_or_changes_a_line() {
    let (pg, database) = two_tenants().await;
    let server = Postgres::shared();
    let (own, other) = (hex(tenant(1)), hex(tenant(2)));
    let as_app = |sql: &str| {
        let sql = format!("SET writ.tenant = '{own}'; {sql}");
        server.sql_as("writ_app", database.name(), &sql)
    };
    for (sql, why) in [
        (format!("INSERT INTO writ.lines VALUES ('\\x{other}', 300, 'x')"), "row-level security"),
        (format!("INSERT INTO writ.nodes VALUES ('\\x{other}', 8, 9, sha256('x'))"), "row-level"),
        (
            format!(
                "INSERT INTO writ.heads VALUES ('\\x{}', 1, sha256(''), '', '1')",
                hex(tenant(3))
            ),
            "row-level security",
        ),
        ("UPDATE writ.lines SET body = 'x'".to_owned(), "permission denied"),
        ("DELETE FROM writ.lines".to_owned(), "permission denied"),
        ("DELETE FROM writ.heads".to_owned(), "permission denied"),
        ("TRUNCATE writ.lines".to_owned(), "permission denied"),
        ("ALTER TABLE writ.lines DISABLE ROW LEVEL SECURITY".to_owned(), "must be owner"),
        ("CREATE TABLE writ.mine ()".to_owned(), "permission denied"),
        ("UPDATE writ.heads SET size = 1".to_owned(), "only grows"),
        (format!("UPDATE writ.heads SET tenant = '\\x{other}', size = 999"), "only grows"),
        ("INSERT INTO writ.schema_version VALUES (99, 99, '')".to_owned(), "permission denied"),
    ] {
        let fault = as_app(&sql).unwrap_err().to_string();
        assert!(fault.contains(why), "{sql}: {fault}");
    }
    // Another tenant's head is not there to be updated.
    let update =
        format!("UPDATE writ.heads SET size = 999 WHERE tenant = '\\x{other}' RETURNING 1");
    assert_eq!(as_app(&update).unwrap(), "");
    for sql in ["UPDATE writ.lines SET body = 'x'", "DELETE FROM writ.lines", "TRUNCATE writ.lines"]
    {
        let fault = server.sql("writ", sql).unwrap_err().to_string();
        assert!(fault.contains("never changed"), "not even who is above all: {fault}");
    }
    // A transaction bound to one tenant leaves nothing behind for the next on its connection.
    let mut tx = pg.tenant_tx(tenant(1)).await.unwrap();
    assert_eq!(tx.rows(COUNT, &[]).await.unwrap()[0].get::<_, i64>(0), 300);
    tx.commit().await.unwrap();
    for _ in 0..20 {
        assert_eq!(pg.rows(COUNT, &[]).await.unwrap()[0].get::<_, i64>(0), 0);
    }
}

#[tokio::test]
async fn a_transaction_that_could_not_be_bound_leaves_its_connection_usable() {
    let (_, database) = fresh().await;
    let server = Postgres::shared();
    let pg = Pg::connect(PgOptions { pool: 1, ..options(database.url()) }).await.unwrap();
    let set = "EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean)";
    server.sql(database.name(), &format!("REVOKE {set} FROM PUBLIC")).unwrap();
    for _ in 0..3 {
        let fault = pg.tenant_tx(tenant(1)).await.unwrap_err().to_string();
        assert!(fault.contains("permission denied"), "{fault}");
        assert_eq!(pg.rows("SELECT 1", &[]).await.unwrap().len(), 1);
        // A turn is begun by the same function.
        let lent = pg.lend().await.unwrap();
        assert!(lent::open(lent, "BEGIN; SELECT 1 / 0").await.is_err());
        assert_eq!(pg.rows("SELECT 1", &[]).await.unwrap().len(), 1);
    }
    server.sql(database.name(), &format!("GRANT {set} TO PUBLIC")).unwrap();
    pg.tenant_tx(tenant(1)).await.unwrap().commit().await.unwrap();
}

#[tokio::test]
async fn every_table_is_bound_to_its_tenant_or_named_and_rights_are_those_that_are_listed() {
    let (_pg, database) = fresh().await;
    let server = Postgres::shared();
    let tables = "SELECT relname, relrowsecurity AND relforcerowsecurity,
      (SELECT coalesce(string_agg(privilege_type, ', ' ORDER BY privilege_type), '')
       FROM information_schema.table_privileges p
       WHERE p.table_schema = 'writ' AND p.table_name = relname AND p.grantee = 'writ_app')
      FROM pg_class WHERE relnamespace = 'writ'::regnamespace AND relkind = 'r'";
    let found = server.sql(database.name(), tables).unwrap();
    let mut rights: std::collections::BTreeMap<_, _> =
        migrate::STEPS.iter().flat_map(|step| step.rights).copied().collect();
    for line in found.lines() {
        let [table, bound, granted] = line.splitn(3, '|').collect::<Vec<_>>()[..] else { panic!() };
        let listed = table == "schema_version"
            || migrate::STEPS.iter().any(|step| step.fleet.contains(&table));
        assert_ne!(bound == "t", listed, "{table} has row-level security, or is named in `fleet`");
        let mut wanted: Vec<_> = rights.remove(table).unwrap_or("SELECT").split(", ").collect();
        wanted.sort_unstable();
        assert_eq!(granted, wanted.join(", "), "{table}");
    }
    assert!(rights.is_empty(), "no such table: {rights:?}");
    let definers = "SELECT count(*) FROM pg_proc
      WHERE pronamespace = 'writ'::regnamespace AND prosecdef";
    assert_eq!(server.sql(database.name(), definers).unwrap(), "0", "no function is a definer's");
}

#[tokio::test]
async fn what_moved_is_read_by_its_index_at_many_tenants() {
    let (_pg, database) = fresh().await;
    let server = Postgres::shared();
    let fill = "INSERT INTO writ.heads (tenant, size, root, frontier, moved)
        SELECT decode(lpad(to_hex(n), 32, '0'), 'hex'), 1, decode(repeat('00', 32), 'hex'), decode('', 'hex'),
          n::text::xid8 FROM generate_series(1, 2000) n";
    server.sql(database.name(), fill).unwrap();
    // As a follower asks: a statement kept for its connection, planned once for every mark. Before the statistics, after.
    for before in ["SELECT 1", "ANALYZE writ.heads"] {
        server.sql(database.name(), before).unwrap();
        let asked = ledger::SINCE;
        let plan = format!(
            "SET plan_cache_mode = force_generic_plan; PREPARE since(text) AS {asked};
             EXPLAIN EXECUTE since('1999')"
        );
        let plan = server.sql_as("writ_app", database.name(), &plan).unwrap();
        assert!(plan.contains("heads_moved") && !plan.contains("Seq Scan"), "{plan}");
    }
}
