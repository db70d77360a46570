//! `writ doctor`: is this installation sound: folder, secrets, operator's file, stores, processes, backup, upstream servers,
//! keys; and what people should still do for it.
//!
//! Never here: a repair. To check one more thing: a function that returns a [`Check`], called in [`run`]; each part has its
//! file in `doctor/`.

use std::{
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use http::Uri;
use serde::Serialize;
use serde_json::{Value, json};
use writ_model::Clock as _;

use super::access::Ctx;

mod bus;
mod charters;
mod kept;
mod operations;
mod people;
mod stores;

use crate::{
    config::{self, Config, Place},
    fault::{Exit, Fault},
    host::{System, servers, upstreams::Around},
    out,
    system::{self, SystemClock, SystemEntropy},
};

/// LIMIT: time for a server to accept a connection.
const CONNECT: Duration = Duration::from_secs(2);
/// Files of the data folder that nobody else may read, whoever may enter it: a folder's mode does not travel with a
/// backup.
const PRIVATE: [&str; 4] = ["kek", "cli.token", "backup.key", "backup.json"];
/// Databases of the data folder; each may have a log and an index of the log beside it.
const DATABASES: [&str; 6] =
    ["secrets.db", "ledger.db", "lake.db", "held.db", "outbox.db", "meter.db"];

/// No options of its own.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// What was looked at and found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub what: String,
    /// It is as it should be.
    pub ok: bool,
    /// It is advice to people: the installation works without it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub advice: bool,
    /// What was found.
    pub found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cure: String,
}

fn good(what: &str, found: impl Into<String>) -> Check {
    let found = found.into();
    Check { what: what.to_owned(), ok: true, advice: false, found, cure: String::new() }
}

fn bad(what: &str, found: impl Into<String>, cure: impl Into<String>) -> Check {
    let (found, cure) = (found.into(), cure.into());
    Check { what: what.to_owned(), ok: false, advice: false, found, cure }
}

fn advice(what: &str, found: impl Into<String>, cure: impl Into<String>) -> Check {
    Check { advice: true, ..bad(what, found, cure) }
}

/// Looks at everything.
pub async fn run(ctx: &Ctx, _args: &Args) -> Result<(), Fault> {
    let folder = ctx.globals.folder();
    let mut checks = vec![data_folder(&folder)];
    checks.extend(private_files(&folder));
    let read = Config::read(&folder.join(config::FILE));
    let system = System { clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) };
    let around = Around { folder: &folder, system: &system, origin: "" };
    match read.and_then(|config| servers::checked(&config.servers, around).map(|_| config)) {
        Ok(config) => {
            checks.push(good("operator's file", format!("{} servers", config.servers.len())));
            checks.push(origin(&config));
            checks.extend(stores::checks(&folder, &config, &SystemClock).await);
            checks.extend(Box::pin(bus::checks(&folder, &config)).await);
            for server in &config.servers {
                checks.extend(upstream(&server.name, &server.place).await);
            }
        }
        Err(fault) => checks.push(bad("operator's file", fault.what, "correct it and restart")),
    }
    checks.extend(kept::checks(&folder, SystemClock.now()));
    checks.extend(Box::pin(installation(ctx)).await);
    if let Ok(api) = ctx.api().await {
        checks.extend(operations::checks(&api).await);
        checks.extend(people::checks(&api, SystemClock.now()).await);
        checks.extend(charters::checks(&api).await);
    }
    checks.extend(agent_keys(&system::agent_dir()));
    let failed = checks.iter().filter(|check| !check.ok && !check.advice).count();
    let document = json!({"ok": failed == 0, "checks": checks});
    ctx.out.answer(&document, |document| {
        let columns = [("CHECK", "/what"), ("OK", "/ok"), ("FOUND", "/found"), ("CURE", "/cure")];
        out::table(document.get("checks").unwrap_or(&Value::Null), &columns, "nothing to check");
    });
    if failed == 0 {
        return Ok(());
    }
    let mut fault = Fault::new(Exit::Unreachable, format!("{failed} checks failed"));
    fault.told = ctx.out.json;
    Err(fault)
}

/// Nobody but the owner may do anything.
fn is_private(mode: u32) -> bool {
    mode.trailing_zeros() >= 6
}

fn mode(path: &Path) -> Option<u32> {
    std::fs::metadata(path).ok().map(|meta| meta.permissions().mode() & 0o777)
}

fn data_folder(folder: &Path) -> Check {
    let place = folder.display();
    match mode(folder) {
        None => bad("data folder", format!("{place} is not there"), "start with `writ up`"),
        Some(mode) if !is_private(mode) => {
            bad("data folder", format!("{place} has mode {mode:o}"), format!("chmod 700 {place}"))
        }
        Some(_) => good("data folder", place.to_string()),
    }
}

