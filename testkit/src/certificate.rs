//! [`Certificates`]: an authority and a server's certificate by it, made by the machine's `openssl`.
//!
//! Never here: a key that is kept.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

/// Files of one server, PEM each, valid for two days.
#[derive(Debug, Clone)]
pub struct Certificates {
    /// The authority's certificate.
    pub ca: PathBuf,
    /// The server's certificate.
    pub certificate: PathBuf,
    /// The server's key.
    pub key: PathBuf,
}

impl Certificates {
    /// Makes them in a folder, for `localhost` and `127.0.0.1`.
    ///
    /// # Errors
    /// If there is no `openssl`, or it refuses.
    pub fn make(folder: &Path) -> io::Result<Self> {
        let at = |name: &str| folder.join(name);
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        openssl(
            folder,
            &["req", "-x509", "-days", "2", "-subj", "/CN=authority"],
            &curve,
            &["-keyout", "ca.key", "-out", "ca.pem"],
        )?;
        openssl(
            folder,
            &["req", "-subj", "/CN=localhost"],
            &curve,
            &["-keyout", "server.key", "-out", "server.csr"],
        )?;
        fs::write(at("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n")?;
        openssl(
            folder,
            &["x509", "-req", "-days", "2", "-in", "server.csr"],
            &["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"],
            &["-extfile", "names", "-out", "server.pem"],
        )?;
        Ok(Self { ca: at("ca.pem"), certificate: at("server.pem"), key: at("server.key") })
    }
}

fn openssl(folder: &Path, first: &[&str], then: &[&str], last: &[&str]) -> io::Result<()> {
    let mut command = Command::new("openssl");
    let output = command.args(first).args(then).args(last).current_dir(folder).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()))
}
