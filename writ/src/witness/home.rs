//! A witness's folder: `key.json` (its private key, mode 0600, written once) and `seen.json` (what it has seen, replaced
//! whole and flushed).
//!
//! Never here: a file written over in place. To add a member: an `Option`, so that older folders still open.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use writ_evidence::{Frontier, WitnessKey, note::is_key_name};
use writ_identity::SigningKey;
use writ_model::{Entropy, Secret};

use crate::fault::Fault;

/// LIMIT: bytes of the key file.
const KEY_SIZE: u64 = 4 << 10;
/// LIMIT: bytes of what was seen: the state of one client's register.
const SEEN_SIZE: u64 = 256 << 20;
/// The format this build writes.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredKey {
    version: u32,
    name: String,
    /// Ed25519 seed, base64.
    seed: String,
}

/// What a witness has seen of its log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The format.
    pub version: u32,
    /// The log's verifier key.
    pub log_key: String,
    /// Fingerprint of the client's first key: insisted on, or the first one seen.
    pub root: Option<String>,
    /// Whether it was insisted on.
    pub root_insisted_on: bool,
    /// The last checkpoint that passed, as it was signed.
    pub checkpoint: Option<String>,
    /// The tree's edge there, base64.
    pub edge: String,
    /// The chain's state there, base64; replayed from line 0 if it is of another build.
    pub chain: Option<String>,
    /// Whether its cosignature has reached the desk.
    pub posted: bool,
}

impl Seen {
    /// Before the first checkpoint.
    pub fn nothing(log_key: &str, root: Option<&str>) -> Self {
        Self {
            version: VERSION,
            log_key: log_key.to_owned(),
            root: root.map(str::to_owned),
            root_insisted_on: root.is_some(),
            checkpoint: None,
            edge: STANDARD.encode(Frontier::new().to_bytes()),
            chain: None,
            posted: true,
        }
    }

    /// The tree's edge.
    ///
    /// # Errors
    /// If the file was changed.
    pub fn edge(&self) -> Result<Frontier, Fault> {
        let bytes = STANDARD.decode(&self.edge).ok();
        bytes.and_then(|bytes| Frontier::from_bytes(&bytes)).ok_or_else(|| {
            Fault::unreachable("the witness's own state is damaged").cure(
                "restore `seen.json` from a backup; starting anew forgets what history was seen",
            )
        })
    }
}

/// A witness's folder.
#[derive(Debug)]
pub struct Home {
    dir: PathBuf,
    key: SigningKey,
    public: WitnessKey,
}

