//! The programs of the PostgreSQL on this machine, run as a user that they accept.
//!
//! Never here: a server (that is the file above).

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use crate::TempDir;

/// What is said when there is no server to start.
const MISSING: &str = "PostgreSQL is not installed: run `cargo xtask test`, which installs it";
/// Roles as an operator would make them: one that owns the tables, one that the processes use.
const ROLES: &str = "CREATE ROLE writ_owner LOGIN CREATEROLE;
CREATE ROLE writ_app LOGIN;
CREATE DATABASE writ OWNER writ_owner;
";

/// The programs of the newest PostgreSQL on this machine, and who may run them.
#[derive(Debug, Clone)]
pub(super) struct Tools {
    pub(super) bin: PathBuf,
    /// The server refuses to run as root: then it runs as this user.
    user: Option<&'static str>,
}

impl Tools {
    pub(super) fn find() -> io::Result<Self> {
        let versions = fs::read_dir("/usr/lib/postgresql");
        let newest = versions
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
            .filter(|version| bin(*version).join("initdb").exists())
            .max();
        let bin = bin(newest.ok_or_else(|| io::Error::other(MISSING))?);
        let user = match id(&["-u"])?.as_str() {
            "0" if id(&["-u", "postgres"]).is_ok() => Some("postgres"),
            "0" => Some("nobody"),
            _ => None,
        };
        Ok(Self { bin, user })
    }

    /// A folder that the server's user may use.
    pub(super) fn folder(&self) -> io::Result<TempDir> {
        let folder = TempDir::new()?;
        self.own(folder.path())?;
        Ok(folder)
    }

    pub(super) fn own(&self, path: &Path) -> io::Result<()> {
        if let Some(user) = self.user {
            done("chown", Command::new("chown").arg(user).arg(path).output()?)?;
        }
        Ok(())
    }

    /// Adds a program to a command, as the server's user.
    pub(super) fn as_server(&self, command: &mut Command, program: &str) {
        if let Some(user) = self.user {
            let group = id(&["-g", user]).unwrap_or_else(|_| "65534".to_owned());
            command.args(["setpriv", "--clear-groups"]);
            command.arg(format!("--reuid={user}")).arg(format!("--regid={group}"));
        }
        command.arg(self.bin.join(program));
    }

    /// A program as the server's user.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("env");
        command.arg("LC_ALL=C");
        self.as_server(&mut command, program);
        command.current_dir("/");
        command
    }

    /// A data folder as `initdb` makes it, made once on this machine: copying it takes a twentieth of the time.
    pub(super) fn template(&self) -> io::Result<PathBuf> {
        let version = self.bin.components().rev().nth(1);
        let version =
            version.map_or_else(String::new, |at| at.as_os_str().to_string_lossy().into());
        let name = format!("writ-postgres-{version}-{}-1", id(&["-u"])?);
        let kept = std::env::temp_dir().join(name);
        if kept.join("PG_VERSION").exists() {
            return Ok(kept);
        }
        let folder = self.folder()?;
        let data = folder.path().join("data");
        let made = self
            .command("initdb")
            .args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"])
            .args(["--wal-segsize=1", "-D"])
            .arg(&data)
            .output()?;
        done("initdb", made)?;
        let mut single = self.command("postgres");
        single.args(["--single", "-j", "-D"]).arg(&data).arg("postgres");
        let single = single.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut single = single.spawn()?;
        if let Some(mut pipe) = single.stdin.take() {
            // In this mode an empty line ends a statement.
            pipe.write_all(ROLES.replace(";\n", ";\n\n").as_bytes())?;
        }
        done("postgres --single", single.wait_with_output()?)?;
        match fs::rename(&data, &kept) {
            // Another test's process was faster.
            Err(_) if kept.join("PG_VERSION").exists() => Ok(kept),
            renamed => renamed.map(|()| kept),
        }
    }
}

fn bin(version: u32) -> PathBuf {
    PathBuf::from(format!("/usr/lib/postgresql/{version}/bin"))
}

fn id(args: &[&str]) -> io::Result<String> {
    let output = done("id", Command::new("id").args(args).output()?)?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The processes that this one has started.
pub(super) fn children(pid: u32) -> io::Result<Vec<u32>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let Some(child) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // One that ended meanwhile has no file any more.
        let status = fs::read_to_string(entry.path().join("status")).unwrap_or_default();
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"));
        if parent.is_some_and(|parent| parent.trim() == pid.to_string()) {
            found.push(child);
        }
    }
    Ok(found)
}

/// The output of a program that succeeded.
pub(super) fn done(program: &str, output: Output) -> io::Result<Output> {
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("{program} failed: {}", said.trim())))
}
