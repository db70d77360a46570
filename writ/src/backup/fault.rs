//! What a backup fails with.
//!
//! Never here: a key, or a byte of what was opened. To add one: a function below with a code of its own, and its row in
//! `docs/errors.md`.

use std::{fmt::Display, path::Path};

use crate::fault::Fault;

/// There is no backup in a folder.
pub fn none(dir: &Path, why: impl Display) -> Fault {
    Fault::unreachable(format!("`{}` is no backup: {why}", dir.display()))
        .code("BKUP-0001")
        .cure("make one: `writ backup init --to DIR`")
}

/// A key file that does not serve.
pub fn key(path: &Path, why: impl Display) -> Fault {
    Fault::unreachable(format!("the backup's key in `{}` cannot be used: {why}", path.display()))
        .code("BKUP-0002")
        .cure("name the file that `writ backup init` wrote, or write its words from paper into a file of mode 600")
}

/// A file of the backup that is missing, altered or in another's place.
pub fn damaged(name: &str, why: impl Display) -> Fault {
    Fault::unverified(format!("`{name}` of the backup is damaged: {why}"))
        .code("BKUP-0003")
        .cure("take another copy of this backup; if this installation still runs, begin a new one with `writ backup init`")
}

/// Lines that do not lead to the root they must lead to.
pub fn root(tenant: impl Display, size: u64) -> Fault {
    Fault::unverified(format!("the {size} lines of {tenant} do not lead to their root"))
        .code("BKUP-0004")
        .cure("do not rely on this copy; verify the running ledger with `writ ledger export`")
}

/// The folder is not what this installation left there.
pub fn rolled_back(dir: &Path, why: impl Display) -> Fault {
    Fault::unverified(format!("`{}` is not as this installation left it: {why}", dir.display()))
        .code("BKUP-0005")
        .cure(
            "find out who put an older copy there; then begin a new backup with `writ backup init`",
        )
}

/// The ledger does not go on from what was backed up.
pub fn history(tenant: impl Display, why: impl Display) -> Fault {
    Fault::unverified(format!("the ledger of {tenant} does not go on from the backup: {why}"))
        .code("BKUP-0006")
        .cure("keep the backup: its lines are missing or changed in the store; or this is another installation's, which needs a backup of its own")
}

/// Where a restore would write there is something.
pub fn not_empty(place: impl Display, what: impl Display) -> Fault {
    Fault::refused(format!("{place} is not empty: {what}"))
        .code("BKUP-0007")
        .cure("restore into a new data folder, and into an empty database")
}

/// Somebody else writes the same backup.
pub fn busy(dir: &Path) -> Fault {
    Fault::unreachable(format!("another process writes the backup in `{}`", dir.display()))
        .code("BKUP-0008")
        .cure("wait until it has ended")
}

/// A newer release wrote it.
pub fn newer(name: &str, found: u32, known: u32) -> Fault {
    Fault::unreachable(format!("`{name}` has format {found}, and this release knows up to {known}"))
        .code("BKUP-0009")
        .cure("run the newer release")
}

/// A witness's word that says nothing about what is restored.
pub fn witness(from: impl Display, why: impl Display) -> Fault {
    Fault::unverified(format!("the witness at {from} says nothing about this backup: {why}"))
        .code("BKUP-0010")
        .cure("name the witness's folder, what `writ witness show --json` printed, or the address that it listens on")
}

/// More than a bound of the format.
pub fn too_large(what: &str, got: u64, bound: u64) -> Fault {
    Fault::unreachable(format!("{what}: {got}, and the bound is {bound}"))
        .code("BKUP-0011")
        .cure("begin a new backup with `writ backup init`: what is in it then is counted anew")
}

/// Processes still run on the database that is to be filled.
pub fn living(process: impl Display, until: impl Display) -> Fault {
    Fault::refused(format!("the process {process} runs on this database"))
        .code("BKUP-0012")
        .cure(format!("stop every `writ serve` first; one that was killed is over at {until}"))
}
