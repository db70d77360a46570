//! [`Source`]: what is backed up: the ledger and the vault of an installation, wherever they are, and the key file and the
//! activity of this data folder.
//!
//! Nothing is opened for writing: SQLite lets a second process read beside the one that writes, and a database does
//! anyway. So a backup needs neither the server's help nor its pause, and works when it is down.
//! Never here: the data folder's lock; a server that starts meanwhile must get it.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc};

use writ_lake::Copier;
use writ_model::Secret;
use writ_store::{Ledger, Pg, SealedSpaces, SqliteLedger, SqliteRows};

use crate::{
    config::{self, Config},
    fault::Fault,
    host::shared,
    net,
};

/// Bytes of the key file.
pub(super) const KEK: usize = 32;

/// What is backed up.
#[derive(Debug)]
pub struct Source {
    /// The ledgers.
    pub ledger: Arc<dyn Ledger>,
    /// The vault's rows.
    pub rows: Arc<dyn SealedSpaces>,
    /// The key that wraps the vault's others.
    pub kek: Secret<Vec<u8>>,
    /// The activity of this folder, if there is some.
    pub lake: Option<Copier>,
}

impl Source {
    /// The stores of an installation, as its operator's file says: embedded in the data folder, or in a database.
    ///
    /// # Errors
    /// If the file is wrong, or the stores cannot be opened.
    pub async fn open(folder: &Path, config: Option<&Path>) -> Result<Self, Fault> {
        match database(folder, config).await? {
            Some(pg) => Self::over(folder, Arc::new(pg.ledger()), Arc::new(pg)),
            None => Self::embedded(folder),
        }
    }

    /// The embedded stores of a data folder.
    ///
    /// # Errors
    /// If there are none, or they are of another release.
    pub fn embedded(folder: &Path) -> Result<Self, Fault> {
        let broken = |what: &str, error: &dyn std::error::Error| {
            Fault::unreachable(format!("{what} of `{}`: {}", folder.display(), net::chain(error)))
                .cure("name the data folder with --data; run the release that its server runs")
        };
        let ledger = SqliteLedger::reading(folder).map_err(|error| broken("the ledger", &error))?;
        let rows = SqliteRows::reading(folder).map_err(|error| broken("the vault", &error))?;
        Self::over(folder, Arc::new(ledger), Arc::new(rows))
    }

    /// These stores, with what lies in a data folder.
    ///
    /// # Errors
    /// If the key file or the activity store of the folder cannot be read.
    pub fn over(
        folder: &Path,
        ledger: Arc<dyn Ledger>,
        rows: Arc<dyn SealedSpaces>,
    ) -> Result<Self, Fault> {
        let lake = Copier::open(&folder.join("lake.db")).map_err(|error| {
            Fault::unreachable(net::chain(&error)).cure("run the release that its server runs")
        })?;
        Ok(Self { ledger, rows, kek: kek(folder)?, lake })
    }
}

/// The database that the operator's file names, if it names one.
pub(super) async fn database(folder: &Path, config: Option<&Path>) -> Result<Option<Pg>, Fault> {
    let file = config.map_or_else(|| folder.join(config::FILE), Path::to_owned);
    let config = Config::read(&file)?;
    let Some(part) = &config.cluster.store else { return Ok(None) };
    let connected = Pg::connect(shared::options(part, folder)?).await;
    let pg = connected.map_err(|fault| {
        Fault::unreachable(fault.to_string())
            .code(fault.code().to_string())
            .cure("see `writ doctor`")
    })?;
    Ok(Some(pg))
}

/// The key file of a data folder, if only its owner reads it.
pub(super) fn kek(folder: &Path) -> Result<Secret<Vec<u8>>, Fault> {
    let path = folder.join("kek");
    let file = |error: std::io::Error| {
        Fault::file(&path, "read", &error)
            .cure("name the data folder of a running server with --data: its key file is needed")
    };
    let meta = fs::metadata(&path).map_err(file)?;
    if meta.permissions().mode() & 0o077 != 0 || meta.len() != KEK as u64 {
        let what = format!("`{}` is no key file, or others can read it", path.display());
        return Err(Fault::unreachable(what).code("STOR-0016").cure("see `writ doctor`"));
    }
    Ok(Secret::new(fs::read(&path).map_err(file)?))
}