fn private_files(folder: &Path) -> Vec<Check> {
    let databases = DATABASES
        .iter()
        .flat_map(|name| ["", "-wal", "-shm"].map(|ending| format!("{name}{ending}")));
    PRIVATE
        .iter()
        .map(|name| (*name).to_owned())
        .chain(databases)
        .filter_map(|name| Some((mode(&folder.join(&name))?, name)))
        .map(|(mode, name)| {
            if is_private(mode) {
                return good(&name, format!("mode {mode:o}"));
            }
            let cure = format!("chmod 600 {}", folder.join(&name).display());
            bad(&name, format!("mode {mode:o}: it is not for its owner only"), cure)
        })
        .collect()
}

/// Whether passkeys can be used at the console's origin: browsers offer them on https, and on this machine's own name.
fn origin(config: &Config) -> Check {
    let origin = config.origin_at(config.desk);
    let local = origin.strip_prefix("http://").is_some_and(|host| {
        host.split(':').next().is_some_and(|name| name.eq_ignore_ascii_case("localhost"))
    });
    if local || origin.starts_with("https://") {
        return good("console", origin);
    }
    bad(
        "console",
        format!("{origin} is not https"),
        "put TLS before the desk; origin = \"https://…\"",
    )
}

async fn upstream(name: &str, place: &Place) -> Option<Check> {
    let what = format!("server {name}");
    let Place::Url(url) = place else { return None };
    let address = url.parse::<Uri>().ok().and_then(|uri| {
        let host = uri.host()?.trim_matches(['[', ']']).to_owned();
        Some((host, uri.port_u16().unwrap_or(80)))
    })?;
    let reached = tokio::time::timeout(CONNECT, tokio::net::TcpStream::connect(address)).await;
    Some(match reached {
        Ok(Ok(_)) => good(&what, url.clone()),
        Ok(Err(error)) => bad(&what, format!("{url}: {error}"), "start that server"),
        Err(_) => bad(&what, format!("{url}: no answer"), "start that server"),
    })
}

async fn installation(ctx: &Ctx) -> Vec<Check> {
    let asked = match ctx.api().await {
        Ok(api) => api.get("/api/v1/status").await,
        Err(fault) => Err(fault),
    };
    let status = match asked {
        Ok(status) => status,
        Err(fault) => {
            return vec![bad("installation", fault.what, fault.cure.unwrap_or_default())];
        }
    };
    let text = |pointer: &str| status.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let mut checks = vec![if status.get("founded") == Some(&Value::Bool(true)) {
        good("installation", format!("version {}", text("/version")))
    } else {
        bad("installation", "no provider yet", "writ provider found --name … --person …")
    }];
    let gateways = status.get("gateways").and_then(Value::as_array).cloned().unwrap_or_default();
    if gateways.is_empty() {
        checks.push(bad("gateway", "none runs", "start one with `writ up`"));
    }
    for gateway in &gateways {
        let url = gateway.get("url").and_then(Value::as_str).unwrap_or_default();
        if gateway.get("following") == Some(&Value::Bool(true)) {
            checks.push(good("gateway", format!("{url} follows the ledger")));
        } else {
            checks.push(bad("gateway", format!("{url} does not follow"), "restart it"));
        }
    }
    checks
}

fn agent_keys(dir: &Path) -> Vec<Check> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().filter_map(Result::ok);
    let mut keys: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    keys.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    keys.sort();
    keys.iter()
        .map(|path| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            match crate::agent::KeyFile::open(path) {
                Ok(file) => good(&format!("key of {name}"), file.instance.gateway),
                Err(fault) => {
                    bad(&format!("key of {name}"), fault.what, fault.cure.unwrap_or_default())
                }
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use writ_testkit::TempDir;

    use super::*;

    #[test]
    fn open_folders_and_files_are_found() {
        let folder = TempDir::new().unwrap();
        let path = folder.path();
        fs::write(path.join("kek"), "x").unwrap();
        fs::set_permissions(path.join("kek"), fs::Permissions::from_mode(0o644)).unwrap();
        fs::write(path.join("lake.db-wal"), "x").unwrap();
        fs::set_permissions(path.join("lake.db-wal"), fs::Permissions::from_mode(0o660)).unwrap();
        fs::write(path.join("server.json"), "{}").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(!data_folder(path).ok);
        let found = |checks: Vec<Check>| -> Vec<(String, bool)> {
            checks.into_iter().map(|check| (check.what, check.ok)).collect()
        };
        let open = [("kek".to_owned(), false), ("lake.db-wal".to_owned(), false)];
        assert_eq!(found(private_files(path)), open);
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
        assert!(data_folder(path).ok);
        assert_eq!(found(private_files(path)), open, "also in a closed folder");
        for name in ["kek", "lake.db-wal"] {
            fs::set_permissions(path.join(name), fs::Permissions::from_mode(0o600)).unwrap();
        }
        assert!(private_files(path).iter().all(|check| check.ok));
        assert!(!data_folder(&path.join("none")).ok);
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_found() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let place = Place::Url(url);
        assert!(upstream("x", &place).await.unwrap().ok);
        drop(listener);
        assert!(!upstream("x", &place).await.unwrap().ok);
        assert_eq!(upstream("x", &Place::Wrapped).await, None);
    }
}
