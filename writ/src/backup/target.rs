//! [`Target`]: an empty installation that a backup is restored into: a new data folder, or that and an empty database.
//!
//! INVARIANT: until [`Target::whole`] nobody else opens it: a restore that was cut short leaves agents alive that were ended
//! after the backup, because the line that suspends them comes last.
//! Never here: a store with anything in it.

use std::{
    fs::OpenOptions, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path, sync::Arc,
};

use writ_lake::Activity;
use writ_model::Secret;
use writ_store::{
    DataFolder, Hold, Ledger, Pg, Roster, SealedPage, SealedSpaces, Seen, Space, SqliteLedger,
    SqliteVault, keep::PATIENCE, roster::RESTORING,
};

use super::{fault, source::database};
use crate::{fault::Fault, net};

/// Files that only an installation has.
const STORES: [&str; 7] =
    ["kek", "ledger.db", "secrets.db", "lake.db", "held.db", "outbox.db", "meter.db"];

/// Where a backup is restored to.
#[derive(Debug)]
pub struct Target {
    /// The ledgers.
    pub ledger: Arc<dyn Ledger>,
    /// The vault.
    pub rows: Arc<dyn SealedSpaces>,
    /// The activity.
    pub lake: Arc<Activity>,
    folder: DataFolder,
    /// Where the processes that share a database are told to wait.
    roster: Option<Arc<dyn Roster>>,
}

/// That the database of this roster is not being filled from a backup: until it is whole, agents live in it that were ended.
///
/// # Errors
/// If it is, or that cannot be read.
pub async fn being_restored(roster: &dyn Roster) -> Result<(), Fault> {
    if restoring(roster).await? { Err(filled()) } else { Ok(()) }
}

/// Whether the database of this roster is being filled from a backup.
///
/// # Errors
/// If that cannot be read.
pub async fn restoring(roster: &dyn Roster) -> Result<bool, Fault> {
    let notice = roster.published(RESTORING).await.map_err(|error| broken("the roster", &error))?;
    Ok(notice.is_some_and(|notice| !notice.is_empty()))
}

/// What is said of a database that is not whole.
pub fn filled() -> Fault {
    Fault::unreachable("the database is being restored, or was and that did not end")
        .code("STOR-0091")
        .cure("wait for `writ restore`; if it was cut short, make the database anew and restore again")
}

/// That no process lives on this roster: it would serve from what is only half there.
async fn nobody(roster: &dyn Roster) -> Result<(), Fault> {
    let (now, all) = roster.list().await.map_err(|error| broken("the roster", &error))?;
    let lives = |seen: &&Seen| seen.left.is_none() && now <= seen.over_at();
    match all.iter().find(lives) {
        Some(seen) => Err(fault::living(seen.beat.member.gateway, seen.over_at())),
        None => Ok(()),
    }
}

/// Says that a database is being filled, once nobody can serve from it.
async fn close(roster: &dyn Roster) -> Result<(), Fault> {
    let say = async |word: &str| {
        let said = roster.publish(RESTORING, word.into()).await;
        said.map_err(|error| broken("the roster", &error))
    };
    say(RESTORING).await?;
    // A beat from before the notice stands in the roster by then, or its process has given it up; a later one hears a halt.
    // Nothing to wait for but time.
    drop(tokio::time::timeout(PATIENCE, std::future::pending::<()>()).await);
    if let Err(living) = nobody(roster).await {
        say("").await?;
        return Err(living);
    }
    Ok(())
}

fn broken(what: &str, error: &dyn std::error::Error) -> Fault {
    Fault::unreachable(format!("{what}: {}", net::chain(error)))
        .cure("remove what was restored, and restore again")
}

