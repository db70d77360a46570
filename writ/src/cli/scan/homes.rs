//! Whose homes there are on this machine, and what is set for all of them.
//!
//! Accounts are read from the file, never asked of a service, which could open a socket. Never here: what is in a home.
//! To add a place where homes stand: [`all`].

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use writ_supply::discover::{Mode, System, places};

use super::{disk, walk::Root};

/// LIMIT: bytes of the list of accounts; a hundred thousand of them.
const ACCOUNTS: u64 = 8 << 20;
/// LIMIT: homes of one machine.
const MOST: usize = 4_096;

/// The homes of this machine that are there, one's own first.
pub(super) fn all() -> Vec<PathBuf> {
    let mut out = vec![super::own_home()];
    let mut seen: BTreeSet<PathBuf> = out.iter().cloned().collect();
    let mut add = |path: PathBuf| {
        if out.len() < MOST && path.parent().is_some() && path.is_dir() && seen.insert(path.clone())
        {
            out.push(path);
        }
    };
    let fixed = ["/home", "/Users", "C:\\Users"].into_iter().map(PathBuf::from);
    for folder in fixed.chain(mounted(Path::new("/mnt"))) {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut homes: Vec<PathBuf> = entries.map(|entry| entry.path()).take(MOST).collect();
        homes.sort();
        homes.into_iter().for_each(&mut add);
    }
    if let Ok((bytes, _)) = disk::head(Path::new("/etc/passwd"), ACCOUNTS) {
        accounts(&String::from_utf8_lossy(&bytes)).into_iter().for_each(&mut add);
    }
    out
}

/// The homes of Windows below what a Linux inside Windows mounts its drives on: `/mnt/c/Users`. The other way, from Windows into
/// `\\\\wsl$`, is not gone: looking there starts the other system.
fn mounted(mounts: &Path) -> Vec<PathBuf> {
    ('a'..='z')
        .map(|drive| mounts.join(drive.to_string()).join("Users"))
        .filter(|users| users.is_dir())
        .collect()
}

/// The homes of people in a list of accounts: those of root and of numbers that are given to people (`login.defs`).
fn accounts(list: &str) -> Vec<PathBuf> {
    list.lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.split(':').collect();
            let number: u32 = cells.get(2)?.parse().ok()?;
            let home = *cells.get(5)?;
            let person = number == 0 || (1_000..60_000).contains(&number);
            (person && home.starts_with('/') && home.len() > 1).then(|| PathBuf::from(home))
        })
        .collect()
}

const fn system() -> System {
    if cfg!(target_os = "windows") {
        System::Windows
    } else if cfg!(target_os = "macos") {
        System::Macos
    } else {
        System::Linux
    }
}

/// What a scan of the machine walks.
pub(super) fn roots() -> Vec<Root> {
    let drive = if cfg!(target_os = "windows") { "C:" } else { "" };
    let set = places(system()).into_iter().map(|path| PathBuf::from(format!("{drive}{path}")));
    let mut out: Vec<Root> = Vec::new();
    for path in all().into_iter().chain(set) {
        // A root inside another one is walked with it.
        if path.symlink_metadata().is_ok()
            && !out.iter().any(|known: &Root| path.starts_with(&known.path))
        {
            out.push(Root { path, mode: Mode::Host });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_of_windows_are_found_from_the_linux_inside_it() {
        let mounts = crate::system::temp_dir().join(format!("writ-mnt-{}", std::process::id()));
        std::fs::create_dir_all(mounts.join("c/Users/ada")).unwrap();
        std::fs::create_dir_all(mounts.join("wsl/Users")).unwrap();
        assert_eq!(mounted(&mounts), [mounts.join("c/Users")]);
        std::fs::remove_dir_all(&mounts).unwrap();
    }

    #[test]
    fn homes_of_people_are_taken_from_the_list_of_accounts() {
        let list = "root:x:0:0:root:/admin:/bin/sh\ndaemon:x:1:1::/usr/sbin:/x\nada:x:1000:1000::/home/ada:/bin/sh\nnobody:x:65534:65534::/nonexistent:/x\nodd\n\nx:x:1001:1::/:/x\n";
        assert_eq!(accounts(list), [PathBuf::from("/admin"), PathBuf::from("/home/ada")]);
    }
}
