//! What `writ doctor` says of the backup: that there is one, how old it is, that its key and its folder are there.
//!
//! Never here: opening it whole; that is `writ backup check`.

use std::path::Path;

use writ_model::{Span, Timestamp};

use super::{Check, advice, bad, good};
use crate::backup::{BackupKey, Memory, key, memory::Last};

/// How old the last backup may be: a run that is meant to come every hour or every night has not come.
const OLD: Span = Span::hours(26);

/// Everything about the backup that this data folder remembers.
pub(super) fn checks(folder: &Path, now: Timestamp) -> Vec<Check> {
    let what = "backup";
    let memory = match Memory::open(folder) {
        Ok(memory) => memory,
        Err(fault) => return vec![bad(what, fault.what, fault.cure.unwrap_or_default())],
    };
    let Some(last) = memory.newest() else {
        let cure = "make one: `writ backup init`, then `writ backup run` every hour";
        return vec![advice(what, "none was ever written from this folder", cure)];
    };
    let mut out = vec![aged(last, now)];
    let path = folder.join(key::FILE);
    if path.exists()
        && let Err(fault) = BackupKey::open(&path)
    {
        out.push(bad("backup key", fault.what, fault.cure.unwrap_or_default()));
    }
    out
}

fn aged(last: &Last, now: Timestamp) -> Check {
    let hours = (now - last.at).as_micros().max(0) / Span::hours(1).as_micros();
    let found = format!(
        "generation {} of {hours} hours ago in `{}`, {} lines",
        last.generation, last.dir, last.lines
    );
    if now - last.at > OLD {
        let cure = "run `writ backup run` and see why its timer did not";
        return bad("backup", found, cure);
    }
    good("backup", found)
}

#[cfg(test)]
mod tests {
    use writ_model::Digest;
    use writ_testkit::TempDir;

    use super::*;

    #[test]
    fn no_backup_is_advice_an_old_one_is_a_failure() {
        let dir = TempDir::new().unwrap();
        let at: Timestamp = "2026-11-22T09:00:00Z".parse().unwrap();
        assert!(checks(dir.path(), at)[0].advice);
        let last = Last {
            generation: 3,
            manifest: Digest::default(),
            at,
            lines: 7,
            dir: "/backup".to_owned(),
        };
        Memory::default().keep(dir.path(), "id", last).unwrap();
        let soon = checks(dir.path(), at + Span::hours(25));
        assert!(soon[0].ok && soon[0].found.contains("generation 3 of 25 hours ago"), "{soon:?}");
        let late = checks(dir.path(), at + Span::hours(27));
        assert!(!late[0].ok && !late[0].advice, "{late:?}");
        std::fs::write(dir.path().join(key::FILE), "x").unwrap();
        assert_eq!(checks(dir.path(), at)[1].what, "backup key", "it holds no key");
        std::fs::write(dir.path().join("backup.json"), "{").unwrap();
        assert!(!checks(dir.path(), at)[0].ok);
    }
}
