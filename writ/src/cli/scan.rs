//! `writ scan`: what AI runs here, without running any of it: on a machine, in a folder or repository, in a log or an export.
//!
//! It needs no server, starts no process and opens no socket, so that it runs outside the runtime (`alone`); only `--propose` speaks
//! to the desk, after the scan. Never here: a rule (`writ-supply`), a walk (`scan/walk.rs`).
//! To add an output: an option of [`Args`], its arm in [`tell`].

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use writ_supply::{
    discover::Mode,
    found::Found,
    lock::{self, Lock},
    report::{html, sarif, summary},
};

use super::access::Ctx;
use crate::{
    fault::{Exit, Fault},
    out, system,
};

mod disk;
mod homes;
mod progress;
#[cfg(feature = "server")]
mod propose;
mod walk;

/// What to look at, and how to tell it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 everything is clean; 1 something was found; 2 nothing bad, and not everything could be told."
)]
pub struct Args {
    /// Files and folders: models, configurations, logs, exports of a directory [default: this machine]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// This machine: the homes of all accounts that can be read, and what is set for all of them
    #[arg(long)]
    host: bool,
    /// A repository: agents in its code, its packages, keys and rules; may be given several times
    #[arg(long, value_name = "DIR")]
    repo: Vec<PathBuf>,
    /// SARIF 2.1.0 on stdout, or into this file
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-")]
    sarif: Option<PathBuf>,
    /// One page, into this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write the surface into this file; if it is there, say what differs from it
    #[arg(long, value_name = "FILE")]
    lock: Option<PathBuf>,
    /// Write the lock anew
    #[arg(long, requires = "lock")]
    relock: bool,
    /// Enter what is not in the register yet as observed agents
    #[cfg(feature = "server")]
    #[arg(long, requires = "client")]
    propose: bool,
    /// At which client
    #[cfg(feature = "server")]
    #[arg(long, requires = "propose")]
    client: Option<String>,
    /// In how many days what was proposed must be governed
    #[cfg(feature = "server")]
    #[arg(long, default_value_t = 14, requires = "propose", value_parser = clap::value_parser!(u16).range(1..=365))]
    days: u16,
}

impl Args {
    /// Whether it speaks to the desk, and so needs the runtime.
    #[cfg(feature = "server")]
    pub fn speaks(&self) -> bool {
        self.propose
    }

    /// What is walked, each for its reason.
    fn roots(&self) -> Vec<walk::Root> {
        let mut out: Vec<walk::Root> = Vec::new();
        out.extend(
            self.repo.iter().map(|path| walk::Root { path: path.clone(), mode: Mode::Repo }),
        );
        for path in &self.paths {
            let mode = if path.is_dir() { Mode::Path } else { Mode::Named };
            out.push(walk::Root { path: path.clone(), mode });
        }
        if self.host || out.is_empty() {
            out.extend(homes::roots());
        }
        out
    }

    /// What was asked, in words.
    fn asked(&self) -> Vec<String> {
        let shown = |path: &PathBuf| path.to_string_lossy().into_owned();
        let mut out: Vec<String> = self.paths.iter().map(shown).collect();
        out.extend(self.repo.iter().map(|path| format!("repository {}", shown(path))));
        if self.host || out.is_empty() {
            out.push("this machine".to_owned());
        }
        out
    }
}

/// Scans without a runtime.
///
/// # Errors
/// [`Fault`] with the exit code that the findings make.
pub fn alone(ctx: &Ctx, args: &Args) -> Result<(), Fault> {
    let (found, more) = scan(ctx, args)?;
    tell(ctx, args, &found, &more)
}

/// Scans, and proposes what it found.
///
/// # Errors
/// [`Fault`] with the exit code that the findings make, or why it could not be proposed.
#[cfg(feature = "server")]
pub async fn run(ctx: &Ctx, args: Args) -> Result<(), Fault> {
    let (found, mut more) = scan(ctx, &args)?;
    if let Some(client) = &args.client {
        let proposed = propose::propose(&ctx.api().await?, client, &found, args.days).await?;
        more.push(("proposed", proposed));
    }
    tell(ctx, &args, &found, &more)
}

