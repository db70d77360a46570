//! What `writ doctor` says of the stores: tables of this release, a server that keeps what it acknowledges, a clock that agrees
//! with ours, a key file that opens the vault, a folder that is whole.
//!
//! Never here: a write. To check one more store: a function here, called in [`checks`].

use std::path::Path;

use writ_model::{Clock, Secret, Span};
use writ_store::{Pg, SealedSpaces, Sealer, Space, SqliteLedger, SqliteRows, secrets::sealed};

use super::{Check, advice, bad, good};
use crate::{backup::target::being_restored, config::Config, host::shared, net};

/// How far the database's clock may be from ours: tokens and leases are judged by both.
const SKEW: Span = Span::seconds(2);

/// Everything about the stores that the operator's file names.
pub(super) async fn checks(folder: &Path, config: &Config, clock: &dyn Clock) -> Vec<Check> {
    let Some(part) = &config.cluster.store else { return embedded(folder).await };
    let what = "ledger store";
    let options = match shared::options(part, folder) {
        Ok(options) => options,
        Err(fault) => return vec![bad(what, fault.what, fault.cure.unwrap_or_default())],
    };
    let before = clock.now();
    match Pg::connect(options).await {
        Ok(pg) => shared_store(folder, &pg, (before, clock)).await,
        Err(fault) => {
            let said = fault.to_string();
            // A fault's words end with its cure.
            let (found, cure) = said.rsplit_once(": ").unwrap_or((&said, "see docs/errors.md"));
            vec![bad(what, format!("{found} [{}]", fault.code()), cure)]
        }
    }
}

async fn embedded(folder: &Path) -> Vec<Check> {
    if !folder.join("ledger.db").exists() {
        return Vec::new();
    }
    let cure = "run the release that the server runs; if it is this one, look at the disk";
    let mut out = vec![match SqliteLedger::reading(folder) {
        Ok(_) => good("ledger store", "embedded: write-ahead log, flushed before each answer"),
        Err(fault) => {
            bad("ledger store", format!("{} [{}]", net::chain(&fault), fault.code()), cure)
        }
    }];
    match SqliteRows::reading(folder) {
        Ok(rows) => out.push(vault(folder, &rows).await),
        Err(fault) => {
            out.push(bad("vault", format!("{} [{}]", net::chain(&fault), fault.code()), cure));
        }
    }
    out
}

async fn shared_store(
    folder: &Path,
    pg: &Pg,
    (before, clock): (writ_model::Timestamp, &dyn Clock),
) -> Vec<Check> {
    let mut out = vec![good(
        "ledger store",
        "PostgreSQL: fsync, full_page_writes and synchronous_commit keep what is acknowledged; row-level security binds us",
    )];
    out.push(match pg.schema().await {
        Ok((found, known)) if found > known => advice(
            "schema",
            format!("version {found}, and this release knows {known}"),
            "run the newer release on this machine too",
        ),
        Ok((found, _)) => good("schema", format!("version {found}")),
        Err(fault) => bad("schema", fault.to_string(), "run `writ store migrate`"),
    });
    out.push(match pg.now().await {
        Ok(theirs) => skew(theirs - before, theirs - clock.now()),
        Err(fault) => bad("clock", fault.to_string(), "see that the database answers"),
    });
    if let Err(fault) = being_restored(&pg.roster()).await {
        out.push(bad("restore", fault.what, fault.cure.unwrap_or_default()));
    }
    out.push(vault(folder, pg).await);
    out
}

/// The database's instant lies between our two questions, give or take what the clocks differ.
fn skew(after_first: Span, after_second: Span) -> Check {
    let ahead = after_second.as_micros().max(0);
    let behind = (-after_first.as_micros()).max(0);
    let apart = ahead.max(behind);
    let found = format!("{} ms from the database's", apart / 1_000);
    if apart <= SKEW.as_micros() {
        return good("clock", found);
    }
    bad(
        "clock",
        found,
        "let both machines follow the same time servers (chrony, systemd-timesyncd)",
    )
}

/// Whether the key file opens the vault.
async fn vault(folder: &Path, rows: &dyn SealedSpaces) -> Check {
    let what = "vault";
    let cure = "put `kek` of the process that made the vault into this folder; it is in no other place but a backup";
    let Ok(kek) = std::fs::read(folder.join("kek")) else {
        return bad(what, "the key file `kek` cannot be read", cure);
    };
    let page = match rows.sealed(Space::Installation, "").await {
        Ok(page) => page,
        Err(fault) => return bad(what, net::chain(&fault), "see that the store answers"),
    };
    let Some(wrapped) = page.wrapped else { return good(what, "nothing is sealed yet") };
    let opened = Sealer::new(Secret::new(kek))
        .and_then(|kek| sealed::unwrap(&kek, Space::Installation, &wrapped));
    match opened {
        Ok(_) => good(what, "its key file opens it"),
        Err(fault) => bad(what, format!("its key file does not open it [{}]", fault.code()), cure),
    }
}

#[cfg(test)]
mod tests {
    use writ_store::{SqliteVault, Vault as _};
    use writ_testkit::TempDir;

    use super::*;

    #[test]
    fn a_clock_that_is_off_is_found_on_both_sides() {
        let millis = Span::millis;
        assert!(skew(millis(30), millis(-20)).ok, "between the two questions");
        assert!(skew(millis(1_900), millis(1_850)).ok);
        assert!(!skew(millis(2_500), millis(2_400)).ok, "the database is ahead");
        let behind = skew(millis(-2_400), millis(-2_500));
        assert!(!behind.ok && behind.found.starts_with("2400 ms"), "{behind:?}");
    }

    #[tokio::test]
    async fn the_key_file_of_another_vault_is_found() {
        let (one, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        assert_eq!(embedded(one.path()).await, [], "there is nothing to look at");
        for dir in [&one, &other] {
            drop(SqliteLedger::open(dir.path()).unwrap());
            let vault = SqliteVault::open(dir.path()).unwrap();
            vault.sealer(Space::Installation).await.unwrap();
        }
        let ok = |checks: Vec<Check>| checks.iter().all(|check| check.ok);
        assert!(ok(embedded(one.path()).await));
        std::fs::copy(other.path().join("kek"), one.path().join("kek")).unwrap();
        let found = embedded(one.path()).await;
        let vault = found.iter().find(|check| check.what == "vault").unwrap();
        assert!(!vault.ok && vault.found.contains("STOR-0015"), "{vault:?}");
        std::fs::remove_file(one.path().join("kek")).unwrap();
        assert!(!ok(embedded(one.path()).await));
    }
}
