//! The contract of the vault, run against every adapter: secrets come back only in their place, under their key, from a folder
//! whose key file is whole and private.
//!
//! To add an adapter: its [`Stand`], and a module of its own in `suite!`. To add a rule: one function, one line there.

use std::{fs, path::Path};

use async_trait::async_trait;
use writ_model::{PersonId, Timestamp, name::Field};
use writ_testkit::{Database, Postgres, TempDir};

use super::{sealed::MAX_PAGE, sealer::KEY_LEN, *};
use crate::{Pg, SqliteVault, folder::write_whole};

/// What the rules need of an adapter under test.
pub(crate) trait Both: Vault + SealedSpaces {}
impl<V: Vault + SealedSpaces> Both for V {}

/// A store of secrets that can be opened again and again, from its folder or another.
#[async_trait]
pub(crate) trait Stand: Send + Sync {
    async fn open(&self, folder: &Path) -> Result<Arc<dyn Both>, VaultFault>;
    /// Changes what is stored behind the vault's back; the names of tables and columns are the same everywhere.
    async fn tamper(&self, folder: &Path, sql: &str);
    /// Every byte that is stored outside the folder's key file.
    async fn stored(&self, folder: &Path) -> Vec<u8>;
}

struct Sqlite;

#[async_trait]
impl Stand for Sqlite {
    async fn open(&self, folder: &Path) -> Result<Arc<dyn Both>, VaultFault> {
        Ok(Arc::new(SqliteVault::open(folder)?))
    }
    async fn tamper(&self, folder: &Path, sql: &str) {
        let conn = rusqlite::Connection::open(folder.join("secrets.db")).unwrap();
        conn.execute(sql, []).unwrap();
    }
    async fn stored(&self, folder: &Path) -> Vec<u8> {
        let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        files
            .filter(|path| !path.ends_with("kek"))
            .flat_map(|path| fs::read(path).unwrap())
            .collect()
    }
}

struct OnPostgres {
    pg: Pg,
    database: Database,
}

#[async_trait]
impl Stand for OnPostgres {
    async fn open(&self, folder: &Path) -> Result<Arc<dyn Both>, VaultFault> {
        Ok(Arc::new(self.pg.vault(folder).await?))
    }
    async fn tamper(&self, _: &Path, sql: &str) {
        let sql = format!("SET search_path = writ; {sql}");
        Postgres::shared().sql(self.database.name(), &sql).unwrap();
    }
    async fn stored(&self, _: &Path) -> Vec<u8> {
        let all = "SELECT encode(string_agg(part, ''), 'hex') FROM (
            SELECT wrapped AS part FROM writ.keys UNION ALL
            SELECT sealed || convert_to(name, 'UTF8') FROM writ.secrets) parts";
        let hex = Postgres::shared().sql(self.database.name(), all).unwrap();
        let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
        hex.as_bytes().chunks(2).map(byte).collect()
    }
}

fn tenant(n: u8) -> TenantId {
    TenantId::from_parts(Timestamp::from_micros(1_000_000), [n; 10])
}

fn space(n: u8) -> Space {
    Space::Tenant(tenant(n))
}

fn secret(text: &str) -> Secret<Vec<u8>> {
    Secret::new(text.as_bytes().to_vec())
}

async fn read(vault: &Arc<dyn Both>, space: Space, name: &str) -> Option<String> {
    let found = vault.get(space, name).await.unwrap();
    found.map(|secret| String::from_utf8(secret.expose().clone()).unwrap())
}

