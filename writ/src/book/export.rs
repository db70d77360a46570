//! `writ ledger export --tenant T DIR`: what was recorded until now is sealed; then the C2SP tlog-tiles layout of one
//! ledger, with its sealed activity, is fetched from the desk and written into a new folder. The checkpoint is written
//! last: a folder without one is not an export.
//!
//! Never here: a file the desk did not give, or an old folder written over. To export one more file: [`paths`].

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use writ_authority::{Entry, Fact};
use writ_evidence::{Checkpoint, Note, tiles};

use super::activity;
use crate::{
    api::{ApiClient, segment},
    fault::Fault,
};

/// The code of the refusal that says: nobody has allowed this export yet.
const NOT_ALLOWED: &str = "AUTH-0018";
/// LIMIT: attempts at a whole export, in case the ledger grew so much meanwhile that a partial tile is no longer served.
const ATTEMPTS: usize = 3;

/// Exports a tenant's ledger; says what was written.
///
/// # Errors
/// If the desk cannot be reached, the folder exists and is not empty, or a file cannot be written.
pub async fn export(api: &ApiClient, tenant: &str, dir: &Path) -> Result<Value, Fault> {
    prepare(dir)?;
    let ledger = format!("/api/v1/clients/{}/ledger", segment(tenant));
    let sealed = match api.post(&format!("{ledger}/seal"), &json!({})).await {
        // An export takes a signature, which holds for an hour.
        Err(fault) if fault.code.as_deref() == Some(NOT_ALLOWED) => {
            let allow = format!("/api/v1/clients/{}/export/allow", segment(tenant));
            api.post(&allow, &json!({})).await?;
            api.post(&format!("{ledger}/seal"), &json!({})).await?
        }
        sealed => sealed?,
    };
    let base = format!("{ledger}/export");
    let mut attempt = 1;
    loop {
        let export = Export { api, base: &base, dir };
        match export.run().await? {
            Some(mut report) => {
                if let Some(report) = report.as_object_mut() {
                    for (name, from) in [("sealed_now", "records"), ("not_sealed", "failed")] {
                        let count = sealed.get(from).cloned().unwrap_or_default();
                        report.insert(name.to_owned(), count);
                    }
                }
                return Ok(report);
            }
            None if attempt < ATTEMPTS => attempt += 1,
            None => return Err(Fault::unreachable("the ledger grows faster than it is exported")),
        }
    }
}

fn prepare(dir: &Path) -> Result<(), Fault> {
    fs::create_dir_all(dir).map_err(|error| Fault::file(dir, "create", &error))?;
    let mut entries = fs::read_dir(dir).map_err(|error| Fault::file(dir, "read", &error))?;
    if entries.next().is_some() {
        return Err(Fault::usage(format!("`{}` is not empty", dir.display()))
            .cure("name a new folder: an export is never written over another one"));
    }
    Ok(())
}

struct Export<'a> {
    api: &'a ApiClient,
    base: &'a str,
    dir: &'a Path,
}

impl Export<'_> {
    /// None if a file of this size of the ledger is no longer to be had.
    async fn run(&self) -> Result<Option<Value>, Fault> {
        let checkpoint = self.need(tiles::CHECKPOINT).await?;
        let bad = |why: String| Fault::unverified(format!("the checkpoint is not one: {why}"));
        let note = Note::parse(&checkpoint).map_err(|fault| bad(fault.to_string()))?;
        let head = Checkpoint::parse(&note.text).map_err(|fault| bad(fault.to_string()))?;
        let mut files = 0_u64;
        let mut seals = Vec::new();
        for (path, width) in paths(head.size) {
            let Some(bytes) = self.api.bytes(&format!("{}/{path}", self.base)).await? else {
                return Ok(None);
            };
            if let Some(first) = width.first_line {
                seals.extend(sealed(&bytes, first, width.width)?);
            }
            self.write(&path, &bytes)?;
            files += 1;
        }
        for line in &seals {
            let path = activity::path(*line);
            let records = self.need(&path).await?;
            self.write(&path, &records)?;
            files += 1;
        }
        let about = self.need("ledger.json").await?;
        self.write("ledger.json", &about)?;
        self.write(tiles::CHECKPOINT, &checkpoint)?;
        Ok(Some(json!({
            "origin": head.origin, "lines": head.size, "root": head.root,
            "seals": seals.len(), "files": files + 2, "folder": self.dir,
        })))
    }

    async fn need(&self, path: &str) -> Result<bytes::Bytes, Fault> {
        self.api
            .bytes(&format!("{}/{path}", self.base))
            .await?
            .ok_or_else(|| Fault::refused(format!("the desk has no `{path}` of this ledger")))
    }

    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), Fault> {
        let path: PathBuf = self.dir.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| Fault::file(parent, "create", &error))?;
        }
        fs::write(&path, bytes).map_err(|error| Fault::file(&path, "write", &error))
    }
}

/// How wide a file is, and for a bundle which line it begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Width {
    width: u64,
    first_line: Option<u64>,
}

/// Every tile and bundle of a ledger of this size.
fn paths(size: u64) -> Vec<(String, Width)> {
    let mut out = Vec::new();
    let each = |count: u64, make: &mut dyn FnMut(u64, u64)| {
        for number in 0..count.div_ceil(tiles::WIDTH) {
            make(number, tiles::WIDTH.min(count - number * tiles::WIDTH));
        }
    };
    each(size, &mut |number, width| {
        let first_line = Some(number * tiles::WIDTH);
        out.push((tiles::entries_path(number, width), Width { width, first_line }));
    });
    let mut count = size;
    let mut level = 0;
    while count > 0 {
        each(count, &mut |number, width| {
            out.push((tiles::tile_path(level, number, width), Width { width, first_line: None }));
        });
        count /= tiles::WIDTH;
        level += 1;
    }
    out
}

/// The lines of a bundle that seal activity.
fn sealed(bundle: &[u8], first: u64, width: u64) -> Result<Vec<u64>, Fault> {
    let lines = tiles::read_bundle(bundle, width).map_err(|bad| {
        Fault::unverified(format!("the bundle from line {first} is malformed: {bad}"))
    })?;
    let seals = (first..).zip(lines).filter(|(_, line)| {
        Entry::from_line(line).is_ok_and(|entry| matches!(entry.fact, Fact::ActivitySealed(_)))
    });
    Ok(seals.map(|(index, _)| index).collect())
}

#[cfg(test)]
mod tests {
    use writ_evidence::Exporter;

    use super::*;

    #[test]
    fn the_paths_are_those_the_exporter_makes() {
        for size in [0, 1, 255, 256, 257, 512, 70_000] {
            let mut exporter = Exporter::new();
            let mut made = Vec::new();
            for line in 0..size {
                made.extend(exporter.push(format!("{line}").as_bytes()).unwrap());
            }
            made.extend(exporter.finish().1);
            let mut made: Vec<String> = made.into_iter().map(|file| file.path).collect();
            let mut listed: Vec<String> = paths(size).into_iter().map(|(path, _)| path).collect();
            made.sort();
            listed.sort();
            assert_eq!(made, listed, "{size}");
        }
    }

    #[test]
    fn an_old_folder_is_not_written_over() {
        let folder = writ_testkit::TempDir::new().unwrap();
        let dir = folder.path().join("a/b");
        prepare(&dir).unwrap();
        fs::write(dir.join("x"), "").unwrap();
        assert_eq!(prepare(&dir).unwrap_err().exit, crate::fault::Exit::Usage);
    }
}
