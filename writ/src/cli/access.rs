//! [`Ctx`]: how commands reach the desk: the running server that `server.json` names, or the same router over a store
//! that stands still.
//!
//! Never here: what is asked. To reach the desk in another way: [`Ctx::api`].

use std::{
    fs,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use writ_model::Secret;

use super::Globals;
use crate::{
    api::{ApiClient, Credential, HttpTransport, InProcess, Signer, Transport, signer::Program},
    config::{self, Config},
    fault::Fault,
    host::{Places, Store, System, store::HELD},
    net::Http,
    out::Out,
    system::{self, SystemClock, SystemEntropy},
};

/// The file in the data folder that says where the running server listens.
pub const SERVER_FILE: &str = "server.json";
/// The file in the data folder whose content the CLI shows to the desk.
pub const TOKEN_FILE: &str = "cli.token";

/// The file whose presence says that there is a store in a folder.
const STORE_FILE: &str = "ledger.db";

/// Where the running server listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerFile {
    /// Base address of the desk.
    pub desk: String,
    /// Base address of the gateway.
    pub gateway: String,
    /// Its process.
    pub pid: u32,
}

impl ServerFile {
    /// This process, whose desk listens there. The command line reaches the desk where it listens, whatever agents call it.
    pub fn at(mut desk: SocketAddr, gateway: String) -> Self {
        if desk.ip().is_unspecified() {
            // Also on loopback, which is the only place where the command line speaks without TLS.
            desk.set_ip(match desk {
                SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        Self { desk: format!("http://{desk}"), gateway, pid: std::process::id() }
    }
}

/// What every command gets.
#[derive(Debug, Clone)]
pub struct Ctx {
    /// The options of every command.
    pub globals: Globals,
    /// Where its answer goes.
    pub out: Out,
}

impl Ctx {
    /// The desk: that of the running server, or of a store that stands still.
    ///
    /// # Errors
    /// If no server runs on the data folder and there is no store in it.
    pub async fn api(&self) -> Result<ApiClient, Fault> {
        let folder = self.globals.folder();
        let known = [STORE_FILE, SERVER_FILE].iter().any(|name| folder.join(name).exists());
        if !known {
            return Err(Fault::unreachable(format!("there is no store in `{}`", folder.display()))
                .cure("start a server with `writ up`, or name the folder with --data"));
        }
        Box::pin(self.api_or_new()).await
    }

    /// The desk of the running server only.
    ///
    /// # Errors
    /// If none runs on the data folder.
    pub async fn running(&self) -> Result<ApiClient, Fault> {
        let folder = self.globals.folder();
        let none = || {
            Fault::unreachable(format!("no server runs on `{}`", folder.display()))
                .cure("start one with `writ up` (or `writ serve --role desk`); it prints a link")
        };
        let server = server_file(&folder)?.ok_or_else(none)?;
        let transport = HttpTransport::new(Http::new(), &server.desk)?;
        let api = self.client(Arc::new(transport), true)?;
        api.get("/api/v1/status").await?;
        Ok(api)
    }

    /// As [`Ctx::api`], making the store if there is none.
    ///
    /// # Errors
    /// If the folder cannot be used.
    pub async fn api_or_new(&self) -> Result<ApiClient, Fault> {
        let folder = self.globals.folder();
        let config = Config::read(&folder.join(config::FILE))?;
        if config.cluster.store.is_some() {
            // Its store is not in the folder: only the desk's own process can say anything.
            return self.running().await;
        }
        let (transport, serves): (Arc<dyn Transport>, bool) = match Store::open(&folder) {
            Ok(store) => {
                let system =
                    System { clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) };
                let places = Places::of(&config, config.desk, &folder)?;
                let desk = store.desk(&places, &system).await?;
                (Arc::new(InProcess::new(desk.router(), store)), false)
            }
            Err(fault) if fault.code.as_deref() == Some(HELD) => {
                let server = server_file(&folder)?.ok_or(fault)?;
                (Arc::new(HttpTransport::new(Http::new(), &server.desk)?), true)
            }
            Err(fault) => return Err(fault),
        };
        self.client(transport, serves)
    }

    fn client(&self, transport: Arc<dyn Transport>, serves: bool) -> Result<ApiClient, Fault> {
        let token = token(&self.globals.folder())?;
        let credential = Credential::Token { token, person: self.globals.acting.clone() };
        let signer = self.globals.signer.clone().or_else(system::signer);
        let signer = signer.as_deref().map(Program::parse).transpose()?;
        let signer = signer.map(|program| Arc::new(program) as Arc<dyn Signer>);
        Ok(ApiClient::new(transport, credential, serves).signing_with(signer))
    }
}

/// What `server.json` says; `None` if there is none.
///
/// # Errors
/// If it is there and cannot be read.
pub fn server_file(folder: &Path) -> Result<Option<ServerFile>, Fault> {
    let path = folder.join(SERVER_FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Fault::file(&path, "read", &error)),
    };
    serde_json::from_str(&text).map(Some).map_err(|error| {
        Fault::unreachable(format!("`{}` is not a server file: {error}", path.display()))
            .cure("restart the server; it writes the file anew")
    })
}

/// The installation's token for the command line.
///
/// # Errors
/// If it cannot be read.
pub fn token(folder: &Path) -> Result<Secret<String>, Fault> {
    let path = folder.join(TOKEN_FILE);
    let text = fs::read_to_string(&path).map(Secret::new);
    let text = text.map_err(|error| {
        Fault::file(&path, "read", &error)
            .cure("run as the user who started the server: the file is for that user only")
    })?;
    Ok(Secret::new(text.expose().trim().to_owned()))
}