async fn secrets_live_in_their_space_and_over_a_restart(stand: impl Stand) {
    let dir = TempDir::new().unwrap();
    let vault = stand.open(dir.path()).await.unwrap();
    vault.put(space(1), "upstream", secret("one")).await.unwrap();
    vault.put(space(2), "upstream", secret("two")).await.unwrap();
    vault.put(Space::Installation, "signing", secret("key")).await.unwrap();
    vault.put(space(1), "upstream", secret("newer")).await.unwrap();
    let data_key = vault.data_key(TenantId::from_bytes([9; 16])).await.unwrap();
    drop(vault);
    let vault = stand.open(dir.path()).await.unwrap();
    assert_eq!(read(&vault, space(1), "upstream").await.unwrap(), "newer");
    assert_eq!(read(&vault, space(2), "upstream").await.unwrap(), "two");
    assert_eq!(read(&vault, Space::Installation, "signing").await.unwrap(), "key");
    assert_eq!(read(&vault, space(3), "upstream").await, None);
    assert_eq!(read(&vault, Space::Installation, "upstream").await, None);
    let again = vault.data_key(TenantId::from_bytes([9; 16])).await.unwrap();
    assert_eq!((data_key.expose(), data_key.expose().len()), (again.expose(), 32));
    // In the order of their bytes, whatever a database thinks of letters.
    for name in ["b", "a/2", "a-1", "Z", "ä"] {
        vault.put(space(1), name, secret("x")).await.unwrap();
    }
    let names = vault.names(space(1), "", "").await.unwrap();
    assert_eq!(names, ["Z", "a-1", "a/2", "b", "upstream", "ä"]);
    assert!(vault.remove(space(1), "upstream").await.unwrap());
    assert!(!vault.remove(space(1), "upstream").await.unwrap());
    assert_eq!(vault.names(space(1), "", "").await.unwrap().len(), 5);
    assert_eq!(vault.names(space(3), "", "").await.unwrap(), Vec::<String>::new());
    assert_eq!(vault.names(Space::Installation, "", "").await.unwrap(), ["signing"]);
    assert_eq!(read(&vault, space(2), "upstream").await.unwrap(), "two");
}

async fn a_row_moved_to_another_place_does_not_open(stand: impl Stand) {
    let dir = TempDir::new().unwrap();
    let vault = stand.open(dir.path()).await.unwrap();
    vault.put(space(1), "a", secret("one")).await.unwrap();
    vault.put(space(2), "a", secret("two")).await.unwrap();
    stand.tamper(dir.path(), "UPDATE secrets SET name = 'b'").await;
    assert!(matches!(vault.get(space(1), "b").await, Err(VaultFault::Sealed)), "another name");
    stand.tamper(dir.path(), "UPDATE secrets SET name = 'a'").await;
    assert_eq!(read(&vault, space(1), "a").await.unwrap(), "one");
    let swap =
        "UPDATE secrets SET sealed = (SELECT sealed FROM secrets ORDER BY space DESC LIMIT 1)";
    stand.tamper(dir.path(), swap).await;
    assert!(matches!(vault.get(space(1), "a").await, Err(VaultFault::Sealed)), "another tenant's");
    assert_eq!(read(&vault, space(2), "a").await.unwrap(), "two");
    // A data key given to another tenant does not unwrap.
    let swap = "UPDATE keys SET wrapped = (SELECT wrapped FROM keys ORDER BY space DESC LIMIT 1)
                WHERE length(space) = 16";
    stand.tamper(dir.path(), swap).await;
    drop(vault);
    let vault = stand.open(dir.path()).await.unwrap();
    assert!(matches!(vault.sealer(space(1)).await, Err(VaultFault::Sealed)));
    assert_eq!(read(&vault, space(2), "a").await.unwrap(), "two");
}

async fn nothing_is_stored_in_the_clear(stand: impl Stand) {
    let dir = TempDir::new().unwrap();
    let vault = stand.open(dir.path()).await.unwrap();
    vault.put(space(1), "name", secret("a very visible secret")).await.unwrap();
    let key = vault.data_key(TenantId::from_bytes([9; 16])).await.unwrap();
    drop(vault);
    let bytes = stand.stored(dir.path()).await;
    assert!(bytes.len() > 32 + 21);
    for plain in [&b"very visible"[..], key.expose(), &fs::read(dir.path().join("kek")).unwrap()] {
        assert!(!bytes.windows(plain.len()).any(|part| part == plain));
    }
}

async fn a_missing_wrong_or_open_key_file_is_refused(stand: impl Stand) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("kek");
    let vault = stand.open(dir.path()).await.unwrap();
    vault.put(space(1), "a", secret("x")).await.unwrap();
    drop(vault);
    let key = fs::read(&path).unwrap();
    let refused = async |why: &str| {
        let fault = stand.open(dir.path()).await.err().unwrap();
        assert!(matches!(fault, VaultFault::KeyFile { .. }), "{why}: {fault}");
        assert_eq!(fault.code().to_string(), "STOR-0016");
    };
    fs::remove_file(&path).unwrap();
    refused("missing while keys are wrapped").await;
    assert!(!path.exists(), "and none is made");
    write_whole(dir.path(), "kek", &key[1..]).unwrap();
    refused("too short").await;
    write_whole(dir.path(), "kek", &[0; KEY_LEN]).unwrap();
    match stand.open(dir.path()).await {
        Ok(vault) => assert!(matches!(vault.get(space(1), "a").await, Err(VaultFault::Sealed))),
        Err(fault) => assert!(matches!(fault, VaultFault::KeyFile { .. }), "another key: {fault}"),
    }
    write_whole(dir.path(), "kek", &key).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        refused("readable by others").await;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let vault = stand.open(dir.path()).await.unwrap();
    assert_eq!(read(&vault, space(1), "a").await.unwrap(), "x");
}