impl Home {
    /// Makes a new key in this folder.
    ///
    /// # Errors
    /// If there is one already, the name cannot be a key's, or the folder cannot be written.
    pub fn init(dir: &Path, name: &str, entropy: &dyn Entropy) -> Result<Self, Fault> {
        if !is_key_name(name) {
            return Err(Fault::usage(format!("`{name}` cannot name a key"))
                .cure("use a name without spaces or `+`, like `harbor-books.example/witness`"));
        }
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .map_err(|error| Fault::file(dir, "create", &error))?;
        let key = SigningKey::generate(entropy)
            .map_err(|error| Fault::unreachable(format!("no key can be made: {error}")))?;
        let seed = STANDARD.encode(key.seed().expose());
        let stored = StoredKey { version: VERSION, name: name.to_owned(), seed };
        let text = Secret::new(serde_json::to_string_pretty(&stored).unwrap_or_default());
        let path = dir.join("key.json");
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(
                |error| {
                    Fault::file(&path, "create", &error)
                        .cure("a witness has one key: use another folder for another witness")
                },
            )?;
        file.write_all(text.expose().as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(|error| Fault::file(&path, "write", &error))?;
        Self::with(dir, key, name)
    }

    /// Opens a folder that [`Home::init`] made.
    ///
    /// # Errors
    /// If there is none, or others can read the key.
    pub fn open(dir: &Path) -> Result<Self, Fault> {
        let path = dir.join("key.json");
        let meta = fs::metadata(&path).map_err(|error| {
            Fault::file(&path, "open", &error).cure("make one: `writ witness init DIR --name N`")
        })?;
        if meta.permissions().mode() & 0o077 != 0 {
            return Err(Fault::unreachable(format!("`{}` is readable by others", path.display()))
                .cure("make a new witness: whoever read this key can cosign in its name"));
        }
        let text = Secret::new(read(&path, KEY_SIZE)?);
        let broken = || Fault::unreachable(format!("`{}` is not a key file", path.display()));
        let stored: StoredKey = serde_json::from_slice(text.expose()).map_err(|_bad| broken())?;
        let seed = STANDARD.decode(&stored.seed).ok().and_then(|seed| seed.try_into().ok());
        let key = SigningKey::from_seed(seed.ok_or_else(broken)?).map_err(|_bad| broken())?;
        Self::with(dir, key, &stored.name)
    }

    fn with(dir: &Path, key: SigningKey, name: &str) -> Result<Self, Fault> {
        if !is_key_name(name) {
            return Err(Fault::unreachable("the key file's name cannot be a key's"));
        }
        let public = WitnessKey::new(name.to_owned(), key.public_bytes());
        Ok(Self { dir: dir.to_owned(), key, public })
    }

    /// Its public key.
    pub fn public(&self) -> &WitnessKey {
        &self.public
    }

    /// Its private key.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// What it has seen; nothing yet if it never ran.
    ///
    /// # Errors
    /// If the file cannot be read. A damaged file is never taken for none.
    pub fn seen(&self) -> Result<Option<Seen>, Fault> {
        let path = self.dir.join("seen.json");
        if !path.exists() {
            return Ok(None);
        }
        let seen: Seen = serde_json::from_slice(&read(&path, SEEN_SIZE)?).map_err(|error| {
            Fault::unreachable(format!("`{}` is damaged: {error}", path.display()))
                .cure("restore it from a backup; starting anew forgets what history was seen")
        })?;
        if seen.version > VERSION {
            return Err(Fault::unreachable(format!("`{}` is of a newer release", path.display())));
        }
        Ok(Some(seen))
    }

    /// Replaces what it has seen by what follows on it; on return it is on disk. SECURITY: two processes over one folder
    /// would each go on from their own memory, and could cosign two histories with one key.
    ///
    /// # Errors
    /// As [`Home::keep`], or if another process has gone on from this folder meanwhile.
    pub fn go_on(&self, before: &Seen, after: &Seen) -> Result<(), Fault> {
        let path = self.dir.join("lock");
        let fault = |error: std::io::Error| Fault::file(&path, "lock", &error);
        let mut options = OpenOptions::new();
        let lock = options.write(true).create(true).truncate(false).mode(0o600).open(&path);
        let lock = lock.map_err(fault)?;
        let other = || {
            Fault::unreachable(format!("another process witnesses from `{}`", self.dir.display()))
                .cure("run one `writ witness run` over one folder")
        };
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(other()),
            Err(TryLockError::Error(error)) => return Err(fault(error)),
        }
        if self.seen()?.is_some_and(|there| there.edge != before.edge) {
            return Err(other());
        }
        self.keep(after)
    }

    /// Puts what was seen aside, so that the witness begins again; says where it is now.
    ///
    /// # Errors
    /// If something was put there before, or it cannot be moved.
    pub fn put_aside(&self, size: u64) -> Result<PathBuf, Fault> {
        let (path, aside) =
            (self.dir.join("seen.json"), self.dir.join(format!("seen-{size}.json")));
        let fault = |error: std::io::Error| Fault::file(&path, "put aside", &error);
        // A link refuses where a file is, which a rename would write over.
        fs::hard_link(&path, &aside).map_err(fault)?;
        fs::remove_file(&path).map_err(fault)?;
        File::open(&self.dir).and_then(|dir| dir.sync_all()).map_err(fault)?;
        Ok(aside)
    }

