//! The file that makes this machine one instance of an agent: its private key and where to show it. Mode 0600.
//!
//! Never here: a key that was sent anywhere, or a file that others can read.
//! To add a field: an `Option` in [`KeyFile`], so that older files still open.

use std::{
    fmt,
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use writ_identity::AgentKey;
use writ_model::{AgentId, InstanceId, Secret, TenantId};

use crate::fault::Fault;

/// LIMIT: bytes of a key file.
const SIZE: u64 = 16 << 10;
/// The format this build writes.
const VERSION: u32 = 1;

/// Who this instance is and where it shows its credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// The instance: the OAuth `client_id`.
    pub client_id: InstanceId,
    /// The agent it is a running copy of.
    pub agent: AgentId,
    /// The agent's name.
    pub agent_name: String,
    /// Whose space.
    pub tenant: TenantId,
    /// Who issues its tokens.
    pub issuer: String,
    /// Where it gets them.
    pub token_endpoint: String,
    /// Base address of the gateway that its tokens are for.
    pub gateway: String,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    #[serde(flatten)]
    instance: Instance,
    /// PKCS#8, base64.
    private_key: String,
}

/// An instance with its key.
pub struct KeyFile {
    /// Who and where.
    pub instance: Instance,
    /// The key made on this machine.
    pub key: AgentKey,
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("KeyFile").field(&self.instance).finish()
    }
}

impl KeyFile {
    /// Writes the file; never over another one.
    ///
    /// # Errors
    /// If the folder or the file cannot be made, or a file of that name exists.
    pub fn create(&self, dir: &Path) -> Result<PathBuf, Fault> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .map_err(|error| Fault::file(dir, "create", &error))?;
        let path = dir.join(format!("{}.json", file_name(&self.instance.agent_name)));
        let document = self.key.to_pkcs8().map_err(|error| {
            Fault::unreachable(format!("the new key cannot be written: {error}"))
        })?;
        let stored = Stored {
            version: VERSION,
            instance: self.instance.clone(),
            private_key: STANDARD.encode(document.expose()),
        };
        let text = Secret::new(serde_json::to_string_pretty(&stored).unwrap_or_default());
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| taken(&path, &error))?;
        file.write_all(text.expose().as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(|error| Fault::file(&path, "write", &error))?;
        Ok(path)
    }

    /// Opens a file that [`KeyFile::create`] wrote.
    ///
    /// # Errors
    /// If it cannot be read, is no key file, or is readable by others.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        let meta = fs::metadata(path).map_err(|error| Fault::file(path, "open", &error))?;
        if meta.permissions().mode() & 0o077 != 0 {
            return Err(Fault::unreachable(format!("`{}` is readable by others", path.display()))
                .cure(format!(
                    "run `chmod 600 {}`; if others may have read it, end the instance and enroll again",
                    path.display()
                )));
        }
        let broken = |why: &str| {
            Fault::unreachable(format!("`{}` is not a key file: {why}", path.display()))
                .cure("enroll again: `writ enroll CODE`")
        };
        if meta.len() > SIZE {
            return Err(broken("it is too large"));
        }
        let text = fs::read_to_string(path).map(Secret::new);
        let text = text.map_err(|error| Fault::file(path, "read", &error))?;
        let stored: Stored =
            serde_json::from_str(text.expose()).map_err(|error| broken(&error.to_string()))?;
        if stored.version != VERSION {
            return Err(broken("a newer release wrote it"));
        }
        let document = STANDARD.decode(&stored.private_key).map(Secret::new);
        let document = document.map_err(|_error| broken("its key is not base64"))?;
        let key = AgentKey::from_pkcs8(&document).map_err(|error| broken(&error.to_string()))?;
        Ok(Self { instance: stored.instance, key })
    }

    /// The file for an agent in a folder; without a name, the only one there.
    ///
    /// # Errors
    /// If there is none, or several and no name.
    pub fn find(dir: &Path, name: Option<&str>) -> Result<Self, Fault> {
        if let Some(name) = name {
            return Self::open(&dir.join(format!("{}.json", file_name(name))));
        }
        let mut found: Vec<PathBuf> = fs::read_dir(dir)
            .map(|entries| entries.filter_map(Result::ok).map(|entry| entry.path()).collect())
            .unwrap_or_default();
        found.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        found.sort();
        match found.as_slice() {
            [one] => Self::open(one),
            [] => Err(Fault::usage(format!("no agent is enrolled in `{}`", dir.display()))
                .cure("enroll one first: `writ enroll CODE`")),
            many => {
                let names: Vec<String> = many
                    .iter()
                    .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
                    .collect();
                Err(Fault::usage(format!("several agents are enrolled in `{}`", dir.display()))
                    .cure(format!("say which with --agent: {}", names.join(", "))))
            }
        }
    }
}

fn taken(path: &Path, error: &std::io::Error) -> Fault {
    let fault = Fault::file(path, "create", error);
    if error.kind() == std::io::ErrorKind::AlreadyExists {
        return fault.cure("choose another name with --name, or move the old file away");
    }
    fault
}

/// An agent's name as a file name: letters, digits, hyphens, underscores; all else becomes a hyphen.
fn file_name(name: &str) -> String {
    let keep = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_');
    name.chars().take(64).map(|letter| if keep(letter) { letter } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use writ_model::Timestamp;
    use writ_testkit::TempDir;

    use super::*;

    pub(crate) fn sample(name: &str) -> KeyFile {
        let at = Timestamp::from_micros(1);
        KeyFile {
            instance: Instance {
                client_id: InstanceId::from_parts(at, [1; 10]),
                agent: AgentId::from_parts(at, [2; 10]),
                agent_name: name.to_owned(),
                tenant: TenantId::from_parts(at, [3; 10]),
                issuer: "http://127.0.0.1:7420".to_owned(),
                token_endpoint: "http://127.0.0.1:7420/oauth/token".to_owned(),
                gateway: "http://127.0.0.1:7421".to_owned(),
            },
            key: AgentKey::generate().unwrap(),
        }
    }

    #[test]
    fn a_key_file_is_private_found_again_and_never_overwritten() {
        let folder = TempDir::new().unwrap();
        let dir = folder.path().join("agents");
        assert!(KeyFile::find(&dir, None).unwrap_err().what.contains("no agent"));
        let made = sample("Mail reader/1");
        let path = made.create(&dir).unwrap();
        assert!(path.ends_with("Mail-reader-1.json"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
        for name in [None, Some("Mail reader/1")] {
            let found = KeyFile::find(&dir, name).unwrap();
            assert_eq!(found.instance, made.instance);
            assert_eq!(found.key.jwk(), made.key.jwk());
        }
        assert!(made.create(&dir).unwrap_err().cure.unwrap().contains("--name"));
        sample("other").create(&dir).unwrap();
        assert!(KeyFile::find(&dir, None).unwrap_err().cure.unwrap().contains("other"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(KeyFile::open(&path).unwrap_err().cure.unwrap().contains("chmod 600"));
        assert!(!format!("{made:?}").contains("private"));
    }
}
