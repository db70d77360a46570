//! [`Manifest`]: what one generation of a backup consists of: every tenant's head, and every file with its digest.
//!
//! It is written last: a generation without one never was. Each names the digest of the one before it.
//! Never here: a content. To add a member: an `Option` with a default, so that older ones still open.

use serde::{Deserialize, Serialize};
use writ_model::{CallId, Digest, TenantId, Timestamp};

use super::fault;
use crate::fault::Fault;

/// The format this build writes.
pub const VERSION: u32 = 1;
/// LIMIT: files that one generation refers to: an hourly backup of ten years, with room.
pub const MAX_OBJECTS: usize = 250_000;
/// LIMIT: ledgers of one installation: ten times what it is built for.
pub const MAX_HEADS: usize = 20_000;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Ledger lines. Kept for good: later generations add to them.
    Lines,
    /// Records of activity. Kept for good, likewise.
    Records,
    /// Wrapped keys and sealed secrets. Whole in every generation, and removed with it.
    Rows,
}

impl Kind {
    /// Its word in a name.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Lines => "lines",
            Self::Records => "records",
            Self::Rows => "rows",
        }
    }
}

/// How long a tenant's ledger was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadAt {
    /// Whose.
    pub tenant: TenantId,
    /// Lines.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
    /// The tree's edge there, base64: the next generation goes on from it.
    pub edge: String,
}

/// Up to where records of activity were copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordsAt {
    /// The place of the last one in the file that it was copied from.
    pub place: i64,
    /// Which call stood there: another file is noticed.
    pub call: CallId,
    /// How many there are in all.
    pub count: u64,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Object {
    /// Its name under `objects/`.
    pub name: String,
    /// Which generation wrote it.
    pub generation: u64,
    /// What it holds.
    pub kind: Kind,
    /// Bytes of the file.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub digest: Digest,
}

/// One generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The format.
    pub v: u32,
    /// Which generation: the first is 1.
    pub generation: u64,
    /// When its heads were read.
    pub at: Timestamp,
    /// Which release wrote it.
    pub writ: String,
    /// SHA-256 of the manifest file before it.
    pub previous: Option<Digest>,
    /// Every ledger, by tenant.
    pub heads: Vec<HeadAt>,
    /// Records of activity; none if there is no activity store in the folder.
    pub records: Option<RecordsAt>,
    /// The files, in the order in which they are read.
    pub objects: Vec<Object>,
}

/// A file's name: its generation, what it holds, its number.
pub fn object_name(generation: u64, kind: Kind, number: usize) -> String {
    format!("{generation:08}-{}-{number:05}.writ", kind.word())
}

/// The manifest's file.
pub fn manifest_name(generation: u64) -> String {
    format!("{generation:08}.writ")
}

/// Which generation a file of the backup is of.
pub fn generation_of(name: &str) -> Option<u64> {
    let digits = name.split(['-', '.']).next()?;
    let own = digits.len() >= 8 && digits.bytes().all(|byte| byte.is_ascii_digit());
    own.then(|| digits.parse().ok()).flatten()
}

impl Manifest {
    /// Its content.
    ///
    /// # Errors
    /// If it is over a bound.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Fault> {
        self.bounded()?;
        serde_json::to_vec(self).map_err(|error| Fault::unreachable(error.to_string()))
    }

    /// Reads a content.
    ///
    /// # Errors
    /// If it is malformed, over a bound, or of a newer release.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, Fault> {
        #[derive(Deserialize)]
        struct Versioned {
            v: u32,
        }
        let bad = |error: serde_json::Error| fault::damaged(name, error);
        let found = serde_json::from_slice::<Versioned>(bytes).map_err(bad)?.v;
        if found > VERSION {
            return Err(fault::newer(name, found, VERSION));
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(bad)?;
        manifest.bounded()?;
        let named = |one: &&Object| {
            let (generation, kind) = (one.generation, one.kind);
            let plain =
                one.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
            !plain
                || generation_of(&one.name) != Some(generation)
                || generation > manifest.generation
                || !one.name.starts_with(&format!("{generation:08}-{}-", kind.word()))
        };
        if let Some(one) = manifest.objects.iter().find(named) {
            return Err(fault::damaged(name, format!("it names a file `{}`", one.name)));
        }
        if !manifest.heads.is_sorted_by(|one, next| one.tenant < next.tenant) {
            return Err(fault::damaged(name, "its ledgers are not in order"));
        }
        Ok(manifest)
    }

    fn bounded(&self) -> Result<(), Fault> {
        for (what, got, bound) in [
            ("files of a backup", self.objects.len(), MAX_OBJECTS),
            ("ledgers of a backup", self.heads.len(), MAX_HEADS),
        ] {
            if got > bound {
                return Err(fault::too_large(what, got as u64, bound as u64));
            }
        }
        Ok(())
    }

    /// Lines of all ledgers.
    pub fn lines(&self) -> u64 {
        self.heads.iter().map(|head| head.size).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let object = |name: &str| Object {
            name: name.to_owned(),
            generation: 2,
            kind: Kind::Lines,
            bytes: 1,
            digest: Digest::default(),
        };
        Manifest {
            v: VERSION,
            generation: 2,
            at: Timestamp::from_micros(5),
            writ: "1".to_owned(),
            previous: None,
            heads: Vec::new(),
            records: None,
            objects: vec![object(&object_name(2, Kind::Lines, 0))],
        }
    }

    #[test]
    fn a_manifest_is_read_back_and_a_name_that_leaves_the_folder_is_refused() {
        let good = manifest();
        assert_eq!(Manifest::from_bytes("m", &good.to_bytes().unwrap()).unwrap(), good);
        for name in [
            "../00000002-lines-0",
            "00000003-lines-00000.writ",
            "00000002-rows-00000.writ",
            "/x",
            "",
        ] {
            let mut bad = manifest();
            name.clone_into(&mut bad.objects[0].name);
            assert!(Manifest::from_bytes("m", &bad.to_bytes().unwrap()).is_err(), "{name}");
        }
        let newer = Manifest { v: VERSION + 1, ..manifest() };
        let fault = Manifest::from_bytes("m", &newer.to_bytes().unwrap()).unwrap_err();
        assert_eq!(fault.code.as_deref(), Some("BKUP-0009"));
        let head = |n| HeadAt {
            tenant: TenantId::from_bytes([n; 16]),
            size: 1,
            root: Digest::default(),
            edge: String::new(),
        };
        let twice = Manifest { heads: vec![head(1), head(1)], ..manifest() };
        assert!(Manifest::from_bytes("m", &twice.to_bytes().unwrap()).is_err());
        assert_eq!(generation_of("00000012-lines-00000.writ"), Some(12));
        assert_eq!(generation_of("00000012.writ"), Some(12));
        assert_eq!(generation_of("x"), None);
    }
}