    /// Replaces what it has seen; on return it is on disk.
    ///
    /// # Errors
    /// If it cannot be written: then nothing may be cosigned.
    pub fn keep(&self, seen: &Seen) -> Result<(), Fault> {
        let (path, new) = (self.dir.join("seen.json"), self.dir.join("seen.json.new"));
        let fault = |error: std::io::Error| Fault::file(&path, "write", &error);
        let text = serde_json::to_vec(seen).map_err(|error| fault(error.into()))?;
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)
            .map_err(fault)?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(fault)?;
        fs::rename(&new, &path).map_err(fault)?;
        // The rename itself is durable only with its folder.
        File::open(&self.dir).and_then(|dir| dir.sync_all()).map_err(fault)
    }
}

fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Fault> {
    let file = File::open(path).map_err(|error| Fault::file(path, "open", &error))?;
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Fault::file(path, "read", &error))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        return Err(Fault::unreachable(format!("`{}` is too large", path.display())));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use writ_testkit::{SeededEntropy, TempDir};

    use super::*;

    #[test]
    fn a_key_is_made_once_and_opens_again() {
        let dir = TempDir::new().unwrap();
        let at = dir.path().join("w");
        let made = Home::init(&at, "harbor.example/w", &SeededEntropy::new(1)).unwrap();
        let opened = Home::open(&at).unwrap();
        assert_eq!(made.public(), opened.public());
        assert!(made.public().to_text().starts_with("harbor.example/w+"));
        assert!(Home::init(&at, "harbor.example/w", &SeededEntropy::new(2)).is_err());
        assert!(Home::init(&dir.path().join("x"), "a b", &SeededEntropy::new(2)).is_err());
        assert!(Home::open(dir.path()).is_err());
        fs::set_permissions(at.join("key.json"), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Home::open(&at).is_err());
    }

    /// A checkpoint of a public log with the cosignature of a public witness, as both were published.
    #[test]
    fn a_published_cosignature_verifies() {
        let key = "witness.navigli.sunlight.geomys.org+a3e00fe2+BNy/co4C1Hn1p+INwJrfUlgz7W55dSZReusH/GhUhJ/G";
        let key = WitnessKey::parse(key).unwrap().verifier(writ_identity::verify_ed25519);
        let note = "coachandhorses2026h1.staging.certificate.transparency.goog\n\
            185550722\n\
            YXAM0VmnrfvLaBCOOYSJhCaE5F10oGBOo+hkbDa1kng=\n\
            \n\
            \u{2014} witness.navigli.sunlight.geomys.org o+AP4gAAAABqb7DzNrGFRJnQ9vrJ8xpnwZytnr/ZYczDIsvwvouiSjwOjn7a72ccxBk+lKnZ7dKqkYKER1s/KxLTaVwQD7lJZTC/CQ==\n";
        let read = writ_evidence::Note::parse(note.as_bytes()).unwrap();
        assert_eq!(read.verify(&[&key]).unwrap(), ["witness.navigli.sunlight.geomys.org"]);
        let other = note.replace("185550722", "185550723");
        assert!(writ_evidence::Note::parse(other.as_bytes()).unwrap().verify(&[&key]).is_err());
    }

    #[test]
    fn what_was_seen_is_kept_whole_and_never_guessed() {
        let dir = TempDir::new().unwrap();
        let home = Home::init(dir.path(), "w.example", &SeededEntropy::new(1)).unwrap();
        assert_eq!(home.seen().unwrap(), None);
        let mut seen = Seen::nothing("log+1+k", Some("aaaa"));
        home.keep(&seen).unwrap();
        seen.posted = false;
        home.keep(&seen).unwrap();
        assert_eq!(home.seen().unwrap(), Some(seen.clone()));
        assert_eq!(seen.edge().unwrap(), Frontier::new());
        fs::write(dir.path().join("seen.json"), b"{").unwrap();
        assert!(home.seen().is_err(), "damaged is not new");
        let newer = Seen { version: VERSION + 1, ..seen };
        home.keep(&newer).unwrap();
        assert!(home.seen().is_err(), "newer is not old");
    }
}