impl Target {
    /// Empty stores, as the operator's file says: embedded in the data folder, or in a database.
    ///
    /// # Errors
    /// If the file is wrong, or the stores are not empty or cannot be opened.
    pub async fn open(
        path: &Path,
        config: Option<&Path>,
        kek: &Secret<Vec<u8>>,
    ) -> Result<Self, Fault> {
        let Some(pg) = database(path, config).await? else {
            return Self::embedded(path, kek).await;
        };
        Self::shared(path, pg, kek).await
    }

    /// An empty database that no process lives on, and a data folder for the key file and the activity.
    ///
    /// # Errors
    /// As [`Target::open`].
    pub async fn shared(path: &Path, pg: Pg, kek: &Secret<Vec<u8>>) -> Result<Self, Fault> {
        let roster: Arc<dyn Roster> = Arc::new(pg.roster());
        being_restored(roster.as_ref()).await?;
        nobody(roster.as_ref()).await?;
        let folder = claim(path, kek)?;
        let mut target = Self::over(folder, Arc::new(pg.ledger()), Arc::new(pg)).await?;
        close(roster.as_ref()).await?;
        target.roster = Some(roster);
        Ok(target)
    }

    /// New embedded stores in a data folder that has none.
    ///
    /// # Errors
    /// If there are some, another process holds the folder, or it cannot be written.
    pub async fn embedded(path: &Path, kek: &Secret<Vec<u8>>) -> Result<Self, Fault> {
        let folder = claim(path, kek)?;
        let ledger = SqliteLedger::open(path).map_err(|error| broken("the ledger", &error))?;
        let vault = SqliteVault::open(path).map_err(|error| broken("the vault", &error))?;
        Self::over(folder, Arc::new(ledger), Arc::new(vault)).await
    }

    async fn over(
        folder: DataFolder,
        ledger: Arc<dyn Ledger>,
        rows: Arc<dyn SealedSpaces>,
    ) -> Result<Self, Fault> {
        let heads = ledger.heads().await.map_err(|error| broken("the ledger", &error))?;
        if let Some((tenant, head)) = heads.iter().find(|(_, head)| head.size > 0) {
            let what = format!("{tenant} has {} lines in it", head.size);
            return Err(fault::not_empty("the ledger", what));
        }
        let page = rows.sealed(Space::Installation, "").await;
        if page.map_err(|error| broken("the vault", &error))? != SealedPage::default() {
            return Err(fault::not_empty("the vault", "the installation has keys in it"));
        }
        let lake = Activity::open(&folder.path().join("lake.db"))
            .map_err(|error| broken("the activity store", &error))?;
        Ok(Self { ledger, rows, lake, folder, roster: None })
    }

    /// Closes it, and lets it be opened.
    ///
    /// # Errors
    /// If that cannot be written.
    pub async fn whole(self) -> Result<(), Fault> {
        self.lake.close().await;
        let Self { ledger, rows, folder, roster, .. } = self;
        drop((ledger, rows));
        if let Some(roster) = roster {
            let said = roster.publish(RESTORING, Vec::new()).await;
            said.map_err(|error| broken("the roster", &error))?;
        }
        folder.whole().map_err(|error| broken("the data folder", &error))
    }
}

/// Takes a data folder without stores, says that it is being filled, and puts the key file into it.
fn claim(path: &Path, kek: &Secret<Vec<u8>>) -> Result<DataFolder, Fault> {
    let folder = DataFolder::open(path, Hold::Exclusive).map_err(|error| {
        Fault::unreachable(net::chain(&error))
            .code(error.code().to_string())
            .cure("name a new data folder with --data")
    })?;
    if let Some(name) = STORES.iter().find(|name| path.join(name).exists()) {
        let what = format!("there is `{name}` in it");
        return Err(fault::not_empty(format!("the data folder `{}`", path.display()), what));
    }
    folder.unfinished().map_err(|error| broken("the data folder", &error))?;
    let file = path.join("kek");
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&file)
        .and_then(|mut open| open.write_all(kek.expose()).and_then(|()| open.sync_all()))
        .map_err(|error| Fault::file(&file, "write", &error))?;
    Ok(folder)
}
