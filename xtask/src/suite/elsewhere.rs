//! `writ scan` alone, for the systems of the clients' machines: its tests here, and its types for Windows and macOS.
//!
//! What a toolchain cannot be given is said, and not failed: the machine may have no rustup, or no way to it.
//! Never here: the whole binary, which is for Linux. To add a system: a row in [`SYSTEMS`].

use anyhow::Result;

use crate::{
    shell::{cargo, command, counted, has, say, well},
    tally::Tally,
};

/// By the names that rustc has for them.
const SYSTEMS: [&str; 3] = ["x86_64-pc-windows-gnu", "aarch64-apple-darwin", "x86_64-apple-darwin"];
/// The package without its servers.
const ALONE: [&str; 4] = ["-p", "writ", "--no-default-features", "--locked"];

pub(super) fn check() -> Result<Tally> {
    let mut tally = counted(cargo(&[&["test"], &ALONE[..], &["--lib"]].concat()))?;
    for system in SYSTEMS {
        if !has("rustup") || !well(command("rustup", &["target", "add", system])) {
            say(&format!("!! NOT CHECKED: this toolchain cannot be given {system}"))?;
            continue;
        }
        let types = [&["clippy"], &ALONE[..], &["--target", system, "--", "-D", "warnings"]];
        tally.add(counted(cargo(&types.concat()))?);
    }
    Ok(tally)
}