async fn bounds_hold_and_first_users_at_once_get_one_key(stand: impl Stand) {
    let dir = TempDir::new().unwrap();
    let vault = stand.open(dir.path()).await.unwrap();
    let long = "n".repeat(MAX_NAME + 1);
    let put = vault.put(space(1), &long, secret("")).await;
    assert!(matches!(put, Err(VaultFault::TooLarge { .. })));
    let large = Secret::new(vec![0; MAX_SECRET + 1]);
    let put = vault.put(space(1), "n", large).await;
    assert!(matches!(put, Err(VaultFault::TooLarge { .. })));
    vault.put(space(1), &"n".repeat(MAX_NAME), Secret::new(vec![0; MAX_SECRET])).await.unwrap();
    // Two processes with the same key file, four users each.
    let other = stand.open(dir.path()).await.unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|n| {
            let vault = Arc::clone(if n % 2 == 0 { &vault } else { &other });
            tokio::spawn(async move { vault.sealer(space(7)).await.unwrap().derive(b"x").unwrap() })
        })
        .collect();
    let one = vault.sealer(space(7)).await.unwrap().derive(b"x").unwrap();
    for task in tasks {
        assert_eq!(task.await.unwrap().expose(), one.expose());
    }
}

async fn rows_travel_sealed_and_open_only_beside_their_key_file(stand: impl Stand) {
    let (from, to) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let embedded = SqliteVault::open(from.path()).unwrap();
    let names: Vec<String> = (0..MAX_PAGE + 3).map(|n| format!("n{n:04}")).collect();
    for name in &names {
        embedded.put(space(7), name, secret(name)).await.unwrap();
    }
    embedded.put(Space::Installation, "signing", secret("key")).await.unwrap();
    fs::copy(from.path().join("kek"), to.path().join("kek")).unwrap();
    let vault = stand.open(to.path()).await.unwrap();
    copy(&embedded, vault.as_ref(), space(7)).await;
    for name in &names {
        assert_eq!(&read(&vault, space(7), name).await.unwrap(), name);
    }
    // And back into an empty one.
    let back = TempDir::new().unwrap();
    fs::copy(from.path().join("kek"), back.path().join("kek")).unwrap();
    let empty = SqliteVault::open(back.path()).unwrap();
    assert_eq!(copy(vault.as_ref(), &empty, space(7)).await, names.len());
    assert_eq!(empty.every_name(space(7), "").await.unwrap(), names);
    let other = SealedPage { wrapped: Some(vec![1; 77]), secrets: Vec::new() };
    assert!(matches!(vault.put_sealed(space(7), other).await, Err(VaultFault::Sealed)));
    let unkeyed = SealedPage { wrapped: None, secrets: vec![("x".to_owned(), vec![1])] };
    assert!(matches!(vault.put_sealed(space(8), unkeyed).await, Err(VaultFault::Sealed)));
    assert_eq!(vault.names(space(8), "", "").await.unwrap(), Vec::<String>::new());
}

async fn the_key_of_a_person_is_removed_from_everywhere(stand: impl Stand) {
    let dir = TempDir::new().unwrap();
    let vault = stand.open(dir.path()).await.unwrap();
    let (one, two) = (tenant(1), tenant(2));
    let (ann, bob) = (PersonId::from_bytes([3; 16]), PersonId::from_bytes([4; 16]));
    let seal = async |tenant, person| {
        let key = names::key_for(vault.as_ref(), tenant, person).await.unwrap();
        key.seal(tenant, person, (Field::Name, "Dana Cole")).unwrap()
    };
    let sealed = [seal(one, ann).await, seal(one, bob).await, seal(two, ann).await];
    let again = seal(one, ann).await;
    let opens = async |name: &writ_model::SealedName| {
        let key = names::key_of(vault.as_ref(), name.tenant, name.person).await.unwrap();
        key.and_then(|key| key.open(name, Field::Name)).map(|name| name.expose().clone())
    };
    for name in sealed.iter().chain([&again]) {
        assert_eq!(opens(name).await.as_deref(), Some("Dana Cole"));
    }
    let rows = vault.sealed(space(1), "").await.unwrap().secrets;
    let (_, row) = rows.into_iter().find(|(name, _)| name.ends_with(&ann.to_string())).unwrap();
    let holds = async || {
        let stored = stand.stored(dir.path()).await;
        stored.windows(row.len()).any(|part| part == row)
    };
    assert!(holds().await);
    assert!(names::destroy(vault.as_ref(), one, ann).await.unwrap());
    assert!(!names::destroy(vault.as_ref(), one, ann).await.unwrap());
    assert!(!holds().await, "the wrapped key stands in no file");
    assert_eq!(opens(&sealed[0]).await, None);
    assert_eq!(opens(&again).await, None);
    for name in &sealed[1..] {
        assert_eq!(opens(name).await.as_deref(), Some("Dana Cole"), "others keep theirs");
    }
    // Seated again, they have another key, and what was written before stays closed.
    assert_eq!(opens(&seal(one, ann).await).await.as_deref(), Some("Dana Cole"));
    assert_eq!(opens(&sealed[0]).await, None);
}

