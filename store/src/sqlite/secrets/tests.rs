//! The statements of the vault on SQLite. What it must do stands in the contract (`secrets/contract.rs`).

use writ_testkit::TempDir;

use super::*;

#[test]
fn every_statement_prepares_on_a_migrated_database() {
    let dir = TempDir::new().unwrap();
    let conn = open(&dir.path().join("secrets.db"), MIGRATIONS).unwrap();
    for statement in [KEY, INSERT_KEY, ANY_KEY, SECRET, SET_SECRET, REMOVE_SECRET, NAMES] {
        assert!(conn.prepare(statement).is_ok(), "{statement}");
        assert!(statement.contains("?1") || statement == ANY_KEY);
    }
}
