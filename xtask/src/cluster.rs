//! Writ as several processes for measurements and for breaking: one real PostgreSQL, one real NATS, a desk, a soc, and as many
//! gateways as asked, all from the release build, on loopback, ended with this process.
//!
//! Never here: a switch that makes a process do less than it does for people.
//! To add a role: its start in [`Shared::member`], and its file of configuration in `config`.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};
use writ_store::{Pg, PgOptions};
use writ_testkit::{Nats, Postgres, SeededEntropy};

use crate::{
    args::Args,
    bench::child::{Server, free_port},
    root::target,
    shell::{cargo, command, make_folder, well},
};

pub(crate) mod caller;
pub(crate) mod upstream;
pub(crate) mod world;

/// The path of the one server behind every gateway.
pub(crate) const PATH: &str = "/mcp/mail";

/// Which build is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// As people run it; built first.
    Release,
    /// As people run it, as it was built last.
    AsBuilt,
    /// As the tests left it, for trying a measurement out; its figures mean nothing.
    Debug,
}

impl Build {
    /// `--debug` asks for the quick one, `--as-built` for what is there.
    pub(crate) fn of(args: &Args) -> Self {
        match (args.has("--debug"), args.has("--as-built")) {
            (true, _) => Self::Debug,
            (false, true) => Self::AsBuilt,
            (false, false) => Self::Release,
        }
    }

    /// Its folder, and its name in results.
    pub(crate) const fn folder(self) -> &'static str {
        match self {
            Self::Release | Self::AsBuilt => "release",
            Self::Debug => "debug",
        }
    }
}

/// What the processes share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The database.
    pub(crate) postgres: Postgres,
    /// The bus.
    pub(crate) nats: Nats,
    /// Where folders and logs are.
    pub(crate) folder: PathBuf,
    /// Where the desk listens: the issuer of tokens.
    pub(crate) desk: SocketAddr,
    /// The one server behind every gateway.
    pub(crate) upstream: SocketAddr,
    /// More of every process's configuration: whole sections that [`Shared`] itself does not write.
    pub(crate) more: &'static str,
    /// The gateways' address as tokens and proofs name it: the same for all, as behind a balancer.
    pub(crate) base: String,
    binary: PathBuf,
}

/// One process.
#[derive(Debug)]
pub(crate) struct Member {
    /// Its process.
    pub(crate) server: Server,
    /// Its data folder.
    pub(crate) data: PathBuf,
    /// Where a gateway listens, or where the desk does.
    pub(crate) address: SocketAddr,
    /// Where it says how it is.
    pub(crate) metrics: SocketAddr,
}

impl Shared {
    /// Builds the binary and starts the engines in an empty folder.
    ///
    /// # Errors
    /// If something is missing or does not start.
    pub(crate) fn start(
        folder: &Path,
        upstream: SocketAddr,
        (nodes, build): (usize, Build),
    ) -> Result<Self> {
        let release = ["build", "--quiet", "--release", "--locked", "-p", "writ"];
        anyhow::ensure!(build != Build::Release || well(cargo(&release)), "writ does not build");
        if folder.exists() {
            fs::remove_dir_all(folder).context("cannot empty the folder")?;
        }
        make_folder(folder)?;
        crate::setup::nats()?;
        let base = format!("http://127.0.0.1:{}", free_port()?);
        let postgres = Postgres::start_with(&["max_connections=800"])?;
        let runtime = tokio::runtime::Runtime::new().context("no runtime")?;
        let owner = PgOptions { url: postgres.owner_url(), password: None, ca: None, pool: 1 };
        runtime.block_on(Pg::admin_migrate(owner, "writ_app"))?;
        Ok(Self {
            postgres,
            nats: if nodes == 1 { Nats::start()? } else { Nats::cluster()? },
            folder: folder.to_owned(),
            desk: local(free_port()?),
            upstream,
            base,
            more: "",
            binary: kept(folder, build)?,
        })
    }

    /// The resource that tokens are for.
    pub(crate) fn resource(&self) -> String {
        format!("{}{PATH}", self.base)
    }