type More = Vec<(&'static str, Value)>;

fn scan(ctx: &Ctx, args: &Args) -> Result<(Found, More), Fault> {
    let quiet = ctx.out.json || args.sarif.is_some();
    let roots = args.roots();
    let mut found = walk::walk(&roots, &homes::all(), !quiet);
    found.coverage.asked = args.asked();
    found.coverage.not_supported = unseen(&roots);
    if !roots.iter().any(|root| root.mode == Mode::Host) {
        // Of a folder or a file nobody asks which clients are not in it.
        found.coverage.absent.clear();
    }
    let mut more = More::new();
    if let Some(file) = &args.lock {
        more.push(("drift", hold(file, args.relock, &mut found)?));
    }
    Ok((found, more))
}

/// What this scan does not look at, whatever is there.
fn unseen(roots: &[walk::Root]) -> Vec<String> {
    let mut out = vec![
        "what is encrypted, packed into an image of a disk or a container, or on another machine"
            .to_owned(),
        "the code of what extensions and servers at addresses run".to_owned(),
    ];
    if roots.iter().any(|root| root.mode == Mode::Host) {
        out.push("agents in source code, logs and exports on this machine (name the folder, or use --repo)".to_owned());
        out.push("folders of installed packages, except for models of a common name".to_owned());
        if cfg!(target_os = "windows") {
            out.push("homes of a Linux inside Windows, because looking there starts it (run the scan inside, or name \\\\wsl$\\…\\home)".to_owned());
        }
        if !cfg!(any(target_os = "linux", target_os = "macos", target_os = "windows")) {
            out.push(
                "what is set for all accounts: this system is not one of the catalogue".to_owned(),
            );
        }
    }
    out
}

/// Compares with the lock, or writes it.
fn hold(file: &Path, anew: bool, found: &mut Found) -> Result<Value, Fault> {
    if !anew && file.exists() {
        let (bytes, length) = disk::head(file, lock::MAX_BYTES).map_err(|error| {
            Fault::unreachable(format!("cannot read `{}`: {error}", file.display()))
        })?;
        if length > lock::MAX_BYTES {
            return Err(Fault::usage(format!(
                "`{}` has more than {} bytes",
                file.display(),
                lock::MAX_BYTES
            )));
        }
        let lock = Lock::read(&bytes).map_err(|error| {
            Fault::usage(format!("`{}`: {error}", file.display()))
                .cure("write it anew with --relock")
        })?;
        let drift = lock.compare(found);
        return Ok(serde_json::to_value(drift).unwrap_or_default());
    }
    let lock = Lock::of(found);
    write(file, &lock.written())?;
    Ok(json!({"written": lock.pins.len()}))
}

/// Writes a file of our own, never through a link: whoever may write the folder could let it lead anywhere.
fn write(file: &Path, bytes: &[u8]) -> Result<(), Fault> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    // `/dev/stdout` is a link by its nature.
    let device = file.starts_with("/dev");
    if !device && std::fs::symlink_metadata(file).is_ok_and(|known| known.is_symlink()) {
        return Err(Fault::usage(format!("`{}` is a link", file.display()))
            .cure("name the file that it leads to"));
    }
    #[cfg(unix)]
    if !device {
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = rustix::fs::OFlags::NOFOLLOW.bits();
        options.custom_flags(i32::try_from(flags).unwrap_or_default());
    }
    let mut to = options.open(file).map_err(|error| Fault::file(file, "write", &error))?;
    to.write_all(bytes).map_err(|error| Fault::file(file, "write", &error))
}

/// Says what was found, and what it makes of the exit code.
fn tell(ctx: &Ctx, args: &Args, found: &Found, more: &More) -> Result<(), Fault> {
    if let Some(file) = &args.html {
        let about = format!("writ scan of {}", found.coverage.asked.join(", "));
        write(file, html::page(found, &about).as_bytes())?;
    }
    if let Some(file) = &args.sarif {
        let document = sarif::document(found, env!("CARGO_PKG_VERSION"));
        if file.as_os_str() == "-" {
            out::document(&document);
        } else {
            write(file, format!("{document}\n").as_bytes())?;
        }
    }
    let mut answer = serde_json::to_value(found).unwrap_or_default();
    if let Some(object) = answer.as_object_mut() {
        let counts = serde_json::to_value(found.counts()).unwrap_or_default();
        object.insert("counts".to_owned(), counts);
        object.insert("finding".to_owned(), found.worst().word().into());
        object.insert("exit".to_owned(), found.exit().into());
        for (name, value) in more {
            object.insert((*name).to_owned(), value.clone());
        }
    }
    if args.sarif.as_ref().is_none_or(|file| file.as_os_str() != "-") {
        ctx.out.answer(&answer, |_answer| words(found, more));
    }
    match found.exit() {
        0 => Ok(()),
        1 => Err(told(Exit::Refused, "something was found")),
        _ => Err(told(Exit::Usage, "not everything could be told")),
    }
}

/// The exit alone: what it means was said already.
fn told(exit: Exit, what: &str) -> Fault {
    Fault { told: true, ..Fault::new(exit, what) }
}

fn words(found: &Found, more: &More) {
    for line in summary::lines(found) {
        out::line(&out::clean(&line));
    }
    for (name, value) in more {
        let count = |key: &str| match value.get(key) {
            Some(Value::Array(items)) => items.len().to_string(),
            Some(other) => other.to_string(),
            None => "0".to_owned(),
        };
        match *name {
            "drift" if value.get("written").is_some() => {
                out::line(&format!("Lock: {} pins written.", count("written")));
            }
            "drift" => out::line(&format!(
                "Lock: {} as they were, {} changed, {} new, {} gone.",
                count("same"),
                count("changed"),
                count("new"),
                count("gone")
            )),
            _ => {
                out::line(&format!(
                    "Register: {} proposed, {} known, {} changed, {} not found by this scan.",
                    count("proposed"),
                    count("known"),
                    count("changed"),
                    count("gone")
                ));
                for one in value.get("proposed").and_then(Value::as_array).into_iter().flatten() {
                    let text = |key: &str| one.get(key).and_then(Value::as_str).unwrap_or_default();
                    out::line(&out::clean(&format!("  {}: {}", text("name"), text("purpose"))));
                }
            }
        }
    }
}

/// The home folder of whoever runs this.
fn own_home() -> PathBuf {
    system::home()
}

#[cfg(test)]
mod tests;
