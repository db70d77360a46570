//! systemd itself reads the units in `deploy/systemd`, with the binary of the release build in the place of the installed one;
//! and NATS the configuration in `deploy/compose`, with certificates that `deploy/certificates.sh` has made.
//!
//! Never here: what a unit should say; `writ/tests/deploy.rs` compares the examples with each other.

use std::fs;

use anyhow::{Context as _, Result};

use crate::{
    root::{root, target},
    setup,
    shell::{captured, command, make_folder, say},
    tally::Tally,
};

/// One test per file.
///
/// # Errors
/// If systemd or NATS cannot be had, or a file cannot be read or written.
pub(crate) fn check() -> Result<Tally> {
    let mut tally = units()?;
    let line = match bus() {
        Ok(()) => "ok - NATS reads nats.conf".to_owned(),
        Err(why) => format!("not ok - NATS reads nats.conf: {why:#}"),
    };
    tally.read_line(&line);
    say(&line)?;
    Ok(tally)
}

/// The server reads its configuration, certificates included, and ends.
fn bus() -> Result<()> {
    let server = setup::nats()?;
    let folder = target().join("tmp/bus");
    make_folder(&folder)?;
    let (at, script) = (folder.to_string_lossy(), root().join("deploy/certificates.sh"));
    captured(command("sh", &[&script.to_string_lossy(), &at, "nats-1"]))?;
    let text = fs::read_to_string(root().join("deploy/compose/nats.conf")).context("no file")?;
    let text = text
        .replace("/certificates/server", &format!("{at}/nats-1"))
        .replace("/certificates/ca", &format!("{at}/ca"))
        .replace("\"/data\"", &format!("\"{at}/data\""));
    let file = folder.join("nats.conf");
    fs::write(&file, text).context("cannot write the configuration")?;
    let mut reads = command(server, &["-t", "-c", &file.to_string_lossy()]);
    reads.env("SERVER_NAME", "nats-1");
    captured(reads).map(drop)
}

fn units() -> Result<Tally> {
    setup::apt("systemd-analyze", "systemd")?;
    let folder = target().join("tmp/systemd");
    make_folder(&folder)?;
    let binary = target().join("release/writ");
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("deploy/systemd")).context("no units")? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {name}"))?;
        let text = text.replace("/usr/bin/writ", &binary.to_string_lossy());
        fs::write(folder.join(&name), text).with_context(|| format!("cannot write {name}"))?;
        names.push(name);
    }
    names.sort();
    anyhow::ensure!(!names.is_empty(), "no units");
    let mut tally = Tally::default();
    for name in names {
        let unit = folder.join(&name);
        let told =
            captured(command("systemd-analyze", &["verify", "--man=no", &unit.to_string_lossy()]));
        let line = match told {
            Ok(_) => format!("ok - systemd reads {name}"),
            Err(why) => format!("not ok - systemd reads {name}: {why:#}"),
        };
        tally.read_line(&line);
        say(&line)?;
    }
    Ok(tally)
}