    /// A role's process, not started yet: its folder, its configuration, its addresses.
    ///
    /// # Errors
    /// If its folder cannot be made.
    fn prepare(&self, name: &str, role: &str) -> Result<(Command, Place)> {
        let data = self.folder.join(name);
        make_folder(&data)?;
        let address = if role == "desk" { self.desk } else { local(free_port()?) };
        let metrics = local(free_port()?);
        let listen = if role == "gateway" { address } else { local(free_port()?) };
        let config = format!(
            "[desk]\nlisten = \"{}\"\n[gateway]\nlisten = \"{listen}\"\nbase = \"{}\"\n[store]\npostgres = \"{}\"\n[bus]\nnats = [{}]\n[metrics]\nlisten = \"{metrics}\"\n[[server]]\nname = \"mail\"\nurl = \"http://{}/mcp\"\n{}",
            self.desk,
            self.base,
            self.postgres.url(),
            self.nats.urls().iter().map(|url| format!("\"{url}\"")).collect::<Vec<_>>().join(", "),
            self.upstream,
            self.more,
        );
        fs::write(data.join("writ.toml"), config).context("cannot write writ.toml")?;
        self.share_key(&data)?;
        Ok((self.serve(role, &data), Place { data, address, metrics }))
    }

    fn serve(&self, role: &str, data: &Path) -> Command {
        let mut serve = command(&self.binary, &["serve", "--role", role, "--json", "--data"]);
        serve.arg(data);
        serve
    }

    /// The key that wraps all others is made by whoever starts first and copied by the operator.
    fn share_key(&self, data: &Path) -> Result<()> {
        let (from, to) = (self.folder.join("desk/kek"), data.join("kek"));
        if from.exists() && !to.exists() {
            fs::copy(&from, &to).context("cannot copy the key file")?;
        }
        Ok(())
    }

    /// Starts a process and waits until it says that it is ready.
    ///
    /// # Errors
    /// If it does not start.
    pub(crate) fn member(&self, name: &str, role: &str) -> Result<Member> {
        let mut member = self.begin(name, role)?;
        let metrics = member.metrics;
        member.server.until(&mut || ready(metrics))?;
        Ok(member)
    }

    /// Starts a process and waits for nothing.
    ///
    /// # Errors
    /// If it cannot be started at all.
    pub(crate) fn begin(&self, name: &str, role: &str) -> Result<Member> {
        let (serve, place) = self.prepare(name, role)?;
        let server = Server::start(serve, &self.folder.join(format!("{name}.log")))?;
        let Place { data, address, metrics } = place;
        Ok(Member { server, data, address, metrics })
    }

    /// Starts a process that has ended once more, in its folder and at its addresses, and waits for nothing.
    ///
    /// # Errors
    /// If it cannot be started at all.
    pub(crate) fn again(&self, role: &str, place: &Place, log: &str) -> Result<Server> {
        Server::start(self.serve(role, &place.data), &self.folder.join(log))
    }

    /// Lines in all ledgers.
    ///
    /// # Errors
    /// If the database does not answer.
    pub(crate) fn facts(&self) -> Result<u64> {
        let told = self.postgres.sql("writ", "SELECT sum(size) FROM writ.heads")?;
        told.trim().parse().context("no number of lines")
    }

    /// A command of people against the running desk.
    pub(crate) fn writ(&self, words: &[&str]) -> Command {
        let mut writ = command(&self.binary, words);
        writ.arg("--data").arg(self.folder.join("desk")).arg("--json");
        writ
    }

    /// Where the one person's passkey is.
    pub(crate) fn key(&self) -> PathBuf {
        self.folder.join("operator.passkey")
    }
}

/// Where a process is, over all its runs.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Its data folder.
    pub(crate) data: PathBuf,
    /// Where a gateway listens, or where the desk does.
    pub(crate) address: SocketAddr,
    /// Where it says how it is.
    pub(crate) metrics: SocketAddr,
}

/// The binary of a build. One that others may build anew meanwhile is copied, so that all runs are of the same one.
fn kept(folder: &Path, build: Build) -> Result<PathBuf> {
    let built = target().join(build.folder()).join("writ");
    if build == Build::Release {
        return Ok(built);
    }
    let copy = folder.join("writ");
    fs::copy(&built, &copy).context("no debug build: `cargo build -p writ`")?;
    Ok(copy)
}

/// Whether a process says that it is ready.
pub(crate) fn ready(metrics: SocketAddr) -> bool {
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {metrics}\r\n\r\n");
    let answer =
        crate::bench::load::Line::open(metrics).and_then(|mut line| line.ask(request.as_bytes()));
    answer.is_ok_and(|answer| answer.status == 200)
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// Entropy for keys that live as long as the run.
///
/// # Errors
/// If the clock stands before 1970.
pub(crate) fn entropy() -> Result<SeededEntropy> {
    Ok(SeededEntropy::new(crate::bench::gateway::now()?.micros().unsigned_abs()))
}
