//! [`Shared`]: what several processes share: the database, and everything that stands on it; opened together with this
//! process's own data folder.
//!
//! Never here: a role (`served/`), SQL. To share one more seam: a field, its opening.

use std::{path::Path, sync::Arc};

use writ_authority::{Engine, State};
use writ_lake::Activity;
use writ_store::{
    Bank, Contexts, DataFolder, Definitions, Held, Outbox, Pg, PgFault, PgOptions, Roster,
    Sequencer, Tenants, Vault,
};

use super::{
    Store,
    oidc::{MAX_ROOTS, read, secret},
    store,
};
use crate::{
    config::{Config, cluster::StorePart},
    fault::Fault,
};

/// Databases of a folder that is an installation of its own.
const ALONE: [&str; 2] = ["ledger.db", "secrets.db"];

/// Everything that this process shares with others, and its own folder. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Shared {
    folder: Arc<DataFolder>,
    /// The database.
    pub pg: Pg,
    /// Who lives, and what is wanted of whom.
    pub roster: Arc<dyn Roster>,
    /// The writers and the views of every tenant.
    pub sequencer: Sequencer<State>,
    /// Secrets.
    pub vault: Arc<dyn Vault>,
    /// Calls that wait for an approval, sealed.
    pub held: Arc<dyn Held>,
    /// What agents have read, sealed.
    pub contexts: Arc<dyn Contexts>,
    /// Texts of what servers list.
    pub definitions: Arc<dyn Definitions>,
    /// What is drawn of limits.
    pub bank: Arc<dyn Bank>,
    /// Decides.
    pub engine: Arc<Engine>,
}

impl Shared {
    /// Connects, and opens the folder.
    ///
    /// # Errors
    /// If the operator's file names no database, another process has the folder, or the database cannot be used.
    pub async fn open(path: &Path, config: &Config) -> Result<Self, Fault> {
        let part = config.cluster.store.as_ref().ok_or_else(none)?;
        if let Some(alone) = ALONE.iter().find(|name| path.join(name).exists()) {
            let words =
                format!("`{}` is an installation of its own: it has {alone}", path.display());
            return Err(Fault::usage(words).cure(
                "name another folder with --data; `writ backup` and `writ restore` move an installation",
            ));
        }
        let folder = store::folder(path)?;
        let pg = Pg::connect(options(part, path)?).await.map_err(|fault| of(&fault))?;
        let roster: Arc<dyn Roster> = Arc::new(pg.roster());
        crate::backup::target::being_restored(roster.as_ref()).await?;
        let broken = |error: &dyn std::error::Error| store::broken(path, "the vault", error);
        let vault = pg.vault(path).await.map_err(|fault| broken(&fault))?;
        let sealer = vault.snapshot_sealer().map_err(|fault| broken(&fault))?;
        let tenants = Tenants::new(Arc::new(pg.ledger())).sealing_snapshots(sealer);
        Ok(Self {
            folder: Arc::new(folder),
            roster,
            sequencer: Sequencer::new(Arc::new(tenants)),
            vault: Arc::new(vault),
            held: Arc::new(pg.held()),
            contexts: Arc::new(pg.contexts()),
            definitions: Arc::new(pg.definitions()),
            bank: Arc::new(pg.bank()),
            engine: Arc::new(Engine::default()),
            pg,
        })
    }

    /// Where this process's own files are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Messages that wait to be sent.
    pub fn outbox(&self) -> Arc<dyn Outbox> {
        Arc::new(self.pg.outbox())
    }

    /// All of it with a lake, as a desk wants it.
    pub fn store(&self, lake: Arc<Activity>) -> Store {
        Store {
            folder: Arc::clone(&self.folder),
            sequencer: self.sequencer.clone(),
            lake,
            vault: Arc::clone(&self.vault),
            held: Arc::clone(&self.held),
            contexts: Arc::clone(&self.contexts),
            definitions: Arc::clone(&self.definitions),
            bank: Arc::clone(&self.bank),
            engine: Arc::clone(&self.engine),
        }
    }
}

fn none() -> Fault {
    Fault::usage("the operator's file names no database that processes could share").cure(
        "give it [store] postgres and [bus] nats, or run everything in one process: `writ up`",
    )
}

fn of(fault: &PgFault) -> Fault {
    Fault::unreachable(fault.to_string()).code(fault.code().to_string())
}

/// What a connection is made of, with the secrets from the folder.
///
/// # Errors
/// If a file cannot be read.
pub fn options(part: &StorePart, folder: &Path) -> Result<PgOptions, Fault> {
    let password = match &part.password_file {
        Some(file) => Some(secret(&folder.join(file), "password")?),
        None => None,
    };
    let ca = match &part.ca_file {
        Some(file) => Some(read(&folder.join(file), MAX_ROOTS)?.to_vec()),
        None => None,
    };
    Ok(PgOptions { url: part.postgres.clone(), password, ca, pool: part.connections })
}

/// Makes the tables, or brings them to this release, as their owner; how many steps were run.
///
/// # Errors
/// If the owner may not, or the database cannot be used.
pub async fn migrate(
    folder: &Path,
    config: &Config,
    owner: &str,
    password_file: Option<&Path>,
) -> Result<usize, Fault> {
    let part = config.cluster.store.as_ref().ok_or_else(none)?;
    let app = part.role().ok_or_else(|| {
        Fault::usage("[store] postgres names no role").cure("write postgresql://ROLE@HOST/DATABASE")
    })?;
    let password = match password_file {
        Some(file) => Some(secret(file, "password")?),
        None => None,
    };
    let mine = options(part, folder)?;
    let owner = PgOptions { url: owner.to_owned(), password, ca: mine.ca, pool: 1 };
    Pg::admin_migrate(owner, app).await.map_err(|fault| of(&fault))
}
