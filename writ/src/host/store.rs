//! [`Store`]: the embedded adapters of one data folder, opened together and closed together.
//!
//! Never here: a second process on the same folder. To add a seam: a field, its opening, its closing.

use std::{net::SocketAddr, path::Path, sync::Arc};

use writ_authority::{Engine, State};
use writ_desk::{Desk, DeskParts, cli_token};
use writ_identity::webauthn::Anchors;
use writ_lake::Activity;
use writ_model::Secret;
use writ_store::{
    Bank, Contexts, DataFolder, Definitions, FolderFault, Held, Hold, Outbox, Sequencer,
    SqliteBank, SqliteContexts, SqliteDefinitions, SqliteHeld, SqliteLedger, SqliteOutbox,
    SqliteVault, Tenants, Vault,
};

use super::{System, anchors};
use crate::{
    config::Config,
    fault::{Exit, Fault},
    net,
};

/// Where an installation is reached.
#[derive(Debug, Clone)]
pub struct Places {
    /// The desk's base address: the issuer of tokens.
    pub issuer: String,
    /// The gateway's base address.
    pub gateway: String,
    /// The console's origin, as browsers see it: what passkeys are bound to.
    pub origin: String,
    /// Makers of authenticators whose word about their keys is taken.
    pub anchors: Anchors,
}

impl Places {
    /// As the operator's file says, with the address that the desk got.
    ///
    /// # Errors
    /// If the certificates that it names cannot be read.
    pub fn of(config: &Config, desk: SocketAddr, folder: &Path) -> Result<Self, Fault> {
        let roots = config.attestation_roots.as_ref().map(|file| folder.join(file));
        Ok(Self {
            issuer: config.issuer.clone().unwrap_or_else(|| format!("http://{desk}")),
            gateway: config.base.clone().unwrap_or_else(|| format!("http://{}", config.gateway)),
            origin: config.origin_at(desk),
            anchors: anchors::read(roots.as_deref())?,
        })
    }
}

/// An open data folder. Cheap to clone; the folder's lock is given back with the last clone.
#[derive(Debug, Clone)]
pub struct Store {
    pub(super) folder: Arc<DataFolder>,
    /// The writers and the views of every tenant.
    pub sequencer: Sequencer<State>,
    /// Recent activity.
    pub lake: Arc<Activity>,
    /// Secrets.
    pub vault: Arc<dyn Vault>,
    /// Calls that wait for an approval, sealed; shared by gateway and desk.
    pub held: Arc<dyn Held>,
    /// What agents have read, sealed; shared by gateway and desk.
    pub contexts: Arc<dyn Contexts>,
    /// Texts of what servers list; shared by gateway and desk.
    pub definitions: Arc<dyn Definitions>,
    /// What is drawn of limits.
    pub bank: Arc<dyn Bank>,
    /// Decides; shared by gateway and desk.
    pub engine: Arc<Engine>,
}

impl Store {
    /// Opens a folder, making what is not there yet.
    ///
    /// # Errors
    /// [`HELD`] if another process has it; otherwise if a file cannot be opened.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        let folder = folder(path)?;
        let broken = |what: &str, error: &dyn std::error::Error| broken(path, what, error);
        let ledger = SqliteLedger::open(path).map_err(|error| broken("the ledger", &error))?;
        let vault = SqliteVault::open(path).map_err(|error| broken("the vault", &error))?;
        let held = SqliteHeld::open(path).map_err(|error| broken("held calls", &error))?;
        let contexts = SqliteContexts::open(path).map_err(|error| broken("contexts", &error))?;
        let definitions =
            SqliteDefinitions::open(path).map_err(|error| broken("definitions", &error))?;
        let bank = SqliteBank::open(path).map_err(|error| broken("the meter", &error))?;
        let sealer = vault.snapshot_sealer().map_err(|error| broken("the vault", &error))?;
        let tenants = Tenants::new(Arc::new(ledger)).sealing_snapshots(sealer);
        Ok(Self {
            folder: Arc::new(folder),
            sequencer: Sequencer::new(Arc::new(tenants)),
            lake: lake(path)?,
            vault: Arc::new(vault),
            held: Arc::new(held),
            contexts: Arc::new(contexts),
            definitions: Arc::new(definitions),
            bank: Arc::new(bank),
            engine: Arc::new(Engine::default()),
        })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Messages that wait to be sent.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub fn outbox(&self) -> Result<Arc<dyn Outbox>, Fault> {
        let outbox = SqliteOutbox::open(self.folder()).map_err(|fault| {
            Fault::unreachable(format!("the outbox: {fault}")).code(fault.code().to_string())
        })?;
        Ok(Arc::new(outbox))
    }

    /// The installation's token for the command line, made if it is not there yet.
    ///
    /// # Errors
    /// If the file can be neither read nor made.
    pub fn token(&self, system: &System) -> Result<Secret<String>, Fault> {
        cli_token(self.folder(), system.entropy.as_ref())
            .map_err(|error| Fault::file(&self.folder().join("cli.token"), "open", &error))
    }

    /// A desk on this store.
    ///
    /// # Errors
    /// If the store or the vault fails.
    pub async fn desk(&self, places: &Places, system: &System) -> Result<Desk, Fault> {
        let cli_token = self.token(system)?;
        let parts = DeskParts {
            sequencer: self.sequencer.clone(),
            lake: Arc::clone(&self.lake),
            vault: Arc::clone(&self.vault),
            held: Arc::clone(&self.held),
            contexts: Arc::clone(&self.contexts),
            definitions: Arc::clone(&self.definitions),
            engine: Arc::clone(&self.engine),
            clock: Arc::clone(&system.clock),
            entropy: Arc::clone(&system.entropy),
            issuer: places.issuer.clone(),
            gateway: places.gateway.clone(),
            origin: places.origin.clone(),
            anchors: places.anchors.clone(),
            cli_token,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        Desk::open(parts).await.map_err(|error| Fault::new(Exit::Unreachable, net::chain(&error)))
    }

    /// Writes what waits. Later writes to the activity store are refused.
    pub async fn close(&self) {
        self.sequencer.tenants().save_snapshots().await;
        self.lake.close().await;
    }
}

/// A data folder, held by this process alone.
pub(super) fn folder(path: &Path) -> Result<DataFolder, Fault> {
    DataFolder::open(path, Hold::Exclusive).map_err(|fault| {
        let code = fault.code().to_string();
        let what = net::chain(&fault);
        match fault {
            FolderFault::Held { .. } => Fault::unreachable(what)
                .code(HELD)
                .cure("use the running server, or stop it and try again"),
            FolderFault::TooNew { .. } => {
                Fault::unreachable(what).code(code).cure("run the newer release")
            }
            FolderFault::Unfinished { .. } => Fault::unreachable(what).code(code),
            FolderFault::Io { .. } => {
                Fault::unreachable(what).code(code).cure("name another folder with --data")
            }
        }
    })
}

/// The lake of a folder.
pub(super) fn lake(path: &Path) -> Result<Arc<Activity>, Fault> {
    Activity::open(&path.join("lake.db"))
        .map_err(|error| broken(path, "the activity store", &error))
}

/// What of a folder cannot be used, and why.
pub(super) fn broken(path: &Path, what: &str, error: &dyn std::error::Error) -> Fault {
    Fault::unreachable(format!("{what} of `{}`: {}", path.display(), net::chain(error)))
}

/// The code of the fault that another process holds the folder.
pub const HELD: &str = "STOR-0018";
