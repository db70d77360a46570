//! Hands the provider's identity provider to the desk: its settings, our secret out of its file, the client that asks it.
//!
//! Never here: a rule of the flow. SECURITY: the secret is read once, kept wrapped, and printed nowhere.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
    sync::Arc,
};

use writ_desk::{Desk, OidcSettings, RoleMap};
use writ_model::Secret;
use writ_reach::{Bounds, Https};
use zeroize::Zeroizing;

use super::System;
use crate::{config::oidc::Oidc, fault::Fault};

/// LIMIT: bytes of a client secret.
const MAX_SECRET: usize = 4 << 10;
/// LIMIT: bytes of the file of certificates.
pub(super) const MAX_ROOTS: usize = 512 << 10;

/// Lets people sign in there as well.
///
/// # Errors
/// If the secret or the certificates cannot be read or used.
pub fn start(desk: &Desk, oidc: &Oidc, folder: &Path, system: &System) -> Result<(), Fault> {
    let secret = oidc
        .secret_file
        .as_ref()
        .map(|file| secret(&folder.join(file), "client secret"))
        .transpose()?;
    let roots = match &oidc.ca_file {
        Some(file) => Some(read(&folder.join(file), MAX_ROOTS)?),
        None => None,
    };
    let roots = roots.as_ref().map(|roots| roots.as_slice());
    let client = Https::new(Arc::clone(&system.clock), roots, Bounds::default())
        .map_err(|fault| Fault::usage(fault.to_string()).code(fault.code().to_string()))?;
    let roles = oidc.roles.clone().map(|(claim, roles)| RoleMap { claim, roles });
    let settings = OidcSettings {
        issuer: oidc.issuer.clone(),
        client_id: oidc.client_id.clone(),
        secret,
        name: oidc.name.clone(),
        scopes: oidc.scopes.clone(),
        roles,
        strength: oidc.strength.clone(),
    };
    desk.set_oidc(settings, Arc::new(client));
    Ok(())
}

/// Reads a secret that is one line of a file of its own; `what` it is, for the words of a fault.
pub(super) fn secret(path: &Path, what: &str) -> Result<Secret<String>, Fault> {
    let bytes = read(path, MAX_SECRET)?;
    let text = std::str::from_utf8(&bytes).map(str::trim).unwrap_or_default();
    if text.is_empty() || text.chars().any(char::is_control) {
        let words = format!("`{}` holds no {what}", path.display());
        return Err(
            Fault::usage(words).cure("write the secret into it, one line, and nothing else")
        );
    }
    warn_if_open(path);
    Ok(Secret::new(text.to_owned()))
}

/// Reads a whole file of at most so many bytes.
pub(super) fn read(path: &Path, max: usize) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let failed = |error: &io::Error| Fault::file(path, "read", error);
    let file = File::open(path).map_err(|error| failed(&error))?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(max.min(MAX_SECRET)));
    let bound = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    file.take(bound).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if bytes.len() > max {
        return Err(Fault::usage(format!("`{}` is larger than {max} bytes", path.display())));
    }
    Ok(bytes)
}

#[cfg(unix)]
fn warn_if_open(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).map_or(0, |data| data.permissions().mode());
    if mode & 0o077 != 0 {
        tracing::warn!(file = %path.display(), "others can read the file of a secret");
    }
}

#[cfg(not(unix))]
fn warn_if_open(_path: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_one_line_and_shown_nowhere() {
        let dir = writ_testkit::TempDir::new().unwrap();
        let path = dir.path().join("secret");
        std::fs::write(&path, " hunter2\n").unwrap();
        let read = secret(&path, "client secret").unwrap();
        assert_eq!(read.expose(), "hunter2");
        assert_eq!(format!("{read:?}"), "Secret(…)");
        for bad in [&b""[..], b" \n", b"a\nb", &[0xff, 0xfe], &[b'x'; MAX_SECRET + 1]] {
            std::fs::write(&path, bad).unwrap();
            let fault = secret(&path, "client secret").unwrap_err();
            assert!(fault.document().to_string().contains("secret"), "{fault:?}");
            assert!(!fault.document().to_string().contains("hunter2"));
        }
        assert!(secret(&dir.path().join("missing"), "client secret").is_err());
    }
}