async fn names_come_page_by_page_and_only_those_that_are_asked_for(stand: impl Stand) {
    let dir = TempDir::new().unwrap();
    let vault = stand.open(dir.path()).await.unwrap();
    let number = NAMES_PAGE + 2;
    // As rows, because sealing so many one by one takes long; each of them stands before what is asked for.
    let rows = |kind: &str| -> Vec<(String, Vec<u8>)> {
        (0..number).map(|n| (format!("{kind}/{n:05}"), vec![1])).collect()
    };
    vault.put(space(1), "a/", secret("x")).await.unwrap();
    let wrapped = vault.sealed(space(1), "").await.unwrap().wrapped;
    for kind in ["a", "b"] {
        let page = SealedPage { wrapped: wrapped.clone(), secrets: rows(kind) };
        vault.put_sealed(space(1), page).await.unwrap();
    }
    vault.put(space(1), "c/1", secret("x")).await.unwrap();
    vault.put(space(1), "c/ü", secret("x")).await.unwrap();
    assert_eq!(vault.names(space(1), "c/", "").await.unwrap(), ["c/1", "c/ü"], "behind all others");
    assert_eq!(vault.names(space(1), "c/", "c/1").await.unwrap(), ["c/ü"]);
    assert_eq!(vault.names(space(1), "c/", "c/ü").await.unwrap(), Vec::<String>::new());
    assert_eq!(vault.names(space(1), "bb", "").await.unwrap(), Vec::<String>::new());
    let first = vault.names(space(1), "b/", "").await.unwrap();
    assert_eq!((first.len(), first[0].as_str()), (NAMES_PAGE, "b/00000"));
    let rest = vault.names(space(1), "b/", first.last().unwrap()).await.unwrap();
    assert_eq!(rest, [format!("b/{:05}", number - 2), format!("b/{:05}", number - 1)]);
    // The name that is the prefix itself does not go on behind it.
    let all = vault.every_name(space(1), "a/").await.unwrap();
    assert!(all.iter().eq(rows("a").iter().map(|(name, _)| name)));
    assert_eq!(vault.every_name(space(1), "").await.unwrap().len(), 2 * number + 3);
    assert_eq!(vault.every_name(space(2), "").await.unwrap(), Vec::<String>::new());
}

async fn copy(from: &dyn SealedSpaces, to: &dyn SealedSpaces, space: Space) -> usize {
    let (mut after, mut count) = (String::new(), 0);
    loop {
        let page = from.sealed(space, &after).await.unwrap();
        assert!(page.secrets.len() <= MAX_PAGE);
        let Some((last, _)) = page.secrets.last() else { return count };
        after.clone_from(last);
        count += page.secrets.len();
        to.put_sealed(space, page).await.unwrap();
    }
}

macro_rules! suite {
    ($($rule:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $rule() {
                super::$rule(super::Sqlite).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $rule() {
                let (pg, database) = crate::postgres::tests::fresh().await;
                super::$rule(super::OnPostgres { pg, database }).await;
            })*
        }
    };
}

suite!(
    secrets_live_in_their_space_and_over_a_restart,
    a_row_moved_to_another_place_does_not_open,
    nothing_is_stored_in_the_clear,
    a_missing_wrong_or_open_key_file_is_refused,
    bounds_hold_and_first_users_at_once_get_one_key,
    rows_travel_sealed_and_open_only_beside_their_key_file,
    the_key_of_a_person_is_removed_from_everywhere,
    names_come_page_by_page_and_only_those_that_are_asked_for,
);
