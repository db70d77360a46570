//! Secrets come back only in their place, under their key, from a folder whose key file is whole and private.

use writ_model::{TenantId, Timestamp};
use writ_testkit::TempDir;

use super::*;

fn space(n: u8) -> Space {
    Space::Tenant(TenantId::from_parts(Timestamp::from_micros(1_000_000), [n; 10]))
}

fn secret(text: &str) -> Secret<Vec<u8>> {
    Secret::new(text.as_bytes().to_vec())
}

async fn read(vault: &SqliteVault, space: Space, name: &str) -> Option<String> {
    let found = vault.get(space, name).await.unwrap();
    found.map(|secret| String::from_utf8(secret.expose().clone()).unwrap())
}

#[test]
fn every_statement_prepares_on_a_migrated_database() {
    let dir = TempDir::new().unwrap();
    let conn = open(&dir.path().join("secrets.db"), MIGRATIONS).unwrap();
    for statement in [KEY, INSERT_KEY, ANY_KEY, SECRET, SET_SECRET, REMOVE_SECRET, NAMES] {
        assert!(conn.prepare(statement).is_ok(), "{statement}");
        assert!(statement.contains("?1") || statement == ANY_KEY);
    }
}

#[tokio::test]
async fn secrets_live_in_their_space_and_over_a_restart() {
    let dir = TempDir::new().unwrap();
    let vault = SqliteVault::open(dir.path()).unwrap();
    vault.put(space(1), "upstream", secret("one")).await.unwrap();
    vault.put(space(2), "upstream", secret("two")).await.unwrap();
    vault.put(Space::Installation, "signing", secret("key")).await.unwrap();
    vault.put(space(1), "upstream", secret("newer")).await.unwrap();
    let data_key = vault.data_key(TenantId::from_bytes([9; 16])).await.unwrap();
    drop(vault);
    let vault = SqliteVault::open(dir.path()).unwrap();
    assert_eq!(read(&vault, space(1), "upstream").await.unwrap(), "newer");
    assert_eq!(read(&vault, space(2), "upstream").await.unwrap(), "two");
    assert_eq!(read(&vault, Space::Installation, "signing").await.unwrap(), "key");
    assert_eq!(read(&vault, space(3), "upstream").await, None);
    assert_eq!(read(&vault, Space::Installation, "upstream").await, None);
    let again = vault.data_key(TenantId::from_bytes([9; 16])).await.unwrap();
    assert_eq!((data_key.expose(), data_key.expose().len()), (again.expose(), 32));
    assert_eq!(vault.names(space(1)).await.unwrap(), ["upstream"]);
    assert!(vault.remove(space(1), "upstream").await.unwrap());
    assert!(!vault.remove(space(1), "upstream").await.unwrap());
    assert_eq!(vault.names(space(1)).await.unwrap(), Vec::<String>::new());
    assert_eq!(read(&vault, space(2), "upstream").await.unwrap(), "two");
}

#[tokio::test]
async fn a_row_moved_to_another_place_does_not_open() {
    let dir = TempDir::new().unwrap();
    let vault = SqliteVault::open(dir.path()).unwrap();
    vault.put(space(1), "a", secret("one")).await.unwrap();
    vault.put(space(2), "a", secret("two")).await.unwrap();
    for sql in [
        "UPDATE secrets SET name = 'b'",
        "UPDATE secrets SET space = x'' WHERE rowid_of = 1",
        "UPDATE secrets SET sealed = (SELECT sealed FROM secrets ORDER BY space DESC LIMIT 1)",
    ] {
        drop(vault.conn.lock().execute(sql, []));
    }
    assert!(matches!(vault.get(space(1), "b").await, Err(VaultFault::Sealed)));
    // A data key given to another tenant does not unwrap.
    let swap = "UPDATE keys SET wrapped = (SELECT wrapped FROM keys ORDER BY space DESC LIMIT 1)";
    vault.conn.lock().execute(swap, []).unwrap();
    drop(vault);
    let vault = SqliteVault::open(dir.path()).unwrap();
    assert!(matches!(vault.sealer(space(1)).await, Err(VaultFault::Sealed)));
}

#[tokio::test]
async fn nothing_is_stored_in_the_clear() {
    let dir = TempDir::new().unwrap();
    let vault = SqliteVault::open(dir.path()).unwrap();
    vault.put(space(1), "name", secret("a very visible secret")).await.unwrap();
    drop(vault);
    for file in fs::read_dir(dir.path()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(12).any(|part| part == b"very visible"));
    }
}

#[tokio::test]
async fn a_missing_wrong_or_open_key_file_is_refused() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("kek");
    let vault = SqliteVault::open(dir.path()).unwrap();
    vault.put(space(1), "a", secret("x")).await.unwrap();
    drop(vault);
    let key = fs::read(&path).unwrap();
    let refused = |why: &str| {
        let fault = SqliteVault::open(dir.path()).unwrap_err();
        assert!(matches!(fault, VaultFault::KeyFile { .. }), "{why}: {fault}");
        assert_eq!(fault.code().to_string(), "STOR-0016");
    };
    fs::remove_file(&path).unwrap();
    refused("missing while keys are wrapped");
    write_whole(dir.path(), "kek", &key[1..]).unwrap();
    refused("too short");
    write_whole(dir.path(), "kek", &[0; KEY_LEN]).unwrap();
    let vault = SqliteVault::open(dir.path()).unwrap();
    assert!(matches!(vault.get(space(1), "a").await, Err(VaultFault::Sealed)), "another key");
    drop(vault);
    write_whole(dir.path(), "kek", &key).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        refused("readable by others");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    assert_eq!(read(&SqliteVault::open(dir.path()).unwrap(), space(1), "a").await.unwrap(), "x");
}

#[tokio::test]
async fn bounds_hold_and_first_users_at_once_get_one_key() {
    let dir = TempDir::new().unwrap();
    let vault = Arc::new(SqliteVault::open(dir.path()).unwrap());
    let long = "n".repeat(MAX_NAME + 1);
    assert!(matches!(
        vault.put(space(1), &long, secret("")).await,
        Err(VaultFault::TooLarge { .. })
    ));
    let large = Secret::new(vec![0; MAX_SECRET + 1]);
    assert!(matches!(vault.put(space(1), "n", large).await, Err(VaultFault::TooLarge { .. })));
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let vault = Arc::clone(&vault);
            tokio::spawn(async move { vault.sealer(space(7)).await.unwrap().derive(b"x").unwrap() })
        })
        .collect();
    let one = vault.sealer(space(7)).await.unwrap().derive(b"x").unwrap();
    for task in tasks {
        assert_eq!(task.await.unwrap().expose(), one.expose());
    }
}
